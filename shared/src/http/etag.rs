//! Entity tags, and the condition that a client sets on them (RFC 9110, sections 8.8.3 and 13.1.1): a snapshot's is its
//! version and revision, or the time of its sharing; a plan's is its hash.

use std::fmt::Display;

use http::HeaderValue;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use lambda_http::Request;

use super::ApiError;
use crate::domain::Snapshot;

/// What an If-Match header may hold, as a regular expression.
pub(super) const PATTERN: &str =
    r#"^(\*|[0-9A-Za-z.]+|(W/)?"[!#-~\u0080-\u00ff]*"([ \t]*,[, \t]*(W/)?"[!#-~\u0080-\u00ff]*")*[, \t]*)$"#;

/// The white space of a header (RFC 9110, section 5.6.3); `trim` would take every other kind, too.
const WHITE_SPACE: [char; 2] = [' ', '\t'];

/// The value of the `ETag` header for a version or a hash: strong, since every change of what is shown makes another one.
pub fn etag(state: impl Display) -> HeaderValue {
    // Quotes, digits and letters are always a header value.
    HeaderValue::from_str(&tag(state)).unwrap_or(HeaderValue::from_static("\"\""))
}

fn tag(state: impl Display) -> String {
    format!("\"{state}\"")
}

/// What the `If-Match` header of a request demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Any version: the header is absent, or `*`.
    Any,
    /// One of these.
    Tags(Vec<String>),
}

impl IfMatch {
    /// Reads the header, or fails with 400 `invalid_header`.
    pub fn of(request: &Request) -> Result<Self, ApiError> {
        let mut tags = Vec::new();
        let mut any = false;
        for value in request.headers().get_all(IF_MATCH) {
            // A tag may hold bytes beyond ASCII; ours never do, so what they are does not matter.
            let text = String::from_utf8_lossy(value.as_bytes());
            match text.trim_matches(WHITE_SPACE) {
                "*" => any = true,
                bare if is_bare(bare) => tags.push(tag(bare)),
                list => tags.extend(parse_list(list).ok_or_else(malformed)?),
            }
        }
        match (any, tags.is_empty()) {
            (true, false) => Err(malformed()),
            (_, true) => Ok(Self::Any),
            (false, false) => Ok(Self::Tags(tags)),
        }
    }

    /// Fails with 412 where another version of the snapshot is demanded, whatever its revision. A tag may be that of a version
    /// alone, as clients have it that asked before tags named revisions.
    pub fn check_version(&self, version: u64) -> Result<(), ApiError> {
        let is_of_it = |tag: &str| {
            let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
            let (named, revision) = tag.split_once('.').unwrap_or((tag, "1"));
            let is_revision = revision.parse::<u32>().is_ok_and(|number| number.to_string() == revision);
            Some(is_revision && named == version.to_string())
        };
        self.check_where(|tag| is_of_it(tag) == Some(true))
    }

    /// Fails with 412 where another version or revision of the snapshot is demanded. A tag of a version alone, as clients have
    /// it that asked before tags named revisions, demands that version.
    pub fn check_snapshot(&self, snapshot: &Snapshot) -> Result<(), ApiError> {
        let tags = [tag(snapshot.tag()), tag(snapshot.version)];
        self.check_where(|demanded| tags.iter().any(|tag| tag == demanded))
    }

    /// Fails with 412 where `state`, the hash of what is there, is not what is demanded.
    pub fn check(&self, state: impl Display) -> Result<(), ApiError> {
        let state = tag(state);
        self.check_where(|tag| *tag == state)
    }

    fn check_where(&self, is_met: impl Fn(&str) -> bool) -> Result<(), ApiError> {
        match self {
            Self::Tags(tags) if !tags.iter().any(|tag| is_met(tag)) => Err(ApiError::Stale),
            _ => Ok(()),
        }
    }
}

/// The detail of the 400 for a malformed If-Match.
pub(super) const MALFORMED: &str = "If-Match is *, ETags of earlier answers with their quotes, such as \"3.1\", or one version or \
                                    planHash without quotes";

