//! Hundreds of messages, doubled, out of order, late and all at once, over many snapshots whose sources are edited meanwhile.
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::{ItemKind, ObjectId, Setup, SetupItem};
use shared::function::EventFunction;
use shared::ids::Randomness;
use shared::store::SetupChange;
use tests::{
    ACME, BEGINNING, Logs, PAT, SAM, SeededRandomness, TestApp, capture, json as to_json, mapped_body, numbered_id,
    rounds, setup_of, user_with_setup,
};

const SOURCES: usize = 10;
const PERIODS: u64 = 4;
const PERIOD: Duration = Duration::from_secs(6 * 60 * 60);
/// So few that old revisions are dropped all the time.
const KEPT: u32 = 2;

fn snapshot_count() -> usize {
    rounds(20, 100)
}

/// How many messages there are in a period: each twice and more.
fn messages() -> usize {
    rounds(100, 500)
}

struct Storm {
    app: TestApp,
    seed: u64,
    random: SeededRandomness,
    sources: Vec<ObjectId>,
    /// The snapshots by the places of their sources.
    snapshots: Vec<(usize, String)>,
    /// How often each source was edited.
    edits: Vec<usize>,
    /// The messages so far, old ones too.
    messages: Vec<String>,
}

impl Storm {
    async fn begin(seed: u64) -> Self {
        let app = TestApp::keeping_revisions(KEPT).await;
        let mut sources = Vec::new();
        for number in 0..SOURCES {
            sources.push(user_with_setup(&app, number, &Setup::default()).await);
        }
        let mut snapshots = Vec::new();
        for number in 0..snapshot_count() {
            let id = capture(&app, sources[number % SOURCES]).await;
            app.rename(&app.token(PAT), &id, &json!({"refresh": {"every": "PT6H"}})).await.expect(200);
            snapshots.push((number % SOURCES, id));
        }
        let random = SeededRandomness::new(seed);
        Self { app, seed, random, sources, snapshots, edits: vec![0; SOURCES], messages: Vec::new() }
    }

    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % limit as u64).unwrap()
    }

    /// The places of the sources that are edited in a period: every other one. Of the others nothing changes, so that only what
    /// is served tells one refresh from two.
    fn edited(period: u64) -> impl Iterator<Item = usize> {
        (0..SOURCES).filter(move |place| (*place as u64 + period).is_multiple_of(2))
    }

    /// Gives each of them one more prompt: how many a capture holds tells how new it is.
    async fn edit(&mut self, period: u64) {
        for place in Self::edited(period) {
            self.edits[place] += 1;
            add_prompt(&self.app, &self.sources[place], self.edits[place]).await;
        }
    }

    /// Runs the schedule, several times at once, until nothing is left to a later run, and takes what it sent.
    async fn schedule(&mut self) -> Vec<String> {
        let (mut moved, mut is_left) = (0, true);
        while is_left {
            let runs = join_all((0..3).map(|_| self.app.run_schedule())).await;
            moved += runs.iter().map(|report| report["moved"].as_u64().unwrap()).sum::<u64>();
            is_left = runs.iter().any(|report| report["deferred"] != 0);
        }
        assert_eq!(moved, snapshot_count() as u64, "seed {}", self.seed);
        let mut sent = Vec::new();
        while let Some(batch) = self.app.scheduler().queue().deliver(async |_| Ok(Value::Null)).await {
            sent.extend(batch.messages);
        }
        sent
    }

    /// The messages of this time, each at least once, with doubles and older ones up to five hundred, in any order.
    fn shuffled(&mut self, sent: Vec<String>) -> Vec<String> {
        self.messages.extend(sent.iter().cloned());
        let mut events = sent;
        events.truncate(messages());
        while events.len() < messages() {
            events.push(self.messages[self.below(self.messages.len())].clone());
        }
        for place in (1..events.len()).rev() {
            events.swap(place, self.below(place + 1));
        }
        events
    }

    /// Serves all of it, eight batches at once, while the sources are edited once more and people refresh by hand.
    async fn serve(&mut self, events: &[String], period: u64) {
        let queue = self.app.scheduler();
        let batch = async |bodies: &[String]| {
            let records: Vec<_> = bodies.iter().enumerate().map(|(place, body)| record(place, body)).collect();
            let answer = self
                .app
                .invoke_by_name(EventFunction::RefreshSnapshot.logical_name(), &json!({"Records": records}))
                .await;
            answer.expect(200)["batchItemFailures"].as_array().unwrap().len()
        };
        let edits = async {
            for place in Self::edited(period) {
                add_prompt(&self.app, &self.sources[place], self.edits[place] + 1).await;
                let by_hand = &self.snapshots[self.below(snapshot_count())].1;
                let path = format!("/api/user-snapshots/{by_hand}/refresh");
                let request = self.app.request(http::Method::POST, &path).bearer_auth(self.app.token(PAT));
                let answer = self.app.send(request).await;
                assert!([200, 409].contains(&answer.status), "{}", answer.text);
            }
        };
        let batches: Vec<_> = events.chunks(10).collect();
        let all = async {
            for at_once in batches.chunks(8) {
                let failed = join_all(at_once.iter().map(|bodies| batch(bodies))).await;
                // What met an edit or another refresh again and again comes again, as it would.
                for (bodies, failed) in at_once.iter().zip(failed) {
                    if failed > 0 {
                        assert_eq!(batch(bodies).await, 0, "seed {}", self.seed);
                    }
                }
            }
        };
        tokio::join!(all, edits);
        assert_eq!(queue.queue().waiting(), 0);
        Self::edited(period).for_each(|place| self.edits[place] += 1);
    }

    /// Every revision of a snapshot that is there: its number and how many prompts it holds.
    async fn revisions(&self) -> BTreeMap<String, Vec<(u32, u64)>> {
        let mut found: BTreeMap<String, Vec<(u32, u64)>> = BTreeMap::new();
        for item in self.app.items().await {
            let (pk, sk) = (item["PK"].as_s().unwrap(), item["SK"].as_s().unwrap());
            let Some(id) = pk.strip_prefix("SNAPSHOT#") else { continue };
            let number = match sk.strip_prefix("REV#") {
                Some(number) => number.parse().unwrap(),
                None if sk == "#META" => to_json(&item["revision"]).as_u64().unwrap().try_into().unwrap(),
                None => continue,
            };
            let prompts = to_json(&item["counts"])["prompts"].as_u64().unwrap();
            found.entry(id.to_owned()).or_default().push((number, prompts));
        }
        found.values_mut().for_each(|revisions| revisions.sort_unstable());
        found
    }
}

