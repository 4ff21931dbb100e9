//! Other organizations see what a SUPERADMIN shared, whatever the source makes of a snapshot afterwards.

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};
use tests::{
    ACME, Answer, DAY, GIL, GLOBEX, PAT, SAM, TestApp, apply_body, change_alex, edit_prompt, refresh, restore, snapshot,
};

use crate::snapshots::revisions::with_revisions;

pub(crate) async fn assign(app: &TestApp, id: &str, body: Value) -> Answer {
    app.assign(&app.token(SAM), id, &body).await
}

/// A snapshot of Acme that Globex sees at its first revision.
pub(crate) async fn shared(app: &TestApp) -> String {
    let id = snapshot(app).await;
    assign(app, &id, json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    id
}

/// Everything that a user is answered about a snapshot, to the byte, request ids aside.
pub(crate) async fn view(app: &TestApp, email: &str, id: &str) -> String {
    let token = app.token(email);
    let mut answers = vec![
        app.snapshot(&token, id).await,
        app.snapshot_items(&token, id, "").await,
        app.apply_refs(&token, id).await,
        app.plan(&token, id, &json!({"newUser": {}})).await,
    ];
    let tags: Vec<_> = answers.iter().map(|answer| answer.header("etag").map(str::to_owned)).collect();
    answers.push(app.list_snapshots(&token, "").await);
    let texts: Vec<_> = answers.iter().map(|answer| (answer.status, answer.text.as_str())).collect();
    format!("{tags:?} {texts:?}")
}

/// What a user sees of a snapshot: revision, name and ETag.
async fn seen(app: &TestApp, email: &str, id: &str, query: &str) -> (u64, String, String) {
    let answer = app.get(&app.token(email), &format!("/api/user-snapshots/{id}{query}")).await;
    let shown = &answer.expect(200)["snapshot"];
    let tag = answer.header("etag").unwrap().to_owned();
    (shown["revision"].as_u64().unwrap(), shown["name"].as_str().unwrap().to_owned(), tag)
}

async fn applied(app: &TestApp, email: &str, id: &str, address: &str, revision: Option<Value>) -> Answer {
    let mut body = apply_body();
    body["newUser"]["email"] = json!(address);
    if let Some(revision) = revision {
        body["revision"] = revision;
    }
    app.apply(&app.token(email), id, &body).await
}

fn codes(answer: &Answer) -> Vec<&str> {
    let warnings = answer.expect(201)["result"]["warnings"].as_array().unwrap();
    warnings.iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

const NAME: &str = "Top performer baseline 2026-05";

#[tokio::test]
async fn what_the_source_changes_shows_receivers_nothing_until_it_is_shared() {
    let app = TestApp::start().await;
    let id = shared(&app).await;
    let before = view(&app, GIL, &id).await;
    app.clock().advance(DAY);
    edit_prompt(&app, "Say what nobody has read.").await;
    refresh(&app, PAT, &id).await.expect(200);
    let renaming = json!({"name": "Renamed", "description": "Not shared", "refresh": {"every": "P1D"}});
    app.rename(&app.token(PAT), &id, &renaming).await.expect(200);
    assert_eq!(view(&app, GIL, &id).await, before);

    let (shared_tag, current_tag) = ("\"s1778835600000\"".to_owned(), "\"3.2\"".to_owned());
    assert_eq!(seen(&app, GIL, &id, "").await, (1, NAME.to_owned(), shared_tag.clone()));
    for email in [PAT, SAM] {
        assert_eq!(seen(&app, email, &id, "").await, (2, "Renamed".to_owned(), current_tag.clone()), "{email}");
        assert_eq!(
            seen(&app, email, &id, "?revision=shared").await,
            (1, NAME.to_owned(), shared_tag.clone()),
            "{email}"
        );
    }
    let shown = app.snapshot(&app.token(GIL), &id).await.expect(200)["snapshot"].clone();
    for field in ["refresh", "lastRefreshedAt", "refreshStatus", "refreshDetail"] {
        assert_eq!(shown.get(field), None, "{field}");
    }
    assert_eq!((&shown["updatedAt"], &shown["revisedAt"]), (&shown["createdAt"], &shown["createdAt"]));

    let by_gil = applied(&app, GIL, &id, "one@globex.example", None).await;
    assert_eq!(by_gil.expect(201)["result"]["snapshotRevision"], 1);
    assert!(!codes(&by_gil).contains(&"unshared_revision"));
    let by_sam = applied(&app, SAM, &id, "two@globex.example", None).await;
    assert_eq!(by_sam.expect(201)["result"]["snapshotRevision"], 2);
    assert_eq!(codes(&by_sam)[0], "unshared_revision");

    let answer = assign(&app, &id, json!({"revision": 2})).await;
    let access = &answer.expect(200)["snapshot"];
    assert_eq!((&access["sharedRevision"], &access["sharedAt"]), (&json!(2), &json!("2026-05-16T09:00:00.000Z")));
    assert_eq!(seen(&app, GIL, &id, "").await, (2, "Renamed".to_owned(), "\"s1778922000000\"".to_owned()));
    let row = app.list_snapshots(&app.token(GIL), "").await.expect(200)["snapshots"][0].clone();
    assert_eq!((&row["name"], &row["isGlobal"]), (&json!("Renamed"), &json!(false)));
    let items = app.snapshot_items(&app.token(GIL), &id, "kind=prompt").await.text;
    assert!(items.contains("Say what nobody has read."), "{items}");
    assert!(!codes(&applied(&app, SAM, &id, "three@globex.example", None).await).contains(&"unshared_revision"));
}

#[tokio::test]
async fn a_revision_is_chosen_by_number_or_as_the_shared_one() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 4).await;
    assign(&app, &id, json!({"assignedOrgIds": [ACME, GLOBEX], "revision": 2})).await.expect(200);
    let mut number = 0;
    for (email, choice, revision) in [
        (SAM, json!(1), 1),
        (SAM, json!(2), 2),
        (SAM, json!(4), 4),
        (SAM, json!("shared"), 2),
        (SAM, Value::Null, 4),
        (GIL, json!("shared"), 2),
        (GIL, Value::Null, 2),
        (PAT, json!("shared"), 2),
        (PAT, Value::Null, 4),
    ] {
        number += 1;
        let answer = applied(&app, email, &id, &format!("a{number}@acme.example"), Some(choice.clone())).await;
        assert_eq!(answer.expect(201)["result"]["snapshotRevision"], revision, "{email} {choice}");
        let is_unshared = codes(&answer).contains(&"unshared_revision");
        assert_eq!(is_unshared, email == SAM && revision != 2, "{email} {choice}");
        let plan = app.plan(&app.token(email), &id, &json!({"revision": choice})).await;
        assert_eq!(plan.expect(200)["plan"]["snapshotRevision"], revision, "{email} {choice}");
    }
    for (email, choice, status) in [
        (SAM, json!(5), 422),
        (SAM, json!(0), 400),
        (SAM, json!(-1), 400),
        (SAM, json!(4_294_967_296_u64), 400),
        (SAM, json!("latest"), 400),
        (SAM, json!(true), 400),
        (SAM, json!([1]), 400),
        (GIL, json!(2), 403),
        (GIL, json!(4), 403),
        (PAT, json!(4), 403),
    ] {
        let answer = applied(&app, email, &id, "never@acme.example", Some(choice.clone())).await;
        answer.expect(status);
        let plan = app.plan(&app.token(email), &id, &json!({"revision": choice})).await;
        plan.expect(status);
        if status != 403 {
            assert_eq!((answer.pointers(), plan.pointers()), (vec!["/revision"], vec!["/revision"]), "{choice}");
        }
    }
    let unshared = snapshot(&app).await;
    applied(&app, SAM, &unshared, "never@acme.example", Some(json!("shared"))).await.expect_problem(422, "refused");
    let shown = app.get(&app.token(SAM), &format!("/api/user-snapshots/{unshared}/apply-refs?revision=shared")).await;
    shown.expect_problem(404, "revision_not_found");
    let wrong = app.get(&app.token(SAM), &format!("/api/user-snapshots/{unshared}?revision=1")).await;
    wrong.expect_problem(400, "invalid_query");
}

