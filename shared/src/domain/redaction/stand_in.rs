//! What stands where a secret would, and is none: a merge tag of any language, a variable, a word for the value.

use super::looks::{is_coded, is_random};
use super::names::{is_named_like_a_secret, is_naming_word};

/// Delimiters of merge tags, those first that begin like a shorter one. What stands between them is not looked at.
const PAIRS: [(&str, &str); 17] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("${", "}"),
    ("#{", "}"),
    ("@{", "}"),
    ("%{", "}"),
    ("{", "}"),
    ("<%", "%>"),
    ("<<", ">>"),
    ("<", ">"),
    ("*|", "|*"),
    ("[[", "]]"),
    ("[%", "%]"),
    ("%%", "%%"),
    ("@@", "@@"),
    ("__", "__"),
    ("$(", ")"),
];
/// Delimiters that JSON does not have: what stands between them may be quoted.
const LITERAL: [&str; 5] = ["{{", "{%", "${", "<%", "@{"];
/// Marks that stand on both sides of a name: `%FIRSTNAME%`, `~Contact.FirstName~`, `$name$`, `[name]`.
const MARKS: [(char, char); 5] = [('%', '%'), ('~', '~'), ('$', '$'), ('@', '@'), ('[', ']')];
/// What stands before a name: a variable of a shell, a parameter of a route.
const SIGILS: [char; 3] = ['$', ':', '@'];
/// Schemes of an Authorization header (RFC 7235), which say how the value that follows is meant.
pub(super) const SCHEMES: [&str; 11] =
    ["bearer", "basic", "token", "apikey", "api-key", "key", "digest", "negotiate", "hmac", "jwt", "oauth"];
/// How a value begins that names the place of another.
const READERS: [&str; 24] = [
    "process.env",
    "os.environ",
    "os.getenv",
    "env.",
    "env[",
    "env(",
    "getenv",
    "import.meta",
    "deno.env",
    "system.getenv",
    "http://",
    "https://",
    "www.",
    "mailto:",
    "op://",
    "vault:",
    "arn:aws:secretsmanager:",
    "ssm:",
    "secrets.",
    "vars.",
    "your",
    "<your",
    "my_",
    "projects/",
];

/// Whether `text` is merge tags and nothing else: a scheme, quotation marks, separators aside.
pub(super) fn is_merge_tags(text: &str) -> bool {
    let mut tags = Tags::of(without_scheme(text.trim().trim_start_matches('=')));
    let (mut at, mut has_tag) = (0, false);
    while let Some(next) = tags.text[at..].chars().next() {
        if let Some(length) = tags.at(at) {
            has_tag = true;
            at += length;
        } else if next.is_alphanumeric() {
            return false;
        } else {
            at += next.len_utf8();
        }
    }
    has_tag
}

/// Whether `value` stands for a secret: a merge tag, a variable, what reads one, a word for it.
pub(super) fn stands_in(value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'', '`', ';', ',', ' ', '\\']);
    let lower = bare.to_lowercase();
    // Stars, dots, crosses.
    !value.contains(|c: char| c.is_alphanumeric() && c != 'x' && c != 'X')
        || is_word(without_scheme(&lower))
        // A type that may be absent, and one of a list.
        || lower.strip_suffix(['?']).or(lower.strip_suffix("[]")).is_some_and(is_word)
        || is_merge_tags(bare)
        || is_cut_tag(bare)
        || READERS.iter().any(|start| lower.starts_with(start))
        || lower.ends_with("_here")
        || lower.contains("example") && !lower.contains(|c: char| c.is_ascii_digit())
}

/// A word for a value, in lower case.
fn is_word(lower: &str) -> bool {
    const WORDS: &[&str] = &[
        "true",
        "false",
        "null",
        "none",
        "nil",
        "undefined",
        "required",
        "optional",
        "string",
        "text",
        "number",
        "boolean",
        "integer",
        "hidden",
        "value",
        "values",
        "yes",
        "no",
        "on",
        "off",
        "basic",
        "bearer",
        "digest",
        "current-password",
        "new-password",
        "changeme",
        "access_token",
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "redacted",
        "removed",
        "omitted",
        "empty",
        "missing",
        "invalid",
        "expired",
        "revoked",
        "unknown",
        "placeholder",
        "todo",
        "tbd",
        "n/a",
        "enabled",
        "disabled",
        "active",
        "inactive",
        "valid",
        "auto",
        "any",
        "all",
        "never",
        "always",
        "object",
        "array",
        "same",
        "here",
        "see",
        "user",
        "username",
        "email",
        "name",
    ];
    WORDS.contains(&lower) || is_naming_word(lower)
}

/// Whether `value` names something in code: a member of an object, a variable that is called after a secret.
pub(super) fn is_identifier(value: &str) -> bool {
    let value = value.trim_end_matches([';', ',', ')', ':']).trim_end_matches("()");
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || "_$@".contains(c))
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "_$@".contains(c))
            && !is_coded(part)
    };
    let parts: Vec<&str> =
        value.split(['.', '[']).flat_map(|part| part.split("->")).flat_map(|part| part.split("::")).collect();
    let parts = parts.iter().map(|part| part.trim_matches(['?', ']', '"', '\'', '!'])).collect::<Vec<_>>();
    let is_camel =
        value.chars().skip(1).any(|c| c.is_ascii_uppercase()) && value.starts_with(|c: char| c.is_ascii_lowercase());
    parts.iter().all(|part| is_name(part))
        && (parts.len() > 1 || is_named_like_a_secret(value) || value.contains('_') || is_camel && value.len() < 20)
}

