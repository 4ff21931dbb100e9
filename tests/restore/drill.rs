//! The drill: while applies, undos and refreshes run, the table is copied item by item in a drawn order, as a backup knows
//! no order among items. The copy is torn. Sweep, check and repair make it a table that works, in which each user is whole
//! or absent.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::domain::Timestamp;
use shared::ids::Randomness;
use tests::{
    ACME, GLOBEX, GRACE, LEASE, NEW_PASSWORD, PAT, SAM, SETTLING, SeededRandomness, TestApp, apply_body, apply_id,
    capture, edit_prompt, incompressible, mapped_body, refresh, rounds, setup_of, snapshot, snapshot_of,
    user_with_setup,
};

use crate::copies::{TableCopy, check, key, lines, paste, repair};
use crate::healthy::STAGED_ITEMS;

/// How many users each kind of traffic makes, those included who are made before the copy begins.
fn users() -> usize {
    rounds(8, 30)
}

/// How many of them are made before.
const SETTLED: usize = 3;

/// The snapshots that the traffic works on.
struct Traffic {
    app: TestApp,
    small: String,
    chunked: String,
    large: String,
    is_over: AtomicBool,
}

/// Draws numbers.
struct Draw(SeededRandomness);

impl Draw {
    fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        (u64::from_le_bytes(bytes) % end.max(1) as u64) as usize
    }
}

