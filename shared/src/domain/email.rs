//! E-mail addresses: stored as sent, claimed and looked up in one normal form.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Violation, host};

/// The longest address that fits an SMTP path (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const MAX_LENGTH: usize = 254;
/// The longest local part (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_LENGTH: usize = 64;
/// The longest label of a domain name (RFC 1035, section 2.3.4).
const MAX_LABEL_LENGTH: usize = 63;
/// What an atom may have beside letters and digits (RFC 5322, section 3.2.3).
const ATOM_SYMBOLS: &str = "!#$%&'*+/=?^_`{|}~-";

/// An e-mail address as it was sent, together with its normal form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email {
    as_sent: String,
    key: EmailKey,
}

/// The normal form of an address: ASCII lower case, the domain as punycode without a trailing dot. Two addresses with
/// one key are one address on this platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailKey(String);

impl Email {
    /// The address that stands for the one of an erased person. No such domain can exist (RFC 2606, section 2).
    pub const ERASED: &str = "erased@user.invalid";

    /// Takes an unquoted ASCII local part of at most 64 characters, `@`, and a domain name; at most 254 in all. A refusal says
    /// which rule the address breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Violation> {
        let as_sent = text.into();
        let key = normalize(&as_sent).map_err(|rule| Violation::refused(format!("not an e-mail address: {rule}")))?;
        Ok(Self { as_sent, key })
    }

    /// The address as it was sent.
    pub fn as_str(&self) -> &str {
        &self.as_sent
    }

    /// The address for people: as it was sent, its domain as punycode where that mixes scripts.
    pub fn shown(&self) -> Cow<'_, str> {
        let (Some((local, written)), Some((_, ascii))) = (self.as_sent.rsplit_once('@'), self.key.0.rsplit_once('@'))
        else {
            return Cow::Borrowed(&self.as_sent);
        };
        match host::shown(written, ascii) {
            shown if shown == written => Cow::Borrowed(&self.as_sent),
            shown => Cow::Owned(format!("{local}@{shown}")),
        }
    }

    /// The normal form.
    pub fn key(&self) -> &EmailKey {
        &self.key
    }
}

impl EmailKey {
    /// The normal form as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The normal form, or the rule that the address breaks.
fn normalize(text: &str) -> Result<EmailKey, String> {
    if text.trim() != text {
        return Err("it begins or ends with white space".to_owned());
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return Err("it has no @".to_owned()) };
    check_local(local)?;
    let key = format!("{}@{}", local.to_ascii_lowercase(), normalize_domain(domain)?);
    match text.len().max(key.len()) {
        length if length > MAX_LENGTH => Err(format!("it has {length} bytes in all; at most {MAX_LENGTH} are allowed")),
        _ => Ok(EmailKey(key)),
    }
}

/// RFC 5322's dot-atom: runs of these characters with single dots between them.
fn check_local(local: &str) -> Result<(), String> {
    let length = local.chars().count();
    let is_allowed = |c: char| c == '.' || c.is_ascii_alphanumeric() || ATOM_SYMBOLS.contains(c);
    if local.is_empty() {
        Err("nothing stands before the @".to_owned())
    } else if local.starts_with('"') {
        Err("the part before the @ is quoted; send it without quotes".to_owned())
    } else if !local.is_ascii() {
        Err("the part before the @ has characters beyond ASCII".to_owned())
    } else if local.contains('@') {
        Err("it has more than one @".to_owned())
    } else if !local.chars().all(is_allowed) {
        Err(format!("the part before the @ may have letters, digits, dots and {ATOM_SYMBOLS} alone"))
    } else if local.split('.').any(str::is_empty) {
        Err("the part before the @ has a dot at its beginning, at its end, or beside another dot".to_owned())
    } else if length > MAX_LOCAL_LENGTH {
        Err(format!("the part before the @ has {length} characters; at most {MAX_LOCAL_LENGTH} are allowed"))
    } else {
        Ok(())
    }
}

/// The domain as punycode in lower case, without a trailing dot.
fn normalize_domain(domain: &str) -> Result<String, String> {
    let name = domain.strip_suffix('.').unwrap_or(domain);
    if name.is_empty() {
        return Err("nothing stands after the @".to_owned());
    }
    if name.starts_with('[') {
        return Err("an IP address stands after the @; a domain name is needed".to_owned());
    }
    if name.split('.').any(str::is_empty) {
        return Err("the domain has a dot at its beginning or beside another dot".to_owned());
    }
    let not_a_name = "the domain is not a domain name: letters, digits, dots and hyphens, in any script";
    let ascii = idna::domain_to_ascii_strict(name).map_err(|_| match name.split('.').map(str::len).max() {
        Some(longest) if name.is_ascii() && longest > MAX_LABEL_LENGTH => long_label(),
        _ => not_a_name.to_owned(),
    })?;
    let labels: Vec<&str> = ascii.split('.').collect();
    let is_host = |label: &&str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if labels.len() < 2 {
        return Err("the domain has no dot; it needs one, as in acme.example".to_owned());
    }
    if labels.iter().any(|label| label.len() > MAX_LABEL_LENGTH) {
        return Err(long_label());
    }
    if labels.iter().any(|label| label.is_empty() || !is_host(label)) {
        return Err(not_a_name.to_owned());
    }
    if labels.iter().any(|label| label.starts_with('-') || label.ends_with('-')) {
        return Err("a part of the domain begins or ends with a hyphen".to_owned());
    }
    if labels.last().is_some_and(|top| top.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("the last part of the domain is a number, as in an IP address; a domain name is needed".to_owned());
    }
    Ok(ascii.to_ascii_lowercase())
}

fn long_label() -> String {
    format!("a part of the domain is longer than {MAX_LABEL_LENGTH} characters")
}

impl TryFrom<String> for Email {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        Self::parse(text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.as_sent
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_sent)
    }
}