/// Makes the items of a snapshot what they were before sharings were kept.
async fn as_before(app: &TestApp, id: &str) {
    let pk = format!("SNAPSHOT#{id}");
    for mut item in app.items().await {
        if item["PK"].as_s().unwrap() != &pk {
            continue;
        }
        let sk = item["SK"].as_s().unwrap().clone();
        if sk == "SHARING" {
            let key = |text: &str| AttributeValue::S(text.to_owned());
            let delete = app.database().client().delete_item().table_name("snapshots");
            delete.key("PK", key(&pk)).key("SK", key(&sk)).send().await.unwrap();
            continue;
        }
        if sk == "GLOBAL" || sk.starts_with("ORG#") {
            item.retain(|name, _| ["PK", "SK", "type", "LISTPK", "LISTSK"].contains(&name.as_str()));
        }
        let new = ["shared", "sharedBefore", "follow", "oldestKept"];
        let names = ["sourceOrgName", "sourceUserEmail", "sourceUserName"];
        item.retain(|name, _| {
            !(new.contains(&name.as_str()) || sk.starts_with("REV#") && names.contains(&name.as_str()))
        });
        let put = app.database().client().put_item().table_name("snapshots").set_item(Some(item));
        put.send().await.unwrap();
    }
}

#[tokio::test]
async fn receivers_of_a_snapshot_in_the_earlier_form_see_the_same_to_the_byte_after_every_change() {
    for way in
        [json!({"assignedOrgIds": [ACME, GLOBEX]}), json!({"isGlobal": true}), json!({"assignedOrgIds": [GLOBEX]})]
    {
        for change in ["refresh", "rename", "schedule", "restore", "assign"] {
            let app = TestApp::start().await;
            let id = with_revisions(&app, 2).await;
            assign(&app, &id, way.clone()).await.expect(200);
            as_before(&app, &id).await;
            let before = view(&app, GIL, &id).await;
            assert!(before.contains("Revision 2."), "{before}");
            app.clock().advance(DAY);
            edit_prompt(&app, "Say what nobody has read.").await;
            let pat = app.token(PAT);
            match change {
                "refresh" => refresh(&app, PAT, &id).await.expect(200).clone(),
                "rename" => app.rename(&pat, &id, &json!({"name": "x", "description": "y"})).await.expect(200).clone(),
                "schedule" => app.rename(&pat, &id, &json!({"refresh": {"every": "P1D"}})).await.expect(200).clone(),
                "restore" => restore(&app, PAT, &id, 1).await.expect(200).clone(),
                _ => assign(&app, &id, way.clone()).await.expect(200).clone(),
            };
            assert_eq!(view(&app, GIL, &id).await, before, "{change} {way}");
            // One after another: each meets what the one before wrote down.
            refresh(&app, PAT, &id).await.expect(200);
            app.rename(&app.token(PAT), &id, &json!({"name": "z"})).await.expect(200);
            assert_eq!(view(&app, GIL, &id).await, before, "{change} {way}");
        }
    }
}

