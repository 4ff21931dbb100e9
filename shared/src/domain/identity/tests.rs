mod outside;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::capture::{CaptureFailure, SourceSetup, capture};
use crate::domain::redaction::{Allowance, LimitError};
use crate::domain::{
    Document, Email, ObjectId, Organization, PerKind, PhoneNumber, Role, Setup, SetupItem, Timestamp, User, Work,
};

const USER: &str = "64ee9a8b1e7f2a0011223399";
const ORGANIZATION: &str = "64ee9a8b1e7f2a0011223344";
const PHONE: &str = "+14155550101";

fn source_of(email: &str, phone: Option<&str>) -> SourceIdentity {
    let email = Email::parse(email).unwrap();
    SourceIdentity::new(ORGANIZATION.parse().unwrap(), USER.parse().unwrap(), Some(&email), phone)
}

fn source() -> SourceIdentity {
    source_of("Alex.Rep@Acme.example", Some(PHONE))
}

fn new_user(phone: Option<&str>) -> NewIdentity {
    NewIdentity::of(&User {
        id: ObjectId::from_bytes([0xaa; 12]),
        organization: ObjectId::from_bytes([0xbb; 12]),
        department: None,
        email: Email::parse("Casey@globex.example").unwrap(),
        full_name: None,
        phone_number: phone.map(|phone| PhoneNumber::parse(phone).unwrap()),
        designation: None,
        role: Role::SalesRep,
        login_disabled: false,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
    })
}

fn document(value: Value) -> Document {
    serde_json::from_value(value).unwrap()
}

fn places(value: Value) -> Vec<IdentityPlace> {
    find(&document(value), &source(), &mut Allowance::UNLIMITED.clone(), &Work::unlimited()).unwrap()
}

fn fillings(found: &[IdentityPlace]) -> impl Iterator<Item = PlaceToFill<'_>> {
    found.iter().filter(|place| !place.in_text).map(|place| (place.pointer.as_str(), place.kind, place.part))
}

/// Returns what is found in one text, and the text that an apply makes of it.
fn filled(text: Value) -> (Option<(IdentityKind, bool)>, Value) {
    let mut it = document(json!({"x": text}));
    let found = find(&it, &source(), &mut Allowance::UNLIMITED.clone(), &Work::unlimited()).unwrap();
    fill_in(&mut it, fillings(&found), &new_user(Some("+442079460018")));
    (found.first().map(|place| (place.kind, place.in_text)), it.as_value()["x"].clone())
}