impl PartialSchema for Email {
    /// Returns a pattern for what it can express. The description states the lengths of the parts and the form of the domain.
    fn schema() -> RefOr<Schema> {
        // Within brackets only the caret would need an escape, and only if it came first; the hyphen stands last.
        let atom = format!("[A-Za-z0-9{ATOM_SYMBOLS}]+");
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::IdnEmail)))
            .description(Some(format!(
                "An e-mail address: an unquoted ASCII local part of at most {MAX_LOCAL_LENGTH} characters, @ and a domain \
                 name in any script. It is shown as it was sent, its domain in punycode where that mixes scripts, and compared \
                 without regard to upper and lower case."
            )))
            .max_length(Some(MAX_LENGTH))
            .pattern(Some(format!(r"^{atom}(\.{atom})*@[^@]+$")))
            .examples(["casey@acme.example"])
            .into()
    }
}

impl ToSchema for Email {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<String> {
        Email::parse(text).ok().map(|email| email.key().as_str().to_owned())
    }

    #[test]
    fn an_address_is_kept_as_sent_and_folded_for_its_key() {
        let email = Email::parse("Casey.New+crm@ACME.example.").unwrap();
        assert_eq!(email.as_str(), "Casey.New+crm@ACME.example.");
        assert_eq!(email.key().as_str(), "casey.new+crm@acme.example");
    }

    #[test]
    fn a_domain_in_any_script_has_one_punycode_key() {
        assert_eq!(key("a@BÜCHER.example").as_deref(), Some("a@xn--bcher-kva.example"));
        assert_eq!(key("a@xn--bcher-kva.example").as_deref(), Some("a@xn--bcher-kva.example"));
    }

    #[test]
    fn an_address_is_shown_as_sent_but_for_a_domain_that_mixes_scripts() {
        for (sent, shown) in [
            ("Casey@ACME.example.", "Casey@ACME.example."),
            ("casey@bücher.example", "casey@bücher.example"),
            ("casey@пример.рф", "casey@пример.рф"),
            ("Casey@\u{430}pple.example", "Casey@xn--pple-43d.example"),
            ("casey@xn--pple-43d.example", "casey@xn--pple-43d.example"),
        ] {
            let email = Email::parse(sent).unwrap();
            assert_eq!((email.shown().as_ref(), email.as_str()), (shown, sent));
            assert_eq!(Email::parse(shown).unwrap().key(), email.key());
        }
    }

    #[test]
    fn only_ascii_is_folded_in_a_local_part() {
        // The Kelvin sign folds to k in Unicode; two such addresses must not become one.
        assert_eq!(key("\u{212a}@acme.example"), None);
        assert_eq!(key("I@acme.example").as_deref(), Some("i@acme.example"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "@",
            "a",
            "a@",
            "@acme.example",
            "a b@acme.example",
            "\"a\"@acme.example",
            "a..b@acme.example",
            ".a@acme.example",
            "a.@acme.example",
            "a@acme",
            "a@-acme.example",
            "a@acme..example",
            "a@acme.example..",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a@acme_x.example",
            "a@b@acme.example",
            "é@acme.example",
            "a@acme.example\n",
        ] {
            assert_eq!(key(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_says_which_rule_the_address_breaks() {
        let long = format!("a@{}.example", "b".repeat(64));
        for (bad, rule) in [
            ("", "it has no @"),
            ("casey", "it has no @"),
            (" a@acme.example", "white space"),
            ("a@acme.example\n", "white space"),
            ("@acme.example", "nothing stands before the @"),
            ("a@", "nothing stands after the @"),
            ("a@.", "nothing stands after the @"),
            ("\"a b\"@acme.example", "quoted"),
            ("\u{e9}@acme.example", "beyond ASCII"),
            ("a@b@acme.example", "more than one @"),
            ("a b@acme.example", "may have letters, digits, dots"),
            ("a,b@acme.example", "may have letters, digits, dots"),
            ("a..b@acme.example", "beside another dot"),
            (".a@acme.example", "a dot at its beginning"),
            ("a.@acme.example", "a dot at its beginning, at its end"),
            ("a@acme..example", "the domain has a dot"),
            ("a@acme.example..", "the domain has a dot"),
            ("a@acme", "the domain has no dot"),
            ("a@[127.0.0.1]", "an IP address stands after the @"),
            ("a@127.0.0.1", "the last part of the domain is a number"),
            ("a@acme_x.example", "not a domain name"),
            (long.as_str(), "longer than 63 characters"),
        ] {
            let refused = Email::parse(bad).unwrap_err().detail;
            assert!(refused.starts_with("not an e-mail address: ") && refused.contains(rule), "{bad:?}: {refused}");
        }
    }

    #[test]
    fn a_local_part_has_at_most_64_characters() {
        for (length, good) in [(63, true), (64, true), (65, false)] {
            assert_eq!(key(&format!("{}@acme.example", "a".repeat(length))).is_some(), good, "{length}");
        }
    }

    #[test]
    fn an_address_has_at_most_254_characters() {
        for (length, good) in [(253, true), (254, true), (255, false)] {
            let labels = format!("{}.{}.{}.example", "b".repeat(63), "c".repeat(63), "d".repeat(56));
            let local = "a".repeat(length - labels.len() - 1);
            assert_eq!(key(&format!("{local}@{labels}")).is_some(), good, "{length}");
        }
    }
}
