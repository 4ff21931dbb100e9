//! What every route of this function begins with.

use lambda_http::Request;
use shared::domain::Work;
use shared::domain::rights::Action;
use shared::http::{ApiError, Caller, Edge, Query, RequestContext};
use shared::store::{Callers, Table};

/// One request with what it is answered from.
pub(crate) struct Call<'a> {
    pub(crate) edge: &'a Edge,
    pub(crate) table: &'a Table,
    pub(crate) revisions_kept: u32,
    pub(crate) context: &'a RequestContext,
    pub(crate) request: &'a Request,
}

impl Call<'_> {
    /// Who is calling, where that role may do `action` at all: 401, then 403, before anything is read.
    pub(crate) fn caller(&self, action: Action) -> Result<Caller, ApiError> {
        let caller = self.context.authenticate(self.edge, self.request)?;
        if caller.principal().may_ever(action) {
            return Ok(caller);
        }
        let needs = match action {
            Action::Create => "creating a snapshot needs the role ADMIN or SUPERADMIN",
            Action::Use => "seeing snapshots needs the role ADMIN or SUPERADMIN",
            Action::Edit => "changing a snapshot, and looking into its history, needs the role ADMIN or SUPERADMIN",
            Action::Delete => "deleting a snapshot needs the role ADMIN or SUPERADMIN",
            Action::Assign => "saying who sees a snapshot needs the role SUPERADMIN",
            Action::ListUsers => "listing users needs the role ADMIN or SUPERADMIN",
            Action::History | Action::Undo => "seeing and undoing applies needs the role ADMIN or SUPERADMIN",
            Action::ForceUndo => "undoing an apply whatever has become of its user needs the role SUPERADMIN",
        };
        Err(ApiError::Forbidden(needs.into()))
    }

    /// Refuses a query string where none means anything.
    pub(crate) fn no_parameters(&self) -> Result<(), ApiError> {
        Query::of(self.request, &[]).map(drop)
    }

    /// Computes within the request's time, on a thread of its own; 503 where the time is over.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Work) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.context.deadline().compute(work).await?
    }

    /// Checks that the stored caller is still who the token says. To be awaited along with other reads.
    pub(crate) async fn confirm(&self, caller: &Caller) -> Result<(), ApiError> {
        let stored = Callers::new(self.table).load(caller.organization, caller.user).await?;
        caller.confirm(stored).map(drop)
    }
}
