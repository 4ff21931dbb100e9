//! What limits attempts to sign in: places in flight and failures of an address from one network, failures of an address from
//! all networks, and the networks that an address is known to sign in from.
//!
//! An attempt takes a place before its password is looked at and gives it back with the verdict. Each limit is a condition on
//! the write that counts, so it holds for any number of attempts at once; a verdict that its write refuses is not told. Two
//! items of an address's partition count, whether or not anybody has the address: one for each network, and one for all.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

use crate::domain::{EmailKey, Fault, NetworkMark, Timestamp};
use crate::store::keys::{self, Key};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::change::{number, text};
use crate::store::table::outcome::{CallFailure, Item};

/// How many failures an address may have from one network within [`WINDOW`].
pub const MAX_FAILURES: u64 = 10;
/// How many failures an address may have from all networks within [`WINDOW`] before only known networks pass.
pub const MAX_ADDRESS_FAILURES: u64 = 500;
/// How many attempts an address may have in flight from one network.
pub const MAX_IN_FLIGHT: u64 = 50;
/// How long failures count, from the first one on.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How long a place in flight is held that nobody gives back: a function ends after 29 s.
pub const PLACE_TIME: Duration = Duration::from_secs(35);
/// How long a network stays known after a sign-in.
pub const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many networks of an address are known, the latest.
pub const MAX_KNOWN: usize = 16;
/// How often an attempt from a new network passes while an address has too many failures.
pub const NEW_NETWORK_EVERY: Duration = Duration::from_secs(60);

/// A sign-in renews its network's entry once the entry is older than this, so that regular users stay known.
const RENEWED_AFTER: Duration = Duration::from_secs(15 * 24 * 60 * 60);
/// How long a client waits where what it waits for takes less than a second.
const MOMENT: Duration = Duration::from_secs(1);
/// How often a write starts over that met another one.
const ATTEMPTS: u32 = 8;

/// What one attempt is: who wants to sign in, from where, when.
#[derive(Clone)]
pub(in crate::store) struct Origin {
    pub(in crate::store) email: EmailKey,
    pub(in crate::store) network: NetworkMark,
    pub(in crate::store) now: Timestamp,
}

/// An attempt that has a place in flight. It is to be accepted or rejected.
pub struct Attempt<'a> {
    table: &'a Table,
    origin: Origin,
    place: Place,
    counted: Window,
    address: AddressRecord,
    passage: Passage,
}

/// Whether a verdict may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Stands,
    /// Other attempts used up a limit meanwhile: nothing may be told of the password.
    Locked {
        /// When the next attempt can pass.
        retry_after: Duration,
    },
}

/// By which rule the address lets an attempt pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passage {
    /// The network signed in lately.
    Known,
    /// The network is new, and the address has few failures.
    FewFailures,
    /// The network is new, the address has too many failures, and this is the one attempt that passes now.
    Exception,
}

/// A place in flight: the second in which it was taken, as eight hex digits, and eight random ones.
#[derive(Debug, Clone)]
pub(in crate::store) struct Place(String);

impl Place {
    pub(in crate::store) fn new(now: Timestamp, random: [u8; 4]) -> Self {
        Self(format!("{:08x}{}", now.as_seconds(), hex::encode(random)))
    }

    /// Whether somebody may still give back the place that `text` names.
    fn is_held(text: &str, now: Timestamp) -> bool {
        let taken = text.get(..8).and_then(|digits| i64::from_str_radix(digits, 16).ok()).unwrap_or(0);
        now.since(Timestamp::from_millis(taken.saturating_mul(1000))) < PLACE_TIME
    }

    fn set(&self) -> AttributeValue {
        AttributeValue::Ss(vec![self.0.clone()])
    }

    fn element(&self) -> AttributeValue {
        AttributeValue::S(self.0.clone())
    }
}

/// Failures since the first one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Window {
    failures: u64,
    since: Option<Timestamp>,
}

impl Window {
    /// When the window ends that runs at `now`.
    fn end(self, now: Timestamp) -> Option<Timestamp> {
        self.since.map(|since| since.plus(WINDOW)).filter(|end| *end > now)
    }

