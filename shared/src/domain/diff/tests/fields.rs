//! Which fields are listed, and how.

use super::*;
use crate::domain::values::{TypedPlace, ValueType};

/// The fields of the change between two documents.
fn fields(before: Value, after: Value) -> Value {
    told_of(before, after)["fields"].take()
}

/// Pointers and kinds of changes.
fn places(before: Value, after: Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let fields = fields(before, after);
    fields.as_array().unwrap().iter().map(|field| (text(&field["pointer"]), text(&field["change"]))).collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec()
}

#[test]
fn objects_are_compared_key_by_key() {
    let before = json!({"b": 1, "a": {"x": 1, "y/z": true, "same": [1]}, "gone": null});
    let after = json!({"b": 1.5, "a": {"x": "1", "y/z": true, "same": [1]}, "new": null});
    assert_eq!(
        fields(before, after),
        json!([
            {"pointer": "/a/x", "change": "changed", "before": 1, "after": "1"},
            {"pointer": "/b", "change": "changed", "before": 1, "after": 1.5},
            {"pointer": "/gone", "change": "removed", "before": null},
            {"pointer": "/new", "change": "added", "after": null},
        ])
    );
    assert_eq!(
        places(json!({"": 1, "~": {"/": 1}}), json!({"": 2, "~": {"/": 2}})),
        pairs([("/", "changed"), ("/~0/~1", "changed")])
    );
}

/// The fields of the change between two documents with types at these places.
fn typed_fields(before: (&Value, &[(&str, ValueType)]), after: (&Value, &[(&str, ValueType)])) -> Value {
    let side = |(value, types): (&Value, &[(&str, ValueType)])| {
        let types = types.iter().map(|(pointer, kind)| TypedPlace { pointer: (*pointer).to_owned(), kind: *kind });
        let captured = item(1, value.clone());
        prompts(vec![CapturedItem { document: captured.document.with_types(types.collect()), ..captured }])
    };
    told(&side(before), &side(after))[0]["fields"].take()
}

#[test]
fn a_change_of_type_alone_is_shown_at_its_place() {
    use ValueType::{Binaries, Binary, Numbers, Texts};
    let list = json!({"a/b": ["x"], "c": [[1], ["x"]], "d": [{"e": "eA=="}], "f": ["eA=="]});
    let sets = [("/a~1b", Texts), ("/c/0", Numbers), ("/d/0/e", Binary), ("/f", Binaries)];
    let (list, sets): (&Value, &[_]) = (&list, &sets);
    let change = |pointer: &str, value: Value, types: Value| json!({"pointer": pointer, "change": "changed", "before": value, "after": value, "types": types});
    assert_eq!(
        typed_fields((list, sets), (list, &[])),
        json!([
            change("/a~1b", json!(["x"]), json!({"before": "SS"})),
            change("/c/0", json!([1]), json!({"before": "NS"})),
            change("/d/0/e", json!("eA=="), json!({"before": "B"})),
            change("/f", json!(["eA=="]), json!({"before": "BS"})),
        ])
    );
    let back = change("/c/0", json!([1]), json!({"after": "NS"}));
    assert_eq!(typed_fields((list, &[]), (list, &[("/c/0", Numbers)])), json!([back]));
    let other = change("/f", json!(["eA=="]), json!({"before": "SS", "after": "BS"}));
    assert_eq!(typed_fields((list, &[("/f", Texts)]), (list, &[("/f", Binaries)])), json!([other]));
}

