//! What the unit tests of the edge share: a clock that stands still, randomness that counts, and a key.

pub(crate) mod keys;

use std::sync::{Arc, LazyLock};

use super::{CorsOrigins, Edge, SigningKey, TokenSigner, TokenVerifier};
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::ids::Randomness;

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "snapshots";
/// 2026-05-15T09:00:00.000Z.
pub(crate) static NOW: LazyLock<Timestamp> = LazyLock::new(|| Timestamp::from_millis(1_778_835_600_000));

pub(crate) struct StandingClock(pub(crate) Timestamp);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Every byte is the same.
pub(crate) struct Monotone(pub(crate) u8);

impl Randomness for Monotone {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::generate(&Monotone(7)).unwrap()
}

pub(crate) fn signer() -> TokenSigner {
    TokenSigner::new(&signing_key().private_jwk, ISSUER, AUDIENCE).unwrap()
}

pub(crate) fn edge() -> Edge {
    Edge {
        verifier: TokenVerifier::new(&signing_key().jwks, ISSUER, AUDIENCE).unwrap(),
        clock: Arc::new(StandingClock(*NOW)),
        randomness: Arc::new(Monotone(9)),
        cors_origins: CorsOrigins::None,
    }
}
