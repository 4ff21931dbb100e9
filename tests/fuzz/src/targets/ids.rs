//! Ids, moments, addresses and names: what is read is what was written, and reading it again changes nothing.

use http::Method;
use shared::domain::{Description, Email, FullName, ObjectId, PhoneNumber, Role, SnapshotName, Timestamp};
use shared::http::{ROUTES, route};

use super::seeds;
use crate::Target;

/// Every value that is a text of its own form.
pub const IDS: Target = Target { name: "ids", run, seeds: good };

fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    id(text);
    moment(text);
    address(text);
    assert!(SnapshotName::parse(text).is_ok_and(|name| name.as_str() == text) || SnapshotName::parse(text).is_err());
    assert!(FullName::parse(text).is_ok_and(|name| name.as_str() == text) || FullName::parse(text).is_err());
    assert!(Description::parse(text).is_ok_and(|name| name.as_str() == text) || Description::parse(text).is_err());
    assert!(PhoneNumber::parse(text).is_ok_and(|name| name.as_str() == text) || PhoneNumber::parse(text).is_err());
    assert!(text.parse::<Role>().is_ok_and(|role| role.as_str() == text) || text.parse::<Role>().is_err());
    path(text);
}

fn id(text: &str) {
    let is_one = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.parse::<ObjectId>() {
        Ok(id) => {
            assert!(is_one);
            assert_eq!(id.to_string(), text.to_ascii_lowercase());
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        Err(_) => assert!(!is_one),
    }
    assert_eq!(route::parse_id(text).is_ok(), is_one);
}

fn moment(text: &str) {
    if let Ok(moment) = text.parse::<Timestamp>() {
        assert_eq!(moment.to_string().parse(), Ok(moment));
    }
}

fn address(text: &str) {
    let Ok(email) = Email::parse(text) else { return };
    assert_eq!(email.as_str(), text);
    let normal = Email::parse(email.key().as_str()).expect("the normal form of an address is an address");
    assert_eq!(normal.key(), email.key(), "the normal form has another normal form");
}

fn path(text: &str) {
    for method in [Method::GET, Method::POST, Method::PATCH, Method::DELETE] {
        let fitting = ROUTES.iter().filter(|known| known.method == method && fits(known.path, text)).count();
        assert_eq!(route::find(&method, text).is_some(), fitting == 1);
    }
}

/// The same as the router, written another way.
fn fits(pattern: &str, path: &str) -> bool {
    let (expected, given): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    expected.len() == given.len()
        && expected
            .iter()
            .zip(given)
            .all(|(expected, given)| if expected.starts_with('{') { !given.is_empty() } else { *expected == given })
}

fn good() -> Vec<Vec<u8>> {
    let mut all = seeds(&[
        "64ee9a8b1e7f2a0011223344",
        "665F1A0C0E0A4B001A2C9F80",
        "2026-05-15T09:00:00.000Z",
        "2026-05-15T11:00:00.999999+02:00",
        "9999-12-31T23:59:59.999Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0000-01-01T00:00:00+23:59",
        "casey@acme.example",
        "O'Neil+tag@Sub.ACME.example.",
        "casey@bücher.example",
        "casey@xn--bcher-kva.example",
        "casey@例え.テスト",
        "+14155550177",
        "SUPERADMIN",
        "Top performer baseline 2026-05",
        "\u{a0}\u{3000}",
        "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply",
    ]);
    all.extend(ROUTES.iter().map(|route| route.path.as_bytes().to_vec()));
    all
}
