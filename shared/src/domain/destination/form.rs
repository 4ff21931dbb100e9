//! What a text is: a URL, a host, an e-mail address or a phone number, alone or in a list.

use std::borrow::Cow;

use super::host::{self, Host};
use super::merge_tag::{MASK, mask, quoted};
use super::number::{self, Digits};
use super::vocabulary::{CALLS, NETWORK};
use super::{Destination, DestinationKind};
use crate::domain::Email;
use crate::domain::invisible::is_ignorable;

/// What the place of a text lets expect of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expectation {
    /// A URL or a host: a name of unknown ending counts, and a merge tag alone.
    pub(super) address: bool,
    /// Somebody to whom something is sent: one address among other words counts.
    pub(super) recipient: bool,
    /// Whether digits are a number.
    pub(super) digits: Digits,
    /// Whether a name without scheme, path or port can be a host.
    pub(super) bare_names: bool,
    /// Whether a name of one label can be a host.
    pub(super) single_names: bool,
}

/// The destinations that `text` consists of; none where it says anything else.
pub(super) fn destinations(text: &str, expected: Expectation, found: &mut dyn FnMut(Destination)) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    let masked = mask(text);
    for literal in &masked.literals {
        pieces(literal, literal, expected, found);
    }
    pieces(&masked.text, text, expected, found);
    if is_code(text) {
        code(text, found);
    }
}

/// Judges the whole, and where that is nothing, each piece of a list. `masked` and `text` have the same length.
fn pieces(masked: &str, text: &str, expected: Expectation, found: &mut dyn FnMut(Destination)) {
    if !masked.contains(char::is_whitespace)
        && let Some(destination) = piece(masked, text, expected)
    {
        return found(destination);
    }
    let mut listed = Vec::new();
    let mut rest = 0;
    for separated in masked.split([',', ';', '|', '\n']) {
        let at = rest;
        rest += separated.len() + 1;
        let whole = &text[at..at + separated.len()];
        if let Some(address) = in_angle_brackets(separated, whole) {
            listed.push(address);
        } else if !words(separated, whole, expected, &mut listed) {
            return;
        }
    }
    listed.into_iter().for_each(found);
}

/// Adds the destinations among the words of one element of a list. `false` where another word shows that it is prose.
fn words(masked: &str, text: &str, expected: Expectation, listed: &mut Vec<Destination>) -> bool {
    // A number may be written with spaces.
    if let Some(number) = number::parse(masked, expected.digits) {
        listed.push(Destination { text: number, kind: DestinationKind::Phone });
        return true;
    }
    let mut at = 0;
    for word in masked.split(char::is_whitespace) {
        let original = &text[at..at + word.len()];
        at += word.len() + masked[at + word.len()..].chars().next().map_or(0, char::len_utf8);
        let is_filled_in = !word.contains(|c: char| c != MASK);
        if let Some(destination) = piece(word, original, expected) {
            listed.push(destination);
        } else if !(is_filled_in || METHODS.contains(&word) || expected.recipient) {
            return false;
        }
    }
    true
}

/// Methods of HTTP, as they stand before a URL.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// `Bob <bob@example.com>`.
fn in_angle_brackets(masked: &str, text: &str) -> Option<Destination> {
    let open = masked.rfind('<')?;
    let inner = masked.trim_end().strip_suffix('>')?.get(open + 1..)?;
    email(inner, &text[open + 1..open + 1 + inner.len()])
}

/// One text without spaces.
fn piece(masked: &str, text: &str, expected: Expectation) -> Option<Destination> {
    let tidy = tidy(masked);
    let shown = shown(text);
    if tidy.is_empty() {
        return None;
    }
    if tidy.chars().all(|c| c == MASK) {
        let is_merge_tag = text.trim() != crate::domain::redaction::PLACEHOLDER;
        return (expected.address && is_merge_tag).then(|| url(shown));
    }
    by_scheme(&tidy, shown, expected)
        .or_else(|| email(&tidy, shown))
        .or_else(|| phone(&tidy, expected.digits))
        .or_else(|| without_scheme(&tidy, shown, expected))
        .or_else(|| {
            // A tag before it may be a condition: {% if x %}https://…
            let rest = tidy.trim_start_matches(MASK);
            (rest.len() < tidy.len()).then(|| by_scheme(rest, shown, expected)).flatten()
        })
}

fn url(text: &str) -> Destination {
    Destination { text: text.to_owned(), kind: DestinationKind::Url }
}

