//! Addresses that are credentials: who has one may post, run something, or read.

use super::looks::is_random;

/// Services whose addresses are credentials by their path, as the documentation of each describes it. What follows is taken out.
pub(super) const PATHS: &[&str] = &[
    // Slack: incoming webhooks, workflow webhooks and triggers.
    r"hooks\.slack(?:-gov)?\.com/",
    // Discord.
    r"(?:[a-z]+\.)?discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/",
    // Telegram: the path begins with "bot" and the token.
    r"api\.telegram\.org/(?:file/)?bot",
    // Microsoft Teams, Office 365 connectors, Power Automate.
    r"(?:[a-z0-9-]+\.)?webhook\.office(?:365)?\.com/",
    r"outlook\.office(?:365)?\.com/webhook/",
    r"[a-z0-9.-]+\.(?:logic\.azure|api\.powerplatform)\.com(?::443)?/",
    // Google: Chat, Apps Script.
    r"chat\.googleapis\.com/v1/spaces/",
    r"script\.google(?:usercontent)?\.com/(?:a/)?macros/(?:[^/\s]+/)?s/",
    // Secret addresses of calendars: Google, Outlook, iCloud, Zoho, Teamup, Fastmail, Trello.
    r"calendar\.google\.com/calendar/ical/[^/\s]+/private-",
    r"outlook\.(?:office(?:365)?|live)\.com/owa/calendar/",
    r"p[0-9]+-(?:caldav|calendars)\.icloud\.com/published/[0-9]/",
    r"calendar\.zoho\.(?:com|eu|in)/ical/",
    r"ics\.teamup\.com/feed/",
    r"(?:user\.fm|beta\.fastmail\.com)/calendar/v1/",
    r"trello\.com/calendar/",
    // Automation services: Zapier, Make, IFTTT, Workato, n8n's cloud, HighLevel, Bitrix24, Pabbly, Airtable, Latenode, Albato,
    // Integrately, SureTriggers, Activepieces, Relay, Zoho Flow, HubSpot's workflows, Retool, KonnectzIT, Tray, Gumloop.
    r"hooks\.zapier\.com/",
    r"zapier\.com/engine/rss/[0-9]+/",
    r"hooks\.(?:tray\.io|glideapp\.io)/",
    r"webhook\.pabbly\.com/",
    r"cronitor\.link/p/",
    r"(?:mcp|actions)\.zapier\.com/(?:api/)?mcp/",
    r"hooks?(?:\.[a-z0-9]+)?\.(?:make|integromat)\.com/",
    r"[a-z0-9]+\.make\.com/mcp/",
    r"hook\.(?:[a-z0-9]+\.)?make\.celonis\.com/",
    r"maker\.ifttt\.com/trigger/[^/\s]+/(?:json/)?with/key/",
    r"www\.workato\.com/webhooks/",
    r"[a-z0-9-]+\.app\.n8n\.cloud/(?:webhook(?:-test|-waiting)?|form|mcp)/",
    r"(?:services|backend)\.leadconnectorhq\.com/hooks/",
    r"[a-z0-9.-]+\.bitrix24\.[a-z.]{2,6}/rest/[0-9]+/",
    r"connect\.pabbly\.com/(?:workflow/sendwebhookdata|webhook-listener/webhook)/",
    r"hooks\.airtable\.com/workflows/",
    r"webhook\.latenode\.com/",
    r"h\.albato\.(?:com|ru)/",
    r"webhooks\.integrately\.com/",
    r"webhook\.(?:suretriggers|ottokit)\.com/(?:suretriggers/|ottokit/)?",
    r"cloud\.activepieces\.com/api/v1/webhooks/",
    r"hook\.relay\.app/",
    r"flow\.zoho\.(?:com|eu|in)/[0-9]+/flow/webhook/",
    r"api(?:-[a-z0-9]+)?\.hubapi\.com/automation/v4/webhook-triggers/",
    r"api\.retool\.com/v1/workflows/",
    r"webhooks?\.konnectzit\.com/",
    r"[a-z0-9-]+\.trayapp\.io/",
    r"api\.voiceflow\.com/v1/webhook/",
    // Amazon Chime, PagerDuty, Opsgenie, Feishu, DingTalk, WeCom, Mattermost, Zulip, incident tools.
    r"hooks\.chime\.aws/incomingwebhooks/",
    r"events\.pagerduty\.com/integration/",
    r"open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/(?:v2/)?hook/",
    r"alert\.victorops\.com/integrations/",
    r"hc-ping\.com/",
    // Request bins with the bin in the path.
    r"webhook\.site/(?:#!/)?",
    r"(?:www\.)?requestbin\.(?:com|net|org)/(?:r/)?",
    r"(?:www\.)?hookbin\.com/",
    r"smee\.io/",
    r"(?:events\.hookdeck\.com/e|hkdk\.events)/",
    r"ptsv[23]\.com/t/",
    r"(?:www\.)?postb\.in/",
    r"typedwebhook\.tools/webhook/",
];

/// Services of which each customer has a host: request bins, tunnels, functions. Who knows the host may call.
pub(super) const HOSTS: &[&str] = &[
    r"[mx]\.pipedream\.net",
    r"webhook\.site",
    r"(?:free\.)?beeceptor\.com",
    r"requestcatcher\.com",
    r"requestbin\.(?:net|com)",
    r"(?:[a-z]{2}\.)?ngrok(?:-free)?\.(?:io|app|dev)",
    r"trycloudflare\.com",
    r"loca\.lt",
    r"localtunnel\.me",
    r"serveo\.net",
    r"lhr\.(?:life|rocks)",
    r"localhost\.run",
    r"pagekite\.me",
    r"tunnelmole\.net",
    r"(?:[a-z0-9]+\.)?devtunnels\.ms",
    r"hookdeck\.com",
    r"burpcollaborator\.net",
    r"oast(?:ify\.com|\.(?:fun|live|me|online|pro|site))",
    r"interact\.sh",
    r"lambda-url\.[a-z0-9-]+\.on\.aws",
    r"m\.mcp\.pipedream\.net",
];

/// Whether a part of a host's name was made by the service, and is no name such as `docs`.
pub(super) fn is_made_label(label: &str) -> bool {
    const PUBLIC: [&str; 16] = [
        "www",
        "docs",
        "api",
        "app",
        "help",
        "support",
        "status",
        "blog",
        "dashboard",
        "admin",
        "my",
        "en",
        "eu",
        "us",
        "try",
        "mail",
    ];
    !PUBLIC.contains(&label)
        && (label.len() >= 12
            || is_random(label)
            || label.contains(|c: char| c.is_ascii_digit())
            || label.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_service_is_no_bin() {
        assert!(
            ["eo3k2n5xq1abc", "9f8e-203-0-113-7", "calm-otter-42", "a1b2c3"].iter().all(|label| is_made_label(label))
        );
        assert!(["www", "docs", "acme"].iter().all(|label| !is_made_label(label)));
    }
}
