//! Judges the mappings of a request against the snapshot and the target organization.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::choices::{AGENT_MAPPING, Choices, PIPELINE_MAPPING, SOURCE_STATUSES_MAPPING};
use super::{Content, Refusal};
use crate::domain::reference::{RefType, SOURCE_STATUSES};
use crate::domain::{Agent, ObjectId, Organization, pointer};

/// What the request says about each automation of a snapshot, in the order of the content.
pub(super) struct Mapping<'a> {
    pub(super) automations: Vec<AutomationMapping<'a>>,
}

/// What the request says about one automation. Every target exists.
#[derive(Default)]
pub(super) struct AutomationMapping<'a> {
    pub(super) stages: BTreeMap<&'a str, &'a str>,
    pub(super) source_statuses: Option<&'a [String]>,
    /// By the value that the automation holds, which is a name or an id.
    pub(super) agents: BTreeMap<&'a str, &'a Agent>,
}

impl<'a> Mapping<'a> {
    /// Finds the automations that each entry names, and everything that is wrong with an entry.
    pub(super) fn judge(content: &'a Content, targets: &'a Organization, choices: &'a Choices) -> (Self, Vec<Refusal>) {
        let mut judge = Judge {
            content,
            targets,
            target_stages: targets.stage_names().collect(),
            by_key: index(content),
            automations: content.automations.iter().map(|_| AutomationMapping::default()).collect(),
            refusals: Vec::new(),
        };
        judge.unknown_automations(choices);
        for (automation, stages) in &choices.pipeline_mapping {
            for (source, target) in stages {
                judge.stage(automation, source, target);
            }
        }
        for (automation, statuses) in &choices.source_statuses_mapping {
            judge.source_statuses(automation, statuses);
        }
        for (automation, agents) in &choices.agent_mapping {
            for (source, target) in agents {
                judge.agent(automation, source, target);
            }
        }
        (Self { automations: judge.automations }, judge.refusals)
    }
}

/// The automations that a name or an id names: a name names every automation that has it.
fn index(content: &Content) -> HashMap<String, Vec<usize>> {
    let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
    for (position, automation) in content.automations.iter().enumerate() {
        by_key.entry(automation.item.id.to_string()).or_default().push(position);
        by_key.entry(automation.item.document.name().to_owned()).or_default().push(position);
    }
    by_key
}

struct Judge<'a> {
    content: &'a Content,
    targets: &'a Organization,
    target_stages: HashSet<&'a str>,
    by_key: HashMap<String, Vec<usize>>,
    automations: Vec<AutomationMapping<'a>>,
    refusals: Vec<Refusal>,
}

impl<'a> Judge<'a> {
    fn unknown_automations(&mut self, choices: &Choices) {
        for (automation, mappings) in choices.mapped_automations() {
            if !self.by_key.contains_key(automation) {
                for mapping in mappings {
                    self.refuse(
                        pointer([mapping, automation]),
                        format!("the snapshot has no automation with the name or id {automation:?}"),
                    );
                }
            }
        }
    }

    fn stage(&mut self, automation: &str, source: &'a str, target: &'a str) {
        let place = pointer([PIPELINE_MAPPING, automation, source]);
        let Some(named) = self.by_key.get(automation).cloned() else { return };
        let using: Vec<usize> = named
            .iter()
            .copied()
            .filter(|at| self.values(*at, RefType::PipelineStage).any(|value| value == source))
            .collect();
        if using.is_empty() {
            let used = quoted(named.iter().flat_map(|at| self.values(*at, RefType::PipelineStage)));
            self.refuse(place, format!("the automation does not refer to a stage {source:?}; it refers to {used}"));
        } else if !self.target_stages.contains(target) {
            let detail = self.no_such_stage(target);
            self.refuse(place, detail);
        } else {
            let clashes = using.iter().filter(|at| {
                let before = self.automations[**at].stages.insert(source, target);
                before.is_some_and(|before| before != target)
            });
            if clashes.count() > 0 {
                self.refuse(place, AMBIGUOUS.to_owned());
            }
        }
    }

