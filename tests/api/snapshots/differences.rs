//! What changed between two revisions, as the API tells it.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::{ItemKind, Setup, SetupItem};
use shared::store::SetupChange;
use tests::{
    ACME, ALEX, Answer, BEGINNING, GIL, PAT, SAM, TestApp, capture, change_alex, edit_prompt, numbered_id, refresh,
    setup_of, snapshot, user_with_setup,
};

use crate::snapshots::revisions::with_revisions;

async fn diff(app: &TestApp, id: &str, query: &str) -> Answer {
    app.get(&app.token(PAT), &format!("/api/user-snapshots/{id}/diff?{query}")).await
}

fn item(id: shared::domain::ObjectId, document: Value) -> SetupItem {
    SetupItem { id, document: serde_json::from_value(document).unwrap() }
}

#[tokio::test]
async fn a_diff_names_what_was_added_removed_and_changed_by_field_and_line() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let setup = &app.member(ALEX).setup;
    let long = setup.items.prompts.iter().max_by_key(|it| it.document.text("prompt").map(str::len)).unwrap();
    let mut document = long.document.as_value().clone();
    let text = document["prompt"].as_str().unwrap().to_owned();
    document["prompt"] = json!(text.replacen("<prompt", "<!-- Be brief. -->\n<prompt", 1) + "\nThe end.");
    let automation = &setup.items.automations[0];
    let template = &setup.items.templates[0];
    for one in [
        SetupChange::Put(ItemKind::Prompt, item(long.id, document)),
        SetupChange::Switch(automation.id, false),
        SetupChange::Remove(ItemKind::Template, template.id),
        SetupChange::Put(ItemKind::Template, item(numbered_id(9, 1), json!({"name": "New one", "template": "Hi"}))),
    ] {
        change_alex(&app, one).await;
    }
    refresh(&app, PAT, &id).await.expect(200);
    let told = diff(&app, &id, "").await.expect(200).clone();
    assert_eq!((&told["from"]["revision"], &told["to"]["revision"]), (&json!(1), &json!(2)));
    let counts = |automations, prompts, templates| json!({"automations": automations, "prompts": prompts, "templates": templates});
    assert_eq!(
        told["summary"],
        json!({"added": counts(0, 0, 1), "removed": counts(0, 0, 1), "changed": counts(1, 1, 0)})
    );
    let find = |id: &dyn std::fmt::Display| {
        let changes = told["changes"].as_array().unwrap();
        changes.iter().find(|change| change["_id"] == id.to_string()).unwrap_or_else(|| panic!("{id}: {told}"))
    };
    assert_eq!(find(&automation.id)["enabled"], json!({"before": true, "after": false}));
    assert_eq!(find(&template.id)["change"], "removed");
    assert_eq!(find(&numbered_id(9, 1))["change"], "added");
    let field = &find(&long.id)["fields"][0];
    assert_eq!((&field["pointer"], find(&long.id)["fields"].as_array().unwrap().len()), (&json!("/prompt"), 1));
    let lines: Vec<&str> = field["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(lines.contains(&"+The end."), "{lines:?}");
    assert!(lines.len() < 40, "of twenty kilobytes only what changed is shown: {}", lines.len());

    let reversed = diff(&app, &id, "from=2&to=1").await.expect(200).clone();
    assert_eq!((&reversed["summary"]["added"], &reversed["summary"]["removed"]), (&counts(0, 0, 1), &counts(0, 0, 1)));
    let same = diff(&app, &id, "from=2&to=2").await.expect(200).clone();
    assert_eq!(same["changes"], json!([]));
}

#[tokio::test]
async fn any_two_revisions_that_are_kept_can_be_compared() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 4).await;
    for (query, from, to) in [("", 3, 4), ("to=3", 2, 3), ("from=1", 1, 4), ("from=1&to=3", 1, 3), ("to=1", 1, 1)] {
        let told = diff(&app, &id, query).await.expect(200).clone();
        assert_eq!((&told["from"]["revision"], &told["to"]["revision"]), (&json!(from), &json!(to)), "{query}");
        assert_eq!(told["changes"].as_array().unwrap().len(), usize::from(from != to), "{query}");
    }
    for missing in ["from=5", "to=5", "from=4294967295"] {
        diff(&app, &id, missing).await.expect_problem(404, "revision_not_found");
    }
    for wrong in ["from=0", "to=x", "from=-1", "from=1&from=2", "until=2"] {
        diff(&app, &id, wrong).await.expect_problem(400, "invalid_query");
    }
    let foreign = app.get(&app.token(GIL), &format!("/api/user-snapshots/{id}/diff")).await;
    foreign.expect_problem(404, "snapshot_not_found");
}