#[test]
fn a_value_in_every_dress_becomes_the_new_users() {
    use IdentityKind::{OrganizationId, UserEmail, UserId, UserPhone};
    let (id, organization) = ("aa".repeat(12), "bb".repeat(12));
    let (email, phone) = ("Casey@globex.example", "+442079460018");
    for (text, kind, becomes) in [
        (USER.to_owned(), UserId, id.clone()),
        (USER.to_uppercase(), UserId, id.clone()),
        (format!(" {USER}\n"), UserId, format!(" {id}\n")),
        (format!("\"{USER}\""), UserId, format!("\"{id}\"")),
        (format!("{USER}\u{200b}"), UserId, format!("{id}\u{200b}")),
        (ORGANIZATION.to_owned(), OrganizationId, organization.clone()),
        (ORGANIZATION.to_uppercase(), OrganizationId, organization),
        ("alex.rep@acme.example".to_owned(), UserEmail, email.to_owned()),
        ("ALEX.REP@ACME.EXAMPLE".to_owned(), UserEmail, email.to_owned()),
        ("Alex.Rep@Acme.example.".to_owned(), UserEmail, email.to_owned()),
        ("mailto:alex.rep@acme.example".to_owned(), UserEmail, format!("mailto:{email}")),
        ("MAILTO:alex.rep@acme.example?subject=Hi".to_owned(), UserEmail, format!("MAILTO:{email}?subject=Hi")),
        ("<alex.rep@acme.example>".to_owned(), UserEmail, format!("<{email}>")),
        ("Alex Rep <alex.rep@acme.example>".to_owned(), UserEmail, email.to_owned()),
        ("\"Rep, Alex\" <alex.rep@acme.example>".to_owned(), UserEmail, email.to_owned()),
        ("alex.rep@acme.example (Alex Rep)".to_owned(), UserEmail, email.to_owned()),
        ("alex.rep%40acme.example".to_owned(), UserEmail, email.to_owned()),
        ("sip:alex.rep@acme.example".to_owned(), UserEmail, format!("sip:{email}")),
        ("\u{feff}alex.rep@acme.example".to_owned(), UserEmail, format!("\u{feff}{email}")),
        ("alex.rep@acme\u{200b}.example".to_owned(), UserEmail, email.to_owned()),
        (PHONE.to_owned(), UserPhone, phone.to_owned()),
        ("14155550101".to_owned(), UserPhone, phone.to_owned()),
        ("+1 415 555 0101".to_owned(), UserPhone, phone.to_owned()),
        ("+1 (415) 555-0101".to_owned(), UserPhone, phone.to_owned()),
        ("+1.415.555.0101".to_owned(), UserPhone, phone.to_owned()),
        ("[+1] 415/555-0101".to_owned(), UserPhone, phone.to_owned()),
        ("0014155550101".to_owned(), UserPhone, phone.to_owned()),
        ("011 1 415 555 0101".to_owned(), UserPhone, phone.to_owned()),
        ("(415) 555-0101".to_owned(), UserPhone, phone.to_owned()),
        ("415.555.0101".to_owned(), UserPhone, phone.to_owned()),
        ("+1\u{a0}415\u{2011}555\u{2013}0101".to_owned(), UserPhone, phone.to_owned()),
        ("\u{202a}+1 415 555 0101\u{202c}".to_owned(), UserPhone, format!("\u{202a}{phone}\u{202c}")),
        ("＋１４１５５５５０１０１".to_owned(), UserPhone, phone.to_owned()),
        ("tel:+1-415-555-0101".to_owned(), UserPhone, format!("tel:{phone}")),
        ("TEL: +14155550101".to_owned(), UserPhone, format!("TEL: {phone}")),
        ("tel:+14155550101;ext=7".to_owned(), UserPhone, format!("tel:{phone}")),
        ("0014155550101 x12".to_owned(), UserPhone, phone.to_owned()),
        ("(415) 555-0101 x12".to_owned(), UserPhone, phone.to_owned()),
        ("+14155550101,+14155550177".to_owned(), UserPhone, format!("{phone},+14155550177")),
        ("https://wa.me/14155550101?text=Hi".to_owned(), UserPhone, format!("https://wa.me/{}?text=Hi", &phone[1..])),
        ("alex.rep@acme.example, bob@acme.example".to_owned(), UserEmail, format!("{email}, bob@acme.example")),
        (format!("{{\"userId\":\"{USER}\",\"n\":1.50}}"), UserId, format!("{{\"userId\":\"{id}\",\"n\":1.50}}")),
        (format!("ObjectId(\"{USER}\")"), UserId, format!("ObjectId(\"{id}\")")),
        ("sms:+14155550101?body=Hi".to_owned(), UserPhone, format!("sms:{phone}?body=Hi")),
        ("whatsapp:+14155550101".to_owned(), UserPhone, format!("whatsapp:{phone}")),
    ] {
        assert_eq!(filled(json!(text)), (Some((kind, false)), json!(becomes)), "{text:?}");
    }
    assert_eq!(filled(json!(14_155_550_101_u64)), (Some((UserPhone, false)), json!(442_079_460_018_u64)));
}

#[test]
fn a_number_is_found_with_the_habits_of_other_countries() {
    for (phone, texts) in [
        ("+442079460018", ["020 7946 0018", "+44 (0)20 7946 0018", "0044 20 7946 0018"]),
        ("+4930123456", ["030 123456", "030/12 34 56", "+49 (0) 30 123456"]),
        ("(415) 555-0101", ["4155550101", "415-555-0101", "415 5550101"]),
        ("0044 20 7946 0018", ["+442079460018", "00442079460018", "(020) 7946 0018"]),
    ] {
        let source = source_of("a@acme.example", Some(phone));
        for text in texts {
            assert_eq!(source.whole(text), Some(IdentityKind::UserPhone), "{text} of {phone}");
        }
    }
}

