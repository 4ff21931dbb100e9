//! Packs content: canonical JSON, compressed.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use crate::domain::capture::{Capture, CaptureFailure};
use crate::domain::content::{Content, MAX_RAW_BYTES};
use crate::domain::snapshot::ContentAddress;
use crate::domain::{Fault, OverBudget, Work};

/// The most compressed bytes in the snapshot's own item, so that reading a snapshot stays cheap.
const MAX_INLINE_BYTES: usize = 32 * 1024;

/// The most compressed bytes of a snapshot: its item and its chunks are one transaction of at most 4 MB.
pub const MAX_PACKED_BYTES: usize = 3_500_000;

/// The most compressed bytes in one chunk; an item has at most 400 kB.
const CHUNK_BYTES: usize = 256 * 1024;

/// Returns zstd's level for so many bytes: the highest whose saved write units cost at most 10 ms of processor time each, which is half
/// of what a unit costs. docs/PERFORMANCE.md has the figures. Above 4 MB a capture has no time for more than the fast level.
fn level(length: usize) -> i32 {
    match length {
        0..=16_384 => 16,
        16_385..=65_536 => 9,
        65_537..=262_144 => 13,
        262_145..=4_000_000 => 10,
        _ => 3,
    }
}

/// The canonical JSON of a content, and the hash that identifies the content.
pub struct CanonicalContent {
    json: Vec<u8>,
    /// SHA-256 of the JSON without findings: equal contents have equal hashes.
    pub hash: [u8; 32],
}

impl CanonicalContent {
    /// Returns the canonical form of a capture.
    pub fn of(capture: &Capture, work: &Work) -> Result<Self, CaptureFailure> {
        Ok(Self { json: capture.json(work)?, hash: capture.hash(work)? })
    }

    /// Compresses the content. The outer error says that the time is over.
    pub fn pack(&self, work: &Work) -> Result<Result<PackedContent, Fault>, OverBudget> {
        Ok(compress(&self.json, NO_DICTIONARY, work)?.map(|bytes| PackedContent { bytes, hash: self.hash }))
    }
}

/// A packed content from the table.
pub struct StoredContent(Vec<u8>);

impl StoredContent {
    /// Returns the content of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Unpacks the content.
    pub fn content<E: From<Fault> + From<OverBudget>>(&self, work: &Work) -> Result<Content, E> {
        unpack(&self.0, work)
    }
}

/// A packed content with its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedContent {
    /// The compressed JSON.
    pub bytes: Vec<u8>,
    /// SHA-256 of the JSON without findings.
    pub hash: [u8; 32],
}

impl PackedContent {
    /// Returns the chunks of the content; none if it fits the snapshot's own item.
    pub(in crate::store) fn chunks(&self) -> Vec<&[u8]> {
        if self.bytes.len() <= MAX_INLINE_BYTES { Vec::new() } else { self.bytes.chunks(CHUNK_BYTES).collect() }
    }

    /// Returns the location of a new content.
    pub fn address(&self) -> ContentAddress {
        let chunks = self.chunks().len();
        ContentAddress { hash: self.hash, chunks: u32::try_from(chunks).ok().filter(|chunks| *chunks > 0) }
    }

    /// Returns the content, still packed.
    pub fn content(&self) -> StoredContent {
        StoredContent::new(self.bytes.clone())
    }

    /// Packs `content`.
    pub fn pack(content: &Content) -> Result<Self, Fault> {
        let hash = Sha256::digest(content.clone().without_findings().canonical_json()).into();
        CanonicalContent { json: content.canonical_json(), hash }.pack(&Work::unlimited())?
    }

    /// Returns why the content is too large for a snapshot; `None` if it fits.
    pub fn excess(&self) -> Option<String> {
        let bytes = self.bytes.len();
        (bytes > MAX_PACKED_BYTES).then(|| {
            format!("the setup has {bytes} bytes once compressed; a snapshot takes at most {MAX_PACKED_BYTES}")
        })
    }
}

