//! What a refresh makes of what cannot be read any more.

use serde_json::{Value, json};
use tests::{ACME, GLOBEX, PAT, SAM, TestApp, create_body, edit_prompt, refresh, snapshot};

use super::{changed, first, named, put, s, setup_partition};

/// The state and the revision that a refresh comes to, and what it says.
async fn refreshed(app: &TestApp, id: &str) -> (Value, Value, String) {
    let answer = refresh(app, PAT, id).await;
    let snapshot = &answer.expect(200)["snapshot"];
    let detail = snapshot["refreshDetail"].as_str().unwrap_or_default().to_owned();
    (snapshot["refreshStatus"].clone(), snapshot["revision"].clone(), detail)
}

#[tokio::test]
async fn an_item_of_any_kind_that_cannot_be_read_any_more_makes_no_revision() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for kind in ["AUTOMATION#", "PROMPT#", "TEMPLATE#"] {
        let item = first(&app, &setup_partition(&app), kind).await;
        let key = item["SK"].as_s().unwrap().split_once('#').unwrap().1.to_owned();
        for value in [None, Some(s("{}"))] {
            put(&app, changed(&item, &["document"], value)).await;
            let (status, revision, detail) = refreshed(&app, &id).await;
            assert_eq!((status, revision), (json!("failed"), json!(1)));
            assert!(detail.contains(&key) && detail.contains("keeps its content"), "{detail}");
        }
        put(&app, item).await;
        assert_eq!(refreshed(&app, &id).await, (json!("unchanged"), json!(1), String::new()));
    }
}

#[tokio::test]
async fn a_pipeline_or_an_agent_that_cannot_be_read_any_more_stops_no_refresh_and_makes_no_revision() {
    let app = TestApp::start().await;
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    let id = snapshot(&app).await;
    app.assign(&sam, &id, &json!({"assignedOrgIds": [ACME, GLOBEX], "follow": true})).await.expect(200);
    let before = app.apply_refs(&sam, &id).await.expect(200).clone();
    let acme = format!("ORG#{ACME}");
    let (pipeline, agent) = (first(&app, &acme, "PIPELINE#").await, first(&app, &acme, "AGENT#").await);
    put(&app, changed(&pipeline, &["document", "stages"], None)).await;
    put(&app, changed(&agent, &["document", "name"], None)).await;
    assert_eq!(refreshed(&app, &id).await, (json!("unchanged"), json!(1), String::new()));

    // A change of the setup is captured beside them, is shared further, and knows the agent still.
    edit_prompt(&app, "Say less.").await;
    assert_eq!(refreshed(&app, &id).await, (json!("fresh"), json!(2), String::new()));
    let detail = app.snapshot(&pat, &id).await.expect(200)["snapshot"].clone();
    assert_eq!(detail["sharedRevision"], 2);
    let kinds: Vec<_> = named(&detail["leftOut"]).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["pipeline", "agent"]);
    let diff = app.get(&pat, &format!("/api/user-snapshots/{id}/diff")).await.expect(200).clone();
    assert_eq!((diff["changes"].as_array().unwrap().len(), diff.get("agents")), (1, None), "{diff}");
    assert_eq!(app.apply_refs(&sam, &id).await.expect(200)["agentRefs"], before["agentRefs"]);
    assert_eq!(refreshed(&app, &id).await, (json!("unchanged"), json!(2), String::new()));

    // That they can be read again is no change of the setup either.
    put(&app, pipeline).await;
    put(&app, agent).await;
    assert_eq!(refreshed(&app, &id).await, (json!("unchanged"), json!(2), String::new()));
}

#[tokio::test]
async fn a_repeated_create_answers_what_the_first_one_left_out() {
    let app = TestApp::start().await;
    let pat = app.token(PAT);
    let template = first(&app, &setup_partition(&app), "TEMPLATE#").await;
    put(&app, changed(&template, &["SK"], Some(s("TEMPLATE#odd")))).await;
    let first_answer = app.create_once(&pat, "k", &create_body()).await;
    let told = named(&first_answer.expect(201)["leftOut"]);
    assert_eq!(told, [("template".to_owned(), "odd".to_owned())]);
    let again = app.create_once(&pat, "k", &create_body()).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.expect(201), &first_answer.body);

    // Also once another revision took the place of what it made.
    put(&app, changed(&template, &["SK"], Some(s("TEMPLATE#other")))).await;
    let id = first_answer.body["snapshot"]["_id"].as_str().unwrap();
    assert_eq!(refreshed(&app, id).await.1, json!(2));
    let again = app.create_once(&pat, "k", &create_body()).await;
    assert_eq!((named(&again.expect(201)["leftOut"]), &again.body["snapshot"]["revision"]), (told, &json!(2)));
}
