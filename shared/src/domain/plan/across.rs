//! An apply into another organization.

use super::choices::SELECTED_PROMPT_NAMES;
use super::clone_index::CloneIndex;
use super::counted_list::Room;
use super::destinations::{self, DestinationReview, UnacceptedDestinations};
use super::items;
use super::mapping::Mapping;
use super::refusal::MAX_REFUSALS;
use super::resolve::{self, Resolver};
use super::targets::Targets;
use super::{
    Choices, MappedCounts, OnUnmapped, Outcome, Plan, PlannedClone, Refusal, SkippedCounts, Warning, WarningCode,
    identity, opaque, texts, unchanged, words,
};
use crate::domain::content::{CapturedItem, Content};
use crate::domain::reference::Lookup;
use crate::domain::{ItemKind, Organization, OverBudget, PerKind, Work};

/// Into another organization everything is cloned, unless a flag leaves it out.
pub(super) fn plan(
    content: &Content,
    targets: &Organization,
    choices: &Choices,
    work: &Work,
) -> Result<Plan, OverBudget> {
    let mut plan = Plan::default();
    if choices.selected_prompt_names.as_ref().is_some_and(|names| !names.is_empty()) {
        let detail = "prompts can only be selected in the snapshot's own organization; leave this out to clone all";
        plan.refusals.push(Refusal::at(&[SELECTED_PROMPT_NAMES], detail.to_owned()));
    }
    let applied = |kind| if *choices.apply.get(kind) { content.items.get(kind).as_slice() } else { &[] };
    let items = PerKind::from_fn(applied);
    let mut review = DestinationReview::new(targets, choices, work)?;
    destinations::prepare(&mut review, content, choices)?;
    let (lookup, targets) = (Lookup::of(content, work)?, Targets::new(targets));
    let mut room = Room::default();
    let mut resolver = Resolver {
        lookup: &lookup,
        targets: &targets,
        arriving: items.try_map(|kind, items| CloneIndex::new(kind, items, work))?,
        work,
    };
    let resolutions = items.try_map(|kind, items| match kind.has_switch() {
        true => Ok(Vec::new()),
        false => items::resolve(kind, items, &resolver, &mut room.dangling),
    })?;
    items::note_unfinished(&mut resolver.arriving, items, &resolutions, work)?;
    let mut identity = identity::IdentityReview::new(items, choices, work)?;
    if choices.apply.automations {
        let (mapping, refusals) = Mapping::judge(content, &lookup, &targets, choices, work)?;
        plan.refusals.extend(refusals);
        for (automation, mapping) in items.automations.iter().zip(&mapping.automations) {
            let resolved = resolver.resolve(automation, mapping, &mut room)?;
            let judged = identity.automation(&mut plan, &lookup, automation, &resolved.document)?;
            let unaccepted = review.automation(&lookup, automation, &resolved.rewires)?;
            arrive_mapped(&mut plan, automation, resolved, judged, (&mut review, &unaccepted), &targets, choices);
            texts::warn(&mut plan, ItemKind::Automation, automation, work)?;
            opaque::warn(&mut plan, ItemKind::Automation, automation, work)?;
        }
    }
    for (kind, resolutions) in resolutions {
        unchanged::arrive(&mut plan, kind, items.get(kind).iter().zip(resolutions), &mut identity, work)?;
    }
    review.finish(&mut plan);
    plan.outcome = Outcome {
        cloned: items.map(|_, items| items.len()),
        mapped: MappedCounts::default(),
        skipped: SkippedCounts::from(items.map(|kind, items| content.items.get(kind).len() - items.len())),
    };
    Ok(plan)
}

/// Adds one automation whose references were resolved: off, with a warning, where one leads nowhere or to something
/// that lost a secret or a value of the source person, and where it sends to what nobody accepts.
fn arrive_mapped(
    plan: &mut Plan,
    automation: &CapturedItem,
    mut resolved: resolve::ResolvedAutomation,
    identity: identity::Judgement,
    (review, unaccepted): (&mut DestinationReview<'_>, &UnacceptedDestinations),
    targets: &Targets<'_>,
    choices: &Choices,
) {
    let removed = &automation.removed_secrets;
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
        source_id: automation.id,
        document: resolved.document,
        enabled: Some(
            automation.enabled == Some(true)
                && !is_dangling
                && !incomplete
                && !identity.is_incomplete
                && unaccepted.total == 0,
        ),
        rewires: resolved.rewires,
        mapped: resolved.mapped,
        identity: identity.rewires,
    });
}

/// Refuses or warns of the references of an automation that lead nowhere, and warns of those that may mean something else here.
fn judge_references(
    plan: &mut Plan,
    automation: &CapturedItem,
    resolved: &mut resolve::ResolvedAutomation,
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
