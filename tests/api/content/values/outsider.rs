//! Shapes of values as another system might store them, written down before the rules that read them were looked at.

use serde_json::{Value, json};

/// A value as `unreadable::outsider::attribute` takes it, the JSON that `items` shows of it, and the types of its places.
pub(super) type ValueShape = (Value, &'static str, &'static [(&'static str, &'static str)]);

/// Every shape.
pub(super) fn shapes() -> Vec<ValueShape> {
    [numbers(), sets(), binary(), texts(), nested()].into_iter().flatten().collect()
}

fn numbers() -> Vec<ValueShape> {
    let number = |text: &str, shown: &'static str| -> ValueShape { (json!({"$N": text}), shown, &[]) };
    vec![
        number("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
        number("-99999999999999999999999999999999999999", "-99999999999999999999999999999999999999"),
        number("1E+125", "1e+125"),
        number("-1E+125", "-1e+125"),
        number("1E-130", "1e-130"),
        number("-1E-130", "-1e-130"),
        number("0", "0"),
        number("-0", "0"),
        number("0.0", "0"),
        number("-0.00E+7", "0"),
        number("1.50", "1.5"),
        number("1.5000000000000000000000000000000000000", "1.5"),
        number("007", "7"),
        number("1e2", "100"),
        number("120E-1", "12"),
        number("0.1", "0.1"),
        number("0.30000000000000004", "0.30000000000000004"),
        number("9007199254740993", "9007199254740993"),
        number("18446744073709551616", "18446744073709551616"),
        number("-9223372036854775809", "-9223372036854775809"),
        number("123456789012345678901234567890.12345678", "123456789012345678901234567890.12345678"),
        number("3.1415926535897932384626433832795028841", "3.1415926535897932384626433832795028841"),
    ]
}

fn sets() -> Vec<ValueShape> {
    vec![
        (json!({"$SS": ["one"]}), r#"["one"]"#, &[("", "SS")]),
        (json!({"$SS": ["b", "a", "B", "A"]}), r#"["A","B","a","b"]"#, &[("", "SS")]),
        (json!({"$SS": ["", "a"]}), r#"["","a"]"#, &[("", "SS")]),
        (json!({"$SS": ["e\u{301}", "\u{e9}"]}), "[\"e\u{301}\",\"\u{e9}\"]", &[("", "SS")]),
        (json!({"$SS": ["10", "9", "1.50", "1.5"]}), r#"["1.5","1.50","10","9"]"#, &[("", "SS")]),
        (json!({"$NS": ["0"]}), "[0]", &[("", "NS")]),
        (json!({"$NS": ["3", "-1E+125", "1E-130", "2.5"]}), "[-1e+125,1e-130,2.5,3]", &[("", "NS")]),
        (
            json!({"$NS": ["10000000000000000000000000000000000001", "10000000000000000000000000000000000002"]}),
            "[10000000000000000000000000000000000001,10000000000000000000000000000000000002]",
            &[("", "NS")],
        ),
        (json!({"$BS": ["one"]}), r#"["b25l"]"#, &[("", "BS")]),
        (json!({"$BS": ["", "a"]}), r#"["","YQ=="]"#, &[("", "BS")]),
    ]
}

fn binary() -> Vec<ValueShape> {
    vec![
        (json!({"$B": ""}), r#""""#, &[("", "B")]),
        (json!({"$B": "plain text"}), r#""cGxhaW4gdGV4dA==""#, &[("", "B")]),
        (json!({"$B": "\u{0}\u{7f}"}), r#""AH8=""#, &[("", "B")]),
        (json!({"logo": {"$B": "x"}, "name": "x"}), r#"{"logo":"eA==","name":"x"}"#, &[("/logo", "B")]),
        (json!([{"$B": "a"}, "YQ==", {"$BS": ["a"]}]), r#"["YQ==","YQ==",["YQ=="]]"#, &[("/0", "B"), ("/2", "BS")]),
    ]
}

fn texts() -> Vec<ValueShape> {
    vec![
        (json!(""), r#""""#, &[]),
        (json!("1.50"), r#""1.50""#, &[]),
        (json!("null"), r#""null""#, &[]),
        (json!("a\u{0}b"), r#""a\u0000b""#, &[]),
        (json!("line\r\nline\u{2028}line"), "\"line\\r\\nline\u{2028}line\"", &[]),
        (json!("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}"), "\"\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\"", &[]),
        (json!("{\"a\": 1.50}"), r#""{\"a\": 1.50}""#, &[]),
        (json!(" \t "), r#"" \t ""#, &[]),
    ]
}

fn nested() -> Vec<ValueShape> {
    vec![
        (json!(null), "null", &[]),
        (json!(true), "true", &[]),
        (json!([]), "[]", &[]),
        (json!({}), "{}", &[]),
        (json!([[], {}, "", null, [[]], [{}]]), r#"[[],{},"",null,[[]],[{}]]"#, &[]),
        (json!({"a": {"b": {"c": null}}}), r#"{"a":{"b":{"c":null}}}"#, &[]),
        (json!({"S": "x", "N": "1"}), r#"{"N":"1","S":"x"}"#, &[]),
        (
            json!([{"tags": {"$SS": ["x"]}}, [{"$NS": ["1.0"]}], {"$N": "1.0"}]),
            r#"[{"tags":["x"]},[[1]],1]"#,
            &[("/0/tags", "SS"), ("/1/0", "NS")],
        ),
        (json!({"a/b": {"~": {"$SS": ["x"]}}}), r#"{"a/b":{"~":["x"]}}"#, &[("/a~1b/~0", "SS")]),
        (json!({" ": 1, "0": [{"$N": "-1.10"}]}), r#"{" ":1,"0":[-1.1]}"#, &[]),
        (json!([1, "1", {"$NS": ["1"]}, {"$SS": ["1"]}]), r#"[1,"1",[1],["1"]]"#, &[("/2", "NS"), ("/3", "SS")]),
        (
            json!({"list": [true, false, true], "types": [{"pointer": "/v", "type": "SS"}]}),
            r#"{"list":[true,false,true],"types":[{"pointer":"/v","type":"SS"}]}"#,
            &[],
        ),
    ]
}
