//! template.yaml grants each function what it does and nothing else: every call that a function makes is granted, and every
//! grant is used.

use shared::function::{EventFunction, Function, HttpFunction};
use std::collections::BTreeSet;
use std::time::Duration;

use crate::deployment::grants::{Demand, Right, Statement, demanded, fits, granted, granted_by, role, template};
use crate::people::rights::user_of;
use crate::snapshots::revisions::change_prompt;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::{ItemKind, Role, TokenCredentials, User};
use shared::http::{Caller, ROUTES, Route, Tag};
use shared::store::SetupChange;
use tests::{
    ACME, ALEX, ANOTHER_PASSWORD, BEGINNING, DAY, GIL, GLOBEX, Logs, NO_INVITATION, PASSWORD, PAT, SAM, TestApp,
    apply_body, change_setup, create_body, incompressible, mapped_body, refresh, restore, snapshot, user_with_setup,
};

/// Compares what a function demanded since the last time with what it is granted; returns the function. A function that answers
/// requests must have answered each of its operations with success, and nobody else any.
fn compare(app: &TestApp, logs: &Logs, function: Function) -> &'static str {
    let answered = succeeded(&logs.take());
    if let Function::Http(function) = function {
        let own = ROUTES.iter().filter(|route| route.function == function).map(Route::name);
        assert_eq!(answered, own.collect(), "{function:?} is judged by all its operations");
    }
    let function = function.logical_name();
    let (demanded, granted) = (demanded(app), granted(&template(), function));
    for demand in &demanded {
        let is_granted = granted.iter().any(|statement| statement.grants(demand));
        assert!(is_granted, "{function}: no statement alone grants {demand:?}");
    }
    let rights: BTreeSet<Right> = granted.iter().flat_map(Statement::rights).collect();
    for (action, resource, pattern) in &rights {
        let uses = |demand: &Demand| {
            demand.action == *action && demand.resource == *resource && demand.keys.iter().any(|key| fits(pattern, key))
        };
        let right = (action, resource, pattern);
        assert!(demanded.iter().any(uses), "{function} is granted {right:?} and never uses it");
    }
    for statement in granted.iter().filter(|statement| statement.attributes.is_some()) {
        let own = demanded.iter().filter(|demand| statement.grants(demand));
        let used: BTreeSet<String> = own.flat_map(|demand| demand.attributes.clone()).collect();
        assert_eq!(statement.attributes.as_ref(), Some(&used), "{function} names other attributes than it may");
    }
    let own = if function == HttpFunction::SignIn.logical_name() { "EMAIL#" } else { "EMAIL#large@globex.example" };
    for call in app.recorded().calls.iter().filter(|call| call.response.to_string().contains("$argon2id$")) {
        let key = call.request["Key"]["PK"]["S"].as_str().unwrap_or_default();
        assert!(HASH_READERS.contains(&function), "{function} reads a password hash: {call:?}");
        // A hash that an earlier version kept in the profile moves with the sign-in of its own user.
        let is_moving = own == "EMAIL#" && call.response["Item"]["email"]["S"] == MOVING;
        let is_own = key.starts_with(own) || is_moving;
        assert!(call.operation == "GetItem" && is_own, "{function} reads another hash: {call:?}");
    }
    println!("{function}: {} demands, {} rights", demanded.len(), rights.len());
    app.forget_calls();
    function
}

/// The routes of the requests that succeeded, by the log.
fn succeeded(lines: &[Value]) -> BTreeSet<String> {
    let requests = lines.iter().filter(|line| line["status"].as_u64().is_some_and(|status| status < 400));
    requests.filter_map(|line| Some(line["route"].as_str()?.to_owned())).collect()
}

#[test]
fn each_action_of_a_function_stands_in_one_statement() {
    let template = template();
    for function in Function::all().map(Function::logical_name) {
        let mut seen = BTreeSet::new();
        for statement in granted(&template, function) {
            for action in statement.actions {
                assert!(seen.insert((action.clone(), statement.resource.clone())), "{function}: {action} stands twice");
            }
        }
    }
}

#[test]
fn rights_on_two_partitions_in_two_statements_do_not_grant_a_transaction_over_both() {
    let put = "dynamodb:PutItem".to_owned();
    let statement = |patterns: &[&str]| Statement {
        actions: vec![put.clone()],
        resource: "table".to_owned(),
        patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
        attributes: None,
    };
    let demand = Demand {
        action: put.clone(),
        resource: "table".to_owned(),
        keys: ["SNAPSHOT#1", "CHUNK#1"].map(str::to_owned).into(),
        attributes: BTreeSet::new(),
    };
    assert!(!statement(&["SNAPSHOT#*"]).grants(&demand) && !statement(&["CHUNK#*"]).grants(&demand));
    let both = statement(&["SNAPSHOT#*", "CHUNK#*"]);
    assert!(both.grants(&demand));
    let limited = |allowed: &[&str]| Statement {
        attributes: Some(allowed.iter().map(|name| (*name).to_owned()).collect()),
        ..both.clone()
    };
    let update = Demand { attributes: ["PK", "accessRole"].map(str::to_owned).into(), ..demand };
    assert!(limited(&["PK", "accessRole"]).grants(&update) && !limited(&["PK"]).grants(&update));
}

