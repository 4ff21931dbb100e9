//! Every odd item goes the whole way, from a capture to a refresh, and costs itself alone.

use serde_json::{Value, json};
use tests::{ACME, ALEX, Answer, GLOBEX, Item, PAT, SAM, TestApp, apply_body, create_body, refresh, snapshot};

use super::outsider::{
    ExpectedOutcome, ItemPartition, OddItem, attribute, attributes, odd_items, odd_organizations, odd_profiles,
    odd_switches,
};
use super::{first, put, s, setup_partition};

/// How many items the demo setup has.
const DEMO_ITEMS: usize = 25;

/// What a way showed of a source.
struct JourneyReport {
    left_out: Vec<(String, String)>,
    items: Vec<Value>,
    warnings: Vec<Value>,
}

/// The body of an answer with this status, or what else came.
fn body(answer: Answer, status: u16, route: &str) -> Result<Value, String> {
    if answer.status == status { Ok(answer.body) } else { Err(format!("{route}: {} {}", answer.status, answer.text)) }
}

/// Create, items, apply-refs, plan, apply, undo and refresh.
async fn carry(app: &TestApp) -> Result<JourneyReport, String> {
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    let created = body(app.create_snapshot(&pat, &create_body()).await, 201, "create")?;
    let id = created["snapshot"]["_id"].as_str().unwrap();
    let items = body(app.snapshot_items(&pat, id, "limit=100").await, 200, "items")?;
    body(app.apply_refs(&pat, id).await, 200, "apply-refs")?;
    body(app.apply_refs(&sam, id).await, 200, "apply-refs elsewhere")?;
    body(app.plan(&pat, id, &apply_body()).await, 200, "plan")?;
    let plan = body(app.plan(&sam, id, &apply_body()).await, 200, "plan elsewhere")?;
    let applied = body(app.apply(&sam, id, &apply_body()).await, 201, "apply")?;
    let apply = applied["result"]["applyId"].as_str().unwrap();
    body(app.undo(&sam, id, apply, None).await, 200, "undo")?;
    let refreshed = body(refresh(app, PAT, id).await, 200, "refresh")?;
    let state = (&refreshed["snapshot"]["refreshStatus"], &refreshed["snapshot"]["revision"]);
    if state != (&json!("unchanged"), &json!(1)) {
        return Err(format!("refresh: {state:?}"));
    }
    let left_out = if created["leftOut"].is_null() { Vec::new() } else { super::named(&created["leftOut"]) };
    Ok(JourneyReport {
        left_out,
        items: items["items"].as_array().unwrap().clone(),
        warnings: plan["plan"]["warnings"].as_array().unwrap().clone(),
    })
}

/// Whether an odd item came to what it must come to.
fn judge(odd: &OddItem, carried: &JourneyReport) -> Result<(), String> {
    let key = odd.sk.split_once('#').map_or("", |(_, key)| key);
    // A very long key ends in an ellipsis.
    let key = if key.chars().count() > 100 { format!("{}…", &key[..99]) } else { key.to_owned() };
    let told: Vec<(String, String)> = match (odd.place, odd.outcome) {
        (ItemPartition::Setup | ItemPartition::Source, ExpectedOutcome::LeftOut(kind)) => {
            vec![(kind.to_owned(), key.clone())]
        }
        _ => Vec::new(),
    };
    if carried.left_out != told {
        return Err(format!("leftOut has {:?}", carried.left_out));
    }
    let arrived = usize::from(odd.place == ItemPartition::Setup && odd.outcome == ExpectedOutcome::Read);
    if carried.items.len() != DEMO_ITEMS + arrived {
        return Err(format!("{} items are captured", carried.items.len()));
    }
    let warns = |warning: &Value| warning["code"] == "left_out" && warning["detail"].as_str().unwrap().contains(&key);
    let is_warned_of = carried.warnings.iter().any(warns);
    if is_warned_of != matches!(odd.outcome, ExpectedOutcome::LeftOut(_)) {
        return Err(format!("the plan warns of it: {is_warned_of}"));
    }
    Ok(())
}

