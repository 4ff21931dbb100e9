//! Reads a user's switches one by one, as another system may have written them.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{LeftOut, LeftOutKind, ObjectId, Preferences};
use crate::store::attributes::ENABLED;
use crate::store::table::outcome::Item;

/// A user's switches. One that cannot be read is off.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Switches {
    /// Those that are stored for an automation.
    pub(super) preferences: Preferences,
    /// Whether none can be read.
    pub(super) all_off: bool,
    /// Those that cannot be read.
    pub(super) left_out: Vec<LeftOut>,
}

impl Switches {
    /// Reads the item of the switches.
    pub(super) fn read(item: &Item) -> Self {
        let mut switches = Self::default();
        let Some(AttributeValue::M(stored)) = item.get(ENABLED) else {
            let left_out = vec![LeftOut::new(LeftOutKind::Preferences, "")];
            return Self { all_off: true, left_out, ..switches };
        };
        for (key, value) in stored {
            let id = ObjectId::of_stored(key);
            if let Some(id) = id {
                switches.preferences.insert(id, value.as_bool().is_ok_and(|is_on| *is_on));
            }
            if id.is_none() || !value.is_bool() {
                switches.left_out.push(LeftOut::new(LeftOutKind::Preferences, key));
            }
        }
        switches
    }

    /// Returns whether an automation is on. One without a switch is on.
    pub(super) fn is_on(&self, automation: &ObjectId) -> bool {
        self.preferences.get(automation).copied().unwrap_or(!self.all_off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_that_cannot_be_read_is_off_and_an_automation_without_one_is_on() {
        let id = |byte| ObjectId::from_bytes([byte; 12]);
        let switch = |byte, value| (id(byte).to_string(), value);
        let stored = [
            switch(1, AttributeValue::Bool(true)),
            switch(2, AttributeValue::Bool(false)),
            switch(3, AttributeValue::S("true".to_owned())),
            ("no id".to_owned(), AttributeValue::Bool(true)),
        ];
        let read = Switches::read(&Item::from([(ENABLED.to_owned(), AttributeValue::M(stored.into()))]));
        assert_eq!([1, 2, 3, 4].map(|byte| read.is_on(&id(byte))), [true, false, false, true]);
        let mut left_out = read.left_out;
        left_out.sort();
        assert_eq!(
            left_out,
            [id(3).to_string().as_str(), "no id"].map(|key| LeftOut::new(LeftOutKind::Preferences, key))
        );

        let unreadable = Switches::read(&Item::new());
        assert_eq!((unreadable.is_on(&id(1)), unreadable.left_out.len()), (false, 1));
        assert!(Switches::default().is_on(&id(1)));
    }
}
