//! The query string of a request for a page: every parameter is known, stands once, and has a value that means something.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lambda_http::Request;
use url::form_urlencoded;

use super::{ApiError, FieldError, ORGANIZATION_ID};
use crate::domain::{ObjectId, Timestamp};

/// The most entries of one page, and how many it has where no limit is given: a client of the public API does not page.
pub const MAX_PAGE: usize = 200;

/// The first byte of a cursor. A later form gets another one, so that it is not read as this form.
const CURSOR_VERSION: u8 = 1;
/// What a parameter that is a moment should be.
pub(super) const MOMENT: &str = "is a time like 2026-05-15T09:00:00.000Z";
/// The longest cursor that is looked at. Ours have about 70 characters.
pub(super) const MAX_CURSOR: usize = 200;

/// The detail for an `organizationId` that is not an id.
pub(super) const NO_ORGANIZATION_ID: &str = "the parameter \"organizationId\" is an id of 24 hex digits";

/// The parameters of a query string.
#[derive(Debug)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads the parameters, or fails with 400 `invalid_query` where one is not among `known` or stands twice.
    pub fn of(request: &Request, known: &[&str]) -> Result<Self, ApiError> {
        let mut parameters = BTreeMap::new();
        let mut errors = Vec::new();
        for (name, value) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
            if !known.contains(&name.as_ref()) {
                let shown: String = name.chars().take(40).collect();
                errors.push(format!("there is no parameter {shown:?} here; {}", allowed(known)));
            } else if parameters.contains_key(name.as_ref()) {
                errors.push(format!("the parameter {name:?} stands more than once"));
            } else {
                parameters.insert(name.into_owned(), value.into_owned());
            }
        }
        if errors.is_empty() { Ok(Self(parameters)) } else { Err(invalid(errors)) }
    }

    /// Returns the organization that the parameter `organizationId` names, if the request has it. Looks at no other parameter. Fails
    /// with 400 `invalid_query` where it stands twice or is no id.
    pub fn organization(request: &Request) -> Result<Option<ObjectId>, ApiError> {
        let pairs = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        let mut values = pairs.filter(|(name, _)| name == ORGANIZATION_ID).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.parse().map(Some).map_err(|_| invalid(vec![NO_ORGANIZATION_ID.to_owned()])),
            (Some(_), Some(_)) => {
                Err(invalid(vec![format!("the parameter {ORGANIZATION_ID:?} stands more than once")]))
            }
        }
    }

    /// The value of a parameter, read by `parse`, whose error says what it should be; `None` where it is not given.
    pub fn get<T>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>, ApiError> {
        let value = self.0.get(name).map(|value| parse(value));
        value.transpose().map_err(|wrong| invalid(vec![format!("the parameter {name:?} {wrong}")]))
    }

    /// Returns the value of a parameter that is `true` or `false`; false if it is absent.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        let flag = self.get(name, |value| match value {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("is true or false".to_owned()),
        });
        Ok(flag?.unwrap_or_default())
    }

    /// Returns the value of a parameter that is a moment (RFC 3339).
    pub fn moment(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        self.get(name, |value| value.parse().map_err(|_| MOMENT.to_owned()))
    }

    /// `limit`: how many entries the page has at most, 1 to [`MAX_PAGE`].
    pub fn limit(&self) -> Result<usize, ApiError> {
        let wrong = || format!("is a whole number from 1 to {MAX_PAGE}");
        let limit = self.get("limit", |value| {
            // Digits alone: Rust's own parser takes a plus sign as well.
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            let number = value.parse().ok().filter(|number| digits && (1..=MAX_PAGE).contains(number));
            number.ok_or_else(wrong)
        })?;
        Ok(limit.unwrap_or(MAX_PAGE))
    }

    /// `cursor`: where the page starts; `None` for the first page.
    pub fn cursor<P: FromStr>(&self) -> Result<Option<P>, ApiError> {
        let wrong = || "is the nextCursor of an earlier page of this list, unchanged".to_owned();
        self.get("cursor", |value| Cursor::read(value).ok_or_else(wrong))
    }
}

/// A place in a list as clients get it, to be sent back unchanged.
pub struct Cursor;

