//! What a text is, or holds, of the source person, in whatever dress people and machines write it.

use std::ops::Range;

use super::dialled::{DIALLED_FIRST, DialledNumber, MAX_COUNTRY_DIGITS, MIN_NATIONAL_DIGITS, dialled, holds_number};
use super::normal::{decoded, legible};
use super::{IdentityKind, list};
use crate::domain::id_shape::{self, EmbeddedId, IdContext};
use crate::domain::invisible::is_ignorable;
use crate::domain::{Email, ObjectId};

/// The longest text that is looked at as a whole, in bytes: an address of 254 with a name beside it, in bytes of other scripts.
const MAX_WHOLE: usize = 1_200;
/// The fewest digits of a number that is looked for. Shorter ones are also counts and years.
const MIN_DIGITS: usize = 7;

const ADDRESS_SCHEMES: [&str; 6] = ["mailto:", "sip:", "sips:", "xmpp:", "acct:", "smtp:"];
const NUMBER_SCHEMES: [&str; 12] = [
    "tel:",
    "sms:",
    "smsto:",
    "mms:",
    "callto:",
    "whatsapp:",
    "fax:",
    "facetime:",
    "facetime-audio:",
    "skype:",
    "imessage:",
    "viber:",
];
/// What stands before the number in a link that opens a chat or a call, by folded text. Some end with the name of a parameter.
const LINKS: [&str; 10] = [
    "wa.me/",
    "api.whatsapp.com/",
    "web.whatsapp.com/",
    "whatsapp.com/send",
    "whatsapp://send",
    "t.me/",
    "viber://",
    "signal.me/#p/",
    "sip:",
    "sips:",
];
/// Parameters of such links that hold a number.
const NUMBER_PARAMETERS: [&str; 4] = ["phone=", "number=", "to=", "p="];

/// The values by which the source person is recognized.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceIdentity {
    organization: String,
    user: String,
    email: Option<Email>,
    /// The digits of the number, with the country code.
    phone: Option<String>,
}

impl SourceIdentity {
    /// The source person. A number of fewer than 7 digits is not looked for.
    pub fn new(organization: ObjectId, user: ObjectId, email: Option<&Email>, phone: Option<&str>) -> Self {
        let digits = |number: DialledNumber| match number.digits.strip_prefix("00") {
            Some(rest) if !number.is_international => rest.to_owned(),
            _ => number.digits,
        };
        let phone = phone.and_then(dialled).map(digits);
        Self {
            organization: organization.to_string(),
            user: user.to_string(),
            email: email.cloned(),
            phone: phone.filter(|digits| digits.len() >= MIN_DIGITS),
        }
    }

    /// Which value `text` is as a whole.
    pub(super) fn whole(&self, text: &str) -> Option<IdentityKind> {
        if text.len() > MAX_WHOLE || is_link(text) {
            return None;
        }
        let inner = &text[unwrapped(text)];
        if is_id(inner, &self.user) {
            return Some(IdentityKind::UserId);
        }
        if is_id(inner, &self.organization) {
            return Some(IdentityKind::OrganizationId);
        }
        if self.is_mailbox(&inner[bare_address(inner)]) {
            return Some(IdentityKind::UserEmail);
        }
        let is_phone =
            self.phone.is_some() && dialled(&inner[bare_number(inner)]).is_some_and(|number| self.is_number(&number));
        is_phone.then_some(IdentityKind::UserPhone)
    }

    /// Whether a number that is written without quotes is the phone number.
    pub(super) fn is_phone(&self, number: &str) -> bool {
        let is_integer = number.bytes().all(|byte| byte.is_ascii_digit());
        is_integer && self.is_number(&DialledNumber { is_international: false, digits: number.to_owned() })
    }

    /// The values that stand in `text`, each by itself: in a list of people or of ids, in a link that calls or writes to somebody, or as an
    /// id in quotes or in a path. Empty where the text says anything else.
    pub(super) fn parts(&self, text: &str) -> Vec<(IdentityKind, Range<usize>)> {
        let ids = id_shape::ids(text);
        if !ids.is_empty() {
            return ids.into_iter().filter_map(|id| self.written(text, id)).collect();
        }
        if let Some(number) = link_number(text) {
            let is_own = dialled(&text[number.clone()]).is_some_and(|it| self.is_number(&it));
            return Vec::from_iter(is_own.then_some((IdentityKind::UserPhone, number)));
        }
        self.listed(text)
    }

    fn written(&self, text: &str, EmbeddedId { range, standing }: EmbeddedId) -> Option<(IdentityKind, Range<usize>)> {
        let id = text.get(range.clone()).filter(|_| standing != IdContext::Within)?;
        match id {
            _ if id.eq_ignore_ascii_case(&self.user) => Some((IdentityKind::UserId, range)),
            _ if id.eq_ignore_ascii_case(&self.organization) => Some((IdentityKind::OrganizationId, range)),
            _ => None,
        }
    }

