//! Limits sign-in attempts: places in flight and failures of an address from one network, failures of an address from
//! all networks, and the networks that an address is known to sign in from.
//!
//! An attempt takes a place before its password is checked, and gives it back with the verdict. Each limit is a
//! condition on the write that counts, so it holds for any number of concurrent attempts. If that write is refused, the
//! client does not learn the verdict. Two items of an address's partition count, whether or not the address has a user:
//! one for each network, and one for all.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

use super::counts::{
    ATTEMPTS, AddressRecord, InFlightPlace, KNOWN_FOR, MAX_ADDRESS_FAILURES, MAX_FAILURES, MAX_IN_FLIGHT, MOMENT,
    NEW_NETWORK_EVERY, NetworkRecord, RENEWED_AFTER, SignInOrigin, WINDOW, Window,
};
use crate::domain::{Fault, Timestamp};
use crate::store::keys::{self, ItemKey};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::change::{expiry, number, text};
use crate::store::table::outcome::{CallFailure, Item};

/// An attempt with a place in flight. The caller accepts or rejects it.
pub struct Attempt<'a> {
    table: &'a Table,
    origin: SignInOrigin,
    place: InFlightPlace,
    counted: Window,
    address: AddressRecord,
    passage: AdmissionRule,
}

/// Whether the client may learn the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptVerdict {
    /// The client may learn the verdict.
    Stands,
    /// Other attempts reached a limit. The client must not learn whether the password is right.
    Locked {
        /// How long until the next attempt can be admitted.
        retry_after: Duration,
    },
}

/// The rule by which an address admits an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AdmissionRule {
    /// The network signed in recently, or failures from other networks do not count.
    Known,
    /// The network is new, and the address has few failures.
    FewFailures,
    /// The network is new and the address has too many failures. This is the one attempt that is admitted now.
    Exception,
}