#[test]
fn a_change_of_type_is_shown_beside_one_of_the_value_and_behind_elements_that_are_gone() {
    use ValueType::{Binary, Texts};
    assert_eq!(
        typed_fields((&json!({"a": ["x"]}), &[("/a", Texts)]), (&json!({"a": ["x", "y"]}), &[])),
        json!([{"pointer": "/a", "change": "changed", "before": ["x"], "after": ["x", "y"], "types": {"before": "SS"}}])
    );
    let (two, three) = (json!({"a": [{"b": "1"}, {"b": "2"}]}), json!({"a": [{"b": "1"}, {"c": 0}, {"b": "2"}]}));
    assert_eq!(
        typed_fields((&two, &[("/a/0/b", Binary)]), (&three, &[("/a/2/b", Binary)])),
        json!([
            {"pointer": "/a/0/b", "change": "changed", "before": "1", "after": "1", "types": {"before": "B"}},
            {"pointer": "/a/1", "change": "added", "after": {"c": 0}},
            {"pointer": "/a/2/b", "change": "changed", "before": "2", "after": "2", "types": {"after": "B"}},
        ])
    );
    let long = json!({"a": "x".repeat(200)});
    assert_eq!(
        typed_fields((&long, &[("/a", Binary)]), (&long, &[])),
        json!([{"pointer": "/a", "change": "changed", "types": {"before": "B"}}])
    );
}

#[test]
fn a_list_of_stages_is_shown_as_a_whole() {
    assert_eq!(
        fields(json!({"sourceStatuses": ["New Lead"]}), json!({"sourceStatuses": ["New Lead", "Contacted"]})),
        json!([{"pointer": "/sourceStatuses", "change": "changed", "before": ["New Lead"], "after": ["New Lead", "Contacted"]}])
    );
    assert_eq!(places(json!({"a": [1, {}]}), json!({"a": [2, {}]})), pairs([("/a", "changed")]));
}

#[test]
fn equally_long_lists_of_objects_are_compared_element_by_element() {
    let conditions =
        |value: &str| json!({"conditions": [{"field": "status", "value": value}, {"field": "city", "value": "Bonn"}]});
    assert_eq!(
        fields(conditions("Won"), conditions("Lost")),
        json!([{"pointer": "/conditions/0/value", "change": "changed", "before": "Won", "after": "Lost"}])
    );
}

#[test]
fn objects_added_to_a_list_or_removed_from_it_in_a_row_are_listed_without_the_rest_of_the_list() {
    let list = |values: &[u8]| json!({"a": values.iter().map(|value| json!({"v": value})).collect::<Vec<_>>()});
    assert_eq!(places(list(&[1, 2]), list(&[1, 2, 3])), pairs([("/a/2", "added")]));
    assert_eq!(places(list(&[1, 2]), list(&[0, 1, 2])), pairs([("/a/0", "added")]));
    assert_eq!(places(list(&[1, 4]), list(&[1, 2, 3, 4])), pairs([("/a/1", "added"), ("/a/2", "added")]));
    assert_eq!(places(list(&[1, 2, 3, 4]), list(&[1, 4])), pairs([("/a/1", "removed"), ("/a/2", "removed")]));
    assert_eq!(places(list(&[]), list(&[1])), pairs([("/a/0", "added")]));
    assert_eq!(places(list(&[1, 1]), list(&[1])), pairs([("/a/1", "removed")]));
    // Here somebody would have to guess.
    assert_eq!(places(list(&[1, 2]), list(&[1, 3, 4])), pairs([("/a", "changed")]));
    assert_eq!(places(list(&[1, 2]), list(&[0, 1, 2, 3])), pairs([("/a", "changed")]));
}

#[test]
fn another_type_is_another_value() {
    assert_eq!(
        fields(json!({"a": {"b": 1}, "c": []}), json!({"a": [1], "c": {}})),
        json!([
            {"pointer": "/a", "change": "changed", "before": {"b": 1}, "after": [1]},
            {"pointer": "/c", "change": "changed", "before": [], "after": {}},
        ])
    );
}

#[test]
fn at_most_50_fields_of_an_item_are_shown() {
    for (count, omitted) in [(49, None), (50, None), (51, Some(1))] {
        let document: Value = Value::Object((0..count).map(|key| (format!("{key:02}"), json!(1))).collect());
        let told = told_of(json!({}), document);
        assert_eq!(told["fields"].as_array().unwrap().len(), count.min(MAX_FIELDS));
        assert_eq!(told.get("fieldsOmitted").and_then(Value::as_u64), omitted);
    }
}

