//! Content as bytes: canonical JSON, compressed.

use sha2::{Digest, Sha256};

use crate::domain::capture::{Capture, CaptureFailure};
use crate::domain::content::{Content, MAX_RAW_BYTES};
use crate::domain::sharing::ContentAddress;
use crate::domain::{Fault, Work};

/// The most compressed bytes that stand in the snapshot's own item, so that reading a snapshot stays cheap.
const MAX_INLINE_BYTES: usize = 32 * 1024;

/// The most compressed bytes that a snapshot has in all: its chunks and its own item are one transaction, of at most 4 MB.
pub const MAX_PACKED_BYTES: usize = 3_500_000;

/// The most compressed bytes in one chunk; an item has at most 400 kB.
const CHUNK_BYTES: usize = 256 * 1024;

/// zstd's level. On setups of a few dozen kilobytes 19 takes some milliseconds and saves every later read and write
/// units; large ones are compressed faster and less.
const LEVEL: i32 = 19;
const LARGE_LEVEL: i32 = 3;
const LARGE_BYTES: usize = 1_000_000;

/// A content as the bytes by which two are compared, not compressed yet.
pub struct Canonical {
    json: Vec<u8>,
    /// SHA-256 of the JSON without findings: the same content, the same hash.
    pub hash: [u8; 32],
}

impl Canonical {
    /// The canonical form of a capture.
    pub fn of(capture: &Capture, work: &Work) -> Result<Self, CaptureFailure> {
        Ok(Self { json: capture.json(work)?, hash: capture.hash(work)? })
    }

    /// Compresses it.
    pub fn pack(&self) -> Result<Packed, Fault> {
        Ok(Packed { bytes: compress(&self.json)?, hash: self.hash })
    }
}

/// A packed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The compressed JSON.
    pub bytes: Vec<u8>,
    /// SHA-256 of the JSON without findings.
    pub hash: [u8; 32],
}

impl Packed {
    /// The pieces in which bytes are stored that do not stand in the snapshot's own item; none where they do.
    pub(in crate::store) fn chunks(&self) -> Vec<&[u8]> {
        if self.bytes.len() <= MAX_INLINE_BYTES { Vec::new() } else { self.bytes.chunks(CHUNK_BYTES).collect() }
    }

    /// Where a content is stored that is written now.
    pub fn address(&self) -> ContentAddress {
        let chunks = self.chunks().len();
        ContentAddress { hash: self.hash, chunks: u32::try_from(chunks).ok().filter(|chunks| *chunks > 0) }
    }

    /// Unpacks the content.
    pub fn content(&self) -> Result<Content, Fault> {
        unpack(&self.bytes)
    }

    /// Packs `content`.
    pub fn pack(content: &Content) -> Result<Self, Fault> {
        let hash = Sha256::digest(content.clone().without_findings().canonical_json()).into();
        Canonical { json: content.canonical_json(), hash }.pack()
    }

    /// Why the content is no snapshot, with the figures; `None` where it fits.
    pub fn excess(&self) -> Option<String> {
        let bytes = self.bytes.len();
        (bytes > MAX_PACKED_BYTES).then(|| {
            format!("the setup has {bytes} bytes once compressed; a snapshot takes at most {MAX_PACKED_BYTES}")
        })
    }
}

/// Compresses any bytes.
pub(in crate::store) fn compress(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let level = if bytes.len() > LARGE_BYTES { LARGE_LEVEL } else { LEVEL };
    zstd::bulk::compress(bytes, level).map_err(|error| Fault::Corrupt(error.to_string()))
}

/// Decompresses what [`compress`] made.
pub(in crate::store) fn decompress(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    zstd::bulk::decompress(bytes, MAX_RAW_BYTES)
        .map_err(|error| Fault::Corrupt(format!("cannot be decompressed: {error}")))
}

/// Unpacks what [`Packed::pack`] made.
pub(in crate::store) fn unpack(bytes: &[u8]) -> Result<Content, Fault> {
    serde_json::from_slice(&decompress(bytes)?)
        .map_err(|error| Fault::Corrupt(format!("the content of a snapshot cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::capture::capture;
    use crate::domain::{ObjectId, Organization, Setup, SetupItem};

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
        let setup = Setup {
            templates: vec![SetupItem {
                id: ObjectId::from_bytes([2; 12]),
                document: serde_json::from_value(document.clone()).unwrap(),
            }],
            ..Setup::default()
        };
        let capture = capture(setup, &organization, &Work::unlimited()).unwrap();
        let packed = Canonical::of(&capture, &Work::unlimited()).unwrap().pack().unwrap();
        let content = unpack(&packed.bytes).unwrap();
        assert_eq!(Some(&content), capture.content().as_ref());
        assert_eq!(serde_json::to_value(&content.templates[0].document).unwrap(), document);
        assert_eq!(packed, Packed::pack(&content).unwrap());
    }

    #[test]
    fn a_setup_has_at_most_3_5_mb_compressed() {
        let excess = |length| Packed { bytes: vec![0; length], hash: [0; 32] }.excess();
        assert_eq!([3_499_999, 3_500_000].map(excess), [None, None]);
        assert!(excess(3_500_001).unwrap().contains("3500001"));
    }

    #[test]
    fn up_to_32_kib_are_stored_in_one_piece_with_the_snapshot_and_more_in_chunks_of_256_kib() {
        let sizes = |length| {
            let packed = Packed { bytes: vec![0; length], hash: [0; 32] };
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
            assert!(matches!(unpack(bytes), Err(Fault::Corrupt(_))));
        }
    }
}
