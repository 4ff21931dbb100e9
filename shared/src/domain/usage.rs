//! What tells that the user of an apply has been used since: an undo would take that away, too.

use std::fmt;

use super::{Counts, ItemKind, ObjectId, Timestamp};

/// A user whom an apply has made, as far as it can differ from what the apply left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Whether the user exists.
    pub is_there: bool,
    /// When the user first signed in.
    pub first_sign_in_at: Option<Timestamp>,
    /// When the user accepted an invitation.
    pub invitation_accepted_at: Option<Timestamp>,
    /// Whether the user may not sign in.
    pub is_disabled: bool,
    /// Whether the user has another role.
    pub has_another_role: bool,
    /// Whether the user has another address.
    pub has_another_email: bool,
    /// Whether anything of the setup or the profile was written since.
    pub is_changed: bool,
    /// Whether an automation was switched on or off since.
    pub is_switched: bool,
    /// The setup.
    pub items: Vec<UsedItem>,
}

impl Usage {
    /// Returns whether the user is as the apply left it, which an undo needs unless it is forced.
    pub fn is_untouched(&self) -> bool {
        let is_used = self.first_sign_in_at.is_some() || self.invitation_accepted_at.is_some();
        self.is_there && !is_used && !self.is_disabled && !self.has_another_role && !self.is_changed
    }

    /// Returns how many items the user has, those that were added since the apply included.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for item in &self.items {
            *counts.get_mut(item.kind) += 1;
        }
        counts
    }
}

/// One item of the user's setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedItem {
    /// Which kind.
    pub kind: ItemKind,
    /// Its id.
    pub id: ObjectId,
    /// Its name; empty where it has none.
    pub name: String,
    /// Whether it is a clone of the apply.
    pub is_clone: bool,
    /// Whether it was written since.
    pub is_changed: bool,
}

/// One thing that tells of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trace {
    /// The user was removed.
    UserRemoved,
    /// The user signed in.
    SignedIn(Timestamp),
    /// The user accepted an invitation.
    InvitationAccepted(Timestamp),
    /// The user may not sign in.
    Disabled,
    /// The user has another role.
    RoleChanged,
    /// The user has another address.
    EmailChanged,
    /// A clone was edited.
    Edited(UsedItem),
    /// An item was added.
    Added(UsedItem),
    /// So many clones of a kind are gone.
    Removed(ItemKind, usize),
    /// An automation was switched on or off.
    Switched,
    /// Something else was written: the profile, or something that is as before by now.
    ProfileChanged,
}

/// Returns everything that tells of use, `cloned` being what the apply made. Nothing if the user is as the apply left it.
pub fn traces(usage: Usage, cloned: Counts) -> Vec<Trace> {
    if !usage.is_there {
        return vec![Trace::UserRemoved];
    }
    let Usage { first_sign_in_at, invitation_accepted_at, is_changed, is_switched, items, .. } = usage;
    let access = [
        first_sign_in_at.map(Trace::SignedIn),
        invitation_accepted_at.map(Trace::InvitationAccepted),
        usage.is_disabled.then_some(Trace::Disabled),
        usage.has_another_role.then_some(Trace::RoleChanged),
    ];
    let mut left = Counts::default();
    for item in items.iter().filter(|item| item.is_clone) {
        *left.get_mut(item.kind) += 1;
    }
    let removed = ItemKind::ALL.into_iter().filter_map(|kind| {
        let missing = cloned.get(kind).saturating_sub(*left.get(kind));
        (missing > 0).then_some(Trace::Removed(kind, missing))
    });
    let written = items.into_iter().filter_map(|item| match item {
        item if !item.is_clone => Some(Trace::Added(item)),
        item if item.is_changed => Some(Trace::Edited(item)),
        _ => None,
    });
    let changed = [usage.has_another_email.then_some(Trace::EmailChanged), is_switched.then_some(Trace::Switched)];
    let mut changes: Vec<Trace> = changed.into_iter().flatten().chain(removed).collect();
    changes.extend(written);
    if is_changed && changes.is_empty() {
        changes.push(Trace::ProfileChanged);
    }
    access.into_iter().flatten().chain(changes).collect()
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserRemoved => f.write_str("the user was removed"),
            Self::SignedIn(at) => write!(f, "the user signed in at {at}"),
            Self::InvitationAccepted(at) => write!(f, "the user accepted an invitation at {at}"),
            Self::Disabled => f.write_str("the user was disabled"),
            Self::RoleChanged => f.write_str("the user was given another role"),
            Self::EmailChanged => f.write_str("the user was given another e-mail address"),
            Self::Edited(item) => write!(f, "{item} was edited"),
            Self::Added(item) => write!(f, "{item} was added"),
            Self::Removed(kind, 1) => write!(f, "1 {kind} was removed"),
            Self::Removed(kind, count) => write!(f, "{count} {kind}s were removed"),
            Self::Switched => f.write_str("the switches were changed"),
            Self::ProfileChanged => f.write_str("the profile was changed, or something that is as before by now"),
        }
    }
}

