//! Warns of binary values, which travel as they are: no secret and no reference is looked for in them.

use serde_json::Value;

use super::words::{self, SHOWN};
use super::{Plan, Warning, WarningCode};
use crate::domain::content::CapturedItem;
use crate::domain::{ItemKind, OverBudget, Work};

/// The most bytes of a binary value, or of a set of them, that travel without a warning.
const MAX_BYTES: usize = 1_000;

/// Warns of the binary values of an item that are large enough to hold what somebody should look at.
pub(super) fn warn(plan: &mut Plan, kind: ItemKind, item: &CapturedItem, work: &Work) -> Result<(), OverBudget> {
    let document = &item.document;
    let binaries = document.types().iter().filter(|place| place.kind.is_binary());
    let mut opaque = Vec::new();
    for place in binaries {
        work.spend(1 + place.pointer.len())?;
        if document.as_value().pointer(&place.pointer).map_or(0, bytes) > MAX_BYTES {
            opaque.push(place.pointer.as_str());
        }
    }
    if opaque.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = opaque.iter().take(SHOWN).map(|pointer| words::shortened(pointer)).collect();
    let places = words::first_few(&shown, opaque.len());
    let detail = format!(
        "the {kind} {} has binary values of more than {MAX_BYTES} bytes, at {places}; they are not searched for secrets and references",
        words::shortened(document.name()),
    );
    plan.warnings.push(Warning::of_item(WarningCode::OpaqueValue, kind, item, detail));
    Ok(())
}

/// How many bytes the base64 of a binary value, or of a set of them, stands for.
fn bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.trim_end_matches('=').len() / 4 * 3 + text.trim_end_matches('=').len() % 4 * 3 / 4,
        Value::Array(values) => values.iter().map(bytes).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::domain::values::{TypedPlace, ValueType};
    use crate::domain::{Document, ObjectId};

    fn warned(kind: ValueType, value: Value) -> Vec<Warning> {
        let document: Document = serde_json::from_value(json!({"name": "A", "v": value})).unwrap();
        let document = document.with_types(vec![TypedPlace { pointer: "/v".into(), kind }]);
        let item = CapturedItem {
            document,
            enabled: Some(true),
            id: ObjectId::from_bytes([1; 12]),
            identity: Vec::new(),
            removed_secrets: Vec::new(),
        };
        let mut plan = Plan::default();
        warn(&mut plan, ItemKind::Automation, &item, &Work::unlimited()).unwrap();
        plan.warnings
    }

    #[test]
    fn more_than_1_kb_of_binary_is_warned_of() {
        for (length, count) in [(0, 0), (999, 0), (1_000, 0), (1_001, 1)] {
            let text = STANDARD.encode(vec![0; length]);
            assert_eq!(warned(ValueType::Binary, json!(text)).len(), count, "{length}");
            let (half, rest) = (STANDARD.encode(vec![0; length / 2]), STANDARD.encode(vec![1; length - length / 2]));
            assert_eq!(warned(ValueType::Binaries, json!([half, rest])).len(), count, "{length}");
        }
        let warning = warned(ValueType::Binary, json!(STANDARD.encode([0; 2_000]))).remove(0);
        assert_eq!((warning.code, warning.automation_name.as_str()), (WarningCode::OpaqueValue, "A"));
        assert!(warning.detail.contains("\"/v\"") || warning.detail.contains("/v"), "{}", warning.detail);
        assert!(warned(ValueType::Texts, json!(["x".repeat(2_000)])).is_empty());
    }
}