    /// The source person's elements of a list that consists of addresses, numbers and merge tags.
    fn listed(&self, text: &str) -> Vec<(IdentityKind, Range<usize>)> {
        let outer = unwrapped(text);
        let start = outer.start + list_start(&text[outer.clone()]);
        let inner = &text[start..outer.end];
        // What is asked for in a link of a scheme is no part of the list.
        let inner = if start > outer.start { inner.split('?').next().unwrap_or_default() } else { inner };
        let mut own = Vec::new();
        for element in list::elements(inner) {
            let (at, element) = (start + element.start, &inner[element]);
            if element.len() > MAX_WHOLE || !is_somebody(element) {
                return Vec::new();
            }
            if let Some(kind) =
                self.whole(element).filter(|kind| matches!(kind, IdentityKind::UserEmail | IdentityKind::UserPhone))
            {
                let part = bare(element, kind);
                own.push((kind, at + part.start..at + part.end));
            }
        }
        own
    }

    /// Whether `text` is the address, alone or with a name beside it (RFC 5322, section 3.4; the older form has a comment).
    fn is_mailbox(&self, text: &str) -> bool {
        let text = legible(text);
        let text = text.as_ref();
        if !text.contains('@') && !text.contains("%40") {
            return false;
        }
        if self.is_address(text) || (text.contains('%') && self.is_address(&decoded(text))) {
            return true;
        }
        let named = text.split_once('<').and_then(|(name, rest)| Some((name, rest.strip_suffix('>')?)));
        let commented = || text.split_once(" (").and_then(|(rest, name)| Some((name.strip_suffix(')')?, rest)));
        named.or_else(commented).is_some_and(|(name, it)| {
            let name = name.trim();
            let is_name = !name.contains('@') || (name.len() > 1 && name.starts_with('"') && name.ends_with('"'));
            let it = it.trim();
            (is_name || self.is_address(name)) && self.is_address(&it[scheme(it, &ADDRESS_SCHEMES)..])
        })
    }

    fn is_address(&self, text: &str) -> bool {
        let (Some(email), Some((local, _))) = (&self.email, text.rsplit_once('@')) else { return false };
        let (local, own) = (legible(local), email.key().as_str().rsplit_once('@').map_or("", |(local, _)| local));
        // Only the domain needs a closer look, which costs much more.
        local.eq_ignore_ascii_case(own) && Email::parse(legible(text)).is_ok_and(|address| address.key() == email.key())
    }

    fn is_number(&self, DialledNumber { is_international, digits }: &DialledNumber) -> bool {
        let Some(phone) = &self.phone else { return false };
        let is_own = |digits: &str| {
            let country = phone.len().checked_sub(digits.len());
            let is_national = !is_international && digits.len() >= MIN_NATIONAL_DIGITS && phone.ends_with(digits);
            digits == phone || (is_national && country.is_some_and(|country| country <= MAX_COUNTRY_DIGITS))
        };
        DIALLED_FIRST.iter().filter_map(|first| digits.strip_prefix(first)).any(is_own)
    }

    /// Which value stands somewhere in `text`.
    pub(super) fn named(&self, text: &str) -> Option<IdentityKind> {
        let folded: String = text.chars().filter(|c| !is_ignorable(*c)).map(|c| c.to_ascii_lowercase()).collect();
        self.named_in(&folded).or_else(|| folded.contains('%').then(|| self.named_in(&decoded(&folded))).flatten())
    }

    fn named_in(&self, folded: &str) -> Option<IdentityKind> {
        if holds(folded, &self.user, ends_id) {
            return Some(IdentityKind::UserId);
        }
        if let Some(email) = &self.email {
            let as_sent = email.as_str().to_ascii_lowercase();
            if holds(folded, email.key().as_str(), ends_address) || holds(folded, &as_sent, ends_address) {
                return Some(IdentityKind::UserEmail);
            }
        }
        if self.phone.as_ref().is_some_and(|phone| holds_number(folded, phone)) {
            return Some(IdentityKind::UserPhone);
        }
        holds(folded, &self.organization, ends_id).then_some(IdentityKind::OrganizationId)
    }
}

fn is_id(text: &str, id: &str) -> bool {
    legible(text).eq_ignore_ascii_case(id)
}

/// The text less white space, what does not show, and quotes or brackets around all of it.
fn unwrapped(text: &str) -> Range<usize> {
    const PAIRS: [(char, char); 11] = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('<', '>'),
        ('“', '”'),
        ('«', '»'),
        ('„', '“'),
        ('„', '”'),
        ('‘', '’'),
        ('(', ')'),
        ('[', ']'),
    ];
    let mut inner = text;
    loop {
        let before = inner.len();
        inner = inner.trim_matches(|c: char| c.is_whitespace() || is_ignorable(c));
        let pair = PAIRS.into_iter().find_map(|(open, close)| inner.strip_prefix(open)?.strip_suffix(close));
        inner = pair.unwrap_or(inner);
        if inner.len() == before {
            let start = inner.as_ptr() as usize - text.as_ptr() as usize;
            return start..start + inner.len();
        }
    }
}

