//! An organization goes to a file and into another table, whole or not at all.

use std::io::Cursor;

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};
use shared::domain::ObjectId;
use shared::store::{ImportReport, TransferError, export_organization, import_organization};
use tests::{ACME, Denial, GLOBEX, Gate, PASSWORD, PAT, TestApp};

use crate::copies::{TableCopy, copy, paste};
use crate::healthy::HealthyTable;

async fn export(app: &TestApp, organization: &str) -> Vec<u8> {
    let mut file = Vec::new();
    let id: ObjectId = organization.parse().unwrap();
    export_organization(app.table(), id, &mut file, &mut |_| {}).await.unwrap();
    file
}

async fn import(app: &TestApp, file: &[u8], write: bool) -> Result<ImportReport, TransferError> {
    import_organization(app.table(), &mut Cursor::new(file), write, &mut |_| {}).await
}

/// The items of a table that belong to an organization, by other means than the export's.
fn of(table: &TableCopy, organization: &str) -> TableCopy {
    let text = |value: Option<&AttributeValue>| value.and_then(|value| value.as_s().ok()).cloned();
    let sources = table.iter().filter(|(_, item)| text(item.get("sourceOrgId")).as_deref() == Some(organization));
    let snapshots: Vec<&str> = sources.map(|((pk, _), _)| pk.strip_prefix("SNAPSHOT#").unwrap()).collect();
    let is_of = |(pk, sk): &(String, String)| {
        let item = &table[&(pk.clone(), sk.clone())];
        let is_claim = pk.starts_with("EMAIL#") && sk == "#META";
        // Counts of refusals stay behind, as counts of sign-ins do.
        pk.split('#').nth(1) == Some(organization) && pk.starts_with("ORG#") && !sk.starts_with("COUNT#")
            || (is_claim && text(item.get("organizationId")).as_deref() == Some(organization))
            || snapshots.iter().any(|id| pk == &format!("SNAPSHOT#{id}") || pk.starts_with(&format!("CHUNK#{id}#")))
    };
    table.iter().filter(|(key, _)| is_of(key)).map(|(key, item)| (key.clone(), item.clone())).collect()
}

#[tokio::test]
async fn an_import_into_an_empty_table_gives_the_same_items() {
    let healthy = HealthyTable::start().await;
    let app = &healthy.app;
    let before = copy(app).await;
    for organization in [ACME, GLOBEX] {
        paste(app, &before).await;
        let file = export(app, organization).await;
        assert_eq!(copy(app).await, before, "an export writes nothing");
        let expected = of(&before, organization);
        assert!(expected.len() > 10, "{organization}: {}", expected.len());
        paste(app, &TableCopy::new()).await;
        let planned = import(app, &file, false).await.unwrap();
        assert_eq!((planned.absent, planned.same), (expected.len() as u64, 0));
        assert!(copy(app).await.is_empty(), "a dry run writes nothing");
        let report = import(app, &file, true).await.unwrap();
        assert_eq!((report.absent, report.same), (expected.len() as u64, 0));
        assert_eq!(copy(app).await, expected, "{organization}");
        let again = import(app, &file, true).await.unwrap();
        assert_eq!((again.absent, again.same), (0, expected.len() as u64));
    }
    paste(app, &before).await;
    let listed = app.list_snapshots(&app.token(PAT), "").await;
    let file = export(app, ACME).await;
    let mut rest = before.clone();
    of(&before, ACME).keys().for_each(|key| drop(rest.remove(key)));
    paste(app, &rest).await;
    import(app, &file, true).await.unwrap();
    app.sign_in(PAT, PASSWORD).await;
    assert_eq!(app.list_snapshots(&app.token(PAT), "").await.expect(200), listed.expect(200));
}

#[tokio::test]
async fn where_an_address_is_taken_all_conflicts_are_named_and_nothing_is_written() {
    let app = TestApp::start().await;
    let file = export(&app, ACME).await;
    paste(&app, &TableCopy::new()).await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for name in ["pat", "dana"] {
        let key = format!("EMAIL#{name}@acme.example");
        app.put_item([("PK", text(&key)), ("SK", text("#META")), ("type", text("email")), ("userId", text(name))])
            .await;
    }
    let before = copy(&app).await;
    let report = import(&app, &file, true).await.unwrap();
    let places: Vec<&str> = report.conflicts.iter().map(|(pk, _)| pk.as_str()).collect();
    assert_eq!(places, ["EMAIL#dana@acme.example", "EMAIL#pat@acme.example"]);
    assert_eq!(copy(&app).await, before);
}

#[tokio::test]
async fn a_torn_or_edited_file_is_refused() {
    let app = TestApp::start().await;
    let file = export(&app, ACME).await;
    paste(&app, &TableCopy::new()).await;
    let text = String::from_utf8(file.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without = |index: usize| {
        let kept = lines.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, line)| format!("{line}\n"));
        kept.collect::<String>()
    };
    let mut bad: Vec<String> = vec![String::new(), without(0), without(3), without(lines.len() - 1)];
    bad.push(text.replacen("Pat Admin", "Pat Hacker", 1));
    bad.push(text.replacen("organization 1", "organization 2", 1));
    bad.push(format!("{text}{}\n", lines[1]));
    bad.extend([1, 2, text.len() / 2].map(|cut| text[..text.len() - cut].to_owned()).into_iter().skip(1));
    for bad in bad {
        let refused = import(&app, bad.as_bytes(), true).await;
        assert!(matches!(refused, Err(TransferError::Torn(_))), "{refused:?}");
    }
    assert!(copy(&app).await.is_empty());
}

