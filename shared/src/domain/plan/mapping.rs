//! Judges the mappings of a request against the snapshot and the target organization.

mod lists;
mod target;

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

pub(super) use self::target::Target;

use self::target::RequestedTarget;
use super::Refusal;
use super::choices::Choices;
use super::refusal::MAX_REFUSALS;
use super::targets::Targets;
use super::uses::{Automations, Key, PlaceUse, Use, Uses};
use super::words::shortened;
use crate::domain::content::{Content, MAX_RAW_BYTES};
use crate::domain::id_shape::is_id;
use crate::domain::reference::{KnownId, Lookup, MAX_REFERENCE_NAME, RefType, key_pointer};
use crate::domain::{OverBudget, Work, cut};

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
    pub(super) places: HashMap<(RefType, Cow<'a, str>), Target<'a>>,
    /// Values and places that are not references.
    pub(super) kept: HashSet<Cow<'a, str>>,
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
            last: None,
            automations: content.items.automations.iter().map(|_| AutomationMapping::default()).collect(),
            judged: JudgedEntries::default(),
            replaced: 0,
            written: 0,
            refusals: Vec::new(),
            work,
        };
        judge.unknown_automations(choices);
        let pipelines = choices.pipeline_mapping.iter().flat_map(entries);
        pipelines
            .map(|(key, source, target)| (key, source, RequestedTarget::Stage(target)))
            .try_for_each(|entry| judge.entry(entry))?;
        for (automation, statuses) in &choices.source_statuses_mapping {
            judge.source_statuses(automation, statuses)?;
        }
        let agents = choices.agent_mapping.iter().flat_map(entries);
        agents
            .map(|(key, source, target)| (key, source, RequestedTarget::Agent(target)))
            .try_for_each(|entry| judge.entry(entry))?;
        let ids = choices.id_mapping.iter().flat_map(entries);
        ids.map(|(key, source, target)| (key, source, RequestedTarget::Id(target)))
            .try_for_each(|entry| judge.entry(entry))?;
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

