//! Share and join links: a message is made to send them, so they stay, although who has one may open what it leads to.

use std::sync::LazyLock;

use regex::Regex;

use super::expression::compiled;
use super::rule::Match;
use crate::domain::{Document, OverBudget, Work, texts};

/// Where a link leads to a meeting, a file, a group, a form, a payment, as the documentation of each service has it.
const LINKS: &[&str] = &[
    // Meetings: Zoom, Teams, Meet, Webex, Whereby.com, GoTo, Jitsi, BlueJeans, Chime.
    r"(?:[a-z0-9-]+\.)?zoom(?:gov)?\.(?:us|com)/(?:j|my|w|s|webinar/register|meeting/register|rec/share)/",
    r"teams\.(?:microsoft|live)\.com/(?:l/meetup-join|meet|dl/launcher)",
    r"meet\.google\.com/[a-z]{3}-",
    r"[a-z0-9-]+\.webex\.com/(?:meet|join|[a-z0-9-]+/j\.php)",
    r"whereby\.com/",
    r"(?:meet\.goto|global\.gotomeeting|app\.goto)\.com/",
    r"meet\.jit\.si/",
    // Files: Google, Dropbox, OneDrive, SharePoint, Box, WeTransfer, iCloud, Loom, Nextcloud, Figma, Canva, Miro, Notion, Airtable.
    r"(?:docs|drive|forms|photos)\.(?:google\.com|app\.goo\.gl)/",
    r"(?:www\.)?dropbox\.com/(?:s|sh|scl|l|t|request)/",
    r"(?:1drv\.ms|onedrive\.live\.com|[a-z0-9-]+\.sharepoint\.com)/",
    r"(?:[a-z0-9-]+\.)?(?:app\.)?box\.com/(?:s|v)/",
    r"(?:we\.tl|wetransfer\.com/downloads)/",
    r"(?:www\.)?icloud\.com/(?:iclouddrive|photos|notes)/",
    r"(?:www\.)?loom\.com/share/",
    r"(?:www\.)?(?:figma\.com/(?:file|design|proto|board)|canva\.com/design|miro\.com/app/board)/",
    r"[a-z0-9-]+\.notion\.site/",
    r"(?:www\.)?airtable\.com/(?:app[a-z0-9]+/)?shr",
    // Groups: Slack, Discord, WhatsApp, Telegram, Signal, Facebook, Skype.
    r"join\.slack\.com/t/",
    r"discord(?:\.gg|\.com/invite|app\.com/invite)/",
    r"chat\.whatsapp\.com/",
    r"t\.me/(?:\+|joinchat/)",
    r"signal\.group/",
    // Signing, paying, booking.
    r"(?:[a-z0-9-]+\.)?docusign\.(?:net|com)/",
    r"app\.(?:pandadoc\.com/document|hellosign\.com/sign)/",
    r"(?:buy|checkout|invoice|billing)\.stripe\.com/",
    r"calendly\.com/(?:d|s)/",
    // Any other that says so in its path.
    r"[a-z0-9.-]+(?::[0-9]+)?/(?:[a-z0-9_-]+/){0,3}(?:share|shared|s|join|invite|invites|invitation|invitations|guest)/",
];

static LINK: LazyLock<Regex> =
    LazyLock::new(|| compiled(&format!(r#"(?i)\bhttps?://(?:{})[^\s"'`<>{{}}\\]*"#, LINKS.join("|"))));
static BEFORE: LazyLock<Regex> =
    LazyLock::new(|| compiled(&format!(r#"(?i)\bhttps?://(?:{})[^\s"'`<>{{}}\\]*$"#, LINKS.join("|"))));
/// Parameters of a share or join link that let who has it in.
const PARAMETERS: [&str; 16] = [
    "pwd",
    "rlkey",
    "key",
    "roomkey",
    "e",
    "resourcekey",
    "code",
    "tk",
    "invite",
    "st",
    "mtid",
    "usp",
    "authkey",
    "passcode",
    "context",
    "p",
];

/// Whether a parameter belongs to a share or join link.
pub(super) fn is_shared(found: &Match<'_, '_>) -> bool {
    PARAMETERS.contains(&found.name().to_lowercase().as_str()) && BEFORE.is_match(found.before(400))
}

/// The most places that are named.
const MAX_NAMED: usize = 20;

/// Places of a document with share or join links.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CapabilityLinks {
    /// JSON pointers to the first of them.
    pub named: Vec<String>,
    /// How many there are.
    pub total: usize,
}

/// Finds the texts with a share or join link that lets in who has it: with a parameter or a part of its path that nobody can
/// guess. Fails if the time is over.
pub fn capability_links(document: &Document, work: &Work) -> Result<CapabilityLinks, OverBudget> {
    let mut found = CapabilityLinks::default();
    texts::visit(document, work, &mut |pointer, text| {
        if text.contains("://") && LINK.find_iter(text).any(|link| lets_in(link.as_str())) {
            found.total += 1;
            if found.named.len() < MAX_NAMED {
                found.named.push(pointer.to_owned());
            }
        }
    })?;
    Ok(found)
}

fn lets_in(link: &str) -> bool {
    let path = link.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let is_unguessable =
        |part: &str| part.len() >= 8 && part.contains(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase());
    path.split(['/', '?', '&', '=', '#', '+', '-']).any(is_unguessable)
        || link.contains("meet.google.com/")
        || path.contains("pwd=")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_link_that_lets_in_who_has_it_is_named_by_its_place() {
        let document = serde_json::from_value(json!({
            "name": "Join", "a": {"b": ["Join https://us02web.zoom.us/j/81234567890?pwd=QmFzZTY0 now", "https://meet.google.com/abc-defg-hij"]},
            "other": "https://acme.example/share/ and https://docs.google.com/ and https://acme.example/?id=A1b2C3d4E5f6",
        }))
        .unwrap();
        let found = capability_links(&document, &Work::unlimited()).unwrap();
        assert_eq!(found, CapabilityLinks { named: vec!["/a/b/0".to_owned(), "/a/b/1".to_owned()], total: 2 });
        assert_eq!(capability_links(&document, &Work::until(|| true)), Err(OverBudget));
    }
}
