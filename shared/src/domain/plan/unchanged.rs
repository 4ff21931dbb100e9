//! Prompts and templates, which arrive as they were, ids aside.

use super::items::ItemResolution;
use super::words::{self, SHOWN};
use super::{CountedList, Plan, PlannedClone, Warning, WarningCode, identity, opaque, texts};
use crate::domain::content::CapturedItem;
use crate::domain::{ItemKind, OverBudget, Work, reference};

/// Adds prompts or templates with their ids resolved, each with a warning where it lost a secret.
pub(super) fn arrive<'a>(
    plan: &mut Plan,
    kind: ItemKind,
    items: impl IntoIterator<Item = (&'a CapturedItem, ItemResolution)>,
    identity: &mut identity::IdentityReview<'_>,
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
        texts::warn(plan, kind, item, work)?;
        opaque::warn(plan, kind, item, work)?;
        let mut clone = PlannedClone { rewires, identity, ..clone_of(kind, item) };
        reference::rewrite(&mut clone.document, replacements);
        plan.clones.push(clone);
    }
    Ok(())
}

fn clone_of(kind: ItemKind, item: &CapturedItem) -> PlannedClone {
    PlannedClone {
        kind,
        source_id: item.id,
        document: item.document.clone(),
        enabled: None,
        rewires: Vec::new(),
        mapped: CountedList::default(),
        identity: Vec::new(),
    }
}
