//! What a text is, or holds, of the source person, in whatever dress people and machines write it.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::IdentityKind;
use crate::domain::invisible::is_ignorable;
use crate::domain::{Email, ObjectId};

/// The longest text that is looked at as a whole, in bytes: an address of 254 with a name beside it, in bytes of other scripts.
const MAX_WHOLE: usize = 1_200;
/// The fewest digits of a number that is looked for. Shorter ones are also counts and years.
const MIN_DIGITS: usize = 7;
/// The fewest digits of a number without its country code.
const MIN_NATIONAL_DIGITS: usize = 8;
/// The most digits of a country code (ITU-T E.164).
const MAX_COUNTRY_DIGITS: usize = 3;
/// The most digits of a number with what is dialled before it.
const MAX_DIALLED: usize = 18;
/// The most separators between two digits of one number.
const MAX_SEPARATORS: usize = 3;

const ADDRESS_SCHEMES: [&str; 6] = ["mailto:", "sip:", "sips:", "xmpp:", "acct:", "smtp:"];
const NUMBER_SCHEMES: [&str; 6] = ["tel:", "sms:", "smsto:", "callto:", "whatsapp:", "fax:"];
/// What is dialled before a number: from within a country, and from abroad.
const DIALLED_FIRST: [&str; 4] = ["", "0", "00", "011"];

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
        let digits = |number: Dialled| match number.digits.strip_prefix("00") {
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
        if text.len() > MAX_WHOLE {
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
        is_integer && self.is_number(&Dialled { is_international: false, digits: number.to_owned() })
    }

    /// Whether `text` is the address, alone or with a name beside it (RFC 5322, section 3.4; the older form has a comment).
    fn is_mailbox(&self, text: &str) -> bool {
        if !text.contains('@') && !text.contains("%40") {
            return false;
        }
        if self.is_address(text) || (text.contains('%') && self.is_address(&decoded(text))) {
            return true;
        }
        let named = text.split_once('<').and_then(|(name, rest)| Some((name, rest.strip_suffix('>')?)));
        let commented = || text.split_once(" (").and_then(|(rest, name)| Some((name.strip_suffix(')')?, rest)));
        named.or_else(commented).is_some_and(|(name, it)| !name.contains('@') && self.is_address(it.trim()))
    }

    fn is_address(&self, text: &str) -> bool {
        let (Some(email), Some((local, _))) = (&self.email, text.rsplit_once('@')) else { return false };
        let (local, own) = (legible(local), email.key().as_str().rsplit_once('@').map_or("", |(local, _)| local));
        // Only the domain needs a closer look, which costs much more.
        local.eq_ignore_ascii_case(own) && Email::parse(legible(text)).is_ok_and(|address| address.key() == email.key())
    }

    fn is_number(&self, Dialled { is_international, digits }: &Dialled) -> bool {
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

/// The text without characters that do not show: phones copy numbers with marks of direction around them.
fn legible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { text.chars().filter(|c| !is_ignorable(*c)).collect() }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().to_lowercase()
}

/// The text less white space, what does not show, and quotes or brackets around all of it.
fn unwrapped(text: &str) -> Range<usize> {
    const PAIRS: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('`', '`'), ('<', '>'), ('“', '”'), ('«', '»')];
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
        start => start..text[start..].find([';', '?']).map_or(text.len(), |at| start + at),
    }
}

/// How many bytes the scheme takes with which `text` begins; 0 where it has none of these.
fn scheme(text: &str, schemes: &[&str]) -> usize {
    let begins = |scheme: &&&str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let Some(scheme) = schemes.iter().find(begins) else { return 0 };
    let rest = &text[scheme.len()..];
    text.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || is_ignorable(c) || c == '/').len()
}

/// A number as it is written.
struct Dialled {
    /// Whether it has the country code, as its plus says.
    is_international: bool,
    digits: String,
}

/// The number that `text` is; `None` where it is none.
fn dialled(text: &str) -> Option<Dialled> {
    let text = legible(text);
    let text = text.trim();
    let is_international = text.starts_with(['+', '＋']);
    // "(0)" is dialled within the country alone.
    let text = if is_international { text.replacen("(0)", "", 1) } else { text.to_owned() };
    let digits: Option<String> = text
        .chars()
        .filter(|c| !is_separator(*c) && !matches!(c, '+' | '＋'))
        .map(|c| digit(c).and_then(|digit| char::from_digit(digit, 10)))
        .collect();
    digits.filter(|digits| (1..=MAX_DIALLED).contains(&digits.len())).map(|digits| Dialled { is_international, digits })
}

/// The value of a digit: ASCII, full width, Arabic and Persian, Devanagari.
fn digit(c: char) -> Option<u32> {
    ['0', '\u{FF10}', '\u{660}', '\u{6F0}', '\u{966}']
        .into_iter()
        .find_map(|zero| u32::from(c).checked_sub(u32::from(zero)).filter(|digit| *digit < 10))
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '.' | '-' | '/' | '_' | '·' | '(' | ')' | '[' | ']' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}'
        )
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

/// Whether the digits of `phone`, with or without the country code, stand in `text` by themselves.
fn holds_number(text: &str, phone: &str) -> bool {
    let (mut digits, mut glued, mut separators) = (String::new(), Vec::new(), usize::MAX);
    for c in text.chars() {
        if let Some(digit) = digit(c).and_then(|digit| char::from_digit(digit, 10)) {
            if separators > MAX_SEPARATORS && !digits.is_empty() {
                // Ends the number before.
                digits.push('x');
                glued.push(false);
            }
            glued.push(separators == 0);
            digits.push(digit);
            separators = 0;
        } else if matches!(c, '+' | '＋') {
            digits.push('+');
            glued.push(false);
            separators = 0;
        } else {
            separators = if is_separator(c) { separators.saturating_add(1) } else { usize::MAX };
        }
    }
    let national = (1..=MAX_COUNTRY_DIGITS).filter_map(|country| phone.get(country..));
    let needles = std::iter::once(phone).chain(national.filter(|digits| digits.len() >= MIN_NATIONAL_DIGITS));
    let stands_alone = |at: usize, needle: &str| {
        let before = glued[..=at].iter().rev().take_while(|glued| **glued).take(MAX_COUNTRY_DIGITS + 1).count();
        let first = &digits[at - before..at];
        let begins = DIALLED_FIRST.contains(&first) || (first == "+" && needle == phone);
        begins && !glued.get(at + needle.len()).copied().unwrap_or(false)
    };
    needles.into_iter().any(|needle| digits.match_indices(needle).any(|(at, _)| stands_alone(at, needle)))
}
