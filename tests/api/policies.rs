//! template.yaml grants each function what it does and nothing else: every call that a function makes is granted, and every
//! grant is used.

use shared::function::{EventFunction, Function, HttpFunction};
use std::collections::BTreeSet;
use std::time::Duration;

use crate::refresh::{DAY, refresh};
use crate::revisions::{change_prompt, restore};
use serde_json::{Value, json};
use tests::{
    ACME, GIL, GLOBEX, PAT, SAM, TestApp, apply_body, create_body, incompressible, mapped_body, user_with_setup,
};

/// One right: an action on the table or on one of its indexes, under partition keys that begin like this.
type Right = (String, String, String);

fn template() -> Value {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// The statements about the table in the policy of a function, taken apart into single rights.
fn granted(function: &str) -> BTreeSet<Right> {
    let policies = &template()["Resources"][function]["Properties"]["Policies"];
    let mut rights = BTreeSet::new();
    for statement in policies[0]["Statement"].as_array().unwrap() {
        let resource = match statement["Resource"].as_str().unwrap() {
            "SnapshotTable.Arn" => "table",
            "${SnapshotTable.Arn}/index/LIST" => "LIST",
            "${SnapshotTable.Arn}/index/ALL" => "ALL",
            other => {
                // What no call to the table shows: the one secret, and the one queue.
                assert!(["SigningKeySecretArn", "RefreshQueue.Arn"].contains(&other), "{function}: {other}");
                continue;
            }
        };
        assert_eq!(statement["Effect"], "Allow");
        assert_eq!(statement["Condition"]["Null"]["dynamodb:LeadingKeys"], "false", "{statement}");
        let patterns = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
        for action in one_or_many(&statement["Action"]) {
            for pattern in one_or_many(patterns) {
                rights.insert((action.clone(), resource.to_owned(), pattern));
            }
        }
    }
    rights
}

fn one_or_many(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    }
}

/// What the calls so far need: action, resource and partition key of each.
fn needed(app: &TestApp) -> BTreeSet<Right> {
    let mut needed = BTreeSet::new();
    let mut need = |action: &str, resource: &str, pk: &Value| {
        needed.insert((format!("dynamodb:{action}"), resource.to_owned(), pk.as_str().unwrap().to_owned()));
    };
    for call in app.recorded().calls {
        let request = &call.request;
        match call.operation.as_str() {
            "Query" => {
                let resource = request["IndexName"].as_str().unwrap_or("table");
                need("Query", resource, &request["ExpressionAttributeValues"][":pk"]["S"]);
            }
            "BatchGetItem" => {
                for key in request["RequestItems"]["snapshots"]["Keys"].as_array().unwrap() {
                    need("BatchGetItem", "table", &key["PK"]["S"]);
                }
            }
            "TransactGetItems" => {
                for item in request["TransactItems"].as_array().unwrap() {
                    need("GetItem", "table", &item["Get"]["Key"]["PK"]["S"]);
                }
            }
            "TransactWriteItems" => {
                for item in request["TransactItems"].as_array().unwrap() {
                    let (kind, write) = item.as_object().unwrap().iter().next().unwrap();
                    let action = if kind == "ConditionCheck" { "ConditionCheckItem" } else { &format!("{kind}Item") };
                    let pk = if kind == "Put" { &write["Item"]["PK"]["S"] } else { &write["Key"]["PK"]["S"] };
                    need(action, "table", pk);
                }
            }
            "BatchWriteItem" => {
                for write in request["RequestItems"]["snapshots"].as_array().unwrap() {
                    need("BatchWriteItem", "table", &write["DeleteRequest"]["Key"]["PK"]["S"]);
                }
            }
            "PutItem" => need("PutItem", "table", &request["Item"]["PK"]["S"]),
            operation => need(operation, "table", &request["Key"]["PK"]["S"]),
        }
    }
    needed
}

fn fits(pattern: &str, pk: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == pk, |prefix| pk.starts_with(prefix))
}

