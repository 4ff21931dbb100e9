//! The model of the apply protocol in tests/protocol and the service: every write that one has, the other has with the same
//! conditions.

use std::collections::BTreeSet;

use apply_protocol::transactions::{Demand, Subject, TRANSACTIONS, Write};
use serde_json::{Value, json};
use tests::{
    Answer, CASEY, GLOBEX, GRACE, LEASE, SAM, SETTLING, TestApp, apply_id, mapped_body, setup_of, snapshot_of,
};

/// So many items do not fit one transaction.
const ITEMS: usize = 120;

/// What the service sent so far, in the words of the model.
#[derive(Default)]
struct Recorder(BTreeSet<String>);

/// A service with one snapshot, applied by Sam in Globex.
struct ModelBench {
    app: TestApp,
    id: String,
    body: Value,
}

impl ModelBench {
    async fn start(items: usize) -> Self {
        let app = TestApp::start().await;
        let id = snapshot_of(&app, items).await;
        app.forget_calls();
        Self { app, id, body: mapped_body(CASEY, setup_of(items).items.automations.len()) }
    }

    async fn apply(&self, key: Option<&str>) -> Answer {
        let sam = self.app.token(SAM);
        match key {
            Some(key) => self.app.apply_once(&sam, key, &self.id, &self.body).await,
            None => self.app.apply(&sam, &self.id, &self.body).await,
        }
    }

    async fn undo(&self, applied: &Answer, is_forced: bool) -> Answer {
        let body = is_forced.then(|| json!({"force": true}));
        self.app.undo(&self.app.token(SAM), &self.id, &apply_id(applied), body.as_ref()).await
    }
}

impl Recorder {
    /// Takes over what was recorded.
    fn collect(&mut self, app: &TestApp) {
        for call in app.recorded().writes() {
            self.0.extend(transaction(&call.operation, &call.request));
        }
        app.forget_calls();
    }
}

/// A request in the words of the model; `None` where it writes nothing that the model has.
fn transaction(operation: &str, request: &Value) -> Option<String> {
    let writes: Vec<(Write, Value)> = match operation {
        "TransactWriteItems" => request["TransactItems"].as_array().unwrap().iter().map(of_transaction).collect(),
        "BatchWriteItem" => {
            let items = request["RequestItems"].as_object().unwrap().values().flat_map(|of| of.as_array().unwrap());
            items.map(of_batch).collect()
        }
        "PutItem" => vec![(Write::Put, request.clone())],
        "UpdateItem" => vec![(Write::Update, request.clone())],
        "DeleteItem" => vec![(Write::Delete, request.clone())],
        other => unreachable!("{other} writes"),
    };
    let parts: Vec<Option<String>> = writes.iter().map(|(write, of)| part(*write, of)).collect();
    if parts.iter().all(Option::is_none) {
        return None;
    }
    let mut parts: Vec<String> = parts.into_iter().map(|part| part.unwrap_or_else(|| format!("{request}"))).collect();
    parts.dedup();
    Some(parts.join("; "))
}

fn of_transaction(item: &Value) -> (Write, Value) {
    let (name, write) = item.as_object().unwrap().iter().next().unwrap();
    let kind = match name.as_str() {
        "Put" => Write::Put,
        "Update" => Write::Update,
        "Delete" => Write::Delete,
        "ConditionCheck" => Write::Check,
        other => unreachable!("{other} in a transaction"),
    };
    (kind, write.clone())
}

fn of_batch(item: &Value) -> (Write, Value) {
    match item.get("DeleteRequest") {
        Some(delete) => (Write::Delete, delete.clone()),
        None => (Write::Put, item["PutRequest"].clone()),
    }
}

fn part(write: Write, of: &Value) -> Option<String> {
    let key = if of["Key"].is_object() { &of["Key"] } else { &of["Item"] };
    let subject = subject(key["PK"]["S"].as_str().unwrap(), key["SK"]["S"].as_str().unwrap())?;
    let state = match write {
        Write::Put => of["Item"]["state"]["S"].as_str(),
        _ => of["ExpressionAttributeValues"][":state"]["S"].as_str(),
    };
    let state = state.filter(|_| subject == Subject::Record).map(|state| format!(" to {state}"));
    let mut conditions: Vec<String> = match of["ConditionExpression"].as_str() {
        Some(all) => all.split(" AND ").map(|term| condition(term, of)).collect(),
        None => Vec::new(),
    };
    conditions.sort_unstable();
    let conditions = if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(" and ")) };
    Some(format!("{write:?} {subject:?}{}{conditions}", state.unwrap_or_default()))
}

fn subject(pk: &str, sk: &str) -> Option<Subject> {
    match (pk, sk) {
        (_, sk) if sk.starts_with("APPLY#") => Some(Subject::Record),
        (pk, "#META") if pk.starts_with("EMAIL#") => Some(Subject::Claim),
        (pk, "#META") if pk.contains("#USER#") => Some(Subject::Profile),
        (pk, _) if pk.contains("#USER#") => Some(Subject::Items),
        _ => None,
    }
}

