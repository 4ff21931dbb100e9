//! Content as bytes: canonical JSON, compressed.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use crate::domain::capture::{Capture, CaptureFailure};
use crate::domain::content::{Content, MAX_RAW_BYTES};
use crate::domain::sharing::ContentAddress;
use crate::domain::{Fault, OverBudget, Work};

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

    /// Compresses it. The outer error is that the time is over.
    pub fn pack(&self, work: &Work) -> Result<Result<Packed, Fault>, OverBudget> {
        Ok(compress(&self.json, work)?.map(|bytes| Packed { bytes, hash: self.hash }))
    }
}

/// A packed content as it was read.
pub struct PackedContent(Vec<u8>);

impl PackedContent {
    /// The content that these bytes hold.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Unpacks the content.
    pub fn content<E: From<Fault> + From<OverBudget>>(&self, work: &Work) -> Result<Content, E> {
        unpack(&self.0, work)
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

    /// The content, to be unpacked.
    pub fn content(&self) -> PackedContent {
        PackedContent::new(self.bytes.clone())
    }

    /// Packs `content`.
    pub fn pack(content: &Content) -> Result<Self, Fault> {
        let hash = Sha256::digest(content.clone().without_findings().canonical_json()).into();
        Canonical { json: content.canonical_json(), hash }.pack(&Work::unlimited())?
    }

    /// Why the content is no snapshot, with the figures; `None` where it fits.
    pub fn excess(&self) -> Option<String> {
        let bytes = self.bytes.len();
        (bytes > MAX_PACKED_BYTES).then(|| {
            format!("the setup has {bytes} bytes once compressed; a snapshot takes at most {MAX_PACKED_BYTES}")
        })
    }
}

/// How many bytes are compressed or decompressed between two looks at the clock. zstd compresses in blocks of this size, which
/// takes up to some tens of milliseconds at the highest level.
const PIECE: usize = 128 * 1024;

/// Compresses any bytes. The outer error is that the time is over.
pub(in crate::store) fn compress(bytes: &[u8], work: &Work) -> Result<Result<Vec<u8>, Fault>, OverBudget> {
    let fault = |error: io::Error| Fault::Corrupt(error.to_string());
    let mut encoder = match encoder(bytes.len()) {
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

/// Compresses so many bytes to memory. zstd chooses its tables by their number, so it is told.
fn encoder(length: usize) -> io::Result<Encoder<'static, Vec<u8>>> {
    let level = if length > LARGE_BYTES { LARGE_LEVEL } else { LEVEL };
    let mut encoder = Encoder::new(Vec::new(), level)?;
    encoder.set_pledged_src_size(u64::try_from(length).ok())?;
    Ok(encoder)
}

/// Decompresses what [`compress`] made.
pub(in crate::store) fn decompress<E: From<Fault> + From<OverBudget>>(bytes: &[u8], work: &Work) -> Result<Vec<u8>, E> {
    let fault = |why: &dyn std::fmt::Display| E::from(Fault::Corrupt(format!("cannot be decompressed: {why}")));
    let mut decoder = Decoder::with_buffer(bytes).map_err(|error| fault(&error))?;
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

/// Unpacks what [`Packed::pack`] made.
pub(in crate::store) fn unpack<E: From<Fault> + From<OverBudget>>(bytes: &[u8], work: &Work) -> Result<Content, E> {
    let json = decompress::<E>(bytes, work)?;
    Content::read(&json, work)?
        .map_err(|error| Fault::Corrupt(format!("the content of a snapshot cannot be read: {error}")).into())
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
        let packed = Canonical::of(&capture, &Work::unlimited()).unwrap().pack(&Work::unlimited()).unwrap().unwrap();
        let content: Content = unpack::<Fault>(&packed.bytes, &Work::unlimited()).unwrap();
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
            assert!(matches!(unpack::<Fault>(bytes, &Work::unlimited()), Err(Fault::Corrupt(_))));
        }
    }
    #[test]
    fn content_has_at_most_16_mb_once_it_is_unpacked() {
        for (length, is_taken) in [(MAX_RAW_BYTES - 1, true), (MAX_RAW_BYTES, true), (MAX_RAW_BYTES + 1, false)] {
            let packed = compress(&vec![b' '; length], &Work::unlimited()).unwrap().unwrap();
            assert_eq!(decompress::<Fault>(&packed, &Work::unlimited()).is_ok(), is_taken, "{length}");
        }
    }

    #[test]
    fn packing_and_unpacking_stop_at_the_next_piece_once_the_time_is_over() {
        let bytes: Vec<u8> =
            (0..4_000_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let whole = Work::unlimited();
        let packed = compress(&bytes[..MAX_RAW_BYTES], &whole).unwrap().unwrap();
        assert!(whole.done() >= 16_000_000);
        let over = Work::until(|| true);
        assert_eq!(compress(&bytes, &over).err(), Some(OverBudget));
        assert!(over.done() <= PIECE as u64);
        let over = Work::until(|| true);
        assert!(matches!(decompress::<Fault>(&packed, &over), Err(Fault::Unavailable(_))));
        assert!(over.done() <= PIECE as u64);
    }
}