/// The part of `text`, which is a value of this kind as a whole, that a new value takes the place of: what stands around it, such as
/// `mailto:` or white space, stays.
pub(super) fn bare(text: &str, kind: IdentityKind) -> Range<usize> {
    let at = unwrapped(text);
    let inner = &text[at.clone()];
    let part = match kind {
        IdentityKind::OrganizationId | IdentityKind::UserId => 0..inner.len(),
        IdentityKind::UserEmail => bare_address(inner),
        IdentityKind::UserPhone => bare_number(inner),
    };
    at.start + part.start..at.start + part.end
}

fn bare_address(text: &str) -> Range<usize> {
    match scheme(text, &ADDRESS_SCHEMES) {
        0 => 0..text.len(),
        start => start..text[start..].find('?').map_or(text.len(), |at| start + at),
    }
}

fn bare_number(text: &str) -> Range<usize> {
    match scheme(text, &NUMBER_SCHEMES) {
        0 => 0..text.len(),
        start => {
            let end = text[start..].find([';', '?']).map_or(text.len(), |at| start + at);
            // An extension is one of the number.
            let extension = text[end..]
                .strip_prefix(";ext=")
                .map_or(0, |rest| ";ext=".len() + rest.bytes().take_while(u8::is_ascii_digit).count());
            start..end + extension
        }
    }
}

/// Where a list begins: behind the scheme that stands before all of it.
fn list_start(text: &str) -> usize {
    scheme(text, &ADDRESS_SCHEMES).max(scheme(text, &NUMBER_SCHEMES))
}

/// Whether an element of a list is an address, a number or a merge tag.
fn is_somebody(element: &str) -> bool {
    let inner = &element[unwrapped(element)];
    let is_address = || {
        let bare = inner.rsplit_once('<').map_or(inner, |(_, rest)| rest.trim_end_matches('>'));
        legible(bare).contains('@') && !bare.trim().contains(char::is_whitespace)
    };
    let is_number = || dialled(&inner[bare_number(inner)]).is_some_and(|number| number.digits.len() >= 3);
    is_number() || is_address() || (inner.starts_with("{{") && inner.ends_with("}}"))
}

/// Whether a text is a link that calls or writes to a number.
fn is_link(text: &str) -> bool {
    link_number(text).is_some()
}

/// The digits of the number in a link that calls or writes to it.
fn link_number(text: &str) -> Option<Range<usize>> {
    let outer = unwrapped(text);
    let inner = text.get(outer.clone()).filter(|inner| inner.len() <= MAX_WHOLE && inner.is_ascii())?;
    let folded = inner.to_ascii_lowercase();
    let host = ["https://", "http://"].iter().find_map(|web| folded.strip_prefix(web)).unwrap_or(&folded);
    let host = host.strip_prefix("www.").unwrap_or(host);
    let link = LINKS.iter().find(|link| host.starts_with(**link))?;
    let behind = folded.len() - host.len() + link.len();
    let of_parameter = NUMBER_PARAMETERS.iter().find_map(|name| {
        let at = folded.find(&format!("?{name}")).or_else(|| folded.find(&format!("&{name}")))?;
        Some(at + 1 + name.len())
    });
    let start = of_parameter.unwrap_or(behind);
    let rest = &folded[start..];
    let start = start + rest.len() - rest.trim_start_matches("%2b").trim_start_matches('+').len();
    let digits = folded[start..].bytes().take_while(u8::is_ascii_digit).count();
    let ends = !folded[start + digits..].starts_with(|c: char| c.is_ascii_alphanumeric());
    (digits >= MIN_DIGITS && ends).then_some(outer.start + start..outer.start + start + digits)
}

/// Whether the part of `text` that begins at `start` is the number in a link, which has its digits alone.
pub(in crate::domain) fn is_in_link(text: &str, start: usize) -> bool {
    link_number(text).is_some_and(|number| number.start == start)
}

/// How many bytes the scheme takes with which `text` begins; 0 where it has none of these.
fn scheme(text: &str, schemes: &[&str]) -> usize {
    let begins = |scheme: &&&str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let Some(scheme) = schemes.iter().find(begins) else { return 0 };
    let rest = &text[scheme.len()..];
    text.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || is_ignorable(c) || c == '/').len()
}

/// Whether `needle` stands in `text` by itself: `ends` says of what stands before and behind it that it does.
fn holds(text: &str, needle: &str, ends: fn(before: &str, behind: &str) -> bool) -> bool {
    text.match_indices(needle).any(|(at, _)| ends(&text[..at], &text[at + needle.len()..]))
}

fn ends_id(before: &str, behind: &str) -> bool {
    !before.ends_with(|c: char| c.is_ascii_alphanumeric()) && !behind.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn ends_address(before: &str, behind: &str) -> bool {
    let continues = |text: &str| text.starts_with(|c: char| c.is_alphanumeric());
    !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '+' | '-'))
        && !continues(behind.strip_prefix(['.', '-']).unwrap_or(behind))
}
