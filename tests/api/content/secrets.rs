//! Secrets never travel: canaries in every form and place of a setup, and then none of them anywhere but where they were.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use local::workspace::{Member, Workspace};
use serde_json::{Value, json};
use shared::domain::{Document, Email, ObjectId, PerKind, Setup, SetupItem};
use tests::canaries::{self, Canary};
use tests::{ACME, ALEX, Answer, GIL, Item, Logs, PAT, SAM, TestApp, apply_body, unpacked};

/// Items of one source user: few enough for one transaction of an apply.
const ITEMS: usize = 80;

/// A colleague of Alex for every so many canaries.
fn sources(canaries: &[Canary]) -> Vec<Member> {
    let demo = Workspace::demo().unwrap();
    let alex = demo.member(ALEX).unwrap().1;
    let source = |(number, canaries): (usize, &[Canary])| {
        let mut user = alex.user.clone();
        user.id = ObjectId::from_bytes([u8::try_from(number + 1).unwrap(); 12]);
        user.email = Email::parse(format!("source{number}@acme.example")).unwrap();
        let items = |kind: &str| {
            let of_kind = canaries.iter().enumerate().filter(|(_, canary)| canary.kind == kind);
            let item = |(index, canary): (usize, &Canary)| SetupItem {
                id: ObjectId::from_bytes([u8::try_from(index + 1).unwrap(); 12]),
                document: serde_json::from_value::<Document>(canary.document.clone()).unwrap(),
            };
            of_kind.map(item).collect()
        };
        let (automations, prompts, templates) = (items("automations"), items("prompts"), items("templates"));
        Member {
            user,
            names_login_disabled: true,
            has_given_id: true,
            setup: Setup::from(PerKind { automations, prompts, templates }),
        }
    };
    canaries.chunks(ITEMS).enumerate().map(source).collect()
}

/// Finds canaries in whatever bytes: in any case, percent-encoded, and in base64 wherever in the encoded text they begin.
struct Search {
    patterns: AhoCorasick,
    needles: Vec<String>,
}

impl Search {
    fn new(canaries: &[Canary]) -> Self {
        let needles: BTreeSet<&String> = canaries.iter().flat_map(|canary| &canary.needles).collect();
        let forms: BTreeMap<String, &String> =
            needles.into_iter().flat_map(|needle| forms(needle).into_iter().map(move |form| (form, needle))).collect();
        let patterns = AhoCorasick::builder().ascii_case_insensitive(true).build(forms.keys()).unwrap();
        Self { patterns, needles: forms.values().map(|needle| (*needle).clone()).collect() }
    }

    fn find<'s>(&'s self, bytes: &'s [u8]) -> impl Iterator<Item = &'s str> {
        self.patterns.find_overlapping_iter(bytes).map(|found| self.needles[found.pattern().as_usize()].as_str())
    }

    #[track_caller]
    fn expect_none(&self, place: &str, bytes: &[u8]) {
        let found = self.find(bytes).next();
        assert_eq!(found, None, "{place}: {}", String::from_utf8_lossy(bytes));
    }
}

/// What a needle looks like in other coats. Of its base64 only what does not depend on its neighbours.
fn forms(needle: &str) -> Vec<String> {
    let percent: String = needle
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let base64 = (0..3).map(|shift| {
        let encoded = STANDARD_NO_PAD.encode(format!("{}{needle}", " ".repeat(shift)));
        let bits = (shift * 8).div_ceil(6)..(shift + needle.len()) * 8 / 6;
        encoded[bits].to_owned()
    });
    base64.chain([needle.to_owned(), percent]).collect()
}

/// All that an item holds, packed attributes unpacked.
fn bytes_of(item: &Item) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in item {
        bytes.extend_from_slice(format!("{name} {value:?}\n").as_bytes());
        bytes.extend(unpacked(value).unwrap_or_default());
    }
    bytes
}

fn new_user(email: &str) -> Value {
    json!({"email": email, "password": "TempPass!2026", "fullName": "Casey New"})
}