impl Traffic {
    async fn start() -> Arc<Self> {
        let app = TestApp::patient(Duration::from_secs(600)).await;
        app.clock().set(SystemClock.now());
        let sam = app.token(SAM);
        let small = snapshot(&app).await;
        app.assign(&sam, &small, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
        let chunked_user = user_with_setup(&app, 1, &incompressible(12, 30_000)).await;
        let chunked = capture(&app, chunked_user).await;
        let large = snapshot_of(&app, STAGED_ITEMS).await;
        let traffic = Self { app, small, chunked, large, is_over: AtomicBool::new(false) };
        for is_staged in [false, true] {
            traffic.apply_some(is_staged, 0..SETTLED).await;
        }
        Arc::new(traffic)
    }

    /// Applies, and undoes every third apply.
    async fn apply_some(&self, is_staged: bool, numbers: Range<usize>) {
        let snapshot = if is_staged { &self.large } else { &self.small };
        for number in numbers {
            let applied = Self::apply(&self.app, snapshot, number, is_staged).await;
            if number % 3 == 0 {
                self.app.undo(&self.app.token(SAM), snapshot, &apply_id(&applied), None).await.expect(200);
            }
        }
    }

    fn body(email: &str, is_staged: bool) -> Value {
        if is_staged {
            return mapped_body(email, setup_of(STAGED_ITEMS).items.automations.len());
        }
        let mut body = apply_body();
        body["newUser"]["email"] = json!(email);
        body
    }

    async fn apply(app: &TestApp, snapshot: &str, number: usize, is_staged: bool) -> tests::Answer {
        let email = email(number, is_staged);
        app.apply_once(&app.token(SAM), &email, snapshot, &Self::body(&email, is_staged)).await
    }

    /// Changes the sources and refreshes, until the others are done.
    async fn make_revisions(self: Arc<Self>) {
        let mut number = 0;
        while !self.is_over.load(Ordering::SeqCst) {
            number += 1;
            edit_prompt(&self.app, &format!("Text {number}.")).await;
            refresh(&self.app, PAT, &self.small).await.expect(200);
            add_prompt(&self.app, number).await;
            refresh(&self.app, PAT, &self.chunked).await.expect(200);
            if number % 2 == 0 {
                self.app.assign(&self.app.token(SAM), &self.small, &json!({"revision": number})).await.expect(200);
            }
            let one = snapshot(&self.app).await;
            self.app.assign(&self.app.token(SAM), &one, &json!({"isGlobal": true})).await.expect(200);
            self.app.delete_snapshot(&self.app.token(PAT), &one).await.expect(200);
        }
    }

    /// Copies each item once, at a drawn moment, until the traffic is over.
    async fn copy(self: Arc<Self>, seed: u64) -> TableCopy {
        let draw = Draw(SeededRandomness::new(seed));
        let mut copied = TableCopy::new();
        let mut seen = BTreeSet::new();
        let old: BTreeSet<_> = self.app.items().await.iter().map(key).collect();
        while !self.is_over.load(Ordering::SeqCst) {
            let mut fresh: Vec<_> = self.app.items().await.iter().map(key).filter(|key| !seen.contains(key)).collect();
            // A few of the items that are there; the others a moment later, when they may be gone or changed.
            for _ in 0..fresh.len().div_ceil(12) {
                let (pk, sk) = fresh.swap_remove(draw.below(fresh.len()));
                if let Some(item) = self.app.item(&pk, &sk).await {
                    copied.insert((pk.clone(), sk.clone()), item);
                }
                seen.insert((pk, sk));
            }
        }
        // Of what is left, one half was made before the copy ended.
        for item in self.app.items().await {
            let place = key(&item);
            if !seen.contains(&place) && (old.contains(&place) || draw.below(2) == 0) {
                copied.insert(place, item);
            }
        }
        copied
    }
}

fn email(number: usize, is_staged: bool) -> String {
    format!("{}{number}@globex.example", if is_staged { "staged" } else { "small" })
}

async fn add_prompt(app: &TestApp, number: usize) {
    use shared::domain::{ItemKind, SetupItem};
    let document = serde_json::from_value(json!({"name": format!("New {number}"), "prompt": "Hi."})).unwrap();
    let item = SetupItem { id: tests::numbered_id(9, number), document };
    let change = shared::store::SetupChange::Put(ItemKind::Prompt, item);
    let user = tests::numbered_id(0xa0, 1);
    tests::change_setup(app.table(), &ACME.parse().unwrap(), &user, &[change], tests::BEGINNING).await.unwrap();
}

/// Lets interrupted applies and undos end, as the first minutes of the restored service do.
async fn sweep(app: &TestApp) {
    for pause in [LEASE + GRACE, SETTLING, SETTLING] {
        app.clock().advance(pause);
        app.sweep().await;
    }
}

fn since(start: Timestamp) -> String {
    format!("{:.1} s", SystemClock.now().since(start).as_secs_f64())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_copy_becomes_a_table_that_works_in_which_each_user_is_whole_or_absent() {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..rounds(2, 20) {
        drill(seed, &mut found).await;
    }
    println!("Broken relations in the torn copies: {found:?}");
    // The drill is worth nothing if the copies are not torn.
    assert!(found.len() >= 4, "{found:?}");
}

async fn drill(seed: u64, found: &mut BTreeMap<&str, usize>) {
    let traffic = Traffic::start().await;
    let copying = tokio::spawn(traffic.clone().copy(seed));
    let refreshing = tokio::spawn(traffic.clone().make_revisions());
    let making = [false, true].map(|is_staged| {
        let traffic = traffic.clone();
        tokio::spawn(async move { traffic.apply_some(is_staged, SETTLED..users()).await })
    });
    for made in making {
        made.await.unwrap();
    }
    traffic.is_over.store(true, Ordering::SeqCst);
    refreshing.await.unwrap();
    let torn = copying.await.unwrap();

    // The switch to the copy: the same service on another table.
    let app = TestApp::patient(Duration::from_secs(600)).await;
    app.clock().set(traffic.app.clock().now());
    let start = SystemClock.now();
    paste(&app, &torn).await;
    println!("seed {seed}: {} of {} items copied in {}", torn.len(), traffic.app.items().await.len(), since(start));

    let start = SystemClock.now();
    sweep(&app).await;
    println!("seed {seed}: swept in {}", since(start));
    let start = SystemClock.now();
    let torn = check(&app).await;
    println!("seed {seed}: {} defects of {} items found in {}", torn.defects.len(), torn.items, since(start));
    for defect in &torn.defects {
        *found.entry(defect.relation.rule().name).or_default() += 1;
    }
    let start = SystemClock.now();
    let repaired = repair(&app, true).await;
    println!("seed {seed}: {} repairs in {}", repaired.repaired.len(), since(start));
    assert!(repaired.left.is_empty(), "seed {seed}{}", lines(&repaired.left));
    sweep(&app).await;
    let clean = check(&app).await;
    assert!(clean.defects.is_empty() && clean.busy == 0, "seed {seed}{}", lines(&clean.defects));
    // Where no revision was whole, the report says that the snapshot goes.
    let is_lost = |defect: &&shared::store::Defect| defect.remedy.starts_with("delete the snapshot");
    let lost = repaired.repaired.iter().filter(is_lost).map(|defect| defect.partition_key().to_owned()).collect();
    works(&app, &traffic, seed, &lost).await;
}

/// Everything works: each user is whole or absent, each snapshot can be read and refreshed, and each apply can be repeated.
async fn works(app: &TestApp, traffic: &Traffic, seed: u64, lost: &BTreeSet<String>) {
    let whole = |is_staged: bool| if is_staged { STAGED_ITEMS } else { 25 };
    let mut counts = [0, 0];
    for is_staged in [false, true] {
        for number in 0..users() {
            let email = email(number, is_staged);
            let signed_in = app.login(&email, NEW_PASSWORD).await;
            if signed_in.status == 200 {
                let user = signed_in.body["user"]["id"].as_str().unwrap();
                let pk = format!("ORG#{GLOBEX}#USER#{user}");
                let items = app.items().await.iter().filter(|item| key(item).0 == pk).count();
                assert_eq!(items, whole(is_staged) + 2, "seed {seed}: {email} has profile, switches and its clones");
                counts[0] += 1;
            } else {
                signed_in.expect_problem(401, "invalid_credentials");
                counts[1] += 1;
            }
            let id = if is_staged { &traffic.large } else { &traffic.small };
            let again = Traffic::apply(app, id, number, is_staged).await;
            let is_known = [201, 409].contains(&again.status);
            assert!(is_known, "seed {seed}: {email}: {}", again.text);
        }
    }
    println!("seed {seed}: {} users are whole, {} are absent", counts[0], counts[1]);
    assert!(counts[0] >= SETTLED && counts[1] > 0, "the drill has both: {counts:?}");
    add_prompt(app, 1_000).await;
    edit_prompt(app, "After the restore.").await;
    for id in [&traffic.small, &traffic.chunked, &traffic.large] {
        if lost.contains(&format!("SNAPSHOT#{id}")) {
            app.snapshot_items(&app.token(PAT), id, "").await.expect_problem(404, "snapshot_not_found");
            continue;
        }
        app.snapshot_items(&app.token(PAT), id, "").await.expect(200);
        refresh(app, PAT, id).await.expect(200);
        let revisions = app.get(&app.token(PAT), &format!("/api/user-snapshots/{id}/revisions")).await;
        for revision in revisions.expect(200)["revisions"].as_array().unwrap() {
            let path = format!("/api/user-snapshots/{id}/revisions/{}", revision["revision"]);
            app.send(app.request(Method::GET, &path).bearer_auth(app.token(PAT))).await.expect(200);
        }
    }
    let clean = check(app).await;
    assert!(clean.defects.is_empty(), "seed {seed}{}", lines(&clean.defects));
}
