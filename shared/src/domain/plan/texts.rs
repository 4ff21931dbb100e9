//! Warnings of texts that a reader of an item should know of: text that cannot be seen, links that let in who has them.

use super::words::{self, SHOWN};
use super::{Plan, Warning, WarningCode};
use crate::domain::content::CapturedItem;
use crate::domain::{ItemKind, OverBudget, Work, hidden_text, redaction};

/// Warns of what a reader of an item should know: text that cannot be seen, links that let in who has them.
pub(super) fn warn(plan: &mut Plan, kind: ItemKind, item: &CapturedItem, work: &Work) -> Result<(), OverBudget> {
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