/// Compares what a function needed since the last time with what it is granted; returns the function.
fn compare(app: &TestApp, function: &'static str) -> &'static str {
    let (needed, granted) = (needed(app), granted(function));
    let covers = |(action, resource, pattern): &Right, need: &Right| {
        *action == need.0 && *resource == need.1 && fits(pattern, &need.2)
    };
    for need in &needed {
        assert!(granted.iter().any(|right| covers(right, need)), "{function} needs {need:?}");
    }
    for right in &granted {
        assert!(needed.iter().any(|need| covers(right, need)), "{function} is granted {right:?} and never uses it");
    }
    let own = if function == HttpFunction::SignIn.logical_name() { "EMAIL#" } else { "EMAIL#large@globex.example" };
    for call in app.recorded().calls.iter().filter(|call| call.response.to_string().contains("$argon2id$")) {
        let key = call.request["Key"]["PK"]["S"].as_str().unwrap_or_default();
        assert!(HASH_READERS.contains(&function), "{function} reads a password hash: {call:?}");
        assert!(call.operation == "GetItem" && key.starts_with(own), "{function} reads another hash: {call:?}");
    }
    println!("{function}: {} calls of different kind or key, {} rights", needed.len(), granted.len());
    app.forget_calls();
    function
}

/// The functions that may read a claim, and with it a password hash: sign-in, and apply for the users that it makes.
const HASH_READERS: [&str; 2] = [HttpFunction::SignIn.logical_name(), HttpFunction::ApplySnapshot.logical_name()];

#[test]
fn no_function_but_sign_in_and_apply_may_read_a_password_hash() {
    const READS: [&str; 8] =
        ["GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem", "PartiQLSelect", "GetRecords", "*"];
    let template = template();
    let resources = template["Resources"].as_object().unwrap();
    let functions = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    let mut readers = Vec::new();
    for (function, _) in functions {
        let reaches = |pattern: &str| fits(pattern, "EMAIL#a@acme.example") || pattern.starts_with("EMAIL#");
        let rights: Vec<Right> = granted(function).into_iter().filter(|(.., pattern)| reaches(pattern)).collect();
        if rights.iter().any(|(action, ..)| READS.contains(&action.trim_start_matches("dynamodb:"))) {
            readers.push(function.clone());
        }
    }
    readers.sort();
    let mut expected = HASH_READERS;
    expected.sort_unstable();
    assert_eq!(readers, expected);

    // A deletion can return what it deletes.
    let statements = &resources[EventFunction::SweepApplies.logical_name()]["Properties"]["Policies"][0]["Statement"];
    let frees = statements.as_array().unwrap().iter().find(|statement| statement["Sid"] == "FreeAddress").unwrap();
    assert_eq!(frees["Condition"]["StringEqualsIfExists"]["dynamodb:ReturnValues"], "NONE");
    for index in resources["SnapshotTable"]["Properties"]["GlobalSecondaryIndexes"].as_array().unwrap() {
        assert!(!index["Projection"].to_string().contains("passwordHash"));
    }
}

/// A refresh that finds a change and one that finds none, and what is done with revisions in chunks, until one is dropped.
async fn history(app: &TestApp, large: &str) {
    for status in ["fresh", "unchanged"] {
        assert_eq!(refresh(app, PAT, large).await.expect(200)["snapshot"]["refreshStatus"], status);
    }
    for last in ["/revisions", "/revisions/1", "/diff"] {
        app.get(&app.token(PAT), &format!("/api/user-snapshots/{large}{last}")).await.expect(200);
    }
    app.clock().advance(DAY);
    restore(app, PAT, large, 1).await.expect(200);
}

/// Looks at the applies of a snapshot and undoes one, by force where the user is gone already.
async fn undo_in_every_way(app: &TestApp, id: &str) {
    let pat = app.token(PAT);
    let sam = app.token(SAM);
    let listed = app.list_applies(&pat, id, "").await;
    let apply = listed.expect(200)["applies"][0].clone();
    let apply_id = apply["_id"].as_str().unwrap();
    app.apply_detail(&pat, id, apply_id, "").await.expect(200);
    app.undo(&pat, id, apply_id, None).await.expect(200);
    let mut body = apply_body();
    body["newUser"]["email"] = json!("gone@globex.example");
    let applied = app.apply(&sam, id, &body).await;
    let result = &applied.expect(201)["result"];
    let key = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    let delete = app.database().client().delete_item().table_name("snapshots");
    let delete = delete.key("PK", key(format!("ORG#{GLOBEX}#USER#{}", result["userId"].as_str().unwrap())));
    delete.key("SK", key("#META".to_owned())).send().await.unwrap();
    app.undo(&sam, id, result["applyId"].as_str().unwrap(), Some(&json!({"force": true}))).await.expect(200);
}

/// Leaves rows of lists to be written and one to be taken away.
async fn leave_rows(app: &TestApp, sam: &str, others: &[String]) {
    let id = crate::apply_across::snapshot(app).await;
    let is_row = |request: &Value| request["TransactItems"][0]["ConditionCheck"]["Key"]["SK"]["S"] == "SHARING";
    app.assign(sam, &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    app.faults().drop_request().of("TransactWriteItems").when(is_row).always();
    app.assign(sam, &id, &json!({"assignedOrgIds": others})).await.expect(200);
    app.faults().clear();
}

#[tokio::test]
async fn every_function_is_granted_what_it_does_and_nothing_else() {
    let app = TestApp::keeping_revisions(1).await;
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    let others = crate::manage_assign::organizations(&app, 110).await;
    let mut compared = Vec::new();
    // A setup whose content takes chunks, and whose apply takes stages.
    let user = user_with_setup(&app, 1, &incompressible(200, 3_500)).await;
    app.forget_calls();
    let created = app.create_once(&pat, "k", &create_body()).await;
    let id = created.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let body = json!({"name": "Large", "sourceOrgId": ACME, "sourceUserId": user.to_string()});
    let large = app.create_once(&pat, "large", &body).await.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    // A repeated request reads what the first one wrote.
    app.create_once(&pat, "large", &body).await.expect(201);
    compared.push(compare(&app, HttpFunction::CreateSnapshot.logical_name()));
    change_prompt(&app, &user, 2).await;
    app.forget_calls();

    app.apply(&sam, &id, &apply_body()).await.expect(201);
    let mut here = apply_body();
    here["newUser"]["email"] = json!("here@acme.example");
    app.apply(&pat, &id, &here).await.expect(201);
    let body = mapped_body("large@globex.example", 0);
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    app.apply_once(&sam, "k", &large, &body).await.expect(503);
    app.faults().clear();
    app.apply_once(&sam, "k", &large, &body).await.expect(201);
    app.apply_once(&sam, "k", &large, &body).await.expect(201);
    undo_in_every_way(&app, &id).await;
    compared.push(compare(&app, HttpFunction::ApplySnapshot.logical_name()));

    let token = app.sign_in("casey@acme.example", "TempPass!2026").await;
    app.login("casey@acme.example", "wrong-password").await.expect(401);
    app.verify_token(&token).await.expect(200);
    compared.push(compare(&app, HttpFunction::SignIn.logical_name()));

    app.assign(&sam, &id, &json!({"assignedOrgIds": [ACME, GLOBEX], "isGlobal": true})).await.expect(200);
    // What was shared before rows were kept is read to be shown.
    for sk in [format!("ORG#{GLOBEX}"), "GLOBAL".to_owned()] {
        let row = app.item(&format!("SNAPSHOT#{id}"), &sk).await.unwrap();
        let text = |name: &str| aws_sdk_dynamodb::types::AttributeValue::S(row[name].as_s().unwrap().clone());
        app.put_item(["PK", "SK", "type", "LISTPK", "LISTSK"].map(|name| (name, text(name)))).await;
    }
    app.list_snapshots(&app.token(GIL), "").await.expect(200);
    app.assign(&sam, &id, &json!({"assignedOrgIds": others})).await.expect(200);
    app.assign(&sam, &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    for token in [&pat, &sam] {
        app.list_snapshots(token, "").await.expect(200);
        app.snapshot(token, &id).await.expect(200);
        app.snapshot(token, &large).await.expect(200);
        app.snapshot_items(token, &id, "").await.expect(200);
        app.apply_refs(token, &id).await.expect(200);
        app.list_users(token, ACME, "").await.expect(200);
        app.rename(token, &id, &json!({"name": "x"})).await.expect(200);
    }
    history(&app, &large).await;
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    app.assign(&sam, &id, &json!({"assignedOrgIds": [], "isGlobal": false})).await.expect(200);
    app.delete_snapshot(&pat, &id).await.expect(200);
    app.health().await.expect(200);
    app.rename(&pat, &large, &json!({"refresh": {"every": "P1D"}})).await.expect(200);
    app.assign(&sam, &large, &json!({"isGlobal": true, "follow": true})).await.expect(200);
    compared.push(compare(&app, HttpFunction::ManageSnapshots.logical_name()));

    app.clock().advance(DAY);
    change_prompt(&app, &user, 3).await;
    app.forget_calls();
    assert_eq!(app.run_schedule().await["moved"], 1);
    compared.push(compare(&app, EventFunction::ScheduleRefresh.logical_name()));
    app.drain_queue().await;
    compared.push(compare(&app, EventFunction::RefreshSnapshot.logical_name()));
    let (pat, sam) = (app.token(PAT), app.token(SAM));

    let body = mapped_body("never@globex.example", 0);
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    app.apply(&sam, &large, &body).await.expect(503);
    app.apply_once(&sam, "k2", &large, &mapped_body("nobody@globex.example", 0)).await.expect(503);
    app.faults().clear();
    app.delete_snapshot(&pat, &large).await.expect(200);
    leave_rows(&app, &sam, &others).await;
    app.forget_calls();
    for _ in 0..2 {
        app.clock().advance(Duration::from_secs(600));
        app.sweep().await;
    }
    compared.push(compare(&app, EventFunction::SweepApplies.logical_name()));
    let every: BTreeSet<_> = Function::all().map(Function::logical_name).collect();
    assert_eq!(compared.into_iter().collect::<BTreeSet<_>>(), every);
}
