//! Planted secrets: every form in every dress, carrier and place. What survives is in a list, with reasons.

use serde_json::{Value, json};

use super::canaries::Making;
use super::redacted;

/// Values that a label names: what people choose, and what a generator makes.
const NAMED: &[(&[&str], &str)] = &[
    (
        &[
            "Password",
            "Passwort",
            "Kennwort",
            "Contraseña",
            "Mot de passe",
            "Senha",
            "Wachtwoord",
            "Lösenord",
            "Пароль",
            "密码",
            "パスワード",
            "DB_PASSWORD",
            "SMTP_PASS",
            "smtpPass",
            "SMTP password",
            "passphrase",
            "pwd",
        ],
        "«p»",
    ),
    (
        &[
            "API Key",
            "API-Schlüssel",
            "Clave de API",
            "Clé API",
            "Chave da API",
            "API-sleutel",
            "API-nyckel",
            "API-ключ",
            "API密钥",
            "APIキー",
            "Token",
            "Токен",
            "トークン",
            "令牌",
            "Jeton",
            "Secret",
            "Geheimnis",
            "Secreto",
            "Segredo",
            "api_key",
            "X-Api-Key",
            "client_secret",
            "accessToken",
            "STRIPE_API_KEY",
            "webhook secret",
            "License key",
            "Bearer token",
        ],
        "«a32»",
    ),
];
/// How a label and its value stand: as people, programs, Markdown, HTML and tables have it.
const DRESSES: &[&str] = &[
    "{l}: {v}",
    "{l} : {v}",
    "{l} = {v}",
    "{l}={v}",
    "**{l}:** {v}",
    "**{l}**: {v}",
    "{l}: **{v}**",
    "{l}: `{v}`",
    "*{l}*: {v}",
    "- {l}: {v}\n- next",
    "| {l} | {v} |",
    "| {l} | `{v}` | yes |",
    "<b>{l}:</b> {v}",
    "<strong>{l}</strong>: <code>{v}</code>",
    "<td>{l}</td><td>{v}</td>",
    "<tr><th>{l}</th>\n<td>{v}</td></tr>",
    "<dt>{l}</dt><dd>{v}</dd>",
    "<p>{l}:<br>{v}</p>",
    "<li>{l}: <i>{v}</i></li>",
    "{l}:\n{v}",
    "{l}\n{v}\n",
    "{l} [{v}]",
    "{l} ({v})",
    "{l} – {v}",
    "{l} — {v}",
    "{l} - {v}",
    "{l}:&nbsp;{v}",
    "{l}&nbsp;:&nbsp;{v}",
    "{l}&#58; {v}",
    "{l}: <![CDATA[{v}]]>",
    "{l}: \"{v}\"",
    "{l}: “{v}”",
    "‘{l}’: ‘{v}’",
    "\"{l}\": \"{v}\",",
    "{'{l}': '{v}'}",
    "{l} => '{v}'",
    "{l} → {v}",
    "{l}：{v}",
    "> {l}: {v}",
    "## {l}\n\n{v}",
    "Use this. {l}: {v}. Thanks!",
    "# {l}\n{v}",
    "{l}:\t{v}",
    "{l}: {v}, and call back.",
];
/// What stands around a credential that has a form of its own.
const CARRIERS: &[&str] = &[
    "{v}",
    "Use {v} here.",
    "`{v}`",
    "“{v}”",
    "<td>{v}</td>",
    "**{v}**",
    "({v})",
    "key={v}",
    "[{v}]",
    "- {v}\n- next",
    "\"{v}\"",
    "Bearer {v}",
    "{v}, please",
    "https://{v}:@api.acme.example/v1",
];
/// Credentials with a form of their own, beyond those of the canaries.
const ISSUED: &[&str] = &[
    "pit-«h8»-1234-4321-abcd-«h12»",
    "api_«a22».«a22»",
    "1000.«h32».«h32»",
    "pk_«h34»",
    "pk_«a6»_«h34»",
    "dG9rO«a54»=",
    "«h72»",
    "5Aep861«a60»",
    "3MVG9«a80»",
    "pk_12345678_«u28»",
    "«h32»-«h8»-«h8»",
    "md-«a22»",
    "sk_«h48»",
    "sk_«h32»",
    "oaa«a14».v1.«a22».«h64»",
    "shippo_live_«h40»",
    "EZAK«a54»",
    "FLWSECK-«h32»-X",
    "pdl_live_apikey_«a40»",
    "sl.«a120»",
    "n8n_api_«a40»",
    "apify_api_«a36»",
    "lsv2_pt_«h32»_«h10»",
    "pcsk_«a60»",
    "tvly-«a32»",
    "fc-«h32»",
    "napi_«l60»",
    "rnd_«a32»",
    "LTAI«a20»",
    "sgp_«h40»",
    "sqp_«h40»",
    "AKCp«a69»",
    "p8e-«a32»",
    "pat-eu1-«h8»-1234-4321-abcd-«h12»",
    "xkeysib-«h64»-«a16»",
    "sk_live_«a24»",
    "ghp_«a36»",
    "xoxb-«n11»-«n11»-«a24»",
    "SG.«a22».«a43»",
    "hf_«a34»",
    "gsk_«a52»",
    "ntn_«a46»",
    "lin_api_«a40»",
    "MIIEpAIBAAKCAQEA«a64»",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ«a64»",
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU«a64»",
    "AAAAAAAAAAAAAAAAAAAAAA«a80»",
];
/// Addresses that are credentials.
const ADDRESSES: &[&str] = &[
    "https://acme.bitrix24.com/rest/1/«l16»/crm.lead.add",
    "https://connect.pabbly.com/workflow/sendwebhookdata/«a44»_pc",
    "https://hooks.airtable.com/workflows/v1/genericWebhook/app«a14»/wfl«a14»/wtr«a14»",
    "https://script.google.com/macros/s/AKfycb«a60»/exec",
    "https://webhook.latenode.com/12345/prod/«h32»",
    "https://h.albato.com/wh/38/1/«l16»",
    "https://hook.eu2.make.com/«l32»",
    "https://hook.us1.make.com/«l32»",
    "https://n8n.acme.example/webhook/«h8»-1234-4321-8bcd-«h12»",
    "https://n8n.acme.example:5678/webhook-test/«h8»-1234-4321-8bcd-«h12»",
    "https://acme.app.n8n.cloud/webhook/«l16»",
    "https://acme.app.n8n.cloud/form/«l16»",
    "https://calendar.google.com/calendar/ical/ops%40acme.example/private-«h32»/basic.ics",
    "https://outlook.office365.com/owa/calendar/«h32»@acme.example/«h40»/calendar.ics",
    "https://p12-caldav.icloud.com/published/2/«a80»",
    "https://calendar.zoho.com/ical/zz«h60»",
    "https://services.leadconnectorhq.com/hooks/«a20»/webhook-trigger/«h32»",
    "https://webhook.suretriggers.com/suretriggers/«a40»",
    "https://hook.relay.app/api/v1/playbook/«a24»",
    "https://webhooks.integrately.com/a/webhooks/«h32»",
    "https://cloud.activepieces.com/api/v1/webhooks/«a21»",
    "https://mcp.zapier.com/api/mcp/s/«a60»/mcp",
    "https://hooks.slack.com/services/T«u8»/B«u8»/«a24»",
    "https://discord.com/api/webhooks/«n18»/«a68»",
    "https://webhook.site/«h32»",
    "https://eo«l13».m.pipedream.net",
    "https://«l16».ngrok-free.app/in",
    "https://«l14».trycloudflare.com",
    "https://«l12».loca.lt/lead",
    "https://«l14».requestcatcher.com/in",
    "https://«l14».free.beeceptor.com",
    "https://smee.io/«a16»",
    "https://«l32».lambda-url.eu-central-1.on.aws/",
    "https://hkdk.events/«l16»",
    "https://events.pagerduty.com/integration/«h32»/enqueue",
    "https://«h32»@o12.ingest.acme.example/4",
    "https://ops:«p»@api.acme.example/v1",
    "https://api.acme.example/?api_token=«h40»",
    "otpauth://totp/Acme:ops?secret=«u28»&issuer=Acme",
];
/// Values that need neither label nor form.
const OTHERS: &[&str] = &[
    "Login: ops@acme.example Pass: «p»",
    "user: ops\npass: «p»",
    "Username: ops | Pass: «p»",
    "Login: ops / «p»",
    "Zugangsdaten: ops@acme.example / «p»",
    "| Service | User | Password |\n|---|---|---|\n| CRM | ops | «p» |",
    "service;user;password\nCRM;ops;«p»\n",
    "name,api_key,city\nacme,«a32»,Kiel",
    "requests.get(url, auth=(\"ops\", \"«p»\"))",
    "headers = [(\"X-Api-Key\", \"«a32»\")]",
    "config[\"api_key\"] = \"«a32»\"",
    "define('DB_PASSWORD', '«p»');",
    "nodemailer.createTransport({ auth: { user: 'ops@acme.example', pass: '«p»' } })",
    "sshpass -p '«p»' ssh ops@acme.example",
    "mysql -u crm -p«p» crm",
    "docker login -u acme -p «a32» registry.acme.example",
    "curl -u ops:«p» https://api.acme.example/",
    "curl --user ops:«p» https://api.acme.example/",
    "Pipedrive: «h40»",
    "pipedrive api token «h40»",
    "ActiveCampaign key «h64»",
    "Our Twilio: AC0123456789abcdef0123456789abcdef / «h32»",
    "the password for the portal is «p»",
    "Password: \"x9 «p» y8\"",
    "p\u{200B}assword: «p»",
    "ｐａｓｓｗｏｒｄ：«p»",
    "Contrasen\u{303}a: «p»",
    "pass\u{AD}word: «p»",
    "api\u{2060}_key=«a32»",
];
/// Fields, in the ways that flows and settings keep them.
const FIELDS: &[&str] = &[
    r#"{"smtp": {"host": "h", "auth": {"user": "ops@acme.example", "pass": "«p»"}}}"#,
    r#"{"user": "ops", "pass": "«p»"}"#,
    r#"{"username": "ops", "pw": "«p»"}"#,
    r#"{"headers": [["X-Api-Key", "«a32»"], ["Accept", "text/html"]]}"#,
    r#"{"headers": [{"name": "X-Api-Key", "value": "«a32»"}]}"#,
    r#"{"headers": [{"key": "Authorization", "value": "Bearer «a32»"}]}"#,
    r#"{"items": [{"label": "API Key", "text": "«a32»"}]}"#,
    r#"{"items": [{"label": "SMTP password", "value": "«p»"}]}"#,
    r#"{"items": [{"title": "Passwort", "content": "«p»"}]}"#,
    r#"{"customFields": [{"displayName": "Portal password", "fieldValue": "«p»"}]}"#,
    r#"{"questions": [{"question": "API key", "answer": "«a32»"}]}"#,
    r#"{"pin": "«n8»", "api_key": "«a32»"}"#,
    r#"{"parameters": {"parameters": [{"name": "token", "value": "«a32»"}]}}"#,
    r#"{"env": {"OPENAI_API_KEY": "«a32»"}}"#,
    r#"{"fields": {"Wi-Fi password": "«p»"}}"#,
    r#"{"kty": "RSA", "n": "abc", "d": "«a64»"}"#,
    r#"{"secretKey": "correct horse battery «p»"}"#,
    r#"{"raw": "{\"user\": \"ops\", \"pass\": \"«p»\"}"}"#,
    r#"{"body": "[[\"X-Api-Key\", \"«a32»\"]]"}"#,
    r#"{"jsCode": "const token = '«a32»';\nreturn items;"}"#,
    r#"{"password": {"type": "string", "default": "«p»"}}"#,
    r#"{"credentials": {"id": "1", "apiKey": "«a32»"}}"#,
    r#"{"rawHeaders": ["X-Api-Key", "«a32»", "Accept", "*/*"]}"#,
];

