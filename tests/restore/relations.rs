//! For each item of a healthy table: without it the check reports exactly what is broken, and after the repair nothing
//! but what a person has to decide.

use std::collections::BTreeMap;

use shared::store::RemedyKind;
use tests::{ACME, ALEX, GLOBEX, TestApp, rounds, snapshot};

use crate::copies::{TableCopy, check, copy, delete, lines, names, paste, repair};
use crate::healthy::HealthyTable;

/// Returns the class of an item, and the relations that break without it.
fn expected(table: &HealthyTable, items: &TableCopy, (pk, sk): &(String, String)) -> (String, Vec<&'static str>) {
    let text = |name: &str| items[&(pk.clone(), sk.clone())].get(name).and_then(|value| value.as_s().ok().cloned());
    let of_user = |user: &str| match user {
        user if user == table.untouched => "an untouched user",
        user if user == table.touched => "a user who signed in",
        user if user == table.staged => "a staged user",
        user if user == table.undoing => "a user who is undone",
        _ => "a loaded user",
    };
    let kind = sk.split('#').next().unwrap_or_default();
    if let Some(user) = pk.split("#USER#").nth(1) {
        let who = of_user(user);
        let is_profile = sk == "#META";
        let broken = match (who, is_profile) {
            ("an untouched user" | "a user who signed in", true) => vec!["apply-user"],
            ("an untouched user", false) => vec!["user-items"],
            (_, true) => vec!["claim-user", "item-user"],
            _ => vec![],
        };
        return (format!("{} of {who}", if is_profile { "#META" } else { kind }), broken);
    }
    if pk.starts_with("EMAIL#") {
        let (who, broken) = match (text("userId"), text("reservedBy"), sk.as_str()) {
            (_, _, sk) if sk != "#META" => ("attempts", vec![]),
            (_, Some(_), _) => ("a staged user", vec!["apply-claim"]),
            (Some(user), _, _) => match of_user(&user) {
                "an untouched user" => ("an untouched user", vec!["user-items"]),
                "a user who is undone" => ("a user who is undone", vec![]),
                who => (who, vec!["user-claim"]),
            },
            _ => ("nobody", vec!["?"]),
        };
        return (format!("EMAIL# of {who}"), broken);
    }
    if sk.starts_with("APPLY#") {
        let (state, who) = (text("state").unwrap(), of_user(&text("userId").unwrap()));
        let broken = match (state.as_str(), who) {
            ("COMMITTED", "an untouched user") => vec!["user-apply"],
            ("STAGING", _) => vec!["claim-apply", "item-user"],
            ("UNDOING", _) => vec!["claim-user", "item-user"],
            _ => vec![],
        };
        return (format!("APPLY# {state} of {who}"), broken);
    }
    if let Some(id) = pk.strip_prefix("SNAPSHOT#") {
        let which = match id {
            id if id == table.small => "the shared snapshot",
            id if id == table.chunked => "the snapshot in chunks",
            id if id == table.deleted => "the deleted snapshot",
            _ => "another snapshot",
        };
        let broken = match (which, kind) {
            ("another snapshot" | "the deleted snapshot", kind) if !kind.is_empty() => vec![],
            ("another snapshot", _) => vec![],
            (_, "") => vec!["part-snapshot"],
            ("the snapshot in chunks", "REV") => vec!["chunk-revision", "revision-kept"],
            (_, "REV") => vec!["revision-kept"],
            (_, "REFRESH") => vec!["refresh-revision"],
            _ => vec!["sharing-rows"],
        };
        return (format!("{} of {which}", if kind.is_empty() { "#META" } else { kind }), broken);
    }
    if pk.starts_with("CHUNK#") {
        let is_current = pk.split('#').nth(2) == Some("2");
        return match is_current {
            true => ("CHUNK# of the current revision".to_owned(), vec!["content-chunks"]),
            false => ("CHUNK# of an older revision".to_owned(), vec!["revision-chunks"]),
        };
    }
    match sk.as_str() {
        "#META" => ("#META of an organization".to_owned(), vec!["target-organization", "user-organization"]),
        _ => (format!("{kind} of an organization"), vec![]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_item_of_a_healthy_table_exactly_its_relations_are_broken_and_repair_leaves_only_decisions() {
    let table = HealthyTable::start().await;
    let app = &table.app;
    let whole = copy(app).await;
    let report = check(app).await;
    assert!(report.defects.is_empty(), "{}", lines(&report.defects));
    assert_eq!((report.items, report.foreign, report.busy), (whole.len() as u64, 0, 0));

    // Of each class of items a few; all of them in the long lane.
    let most = rounds(3, usize::MAX);
    let mut classes: BTreeMap<String, (usize, Vec<&str>)> = BTreeMap::new();
    for place in whole.keys() {
        let (class, broken) = expected(&table, &whole, place);
        let (tried, _) = classes.entry(class.clone()).or_insert((0, broken.clone()));
        if *tried >= most {
            continue;
        }
        *tried += 1;
        delete(app, place).await;
        let found = check(app).await;
        assert_eq!(names(&found.defects), broken, "{class} {place:?}{}", lines(&found.defects));
        let before = copy(app).await;
        let mended = repair(app, false).await;
        assert!(mended.repaired.iter().all(|defect| defect.remedy_kind() == RemedyKind::Mend), "{class}");
        let dropped = repair(app, true).await;
        let is_decision = dropped.left.iter().all(|defect| defect.remedy_kind() == RemedyKind::Person);
        assert!(is_decision, "{class} {place:?}{}", lines(&dropped.left));
        let after = check(app).await;
        assert_eq!(names(&after.defects), names(&dropped.left), "{class} {place:?}{}", lines(&after.defects));
        if broken.is_empty() {
            assert!(copy(app).await == before, "{class} {place:?}: a repair of nothing writes nothing");
        }
        paste(app, &whole).await;
    }
    for (class, (tried, broken)) in &classes {
        println!("{class:<44} {tried:>4}  {}", broken.join(", "));
    }
    assert!(classes.len() >= 35, "{} classes", classes.len());
    let report = check(app).await;
    assert!(report.defects.is_empty(), "{}", lines(&report.defects));
}

/// Sets or removes an attribute past every rule.
async fn set(
    app: &TestApp,
    (pk, sk): (&str, &str),
    changes: &[(&str, Option<aws_sdk_dynamodb::types::AttributeValue>)],
) {
    let mut item = app.item(pk, sk).await.unwrap();
    for (name, value) in changes {
        match value {
            Some(value) => drop(item.insert((*name).to_owned(), value.clone())),
            None => drop(item.remove(*name)),
        }
    }
    app.database().client().put_item().table_name("snapshots").set_item(Some(item)).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_item_says_wrongly_is_found_and_mended() {
    use aws_sdk_dynamodb::types::AttributeValue;
    let text = |text: &str| Some(AttributeValue::S(text.to_owned()));
    let number = |number: u32| Some(AttributeValue::N(number.to_string()));
    let table = HealthyTable::start().await;
    let app = &table.app;
    let whole = copy(app).await;
    let small = format!("SNAPSHOT#{}", table.small);
    let untouched = format!("ORG#{GLOBEX}#USER#{}", table.untouched);
    let touched = format!("ORG#{GLOBEX}#USER#{}", table.touched);
    let alex = format!("ORG#{ACME}#USER#{}", app.member(ALEX).user.id);
    let apply = |state: &str| {
        let is_it = |item: &&tests::Item| item.get("state").is_some_and(|is| is.as_s().unwrap() == state);
        crate::copies::key(whole.values().find(is_it).unwrap())
    };
    let (staging, undoing, undone, committed) =
        (apply("STAGING"), apply("UNDOING"), apply("UNDONE"), apply("COMMITTED"));
    let place = |(pk, sk): &(String, String)| (pk.clone(), sk.clone());
    type Changes = Vec<(&'static str, Option<AttributeValue>)>;
    let cases: Vec<((String, String), Changes, &str, RemedyKind)> = vec![
        ((small.clone(), "#META".into()), vec![("LISTPK", text("ORG#x"))], "snapshot-listed", RemedyKind::Mend),
        ((small.clone(), "#META".into()), vec![("ALLPK", text("SWEEP#1"))], "snapshot-listed", RemedyKind::Mend),
        (
            (small.clone(), "REFRESH".into()),
            vec![("ALLPK", None), ("ALLSK", None)],
            "schedule-listed",
            RemedyKind::Mend,
        ),
        ((small.clone(), "REFRESH".into()), vec![("revision", number(1))], "refresh-revision", RemedyKind::Mend),
        ((small.clone(), "SHARING".into()), vec![("of", text("1.1"))], "sharing-rows", RemedyKind::Mend),
        (
            (small.clone(), "GLOBAL".into()),
            vec![("sharedAt", text("2026-01-01T00:00:00.000Z"))],
            "sharing-rows",
            RemedyKind::Mend,
        ),
        ((touched.clone(), "#META".into()), vec![("LISTPK", None), ("LISTSK", None)], "user-listed", RemedyKind::Mend),
        ((alex.clone(), "#META".into()), vec![("setupVersion", number(1))], "user-version", RemedyKind::Mend),
        ((alex.clone(), "#META".into()), vec![("email", text("other@acme.example"))], "claim-user", RemedyKind::Person),
        ((alex.clone(), "#META".into()), vec![("email", text("pat@acme.example"))], "user-claim", RemedyKind::Person),
        ((alex, "#META".into()), vec![("email", text("no address"))], "readable", RemedyKind::Person),
        (place(&staging), vec![("ALLPK", None), ("ALLSK", None)], "apply-sweep", RemedyKind::Mend),
        (place(&undoing), vec![("ALLPK", None), ("ALLSK", None)], "apply-sweep", RemedyKind::Mend),
        (place(&undone), vec![("ALLPK", None), ("ALLSK", None)], "apply-sweep", RemedyKind::Mend),
        (place(&committed), vec![("ALLPK", text("SWEEP#1")), ("ALLSK", text("x"))], "apply-sweep", RemedyKind::Mend),
        (place(&undoing), vec![("LISTPK", None), ("LISTSK", None)], "apply-listed", RemedyKind::Mend),
        (place(&undone), vec![("LISTSK", text("x"))], "apply-listed", RemedyKind::Mend),
        // As in a profile of an earlier version.
        ((touched.clone(), "#META".into()), vec![("clonedFrom", None)], "apply-listed", RemedyKind::Mend),
        ((untouched, "#META".into()), vec![("email", text("no address"))], "readable", RemedyKind::Person),
    ];
    for (place, changes, broken, kind) in cases {
        set(app, (&place.0, &place.1), &changes).await;
        let found = check(app).await.defects;
        let is_found = found.iter().any(|defect| defect.relation.rule().name == broken && defect.remedy_kind() == kind);
        assert!(is_found, "{broken} {place:?} {changes:?}{}", lines(&found));
        repair(app, false).await;
        let left = check(app).await.defects;
        let is_left = left.iter().any(|defect| defect.relation.rule().name == broken);
        assert_eq!(is_left, kind == RemedyKind::Person, "{broken} {place:?} {changes:?}{}", lines(&left));
        paste(app, &whole).await;
    }
}

#[tokio::test]
async fn a_check_reads_no_secret_and_writes_nothing() {
    let app = TestApp::start().await;
    snapshot(&app).await;
    app.forget_calls();
    check(&app).await;
    let calls = app.recorded();
    assert!(calls.writes().is_empty());
    for scan in calls.of("Scan") {
        let names: Vec<&str> = scan.request["ExpressionAttributeNames"]
            .as_object()
            .unwrap()
            .values()
            .filter_map(|name| name.as_str())
            .collect();
        for secret in ["passwordHash", "document", "content"] {
            assert!(!names.contains(&secret), "{names:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staged_apply_whose_address_is_free_or_another_users_is_cleared_by_a_sweep() {
    use aws_sdk_dynamodb::types::AttributeValue;
    let table = HealthyTable::start().await;
    let app = &table.app;
    let whole = copy(app).await;
    let place = ("EMAIL#staged@globex.example".to_owned(), "#META".to_owned());
    for heir in [None, Some(app.member(ALEX).user.id)] {
        paste(app, &whole).await;
        match heir {
            None => delete(app, &place).await,
            Some(user) => {
                let owned = Some(AttributeValue::S(user.to_string()));
                set(app, (&place.0, &place.1), &[("userId", owned), ("reservedBy", None)]).await;
            }
        }
        let abandoned = repair(app, false).await;
        assert_eq!(names(&abandoned.repaired), ["apply-claim"]);
        app.clock().advance(tests::SETTLING);
        let report = app.sweep().await;
        assert_eq!((&report["cleared"], &report["failed"]), (&1.into(), &0.into()), "{report}");
        let left = copy(app).await;
        assert!(left.keys().all(|(pk, _)| !pk.contains(&table.staged)));
        assert_eq!(left.contains_key(&place), heir.is_some(), "another user's claim stays");
    }
}
