//! Invitations: their hash and time stand in the claim on the user's address, beside the password hash.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::addresses::AddressHolder;
use super::inviter::Inviter;
use super::profiles::Profiles;
use crate::domain::{Fault, NetworkMark, ObjectId, Setup, StoredProfile, Timestamp, User};
use crate::invitation_token::InvitationHash;
use crate::store::attributes::{
    ACCESS_ROLE, EMAIL, INVITATION_ACCEPTED_AT, INVITATION_CREDENTIALS, INVITATION_EXPIRES_AT, INVITATION_HASH,
    INVITED_BY, INVITED_BY_ORG_ID, ORGANIZATION_ID, PASSWORD_HASH, USER_ID,
};
use crate::store::credentials::{end_invitation, end_tokens, same_access, when_credentials, when_enabled};
use crate::store::keys;
use crate::store::record::{self, ClaimRecord};
use crate::store::setups::users::StoredUser;
use crate::store::setups::writer::{CreateUserOutcome, SetupWriter};
use crate::store::sign_ins::counts::{AttemptSubject, InFlightPlace, SignInOrigin};
use crate::store::sign_ins::limits::{self, Attempt};
use crate::store::table::Table;
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::{CallFailure, ItemReason};

/// A new invitation, as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct NewInvitation<'a> {
    /// The hash of its token.
    pub hash: &'a InvitationHash,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

impl NewInvitation<'_> {
    /// Returns the claim of a user who has this invitation and no password.
    fn claim(self, user: &User) -> ClaimRecord {
        ClaimRecord {
            invitation_hash: Some(self.hash.as_str().to_owned()),
            invitation_expires_at: Some(self.expires_at),
            ..ClaimRecord::owned(user, None)
        }
    }
}

/// The outcome of making an invitation for an existing user.
#[derive(Debug, PartialEq, Eq)]
pub enum InviteOutcome {
    /// The invitation is stored. An earlier one is worth nothing any more.
    Invited,
    /// The user has changed since it was read. Nothing is written.
    Outdated,
    /// The administrator has changed since it was read. Nothing is written.
    CallerChanged,
    /// Another user owns the user's address. Nothing is written.
    EmailTaken,
    /// An apply or a removal, still running, reserves the user's address. Nothing is written.
    EmailReserved,
}

/// The outcome of starting to accept an invitation.
pub enum AcceptStart<'a> {
    /// A limit is reached.
    Locked {
        /// How long until the next attempt can be admitted.
        retry_after: std::time::Duration,
    },
    /// The attempt has a place in flight. The caller compares the token.
    Open {
        /// The attempt. The caller accepts or rejects it.
        attempt: Box<Attempt<'a>>,
        /// The user whom the token names; `None` if the user does not exist or may not sign in.
        profile: Option<Box<StoredProfile>>,
    },
}

/// An open invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInvitation {
    /// The hash of its token.
    pub hash: InvitationHash,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// The administrator who made it; `None` if an operator's command made it, or an earlier version of this service.
    pub by: Option<Inviter>,
}

/// Makes, reads and accepts invitations.
pub struct Invitations<'a>(&'a Table);

