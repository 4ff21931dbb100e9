//! One request of a function, and the steps that every handler starts with.

use std::convert::Infallible;

use lambda_http::{Body, Request, Response};
use serde::de::DeserializeOwned;

use crate::domain::rights::{Action, UserTarget, Verdict};
use crate::domain::{ObjectId, StoredProfile, Work};
use crate::http::{
    ActingPlace, Actor, Answer, ApiError, Authorization, Edge, FunctionOperation, JsonBody, ORGANIZATION_ID, Query,
    RequestContext, Route, respond,
};
use crate::store::{Callers, Organizations, Profiles, StoredUser, Table};

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
    /// Returns the caller, in the organization that the query string names. Fails with 401 without an accepted token, and with 403
    /// if the role may never take the operation's action, or not act in that organization. Reads nothing.
    pub fn begin(&self) -> Result<Actor, ApiError> {
        let caller = self.context.authenticate(self.edge, self.request)?;
        match self.route.authorization {
            Authorization::Action(action) if !caller.principal().may_ever(action) => {
                return Err(ApiError::Forbidden(action.requirement().to_owned()));
            }
            _ => {}
        }
        let actor = Actor::at_home(caller);
        match self.route.id.acting_place() {
            ActingPlace::Query => self.acting(actor, Query::organization(self.request)?),
            ActingPlace::Body | ActingPlace::Nowhere => Ok(actor),
        }
    }

    /// Returns the caller in the organization that the body names, if it names one. Fails with 403 as [`Call::begin`] does.
    pub fn acting(&self, actor: Actor, organization: Option<ObjectId>) -> Result<Actor, ApiError> {
        let actor = actor.within(organization, self.route.id.acting_place())?;
        self.context.record_acting(actor.other_organization());
        Ok(actor)
    }

    /// Reads the caller in its own organization. Fails with 401 if it differs from the token. Fails with 422 if the organization to act in
    /// does not exist. Await it along with other reads.
    pub async fn confirm(&self, actor: &Actor) -> Result<StoredUser, ApiError> {
        let caller = actor.caller();
        let other = async {
            match actor.other_organization() {
                Some(other) => Organizations::new(self.table).exists(&other).await,
                None => Ok(true),
            }
        };
        let callers = Callers::new(self.table);
        let (stored, exists) = tokio::join!(callers.load(caller.organization, caller.user), other);
        let stored = caller.confirm(stored?)?;
        if exists? { Ok(stored) } else { Err(actor.no_such_organization()) }
    }

    /// Returns the confirmed caller and a user. Fails with 404 for a user of another organization as for none, and with 403 for one to
    /// whom the caller may not do this. Two concurrent reads.
    pub async fn user(
        &self,
        caller: &Actor,
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

    /// Reads the query string: these parameters, and the organization to act in, if the operation takes it there.
    pub fn query(&self, known: &[&str]) -> Result<Query, ApiError> {
        match self.route.id.acting_place() {
            ActingPlace::Query => Query::of(self.request, &[known, &[ORGANIZATION_ID]].concat()),
            ActingPlace::Body | ActingPlace::Nowhere => Query::of(self.request, known),
        }
    }

    /// Fails with 400 if there is another query string, for an operation without parameters of its own.
    pub fn no_parameters(&self) -> Result<(), ApiError> {
        self.query(&[]).map(drop)
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