#[test]
fn no_further_field_is_shown_after_400_lines() {
    for (added, shown, omitted) in [(29, 11, None), (30, 10, Some(1)), (31, 10, Some(1))] {
        // Nine fields of a heading and 2 × 20 lines, then one of a heading and those that are added.
        let document = |line: &str, added: usize| -> Value {
            let twenty = (0..9).map(|key| (format!("{key}"), json!(line.repeat(20))));
            let last = [("90".to_owned(), json!("new\n".repeat(added))), ("91".to_owned(), json!(line))];
            Value::Object(twenty.chain(last).collect())
        };
        let told = told_of(document("a\n", 0), document("b\n", added));
        let fields = told["fields"].as_array().unwrap();
        let lines = |field: &Value| field["lines"].as_array().unwrap().len();
        assert_eq!(fields.iter().take(10).map(lines).sum::<usize>(), MAX_ITEM_LINES + added - 30);
        assert_eq!((fields.len(), told.get("fieldsOmitted").and_then(Value::as_u64)), (shown, omitted));
    }
}

#[test]
fn a_text_of_81_code_points_is_shown_line_by_line() {
    for (length, is_short) in [(79, true), (80, true), (81, false)] {
        let told = fields(json!({"a": "x"}), json!({"a": "é".repeat(length)}));
        assert_eq!(told[0].get("after").is_some(), is_short, "{length}");
        assert_eq!(told[0].get("before").is_some(), is_short, "{length}");
        assert_eq!(told[0].get("lines").is_none(), is_short, "{length}");
    }
    assert_eq!(
        fields(json!({"a": "x"}), json!({"a": "x\ny"})),
        json!([{"pointer": "/a", "change": "changed", "lines": ["@@ -1,1 +1,2 @@", " x", "+y"]}])
    );
}

#[test]
fn a_value_of_401_bytes_is_shown_line_by_line() {
    for (length, is_short) in [(399, true), (400, true), (401, false)] {
        let value = json!(["x".repeat(length - 4)]);
        assert_eq!(value.to_string().len(), length);
        let told = fields(json!({"a": []}), json!({"a": value}));
        assert_eq!(told[0].get("after").is_some(), is_short, "{length}");
        assert_eq!(told[0].get("lines").is_none(), is_short, "{length}");
    }
}

#[test]
fn a_long_list_with_one_more_stage_shows_that_stage() {
    let stages =
        |count: usize| json!({"s": (0..count).map(|stage| format!("Stage number {stage}")).collect::<Vec<_>>()});
    assert_eq!(
        fields(stages(50), stages(51))[0]["lines"],
        json!([
            "@@ -48,5 +48,6 @@",
            "   \"Stage number 46\",",
            "   \"Stage number 47\",",
            "   \"Stage number 48\",",
            "-  \"Stage number 49\"",
            "+  \"Stage number 49\",",
            "+  \"Stage number 50\"",
            " ]"
        ])
    );
}

#[test]
fn json_deeper_than_eight_is_not_indented() {
    for (depth, indented) in [(7, true), (8, true), (9, false)] {
        let nested = (1..depth).fold(json!(["x".repeat(400)]), |inner, _| json!([inner]));
        let told = fields(json!({}), json!({"a": nested}));
        let second = told[0]["lines"][2].as_str().unwrap();
        assert_eq!(second.starts_with("+  "), indented, "{depth}: {second}");
    }
}

#[test]
fn the_order_of_keys_is_no_difference() {
    let list = |value: &str| -> Value { serde_json::from_str(value).unwrap() };
    let before = list(r#"{"a": [{"x": 1, "y": [1]}, 7]}"#);
    assert!(
        all_changes(
            &prompts(vec![item(1, before)]),
            &prompts(vec![item(1, list(r#"{"a": [{"y": [1], "x": 1}, 7]}"#))])
        )
        .is_empty()
    );
}
