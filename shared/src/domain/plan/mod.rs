//! What an apply will do. Pure: whatever asks "what would happen" and what makes it happen share this.

mod arrival;
mod choices;
mod destinations;
mod identity;
mod items;
mod listed;
mod mapping;
mod opaque;
mod resolve;
mod targets;
#[cfg(test)]
mod tests;
mod uses;
mod words;

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::arrival::{Arrival, ClonedItem, Origin};
pub use self::choices::{Choices, KnownUser, MAX_ENTRIES, OnUnmapped};
pub use self::destinations::{PlannedDestination, PlannedLink};
pub use self::identity::{Assumption, IdentityRewire};
pub use self::listed::{Listed, MAX_LISTED};

use self::choices::SELECTED_PROMPT_NAMES;
use self::destinations::{Review, Unaccepted};
use self::items::{Arriving, ItemResolution};
use self::listed::Room;
use self::mapping::Mapping;
use self::resolve::Resolver;
use self::targets::Targets;
use self::words::SHOWN;
use super::canonical::{Hashing, Metered};
use super::content::{CapturedAutomation, CapturedItem, Content};
use super::reference::{self, Lookup, MAX_REFERENCE_NAME, Reference};
use super::{
    Counts, Document, ItemKind, LeftOut, ObjectId, Organization, OverBudget, Work, cut, hidden_text, pointer, redaction,
};

/// Where a snapshot is applied, seen from its source.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    /// The source's own organization: automations and templates exist there already and are not cloned.
    SameOrganization {
        /// The source user's automations that still exist.
        automations: BTreeSet<ObjectId>,
    },
    /// Another organization: everything is cloned, mapped to what that organization has.
    OtherOrganization,
}

/// What an apply will do, or why it will not.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The items that arrive, automations first.
    pub clones: Vec<PlannedClone>,
    /// The new user's switches for automations that exist already.
    pub kept_preferences: Vec<(ObjectId, bool)>,
    /// What happens to how many items.
    pub outcome: Outcome,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
    /// What the caller should know that is no part of the outcome: another sharing changes it while an apply is interrupted.
    #[serde(skip)]
    pub notes: Vec<Warning>,
    /// To what the automations send by themselves, what nobody accepts first.
    #[serde(skip_serializing_if = "Listed::is_empty")]
    pub destinations: Listed<PlannedDestination>,
    /// What is taken for granted of the new user.
    #[serde(skip)]
    pub assumes: Vec<Assumption>,
    /// URLs in the texts that arrive. They follow from the clones.
    #[serde(skip)]
    pub links: Listed<PlannedLink>,
    /// Everything for which the request is refused. With one of these nothing may be written.
    #[serde(skip)]
    pub refusals: Vec<Refusal>,
}

/// An item that arrives. Its references to other items still carry source ids, and its places of identity the source person's
/// values, because those of the new user are made later.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedClone {
    /// What it is.
    pub kind: ItemKind,
    /// Its id in the snapshot.
    pub source_id: ObjectId,
    /// Its fields, with stages and agents mapped.
    pub document: Document,
    /// For an automation, whether it arrives switched on; for anything else, nothing.
    pub enabled: Option<bool>,
    /// References that get the id of another clone.
    pub rewires: Vec<Rewire>,
    /// Stages and agents that were mapped.
    pub mapped: Listed<MappedReference>,
    /// Places that get a value of the new user.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity: Vec<IdentityRewire>,
}

/// A reference of an automation and what a mapping made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MappedReference {
    /// The reference as it stands in the snapshot.
    #[serde(flatten)]
    pub reference: Reference,
    /// What stands there in the clone.
    pub target: String,
}

/// A reference by id from one clone to another.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rewire {
    /// Where the id stands, as a JSON pointer into the document.
    pub pointer: String,
    /// What it names.
    pub kind: ItemKind,
    /// The id that the named item has in the snapshot.
    pub source_id: ObjectId,
}

