//! Invitations of users that an earlier version or another system wrote.

use aws_sdk_dynamodb::types::AttributeValue;
use tests::{ANOTHER_PASSWORD, CASEY, GIL, GLOBEX, SAM, TestApp};

use crate::people::invitations::{accept, invited_casey, token_of};

/// Removes an attribute of a claim or a profile without a port and its rules.
async fn remove(app: &TestApp, pk: &str, name: &str) {
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let update = app.database().client().update_item().table_name("snapshots");
    let update = update.key("PK", key(pk)).key("SK", key("#META")).update_expression(format!("REMOVE {name}"));
    update.send().await.unwrap();
}

/// Earlier versions did not store who made it.
#[tokio::test]
async fn an_invitation_of_an_earlier_version_is_accepted() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    remove(&app, &format!("EMAIL#{CASEY}"), "invitedBy").await;
    accept(&app, &casey.token).await.expect(200);
}

/// Another system may leave out what is false.
#[tokio::test]
async fn a_user_without_a_word_on_its_access_accepts_and_signs_in() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    remove(&app, &format!("ORG#{GLOBEX}#USER#{}", casey.user), "loginDisabled").await;
    accept(&app, &casey.token).await.expect(200);
    app.login(CASEY, ANOTHER_PASSWORD).await.expect(200);
}

/// The claim on the address of a user can be lost, or another user's, where another system wrote it.
#[tokio::test]
async fn a_user_without_a_claim_gets_it_with_an_invitation_and_nobody_elses_is_taken() {
    let app = TestApp::start().await;
    let casey = invited_casey(&app).await;
    let sam = app.token(SAM);
    let claim = async |holder: Option<(&str, &str)>| {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let (pk, sk) = (("PK", text(&format!("EMAIL#{CASEY}"))), ("SK", text("#META")));
        match holder {
            Some((name, id)) => {
                app.put_item([pk, sk, ("type", text("email")), ("organizationId", text(GLOBEX)), (name, text(id))])
                    .await;
            }
            None => {
                let delete = app.database().client().delete_item().table_name("snapshots");
                delete.key(pk.0, pk.1).key(sk.0, sk.1).send().await.unwrap();
            }
        }
    };
    let other = app.member(GIL).user.id.to_string();
    claim(Some(("userId", &other))).await;
    app.invite(&sam, &casey.user).await.expect_problem(409, "email_taken");
    claim(Some(("reservedBy", &other))).await;
    app.invite(&sam, &casey.user).await.expect_problem(409, "in_progress");
    claim(None).await;
    let fresh = token_of(&app.invite(&sam, &casey.user).await);
    accept(&app, &casey.token).await.expect_problem(401, "invalid_invitation");
    accept(&app, &fresh).await.expect(200);
    app.login(CASEY, ANOTHER_PASSWORD).await.expect(200);
}
