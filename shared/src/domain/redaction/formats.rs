//! Credentials that their issuer gave a recognizable form, so that they are found wherever they stand.
//!
//! Each row is a regular expression for the credential alone; beside it who issues it, whose documentation describes the
//! form. The least lengths are below the documented ones: a truncated key is still a secret, and a prefix of this kind is
//! not written by accident. Public identifiers of the same families (Stripe's `pk_…`, Square's `sq0idp-…`, a Twilio
//! account's `AC…` alone) are made to be published and stay.

/// Forms that nothing else has.
pub(super) const DISTINCT: &[&str] = &[
    // RFC 7519: a JSON Web Token. The header is a JSON object, so it begins with {" in base64url.
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}",
    // Stripe: secret and restricted keys, webhook signing secrets (also Svix, Resend, Clerk).
    r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8,}",
    r"whsec_[A-Za-z0-9+/=]{16,}",
    // GitHub: personal, OAuth, user-to-server, server-to-server and refresh tokens.
    r"gh[pousr]_[A-Za-z0-9]{20,}",
    r"github_pat_[A-Za-z0-9_]{20,}",
    // GitLab: personal, deploy, runner, trigger, feed, OAuth and agent tokens.
    r"gl(?:pat|dt|rt|rtr|ptt|ft|oas|agent|cbt|imt|soat|ffct)-[A-Za-z0-9_.-]{16,}",
    // Slack: bot, user, app, refresh and legacy tokens.
    r"xox[abceoprs]-[A-Za-z0-9-]{10,}",
    r"xoxe\.xox[bp]-[A-Za-z0-9-]{10,}",
    r"xapp-[0-9]-[A-Za-z0-9-]{10,}",
    // AWS: ids of long-term, temporary, bearer and context-specific keys; only useful with the secret beside them.
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    // Google: API keys, OAuth access and refresh tokens, client secrets.
    r"AIza[A-Za-z0-9_-]{30,}",
    r"ya29\.[A-Za-z0-9_-]{16,}",
    r"1//0[A-Za-z0-9_-]{30,}",
    r"GOCSPX-[A-Za-z0-9_-]{20,}",
    // SendGrid, Mailgun, Mailchimp, Brevo, Resend: keys for sending mail.
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"key-[0-9a-zA-Z]{32}",
    r"[0-9a-f]{32}-us[0-9]{1,2}",
    r"xkeysib-[0-9a-f]{32,}(?:-[A-Za-z0-9]{8,})?",
    r"re_[A-Za-z0-9]{6,10}_[A-Za-z0-9]{20,}",
    // Telegram: the token of a bot is its number and 35 characters.
    r"[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}",
    // Discord: id, time and signature of a bot, each in base64url.
    r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
    // Twilio: API keys.
    r"SK[0-9a-f]{32}",
    // Meta: access tokens.
    r"EAA[A-Za-z0-9]{30,}",
    // Shopify: access tokens of custom, private and partner apps, and shared secrets.
    r"shp(?:at|ca|pa|ss|tka)_[0-9a-fA-F]{24,}",
    // Square: access tokens and OAuth secrets.
    r"sq0(?:atp|csp)-[A-Za-z0-9_-]{20,}",
    // Salesforce: a session id is the organization's id, an exclamation mark and the session.
    r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{32,}",
    // HubSpot, Airtable, Notion, Linear, Asana, Atlassian, Figma, Typeform, Contentful: what sales teams connect.
    r"pat-(?:na|eu|ap)[0-9]-[0-9a-f]{8}-[0-9a-f-]{20,}",
    r"pat[A-Za-z0-9]{14}\.[0-9a-f]{32,}",
    r"secret_[A-Za-z0-9]{32,}",
    r"ntn_[A-Za-z0-9]{32,}",
    r"lin_(?:api|oauth)_[A-Za-z0-9]{24,}",
    r"[0-9]/[0-9]{16}:[0-9a-f]{32}",
    r"AT(?:ATT|CTT)3x[A-Za-z0-9_=-]{32,}",
    r"fig[dr]_[A-Za-z0-9_-]{32,}",
    r"tfp_[A-Za-z0-9_]{32,}",
    r"CFPAT-[A-Za-z0-9_-]{32,}",
    // Hugging Face, Replicate, Groq, xAI, Perplexity: models.
    r"hf_[A-Za-z0-9]{24,}",
    r"r8_[A-Za-z0-9]{32,}",
    r"gsk_[A-Za-z0-9]{32,}",
    r"xai-[A-Za-z0-9]{32,}",
    r"pplx-[A-Za-z0-9]{32,}",
    // npm, PyPI, RubyGems, Docker, Terraform, Vault, Doppler, Pulumi: what builds and deploys.
    r"npm_[A-Za-z0-9]{24,}",
    r"pypi-[A-Za-z0-9_-]{32,}",
    r"rubygems_[0-9a-f]{32,}",
    r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}",
    r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{32,}",
    r"hv[sbr]\.[A-Za-z0-9_-]{20,}",
    r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{32,}",
    r"pul-[0-9a-f]{32,}",
    // DigitalOcean, Supabase, Databricks, PlanetScale, Netlify, Heroku: where it runs.
    r"do[opr]_v1_[0-9a-f]{32,}",
    r"sbp_[0-9a-f]{32,}",
    r"sb_secret_[A-Za-z0-9_-]{20,}",
    r"dapi[0-9a-f]{32}",
    r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{24,}",
    r"nfp_[A-Za-z0-9]{32,}",
    r"HRKU-[A-Za-z0-9_-]{32,}",
    // Grafana, New Relic, Sentry, Postman, Dynatrace: what watches it.
    r"gl(?:sa|c)_[A-Za-z0-9+/=]{24,}(?:_[0-9a-f]{8})?",
    r"NRAK-[A-Z0-9]{24,}",
    r"sntry[su]_[A-Za-z0-9+/=_]{32,}",
    r"PMAK-[0-9a-f]{24}-[0-9a-f]{20,}",
    r"dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{32,}",
    // Plaid, Razorpay, Flutterwave, Braintree: payments.
    r"access-(?:sandbox|development|production)-[0-9a-f]{8}-[0-9a-f-]{20,}",
    r"FLWSECK(?:_TEST)?-[0-9A-Za-z]{12,}(?:-X)?",
    r"access_token\$(?:production|sandbox)\$[0-9a-z]{12,}\$[0-9a-f]{32}",
    // age (C2SP): a secret key in Bech32.
    r"AGE-SECRET-KEY-1[0-9A-Z]{32,}",
];