/// The counts of an apply, as its answer shows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Items that are cloned.
    pub cloned: Counts,
    /// Items that exist already and are used as they are.
    pub mapped: Mapped,
    /// Items that are left out.
    pub skipped: Skipped,
}

/// Items that exist already and are used as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MappedCounts)]
pub struct Mapped {
    /// Prompts.
    pub prompts: usize,
}

/// Items that are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SkippedCounts)]
pub struct Skipped {
    /// Automations.
    pub automations: usize,
    /// Templates.
    pub templates: usize,
}

/// Something that the caller should know although the apply goes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// Which kind.
    pub code: WarningCode,
    /// The automation it is about, as the snapshot or the request names it, cut where it is long; empty where it is about none.
    pub automation_name: String,
    /// The id of the automation in the source organization, where it is about one of the snapshot.
    pub automation_id: Option<ObjectId>,
    /// The references that lead nowhere.
    pub references: Listed<Reference>,
    /// The places that it is about, as JSON pointers into the document, where those are no references.
    #[serde(skip_serializing_if = "Listed::is_empty")]
    pub pointers: Listed<String>,
    /// What happened and what to do about it.
    pub detail: String,
}

/// The kinds of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// References lead nowhere; the automation arrives switched off.
    UnmappedReference,
    /// A stage exists here, but in pipelines of another type alone than in the source organization.
    StageOfAnotherType,
    /// Secrets were removed; an automation that lost one, or uses something that did, arrives switched off until
    /// somebody fills them in.
    SecretsRemoved,
    /// Something of the snapshot's source, or of the caller's organization, could not be read and was left out.
    LeftOut,
    /// A mapping names an automation that is not cloned.
    MappingIgnored,
    /// Prompts were selected, but prompts are not cloned.
    SelectionIgnored,
    /// The automation sends to a host, an address or a number that nobody has accepted; it arrives switched off.
    ExternalDestination,
    /// Destinations are accepted, but nothing foreign arrives.
    DestinationsIgnored,
    /// An item has text that cannot be seen.
    HiddenText,
    /// An item has more than 1 kB of binary, which is neither searched for secrets nor for references.
    OpaqueValue,
    /// An item has share or join links, which let in who has them. They are made to be sent, so they arrive.
    CapabilityLink,
    /// A value of the source person has none of the new user in its place and was left out; an automation that lost one, or uses
    /// something that did, arrives switched off until somebody fills it in.
    SourcePersonRemoved,
    /// A text names the source person, and stays as it is.
    SourcePersonNamed,
    /// The revision is not the one that is shared with other organizations.
    UnsharedRevision,
}

impl Warning {
    /// Warns of a revision that nobody has shared with the organization that it arrives in.
    pub fn unshared(revision: u32) -> Self {
        let detail = format!("revision {revision} is not shared with other organizations");
        Self::new(WarningCode::UnsharedRevision, "", detail)
    }
}

/// One reason for which an apply is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The place in the request, as a JSON pointer.
    pub pointer: String,
    /// What was there and what is allowed.
    pub detail: String,
}

/// The most refusals that a plan collects: an answer lists no more.
const MAX_REFUSALS: usize = 200;
/// The most code points of a refusal's pointer. Keys and values can be as long as a body, and one stands in many pointers.
const MAX_POINTER: usize = 1_000;

impl Refusal {
    /// At the place of the request that `place` leads to. A very long pointer ends in an ellipsis.
    fn at<S: AsRef<str>>(place: &[S], detail: String) -> Self {
        let segments = place.iter().map(|segment| cut(segment.as_ref(), MAX_POINTER));
        Self { pointer: cut(&pointer(segments), MAX_POINTER).into_owned(), detail }
    }
}

impl Warning {
    fn new(code: WarningCode, automation_name: &str, detail: String) -> Self {
        let automation_name = cut(automation_name, MAX_REFERENCE_NAME).into_owned();
        Self {
            code,
            automation_name,
            automation_id: None,
            references: Listed::default(),
            pointers: Listed::default(),
            detail,
        }
    }

