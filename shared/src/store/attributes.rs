//! The names of the attributes in expressions and projections. Records name the others by their fields.

pub(super) const ACCESS_ROLE: &str = "accessRole";
/// The answer of an apply, compressed, so that it can be given again byte for byte and the record of an ordinary apply
/// stays below 1 KB.
pub(super) const ANSWER: &str = "answer";
/// The organizations that see a snapshot.
pub(super) const ASSIGNED_ORGANIZATIONS: &str = "assignedOrgIds";
/// How many chunks hold the content, if it does not fit the item.
pub(super) const CHUNKS: &str = "chunks";
/// Which apply made a setup item, of which source; which apply made a user.
pub(super) const CLONED_FROM: &str = "clonedFrom";
/// The packed content, of a snapshot, an older revision or a chunk.
pub(super) const CONTENT: &str = "content";
/// The SHA-256 of a content, of a snapshot or of an older revision.
pub(super) const CONTENT_HASH: &str = "contentHash";
/// How many items of each kind a revision has.
pub(super) const COUNTS: &str = "counts";
pub(super) const CREATED_AT: &str = "createdAt";
pub(super) const CREATED_BY: &str = "createdBy";
pub(super) const CREATED_BY_NAME: &str = "createdByName";
pub(super) const CREATED_BY_ORG_ID: &str = "createdByOrgId";
pub(super) const CREATED_BY_ROLE: &str = "createdByRole";
/// Counts the changes that end a user's earlier tokens.
pub(super) const CREDENTIAL_VERSION: &str = "credentialVersion";
/// When that counter was last raised.
pub(super) const CREDENTIALS_CHANGED_AT: &str = "credentialsChangedAt";
/// When a snapshot was deleted or a user removed. An item that has it is a tombstone: every read treats it as missing, every write
/// is conditioned on its absence, or on something that a tombstone does not have.
pub(super) const DELETED_AT: &str = "deletedAt";
/// Who deleted a snapshot or removed a user.
pub(super) const DELETED_BY: &str = "deletedBy";
pub(super) const DEPARTMENT_ID: &str = "departmentId";
/// The description of a snapshot.
pub(super) const DESCRIPTION: &str = "description";
pub(super) const DESIGNATION: &str = "designation";
/// The fields of a setup item, a pipeline or an agent.
pub(super) const DOCUMENT: &str = "document";
/// When a schedule is due next.
pub(super) const DUE_AT: &str = "dueAt";
/// The address of a user, or the one that an apply holds.
pub(super) const EMAIL: &str = "email";
/// Which automations of a setup are on.
pub(super) const ENABLED: &str = "enabled";
/// Counts the runs of a staged apply.
pub(super) const EPOCH: &str = "epoch";
/// The period of a schedule.
pub(super) const EVERY: &str = "every";
/// The fingerprint of the request that created a snapshot or an organization under an Idempotency-Key.
pub(super) const FINGERPRINT: &str = "fingerprint";
/// When a user signed in first.
pub(super) const FIRST_SIGN_IN_AT: &str = "firstSignInAt";
/// Whether each further revision is shared.
pub(super) const FOLLOW: &str = "follow";
/// The name of a user.
pub(super) const FULL_NAME: &str = "fullName";
/// When an apply was abandoned.
pub(super) const GIVEN_UP_AT: &str = "givenUpAt";
/// Why an apply was abandoned.
pub(super) const GIVEN_UP_BECAUSE: &str = "givenUpBecause";
/// When DynamoDB may delete an item, in seconds since 1970.
pub(super) const EXPIRES_AT: &str = "expiresAt";
/// The SHA-256 of a shared content.
pub(super) const HASH: &str = "hash";
/// When a user accepted an invitation.
pub(super) const INVITATION_ACCEPTED_AT: &str = "invitationAcceptedAt";
/// The counter of credentials for which an invitation was made. Absent for the first one.
pub(super) const INVITATION_CREDENTIALS: &str = "invitationCredentials";
pub(super) const INVITED_BY: &str = "invitedBy";
/// The organization of the administrator who made an invitation, if it is another one than the user's.
pub(super) const INVITED_BY_ORG_ID: &str = "invitedByOrgId";
/// Until when an invitation can be accepted.
pub(super) const INVITATION_EXPIRES_AT: &str = "invitationExpiresAt";
/// The SHA-256 of the token of an open invitation. It belongs in the claim, beside the password hash.
pub(super) const INVITATION_HASH: &str = "invitationHash";
/// Whether every organization sees a snapshot.
pub(super) const IS_GLOBAL: &str = "isGlobal";
/// When a refresh last found a snapshot current or made it so.
pub(super) const LAST_REFRESHED_AT: &str = "lastRefreshedAt";
/// Until when no other run may resume an apply.
pub(super) const LEASE_UNTIL: &str = "leaseUntil";
pub(super) const LOGIN_DISABLED: &str = "loginDisabled";
/// The name of a snapshot or an organization.
pub(super) const NAME: &str = "name";
/// The run that works on an apply.
pub(super) const NONCE: &str = "nonce";
/// The sharing that the rows belong to.
pub(super) const OF: &str = "of";
/// The oldest revision that is not dropped.
pub(super) const OLDEST_KEPT: &str = "oldestKept";
/// The organization of an address's user.
pub(super) const ORGANIZATION_ID: &str = "organizationId";
/// The password hash. It belongs in the claim. Earlier versions of this service kept it in the user's profile, and in
/// the record of a staged apply.
pub(super) const PASSWORD_HASH: &str = "passwordHash";
pub(super) const PHONE_NUMBER: &str = "phoneNumber";
/// The detail of the last refresh, or the reason why the schedule ended.
pub(super) const REFRESH_DETAIL: &str = "refreshDetail";
/// How the last refresh ended.
pub(super) const REFRESH_STATUS: &str = "refreshStatus";
/// How many refusals to a caller are kept of an hour.
pub(super) const REFUSALS: &str = "refusals";
/// The refused places of a body.
pub(super) const POINTERS: &str = "pointers";
/// How many they are, if not all are kept.
pub(super) const POINTERS_TOTAL: &str = "pointersTotal";
/// When a newer revision replaced this one.
pub(super) const REPLACED_AT: &str = "replacedAt";
/// The apply for which an address is reserved, or the user whose removal reserves it.
pub(super) const RESERVED_BY: &str = "reservedBy";
/// The revision that a restored one repeats.
pub(super) const RESTORED_FROM: &str = "restoredFrom";
/// When a revision was made.
pub(super) const REVISED_AT: &str = "revisedAt";
/// The number of a revision: the current one of a snapshot, the one that a state or a sharing is about.
pub(super) const REVISION: &str = "revision";
/// When a sweep checks an undone apply or a removed user for late writes.
pub(super) const SECOND_LOOK_AT: &str = "secondLookAt";
/// The latest time of the schedule for which a snapshot was refreshed.
pub(super) const SERVED_SLOT: &str = "servedSlot";
/// The version of a setup.
pub(super) const SETUP_VERSION: &str = "setupVersion";
/// What other organizations see of a snapshot.
pub(super) const SHARED: &str = "shared";
/// When the sharing that a row shows was made.
pub(super) const SHARED_AT: &str = "sharedAt";
/// The revision that was shared before, and when it was shared.
pub(super) const SHARED_BEFORE: &str = "sharedBefore";
/// When the sharing was made under which the row's organization got access.
pub(super) const SINCE: &str = "since";
/// The organization in which a snapshot was captured.
pub(super) const SOURCE_ORGANIZATION: &str = "sourceOrgId";
/// The name of the source organization when it was captured.
pub(super) const SOURCE_ORGANIZATION_NAME: &str = "sourceOrgName";
/// The source user's address when it was captured.
pub(super) const SOURCE_USER_EMAIL: &str = "sourceUserEmail";
pub(super) const SOURCE_USER_ID: &str = "sourceUserId";
/// The source user's name when it was captured.
pub(super) const SOURCE_USER_NAME: &str = "sourceUserName";
/// The state of an apply, or of a removal.
pub(super) const STATE: &str = "state";
/// Where automations of others may send in an organization.
pub(super) const TRUSTED_DESTINATIONS: &str = "trustedDestinations";
/// The kind of an item.
pub(super) const TYPE: &str = "type";
/// When an apply was undone.
pub(super) const UNDONE_AT: &str = "undoneAt";
/// Who undid an apply.
pub(super) const UNDONE_BY: &str = "undoneBy";
/// When a snapshot was last changed.
pub(super) const UPDATED_AT: &str = "updatedAt";
/// The user who owns an address.
pub(super) const USER_ID: &str = "userId";
/// When the user of an apply was removed.
pub(super) const USER_REMOVED_AT: &str = "userRemovedAt";
/// Who removed the user of an apply.
pub(super) const USER_REMOVED_BY: &str = "userRemovedBy";
/// Counts the changes of a snapshot.
pub(super) const VERSION: &str = "version";
