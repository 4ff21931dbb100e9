//! Rules of form: what a secret looks like in any text, by itself or by what stands around it.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;

use super::credible::{is_chosen, is_named_secret, is_plain};
use super::expression::compiled;
use super::gate::Gates;
use super::looks::{is_coded, is_random, is_record_id};
use super::names::{SecretHint, is_pass, parameter_hint};
use super::rule::{FormRule, Gate, Match, MatchTest, QUOTE, always};
use super::stand_in::stands_in;
use super::{addresses, formats, labels, share};
use crate::domain::{OverBudget, Work};

/// One rule: what the expression's group `secret` matches goes, where `judge` agrees.
struct SecretForm {
    pattern: String,
    /// Compiled when a text gets through the gate for the first time. Most texts of a setup need few of the rules.
    expression: OnceLock<Regex>,
    judge: MatchTest,
}

impl SecretForm {
    fn expression(&self) -> &Regex {
        self.expression.get_or_init(|| compiled(&self.pattern))
    }

    fn find(&self, text: &str, found: &mut Vec<Range<usize>>, work: &Work) -> Result<(), OverBudget> {
        work.spend(text.len())?;
        let mut at = 0;
        while let Some(captures) = (at <= text.len()).then(|| self.expression().captures_at(text, at)).flatten() {
            let Some((whole, secret)) = captures.get(0).zip(captures.name("secret")) else { break };
            let candidate = Match::new(text, &captures);
            if !candidate.is_cut_tag() && (self.judge)(&candidate) {
                found.push(without_marks(text, secret.range()));
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
        Ok(())
    }
}

/// All rules, and which of them a text needs.
struct Forms {
    forms: Vec<SecretForm>,
    gates: Gates,
}

/// A match that is refused and longer than this is passed over as a whole. A shorter one is searched again from where
/// its value begins ("token: password: abc123"), so the limit bounds how often one byte is looked at.
const RESUMED: usize = 256;

/// Adds where the secrets in `text` stand to `found`, in no order; they may overlap.
pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>, work: &Work) -> Result<(), OverBudget> {
    work.spend(text.len())?;
    let gates = FORMS.gates.of(text);
    #[cfg(test)]
    check_closed_gates(text, &gates);
    for (form, _) in FORMS.forms.iter().zip(gates).filter(|(_, is_open)| *is_open) {
        form.find(text, found, work)?;
    }
    Ok(())
}

/// A value without the marks of Markdown around it and the full stop behind it.
fn without_marks(text: &str, range: Range<usize>) -> Range<usize> {
    let value = &text[range.clone()];
    let inner = value.trim_start_matches("**");
    let start = range.start + value.len() - inner.len();
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(char::is_whitespace);
    let inner = inner.trim_end_matches("**");
    let inner = if ends(&text[range.end..]) { inner.trim_end_matches('.') } else { inner };
    if inner.is_empty() { range } else { start..start + inner.len() }
}

/// Checks, for every text of every test, that no rule with a closed gate finds anything.
#[cfg(test)]
fn check_closed_gates(text: &str, gates: &[bool]) {
    for (form, _) in FORMS.forms.iter().zip(gates).filter(|(_, is_open)| !*is_open) {
        let mut hidden = Vec::new();
        form.find(text, &mut hidden, &Work::unlimited()).unwrap();
        assert!(hidden.is_empty(), "{} is not run for {text:?}", form.pattern);
    }
}

/// How many rules there are.
#[cfg(test)]
pub(super) fn count() -> usize {
    FORMS.forms.len()
}

fn looks_made(found: &Match<'_, '_>) -> bool {
    !is_plain(found.secret()) && is_coded(found.secret())
}

fn is_no_stand_in(found: &Match<'_, '_>) -> bool {
    !is_plain(found.secret())
}

fn is_secret_parameter(found: &Match<'_, '_>) -> bool {
    let value = found.secret();
    if stands_in(value) || stands_in(&decoded(value)) || share::is_shared(found) {
        return false;
    }
    match parameter_hint(found.name()) {
        SecretHint::Plain => false,
        SecretHint::Weak => is_random(value) && !is_record_id(value) || is_pass(found.name()) && is_chosen(value),
        // Before a merge tag there is a prefix: `?token=key-{{id}}`.
        SecretHint::Strong | SecretHint::Password if found.after(1).starts_with('{') => is_coded(value),
        SecretHint::Strong | SecretHint::Password => value.len() > 2 || value.contains(char::is_alphabetic),
    }
}

/// The value of a parameter as it reads: editors encode the brackets of merge tags.
fn decoded(value: &str) -> String {
    percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned()
}

fn is_user_and_password(found: &Match<'_, '_>) -> bool {
    let (user, password) = found.secret().rsplit_once(':').unwrap_or_default();
    let is_key = user.len() >= 12 && is_random(user);
    !user.contains("//") && !password.starts_with('/') && (is_key || !is_plain(password))
}

/// A password that people choose where they have to, or that a generator made.
fn is_user_and_made_password(found: &Match<'_, '_>) -> bool {
    let password = found.secret().rsplit_once(':').map_or("", |(_, password)| password);
    is_user_and_password(found) && (is_chosen(password) || is_coded(password))
}

/// Before the host of an address of e-mail stands a label as well: "mail:ops7@acme.example".
fn is_login_before_a_host(found: &Match<'_, '_>) -> bool {
    const LABELS: [&str; 14] = [
        "mail", "email", "e-mail", "mailto", "from", "to", "cc", "bcc", "tel", "acct", "xmpp", "skype", "reply-to",
        "contact",
    ];
    let (user, password) = found.secret().rsplit_once(':').unwrap_or_default();
    // RFC 5321, section 4.5.3.1.1. A limit within the expression would make twenty thousand states.
    let is_user = user.chars().count() <= 64;
    is_user
        && !LABELS.contains(&user.to_lowercase().as_str())
        && !is_plain(password)
        && (is_random(password) || is_chosen(password))
}

/// The same after a command that takes them: `-u` means something else to most others.
fn is_given_to_curl(found: &Match<'_, '_>) -> bool {
    let before = found.before(600);
    ["curl", "wget", "httpie", "http ", "https ", "xh "].iter().any(|command| before.contains(command))
        && is_user_and_password(found)
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let (mut gates, mut forms) = (Vec::new(), Vec::new());
    for (gate, pattern, judge) in rules() {
        gates.push(gate);
        forms.push(SecretForm { pattern, expression: OnceLock::new(), judge });
    }
    Forms { forms, gates: Gates::new(gates) }
});

