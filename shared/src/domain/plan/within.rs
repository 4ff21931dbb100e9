//! An apply within the source's own organization.

use std::collections::{BTreeSet, HashSet};

use super::choices::SELECTED_PROMPT_NAMES;
use super::refusal::MAX_REFUSALS;
use super::{
    Choices, MappedCounts, Outcome, Plan, Refusal, SkippedCounts, Warning, WarningCode, identity, items, unchanged,
    words,
};
use crate::domain::content::{CapturedItem, Content};
use crate::domain::reference::Lookup;
use crate::domain::{Counts, ItemKind, ObjectId, OverBudget, PerKind, Work};

/// Within one organization only prompts are cloned; the source's switches are taken over.
pub(super) fn plan(
    content: &Content,
    existing: &BTreeSet<ObjectId>,
    choices: &Choices,
    work: &Work,
) -> Result<Plan, OverBudget> {
    let mut plan = Plan::default();
    let selected: Vec<&CapturedItem> = match &choices.selected_prompt_names {
        _ if !choices.apply.prompts => Vec::new(),
        None => content.items.prompts.iter().collect(),
        Some(names) => {
            work.spend(names.iter().map(|name| 1 + name.len()).sum())?;
            let names: HashSet<&str> = names.iter().map(String::as_str).collect();
            content.items.prompts.iter().filter(|prompt| names.contains(prompt.document.name())).collect()
        }
    };
    judge_selection(content, choices, &mut plan);
    let resolutions = items::resolve_within(&selected, &Lookup::of(content, work)?, work)?;
    let mut identity = identity::IdentityReview::new(PerKind::default(), choices, work)?;
    unchanged::arrive(&mut plan, ItemKind::Prompt, selected.into_iter().zip(resolutions), &mut identity, work)?;
    if choices.apply.automations {
        let automations = &content.items.automations;
        work.spend(automations.len())?;
        let kept = automations.iter().filter(|automation| existing.contains(&automation.id));
        plan.kept_preferences = kept.filter_map(|automation| Some((automation.id, automation.enabled?))).collect();
    }
    plan.outcome = Outcome {
        cloned: Counts { prompts: plan.clones.len(), ..Counts::default() },
        mapped: MappedCounts { prompts: content.items.prompts.len() - plan.clones.len() },
        skipped: SkippedCounts::from(content.items.counts()),
    };
    Ok(plan)
}

fn judge_selection(content: &Content, choices: &Choices, plan: &mut Plan) {
    let Some(names) = &choices.selected_prompt_names else { return };
    if !choices.apply.prompts {
        let detail = "prompts are not cloned by this request, so selectedPromptNames has no effect";
        plan.warnings.push(Warning::new(WarningCode::SelectionIgnored, "", detail.to_owned()));
        return;
    }
    let known: HashSet<&str> = content.items.prompts.iter().map(|prompt| prompt.document.name()).collect();
    let unknown = names.iter().enumerate().filter(|(_, name)| !known.contains(name.as_str()));
    plan.refusals.extend(unknown.take(MAX_REFUSALS).map(|(index, name)| {
        let detail = format!("the snapshot has no prompt named {}", words::shortened(name));
        Refusal::at(&[SELECTED_PROMPT_NAMES, &index.to_string()], detail).of_value(name)
    }));
}
