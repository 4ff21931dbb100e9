//! What a user has, page by page, without its secrets.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::{ItemKind, ObjectId, PerKind, Setup, SetupItem};
use shared::store::SetupChange;
use tests::{
    ACME, ALEX, Answer, CASEY, GIL, GLOBEX, Gate, Item, PAT, SAM, TestApp, apply_body, apply_id, change_alex,
    edit_prompt, numbered_id, setup_of, snapshot, user_with_setup,
};

/// Applies Alex's setup to Casey at Globex. Returns the snapshot, the apply, and Casey's id.
async fn apply_to_casey(app: &TestApp) -> (String, String, String) {
    let id = snapshot(app).await;
    let answer = app.apply(&app.token(SAM), &id, &apply_body()).await;
    (id, apply_id(&answer), answer.body["result"]["userId"].as_str().unwrap().to_owned())
}

/// All pages of a setup.
async fn pages(app: &TestApp, token: &str, user: &str, query: &str) -> Vec<Value> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.setup(token, user, &format!("{query}{cursor}")).await.expect(200).clone();
        let next = page["nextCursor"].as_str().map(|next| format!("&cursor={next}"));
        pages.push(page);
        let Some(next) = next else { return pages };
        cursor = next;
    }
}

fn items_of(pages: &[Value]) -> Vec<Value> {
    pages.iter().flat_map(|page| page["items"].as_array().unwrap().clone()).collect()
}

fn left_out_of(pages: &[Value]) -> Vec<String> {
    let entries = pages.iter().flat_map(|page| page["leftOut"].as_array().cloned().unwrap_or_default());
    entries.map(|entry| format!("{} {}", entry["kind"].as_str().unwrap(), entry["key"].as_str().unwrap())).collect()
}

fn partition_of_alex(app: &TestApp) -> String {
    format!("ORG#{ACME}#USER#{}", app.member(ALEX).user.id)
}

#[tokio::test]
async fn a_new_user_has_the_clones_with_their_origin_switches_and_what_is_to_be_filled_in() {
    let app = TestApp::start().await;
    let (id, apply, casey) = apply_to_casey(&app).await;
    let page = app.setup(&app.token(GIL), &casey, "").await;
    let page = page.expect(200);
    assert_eq!((&page["setupVersion"], &page["nextCursor"], &page["leftOut"]), (&json!(1), &json!(null), &json!(null)));
    assert_eq!(page["origin"], json!({"snapshotId": id, "applyId": apply}));
    let captured = app.snapshot_items(&app.token(PAT), &id, "").await;
    let captured = captured.expect(200)["items"].as_array().unwrap();
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 25);
    let (mut removed, mut on) = (0, Vec::new());
    for item in items {
        let source = captured.iter().find(|source| source["_id"] == item["origin"]["sourceId"]).unwrap();
        let origin = json!({"snapshotId": id, "revision": 1, "sourceId": source["_id"]});
        assert_eq!((&item["origin"], &item["kind"]), (&origin, &source["kind"]));
        assert_eq!(item["document"]["name"], source["document"]["name"]);
        assert_eq!(item["secretsMissing"], source["removedSecrets"], "{item}");
        assert_eq!(
            (&item["hiddenSecrets"], item["enabled"].is_boolean()),
            (&json!(null), item["kind"] == "automation")
        );
        removed += item["secretsMissing"].as_array().map_or(0, Vec::len);
        on.extend(item["enabled"].as_bool());
    }
    assert!(removed > 1, "{removed} secrets were removed");
    on.sort_unstable();
    assert_eq!(on, [false, false, false, true, true]);
}

#[tokio::test]
async fn a_secret_that_a_user_has_is_hidden_where_a_capture_removes_it() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let (pat, alex) = (app.token(PAT), app.member(ALEX).user.id.to_string());
    let captured = app.snapshot_items(&pat, &id, "").await.expect(200)["items"].clone();
    let page = app.setup(&pat, &alex, "").await;
    for secret in ["wh_demo_", "demo-billing-"] {
        assert!(!page.text.contains(secret), "{}", page.text);
    }
    let page = page.expect(200);
    assert_eq!(page["origin"], json!(null));
    for (item, source) in page["items"].as_array().unwrap().iter().zip(captured.as_array().unwrap()) {
        for field in ["_id", "kind", "enabled", "document"] {
            assert_eq!(item[field], source[field]);
        }
        assert_eq!(item["hiddenSecrets"], source["removedSecrets"]);
        assert_eq!((&item["secretsMissing"], &item["origin"]), (&json!(null), &json!(null)));
    }
    assert_eq!(page["items"].as_array().unwrap().len(), captured.as_array().unwrap().len());
}

