//! What a walk knows beside the document: the setup's own items, and the names and ids of the source organization.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::RefType;
use super::place::{folded, words};
use crate::domain::content::{Content, SourceTerms};
use crate::domain::{ItemKind, ObjectId, OverBudget, PerKind, Work, id_shape};

/// The items of a setup and the terms of its organization, to be looked up.
#[derive(Debug, Default)]
pub struct Lookup<'a> {
    items: HashMap<ObjectId, ItemKind>,
    /// The names of the items that are used by their name.
    names: PerKind<HashSet<&'a str>>,
    agents: HashMap<ObjectId, (&'a str, usize)>,
    agent_names: HashMap<&'a str, Vec<usize>>,
    pipelines: HashMap<ObjectId, SourcePipeline<'a>>,
    /// By the normal form of their ids.
    stages: HashMap<Cow<'a, str>, SourceStage<'a>>,
    stage_names: HashMap<&'a str, Vec<(usize, usize)>>,
    /// The types of the pipelines that have a stage of a name.
    stage_kinds: HashMap<&'a str, HashSet<&'a str>>,
    none: HashSet<&'a str>,
    /// By their names without case and what separates words.
    loosely: HashMap<String, Loosely>,
}

/// What is called by a name, whatever its case.
#[derive(Debug, Default)]
struct Loosely {
    agents: Vec<usize>,
    stages: Vec<(usize, usize)>,
    /// Whether the name has more than one word, so that nothing else is called so by chance.
    has_words: bool,
}

#[derive(Debug)]
struct SourcePipeline<'a> {
    name: &'a str,
    kind: &'a str,
    at: usize,
}

#[derive(Debug)]
struct SourceStage<'a> {
    name: &'a str,
    pipeline: &'a str,
    at: (usize, usize),
}

/// What an id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownId<'a> {
    /// An item of the setup.
    Item(ItemKind),
    /// The agent of this name.
    Agent(&'a str),
    /// The pipeline of this name and type.
    Pipeline {
        /// Its name.
        name: &'a str,
        /// Its type.
        kind: &'a str,
    },
    /// The stage of this name.
    Stage {
        /// Its name.
        name: &'a str,
        /// The name of its pipeline.
        pipeline: &'a str,
    },
}

impl KnownId<'_> {
    /// The kind of reference that such an id is.
    pub fn ref_type(self) -> RefType {
        match self {
            Self::Item(kind) => kind.into(),
            Self::Agent(_) => RefType::Agent,
            Self::Pipeline { .. } => RefType::Pipeline,
            Self::Stage { .. } => RefType::PipelineStage,
        }
    }
}

impl<'a> Lookup<'a> {
    /// What the items of a content may name.
    pub fn of(content: &'a Content, work: &Work) -> Result<Self, OverBudget> {
        let mut lookup = Self::of_terms(&content.source, work)?;
        for agent in &content.agents {
            work.spend(1 + 2 * agent.name.len())?;
            lookup.add_agent(Some(agent.id), &agent.name, usize::MAX);
        }
        for (kind, items) in content.items.iter() {
            lookup.add_items(kind, items.iter().map(|item| item.id));
            if !kind.has_switch() {
                work.spend(items.iter().map(|item| 1 + item.document.name().len()).sum())?;
                lookup.names.get_mut(kind).extend(items.iter().map(|item| item.document.name()));
            }
        }
        Ok(lookup)
    }

    /// The terms of an organization alone.
    pub fn of_terms(terms: &'a SourceTerms, work: &Work) -> Result<Self, OverBudget> {
        let mut lookup = Self::default();
        for (at, agent) in terms.agents.iter().enumerate() {
            work.spend(1 + 2 * agent.name.len())?;
            lookup.add_agent(agent.id, &agent.name, at);
        }
        for (at, pipeline) in terms.pipelines.iter().enumerate() {
            work.spend(1 + pipeline.name.len())?;
            let name = pipeline.name.as_str();
            lookup.pipelines.extend(pipeline.id.map(|id| (id, SourcePipeline { name, kind: &pipeline.kind, at })));
            for (number, stage) in pipeline.stages.iter().enumerate() {
                work.spend(1 + 2 * stage.name.len())?;
                if let Some(called) = lookup.called(&stage.name) {
                    called.stages.push((at, number));
                }
                lookup.stage_names.entry(&stage.name).or_default().push((at, number));
                if !pipeline.kind.is_empty() {
                    lookup.stage_kinds.entry(&stage.name).or_default().insert(&pipeline.kind);
                }
                for id in &stage.ids {
                    let stage = SourceStage { name: &stage.name, pipeline: name, at: (at, number) };
                    lookup.stages.entry(id_shape::normal(id)).or_insert(stage);
                }
            }
        }
        Ok(lookup)
    }

    /// Adds items of the setup.
    pub fn add_items(&mut self, kind: ItemKind, ids: impl Iterator<Item = ObjectId>) {
        self.items.extend(ids.map(|id| (id, kind)));
    }

