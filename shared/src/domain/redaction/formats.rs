//! Credentials that their issuer gave a recognizable form, so that they are found wherever they stand.
//!
//! Each row is a regular expression for the credential alone; beside it who issues it, whose documentation describes the
//! form. The least lengths are below the documented ones: a truncated key is still a secret, and a prefix of this kind is
//! not written by accident. Public identifiers of the same families (Stripe's `pk_…`, Square's `sq0idp-…`, a Twilio
//! account's `AC…` alone) are made to be published and stay.
//!
//! Where a documentation does not describe the form of a key, the rule sets of gitleaks (`config/gitleaks.toml`, MIT) and
//! trufflehog (`pkg/detectors`) were read for it as a fact; the expressions are our own.

/// Forms that nothing else has.
pub(super) const DISTINCT: &[&str] = &[
    // RFC 7519: a JSON Web Token. The header is a JSON object, so it begins with {" in base64url.
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}",
    // Stripe: secret and restricted keys, webhook signing secrets (also Svix, Resend, Clerk).
    r"(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{8,}",
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
    r"x(?:keysib|smtpsib)-[0-9a-f]{32,}(?:-[A-Za-z0-9]{8,})?",
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
    r"pat-(?:na|eu|ap|us|ca|au)[0-9]-[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,}",
    r"pat[A-Za-z0-9]{14}\.[0-9a-f]{32,}",
    r"secret_[A-Za-z0-9]{32,}",
    r"ntn_[A-Za-z0-9]{32,}",
    r"lin_(?:api|oauth)_[A-Za-z0-9]{24,}",
    r"[0-9]/[0-9]{16}(?:/[0-9]{16})?:[0-9a-f]{32}",
    r"AT(?:ATT|CTT|BB)3?[A-Za-z0-9_=-]{100,}",
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
    // CRMs and what sends for them: HighLevel (private integrations), Close, Zoho (access and refresh tokens), Klaviyo (private
    // keys, with and without the company), Intercom (base64 of "tok:"), ActiveCampaign, Salesforce (refresh token, consumer key),
    // ClickUp, Mailgun (sending and signing keys), Mandrill, Telnyx, MessageBird, Cal.com, ElevenLabs and Clearbit.
    r"pit-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{8,}",
    r"api_[A-Za-z0-9]{16,}\.[A-Za-z0-9]{16,}",
    r"100[0-9]\.[0-9a-f]{24,}\.[0-9a-f]{24,}",
    r"pk_(?:[A-Za-z0-9]{6}_)?[0-9a-f]{34}",
    r"dG9rO[A-Za-z0-9+/_-]{40,}={0,2}",
    r"[0-9a-f]{72}\b",
    r"5Aep861[A-Za-z0-9._]{40,}",
    r"3MVG9[A-Za-z0-9._+/=]{40,}",
    r"pk_[0-9]{6,9}_[0-9A-Z]{24,}",
    r"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}\b",
    r"md-[A-Za-z0-9_-]{22}\b",
    r"KEY[0-9A-F]{16,}_[A-Za-z0-9]{16,}",
    r"cal_(?:live|test)_[A-Za-z0-9]{24,}",
    r"sk_[0-9a-f]{32,48}\b",
    // Airtable (OAuth), Shippo, EasyPost, Flutterwave, Paddle, Lob, Dropbox, Facebook (app token), Twitter (bearer).
    r"oa[ar][A-Za-z0-9]{14}\.v1\.[A-Za-z0-9_-]{8,}\.[0-9a-f]{32,}",
    r"shippo_(?:live|test)_[0-9a-fA-F]{32,}",
    r"EZ[AT]K[A-Za-z0-9]{48,}",
    r"FLWSECK(?:_TEST)?-[0-9A-Za-z]{12,}(?:-X)?",
    r"pdl_(?:live|sdbx)_apikey_[A-Za-z0-9_]{24,}",
    r"sl\.(?:u\.)?[A-Za-z0-9_-]{80,}",
    r"[0-9]{15,16}\|[A-Za-z0-9_-]{27}\b",
    r"A{18,}[A-Za-z0-9%]{40,}",
    // n8n, Apify, LangSmith, Pinecone, Tavily, Firecrawl, Neon, Render, OpenAI's organization, Bedrock: what prompts and flows call.
    r"n8n_api_[A-Za-z0-9]{24,}",
    r"apify_api_[A-Za-z0-9]{24,}",
    r"lsv2_(?:pt|sk)_[0-9a-f]{24,}(?:_[0-9a-f]{8,})?",
    r"pcsk_[A-Za-z0-9_]{32,}",
    r"tvly-(?:dev-)?[A-Za-z0-9]{24,}",
    r"fc-[0-9a-f]{32}\b",
    r"napi_[a-z0-9]{40,}",
    r"rnd_[A-Za-z0-9]{24,}",
    r"ABSK[A-Za-z0-9+/]{64,}={0,2}",
    // Azure (client secret), Alibaba, 1Password, Fly, Cloudflare (origin), Sourcegraph, Sonar, Octopus, NuGet, Artifactory, Adobe.
    r"[A-Za-z0-9_.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
    r"LTAI[A-Za-z0-9]{16,}",
    r"ops_eyJ[A-Za-z0-9+/]{64,}={0,3}",
    r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{6}-?){1,2}(?:[A-Z0-9]{5}-){2,3}[A-Z0-9]{5}",
    r"fo1_[A-Za-z0-9_-]{32,}",
    r"fm[12][ar]?_[A-Za-z0-9+/]{64,}={0,3}",
    r"v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}",
    r"sgp_(?:[0-9a-fA-F]{16}_|local_)?[0-9a-fA-F]{40}",
    r"sq[upa]_[0-9a-f]{40}",
    r"API-[A-Z0-9]{26}\b",
    r"oy2[a-z0-9]{43}\b",
    r"AKCp[A-Za-z0-9]{60,}",
    r"p8e-[A-Za-z0-9]{32}",
    r"rdme_[a-z0-9]{60,}",
    // Retell, Vercel, CircleCI, Duffel, LinkedIn, Instagram, Beamer, Harness, Prefect, Scalingo, Settlemint, Frame.io, Infracost,
    // MaxMind, OpenShift, Yandex Cloud, Clojars, Defined Networking, Authress, Sidekiq's kin: the rest of gitleaks' table.
    r"key_[0-9a-f]{24,}\b",
    r"vc[piark]_[A-Za-z0-9]{24,}",
    r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{16,}_[0-9a-f]{32,}",
    r"duffel_(?:live|test)_[A-Za-z0-9_-]{32,}",
    r"WPL_AP[0-9]\.[A-Za-z0-9]{12,}\.[A-Za-z0-9+/=]{4,}",
    r"IG(?:QV|AA)[A-Za-z0-9_-]{60,}",
    r"[ps]at\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}",
    r"pn[ub]_[A-Za-z0-9]{36}\b",
    r"tk-us-[A-Za-z0-9_-]{48}\b",
    r"sm_(?:pat|aat|sat)_[A-Za-z0-9]{16,}",
    r"fio-u-[A-Za-z0-9_=-]{64}",
    r"ico-[A-Za-z0-9]{32}\b",
    r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b",
    r"sha256~[A-Za-z0-9_-]{43}\b",
    r"AQVN[A-Za-z0-9_-]{35,38}\b",
    // Together, Fireworks, Cerebras, NVIDIA, E2B, Jina, Voyage, PostHog, Sanity, Trigger.dev, Inngest, Deno, Buildkite, Honeycomb.
    r"tgp_v1_[A-Za-z0-9_-]{32,}",
    r"fw_[A-Za-z0-9]{22,}\b",
    r"csk-[A-Za-z0-9]{40,}",
    r"nvapi-[A-Za-z0-9_-]{40,}",
    r"e2b_[0-9a-f]{40}\b",
    r"jina_[A-Za-z0-9_-]{40,}",
    r"pa-[A-Za-z0-9_-]{43}\b",
    r"phx_[A-Za-z0-9]{32,}",
    r"sk[A-Za-z0-9]{80,}",
    r"tr_(?:prod|dev|stg)_[A-Za-z0-9]{16,}",
    r"signkey-(?:prod|test|branch)-[0-9a-f]{32,}",
    r"dd[pw]_[A-Za-z0-9]{32,}",
    r"bkua_[0-9a-f]{40}\b",
    r"hca(?:ik|lk|mk)_[a-z0-9]{32,}",
    r"CLOJARS_[a-z0-9]{60}",
    r"dnkey-[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52}",
    r"dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{60,}",
];