#[tokio::test]
async fn a_diff_is_paged_without_a_change_lost_or_told_twice() {
    let app = TestApp::start().await;
    let user = user_with_setup(&app, 1, &setup_of(90)).await;
    let id = capture(&app, user).await;
    let changed: Vec<SetupChange> = (0..30)
        .map(|number| {
            SetupChange::Put(ItemKind::Prompt, item(numbered_id(2, number), json!({"name": "Changed", "prompt": "x"})))
        })
        .collect();
    tests::change_setup(app.table(), &ACME.parse().unwrap(), &user, &changed, BEGINNING).await.unwrap();
    refresh(&app, SAM, &id).await.expect(200);
    let whole = diff(&app, &id, "").await.expect(200)["changes"].as_array().unwrap().clone();
    assert_eq!(whole.len(), 30);
    for limit in [1, 7, 29, 30, 31] {
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = diff(&app, &id, &format!("limit={limit}{cursor}")).await.expect(200).clone();
            assert_eq!(page["summary"]["changed"]["prompts"], 30);
            paged.extend(page["changes"].as_array().unwrap().iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, whole, "{limit}");
    }
}

#[tokio::test]
async fn a_removed_secret_is_no_part_of_a_diff() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let secret = "wh_live_5f2c9a71d3e84b06a1c7d9e2f4b8";
    edit_prompt(&app, &format!("Call https://user:{secret}@hooks.example/x with Authorization: Bearer {secret}")).await;
    refresh(&app, PAT, &id).await.expect(200);
    let told = diff(&app, &id, "").await;
    told.expect(200);
    assert!(!told.text.contains(secret), "{}", told.text);
    assert!(told.text.contains("removedSecrets"), "{}", told.text);
}

#[tokio::test]
async fn the_pages_of_a_diff_are_about_the_same_revisions_whatever_is_made_in_between() {
    let app = TestApp::start().await;
    let user = user_with_setup(&app, 1, &setup_of(90)).await;
    let id = capture(&app, user).await;
    let edit = async |text: &str, prompts: std::ops::Range<usize>| {
        let changes: Vec<SetupChange> = prompts
            .map(|number| {
                let document = json!({"name": "Changed", "prompt": text});
                SetupChange::Put(ItemKind::Prompt, item(numbered_id(2, number), document))
            })
            .collect();
        tests::change_setup(app.table(), &ACME.parse().unwrap(), &user, &changes, BEGINNING).await.unwrap();
        refresh(&app, SAM, &id).await.expect(200);
    };
    edit("one", 0..10).await;
    let first = diff(&app, &id, "limit=4").await.expect(200).clone();
    edit("two", 8..9).await;
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = diff(&app, &id, &format!("limit=200&cursor={cursor}")).await.expect(200).clone();
    assert_eq!((&second["from"]["revision"], &second["to"]["revision"]), (&json!(1), &json!(2)));
    assert_eq!(second["changes"].as_array().unwrap().len(), 6);
    diff(&app, &id, &format!("from=1&to=2&cursor={cursor}")).await.expect(200);
    for other in ["from=2", "to=3"] {
        diff(&app, &id, &format!("{other}&cursor={cursor}")).await.expect_problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn a_renamed_agent_is_listed_although_no_item_changed() {
    let app = TestApp::start().await;
    let mut setup = Setup::default();
    let by_id = json!({"name": "By id", "actions": {"agentId": "64eea1110000000000000061"}});
    setup.items.automations.push(item(numbered_id(1, 1), by_id));
    let user = user_with_setup(&app, 1, &setup).await;
    let id = capture(&app, user).await;
    let (agent, name) = ("64eea1110000000000000061", "Cool-down Agent");
    let mut stored = app.item(&format!("ORG#{ACME}"), &format!("AGENT#{agent}")).await.unwrap();
    let AttributeValue::M(document) = stored.get_mut("document").unwrap() else { panic!("an agent is a document") };
    document.insert("name".to_owned(), AttributeValue::S(name.to_owned()));
    let put = app.database().client().put_item().table_name("snapshots").set_item(Some(stored));
    put.send().await.unwrap();
    assert_eq!(refresh(&app, PAT, &id).await.expect(200)["message"], "Snapshot refreshed");
    let told = diff(&app, &id, "").await.expect(200).clone();
    assert_eq!(told["changes"], json!([]));
    let renamed = json!([{"_id": agent, "before": "Warm-up Agent", "after": name}]);
    assert_eq!(told["agents"], renamed);
}