/// Takes a place in flight and checks the limits. Returns the attempt, or how long to wait. One round trip; one more if
/// the address has too many failures and the network is new.
pub(in crate::store) async fn begin(
    table: &Table,
    origin: SignInOrigin,
    place: InFlightPlace,
) -> Result<Result<Attempt<'_>, Duration>, Fault> {
    let address_key = address_key(&origin);
    let (taken, address) = tokio::join!(take_place(table, &origin, &place), table.get(&address_key, None));
    let address: AddressRecord = address?.map(record::read).transpose()?.unwrap_or_default();
    let taken = taken?;
    let passage = match &taken {
        Ok(_) => pass(table, &origin, &address).await?,
        Err(_) => Ok(AdmissionRule::Known),
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

/// Takes a place in flight. Returns the failures so far, or how long to wait.
async fn take_place(
    table: &Table,
    origin: &SignInOrigin,
    place: &InFlightPlace,
) -> Result<Result<Window, Duration>, Fault> {
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
    let existing = match table.run_update_for(update).await {
        Ok(item) => return Ok(Ok(record::read::<NetworkRecord>(item)?.window())),
        Err(failure) => met_item::<NetworkRecord>(failure)?,
    };
    if let Some(wait) = existing.window().is_full(MAX_FAILURES, now) {
        return Ok(Err(wait));
    }
    reuse_places(table, origin, place, existing).await
}

/// Takes a place whose time is over. If all are in use, returns a short wait.
async fn reuse_places(
    table: &Table,
    origin: &SignInOrigin,
    place: &InFlightPlace,
    existing: NetworkRecord,
) -> Result<Result<Window, Duration>, Fault> {
    let mut held: Vec<String> =
        existing.places.iter().filter(|held| InFlightPlace::is_held(held, origin.now)).cloned().collect();
    if held.len() == existing.places.len() {
        return Ok(Err(MOMENT));
    }
    held.push(place.0.clone());
    let update = network_update(table, origin)
        .update_expression("SET places = :held")
        .condition_expression("places = :met AND (attribute_not_exists(since) OR since <= :cutoff OR failures < :most)")
        .expression_attribute_values(":held", AttributeValue::Ss(held))
        .expression_attribute_values(":met", AttributeValue::Ss(existing.places))
        .expression_attribute_values(":cutoff", cutoff(origin.now))
        .expression_attribute_values(":most", number(MAX_FAILURES));
    match table.run_update_for(update).await {
        Ok(item) => Ok(Ok(record::read::<NetworkRecord>(item)?.window())),
        Err(failure) => {
            let existing = met_item::<NetworkRecord>(failure)?;
            Ok(Err(existing.window().is_full(MAX_FAILURES, origin.now).unwrap_or(MOMENT)))
        }
    }
}

/// Returns the rule by which the address admits the attempt, or how long to wait.
async fn pass(
    table: &Table,
    origin: &SignInOrigin,
    address: &AddressRecord,
) -> Result<Result<AdmissionRule, Duration>, Fault> {
    let now = origin.now;
    if !origin.subject.locks_new_networks() || address.knows(&origin.network, KNOWN_FOR, now) {
        return Ok(Ok(AdmissionRule::Known));
    }
    let Some(full_for) = address.window().is_full(MAX_ADDRESS_FAILURES, now) else {
        return Ok(Ok(AdmissionRule::FewFailures));
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
        Ok(()) => Ok(Ok(AdmissionRule::Exception)),
        Err(failure) => {
            let existing = met_item::<AddressRecord>(failure)?;
            Ok(Err(existing.exception_wait(full_for, now).unwrap_or(MOMENT)))
        }
    }
}

impl Attempt<'_> {
    /// Rejects the attempt: gives the place back and counts a failure of the network and of the address. Two round
    /// trips.
    pub async fn reject(self) -> Result<AttemptVerdict, Fault> {
        if let AttemptVerdict::Locked { retry_after } = self.count_for_network().await? {
            return Ok(self.locked(retry_after).await);
        }
        match self.passage {
            // The attempt was admitted above the limit, where nothing is counted.
            AdmissionRule::Exception => Ok(AttemptVerdict::Stands),
            AdmissionRule::FewFailures => self.count_for_address().await,
            AdmissionRule::Known => {
                self.count_for_address().await?;
                Ok(AttemptVerdict::Stands)
            }
        }
    }

    /// Accepts the attempt: gives the place back and stores a new network. One round trip, or two.
    pub async fn accept(self) -> Result<AttemptVerdict, Fault> {
        let Self { table, origin, place, .. } = &self;
        let update = network_update(table, origin)
            .update_expression("DELETE places :place")
            .condition_expression("attribute_not_exists(since) OR since <= :cutoff OR failures < :most")
            .expression_attribute_values(":place", place.set())
            .expression_attribute_values(":cutoff", cutoff(origin.now))
            .expression_attribute_values(":most", number(MAX_FAILURES));
        if let Err(failure) = table.run_update(update).await {
            let existing = met_item::<NetworkRecord>(failure)?;
            return Ok(self.locked(existing.window().is_full(MAX_FAILURES, origin.now).unwrap_or(MOMENT)).await);
        }
        if self.address.knows(&origin.network, RENEWED_AFTER, origin.now) {
            return Ok(AttemptVerdict::Stands);
        }
        self.note_network().await
    }

    async fn locked(&self, retry_after: Duration) -> AttemptVerdict {
        give_back(self.table, &self.origin, &self.place).await;
        AttemptVerdict::Locked { retry_after }
    }

    /// Counts a failure of the network and gives the place back in one write.
    async fn count_for_network(&self) -> Result<AttemptVerdict, Fault> {
        let Self { table, origin, place, .. } = self;
        let mut counted = self.counted;
        for _ in 0..ATTEMPTS {
            let update = network_update(table, origin).expression_attribute_values(":place", place.set());
            let update = count(update, "DELETE places :place", counted, MAX_FAILURES, origin.now);
            let update = update.expression_attribute_values(":mine", place.element());
            let condition = format!("contains(places, :mine) AND ({})", window_condition(counted, origin.now));
            let existing: NetworkRecord = match table.run_update(update.condition_expression(condition)).await {
                Ok(()) => return Ok(AttemptVerdict::Stands),
                Err(failure) => met_item(failure)?,
            };
            // A place outlives its request, so a missing place means that an earlier try of this write succeeded.
            if !existing.places.contains(&place.0) {
                return Ok(AttemptVerdict::Stands);
            }
            if let Some(retry_after) = existing.window().is_full(MAX_FAILURES, origin.now) {
                return Ok(AttemptVerdict::Locked { retry_after });
            }
            counted = existing.window();
        }
        Ok(AttemptVerdict::Locked { retry_after: MOMENT })
    }

    /// Counts a failure of the address.
    async fn count_for_address(&self) -> Result<AttemptVerdict, Fault> {
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
            let existing: AddressRecord = match table.run_update(update.condition_expression(condition)).await {
                Ok(()) => return Ok(AttemptVerdict::Stands),
                Err(failure) => met_item(failure)?,
            };
            counted = existing.window();
            if let Some(full_for) = counted.is_full(MAX_ADDRESS_FAILURES, origin.now) {
                let retry_after = existing.exception_wait(full_for, origin.now).unwrap_or(MOMENT);
                return Ok(AttemptVerdict::Locked { retry_after });
            }
        }
        Ok(AttemptVerdict::Locked { retry_after: MOMENT })
    }

    /// Stores that the network signed in. Refuses a new network that was admitted while the address had few failures,
    /// if it has too many now.
    async fn note_network(&self) -> Result<AttemptVerdict, Fault> {
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
            if *passage == AdmissionRule::FewFailures {
                condition += " AND (attribute_not_exists(since) OR since <= :cutoff OR failures < :most)";
                update = update
                    .expression_attribute_values(":cutoff", cutoff(now))
                    .expression_attribute_values(":most", number(MAX_ADDRESS_FAILURES));
            }
            match table.run_update(update.condition_expression(condition)).await {
                Ok(()) => return Ok(AttemptVerdict::Stands),
                Err(failure) => seen = met_item(failure)?,
            }
            if seen.knows(&origin.network, RENEWED_AFTER, now) {
                return Ok(AttemptVerdict::Stands);
            }
            if let (AdmissionRule::FewFailures, Some(full_for)) =
                (passage, seen.window().is_full(MAX_ADDRESS_FAILURES, now))
            {
                let retry_after = seen.exception_wait(full_for, now).unwrap_or(MOMENT);
                return Ok(AttemptVerdict::Locked { retry_after });
            }
        }
        Ok(AttemptVerdict::Locked { retry_after: MOMENT })
    }
}

