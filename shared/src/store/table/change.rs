//! A conditional change of one item.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::Timestamp;
use crate::store::keys::{IndexKeys, PK};

/// The update and the condition of one write. Every name goes through a placeholder, because some are reserved words.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Change {
    set: Vec<(&'static str, AttributeValue)>,
    set_where_absent: Vec<(&'static str, AttributeValue)>,
    add_one: Vec<&'static str>,
    remove: Vec<&'static str>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
enum Condition {
    Exists(&'static str),
    Absent(&'static str),
    Equals(&'static str, AttributeValue),
    AbsentOrBefore(&'static str, AttributeValue),
    AbsentOrEquals(&'static str, AttributeValue),
    NotAfter(&'static str, AttributeValue),
}

impl Change {
    /// Returns a change on the condition that the item exists.
    pub(in crate::store) fn of_existing() -> Self {
        Self { conditions: vec![Condition::Exists(PK)], ..Self::default() }
    }

    /// Sets an attribute.
    #[must_use]
    pub(in crate::store) fn set(mut self, attribute: &'static str, value: AttributeValue) -> Self {
        self.set.push((attribute, value));
        self
    }

    /// Sets an attribute unless the item has it already.
    #[must_use]
    pub(in crate::store) fn set_where_absent(mut self, attribute: &'static str, value: AttributeValue) -> Self {
        self.set_where_absent.push((attribute, value));
        self
    }

    /// Adds one to a number. An absent one counts as 0.
    #[must_use]
    pub(in crate::store) fn add_one(mut self, attribute: &'static str) -> Self {
        self.add_one.push(attribute);
        self
    }

    /// Removes an attribute.
    #[must_use]
    pub(in crate::store) fn remove(mut self, attribute: &'static str) -> Self {
        self.remove.push(attribute);
        self
    }

    /// Puts the item into a partition of an index.
    #[must_use]
    pub(in crate::store) fn list(self, index: &IndexKeys, pk: String, sk: String) -> Self {
        self.set(index.pk, AttributeValue::S(pk)).set(index.sk, AttributeValue::S(sk))
    }

    /// Removes the item from an index.
    #[must_use]
    pub(in crate::store) fn unlist(self, index: &IndexKeys) -> Self {
        self.remove(index.pk).remove(index.sk)
    }

    /// Adds the condition that the attribute has this value.
    #[must_use]
    pub(in crate::store) fn when(mut self, attribute: &'static str, value: AttributeValue) -> Self {
        self.conditions.push(Condition::Equals(attribute, value));
        self
    }

    /// Adds the condition that the attribute is absent.
    #[must_use]
    pub(in crate::store) fn when_absent(mut self, attribute: &'static str) -> Self {
        self.conditions.push(Condition::Absent(attribute));
        self
    }

    /// Adds the condition that the attribute exists.
    #[must_use]
    pub(in crate::store) fn when_present(mut self, attribute: &'static str) -> Self {
        self.conditions.push(Condition::Exists(attribute));
        self
    }

    /// Adds the condition that the attribute is absent or has this value.
    #[must_use]
    pub(in crate::store) fn when_absent_or(mut self, attribute: &'static str, value: AttributeValue) -> Self {
        self.conditions.push(Condition::AbsentOrEquals(attribute, value));
        self
    }

    /// Adds the condition that the attribute is absent or sorts before this value.
    #[must_use]
    pub(in crate::store) fn when_absent_or_before(mut self, attribute: &'static str, value: AttributeValue) -> Self {
        self.conditions.push(Condition::AbsentOrBefore(attribute, value));
        self
    }

    /// Adds the condition that the attribute is not greater than this number. It holds for an absent one, and for another type.
    #[must_use]
    pub(in crate::store) fn when_not_after(mut self, attribute: &'static str, value: u64) -> Self {
        self.conditions.push(Condition::NotAfter(attribute, number(value)));
        self
    }

    /// Returns the update expression; `None` if nothing is set or removed.
    pub(in crate::store) fn expression(&self) -> Option<String> {
        let always = self.set.iter().map(|(attribute, _)| format!("#{attribute} = :{attribute}"));
        let where_absent = self
            .set_where_absent
            .iter()
            .map(|(attribute, _)| format!("#{attribute} = if_not_exists(#{attribute}, :{attribute})"));
        let counted = self
            .add_one
            .iter()
            .map(|attribute| format!("#{attribute} = if_not_exists(#{attribute}, :count_none) + :count_one"));
        let set: Vec<_> = always.chain(where_absent).chain(counted).collect();
        let remove: Vec<_> = self.remove.iter().map(|attribute| format!("#{attribute}")).collect();
        let clauses = [("SET", set), ("REMOVE", remove)].into_iter().filter(|(_, parts)| !parts.is_empty());
        let clauses: Vec<_> = clauses.map(|(word, parts)| format!("{word} {}", parts.join(", "))).collect();
        (!clauses.is_empty()).then(|| clauses.join(" "))
    }

    /// Returns the condition expression; `None` if there is no condition.
    pub(in crate::store) fn condition(&self) -> Option<String> {
        let conditions = self.conditions.iter().map(|condition| match condition {
            Condition::Exists(attribute) => format!("attribute_exists(#{attribute})"),
            Condition::Absent(attribute) => format!("attribute_not_exists(#{attribute})"),
            Condition::Equals(attribute, _) => format!("#{attribute} = :was_{attribute}"),
            Condition::AbsentOrBefore(attribute, _) => {
                format!("(attribute_not_exists(#{attribute}) OR #{attribute} < :was_{attribute})")
            }
            Condition::AbsentOrEquals(attribute, _) => {
                format!("(attribute_not_exists(#{attribute}) OR #{attribute} = :was_{attribute})")
            }
            Condition::NotAfter(attribute, _) => format!("NOT #{attribute} > :was_{attribute}"),
        });
        let conditions: Vec<_> = conditions.collect();
        (!conditions.is_empty()).then(|| conditions.join(" AND "))
    }

    /// Returns the values of the placeholders for names.
    pub(in crate::store) fn names(&self) -> HashMap<String, String> {
        let set = self.set.iter().chain(&self.set_where_absent).map(|(attribute, _)| *attribute);
        let conditions = self.conditions.iter().map(|condition| match condition {
            Condition::Exists(attribute) | Condition::Absent(attribute) => *attribute,
            Condition::Equals(attribute, _)
            | Condition::AbsentOrBefore(attribute, _)
            | Condition::AbsentOrEquals(attribute, _)
            | Condition::NotAfter(attribute, _) => *attribute,
        });
        let all = set.chain(self.add_one.iter().copied()).chain(self.remove.iter().copied()).chain(conditions);
        all.map(|attribute| (format!("#{attribute}"), attribute.to_owned())).collect()
    }

    /// Returns the values of the placeholders for values; `None` without placeholders.
    pub(in crate::store) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        let set = self.set.iter().chain(&self.set_where_absent);
        let set = set.map(|(attribute, value)| (format!(":{attribute}"), value.clone()));
        let conditions = self.conditions.iter().filter_map(|condition| match condition {
            Condition::Equals(attribute, value)
            | Condition::AbsentOrBefore(attribute, value)
            | Condition::AbsentOrEquals(attribute, value)
            | Condition::NotAfter(attribute, value) => Some((format!(":was_{attribute}"), value.clone())),
            Condition::Exists(_) | Condition::Absent(_) => None,
        });
        let counted = if self.add_one.is_empty() { [None, None] } else { [Some(("none", 0)), Some(("one", 1))] };
        let counted = counted.into_iter().flatten().map(|(name, value)| (format!(":count_{name}"), number(value)));
        let values: HashMap<_, _> = set.chain(conditions).chain(counted).collect();
        (!values.is_empty()).then_some(values)
    }
}

/// Returns a text attribute.
pub(in crate::store) fn text(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// Returns a list of texts as an attribute.
pub(in crate::store) fn texts<T: std::fmt::Display>(values: &[T]) -> AttributeValue {
    AttributeValue::L(values.iter().map(text).collect())
}

/// Returns a number attribute.
pub(in crate::store) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Returns when DynamoDB may delete an item. It may do so late: no decision depends on it.
pub(in crate::store) fn expiry(now: Timestamp, after: Duration) -> AttributeValue {
    AttributeValue::N(now.plus(after).as_seconds().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_goes_through_a_placeholder_and_every_placeholder_is_used() {
        let change = Change::of_existing()
            .when("version", number(7))
            .when_absent("deletedAt")
            .when_absent_or_before("slot", number(3))
            .when_absent_or("revision", number(4))
            .when_not_after("setupVersion", 5)
            .set("version", number(8))
            .set("name", text("new"))
            .set_where_absent("since", text("now"))
            .add_one("count")
            .remove("description");
        assert_eq!(
            change.expression().unwrap(),
            "SET #version = :version, #name = :name, #since = if_not_exists(#since, :since), \
             #count = if_not_exists(#count, :count_none) + :count_one REMOVE #description"
        );
        assert_eq!(
            change.condition().unwrap(),
            "attribute_exists(#PK) AND #version = :was_version AND attribute_not_exists(#deletedAt) AND \
             (attribute_not_exists(#slot) OR #slot < :was_slot) AND \
             (attribute_not_exists(#revision) OR #revision = :was_revision) AND NOT #setupVersion > :was_setupVersion"
        );
        let all = format!("{} {}", change.expression().unwrap(), change.condition().unwrap());
        let values = change.values().unwrap();
        for placeholder in change.names().keys().chain(values.keys()) {
            assert!(all.contains(placeholder.as_str()), "{placeholder}");
        }
        assert_eq!((&values[":version"], &values[":was_version"]), (&number(8), &number(7)));
    }

    #[test]
    fn a_mere_condition_has_no_update_expression_and_may_have_no_values() {
        let condition = Change::of_existing();
        assert_eq!((condition.expression(), condition.values()), (None, None));
        let free = Change::default().remove("a");
        assert_eq!((free.expression().unwrap().as_str(), free.condition()), ("REMOVE #a", None));
    }
}
