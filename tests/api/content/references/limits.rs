//! The limits of what a request says about references.

use serde_json::{Map, Value, json};
use tests::{SAM, TestApp};

use super::cases::*;
use super::{body, start, warnings};

/// The most entries of a field.
const MOST: usize = 5_000;
const NAME: &str = "Many";

fn unknown(number: usize) -> String {
    format!("{number:024x}")
}

/// An automation with one more reference of each kind than a request can answer.
fn many() -> Value {
    let ids: Vec<_> = (0..=MOST).map(unknown).collect();
    json!({"name": NAME, "ids": ids, "stages": vec!["Contacted"; MOST + 1], "agents": vec!["Warm-up Agent"; MOST + 1]})
}

/// So many entries for the automation in each field, all of them good.
fn entries(field: &str, count: usize) -> Value {
    let each = |entry: &dyn Fn(usize) -> (String, &'static str)| -> Value {
        (0..count).map(|number| (entry(number).0, json!(entry(number).1))).collect::<Map<_, _>>().into()
    };
    match field {
        STAGES => each(&|number| (format!("/stages/{number}"), "Reached Out")),
        AGENTS => each(&|number| (format!("/agents/{number}"), DEFAULT)),
        IDS => each(&|number| (unknown(number), HERE)),
        _ => (0..count)
            .map(|number| if number % 2 == 0 { unknown(number) } else { format!("/stages/{number}") })
            .collect(),
    }
}

async fn refusals(app: &TestApp, id: &str, body: &Value) -> Vec<(String, String)> {
    let answer = app.plan(&app.token(SAM), id, body).await;
    let refusals = answer.expect(200)["plan"]["refusals"].as_array().unwrap();
    let text = |refusal: &Value, field: &str| refusal[field].as_str().unwrap().to_owned();
    refusals.iter().map(|refusal| (text(refusal, "pointer"), text(refusal, "detail"))).collect()
}

#[tokio::test]
async fn a_field_has_at_most_5000_entries() {
    let (app, id) = start(vec![many()], vec![], vec![]).await;
    for field in [STAGES, AGENTS, IDS, KEEP] {
        for count in [MOST - 1, MOST, MOST + 1] {
            let mut answering = body("casey@globex.example");
            answering[field] = json!({NAME: entries(field, count)});
            let refused = refusals(&app, &id, &answering).await;
            if count <= MOST {
                assert_eq!(refused, [], "{field} {count}");
                continue;
            }
            let answer = app.apply(&app.token(SAM), &id, &answering).await;
            let problem = answer.expect_problem(422, "refused");
            assert_eq!(answer.pointers(), [format!("/{field}")], "{problem}");
            let detail = problem["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.contains("5001 entries") && detail.contains("at most 5000"), "{detail}");
        }
    }
}

#[tokio::test]
async fn an_automation_without_entries_counts_as_one() {
    let (app, id) = start(vec![many()], vec![], vec![]).await;
    for (field, nothing) in [(STAGES, json!({})), (AGENTS, json!({})), (IDS, json!({})), (KEEP, json!([]))] {
        for (count, is_good) in [(MOST, true), (MOST + 1, false)] {
            let mut answering = body("casey@globex.example");
            answering[field] =
                (0..count).map(|number| (format!("x{number}"), nothing.clone())).collect::<Map<_, _>>().into();
            let refused = refusals(&app, &id, &answering).await;
            assert_eq!(refused.iter().all(|(pointer, _)| *pointer != format!("/{field}")), is_good, "{field} {count}");
            // That there is no such automation is refused as well.
            assert!(refused.iter().any(|(pointer, _)| pointer.starts_with(&format!("/{field}/x"))), "{field} {count}");
        }
    }
}

#[tokio::test]
async fn an_id_that_takes_the_place_of_another_has_the_form_of_one() {
    let automation = json!({"name": "One", "calendarId": GONE});
    let (app, id) = start(vec![automation], vec![], vec![]).await;
    let hex = "0123456789abcdefABCDEF0123";
    let uuid = format!("{HERE_UUID}0");
    let rows = [
        (&hex[..23], false),
        (&hex[..24], true),
        (&hex[..25], false),
        (&uuid[..35], false),
        (&uuid[..36], true),
        (&uuid[..37], false),
        ("", false),
        ("Contacted", false),
    ];
    let long = "0".repeat(900_000);
    for (target, is_good) in rows.into_iter().chain([(long.as_str(), false)]) {
        let mut answering = body("casey@globex.example");
        answering[IDS] = json!({"One": {GONE: target}});
        let answer = app.plan(&app.token(SAM), &id, &answering).await;
        if is_good {
            assert_eq!(answer.expect(200)["plan"]["refusals"], json!([]), "{target}");
            continue;
        }
        let problem = answer.expect_problem(400, "invalid_body");
        assert_eq!(answer.pointers(), [format!("/idMapping/One/{GONE}")], "{problem}");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("24 hex digits or a UUID") && detail.len() < 200, "{detail}");
    }
}

