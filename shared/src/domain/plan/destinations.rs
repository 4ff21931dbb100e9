//! Which destinations of a snapshot are accepted, and what is not accepted does to the automations that send there.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::choices::ALLOW_DESTINATIONS;
use super::counted_list::{CountedList, MAX_LISTED};
use super::refusal::{MAX_POINTER, MAX_REFUSALS};
use super::words::{first_few, shortened};
use super::{Choices, OnUnmapped, Plan, PlannedDestination, PlannedLink, Refusal, Rewire, Warning, WarningCode};
use crate::domain::content::{CapturedItem, Content};
use crate::domain::destination::{self, AddressUse, OwnPlaces};
use crate::domain::id_shape;
use crate::domain::reference::{Lookup, MAX_REFERENCE_NAME};
use crate::domain::{ItemKind, ObjectId, Organization, OverBudget, Work, cut};

/// How many destinations of prompts and templates are kept to be listed, of those that are accepted and of the others.
const MAX_KEPT: usize = 2_000;

/// Goes through a snapshot and judges what it sends to.
pub(super) struct DestinationReview<'a> {
    accepted: HashSet<&'a str>,
    /// The entries of the request that were not found yet.
    missing: HashMap<&'a str, usize>,
    senders: Vec<SendingItem<'a>>,
    by_key: HashMap<(ItemKind, Cow<'a, str>), Group>,
    /// Destinations that nobody accepts, and those that somebody does.
    open: CountedList<PlannedDestination>,
    closed: CountedList<PlannedDestination>,
    links: CountedList<PlannedLink>,
    refused: HashSet<String>,
    work: &'a Work,
}

/// What one item sends to, each destination once.
#[derive(Default)]
struct DestinationSummary {
    total: usize,
    open: usize,
    /// Those that nobody accepts, as many as an answer lists.
    texts: Vec<String>,
    entries: Vec<PlannedDestination>,
}

/// A prompt or template that sends somewhere.
struct SendingItem<'a> {
    kind: ItemKind,
    item: &'a CapturedItem,
    summary: DestinationSummary,
}

/// The prompts or templates that a reference means.
#[derive(Default)]
struct Group {
    open: usize,
    total: usize,
    members: Vec<usize>,
    /// Those that send to what nobody accepts.
    open_members: Vec<usize>,
    is_used: bool,
}

/// What an automation sends to that nobody accepts.
#[derive(Debug, Default)]
pub(super) struct UnacceptedDestinations {
    pub(super) total: usize,
    texts: Vec<String>,
}

impl<'a> DestinationReview<'a> {
    pub(super) fn new(targets: &'a Organization, choices: &'a Choices, work: &'a Work) -> Result<Self, OverBudget> {
        let (allowed, trusted) = (&choices.allow_destinations, &targets.trusted_destinations);
        work.spend(allowed.iter().chain(trusted).map(|text| 1 + text.len()).sum())?;
        Ok(Self {
            accepted: allowed.iter().chain(trusted).map(String::as_str).collect(),
            missing: allowed.iter().enumerate().rev().map(|(index, text)| (text.as_str(), index)).collect(),
            senders: Vec::new(),
            by_key: HashMap::new(),
            open: CountedList::default(),
            closed: CountedList::default(),
            links: CountedList::default(),
            refused: HashSet::new(),
            work,
        })
    }

    /// Looks through the prompts or the templates. Those that do not arrive are looked through for the entries of the request alone.
    pub(super) fn items(&mut self, kind: ItemKind, items: &'a [CapturedItem], arrive: bool) -> Result<(), OverBudget> {
        let (mut open, mut closed) = (MAX_KEPT, MAX_KEPT);
        for item in items {
            let summary = self.summarize(kind, item, &[], arrive, [&mut open, &mut closed])?;
            if !arrive || summary.total == 0 {
                continue;
            }
            let at = self.senders.len();
            for key in [Cow::Owned(item.id.to_string()), Cow::Borrowed(item.document.name())] {
                let group = self.by_key.entry((kind, key)).or_default();
                group.open += summary.open;
                group.total += summary.total;
                group.members.push(at);
                if summary.open > 0 {
                    group.open_members.push(at);
                }
            }
            self.senders.push(SendingItem { kind, item, summary });
        }
        Ok(())
    }

    /// Looks through an automation that does not arrive.
    pub(super) fn skip(&mut self, automation: &'a CapturedItem) -> Result<(), OverBudget> {
        self.summarize(ItemKind::Automation, automation, &[], false, [&mut 0, &mut 0]).map(drop)
    }