    /// When there are `most` failures: how long until there are none.
    fn is_full(self, most: u64, now: Timestamp) -> Option<Duration> {
        self.end(now).filter(|_| self.failures >= most).map(|end| end.since(now))
    }
}

/// The item of an address and one network.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NetworkRecord {
    places: Vec<String>,
    failures: u64,
    since: Option<Timestamp>,
}

impl NetworkRecord {
    fn window(&self) -> Window {
        Window { failures: self.failures, since: self.since }
    }
}

/// The item of an address and all networks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AddressRecord {
    failures: u64,
    since: Option<Timestamp>,
    /// The networks that signed in: when, in seconds since 1970.
    known: BTreeMap<String, i64>,
    /// When an attempt from a new network passed in spite of too many failures.
    exception_at: Option<Timestamp>,
}

impl AddressRecord {
    fn window(&self) -> Window {
        Window { failures: self.failures, since: self.since }
    }

    /// Whether the network signed in no longer than `within` ago.
    fn knows(&self, network: &NetworkMark, within: Duration, now: Timestamp) -> bool {
        self.known.get(network.as_str()).is_some_and(|at| is_within(*at, within, now))
    }

    /// The known networks with this one.
    fn known_with(&self, network: &NetworkMark, now: Timestamp) -> BTreeMap<String, i64> {
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

    /// How long the address lets the network wait, as far as is known.
    fn wait(&self, origin: &Origin) -> Duration {
        if self.knows(&origin.network, KNOWN_FOR, origin.now) {
            return Duration::ZERO;
        }
        let full_for = self.window().is_full(MAX_ADDRESS_FAILURES, origin.now);
        full_for.and_then(|full_for| self.exception_wait(full_for, origin.now)).unwrap_or_default()
    }

    /// How long a new network waits at least, where the address has too many failures and an exception was made.
    fn exception_wait(&self, full_for: Duration, now: Timestamp) -> Option<Duration> {
        let next = self.exception_at?.plus(NEW_NETWORK_EVERY);
        (next > now).then(|| next.since(now).min(full_for))
    }
}

fn is_within(seconds: i64, within: Duration, now: Timestamp) -> bool {
    now.since(Timestamp::from_millis(seconds.saturating_mul(1000))) < within
}

/// Takes a place in flight and judges what is counted so far: the attempt, or how long to wait. One round trip; one more where
/// the address has too many failures and the network is new.
pub(in crate::store) async fn begin(
    table: &Table,
    origin: Origin,
    place: Place,
) -> Result<Result<Attempt<'_>, Duration>, Fault> {
    let address_key = keys::sign_in_failures(&origin.email);
    let (taken, address) = tokio::join!(take_place(table, &origin, &place), table.get(&address_key, None));
    let address: AddressRecord = address?.map(record::read).transpose()?.unwrap_or_default();
    let taken = taken?;
    let passage = match &taken {
        Ok(_) => pass(table, &origin, &address).await?,
        Err(_) => Ok(Passage::Known),
    };
    match (taken, passage) {
        (Ok(counted), Ok(passage)) => Ok(Ok(Attempt { table, origin, place, counted, address, passage })),
        (Err(wait), _) => Ok(Err(wait.max(address.wait(&origin)))),
        (Ok(_), Err(wait)) => {
            give_back(table, &origin, &place).await;
            Ok(Err(wait))
        }
    }
}

/// Takes a place in flight of the network: the failures counted so far, or how long to wait.
async fn take_place(table: &Table, origin: &Origin, place: &Place) -> Result<Result<Window, Duration>, Fault> {
    let now = origin.now;
    let update = network_update(table, origin)
        .update_expression("SET #type = :type, expiresAt = :expires ADD places :place")
        .condition_expression(
            "(attribute_not_exists(places) OR size(places) < :places) AND \
             (attribute_not_exists(since) OR since <= :cutoff OR failures < :most)",
        )
        .expression_attribute_names("#type", "type")
        .expression_attribute_values(":type", text("signInsOfNetwork"))
        .expression_attribute_values(":expires", expiry(now, WINDOW * 2))
        .expression_attribute_values(":place", place.set())
        .expression_attribute_values(":places", number(MAX_IN_FLIGHT))
        .expression_attribute_values(":cutoff", cutoff(now))
        .expression_attribute_values(":most", number(MAX_FAILURES));
    let met = match table.run_update_for(update).await {
        Ok(item) => return Ok(Ok(record::read::<NetworkRecord>(item)?.window())),
        Err(failure) => met_item::<NetworkRecord>(failure)?,
    };
    if let Some(wait) = met.window().is_full(MAX_FAILURES, now) {
        return Ok(Err(wait));
    }
    reuse_places(table, origin, place, met).await
}