#[tokio::test]
async fn what_is_filled_in_is_missing_no_more_and_a_switch_shows_at_once() {
    let app = TestApp::start().await;
    let (_, _, casey) = apply_to_casey(&app).await;
    let gil = app.token(GIL);
    let before = app.setup(&gil, &casey, "kind=automation").await.expect(200)["items"].clone();
    let item = before.as_array().unwrap().iter().find(|item| !item["secretsMissing"].is_null()).unwrap().clone();
    let missing = item["secretsMissing"].as_array().unwrap().clone();
    let mut document = item["document"].clone();
    for pointer in &missing {
        *document.pointer_mut(pointer.as_str().unwrap()).unwrap() =
            json!("https://hooks.acme.example/T0/mY5ecretPath99");
    }
    let (organization, user): (ObjectId, ObjectId) = (GLOBEX.parse().unwrap(), casey.parse().unwrap());
    let id: ObjectId = item["_id"].as_str().unwrap().parse().unwrap();
    let item = SetupItem { id, document: serde_json::from_value(document).unwrap() };
    let changes = [SetupChange::Put(ItemKind::Automation, item), SetupChange::Switch(id, true)];
    tests::change_setup(app.table(), &organization, &user, &changes, tests::BEGINNING).await.unwrap();
    let page = app.setup(&gil, &casey, "kind=automation").await;
    assert!(!page.text.contains("mY5ecretPath99"), "{}", page.text);
    let page = page.expect(200);
    assert_eq!(page["setupVersion"], 2);
    let after = page["items"].as_array().unwrap().iter().find(|item| item["_id"] == id.to_string()).unwrap();
    assert_eq!((&after["secretsMissing"], &after["hiddenSecrets"]), (&json!(null), &json!(missing)));
    assert_eq!(after["enabled"], true);
}

#[tokio::test]
async fn pages_of_any_size_are_the_same_items_in_the_same_order() {
    let app = TestApp::start().await;
    let user = user_with_setup(&app, 1, &setup_of(402)).await.to_string();
    let pat = app.token(PAT);
    let all = pages(&app, &pat, &user, "").await;
    assert_eq!(all.iter().map(|page| page["items"].as_array().unwrap().len()).collect::<Vec<_>>(), [200, 200, 2]);
    let all = items_of(&all);
    let expected = setup_of(402);
    let places = expected.items.each().map(|(kind, item)| json!([kind, item.id])).collect::<Vec<_>>();
    assert_eq!(all.iter().map(|item| json!([item["kind"], item["_id"]])).collect::<Vec<_>>(), places);
    for item in all.iter().filter(|item| item["kind"] == "automation") {
        let id: ObjectId = item["_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(item["enabled"], expected.preferences.get(&id).copied().unwrap_or(true));
    }
    for limit in [1, 133, 134, 135, 199] {
        let paged = pages(&app, &pat, &user, &format!("limit={limit}")).await;
        assert!(paged.iter().rev().skip(1).all(|page| page["items"].as_array().unwrap().len() == limit), "{limit}");
        assert_eq!(items_of(&paged), all, "{limit}");
    }
    for kind in ItemKind::ALL {
        let of_kind: Vec<Value> = all.iter().filter(|item| item["kind"] == kind.as_str()).cloned().collect();
        for limit in [133, 134, 135] {
            let paged = pages(&app, &pat, &user, &format!("kind={kind}&limit={limit}")).await;
            assert_eq!((items_of(&paged), paged.len()), (of_kind.clone(), if limit == 133 { 2 } else { 1 }), "{kind}");
        }
    }
    assert!(app.recorded().of("Scan").is_empty());
}

#[tokio::test]
async fn a_cursor_goes_with_any_kind_and_nothing_else_is_one() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), app.member(ALEX).user.id.to_string());
    let page = app.setup(&pat, &alex, "kind=prompt&limit=1").await.expect(200).clone();
    let cursor = page["nextCursor"].as_str().unwrap();
    for (kind, count) in [("automation", 0), ("prompt", 7), ("template", 12)] {
        let page = app.setup(&pat, &alex, &format!("kind={kind}&cursor={cursor}")).await;
        assert_eq!(page.expect(200)["items"].as_array().unwrap().len(), count, "{kind}");
    }
    for query in ["kind=agent", "limit=0", "limit=201", "cursor=ATIwMjY", "revision=1", "kind=prompt&kind=prompt"] {
        app.setup(&pat, &alex, query).await.expect_problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn a_page_reads_the_user_and_then_the_items_and_their_version() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), app.member(ALEX).user.id.to_string());
    for (query, operations) in [
        ("", vec!["GetItem", "GetItem", "GetItem", "Query", "TransactGetItems"]),
        ("kind=prompt", vec!["GetItem", "GetItem", "Query", "TransactGetItems"]),
    ] {
        app.forget_calls();
        app.setup(&pat, &alex, query).await.expect(200);
        let recorded = app.recorded();
        let mut read = recorded.operations();
        read.sort_unstable();
        assert_eq!((read, recorded.round_trips()), (operations, 3), "{query}");
    }
}