    /// Judges what an automation sends to, through the prompts and templates that it uses, too. What `rewires` replaces is none.
    pub(super) fn automation(
        &mut self,
        lookup: &Lookup<'_>,
        automation: &'a CapturedItem,
        rewires: &[Rewire],
    ) -> Result<UnacceptedDestinations, OverBudget> {
        let (id, name) = (automation.id, cut(automation.document.name(), MAX_REFERENCE_NAME));
        let (mut open, mut closed) = (MAX_LISTED, MAX_LISTED);
        let own = self.summarize(ItemKind::Automation, automation, rewires, true, [&mut open, &mut closed])?;
        let mut unaccepted = UnacceptedDestinations { total: own.open, texts: own.texts };
        self.list(own.entries.into_iter(), own.open, own.total, id, &name);
        let mut used = HashSet::new();
        let work = self.work;
        lookup.each_site::<OverBudget>(ItemKind::Automation, automation, work, |site| {
            work.spend(1 + site.value.len())?;
            let Some(kind) = site.ref_type.item_kind() else { return Ok(()) };
            let key = (kind, site.value);
            let room_for_open = self.open.listed.len() < MAX_LISTED;
            let room_for_closed = self.closed.listed.len() < MAX_LISTED;
            if let Some(group) = self.by_key.get_mut(&key)
                && !used.contains(&key)
            {
                group.is_used = true;
                unaccepted.total += group.open;
                let (open, total) = (group.open, group.total);
                let texts = group.open_members.iter().take(MAX_LISTED).flat_map(|at| &self.senders[*at].summary.texts);
                let room = MAX_LISTED.saturating_sub(unaccepted.texts.len());
                unaccepted.texts.extend(texts.take(room).cloned());
                let is_listed = (open > 0 && room_for_open) || (total > open && room_for_closed);
                let members = group.members.iter().take(if is_listed { MAX_LISTED } else { 0 });
                let entries = members.flat_map(|at| &self.senders[*at].summary.entries);
                let has_room =
                    |entry: &&PlannedDestination| if entry.accepted { room_for_closed } else { room_for_open };
                let entries: Vec<_> = entries.filter(has_room).take(MAX_LISTED).cloned().collect();
                self.list(entries.into_iter(), open, total, id, &name);
                used.insert(key);
            }
            Ok(())
        })?;
        Ok(unaccepted)
    }

    /// Lists what an automation sends to, as far as there is room, and counts all of it.
    fn list(
        &mut self,
        entries: impl Iterator<Item = PlannedDestination>,
        open: usize,
        total: usize,
        automation: ObjectId,
        name: &str,
    ) {
        for entry in entries {
            let list = if entry.accepted { &mut self.closed } else { &mut self.open };
            if list.listed.len() < MAX_LISTED {
                let automation_name = name.to_owned();
                list.listed.push(PlannedDestination { automation_id: Some(automation), automation_name, ..entry });
            }
        }
        self.open.total += open;
        self.closed.total += total - open;
    }

    fn summarize(
        &mut self,
        kind: ItemKind,
        item: &CapturedItem,
        rewires: &[Rewire],
        arrives: bool,
        [open, closed]: [&mut usize; 2],
    ) -> Result<DestinationSummary, OverBudget> {
        // Values that become the new user's own do not count, either.
        let own = OwnPlaces::of(item);
        let document = item.document.as_value();
        // An id within a text, such as an address, leaves the rest of it as it is.
        let is_whole =
            |pointer: &&str| document.pointer(pointer).and_then(Value::as_str).is_some_and(id_shape::is_ids_alone);
        // A list has many at one place, and is looked at once.
        let rewired: HashSet<&str> = rewires.iter().map(|rewire| rewire.pointer.as_str()).collect();
        let rewired: HashSet<&str> = rewired.into_iter().filter(is_whole).collect();
        let (mut summary, mut seen) = (DestinationSummary::default(), HashSet::new());
        let is_automation = kind == ItemKind::Automation;
        let Self { accepted, missing, links, work, .. } = self;
        destination::visit(kind, &item.document, work, &mut |pointer, sighting| {
            let shown = || cut(pointer, MAX_POINTER).into_owned();
            let found = match sighting {
                AddressUse::Link(link) if arrives => {
                    let link = || cut(link, MAX_POINTER).into_owned();
                    return links.add(&mut 1, || PlannedLink {
                        link: link(),
                        item_kind: kind,
                        item_id: item.id,
                        item_name: cut(item.document.name(), MAX_REFERENCE_NAME).into_owned(),
                        pointer: shown(),
                    });
                }
                AddressUse::Link(_) => return,
                AddressUse::Destination(found) => found,
            };
            if rewired.contains(pointer) || own.hold(pointer, &found.text) || seen.contains(&found.text) {
                return;
            }
            missing.remove(found.text.as_str());
            let accepted = accepted.contains(found.text.as_str());
            summary.total += 1;
            summary.open += usize::from(!accepted);
            if !accepted && summary.texts.len() < MAX_LISTED {
                summary.texts.push(found.text.clone());
            }
            let room: &mut usize = if accepted { closed } else { open };
            if arrives && *room > 0 {
                *room -= 1;
                summary.entries.push(PlannedDestination {
                    host: found.ascii_host(),
                    destination: found.text.clone(),
                    kind: found.kind,
                    automation_id: None,
                    automation_name: String::new(),
                    item_kind: (!is_automation).then_some(kind),
                    item_id: (!is_automation).then_some(item.id),
                    item_name: (!is_automation).then(|| cut(item.document.name(), MAX_REFERENCE_NAME).into_owned()),
                    pointer: shown(),
                    accepted,
                });
            }
            seen.insert(found.text);
        })?;
        Ok(summary)
    }