/// Without what does not show, quotes and brackets around it, and in the width of ASCII.
fn tidy(text: &str) -> Cow<'_, str> {
    let around = |c: char| c.is_whitespace() || "\"'`<>()".contains(c);
    let text = text.trim_matches(around);
    if text.is_ascii() && !text.contains(['\t', '\r', '\n']) {
        return Cow::Borrowed(text);
    }
    let narrow = |c: char| match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        0x3002 | 0xFF61 => '.',
        _ => c,
    };
    text.chars().filter(|c| !is_ignorable(*c) && !"\t\r\n".contains(*c)).map(narrow).collect()
}

/// The text as it is shown and accepted: as it stands, without what stands around it.
fn shown(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || "\"'`<>()".contains(c))
}

/// Judges a text by its scheme. Schemes may stand in front of each other, as in `jdbc:mysql://…`: the last one decides.
fn by_scheme(tidy: &str, text: &str, expected: Expectation) -> Option<Destination> {
    let last = tidy.rfind("://");
    let mut at = 0;
    loop {
        match of_scheme(&tidy[at..], text, expected) {
            Scheme::Found(destination) => return destination,
            // A text may have a scheme in every second byte, so this is a loop and looks at each byte once.
            Scheme::Before(rest) if last.is_some_and(|last| at + rest <= last) => at += rest,
            Scheme::Before(_) => return None,
        }
    }
}

/// What the scheme says with which a text begins.
enum Scheme {
    /// The text is this destination, or none.
    Found(Option<Destination>),
    /// Another scheme may stand behind it, from this byte on.
    Before(usize),
}

fn of_scheme(tidy: &str, text: &str, expected: Expectation) -> Scheme {
    let Some((scheme, rest)) = tidy.split_once(':') else { return Scheme::Found(None) };
    let behind = scheme.len() + 1;
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme {
        return Scheme::Found(None);
    }
    let is_named = rest.starts_with("//");
    match scheme.as_str() {
        _ if KNOWN.contains(&scheme.as_str()) => Scheme::Found(of_known_scheme(&scheme, rest, text, expected)),
        _ if is_named => {
            let named = authority(&rest[2..]);
            let is_host = match Host::parse(named.host) {
                Some(Host::Single) => NETWORK.contains(&scheme.as_str()) || named.has_port,
                host => host.is_some(),
            };
            Scheme::Found(is_host.then(|| url(text)))
        }
        _ => Scheme::Before(behind),
    }
}

/// Schemes after which no slashes have to follow.
const KNOWN: [&str; 16] = [
    "mailto", "tel", "sms", "smsto", "callto", "mms", "whatsapp", "sip", "sips", "xmpp", "arn", "http", "https", "ws",
    "wss", "ftp",
];

fn of_known_scheme(scheme: &str, rest: &str, text: &str, expected: Expectation) -> Option<Destination> {
    match scheme {
        "mailto" => email(
            rest.split('?').next()?,
            text.split_once(':').map_or(text, |(_, rest)| rest.split('?').next().unwrap_or(rest)),
        ),
        "tel" | "sms" | "smsto" | "callto" | "mms" | "whatsapp" => {
            phone(rest.trim_start_matches('/').split(['?', ';']).next()?, expected.digits.max(Digits::Certain))
        }
        "sip" | "sips" | "xmpp" => (rest.len() > 1).then(|| url(text)),
        "arn" => (rest.split(':').count() >= 5).then(|| url(text)),
        _ => {
            let rest = rest.trim_start_matches(['/', '\\']);
            (!rest.is_empty() && !rest.starts_with(['?', '#', ':'])).then(|| url(text))
        }
    }
}

/// The host of a URL or of an address in ASCII, where it has other letters: one of them may pass for another.
pub(super) fn ascii_host(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let masked = mask(text);
    let tidy = tidy(&masked.text);
    let rest = tidy.split_once("://").map_or(&*tidy, |(_, rest)| rest).trim_start_matches(['/', '\\']);
    match Host::parse(authority(rest).host)? {
        Host::Name(ascii) => Some(ascii),
        Host::Ip | Host::Single | Host::Merge => None,
    }
}

struct Authority<'t> {
    host: &'t str,
    has_port: bool,
    has_path: bool,
    has_user: bool,
}

