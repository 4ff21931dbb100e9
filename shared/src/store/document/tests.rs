use std::collections::HashMap;

use serde_json::json;

use super::*;

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

fn b(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

fn ns(numbers: &[&str]) -> AttributeValue {
    AttributeValue::Ns(numbers.iter().map(|number| (*number).to_owned()).collect())
}

fn ss(texts: &[&str]) -> AttributeValue {
    AttributeValue::Ss(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn bs(blobs: &[&[u8]]) -> AttributeValue {
    AttributeValue::Bs(blobs.iter().map(|bytes| Blob::new(*bytes)).collect())
}

fn m<const N: usize>(fields: [(&str, AttributeValue); N]) -> AttributeValue {
    AttributeValue::M(HashMap::from(fields.map(|(name, value)| (name.to_owned(), value))))
}

fn document(value: AttributeValue) -> Document {
    read(value, &mut TypeBudget::default()).unwrap()
}

#[test]
fn a_document_is_json_with_its_types_and_is_written_as_it_was() {
    let stored = m([
        ("empty", AttributeValue::L(vec![s(""), m([]), AttributeValue::L(vec![]), AttributeValue::Null(true)])),
        ("n", n("12345678901234567890123456789012345678")),
        ("a/b~c", m([("", ss(&["a", "b"])), ("ä", AttributeValue::L(vec![s("x"), ns(&["-1", "2.5", "10"])]))])),
        ("bin", b(b"\x00\xff\x10")),
        ("bins", bs(&[b"", b"a", b"b"])),
        ("flag", AttributeValue::Bool(false)),
    ]);
    let read = document(stored.clone());
    let expected = json!({
        "empty": ["", {}, [], null], "n": values::number("12345678901234567890123456789012345678"),
        "a/b~c": {"": ["a", "b"], "ä": ["x", [-1, 2.5, 10]]}, "bin": "AP8Q", "bins": ["", "YQ==", "Yg=="], "flag": false
    });
    assert_eq!(*read.as_value(), expected);
    let types: Vec<_> = read.types().iter().map(|place| (place.pointer.as_str(), place.kind)).collect();
    let expected = [
        ("/a~1b~0c/", ValueType::Texts),
        ("/a~1b~0c/ä/1", ValueType::Numbers),
        ("/bin", ValueType::Binary),
        ("/bins", ValueType::Binaries),
    ];
    assert_eq!(types, expected);
    assert_eq!(write(&read), stored);
}

#[test]
fn a_set_has_one_order() {
    let one = document(m([("n", ns(&["10", "9", "-1"])), ("s", ss(&["b", "B", "a"])), ("b", bs(&[b"b", b"a"]))]));
    let other = document(m([("n", ns(&["-1", "9.0", "1E1"])), ("s", ss(&["a", "b", "B"])), ("b", bs(&[b"a", b"b"]))]));
    assert_eq!(one, other);
    assert_eq!(*one.as_value(), json!({"n": [-1, 9, 10], "s": ["B", "a", "b"], "b": ["YQ==", "Yg=="]}));
}

#[test]
fn a_value_that_does_not_fit_its_type_any_more_is_written_as_what_it_is() {
    let cases: [(AttributeValue, serde_json::Value, AttributeValue); 8] = [
        (ss(&["a", "b"]), json!(["x", "x"]), ss(&["x"])),
        (ss(&["a", "b"]), json!(["", "b"]), ss(&["", "b"])),
        (ns(&["1", "2"]), json!([2, null]), ns(&["2"])),
        (ns(&["1", "2"]), json!([2, 2.0]), ns(&["2"])),
        (ns(&["1"]), json!([null]), AttributeValue::L(vec![AttributeValue::Null(true)])),
        (ns(&["1", "2"]), json!(["[removed secret]", 2]), AttributeValue::L(vec![s("[removed secret]"), n("2")])),
        (b(b"a"), json!("[removed secret]"), s("[removed secret]")),
        (ss(&["a"]), json!("[removed secret]"), s("[removed secret]")),
    ];
    for (stored, changed, expected) in cases {
        let mut document = document(m([("v", stored)]));
        document.fields_mut().unwrap().insert("v".into(), changed.clone());
        assert_eq!(write(&document), m([("v", expected)]), "{changed}");
    }
}

#[test]
fn a_document_nests_32_deep_and_its_types_have_a_limit() {
    let nested = |depth: usize| (1..depth).fold(m([("leaf", ss(&["a"]))]), |inner, _| m([("a", inner)]));
    for (depth, is_read) in [(30, true), (31, true), (32, false)] {
        let outcome = read(nested(depth), &mut TypeBudget::default());
        assert_eq!(outcome.is_ok(), is_read, "{depth}");
        assert!(
            outcome.map_or_else(|error| error.pointer.ends_with("/leaf"), |document| write(&document) == nested(depth))
        );
    }
    for (places, pointer_bytes, is_read) in [(2, 4, true), (1, 100, false), (2, 3, false)] {
        let stored = m([("a", ss(&["a"])), ("b", b(b""))]);
        assert_eq!(read(stored, &mut TypeBudget { places, pointer_bytes }).is_ok(), is_read);
    }
}

#[test]
fn a_name_that_json_cannot_carry_is_refused_with_its_place() {
    for name in KEPT_KEYS {
        let stored = m([("a", AttributeValue::L(vec![m([(name, s("1"))])]))]);
        let refused = read(stored, &mut TypeBudget::default()).unwrap_err();
        assert_eq!(refused.pointer, format!("/a/0/{name}"));
    }
}