async fn add_prompt(app: &TestApp, source: &ObjectId, number: usize) {
    let document = serde_json::from_value(json!({"name": format!("{number}"), "prompt": "Hi."})).unwrap();
    let change = SetupChange::Put(ItemKind::Prompt, SetupItem { id: numbered_id(0xb0, number), document });
    tests::change_setup(app.table(), &ACME.parse().unwrap(), source, &[change], BEGINNING).await.unwrap();
}

fn record(place: usize, body: &str) -> Value {
    json!({"messageId": format!("m-{place}"), "body": body, "attributes": {}})
}

/// How often each time of each snapshot was served, by the lines of the log.
fn served(lines: &[Value]) -> BTreeMap<(String, String), usize> {
    let mut served = BTreeMap::new();
    for line in lines.iter().filter(|line| line["message"] == "refresh") {
        if ["fresh", "unchanged"].contains(&line["result"].as_str().unwrap()) {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            *served.entry((text("snapshot"), text("due_at"))).or_default() += 1;
        }
    }
    served
}

#[tokio::test]
async fn every_due_snapshot_is_refreshed_once_per_period_and_no_newer_revision_is_lost() {
    let mut storm = Storm::begin(7).await;
    // An apply that nobody ends pins what it began with.
    let source = user_with_setup(&storm.app, 99, &setup_of(150)).await;
    let pinned = capture(&storm.app, source).await;
    storm.app.fail_stages_from(2);
    let body = mapped_body("pinned@globex.example", 50);
    let broken_off = storm.app.apply_once(&storm.app.token(SAM), "pin", &pinned, &body).await;
    assert!(broken_off.status >= 500, "{}", broken_off.text);
    storm.app.faults().clear();

    for period in 1..=PERIODS {
        storm.app.clock().set(BEGINNING.plus(PERIOD * u32::try_from(period).unwrap()));
        storm.edit(period).await;
        let sent = storm.schedule_all(&pinned).await;
        let events = storm.shuffled(sent);
        let logs = Logs::new();
        storm.serve(&events, period).await;
        let served = served(&logs.take());
        drop(logs);
        let now = BEGINNING.plus(PERIOD * u32::try_from(period).unwrap()).to_string();
        for (_, id) in &storm.snapshots {
            let times = served.get(&(id.clone(), now.clone())).copied().unwrap_or_default();
            assert_eq!(times, 1, "seed {}, period {period}: {id} was refreshed {times} times", storm.seed);
        }
        assert_eq!(served.len(), snapshot_count(), "seed {}: an older time was served again", storm.seed);
    }
    let revisions = storm.revisions().await;
    for (source, id) in &storm.snapshots {
        let found = &revisions[id];
        assert!(found.is_sorted_by(|one, next| one.0 < next.0 && one.1 < next.1), "seed {}: {found:?}", storm.seed);
        let newest = found.last().unwrap().1;
        let edits = storm.edits[*source] as u64;
        assert!(newest == edits || newest == edits - 1, "seed {}: {newest} of {edits}", storm.seed);
        assert!(found.first().unwrap().0 > 1, "seed {}: the first revision is dropped by now: {found:?}", storm.seed);
    }
    // The other one was refreshed, too, and keeps the revision that is being applied.
    let kept: Vec<_> = revisions[&pinned].iter().map(|(number, _)| *number).collect();
    assert_eq!(kept.first(), Some(&1), "{kept:?}");
}

impl Storm {
    /// As [`Storm::schedule`], beside a snapshot that is refreshed by hand, with a change each time.
    async fn schedule_all(&mut self, pinned: &str) -> Vec<String> {
        let sent = self.schedule().await;
        add_prompt(&self.app, &numbered_id(0xa0, 99), 1_000 + self.edits[0]).await;
        let request = self.app.request(http::Method::POST, &format!("/api/user-snapshots/{pinned}/refresh"));
        self.app.send(request.bearer_auth(self.app.token(PAT))).await.expect(200);
        sent
    }
}
