//! Rules of form for a value behind the name of a secret, as people and programs write the two.

use super::credible::{is_assigned_secret, is_chosen, is_named_secret, is_plain};
use super::looks::{is_coded, is_password_like, is_random, is_record_id};
use super::names::{SecretHint, hint, is_pass, is_user};
use super::rule::{FormRule, Gate, Match, MatchTest, QUOTE, always};
use super::stand_in::is_identifier;
use super::trace;

/// What a name of a secret contains, in languages that set words apart. The whole name is judged by [`hint`].
pub(super) const WORD: &str = r"(?:(?:api|access|secret|private|auth|client|signing|account|bot|license|session|encryption|geheimer|hemlig|tajny|секретный|master|admin|user|login|smtp|db|webhook|bearer|refresh|app)[ -])?[\w.-]*(?:pass|pwd|pw|kennwort|passwörter|contrase[nñ]a|mot de passe|senha|wachtwoord|l[oö]senord|парол[ьи]|has[lł]o|[sş]ifre|salasana|adgangskode|passord|heslo|jelszó|parola chiave|parola d['’]ordine|secret|token|credential|creds|cookie|authorization|key|auth|bearer|jwt|sig|session|sid|dsn|hmac|connection ?string|schl(?:ü|ue)ssel|geheimnis|zugangsdaten|(?:llave|clave)(?: de (?:la )?api| api| secreta| privada| de acceso)?|secreto|credenciales|cl[eé](?: d['’]?api| api| secr[eè]te| privée| d['’]accès)|jeton(?: d['’]accès)?|identifiants|chave(?: d[ae] api| api| secreta| privada| de acesso)?|segredo|credenciais|sleutel|geheim|nyckel|hemlighet|chiave(?: api| segreta| privata| d['’]accesso)?|klucz(?: api| prywatny| dostępu)?|ключ(?: api)?|токен|секрет|recovery code|backup code|security code)[\w.-]*";
/// The same in languages that do not.
pub(super) const SIGN: &str = r"(?:api ?)?(?:密码|密碼|口令|密钥|密鑰|令牌|パスワード|トークン|シークレット|アクセスキー|キー|秘密鍵|비밀번호|암호|토큰|시크릿)";
/// The separators other than a colon between a name and its value in running text.
const SAYS: &str = r"is(?: now)?|are|ist|lautet|est|es|é|è|är|er|je|jest|brzmi|is:|=|это|は|是|为|為";
/// The text before the name of a command-line option.
pub(super) const OPTION: &str = r"\s--";
/// What people add to a label before the colon: which of several it is, and for what.
const QUALIFIER: &str = r#"(?<qualifier>[\s--\n]+(?:temporaire|provisoire|actuel|temporanea|provvisoria|iniziale|attuale|provisória|temporária|temporaria|provisoria|temporal|inicial|actual|atual|tymczasowe|tijdelijk)|[\s--\n]?[(\[][^()\[\]\n]{1,40}[)\]]|[\s--\n]+(?:for|of|für|zum|zur|vom|pour|du|de|des|para|do|da|del|per|di|della|voor|van|dla|do|till|för)(?:[\s--\n]+[^\s:=,;"()\[\]<>{}]{1,24}){1,5}?)"#;

/// A rule of a value behind the name of a secret.
pub(super) struct NamedRule {
    /// The expression of what stands before the name.
    pub(super) before: &'static str,
    pub(super) name: String,
    /// The expression of what follows the name, with the group `secret`.
    pub(super) tail: String,
    /// Matches what follows the name wherever `judge` agrees, and more: a tail whose value has a trace of a secret.
    pub(super) trace: String,
    pub(super) judge: MatchTest,
}

pub(super) fn rules() -> impl Iterator<Item = FormRule> {
    named().into_iter().enumerate().map(|(place, NamedRule { before, name, tail, judge, .. })| {
        (Gate::Named(place), format!("(?i){before}(?<name>{name}){tail}"), judge)
    })
}

pub(super) fn named() -> Vec<NamedRule> {
    in_code().into_iter().chain(in_prose()).collect()
}

fn word() -> String {
    WORD.to_owned()
}

fn any() -> String {
    format!("{WORD}|{SIGN}")
}