/// Whether this is a `version` or a `planHash` as bodies have it, without quotes. None of them has another character.
fn is_bare(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

fn malformed() -> ApiError {
    ApiError::InvalidHeader(MALFORMED.to_owned())
}

/// What the `If-None-Match` header of a request says that the client has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfNoneMatch(Vec<String>);

impl IfNoneMatch {
    /// Reads the header. A malformed tag names nothing, and the client gets the whole answer.
    pub fn of(request: &Request) -> Self {
        let values = request.headers().get_all(IF_NONE_MATCH).iter();
        let lists = values.map(|value| String::from_utf8_lossy(value.as_bytes()).trim_matches(WHITE_SPACE).to_owned());
        Self(
            lists
                .flat_map(|list| if list == "*" { vec![list] } else { parse_list(&list).unwrap_or_default() })
                .collect(),
        )
    }

    /// Whether the client has what `tag` stands for. Weak tags count, too (RFC 9110, section 13.1.2): a proxy that
    /// compresses an answer on its way may weaken its tag.
    pub fn names(&self, tag: &HeaderValue) -> bool {
        self.0
            .iter()
            .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known).as_bytes() == tag.as_bytes())
    }
}

/// The tags of a list, weak ones with their mark: they are well-formed, and equal to no version's tag.
fn parse_list(list: &str) -> Option<Vec<String>> {
    let mut tags = Vec::new();
    let mut rest = list;
    loop {
        let (weak, opaque) = match rest.strip_prefix("W/") {
            Some(opaque) => (true, opaque),
            None => (false, rest),
        };
        let quoted = opaque.strip_prefix('"')?;
        let end = quoted.find('"')?;
        let (inside, after) = quoted.split_at(end);
        if inside.chars().any(|letter| letter.is_ascii_control() || letter == ' ') {
            return None;
        }
        tags.push(if weak { format!("W/\"{inside}\"") } else { format!("\"{inside}\"") });
        rest = after[1..].trim_start_matches(WHITE_SPACE);
        if rest.is_empty() {
            return Some(tags);
        }
        // A list may have empty elements.
        rest = rest.strip_prefix(',')?.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return Some(tags);
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn read(values: &[&str]) -> Result<IfMatch, ApiError> {
        let mut request = http::Request::new(Body::Empty);
        for value in values {
            request.headers_mut().append(IF_MATCH, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        IfMatch::of(&request)
    }

    #[test]
    fn a_version_is_a_strong_tag() {
        assert_eq!(etag(12), "\"12\"");
    }

    #[test]
    fn the_tags_of_a_demand_are_compared_strongly() {
        for (values, admitted) in [
            (&[][..], true),
            (&["*"], true),
            (&[" * "], true),
            (&["\"3\""], true),
            (&["\"2\", \"3\""], true),
            (&["\"2\",,\t\"3\","], true),
            (&["\"2\"", "\"3\""], true),
            (&["\t\"2\" , \"3\" \t"], true),
            (&["3"], true),
            (&[" 3\t"], true),
            (&["\"2\"", "3"], true),
            (&["2"], false),
            (&["03"], false),
            (&["w"], false),
            (&["\"2\""], false),
            (&["W/\"3\""], false),
            (&["\"03\""], false),
            (&["\"\""], false),
            (&["\"é\""], false),
            (&["\"3,\", \"4\""], false),
        ] {
            let demand = read(values).unwrap();
            assert_eq!(demand.check(3), if admitted { Ok(()) } else { Err(ApiError::Stale) }, "{values:?}");
        }
    }

    #[test]
    fn what_a_client_has_is_compared_weakly_and_what_is_no_tag_is_nothing() {
        for (values, known) in [
            (&[][..], false),
            (&["*"], true),
            (&["\"3\""], true),
            (&["W/\"3\""], true),
            (&["\"2\", \"3\""], true),
            (&["\"2\"", "W/\"3\""], true),
            (&["\"2\""], false),
            (&["3"], false),
            (&["\"3"], false),
            (&[""], false),
        ] {
            let mut request = http::Request::new(Body::Empty);
            for value in values {
                request.headers_mut().append(IF_NONE_MATCH, HeaderValue::from_static(value));
            }
            assert_eq!(IfNoneMatch::of(&request).names(&etag(3)), known, "{values:?}");
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        for values in [
            &[""][..],
            &["3, 4"],
            &["3,"],
            &["\"2\", 3"],
            &["3!"],
            &["\"3"],
            &["3\""],
            &["\"3\" \"4\""],
            &["w/\"3\""],
            &["W/3"],
            &["W/ \"3\""],
            &["*, \"3\""],
            &["*", "\"3\""],
            &[","],
            &["\"3\";"],
            &["\"a b\""],
            &["\"3\"x"],
            &["**"],
            // A space, but not one that a header may have around its value.
            &["\u{a0}*"],
            &["\"3\"\u{a0}"],
            &["\"3\"\u{2003}, \"4\""],
        ] {
            assert!(matches!(read(values), Err(ApiError::InvalidHeader(_))), "{values:?}");
        }
    }
}