#[tokio::test]
async fn a_page_of_large_items_ends_within_a_megabyte_and_has_at_least_one() {
    let app = TestApp::start().await;
    let prompt = |number: usize, bytes: usize| SetupItem {
        id: numbered_id(2, number),
        document: serde_json::from_value(json!({"name": "Long", "prompt": "x".repeat(bytes)})).unwrap(),
    };
    let prompts = (0..7).map(|number| prompt(number, 390_000)).collect();
    let setup = Setup::from(PerKind { prompts, ..PerKind::default() });
    let user = user_with_setup(&app, 1, &setup).await.to_string();
    let all = pages(&app, &app.token(PAT), &user, "").await;
    assert_eq!(all.iter().map(|page| page["items"].as_array().unwrap().len()).collect::<Vec<_>>(), [2, 2, 2, 1]);
    let ids: Vec<Value> = items_of(&all).iter().map(|item| item["_id"].clone()).collect();
    assert_eq!(ids, (0..7).map(|number| json!(numbered_id(2, number))).collect::<Vec<_>>());
}

/// Stores an item of a key of another form in Alex's setup.
async fn store_foreign(app: &TestApp, sk: &str) {
    let document = AttributeValue::M([("name".to_owned(), AttributeValue::S("Foreign".to_owned()))].into());
    app.store(Item::from([
        ("PK".to_owned(), AttributeValue::S(partition_of_alex(app))),
        ("SK".to_owned(), AttributeValue::S(sk.to_owned())),
        ("document".to_owned(), document),
    ]))
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_named_once_and_pages_go_on_behind_it() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), app.member(ALEX).user.id.to_string());
    let whole = items_of(&pages(&app, &pat, &alex, "").await);
    let mut foreign: Vec<String> = (0..30).map(|number| format!("prompt 0-{number:02}")).collect();
    for key in &foreign {
        store_foreign(&app, &format!("PROMPT#{}", key.trim_start_matches("prompt "))).await;
    }
    store_foreign(&app, "TEMPLATE#64EEA1110000000000000301").await;
    foreign.push("template 64EEA1110000000000000301".to_owned());
    // A document of another type, below a key of the right form.
    let (lost, rest) = whole.split_first().unwrap();
    let id = lost["_id"].as_str().unwrap();
    let mut item = app.item(&partition_of_alex(&app), &format!("AUTOMATION#{id}")).await.unwrap();
    item.insert("document".to_owned(), AttributeValue::Bool(true));
    app.store(item).await;
    foreign.insert(0, format!("automation {id}"));
    for limit in [1, 2, 5, 200] {
        let paged = pages(&app, &pat, &alex, &format!("limit={limit}")).await;
        assert_eq!((items_of(&paged), left_out_of(&paged)), (rest.to_vec(), foreign.clone()), "{limit}");
    }
}

#[tokio::test]
async fn a_long_list_of_what_cannot_be_read_is_cut_and_counted() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), app.member(ALEX).user.id.to_string());
    for (more, total) in [(199, json!(null)), (1, json!(null)), (1, json!(201))] {
        let there = app.items().await.iter().filter(|item| item["SK"].as_s().unwrap().starts_with("PROMPT#0-")).count();
        for number in there..there + more {
            store_foreign(&app, &format!("PROMPT#0-{number:03}")).await;
        }
        let page = app.setup(&pat, &alex, "").await.expect(200).clone();
        assert_eq!(page["leftOut"].as_array().unwrap().len(), (there + more).min(200));
        assert_eq!((&page["leftOutTotal"], page["items"].as_array().unwrap().len()), (&total, 25));
    }
}