fn condition(term: &str, of: &Value) -> String {
    let name = |name: &str| of["ExpressionAttributeNames"][name].as_str().unwrap_or(name).to_owned();
    let between = |before: &str| term.strip_prefix(before).and_then(|rest| rest.strip_suffix(')'));
    let (attribute, demand) = if let Some(attribute) = between("attribute_exists(") {
        (name(attribute), Demand::Present)
    } else if let Some(attribute) = between("attribute_not_exists(") {
        (name(attribute), Demand::Absent)
    } else if let Some(known) = between("(attribute_not_exists(") {
        (name(known.split(')').next().unwrap()), Demand::AbsentOrKnown)
    } else if let Some(known) = term.strip_prefix("NOT ") {
        (name(known.split(' ').next().unwrap()), Demand::NotAbove)
    } else {
        let (attribute, value) =
            term.split_once(" = ").unwrap_or_else(|| unreachable!("{term} is no condition of the model"));
        let (attribute, value) = (name(attribute), &of["ExpressionAttributeValues"][value]);
        match attribute.as_str() {
            "state" => return format!("state is {}", value["S"].as_str().unwrap()),
            _ => (attribute, Demand::AsKnown),
        }
    };
    match demand {
        Demand::Present => format!("{attribute} is there"),
        Demand::Absent => format!("{attribute} is not there"),
        Demand::AsKnown | Demand::Is(_) => format!("{attribute} is as known"),
        Demand::AbsentOrKnown => format!("{attribute} is not there or as known"),
        Demand::NotAbove => format!("{attribute} is not above the known one"),
    }
}

/// An apply in one transaction, undone in every way.
async fn at_once(sent: &mut Recorder) {
    let bench = ModelBench::start(9).await;
    let app = &bench.app;
    let applied = bench.apply(None).await;
    bench.undo(&applied, false).await.expect(200);
    app.clock().advance(SETTLING);
    app.sweep().await;

    let applied = bench.apply(None).await;
    bench.undo(&applied, true).await.expect(200);

    let applied = bench.apply(None).await;
    sent.collect(app);
    let user = applied.expect(201)["result"]["userId"].as_str().unwrap();
    let delete = app.database().client().delete_item().table_name("snapshots");
    let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    let delete = delete.key("PK", text(format!("ORG#{GLOBEX}#USER#{user}"))).key("SK", text("#META".to_owned()));
    delete.send().await.unwrap();
    app.forget_calls();
    bench.undo(&applied, true).await.expect(200);

    let applied = bench.apply(None).await;
    sent.collect(app);
    app.give_claim_to(CASEY, "64eea1110000000000000999").await;
    app.forget_calls();
    bench.undo(&applied, false).await.expect(200);
    sent.collect(app);
}

/// Users who are removed: of an apply, loaded, and one whose address another has by now.
async fn removed(sent: &mut Recorder) {
    let bench = ModelBench::start(9).await;
    let app = &bench.app;
    let applied = bench.apply(None).await;
    let user = applied.expect(201)["result"]["userId"].as_str().unwrap();
    app.remove_user(&app.token(SAM), user).await.expect(200);
    app.clock().advance(SETTLING);
    app.sweep().await;
    let gil = app.member(tests::GIL).user.id.to_string();
    app.remove_user(&app.token(SAM), &gil).await.expect(200);
    sent.collect(app);
    let alex = app.member(tests::ALEX).user.id.to_string();
    app.give_claim_to(tests::ALEX, "64eea1110000000000000999").await;
    app.forget_calls();
    app.remove_user(&app.token(tests::PAT), &alex).await.expect(200);
    sent.collect(app);
}

/// A staged apply that breaks off under a key and is carried on.
async fn carried_on(sent: &mut Recorder) {
    let bench = ModelBench::start(ITEMS).await;
    bench.app.fail_stages_from(2);
    bench.apply(Some("k")).await.expect_problem(503, "unavailable");
    bench.app.faults().clear();
    bench.apply(Some("k")).await.expect(201);
    sent.collect(&bench.app);
}

/// A staged apply that stops without a key, and one that dies; both are swept.
async fn swept(sent: &mut Recorder) {
    for key in [None, Some("k")] {
        let bench = ModelBench::start(ITEMS).await;
        let app = &bench.app;
        app.fail_stages_from(2);
        let stop = key.map(|_| app.faults().drop_request().of("UpdateItem").always());
        bench.apply(key).await.expect_problem(503, "unavailable");
        assert!(stop.is_none_or(|stop| stop.count() > 0));
        app.faults().clear();
        for time in [LEASE + GRACE, SETTLING] {
            app.clock().advance(time);
            app.sweep().await;
        }
        sent.collect(app);
    }
}

#[tokio::test]
async fn the_service_writes_what_the_model_has_and_the_model_has_what_the_service_writes() {
    let mut sent = Recorder::default();
    at_once(&mut sent).await;
    removed(&mut sent).await;
    carried_on(&mut sent).await;
    swept(&mut sent).await;
    let modelled: BTreeSet<String> = TRANSACTIONS.iter().map(ToString::to_string).collect();
    assert_eq!(modelled.len(), TRANSACTIONS.len(), "two transactions of the model are one");
    let unmodelled: Vec<_> = sent.0.difference(&modelled).collect();
    assert!(unmodelled.is_empty(), "the model does not have: {unmodelled:#?}");
    let unsent: Vec<_> = TRANSACTIONS.iter().filter(|known| !sent.0.contains(&known.to_string())).collect();
    assert!(unsent.is_empty(), "the service never sends: {unsent:#?}");
}