/// Takes one of the places that nobody gave back in time; where there is none, a moment later there may be.
async fn reuse_places(
    table: &Table,
    origin: &Origin,
    place: &Place,
    met: NetworkRecord,
) -> Result<Result<Window, Duration>, Fault> {
    let mut held: Vec<String> = met.places.iter().filter(|held| Place::is_held(held, origin.now)).cloned().collect();
    if held.len() == met.places.len() {
        return Ok(Err(MOMENT));
    }
    held.push(place.0.clone());
    let update = network_update(table, origin)
        .update_expression("SET places = :held")
        .condition_expression("places = :met AND (attribute_not_exists(since) OR since <= :cutoff OR failures < :most)")
        .expression_attribute_values(":held", AttributeValue::Ss(held))
        .expression_attribute_values(":met", AttributeValue::Ss(met.places))
        .expression_attribute_values(":cutoff", cutoff(origin.now))
        .expression_attribute_values(":most", number(MAX_FAILURES));
    match table.run_update_for(update).await {
        Ok(item) => Ok(Ok(record::read::<NetworkRecord>(item)?.window())),
        Err(failure) => {
            let met = met_item::<NetworkRecord>(failure)?;
            Ok(Err(met.window().is_full(MAX_FAILURES, origin.now).unwrap_or(MOMENT)))
        }
    }
}

/// By which rule the address lets the attempt pass, or how long it has to wait.
async fn pass(table: &Table, origin: &Origin, address: &AddressRecord) -> Result<Result<Passage, Duration>, Fault> {
    let now = origin.now;
    if address.knows(&origin.network, KNOWN_FOR, now) {
        return Ok(Ok(Passage::Known));
    }
    let Some(full_for) = address.window().is_full(MAX_ADDRESS_FAILURES, now) else {
        return Ok(Ok(Passage::FewFailures));
    };
    if let Some(wait) = address.exception_wait(full_for, now) {
        return Ok(Err(wait));
    }
    let update = address_update(table, origin)
        .update_expression("SET exceptionAt = :now, expiresAt = :expires")
        .condition_expression("attribute_not_exists(exceptionAt) OR exceptionAt <= :before")
        .expression_attribute_values(":now", text(now))
        .expression_attribute_values(":before", text(now.minus(NEW_NETWORK_EVERY)))
        .expression_attribute_values(":expires", expiry(now, KNOWN_FOR + WINDOW));
    match table.run_update(update).await {
        Ok(()) => Ok(Ok(Passage::Exception)),
        Err(failure) => {
            let met = met_item::<AddressRecord>(failure)?;
            Ok(Err(met.exception_wait(full_for, now).unwrap_or(MOMENT)))
        }
    }
}