#[tokio::test]
async fn an_assignment_without_a_revision_shares_the_current_one_only_to_the_first() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 2).await;
    let shared = async |body: Value| {
        let answer = assign(&app, &id, body).await;
        answer.expect(200)["snapshot"]["sharedRevision"].clone()
    };
    assert_eq!(shared(json!({"assignedOrgIds": [ACME]})).await, Value::Null, "nobody else sees it");
    assert_eq!(shared(json!({"assignedOrgIds": [ACME, GLOBEX]})).await, 2);
    edit_prompt(&app, "Three.").await;
    refresh(&app, PAT, &id).await.expect(200);
    assert_eq!(shared(json!({"isGlobal": true})).await, 2);
    assert_eq!(shared(json!({"assignedOrgIds": []})).await, 2, "all others still see it");
    assert_eq!(shared(json!({"isGlobal": false})).await, Value::Null);
    assert_eq!(shared(json!({"assignedOrgIds": [GLOBEX]})).await, 3, "the next receiver begins with the current one");
    assert_eq!(shared(json!({"revision": 1})).await, 1);
    for gone in [0, 4, 99] {
        let answer = assign(&app, &id, json!({"revision": gone})).await;
        answer.expect_problem(422, "refused");
        assert_eq!(answer.pointers(), ["/revision"], "{gone}");
    }
    for wrong in [json!(-1), json!("shared"), json!(1.5), json!(4_294_967_296_u64)] {
        let answer = assign(&app, &id, json!({"revision": wrong})).await;
        answer.expect_problem(400, "invalid_body");
        assert_eq!(answer.pointers(), ["/revision"]);
    }
    // A revision that is chosen before anybody sees it stays chosen.
    let other = with_revisions(&app, 1).await;
    edit_prompt(&app, "Two.").await;
    refresh(&app, PAT, &other).await.expect(200);
    assign(&app, &other, json!({"revision": 1})).await.expect(200);
    let answer = assign(&app, &other, json!({"assignedOrgIds": [GLOBEX]})).await;
    assert_eq!(answer.expect(200)["snapshot"]["sharedRevision"], 1);
    // Sharing the same again is the same sharing.
    let tag = seen(&app, GIL, &other, "").await;
    app.clock().advance(DAY);
    assign(&app, &other, json!({"revision": 1})).await.expect(200);
    assert_eq!(seen(&app, GIL, &other, "").await, tag);
}