/// Whose hash stands in the profile at first.
const MOVING: &str = "casey@acme.example";

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
        let rights = granted(&template, function);
        let mut rights = rights.iter().flat_map(Statement::rights).filter(|(.., pattern)| reaches(pattern));
        if rights.any(|(action, ..)| READS.contains(&action.trim_start_matches("dynamodb:"))) {
            readers.push(function.clone());
        }
    }
    readers.sort();
    let mut expected = HASH_READERS;
    expected.sort_unstable();
    assert_eq!(readers, expected);

    // A deletion can return what it deletes.
    let sweep = EventFunction::SweepApplies.logical_name();
    let statements = &role(&template, sweep)["Policies"][0]["PolicyDocument"]["Statement"];
    let deletes: Vec<_> =
        statements.as_array().unwrap().iter().filter(|one| one["Action"] == "dynamodb:DeleteItem").collect();
    assert_eq!(deletes.len(), 1);
    for condition in &deletes[0]["Condition"].as_array().unwrap()[1..] {
        assert_eq!(
            condition["StringEqualsIfExists"]["dynamodb:ReturnValues"], "NONE",
            "with and without the limits on keys"
        );
    }
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
    app.history(&pat, "").await.expect(200);
    app.undo_with(&pat, id, apply_id, "dryRun=true", None).await.expect(200);
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

/// Prepares a first sign-in that moves the hash, from a new network while the address has too many failures.
async fn prepare_sign_in(app: &TestApp, email: &str) {
    app.store_hash_in_profile(email).await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let now = shared::clock::Clock::now(app.clock()).to_string();
    let item = [
        ("PK", text(&format!("EMAIL#{email}"))),
        ("SK", text("FAILURES")),
        ("type", text("signInFailures")),
        ("failures", AttributeValue::N("500".to_owned())),
        ("since", text(&now)),
    ];
    app.put_item(item).await;
    app.forget_calls();
}

/// Changes a user in every field, invites it, changes a password, and steps down.
async fn administer(app: &TestApp, boss: &User, rep: &User) {
    let token = |user: &User| {
        let credentials = TokenCredentials::default();
        let User { id, organization, role, .. } = *user;
        app.token_for(&Caller { user: id, organization, role, name: String::new(), credentials })
    };
    let (boss_token, rep, email) = (token(boss), rep.id.to_string(), "rep@acme.example");
    let body = json!({
        "loginDisabled": true, "accessRole": "ADMIN", "fullName": "Rep", "phoneNumber": "+14155550123",
        "designation": "Head", "departmentId": ACME, "email": email
    });
    app.change_user_by(&boss_token, &rep, &body).await.expect(200);
    app.change_user_by(&boss_token, &rep, &json!({"loginDisabled": false})).await.expect(200);
    let acting = format!("/api/users/{rep}?organizationId={ACME}");
    let change = app.request(http::Method::PATCH, &acting).bearer_auth(app.token(SAM));
    app.send(change.json(&json!({"designation": "Chief"}))).await.expect(200);
    let invited = app.invite(&boss_token, &rep).await;
    app.accept_invitation(invited.expect(201)["invitation"]["token"].as_str().unwrap(), PASSWORD).await.expect(200);
    app.accept_invitation(NO_INVITATION, PASSWORD).await.expect(401);
    let token = app.sign_in(email, PASSWORD).await;
    app.change_password(&token, PASSWORD, ANOTHER_PASSWORD).await.expect(200);
    app.change_user_by(&boss_token, &boss.id.to_string(), &json!({"accessRole": "SALES_REP"})).await.expect(200);
}

/// Applies a snapshot in Globex and returns the new user.
async fn leaver(app: &TestApp, id: &str) -> String {
    let mut body = apply_body();
    body["newUser"]["email"] = json!("leaver@globex.example");
    app.apply(&app.token(SAM), id, &body).await.expect(201)["result"]["userId"].as_str().unwrap().to_owned()
}

