//! Snapshots in the form in which they were stored before: `tests/golden` has one as DynamoDB held it.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use serde_json::{Value, json};
use tests::{Item, PAT, SAM, TestApp, apply_body, counts, edit_prompt, refresh};

/// Alex's setup with its references, and the automation's name in each. Captured at Acme in 2026-11.
const WITH_REFERENCES: &str = include_str!("../../golden/snapshot-with-references.json");
const ID: &str = "6b08509bc881670dfef03e6b";

fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "S" => AttributeValue::S(value.as_str().unwrap().to_owned()),
        "N" => AttributeValue::N(value.as_str().unwrap().to_owned()),
        "B" => AttributeValue::B(Blob::new(
            base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap(),
        )),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap()),
        "L" => AttributeValue::L(value.as_array().unwrap().iter().map(attribute).collect()),
        "M" => AttributeValue::M(
            value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect(),
        ),
        other => unreachable!("{other}"),
    }
}

async fn start() -> TestApp {
    let app = TestApp::start().await;
    let item: Value = serde_json::from_str(WITH_REFERENCES).unwrap();
    let item = item.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
    let put = app.database().client().put_item().table_name("snapshots").set_item(Some(item));
    put.send().await.unwrap();
    app
}

#[tokio::test]
async fn an_earlier_snapshot_is_read_as_one_of_today() {
    let app = start().await;
    let token = app.token(SAM);
    let today = app.create_snapshot(&app.token(PAT), &tests::create_body()).await;
    let today = today.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    for path in ["/apply-refs", "/items?limit=100"] {
        let of = async |id: &str| app.get(&token, &format!("/api/user-snapshots/{id}{path}")).await.expect(200).clone();
        assert_eq!(of(ID).await, of(&today).await, "{path}");
    }
    let holdings =
        async |id: &str| app.snapshot(&token, id).await.expect(200)["snapshot"]["sourcePipelineStageRefs"].clone();
    assert_eq!(holdings(ID).await, holdings(&today).await);
    let planned = async |id: &str| {
        let plan = app.plan(&token, id, &apply_body()).await.expect(200)["plan"].clone();
        (plan["planHash"].clone(), plan["warnings"].clone())
    };
    assert_eq!(planned(ID).await, planned(&today).await);
}

#[tokio::test]
async fn an_unchanged_source_makes_no_revision_of_an_earlier_snapshot() {
    let app = start().await;
    let answer = refresh(&app, PAT, ID).await;
    let snapshot = &answer.expect(200)["snapshot"];
    assert_eq!((&snapshot["refreshStatus"], &snapshot["revision"]), (&json!("unchanged"), &json!(1)));
    edit_prompt(&app, "Say less.").await;
    let answer = refresh(&app, PAT, ID).await;
    let snapshot = &answer.expect(200)["snapshot"];
    assert_eq!((&snapshot["refreshStatus"], &snapshot["revision"]), (&json!("fresh"), &json!(2)));
    let diff = app.get(&app.token(PAT), &format!("/api/user-snapshots/{ID}/diff")).await;
    assert_eq!(diff.expect(200)["summary"]["changed"], counts(0, 1, 0));
}

/// The packed content in the item of a snapshot.
fn packed(item: &Item) -> Vec<u8> {
    item["content"].as_b().unwrap().as_ref().to_vec()
}

/// Returns the content without the additions to the earlier form: findings, types and what was left out.
fn without_additions(mut content: Value) -> Value {
    let fields = content.as_object_mut().unwrap();
    for added in ["findings", "leftOut", "source"] {
        fields.remove(added);
    }
    for kind in ["automations", "prompts", "templates"] {
        for entry in content[kind].as_array_mut().unwrap() {
            let item = if kind == "automations" { &mut entry["item"] } else { entry };
            let item = item.as_object_mut().unwrap();
            item.remove("identity");
            item.remove("types");
        }
    }
    content
}

#[tokio::test]
async fn content_packs_to_at_most_a_tenth_more_than_in_the_earlier_form() {
    let app = start().await;
    let before = packed(&app.item(&format!("SNAPSHOT#{ID}"), "#META").await.unwrap()).len();
    let created = app.create_snapshot(&app.token(PAT), &tests::create_body()).await;
    let id = created.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let today = packed(&app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap());
    let content: Value = serde_json::from_slice(&zstd::decode_all(today.as_slice()).unwrap()).unwrap();
    assert!(content["findings"].is_number(), "{content}");
    let json = without_additions(content).to_string();
    let plain = zstd::encode_all(json.as_bytes(), 19).unwrap().len();
    println!(
        "the demo setup packs to {} bytes; without findings, types and leftOut to {plain}, in the form of 2026-11 to {before}",
        today.len()
    );
    assert!(today.len() * 10 <= plain * 11 && today.len() * 10 <= before * 11);
}