impl Attempt<'_> {
    /// The password is wrong, or there is none: gives the place back and counts a failure of the network and of the address.
    /// Two round trips.
    pub async fn reject(self) -> Result<Verdict, Fault> {
        if let Verdict::Locked { retry_after } = self.count_for_network().await? {
            return Ok(self.locked(retry_after).await);
        }
        match self.passage {
            // It passed above the limit, where nothing is counted.
            Passage::Exception => Ok(Verdict::Stands),
            Passage::FewFailures => self.count_for_address().await,
            Passage::Known => {
                self.count_for_address().await?;
                Ok(Verdict::Stands)
            }
        }
    }

    /// The password is right: gives the place back and, where the network is new, notes it. One round trip, or two.
    pub async fn accept(self) -> Result<Verdict, Fault> {
        let Self { table, origin, place, .. } = &self;
        let update = network_update(table, origin)
            .update_expression("DELETE places :place")
            .condition_expression("attribute_not_exists(since) OR since <= :cutoff OR failures < :most")
            .expression_attribute_values(":place", place.set())
            .expression_attribute_values(":cutoff", cutoff(origin.now))
            .expression_attribute_values(":most", number(MAX_FAILURES));
        if let Err(failure) = table.run_update(update).await {
            let met = met_item::<NetworkRecord>(failure)?;
            return Ok(self.locked(met.window().is_full(MAX_FAILURES, origin.now).unwrap_or(MOMENT)).await);
        }
        if self.address.knows(&origin.network, RENEWED_AFTER, origin.now) {
            return Ok(Verdict::Stands);
        }
        self.note_network().await
    }

    async fn locked(&self, retry_after: Duration) -> Verdict {
        give_back(self.table, &self.origin, &self.place).await;
        Verdict::Locked { retry_after }
    }

    /// Counts a failure of the network in exchange for the place.
    async fn count_for_network(&self) -> Result<Verdict, Fault> {
        let Self { table, origin, place, .. } = self;
        let mut counted = self.counted;
        for _ in 0..ATTEMPTS {
            let update = network_update(table, origin).expression_attribute_values(":place", place.set());
            let update = count(update, "DELETE places :place", counted, MAX_FAILURES, origin.now);
            let update = update.expression_attribute_values(":mine", place.element());
            let condition = format!("contains(places, :mine) AND ({})", window_condition(counted, origin.now));
            let met: NetworkRecord = match table.run_update(update.condition_expression(condition)).await {
                Ok(()) => return Ok(Verdict::Stands),
                Err(failure) => met_item(failure)?,
            };
            // A place outlives its request, so it is gone only where an earlier try of this write has landed.
            if !met.places.contains(&place.0) {
                return Ok(Verdict::Stands);
            }
            if let Some(retry_after) = met.window().is_full(MAX_FAILURES, origin.now) {
                return Ok(Verdict::Locked { retry_after });
            }
            counted = met.window();
        }
        Ok(Verdict::Locked { retry_after: MOMENT })
    }

    /// Counts a failure of the address.
    async fn count_for_address(&self) -> Result<Verdict, Fault> {
        let Self { table, origin, address, .. } = self;
        let mut counted = address.window();
        for _ in 0..ATTEMPTS {
            let update = address_update(table, origin)
                .expression_attribute_names("#type", "type")
                .expression_attribute_values(":type", text("signInFailures"))
                .expression_attribute_values(":expires", expiry(origin.now, KNOWN_FOR + WINDOW));
            let more = "expiresAt = :expires, #type = :type";
            let update = count_and_set(update, more, "", counted, MAX_ADDRESS_FAILURES, origin.now);
            let condition = window_condition(counted, origin.now);
            let met: AddressRecord = match table.run_update(update.condition_expression(condition)).await {
                Ok(()) => return Ok(Verdict::Stands),
                Err(failure) => met_item(failure)?,
            };
            counted = met.window();
            if let Some(full_for) = counted.is_full(MAX_ADDRESS_FAILURES, origin.now) {
                let retry_after = met.exception_wait(full_for, origin.now).unwrap_or(MOMENT);
                return Ok(Verdict::Locked { retry_after });
            }
        }
        Ok(Verdict::Locked { retry_after: MOMENT })
    }

    /// Notes that the network signed in. A new one that passed while the address had few failures is refused where the address
    /// has too many by now.
    async fn note_network(&self) -> Result<Verdict, Fault> {
        let Self { table, origin, address, passage, .. } = self;
        let (now, mut seen) = (origin.now, address.clone());
        for _ in 0..ATTEMPTS {
            let mut condition = match seen.known.is_empty() {
                true => "attribute_not_exists(known)".to_owned(),
                false => "known = :seen".to_owned(),
            };
            let mut update = address_update(table, origin)
                .update_expression("SET known = :known, expiresAt = :expires, #type = :type")
                .expression_attribute_names("#type", "type")
                .expression_attribute_values(":type", text("signInFailures"))
                .expression_attribute_values(":known", networks(&seen.known_with(&origin.network, now)))
                .expression_attribute_values(":expires", expiry(now, KNOWN_FOR + WINDOW));
            if !seen.known.is_empty() {
                update = update.expression_attribute_values(":seen", networks(&seen.known));
            }
            if *passage == Passage::FewFailures {
                condition += " AND (attribute_not_exists(since) OR since <= :cutoff OR failures < :most)";
                update = update
                    .expression_attribute_values(":cutoff", cutoff(now))
                    .expression_attribute_values(":most", number(MAX_ADDRESS_FAILURES));
            }
            match table.run_update(update.condition_expression(condition)).await {
                Ok(()) => return Ok(Verdict::Stands),
                Err(failure) => seen = met_item(failure)?,
            }
            if seen.knows(&origin.network, RENEWED_AFTER, now) {
                return Ok(Verdict::Stands);
            }
            if let (Passage::FewFailures, Some(full_for)) = (passage, seen.window().is_full(MAX_ADDRESS_FAILURES, now))
            {
                let retry_after = seen.exception_wait(full_for, now).unwrap_or(MOMENT);
                return Ok(Verdict::Locked { retry_after });
            }
        }
        Ok(Verdict::Locked { retry_after: MOMENT })
    }
}

