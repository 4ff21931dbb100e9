//! What opens something beside a program, as people write it down: doors, networks, accounts.

use super::credible::{is_chosen, is_plain};
use super::looks::is_coded;
use super::rule::{FormRule, Gate, Match};

pub(super) fn rules() -> Vec<FormRule> {
    vec![
        // "Alarm code: 4711". A dial-in code is made to be sent.
        (
            Gate::Literals(&["code", "kod", "zahl", "digo", "codic"]),
            r#"(?i)\b(?:(?:alarm|door|gate|lock ?box|key ?safe|garage|entry|elevator|access|zugangs|tür|tor|haustür|alarmanlagen|schlüsselkasten|tresor|deur|toegangs|poort|alarm)[ -]?(?:code|kod|zahl)|code (?:d['’]accès|de la porte|du portail|d['’]alarme)|digicode|c[oó]digo (?:de acceso|de la puerta|de la alarma|de acesso|da porta|do alarme)|codice (?:di accesso|del portone|dell['’]allarme)|kod (?:dostępu|do drzwi|do bramy|alarmu))["'*_`]{0,3}[\s--\n]*(?:[:=]|is|ist|lautet|est|es|é|è|to)["'*_`]{0,3}[\s--\n]*["'*_`]{0,2}(?<secret>#?[0-9]{4,8}#?)\b"#
                .to_owned(),
            is_no_dial_in,
        ),
        // "WiFi: Guest, key: Winter2026!"
        (
            Gate::Literals(&["wifi", "wi-fi", "wlan", "ssid", "wpa"]),
            r#"(?i)\b(?:wi-?fi|wlan|ssid|wpa[23]?)\b[^\n]{0,60}?\b(?:key|pass(?:word|wort|code|phrase)?|schlüssel|cl[ée]|clave|chiave|senha|sleutel|klucz|hasło|pw|psk)\b["'*_`]{0,3}[\s--\n]*[:=-]?[\s--\n]*["'*_`]{0,3}(?<secret>[^\s"'`<>{}\[\],;|]{8,63})"#
                .to_owned(),
            |found| !is_plain(found.secret()) && (is_chosen(found.secret()) || is_coded(found.secret())),
        ),
        // "pass: Winter2026!", without a user.
        (
            Gate::Literals(&["pass", "pw", "psw"]),
            r#"(?i)(?:^|[\s;,|/("'])(?:pass|pw|psw)["'`]?[\s--\n]*[:=][\s--\n]*["'`]?(?<secret>[^\s"'`<>{}\[\],;|]{8,})"#.to_owned(),
            |found| is_chosen(found.secret()),
        ),
        // An address and, on the line below it, the password.
        (
            Gate::Literals(&["@"]),
            r#"(?im)^[\s--\n]*[\w.+-]+@[\w.-]+\.[a-z]{2,}[\s--\n]*\r?\n[\s--\n]*(?<secret>[^\s"'`<>{}\[\]@]{8,64})[\s--\n]*\r?$"#.to_owned(),
            |found| is_chosen(found.secret()) && !found.secret().contains('.') && speaks_of_an_account(found),
        ),
    ]
}

fn is_no_dial_in(found: &Match<'_, '_>) -> bool {
    const CALLS: [&str; 8] = ["meeting", "dial", "conference", "zoom", "webinar", "einwahl", "teams", "konferenz"];
    let around = found.before(200).to_lowercase() + &found.after(80).to_lowercase();
    !CALLS.iter().any(|call| around.contains(call))
}

fn speaks_of_an_account(found: &Match<'_, '_>) -> bool {
    const ACCOUNTS: [&str; 14] = [
        "login",
        "log in",
        "log-in",
        "sign in",
        "credential",
        "account",
        "zugang",
        "anmeld",
        "connexion",
        "identifiant",
        "acceso",
        "acesso",
        "accesso",
        "dostęp",
    ];
    let before = found.before(300).to_lowercase();
    ACCOUNTS.iter().any(|account| before.contains(account))
}

#[cfg(test)]
mod tests {
    use crate::domain::redaction::{PLACEHOLDER, redact_text};

    #[test]
    fn a_number_that_opens_a_door_goes_and_one_that_is_made_to_be_sent_stays() {
        for label in
            ["Alarm code", "Türcode", "Gate code", "Lockbox code", "código de acceso", "Code d’accès", "Kod dostępu"]
        {
            assert_eq!(redact_text(&format!("{label}: 4711")), format!("{label}: {PLACEHOLDER}"));
        }
        for text in
            ["Zoom meeting access code: 918273", "Error code: 50012", "Building code: 2018 IBC", "Door code: by SMS"]
        {
            assert_eq!(redact_text(text), text);
        }
    }
}
