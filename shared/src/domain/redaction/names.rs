//! Names: which fields, headers, parameters and variables hold a secret by what they are called.

/// What a name says about the value that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// Nothing.
    Plain,
    /// It may be a secret: `key` is a map's key in one setup and an API key in another. What it looks like decides.
    Weak,
    /// It is a secret.
    Strong,
    /// It is a password, which people make up themselves, so that it need not look like one.
    Password,
}

/// How the name of a password ends, in lower case without separators; in the languages that setups are written in.
const PASSWORDS: [&str; 18] = [
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "passwort",
    "passwörter",
    "kennwort",
    "contraseña",
    "contrasena",
    "motdepasse",
    "senha",
    "wachtwoord",
    "lösenord",
    "пароль",
    "密码",
    "パスワード",
];
/// How the name of another secret ends.
const SECRETS: [&str; 25] = [
    "secret",
    "secrets",
    "token",
    "authorization",
    "credential",
    "credentials",
    "apikey",
    "apikeys",
    "accesskey",
    "accountkey",
    "privatekey",
    "secretkey",
    "signingkey",
    "signaturekey",
    "encryptionkey",
    "masterkey",
    "sharedkey",
    "licensekey",
    "authkey",
    "basicauth",
    "bearer",
    "jwt",
    "cookie",
    "cookies",
    "connectionstring",
];
/// How a name ends that may be one of a secret.
const WEAK: [&str; 10] = ["key", "auth", "pass", "pw", "sig", "session", "sessionid", "sid", "dsn", "hmac"];
/// Names of query parameters, beyond the above, that carry a credential. `X-Amz-…` is a pre-signed URL of AWS, `sig` a
/// shared access signature of Azure.
const PARAMETERS: [&str; 8] =
    ["sig", "signature", "xamzsignature", "xamzcredential", "xgoogsignature", "xgoogcredential", "auth", "hmac"];
/// Names of query parameters that may carry one: `code` is what OAuth ends with, or a coupon.
const WEAK_PARAMETERS: [&str; 6] = ["code", "hash", "ticket", "assertion", "jsessionid", "phpsessid"];
/// What may follow in a name without changing what it means: `apiKeyValue`, `SECRET_OLD`, `passwordHash`, `token2`.
const TAILS: [&str; 9] = ["value", "old", "new", "prod", "production", "live", "hash", "header", "base64"];

/// Lower case, without what separates words.
pub(super) fn collapsed(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What the name of a field, a header or a variable says.
pub(super) fn naming(name: &str) -> Naming {
    naming_of(&collapsed(name))
}

/// What the name of a query parameter says.
pub(super) fn parameter_naming(name: &str) -> Naming {
    let name = collapsed(name);
    let is = |names: &[&str]| names.contains(&name.as_str());
    if is(&PARAMETERS) {
        Naming::Strong
    } else if is(&WEAK_PARAMETERS) {
        Naming::Weak
    } else {
        naming_of(&name)
    }
}

fn naming_of(collapsed: &str) -> Naming {
    let bare = collapsed.trim_end_matches(|c: char| c.is_ascii_digit());
    let bare = TAILS.iter().find_map(|tail| bare.strip_suffix(tail)).unwrap_or(bare);
    let ends = |endings: &[&str]| endings.iter().any(|ending| bare.ends_with(ending));
    if ends(&PASSWORDS) {
        Naming::Password
    } else if ends(&SECRETS) {
        Naming::Strong
    } else if ends(&WEAK) {
        Naming::Weak
    } else {
        Naming::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_its_end_says() {
        for (name, expected) in [
            ("password", Naming::Password),
            ("DB_PASSWORD", Naming::Password),
            ("passwordHash", Naming::Password),
            ("Passwort", Naming::Password),
            ("X-Api-Key", Naming::Strong),
            ("aws_secret_access_key", Naming::Strong),
            ("clientSecret2", Naming::Strong),
            ("token_value", Naming::Strong),
            ("Set-Cookie", Naming::Strong),
            ("openaiKey", Naming::Weak),
            ("key", Naming::Weak),
            ("sig", Naming::Weak),
            ("maxTokens", Naming::Plain),
            ("passwordResetSubject", Naming::Plain),
            ("tokenLimit", Naming::Plain),
            ("emailSignature", Naming::Plain),
            ("", Naming::Plain),
            ("123", Naming::Plain),
        ] {
            assert_eq!(naming(name), expected, "{name}");
        }
    }

    #[test]
    fn a_parameter_may_say_more() {
        for (name, expected) in [
            ("sig", Naming::Strong),
            ("X-Amz-Signature", Naming::Strong),
            ("access_token", Naming::Strong),
            ("code", Naming::Weak),
            ("key", Naming::Weak),
            ("utm_source", Naming::Plain),
            ("monkey", Naming::Weak),
        ] {
            assert_eq!(parameter_naming(name), expected, "{name}");
        }
    }
}
