//! The routes, one method for each.

use http::Method;
use serde_json::{Value, json};

use crate::{Answer, TestApp};

impl TestApp {
    /// `POST /api/user-snapshots`.
    pub async fn create_snapshot(&self, token: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, "/api/user-snapshots").bearer_auth(token).json(body)).await
    }

    /// `POST /api/user-snapshots/{id}/apply`.
    pub async fn apply(&self, token: &str, id: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, &format!("/api/user-snapshots/{id}/apply")).bearer_auth(token).json(body))
            .await
    }

    /// `POST /api/user-snapshots` under an Idempotency-Key.
    pub async fn create_once(&self, token: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, "/api/user-snapshots").header("idempotency-key", key);
        self.send(request.bearer_auth(token).json(body)).await
    }

    /// `POST /api/user-snapshots/{id}/apply` under an Idempotency-Key.
    pub async fn apply_once(&self, token: &str, key: &str, id: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, &format!("/api/user-snapshots/{id}/apply"));
        self.send(request.header("idempotency-key", key).bearer_auth(token).json(body)).await
    }

    /// `POST /api/user-snapshots/{id}/plan`.
    pub async fn plan(&self, token: &str, id: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, &format!("/api/user-snapshots/{id}/plan")).bearer_auth(token).json(body))
            .await
    }

    /// `POST /api/auth/login`.
    pub async fn login(&self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        self.send(self.request(Method::POST, "/api/auth/login").json(&body)).await
    }

    /// `POST /api/auth/login` from this address, of a service behind a proxy.
    pub async fn login_from(&self, address: &str, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        let request = self.request(Method::POST, "/api/auth/login").header("x-forwarded-for", address);
        self.send(request.json(&body)).await
    }

    /// `GET /api/auth/verify-token`.
    pub async fn verify_token(&self, token: &str) -> Answer {
        self.send(self.request(Method::GET, "/api/auth/verify-token").bearer_auth(token)).await
    }

    /// `GET /health`.
    pub async fn health(&self) -> Answer {
        self.send(self.request(Method::GET, "/health")).await
    }

    /// `GET` of any path.
    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    /// `PATCH` of any path.
    pub async fn patch(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).bearer_auth(token).json(body)).await
    }

    /// `GET /api/user-snapshots`, with a query string such as `limit=7`.
    pub async fn list_snapshots(&self, token: &str, query: &str) -> Answer {
        self.get(token, &format!("/api/user-snapshots?{query}")).await
    }

    /// `GET /api/user-snapshots/{id}`.
    pub async fn snapshot(&self, token: &str, id: &str) -> Answer {
        self.get(token, &format!("/api/user-snapshots/{id}")).await
    }

    /// `GET /api/user-snapshots/{id}/items`, with a query string such as `kind=prompt`.
    pub async fn snapshot_items(&self, token: &str, id: &str, query: &str) -> Answer {
        self.get(token, &format!("/api/user-snapshots/{id}/items?{query}")).await
    }

    /// `GET /api/user-snapshots/{id}/apply-refs`.
    pub async fn apply_refs(&self, token: &str, id: &str) -> Answer {
        self.get(token, &format!("/api/user-snapshots/{id}/apply-refs")).await
    }

    /// `GET /api/user-snapshots/orgs/{orgId}/users`, with a query string such as `limit=7`.
    pub async fn list_users(&self, token: &str, organization: &str, query: &str) -> Answer {
        self.get(token, &format!("/api/user-snapshots/orgs/{organization}/users?{query}")).await
    }

    /// `PATCH /api/user-snapshots/{id}`.
    pub async fn rename(&self, token: &str, id: &str, body: &Value) -> Answer {
        self.patch(token, &format!("/api/user-snapshots/{id}"), body).await
    }

    /// `PATCH /api/user-snapshots/{id}/assign`.
    pub async fn assign(&self, token: &str, id: &str, body: &Value) -> Answer {
        self.patch(token, &format!("/api/user-snapshots/{id}/assign"), body).await
    }

    /// `DELETE /api/user-snapshots/{id}`.
    pub async fn delete_snapshot(&self, token: &str, id: &str) -> Answer {
        self.send(self.request(Method::DELETE, &format!("/api/user-snapshots/{id}")).bearer_auth(token)).await
    }

    /// `GET /api/user-snapshots/{id}/applies`, with a query string such as `limit=7`.
    pub async fn list_applies(&self, token: &str, id: &str, query: &str) -> Answer {
        self.get(token, &format!("/api/user-snapshots/{id}/applies?{query}")).await
    }

    /// `GET /api/applies`, with a query string such as `limit=7`.
    pub async fn history(&self, token: &str, query: &str) -> Answer {
        self.get(token, &format!("/api/applies?{query}")).await
    }

    /// `GET /api/user-snapshots/{id}/applies/{applyId}`, with a query string such as `limit=7`.
    pub async fn apply_detail(&self, token: &str, id: &str, apply: &str, query: &str) -> Answer {
        self.get(token, &format!("/api/user-snapshots/{id}/applies/{apply}?{query}")).await
    }

    /// `POST /api/user-snapshots/{id}/applies/{applyId}/undo`, without a body or with this one.
    pub async fn undo(&self, token: &str, id: &str, apply: &str, body: Option<&Value>) -> Answer {
        self.undo_with(token, id, apply, "", body).await
    }

    /// The same with a query string such as `dryRun=true`.
    pub async fn undo_with(&self, token: &str, id: &str, apply: &str, query: &str, body: Option<&Value>) -> Answer {
        let path = format!("/api/user-snapshots/{id}/applies/{apply}/undo?{query}");
        let request = self.request(Method::POST, &path).bearer_auth(token);
        self.send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// `POST /api/auth/password`.
    pub async fn change_password(&self, token: &str, current: &str, new: &str) -> Answer {
        let body = json!({"currentPassword": current, "newPassword": new});
        self.send(self.request(Method::POST, "/api/auth/password").bearer_auth(token).json(&body)).await
    }

    /// `POST /api/auth/accept-invitation`.
    pub async fn accept_invitation(&self, invitation: &str, password: &str) -> Answer {
        let body = json!({"token": invitation, "password": password});
        self.send(self.request(Method::POST, "/api/auth/accept-invitation").json(&body)).await
    }

    /// `POST /api/users/{userId}/invitation`.
    pub async fn invite(&self, token: &str, user: &str) -> Answer {
        self.send(self.request(Method::POST, &format!("/api/users/{user}/invitation")).bearer_auth(token)).await
    }

    /// `GET /api/users/{userId}`.
    pub async fn user(&self, token: &str, user: &str) -> Answer {
        self.get(token, &format!("/api/users/{user}")).await
    }

    /// `GET /api/users/{userId}/setup`, with a query string such as `limit=7`.
    pub async fn setup(&self, token: &str, user: &str, query: &str) -> Answer {
        self.get(token, &format!("/api/users/{user}/setup?{query}")).await
    }

    /// `DELETE /api/users/{userId}`.
    pub async fn remove_user(&self, token: &str, user: &str) -> Answer {
        self.send(self.request(Method::DELETE, &format!("/api/users/{user}")).bearer_auth(token)).await
    }

    /// `POST /api/organizations`.
    pub async fn create_organization(&self, token: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, "/api/organizations").bearer_auth(token).json(body)).await
    }

    /// `POST /api/organizations` under an Idempotency-Key.
    pub async fn create_organization_once(&self, token: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, "/api/organizations").header("idempotency-key", key);
        self.send(request.bearer_auth(token).json(body)).await
    }

    /// `GET /api/organizations`, with a query string such as `limit=7`.
    pub async fn list_organizations(&self, token: &str, query: &str) -> Answer {
        self.get(token, &format!("/api/organizations?{query}")).await
    }

    /// `GET /api/organizations/{orgId}`.
    pub async fn organization(&self, token: &str, id: &str) -> Answer {
        self.get(token, &format!("/api/organizations/{id}")).await
    }

    /// `PATCH /api/organizations/{orgId}`.
    pub async fn change_organization(&self, token: &str, id: &str, body: &Value) -> Answer {
        self.patch(token, &format!("/api/organizations/{id}"), body).await
    }

    /// `PATCH /api/users/{userId}`.
    pub async fn change_user_by(&self, token: &str, user: &str, body: &Value) -> Answer {
        self.patch(token, &format!("/api/users/{user}"), body).await
    }
}