#[tokio::test]
async fn if_match_compares_the_version_and_where_content_counts_the_revision() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 3).await;
    let send = async |method: Method, rest: &str, tag: &str, body: Option<Value>| {
        let request = app.request(method, &format!("/api/user-snapshots/{id}{rest}")).bearer_auth(app.token(SAM));
        let request = request.header("if-match", tag);
        app.send(if let Some(body) = body { request.json(&body) } else { request }).await.status
    };
    for (tag, rename, others) in [
        ("\"1.3\"", 200, 200),
        ("\"1\"", 200, 200),
        ("\"1.2\"", 200, 412),
        ("\"2.3\"", 412, 412),
        ("\"s1778835600000\"", 412, 412),
        ("\"1.3.1\"", 412, 412),
        ("W/\"1.3\"", 412, 412),
        ("\"9.9\", \"1.3\"", 200, 200),
    ] {
        let pk = format!("SNAPSHOT#{id}");
        let meta = app.item(&pk, "#META").await.unwrap();
        let rev3 = app.item(&pk, "REV#0000000003").await;
        assert_eq!(send(Method::PATCH, "/assign", tag, Some(json!({"assignedOrgIds": [ACME]}))).await, others, "{tag}");
        let put = async |item| {
            app.database().client().put_item().table_name("snapshots").set_item(Some(item)).send().await.unwrap()
        };
        put(meta.clone()).await;
        // Its own revision brought back makes none.
        assert_eq!(send(Method::POST, "/revisions/3/restore", tag, None).await, others, "{tag}");
        assert_eq!(app.item(&pk, "REV#0000000003").await, rev3);
        assert_eq!(send(Method::PATCH, "", tag, Some(json!({"name": "x"}))).await, rename, "{tag}");
        put(meta).await;
    }
    assert_eq!(send(Method::DELETE, "", "\"2.3\"", None).await, 412);
    assert_eq!(send(Method::DELETE, "", "\"1.7\"", None).await, 200, "of a deletion the version counts");
}

