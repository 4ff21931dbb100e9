//! Hosts: what a name in a URL or an address says.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::merge_tag::MASK;

/// What a text is as a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// A domain name of two labels or more, in ASCII.
    Name(String),
    /// An IP address.
    Ip,
    /// A name of one label, such as `localhost`.
    Single,
    /// A merge tag, or a name with one in it.
    Merge,
}

impl Host {
    /// Reads a host without port and user; `None` where it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        if text.contains(MASK) {
            let rest = text.replace(MASK, "");
            return rest.chars().all(|c| c.is_alphanumeric() || ".-_:".contains(c)).then_some(Self::Merge);
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let is_ipv6 = bare.contains("::") || bare.matches(':').count() == 7;
        if text.parse::<Ipv4Addr>().is_ok() || (is_ipv6 && bare.parse::<Ipv6Addr>().is_ok()) {
            return Some(Self::Ip);
        }
        if text.len() > LONGEST || text.contains(['/', '\\', '@', ':', '?', '#', ' ']) {
            return None;
        }
        let ascii = idna::domain_to_ascii(text.strip_suffix('.').unwrap_or(text)).ok()?;
        let is_label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if !ascii.split('.').all(is_label) {
            return None;
        }
        match ascii.rsplit_once('.') {
            Some((_, top)) => is_top_level(top).then_some(Self::Name(ascii)),
            None => ascii.bytes().any(|byte| byte.is_ascii_alphabetic()).then_some(Self::Single),
        }
    }
}

/// The longest name of a host, in bytes; generous, because a name in Unicode is longer than its ASCII form (RFC 1035: 255).
const LONGEST: usize = 1_000;

/// Whether a label can be the last of a name: letters alone, or an internationalized one.
fn is_top_level(label: &str) -> bool {
    label.starts_with("xn--") || (label.len() >= 2 && label.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// Whether a name without scheme, path or port is credible as a host wherever it stands. `contact.email` is a field,
/// `intro.mp4` a file, `message.received` an event.
pub(super) fn is_credible(text: &str, ascii: &str) -> bool {
    let labels: Vec<&str> = ascii.split('.').collect();
    let (Some(first), Some(top)) = (labels.first(), labels.last()) else { return false };
    let is_mixed = text.contains(char::is_uppercase) && text.contains(char::is_lowercase);
    let is_known = top.len() == 2 || top.starts_with("xn--") || TOP_LEVEL.contains(top);
    let is_field = ENTITIES.contains(first);
    is_known && !is_mixed && !is_field && !is_file(ascii)
}

/// Whether a name of two labels is that of a file.
pub(super) fn is_file(ascii: &str) -> bool {
    let mut labels = ascii.rsplit('.');
    let top = labels.next().unwrap_or_default();
    labels.count() <= 2 && FILE_ENDINGS.contains(&top)
}

/// The last labels of names that people register, and those that RFC 2606 and RFC 6761 reserve. Country codes have two
/// letters and need no list. A name under another one still counts where a scheme, or the name of its field, says that it
/// is a host.
const TOP_LEVEL: [&str; 96] = [
    "academy",
    "agency",
    "app",
    "arpa",
    "art",
    "asia",
    "biz",
    "blog",
    "business",
    "capital",
    "cat",
    "center",
    "chat",
    "city",
    "click",
    "cloud",
    "club",
    "codes",
    "com",
    "community",
    "company",
    "consulting",
    "coop",
    "design",
    "dev",
    "digital",
    "direct",
    "edu",
    "email",
    "energy",
    "engineering",
    "estate",
    "eu",
    "events",
    "example",
    "expert",
    "finance",
    "fit",
    "foundation",
    "fun",
    "fyi",
    "global",
    "gov",
    "group",
    "guru",
    "health",
    "homes",
    "host",
    "hosting",
    "icu",
    "info",
    "ink",
    "int",
    "internal",
    "invalid",
    "invest",
    "jobs",
    "lan",
    "legal",
    "life",
    "live",
    "local",
    "localhost",
    "ltd",
    "marketing",
    "media",
    "mil",
    "mobi",
    "money",
    "name",
    "net",
    "network",
    "news",
    "ninja",
    "onion",
    "online",
    "org",
    "page",
    "partners",
    "plus",
    "press",
    "pro",
    "rocks",
    "sale",
    "services",
    "shop",
    "site",
    "solutions",
    "space",
    "store",
    "studio",
    "systems",
    "team",
    "tech",
    "test",
    "xyz",
];

/// What the fields of a CRM belong to: a name that begins so is one of a field, an event or a permission.
const ENTITIES: [&str; 44] = [
    "account",
    "activity",
    "agent",
    "appointment",
    "application",
    "automation",
    "booking",
    "calendar",
    "call",
    "campaign",
    "company",
    "contact",
    "conversation",
    "customer",
    "deal",
    "email",
    "event",
    "fields",
    "form",
    "invoice",
    "item",
    "lead",
    "message",
    "note",
    "opportunity",
    "order",
    "org",
    "organization",
    "owner",
    "payment",
    "payload",
    "pipeline",
    "product",
    "profile",
    "prompt",
    "request",
    "sms",
    "stage",
    "status",
    "task",
    "team",
    "template",
    "trigger",
    "user",
];

/// How the names of files end that people send, attach or run.
const FILE_ENDINGS: [&str; 58] = [
    "aac", "ai", "avi", "bmp", "cc", "css", "csv", "doc", "docm", "docx", "eml", "eps", "exe", "gif", "go", "gz",
    "heic", "htm", "html", "ics", "jpeg", "jpg", "js", "json", "jsx", "key", "log", "md", "mov", "mp", "mpeg", "ogg",
    "pages", "pdf", "php", "pl", "png", "ppt", "pptx", "ps", "psd", "py", "rar", "rb", "rs", "rtf", "sh", "sql", "svg",
    "tar", "tiff", "tsx", "txt", "vcf", "wav", "webm", "webp", "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_an_address_or_holds_a_merge_tag() {
        for text in ["evil.example", "EVIL.example.", "пример.рф", "evil。example", "a.b-c.co.uk", "x_y.example"]
        {
            assert!(matches!(Host::parse(text), Some(Host::Name(_))), "{text}");
        }
        for text in ["203.0.113.7", "[2001:db8::1]", "2001:db8::1"] {
            assert_eq!(Host::parse(text), Some(Host::Ip), "{text}");
        }
        assert_eq!(Host::parse("localhost"), Some(Host::Single));
        assert_eq!(Host::parse("\u{1}\u{1}.evil.example"), Some(Host::Merge));
        for text in ["", "a..b", "1.2", "v1.2.3", "-a.example", "a b.example", "a/b.example", "1234", "intro.mp4"] {
            assert_eq!(Host::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_alone_is_credible_only_where_nothing_else_has_that_form() {
        for text in ["evil.example", "hooks.evil.co", "evil.rocks", "EVIL.EXAMPLE", "xn--e1afmkfd.xn--p1ai"] {
            assert!(is_credible(text, &text.to_lowercase()), "{text}");
        }
        for text in [
            "contact.email",
            "user.id",
            "contact.read",
            "intro.mov",
            "setup.py",
            "Acme.Co",
            "lead.created",
            "deal.name",
        ] {
            assert!(!is_credible(text, &text.to_lowercase()), "{text}");
        }
    }
}
