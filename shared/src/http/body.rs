//! Request bodies: strict JSON, then the typed shape, then the values one by one.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use lambda_http::{Body, Request};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::error::ApiError;
use super::field_error::FieldError;
use super::limits::{MAX_LISTED, MAX_REPEATED, MAX_REQUEST_BYTES};
use super::strict_json::{self, NotStrict, Object};
use crate::domain::{Violation, ViolationKind, Work, cut, pointer};

/// The bytes of a body that is not too large. Nothing of them is read yet: that is done on another thread, under a meter.
pub struct JsonBody(Vec<u8>);

impl JsonBody {
    /// Returns the body of a request. Fails with 415 unless the content type is JSON in UTF-8 and nothing is compressed, and
    /// with 413 over [`MAX_REQUEST_BYTES`].
    pub fn of(request: &Request) -> Result<Self, ApiError> {
        if !is_json(request) || is_compressed(request) {
            return Err(ApiError::UnsupportedMediaType);
        }
        let bytes = bytes_of(request);
        if bytes.len() > MAX_REQUEST_BYTES { Err(ApiError::BodyTooLarge) } else { Ok(Self(bytes.to_owned())) }
    }

    /// Reads the body as a `T`, which should deny unknown fields, take optional ones as `Option`, so that null is as absent, and
    /// structs within it as [`Object`].
    ///
    /// Skips a byte order mark of UTF-8 in front. Fails with 400 `invalid_json`, or 400 `invalid_body` with a pointer to what does
    /// not fit. No answer repeats a value: it may be a password.
    pub fn read<T: DeserializeOwned>(&self, work: &Work) -> Result<T, ApiError> {
        work.spend(self.0.len())?;
        let text = utf8(&self.0)?.as_bytes();
        strict_json::check(text, work)?.map_err(|refusal| match refusal {
            NotStrict::Syntax(why) => ApiError::InvalidJson(why),
            NotStrict::DuplicateKey(pointer) => {
                ApiError::InvalidBody(vec![FieldError::new(pointer, "this key stands in its object more than once")])
            }
        })?;
        work.spend(text.len())?;
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let Object(body) = serde_path_to_error::deserialize(&mut deserializer).map_err(shape_error)?;
        // For what is done with it.
        work.spend(text.len())?;
        Ok(body)
    }
}

/// Returns whether the request has no body.
pub fn is_absent(request: &Request) -> bool {
    bytes_of(request).is_empty()
}

fn bytes_of(request: &Request) -> &[u8] {
    match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    }
}

/// The byte order mark of UTF-8.
const MARK: char = '\u{feff}';

/// The text of a body, less a byte order mark. JSON has no NUL, so a text with one is UTF-16 or UTF-32.
fn utf8(bytes: &[u8]) -> Result<&str, ApiError> {
    let refused = |at: usize| {
        ApiError::InvalidJson(format!(
            "the body is not UTF-8 at byte {}; send UTF-8, uncompressed",
            at.saturating_add(1)
        ))
    };
    let text = std::str::from_utf8(bytes).map_err(|error| refused(error.valid_up_to()))?;
    match text.find('\0') {
        Some(at) => Err(refused(at)),
        None => Ok(text.strip_prefix(MARK).unwrap_or(text)),
    }
}

/// Whether a `Content-Encoding` says more than `identity`.
fn is_compressed(request: &Request) -> bool {
    let values = request.headers().get_all(CONTENT_ENCODING).iter();
    let mut codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

/// Exactly one content type, `application/json`, with no parameter but a charset of UTF-8.
fn is_json(request: &Request) -> bool {
    let mut values = request.headers().get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        })
}

/// Serde's message in the words of JSON, without the value that was there, and with a pointer to the place.
fn shape_error(error: serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let mut path: Vec<String> = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    let message = error.into_inner().to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let detail = if let Some(field) = quoted_after(message, "missing field ") {
        path.push(field.to_owned());
        "this field is required".to_owned()
    } else if message.starts_with("unknown field ") {
        // The path leads to the field itself already, other than for a missing one.
        match message.rsplit_once("`, expected ") {
            Some((_, allowed)) => format!("there is no such field; allowed: {}", allowed.trim_start_matches("one of ")),
            None => "there is no such field; none is allowed here".to_owned(),
        }
    } else if let Some((found, expected)) = mismatch(message) {
        format!("expected {expected}, found {found}")
    } else {
        message.to_owned()
    };
    ApiError::InvalidBody(vec![FieldError::new(pointer(&path), detail)])
}

