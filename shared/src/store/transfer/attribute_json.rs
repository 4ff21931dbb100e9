//! Items as JSON in DynamoDB's own form: `{"PK": {"S": "…"}, …}`.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::domain::Fault;
use crate::store::table::outcome::Item;

/// The attributes of an item or a map. Every name is read as it is written, also one that `serde_json::Value` reads as something else.
type Attributes = BTreeMap<String, AttributeForm>;

/// An attribute as DynamoDB writes it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum AttributeForm {
    S(String),
    N(String),
    B(String),
    Bool(bool),
    Null(bool),
    Ss(Vec<String>),
    Ns(Vec<String>),
    Bs(Vec<String>),
    L(Vec<Self>),
    M(Attributes),
}

/// Returns an item as JSON, the same text for the same item.
pub(super) fn write_item(item: &Item) -> Result<String, Fault> {
    serde_json::to_string(&written(item)?).map_err(|error| Fault::Corrupt(error.to_string()))
}

/// Reads an item. Fails with what is wrong.
pub(super) fn read_item(text: &str) -> Result<Item, String> {
    read(serde_json::from_str(text).map_err(|error| error.to_string())?)
}

fn written(fields: &Item) -> Result<Attributes, Fault> {
    fields.iter().map(|(name, value)| Ok((name.clone(), AttributeForm::of(value)?))).collect()
}

fn read(fields: Attributes) -> Result<Item, String> {
    fields.into_iter().map(|(name, form)| Ok((name, form.value()?))).collect()
}

impl AttributeForm {
    fn of(value: &AttributeValue) -> Result<Self, Fault> {
        let encode = |bytes: &Blob| STANDARD.encode(bytes.as_ref());
        Ok(match value {
            AttributeValue::S(text) => Self::S(text.clone()),
            AttributeValue::N(number) => Self::N(number.clone()),
            AttributeValue::B(bytes) => Self::B(encode(bytes)),
            AttributeValue::Bool(value) => Self::Bool(*value),
            AttributeValue::Null(_) => Self::Null(true),
            AttributeValue::Ss(texts) => Self::Ss(sorted(texts.clone())),
            AttributeValue::Ns(numbers) => Self::Ns(sorted(numbers.clone())),
            AttributeValue::Bs(values) => Self::Bs(sorted(values.iter().map(encode).collect())),
            AttributeValue::L(values) => Self::L(values.iter().map(Self::of).collect::<Result<_, _>>()?),
            AttributeValue::M(fields) => Self::M(written(fields)?),
            other => return Err(Fault::Corrupt(format!("a value of an unknown type: {other:?}"))),
        })
    }

    fn value(self) -> Result<AttributeValue, String> {
        Ok(match self {
            Self::S(text) => AttributeValue::S(text),
            Self::N(number) => AttributeValue::N(number),
            Self::B(text) => AttributeValue::B(decode(&text)?),
            Self::Bool(value) => AttributeValue::Bool(value),
            Self::Null(true) => AttributeValue::Null(true),
            Self::Null(false) => return Err("a null is true".to_owned()),
            Self::Ss(texts) => AttributeValue::Ss(texts),
            Self::Ns(numbers) => AttributeValue::Ns(numbers),
            Self::Bs(values) => AttributeValue::Bs(values.iter().map(|text| decode(text)).collect::<Result<_, _>>()?),
            Self::L(values) => AttributeValue::L(values.into_iter().map(Self::value).collect::<Result<_, _>>()?),
            Self::M(fields) => AttributeValue::M(read(fields)?),
        })
    }
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts
}

fn decode(text: &str) -> Result<Blob, String> {
    STANDARD.decode(text).map(Blob::new).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::{NUMBER_KEY, RAW_VALUE_KEY};

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
            (
                NUMBER_KEY.to_owned(),
                AttributeValue::M(Item::from([(RAW_VALUE_KEY.to_owned(), AttributeValue::Bool(true))])),
            ),
            ("ss".to_owned(), AttributeValue::Ss(vec!["a".to_owned()])),
            ("ns".to_owned(), AttributeValue::Ns(vec!["1".to_owned()])),
            ("bs".to_owned(), AttributeValue::Bs(vec![blob(b"a")])),
        ]);
        assert_eq!(read_item(&write_item(&item).unwrap()).unwrap(), item);
        let set = |texts: [&str; 2]| AttributeValue::Ss(texts.map(str::to_owned).to_vec());
        let [one, other] =
            [set(["a", "b"]), set(["b", "a"])].map(|set| write_item(&Item::from([("s".to_owned(), set)])));
        assert_eq!(one.unwrap(), other.unwrap(), "a set has no order");
        for bad in [
            "",
            "[]",
            r#"{"a": 1}"#,
            r#"{"a": {"S": 1}}"#,
            r#"{"a": {"B": "*"}}"#,
            r#"{"a": {"NULL": false}}"#,
            r#"{"a": {}}"#,
            r#"{"a": {"X": "1"}}"#,
            r#"{"a": {"S": "x", "N": "1"}}"#,
        ] {
            assert!(read_item(bad).is_err(), "{bad}");
        }
    }
}
