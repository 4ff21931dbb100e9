//! How much memory a capture takes at most: 100 MB and six times the setup's JSON, whatever its shape. The program runs itself
//! again with an address space of that size, in which it goes all the way from what DynamoDB gives to what is stored.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's own function may panic")]

use std::collections::HashMap;
use std::process::Command;

use aws_sdk_dynamodb::types::AttributeValue;
use shared::domain::capture::{CaptureFailure, capture};
use shared::domain::{ObjectId, Organization, Work};
use shared::store::{CanonicalContent, SetupReading};

/// Names the shape that a child captures.
const SHAPE: &str = "CAPTURE_SHAPE";

type Item = HashMap<String, AttributeValue>;

/// A setup by its shape: how many items it has, and the document of each.
struct SetupShape {
    name: &'static str,
    items: usize,
    document: fn() -> AttributeValue,
    /// What it is captured as: a snapshot, or what is said to be too large.
    outcome: &'static str,
}

const SHAPES: [SetupShape; 6] = [
    SetupShape { name: "a long name in front of many references", items: 1, document: long_name, outcome: "captured" },
    SetupShape { name: "many times the same", items: 40, document: long_name, outcome: "more than 100000 references" },
    SetupShape {
        name: "secrets below long keys",
        items: 36,
        document: secrets_below_long_keys,
        outcome: "4000000 bytes",
    },
    SetupShape { name: "small numbers", items: 40, document: small_numbers, outcome: "captured" },
    SetupShape { name: "small fields", items: 6, document: small_fields, outcome: "captured" },
    SetupShape {
        name: "control characters",
        items: 40,
        document: control_characters,
        outcome: "16000000 bytes as JSON",
    },
];

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number() -> AttributeValue {
    AttributeValue::N("0".into())
}

fn map(fields: impl IntoIterator<Item = (String, AttributeValue)>) -> AttributeValue {
    AttributeValue::M(fields.into_iter().collect())
}

fn long_name() -> AttributeValue {
    let statuses = vec![text("a"); 20_000];
    map([("name".into(), text("n".repeat(20_000))), ("sourceStatuses".into(), AttributeValue::L(statuses))])
}

fn secrets_below_long_keys() -> AttributeValue {
    let payload = || map((0..750).map(|field| (format!("field{field}"), text("hunter22"))));
    let with_payload = |inner| map([("k".repeat(20_000), inner), ("webhookPayload".to_owned(), payload())]);
    (0..10).fold(payload(), |inner, _| with_payload(inner))
}

fn small_numbers() -> AttributeValue {
    map([("numbers".into(), AttributeValue::L(vec![number(); 128_000]))])
}

fn small_fields() -> AttributeValue {
    map((0..48_000).map(|field| (format!("{field:05x}"), number())))
}

fn control_characters() -> AttributeValue {
    map([("prompt".into(), text("\u{1}".repeat(380_000)))])
}

fn item(shape: &SetupShape, number: usize) -> Item {
    let sk = format!("AUTOMATION#{number:024x}");
    HashMap::from([("SK".to_owned(), text(sk)), ("document".to_owned(), (shape.document)())])
}

/// Captures the shape's setup. Returns the outcome, and the bytes of its JSON.
fn outcome(shape: &SetupShape, is_captured: bool) -> (String, usize) {
    let mut reading = SetupReading::default();
    // A page of a query has 1 MB: two such items and the one that goes beyond it.
    for page in (0..shape.items).collect::<Vec<_>>().chunks(3) {
        let items: Vec<Item> = page.iter().map(|number| item(shape, *number)).collect();
        items.into_iter().for_each(|item| reading.add(item, &Work::unlimited()).unwrap());
    }
    let bytes = reading.json_bytes();
    if let Some(excess) = reading.excess() {
        return (excess, bytes);
    }
    if !is_captured {
        return (String::new(), bytes);
    }
    let organization = Organization {
        id: ObjectId::from_bytes([1; 12]),
        name: "Acme".into(),
        pipelines: vec![],
        agents: vec![],
        trusted_destinations: vec![],
        left_out: Vec::new(),
    };
    let work = Work::unlimited();
    let captured = capture(reading.finish(), &organization, &work);
    let packed = captured.and_then(|capture| {
        let canonical = CanonicalContent::of(&capture, &work)?;
        drop(capture);
        Ok(canonical.pack(&work)?.unwrap().bytes.len())
    });
    match packed {
        Ok(_) => ("captured".to_owned(), bytes),
        Err(CaptureFailure::TooLarge(why)) => (why, bytes),
        Err(over) => panic!("{over}"),
    }
}

#[test]
fn a_capture_takes_at_most_100_mb_and_six_times_its_json() {
    if let Ok(name) = std::env::var(SHAPE) {
        let shape = SHAPES.iter().find(|shape| shape.name == name).unwrap();
        let (outcome, _) = outcome(shape, true);
        assert!(outcome.contains(shape.outcome), "{name}: {outcome}");
        println!("{name}: {outcome}; {} kB of address space", peak_kilobytes());
        return;
    }
    let program = std::env::current_exe().unwrap();
    // The program's own file is mapped, too.
    let mapped = std::fs::metadata(&program).unwrap().len() / 1_000;
    for shape in &SHAPES {
        let (_, bytes) = outcome(shape, false);
        let kilobytes = 100_000 + 6 * bytes as u64 / 1_000 + mapped;
        let mut child = Command::new("sh");
        child.args(["-c", r#"ulimit -v "$0" && exec "$1" --nocapture --test-threads 1"#, &kilobytes.to_string()]);
        // Every further arena would reserve 64 MB that it does not use.
        child.arg(&program).env(SHAPE, shape.name).env("MALLOC_ARENA_MAX", "1");
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        println!("{} bytes of JSON, limit {kilobytes} kB\n{said}", bytes);
        assert!(output.status.success(), "{}: {said}{}", shape.name, String::from_utf8_lossy(&output.stderr));
    }
}

fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).expect("Linux tells the peak");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
