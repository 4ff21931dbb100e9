//! Judges the mappings of a request against the snapshot and the target organization.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::choices::{AGENT_MAPPING, Choices, PIPELINE_MAPPING, SOURCE_STATUSES_MAPPING};
use super::targets::Targets;
use super::uses::{Automations, Key, Use};
use super::words::shortened;
use super::{Content, MAX_REFUSALS, Refusal};
use crate::domain::content::MAX_RAW_BYTES;
use crate::domain::reference::SOURCE_STATUSES;
use crate::domain::{Agent, ObjectId, OverBudget, Work};

/// What the request says about each automation of a snapshot, in the order of the content.
pub(super) struct Mapping<'a> {
    pub(super) automations: Vec<AutomationMapping<'a>>,
}

/// What the request says about one automation. Every target exists.
#[derive(Default)]
pub(super) struct AutomationMapping<'a> {
    pub(super) stages: HashMap<Cow<'a, str>, &'a str>,
    pub(super) source_statuses: Option<&'a [String]>,
    /// By the value that the automation holds, which is a name or an id.
    pub(super) agents: HashMap<Cow<'a, str>, &'a Agent>,
}

impl<'a> Mapping<'a> {
    /// Finds the automations that each entry names, and everything that is wrong with an entry.
    pub(super) fn judge(
        content: &'a Content,
        targets: &'a Targets<'a>,
        choices: &'a Choices,
        work: &'a Work,
    ) -> Result<(Self, Vec<Refusal>), OverBudget> {
        let mut judge = Judge {
            content,
            targets,
            named: Automations::new(content, work)?,
            automations: content.automations.iter().map(|_| AutomationMapping::default()).collect(),
            judged: Judged::default(),
            replaced: 0,
            written: 0,
            refusals: Vec::new(),
            work,
        };
        judge.unknown_automations(choices);
        for (automation, stages) in &choices.pipeline_mapping {
            for (source, target) in stages {
                judge.stage(automation, source, target)?;
            }
        }
        for (automation, statuses) in &choices.source_statuses_mapping {
            judge.source_statuses(automation, statuses)?;
        }
        for (automation, agents) in &choices.agent_mapping {
            for (source, target) in agents {
                judge.agent(automation, source, target)?;
            }
        }
        Ok((Self { automations: judge.automations }, judge.refusals))
    }
}

