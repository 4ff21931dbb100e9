//! JSON in its canonical form: every object's keys in order, so that the same value gives the same bytes in every build.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{OverBudget, Work};

/// Serializes a value with every object's keys in order, without a copy of it.
pub(super) struct InOrder<'a>(pub(super) &'a Value);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(key, _)| *key);
                serializer.collect_map(fields.into_iter().map(|(key, value)| (key, InOrder(value))))
            }
            Value::Array(values) => serializer.collect_seq(values.iter().map(InOrder)),
            other => other.serialize(serializer),
        }
    }
}

/// The canonical JSON of a small value.
pub(super) fn canonical_json(value: &impl Serialize) -> Vec<u8> {
    // Text keys and finite numbers only, so neither step can fail.
    serde_json::to_value(value).and_then(|value| serde_json::to_vec(&InOrder(&value))).unwrap_or_default()
}

/// Why JSON was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonWriteError {
    /// It has more bytes than there is room for.
    NoRoom,
    /// The time is over.
    OverBudget,
}

impl From<OverBudget> for JsonWriteError {
    fn from(_: OverBudget) -> Self {
        Self::OverBudget
    }
}

/// A writer that counts each byte as a unit of work and stops where there is no more room.
pub(crate) struct MeteredWriter<'w, W> {
    out: W,
    left: usize,
    work: &'w Work,
    stopped: Option<JsonWriteError>,
}

impl<'w, W: Write> MeteredWriter<'w, W> {
    /// Writes at most `room` bytes to `out`.
    pub(crate) fn new(out: W, room: usize, work: &'w Work) -> Self {
        Self { out, left: room, work, stopped: None }
    }

    /// Writes `value` as JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), JsonWriteError> {
        match serde_json::to_writer(&mut *self, value) {
            Ok(()) => Ok(()),
            Err(_) => Err(self.stopped.unwrap_or(JsonWriteError::NoRoom)),
        }
    }

    /// Writes bytes that are JSON already.
    pub(super) fn bytes(&mut self, json: &[u8]) -> Result<(), JsonWriteError> {
        self.write_all(json).map_err(|_| self.stopped.unwrap_or(JsonWriteError::NoRoom))
    }

    /// What it wrote to, and how many bytes of the room are left.
    pub(crate) fn into_parts(self) -> (W, usize) {
        (self.out, self.left)
    }

    fn stop(&mut self, why: JsonWriteError) -> io::Error {
        self.stopped = Some(why);
        io::Error::other("stopped")
    }
}

impl<W: Write> Write for MeteredWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.work.spend(bytes.len()).is_err() {
            return Err(self.stop(JsonWriteError::OverBudget));
        }
        let Some(left) = self.left.checked_sub(bytes.len()) else { return Err(self.stop(JsonWriteError::NoRoom)) };
        self.left = left;
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Hashes what is written to it.
#[derive(Default)]
pub(super) struct HashWriter(Sha256);

impl HashWriter {
    /// The SHA-256 of all that was written.
    pub(super) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_come_in_order_at_every_depth() {
        let value = json!({"b": [{"d": 1, "c": null}], "a": "x"});
        assert_eq!(canonical_json(&value), br#"{"a":"x","b":[{"c":null,"d":1}]}"#);
    }

    #[test]
    fn json_is_written_up_to_the_room_and_not_beyond() {
        for (room, written) in [(6, Err(JsonWriteError::NoRoom)), (7, Ok(())), (8, Ok(()))] {
            let work = Work::unlimited();
            let mut out = MeteredWriter::new(Vec::new(), room, &work);
            assert_eq!(out.json(&json!([1, "a"])), written);
            let (out, left) = out.into_parts();
            assert!(out.len() + left == room && work.done() >= 7 - 1, "{room}");
        }
        let over = Work::until(|| true);
        assert_eq!(MeteredWriter::new(Vec::new(), 100, &over).json(&1), Err(JsonWriteError::OverBudget));
    }
}