    /// Refuses or warns of what an automation sends to that nobody accepts.
    pub(super) fn judge(
        &mut self,
        plan: &mut Plan,
        automation: &CapturedItem,
        unaccepted: &UnacceptedDestinations,
        incomplete: bool,
        choices: &Choices,
    ) {
        if unaccepted.total == 0 {
            return;
        }
        match choices.on_unmapped {
            OnUnmapped::Reject => {
                let name = shortened(automation.document.name());
                for text in &unaccepted.texts {
                    if plan.refusals.len() < MAX_REFUSALS && self.refused.insert(text.clone()) {
                        let detail = format!(
                            "the automation {name} sends to {} by itself: add that to allowDestinations, or leave out \
                             onUnmapped so that the automation arrives switched off",
                            shortened(text)
                        );
                        let about = cut(automation.document.name(), MAX_REFERENCE_NAME);
                        plan.refusals.push(Refusal {
                            automation_name: Some(about.into_owned()),
                            ..Refusal::at(&[ALLOW_DESTINATIONS], detail).of_value(text)
                        });
                    }
                }
            }
            OnUnmapped::SwitchOff => {
                let shown: Vec<String> =
                    unaccepted.texts.iter().take(super::words::SHOWN).map(|text| shortened(text)).collect();
                let secrets = match incomplete {
                    true => "; its secrets have to be filled in as well",
                    false => "",
                };
                let detail = format!(
                    "it arrives switched off, because it sends to {} by itself; accept that with allowDestinations, or look at \
                     it and switch it on{secrets}",
                    first_few(&shown, unaccepted.total)
                );
                plan.warnings.push(Warning::about(WarningCode::ExternalDestination, automation, detail));
            }
        }
    }

    /// Warns of prompts and templates that no automation uses, refuses entries that the snapshot does not have, and puts the
    /// lists into the plan: what nobody accepts first.
    pub(super) fn finish(mut self, plan: &mut Plan) {
        let mut used = vec![false; self.senders.len()];
        for group in self.by_key.values().filter(|group| group.is_used) {
            group.members.iter().for_each(|at| used[*at] = true);
        }
        for (SendingItem { kind, item, summary }, _) in
            self.senders.into_iter().zip(used).filter(|(_, is_used)| !is_used)
        {
            if summary.open > 0 {
                let shown: Vec<String> =
                    summary.texts.iter().take(super::words::SHOWN).map(|text| shortened(text)).collect();
                let (name, places) = (shortened(item.document.name()), first_few(&shown, summary.open));
                let detail = format!("the {kind} {name}, which no automation uses yet, sends to {places} by itself");
                plan.warnings.push(Warning::new(WarningCode::ExternalDestination, "", detail));
            }
            self.open.total += summary.open;
            self.closed.total += summary.total - summary.open;
            for entry in summary.entries {
                let list = if entry.accepted { &mut self.closed } else { &mut self.open };
                if list.listed.len() < MAX_LISTED {
                    list.listed.push(entry);
                }
            }
        }
        let mut missing: Vec<_> = self.missing.into_iter().collect();
        missing.sort_by_key(|(_, index)| *index);
        let room = MAX_REFUSALS.saturating_sub(plan.refusals.len());
        plan.refusals.extend(missing.into_iter().take(room).map(|(text, index)| {
            let detail = format!(
                "the snapshot does not send to {}; take a destination from the answer of plan",
                shortened(text)
            );
            Refusal::at(&[ALLOW_DESTINATIONS, &index.to_string()], detail).of_value(text)
        }));
        let total = self.open.total + self.closed.total;
        let listed = self.open.listed.into_iter().chain(self.closed.listed).take(MAX_LISTED).collect();
        plan.destinations = CountedList { listed, total };
        plan.links = self.links;
    }
}

/// Says that the request accepts destinations where nothing foreign arrives.
pub(super) fn ignored(choices: &Choices) -> Option<Warning> {
    let detail = "the snapshot is of your own organization, so allowDestinations has no effect";
    (!choices.allow_destinations.is_empty())
        .then(|| Warning::new(WarningCode::DestinationsIgnored, "", detail.to_owned()))
}

/// The whole content is looked through, also where only a part of it arrives.
pub(super) fn prepare<'a>(
    review: &mut DestinationReview<'a>,
    content: &'a Content,
    choices: &Choices,
) -> Result<(), OverBudget> {
    for (kind, items) in content.items.iter().filter(|(kind, _)| !kind.has_switch()) {
        review.items(kind, items, *choices.apply.get(kind))?;
    }
    match choices.apply.automations {
        true => Ok(()),
        false => content.items.automations.iter().try_for_each(|automation| review.skip(automation)),
    }
}
