//! Values arrive as they were: every number with its digits, sets and binary with their types, empty things and odd names.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::{ACME, ALEX, Answer, GLOBEX, PAT, SAM, TestApp, apply_body, create_body, refresh, restore};

use crate::content::unreadable::outsider::attribute;

mod outsider;

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

fn b(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

fn ss(texts: &[&str]) -> AttributeValue {
    AttributeValue::Ss(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn ns(numbers: &[&str]) -> AttributeValue {
    AttributeValue::Ns(numbers.iter().map(|number| (*number).to_owned()).collect())
}

fn l<const N: usize>(values: [AttributeValue; N]) -> AttributeValue {
    AttributeValue::L(values.into())
}

fn m<const N: usize>(fields: [(&str, AttributeValue); N]) -> AttributeValue {
    AttributeValue::M(HashMap::from(fields.map(|(name, value)| (name.to_owned(), value))))
}

/// Alex's templates of these numbers: another system writes them.
async fn put(app: &TestApp, templates: &[(usize, AttributeValue)]) {
    for (number, value) in templates {
        app.put_item([
            ("PK", s(&format!("ORG#{ACME}#USER#{}", app.member(ALEX).user.id))),
            ("SK", s(&format!("TEMPLATE#{number:024x}"))),
            ("type", s("template")),
            ("setupVersion", n("1")),
            ("document", m([("name", s(&format!("T{number:03}"))), ("v", value.clone())])),
        ])
        .await;
    }
}

async fn capture(app: &TestApp) -> Answer {
    app.create_snapshot(&app.token(PAT), &create_body()).await
}

/// Puts the sets of a value in order: DynamoDB's have none.
fn with_ordered_sets(value: AttributeValue) -> AttributeValue {
    fn ordered<T: AsRef<[u8]>>(mut set: Vec<T>) -> Vec<T> {
        set.sort_by(|one, other| one.as_ref().cmp(other.as_ref()));
        set
    }
    match value {
        AttributeValue::Ss(set) => AttributeValue::Ss(ordered(set)),
        AttributeValue::Ns(set) => AttributeValue::Ns(ordered(set)),
        AttributeValue::Bs(set) => AttributeValue::Bs(ordered(set)),
        AttributeValue::L(list) => AttributeValue::L(list.into_iter().map(with_ordered_sets).collect()),
        AttributeValue::M(map) => {
            AttributeValue::M(map.into_iter().map(|(name, value)| (name, with_ordered_sets(value))).collect())
        }
        other => other,
    }
}

/// The field `v` of a user's templates by their names, as DynamoDB holds it.
async fn stored(app: &TestApp, organization: &str, user: &str) -> BTreeMap<String, AttributeValue> {
    let partition = s(&format!("ORG#{organization}#USER#{user}"));
    let items = app.items().await.into_iter().filter(|item| item["PK"] == partition);
    let documents = items.filter_map(|item| item.get("document")?.as_m().ok().cloned());
    documents
        .filter_map(|mut fields| {
            Some((fields.remove("name")?.as_s().ok()?.clone(), with_ordered_sets(fields.remove("v")?)))
        })
        .collect()
}

/// Applies a snapshot at Globex and gives the answer's result.
async fn apply(app: &TestApp, id: &str, email: &str) -> Value {
    let mut body = apply_body();
    body["newUser"]["email"] = json!(email);
    app.apply(&app.token(SAM), id, &body).await.expect(201)["result"].clone()
}

async fn refreshed(app: &TestApp, id: &str) -> (Value, Value) {
    let answer = refresh(app, PAT, id).await;
    let snapshot = &answer.expect(200)["snapshot"];
    (snapshot["refreshStatus"].clone(), snapshot["revision"].clone())
}

/// What `items` shows of one value: its JSON, and the types of its places.
type ShownValue = (&'static str, &'static [(&'static str, &'static str)]);

fn odd_values() -> Vec<(AttributeValue, ShownValue)> {
    vec![
        (n("19.99"), ("19.99", &[])),
        (n("-0"), ("0", &[])),
        (n("12345678901234567890123456789012345678"), ("12345678901234567890123456789012345678", &[])),
        (n("0.12345678901234567890123456789012345678"), ("0.12345678901234567890123456789012345678", &[])),
        (n("9007199254740993"), ("9007199254740993", &[])),
        (n("9.9999999999999999999999999999999999999E+125"), ("9.9999999999999999999999999999999999999e+125", &[])),
        (n("-9.9999999999999999999999999999999999999E+125"), ("-9.9999999999999999999999999999999999999e+125", &[])),
        (n("1E-130"), ("1e-130", &[])),
        (ss(&["a", "b"]), (r#"["a","b"]"#, &[("", "SS")])),
        (ns(&["10", "-1", "12345678901234567890.5"]), ("[-1,10,12345678901234567890.5]", &[("", "NS")])),
        (AttributeValue::Bs(vec![Blob::new(b"b"), Blob::new(b"a")]), (r#"["YQ==","Yg=="]"#, &[("", "BS")])),
        (b(b"\x00\xff\x10"), (r#""AP8Q""#, &[("", "B")])),
        (b(b""), (r#""""#, &[("", "B")])),
        (l([s(""), m([]), l([]), AttributeValue::Null(true)]), (r#"["",{},[],null]"#, &[])),
        (
            m([("a/b~c", l([l([m([("Ä \"", ss(&["x"]))])])]))]),
            (r#"{"a/b~c":[[{"Ä \"":["x"]}]]}"#, &[("/a~1b~0c/0/0/Ä \"", "SS")]),
        ),
        (l([ns(&["1"]), AttributeValue::Bool(false), n("1E+2")]), ("[[1],false,100]", &[("/0", "NS")])),
    ]
}

#[tokio::test]
async fn odd_values_are_shown_and_arrive_as_they_were() {
    let app = TestApp::start().await;
    let templates: Vec<_> = odd_values().into_iter().map(|(value, _)| value).enumerate().collect();
    put(&app, &templates).await;
    let captured = capture(&app).await;
    let id = captured.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let items = app.snapshot_items(&app.token(PAT), &id, "kind=template&limit=100").await.expect(200)["items"].clone();
    for (number, (value, (shown, types))) in odd_values().into_iter().enumerate() {
        let item = items.as_array().unwrap().iter().find(|item| item["document"]["name"] == format!("T{number:03}"));
        let item = item.unwrap();
        assert_eq!(item["document"]["v"].to_string(), shown, "{value:?}");
        let types: Vec<_> =
            types.iter().map(|(pointer, kind)| json!({"pointer": format!("/v{pointer}"), "type": kind})).collect();
        assert_eq!(item.get("types").cloned().unwrap_or(json!([])), json!(types), "{value:?}");
    }
    let source = stored(&app, ACME, &app.member(ALEX).user.id.to_string()).await;
    let result = apply(&app, &id, "odd@acme.example").await;
    let clones = stored(&app, GLOBEX, result["userId"].as_str().unwrap()).await;
    assert_eq!(source.len(), odd_values().len());
    assert_eq!(clones, source);
    assert_eq!(refreshed(&app, &id).await, (json!("unchanged"), json!(1)));
}

/// Draws documents. Letters without a meaning, so that nothing in them is a secret or a reference.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn text(&mut self) -> String {
        let parts = ["", "ui", "Öl", "a/b", "~", "k.\"", "\u{1f600}", "line\nline"];
        format!("{}{}", parts[self.below(parts.len())], parts[self.below(parts.len())])
    }

    /// Of up to 38 digits, at any power of ten that DynamoDB has.
    fn number(&mut self) -> String {
        let digits: String =
            (0..=self.below(38)).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap())).collect();
        let sign = ["", "-"][self.below(2)];
        match self.below(4) {
            0 => format!("{sign}{digits}"),
            1 => format!("{sign}0.{digits}"),
            2 => format!("{sign}1.{digits}"),
            _ => format!("{sign}1{}E{}", self.below(10), i64::try_from(self.below(240)).unwrap() - 120),
        }
        .chars()
        .take(40)
        .collect()
    }

    fn value(&mut self, depth: usize) -> AttributeValue {
        let many = 1 + self.below(3);
        match self.below(if depth == 0 { 8 } else { 10 }) {
            0 => AttributeValue::S(self.text()),
            1 | 2 => AttributeValue::N(self.number()),
            3 => AttributeValue::Bool(self.below(2) == 0),
            4 => AttributeValue::Null(true),
            5 => AttributeValue::Ss((0..many).map(|index| format!("{}{index}", self.text())).collect()),
            6 => AttributeValue::Ns((0..many).map(|index| format!("{index}{}", self.below(99_999))).collect()),
            7 => match self.below(2) {
                0 => AttributeValue::B(Blob::new(self.text())),
                _ => AttributeValue::Bs((0..many).map(|index| Blob::new(format!("{}{index}", self.text()))).collect()),
            },
            8 => AttributeValue::L((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            _ => AttributeValue::M(
                (0..self.below(4)).map(|index| (format!("{}{index}", self.text()), self.value(depth - 1))).collect(),
            ),
        }
    }
}

#[tokio::test]
async fn random_documents_arrive_as_they_were_through_refresh_diff_restore_and_undo() {
    let seed = 11;
    let mut draw = Draw(seed);
    let documents: Vec<_> = (0..150).map(|number| (number, draw.value(5))).collect();
    let app = TestApp::start().await;
    put(&app, &documents).await;
    let id = capture(&app).await.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let alex = app.member(ALEX).user.id.to_string();
    let first = stored(&app, ACME, &alex).await;
    assert_eq!(first.len(), documents.len());
    assert_eq!(refreshed(&app, &id).await, (json!("unchanged"), json!(1)), "seed {seed}");
    let clones = async |email| {
        let result = apply(&app, &id, email).await;
        (stored(&app, GLOBEX, result["userId"].as_str().unwrap()).await, result)
    };
    assert_eq!(clones("one@acme.example").await.0, first, "seed {seed}");

    // The last of 38 digits changes: one item differs, and nothing else.
    put(&app, &[(0, n("1.0000000000000000000000000000000000001"))]).await;
    refreshed(&app, &id).await;
    put(&app, &[(0, n("1.0000000000000000000000000000000000002"))]).await;
    assert_eq!(refreshed(&app, &id).await, (json!("fresh"), json!(3)));
    let diff = app.get(&app.token(PAT), &format!("/api/user-snapshots/{id}/diff")).await.expect(200).clone();
    assert_eq!(diff["summary"]["changed"]["templates"], 1);
    let field = &diff["changes"][0]["fields"][0];
    let sides = [&field["before"], &field["after"]].map(ToString::to_string);
    assert_eq!(sides, ["1.0000000000000000000000000000000000001", "1.0000000000000000000000000000000000002"], "{diff}");

    restore(&app, PAT, &id, 1).await.expect(200);
    let (restored, result) = clones("two@acme.example").await;
    assert_eq!(restored, first, "seed {seed}");
    let apply = result["applyId"].as_str().unwrap();
    app.undo(&app.token(SAM), &id, apply, None).await.expect(200);
    assert!(stored(&app, GLOBEX, result["userId"].as_str().unwrap()).await.is_empty());
}

#[tokio::test]
async fn binary_is_not_redacted_and_a_lot_of_it_is_warned_of() {
    let app = TestApp::start().await;
    let bytes = b"password=hunter22hunter22";
    put(&app, &[(0, m([("apiKey", b(bytes)), ("secret", b(&[7; 1_001]))])), (1, m([("apiKey", b(&[7; 1_000]))]))])
        .await;
    let id = capture(&app).await.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let alex = app.member(ALEX).user.id.to_string();
    let source = stored(&app, ACME, &alex).await;
    let result = apply(&app, &id, "bin@acme.example").await;
    assert_eq!(stored(&app, GLOBEX, result["userId"].as_str().unwrap()).await, source);
    let opaque: Vec<_> =
        result["warnings"].as_array().unwrap().iter().filter(|it| it["code"] == "opaque_value").collect();
    assert_eq!(opaque.len(), 1, "{opaque:?}");
    assert!(opaque[0]["detail"].as_str().unwrap().contains("/v/secret"), "{opaque:?}");
}

#[tokio::test]
async fn members_of_sets_lose_their_secrets_and_equal_ones_are_one() {
    let app = TestApp::start().await;
    let set = ss(&["password=hunter22hunter22", "password=hunter33hunter33", "blue"]);
    put(&app, &[(0, set), (1, m([("pin", ns(&["4711", "4712"]))]))]).await;
    let id = capture(&app).await.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let result = apply(&app, &id, "sets@acme.example").await;
    let clones = stored(&app, GLOBEX, result["userId"].as_str().unwrap()).await;
    assert_eq!(clones["T000"], ss(&["blue", "password=[removed secret]"]));
}

#[tokio::test]
async fn what_a_snapshot_cannot_hold_is_refused_at_capture_with_its_place() {
    let app = TestApp::start().await;
    put(&app, &[(7, AttributeValue::L(vec![b(b""); 20_001]))]).await;
    let answer = capture(&app).await;
    let problem = answer.expect_problem(413, "setup_too_large");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("{:024x}", 7)) && detail.contains("/v/20000"), "{detail}");
}

/// The templates of the shapes, one each.
fn shaped() -> Vec<(usize, AttributeValue)> {
    outsider::shapes().iter().map(|(value, ..)| attribute(value)).enumerate().collect()
}

/// The items of a snapshot by their names.
async fn shown(app: &TestApp, id: &str) -> BTreeMap<String, Value> {
    let items = app.snapshot_items(&app.token(PAT), id, "kind=template&limit=100").await;
    let items = items.expect(200)["items"].as_array().unwrap().clone();
    items.into_iter().map(|item| (item["document"]["name"].as_str().unwrap().to_owned(), item)).collect()
}

#[tokio::test]
async fn an_outsiders_shapes_arrive_as_they_were_through_refresh_diff_restore_and_undo() {
    let (app, shapes) = (TestApp::start().await, outsider::shapes());
    put(&app, &shaped()).await;
    let id = capture(&app).await.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let source = stored(&app, ACME, &app.member(ALEX).user.id.to_string()).await;
    assert_eq!(refreshed(&app, &id).await, (json!("unchanged"), json!(1)));
    let clones = async |email| {
        let result = apply(&app, &id, email).await;
        let clones = stored(&app, GLOBEX, result["userId"].as_str().unwrap()).await;
        app.undo(&app.token(SAM), &id, result["applyId"].as_str().unwrap(), None).await.expect(200);
        assert!(stored(&app, GLOBEX, result["userId"].as_str().unwrap()).await.is_empty());
        clones
    };
    let (items, first) = (shown(&app, &id).await, clones("first@acme.example").await);

    // Every value gives way to another one, and a restore brings it back.
    let others: Vec<_> = shaped().into_iter().map(|(number, _)| (number, s("another value"))).collect();
    put(&app, &others).await;
    assert_eq!(refreshed(&app, &id).await, (json!("fresh"), json!(2)));
    let diff = app.get(&app.token(PAT), &format!("/api/user-snapshots/{id}/diff?limit=100")).await.expect(200).clone();
    restore(&app, PAT, &id, 1).await.expect(200);
    let (restored, second) = (shown(&app, &id).await, clones("second@acme.example").await);

    let mut failures = Vec::new();
    for (number, (value, text, types)) in shapes.iter().enumerate() {
        let name = format!("T{number:03}");
        let types: Vec<_> =
            types.iter().map(|(pointer, kind)| json!({"pointer": format!("/v{pointer}"), "type": kind})).collect();
        let item = &items[&name];
        let shown = item["document"]["v"].to_string();
        let change = diff["changes"].as_array().unwrap().iter().find(|change| change["name"] == *name);
        let field = change.map_or(&Value::Null, |change| &change["fields"][0]);
        let holds = [
            ("items", shown == **text),
            ("types", item.get("types").cloned().unwrap_or(json!([])) == json!(types)),
            ("clone", first.contains_key(&name) && first.get(&name) == source.get(&name)),
            ("diff", field["pointer"] == "/v" && field["change"] == "changed"),
            ("restore", restored[&name] == *item && second.get(&name) == source.get(&name)),
        ];
        let failed: Vec<_> = holds.iter().filter(|(_, holds)| !holds).map(|(what, _)| *what).collect();
        if !failed.is_empty() {
            failures.push(format!("{value}: {failed:?}: {item} {:?}", first.get(&name)));
        }
    }
    println!("shapes of values: {} of {} arrive as they were", shapes.len() - failures.len(), shapes.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