/// Every route that shows or moves a snapshot, refusals that quote values among them.
async fn every_answer(app: &TestApp, number: usize, source: &Member) -> Vec<Answer> {
    let (pat, sam, gil) = (app.token(PAT), app.token(SAM), app.token(GIL));
    let body =
        json!({"name": format!("Canaries {number}"), "sourceOrgId": ACME, "sourceUserId": source.user.id.to_string()});
    let created = app.create_snapshot(&pat, &body).await;
    let id = created.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let mut answers = vec![created, app.snapshot(&pat, &id).await, app.apply_refs(&sam, &id).await];
    for kind in ["automation", "prompt", "template"] {
        answers.push(app.snapshot_items(&pat, &id, &format!("kind={kind}&limit=200")).await);
    }
    for (token, email) in [(&sam, "sams"), (&pat, "pats")] {
        let mut body = json!({"newUser": new_user(&format!("{email}{number}@acme.example"))});
        for answer in [app.plan(token, &id, &body).await, app.apply(token, &id, &body).await] {
            assert!(answer.status < 300, "{}", answer.text);
            answers.push(answer);
        }
        body["newUser"] = new_user(&format!("{email}{number}-again@acme.example"));
        body["onUnmapped"] = json!("reject");
        answers.push(app.apply(token, &id, &body).await);
    }
    for (field, value) in [
        ("pipelineMapping", json!({"Follow up": {"New Lead": "No such stage"}, "No such automation": {"a": "b"}})),
        ("sourceStatusesMapping", json!({"Follow up": ["No such stage"]})),
        ("agentMapping", json!({"Follow up": {"No such agent": "64eea1110000000000000060"}})),
        ("selectedPromptNames", json!(["No such prompt"])),
    ] {
        let mut body = apply_body();
        body[field] = value;
        answers.push(app.apply(&sam, &id, &body).await);
        answers.push(app.plan(&pat, &id, &body).await);
    }
    answers.push(app.snapshot(&gil, &id).await);
    answers
}

#[tokio::test]
async fn no_canary_leaves_the_setup_that_it_was_planted_in() {
    let canaries = canaries::plant(Some(2));
    let sources = sources(&canaries);
    let search = Search::new(&canaries);
    let needles: BTreeSet<&str> = canaries.iter().flat_map(|canary| &canary.needles).map(String::as_str).collect();
    println!("{} canaries planted, with {} secrets, in {} setups", canaries.len(), needles.len(), sources.len());
    assert!(canaries.len() >= 500, "{}", canaries.len());

    let logs = Logs::new();
    let mut workspace = Workspace::demo().unwrap();
    workspace.organizations[0].users.extend(sources.iter().cloned());
    let app = TestApp::with_workspace(workspace).await;
    let mut answers = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        answers.extend(every_answer(&app, number, source).await);
    }
    answers.push(app.list_snapshots(&app.token(SAM), "").await);

    let refused = answers.iter().filter(|answer| answer.status == 422).count();
    assert!(refused >= 5 * sources.len(), "{refused} of {}", answers.len());
    for answer in &answers {
        search.expect_none("an answer", answer.text.as_bytes());
        search.expect_none("headers", format!("{:?}", answer.headers).as_bytes());
    }
    let lines = logs.take();
    assert!(lines.len() >= answers.len(), "{} lines", lines.len());
    search.expect_none("the log", json!(lines).to_string().as_bytes());

    let own: Vec<String> = sources.iter().map(|source| format!("ORG#{ACME}#USER#{}", source.user.id)).collect();
    let (mut inside, mut outside) = (Vec::new(), 0);
    for item in app.items().await {
        if own.contains(item["PK"].as_s().unwrap()) {
            inside.extend(bytes_of(&item));
        } else {
            outside += 1;
            search.expect_none(item["SK"].as_s().unwrap(), &bytes_of(&item));
        }
    }
    // Clones of everything in one organization, of the prompts in the other; and the search finds what there is.
    assert!(outside > canaries.len(), "{outside}");
    let found: BTreeSet<&str> = search.find(&inside).collect();
    let lost: Vec<_> = needles.difference(&found).collect();
    assert!(lost.len() * 20 < needles.len(), "the search misses {} of {}: {lost:?}", lost.len(), needles.len());
}

#[test]
fn the_search_sees_through_case_and_coats() {
    let needle = "Fake-0001-Pw!abcd";
    let canary =
        Canary { label: String::new(), kind: "prompts", document: json!({}), needles: vec![needle.to_owned()] };
    let search = Search::new(&[canary]);
    let swapped: String = needle
        .chars()
        .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    for text in [
        needle.to_owned(),
        swapped,
        "Fake%2D0001%2DPw%21abcd".to_owned(),
        STANDARD_NO_PAD.encode(format!("a{needle}b")),
        STANDARD_NO_PAD.encode(format!("ab{needle}")),
        STANDARD_NO_PAD.encode(format!("abc{needle}, and more")),
    ] {
        assert_eq!(search.find(text.as_bytes()).next(), Some(needle), "{text}");
    }
    assert_eq!(search.find(b"Fake-0002-Pw!abcd").next(), None);
}