#[tokio::test]
async fn a_pointer_of_any_length_is_a_key() {
    // With `/steps/0/` before it.
    let lengths = [900, 999, 1_000, 1_001, 5_000];
    let field = |length: usize, last: char| format!("{}{last}", "x".repeat(length - "/steps/0/".len() - 1));
    let automations = lengths.iter().map(|length| {
        // Two fields of which the first thousand characters are the same where there are more.
        let steps = json!({field(*length, 'x'): "Contacted", field(*length, 'z'): "Contacted"});
        json!({"name": format!("At {length}"), "steps": [steps]})
    });
    let (app, id) = start(automations.collect(), vec![], vec![]).await;
    let refs = app.apply_refs(&app.token(SAM), &id).await;
    for length in lengths {
        let name = format!("At {length}");
        let all = refs.expect(200)["stageRefs"].as_array().unwrap();
        let of_this = all.iter().filter(|reference| reference["automationName"] == name.as_str());
        let told: Vec<&str> = of_this.map(|reference| reference["pointer"].as_str().unwrap()).collect();
        assert_eq!(told.len(), 2, "{length}");
        assert_ne!(told[0], told[1], "{length}");
        let whole = ['x', 'z'].map(|last| format!("/steps/0/{}", field(length, last)));
        for (shown, whole) in told.iter().zip(&whole) {
            assert_eq!((shown.chars().count(), *shown == whole.as_str()), (length.min(1_000), length <= 1_000));
        }
        // The pointer of the answer is a key, and so is the whole one.
        for keys in [[told[0], told[1]], [whole[0].as_str(), whole[1].as_str()], [told[0], whole[1].as_str()]] {
            let mapped = json!({keys[0]: "Reached Out", keys[1]: "New Lead"});
            for (field, entry) in [(STAGES, mapped), (KEEP, json!(keys))] {
                let mut answering = body("casey@globex.example");
                answering[field] = json!({&name: entry});
                let plan = app.plan(&app.token(SAM), &id, &answering).await.expect(200)["plan"].clone();
                assert_eq!(plan["refusals"], json!([]), "{field} {length}");
                let clones = plan["clones"].as_array().unwrap();
                let clone = clones.iter().find(|clone| clone["name"] == name.as_str()).unwrap();
                assert_eq!(clone["enabled"], true, "{field} {length}");
                if field == STAGES {
                    let mapped = clone["mappedReferences"].as_array().unwrap();
                    let mapped: Vec<_> = mapped.iter().map(|it| (&it["pointer"], &it["target"])).collect();
                    assert_eq!(
                        mapped,
                        [(&json!(told[0]), &json!("Reached Out")), (&json!(told[1]), &json!("New Lead"))]
                    );
                }
            }
        }
        // One of the two leaves the other open.
        let mut answering = body("casey@globex.example");
        answering[KEEP] = json!({&name: [told[1]]});
        let plan = app.plan(&app.token(SAM), &id, &answering).await.expect(200)["plan"].clone();
        let open =
            warnings(&plan, "unmapped_reference").find(|warning| warning["automationName"] == name.as_str()).unwrap();
        assert_eq!(open["references"].as_array().unwrap().len(), 1, "{open}");
        assert_eq!(open["references"][0]["pointer"], told[0]);
        // A pointer that is in no automation is named, and cut.
        let mut answering = body("casey@globex.example");
        answering[STAGES] = json!({&name: {format!("{}y", whole[0]): "Reached Out"}});
        let refused = refusals(&app, &id, &answering).await;
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].0.chars().count() <= 1_000 && refused[0].1.len() < 600, "{refused:?}");
    }
    // The last part of a refusal's pointer is the key that answers it, or the refusal says where the key is.
    let mut rejecting = body("casey@globex.example");
    rejecting["onUnmapped"] = json!("reject");
    let mut answering = body("casey@globex.example");
    for reference in refs.body["stageRefs"].as_array().unwrap() {
        let (name, pointer) = (reference["automationName"].as_str().unwrap(), reference["pointer"].as_str().unwrap());
        answering[STAGES][name][pointer] = json!("Reached Out");
    }
    for (pointer, detail) in refusals(&app, &id, &rejecting).await {
        let segments: Vec<String> =
            pointer.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect();
        let is_key = answering[STAGES][&segments[2]].get(&segments[3]).is_some();
        assert_eq!((segments.len(), is_key), (4, segments[2] == "At 900"), "{pointer}");
        assert_eq!(detail.contains("apply-refs"), !is_key, "{detail}");
    }
    answering["onUnmapped"] = json!("reject");
    assert_eq!(refusals(&app, &id, &answering).await, []);
    let plan = app.plan(&app.token(SAM), &id, &answering).await.expect(200)["plan"].clone();
    assert_eq!(warnings(&plan, "unmapped_reference").count(), 0, "{plan}");
}

