//! Who may see and undo which apply, over every cell of role x route x what the apply made. What is expected is written down here a
//! second time, apart from the table in the code.

use http::Method;
use serde_json::json;
use shared::domain::Role;
use shared::http::Caller;
use tests::{ACME, GLOBEX, PAT, SAM, TestApp, apply_body, snapshot};

use crate::snapshots::rights::{People, comparable};

/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";

/// A route about applies.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Route {
    List,
    ByTime,
    Detail,
    Undo,
    Force,
}

shared::every! {
    Route: List, ByTime, Detail, Undo, Force
}

impl Route {
    fn request(self, app: &TestApp, id: &str, apply: &str) -> reqwest::RequestBuilder {
        let applies = format!("/api/user-snapshots/{id}/applies");
        let request = match self {
            Self::List => app.request(Method::GET, &applies),
            Self::ByTime => app.request(Method::GET, "/api/applies"),
            Self::Detail => app.request(Method::GET, &format!("{applies}/{apply}")),
            Self::Undo => app.request(Method::POST, &format!("{applies}/{apply}/undo")),
            Self::Force => app.request(Method::POST, &format!("{applies}/{apply}/undo")).json(&json!({"force": true})),
        };
        // The one thing in which answers differ anyway.
        request.header("x-request-id", "the-cell")
    }
}

/// What an apply is to somebody of Globex.
#[derive(Debug, Clone, Copy, PartialEq)]
enum NewUserCase {
    /// It made a user of the lowest role.
    Lower,
    /// It made a user of the caller's role.
    Equal,
    /// It made a user of the highest role.
    Highest,
    /// It made the caller.
    Itself,
    /// It was made in another organization.
    Foreign,
    Missing,
    Malformed,
}

shared::every! {
    NewUserCase: Lower, Equal, Highest, Itself, Foreign, Missing, Malformed
}

impl NewUserCase {
    fn expected(self, role: Role, route: Route) -> u16 {
        match (role, self, route) {
            (Role::SalesRep | Role::DepartmentHead, ..) => 403,
            (_, _, Route::List | Route::ByTime) => 200,
            (_, Self::Malformed, _) => 400,
            (Role::Admin, _, Route::Force) => 403,
            (_, Self::Foreign | Self::Missing, _) | (Role::Admin, Self::Highest, _) => 404,
            (_, Self::Itself, Route::Undo | Route::Force) => 403,
            _ => 200,
        }
    }

    fn is_listed(self, role: Role) -> bool {
        match self {
            Self::Lower | Self::Equal | Self::Itself => true,
            Self::Highest => role == Role::Superadmin,
            Self::Foreign | Self::Missing | Self::Malformed => false,
        }
    }

    /// Makes an apply that is this to `caller`, and gives its id and who asks about it.
    async fn make(self, app: &TestApp, id: &str, caller: &Caller, number: u32) -> (String, Caller) {
        let (by, role) = match self {
            Self::Lower => (SAM, Role::SalesRep),
            Self::Equal | Self::Itself => (SAM, caller.role),
            Self::Highest => (SAM, Role::Superadmin),
            Self::Foreign => (PAT, Role::SalesRep),
            Self::Missing => return (NOBODY.to_owned(), caller.clone()),
            Self::Malformed => return ("nope".to_owned(), caller.clone()),
        };
        let mut body = apply_body();
        body["newUser"]["email"] = json!(format!("made{number}@globex.example"));
        body["newUser"]["accessRole"] = json!(role);
        let answer = app.apply(&app.token(by), id, &body).await;
        let result = &answer.expect(201)["result"];
        let user = result["userId"].as_str().unwrap().parse().unwrap();
        let asks = if self == Self::Itself { Caller { user, ..caller.clone() } } else { caller.clone() };
        (result["applyId"].as_str().unwrap().to_owned(), asks)
    }
}

#[tokio::test]
async fn every_cell_of_role_route_and_apply_is_answered_as_the_table_says() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    let people = People::of(&app).await;
    let (mut cells, mut allowed) = (0, 0);
    for (caller, token) in &people.0 {
        for route in Route::ALL {
            let missing = app.send(route.request(&app, &id, NOBODY).bearer_auth(token)).await;
            for made in NewUserCase::ALL {
                let cell = format!("{} {route:?} {made:?}", caller.role);
                cells += 1;
                let (apply, asks) = made.make(&app, &id, caller, cells).await;
                let before = app.items().await.len();
                app.forget_calls();
                let answer = app.send(route.request(&app, &id, &apply).bearer_auth(app.token_for(&asks))).await;
                let expected = made.expected(caller.role, route);
                assert_eq!(answer.status, expected, "{cell}: {}", answer.text);
                match (expected, route) {
                    (200, Route::List | Route::ByTime) => {
                        assert_eq!(answer.text.contains(&apply), made.is_listed(caller.role), "{cell}");
                        allowed += 1;
                    }
                    (200, _) => {
                        assert!(answer.text.contains(&apply), "{cell}");
                        allowed += 1;
                    }
                    _ => {
                        assert_eq!(app.recorded().write_units(), 0.0, "{cell}");
                        assert_eq!(app.items().await.len(), before, "{cell}");
                        assert!(!answer.text.contains(&apply) && !answer.text.contains("@globex"), "{cell}");
                    }
                }
                if expected == 404 {
                    assert_eq!(comparable(&answer), comparable(&missing), "{cell}: invisible is not as missing");
                }
                if expected == 403 && made != NewUserCase::Itself {
                    assert!(answer.body["detail"].as_str().unwrap().contains("role"), "{cell}: {}", answer.text);
                }
            }
        }
    }
    println!("{cells} cells of role x route x apply, {allowed} of them allowed");
    assert_eq!(cells, 4 * 5 * 7);
}
