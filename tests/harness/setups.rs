//! Setups of any size, and applies of their captures.

use serde_json::{Value, json};
use shared::domain::{Email, Fault, ObjectId, PerKind, Role, Setup, SetupItem, Timestamp, User};
use shared::store::{CreateUserOutcome, SetupChange, SetupEdit, SetupWriteOutcome, SetupWriter, Table};

use crate::{ACME, BEGINNING, PAT, TestApp, apply_body};

/// Returns a distinct id for every kind and number.
pub fn numbered_id(kind: u8, number: usize) -> ObjectId {
    let mut bytes = [kind; 12];
    bytes[4..].copy_from_slice(&(number as u64).to_be_bytes());
    ObjectId::from_bytes(bytes)
}

/// Returns an item with a distinct id.
pub fn numbered_item(kind: u8, number: usize, document: Value) -> SetupItem {
    let document = serde_json::from_value(document).expect("a document is an object");
    SetupItem { id: numbered_id(kind, number), document }
}

/// Returns a setup of so many items: prompts, templates, and automations that refer to a stage, an agent, a prompt by its id and a
/// template by its name.
pub fn setup_of(items: usize) -> Setup {
    let [automations, templates, prompts] = [items / 3, (items + 1) / 3, items.div_ceil(3)];
    let automation = |number| {
        let actions = json!({
            "targetStage": "Contacted", "agent": "Warm-up Agent", "promptId": numbered_id(2, number).to_string(),
            "sendMessage": [{"template": format!("Template {number}"), "channel": "sms"}],
        });
        numbered_item(
            1,
            number,
            json!({"name": format!("Automation {number}"), "event": "message.received", "actions": actions}),
        )
    };
    Setup {
        items: PerKind {
            automations: (0..automations).map(automation).collect(),
            prompts: (0..prompts)
                .map(|number| {
                    numbered_item(2, number, json!({"name": format!("Prompt {number}"), "prompt": "Be kind."}))
                })
                .collect(),
            templates: (0..templates)
                .map(|number| {
                    numbered_item(
                        3,
                        number,
                        json!({"name": format!("Template {number}"), "template": "Hi {{firstName}}"}),
                    )
                })
                .collect(),
        },
        preferences: (0..automations).step_by(7).map(|number| (numbered_id(1, number), false)).collect(),
    }
}

/// Returns counts as answers have them.
pub fn counts(automations: usize, prompts: usize, templates: usize) -> Value {
    json!({"automations": automations, "prompts": prompts, "templates": templates})
}

/// Returns the counts of what an apply skips, as answers have them.
pub fn skipped_counts(automations: usize, templates: usize) -> Value {
    json!({"automations": automations, "templates": templates})
}

/// Creates a user of Acme with this setup, and returns the id.
pub async fn user_with_setup(app: &TestApp, number: usize, setup: &Setup) -> ObjectId {
    let user = User {
        id: numbered_id(0xa0, number),
        organization: ACME.parse().expect("an id"),
        department: None,
        email: Email::parse(format!("rep{number}@acme.example")).expect("an address"),
        full_name: None,
        phone_number: None,
        designation: None,
        role: Role::SalesRep,
        login_disabled: false,
        created_at: BEGINNING,
        updated_at: BEGINNING,
    };
    let created = SetupWriter::new(app.table()).create_user(&user, None, setup).await.expect("the user is made");
    assert_eq!(created, CreateUserOutcome::Created);
    user.id
}

/// Changes a setup like an editor that reads each item first.
pub async fn change_setup(
    table: &Table,
    organization: &ObjectId,
    user: &ObjectId,
    changes: &[SetupChange],
    now: Timestamp,
) -> Result<SetupWriteOutcome, Fault> {
    let writer = SetupWriter::new(table);
    let mut edits = Vec::with_capacity(changes.len());
    for change in changes {
        let seen = writer.see(organization, user, change).await?;
        edits.push(SetupEdit { change: change.clone(), seen });
    }
    writer.write(organization, user, &edits, now).await
}

/// Captures the setup of a user of Acme, and returns the snapshot's id.
pub async fn capture(app: &TestApp, user: ObjectId) -> String {
    let body = json!({"name": "Large", "sourceOrgId": ACME, "sourceUserId": user.to_string()});
    let answer = app.create_snapshot(&app.token(PAT), &body).await;
    answer.expect(201)["snapshot"]["_id"].as_str().expect("an id").to_owned()
}

/// Creates a snapshot of so many items.
pub async fn snapshot_of(app: &TestApp, items: usize) -> String {
    let user = user_with_setup(app, items, &setup_of(items)).await;
    capture(app, user).await
}

/// Returns the body of an apply into Globex that maps every automation's stage and agent.
pub fn mapped_body(email: &str, automations: usize) -> Value {
    let each = |mapping: Value| -> Value {
        (0..automations)
            .map(|number| (format!("Automation {number}"), mapping.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let mut body = apply_body();
    body["newUser"]["email"] = json!(email);
    body["pipelineMapping"] = each(json!({"Contacted": "Reached Out"}));
    body["agentMapping"] = each(json!({"Warm-up Agent": "64eea1110000000000000060"}));
    body["sourceStatusesMapping"] = json!({});
    body
}

/// Returns prompts of hex digits, of so many bytes each, which compress to about half of that.
pub fn incompressible(prompts: usize, bytes: usize) -> Setup {
    let mut state = 1_u64;
    let mut noise = || {
        let mut text = String::new();
        while text.len() < bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(&format!("{:08x} ", state >> 32));
        }
        text
    };
    let prompt = |number| numbered_item(4, number, json!({"name": format!("Long {number}"), "prompt": noise()}));
    Setup::from(PerKind { prompts: (0..prompts).map(prompt).collect(), ..PerKind::default() })
}
