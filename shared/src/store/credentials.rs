//! Conditions on the access and the credentials of a user, and the change that ends earlier tokens.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{StoredProfile, Timestamp, TokenCredentials};
use crate::store::attributes::{
    ACCESS_ROLE, CREDENTIAL_VERSION, CREDENTIALS_CHANGED_AT, INVITATION_CREDENTIALS, INVITATION_EXPIRES_AT,
    INVITATION_HASH, INVITED_BY, INVITED_BY_ORG_ID, LOGIN_DISABLED, PASSWORD_HASH, SETUP_VERSION,
};
use crate::store::keys::{self, ItemKey};
use crate::store::setups::users::StoredUser;
use crate::store::table::change::{Change, number, text};

/// Adds the condition that the counter of credentials is this one.
pub(in crate::store) fn when_credentials(change: Change, version: u64) -> Change {
    match version {
        0 => change.when_absent_or(CREDENTIAL_VERSION, number(0)),
        version => change.when(CREDENTIAL_VERSION, number(version)),
    }
}

/// Adds the condition that the user may sign in.
pub(in crate::store) fn when_enabled(change: Change) -> Change {
    change.when_absent_or(LOGIN_DISABLED, AttributeValue::Bool(false))
}

/// Raises the counter, which ends earlier tokens.
pub(in crate::store) fn end_tokens(change: Change, now: Timestamp) -> Change {
    change.add_one(CREDENTIAL_VERSION).set(CREDENTIALS_CHANGED_AT, text(now))
}

/// Removes an open invitation from a claim.
pub(in crate::store) fn end_invitation(claim: Change) -> Change {
    let names = [INVITATION_HASH, INVITATION_EXPIRES_AT, INVITATION_CREDENTIALS, INVITED_BY, INVITED_BY_ORG_ID];
    names.into_iter().fold(claim, Change::remove)
}

/// Returns the key of a user, and the condition that it is as it was read: it may sign in, with the same role and credentials.
pub(in crate::store) fn same_access(user: &StoredUser) -> (ItemKey, Change) {
    let same = when_enabled(Change::of_existing()).when(ACCESS_ROLE, text(user.role));
    (keys::user(&user.organization, &user.id), when_credentials(same, user.credentials.version))
}

/// Adds the condition that a token with these credentials still holds.
pub(in crate::store) fn when_token_holds(change: Change, token: TokenCredentials) -> Change {
    match token {
        TokenCredentials::Version(version) => when_credentials(change, version),
        TokenCredentials::IssuedAt(second) => {
            change.when_absent_or_before(CREDENTIALS_CHANGED_AT, text(TokenCredentials::latest_change(second)))
        }
    }
}

/// Returns the condition that role, credentials and access of a user are as they were read.
pub(in crate::store) fn same_standing(profile: &StoredProfile) -> Change {
    let change = Change::of_existing().when(ACCESS_ROLE, text(profile.user.role));
    let change = when_credentials(change, profile.credentials.version);
    match profile.user.login_disabled {
        true => change.when(LOGIN_DISABLED, AttributeValue::Bool(true)),
        false => when_enabled(change),
    }
}

/// Adds the condition that the version of the setup is this one.
pub(in crate::store) fn when_setup_version(change: Change, version: u64) -> Change {
    match version {
        0 => change.when_absent_or(SETUP_VERSION, number(0)),
        version => change.when(SETUP_VERSION, number(version)),
    }
}

/// Adds the condition that the password hash is the one that was read.
pub(in crate::store) fn when_hash(change: Change, hash: Option<&str>) -> Change {
    match hash {
        Some(hash) => change.when(PASSWORD_HASH, text(hash)),
        None => change.when_absent(PASSWORD_HASH),
    }
}
