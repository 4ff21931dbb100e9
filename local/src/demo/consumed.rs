//! What the requests of this process consumed, as the functions log it.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use shared::capacity::ConsumedUnits;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// `None` until a request was logged.
static TOTAL: Mutex<Option<ConsumedUnits>> = Mutex::new(None);

/// Adds up the units in the log lines of requests from here on.
pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>() -> impl Layer<S> {
    UnitsLayer.with_filter(Targets::new().with_target("shared::http::respond", LevelFilter::INFO))
}

/// The sum; `None` where nothing listens to the log.
pub(super) fn total() -> Option<ConsumedUnits> {
    *TOTAL.lock().unwrap_or_else(PoisonError::into_inner)
}

struct UnitsLayer;

impl<S: Subscriber> Layer<S> for UnitsLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut units = UnitsVisitor(ConsumedUnits::default());
        event.record(&mut units);
        *TOTAL.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default() += units.0;
    }
}

/// Reads the units from the fields of an event.
struct UnitsVisitor(ConsumedUnits);

impl Visit for UnitsVisitor {
    fn record_f64(&mut self, field: &Field, value: f64) {
        match field.name() {
            "read_units" => self.0.read_units = value,
            "write_units" => self.0.write_units = value,
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "table_calls" {
            self.0.calls = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