impl Cursor {
    /// The place as an opaque text.
    pub fn write(place: &impl Display) -> String {
        let mut bytes = vec![CURSOR_VERSION];
        bytes.extend_from_slice(place.to_string().as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read<P: FromStr>(text: &str) -> Option<P> {
        let bytes = (text.len() <= MAX_CURSOR).then(|| BASE64_URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
        let (version, place) = bytes.split_first()?;
        if *version == CURSOR_VERSION { std::str::from_utf8(place).ok()?.parse().ok() } else { None }
    }
}

fn allowed(known: &[&str]) -> String {
    if known.is_empty() { "none is taken".to_owned() } else { format!("allowed: {}", known.join(", ")) }
}

/// Parameters have no place in a body, so the details name them.
fn invalid(details: Vec<String>) -> ApiError {
    ApiError::InvalidQuery(details.into_iter().map(|detail| FieldError::new("", detail)).collect())
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn with<T>(query: &str, known: &[&str], read: impl FnOnce(&Query) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let request = http::Request::builder().uri(format!("/x?{query}")).body(Body::Empty).unwrap();
        read(&Query::of(&request, known)?)
    }

    fn refusal<T: std::fmt::Debug>(outcome: Result<T, ApiError>) -> String {
        match outcome {
            Err(ApiError::InvalidQuery(errors)) => {
                errors.into_iter().map(|error| error.detail).collect::<Vec<_>>().join("; ")
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_limit_is_1_to_200_and_200_where_none_is_given() {
        for (query, expected) in [("", 200), ("limit=1", 1), ("limit=199", 199), ("limit=200", 200), ("lim%69t=7", 7)] {
            assert_eq!(with(query, &["limit"], Query::limit), Ok(expected), "{query}");
        }
        for bad in ["0", "201", "-1", "+1", "1.0", "", "%20", "x", "18446744073709551616", "٣", "1%00"] {
            let told = refusal(with(&format!("limit={bad}"), &["limit"], Query::limit));
            assert_eq!(told, "the parameter \"limit\" is a whole number from 1 to 200", "{bad}");
        }
    }

    #[test]
    fn a_moment_is_as_rfc_3339_has_it() {
        let read = |value: &str| with(&format!("from={value}"), &["from"], |query| query.moment("from"));
        let moment = Timestamp::from_millis(1_778_835_600_000);
        for good in ["2026-05-15T09:00:00.000Z", "2026-05-15T09:00:00Z", "2026-05-15T11:00:00%2B02:00"] {
            assert_eq!(read(good), Ok(Some(moment)), "{good}");
        }
        for bad in ["", "2026-05-15", "2026-05-15T09:00:00", "2026-02-30T09:00:00Z", "1778835600", "now"] {
            let told = refusal(read(bad));
            assert_eq!(told, "the parameter \"from\" is a time like 2026-05-15T09:00:00.000Z", "{bad}");
        }
    }

    #[test]
    fn an_unknown_parameter_and_one_that_stands_twice_are_named() {
        assert_eq!(
            refusal(with("page=2&limit=1&limit=1&Limit=3", &["limit", "cursor"], Query::limit)),
            "there is no parameter \"page\" here; allowed: limit, cursor; the parameter \"limit\" stands more than once; \
             there is no parameter \"Limit\" here; allowed: limit, cursor"
        );
        assert_eq!(refusal(with("x", &[], Query::limit)), "there is no parameter \"x\" here; none is taken");
        let told = refusal(with(&"y".repeat(5_000), &[], Query::limit));
        assert!(told.len() < 200, "{told}");
    }

    #[test]
    fn an_organization_is_named_once_beside_other_parameters_by_an_id() {
        let named = |query: &str| {
            let request = http::Request::builder().uri(format!("/x?{query}")).body(Body::Empty).unwrap();
            Query::organization(&request)
        };
        let id = "64ee9a8b1e7f2a0011223344";
        assert_eq!((named(""), named("limit=1")), (Ok(None), Ok(None)));
        assert_eq!(named(&format!("limit=x&organization%49d={id}")), Ok(Some(id.parse().unwrap())));
        assert_eq!(refusal(named("organizationId=acme")), NO_ORGANIZATION_ID);
        assert_eq!(refusal(named("organizationId=")), NO_ORGANIZATION_ID);
        let twice = format!("organizationId={id}&organizationId={id}");
        assert_eq!(refusal(named(&twice)), "the parameter \"organizationId\" stands more than once");
    }

    #[test]
    fn a_cursor_reads_as_it_is_written_and_nothing_else_does() {
        let text = "64ee9a8b1e7f2a0011223344";
        let place: ObjectId = text.parse().unwrap();
        let cursor = Cursor::write(&place);
        let read = |cursor: &str| with(&format!("cursor={cursor}"), &["cursor"], Query::cursor::<ObjectId>);
        assert_eq!(read(&cursor), Ok(Some(place)));
        assert_eq!(with("", &["cursor"], Query::cursor::<ObjectId>), Ok(None));

        let encode = |version: u8, text: &str| BASE64_URL_SAFE_NO_PAD.encode([&[version], text.as_bytes()].concat());
        assert_eq!(cursor, encode(1, text));
        for bad in [
            String::new(),
            "x".to_owned(),
            format!("{cursor}="),
            format!("{cursor}A"),
            cursor[1..].to_owned(),
            encode(0, text),
            encode(2, text),
            encode(1, ""),
            encode(1, &text[1..]),
            encode(1, &" ".repeat(500)),
            BASE64_URL_SAFE_NO_PAD.encode([1, 0xff, 0xfe]),
        ] {
            let told = refusal(read(&bad));
            let expected = "the parameter \"cursor\" is the nextCursor of an earlier page of this list, unchanged";
            assert_eq!(told, expected, "{bad}");
        }
    }
}
