//! Share and join links: a message is made to send them, so they stay, although who has one may open what it leads to.

use std::sync::LazyLock;

use regex::Regex;

use super::forms::Match;

/// Where a link leads to a meeting, a file, a group, a form, a payment, as the documentation of each service has it.
const LINKS: &[&str] = &[
    // Meetings: Zoom, Teams, Meet, Webex, Whereby, GoTo, Jitsi, BlueJeans, Chime.
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

static BEFORE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r#"(?i)\bhttps?://(?:{})[^\s"'`<>{{}}\\]*$"#, LINKS.join("|"))).ok());
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
    PARAMETERS.contains(&found.name().to_lowercase().as_str())
        && BEFORE.as_ref().is_some_and(|before| before.is_match(found.before(400)))
}