/// Leaves rows of lists to be written and one to be taken away.
async fn leave_rows(app: &TestApp, sam: &str, others: &[String]) {
    let id = snapshot(app).await;
    let is_row = |request: &Value| request["TransactItems"][0]["ConditionCheck"]["Key"]["SK"]["S"] == "SHARING";
    app.assign(sam, &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    app.faults().drop_request().of("TransactWriteItems").when(is_row).always();
    app.assign(sam, &id, &json!({"assignedOrgIds": others})).await.expect(200);
    app.faults().clear();
}

#[tokio::test]
async fn every_function_is_granted_what_it_does_and_nothing_else() {
    let app = TestApp::keeping_revisions(1).await;
    let logs = Logs::new();
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    let others = crate::snapshots::assign::organizations(&app, 110).await;
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
    compared.push(compare(&app, &logs, Function::Http(HttpFunction::CreateSnapshot)));
    change_prompt(&app, &user, 2).await;
    app.forget_calls();

    app.plan(&sam, &id, &apply_body()).await.expect(200);
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
    let leaving = leaver(&app, &id).await;
    app.remove_user(&sam, &leaving).await.expect(200);
    app.create_organization_once(&sam, "k", &json!({"name": "Initech", "copyFrom": ACME})).await.expect(201);
    app.change_organization(&pat, ACME, &json!({"name": "Acme"})).await.expect(200);
    compared.push(compare(&app, &logs, Function::Http(HttpFunction::ApplySnapshot)));

    let [boss, rep] = [(Role::Admin, 0xe1), (Role::SalesRep, 0xe2)];
    let (boss, rep) = (user_of(&app, ACME, boss.0, boss.1).await, user_of(&app, ACME, rep.0, rep.1).await);
    prepare_sign_in(&app, MOVING).await;
    administer(&app, &boss, &rep).await;
    let token = app.sign_in(MOVING, "TempPass!2026").await;
    app.login(MOVING, "wrong-password").await.expect(401);
    app.verify_token(&token).await.expect(200);
    compared.push(compare(&app, &logs, Function::Http(HttpFunction::SignIn)));

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
        app.get(token, "/api/users").await.expect(200);
        let user = app.member(if token == &pat { ALEX } else { GIL }).user.id.to_string();
        app.user(token, &user).await.expect(200);
        app.setup(token, &user, "").await.expect(200);
        app.organization(token, if token == &pat { ACME } else { GLOBEX }).await.expect(200);
        app.rename(token, &id, &json!({"name": "x"})).await.expect(200);
    }
    history(&app, &large).await;
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    app.list_organizations(&sam, "").await.expect(200);
    app.assign(&sam, &id, &json!({"assignedOrgIds": [], "isGlobal": false})).await.expect(200);
    app.delete_snapshot(&pat, &id).await.expect(200);
    for route in ROUTES.iter().filter(|route| route.tag == Tag::Service) {
        app.get(&pat, route.path).await.expect(200);
    }
    app.rename(&pat, &large, &json!({"refresh": {"every": "P1D"}})).await.expect(200);
    app.assign(&sam, &large, &json!({"isGlobal": true, "follow": true})).await.expect(200);
    compared.push(compare(&app, &logs, Function::Http(HttpFunction::ManageSnapshots)));

    app.clock().advance(DAY);
    change_prompt(&app, &user, 3).await;
    app.forget_calls();
    assert_eq!(app.run_schedule().await["moved"], 1);
    compared.push(compare(&app, &logs, Function::Event(EventFunction::ScheduleRefresh)));
    app.drain_queue().await;
    compared.push(compare(&app, &logs, Function::Event(EventFunction::RefreshSnapshot)));
    let (pat, sam) = (app.token(PAT), app.token(SAM));

    let body = mapped_body("never@globex.example", 0);
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    app.apply(&sam, &large, &body).await.expect(503);
    app.apply_once(&sam, "k2", &large, &mapped_body("nobody@globex.example", 0)).await.expect(503);
    app.faults().clear();
    app.delete_snapshot(&pat, &large).await.expect(200);
    leave_rows(&app, &sam, &others).await;
    let id = snapshot(&app).await;
    let leaving = leaver(&app, &id).await;
    app.faults().drop_request().of("DeleteItem").always();
    app.remove_user(&sam, &leaving).await.expect(503);
    app.faults().clear();
    app.forget_calls();
    for _ in 0..2 {
        app.clock().advance(Duration::from_secs(600));
        app.sweep().await;
    }
    compared.push(compare(&app, &logs, Function::Event(EventFunction::SweepApplies)));
    let every: BTreeSet<_> = Function::all().map(Function::logical_name).collect();
    assert_eq!(compared.into_iter().collect::<BTreeSet<_>>(), every);
}

/// What a writer of setups does that keeps the rules: makes a user with a setup, changes items and switches, and removes one.
#[tokio::test]
async fn the_policy_for_the_crm_grants_what_a_writer_of_setups_does() {
    let app = TestApp::start().await;
    app.forget_calls();
    let user = user_with_setup(&app, 1, &incompressible(3, 100)).await;
    change_prompt(&app, &user, 2).await;
    let alex = app.member(ALEX);
    let changes = [
        SetupChange::Switch(alex.setup.items.automations[0].id, false),
        SetupChange::Remove(ItemKind::Prompt, alex.setup.items.prompts[0].id),
    ];
    change_setup(app.table(), &alex.user.organization, &alex.user.id, &changes, BEGINNING).await.unwrap();
    let granted = granted_by(&template(), "CrmWriterPolicy");
    let demanded = demanded(&app);
    assert!(demanded.iter().any(|demand| demand.action == "dynamodb:DeleteItem"));
    for demand in demanded {
        assert!(granted.iter().any(|statement| statement.grants(&demand)), "{demand:?}");
    }
}
