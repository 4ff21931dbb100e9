//! Rules of form: what a secret looks like in any text, by itself or by what stands around it.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::credible::{is_assigned_secret, is_coded, is_named_secret, is_plain, is_random, is_record_id};
use super::formats;
use super::names::{Naming, naming, parameter_naming};
use crate::domain::{OverBudget, Work};

/// One rule: what the expression's group `secret` matches goes, where `judge` agrees.
struct Form {
    expression: Regex,
    judge: Judge,
}

/// A match that is refused and longer than this is passed over as a whole. A shorter one is searched again from where
/// its value begins ("token: password: abc123"), so the limit bounds how often one byte is looked at.
const RESUMED: usize = 256;

/// Adds where the secrets in `text` stand to `found`, in no order; they may overlap.
pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>, work: &Work) -> Result<(), OverBudget> {
    for form in FORMS.iter() {
        work.spend(text.len())?;
        let mut at = 0;
        while let Some(captures) = (at <= text.len()).then(|| form.expression.captures_at(text, at)).flatten() {
            let Some((whole, secret)) = captures.get(0).zip(captures.name("secret")) else { break };
            if (form.judge)(&captures) {
                found.push(secret.range());
                at = secret.end().max(at + 1);
            } else if whole.len() <= RESUMED && secret.start() > at {
                work.spend(whole.end() - secret.start())?;
                at = secret.start();
            } else {
                at = whole.end().max(at + 1);
            }
            while !text.is_char_boundary(at) && at < text.len() {
                at += 1;
            }
        }
    }
    Ok(())
}

/// How many rules there are.
#[cfg(test)]
pub(super) fn count() -> usize {
    FORMS.len()
}

/// Quotation marks around a name or a value, as they come in JSON, in JSON within JSON, in HTML, and not at all.
const QUOTE: &str = r#"(?:\\*["'`]|&quot;|&#3[49];){0,2}"#;
/// What a name of a secret contains. The whole name is judged by [`naming`].
const NAME: &str = r"(?:(?:api|access|secret|private|auth|client|signing|account|bot|license|session|encryption) )?[A-Za-z0-9_.-]*(?:pass|pwd|pw|kennwort|contrase[nñ]a|mot de passe|senha|wachtwoord|lösenord|пароль|密码|パスワード|secret|token|credential|cookie|authorization|key|auth|bearer|jwt|sig|session|sid|dsn|hmac|connection ?string)[A-Za-z0-9_.-]*";

fn secret<'t>(captures: &Captures<'t>) -> &'t str {
    captures.name("secret").map_or("", |secret| secret.as_str())
}

fn name<'t>(captures: &Captures<'t>) -> &'t str {
    captures.name("name").map_or("", |name| name.as_str())
}

fn always(_: &Captures<'_>) -> bool {
    true
}

fn looks_made(captures: &Captures<'_>) -> bool {
    !is_plain(secret(captures)) && is_coded(secret(captures))
}

fn is_no_stand_in(captures: &Captures<'_>) -> bool {
    !is_plain(secret(captures))
}

fn is_named(captures: &Captures<'_>) -> bool {
    is_named_secret(naming(name(captures)), secret(captures))
}

fn is_assigned(captures: &Captures<'_>) -> bool {
    is_assigned_secret(naming(name(captures)), secret(captures))
}

/// "name: value" and "NAME=value": only the second is how programs write, and people write the first, too.
fn is_named_or_assigned(captures: &Captures<'_>) -> bool {
    let separator = captures.name("separator").map_or("", |separator| separator.as_str());
    if separator == "=" || name(captures).contains('_') { is_assigned(captures) } else { is_named(captures) }
}

fn is_random_after_a_name(captures: &Captures<'_>) -> bool {
    let value = secret(captures);
    naming(name(captures)) >= Naming::Weak && !is_plain(value) && is_random(value) && !is_record_id(value)
}

fn is_secret_parameter(captures: &Captures<'_>) -> bool {
    match parameter_naming(name(captures)) {
        Naming::Plain => false,
        Naming::Weak => is_random(secret(captures)) && !is_record_id(secret(captures)),
        Naming::Strong | Naming::Password => true,
    }
}