#[tokio::test]
async fn what_names_nothing_is_refused_at_its_place() {
    let automation =
        json!({"name": "One", "calendarId": GONE, "actions": {"targetStage": "Contacted", "onReply": "Contacted"}});
    let (app, id) = start(vec![automation], vec![], vec![]).await;
    let long = "x".repeat(900_000);
    let rows = [
        (KEEP, json!({"One": [""]}), 422, "/keepValues/One/0"),
        (KEEP, json!({"One": ["Nothing"]}), 422, "/keepValues/One/0"),
        (KEEP, json!({"One": [GONE, "/nowhere"]}), 422, "/keepValues/One/1"),
        // What is certain is no guess.
        (KEEP, json!({"One": ["/actions/targetStage"]}), 422, "/keepValues/One/0"),
        (KEEP, json!({"One": ["/calendarId/~2"]}), 422, "/keepValues/One/0"),
        (KEEP, json!({"One": [long]}), 422, "/keepValues/One/0"),
        (KEEP, json!({"Two": [GONE]}), 422, "/keepValues/Two"),
        (KEEP, json!({"One": GONE}), 400, "/keepValues/One"),
        (KEEP, json!({"One": [7]}), 400, "/keepValues/One/0"),
        (KEEP, json!([GONE]), 400, "/keepValues"),
        (IDS, json!({"One": {HERE: GONE}}), 422, &format!("/idMapping/One/{HERE}")),
        (IDS, json!({"One": {"/actions/targetStage": HERE}}), 422, "/idMapping/One/~1actions~1targetStage"),
        (IDS, json!({"Two": {GONE: HERE}}), 422, "/idMapping/Two"),
        (IDS, json!({"One": [GONE]}), 400, "/idMapping/One"),
        (IDS, json!({"One": {GONE: 7}}), 400, &format!("/idMapping/One/{GONE}")),
        (STAGES, json!({"One": {"/actions/onReply": "Nowhere"}}), 422, "/pipelineMapping/One/~1actions~1onReply"),
        (STAGES, json!({"One": {"/calendarId": "Reached Out"}}), 422, "/pipelineMapping/One/~1calendarId"),
        (AGENTS, json!({"One": {"/actions/onReply": DEFAULT}}), 422, "/agentMapping/One/~1actions~1onReply"),
    ];
    for (field, value, status, pointer) in rows {
        let mut answering = body("casey@globex.example");
        answering[field] = value;
        let answer = app.apply(&app.token(SAM), &id, &answering).await;
        let problem = answer.expect_problem(status, if status == 400 { "invalid_body" } else { "refused" });
        assert_eq!(answer.pointers(), [pointer], "{problem}");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(!detail.is_empty() && detail.len() < 600, "{detail}");
    }
}