/// The name between the backticks that follow `prefix`.
fn quoted_after<'m>(message: &'m str, prefix: &str) -> Option<&'m str> {
    message.strip_prefix(prefix)?.strip_prefix('`')?.strip_suffix('`')
}

/// What was there and what should be, from `invalid type: string "secret", expected a boolean`.
fn mismatch(message: &str) -> Option<(&str, &str)> {
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    let kind = found.split(['`', '"']).next().unwrap_or_default().trim();
    Some((in_json_words(kind), in_json_words(expected)))
}

fn in_json_words(rust: &str) -> &str {
    match rust {
        "map" | "a map" => "an object",
        "sequence" | "a sequence" => "an array",
        "string" | "str" => "a string",
        "boolean" | "bool" => "a boolean",
        "integer" => "an integer",
        "floating point" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "i8" | "i16" | "i32" | "i64" | "isize" => "an integer",
        "f32" | "f64" => "a number",
        other if other.starts_with("struct ") => "an object",
        other if other.starts_with("option") => "a value",
        other => other,
    }
}

/// Collects what is wrong with the values of a body, so that one answer names all of it.
///
/// ```text
/// let mut fields = Fields::default();
/// let name = fields.take("/name", SnapshotName::parse(body.name));
/// let user = fields.take("/sourceUserId", body.source_user_id.parse::<ObjectId>());
/// let (Some(name), Some(user)) = (name, user) else { return Err(fields.into_error()) };
/// fields.finish()?;
/// ```
#[derive(Debug, Default)]
pub struct Fields {
    errors: Vec<FieldError>,
    malformed: bool,
}

impl Fields {
    /// The value, or nothing after noting what is wrong at `pointer`.
    pub fn take<T>(&mut self, pointer: impl Into<String>, outcome: Result<T, Violation>) -> Option<T> {
        outcome.map_err(|violation| self.note(pointer, violation)).ok()
    }

    /// The value parsed where there is one. The outer option is empty when it was there and wrong.
    pub fn take_optional<S, T>(
        &mut self,
        pointer: impl Into<String>,
        value: Option<S>,
        parse: impl FnOnce(S) -> Result<T, Violation>,
    ) -> Option<Option<T>> {
        self.take(pointer, value.map(parse).transpose())
    }

    /// Notes a violation at `pointer`.
    pub fn note(&mut self, pointer: impl Into<String>, violation: Violation) {
        self.malformed |= violation.kind == ViolationKind::Malformed;
        if self.errors.len() < MAX_LISTED {
            self.errors.push(FieldError::new(pointer, violation.detail));
        }
    }

    /// The same for one of many places: its pointer is made only where an answer has room for it, and no longer than it is shown. One
    /// very long key may stand in front of all of them.
    pub fn note_at(&mut self, segments: &[&str], violation: Violation) {
        let shown = || pointer(segments.iter().map(|segment| cut(segment, MAX_REPEATED)));
        let place = if self.errors.len() < MAX_LISTED { shown() } else { String::new() };
        self.note(place, violation);
    }

    /// Fails with 400 `invalid_body` when anything noted was malformed, with 422 `refused` when anything was refused.
    /// All pointers go into the answer either way.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }

    /// What was refused, for an answer that lists it. Fails with 400 `invalid_body` when anything noted was malformed.
    pub fn into_refusals(self) -> Result<Vec<FieldError>, ApiError> {
        if self.malformed { Err(self.into_error()) } else { Ok(self.errors) }
    }

    /// The error of [`Fields::finish`], for a place where something is known to be wrong.
    pub fn into_error(self) -> ApiError {
        match (self.errors.is_empty(), self.malformed) {
            (true, _) => ApiError::internal("a value of the body is missing, but nothing was noted against it"),
            (false, true) => ApiError::InvalidBody(self.errors),
            (false, false) => ApiError::Refused(self.errors),
        }
    }
}

#[cfg(test)]
mod tests;
