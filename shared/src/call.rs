//! One request of a function, and the steps that every handler starts with.

use std::convert::Infallible;

use lambda_http::{Body, Request, Response};
use serde::de::DeserializeOwned;

use crate::domain::rights::{Action, UserTarget, Verdict};
use crate::domain::{ObjectId, StoredProfile, Work};
use crate::http::{
    Answer, ApiError, Authorization, Caller, Edge, FunctionOperation, JsonBody, Query, RequestContext, Route, respond,
};
use crate::store::{Callers, Profiles, StoredUser, Table};

/// One request, with everything that answers it.
pub struct Call<'a, A> {
    /// The function's settings and clients.
    pub app: &'a A,
    /// The edge: keys, clock, randomness and CORS.
    pub edge: &'a Edge,
    /// The table, within the time that the request has left.
    pub table: &'a Table,
    /// The ids, the caller and the deadline of the request.
    pub context: &'a RequestContext,
    /// The request.
    pub request: &'a Request,
    route: &'static Route,
}

/// Answers a request: finds its operation, calls `answer`, and logs the consumed capacity. Answers 404 or 405 if the
/// function has no such operation.
pub async fn serve<A, O, F>(
    app: &A,
    edge: &Edge,
    table: &Table,
    request: Request,
    answer: F,
) -> Result<Response<Body>, Infallible>
where
    O: FunctionOperation,
    F: AsyncFnOnce(&Call<'_, A>, O) -> Result<Answer, ApiError>,
{
    respond(edge, request, async |context, request| {
        let operation: O = context.operation(request)?;
        let table = &table.for_request(context.time_left());
        let call = Call { app, edge, table, context, request, route: operation.route() };
        let outcome = answer(&call, operation).await;
        context.record_consumed(table.consumed());
        outcome
    })
    .await
}

impl<A> Call<'_, A> {
    /// Returns the caller. Fails with 401 without an accepted token, and with 403 if the role may never take the
    /// operation's action. Reads nothing.
    pub fn begin(&self) -> Result<Caller, ApiError> {
        let caller = self.context.authenticate(self.edge, self.request)?;
        match self.route.authorization {
            Authorization::Action(action) if !caller.principal().may_ever(action) => {
                Err(ApiError::Forbidden(action.requirement().to_owned()))
            }
            _ => Ok(caller),
        }
    }

    /// Returns the stored caller. Fails with 401 if it differs from the token. Await it along with other reads.
    pub async fn confirm(&self, caller: &Caller) -> Result<StoredUser, ApiError> {
        caller.confirm(Callers::new(self.table).load(caller.organization, caller.user).await?)
    }

    /// Returns the confirmed caller and a user. Fails with 404 for a user of another organization as for none, and with 403 for one to
    /// whom the caller may not do this. Two concurrent reads.
    pub async fn user(
        &self,
        caller: &Caller,
        id: ObjectId,
        action: Action,
    ) -> Result<(StoredUser, StoredProfile), ApiError> {
        let profiles = Profiles::new(self.table);
        let (confirmed, found) = tokio::join!(self.confirm(caller), profiles.load(caller.organization, id));
        let (confirmed, found) = (confirmed?, found?.ok_or(ApiError::UserNotFound)?);
        let user = &found.user;
        let target = UserTarget::of(user);
        match caller.principal().judge_user(action, target) {
            Verdict::Allowed => Ok((confirmed, found)),
            Verdict::Forbidden => Err(ApiError::Forbidden(action.refusal().to_owned())),
            Verdict::Invisible => Err(ApiError::UserNotFound),
        }
    }

    /// Fails with 400 if there is a query string, for an operation without parameters.
    pub fn no_parameters(&self) -> Result<(), ApiError> {
        Query::of(self.request, &[]).map(drop)
    }

    /// Reads the body as a `B` on another thread, where `parse` reads its values.
    pub async fn read_body<B: DeserializeOwned, T: Send + 'static>(
        &self,
        parse: impl FnOnce(B) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let body = JsonBody::of(self.request)?;
        self.compute(move |work| parse(body.read(work)?)).await
    }

    /// Runs `work` on another thread. Fails with 503 at the request's deadline.
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Work) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.context.deadline().compute(work).await?
    }
}
