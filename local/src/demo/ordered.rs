//! JSON in the order in which it was written, so that a person sees what went over the wire.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};
use shared::domain::values::NUMBER_KEY;

/// A JSON value whose objects keep the order of their fields.
pub(super) enum OrderedJson {
    /// Neither an object nor an array.
    Plain(Value),
    Array(Vec<OrderedJson>),
    Object(Vec<(String, OrderedJson)>),
}

impl OrderedJson {
    /// The same with the name of the field in brackets for what is secret.
    pub(super) fn without_secrets(self) -> Self {
        match self {
            Self::Object(fields) => Self::Object(fields.into_iter().map(without_secret).collect()),
            Self::Array(values) => Self::Array(values.into_iter().map(Self::without_secrets).collect()),
            plain => plain,
        }
    }
}

fn without_secret((name, value): (String, OrderedJson)) -> (String, OrderedJson) {
    let value = match name.as_str() {
        "password" | "token" | "passwordHash" => OrderedJson::Plain(Value::String(format!("({name})"))),
        _ => value.without_secrets(),
    };
    (name, value)
}

impl Serialize for OrderedJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::Array(values) => values.serialize(serializer),
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for OrderedJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OrderedVisitor)
    }
}

struct OrderedVisitor;

impl<'de> Visitor<'de> for OrderedVisitor {
    type Value = OrderedJson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<OrderedJson, E> {
        Ok(OrderedJson::Plain(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<OrderedJson, E> {
        Ok(OrderedJson::Plain(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<OrderedJson, E> {
        Ok(OrderedJson::Plain(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<OrderedJson, E> {
        Ok(OrderedJson::Plain(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<OrderedJson, E> {
        Ok(OrderedJson::Plain(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<OrderedJson, E> {
        Ok(OrderedJson::Plain(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<OrderedJson, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element()? {
            values.push(value);
        }
        Ok(OrderedJson::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<OrderedJson, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = access.next_key::<String>()? {
            if name == NUMBER_KEY {
                let number = access.next_value::<String>()?.parse::<Number>().map_err(A::Error::custom)?;
                return Ok(OrderedJson::Plain(number.into()));
            }
            fields.push((name, access.next_value()?));
        }
        Ok(OrderedJson::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        serde_json::to_string(&serde_json::from_str::<OrderedJson>(json).unwrap().without_secrets()).unwrap()
    }

    #[test]
    fn the_order_of_fields_and_every_kind_of_value_survive() {
        let json = r#"{"z":1,"a":[true,null,-2,0.5,"t",{"y":{},"b":[]}],"m":18446744073709551615}"#;
        assert_eq!(shown(json), json);
    }

    #[test]
    fn secrets_are_shown_as_what_they_are_at_any_depth() {
        let json = r#"{"a":[{"password":"p","token":["t"]}],"passwordHash":{"h":1},"name":"n"}"#;
        let expected =
            r#"{"a":[{"password":"(password)","token":"(token)"}],"passwordHash":"(passwordHash)","name":"n"}"#;
        assert_eq!(shown(json), expected);
    }
}