    /// Warns of an item of any kind.
    fn of_item(code: WarningCode, kind: ItemKind, item: &CapturedItem, detail: String) -> Self {
        let is_automation = kind == ItemKind::Automation;
        let about = if is_automation { item.document.name() } else { "" };
        Self { automation_id: is_automation.then_some(item.id), ..Self::new(code, about, detail) }
    }

    fn about(code: WarningCode, automation: &CapturedAutomation, detail: String) -> Self {
        let item = &automation.item;
        Self { automation_id: Some(item.id), ..Self::new(code, item.document.name(), detail) }
    }
}

/// Decides what applying `content` to the organization `targets` does.
pub fn plan(
    content: &Content,
    scope: &Scope,
    targets: &Organization,
    choices: &Choices,
    work: &Work,
) -> Result<Plan, OverBudget> {
    let mut plan = match scope {
        Scope::SameOrganization { automations } => {
            let mut plan = plan_within(content, automations, choices, work)?;
            plan.warnings.extend(destinations::ignored(choices));
            plan
        }
        Scope::OtherOrganization => plan_across(content, targets, choices, work)?,
    };
    plan.refusals.truncate(MAX_REFUSALS);
    plan.warnings.extend(left_out(&content.left_out, "the source of the snapshot"));
    // What is here is no part of the outcome where nothing refers to it.
    plan.notes.extend(left_out(&targets.left_out, "your organization"));
    plan.assumes = identity::assumptions(&plan, choices.new_user);
    let clones_automations = *scope == Scope::OtherOrganization && choices.apply_automations;
    if !clones_automations {
        let detail = "automations are not cloned by this request, so the mapping has no effect";
        let ignored = choices.mapped_automations();
        let warnings = ignored.keys().map(|name| Warning::new(WarningCode::MappingIgnored, name, detail.to_owned()));
        plan.warnings.extend(warnings);
    }
    Ok(plan)
}

/// Warns of what could not be read, where there is any.
fn left_out(left_out: &[LeftOut], place: &str) -> Option<Warning> {
    let first = left_out.first()?;
    let shown: Vec<String> = left_out.iter().take(SHOWN).map(LeftOut::words).collect();
    let named = words::first_few(&shown, left_out.len());
    let detail = format!("{place} has what cannot be read and was left out: {named}; {}", first.reason);
    Some(Warning::new(WarningCode::LeftOut, "", detail))
}

/// Within one organization only prompts are cloned; the source's switches are taken over.
fn plan_within(
    content: &Content,
    existing: &BTreeSet<ObjectId>,
    choices: &Choices,
    work: &Work,
) -> Result<Plan, OverBudget> {
    let mut plan = Plan::default();
    let selected: Vec<&CapturedItem> = match &choices.selected_prompt_names {
        _ if !choices.apply_prompts => Vec::new(),
        None => content.prompts.iter().collect(),
        Some(names) => {
            work.spend(names.iter().map(|name| 1 + name.len()).sum())?;
            let names: HashSet<&str> = names.iter().map(String::as_str).collect();
            content.prompts.iter().filter(|prompt| names.contains(prompt.document.name())).collect()
        }
    };
    judge_selection(content, choices, &mut plan);
    let resolutions = items::resolve_within(&selected, &Lookup::of(content, work)?, work)?;
    let mut identity = identity::Review::new(&[], &[], choices, work)?;
    arrive_unchanged(&mut plan, ItemKind::Prompt, selected.into_iter().zip(resolutions), &mut identity, work)?;
    if choices.apply_automations {
        work.spend(content.automations.len())?;
        let kept = content.automations.iter().filter(|automation| existing.contains(&automation.item.id));
        plan.kept_preferences = kept.map(|automation| (automation.item.id, automation.enabled)).collect();
    }
    plan.outcome = Outcome {
        cloned: Counts { prompts: plan.clones.len(), ..Counts::default() },
        mapped: Mapped { prompts: content.prompts.len() - plan.clones.len() },
        skipped: Skipped { automations: content.automations.len(), templates: content.templates.len() },
    };
    Ok(plan)
}

