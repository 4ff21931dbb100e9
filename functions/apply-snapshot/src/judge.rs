//! What apply and its dry run share: who may ask, what is read, what comes of it.

use lambda_http::Request;
use shared::domain::plan::{Choices, Plan, Scope, plan};
use shared::domain::rights::Action;
use shared::domain::{ObjectId, Organization, Principal, Role, Snapshot, Work};
use shared::http::{ApiError, Caller, Edge, RequestContext};
use shared::store::{Callers, Captures, Organizations, Revisions, SnapshotReader, SnapshotWithContent, Table};

/// Somebody who may apply snapshots, and the snapshot that the path names.
pub(crate) struct Asked {
    caller: Caller,
    pub(crate) principal: Principal,
    pub(crate) snapshot: ObjectId,
}

/// What was read for a caller who is who the token says.
pub(crate) struct Found {
    /// The snapshot, where the caller sees it.
    loaded: Option<SnapshotWithContent>,
    targets: Organization,
}

/// A snapshot that the caller sees, and what applying it would do.
pub(crate) struct Judged {
    pub(crate) snapshot: Snapshot,
    pub(crate) plan: Plan,
    /// The hash of the plan.
    pub(crate) hash: String,
}

/// Judges the token, the role and the path; reads nothing.
pub(crate) fn authorize(edge: &Edge, context: &RequestContext, request: &Request) -> Result<Asked, ApiError> {
    let caller = context.authenticate(edge, request)?;
    let principal = caller.principal();
    if !principal.may_ever(Action::Use) {
        return Err(ApiError::Forbidden("applying a snapshot needs the role ADMIN or SUPERADMIN".into()));
    }
    Ok(Asked { snapshot: context.path_id("id")?, caller, principal })
}

impl Asked {
    /// Refuses a new user whose role is above the caller's.
    pub(crate) fn may_grant(&self, role: Role) -> Result<(), ApiError> {
        if self.principal.may_grant(role) {
            return Ok(());
        }
        let highest = self.principal.role;
        Err(ApiError::Forbidden(format!("the new user's role is above yours; accessRole may be at most {highest}")))
    }

    /// Reads caller, snapshot and targets at once; 401 where the caller is not who the token says any more.
    pub(crate) async fn read(&self, table: &Table) -> Result<Found, ApiError> {
        let Self { caller, principal, snapshot } = self;
        let (callers, organizations, snapshots) =
            (Callers::new(table), Organizations::new(table), SnapshotReader::new(table));
        let (stored, organization, loaded) = tokio::join!(
            callers.load(principal.organization, principal.user),
            organizations.load(&principal.organization),
            snapshots.load(*snapshot, principal, Action::Use),
        );
        caller.confirm(stored?)?;
        let targets = organization?.ok_or(ApiError::Unauthenticated("the caller's organization is gone"))?;
        Ok(Found { loaded: loaded?, targets })
    }
}

impl Found {
    /// The same with the revision that an apply began with; without a snapshot where that revision is gone.
    pub(crate) async fn at(self, table: &Table, revision: u32) -> Result<Self, ApiError> {
        match self.loaded {
            Some(current) if current.snapshot.revision != revision => {
                Ok(Self { loaded: Revisions::new(table).at(&current.snapshot, revision).await?, ..self })
            }
            _ => Ok(self),
        }
    }

    /// Plans, where the caller sees the snapshot. Within the source's own organization it takes one more read: which of the
    /// source's automations still exist.
    pub(crate) async fn plan(self, table: &Table, choices: &Choices) -> Result<Judged, ApiError> {
        let Self { loaded, targets } = self;
        let loaded = loaded.ok_or(ApiError::SnapshotNotFound)?;
        let content = loaded.content()?;
        let snapshot = loaded.snapshot;
        let source = &snapshot.source;
        let scope = if source.organization == targets.id {
            let automations = Captures::new(table).automations(&source.organization, &source.user).await?;
            Scope::SameOrganization { automations }
        } else {
            Scope::OtherOrganization
        };
        let work = Work::unlimited();
        let plan = plan(&content, &scope, &targets, choices, &work)?;
        Ok(Judged { hash: plan.hash(&work)?, plan, snapshot })
    }
}
