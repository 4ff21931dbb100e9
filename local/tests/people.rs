//! `org add`, `pipeline add` and `user add|invite|disable`, each beside the service on one table.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

mod operator;

use http::Method;
use local::workspace::Workspace;
use operator::{CommandResult, run_at};
use serde_json::json;
use tests::{Answer, Census, GIL, GLOBEX, PASSWORD, PAT, SAM, TestApp};

const NEW_PASSWORD: &str = "Good-Pass-2026!";

async fn run(app: &TestApp, arguments: &[&str]) -> CommandResult {
    run_at(app, app.database().endpoint(), arguments, None).await
}

async fn empty_app() -> TestApp {
    TestApp::with_workspace(Workspace { organizations: Vec::new() }).await
}

/// Returns the one line that a command printed for a shell variable.
fn printed(result: &CommandResult) -> String {
    assert!(result.succeeded, "{result:?}");
    let line = result.stdout.strip_suffix('\n').unwrap();
    assert!(!line.contains(['\n', ' ']), "{result:?}");
    line.to_owned()
}

async fn accept(app: &TestApp, token: &str, password: &str) -> Answer {
    let body = json!({"token": token, "password": password});
    app.send(app.request(Method::POST, "/api/auth/accept-invitation").json(&body)).await
}

/// Returns every item, to compare a table with itself.
async fn table(app: &TestApp) -> Vec<tests::Item> {
    Census::of(app).await.items().cloned().collect()
}

