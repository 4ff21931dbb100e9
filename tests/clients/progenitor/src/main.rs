//! The main job with the client that progenitor generates from the description in OpenAPI 3.0: `progenitor-client-check URL`.

use std::collections::HashMap;
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::header::{AUTHORIZATION, HeaderMap};

use crate::generated::{Client, types};

mod generated {
    #![allow(dead_code, reason = "the job does not use every operation")]
    progenitor::generate_api!(spec = "../../../docs/openapi-3.0.json", interface = Builder);
}

const ACME: &str = "64ee9a8b1e7f2a0011223344";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: progenitor-client-check URL")?;
    let body = types::Login { email: "sam@globex.example".parse()?, password: "Demo-Pass-2026!".to_owned().into() };
    let signed_in = Client::new(&url).login().body(body).send().await?.into_inner();
    assert_eq!(signed_in.user.access_role, types::Role::Superadmin);
    let headers = HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {}", signed_in.token).parse()?)]);
    let http = reqwest::Client::builder().default_headers(headers).build()?;
    let client = Client::new_with_client(&url, http);

    let users = client.list_capturable_users().org_id(ACME).send().await?.into_inner().users;
    let source = users.iter().find(|user| user.email.as_str() == "alex@acme.example").ok_or("Alex is there")?;
    let body = types::CreateSnapshot {
        name: "From Rust".parse()?,
        description: None,
        source_org_id: ACME.parse()?,
        source_user_id: source.id.clone(),
        organization_id: None,
    };
    let key = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos().to_string();
    let snapshot = client.create_snapshot().idempotency_key(key).body(body).send().await?.into_inner().snapshot;
    assert_eq!((snapshot.counts.automations, snapshot.counts.prompts, snapshot.counts.templates), (5, 8, 12));
    let id = snapshot.id.as_str();

    let references = client.get_apply_references().id(id).send().await?.into_inner();
    let stage = references.stage_refs.iter().find(|it| it.suggestions.is_empty()).ok_or("a stage needs a mapping")?;
    let agent = references.agent_refs.first().ok_or("an agent needs a mapping")?;
    let stages = HashMap::from([(stage.value.clone(), "Reached Out".to_owned())]);
    let stages = HashMap::from([(stage.automation_name.clone(), stages)]);
    let agents = HashMap::from([(agent.value.clone(), references.target_agents[0].id.clone())]);
    let agents = HashMap::from([(agent.automation_name.clone(), agents)]);
    let person = types::NewUser {
        email: "casey.rust@globex.example".parse()?,
        password: Some("TempPass!2026".parse()?),
        invite: None,
        full_name: Some("Casey New".parse()?),
        access_role: Some(types::Role::SalesRep),
        department_id: None,
        designation: None,
        phone_number: None,
    };

    let planned = types::PlannedUser::builder().email(person.email.clone()).access_role(types::Role::SalesRep);
    let body = types::PlanSnapshot::builder()
        .new_user(types::PlannedUser::try_from(planned)?)
        .pipeline_mapping(stages.clone())
        .agent_mapping(agents.clone());
    let plan = client.plan_snapshot().id(id).body(body).send().await?.into_inner().plan;
    assert!(plan.refusals.is_empty());

    let body = types::ApplySnapshot::builder().new_user(person).pipeline_mapping(stages).agent_mapping(agents);
    let apply = |body| client.apply_snapshot().id(id).body(body).send();
    let result = apply(body.clone()).await?.into_inner().result;
    assert_eq!(result.user_email.as_str(), "casey.rust@globex.example");

    // A refusal is an error with its status.
    let refused = apply(body).await.err().ok_or("the address was taken, and the apply was not refused")?;
    assert_eq!(refused.status().map(|status| status.as_u16()), Some(409));

    let body = types::RenameSnapshot::builder().name("Renamed".parse::<types::SnapshotName>()?);
    let renamed =
        client.rename_snapshot().id(id).if_match(snapshot.version.as_str()).body(body).send().await?.into_inner();
    assert_eq!(renamed.snapshot.name.as_str(), "Renamed");

    let applies = client.list_applies().id(id).limit(1).send().await?.into_inner().applies;
    assert_eq!(applies[0].id, result.apply_id);
    let body = types::UndoApply { force: Some(false) };
    let undone = client.undo_apply().id(id).apply_id(result.apply_id.as_str()).body(body).send().await?.into_inner();
    assert_eq!(undone.apply.state, types::ApplyState::Undone);
    client.delete_snapshot().id(id).send().await?;
    Ok(())
}
