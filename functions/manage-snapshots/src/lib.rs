//! Reads, changes, shares, refreshes and deletes snapshots, and answers unknown paths.

mod assign;
mod change;
mod detail;
mod differences;
mod docs;
mod edits;
#[cfg(test)]
mod growth;
mod items;
mod lists;
mod operations;
mod organizations;
mod people;
mod references;
mod refresh;
mod revisions;
mod setup;
mod users;

use std::convert::Infallible;

use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::call::serve;
use shared::http::{Answer, ApiError, Edge, ManageOperation};
use shared::store::Table;
use utoipa::ToSchema;

pub use self::operations::operations;

/// The settings and clients of this function.
#[derive(Clone)]
pub struct App {
    /// The edge: keys, clock, randomness and CORS.
    pub edge: Edge,
    /// The table.
    pub table: Table,
    /// The number of revisions that are kept, the current one included.
    pub revisions_kept: u32,
}

/// One request of this function.
pub(crate) type Call<'a> = shared::call::Call<'a, App>;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    serve(app, &app.edge, &app.table, request, answer).await
}

async fn answer(call: &Call<'_>, operation: ManageOperation) -> Result<Answer, ApiError> {
    match operation {
        ManageOperation::ListSnapshots => lists::list(call).await,
        ManageOperation::GetSnapshot => detail::get(call).await,
        ManageOperation::RenameSnapshot => edits::rename(call).await,
        ManageOperation::DeleteSnapshot => edits::delete(call).await,
        ManageOperation::ListSnapshotItems => items::get(call).await,
        ManageOperation::GetApplyReferences => references::get(call).await,
        ManageOperation::AssignSnapshot => assign::assign(call).await,
        ManageOperation::RefreshSnapshot => refresh::refresh(call).await,
        ManageOperation::ListRevisions => revisions::list(call).await,
        ManageOperation::GetRevision => revisions::get(call).await,
        ManageOperation::RestoreRevision => revisions::restore(call).await,
        ManageOperation::CompareRevisions => differences::compare(call).await,
        ManageOperation::ListCapturableUsers => users::list(call).await,
        ManageOperation::ListUsers => people::list(call).await,
        ManageOperation::GetUser => people::get(call).await,
        ManageOperation::GetSetup => setup::get(call).await,
        ManageOperation::ListOrganizations => organizations::list(call).await,
        ManageOperation::GetOrganization => organizations::get(call).await,
        ManageOperation::GetHealth => health(),
        ManageOperation::GetOpenApi => Ok(docs::description(call)),
        ManageOperation::GetOpenApi30 => Ok(docs::description_3_0(call)),
        ManageOperation::GetDocs => Ok(docs::page(call)),
        ManageOperation::GetIndex => Ok(docs::index(call)),
    }
}

/// Answers that the function runs. Calls nothing else: the other routes report whether the table answers.
fn health() -> Result<Answer, ApiError> {
    Answer::ok(&Health { status: "ok" })
}

#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::Method;
    use lambda_http::http;
    use serde_json::{Value, json};
    use shared::clock::SystemClock;
    use shared::config::client_for_endpoint;
    use shared::http::{CorsOrigins, SigningKey, TokenVerifier};
    use shared::ids::SystemRandomness;

    use super::*;

    fn app() -> App {
        let jwks = SigningKey::generate(&SystemRandomness).unwrap().jwks;
        let verifier = TokenVerifier::new(&jwks, "https://issuer.example", "snapshots").unwrap();
        let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
        let edge = Edge { verifier, clock, randomness, cors_origins: CorsOrigins::None };
        // Nothing listens there, and these tests never call it.
        App { edge, table: Table::new(client_for_endpoint("http://127.0.0.1:9"), "snapshots"), revisions_kept: 30 }
    }

    async fn send(method: Method, path: &str) -> (u16, http::HeaderMap, Value) {
        let request = http::Request::builder().method(method).uri(path).body(Body::Empty).unwrap();
        let Ok(response) = handle(&app(), request).await;
        let Body::Text(body) = response.body() else { panic!("the body is not text") };
        (response.status().as_u16(), response.headers().clone(), serde_json::from_str(body).unwrap())
    }

    #[tokio::test]
    async fn health_is_answered_without_a_token() {
        let (status, headers, body) = send(Method::GET, "/health").await;
        assert_eq!((status, body), (200, json!({"status": "ok"})));
        assert_eq!(headers["content-type"], "application/json");
        assert!(headers.contains_key("x-request-id"));
    }

    #[tokio::test]
    async fn an_unknown_path_is_a_problem_with_404() {
        for path in ["//", "/api", "/api/user-snapshot", "/api/user-snapshots/orgs//users", "/health/"] {
            let (status, headers, body) = send(Method::GET, path).await;
            assert_eq!((status, &body["code"]), (404, &json!("not_found")), "{path}");
            assert_eq!(headers["content-type"], "application/problem+json");
        }
    }

    #[tokio::test]
    async fn an_unknown_method_is_a_problem_with_405_and_allow() {
        for (method, path, allow) in [
            (Method::DELETE, "/health", "GET"),
            (Method::PUT, "/api/user-snapshots", "POST, GET"),
            (Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80", "GET, PATCH, DELETE"),
            (Method::POST, "/api/user-snapshots/orgs/64ee9a8b1e7f2a0011223344/users", "GET"),
            (Method::GET, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply", "POST"),
            (Method::POST, "/api/auth/verify-token", "GET"),
            (Method::OPTIONS, "/api/auth/login", "POST"),
        ] {
            let (status, headers, body) = send(method, path).await;
            assert_eq!((status, &body["code"]), (405, &json!("method_not_allowed")), "{path}");
            assert_eq!(headers["allow"], allow, "{path}");
        }
    }

    #[test]
    fn the_handler_can_be_served_by_the_runtime() {
        fn served<S>(_: S)
        where
            S: lambda_http::Service<Request, Response = Response<Body>, Error = Infallible>,
            S::Future: Send,
        {
        }
        let app = app();
        served(lambda_http::service_fn(|request| handle(&app, request)));
    }
}