impl fmt::Display for UsedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, id, name, .. } = self;
        write!(f, "the {kind} {name:?} ({id})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_778_835_600_000);

    fn item(kind: ItemKind, is_clone: bool, is_changed: bool) -> UsedItem {
        UsedItem { kind, id: ObjectId::from_bytes([7; 12]), name: "Intro".to_owned(), is_clone, is_changed }
    }

    fn told(usage: Usage) -> Vec<String> {
        let cloned = Counts { automations: 0, prompts: 2, templates: 1 };
        assert_eq!(usage.is_untouched(), traces(usage.clone(), cloned).is_empty());
        traces(usage, cloned).iter().map(ToString::to_string).collect()
    }

    fn untouched() -> Usage {
        let clones = [ItemKind::Prompt, ItemKind::Prompt, ItemKind::Template].map(|kind| item(kind, true, false));
        Usage { is_there: true, items: clones.to_vec(), ..Usage::default() }
    }

    #[test]
    fn a_user_as_the_apply_left_it_has_no_traces() {
        assert_eq!(told(untouched()), [""; 0]);
        assert_eq!(untouched().counts(), Counts { automations: 0, prompts: 2, templates: 1 });
    }

    #[test]
    fn every_kind_of_use_has_its_description() {
        assert_eq!(told(Usage::default()), ["the user was removed"]);
        let signed_in = Usage { first_sign_in_at: Some(AT), ..untouched() };
        assert_eq!(told(signed_in), ["the user signed in at 2026-05-15T09:00:00.000Z"]);
        let accepted = Usage { invitation_accepted_at: Some(AT), ..untouched() };
        assert_eq!(told(accepted), ["the user accepted an invitation at 2026-05-15T09:00:00.000Z"]);
        let access = Usage { is_disabled: true, has_another_role: true, ..untouched() };
        assert_eq!(told(access), ["the user was disabled", "the user was given another role"]);
        let moved = Usage { is_changed: true, has_another_email: true, ..untouched() };
        assert_eq!(told(moved), ["the user was given another e-mail address"]);
        let switched = Usage { is_changed: true, is_switched: true, ..untouched() };
        assert_eq!(told(switched), ["the switches were changed"]);
        let mut used = Usage { is_changed: true, ..untouched() };
        assert_eq!(told(used.clone()), ["the profile was changed, or something that is as before by now"]);
        used.items[0].is_changed = true;
        used.items.push(item(ItemKind::Automation, false, true));
        assert_eq!(
            told(used.clone()),
            [
                "the prompt \"Intro\" (070707070707070707070707) was edited",
                "the automation \"Intro\" (070707070707070707070707) was added",
            ]
        );
        used.items.drain(1..3);
        used.first_sign_in_at = Some(AT);
        let told_all = told(used.clone());
        assert_eq!(
            told_all[..3],
            ["the user signed in at 2026-05-15T09:00:00.000Z", "1 prompt was removed", "1 template was removed"]
        );
        assert_eq!(told_all.len(), 5);
        used.items.clear();
        assert_eq!(told(used)[1..], ["2 prompts were removed", "1 template was removed"]);
    }
}