#[tokio::test]
async fn a_receiver_sees_of_the_organizations_its_own_alone() {
    let app = TestApp::start().await;
    let id = shared(&app).await;
    let organizations = async |email: &str| {
        let answer = app.snapshot(&app.token(email), &id).await;
        answer.expect(200)["snapshot"]["assignedOrgIds"].clone()
    };
    assert_eq!(organizations(GIL).await, json!([GLOBEX]));
    assert_eq!((organizations(PAT).await, organizations(SAM).await), (json!([ACME, GLOBEX]), json!([ACME, GLOBEX])));
    assign(&app, &id, json!({"assignedOrgIds": [ACME], "isGlobal": true})).await.expect(200);
    assert_eq!((organizations(GIL).await, organizations(PAT).await), (json!([]), json!([ACME])));
}

#[tokio::test]
async fn a_shared_revision_outlives_all_others_and_so_does_the_one_before() {
    let app = TestApp::keeping_revisions(1).await;
    let id = shared(&app).await;
    let numbers = async || {
        let answer = app.get(&app.token(SAM), &format!("/api/user-snapshots/{id}/revisions")).await;
        let rows = answer.expect(200)["revisions"].as_array().unwrap().clone();
        rows.iter().map(|row| row["revision"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let add = async |number: u32| {
        app.clock().advance(DAY);
        edit_prompt(&app, &format!("Revision {number}.")).await;
        assert_eq!(refresh(&app, PAT, &id).await.expect(200)["snapshot"]["revision"], number);
    };
    for number in 2..=16 {
        add(number).await;
    }
    // The last one was replaced just now.
    assert_eq!(numbers().await, [16, 15, 1]);
    assert_eq!(seen(&app, GIL, &id, "").await.0, 1);
    applied(&app, GIL, &id, "one@globex.example", None).await.expect(201);
    assign(&app, &id, json!({"revision": 15})).await.expect_problem(422, "refused");
    assign(&app, &id, json!({"revision": 16})).await.expect(200);
    add(17).await;
    add(18).await;
    assert_eq!(numbers().await, [18, 17, 16, 1], "1 was shared before");
    // Back to the one before, which is still there.
    assign(&app, &id, json!({"revision": 1})).await.expect(200);
    assert_eq!(seen(&app, GIL, &id, "").await.0, 1);
    assign(&app, &id, json!({"revision": 18})).await.expect(200);
    add(19).await;
    add(20).await;
    assert_eq!(numbers().await, [20, 19, 18, 1]);
    assign(&app, &id, json!({"revision": 16})).await.expect_problem(422, "refused");
}

#[tokio::test]
async fn what_follows_is_shared_as_it_is_made_without_name_and_description() {
    let app = TestApp::start().await;
    let id = shared(&app).await;
    let answer = assign(&app, &id, json!({"follow": true})).await;
    assert_eq!(
        (&answer.expect(200)["snapshot"]["follow"], &answer.body["snapshot"]["sharedRevision"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(app.snapshot(&app.token(PAT), &id).await.expect(200)["snapshot"]["follow"], true);
    app.rename(&app.token(PAT), &id, &json!({"name": "Renamed"})).await.expect(200);
    app.clock().advance(DAY);
    edit_prompt(&app, "Two.").await;
    assert_eq!(refresh(&app, PAT, &id).await.expect(200)["snapshot"]["sharedRevision"], 2);
    assert_eq!(seen(&app, GIL, &id, "").await, (2, NAME.to_owned(), "\"s1778922000000\"".to_owned()));
    let row = app.item(&format!("SNAPSHOT#{id}"), &format!("ORG#{GLOBEX}")).await.unwrap();
    assert_eq!((row["revision"].as_n().unwrap().as_str(), row["name"].as_s().unwrap().as_str()), ("2", NAME));
    assert_eq!(row["since"].as_s().unwrap(), "2026-05-15T09:00:00.000Z", "it joined before");
    restore(&app, PAT, &id, 1).await.expect(200);
    assert_eq!(seen(&app, GIL, &id, "").await.0, 3);
    assign(&app, &id, json!({"follow": false})).await.expect(200);
    refresh(&app, PAT, &id).await.expect(200);
    assert_eq!((seen(&app, GIL, &id, "").await.0, seen(&app, PAT, &id, "").await.0), (3, 4));
    assign(&app, &id, json!({"follow": "yes"})).await.expect_problem(400, "invalid_body");
}

async fn diff(app: &TestApp, email: &str, id: &str, query: &str) -> Answer {
    app.get(&app.token(email), &format!("/api/user-snapshots/{id}/diff?{query}")).await
}

#[tokio::test]
async fn receivers_compare_what_is_shared_with_what_they_saw_before() {
    let app = TestApp::start().await;
    let id = shared(&app).await;
    let pair = async |email: &str, query: &str| {
        let told = diff(&app, email, &id, query).await;
        let told = told.expect(200);
        (
            told["from"]["revision"].as_u64().unwrap(),
            told["to"]["revision"].as_u64().unwrap(),
            told["changes"].as_array().unwrap().len(),
        )
    };
    assert_eq!(pair(GIL, "").await, (1, 1, 0), "there is nothing before");
    for number in 2..=4 {
        app.clock().advance(DAY);
        edit_prompt(&app, &format!("Revision {number}.")).await;
        refresh(&app, PAT, &id).await.expect(200);
    }
    assert_eq!(pair(GIL, "").await, (1, 1, 0));
    assign(&app, &id, json!({"revision": 3})).await.expect(200);
    for query in ["", "from=1", "to=3", "from=1&to=3"] {
        assert_eq!(pair(GIL, query).await, (1, 3, 1), "{query}");
    }
    assert_eq!((pair(GIL, "from=3&to=1").await, pair(PAT, "").await), ((3, 1, 1), (3, 4, 1)));
    for unseen in ["from=2", "to=2", "to=4", "from=4", "from=99"] {
        diff(&app, GIL, &id, unseen).await.expect_problem(404, "revision_not_found");
    }
    let told = diff(&app, GIL, &id, "").await;
    let (from, to) = (&told.body["from"], &told.body["to"]);
    assert_eq!((&from["isCurrent"], &to["isCurrent"], to.get("replacedAt")), (&json!(false), &json!(true), None));
    assert_eq!(from["replacedAt"], "2026-05-18T09:00:00.000Z", "when another was shared, not when one was made");
    // A receiver that left and came back joins again.
    assign(&app, &id, json!({"assignedOrgIds": [ACME], "isGlobal": false})).await.expect(200);
    assign(&app, &id, json!({"assignedOrgIds": [ACME, GLOBEX], "revision": 4})).await.expect(200);
    assert_eq!(pair(GIL, "").await, (4, 4, 0));
    diff(&app, GIL, &id, "from=3").await.expect_problem(404, "revision_not_found");
}

#[tokio::test]
async fn the_pages_of_items_are_of_one_revision_whatever_is_made_and_shared_in_between() {
    let app = TestApp::start().await;
    let id = shared(&app).await;
    let whole = app.snapshot_items(&app.token(GIL), &id, "kind=prompt").await.expect(200)["items"].clone();
    let first = async |email: &str| {
        let page = app.snapshot_items(&app.token(email), &id, "kind=prompt&limit=1").await;
        (page.expect(200)["items"][0].clone(), page.body["nextCursor"].as_str().unwrap().to_owned())
    };
    let rest = async |email: &str, cursor: &str| {
        app.snapshot_items(&app.token(email), &id, &format!("kind=prompt&cursor={cursor}")).await
    };
    let (one, cursor) = first(GIL).await;
    let (_, current) = first(SAM).await;
    let all = app.member(tests::ALEX).setup.items.prompts.len();
    let change = async |text: &str| {
        for number in 0..all {
            let prompt = &app.member(tests::ALEX).setup.items.prompts[number];
            let document = serde_json::from_value(json!({"name": "New", "prompt": text})).unwrap();
            let item = shared::domain::SetupItem { id: prompt.id, document };
            change_alex(&app, shared::store::SetupChange::Put(shared::domain::ItemKind::Prompt, item)).await;
        }
        refresh(&app, PAT, &id).await.expect(200);
    };
    change("two").await;
    assign(&app, &id, json!({"revision": 2})).await.expect(200);
    for (email, cursor) in [(GIL, &cursor), (SAM, &current), (PAT, &current)] {
        let page = rest(email, cursor).await;
        let items = [std::slice::from_ref(&one), page.expect(200)["items"].as_array().unwrap().as_slice()].concat();
        assert_eq!(json!(items), whole, "{email}");
    }
    // A receiver's cursor leads to nothing that was never shared with it.
    change("three").await;
    let (_, unshared) = first(SAM).await;
    rest(GIL, &unshared).await.expect_problem(400, "invalid_query");
    assign(&app, &id, json!({"revision": 3})).await.expect(200);
    rest(GIL, &cursor).await.expect_problem(400, "invalid_query");
    rest(GIL, &unshared).await.expect(200);
}

#[tokio::test]
async fn a_rename_writes_one_item_and_a_shared_revision_is_applied_in_three_round_trips() {
    let app = TestApp::start().await;
    let id = shared(&app).await;
    app.forget_calls();
    app.rename(&app.token(PAT), &id, &json!({"name": "Renamed"})).await.expect(200);
    assert_eq!(
        app.recorded().operations().iter().filter(|name| name.contains("Write") || name.contains("Update")).count(),
        1
    );
    let gil = app.token(GIL);
    for (round_trips, address) in [(2, "one@globex.example"), (3, "two@globex.example")] {
        let mut body = apply_body();
        body["newUser"]["email"] = json!(address);
        app.forget_calls();
        app.apply(&gil, &id, &body).await.expect(201);
        assert_eq!(app.recorded().round_trips(), round_trips, "{:?}", app.recorded().operations());
        edit_prompt(&app, "Two.").await;
        refresh(&app, PAT, &id).await.expect(200);
    }
}

#[tokio::test]
async fn a_capture_with_new_destinations_is_made_and_not_followed_until_somebody_shares_it() {
    let app = TestApp::start().await;
    let id = shared(&app).await;
    assign(&app, &id, json!({"follow": true})).await.expect(200);
    let hook = async |number: usize, host: &str| {
        let document =
            json!({"name": "Hook", "actions": {"sendToWebhook": true, "webhookUrl": format!("https://{host}")}});
        let item = shared::domain::SetupItem {
            id: tests::numbered_id(5, number),
            document: serde_json::from_value(document).unwrap(),
        };
        change_alex(&app, shared::store::SetupChange::Put(shared::domain::ItemKind::Automation, item)).await;
    };
    hook(1, "one.example").await;
    let refreshed = refresh(&app, PAT, &id).await.expect(200)["snapshot"].clone();
    assert_eq!((&refreshed["revision"], &refreshed["sharedRevision"]), (&json!(2), &json!(1)));
    let detail = refreshed["refreshDetail"].as_str().unwrap();
    assert!(detail.contains("not shared") && detail.contains("destinations"), "{detail}");
    assert_eq!(seen(&app, GIL, &id, "").await.0, 1);
    // What is compared is what is shared, not what was captured last.
    edit_prompt(&app, "Three.").await;
    assert_eq!(refresh(&app, PAT, &id).await.expect(200)["snapshot"]["sharedRevision"], 1);
    assign(&app, &id, json!({"revision": 3})).await.expect(200);
    edit_prompt(&app, "Four.").await;
    let refreshed = refresh(&app, PAT, &id).await.expect(200)["snapshot"].clone();
    assert_eq!((&refreshed["sharedRevision"], refreshed.get("refreshDetail")), (&json!(4), None));
    // A restore does not share a destination that is no longer shared.
    assign(&app, &id, json!({"revision": 1})).await.expect(200);
    restore(&app, PAT, &id, 2).await.expect(200);
    assert_eq!(seen(&app, GIL, &id, "").await.0, 1);
}
