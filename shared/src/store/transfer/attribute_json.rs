//! Items as JSON in DynamoDB's own form: `{"PK": {"S": "…"}, …}`.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::domain::Fault;
use crate::store::table::outcome::Item;

/// Returns an item as JSON, the same text for the same item.
pub(super) fn write_item(item: &Item) -> Result<String, Fault> {
    Ok(write_fields(item)?.to_string())
}

/// Reads an item. Fails with what is wrong.
pub(super) fn read_item(text: &str) -> Result<Item, String> {
    let fields: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    read_fields(fields)
}

fn write_fields(fields: &Item) -> Result<Value, Fault> {
    let mut names: Vec<&String> = fields.keys().collect();
    names.sort_unstable();
    let fields: Result<Map<String, Value>, Fault> =
        names.into_iter().map(|name| Ok((name.clone(), write(&fields[name])?))).collect();
    Ok(Value::Object(fields?))
}

fn write(value: &AttributeValue) -> Result<Value, Fault> {
    let encode = |bytes: &Blob| STANDARD.encode(bytes.as_ref());
    Ok(match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::B(bytes) => json!({"B": encode(bytes)}),
        AttributeValue::Bool(value) => json!({"BOOL": value}),
        AttributeValue::Null(_) => json!({"NULL": true}),
        AttributeValue::Ss(texts) => json!({"SS": sorted(texts.clone())}),
        AttributeValue::Ns(numbers) => json!({"NS": sorted(numbers.clone())}),
        AttributeValue::Bs(values) => json!({"BS": sorted(values.iter().map(encode).collect())}),
        AttributeValue::L(values) => json!({"L": values.iter().map(write).collect::<Result<Vec<_>, _>>()?}),
        AttributeValue::M(fields) => json!({"M": write_fields(fields)?}),
        other => return Err(Fault::Corrupt(format!("a value of an unknown type: {other:?}"))),
    })
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts
}

fn read_fields(fields: Map<String, Value>) -> Result<Item, String> {
    fields.into_iter().map(|(name, value)| Ok((name, read(value)?))).collect()
}

fn read(value: Value) -> Result<AttributeValue, String> {
    let typed = match value {
        Value::Object(typed) if typed.len() == 1 => typed.into_iter().next(),
        _ => None,
    };
    let (kind, value) = typed.ok_or("a value is no object with one type")?;
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => Ok(AttributeValue::S(text)),
        ("N", Value::String(number)) => Ok(AttributeValue::N(number)),
        ("B", Value::String(text)) => Ok(AttributeValue::B(decode(&text)?)),
        ("BOOL", Value::Bool(value)) => Ok(AttributeValue::Bool(value)),
        ("NULL", Value::Bool(true)) => Ok(AttributeValue::Null(true)),
        ("SS", Value::Array(values)) => Ok(AttributeValue::Ss(texts(values)?)),
        ("NS", Value::Array(values)) => Ok(AttributeValue::Ns(texts(values)?)),
        ("BS", Value::Array(values)) => {
            let values = texts(values)?;
            Ok(AttributeValue::Bs(values.iter().map(|text| decode(text)).collect::<Result<_, _>>()?))
        }
        ("L", Value::Array(values)) => Ok(AttributeValue::L(values.into_iter().map(read).collect::<Result<_, _>>()?)),
        ("M", Value::Object(fields)) => Ok(AttributeValue::M(read_fields(fields)?)),
        (kind, _) => Err(format!("a value is no {kind}")),
    }
}

fn texts(values: Vec<Value>) -> Result<Vec<String>, String> {
    let text = |value: Value| value.as_str().map(str::to_owned).ok_or("a value of a set is no text".to_owned());
    values.into_iter().map(text).collect()
}

fn decode(text: &str) -> Result<Blob, String> {
    STANDARD.decode(text).map(Blob::new).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_as_it_was_written() {
        let blob = |bytes: &[u8]| Blob::new(bytes);
        let list = AttributeValue::L(vec![AttributeValue::Bool(false), AttributeValue::Null(true)]);
        let item = Item::from([
            ("s".to_owned(), AttributeValue::S("é\n\"".to_owned())),
            ("n".to_owned(), AttributeValue::N("1.50".to_owned())),
            ("b".to_owned(), AttributeValue::B(blob(&[0, 255]))),
            ("l".to_owned(), list.clone()),
            ("m".to_owned(), AttributeValue::M(Item::from([("x".to_owned(), list)]))),
            ("ss".to_owned(), AttributeValue::Ss(vec!["a".to_owned()])),
            ("ns".to_owned(), AttributeValue::Ns(vec!["1".to_owned()])),
            ("bs".to_owned(), AttributeValue::Bs(vec![blob(b"a")])),
        ]);
        assert_eq!(read_item(&write_item(&item).unwrap()).unwrap(), item);
        let set = |texts: [&str; 2]| AttributeValue::Ss(texts.map(str::to_owned).to_vec());
        let [one, other] =
            [set(["a", "b"]), set(["b", "a"])].map(|set| write_item(&Item::from([("s".to_owned(), set)])));
        assert_eq!(one.unwrap(), other.unwrap(), "a set has no order");
        for bad in
            ["", "[]", r#"{"a": 1}"#, r#"{"a": {"S": 1}}"#, r#"{"a": {"B": "*"}}"#, r#"{"a": {"S": "x", "N": "1"}}"#]
        {
            assert!(read_item(bad).is_err(), "{bad}");
        }
    }
}
