//! Judges the mappings of a request against the snapshot and the target organization.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::choices::{AGENT_MAPPING, Choices, ID_MAPPING, KEEP_VALUES, PIPELINE_MAPPING, SOURCE_STATUSES_MAPPING};
use super::targets::Targets;
use super::uses::{Automations, Key, PlaceUse, Use, Uses};
use super::words::shortened;
use super::{Content, MAX_REFUSALS, Refusal};
use crate::domain::content::MAX_RAW_BYTES;
use crate::domain::reference::{Known, Lookup, RefType, SOURCE_STATUSES, is_id};
use crate::domain::{Agent, ObjectId, OverBudget, Pipeline, Work};

/// What the request says about each automation of a snapshot, in the order of the content.
pub(super) struct Mapping<'a> {
    pub(super) automations: Vec<AutomationMapping<'a>>,
}

/// What the request says about one automation. Every target exists.
#[derive(Default)]
pub(super) struct AutomationMapping<'a> {
    pub(super) source_statuses: Option<&'a [String]>,
    /// By the value that the automation holds, which is a name or an id.
    pub(super) values: HashMap<(RefType, Cow<'a, str>), Target<'a>>,
    /// By the place at which it holds something.
    pub(super) places: HashMap<&'a str, Target<'a>>,
    /// Values and places that are no references.
    pub(super) kept: HashSet<&'a str>,
}

/// What a reference is mapped to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    Stage(&'a str),
    Agent(&'a Agent),
    Pipeline(&'a Pipeline),
    Id(&'a str),
}

impl<'a> Target<'a> {
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Stage(a), Self::Stage(b)) | (Self::Id(a), Self::Id(b)) => a == b,
            (Self::Agent(a), Self::Agent(b)) => a.id == b.id,
            (Self::Pipeline(a), Self::Pipeline(b)) => a.id == b.id,
            _ => false,
        }
    }

    /// The longest text that it is written as.
    fn text(self) -> &'a str {
        match self {
            Self::Stage(text) | Self::Id(text) => text,
            Self::Agent(agent) => &agent.name,
            Self::Pipeline(_) => "",
        }
    }
}

impl<'a> Mapping<'a> {
    /// Finds the automations that each entry names, and everything that is wrong with an entry.
    pub(super) fn judge(
        content: &'a Content,
        lookup: &'a Lookup<'a>,
        targets: &'a Targets<'a>,
        choices: &'a Choices,
        work: &'a Work,
    ) -> Result<(Self, Vec<Refusal>), OverBudget> {
        let mut judge = Judge {
            content,
            lookup,
            targets,
            named: Automations::new(content, lookup, choices.names_places(), work)?,
            automations: content.automations.iter().map(|_| AutomationMapping::default()).collect(),
            judged: Judged::default(),
            replaced: 0,
            written: 0,
            refusals: Vec::new(),
            work,
        };
        judge.unknown_automations(choices);
        let pipelines = choices.pipeline_mapping.iter().flat_map(entries);
        pipelines
            .map(|(key, source, target)| (key, source, Wanted::Stage(target)))
            .try_for_each(|entry| judge.entry(entry))?;
        for (automation, statuses) in &choices.source_statuses_mapping {
            judge.source_statuses(automation, statuses)?;
        }
        let agents = choices.agent_mapping.iter().flat_map(entries);
        agents
            .map(|(key, source, target)| (key, source, Wanted::Agent(target)))
            .try_for_each(|entry| judge.entry(entry))?;
        let ids = choices.id_mapping.iter().flat_map(entries);
        ids.map(|(key, source, target)| (key, source, Wanted::Id(target))).try_for_each(|entry| judge.entry(entry))?;
        for (automation, values) in &choices.keep_values {
            judge.keep(automation, values)?;
        }
        Ok((Self { automations: judge.automations }, judge.refusals))
    }
}

/// The entries of a mapping for one automation.
fn entries<'a, T>(
    (automation, entries): (&'a String, &'a std::collections::BTreeMap<String, T>),
) -> impl Iterator<Item = (&'a str, &'a str, &'a T)> {
    entries.iter().map(move |(source, target)| (automation.as_str(), source.as_str(), target))
}

/// What an entry of a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted<'a> {
    /// A stage by name, or a pipeline by id.
    Stage(&'a str),
    Agent(&'a ObjectId),
    Id(&'a str),
}

impl Wanted<'_> {
    fn mapping(self) -> &'static str {
        match self {
            Self::Stage(_) => PIPELINE_MAPPING,
            Self::Agent(_) => AGENT_MAPPING,
            Self::Id(_) => ID_MAPPING,
        }
    }

    /// The types of references that it can answer.
    fn ref_types(self) -> &'static [RefType] {
        match self {
            Self::Stage(_) => &[RefType::PipelineStage, RefType::Pipeline],
            Self::Agent(_) => &[RefType::Agent],
            Self::Id(_) => &[RefType::Unknown],
        }
    }
}

