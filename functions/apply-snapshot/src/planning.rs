//! The steps that an apply and a plan share: authorize, read, plan.

use shared::compute::Deadline;
use shared::domain::plan::{Choices, Plan, Scope, Warning, plan};
use shared::domain::rights::REVISION_NUMBER_REFUSAL;
use shared::domain::sharing::RevisionChoice;
use shared::domain::{ObjectId, Organization, Principal, Role, Snapshot};
use shared::http::{Actor, ApiError};
use shared::store::{Captures, Organizations, RevisionLookup, SnapshotReader, Table};

use crate::Call;

const NO_SUCH_REVISION: &str = "the snapshot has no such revision, or it was deleted";

/// The detail of the 413 for a plan that did not finish in ample time.
pub(crate) const TAKES_TOO_LONG: &str =
    "the snapshot takes longer to plan than a request has time; map less at once, or leave the automations out";

/// A request to apply or plan: a caller whose role allows it, and the snapshot in the path.
pub(crate) struct ApplyRequest {
    pub(crate) caller: Actor,
    pub(crate) principal: Principal,
    pub(crate) snapshot: ObjectId,
}

/// The snapshot and the targets, read for a confirmed caller.
pub(crate) struct ApplyInputs {
    principal: Principal,
    /// The caller's own organization.
    home: ObjectId,
    snapshot: ObjectId,
    /// The requested revision, if the caller sees it.
    seen: RevisionLookup,
    targets: Organization,
}

/// A visible snapshot, and the plan of applying it.
pub(crate) struct PlannedApply {
    pub(crate) snapshot: Snapshot,
    pub(crate) plan: Plan,
    /// The hash of the plan.
    pub(crate) hash: String,
}

impl ApplyRequest {
    /// Reads token, role and path. Reads nothing from the table. Call [`Self::acting`] once the body is read.
    pub(crate) fn begin(call: &Call<'_>) -> Result<Self, ApiError> {
        let caller = call.begin()?;
        let principal = caller.principal();
        Ok(Self { snapshot: call.context.path_id("id")?, caller, principal })
    }

    /// Returns the same request in the organization that the body names, if it names one.
    pub(crate) fn acting(self, call: &Call<'_>, organization: Option<ObjectId>) -> Result<Self, ApiError> {
        let caller = call.acting(self.caller, organization)?;
        Ok(Self { principal: caller.principal(), caller, ..self })
    }

    /// Fails with 403 if the new user's role is above the caller's.
    pub(crate) fn may_grant(&self, role: Role) -> Result<(), ApiError> {
        if self.principal.may_grant(role) {
            return Ok(());
        }
        Err(ApiError::Forbidden(self.principal.grant_refusal()))
    }

    /// Fails with 403 if a caller who does not see all revisions names one.
    pub(crate) fn may_choose(&self, choice: RevisionChoice) -> Result<(), ApiError> {
        match choice {
            RevisionChoice::Number(_) if !self.principal.may_name_revisions() => {
                Err(ApiError::Forbidden(REVISION_NUMBER_REFUSAL.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Reads caller, snapshot and targets concurrently. Fails with 401 if the stored caller differs from the token.
    pub(crate) async fn read(&self, call: &Call<'_>, choice: RevisionChoice) -> Result<ApplyInputs, ApiError> {
        let Self { caller, principal, snapshot } = self;
        let home = caller.caller().organization;
        let (organizations, snapshots) = (Organizations::new(call.table), SnapshotReader::new(call.table));
        let (confirmed, organization, seen) = tokio::join!(
            call.confirm(caller),
            organizations.load(&principal.organization),
            snapshots.load(*snapshot, principal, choice),
        );
        confirmed?;
        let targets = organization?.ok_or(ApiError::Unauthenticated("the caller's organization does not exist"))?;
        Ok(ApplyInputs { principal: principal.clone(), home, snapshot: *snapshot, seen: seen?, targets })
    }
}

impl ApplyInputs {
    /// Returns the same inputs with the revision that an apply started with, whatever is shared now; without one if it
    /// was deleted.
    pub(crate) async fn at(self, table: &Table, revision: u32) -> Result<Self, ApiError> {
        let reader = SnapshotReader::new(table);
        let seen = match self.seen {
            RevisionLookup::NoSuchRevision => {
                reader.load(self.snapshot, &self.principal, RevisionChoice::Usual).await?
            }
            seen => seen,
        };
        let seen = match seen {
            RevisionLookup::Revision(loaded) => match reader.at_revision(*loaded, revision).await? {
                Some(pinned) => RevisionLookup::Revision(Box::new(pinned)),
                None => RevisionLookup::NoSuchRevision,
            },
            other => other,
        };
        Ok(Self { seen, ..self })
    }

    /// Plans the apply. Fails unless the caller sees the revision. Within the source's own organization it takes one
    /// more read: which of the source's automations still exist.
    pub(crate) async fn plan(
        self,
        table: &Table,
        choices: &Choices,
        deadline: &Deadline,
    ) -> Result<PlannedApply, ApiError> {
        let Self { principal, home, seen, targets, .. } = self;
        let elsewhere = (principal.organization != home).then_some(principal.organization);
        let loaded = match seen {
            RevisionLookup::Revision(loaded) => loaded,
            RevisionLookup::NoSuchRevision => return Err(ApiError::refused("/revision", NO_SUCH_REVISION)),
            RevisionLookup::Missing => return Err(ApiError::SnapshotNotFound),
        };
        let is_unshared = principal.applies_unshared(&loaded.stored.snapshot, loaded.snapshot.revision);
        let source = &loaded.snapshot.source;
        let scope = if source.organization == targets.id {
            let automations = Captures::new(table).automations(&source.organization, &source.user).await?;
            Scope::SameOrganization { automations }
        } else {
            Scope::OtherOrganization
        };
        let choices = choices.clone();
        let planning = deadline.compute(move |work| -> Result<PlannedApply, ApiError> {
            let content = loaded.content::<ApiError>(work)?;
            let mut plan = plan(&content, &scope, &targets, &choices, work)?;
            plan.notes.extend(is_unshared.then(|| Warning::unshared(loaded.snapshot.revision)));
            Ok(PlannedApply { hash: plan.hash(elsewhere.as_ref(), work)?, plan, snapshot: loaded.snapshot })
        });
        planning.await.map_err(|error| ApiError::from_compute(error, TAKES_TOO_LONG))?
    }
}
