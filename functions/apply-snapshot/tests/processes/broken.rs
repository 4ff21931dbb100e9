//! Protocols with a fault of their own: the same trials must find it.

use serde_json::Value;
use tests::{Bench, Element, Faults, Finding, Proxy, Side, Tally, Write};

use crate::BINARY;
use crate::random::drawn;
use crate::staged::{FollowUp, ITEMS, WRITES, frozen, killed};

/// The first seed whose order leaves orphans where nothing fences them off.
const FINDING_SEED: u64 = 21;

/// Stages that do not check the record's epoch.
fn without_the_fence(faults: &Faults) {
    let is_check = |element: Element<'_>| element.action == "ConditionCheck";
    faults.strip_conditions(is_check).of("TransactWriteItems").always();
}

#[tokio::test]
async fn the_trials_find_the_orphans_of_stages_without_a_fence() {
    let (bench, mut tally) = (Bench::start(ITEMS).await, Tally::default());
    assert_eq!(undisturbed(&bench, without_the_fence).await, []);
    for n in 1..=WRITES {
        let findings = frozen(&bench, n, Side::Before, true, FollowUp::Sweep, without_the_fence).await;
        tally.note(format!("write {n} of {WRITES}, frozen, Before, Sweep"), findings);
    }
    println!("Stages without a fence\n{tally}");
    assert!(tally.count("orphans") > 0, "{tally}");
}

#[tokio::test]
async fn a_drawn_order_finds_them_too() {
    let tally = drawn(FINDING_SEED..FINDING_SEED + 1, without_the_fence).await;
    println!("A drawn order without a fence\n{tally}");
    assert!(tally.count("orphans") > 0, "{tally}");
}

/// A profile as the commit of an apply puts it, and the record of that apply.
async fn profile_and_record(bench: &Bench) -> (Value, Value) {
    let proxy = Proxy::start(bench.app().database().endpoint()).await;
    let process = bench.app().spawn(BINARY, &proxy).await;
    process.invoke(&bench.trial("profile", true).event()).answer().await.expect(201);
    let recorded = proxy.recorded();
    let writes = recorded.writes();
    let items = |at: usize| writes[at].request["TransactItems"].as_array().unwrap();
    let profile = items(writes.len() - 1).iter().find(|item| is_profile(item)).unwrap().clone();
    let record = items(0)[0]["Put"]["Item"].clone();
    bench.clear().await;
    (profile, record)
}

fn is_profile(element: &Value) -> bool {
    element["Put"]["Item"]["type"]["S"] == "user"
}

/// The user is made when the apply is admitted, and not when it is committed. `profile` and `record` show how a profile
/// follows from a record.
fn with_the_user_first(faults: &Faults, profile: Value, record: Value) {
    let profile_of = move |new: &Value| {
        let text = |record: &Value, name: &str| record[name]["S"].as_str().unwrap().to_owned();
        let fields = ["userId", "email", "createdAt"];
        let replaced = fields
            .iter()
            .fold(profile.to_string(), |profile, name| profile.replace(&text(&record, name), &text(new, name)));
        // It names the apply that made it.
        let apply = |record: &Value| text(record, "SK").trim_start_matches("APPLY#").to_owned();
        let replaced = replaced.replace(&apply(&record), &apply(new));
        serde_json::from_str::<Value>(&replaced).unwrap()
    };
    let move_user = move |request: &mut Value| {
        let Some(items) = request["TransactItems"].as_array_mut() else { return false };
        let count = items.len();
        items.retain(|element| !is_profile(element));
        let record = &items[0]["Put"]["Item"];
        if record["state"]["S"] == "STAGING" {
            let profile = profile_of(record);
            items.push(profile);
        }
        items.len() != count
    };
    faults.rewrite(move_user).of("TransactWriteItems").always();
}

#[tokio::test]
async fn the_trials_find_the_partial_users_of_a_protocol_that_makes_the_user_first() {
    let (bench, mut tally) = (Bench::start(ITEMS).await, Tally::default());
    let (profile, record) = profile_and_record(&bench).await;
    let user_first = |faults: &Faults| with_the_user_first(faults, profile.clone(), record.clone());
    assert_eq!(undisturbed(&bench, user_first).await, []);
    for n in 1..=WRITES {
        let findings = killed(&bench, n, Write::Lost, true, FollowUp::Retry, user_first).await;
        tally.note(format!("write {n} of {WRITES}, killed, Lost, Retry"), findings);
    }
    println!("The user first\n{tally}");
    assert!(tally.count("partial user") > 0, "{tally}");
}

/// An apply that only the protocol's own fault happens to: that shows nowhere.
async fn undisturbed(bench: &Bench, protocol: impl Fn(&Faults)) -> Vec<Finding> {
    let mut trial = bench.trial("undisturbed", true);
    let proxy = Proxy::start(bench.app().database().endpoint()).await;
    protocol(proxy.faults());
    let process = bench.app().spawn(BINARY, &proxy).await;
    let answer = process.invoke(&trial.event()).answer().await;
    trial.expect(&answer, 201, "");
    let findings = trial.end().await;
    bench.clear().await;
    findings
}