fn judge_selection(content: &Content, choices: &Choices, plan: &mut Plan) {
    let Some(names) = &choices.selected_prompt_names else { return };
    if !choices.apply_prompts {
        let detail = "prompts are not cloned by this request, so selectedPromptNames has no effect";
        plan.warnings.push(Warning::new(WarningCode::SelectionIgnored, "", detail.to_owned()));
        return;
    }
    let known: HashSet<&str> = content.prompts.iter().map(|prompt| prompt.document.name()).collect();
    let unknown = names.iter().enumerate().filter(|(_, name)| !known.contains(name.as_str()));
    plan.refusals.extend(unknown.take(MAX_REFUSALS).map(|(index, name)| {
        let detail = format!("the snapshot has no prompt named {}", words::shortened(name));
        Refusal::at(&[SELECTED_PROMPT_NAMES, &index.to_string()], detail)
    }));
}

/// Into another organization everything is cloned, unless a flag leaves it out.
fn plan_across(content: &Content, targets: &Organization, choices: &Choices, work: &Work) -> Result<Plan, OverBudget> {
    let mut plan = Plan::default();
    if choices.selected_prompt_names.as_ref().is_some_and(|names| !names.is_empty()) {
        let detail = "prompts can only be selected in the snapshot's own organization; leave this out to clone all";
        plan.refusals.push(Refusal::at(&[SELECTED_PROMPT_NAMES], detail.to_owned()));
    }
    let prompts = if choices.apply_prompts { content.prompts.as_slice() } else { &[] };
    let templates = if choices.apply_templates { content.templates.as_slice() } else { &[] };
    let automations = if choices.apply_automations { content.automations.as_slice() } else { &[] };
    let mut review = Review::new(targets, choices, work)?;
    destinations::prepare(&mut review, content, choices)?;
    let (lookup, targets) = (Lookup::of(content, work)?, Targets::new(targets));
    let mut room = Room::default();
    let mut resolver = Resolver {
        lookup: &lookup,
        targets: &targets,
        automations: automations.iter().map(|automation| automation.item.id).collect(),
        prompts: Arriving::new(prompts, work)?,
        templates: Arriving::new(templates, work)?,
        work,
    };
    let in_prompts = items::resolve(ItemKind::Prompt, prompts, &resolver, &mut room.dangling)?;
    let in_templates = items::resolve(ItemKind::Template, templates, &resolver, &mut room.dangling)?;
    let resolved =
        [(ItemKind::Prompt, prompts, in_prompts.as_slice()), (ItemKind::Template, templates, in_templates.as_slice())];
    items::note_unfinished(&mut resolver.prompts, &mut resolver.templates, resolved, work)?;
    let mut identity = identity::Review::new(prompts, templates, choices, work)?;
    if choices.apply_automations {
        let (mapping, refusals) = Mapping::judge(content, &lookup, &targets, choices, work)?;
        plan.refusals.extend(refusals);
        for (automation, mapping) in automations.iter().zip(&mapping.automations) {
            let resolved = resolver.resolve(automation, mapping, &mut room)?;
            let judged = identity.automation(&mut plan, &lookup, automation, &resolved.document)?;
            let unaccepted = review.automation(&lookup, automation, &resolved.rewires)?;
            arrive_mapped(&mut plan, automation, resolved, judged, (&mut review, &unaccepted), &targets, choices);
            warn_of_texts(&mut plan, ItemKind::Automation, &automation.item, work)?;
            opaque::warn(&mut plan, ItemKind::Automation, &automation.item, work)?;
        }
    }
    arrive_unchanged(&mut plan, ItemKind::Prompt, prompts.iter().zip(in_prompts), &mut identity, work)?;
    arrive_unchanged(&mut plan, ItemKind::Template, templates.iter().zip(in_templates), &mut identity, work)?;
    review.finish(&mut plan);
    plan.outcome = Outcome {
        cloned: Counts { automations: automations.len(), prompts: prompts.len(), templates: templates.len() },
        mapped: Mapped::default(),
        skipped: Skipped {
            automations: content.automations.len() - automations.len(),
            templates: content.templates.len() - templates.len(),
        },
    };
    Ok(plan)
}

