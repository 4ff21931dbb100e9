//! The answer of an apply, as its record keeps it for a repeated request.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{Fault, OverBudget, Work};
use crate::store::attributes::ANSWER;
use crate::store::snapshots::packing::{self, NO_DICTIONARY};
use crate::store::table::outcome::Item;

/// What most answers consist of, so that a small one takes a third of the bytes and its record stays below a kilobyte. Stored answers
/// need it to be read: never change it; add another one, with a number of its own.
const DICTIONARY: &[u8] = include_bytes!("answer_dictionary_1.txt");

/// The first byte of an answer that is compressed with [`DICTIONARY`]. Without one it begins as every frame of zstd does, with 0x28.
const DICTIONARY_1: u8 = 1;

/// The answer to the caller: compressed JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAnswer(Vec<u8>);

impl StoredAnswer {
    /// Packs the JSON of an answer.
    pub fn pack<E: From<Fault> + From<OverBudget>>(json: &str, work: &Work) -> Result<Self, E> {
        let compressed = packing::compress(json.as_bytes(), DICTIONARY, work)??;
        Ok(Self([&[DICTIONARY_1], compressed.as_slice()].concat()))
    }

    /// Takes the answer out of the item of an apply; `None` if the item has none.
    pub(in crate::store) fn take(item: &mut Item) -> Option<Self> {
        match item.remove(ANSWER) {
            Some(AttributeValue::B(bytes)) => Some(Self(bytes.into_inner())),
            _ => None,
        }
    }

    /// Returns the attribute of the item.
    pub(in crate::store) fn value(&self) -> AttributeValue {
        AttributeValue::B(Blob::new(self.0.clone()))
    }

    /// Unpacks the JSON.
    pub(in crate::store) fn json<E: From<Fault> + From<OverBudget>>(&self, work: &Work) -> Result<String, E> {
        let bytes = match self.0.split_first() {
            Some((&DICTIONARY_1, compressed)) => packing::decompress::<E>(compressed, DICTIONARY, work)?,
            _ => packing::decompress::<E>(&self.0, NO_DICTIONARY, work)?,
        };
        String::from_utf8(bytes).map_err(|error| Fault::Corrupt(format!("the answer of an apply: {error}")).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer as a version stored it that began it with `first` and compressed it with `dictionary`.
    fn stored(first: &[u8], dictionary: &[u8], json: &str) -> StoredAnswer {
        let compressed = packing::compress(json.as_bytes(), dictionary, &Work::unlimited()).unwrap().unwrap();
        StoredAnswer([first, compressed.as_slice()].concat())
    }

    #[test]
    fn an_answer_of_every_form_is_read() {
        let work = Work::unlimited();
        let many = format!("[{}]", "1,".repeat(200_000));
        for json in
            ["", "{}", r#"{"message":"Snapshot applied","result":{"userId":"665f1a0c0e0a4b001a2c9f82"}}"#, &many]
        {
            let plain = stored(&[], NO_DICTIONARY, json);
            let first = stored(&[DICTIONARY_1], DICTIONARY, json);
            for answer in [plain, first, StoredAnswer::pack::<Fault>(json, &work).unwrap()] {
                assert_eq!(answer.json::<Fault>(&work).unwrap(), json);
            }
        }
    }

    #[test]
    fn bytes_that_nobody_packed_are_a_fault_and_no_panic() {
        let packed = stored(&[DICTIONARY_1], DICTIONARY, "{}").0;
        let other_number = [&[2], &packed[1..]].concat();
        for bytes in [Vec::new(), vec![DICTIONARY_1], packed[..packed.len() - 1].to_vec(), other_number] {
            assert!(matches!(StoredAnswer(bytes).json::<Fault>(&Work::unlimited()), Err(Fault::Corrupt(_))));
        }
    }
}