#[test]
fn a_value_within_a_text_or_a_key_stays_and_is_named() {
    use IdentityKind::{OrganizationId, UserEmail, UserId, UserPhone};
    for (text, kind) in [
        (format!("https://crm.acme.example/users/{USER}/tasks"), UserId),
        (format!("user_{}", USER.to_uppercase()), UserId),
        (format!("https://crm.acme.example/orgs/{ORGANIZATION}"), OrganizationId),
        ("Write to alex.rep@acme.example.".to_owned(), UserEmail),
        ("<a href=\"mailto:Alex.Rep@acme.example\">mail</a>".to_owned(), UserEmail),
        ("https://x.example/?to=alex.rep%40acme.example".to_owned(), UserEmail),
        ("https://x.example/?to=%20alex.rep%40acme.example".to_owned(), UserEmail),
        ("Call +1 (415) 555-0101 today".to_owned(), UserPhone),
        ("Call 415.555.0101, or 911".to_owned(), UserPhone),
        ("2 times +14155550101".to_owned(), UserPhone),
        ("+14155550101 or bob@acme.example".to_owned(), UserPhone),
        ("Ask alex.rep@acme.example, bob@acme.example".to_owned(), UserEmail),
        ("https://evil.example/wa.me/14155550101".to_owned(), UserPhone),
        (format!("Ask {USER} first"), UserId),
    ] {
        assert_eq!(filled(json!(text)), (Some((kind, true)), json!(text)), "{text:?}");
    }
    let keys = json!({"users": {USER: true}, "by": {"alex.rep@acme.example": {"n": PHONE}}});
    let found = places(keys);
    let found: Vec<_> = found.iter().map(|place| (place.pointer.as_str(), place.kind, place.in_text)).collect();
    let users = format!("/users/{USER}");
    let expected = [
        ("/by/alex.rep@acme.example", UserEmail, true),
        ("/by/alex.rep@acme.example/n", UserPhone, false),
        (users.as_str(), UserId, true),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_somebody_elses_or_nobodys_is_no_place() {
    for text in [
        "64ee9a8b1e7f2a0011223398",
        "64ee9a8b1e7f2a001122339964ee9a8b1e7f2a0011223399",
        "64ee9a8b1e7f2a00112233990",
        "a64ee9a8b1e7f2a0011223399",
        "malex.rep@acme.example",
        "x.alex.rep@acme.example",
        "alex.rep@acme.example.com",
        "alex.rep@acme.examples",
        "alex.rep+crm@acme.example",
        "alexrep@acme.example",
        "alex.rep@other.example",
        "Write to malex.rep@acme.example now",
        "+14155550102",
        "+4155550101",
        "+141555501010",
        "114155550101",
        "order 914155550101",
        "5550101",
        "0101",
        "2026-05-15",
        "{{phone}}",
        "",
        "@",
        "%40",
        "tel:",
        "mailto:",
        "<>",
        "\"",
    ] {
        assert_eq!(filled(json!(text)), (None, json!(text)), "{text:?}");
    }
    for number in
        [json!(14_155_550_102_u64), json!(0), json!(-14_155_550_101_i64), json!(1.5), json!(true), json!(null)]
    {
        assert_eq!(filled(number.clone()), (None, number));
    }
}

#[test]
fn a_short_number_is_not_looked_for() {
    for (phone, found) in [("+155501", false), ("+1555010", true), ("+15550101", true)] {
        let source = source_of("a@acme.example", Some(phone));
        assert_eq!(source.whole(phone).is_some(), found, "{phone}");
    }
    for (phone, national, found) in [("+115550101", "15550101", true), ("+11555010", "1555010", false)] {
        assert_eq!(source_of("a@acme.example", Some(phone)).whole(national).is_some(), found, "{national}");
    }
}

#[test]
fn a_whole_text_has_at_most_1200_bytes() {
    let address = " <alex.rep@acme.example>";
    for (length, is_whole) in [(1_199, true), (1_200, true), (1_201, false)] {
        let found = filled(json!(format!("{}{address}", "x".repeat(length - address.len())))).0;
        assert_eq!(found, Some((IdentityKind::UserEmail, !is_whole)), "{length}");
    }
}

#[test]
fn the_top_of_a_document_becomes_the_new_users_and_forgets_who_made_it() {
    let mut it = document(json!({
        "name": "Mover", "organizationId": ORGANIZATION, "userId": {"$oid": USER}, "ownerId": "somebody else",
        "createdBy": "x", "updatedBy": {"name": "Pat"}, "copiedFromId": "y", "copiedFromOrganizationId": ORGANIZATION, "copiedFrom": 1,
        "createdAt": "2026-01-01", "updatedAt": 7,
        "actions": {"createdBy": USER, "createdAt": "2026-01-01", "userId": "somebody else"}
    }));
    let found = find(&it, &source(), &mut Allowance::UNLIMITED.clone(), &Work::unlimited()).unwrap();
    let pointers: Vec<&str> = found.iter().map(|place| place.pointer.as_str()).collect();
    assert_eq!(pointers, ["/actions/createdBy"]);
    fill_in(&mut it, [("/actions/createdBy", IdentityKind::UserId, None)], &new_user(None));
    let (id, organization) = ("aa".repeat(12), "bb".repeat(12));
    let expected = json!({
        "name": "Mover", "organizationId": organization, "userId": id, "ownerId": id,
        "actions": {"createdBy": id, "createdAt": "2026-01-01", "userId": "somebody else"}
    });
    assert_eq!(*it.as_value(), expected);
    let mut empty = document(json!({"userId": null, "organizationId": null}));
    fill_in(&mut empty, [], &new_user(None));
    assert_eq!(*empty.as_value(), json!({"userId": null, "organizationId": null}));
}

#[test]
fn a_value_that_the_new_user_lacks_is_taken_out() {
    let mut it = document(json!({
        "from": PHONE, "a/b": {"~": "tel:+14155550101", "kept": 1}, "to": ["x", PHONE, 14_155_550_101_u64, USER]
    }));
    let found = find(&it, &source(), &mut Allowance::UNLIMITED.clone(), &Work::unlimited()).unwrap();
    fill_in(&mut it, fillings(&found), &new_user(None));
    let expected = json!({"a/b": {"kept": 1}, "to": ["x", "", null, "aa".repeat(12)]});
    assert_eq!(*it.as_value(), expected);
}

#[test]
fn what_a_text_names_beside_its_parts_is_named_too() {
    let found = places(json!({"x": format!("{{\"to\":\"alex.rep@acme.example\",\"by\":\"{USER}\"}}")}));
    let found: Vec<_> = found.iter().map(|place| (place.kind, place.in_text)).collect();
    assert_eq!(found, [(IdentityKind::UserId, false), (IdentityKind::UserEmail, true)]);
}

#[test]
fn an_element_of_a_list_goes_alone_and_a_link_goes_whole() {
    for (text, left) in [
        ("+14155550101, +14155550177", json!("+14155550177")),
        ("+14155550177; tel:+14155550101", json!("+14155550177")),
        ("a@b.example | (415) 555-0101 | c@d.example", json!("a@b.example | c@d.example")),
        ("+14155550101,4155550101", Value::Null),
        ("https://wa.me/14155550101?text=Hi", Value::Null),
        ("(+14155550101,)", Value::Null),
    ] {
        let mut it = document(json!({"x": text}));
        let found = find(&it, &source(), &mut Allowance::UNLIMITED.clone(), &Work::unlimited()).unwrap();
        fill_in(&mut it, fillings(&found), &new_user(None));
        assert_eq!(it.as_value().get("x").cloned().unwrap_or_default(), left, "{text}");
    }
}

#[test]
fn a_member_of_a_set_is_taken_out_and_an_empty_set_with_it() {
    use crate::domain::values::{TypedPlace, ValueType};
    for (kind, members, left) in [
        (
            ValueType::Numbers,
            json!([7, 14_155_550_101_u64, 4_155_550_101_u64, 99_155_550_101_u64]),
            json!([7, 99_155_550_101_u64]),
        ),
        (ValueType::Numbers, json!([14_155_550_101_u64]), Value::Null),
        (ValueType::Texts, json!(["+14155550101", "x"]), json!(["x"])),
        (ValueType::Texts, json!(["+14155550101", "14155550101"]), Value::Null),
    ] {
        let set = TypedPlace { pointer: "/a/x".into(), kind };
        let mut it = document(json!({"a": {"x": members, "y": 1}})).with_types(vec![set]);
        let found = find(&it, &source(), &mut Allowance::UNLIMITED.clone(), &Work::unlimited()).unwrap();
        let mut with = it.clone();
        fill_in(&mut with, fillings(&found), &new_user(Some("+442079460018")));
        assert_eq!(
            with.as_value()["a"]["x"].as_array().unwrap().len(),
            it.as_value()["a"]["x"].as_array().unwrap().len()
        );
        assert!(!with.as_value().to_string().contains("4155550101"), "{with:?}");
        fill_in(&mut it, fillings(&found), &new_user(None));
        assert_eq!(it.as_value()["a"].get("x").cloned().unwrap_or_default(), left, "{kind:?}");
        assert_eq!(it.as_value()["a"]["y"], 1);
    }
}

#[test]
fn places_and_their_pointers_are_counted_while_they_are_found() {
    let it = document(json!({"to": [USER, USER, USER]}));
    let run = |places, pointer_bytes| {
        find(&it, &source(), &mut Allowance { places, pointer_bytes }, &Work::unlimited()).map(|found| found.len())
    };
    assert_eq!([run(2, 100), run(3, 100), run(4, 100)], [Err(LimitError::TooManyPlaces), Ok(3), Ok(3)]);
    assert_eq!([run(9, 14), run(9, 15), run(9, 16)], [Err(LimitError::LongPointers), Ok(3), Ok(3)]);
    assert_eq!(
        find(&it, &source(), &mut Allowance::UNLIMITED.clone(), &Work::until(|| true)),
        Err(LimitError::OverBudget)
    );
}

#[test]
fn work_grows_as_fast_as_the_text() {
    for unit in ["4155550101 ", "alex.rep@acme.exampl ", "64ee9a8b1e7f2a001122339", "%2", "<", "\"", "0", "+1 ("] {
        let run = |times: usize| {
            let work = Work::unlimited();
            find(&document(json!({"x": unit.repeat(times)})), &source(), &mut Allowance::UNLIMITED.clone(), &work)
                .unwrap();
            work.done()
        };
        let (small, large) = (run(4_000), run(40_000));
        assert!(large <= 11 * small, "{unit}: {small} and {large}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_fail_and_no_value_is_left_at_its_place(texts in proptest::collection::vec(".{0,40}|[-+ 0-9().@a-z%<>\"]{0,40}", 0..6), at in 0..6_usize) {
        let mut texts: Vec<Value> = texts.into_iter().map(Value::from).collect();
        texts.insert(at.min(texts.len()), [USER, ORGANIZATION, "Alex.Rep@Acme.example", PHONE][at % 4].into());
        let mut it = document(json!({"x": texts}));
        for phone in [Some("+442079460018"), None] {
            let found = find(&it, &source(), &mut Allowance::UNLIMITED.clone(), &Work::unlimited()).unwrap();
            fill_in(&mut it, fillings(&found), &new_user(phone));
            let left = find(&it, &source(), &mut Allowance::UNLIMITED.clone(), &Work::unlimited()).unwrap();
            prop_assert!(left.iter().all(|place| place.in_text), "{:?}", it);
        }
    }
}

fn captured(value: Value) -> Result<(), CaptureFailure> {
    let item = SetupItem { id: ObjectId::from_bytes([1; 12]), document: document(value) };
    let organization = Organization {
        id: ORGANIZATION.parse().unwrap(),
        name: "Acme".into(),
        pipelines: Vec::new(),
        agents: Vec::new(),
        trusted_destinations: Vec::new(),
        left_out: Vec::new(),
    };
    let setup = Setup::from(PerKind { prompts: vec![item], ..PerKind::default() });
    let setup = SourceSetup { owner: Some(source()), ..setup.into() };
    capture(setup, &organization, &Work::unlimited()).map(drop)
}

#[test]
fn a_setup_has_at_most_100_000_places() {
    let mut allowance = ALLOWANCE;
    let mut add = |count: usize| {
        find(&document(json!({"x": vec![USER; count]})), &source(), &mut allowance, &Work::unlimited()).map(drop)
    };
    assert_eq!([add(50_000), add(49_999), add(1), add(1)], [Ok(()), Ok(()), Ok(()), Err(LimitError::TooManyPlaces)]);
    assert!(excess(LimitError::TooManyPlaces).unwrap().contains("100000 places"));
}

#[test]
fn a_setup_has_at_most_4_mb_of_pointers_to_places() {
    // A thousand pointers: a slash, the key, a slash, the digits.
    let below = |key: usize| captured(json!({"k".repeat(key): vec![USER; 1_000]}));
    let digits = 10 + 2 * 90 + 3 * 900;
    let length = (4_000_000 - digits) / 1_000 - 2;
    assert_eq!([below(length - 1), below(length)], [Ok(()), Ok(())]);
    let over = below(length + 1);
    assert!(matches!(&over, Err(CaptureFailure::TooLarge(why)) if why.contains("4000000 bytes")), "{over:?}");
}