fn in_code() -> [NamedRule; 7] {
    // What looks like nothing in particular leaves no trace, so the tail is the trace.
    let rule = |before, name, tail: String, judge| {
        let trace = tail.replace("(?<secret>", "(?:");
        NamedRule { before, name, tail, trace, judge }
    };
    [
        // "name": "value", as in JSON, its like, and quoted once more.
        rule(
            "",
            any(),
            format!(
                r#"{QUOTE}\]?\s*(?:=>|:=|[:=])\s*(?:\\*["'`]|&quot;|&#3[49];)(?<secret>[^\s"'`\\<>{{}}]{{4,}})(?:\\*["'`]|&quot;|&#3[49];)"#
            ),
            is_assigned,
        ),
        // ("X-Api-Key", "value"), as pairs come in code.
        rule(r#"["'`]"#, word(), r#"["'`]\s*,\s*["'`](?<secret>[^\s"'`\\<>{}]{4,})["'`]"#.to_owned(), |found| {
            found.name().contains(['-', '_']) && is_named(found)
        }),
        assigned(),
        // A phrase in quotation marks.
        NamedRule {
            before: "",
            name: any(),
            tail: format!(r#"{QUOTE}\s*(?:=>|:=|[:=])\s*(?:"(?<secret>[^"\\<>{{}}\n]{{6,80}})")"#),
            trace: format!(r#"{QUOTE}\s*(?:=>|:=|[:=])\s*"{}"#, trace::with_digit(r#"[^"\\<>{}\n]"#, 6)),
            judge: |found| hint(found.name()) == SecretHint::Password && is_passphrase(found.secret()),
        },
        // Four groups of four letters, as Google gives them to programs.
        rule(
            "",
            word(),
            format!(
                r"{QUOTE}\s*[:=]\s*{QUOTE}(?<secret>[a-z]{{4}} [a-z]{{4}} [a-z]{{4}} [a-z]{{4}}){QUOTE}[\s--\n]*(?m:$)"
            ),
            always,
        ),
        // --name value, as on a command line.
        rule(OPTION, word(), r#"[\s=]+["']?(?<secret>[^\s"'<>{}]{4,})"#.to_owned(), |found| {
            is_assigned(found) && !found.secret().starts_with('-') && !is_identifier(found.secret())
        }),
        // name="apiKey" value="value", as attributes, as fields, as columns.
        rule(
            r#"\b(?:name|key|header|field|id|param|label|title|prop(?:erty)?)(?:\\*["'`]|&quot;|&#3[49];){0,2}\s*[:=]\s*(?:\\*["'`]|&quot;|&#3[49];){0,2}"#,
            word(),
            format!(
                r#"{QUOTE}[\s,;]*(?:type{QUOTE}\s*[:=]\s*{QUOTE}\w+{QUOTE}[\s,;]*)?(?:value|val|content|default|text){QUOTE}\s*[:=]\s*{QUOTE}(?<secret>[^\s"'`\\<>{{}}]{{4,}})"#
            ),
            |found| is_assigned(found) && !is_identifier(found.secret()),
        ),
    ]
}

/// name=value, "name: value", "the password is value".
fn assigned() -> NamedRule {
    let value = r#"[^\s"'`\\,;&<>{}\[\]]"#;
    let lead = format!(
        r"{QUOTE}(?:(?<gap>[\s--\n]*)(?<separator>=>|:=|[:=]|->|→)[\s--\n]*\n?[\s--\n]*|[\s--\n]*(?:{SAYS})[\s--\n]*:?[\s--\n]+|は|是){QUOTE}"
    );
    // Right behind an equals sign a value may look like a word.
    let tight = format!(r"{QUOTE}=[\s--\n]*\n?[\s--\n]*{QUOTE}{value}{{4,}}");
    NamedRule {
        before: "",
        name: any(),
        tail: format!("{lead}(?<secret>{value}{{4,}})"),
        trace: format!("(?:{tight}|{lead}{})", trace::credible(value, 4)),
        judge: is_named_or_assigned,
    }
}