fn is_user_and_password(captures: &Captures<'_>) -> bool {
    !is_plain(secret(captures).split(':').next_back().unwrap_or_default())
}

/// An expression, and what judges a match of it.
type Rule = (String, Judge);
type Judge = fn(&Captures<'_>) -> bool;

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let tables: [&[Rule]; 5] = [&by_themselves(), &in_headers(), &in_addresses(), &assigned(), &in_markup()];
    let rules = tables.into_iter().flatten();
    rules.filter_map(|(form, judge)| Some(Form { expression: Regex::new(form).ok()?, judge: *judge })).collect()
});

fn by_themselves() -> [Rule; 5] {
    // A letter before a prefix makes it part of a word, unless it belongs to an escape of JSON or of a URL.
    let start = r"(?:\b|_|\\[nrt]|\\u[0-9a-fA-F]{4}|%[0-9A-F]{2})";
    let any = |forms: &[&str]| format!("{start}(?<secret>{})", forms.join("|"));
    [
        // RFC 7468 and OpenPGP armour around a private key, also when the end is cut off.
        (
            r"(?s)(?<secret>-----BEGIN [A-Z0-9 ]*PRIVATE KEY.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z))".to_owned(),
            always,
        ),
        (any(formats::DISTINCT), always),
        (any(formats::SHORT_PREFIX), looks_made),
        (format!("(?<secret>{})", formats::HASHES.join("|")), always),
        // An AWS secret access key has 40 characters and no mark; it stands beside its id. A Twilio auth token has 32
        // hexadecimal digits and stands beside the account's id.
        (
            r#"(?:\b(?:AKIA|ASIA)[A-Z0-9]{16}|\bAC[0-9a-f]{32})[^A-Za-z0-9]{1,8}(?:[A-Za-z _-]{1,40}[:=\s"'\\]{1,8})?(?<secret>[A-Za-z0-9/+]{40}|[0-9a-f]{32})\b"#
                .to_owned(),
            always,
        ),
    ]
}

