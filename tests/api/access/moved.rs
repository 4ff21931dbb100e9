//! People who moved to another organization and signed in again there: what they made before stays with the organization that
//! they left. A user keeps its id, so wherever a user is compared, the organization is, too.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::{ObjectId, TokenCredentials, User};
use shared::http::Caller;
use tests::{
    ACME, Answer, CASEY, GIL, GLOBEX, NEW_PASSWORD, PAT, SAM, TestApp, apply_body, apply_id, create_body, snapshot,
};

/// The token that `user` gets as a member of `organization`.
fn token_in(app: &TestApp, user: &User, organization: &str) -> String {
    let organization: ObjectId = organization.parse().unwrap();
    let credentials = TokenCredentials::default();
    app.token_for(&Caller { user: user.id, organization, role: user.role, name: String::new(), credentials })
}

/// Moves Pat, ADMIN of Acme, to Globex. Pat's token there.
async fn pat_moves(app: &TestApp) -> String {
    let pat = app.member(PAT).user.clone();
    app.move_user(&pat, GLOBEX).await;
    token_in(app, &pat, GLOBEX)
}

#[tokio::test]
async fn a_creator_reaches_a_snapshot_only_while_a_member_of_its_source_organization() {
    for (sharing, get, delete) in [
        (json!({"assignedOrgIds": [ACME]}), 404, 404),
        (json!({"assignedOrgIds": []}), 404, 404),
        (json!({"assignedOrgIds": [ACME, GLOBEX]}), 200, 403),
        (json!({"isGlobal": true}), 200, 403),
    ] {
        let app = TestApp::start().await;
        let id = snapshot(&app).await;
        app.assign(&app.token(SAM), &id, &sharing).await.expect(200);
        let moved = pat_moves(&app).await;
        assert_eq!(app.snapshot(&moved, &id).await.status, get, "{sharing}");
        assert_eq!(app.delete_snapshot(&moved, &id).await.status, delete, "{sharing}");
        assert_eq!(app.rename(&moved, &id, &json!({"name": "Mine"})).await.status, delete, "{sharing}");
        app.snapshot(&app.token(SAM), &id).await.expect(200);
        // Back again, it is as before.
        let pat = app.member(PAT).user.clone();
        let there = User { organization: GLOBEX.parse().unwrap(), ..pat.clone() };
        app.move_user(&there, ACME).await;
        app.delete_snapshot(&token_in(&app, &pat, ACME), &id).await.expect(200);
    }
}

#[tokio::test]
async fn a_snapshot_that_does_not_name_its_creators_organization_is_its_source_organizations() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let mut item = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
    assert!(item.remove("createdByOrgId").is_some());
    let put = app.database().client().put_item().table_name("snapshots").set_item(Some(item));
    put.send().await.unwrap();
    let moved = pat_moves(&app).await;
    app.delete_snapshot(&moved, &id).await.expect_problem(404, "snapshot_not_found");
    let there = User { organization: GLOBEX.parse().unwrap(), ..app.member(PAT).user.clone() };
    app.move_user(&there, ACME).await;
    app.delete_snapshot(&app.token(PAT), &id).await.expect(200);
}

#[tokio::test]
async fn who_captured_in_another_organization_as_a_superadmin_deletes_nothing_there_as_an_admin() {
    let app = TestApp::start().await;
    let sam = app.member(SAM).user.clone();
    let made = app.create_snapshot(&app.token(SAM), &create_body()).await;
    let id = made.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    app.set_attribute(&sam, "accessRole", AttributeValue::S("ADMIN".to_owned())).await;
    let demoted = token_in(&app, &User { role: shared::domain::Role::Admin, ..sam }, GLOBEX);
    app.delete_snapshot(&demoted, &id).await.expect_problem(404, "snapshot_not_found");
    app.snapshot(&app.token(PAT), &id).await.expect(200);
}

#[tokio::test]
async fn a_key_that_was_used_in_the_organization_before_is_another_key() {
    let app = TestApp::start().await;
    let mut body = create_body();
    let made = app.create_once(&app.token(PAT), "k", &body).await;
    let id = made.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    let applied = app.apply_once(&app.token(PAT), "k", &id, &apply_body()).await;
    let apply = apply_id(&applied);
    let moved = pat_moves(&app).await;

    app.create_once(&moved, "k", &body).await.expect_problem(403, "forbidden");
    body["sourceOrgId"] = json!(GLOBEX);
    body["sourceUserId"] = json!(app.member(GIL).user.id);
    let other = app.create_once(&moved, "k", &body).await;
    assert_ne!(other.expect(201)["snapshot"]["_id"], id.as_str());
    // Not the first answer: another user has the address.
    app.apply_once(&moved, "k", &id, &apply_body()).await.expect_problem(409, "email_taken");

    assert_eq!(app.list_applies(&moved, &id, "").await.expect(200)["applies"], json!([]));
    app.apply_detail(&moved, &id, &apply, "").await.expect_problem(404, "apply_not_found");
    app.undo(&moved, &id, &apply, None).await.expect_problem(404, "apply_not_found");
}

/// Casey, whom an apply in Globex made and who moved to Acme since.
async fn casey_moved(app: &TestApp) -> (String, String, User) {
    let id = snapshot(app).await;
    let answer = app.apply(&app.token(SAM), &id, &apply_body()).await;
    let user: ObjectId = answer.expect(201)["result"]["userId"].as_str().unwrap().parse().unwrap();
    let casey = User {
        id: user,
        email: shared::domain::Email::parse(CASEY).unwrap(),
        role: shared::domain::Role::SalesRep,
        ..app.member(GIL).user.clone()
    };
    app.move_user(&casey, ACME).await;
    (id, apply_id(&answer), casey)
}

#[tokio::test]
async fn an_undo_leaves_a_user_who_moved_and_the_address_alone() {
    for force in [false, true] {
        let app = TestApp::start().await;
        let (id, apply, casey) = casey_moved(&app).await;
        let body: Option<Value> = force.then(|| json!({"force": true}));
        let undone: Answer = app.undo(&app.token(SAM), &id, &apply, body.as_ref()).await;
        match force {
            false => drop(undone.expect_problem(409, "setup_in_use")),
            true => assert_eq!(undone.expect(200)["apply"]["state"], "undone"),
        }
        let claim = app.item(&format!("EMAIL#{CASEY}"), "#META").await.unwrap();
        assert_eq!(claim["userId"].as_s().unwrap(), &casey.id.to_string());
        let signed_in = app.login(CASEY, NEW_PASSWORD).await;
        assert_eq!(signed_in.expect(200)["user"]["organizationId"], ACME);
        app.apply(&app.token(SAM), &id, &apply_body()).await.expect_problem(409, "email_taken");
    }
}