/// Forms that a hyphenated phrase can have as well; what follows the prefix has to look made.
pub(super) const SHORT_PREFIX: &[&str] = &[
    // OpenAI, Anthropic (`sk-ant-`), OpenRouter (`sk-or-v1-`), DeepSeek and others that copied the form.
    r"sk-[A-Za-z0-9_-]{16,}",
];

/// How the body of a private key begins in base64, whose DER says so: PKCS #1, PKCS #8 (RSA, elliptic curves, Ed25519), SEC 1,
/// OpenSSH. Public keys and certificates begin otherwise.
pub(super) const KEY_BODIES: &[&str] = &[
    r"MII[A-Za-z0-9+/]{2,3}IBAAK[A-Za-z0-9+/]",
    r"MII[A-Za-z0-9+/]{3}IBADANBgkqhkiG9w0BAQEFAASC",
    r"MI[A-Za-z0-9+/]{2}AgEAMBMGByqGSM49AgEG",
    r"MC4CAQAwBQYDK2VwBCIEI",
    r"MHcCAQEEI",
    r"MIGkAgEBBD",
    r"b3BlbnNzaC1rZXktdjE",
];

/// Keys without a form of their own, which count beside the name of who issues them: literals of which each name has one, the names, the
/// form.
pub(super) const BESIDE: &[(&[&str], &str, &str)] = &[
    // 40 letters and digits.
    (
        &[
            "pipedrive",
            "zendesk",
            "help scout",
            "helpscout",
            "sparkpost",
            "hunter",
            "deepgram",
            "plivo",
            "cloudflare",
            "netlify",
            "capsule",
            "close.com",
            "close.io",
            "close crm",
            "closecrm",
            "zoho",
        ],
        "pipedrive|zendesk|help ?scout|sparkpost|hunter|deepgram|plivo|cloudflare|netlify|capsule|close(?:\\.com|\\.io| ?crm)|zoho",
        "[0-9A-Za-z_.-]{40,45}",
    ),
    // 64 or 72 hexadecimal digits.
    (&["campaign", "api-us1"], "active ?campaign|api-us1", "[0-9a-f]{64,72}"),
    // 32 of them.
    (
        &[
            "lemlist",
            "mailerlite",
            "getresponse",
            "iterable",
            "copper",
            "mailjet",
            "aircall",
            "trello",
            "moosend",
            "sendpulse",
            "omnisend",
            "customer.io",
            "brevo",
            "sendinblue",
        ],
        "lemlist|mailerlite|getresponse|iterable|copper|mailjet|aircall|trello|moosend|sendpulse|omnisend|customer\\.io|brevo|sendinblue",
        "[0-9a-f]{32}",
    ),
    // 60 characters.
    (&["intercom"], "intercom", "[0-9A-Za-z=_-]{58,62}"),
    // 20 or 22 letters and digits.
    (&["fresh", "apollo", "convertkit"], "freshdesk|freshsales|freshworks|apollo|convertkit", "[0-9A-Za-z_]{20,22}"),
    (&["airtable"], "airtable", "key[0-9A-Za-z]{14}"),
    (&["gocardless", "bird", "lob"], "gocardless|message ?bird|lob", "(?:live|test)_[A-Za-z0-9_-]{24,}"),
    // A UUID, which elsewhere names a record.
    (
        &["hapi", "hubspot", "postmark", "heroku", "insightly", "braze", "vapi", "highlevel", "make"],
        "hapi_?key|(?:hubspot|postmark|heroku|insightly|braze|vapi|highlevel|make(?:\\.com)?)[^\\n]{0,24}?(?:key|token|secret)",
        "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    ),
];

/// Password hashes: a reader who has one can try passwords against it.
pub(super) const HASHES: &[&str] = &[
    // Modular crypt format, bcrypt; PHC string format, Argon2.
    r"\$2[abxy]\$[0-9]{2}\$[A-Za-z0-9./]{20,}",
    r"\$argon2(?:id|i|d)\$v=[0-9]+\$[a-z0-9=,]+\$[A-Za-z0-9+/]{8,}(?:\$[A-Za-z0-9+/]{8,})?",
];