/// What survives: the beginning of the label, a part of it, and why. Nothing today.
const SURVIVORS: &[(&str, &str, &str)] = &[];

struct Planted {
    label: String,
    document: Value,
    needles: Vec<String>,
}

fn planted() -> Vec<Planted> {
    let mut made = Making::default();
    let mut all = Vec::new();
    let mut text = |label: &str, text: &str| {
        let (text, needles) = made.text(text);
        for (place, document) in [
            ("template", json!({"name": "t", "template": text})),
            ("deep", json!({"actions": {"steps": [{"note": [text]}]}})),
            ("json", json!({"config": json!({"note": text, "n": 1}).to_string()})),
        ] {
            all.push(Planted { label: format!("{label} in {place}"), document, needles: needles.clone() });
        }
    };
    for (labels, value) in NAMED {
        for (label, dress) in labels.iter().flat_map(|label| DRESSES.iter().map(move |dress| (label, dress))) {
            text(&format!("{label} | {dress}"), &dress.replace("{l}", label).replace("{v}", value));
        }
    }
    for (form, carrier) in ISSUED.iter().flat_map(|form| CARRIERS.iter().map(move |carrier| (form, carrier))) {
        text(&format!("{form} | {carrier}"), &carrier.replace("{v}", form));
    }
    for (form, carrier) in ADDRESSES.iter().flat_map(|form| {
        ["{v}", "Post to {v} now.", "<a href=\"{v}\">x</a>", "[x]({v})"].map(|carrier| (form, carrier))
    }) {
        text(&format!("{form} | {carrier}"), &carrier.replace("{v}", form));
    }
    for form in OTHERS {
        text(form, form);
    }
    for form in FIELDS {
        let (fields, needles) = made.text(form);
        let fields: Value = serde_json::from_str(&fields).unwrap_or_else(|error| panic!("{form}: {error}"));
        for (place, document) in
            [("actions", json!({"actions": {"integration": fields}})), ("tools", json!({"tools": [fields]}))]
        {
            all.push(Planted { label: format!("{form} in {place}"), document, needles: needles.clone() });
        }
    }
    all
}

#[test]
fn every_planted_secret_is_found() {
    let planted = planted();
    let survived: Vec<&Planted> = planted
        .iter()
        .filter(|planted| {
            let (left, removed) = redacted(planted.document.clone());
            let left = left.to_string().to_lowercase();
            // Neither end of it may be left.
            let is_left = |needle: &String| {
                let needle = needle.to_lowercase();
                left.contains(&needle[..8]) || left.contains(&needle[needle.len() - 8..])
            };
            removed.is_empty() || planted.needles.iter().any(is_left)
        })
        .collect();
    let is_known = |planted: &&&Planted| {
        SURVIVORS.iter().any(|(label, dress, _)| planted.label.starts_with(label) && planted.label.contains(dress))
    };
    let unknown: Vec<&str> = survived.iter().filter(|it| !is_known(it)).map(|it| it.label.as_str()).collect();
    println!("planted secrets found: {} of {}", planted.len() - survived.len(), planted.len());
    assert!(unknown.is_empty(), "{} of {} survived:\n{}", unknown.len(), planted.len(), unknown.join("\n"));
}
