//! Rules of form for a value that a label, markup or an issuer stands beside.

use super::credible::is_plain;
use super::looks::{is_coded, is_random};
use super::named::{self, SIGN, is_login, is_named, is_pin_code};
use super::rule::{FormRule, Gate, MatchTest, QUOTE};
use super::stand_in::is_identifier;

pub(super) fn rules() -> Vec<FormRule> {
    let others = by_itself().into_iter().chain(in_markup()).chain(beside_an_issuer()).chain(super::openers::rules());
    named::rules().chain(others).collect()
}

fn by_itself() -> Vec<FormRule> {
    vec![
        // Languages without spaces go on right behind the value.
        (
            Gate::Open,
            format!(r#"(?i)(?<name>{SIGN}){QUOTE}\s*(?:[:=]|は|是|为|為|は、|는|은)\s*{QUOTE}(?<secret>[!-~&&[^"'`\\<>{{}}\[\],;]]{{4,}})"#),
            is_named,
        ),
        // auth=("ops", "value")
        (
            Gate::Literals(&["auth"]),
            r#"\bauth\s*=\s*(?:HTTPBasicAuth)?\(\s*["'][^"'\n]+["']\s*,\s*["'](?<secret>[^"'\n{}<>$]{4,})["']"#.to_owned(),
            |found| !is_plain(found.secret()),
        ),
        // hmac.new(b"value", message), createHmac("sha256", "value")
        (
            Gate::Literals(&["hmac"]),
            r#"(?i)hmac[\w.]*\((?:[^()"'\n]{0,80},\s*)?(?:["']sha[-0-9]+["']\s*,\s*)?b?["'](?<secret>[^"'\s<>{}$]{8,})["']"#.to_owned(),
            |found| is_coded(found.secret()) && !is_plain(found.secret()),
        ),
        // Polish says "hasło to value".
        (
            Gate::Literals(&["has", "klucz", "token"]),
            r#"(?i)\b(?<name>has[lł]o|klucz(?: api)?|token)[\s--\n]+to:?[\s--\n]+["'`]?(?<secret>[^\s"'`\\<>{}]{4,})"#.to_owned(),
            is_named,
        ),
        // "Login: ops / Winter2026!"
        (
            Gate::Literals(&[
                "login", "log-in", "log in with", "sign in with", "wifi", "wi-fi", "wlan", "ftp", "vpn", "ssh", "portal", "cred",
                "zugang", "anmeldung", "identifiants", "acesso", "accesso", "account", "user", "benutzer", "usuario", "utilisateur",
            ]),
            r#"(?i)\b(?:log-?ins?|log in with|sign in with|wi-?fi|wlan|ftp|vpn|ssh|portal|credentials?|creds|zugang|zugangsdaten|anmeldung|identifiants|credenciales|credenciais|acesso|accesso|account|user|benutzer|usuario|utilisateur)\b[\s--\n]*[:=-]?[\s--\n]*["'`]?[A-Za-z0-9_.@+-]+["'`]?[\s--\n]*(?:/|\||:|,|;|[\s--\n]-|[\s--\n]pw\b|[\s--\n]pass\b)[\s--\n]*:?[\s--\n]*["'`]?(?<secret>[^\s"'`<>{}\[\]]{8,})"#
                .to_owned(),
            is_login,
        ),
        (
            Gate::Literals(&["pin", "otp", "cvv", "cvc", "puk", "tan"]),
            r#"(?:\b|_)(?:PIN|OTP|pin|otp|Pin|CVV|CVC|cvv|cvc|PUK|TAN)(?:[ -]?(?:code|Code|number|Nummer))?\b["'*_`]{0,3}[\s--\n]*(?:[:=]|is|ist|lautet|est|es|é)["'*_`]{0,3}[\s--\n]*["'*_`]{0,2}(?<secret>[0-9]{3,8})\b"#.to_owned(),
            is_pin_code,
        ),
    ]
}

fn in_markup() -> [FormRule; 2] {
    [
        // <apiKey>value</apiKey>
        (
            Gate::Literals(&["</"]),
            r"<(?:[A-Za-z0-9]+:)?(?<name>[A-Za-z][A-Za-z0-9_.-]*)(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[\s*)?(?<secret>[^<>\s{}\]]{4,})\s*(?:\]\]>\s*)?</"
                .to_owned(),
            is_named,
        ),
        // <token value="value"/>
        (
            Gate::Literals(&["value", "content"]),
            r#"<(?<name>[A-Za-z][A-Za-z0-9_.-]*)\s(?:[^<>]{0,80}?\s)?(?:value|content)\s*=\s*["'](?<secret>[^"'<>{}\s]{4,})["']"#
                .to_owned(),
            is_named,
        ),
    ]
}

/// Keys without a form of their own, beside the name of who issues them.
fn beside_an_issuer() -> impl Iterator<Item = FormRule> {
    super::formats::BESIDE.iter().map(|(literals, issuer, form)| {
        // Between them stands at most a line of words. Forty times `\w` would make thirteen thousand states.
        let rule = format!(
            r#"(?i:\b(?:{issuer}))(?:[\s0-9A-Za-z_[^\x00-\x7F].:=,"'`*|<>/()\[\]\\-]{{0,40}}?[\s:=,"'`*|<>(\[\\])(?<secret>{form})\b"#
        );
        let judge: MatchTest = |found| is_random(found.secret()) && !is_identifier(found.secret());
        (Gate::Literals(literals), rule, judge)
    })
}