/// The bytes that are compressed or decompressed between two checks of the deadline: the size of zstd's blocks. ADR 12
/// has the time that one takes.
const PIECE: usize = 128 * 1024;

/// No dictionary.
pub(in crate::store) const NO_DICTIONARY: &[u8] = &[];

/// Compresses bytes. A dictionary is text as it is in them. The outer error says that the time is over.
pub(in crate::store) fn compress(
    bytes: &[u8],
    dictionary: &[u8],
    work: &Work,
) -> Result<Result<Vec<u8>, Fault>, OverBudget> {
    let fault = |error: io::Error| Fault::Corrupt(error.to_string());
    let mut encoder = match encoder(bytes.len(), dictionary) {
        Ok(encoder) => encoder,
        Err(error) => return Ok(Err(fault(error))),
    };
    for piece in bytes.chunks(PIECE) {
        work.spend(piece.len())?;
        if let Err(error) = encoder.write_all(piece) {
            return Ok(Err(fault(error)));
        }
    }
    Ok(encoder.finish().map_err(fault))
}

/// Returns an encoder for `length` bytes. zstd chooses its tables by that number.
fn encoder(length: usize, dictionary: &[u8]) -> io::Result<Encoder<'static, Vec<u8>>> {
    let mut encoder = Encoder::with_dictionary(Vec::new(), level(length), dictionary)?;
    encoder.set_pledged_src_size(u64::try_from(length).ok())?;
    Ok(encoder)
}

/// Decompresses what [`compress`] made with the same dictionary.
pub(in crate::store) fn decompress<E: From<Fault> + From<OverBudget>>(
    bytes: &[u8],
    dictionary: &[u8],
    work: &Work,
) -> Result<Vec<u8>, E> {
    let fault = |why: &dyn std::fmt::Display| E::from(Fault::Corrupt(format!("cannot be decompressed: {why}")));
    let mut decoder = Decoder::with_dictionary(bytes, dictionary).map_err(|error| fault(&error))?;
    let mut decompressed = Vec::new();
    loop {
        let before = decompressed.len();
        let piece = u64::try_from(PIECE).unwrap_or(u64::MAX);
        decoder.by_ref().take(piece).read_to_end(&mut decompressed).map_err(|error| fault(&error))?;
        if decompressed.len() == before {
            return Ok(decompressed);
        }
        if decompressed.len() > MAX_RAW_BYTES {
            return Err(fault(&format_args!("it has more than {MAX_RAW_BYTES} bytes")));
        }
        work.spend(decompressed.len() - before)?;
    }
}