/// Gives a place back without a verdict. If that fails, the place expires.
async fn give_back(table: &Table, origin: &SignInOrigin, place: &InFlightPlace) {
    let update = network_update(table, origin)
        .update_expression("DELETE places :place")
        .condition_expression("contains(places, :mine)")
        .expression_attribute_values(":place", place.set())
        .expression_attribute_values(":mine", place.element());
    let _ = table.run_update(update).await;
}

fn network_update(table: &Table, origin: &SignInOrigin) -> UpdateItemFluentBuilder {
    table.update(&network_key(origin))
}

fn network_key(origin: &SignInOrigin) -> ItemKey {
    keys::failures_from(origin.subject.partition(), &origin.network)
}

fn address_key(origin: &SignInOrigin) -> ItemKey {
    keys::failures(origin.subject.partition())
}

fn address_update(table: &Table, origin: &SignInOrigin) -> UpdateItemFluentBuilder {
    table.update(&address_key(origin))
}

/// Adds a failure to the window `counted`, or starts a new window if that is over. Appends `rest` to the expression.
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

/// Returns the condition that the window `counted` still has room, or that it is over.
fn window_condition(counted: Window, now: Timestamp) -> &'static str {
    match counted.end(now) {
        Some(_) => "since > :cutoff AND failures < :most",
        None => "attribute_not_exists(since) OR since <= :cutoff",
    }
}

/// Reads the existing item of a refused write; a default one if the item did not exist.
fn met_item<R: for<'de> Deserialize<'de> + Default>(failure: CallFailure) -> Result<R, Fault> {
    match failure {
        CallFailure::ConditionFailed(Some(existing)) => record::read(existing),
        CallFailure::ConditionFailed(None) => Ok(R::default()),
        other => Err(other.into()),
    }
}

fn networks(known: &BTreeMap<String, i64>) -> AttributeValue {
    let known = known.iter().map(|(mark, at)| (mark.clone(), AttributeValue::N(at.to_string())));
    AttributeValue::M(known.collect::<Item>())
}

/// Returns the latest start of a window that is over.
fn cutoff(now: Timestamp) -> AttributeValue {
    text(now.minus(WINDOW))
}
