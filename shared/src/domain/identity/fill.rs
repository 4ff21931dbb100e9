//! Puts the new user's values where those of the source person stood.

use serde_json::Value;

use super::{IdentityKind, TopField, dress, top_field};
use crate::domain::{Document, ObjectId, PhoneNumber, User};

/// What the new user has in the place of the source person's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIdentity {
    organization: ObjectId,
    user: ObjectId,
    email: String,
    phone: Option<String>,
}

impl NewIdentity {
    /// The values of this user.
    pub fn of(user: &User) -> Self {
        Self {
            organization: user.organization,
            user: user.id,
            email: user.email.as_str().to_owned(),
            phone: user.phone_number.as_ref().map(PhoneNumber::as_str).map(str::to_owned),
        }
    }

    fn value(&self, kind: IdentityKind) -> Option<String> {
        match kind {
            IdentityKind::OrganizationId => Some(self.organization.to_string()),
            IdentityKind::UserId => Some(self.user.to_string()),
            IdentityKind::UserEmail => Some(self.email.clone()),
            IdentityKind::UserPhone => self.phone.clone(),
        }
    }
}

/// Makes `document` an item of the new user: fills in the values at `places`, gives it its owner at the top, and leaves out who
/// made the source's item. A field for which there is no value is left out; in an array an empty text takes its place, so that
/// every other pointer leads where it led.
pub fn fill_in<'a>(
    document: &mut Document,
    places: impl IntoIterator<Item = (&'a str, IdentityKind)>,
    new: &NewIdentity,
) {
    for (pointer, kind) in places {
        let Some(place) = document.pointer_mut(pointer) else { continue };
        match new.value(kind) {
            Some(value) => put(place, kind, &value),
            None => take_out(document, pointer),
        }
    }
    let Some(fields) = document.fields_mut() else { return };
    fields.retain(|key, _| top_field(key) != Some(TopField::History));
    for (key, value) in fields.iter_mut().filter(|(_, value)| !value.is_null()) {
        if let Some(TopField::Owner(kind)) = top_field(key)
            && let Some(new) = new.value(kind)
        {
            *value = Value::String(new);
        }
    }
}

fn put(place: &mut Value, kind: IdentityKind, new: &str) {
    *place = match place {
        Value::String(text) => {
            let at = dress::bare(text, kind);
            Value::String(format!("{}{new}{}", &text[..at.start], &text[at.end..]))
        }
        // A number stays one: E.164 without its plus.
        _ => new.trim_start_matches('+').parse().map_or_else(|_| new.into(), |number: u64| number.into()),
    };
}

fn take_out(document: &mut Document, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    let parent = match parent {
        "" => document.fields_mut(),
        parent => document.pointer_mut(parent).and_then(Value::as_object_mut),
    };
    if let Some(fields) = parent {
        fields.remove(&key.replace("~1", "/").replace("~0", "~"));
    } else if let Some(element) = document.pointer_mut(pointer) {
        *element = if element.is_string() { Value::String(String::new()) } else { Value::Null };
    }
}