impl<'a> Invitations<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Stores an invitation for `user`, made by `by`, who must still be what it was, or without it by an operator's command. It holds
    /// for the user's present credentials: another role or a disabling ends it, as it ends tokens. One transaction. A user whose address
    /// nobody holds gets the claim on it, with one read and a second transaction.
    pub async fn invite(
        &self,
        user: &StoredProfile,
        by: Option<&StoredUser>,
        invitation: NewInvitation<'_>,
    ) -> Result<InviteOutcome, Fault> {
        let StoredProfile { user: User { id, organization, email, .. }, credentials, .. } = user;
        let key = keys::email(email.key());
        let claim = Change::of_existing()
            .when(USER_ID, text(id))
            .when(ORGANIZATION_ID, text(organization))
            .set(INVITATION_HASH, text(invitation.hash.as_str()))
            .set(INVITATION_EXPIRES_AT, text(invitation.expires_at))
            .set(INVITATION_CREDENTIALS, number(credentials.version));
        let inviter = by.map(|by| Inviter { user: by.id, organization: by.organization });
        let claim = match inviter {
            Some(inviter) => inviter.set(claim, *organization),
            None => claim.remove(INVITED_BY).remove(INVITED_BY_ORG_ID),
        };
        if let Some(outcome) = self.write(user, by, self.0.change_in_transaction(&key, &claim)?).await? {
            return Ok(outcome);
        }
        match AddressHolder::of(self.0, email).await? {
            AddressHolder::User { user, .. } if user == *id => Ok(InviteOutcome::Outdated),
            AddressHolder::User { .. } => Ok(InviteOutcome::EmailTaken),
            AddressHolder::Reservation => Ok(InviteOutcome::EmailReserved),
            AddressHolder::Nobody => {
                let claim = ClaimRecord {
                    invitation_credentials: Some(credentials.version),
                    invited_by: by.map(|by| by.id),
                    invited_by_org_id: inviter.and_then(|inviter| inviter.other_organization(*organization)),
                    ..invitation.claim(&user.user)
                };
                let put = self.0.put_new_in_transaction(record::item(&key, &claim)?)?;
                Ok(self.write(user, by, put).await?.unwrap_or(InviteOutcome::Outdated))
            }
        }
    }

    /// Creates a user with an invitation in place of a password, for an operator's command.
    pub async fn create_user(
        &self,
        user: &User,
        setup: &Setup,
        invitation: NewInvitation<'_>,
    ) -> Result<CreateUserOutcome, Fault> {
        SetupWriter::new(self.0).create_with_claim(user, &invitation.claim(user), setup).await
    }

    /// Writes the claim on the condition that user and caller are as they were read. Returns `None` if the claim alone refused it.
    async fn write(
        &self,
        user: &StoredProfile,
        by: Option<&StoredUser>,
        claim: TransactWriteItem,
    ) -> Result<Option<InviteOutcome>, Fault> {
        let StoredProfile { user, credentials, .. } = user;
        let same = Change::of_existing().when(ACCESS_ROLE, text(user.role)).when(EMAIL, text(&user.email));
        let same = when_credentials(same, credentials.version);
        let user = self.0.check_in_transaction(&keys::user(&user.organization, &user.id), &same)?;
        let mut writes = vec![claim, user];
        if let Some(by) = by {
            let (caller, same_caller) = same_access(by);
            writes.push(self.0.check_in_transaction(&caller, &same_caller)?);
        }
        match self.0.transact(writes).await {
            Ok(()) => Ok(Some(InviteOutcome::Invited)),
            Err(CallFailure::Cancelled(reasons)) => {
                let refused = |at: usize| matches!(reasons.get(at), Some(ItemReason::ConditionFailed(_)));
                Ok(match (refused(2), refused(1), refused(0)) {
                    (true, ..) => Some(InviteOutcome::CallerChanged),
                    (false, false, true) => None,
                    _ => Some(InviteOutcome::Outdated),
                })
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Starts an attempt to accept, and reads the user whom the token names. Attempts are counted by that user and network as those
    /// of sign-in are by address and network, whether or not there is such a user. One round trip.
    pub async fn begin(
        &self,
        organization: ObjectId,
        user: ObjectId,
        network: NetworkMark,
        random: [u8; 4],
        now: Timestamp,
    ) -> Result<AcceptStart<'a>, Fault> {
        let origin = SignInOrigin { subject: AttemptSubject::Invited { organization, user }, network, now };
        let profiles = Profiles::new(self.0);
        let (started, profile) = tokio::join!(
            limits::begin(self.0, origin, InFlightPlace::new(now, random)),
            profiles.load(organization, user)
        );
        let profile = profile?.filter(|profile| !profile.user.login_disabled).map(Box::new);
        Ok(match started? {
            Ok(attempt) => AcceptStart::Open { attempt: Box::new(attempt), profile },
            Err(retry_after) => AcceptStart::Locked { retry_after },
        })
    }

    /// Returns the user's invitation, if it was made for the present credentials. Without a user, reads a key that nothing has, so that an unknown one costs the same.
    pub async fn of(&self, profile: Option<&StoredProfile>) -> Result<Option<StoredInvitation>, Fault> {
        let key = profile.map_or_else(keys::nobodys_claim, |profile| keys::email(profile.user.email.key()));
        let claim = self.0.get(&key, None).await?.map(record::read::<ClaimRecord>).transpose()?;
        let (Some(claim), Some(profile)) = (claim, profile) else { return Ok(None) };
        let user = &profile.user;
        let is_own = claim.user_id == Some(user.id) && claim.organization_id == user.organization;
        if !is_own || claim.invitation_credentials.unwrap_or_default() != profile.credentials.version {
            return Ok(None);
        }
        let stored = claim.invitation_hash.zip(claim.invitation_expires_at);
        Ok(stored.map(|(hash, expires_at)| StoredInvitation {
            hash: InvitationHash::stored(hash),
            expires_at,
            by: claim
                .invited_by
                .map(|by| Inviter { user: by, organization: claim.invited_by_org_id.unwrap_or(user.organization) }),
        }))
    }

    /// Accepts the invitation: sets the password, ends earlier tokens, and spends the invitation. One transaction, on the condition
    /// that the invitation is still this one, that the user exists, may sign in, and has the same address and credentials, and that
    /// `inviter` is as it was read. Returns `false` if that does not hold.
    pub async fn accept(
        &self,
        profile: &StoredProfile,
        invitation: &InvitationHash,
        inviter: Option<&StoredUser>,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let user = &profile.user;
        let claim = Change::of_existing()
            .when(USER_ID, text(user.id))
            .when(ORGANIZATION_ID, text(user.organization))
            .when(INVITATION_HASH, text(invitation.as_str()))
            .set(PASSWORD_HASH, text(password_hash));
        let claim = end_invitation(claim);
        let access = when_enabled(Change::of_existing()).when(EMAIL, text(&user.email));
        let access = when_credentials(access, profile.credentials.version);
        // A hash that an earlier version of this service kept in the profile.
        let access = end_tokens(access, now).set(INVITATION_ACCEPTED_AT, text(now)).remove(PASSWORD_HASH);
        let mut writes = vec![
            self.0.change_in_transaction(&keys::user(&user.organization, &user.id), &access)?,
            self.0.change_in_transaction(&keys::email(user.email.key()), &claim)?,
        ];
        if let Some(inviter) = inviter {
            let (key, same) = same_access(inviter);
            writes.push(self.0.check_in_transaction(&key, &same)?);
        }
        match self.0.transact(writes).await {
            Ok(()) => Ok(true),
            Err(CallFailure::Cancelled(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }
}
