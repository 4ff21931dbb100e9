//! Judges the mappings of a request against the snapshot and the target organization.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::choices::{AGENT_MAPPING, Choices, PIPELINE_MAPPING, SOURCE_STATUSES_MAPPING};
use super::{Content, MAX_REFUSALS, Refusal};
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
            replaced: 0,
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
    /// How many elements the replaced `sourceStatuses` have, over all automations.
    replaced: usize,
    refusals: Vec<Refusal>,
}

impl<'a> Judge<'a> {
    /// The automations that a key of a mapping names; an id may be written in either case.
    fn named(&self, automation: &str) -> Option<Vec<usize>> {
        let as_id = || automation.parse::<ObjectId>().ok().and_then(|id| self.by_key.get(&id.to_string()));
        self.by_key.get(automation).or_else(as_id).cloned()
    }

    fn unknown_automations(&mut self, choices: &Choices) {
        for (automation, mappings) in choices.mapped_automations() {
            if self.named(automation).is_none() {
                for mapping in mappings {
                    self.refuse(&[mapping, automation], || {
                        format!("the snapshot has no automation with the name or id {}", shortened(automation))
                    });
                }
            }
        }
    }

    fn stage(&mut self, automation: &str, source: &'a str, target: &'a str) {
        let place = [PIPELINE_MAPPING, automation, source];
        let Some(named) = self.named(automation) else { return };
        let content = self.content;
        let stages = |at: usize| values(content, at, RefType::PipelineStage);
        let using: Vec<usize> = named.iter().copied().filter(|at| stages(*at).any(|value| value == source)).collect();
        if using.is_empty() {
            self.refuse(&place, || {
                let used = quoted(named.iter().flat_map(|at| stages(*at)));
                format!("the automation does not refer to a stage {}; it refers to {used}", shortened(source))
            });
        } else if !self.target_stages.contains(target) {
            self.refuse_stage(&place, target);
        } else {
            let clashes = using.iter().filter(|at| {
                let before = self.automations[**at].stages.insert(source, target);
                before.is_some_and(|before| before != target)
            });
            if clashes.count() > 0 {
                self.refuse(&place, || AMBIGUOUS.to_owned());
            }
        }
    }

    fn source_statuses(&mut self, automation: &str, statuses: &'a [String]) {
        let place = [SOURCE_STATUSES_MAPPING, automation];
        let Some(named) = self.named(automation) else { return };
        let content = self.content;
        let has_statuses =
            |at: &usize| content.automations[*at].item.document.as_value().get(SOURCE_STATUSES).is_some();
        let having: Vec<usize> = named.into_iter().filter(has_statuses).collect();
        if having.is_empty() {
            return self.refuse(&place, || "the automation has no sourceStatuses to replace".to_owned());
        }
        self.replaced = self.replaced.saturating_add(having.len().saturating_mul(statuses.len()));
        if self.replaced > MAX_REPLACED {
            let detail =
                format!("this would write more than {MAX_REPLACED} source statuses; name fewer automations or stages");
            return self.refuse(&place, || detail);
        }
        for (index, stage) in statuses.iter().enumerate() {
            if !self.target_stages.contains(stage.as_str()) {
                self.refuse_stage(&[SOURCE_STATUSES_MAPPING, automation, &index.to_string()], stage);
            }
        }
        let clashes = having.iter().filter(|at| {
            let before = self.automations[**at].source_statuses.replace(statuses);
            before.is_some_and(|before| before != statuses)
        });
        if clashes.count() > 0 {
            self.refuse(&place, || AMBIGUOUS.to_owned());
        }
    }

    fn agent(&mut self, automation: &str, source: &str, target: &ObjectId) {
        let place = [AGENT_MAPPING, automation, source];
        let Some(named) = self.named(automation) else { return };
        let content = self.content;
        let agents = |at: usize| values(content, at, RefType::Agent);
        let places: Vec<(usize, &'a str)> = named
            .iter()
            .flat_map(|at| agents(*at).map(move |value| (*at, value)))
            .filter(|(_, value)| is_same_agent(content, value, source))
            .collect();
        if places.is_empty() {
            return self.refuse(&place, || {
                let used = quoted(named.iter().flat_map(|at| agents(*at)));
                format!("the automation does not refer to an agent {}; it refers to {used}", shortened(source))
            });
        }
        let targets = self.targets;
        let Some(agent) = targets.agent(target) else {
            return self.refuse(&place, || {
                let known = quoted(targets.agents.iter().map(|agent| agent.name.as_str()));
                format!("your organization has no agent with the id {target}; it has {known}")
            });
        };
        let by_name = places.iter().any(|(_, value)| !is_id(value));
        if by_name && targets.only_agent_named(&agent.name).is_none() {
            return self.refuse(&place, || {
                let name = shortened(&agent.name);
                format!("the automation names its agent by name, and your organization has several named {name}")
            });
        }
        let clashes = places.into_iter().filter(|(at, value)| {
            let before = self.automations[*at].agents.insert(value, agent);
            before.is_some_and(|before| before.id != agent.id)
        });
        if clashes.count() > 0 {
            self.refuse(&place, || AMBIGUOUS.to_owned());
        }
    }

    fn refuse_stage(&mut self, place: &[&str], name: &str) {
        let targets = self.targets;
        self.refuse(place, || {
            format!("your organization has no stage {}; it has {}", shortened(name), quoted(targets.stage_names()))
        });
    }

    /// Notes a refusal, as long as an answer has room for it: nothing is put into words that nobody reads.
    fn refuse(&mut self, place: &[&str], detail: impl FnOnce() -> String) {
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push(Refusal { pointer: pointer(place), detail: detail() });
        }
    }
}

/// The most elements that replaced `sourceStatuses` have over all automations: one name may name thousands of them.
const MAX_REPLACED: usize = 100_000;

const AMBIGUOUS: &str = "this is mapped twice, by name and by id, to different targets; keep one of the two entries";

fn values(content: &Content, automation: usize, ref_type: RefType) -> impl Iterator<Item = &str> {
    let references = content.automations[automation].references.iter();
    references.filter(move |reference| reference.ref_type == ref_type).map(|reference| reference.value.as_str())
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
    let unique: Vec<String> = names.filter(|name| seen.insert(*name)).map(shortened).take(MAX_COUNTED).collect();
    first_few(&unique)
}

/// How many of a list a message looks at.
const MAX_COUNTED: usize = 1_000;
/// How many of a list a message names.
const SHOWN: usize = 10;

/// The first few of `words` and how many more there are; for messages.
pub(super) fn first_few(words: &[String]) -> String {
    match words.len() {
        0 => "none".to_owned(),
        length if length > SHOWN => format!("{} and {} more", words[..SHOWN].join(", "), length - SHOWN),
        _ => words.join(", "),
    }
}

/// A name in quotes, cut where it is very long; for messages.
pub(super) fn shortened(name: &str) -> String {
    const LONGEST: usize = 120;
    match name.char_indices().nth(LONGEST) {
        None => format!("{name:?}"),
        Some((end, _)) => format!("{:?}…", &name[..end]),
    }
}