/// Unpacks what [`PackedContent::pack`] made.
pub(in crate::store) fn unpack<E: From<Fault> + From<OverBudget>>(bytes: &[u8], work: &Work) -> Result<Content, E> {
    let json = decompress::<E>(bytes, NO_DICTIONARY, work)?;
    Content::read(&json, work)?
        .map_err(|error| Fault::Corrupt(format!("the content of a snapshot cannot be read: {error}")).into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::capture::capture;
    use crate::domain::{ObjectId, Organization, PerKind, Setup, SetupItem};

    #[test]
    fn content_comes_back_as_it_was_packed() {
        let document = json!({
            "name": "Intro", "n": 1.5, "big": 18_446_744_073_709_551_615_u64, "small": -3,
            "long": 2.666666666666667e41, "deep": [{"x": null}], "": "é"
        });
        let organization = Organization {
            id: ObjectId::from_bytes([1; 12]),
            name: "Acme".into(),
            pipelines: vec![],
            agents: vec![],
            trusted_destinations: vec![],
            left_out: Vec::new(),
        };
        let setup = Setup::from(PerKind {
            templates: vec![SetupItem {
                id: ObjectId::from_bytes([2; 12]),
                document: serde_json::from_value(document.clone()).unwrap(),
            }],
            ..PerKind::default()
        });
        let capture = capture(setup, &organization, &Work::unlimited()).unwrap();
        let packed =
            CanonicalContent::of(&capture, &Work::unlimited()).unwrap().pack(&Work::unlimited()).unwrap().unwrap();
        let content: Content = unpack::<Fault>(&packed.bytes, &Work::unlimited()).unwrap();
        assert_eq!(Some(&content), capture.content().as_ref());
        assert_eq!(serde_json::to_value(&content.items.templates[0].document).unwrap(), document);
        assert_eq!(packed, PackedContent::pack(&content).unwrap());
    }

    #[test]
    fn a_setup_has_at_most_3_5_mb_compressed() {
        let excess = |length| PackedContent { bytes: vec![0; length], hash: [0; 32] }.excess();
        assert_eq!([3_499_999, 3_500_000].map(excess), [None, None]);
        assert!(excess(3_500_001).unwrap().contains("3500001"));
    }

    #[test]
    fn the_level_falls_where_a_saved_unit_costs_too_much_time() {
        for (length, expected) in [
            (0, 16),
            (16_384, 16),
            (16_385, 9),
            (65_536, 9),
            (65_537, 13),
            (262_144, 13),
            (262_145, 10),
            (4_000_000, 10),
            (4_000_001, 3),
            (MAX_RAW_BYTES, 3),
        ] {
            assert_eq!(level(length), expected, "{length}");
        }
    }

    #[test]
    fn up_to_32_kib_are_stored_in_one_piece_with_the_snapshot_and_more_in_chunks_of_256_kib() {
        let sizes = |length| {
            let packed = PackedContent { bytes: vec![0; length], hash: [0; 32] };
            packed.chunks().iter().map(|chunk| chunk.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(32_768), [0; 0]);
        assert_eq!(sizes(32_769), [32_769]);
        assert_eq!(sizes(262_143), [262_143]);
        assert_eq!(sizes(262_144), [262_144]);
        assert_eq!(sizes(262_145), [262_144, 1]);
        assert_eq!(sizes(MAX_PACKED_BYTES).len(), 14);
    }

    #[test]
    fn bytes_that_nobody_packed_are_a_fault_and_no_panic() {
        for bytes in [&b""[..], b"not zstd", &zstd::bulk::compress(b"[]", 1).unwrap()] {
            assert!(matches!(unpack::<Fault>(bytes, &Work::unlimited()), Err(Fault::Corrupt(_))));
        }
    }
    #[test]
    fn content_has_at_most_16_mb_once_it_is_unpacked() {
        for (length, is_taken) in [(MAX_RAW_BYTES - 1, true), (MAX_RAW_BYTES, true), (MAX_RAW_BYTES + 1, false)] {
            let packed = compress(&vec![b' '; length], NO_DICTIONARY, &Work::unlimited()).unwrap().unwrap();
            assert_eq!(decompress::<Fault>(&packed, NO_DICTIONARY, &Work::unlimited()).is_ok(), is_taken, "{length}");
        }
    }

    #[test]
    fn packing_and_unpacking_stop_at_the_next_piece_once_the_time_is_over() {
        let bytes: Vec<u8> =
            (0..4_000_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let whole = Work::unlimited();
        let packed = compress(&bytes[..MAX_RAW_BYTES], NO_DICTIONARY, &whole).unwrap().unwrap();
        assert!(whole.done() >= 16_000_000);
        let over = Work::until(|| true);
        assert_eq!(compress(&bytes, NO_DICTIONARY, &over).err(), Some(OverBudget));
        assert!(over.done() <= PIECE as u64);
        let over = Work::until(|| true);
        assert!(matches!(decompress::<Fault>(&packed, NO_DICTIONARY, &over), Err(Fault::Unavailable(_))));
        assert!(over.done() <= PIECE as u64);
    }
}