/// Prints how many hold, and fails with those that do not.
fn report(what: &str, all: usize, failures: &[String]) {
    println!("{what}: {} of {all} cost themselves alone and are named", all - failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

async fn delete(app: &TestApp, pk: &str, sk: &str) {
    let delete = app.database().client().delete_item().table_name("snapshots");
    delete.key("PK", s(pk)).key("SK", s(sk)).send().await.unwrap();
}

fn keyed(pk: &str, sk: &str, attributes_of: &Value) -> Item {
    let mut item = attributes(attributes_of);
    item.extend([("PK".to_owned(), s(pk)), ("SK".to_owned(), s(sk))]);
    item
}

#[tokio::test]
async fn an_odd_item_costs_itself_alone_on_every_way() {
    let app = TestApp::start().await;
    let all = odd_items();
    let mut failures = Vec::new();
    for odd in &all {
        let pk = match odd.place {
            ItemPartition::Setup => setup_partition(&app),
            ItemPartition::Source => format!("ORG#{ACME}"),
            ItemPartition::Receiver => format!("ORG#{GLOBEX}"),
        };
        put(&app, keyed(&pk, &odd.sk, &odd.attributes)).await;
        let judged = carry(&app).await.and_then(|carried| judge(odd, &carried));
        failures.extend(judged.err().map(|failure| format!("{}: {failure}", odd.what)));
        delete(&app, &pk, &odd.sk).await;
    }
    report("odd items", all.len(), &failures);
}

#[tokio::test]
async fn an_odd_switch_is_off_and_costs_itself_alone() {
    let app = TestApp::start().await;
    let (pk, all) = (setup_partition(&app), odd_switches());
    let mut failures = Vec::new();
    for (what, attributes_of, is_on) in &all {
        put(&app, keyed(&pk, "PREFERENCES", attributes_of)).await;
        let judged = carry(&app).await.and_then(|carried| {
            let first = carried.items.iter().find(|item| item["_id"] == "64eea1110000000000000101").unwrap();
            if first["enabled"] == *is_on { Ok(()) } else { Err(format!("it is on: {}", first["enabled"])) }
        });
        failures.extend(judged.err().map(|failure| format!("{what}: {failure}")));
    }
    report("odd switches", all.len(), &failures);
}

#[tokio::test]
async fn an_odd_field_of_an_organization_decides_nothing() {
    let app = TestApp::start().await;
    let all = odd_organizations();
    let mut failures = Vec::new();
    for (field, value) in &all {
        for organization in [ACME, GLOBEX] {
            let good = first(&app, &format!("ORG#{organization}"), "#META").await;
            let odd = good.iter().map(|(name, value)| (name.clone(), value.clone()));
            put(&app, odd.chain([((*field).to_owned(), attribute(value))]).collect()).await;
            let judged = carry(&app).await.and_then(|carried| match carried.left_out.is_empty() {
                true => Ok(()),
                false => Err(format!("leftOut has {:?}", carried.left_out)),
            });
            failures.extend(judged.err().map(|failure| format!("{organization} {field} {value}: {failure}")));
            put(&app, good).await;
        }
    }
    report("odd organizations", 2 * all.len(), &failures);
}

#[tokio::test]
async fn an_odd_profile_is_captured_or_refused_and_fails_nothing() {
    let app = TestApp::start().await;
    let (pk, all) = (setup_partition(&app), odd_profiles());
    let good = first(&app, &pk, "#META").await;
    let id = snapshot(&app).await;
    let mut failures = Vec::new();
    for (field, value, is_captured) in &all {
        app.set_attribute(&app.member(ALEX).user, field, attribute(value)).await;
        let judged = if *is_captured {
            carry(&app).await.map(drop)
        } else {
            let refused = app.create_snapshot(&app.token(PAT), &create_body()).await;
            let refused = body(refused, 422, "create").map(|body| body["code"] == "source_unreadable");
            let refreshed = body(refresh(&app, PAT, &id).await, 200, "refresh");
            refused.and_then(|is_right| if is_right { refreshed.map(drop) } else { Err("another code".to_owned()) })
        };
        let shown: String = value.to_string().chars().take(40).collect();
        failures.extend(judged.err().map(|failure| format!("{field} {shown}: {failure}")));
        put(&app, good.clone()).await;
    }
    report("odd profiles", all.len(), &failures);
}