    fn add_agent(&mut self, id: Option<ObjectId>, name: &'a str, at: usize) {
        if let Some(id) = id {
            self.agents.entry(id).or_insert((name, at));
        }
        self.agent_names.entry(name).or_default().push(at);
        if let Some(called) = self.called(name) {
            called.agents.push(at);
        }
    }

    /// What is called by `name` whatever its case; `None` where it has neither letters nor digits.
    fn called(&mut self, name: &str) -> Option<&mut Loosely> {
        let key = Some(folded(name)).filter(|key| !key.is_empty())?;
        let called = self.loosely.entry(key).or_default();
        called.has_words |= words(name).len() > 1;
        Some(called)
    }

    /// What `id` is; `None` where neither the setup nor the organization has it.
    pub fn known(&self, id: &str) -> Option<KnownId<'a>> {
        if let Some(id) = parsed(id) {
            if let Some(kind) = self.items.get(&id) {
                return Some(KnownId::Item(*kind));
            }
            if let Some((name, _)) = self.agents.get(&id) {
                return Some(KnownId::Agent(name));
            }
            if let Some(SourcePipeline { name, kind, .. }) = self.pipelines.get(&id) {
                return Some(KnownId::Pipeline { name, kind });
            }
        }
        let SourceStage { name, pipeline, .. } = self.stages.get(&id_shape::normal(id))?;
        Some(KnownId::Stage { name, pipeline })
    }

    /// Whether the setup has a prompt, or a template, of this name.
    pub(super) fn has_item(&self, ref_type: RefType, name: &str) -> bool {
        ref_type.item_kind().is_some_and(|kind| self.names.get(kind).contains(name))
    }

    /// What the organization calls by this name; an agent where `agents_first` and both are.
    pub(super) fn named(&self, name: &str, agents_first: bool) -> Option<RefType> {
        let agent = self.agent_names.contains_key(name).then_some(RefType::Agent);
        let stage = self.stage_names.contains_key(name).then_some(RefType::PipelineStage);
        if agents_first { agent.or(stage) } else { stage.or(agent) }
    }

    /// The same whatever the case and what separates words. A name of one word counts only where `refers`: in lower case it is an
    /// everyday word.
    pub(super) fn spoken_of(&self, name: &str, agents_first: bool, refers: bool) -> Option<RefType> {
        self.named(name, agents_first).or_else(|| {
            let called = self.loosely.get(&folded(name)).filter(|called| refers || called.has_words)?;
            let agent = (!called.agents.is_empty()).then_some(RefType::Agent);
            let stage = (!called.stages.is_empty()).then_some(RefType::PipelineStage);
            if agents_first { agent.or(stage) } else { stage.or(agent) }
        })
    }

    /// The name of the agent with this id.
    pub fn agent_name(&self, id: &str) -> Option<&'a str> {
        self.agents.get(&parsed(id)?).map(|(name, _)| *name)
    }

    /// The types of the pipelines that have a stage of this name, as far as the content knows.
    pub fn stage_kinds(&self, name: &str) -> &HashSet<&'a str> {
        self.stage_kinds.get(name).unwrap_or(&self.none)
    }

    /// The positions of the terms that a value names, among those that it was made of: agents, pipelines, and stages with their
    /// pipelines.
    pub(in crate::domain) fn positions(&self, ref_type: RefType, value: &str) -> Positions {
        let mut positions = Positions::default();
        match ref_type {
            RefType::Agent => {
                positions.agents.extend(parsed(value).and_then(|id| self.agents.get(&id)).map(|(_, at)| *at));
                match self.agent_names.get(value) {
                    Some(named) => positions.agents.extend(named),
                    None => positions.agents.extend(self.loosely.get(&folded(value)).iter().flat_map(|it| &it.agents)),
                }
            }
            RefType::Pipeline => {
                let pipeline = parsed(value).and_then(|id| self.pipelines.get(&id));
                positions.pipelines.extend(pipeline.map(|pipeline| pipeline.at));
            }
            RefType::PipelineStage => {
                positions.stages.extend(self.stages.get(&id_shape::normal(value)).map(|stage| stage.at));
                match self.stage_names.get(value) {
                    Some(named) => positions.stages.extend(named),
                    None => positions.stages.extend(self.loosely.get(&folded(value)).iter().flat_map(|it| &it.stages)),
                }
            }
            _ => {}
        }
        positions
    }
}

/// Where terms stand among others.
#[derive(Debug, Default)]
pub(in crate::domain) struct Positions {
    pub(in crate::domain) agents: Vec<usize>,
    pub(in crate::domain) pipelines: Vec<usize>,
    pub(in crate::domain) stages: Vec<(usize, usize)>,
}

fn parsed(id: &str) -> Option<ObjectId> {
    if id.len() == 24 { id.parse().ok() } else { None }
}
