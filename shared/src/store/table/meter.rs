//! Counts the capacity that the calls of one request consume.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::ConsumedCapacity;

use crate::capacity::ConsumedUnits;

/// Counts read and write units in tenths, since an eventually consistent read costs half a unit.
#[derive(Debug, Default)]
pub(in crate::store) struct Meter {
    read_tenths: AtomicU64,
    write_tenths: AtomicU64,
    calls: AtomicU64,
}

impl Meter {
    pub(in crate::store) fn read<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.read_tenths.fetch_add(tenths(consumed), Ordering::Relaxed);
    }

    pub(in crate::store) fn wrote<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.write_tenths.fetch_add(tenths(consumed), Ordering::Relaxed);
    }

    pub(in crate::store) fn total(&self) -> ConsumedUnits {
        #[expect(clippy::cast_precision_loss, reason = "a request consumes far fewer than 2^52 tenths of a unit")]
        let units = |tenths: &AtomicU64| tenths.load(Ordering::Relaxed) as f64 / 10.0;
        ConsumedUnits {
            read_units: units(&self.read_tenths),
            write_units: units(&self.write_tenths),
            calls: self.calls.load(Ordering::Relaxed),
        }
    }
}

fn tenths<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> u64 {
    let units: f64 = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "units are small and never negative")]
    let tenths = (units * 10.0).round() as u64;
    tenths
}
