//! Query strings, and the cursors in them: what one of ours says comes back, and nothing else is taken.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lambda_http::{Body, Request};
use shared::domain::ObjectId;
use shared::http::{Cursor, MAX_PAGE, Query};
use shared::store::Position;

use super::seeds;
use crate::Target;

/// A query string; or, after a `!`, what stands inside a cursor.
pub const CURSORS: Target = Target { name: "cursors", run, seeds: good };

fn run(input: &[u8]) {
    match input.split_first() {
        Some((b'!', place)) => {
            let version_and_place = [&[1], place].concat();
            check(&format!("cursor={}", BASE64_URL_SAFE_NO_PAD.encode(version_and_place)));
        }
        _ => {
            if let Ok(text) = std::str::from_utf8(input) {
                check(text);
            }
        }
    }
}

fn check(query: &str) {
    let Ok(request) = http::Request::builder().uri(format!("/x?{query}")).body(Body::Empty) else { return };
    let known = ["limit", "cursor", "kind"];
    let Ok(read) = Query::of(&request, &known) else { return };
    if let Ok(limit) = read.limit() {
        assert!((1..=MAX_PAGE).contains(&limit));
    }
    if let Ok(Some(position)) = read.cursor::<Position>() {
        let written = Cursor::write(&position);
        assert_eq!(again::<Position>(&written), position);
        assert!(query.contains(&written) || query.contains('%'), "{written} is another cursor for the same place");
    }
    if let Ok(Some(id)) = read.cursor::<ObjectId>() {
        assert_eq!(again::<ObjectId>(&Cursor::write(&id)), id);
    }
}

fn again<P: std::str::FromStr>(cursor: &str) -> P {
    let request: Request =
        http::Request::builder().uri(format!("/x?cursor={cursor}")).body(Body::Empty).expect("a cursor fits a URL");
    let query = Query::of(&request, &["cursor"]).expect("a cursor is a value");
    query.cursor().unwrap_or_else(|_| panic!("{cursor} is refused")).expect("there is a cursor")
}

fn good() -> Vec<Vec<u8>> {
    seeds(&[
        "limit=7&cursor=ATIwMjYtMDUtMTVUMDk6MDA6MDAuMDAwWiM2NjVmMWEwYzBlMGE0YjAwMWEyYzlmODA",
        "limit=200",
        "limit=%32&kind=automation",
        "kind=prompt&cursor=AWF1dG9tYXRpb24jNjRlZWExMTEwMDAwMDAwMDAwMDAwMTA1",
        "!2026-05-15T09:00:00.000Z#665f1a0c0e0a4b001a2c9f80",
        "!9999-12-31T23:59:59.999-00:00#665f1a0c0e0a4b001a2c9f80",
        "!0000-01-01T00:00:00.000+00:00#665f1a0c0e0a4b001a2c9f80",
        "!automation#64eea1110000000000000105",
        "!64eea1110000000000000105",
    ])
}
