//! The source of ids, salts and nonces.

use crate::domain::{ObjectId, Timestamp};

/// Randomness, as an argument: a test passes a generator with a seed.
pub trait Randomness: Send + Sync {
    /// Fills `bytes` with random values.
    fn fill(&self, bytes: &mut [u8]);

    /// Returns a new id: four bytes of seconds since 1970, then eight random bytes, so that later ids sort later.
    fn object_id(&self, now: Timestamp) -> ObjectId {
        let mut random = [0; 8];
        self.fill(&mut random);
        ObjectId::compose(now, random)
    }
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "the one place that asks the system for randomness; a system without any must not hand out ids"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