pub(super) fn rules() -> Vec<FormRule> {
    let tables: [Vec<FormRule>; 5] = [
        by_themselves().into(),
        in_headers().into(),
        in_addresses().into(),
        on_command_lines().into(),
        labels::rules(),
    ];
    tables.into_iter().flatten().collect()
}

fn by_themselves() -> [FormRule; 6] {
    // A letter before a prefix makes it part of a word, unless it belongs to an escape of JSON or of a URL.
    let start = r"(?:\b|_|\\[nrt]|\\u[0-9a-fA-F]{4}|%[0-9A-F]{2})";
    let any = |forms: &[&str]| format!("{start}(?<secret>{})", forms.join("|"));
    [
        // RFC 7468 and OpenPGP armour around a private key, also when the end is cut off.
        (
            Gate::Literals(&["PRIVATE KEY"]),
            r"(?s)(?<secret>-----BEGIN [A-Z0-9 ]*PRIVATE KEY.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z))".to_owned(),
            always,
        ),
        // The body of one without its armour.
        (Gate::Literals(&["IBAAK", "IBADANBgkqhkiG9w0BAQEFAASC", "AgEAMBMGByqGSM49AgEG", "MC4CAQAwBQYDK2VwBCIEI", "MHcCAQEEI", "MIGkAgEBBD", "b3BlbnNzaC1rZXktdjE"]), format!(r"(?<secret>(?:{})(?:[A-Za-z0-9+/]|\\?\r?\n[A-Za-z0-9+/]){{16,}}={{0,2}})", formats::KEY_BODIES.join("|")), always),
        (Gate::Open, any(formats::DISTINCT), always),
        (Gate::Literals(&["sk-"]), any(formats::SHORT_PREFIX), looks_made),
        (Gate::Literals(&["$2", "$argon2"]), format!("(?<secret>{})", formats::HASHES.join("|")), always),
        // An AWS secret access key has 40 characters and no mark; it stands beside its id. A Twilio auth token has 32
        // hexadecimal digits and stands beside the account's id.
        (
            Gate::Literals(&["AKIA", "ASIA", "AC"]),
            r#"(?:\b(?:AKIA|ASIA)[A-Z0-9]{16}|\bAC[0-9a-f]{32})[^A-Za-z0-9]{1,8}(?:[A-Za-z _-]{1,40}[:=\s"'\\]{1,8})?(?<secret>[A-Za-z0-9/+]{40}|[0-9a-f]{32})\b"#
                .to_owned(),
            always,
        ),
    ]
}

