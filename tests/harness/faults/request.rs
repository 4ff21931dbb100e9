//! Reads the elements of a request that writes, and removes conditions from it.

use serde_json::{Map, Value, json};

/// A condition that holds for every item, and without an item.
const ALWAYS: &str = "attribute_exists(PK) OR attribute_not_exists(PK)";

/// The single writes by operation, each with its name inside a transaction.
const SINGLE_WRITES: [(&str, &str); 3] = [("PutItem", "Put"), ("UpdateItem", "Update"), ("DeleteItem", "Delete")];

/// One write of a request, or one check of a condition.
#[derive(Debug, Clone, Copy)]
pub struct Element<'r> {
    /// `Put`, `Update`, `Delete` or `ConditionCheck`.
    pub action: &'r str,
    /// Its content: `Item` or `Key`, with expressions.
    pub body: &'r Value,
}

impl Element<'_> {
    /// The `type` of the item that a put writes.
    pub fn item_type(&self) -> Option<&str> {
        self.body["Item"]["type"]["S"].as_str()
    }

    /// Partition and sort key.
    pub fn key(&self) -> (&str, &str) {
        let holder = if self.body.get("Item").is_some() { &self.body["Item"] } else { &self.body["Key"] };
        let part = |name: &str| holder[name]["S"].as_str().unwrap_or_default();
        (part("PK"), part("SK"))
    }

    /// Whether it changes an item.
    pub fn is_write(&self) -> bool {
        self.action != "ConditionCheck"
    }
}

/// Returns the writes and checks of a request in their order; empty for a read.
pub(super) fn elements<'r>(operation: &str, request: &'r Value) -> Vec<Element<'r>> {
    if let Some((_, action)) = SINGLE_WRITES.iter().find(|(name, _)| *name == operation) {
        return vec![Element { action, body: request }];
    }
    match operation {
        "TransactWriteItems" => request["TransactItems"].as_array().into_iter().flatten().filter_map(only).collect(),
        "BatchWriteItem" => {
            let tables = request["RequestItems"].as_object().into_iter().flat_map(Map::values);
            let writes = tables.filter_map(Value::as_array).flatten().filter_map(only);
            let plain = |element: Element<'r>| Element {
                action: element.action.trim_end_matches("Request"),
                body: element.body,
            };
            writes.map(plain).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the one field of an object, which names the kind of its value.
fn only(element: &Value) -> Option<Element<'_>> {
    element.as_object()?.iter().next().map(|(action, body)| Element { action, body })
}

/// Removes the conditions of the elements that `chosen` selects, and returns whether there were any.
///
/// A check of a condition keeps its position with a condition that always holds, so that the reasons of a cancelled transaction keep
/// their positions.
pub(super) fn strip_conditions(
    operation: &str,
    request: &mut Value,
    chosen: impl Fn(usize, Element<'_>) -> bool,
) -> bool {
    let places = elements(operation, request)
        .into_iter()
        .enumerate()
        .filter(|(place, element)| element.body.get("ConditionExpression").is_some() && chosen(*place, *element))
        .map(|(place, element)| (place, element.is_write()))
        .collect::<Vec<_>>();
    for (place, is_write) in &places {
        let body = if operation == "TransactWriteItems" {
            request["TransactItems"][*place].as_object_mut().and_then(|element| element.values_mut().next())
        } else {
            Some(&mut *request)
        };
        let Some(body) = body.and_then(Value::as_object_mut) else { continue };
        strip_condition(body);
        if !is_write {
            body.insert("ConditionExpression".to_owned(), json!(ALWAYS));
        }
    }
    !places.is_empty()
}

fn strip_condition(body: &mut Map<String, Value>) {
    body.remove("ConditionExpression");
    let update = body.get("UpdateExpression").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (field, sigil) in [("ExpressionAttributeNames", '#'), ("ExpressionAttributeValues", ':')] {
        let Some(names) = body.get_mut(field).and_then(Value::as_object_mut) else { continue };
        // DynamoDB refuses a name or a value that no expression uses, and an empty map of them.
        names.retain(|name, _| uses(&update, sigil, name));
        if names.is_empty() {
            body.remove(field);
        }
    }
}

/// Returns whether the expression has `name` as a whole word, so that `#p1` is not found in `#p10`.
fn uses(expression: &str, sigil: char, name: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == sigil;
    expression.split(|character| !is_part(character)).any(|word| word == name)
}