    fn source_statuses(&mut self, automation: &str, statuses: &'a [String]) {
        let place = pointer([SOURCE_STATUSES_MAPPING, automation]);
        let Some(named) = self.by_key.get(automation).cloned() else { return };
        let having: Vec<usize> = named
            .into_iter()
            .filter(|at| self.content.automations[*at].item.document.as_value().get(SOURCE_STATUSES).is_some())
            .collect();
        if having.is_empty() {
            return self.refuse(place, "the automation has no sourceStatuses to replace".to_owned());
        }
        for (index, stage) in statuses.iter().enumerate().filter(|(_, stage)| !self.targets.has_stage(stage)) {
            let detail = self.no_such_stage(stage);
            self.refusals
                .push(Refusal { pointer: pointer([SOURCE_STATUSES_MAPPING, automation, &index.to_string()]), detail });
        }
        let clashes = having.iter().filter(|at| {
            let before = self.automations[**at].source_statuses.replace(statuses);
            before.is_some_and(|before| before != statuses)
        });
        if clashes.count() > 0 {
            self.refuse(place, AMBIGUOUS.to_owned());
        }
    }

    fn agent(&mut self, automation: &str, source: &str, target: &ObjectId) {
        let place = pointer([AGENT_MAPPING, automation, source]);
        let Some(named) = self.by_key.get(automation).cloned() else { return };
        let content = self.content;
        let places: Vec<(usize, &'a str)> = named
            .iter()
            .flat_map(|at| agent_values(content, *at).map(move |value| (*at, value)))
            .filter(|(_, value)| is_same_agent(content, value, source))
            .collect();
        if places.is_empty() {
            let used = quoted(named.iter().flat_map(|at| agent_values(content, *at)));
            return self
                .refuse(place, format!("the automation does not refer to an agent {source:?}; it refers to {used}"));
        }
        let Some(agent) = self.targets.agent(target) else {
            let known = quoted(self.targets.agents.iter().map(|agent| agent.name.as_str()));
            return self.refuse(place, format!("your organization has no agent with the id {target}; it has {known}"));
        };
        let by_name = places.iter().any(|(_, value)| !is_id(value));
        if by_name && self.targets.only_agent_named(&agent.name).is_none() {
            let detail = format!(
                "the automation names its agent by name, and your organization has several named {:?}",
                agent.name
            );
            return self.refuse(place, detail);
        }
        let clashes = places.into_iter().filter(|(at, value)| {
            let before = self.automations[*at].agents.insert(value, agent);
            before.is_some_and(|before| before.id != agent.id)
        });
        if clashes.count() > 0 {
            self.refuse(place, AMBIGUOUS.to_owned());
        }
    }

    fn values(&self, automation: usize, ref_type: RefType) -> impl Iterator<Item = &'a str> {
        values(self.content, automation, ref_type)
    }

    fn no_such_stage(&self, name: &str) -> String {
        format!("your organization has no stage {name:?}; it has {}", quoted(self.targets.stage_names()))
    }

    fn refuse(&mut self, pointer: String, detail: String) {
        self.refusals.push(Refusal { pointer, detail });
    }
}

const AMBIGUOUS: &str = "this is mapped twice, by name and by id, to different targets; keep one of the two entries";

fn values(content: &Content, automation: usize, ref_type: RefType) -> impl Iterator<Item = &str> {
    let references = content.automations[automation].references.iter();
    references.filter(move |reference| reference.ref_type == ref_type).map(|reference| reference.value.as_str())
}

fn agent_values(content: &Content, automation: usize) -> impl Iterator<Item = &str> {
    values(content, automation, RefType::Agent)
}

/// Whether a place that holds `held` is meant by the mapping key `source`: literally, or because the source
/// organization has an agent with the one as its id and the other as its name.
fn is_same_agent(content: &Content, held: &str, source: &str) -> bool {
    held == source
        || content.agents.iter().any(|agent| {
            let id = agent.id.to_string();
            (id == held && agent.name == source) || (agent.name == held && id == source)
        })
}

/// Whether a place holds an id; otherwise it holds a name.
pub(super) fn is_id(value: &str) -> bool {
    value.parse::<ObjectId>().is_ok()
}

/// The first few of `names`, each once, in quotes; for messages.
fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut seen = HashSet::new();
    let unique: Vec<String> = names.filter(|name| seen.insert(*name)).map(|name| format!("{name:?}")).collect();
    first_few(&unique)
}

/// The first few of `words` and how many more there are; for messages.
pub(super) fn first_few(words: &[String]) -> String {
    const SHOWN: usize = 10;
    match words.len() {
        0 => "none".to_owned(),
        length if length > SHOWN => format!("{} and {} more", words[..SHOWN].join(", "), length - SHOWN),
        _ => words.join(", "),
    }
}
