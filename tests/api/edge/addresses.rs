//! Addresses whose domain mixes scripts: a person who reads one sees the punycode, so that it does not pass for another.

use http::Method;
use serde_json::json;
use tests::{GLOBEX, SAM, TestApp, apply_body, apply_id, create_body, snapshot};

const PASSWORD: &str = "TempPass!2026";

#[tokio::test]
async fn an_address_that_mixes_scripts_is_kept_as_sent_and_shown_in_punycode_everywhere() {
    for (sent, shown) in [
        ("Casey@\u{430}cme.example", "Casey@xn--cme-5cd.example"),
        ("casey@\u{430}\u{441}\u{43c}\u{435}.example", "casey@xn--80akut.example"),
        ("casey@b\u{fc}cher.example", "casey@b\u{fc}cher.example"),
        ("Casey@ACME.example.", "Casey@ACME.example."),
    ] {
        let app = TestApp::start().await;
        let sam = app.token(SAM);
        let id = snapshot(&app).await;
        let mut body = apply_body();
        body["newUser"]["email"] = json!(sent);
        let applied = app.apply_once(&sam, "k", &id, &body).await;
        let result = &applied.expect(201)["result"];
        assert_eq!(result["userEmail"], shown, "{sent}");
        let (apply, user) = (apply_id(&applied), result["userId"].as_str().unwrap());
        let stored = app.item(&format!("ORG#{GLOBEX}#USER#{user}"), "#META").await.unwrap();
        assert_eq!(stored["email"].as_s().unwrap(), sent);

        let mut create = create_body();
        create["sourceOrgId"] = json!(GLOBEX);
        create["sourceUserId"] = json!(user);
        let created = app.create_snapshot(&sam, &create).await;
        assert_eq!(created.expect(201)["snapshot"]["sourceUserEmail"], shown);
        let of_casey = created.body["snapshot"]["_id"].as_str().unwrap().to_owned();
        for address in [sent, shown] {
            assert_eq!(app.login(address, PASSWORD).await.expect(200)["user"]["email"], shown, "{address}");
        }
        let mut answers = vec![
            applied,
            app.apply_once(&sam, "k", &id, &body).await,
            app.list_snapshots(&sam, "").await,
            app.list_users(&sam, GLOBEX, "").await,
            app.list_applies(&sam, &id, "").await,
            app.history(&sam, "").await,
            app.apply_detail(&sam, &id, &apply, "").await,
            app.rename(&sam, &of_casey, &json!({"name": "Casey's"})).await,
            app.undo(&sam, &id, &apply, Some(&json!({"force": true}))).await,
        ];
        for last in ["", "/items", "/revisions", "/revisions/1", "/diff", "/apply-refs"] {
            answers.push(app.get(&sam, &format!("/api/user-snapshots/{of_casey}{last}")).await);
        }
        let refreshed = app.request(Method::POST, &format!("/api/user-snapshots/{of_casey}/refresh"));
        answers.push(app.send(refreshed.bearer_auth(&sam)).await);
        for answer in answers {
            assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
            assert!(sent == shown || !answer.text.contains(sent), "{}", answer.text);
        }
        // Two spellings of one address are one address.
        let again = app.apply(&sam, &id, &body).await;
        again.expect(201);
        body["newUser"]["email"] = json!(shown);
        app.apply(&sam, &id, &body).await.expect_problem(409, "email_taken");
    }
}