fn in_prose() -> [NamedRule; 4] {
    let token = r"[A-Za-z0-9+/_.=~-]";
    let login = r#"[^\s"'`\\<>{}]"#;
    let says = r#"(?:[ \t]+[\w'-]+){1,6}?[ \t]+(?:is|ist|lautet|est|es|é|è|jest|er):?[ \t]+["'`]?[ \t]?"#;
    let qualified = format!(r"{QUALIFIER}[\s--\n]*(?:[:=]|[\s--\n]-[\s--\n]|->|→)[\s--\n]*{QUOTE}");
    let labelled = r#"[^\s"'`\\,;&<>{}\[\]]"#;
    let markup = r#"(?<gap>(?:</?[a-z!][^<>\n]*>|<!\[CDATA\[|[\s*_~`"'|:=>\[\](#•·→-])+)"#;
    let decorated = r#"[^\s"'`\\<>{}\[\]|*~()&,;]"#;
    let rule = |name, tail, trace, judge| NamedRule { before: r"\b", name, tail, trace, judge };
    [
        // A name and, at most five words later, what only a generator writes.
        rule(
            word(),
            format!(r#"(?:[ \t]+[a-zà-žа-я]{{1,14}}){{0,5}}[:,]?[ \t]+["'`]?(?<secret>{token}{{12,}})"#),
            format!(r#"(?:[ \t]+\w+){{0,5}}[:,]?[ \t]+["'`]?{}"#, trace::with_digit(token, 12)),
            is_random_after_a_name,
        ),
        // "the password for the portal is value"
        rule(
            word(),
            format!("{says}(?<secret>{login}{{6,}})"),
            format!("{says}{}", trace::with_digit(login, 6)),
            |found| hint(found.name()) == SecretHint::Password && is_login(found),
        ),
        // "Password (VPN): value"
        rule(
            word(),
            format!("{qualified}(?<secret>{labelled}{{4,}})"),
            format!("{}{}", qualified.replace("{1,40}", "+").replace("{1,24}", "+"), trace::credible(labelled, 4)),
            is_qualified,
        ),
        // Markup, a table's cell, a line break or a bracket between a name and its value.
        rule(
            any(),
            format!("{markup}(?<secret>{decorated}{{6,}})"),
            format!("{markup}{}", trace::credible(decorated, 6)),
            is_decorated,
        ),
    ]
}

pub(super) fn is_named(found: &Match<'_, '_>) -> bool {
    is_named_secret(hint(found.name()), found.secret())
}

/// A value in quotation marks is a literal: it need not look like a secret.
fn is_assigned(found: &Match<'_, '_>) -> bool {
    let hint = hint_in(found);
    is_assigned_secret(hint, found.secret()) && !is_reading(found)
}

/// What the name says, with what stands before it: a `pass` beside a user is a password.
fn hint_in(found: &Match<'_, '_>) -> SecretHint {
    let name = found.name();
    // A cookie has a name of its own; people speak of the other kind.
    if name.to_lowercase().trim_end_matches('s').ends_with("cookie") && !found.secret().contains('=') {
        return SecretHint::Weak;
    }
    if hint(name) < SecretHint::Strong && is_pass(name) && is_beside_a_user(found) {
        SecretHint::Password
    } else {
        hint(name)
    }
}

fn is_beside_a_user(found: &Match<'_, '_>) -> bool {
    let before = found.before(160);
    before.split(|c: char| !c.is_alphanumeric() && !"._-@".contains(c)).any(|word| is_user(word) || is_mailbox(word))
}

fn is_mailbox(word: &str) -> bool {
    word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
}

/// Code that goes on after what looks like a literal: `token: "Bearer " + token`.
fn is_reading(found: &Match<'_, '_>) -> bool {
    found.secret().trim_end_matches(':').eq_ignore_ascii_case("bearer")
}

/// "name: value" and "NAME=value": only the second is how programs write, and people write the first, too.
fn is_named_or_assigned(found: &Match<'_, '_>) -> bool {
    // A parameter of an address, which has a rule of its own.
    let is_parameter = found.before(1).ends_with(['?', '&']);
    // The passcode of a meeting is made to be sent.
    let is_of_a_meeting = found.name().to_lowercase().ends_with("passcode") && !is_pin_code(found);
    if is_parameter || is_of_a_meeting {
        return false;
    }
    let (name, value, hint) = (found.name(), found.secret(), hint_in(found));
    if is_named_secret(hint, value) {
        return !is_identifier(value);
    }
    let is_tight = found.group("separator") == "=" && found.group("gap").is_empty();
    let is_constant = name.contains('_') && !name.contains(char::is_lowercase);
    let is_literal =
        is_assigned_secret(hint, value) && !is_identifier(value) && !found.after(1).starts_with(['(', '[', '.']);
    is_tight && is_literal && (is_constant || hint == SecretHint::Password)
}

fn is_random_after_a_name(found: &Match<'_, '_>) -> bool {
    let value = found.secret();
    if found.before(1).ends_with(['?', '&']) {
        return false;
    }
    hint(found.name()) >= SecretHint::Weak
        && !is_plain(value)
        && is_random(value)
        && !is_record_id(value)
        && !is_identifier(value)
}

/// "Password (VPN): value", "Kennwort für das Portal: value". The passcode of a meeting is made to be sent.
fn is_qualified(found: &Match<'_, '_>) -> bool {
    const MEETINGS: [&str; 7] = ["meeting", "zoom", "teams", "webinar", "conference", "konferenz", "reunión"];
    let qualifier = found.group("qualifier").to_lowercase();
    let is_of_a_meeting = MEETINGS.iter().any(|meeting| qualifier.contains(meeting));
    !is_of_a_meeting && is_named(found) && !is_identifier(found.secret()) && !found.before(1).ends_with(['?', '&'])
}

/// A value that markup or a line break parts from its name.
fn is_decorated(found: &Match<'_, '_>) -> bool {
    let (value, gap, hint) = (found.secret().trim_end_matches(['.', '!', '?']), found.group("gap"), hint_in(found));
    let is_next_label = value.split_once([':', '=']).is_some_and(|(name, _)| self::hint(name) >= SecretHint::Weak);
    let is_one_word = gap.chars().all(|c| "-_".contains(c));
    if is_next_label || is_one_word || value.starts_with(['@', '/', '.', '-']) || found.before(1).ends_with(['?', '&'])
    {
        return false;
    }
    if hint < SecretHint::Strong || is_identifier(value) {
        return hint == SecretHint::Weak && is_random_after_a_name(found);
    }
    let is_parted = gap.contains([':', '=', '|', '<', '>', '-', '*', '`', '[', '(', '~', '_', '#']);
    let ends_the_line =
        found.after(2).trim_start_matches(['*', '_', '`', '"', '|', ')', ']']).starts_with(['\n', '\r', '<', '|']);
    let stands_alone = ends_the_line || found.after(1).is_empty();
    if is_parted {
        return is_named_secret(hint, value);
    }
    if hint == SecretHint::Password && is_beside_a_user(found) {
        return is_login(found);
    }
    if hint == SecretHint::Password && is_chosen(value) {
        return true;
    }
    // Nothing but space: the value has to look made, or to be the whole of the next line.
    let is_next_line = gap.contains('\n') && stands_alone;
    !is_plain(value)
        && (is_random(value) && !is_record_id(value)
            || is_next_line && (is_coded(value) || hint == SecretHint::Password && is_password_like(value)))
}

/// A login and its password with one mark between them.
pub(super) fn is_login(found: &Match<'_, '_>) -> bool {
    let value = found.secret().trim_end_matches(['.', ',', ';', ')']);
    let has = |test: fn(char) -> bool| value.contains(test);
    !is_plain(value)
        && value.len() >= 8
        && has(char::is_alphabetic)
        && has(|c| c.is_ascii_digit())
        && (has(|c| "!@#$%^&*?+=-_.".contains(c)) || has(char::is_uppercase) || is_random(value))
        && !is_record_id(value)
}

/// A number that opens something: `PIN: 4711`. Dial-in numbers and postal codes have the name, too.
pub(super) fn is_pin_code(found: &Match<'_, '_>) -> bool {
    const OTHERS: [&str; 18] = [
        "meeting",
        "dial",
        "conference",
        "zoom",
        "webinar",
        "einwahl",
        "postal",
        "zip",
        "address",
        "city",
        "district",
        "state",
        "teams",
        "join",
        "konferenz",
        "india",
        "area",
        "drop",
    ];
    let around = found.before(200).to_lowercase() + &found.after(80).to_lowercase();
    !OTHERS.iter().any(|word| around.contains(word))
}

/// Words as a password: none of them names one, or the text would be a caption.
fn is_passphrase(value: &str) -> bool {
    value.contains(' ')
        && value.contains(|c: char| c.is_ascii_digit())
        && value.split(' ').count() <= 5
        && value.split(' ').all(|word| hint(word) < SecretHint::Weak)
        && value.split(' ').any(|word| is_coded(word) || word.contains(['!', '@', '#', '$', '%', '^', '*']))
}