/// Takes apart what stands after the slashes of a URL.
fn authority(text: &str) -> Authority<'_> {
    let end = text.find(['/', '\\', '?', '#']).unwrap_or(text.len());
    let (user, host) = text[..end].rsplit_once('@').map_or((None, &text[..end]), |(user, host)| (Some(user), host));
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port))
            if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && !name.contains(':') =>
        {
            (name, Some(port))
        }
        Some((name, port)) if name.starts_with('[') && name.ends_with(']') && !port.is_empty() => (name, Some(port)),
        _ => (host, None),
    };
    Authority { host: name, has_port: port.is_some(), has_path: end < text.len(), has_user: user.is_some() }
}

/// `evil.example/in`, `//evil.example`, `203.0.113.7:8080`, `evil.example` where the place or the name itself says enough.
fn without_scheme(tidy: &str, text: &str, expected: Expectation) -> Option<Destination> {
    let rest = tidy.strip_prefix("//").or_else(|| tidy.strip_prefix("\\\\"));
    let Authority { host, has_port, has_path, has_user } = authority(rest.unwrap_or(tidy));
    let has_more = has_port || has_path || has_user;
    let kind = if has_more || rest.is_some() { DestinationKind::Url } else { DestinationKind::Host };
    let counts = match Host::parse(host)? {
        Host::Ip => true,
        Host::Merge => expected.address || rest.is_some(),
        Host::Single => {
            (has_port && (expected.address || host.eq_ignore_ascii_case("localhost"))) || expected.single_names
        }
        Host::Name(ascii) if expected.address || rest.is_some() || has_port => has_more || !host::is_file(&ascii),
        Host::Name(ascii) => {
            (has_path || expected.bare_names || ascii.starts_with("www.")) && host::is_credible(host, &ascii)
        }
    };
    counts.then(|| Destination { text: text.to_owned(), kind })
}

/// An e-mail address, with or without merge tags in it.
fn email(masked: &str, text: &str) -> Option<Destination> {
    let (local, domain) = masked.rsplit_once('@')?;
    if local.is_empty() || local.contains(|c: char| c.is_whitespace() || ":/\\,;<>()".contains(c)) {
        return None;
    }
    let literal = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match Host::parse(literal.unwrap_or(domain))? {
        Host::Single => return None,
        Host::Ip if literal.is_none() => return None,
        // A contact's own address, put together.
        Host::Merge if local.chars().all(|c| c == MASK) && domain.chars().all(|c| c == MASK) => return None,
        _ => {}
    }
    let folded = match Email::parse(masked) {
        Ok(email) => email.key().as_str().to_owned(),
        Err(_) if masked.contains(MASK) => text.to_owned(),
        Err(_) => masked.to_lowercase(),
    };
    Some(Destination { text: folded, kind: DestinationKind::Email })
}

fn phone(tidy: &str, digits: Digits) -> Option<Destination> {
    number::parse(tidy, digits).map(|number| Destination { text: number, kind: DestinationKind::Phone })
}

fn is_code(text: &str) -> bool {
    CALLS.iter().any(|call| text.contains(call))
}

/// Adds the URLs in code, and what its quoted texts name.
fn code(text: &str, found: &mut dyn FnMut(Destination)) {
    let mut literals = Vec::new();
    quoted(text, &mut literals);
    let expected = Expectation {
        address: false,
        recipient: false,
        digits: Digits::Unlikely,
        bare_names: true,
        single_names: false,
    };
    for literal in literals {
        if !literal.contains(char::is_whitespace) {
            found_in(literal, expected, found);
        }
    }
    for word in text.split(|c: char| c.is_whitespace() || "\"'`<>()".contains(c)) {
        if word.contains("://") {
            found_in(word, expected, found);
        }
    }
}

fn found_in(text: &str, expected: Expectation, found: &mut dyn FnMut(Destination)) {
    let masked = mask(text);
    if let Some(destination) = piece(&masked.text, text, expected) {
        found(destination);
    }
}

/// The URLs that stand anywhere in a text, for links.
pub(super) fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"'`<>()[]{}|\\^".contains(c)).filter_map(|word| {
        let at = word.find("://")?;
        let scheme = word[..at].rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |before| before + 1);
        let is_web = ["http", "https"]
            .iter()
            .any(|web| word.get(scheme..at).is_some_and(|found| found.eq_ignore_ascii_case(web)));
        let link = word[scheme..].trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
        (is_web && link.len() > at - scheme + 3).then_some(link)
    })
}
