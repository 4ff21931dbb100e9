//! What references can be mapped to in the organization that a snapshot is applied in.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use super::words;
use crate::domain::reference::without_case;
use crate::domain::{Agent, LeftOutKind, ObjectId, Organization, Pipeline};

/// The pipelines, stages and agents of an organization, to be looked up.
pub(super) struct Targets<'a> {
    organization: &'a Organization,
    stages: HashMap<&'a str, StageTarget<'a>>,
    pipelines: HashMap<ObjectId, &'a Pipeline>,
    /// By name and type, with how many there are.
    pipelines_named: HashMap<(&'a str, &'a str), (&'a Pipeline, usize)>,
    agents: HashMap<ObjectId, &'a Agent>,
    /// How many agents have a name, those counted that were left out beside one that was not.
    names: HashMap<&'a str, usize>,
    /// The names of stages and agents without case and what separates words.
    loosely: HashSet<String>,
    /// Whether a stage exists in pipelines of other types alone, for the stages that somebody asked about.
    of_another_kind: RefCell<HashMap<&'a str, bool>>,
    /// For messages, of which a plan may have many.
    some_stages: OnceCell<String>,
    some_agents: OnceCell<String>,
    some_pipelines: OnceCell<String>,
}

/// The stages of one name.
#[derive(Default)]
struct StageTarget<'a> {
    /// The types of their pipelines.
    kinds: HashSet<&'a str>,
    /// The ids that the CRM keeps on them, by the names of their pipelines.
    ids: HashMap<&'a str, &'a str>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(organization: &'a Organization) -> Self {
        let mut names: HashMap<&str, usize> = HashMap::new();
        for agent in &organization.agents {
            *names.entry(&agent.name).or_default() += 1;
        }
        let mut stages: HashMap<&str, StageTarget<'_>> = HashMap::new();
        let mut pipelines_named = HashMap::new();
        for pipeline in &organization.pipelines {
            pipelines_named.entry((pipeline.name.as_str(), pipeline.kind.as_str())).or_insert((pipeline, 0)).1 += 1;
            for stage in &pipeline.stages {
                let target = stages.entry(&stage.name).or_default();
                target.kinds.insert(&pipeline.kind);
                if let Some(id) = stage.ids().next() {
                    target.ids.entry(&pipeline.name).or_insert(id);
                }
            }
        }
        // What was left out still makes a name one of two.
        for target in &organization.left_out {
            let name = target.name.as_deref().unwrap_or_default();
            if target.left_out.kind == LeftOutKind::Agent {
                names.entry(name).and_modify(|count| *count += 1);
            } else if let Some(kind) = &target.pipeline_type {
                pipelines_named.entry((name, kind)).and_modify(|named| named.1 += 1);
            }
        }
        let loosely = stages.keys().chain(names.keys()).map(|name| without_case(name)).collect();
        Self {
            organization,
            loosely,
            stages,
            pipelines: organization.pipelines.iter().map(|pipeline| (pipeline.id, pipeline)).collect(),
            pipelines_named,
            agents: organization.agents.iter().map(|agent| (agent.id, agent)).collect(),
            names,
            of_another_kind: RefCell::default(),
            some_stages: OnceCell::new(),
            some_agents: OnceCell::new(),
            some_pipelines: OnceCell::new(),
        }
    }

    pub(super) fn has_stage(&self, name: &str) -> bool {
        self.stages.contains_key(name)
    }

    /// Whether a stage or an agent has this name, whatever its case and what separates words.
    pub(super) fn speaks_of(&self, name: &str) -> bool {
        self.has_stage(name) || self.agents_named(name) > 0 || self.loosely.contains(&without_case(name))
    }

    /// The id of the stage of this name: of the one in the pipeline of this name, or of the only one that has an id.
    pub(super) fn stage_id(&self, name: &str, pipeline: &str) -> Option<&'a str> {
        let ids = &self.stages.get(name)?.ids;
        let only = || ids.values().next().filter(|_| ids.len() == 1);
        ids.get(pipeline).or_else(only).copied()
    }

    /// Whether a stage exists, but in no pipeline of one of these types, which are those that it has in the source organization.
    /// They are compared once for each stage: thousands of references may name one stage of thousands of types.
    pub(super) fn is_of_another_kind(&self, stage: &str, kinds: &HashSet<&str>) -> bool {
        let Some((name, target)) = self.stages.get_key_value(stage) else { return false };
        let mut compared = self.of_another_kind.borrow_mut();
        *compared.entry(name).or_insert_with(|| !kinds.is_empty() && kinds.is_disjoint(&target.kinds))
    }

    pub(super) fn pipeline(&self, id: &ObjectId) -> Option<&'a Pipeline> {
        self.pipelines.get(id).copied()
    }

    /// The pipeline of this name and type, if there is one and only one.
    pub(super) fn only_pipeline(&self, name: &str, kind: &str) -> Option<&'a Pipeline> {
        self.pipelines_named.get(&(name, kind)).filter(|(_, count)| *count == 1).map(|(pipeline, _)| *pipeline)
    }

    pub(super) fn agent(&self, id: &ObjectId) -> Option<&'a Agent> {
        self.agents.get(id).copied()
    }

    /// How many agents have this name, those counted that were left out beside one that was not.
    pub(super) fn agents_named(&self, name: &str) -> usize {
        self.names.get(name).copied().unwrap_or_default()
    }

    /// Whether one agent has this name, and one only.
    pub(super) fn has_only_agent(&self, name: &str) -> bool {
        self.agents_named(name) == 1
    }

    /// The first few stages, for a message.
    pub(super) fn some_stages(&self) -> &str {
        self.some_stages.get_or_init(|| words::quoted(self.organization.stage_names()))
    }

    /// The first few agents, for a message.
    pub(super) fn some_agents(&self) -> &str {
        let names = || self.organization.agents.iter().map(|agent| agent.name.as_str());
        self.some_agents.get_or_init(|| words::quoted(names()))
    }

    /// The first few pipelines, for a message.
    pub(super) fn some_pipelines(&self) -> &str {
        let names = || self.organization.pipelines.iter().map(|pipeline| pipeline.name.as_str());
        self.some_pipelines.get_or_init(|| words::quoted(names()))
    }
}
