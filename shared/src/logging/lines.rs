//! Writes each event as one JSON object on a line, with the fields of the spans around it and its metrics.

use std::fmt::Debug;

use serde_json::{Map, Number, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::metrics;
use crate::clock::{Clock, SystemClock};

/// Writes the lines.
pub(super) struct JsonLines<W> {
    pub(super) writer: W,
    /// The namespace of the metrics in CloudWatch. Without one no line has metrics.
    pub(super) namespace: Option<String>,
}

/// The fields of an event or a span.
#[derive(Debug, Default)]
struct LineFields(Map<String, Value>);

impl LineFields {
    /// Puts the value under the field's name. A dot in the name of one of our fields leads into an object.
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        // The macros of other crates call raw identifiers so.
        let mut path = field.name().trim_start_matches("r#").split('.');
        let last = path.next_back().unwrap_or_default();
        let mut object = &mut self.0;
        for name in path {
            let inner = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
            // A field that is a plain value and an object, too, keeps the plain value.
            let Value::Object(inner) = inner else { return };
            object = inner;
        }
        object.insert(last.to_owned(), value.into());
    }
}

impl Visit for LineFields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Number::from_f64(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}"));
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = LineFields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<LineFields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let now = SystemClock.now();
        let mut fields = LineFields::default();
        for span in context.event_scope(event).into_iter().flat_map(|spans| spans.from_root()) {
            if let Some(LineFields(outer)) = span.extensions().get() {
                fields.0.extend(outer.clone());
            }
        }
        event.record(&mut fields);
        let LineFields(mut line) = fields;
        line.insert("timestamp".to_owned(), now.to_string().into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("target".to_owned(), event.metadata().target().into());
        if let Some(namespace) = &self.namespace {
            metrics::add(&mut line, namespace, now);
        }
        let Ok(mut text) = serde_json::to_string(&line) else { return };
        text.push('\n');
        // A log that cannot be written has no other place to say so.
        let _ = std::io::Write::write_all(&mut self.writer.make_writer_for(event.metadata()), text.as_bytes());
    }
}