/// The entries that were judged. One automation's id can be written in many ways, and entries of one meaning are carried out
/// once.
#[derive(Default)]
struct Judged<'a> {
    stages: HashMap<(Key, &'a str), &'a str>,
    source_statuses: HashMap<Key, &'a [String]>,
    agents: HashMap<(Key, &'a str), ObjectId>,
    /// By the value that the automations hold.
    held_agents: HashMap<(Key, Cow<'a, str>), ObjectId>,
}

struct Judge<'a> {
    content: &'a Content,
    targets: &'a Targets<'a>,
    named: Automations<'a>,
    automations: Vec<AutomationMapping<'a>>,
    judged: Judged<'a>,
    /// How many elements the replaced `sourceStatuses` have, over all automations.
    replaced: usize,
    /// How many bytes the mapped targets have, over all places.
    written: usize,
    refusals: Vec<Refusal>,
    work: &'a Work,
}

impl<'a> Judge<'a> {
    fn unknown_automations(&mut self, choices: &Choices) {
        for (automation, mappings) in choices.mapped_automations() {
            if self.named.key(automation).is_none() {
                for mapping in mappings {
                    self.refuse(&[mapping, automation], || {
                        format!("the snapshot has no automation with the name or id {}", shortened(automation))
                    });
                }
            }
        }
    }

    fn stage(&mut self, automation: &str, source: &'a str, target: &'a str) -> Result<(), OverBudget> {
        self.work.spend(1 + automation.len() + source.len() + target.len())?;
        let place = [PIPELINE_MAPPING, automation, source];
        let Some(key) = self.named.key(automation) else { return Ok(()) };
        match self.judged.stages.entry((key, source)) {
            Entry::Occupied(before) if *before.get() == target => return Ok(()),
            Entry::Occupied(_) => return self.refused(&place, || AMBIGUOUS.to_owned()),
            Entry::Vacant(first) => {
                first.insert(target);
            }
        }
        let uses = self.named.uses(key)?;
        let Some((value, using)) = uses.stages.get(source) else {
            return self.refused(&place, || {
                let (source, used) = (shortened(source), uses.stages.some());
                format!("the automation does not refer to a stage {source}; it refers to {used}")
            });
        };
        if !self.targets.has_stage(target) {
            return self.refuse_stage(&place, target);
        }
        if !self.has_room(using, target) {
            return self.refused(&place, || too_long(target));
        }
        let mut clashes = false;
        for user in using {
            self.work.spend(1)?;
            let before = self.automations[user.automation].stages.insert(value.clone(), target);
            clashes |= before.is_some_and(|before| before != target);
        }
        if clashes { self.refused(&place, || AMBIGUOUS.to_owned()) } else { Ok(()) }
    }

    fn source_statuses(&mut self, automation: &str, statuses: &'a [String]) -> Result<(), OverBudget> {
        let bytes = statuses.iter().map(String::len).sum::<usize>();
        self.work.spend(1 + automation.len() + statuses.len() + bytes)?;
        let place = [SOURCE_STATUSES_MAPPING, automation];
        let Some(key) = self.named.key(automation) else { return Ok(()) };
        match self.judged.source_statuses.entry(key) {
            Entry::Occupied(before) if *before.get() == statuses => return Ok(()),
            Entry::Occupied(_) => return self.refused(&place, || AMBIGUOUS.to_owned()),
            Entry::Vacant(first) => {
                first.insert(statuses);
            }
        }
        let content = self.content;
        let has_statuses =
            |at: &usize| content.automations[*at].item.document.as_value().get(SOURCE_STATUSES).is_some();
        let named = self.named.named(key);
        self.work.spend(named.len())?;
        let having: Vec<usize> = named.iter().copied().filter(has_statuses).collect();
        if having.is_empty() {
            return self.refused(&place, || "the automation has no sourceStatuses to replace".to_owned());
        }
        self.replaced = self.replaced.saturating_add(having.len().saturating_mul(statuses.len()));
        self.written = self.written.saturating_add(having.len().saturating_mul(bytes));
        if self.replaced > MAX_REPLACED || self.written > MAX_RAW_BYTES {
            return self.refused(&place, || {
                format!(
                    "this would write more than {MAX_REPLACED} source statuses, or {MAX_RAW_BYTES} bytes of them; name \
                     fewer automations or stages"
                )
            });
        }
        for (index, stage) in statuses.iter().enumerate() {
            if !self.targets.has_stage(stage) {
                self.refuse_stage(&[SOURCE_STATUSES_MAPPING, automation, &index.to_string()], stage)?;
            }
        }
        let clashes = having.iter().filter(|at| {
            let before = self.automations[**at].source_statuses.replace(statuses);
            before.is_some_and(|before| before != statuses)
        });
        if clashes.count() > 0 { self.refused(&place, || AMBIGUOUS.to_owned()) } else { Ok(()) }
    }

    fn agent(&mut self, automation: &str, source: &'a str, target: &ObjectId) -> Result<(), OverBudget> {
        self.work.spend(1 + automation.len() + source.len())?;
        let place = [AGENT_MAPPING, automation, source];
        let Some(key) = self.named.key(automation) else { return Ok(()) };
        match self.judged.agents.entry((key, source)) {
            Entry::Occupied(before) if before.get() == target => return Ok(()),
            Entry::Occupied(_) => return self.refused(&place, || AMBIGUOUS.to_owned()),
            Entry::Vacant(first) => {
                first.insert(*target);
            }
        }
        let uses = self.named.uses(key)?;
        let held: Vec<(&Cow<'a, str>, &[Use])> = uses.agents_meant(source, self.named.agent_name(source)).collect();
        if held.is_empty() {
            return self.refused(&place, || {
                let (source, used) = (shortened(source), uses.agents.some());
                format!("the automation does not refer to an agent {source}; it refers to {used}")
            });
        }
        let targets = self.targets;
        let Some(agent) = targets.agent(target) else {
            let known =
                || format!("your organization has no agent with the id {target}; it has {}", targets.some_agents());
            return self.refused(&place, known);
        };
        if held.iter().any(|(value, _)| !is_id(value)) && !targets.has_only_agent(&agent.name) {
            return self.refused(&place, || {
                let name = shortened(&agent.name);
                format!("the automation names its agent by name, and your organization has several named {name}")
            });
        }
        for (value, using) in held {
            self.map_agent(&place, key, value.clone(), using, agent)?;
        }
        Ok(())
    }

    /// Maps what the automations of a key hold, once.
    fn map_agent(
        &mut self,
        place: &[&str],
        key: Key,
        value: Cow<'a, str>,
        using: &[Use],
        agent: &'a Agent,
    ) -> Result<(), OverBudget> {
        self.work.spend(1)?;
        match self.judged.held_agents.entry((key, value.clone())) {
            Entry::Occupied(before) if *before.get() == agent.id => return Ok(()),
            Entry::Occupied(_) => return self.refused(place, || AMBIGUOUS.to_owned()),
            Entry::Vacant(first) => {
                first.insert(agent.id);
            }
        }
        if !self.has_room(using, &agent.name) {
            return self.refused(place, || too_long(&agent.name));
        }
        let mut clashes = false;
        for user in using {
            self.work.spend(1)?;
            let before = self.automations[user.automation].agents.insert(value.clone(), agent);
            clashes |= before.is_some_and(|before| before.id != agent.id);
        }
        if clashes { self.refused(place, || AMBIGUOUS.to_owned()) } else { Ok(()) }
    }

    /// Counts what is written when `target` takes the place of what is used there.
    fn has_room(&mut self, using: &[Use], target: &str) -> bool {
        let places = using.iter().map(|user| user.places).sum::<usize>();
        self.written = self.written.saturating_add(places.saturating_mul(target.len()));
        self.written <= MAX_RAW_BYTES
    }

    fn refuse_stage(&mut self, place: &[&str], name: &str) -> Result<(), OverBudget> {
        let targets = self.targets;
        self.refused(place, || {
            format!("your organization has no stage {}; it has {}", shortened(name), targets.some_stages())
        })
    }

    fn refused(&mut self, place: &[&str], detail: impl FnOnce() -> String) -> Result<(), OverBudget> {
        self.refuse(place, detail);
        Ok(())
    }

    /// Notes a refusal, as long as an answer has room for it: nothing is put into words that is not shown.
    fn refuse(&mut self, place: &[&str], detail: impl FnOnce() -> String) {
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push(Refusal::at(place, detail()));
        }
    }
}

/// The most elements that replaced `sourceStatuses` have over all automations: one name may name thousands of them.
const MAX_REPLACED: usize = 100_000;

const AMBIGUOUS: &str = "this is mapped twice, by name and by id, to different targets; keep one of the two entries";

fn too_long(target: &str) -> String {
    format!(
        "mapping to {} would write more than {MAX_RAW_BYTES} bytes in all; choose a target with a shorter name",
        shortened(target)
    )
}

/// Whether a place holds an id; otherwise it holds a name.
pub(super) fn is_id(value: &str) -> bool {
    value.parse::<ObjectId>().is_ok()
}
