//! Counts sign-in attempts: the limits, the places in flight, and the two items that count.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

use crate::domain::{EmailKey, NetworkMark, ObjectId, Timestamp};
use crate::store::keys;

/// The most failures of an address from one network within [`WINDOW`].
pub const MAX_FAILURES: u64 = 10;
/// The most failures of an address from all networks within [`WINDOW`]. Above it only known networks may sign in.
pub const MAX_ADDRESS_FAILURES: u64 = 500;
/// The most attempts of an address in flight from one network.
pub const MAX_IN_FLIGHT: u64 = 50;
/// How long failures count, from the first one on.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How long a place in flight is held if its attempt never ends: a function ends after 29 s.
pub const PLACE_TIME: Duration = Duration::from_secs(35);
/// How long a network stays known after a sign-in.
pub const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most known networks of an address. The latest ones are kept.
pub const MAX_KNOWN: usize = 16;
/// How often one attempt from a new network is admitted while the address has too many failures.
pub const NEW_NETWORK_EVERY: Duration = Duration::from_secs(60);

/// A sign-in renews its network's entry once it is older than this, so that regular users stay known.
pub(super) const RENEWED_AFTER: Duration = Duration::from_secs(15 * 24 * 60 * 60);
/// The wait in the answer for anything that takes less than a second.
pub(super) const MOMENT: Duration = Duration::from_secs(1);
/// How often a write starts over because another write came first.
pub(super) const ATTEMPTS: u32 = 8;

/// What attempts are counted by, beside the network.
#[derive(Clone)]
pub(in crate::store) enum AttemptSubject {
    /// The address of a sign-in or of a change of a password.
    Address(EmailKey),
    /// The user whom the token of an invitation names.
    Invited { organization: ObjectId, user: ObjectId },
}

impl AttemptSubject {
    /// Returns the partition of the two items that count.
    pub(super) fn partition(&self) -> String {
        match self {
            Self::Address(email) => keys::email_partition(email),
            Self::Invited { organization, user } => keys::invited_partition(organization, user),
        }
    }

    /// Returns whether failures from other networks lock a new network out. A password may be guessed from many networks. The 256
    /// random bits of an invitation cannot, so there the limit would only let a stranger keep an invited user out.
    pub(super) const fn locks_new_networks(&self) -> bool {
        match self {
            Self::Address(_) => true,
            Self::Invited { .. } => false,
        }
    }
}

/// The origin of an attempt: subject, network and time.
#[derive(Clone)]
pub(in crate::store) struct SignInOrigin {
    pub(in crate::store) subject: AttemptSubject,
    pub(in crate::store) network: NetworkMark,
    pub(in crate::store) now: Timestamp,
}

/// A place in flight: the second in which it was taken as eight hex digits, and eight random ones.
#[derive(Debug, Clone)]
pub(in crate::store) struct InFlightPlace(pub(super) String);

impl InFlightPlace {
    pub(in crate::store) fn new(now: Timestamp, random: [u8; 4]) -> Self {
        Self(format!("{:08x}{}", now.as_seconds(), hex::encode(random)))
    }

    /// Returns whether the attempt with the place `text` may still be running.
    pub(super) fn is_held(text: &str, now: Timestamp) -> bool {
        let taken = text.get(..8).and_then(|digits| i64::from_str_radix(digits, 16).ok()).unwrap_or(0);
        now.since(Timestamp::from_millis(taken.saturating_mul(1000))) < PLACE_TIME
    }

    pub(super) fn set(&self) -> AttributeValue {
        AttributeValue::Ss(vec![self.0.clone()])
    }

    pub(super) fn element(&self) -> AttributeValue {
        AttributeValue::S(self.0.clone())
    }
}

/// Failures since the first one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) failures: u64,
    pub(super) since: Option<Timestamp>,
}

impl Window {
    /// Returns the end of the window; `None` if it is over at `now`.
    pub(super) fn end(self, now: Timestamp) -> Option<Timestamp> {
        self.since.map(|since| since.plus(WINDOW)).filter(|end| *end > now)
    }

    /// Returns how long the window stays full; `None` if it has fewer than `most` failures.
    pub(super) fn is_full(self, most: u64, now: Timestamp) -> Option<Duration> {
        self.end(now).filter(|_| self.failures >= most).map(|end| end.since(now))
    }
}

/// The item of an address and one network.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::store) struct NetworkRecord {
    pub(super) places: Vec<String>,
    pub(super) failures: u64,
    pub(super) since: Option<Timestamp>,
}

impl NetworkRecord {
    pub(super) fn window(&self) -> Window {
        Window { failures: self.failures, since: self.since }
    }
}

/// The item of an address and all networks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::store) struct AddressRecord {
    pub(super) failures: u64,
    pub(super) since: Option<Timestamp>,
    /// The networks that signed in, with the time in seconds since 1970.
    pub(super) known: BTreeMap<String, i64>,
    /// When an attempt from a new network was admitted although there were too many failures.
    pub(super) exception_at: Option<Timestamp>,
}

impl AddressRecord {
    pub(super) fn window(&self) -> Window {
        Window { failures: self.failures, since: self.since }
    }

    /// Returns whether the network signed in within this time.
    pub(super) fn knows(&self, network: &NetworkMark, within: Duration, now: Timestamp) -> bool {
        self.known.get(network.as_str()).is_some_and(|at| is_within(*at, within, now))
    }

    /// Returns the known networks with this one.
    pub(super) fn known_with(&self, network: &NetworkMark, now: Timestamp) -> BTreeMap<String, i64> {
        let mut known = self.known.clone();
        known.retain(|_, at| is_within(*at, KNOWN_FOR, now));
        known.insert(network.to_string(), now.as_seconds());
        while known.len() > MAX_KNOWN {
            let oldest = known.iter().filter(|(mark, _)| *mark != network.as_str()).min_by_key(|(_, at)| **at);
            let Some(oldest) = oldest.map(|(mark, _)| mark.clone()) else { break };
            known.remove(&oldest);
        }
        known
    }

    /// Returns how long the network has to wait for the address, as far as is known.
    pub(super) fn wait(&self, origin: &SignInOrigin) -> Duration {
        if self.knows(&origin.network, KNOWN_FOR, origin.now) {
            return Duration::ZERO;
        }
        let full_for = self.window().is_full(MAX_ADDRESS_FAILURES, origin.now);
        full_for.and_then(|full_for| self.exception_wait(full_for, origin.now)).unwrap_or_default()
    }

    /// Returns how long a new network has to wait at least, after an exception was made; `None` if it need not wait.
    pub(super) fn exception_wait(&self, full_for: Duration, now: Timestamp) -> Option<Duration> {
        let next = self.exception_at?.plus(NEW_NETWORK_EVERY);
        (next > now).then(|| next.since(now).min(full_for))
    }
}

fn is_within(seconds: i64, within: Duration, now: Timestamp) -> bool {
    now.since(Timestamp::from_millis(seconds.saturating_mul(1000))) < within
}
