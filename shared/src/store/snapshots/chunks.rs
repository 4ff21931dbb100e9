//! The chunks of a revision's content that is too large for its item.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::packing::PackedContent;
use crate::domain::{Fault, ObjectId};
use crate::store::attributes::{CHUNKS, CONTENT, REVISION};
use crate::store::keys;
use crate::store::record::{self, Record, item};
use crate::store::table::outcome::Item;

/// One piece of a snapshot's content.
#[derive(Debug, Serialize)]
struct ChunkRecord {}

impl Record for ChunkRecord {
    const TYPE: &'static str = "chunk";
}

/// Returns the chunk items of a revision's content; none if it fits the snapshot's own item.
pub(in crate::store) fn chunk_items(
    snapshot: &ObjectId,
    revision: u32,
    packed: &PackedContent,
) -> Result<Vec<Item>, Fault> {
    let chunks = packed.chunks().into_iter().enumerate();
    chunks
        .map(|(number, bytes)| {
            let mut item = item(&keys::chunk(snapshot, revision, number), &ChunkRecord {})?;
            item.insert(CONTENT.to_owned(), AttributeValue::B(Blob::new(bytes)));
            Ok(item)
        })
        .collect()
}

/// Returns the keys of an older revision's chunks.
pub(in crate::store) fn chunk_keys(snapshot: &ObjectId, revision: &Item) -> Result<Vec<keys::ItemKey>, Fault> {
    let Some(chunks) = revision.get(CHUNKS) else { return Ok(Vec::new()) };
    let count = chunks.as_n().ok().and_then(|count| count.parse::<u32>().ok());
    match (keys::parse_revision(record::sort_key(revision)), count) {
        (Some(number), Some(count)) => {
            Ok((0..count).map(|chunk| keys::chunk(snapshot, number, chunk as usize)).collect())
        }
        _ => Err(Fault::Corrupt(format!("an older revision of {snapshot} does not count its chunks"))),
    }
}

/// Returns the keys of a deleted snapshot's chunks. The tombstone keeps their number.
pub(in crate::store) fn tombstone_chunk_keys(
    snapshot: &ObjectId,
    tombstone: &Item,
) -> Result<Vec<keys::ItemKey>, Fault> {
    let Some(AttributeValue::N(count)) = tombstone.get(CHUNKS) else { return Ok(Vec::new()) };
    let number = |text: &str| text.parse::<u32>().ok();
    let revision = tombstone.get(REVISION).and_then(|value| value.as_n().ok()).and_then(|text| number(text));
    let (Some(count), Some(revision)) = (number(count), revision) else {
        return Err(Fault::Corrupt(format!("the tombstone of {snapshot} does not count its chunks")));
    };
    Ok((0..count).map(|chunk| keys::chunk(snapshot, revision, chunk as usize)).collect())
}
