//! Names: which fields, headers, parameters and variables hold a secret by what they are called.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::PLACEHOLDER;
use super::vocabulary::{
    ACCOUNTS, PARAMETERS, PASSWORDS, PUBLIC, SECRETS, STEPS, SWITCHES, TAILS, WEAK, WEAK_PARAMETERS,
};

/// What a name says about the value that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SecretHint {
    /// Nothing.
    Plain,
    /// It may be a secret: `key` is a map's key in one setup and an API key in another. What it looks like decides.
    Weak,
    /// It is a secret.
    Strong,
    /// It is a password, which people make up themselves, so that it need not look like one.
    Password,
}

/// A name without what stands for a secret that was cut from it: "removed secret" says nothing of the value beside it.
fn without_placeholder(name: &str) -> Cow<'_, str> {
    if name.contains(PLACEHOLDER) { name.replace(PLACEHOLDER, "").into() } else { name.into() }
}

/// Lower case, without what separates words, in the form in which a reader sees it.
pub(super) fn collapsed(name: &str) -> String {
    let name = without_placeholder(name);
    let folded = |name: &mut dyn Iterator<Item = char>| {
        name.filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    if name.is_ascii() { folded(&mut name.chars()) } else { folded(&mut name.nfkc()) }
}

/// Returns what the name of a field, a header or a variable says about its value.
pub(super) fn hint(name: &str) -> SecretHint {
    let name = without_placeholder(name);
    match last_word(&name) {
        Some(first) if first.is_switch => SecretHint::Plain,
        Some(first) if first.is_account => SecretHint::Password,
        _ => match hint_of(&collapsed(&name)) {
            // A personal access token. "Pat" is a person as well.
            SecretHint::Plain if words(&name).last().is_some_and(|last| last == "pat") => SecretHint::Weak,
            hint => hint,
        },
    }
}

/// What the words of a name say that its letters alone do not.
struct Words {
    is_switch: bool,
    is_account: bool,
}

/// The words of `name` before its last: `db` of `DB_PASS`, `forgot` of `forgotPassword`.
fn last_word(name: &str) -> Option<Words> {
    let words = words(name);
    let (last, before) = words.split_last()?;
    let previous = before.last()?.as_str();
    let first = before.first()?.as_str();
    let is_step = STEPS.contains(&first) && hint_of(last) == SecretHint::Password;
    let is_switch = is_step || (SWITCHES.contains(&first) && hint_of(last) >= SecretHint::Weak);
    let is_account = matches!(last.trim_end_matches(|c: char| c.is_ascii_digit()), "pass" | "pw" | "psw" | "passwd")
        && ACCOUNTS.contains(&previous);
    Some(Words { is_switch, is_account })
}

/// The words of a name in lower case, however it joins them: `smtp_pass`, `smtpPass`, `SMTP-Pass`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let starts = !c.is_alphanumeric() || (c.is_uppercase() && was_lower);
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a name is `pass`, `pw` or the like and nothing else: a password where a user stands beside it.
pub(super) fn is_pass(name: &str) -> bool {
    matches!(
        collapsed(name).as_str(),
        "pass" | "pw" | "psw" | "pswd" | "psk" | "pas" | "clave" | "parola" | "key" | "auth"
    )
}

/// Whether the last word of a name is that of a short number which opens something.
pub(super) fn is_pin(name: &str) -> bool {
    const PINS: [&str; 16] = [
        "pin", "otp", "totp", "cvv", "cvc", "cvv2", "cvc2", "csc", "tan", "puk", "pincode", "otpcode", "mfacode",
        "pins", "2fa", "passkey",
    ];
    let words = words(name);
    let joined = words.concat();
    PINS.contains(&joined.as_str())
        || words.last().is_some_and(|last| PINS.contains(&last.as_str()))
        || [
            "otpcode",
            "mfacode",
            "2facode",
            "tancode",
            "verificationcode",
            "accesscode",
            "doorcode",
            "gatecode",
            "alarmcode",
            "lockboxcode",
        ]
        .iter()
        .any(|end| joined.ends_with(end))
}

/// Whether a name is that of a user: what stands beside a password.
pub(super) fn is_user(name: &str) -> bool {
    const USERS: [&str; 21] = [
        "ssid",
        "user",
        "username",
        "userid",
        "usr",
        "login",
        "email",
        "account",
        "host",
        "hostname",
        "server",
        "smtp",
        "uid",
        "benutzer",
        "benutzername",
        "usuario",
        "utilisateur",
        "identifiant",
        "utente",
        "port",
        "from",
    ];
    let name = collapsed(name);
    USERS.iter().any(|user| name.ends_with(user))
}

/// What the name of a query parameter says.
pub(super) fn parameter_hint(name: &str) -> SecretHint {
    let collapsed = collapsed(name);
    let is = |names: &[&str]| names.contains(&collapsed.as_str());
    if is(&PARAMETERS) {
        SecretHint::Strong
    } else if is(&WEAK_PARAMETERS) {
        SecretHint::Weak
    } else {
        hint(name)
    }
}

/// Whether all of `lower` is a word for a secret: "password", "api key".
pub(super) fn is_naming_word(lower: &str) -> bool {
    let collapsed = collapsed(lower);
    PASSWORDS.contains(&collapsed.as_str())
        || SECRETS.contains(&collapsed.as_str())
        || WEAK.contains(&collapsed.as_str())
}

/// Whether `value` has a word for a secret in it and no digit: `accessToken`, `MY_SECRET`, "Enter your password".
pub(super) fn is_named_like_a_secret(value: &str) -> bool {
    const STEMS: [&str; 14] = [
        "token",
        "secret",
        "password",
        "passwd",
        "passwort",
        "apikey",
        "credential",
        "bearer",
        "cookie",
        "authorization",
        "session",
        "key",
        "auth",
        "pwd",
    ];
    let collapsed = collapsed(value);
    !value.contains(|c: char| c.is_ascii_digit())
        && (STEMS.iter().any(|stem| collapsed.contains(stem))
            || PASSWORDS.iter().chain(SECRETS).any(|name| collapsed.contains(name)))
}

fn hint_of(collapsed: &str) -> SecretHint {
    let bare = collapsed.trim_end_matches(|c: char| c.is_ascii_digit());
    let bare = TAILS.iter().find_map(|tail| bare.strip_suffix(tail)).filter(|rest| !rest.is_empty()).unwrap_or(bare);
    let ends = |endings: &[&str]| endings.iter().any(|ending| bare.ends_with(ending));
    if ends(PUBLIC) {
        SecretHint::Plain
    } else if ends(PASSWORDS) {
        SecretHint::Password
    } else if ends(SECRETS) {
        SecretHint::Strong
    } else if ends(WEAK) {
        SecretHint::Weak
    } else {
        SecretHint::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_its_end_says() {
        for (name, expected) in [
            ("password", SecretHint::Password),
            ("DB_PASSWORD", SecretHint::Password),
            ("passwordHash", SecretHint::Password),
            ("Passwort", SecretHint::Password),
            ("X-Api-Key", SecretHint::Strong),
            ("aws_secret_access_key", SecretHint::Strong),
            ("clientSecret2", SecretHint::Strong),
            ("token_value", SecretHint::Strong),
            ("Set-Cookie", SecretHint::Strong),
            ("openaiKey", SecretHint::Weak),
            ("key", SecretHint::Weak),
            ("sig", SecretHint::Weak),
            ("DB_PASS", SecretHint::Password),
            ("smtpPass", SecretHint::Password),
            ("API-Schlüssel", SecretHint::Strong),
            ("clé API", SecretHint::Strong),
            ("ｐａｓｓｗｏｒｄ", SecretHint::Password),
            ("pass\u{200B}word", SecretHint::Password),
            ("forgotPassword", SecretHint::Plain),
            ("showPassword", SecretHint::Plain),
            ("nextPageToken", SecretHint::Plain),
            ("boardingPass", SecretHint::Plain),
            ("maxTokens", SecretHint::Plain),
            ("passwordResetSubject", SecretHint::Plain),
            ("tokenLimit", SecretHint::Plain),
            ("emailSignature", SecretHint::Plain),
            ("", SecretHint::Plain),
            ("123", SecretHint::Plain),
        ] {
            assert_eq!(hint(name), expected, "{name}");
        }
    }

    #[test]
    fn a_parameter_may_say_more() {
        for (name, expected) in [
            ("sig", SecretHint::Strong),
            ("X-Amz-Signature", SecretHint::Strong),
            ("access_token", SecretHint::Strong),
            ("code", SecretHint::Weak),
            ("key", SecretHint::Weak),
            ("utm_source", SecretHint::Plain),
            ("monkey", SecretHint::Plain),
        ] {
            assert_eq!(parameter_hint(name), expected, "{name}");
        }
    }
}