/// Returns the file with this item as well and a checksum that is right.
fn with_item(file: &[u8], item: &str) -> Vec<u8> {
    let text = std::str::from_utf8(file).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.pop();
    lines.push(item);
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let sum = hex::encode(Sha256::digest(&body));
    format!("{body}{{\"items\":{},\"sha256\":\"{sum}\"}}\n", lines.len() - 1).into_bytes()
}

#[tokio::test]
async fn a_file_with_an_item_of_another_organization_is_refused() {
    let app = TestApp::start().await;
    let file = export(&app, ACME).await;
    paste(&app, &TableCopy::new()).await;
    const ID: &str = "64ee9a8b1e7f2a00112233fe";
    let foreign = [
        (format!("ORG#{GLOBEX}"), "#META", String::new()),
        (format!("ORG#{GLOBEX}#USER#{ID}"), "#META", r#","accessRole":{"S":"SUPERADMIN"}"#.to_owned()),
        (format!("ORG#{ACME}0#USER#{ID}"), "#META", String::new()),
        ("EMAIL#eve@globex.example".to_owned(), "#META", format!(r#","organizationId":{{"S":"{GLOBEX}"}}"#)),
        ("EMAIL#eve@globex.example".to_owned(), "#META", String::new()),
        (format!("SNAPSHOT#{ID}"), "#META", format!(r#","sourceOrgId":{{"S":"{GLOBEX}"}}"#)),
        (format!("SNAPSHOT#{ID}"), "REFRESH", format!(r#","sourceOrgId":{{"S":"{ACME}"}}"#)),
        (format!("CHUNK#{ID}#1#0"), "#META", String::new()),
        ("OTHER#1".to_owned(), "#META", format!(r#","organizationId":{{"S":"{ACME}"}}"#)),
    ];
    for (pk, sk, rest) in foreign {
        let bad = with_item(&file, &format!(r#"{{"PK":{{"S":"{pk}"}},"SK":{{"S":"{sk}"}}{rest}}}"#));
        match import(&app, &bad, true).await {
            Err(TransferError::Torn(why)) => assert!(why.contains(&pk) && why.contains(ACME), "{pk}: {why}"),
            other => panic!("{pk}: {other:?}"),
        }
    }
    assert!(copy(&app).await.is_empty());
    let own = format!(r#"{{"PK":{{"S":"ORG#{ACME}#USER#{ID}"}},"SK":{{"S":"PREFERENCES"}}}}"#);
    import(&app, &with_item(&file, &own), true).await.unwrap();
}

/// What the sweep, the schedule and lists of others find comes after what they look for.
#[tokio::test]
async fn parts_are_written_first_then_heads_then_what_others_find() {
    let healthy = HealthyTable::start().await;
    let app = &healthy.app;
    let file = export(app, ACME).await;
    paste(app, &TableCopy::new()).await;
    app.forget_calls();
    import(app, &file, true).await.unwrap();
    let phase = |item: &serde_json::Value| {
        let is_chunk = item["PK"]["S"].as_str().unwrap().starts_with("CHUNK#");
        match item["SK"]["S"] == "#META" && !is_chunk {
            true => 1,
            false if item.get("ALLPK").is_some() || item.get("LISTPK").is_some() => 2,
            false => 0,
        }
    };
    let phases: Vec<i32> = app.recorded().of("PutItem").iter().map(|call| phase(&call.request["Item"])).collect();
    assert!(phases.is_sorted(), "{phases:?}");
    assert!([0, 1, 2].iter().all(|phase| phases.contains(phase)), "{phases:?}");
}

#[tokio::test]
async fn what_comes_into_the_way_of_an_import_ends_it() {
    let app = TestApp::start().await;
    let file = export(&app, ACME).await;
    paste(&app, &TableCopy::new()).await;
    import(&app, &file, true).await.unwrap();
    let whole = copy(&app).await.len() as u64;
    paste(&app, &TableCopy::new()).await;
    // Another process takes an address after the look and before the write.
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let gate = Gate::closed();
    app.faults().hold_request(&gate).of("PutItem").nth(1);
    let (report, ()) = tokio::join!(import(&app, &file, true), async {
        gate.arrived(1).await;
        let key = "EMAIL#pat@acme.example";
        app.put_item([("PK", text(key)), ("SK", text("#META")), ("userId", text("other"))]).await;
        gate.open();
    });
    let report = report.unwrap();
    assert_eq!(report.conflicts, [("EMAIL#pat@acme.example".to_owned(), "#META".to_owned())]);
    assert!(report.written > 0 && report.written < whole, "{report:?}");
}

#[tokio::test]
async fn an_import_that_is_interrupted_at_any_write_ends_the_same_when_it_is_run_again() {
    let app = TestApp::start().await;
    let file = export(&app, GLOBEX).await;
    paste(&app, &TableCopy::new()).await;
    import(&app, &file, true).await.unwrap();
    let whole = copy(&app).await;
    for n in 1..=whole.len() as u64 {
        paste(&app, &TableCopy::new()).await;
        let denied = app.faults().deny(Denial::Right).of_writes().nth(n);
        assert!(import(&app, &file, true).await.is_err(), "write {n}");
        app.faults().clear();
        assert_eq!(denied.count(), 1);
        import(&app, &file, true).await.unwrap();
        assert_eq!(copy(&app).await, whole, "write {n}");
    }
}

#[tokio::test]
async fn an_unknown_organization_is_not_exported() {
    let app = TestApp::start().await;
    let nobody = "64ee9a8b1e7f2a00112233ff".parse().unwrap();
    let exported = export_organization(app.table(), nobody, &mut Vec::new(), &mut |_| {}).await;
    assert!(matches!(exported, Err(TransferError::NoOrganization(_))), "{exported:?}");
}