/// The entries that were judged. One automation's id can be written in many ways, and entries of one meaning are carried out
/// once.
#[derive(Default)]
struct Judged<'a> {
    entries: HashMap<(Key, &'static str, &'a str), Wanted<'a>>,
    source_statuses: HashMap<Key, &'a [String]>,
    /// By the value that the automations hold.
    held: HashMap<(Key, RefType, Cow<'a, str>), Target<'a>>,
    /// Values and places that somebody uses and that are kept.
    kept: HashSet<(Key, &'a str)>,
}

struct Judge<'a> {
    content: &'a Content,
    lookup: &'a Lookup<'a>,
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

    fn entry(&mut self, (automation, source, wanted): (&'a str, &'a str, Wanted<'a>)) -> Result<(), OverBudget> {
        let written = if let Wanted::Stage(text) | Wanted::Id(text) = wanted { text.len() } else { 0 };
        self.work.spend(1 + automation.len() + source.len() + written)?;
        let place = [wanted.mapping(), automation, source];
        let Some(key) = self.named.key(automation) else { return Ok(()) };
        match self.judged.entries.entry((key, wanted.mapping(), source)) {
            Entry::Occupied(before) if *before.get() == wanted => return Ok(()),
            Entry::Occupied(_) => return self.refused(&place, || AMBIGUOUS.to_owned()),
            Entry::Vacant(first) => {
                first.insert(wanted);
            }
        }
        let uses = self.named.uses(key)?;
        let name = match self.lookup.known(source) {
            Some(Known::Agent(name) | Known::Stage { name, .. }) => Some(name),
            _ => None,
        };
        let held: Vec<_> = wanted.ref_types().iter().flat_map(|kind| uses.meant(*kind, source, name)).collect();
        if held.is_empty() {
            return self.place_entry(&place, source, wanted, &uses);
        }
        let by_name = held.iter().any(|(ref_type, value, _)| *ref_type == RefType::Agent && !is_id(value));
        for (ref_type, value, using) in held {
            let Some(target) = self.target(&place, ref_type, value, wanted, by_name) else { return Ok(()) };
            self.map_value(&place, key, (ref_type, value.clone()), using, target)?;
        }
        Ok(())
    }

    /// Maps what stands at a place that an entry names by its pointer.
    fn place_entry(
        &mut self,
        place: &[&str],
        source: &'a str,
        wanted: Wanted<'a>,
        uses: &Uses<'a>,
    ) -> Result<(), OverBudget> {
        let fits = |used: &&PlaceUse<'_>| wanted.ref_types().contains(&used.ref_type);
        let at: Vec<&PlaceUse<'_>> = uses.at(source).iter().filter(fits).collect();
        if at.is_empty() {
            // A name alone is no reference that a name maps; the answer says of it how it is mapped.
            return match uses.suspected.has(source) && !matches!(wanted, Wanted::Id(_)) {
                true => Ok(()),
                false => self.refused(place, || unused(source, wanted, uses)),
            };
        }
        for PlaceUse { automation, ref_type, value, .. } in at {
            self.work.spend(1)?;
            let by_name = *ref_type == RefType::Agent && !is_id(value);
            let Some(target) = self.target(place, *ref_type, value, wanted, by_name) else { return Ok(()) };
            let using = [Use { automation: *automation, places: 1 }];
            if !self.has_room(&using, target.text()) {
                return self.refused(place, || too_long(target.text()));
            }
            self.automations[*automation].places.insert(source, target);
        }
        Ok(())
    }

    /// What a reference is to be mapped to, where that exists; a refusal where it does not.
    fn target(
        &mut self,
        place: &[&str],
        ref_type: RefType,
        value: &str,
        wanted: Wanted<'a>,
        by_name: bool,
    ) -> Option<Target<'a>> {
        let targets = self.targets;
        match wanted {
            Wanted::Id(id) => Some(Target::Id(id)),
            Wanted::Agent(id) => {
                let Some(agent) = targets.agent(id) else {
                    self.refuse(place, || {
                        format!("your organization has no agent with the id {id}; it has {}", targets.some_agents())
                    });
                    return None;
                };
                if by_name && !targets.has_only_agent(&agent.name) {
                    self.refuse(place, || {
                        format!(
                            "the automation names its agent by name, and your organization has several named {}: only an id tells \
                             them apart; rename one of them, or map to another agent",
                            shortened(&agent.name)
                        )
                    });
                    return None;
                }
                Some(Target::Agent(agent))
            }
            Wanted::Stage(id) if ref_type == RefType::Pipeline => {
                let pipeline = id.parse().ok().and_then(|id| targets.pipeline(&id));
                if pipeline.is_none() {
                    self.refuse(place, || {
                        let (id, known) = (shortened(id), targets.some_pipelines());
                        format!("your organization has no pipeline with the id {id}; it has {known}")
                    });
                }
                pipeline.map(Target::Pipeline)
            }
            Wanted::Stage(stage) => {
                let by_id = matches!(self.lookup.known(value), Some(Known::Stage { .. }));
                if !targets.has_stage(stage) {
                    self.refuse_stage(place, stage);
                    return None;
                }
                if by_id && targets.stage_id(stage, "").is_none() {
                    self.refuse(place, || {
                        let stage = shortened(stage);
                        format!(
                            "the automation names its stage by id, and your organization keeps no one id on {stage}"
                        )
                    });
                    return None;
                }
                Some(Target::Stage(stage))
            }
        }
    }

    /// Maps what the automations of a key hold, once.
    fn map_value(
        &mut self,
        place: &[&str],
        key: Key,
        (ref_type, value): (RefType, Cow<'a, str>),
        using: &[Use],
        target: Target<'a>,
    ) -> Result<(), OverBudget> {
        self.work.spend(1)?;
        match self.judged.held.entry((key, ref_type, value.clone())) {
            Entry::Occupied(before) if before.get().is(target) => return Ok(()),
            Entry::Occupied(_) => return self.refused(place, || AMBIGUOUS.to_owned()),
            Entry::Vacant(first) => {
                first.insert(target);
            }
        }
        if !self.has_room(using, target.text()) {
            return self.refused(place, || too_long(target.text()));
        }
        let mut clashes = false;
        for user in using {
            self.work.spend(1)?;
            let before = self.automations[user.automation].values.insert((ref_type, value.clone()), target);
            clashes |= before.is_some_and(|before| !before.is(target));
        }
        if clashes { self.refused(place, || AMBIGUOUS.to_owned()) } else { Ok(()) }
    }

    /// Notes values and places that are no references. What is certain is one.
    fn keep(&mut self, automation: &str, values: &'a [String]) -> Result<(), OverBudget> {
        let Some(key) = self.named.key(automation) else { return Ok(()) };
        let uses = self.named.uses(key)?;
        for (index, value) in values.iter().enumerate() {
            self.work.spend(1 + value.len())?;
            if self.judged.kept.contains(&(key, value.as_str())) {
                continue;
            }
            let users = uses.may_keep(value);
            self.work.spend(users.len())?;
            if !users.is_empty() {
                self.judged.kept.insert((key, value));
                for user in users {
                    self.automations[user].kept.insert(value);
                }
                continue;
            }
            self.refuse(&[KEEP_VALUES, automation, &index.to_string()], || {
                format!(
                    "the automation holds no unknown id and no suspected name {}, and none at such a place; a certain \
                     reference has to be mapped",
                    shortened(value)
                )
            });
        }
        Ok(())
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
                self.refuse_stage(&[SOURCE_STATUSES_MAPPING, automation, &index.to_string()], stage);
            }
        }
        let clashes = having.iter().filter(|at| {
            let before = self.automations[**at].source_statuses.replace(statuses);
            before.is_some_and(|before| before != statuses)
        });
        if clashes.count() > 0 { self.refused(&place, || AMBIGUOUS.to_owned()) } else { Ok(()) }
    }

    /// Counts what is written when `target` takes the place of what is used there.
    fn has_room(&mut self, using: &[Use], target: &str) -> bool {
        let places = using.iter().map(|user| user.places).sum::<usize>();
        self.written = self.written.saturating_add(places.saturating_mul(target.len()));
        self.written <= MAX_RAW_BYTES
    }

    fn refuse_stage(&mut self, place: &[&str], name: &str) {
        let targets = self.targets;
        self.refuse(place, || {
            format!("your organization has no stage {}; it has {}", shortened(name), targets.some_stages())
        });
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

fn unused(source: &str, wanted: Wanted<'_>, uses: &Uses<'_>) -> String {
    let (source, used) = (shortened(source), uses.some(wanted.ref_types()));
    let noun = match wanted {
        Wanted::Stage(_) => "a stage",
        Wanted::Agent(_) => "an agent",
        Wanted::Id(_) => "an unknown id",
    };
    format!("the automation does not refer to {noun} {source}; it refers to {used}")
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