/// Adds one automation whose references were resolved: off, with a warning, where one leads nowhere or to something
/// that lost a secret or a value of the source person, and where it sends to what nobody accepts.
fn arrive_mapped(
    plan: &mut Plan,
    automation: &CapturedAutomation,
    mut resolved: resolve::Resolved,
    identity: identity::Judgement,
    (review, unaccepted): (&mut Review<'_>, &Unaccepted),
    targets: &Targets<'_>,
    choices: &Choices,
) {
    let removed = &automation.item.removed_secrets;
    let incomplete = !removed.is_empty() || resolved.uses_incomplete;
    let is_dangling = !resolved.dangling.is_empty() || !resolved.uses_unmapped.is_empty();
    judge_references(plan, automation, &mut resolved, targets, choices);
    if incomplete {
        let places = match removed.is_empty() {
            true => "what was removed from the prompts and templates that it uses".to_owned(),
            false => words::first_pointers(removed),
        };
        let detail = format!("secrets do not travel: fill in {places} and switch the automation on");
        plan.warnings.push(Warning::about(WarningCode::SecretsRemoved, automation, detail));
    }
    review.judge(plan, automation, unaccepted, incomplete, choices);
    plan.clones.push(PlannedClone {
        kind: ItemKind::Automation,
        source_id: automation.item.id,
        document: resolved.document,
        enabled: Some(
            automation.enabled && !is_dangling && !incomplete && !identity.is_incomplete && unaccepted.total == 0,
        ),
        rewires: resolved.rewires,
        mapped: resolved.mapped,
        identity: identity.rewires,
    });
}

/// Refuses or warns of the references of an automation that lead nowhere, and warns of those that may mean something else here.
fn judge_references(
    plan: &mut Plan,
    automation: &CapturedAutomation,
    resolved: &mut resolve::Resolved,
    targets: &Targets<'_>,
    choices: &Choices,
) {
    let dangling = std::mem::take(&mut resolved.dangling);
    match choices.on_unmapped {
        _ if dangling.is_empty() => {}
        OnUnmapped::Reject => {
            let room = MAX_REFUSALS.saturating_sub(plan.refusals.len());
            let refused = dangling.listed.iter().take(room);
            plan.refusals.extend(refused.map(|reference| resolve::refusal(reference, targets, choices)));
        }
        OnUnmapped::SwitchOff => {
            let detail = resolve::explain(&dangling, targets);
            let warning = Warning::about(WarningCode::UnmappedReference, automation, detail);
            plan.warnings.push(Warning { references: dangling, ..warning });
        }
    }
    if !resolved.uses_unmapped.is_empty() {
        let detail = format!(
            "it arrives switched off, because it uses {}, and ids of the source organization are kept there or in what that uses; \
             replace them and switch it on",
            words::first_few(&resolved.uses_unmapped.listed, resolved.uses_unmapped.total)
        );
        plan.warnings.push(Warning::about(WarningCode::UnmappedReference, automation, detail));
    }
    let of_another_kind = std::mem::take(&mut resolved.of_another_kind);
    if let Some(first) = of_another_kind.listed.first() {
        let stage = words::shortened(&first.value);
        let detail = format!(
            "your organization has the stage {stage} only in pipelines of a type in which the source organization does not \
             have it; map it to another stage, or see that it is the one that is meant"
        );
        let warning = Warning::about(WarningCode::StageOfAnotherType, automation, detail);
        plan.warnings.push(Warning { references: of_another_kind, ..warning });
    }
}

/// Adds prompts or templates with their ids resolved, each with a warning where it lost a secret.
fn arrive_unchanged<'a>(
    plan: &mut Plan,
    kind: ItemKind,
    items: impl IntoIterator<Item = (&'a CapturedItem, ItemResolution)>,
    identity: &mut identity::Review<'_>,
    work: &Work,
) -> Result<(), OverBudget> {
    for (item, resolution) in items {
        work.spend(1)?;
        if !item.removed_secrets.is_empty() {
            let (name, places) = (words::shortened(item.document.name()), words::first_pointers(&item.removed_secrets));
            let detail = format!("secrets do not travel: fill in {places} of the {kind} {name}");
            plan.warnings.push(Warning::new(WarningCode::SecretsRemoved, "", detail));
        }
        let ItemResolution { rewires, replacements, unmapped } = resolution;
        if !unmapped.is_empty() {
            let shown: Vec<String> = unmapped.listed.iter().take(SHOWN).map(|place| words::shortened(place)).collect();
            let (name, places) = (words::shortened(item.document.name()), words::first_few(&shown, unmapped.total));
            let detail = format!(
                "the {kind} {name} keeps ids of the source organization at {places}; automations that use it arrive switched off"
            );
            plan.warnings.push(Warning::new(WarningCode::UnmappedReference, "", detail));
        }
        let identity = identity.item(plan, kind, item)?;
        warn_of_texts(plan, kind, item, work)?;
        opaque::warn(plan, kind, item, work)?;
        let mut clone = PlannedClone { rewires, identity, ..unchanged(kind, item) };
        reference::rewrite(&mut clone.document, replacements);
        plan.clones.push(clone);
    }
    Ok(())
}

/// Warns of what a reader of an item should know: text that cannot be seen, links that let in who has them.
fn warn_of_texts(plan: &mut Plan, kind: ItemKind, item: &CapturedItem, work: &Work) -> Result<(), OverBudget> {
    warn_of_hidden_text(plan, kind, item, work)?;
    let links = redaction::capability_links(&item.document, work)?;
    if links.total > 0 {
        let name = words::shortened(item.document.name());
        let shown: Vec<String> = links.named.iter().take(SHOWN).map(|pointer| words::shortened(pointer)).collect();
        let places = words::first_few(&shown, links.total);
        let detail =
            format!("the {kind} {name} has share or join links, at {places}; anyone who has such a link can use it");
        plan.warnings.push(Warning::of_item(WarningCode::CapabilityLink, kind, item, detail));
    }
    Ok(())
}

/// Warns of text of an item that cannot be seen.
fn warn_of_hidden_text(plan: &mut Plan, kind: ItemKind, item: &CapturedItem, work: &Work) -> Result<(), OverBudget> {
    let hidden = hidden_text::find(&item.document, work)?;
    if let Some(first) = hidden.listed.first() {
        let name = item.document.name();
        let shown: Vec<String> = hidden.listed.iter().take(SHOWN).map(|text| words::shortened(&text.pointer)).collect();
        let places = words::first_few(&shown, hidden.total);
        let detail = format!(
            "the {kind} {} has text that cannot be seen, at {places}; the first is: {}",
            words::shortened(name),
            first.escaped
        );
        plan.warnings.push(Warning::of_item(WarningCode::HiddenText, kind, item, detail));
    }
    Ok(())
}

fn unchanged(kind: ItemKind, item: &CapturedItem) -> PlannedClone {
    PlannedClone {
        kind,
        source_id: item.id,
        document: item.document.clone(),
        enabled: None,
        rewires: Vec::new(),
        mapped: Listed::default(),
        identity: Vec::new(),
    }
}

impl Plan {
    /// All that the caller should know.
    pub fn told(&self) -> impl Iterator<Item = &Warning> {
        self.notes.iter().chain(&self.warnings)
    }

    /// A hash of everything that the plan does: clones, switches, counts and warnings. New ids, times, the address and
    /// the password are no part of it, so the same hash means the same outcome.
    pub fn hash(&self, work: &Work) -> Result<String, OverBudget> {
        let mut out = Metered::new(Hashing::default(), usize::MAX, work);
        // There is room for all, so only the time can end it.
        out.json(self).map_err(|_| OverBudget)?;
        Ok(hex::encode(out.into_parts().0.finish()))
    }
}