#[tokio::test]
async fn switches_that_cannot_be_read_are_off_and_named_on_the_first_page() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), app.member(ALEX).user.id.to_string());
    let mut item = app.item(&partition_of_alex(&app), "PREFERENCES").await.unwrap();
    item.insert("enabled".to_owned(), AttributeValue::S("all".to_owned()));
    app.store(item).await;
    let paged = pages(&app, &pat, &alex, "limit=2").await;
    assert_eq!(left_out_of(&paged), ["preferences "]);
    assert_eq!(paged[0]["leftOut"].as_array().unwrap().len(), 1);
    let on: Vec<Value> = items_of(&paged).into_iter().filter(|item| item["enabled"] == true).collect();
    assert_eq!(on, Vec::<Value>::new());
}

/// Holds the read of the version while `between` happens, so many times.
async fn read_while(app: &TestApp, times: usize, user: &str, between: impl AsyncFn()) -> Answer {
    let gates: Vec<Gate> = (0..times).map(|_| Gate::closed()).collect();
    app.faults().hold_request(&gates[0]).of("TransactGetItems").nth(1);
    let writes = async {
        for (index, gate) in gates.iter().enumerate() {
            gate.arrived(1).await;
            app.faults().clear();
            between().await;
            if let Some(next) = gates.get(index + 1) {
                app.faults().hold_request(next).of("TransactGetItems").nth(1);
            }
            gate.open();
        }
    };
    let pat = app.token(PAT);
    tokio::join!(app.setup(&pat, user, ""), writes).0
}

#[tokio::test]
async fn a_page_that_is_overtaken_by_a_change_is_read_again_and_a_fourth_time_is_too_much() {
    let app = TestApp::start().await;
    let alex = app.member(ALEX).user.id.to_string();
    for (times, status) in [(1, 200), (3, 200), (4, 409)] {
        let answer = read_while(&app, times, &alex, async || edit_prompt(&app, &format!("Text {times}")).await).await;
        if status == 409 {
            answer.expect_problem(409, "source_busy");
            assert_eq!(answer.header("retry-after"), Some("1"));
        } else {
            let page = answer.expect(200);
            let prompt = page["items"].as_array().unwrap().iter().find(|item| item["kind"] == "prompt").unwrap();
            assert_eq!(prompt["document"]["prompt"], format!("Text {times}"));
        }
    }
}

#[tokio::test]
async fn a_user_who_is_removed_while_a_page_is_read_is_unknown() {
    let app = TestApp::start().await;
    let alex = app.member(ALEX).user.id.to_string();
    let remove = async || {
        app.remove_user(&app.token(PAT), &alex).await.expect(200);
    };
    read_while(&app, 1, &alex, remove).await.expect_problem(404, "user_not_found");
}

#[tokio::test]
async fn an_item_that_is_taken_away_between_pages_hides_no_other() {
    let app = TestApp::start().await;
    let (pat, alex) = (app.token(PAT), app.member(ALEX).user.id.to_string());
    let whole = items_of(&pages(&app, &pat, &alex, "").await);
    let first = app.setup(&pat, &alex, "limit=7").await.expect(200).clone();
    let last = &first["items"][6];
    let id = last["_id"].as_str().unwrap().parse().unwrap();
    change_alex(&app, SetupChange::Remove(ItemKind::Prompt, id)).await;
    let cursor = first["nextCursor"].as_str().unwrap();
    let next = app.setup(&pat, &alex, &format!("cursor={cursor}")).await.expect(200).clone();
    assert_eq!(next["items"].as_array().unwrap()[..], whole[7..]);
    assert_eq!((&first["setupVersion"], &next["setupVersion"]), (&json!(1), &json!(2)));
}

/// The user's address and hash are no part of a setup.
#[tokio::test]
async fn a_setup_tells_nothing_of_the_person() {
    let app = TestApp::start().await;
    let (_, _, casey) = apply_to_casey(&app).await;
    let page = app.setup(&app.token(GIL), &casey, "").await;
    page.expect(200);
    for told in [CASEY, "$argon2", "accessRole", "passwordHash"] {
        assert!(!page.text.contains(told), "{told}: {}", page.text);
    }
}
