//! Content that was captured before today's rules.

use super::walk::Redactor;
use super::{Allowance, LimitError, text};
use crate::domain::content::{CapturedItem, Content, MAX_POINTER_BYTES, MAX_REMOVED_SECRETS};
use crate::domain::{OverBudget, Work};

/// Takes out of `content` what the rules of its time left in it. Content with findings was captured by today's rules and is not
/// walked. Where there are more places than a snapshot has room for, the first are named. Fails if the time is over.
pub fn redact_again(content: &mut Content, work: &Work) -> Result<(), OverBudget> {
    if content.findings > 0 {
        return Ok(());
    }
    let mut allowance = Allowance { places: MAX_REMOVED_SECRETS, pointer_bytes: MAX_POINTER_BYTES };
    for item in content.each_item_mut() {
        again(item, &mut allowance, work)?;
    }
    Ok(())
}

fn again(item: &mut CapturedItem, allowance: &mut Allowance, work: &Work) -> Result<(), OverBudget> {
    let redact = |fields: &mut _| Redactor::new(text::LAYERS, allowance, work).lenient().run_fields(fields);
    let Some(found) = item.document.without_binaries(redact) else { return Ok(()) };
    // A lenient one stops for time alone.
    let found = found.map_err(|_: LimitError| OverBudget)?;
    let known: std::collections::HashSet<String> = item.removed_secrets.iter().cloned().collect();
    work.spend(known.len())?;
    item.removed_secrets.extend(found.into_iter().filter(|pointer| !known.contains(pointer)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::PLACEHOLDER;
    use super::*;

    fn content(findings: u32) -> Content {
        let item = json!({
            "document": {"name": "t", "template": "**API Key:** O1F33H6MsMvd4siHAsAxXisPmW8UcaF8", "token": PLACEHOLDER},
            "id": "64eea1110000000000000201",
            "removedSecrets": ["/token"],
        });
        serde_json::from_value(
            json!({"agents": [], "automations": [], "findings": findings, "prompts": [], "templates": [item]}),
        )
        .unwrap()
    }

    #[test]
    fn what_earlier_rules_left_goes_and_is_named_beside_the_rest() {
        let mut old = content(0);
        redact_again(&mut old, &Work::unlimited()).unwrap();
        assert_eq!(old.items.templates[0].document.text("template"), Some("**API Key:** [removed secret]"));
        assert_eq!(old.items.templates[0].removed_secrets, ["/token", "/template"]);
        let once = old.clone();
        redact_again(&mut old, &Work::unlimited()).unwrap();
        assert_eq!(old, once);
    }

    #[test]
    fn content_of_todays_rules_is_not_walked_and_time_that_is_over_ends_it() {
        let (mut today, work) = (content(1), Work::unlimited());
        redact_again(&mut today, &work).unwrap();
        assert_eq!((work.done(), today), (0, content(1)));
        assert_eq!(redact_again(&mut content(0), &Work::until(|| true)), Err(OverBudget));
    }

    #[test]
    fn more_places_than_there_is_room_for_go_without_a_name() {
        let mut document =
            serde_json::from_value(json!({"a": {"token": "x1y2"}, "b": {"token": "x1y2"}, "c": {"token": "x1y2"}}))
                .unwrap();
        let mut item = content(0).items.templates.remove(0);
        std::mem::swap(&mut item.document, &mut document);
        again(&mut item, &mut Allowance { places: 2, pointer_bytes: 100 }, &Work::unlimited()).unwrap();
        assert_eq!(item.removed_secrets, ["/token", "/a/token", "/b/token"]);
        assert!(!item.document.as_value().to_string().contains("x1y2"));
    }
}