fn in_headers() -> [Rule; 5] {
    [
        // RFC 7235 and RFC 6750: an Authorization value. After the header's name even a short value counts.
        (
            format!(
                r#"(?i)authorization{QUOTE}\s*[:=]\s*{QUOTE}(?:value{QUOTE}\s*[:=]\s*{QUOTE})?(?:bearer|basic|token|api-?key|digest|negotiate|hmac|aws4-hmac-sha256)[\s+]+(?<secret>[^\s"'`\\<>{{}}\[\]]{{4,}})"#
            ),
            |found| is_named_secret(Naming::Password, secret(found)),
        ),
        (r"(?i)\bbearer(?:\s|\+|%20|:)+(?<secret>[A-Za-z0-9._~+/=-]{8,})".to_owned(), looks_made),
        // Much is called basic.
        (r"(?i)\bbasic(?:\s|\+|%20|:)+(?<secret>[A-Za-z0-9+/=_-]{8,})".to_owned(), |found| is_random(secret(found))),
        // RFC 6265: cookies up to the end of the line.
        (
            format!(r#"(?i)\b(?:set-)?cookie{QUOTE}\s*:\s*{QUOTE}(?<secret>[^\s=;"'`\\<>{{}}]+=[^\r\n"'`\\<>{{}}]+)"#),
            is_no_stand_in,
        ),
        // curl: `-u user:password`.
        (
            r#"(?:\s-u|--(?:proxy-)?user)[\s=]+["']?(?<secret>[^\s:"'{}<>]+:[^\s"'{}<>]{4,})"#.to_owned(),
            is_user_and_password,
        ),
    ]
}

fn in_addresses() -> [Rule; 6] {
    let addresses = formats::ADDRESSES.join("|");
    [
        // RFC 3986: user and password before the host, the password up to the last @ before the path; a token alone.
        (r#"\b[A-Za-z][A-Za-z0-9+.-]*://(?<secret>[^\s/@:{}?#"'<>]*:[^\s/{}?#"'<>]+)@"#.to_owned(), always),
        (r#"\b[A-Za-z][A-Za-z0-9+.-]*://(?<secret>[^\s/@:{}?#"'<>]{16,})@"#.to_owned(), looks_made),
        // The connection string of a database or a server; people forget to encode the password.
        (
            r#"(?i)\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|amqps?|rediss?|mssql|sqlserver|clickhouse|smtps?|s?ftps?|ldaps?|nats|kafka)(?:\+[a-z0-9]+)?://(?<secret>[^\s@:/{}]*:[^\s"'<>{}]+)@"#
                .to_owned(),
            always,
        ),
        (
            r#"[?&;#](?<name>[A-Za-z0-9_.\[\]-]{1,64})=(?<secret>[^&\s#"'`<>{}\\;]+)"#.to_owned(),
            is_secret_parameter,
        ),
        (format!(r#"(?i)(?:\b|\\[nrt])https?://(?:{addresses})(?<secret>[^\s"'`<>{{}}\\]+)"#), always),
        // Any other address with a hook in its path, where what follows looks made.
        (
            r#"(?i)\bhttps?://[^\s"'<>{}/]+/(?:[^\s"'<>{}?#/]+/){0,6}(?:web)?hooks?(?:/[a-z]+)?/(?<secret>[^\s"'`<>{}\\]{8,})"#.to_owned(),
            |found| is_random(secret(found)),
        ),
    ]
}

fn assigned() -> [Rule; 4] {
    [
        // "name": "value", as in JSON, its like, and quoted once more.
        (
            format!(
                r#"(?i)(?<name>{NAME}){QUOTE}\s*(?:=>|:=|[:=])\s*(?:\\*["'`]|&quot;|&#3[49];)(?<secret>[^\s"'`\\<>{{}}&]{{4,}})"#
            ),
            is_assigned,
        ),
        // name=value, "name: value", "the password is value".
        (
            format!(
                r#"(?i)(?<name>{NAME}){QUOTE}(?:[^\S\n]*(?<separator>=>|:=|[:=：]|->|→)[^\S\n]*\n?[^\S\n]*|[^\S\n]+(?:is|are|ist|lautet|est|es|é)[^\S\n]*:?[^\S\n]+){QUOTE}(?<secret>[^\s"'`\\,;&<>{{}}\[\]]{{4,}})"#
            ),
            is_named_or_assigned,
        ),
        // --name value, as on a command line.
        (format!(r#"(?i)\s--(?<name>{NAME})[\s=]+["']?(?<secret>[^\s"'<>{{}}]{{4,}})"#), is_assigned),
        // A name and, at most five words later, what only a generator writes.
        (
            format!(
                r#"(?i)\b(?<name>{NAME})(?:[ \t]+[a-zà-ÿ]{{1,12}}){{0,5}}[:,]?[ \t]+["'`]?(?<secret>[A-Za-z0-9+/_.=~-]{{12,}})"#
            ),
            is_random_after_a_name,
        ),
    ]
}

fn in_markup() -> [Rule; 2] {
    [
        // <apiKey>value</apiKey>
        (
            r"<(?:[A-Za-z0-9]+:)?(?<name>[A-Za-z][A-Za-z0-9_.-]*)(?:\s[^<>]*)?>\s*(?<secret>[^<>\s{}]{4,})\s*</"
                .to_owned(),
            is_named,
        ),
        // name="apiKey" value="value", as attributes, as fields, as columns.
        (
            format!(
                r#"(?i)\b(?:name|key|header|field|id|param|label){QUOTE}\s*[:=]\s*{QUOTE}(?<name>{NAME}){QUOTE}[\s,;]*(?:value|val|content|default){QUOTE}\s*[:=]\s*{QUOTE}(?<secret>[^\s"'`\\<>{{}}]{{4,}})"#
            ),
            is_assigned,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_compiles_and_names_what_goes() {
        let rules =
            by_themselves().len() + in_headers().len() + in_addresses().len() + assigned().len() + in_markup().len();
        assert_eq!(FORMS.len(), rules);
        for form in FORMS.iter() {
            assert!(form.expression.capture_names().flatten().any(|group| group == "secret"), "{}", form.expression);
        }
    }
}