/// Gives a place back without a verdict. Where that fails, the place runs out by itself.
async fn give_back(table: &Table, origin: &Origin, place: &Place) {
    let update = network_update(table, origin)
        .update_expression("DELETE places :place")
        .condition_expression("contains(places, :mine)")
        .expression_attribute_values(":place", place.set())
        .expression_attribute_values(":mine", place.element());
    let _ = table.run_update(update).await;
}

fn network_update(table: &Table, origin: &Origin) -> UpdateItemFluentBuilder {
    table.update(&network_key(origin))
}

fn network_key(origin: &Origin) -> Key {
    keys::sign_in_failures_from(&origin.email, &origin.network)
}

fn address_update(table: &Table, origin: &Origin) -> UpdateItemFluentBuilder {
    table.update(&keys::sign_in_failures(&origin.email))
}

/// Adds a failure to the window that `counted` shows, or starts a new one where that is over, and does `rest` with it.
fn count(
    update: UpdateItemFluentBuilder,
    rest: &str,
    counted: Window,
    most: u64,
    now: Timestamp,
) -> UpdateItemFluentBuilder {
    count_and_set(update, "", rest, counted, most, now)
}

fn count_and_set(
    update: UpdateItemFluentBuilder,
    set: &str,
    rest: &str,
    counted: Window,
    most: u64,
    now: Timestamp,
) -> UpdateItemFluentBuilder {
    let set = if set.is_empty() { String::new() } else { format!(", {set}") };
    let update =
        update.expression_attribute_values(":one", number(1)).expression_attribute_values(":cutoff", cutoff(now));
    if counted.end(now).is_some() {
        let update = update.expression_attribute_values(":most", number(most));
        update.update_expression(format!("SET failures = failures + :one{set} {rest}"))
    } else {
        let update = update.expression_attribute_values(":now", text(now));
        update.update_expression(format!("SET failures = :one, since = :now{set} {rest}"))
    }
}

/// What holds while the item still has the window that `counted` shows, with room in it, or one that is over.
fn window_condition(counted: Window, now: Timestamp) -> &'static str {
    match counted.end(now) {
        Some(_) => "since > :cutoff AND failures < :most",
        None => "attribute_not_exists(since) OR since <= :cutoff",
    }
}

/// The item that a refused write met, read; as an empty one where there was none.
fn met_item<R: for<'de> Deserialize<'de> + Default>(failure: CallFailure) -> Result<R, Fault> {
    match failure {
        CallFailure::ConditionFailed(Some(met)) => record::read(met),
        CallFailure::ConditionFailed(None) => Ok(R::default()),
        other => Err(other.into()),
    }
}

fn networks(known: &BTreeMap<String, i64>) -> AttributeValue {
    let known = known.iter().map(|(mark, at)| (mark.clone(), AttributeValue::N(at.to_string())));
    AttributeValue::M(known.collect::<Item>())
}

/// Windows that began no later than this are over.
fn cutoff(now: Timestamp) -> AttributeValue {
    text(now.minus(WINDOW))
}

/// When DynamoDB may drop an item. It may do so late: nothing is judged by it.
fn expiry(now: Timestamp, after: Duration) -> AttributeValue {
    AttributeValue::N(now.plus(after).as_seconds().to_string())
}