const FIRST: [&str; 10] = [
    "user",
    "add",
    "--new-organization",
    "Initech",
    "--email",
    "peter@initech.example",
    "--name",
    "Peter",
    "--role",
    "SUPERADMIN",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_first_superadmin_of_an_empty_table_accepts_the_printed_invitation_and_signs_in() {
    let app = empty_app().await;
    let added = run(&app, &FIRST).await;
    let token = printed(&added);
    assert!(!added.stderr.contains(&token) && added.stderr.contains("/api/auth/accept-invitation"), "{added:?}");
    for item in app.items().await {
        assert!(!format!("{item:?}").contains(&token), "the token is stored nowhere");
    }
    accept(&app, &token, NEW_PASSWORD).await.expect(200);
    app.sign_in("peter@initech.example", NEW_PASSWORD).await;
    let role = app.profile_of("peter@initech.example").await["accessRole"].as_s().unwrap().clone();
    assert_eq!(role, "SUPERADMIN");
    accept(&app, &token, NEW_PASSWORD).await.expect_problem(401, "invalid_invitation");

    let before = table(&app).await;
    let again = run(&app, &FIRST).await;
    let words =
        "error: peter@initech.example is a user of the organization already; `user invite` makes a fresh invitation\n";
    assert!(!again.succeeded && again.stdout.is_empty() && again.stderr == words, "{again:?}");
    assert_eq!(table(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_and_a_pipeline_are_added_once_under_the_ids_that_a_load_makes() {
    let app = empty_app().await;
    let initech = printed(&run(&app, &["org", "add", "--name", "Initech"]).await);
    let pipeline =
        ["pipeline", "add", "--organization", &initech, "--name", "Funnel", "--stage", "New", "--stage", "Won"];
    let funnel = printed(&run(&app, &pipeline).await);
    let file = json!({"organizations": [{
        "name": "Initech",
        "pipelines": [{"name": "Funnel", "type": "Contact", "stages": [{"name": "New"}, {"name": "Won"}]}],
    }]});
    let workspace = Workspace::parse("w.json", &file.to_string(), tests::BEGINNING).unwrap();
    let organization = &workspace.organizations[0].organization;
    assert_eq!(
        (organization.id.to_string(), organization.pipelines[0].id.to_string()),
        (initech.clone(), funnel.clone())
    );

    let before = table(&app).await;
    let again = run(&app, &["org", "add", "--name", "Initech"]).await;
    assert!(printed(&again) == initech && again.stderr.contains("is there already"), "{again:?}");
    assert_eq!(printed(&run(&app, &pipeline).await), funnel);
    for (arguments, reason) in [
        (&["org", "add", "--name", "Other", "--id", &initech][..], "has the name \"Initech\""),
        (&[&pipeline[..6], &["--stage", "New"]].concat(), "is there with other values"),
        (&[&pipeline[..6], &["--stage", "New", "--stage", "New"]].concat(), "two stages have the name \"New\""),
        (&["pipeline", "add", "--organization", GLOBEX, "--name", "F"], "there is no organization"),
        (&["org", "add", "--name", " "], "the name shows nothing"),
    ] {
        let refused = run(&app, arguments).await;
        assert!(!refused.succeeded && refused.stderr.contains(reason), "{refused:?}");
    }
    assert_eq!(table(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_of_the_operator_replaces_the_earlier_one_and_no_administrator_ends_it() {
    let app = TestApp::start().await;
    let id = app.member(GIL).user.id.to_string();
    let earlier = app.invite(&app.token(SAM), &id).await;
    let invite = ["user", "invite", "--email", "GIL@globex.example"];
    let first = printed(&run(&app, &invite).await);
    let second = printed(&run(&app, &invite).await);
    assert!(!app.claim(GIL).await.contains_key("invitedBy"));
    app.sign_in(GIL, PASSWORD).await;
    let earlier = earlier.expect(201)["invitation"]["token"].as_str().unwrap().to_owned();
    for spent in [&earlier, &first] {
        accept(&app, spent, NEW_PASSWORD).await.expect_problem(401, "invalid_invitation");
    }
    accept(&app, &second, NEW_PASSWORD).await.expect(200);
    app.sign_in(GIL, NEW_PASSWORD).await;
    let unknown = run(&app, &["user", "invite", "--email", "nobody@acme.example"]).await;
    assert!(
        !unknown.succeeded && unknown.stderr == "error: no user has the address nobody@acme.example\n",
        "{unknown:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabling_ends_tokens_once_and_the_last_administrator_takes_force() {
    let app = TestApp::start().await;
    let verify = |token: &str| app.request(Method::GET, "/api/auth/verify-token").bearer_auth(token);
    let (gil, pat) = (app.token(GIL), app.token(PAT));
    let disabled = run(&app, &["user", "disable", "--email", GIL]).await;
    assert!(
        disabled.succeeded && disabled.stdout.contains("is disabled, and all tokens of the user are over"),
        "{disabled:?}"
    );
    app.send(verify(&gil)).await.expect_problem(401, "unauthenticated");
    let before = table(&app).await;
    let again = run(&app, &["user", "disable", "--email", GIL]).await;
    assert!(again.succeeded && again.stdout.contains("is disabled already"), "{again:?}");
    let invited = run(&app, &["user", "invite", "--email", GIL]).await;
    assert!(
        !invited.succeeded && invited.stderr.contains("is disabled, so no invitation lets the user in"),
        "{invited:?}"
    );
    let refused = run(&app, &["user", "disable", "--email", PAT]).await;
    assert!(
        !refused.succeeded && refused.stderr.contains("make somebody else an ADMIN first, or add --force"),
        "{refused:?}"
    );
    assert_eq!(table(&app).await, before);
    app.send(verify(&pat)).await.expect(200);
    let forced = run(&app, &["user", "disable", "--email", PAT, "--force"]).await;
    assert!(forced.succeeded, "{forced:?}");
    app.send(verify(&pat)).await.expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_is_refused_and_a_removed_user_comes_back_under_another_id() {
    let app = TestApp::start().await;
    let add = |email: &'static str| {
        ["user", "add", "--organization", GLOBEX, "--email", email, "--name", "New", "--role", "SALES_REP"]
    };
    let taken = run(&app, &add(PAT)).await;
    assert!(
        !taken.succeeded && taken.stderr.contains("a user of organization 64ee9a8b1e7f2a0011223344 has the address"),
        "{taken:?}"
    );
    let first = printed(&run(&app, &add("new@globex.example")).await);
    let id = |token: &str| token.split('.').nth(1).unwrap().to_owned();
    let path = format!("/api/users/{}", id(&first));
    app.send(app.request(Method::DELETE, &path).bearer_auth(app.token(SAM))).await.expect(200);
    let second = printed(&run(&app, &add("new@globex.example")).await);
    assert_ne!(id(&first), id(&second));
    accept(&app, &first, NEW_PASSWORD).await.expect_problem(401, "invalid_invitation");
    accept(&app, &second, NEW_PASSWORD).await.expect(200);
    let nowhere = [
        "user",
        "add",
        "--organization",
        "64ee9a8b1e7f2a00112233ff",
        "--email",
        "x@x.example",
        "--name",
        "X",
        "--role",
        "ADMIN",
    ];
    let refused = run(&app, &nowhere).await;
    assert!(!refused.succeeded && refused.stderr.contains("there is no organization"), "{refused:?}");
}