/// The entries that were judged. One automation's id can be written in many ways, and entries of one meaning are carried out
/// once.
#[derive(Default)]
struct JudgedEntries<'a> {
    entries: HashMap<(Key, &'static str, &'a str), RequestedTarget<'a>>,
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
    /// The automation of the entry before, as it stands in the request, and its key.
    last: Option<(&'a str, Option<Key>)>,
    automations: Vec<AutomationMapping<'a>>,
    judged: JudgedEntries<'a>,
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

    fn entry(&mut self, entry: (&'a str, &'a str, RequestedTarget<'a>)) -> Result<(), OverBudget> {
        let before = self.refusals.len();
        let judged = self.judge_entry(entry);
        for refusal in self.refusals.iter_mut().skip(before) {
            refusal.value = Some(cut(&entry.2.text(), MAX_REFERENCE_NAME).into_owned());
        }
        judged
    }

    fn judge_entry(
        &mut self,
        (automation, source, wanted): (&'a str, &'a str, RequestedTarget<'a>),
    ) -> Result<(), OverBudget> {
        let written =
            if let RequestedTarget::Stage(text) | RequestedTarget::Id(text) = wanted { text.len() } else { 0 };
        self.work.spend(1 + source.len() + written)?;
        let place = [wanted.mapping(), automation, source];
        let Some(key) = self.key(automation)? else { return Ok(()) };
        match self.judged.entries.entry((key, wanted.mapping(), source)) {
            Entry::Occupied(before) if *before.get() == wanted => return Ok(()),
            Entry::Occupied(_) => return self.refused(&place, || AMBIGUOUS.to_owned()),
            Entry::Vacant(first) => {
                first.insert(wanted);
            }
        }
        let uses = self.named.uses(key)?;
        let name = match self.lookup.known(source) {
            Some(KnownId::Agent(name) | KnownId::Stage { name, .. }) => Some(name),
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

    /// The key of the automation that an entry names. A name may be long and stand in front of many entries, so it is looked up once for
    /// those of one mapping.
    fn key(&mut self, automation: &'a str) -> Result<Option<Key>, OverBudget> {
        match self.last {
            Some((last, key)) if std::ptr::eq(last, automation) => Ok(key),
            _ => {
                self.work.spend(automation.len())?;
                let key = self.named.key(automation);
                self.last = Some((automation, key));
                Ok(key)
            }
        }
    }

    /// Maps what stands at a place that an entry names by its pointer.
    fn place_entry(
        &mut self,
        place: &[&str],
        source: &'a str,
        wanted: RequestedTarget<'a>,
        uses: &Uses<'a>,
    ) -> Result<(), OverBudget> {
        let fits = |used: &&PlaceUse<'_>| wanted.ref_types().contains(&used.ref_type);
        let at: Vec<&PlaceUse<'_>> = uses.at(source).iter().filter(fits).collect();
        if at.is_empty() {
            // A name alone is no reference that a name maps; the answer says of it how it is mapped.
            return match uses.suspected.has(source) && !matches!(wanted, RequestedTarget::Id(_)) {
                true => Ok(()),
                false => self.refused(place, || unused(source, wanted, uses)),
            };
        }
        let pointer = key_pointer(source);
        for PlaceUse { automation, ref_type, value, .. } in at {
            self.work.spend(1)?;
            let by_name = *ref_type == RefType::Agent && !is_id(value);
            let Some(target) = self.target(place, *ref_type, value, wanted, by_name) else { return Ok(()) };
            let using = [Use { automation: *automation, places: 1 }];
            if !self.has_room(&using, target.text()) {
                return self.refused(place, || too_long(target.text()));
            }
            self.automations[*automation].places.insert((*ref_type, pointer.clone()), target);
        }
        Ok(())
    }

    /// What a reference is to be mapped to, where that exists; a refusal where it does not.
    fn target(
        &mut self,
        place: &[&str],
        ref_type: RefType,
        value: &str,
        wanted: RequestedTarget<'a>,
        by_name: bool,
    ) -> Option<Target<'a>> {
        let targets = self.targets;
        match wanted {
            RequestedTarget::Id(id) => Some(Target::Id(id)),
            RequestedTarget::Agent(id) => {
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
            RequestedTarget::Stage(id) if ref_type == RefType::Pipeline => {
                let pipeline = id.parse().ok().and_then(|id| targets.pipeline(&id));
                if pipeline.is_none() {
                    self.refuse(place, || {
                        let (id, known) = (shortened(id), targets.some_pipelines());
                        format!("your organization has no pipeline with the id {id}; it has {known}")
                    });
                }
                pipeline.map(Target::Pipeline)
            }
            RequestedTarget::Stage(stage) => {
                let by_id = matches!(self.lookup.known(value), Some(KnownId::Stage { .. }));
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

    /// Counts what is written when `target` takes the place of what is used there.
    fn has_room(&mut self, using: &[Use], target: &str) -> bool {
        let places = using.iter().map(|user| user.places).sum::<usize>();
        self.written = self.written.saturating_add(places.saturating_mul(target.len()));
        self.written <= MAX_RAW_BYTES
    }

    fn refuse_stage(&mut self, place: &[&str], name: &str) {
        let targets = self.targets;
        self.refuse_value(place, name, || {
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

    /// The same of a value that is sent or held.
    fn refuse_value(&mut self, place: &[&str], value: &str, detail: impl FnOnce() -> String) {
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push(Refusal::at(place, detail()).of_value(value));
        }
    }
}

fn unused(source: &str, wanted: RequestedTarget<'_>, uses: &Uses<'_>) -> String {
    let (source, used) = (shortened(source), uses.some(wanted.ref_types()));
    let noun = match wanted {
        RequestedTarget::Stage(_) => "a stage",
        RequestedTarget::Agent(_) => "an agent",
        RequestedTarget::Id(_) => "an unknown id",
    };
    format!("the automation does not refer to {noun} {source}; it refers to {used}")
}

const AMBIGUOUS: &str = "this is mapped twice, by name and by id, to different targets; keep one of the two entries";

fn too_long(target: &str) -> String {
    format!(
        "mapping to {} would write more than {MAX_RAW_BYTES} bytes in all; choose a target with a shorter name",
        shortened(target)
    )
}