fn without_scheme(text: &str) -> &str {
    let (first, rest) = text.split_once([' ', '+']).unwrap_or(("", text));
    if SCHEMES.contains(&first.trim_end_matches(':').to_lowercase().as_str()) { rest } else { text }
}

/// Finds the tags of a text, from its beginning to its end. A text may consist of opening delimiters, so that each closing one is
/// searched for once and not once for each of them.
struct Tags<'t> {
    text: &'t str,
    /// For each pair, where its closing delimiter stands next.
    closing: [NextPlace; PAIRS.len()],
    /// Where a quotation mark or a line break stands next.
    quote: NextPlace,
}

/// Where something stands next in a text; `None` where it does not come any more.
#[derive(Clone, Copy)]
struct NextPlace(Option<usize>);

impl NextPlace {
    /// Its first place from `from` on, which is never before that of an earlier call. `search` looks for it.
    fn from(&mut self, from: usize, search: impl FnOnce(usize) -> Option<usize>) -> Option<usize> {
        if self.0.is_some_and(|at| at < from) {
            self.0 = search(from).map(|at| from + at);
        }
        self.0
    }
}

impl<'t> Tags<'t> {
    fn of(text: &'t str) -> Self {
        // A place before every delimiter, so that the first call searches.
        let before = NextPlace(Some(0));
        Self { text, closing: [before; PAIRS.len()], quote: before }
    }

    /// The length of the tag that begins at `at`.
    fn at(&mut self, at: usize) -> Option<usize> {
        let text = self.text;
        let rest = &text[at..];
        for ((open, close), closing) in PAIRS.iter().zip(&mut self.closing) {
            if !rest.starts_with(open) {
                continue;
            }
            let inner = at + open.len();
            if let Some(end) = closing.from(inner, |from| text[from..].find(close)).filter(|end| *end > inner)
                // JSON has the same brackets.
                && (LITERAL.contains(open) || self.quote.from(inner, |from| text[from..].find(['"', '\n'])).is_none_or(|quote| quote >= end))
            {
                return Some(end + close.len() - at);
            }
        }
        named(rest)
    }
}

/// The length of the tag that `text` begins with and that is a name with a mark on one or both sides.
fn named(text: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || "_.- |:=".contains(c);
    for (open, close) in MARKS {
        if let Some(inner) = text.strip_prefix(open)
            && let Some(length) = inner.find(|c| !is_part(c)).filter(|length| *length > 0)
            && inner.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && inner[length..].starts_with(close)
        {
            return Some(2 + length);
        }
    }
    let name = text.strip_prefix(SIGILS)?;
    let length = name.find(|c: char| !c.is_alphanumeric() && !"_.".contains(c)).unwrap_or(name.len());
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_') && !is_random(&name[..length]);
    // What a shell or a template fills in has a name of one kind of letters; a password may begin with a dollar as well.
    let is_plain = name[..length].chars().all(|c| !c.is_ascii_digit());
    (is_name && is_plain).then_some(1 + length)
}

/// A tag of which only the beginning is there, because the rule that found it stops at a bracket: `$` of `${token}`.
fn is_cut_tag(value: &str) -> bool {
    value.starts_with(['<', '{', '[', '(', '…'])
        || value.starts_with("*|")
        || value.starts_with("%%")
        || value.starts_with("={{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_tag_of_every_language_stands_in() {
        for tag in [
            "{{token}}",
            "{{{token}}}",
            "{{ contact.token | default: 'x' }}",
            "={{ $json.token }}",
            "{%token%}",
            "${token}",
            "#{token}",
            "@{triggerBody()['t']}",
            "%{token}",
            "{token}",
            "{!Contact.Token}",
            "{$token}",
            "{contactfield=token}",
            "<%= token %>",
            "<<token>>",
            "<token>",
            "*|TOKEN|*",
            "[[token]]",
            "[%token%]",
            "[token]",
            "%%token%%",
            "%TOKEN%",
            "%recipient.token%",
            "~Contact.Token~",
            "$token$",
            "$TOKEN",
            "$env.TOKEN",
            ":token",
            "@TOKEN@",
            "@@token@@",
            "__TOKEN__",
            "$(cat token)",
            "Bearer {{token}}",
            "Basic *|AUTH|*",
            "{{user}}:{{pass}}",
            "Token token={{ token }}".split_once(' ').unwrap().1.split_once('=').unwrap().1,
            "YOUR_API_KEY",
            "your-token-here",
            "process.env.TOKEN",
            "token",
            "Password",
            "api key",
        ] {
            assert!(stands_in(tag), "{tag}");
        }
        for value in ["abcd1234", "$ecret123", "hunter22", "P@ssw0rd", "Winter2026!", "$2b$12$abc", "a{{x}}", "letmein"]
        {
            assert!(!stands_in(value), "{value}");
        }
    }

    #[test]
    fn a_text_of_opening_brackets_is_searched_once_for_each_end() {
        // By the square of their number this takes minutes.
        for (piece, end) in [("<", ""), ("{{", ""), ("{\"", "}"), ("[[ ", ""), ("%%", "x"), ("__", "x"), ("$(", "")] {
            let text = piece.repeat(400_000 / piece.len()) + end;
            assert!(!is_merge_tags(&text), "{piece}");
        }
    }

    #[test]
    fn code_that_names_a_variable_is_known() {
        for value in [
            "config.apiKey",
            "user.password;",
            "accessToken",
            "req.body.token",
            "user_password",
            "response->token",
            "ENV::TOKEN",
            "data[\"token\"]",
        ] {
            assert!(is_identifier(value), "{value}");
        }
        for value in ["letmein", "abc.def12345", "Winter2026!", "sunshine"] {
            assert!(!is_identifier(value), "{value}");
        }
    }
}