/// Forms that a hyphenated phrase can have as well; what follows the prefix has to look made.
pub(super) const SHORT_PREFIX: &[&str] = &[
    // OpenAI, Anthropic (`sk-ant-`), OpenRouter (`sk-or-v1-`), DeepSeek and others that copied the form.
    r"sk-[A-Za-z0-9_-]{16,}",
];

/// Password hashes: whoever has one can try passwords against it.
pub(super) const HASHES: &[&str] = &[
    // Modular crypt format, bcrypt; PHC string format, Argon2.
    r"\$2[abxy]\$[0-9]{2}\$[A-Za-z0-9./]{20,}",
    r"\$argon2(?:id|i|d)\$v=[0-9]+\$[a-z0-9=,]+\$[A-Za-z0-9+/]{8,}(?:\$[A-Za-z0-9+/]{8,})?",
];

/// Services whose addresses are credentials: who has the address may post, or read. What follows is taken out.
pub(super) const ADDRESSES: &[&str] = &[
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
    // Google Chat, and the secret address of a Google calendar.
    r"chat\.googleapis\.com/v1/spaces/",
    r"calendar\.google\.com/calendar/ical/[^/\s]+/private-",
    // Automation services: Zapier, Make, IFTTT, Pipedream, Workato, n8n's cloud, HighLevel.
    r"hooks\.zapier\.com/",
    r"hooks?(?:\.[a-z0-9]+)?\.(?:make|integromat)\.com/",
    r"maker\.ifttt\.com/trigger/[^/\s]+/(?:json/)?with/key/",
    r"www\.workato\.com/webhooks/",
    r"[a-z0-9-]+\.app\.n8n\.cloud/webhook(?:-test)?/",
    r"services\.leadconnectorhq\.com/hooks/",
    // Amazon Chime, PagerDuty, Opsgenie, webhook.site, Feishu, DingTalk, WeCom.
    r"hooks\.chime\.aws/incomingwebhooks/",
    r"events\.pagerduty\.com/integration/",
    r"webhook\.site/",
    r"open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/(?:v2/)?hook/",
];