fn in_headers() -> [FormRule; 4] {
    [
        // RFC 7235 and RFC 6750: an Authorization value. After the header's name even a short value counts.
        (
            Gate::Literals(&["authorization"]),
            format!(
                r#"(?i)authorization{QUOTE}\s*[:=,]\s*{QUOTE}(?:value{QUOTE}\s*[:=]\s*{QUOTE})?(?:bearer|basic|token|api-?key|digest|negotiate|hmac|aws4-hmac-sha256|zoho-oauthtoken|klaviyo-api-key|key)[\s+]+(?:token=)?{QUOTE}(?<secret>[^\s"'`\\<>{{}}\[\],;]{{4,}})"#
            ),
            |found| is_named_secret(SecretHint::Password, found.secret()),
        ),
        (
            Gate::Literals(&["bearer"]),
            r"(?i)\bbearer(?:\s|\+|%20|:)+(?<secret>[A-Za-z0-9._~+/=-]{8,})".to_owned(),
            looks_made,
        ),
        // Much is called basic.
        (
            Gate::Literals(&["basic"]),
            r"(?i)\bbasic(?:\s|\+|%20|:)+(?<secret>[A-Za-z0-9+/=_-]{8,})".to_owned(),
            |found| is_random(found.secret()),
        ),
        // RFC 6265: cookies up to the end of the line.
        (
            Gate::Literals(&["cookie"]),
            format!(r#"(?i)\b(?:set-)?cookie{QUOTE}\s*:\s*{QUOTE}(?<secret>[^\s=;"'`\\<>{{}}]+=[^\r\n"'`\\<>{{}}]+)"#),
            |found| is_no_stand_in(found) && is_coded(found.secret()),
        ),
    ]
}

fn in_addresses() -> [FormRule; 12] {
    let paths = addresses::PATHS.join("|");
    let hosts = addresses::HOSTS.join("|");
    [
        // RFC 3986: user and password before the host, the password up to the last @ before the path; a token alone.
        (Gate::Literals(&["://"]), r#"\b[A-Za-z][A-Za-z0-9+.-]*://(?<secret>[^\s/@:{}?#"'<>]*:[^\s/{}?#"'<>]+)@"#.to_owned(), is_user_and_password),
        (Gate::Literals(&["://"]), r#"\b[A-Za-z][A-Za-z0-9+.-]*://(?<secret>[^\s/@:{}?#"'<>]{12,}):?@"#.to_owned(), looks_made),
        // The same without a scheme or with one that has no slashes: `//user:password@host`, `sip:user:password@host`.
        (Gate::Literals(&["//"]), r#"(?:^|[\s"'(=>])//(?<secret>[^\s/@:{}?#"'<>]+:[^\s/@{}?#"'<>]{4,})@"#.to_owned(), is_user_and_made_password),
        (Gate::Literals(&["sip", "turn", "stun"]), r#"(?i)\b(?:sips?|turns?|stuns?):(?<secret>[^\s/@:{}?#"'<>]+:[^\s/@{}?#"'<>]{4,})@"#.to_owned(), is_user_and_made_password),
        (
            Gate::Literals(&["@"]),
            r#"(?i)(?:^|[\s"'(=>|])(?<secret>[\w.+-]+:[^\s/@:{}?#"'<>]{6,})@[a-z0-9][a-z0-9.-]*\.[a-z]{2,}\b"#.to_owned(),
            is_login_before_a_host,
        ),
        // A part of the path that says so: `/token/value`.
        (
            Gate::Literals(&["://"]),
            r#"(?i)\bhttps?://[^\s"'<>{}?#]+?/(?:api[-_]?key|apikey|key|(?:access[-_]?|auth[-_]?|api[-_]?)?token|secret)/(?<secret>[A-Za-z0-9_~.-]{16,})"#
                .to_owned(),
            |found| is_random(found.secret()) && !is_record_id(found.secret()),
        ),
        // The connection string of a database or a server; people forget to encode the password.
        (
            Gate::Literals(&["://"]),
            r#"(?i)\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|amqps?|rediss?|mssql|sqlserver|clickhouse|smtps?|s?ftps?|ldaps?|nats|kafka)(?:\+[a-z0-9]+)?://(?<secret>[^\s@:/{}]*:[^\s"'<>{}]+)@"#
                .to_owned(),
            is_user_and_password,
        ),
        (
            Gate::Literals(&["="]),
            r#"[?&;#](?<name>[A-Za-z0-9_.\[\]-]{1,64})=(?<secret>[^&\s#"'`<>{}\\;]+)"#.to_owned(),
            is_secret_parameter,
        ),
        (
            Gate::Literals(&["://"]),
            format!(r#"(?i)(?:\b|\\[nrt])(?:https?|webcals?)://(?:{paths})(?<secret>[^\s"'`<>{{}}\\)\]]+)"#),
            |found| !stands_in(found.secret().trim_matches('/')),
        ),
        // Hosts of which one part is the credential.
        (
            Gate::Literals(&["://"]),
            format!(r#"(?i)(?:\b|\\[nrt])https?://(?<secret>[a-z0-9][a-z0-9-]*)\.(?:{hosts})\b"#),
            |found| addresses::is_made_label(found.secret()),
        ),
        // n8n on a host of one's own: the path of a webhook is a UUID.
        (
            Gate::Literals(&["://"]),
            r"(?i)\bhttps?://[a-z0-9.:-]+/(?:[a-z0-9-]+/)?(?:webhook(?:-test|-waiting)?|form|mcp)/(?<secret>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{12,}(?:/[^\s<>{}]*)?)".to_owned(),
            always,
        ),
        // Any other address with a hook in its path, where what follows looks made.
        (
            Gate::Literals(&["://"]),
            r#"(?i)\b(?:https?|webcals?)://[^\s"'<>{}/]+/(?:[^\s"'<>{}?#/]+/){0,6}(?:(?:web)?hooks?|webhook-test|webhook-waiting|callback|ical|ics|feeds?|iwh|heartbeat|triggers?|inbound|incoming|catch|receive)(?:/[a-z0-9]{1,12}){0,3}/(?<secret>[^\s"'`<>{}\\)\]]{8,})"#.to_owned(),
            |found| is_random(found.secret()) && !found.secret().contains("/private-"),
        ),
    ]
}

fn on_command_lines() -> [FormRule; 3] {
    [
        // curl: `-u user:password`.
        (
            Gate::Literals(&["-u"]),
            r#"(?:\s-u|--(?:proxy-)?user)[\s=]*["']?(?<secret>[^\s:"'{}<>]+:[^\s"'{}<>]{4,})"#.to_owned(),
            is_given_to_curl,
        ),
        // Clients of databases and registries take the password behind a letter.
        (
            Gate::Literals(&["mysql", "mariadb"]),
            r#"\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;]{0,200}?\s-p(?<secret>[^\s"'{}<>$-][^\s"'{}<>]{3,})"#.to_owned(),
            is_no_stand_in,
        ),
        (
            Gate::Literals(&["sshpass", "docker", "redis-cli", "smbclient"]),
            r#"\b(?:sshpass\s+-p|docker\s+login\b[^\n|;]{0,200}?\s-p|redis-cli\b[^\n|;]{0,200}?\s-a|smbclient\b[^\n|;]{0,200}?\s-U\s*[^\s%]+%)[\s=]*["']?(?<secret>[^\s"'{}<>$]{4,})"#
                .to_owned(),
            is_no_stand_in,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_compiles_and_names_what_goes() {
        let rules = by_themselves().len() + in_headers().len() + in_addresses().len() + on_command_lines().len();
        assert_eq!(FORMS.forms.len(), rules + labels::rules().len());
        for form in &FORMS.forms {
            let mut groups = form.expression().capture_names().flatten();
            assert!(groups.any(|group| group == "secret"), "{}", form.pattern);
        }
    }
}
