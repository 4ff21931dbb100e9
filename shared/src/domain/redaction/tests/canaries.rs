//! Canaries: several hundred obviously fake secrets, each unique, in every form and place that a setup can have them in.
//!
//! The package `tests` includes this file as well and looks for the same canaries in everything that the service stores,
//! answers and logs. A form is a text in which `«a24»` stands for 24 letters and digits, `«h32»` for hexadecimal digits,
//! `«u16»` for capitals and digits, `«l32»` for small letters and digits, `«n9»` for digits, `«x32»` for a public id in hexadecimal digits and `«p»` for a password as
//! people choose them. All of that is made when the test runs; this file holds no credential, not even an old one.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// One secret in one place of one item.
pub struct Canary {
    /// Form and place, for messages.
    pub label: String,
    /// `automations`, `prompts` or `templates`.
    pub kind: &'static str,
    /// The item.
    pub document: Value,
    /// What must not be anywhere else: each at least eight characters.
    pub needles: Vec<String>,
}

/// Plants every form in `places_per_form` of the places, in turn, or in all of them without a number.
pub fn plant(places_per_form: Option<usize>) -> Vec<Canary> {
    let mut made = SecretGenerator::default();
    let mut canaries = Vec::new();
    let mut turn = 0;
    for form in TEXTS.iter().chain(KEYED_BY_ISSUER) {
        for place in in_turn(&TEXT_PLACES, &mut turn, places_per_form) {
            let (text, needles) = made.text(form);
            canaries.push(place.canary(form, json!(text), needles));
        }
    }
    for (encoding, wrap) in ENCODINGS {
        let credential = encoding.contains("base64").then_some(BASIC_CREDENTIAL);
        for form in ENCODED.iter().copied().chain(credential) {
            for place in in_turn(&TEXT_PLACES, &mut turn, places_per_form) {
                let (text, needles) = made.text(form);
                canaries.push(place.canary(&format!("{encoding} of {form}"), json!(wrap(&text)), needles));
            }
        }
    }
    for form in FIELDS {
        for place in in_turn(&OBJECT_PLACES, &mut turn, places_per_form) {
            let (text, needles) = made.text(form);
            let fields: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{form}: {error}"));
            canaries.push(place.canary(form, fields, needles));
        }
    }
    for form in WEBHOOKS {
        let (text, needles) = made.text(form);
        let actions: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{form}: {error}"));
        canaries.push(ItemPlace { kind: "automations", pointer: "/actions" }.canary(form, actions, needles));
    }
    for form in KEYED_BY_ISSUER {
        let (text, needles) = made.text(form);
        canaries.push(TEXT_PLACES[3].canary(&format!("{form} as a key"), json!({text: "on"}), needles));
    }
    canaries
}

fn in_turn(places: &'static [ItemPlace], turn: &mut usize, count: Option<usize>) -> Vec<&'static ItemPlace> {
    let count = count.unwrap_or(places.len()).min(places.len());
    let chosen = (0..count).map(|number| &places[(*turn + number) % places.len()]).collect();
    *turn += count;
    chosen
}

/// A place of an item.
struct ItemPlace {
    kind: &'static str,
    pointer: &'static str,
}

const fn place_of(kind: &'static str, pointer: &'static str) -> ItemPlace {
    ItemPlace { kind, pointer }
}

static TEXT_PLACES: [ItemPlace; 14] = [
    place_of("automations", "/name"),
    place_of("automations", "/description"),
    place_of("automations", "/conditions/0/value"),
    place_of("automations", "/actions/note"),
    place_of("automations", "/actions/sendMessage/0/text"),
    place_of("automations", "/sourceStatuses/0"),
    place_of("prompts", "/name"),
    place_of("prompts", "/prompt"),
    place_of("prompts", "/description"),
    place_of("prompts", "/tools/0"),
    place_of("templates", "/name"),
    place_of("templates", "/template"),
    place_of("templates", "/description"),
    place_of("templates", "/category"),
];

static OBJECT_PLACES: [ItemPlace; 5] = [
    place_of("automations", "/actions/integration"),
    place_of("automations", "/conditions/0"),
    place_of("prompts", "/tools/0"),
    place_of("prompts", "/config"),
    place_of("templates", "/meta"),
];

impl ItemPlace {
    fn canary(&self, form: &str, value: Value, needles: Vec<String>) -> Canary {
        let mut document = match self.kind {
            "automations" => json!({
                "name": "Follow up", "description": "After two days", "event": "message.received", "triggerType": "inbound",
                "sourceStatuses": ["New Lead"], "conditions": [{"field": "message", "op": "contains", "value": "price"}],
                "actions": {"sendMessage": [{"template": "Intro - new lead", "channel": "sms", "text": "Hi"}]}
            }),
            "prompts" => {
                json!({"name": "Helper", "prompt": "You help.", "description": "Short", "temperature": 0.4, "tools": []})
            }
            _ => {
                json!({"name": "Intro", "template": "Hi {{firstName}}", "description": "Short", "type": "sms", "category": "other"})
            }
        };
        put(&mut document, self.pointer, value);
        Canary { label: format!("{form} in {}{}", self.kind, self.pointer), kind: self.kind, document, needles }
    }
}

/// Puts `value` where `pointer` leads. Adds the last step where it is missing.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, last) = pointer.rsplit_once('/').unwrap_or_default();
    match document.pointer_mut(parent) {
        Some(Value::Array(values)) => {
            values.clear();
            values.push(value);
        }
        Some(Value::Object(fields)) => {
            fields.insert(last.to_owned(), value);
        }
        _ => panic!("{pointer} leads nowhere"),
    }
}

type TextEncoding = (&'static str, fn(&str) -> String);

const ENCODINGS: [TextEncoding; 9] = [
    ("base64", |text| STANDARD.encode(text)),
    ("base64url within a sentence", |text| format!("Import this: {} and go on.", URL_SAFE_NO_PAD.encode(text))),
    ("base64 of base64", |text| STANDARD.encode(STANDARD.encode(text))),
    ("percent-encoding", percent_encoded),
    ("base64 in a URL's path", |text| format!("https://acme.example/open/{}", URL_SAFE_NO_PAD.encode(text))),
    ("JSON within a string", |text| json!({"note": text, "list": [1, {"deep": text}]}).to_string()),
    ("JSON within JSON within a string", |text| json!({"inner": json!({"note": text}).to_string()}).to_string()),
    ("a JSON text within a sentence", |text| format!("Send exactly {} please.", json!({"note": text, "n": 1}))),
    ("JSON with base64 in it", |text| json!([STANDARD.encode(text)]).to_string()),
];

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}

/// Makes what the marks in a form stand for. No two are alike.
#[derive(Default)]
pub struct SecretGenerator {
    count: u64,
}

impl SecretGenerator {
    /// The text of a form, and what must not be anywhere else.
    pub fn text(&mut self, form: &str) -> (String, Vec<String>) {
        let (mut text, mut needles) = (String::new(), Vec::new());
        let mut rest = form;
        while let Some((before, (mark, after))) = rest.split_once('«').and_then(|(a, b)| Some((a, b.split_once('»')?)))
        {
            let made = self.piece(mark);
            text.push_str(before);
            text.push_str(&made);
            if made.len() >= 8 && !mark.starts_with(['n', 'u', 'x']) || mark.starts_with("u2") {
                needles.push(made);
            }
            rest = after;
        }
        text.push_str(rest);
        assert!(!needles.is_empty(), "{form} has nothing to look for");
        (text, needles)
    }

    fn piece(&mut self, mark: &str) -> String {
        self.count += 1;
        let length: usize = mark.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let alphabet: &[u8] = match mark.get(..1) {
            Some("a") => b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789",
            Some("l") => b"abcdefghijkmnopqrstuvwxyz23456789",
            Some("h" | "x") => b"0123456789abcdef",
            Some("u") => b"ABCDEFGHJKLMNPQRSTUVWXYZ234567",
            Some("n") => b"123456789",
            _ => return format!("Fake-{:04}-Pw!{}", self.count, self.spread(4, b"abcdefghijkmnopqrstuvwxyz")),
        };
        self.spread(length, alphabet)
    }

    /// Letters that look random and are the same in every run (a linear congruential generator, Knuth's constants).
    fn spread(&self, length: usize, alphabet: &[u8]) -> String {
        let mut state = self.count.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[usize::try_from(state >> 33).unwrap_or(0) % alphabet.len()])
        };
        // The fourth is a digit, so that none looks like a word by accident.
        (0..length).map(|index| if index == 3 { '7' } else { next() }).collect()
    }
}

/// By what an issuer writes in front, or by a form that nobody else has.
const KEYED_BY_ISSUER: &[&str] = &[
    "sk_live_«a24»",
    "sk_test_«a24»",
    "rk_live_«a24»",
    "whsec_«a32»",
    "sk-«a48»",
    "sk-proj-«a20»_«a20»-«a20»",
    "sk-ant-api03-«a40»-«a40»AA",
    "sk-or-v1-«h64»",
    "ghp_«a36»",
    "gho_«a36»",
    "ghs_«a36»",
    "github_pat_«a22»_«a59»",
    "glpat-«a20»",
    "gldt-«a20»",
    "xoxb-«n11»-«n11»-«a24»",
    "xoxp-«n11»-«n11»-«n11»-«h32»",
    "xapp-1-A«u10»-«n13»-«h64»",
    "AKIA«u16»:«a40»",
    "ASIA«u16» «a40»",
    "AIza«a35»",
    "ya29.«a60»",
    "GOCSPX-«a28»",
    "1//0«a60»",
    "SG.«a22».«a43»",
    "key-«h32»",
    "«h32»-us12",
    "xkeysib-«h64»-«a16»",
    "re_«a8»_«a24»",
    "npm_«a36»",
    "pypi-AgEIcHlwaS5vcmc«a60»",
    "shpat_«h32»",
    "shpss_«h32»",
    "EAAC«a80»",
    "hf_«a34»",
    "dop_v1_«h64»",
    "SK«h32»",
    "AC«x32»:«h32»",
    "sq0atp-«a22»",
    "sq0csp-«a43»",
    "lin_api_«a40»",
    "secret_«a43»",
    "ntn_«a46»",
    "sbp_«h40»",
    "sb_secret_«a22»_«a8»",
    "dapi«h32»",
    "hvs.«a24»",
    "hvb.«a90»",
    "AGE-SECRET-KEY-1«u29»«u29»",
    "pat-na1-«h8»-1234-4321-abcd-«h12»",
    "pat«a14».«h64»",
    "«n9»:AA«a33»",
    "M«a23».«a6».«a38»",
    "00D«a12»!«a60»",
    "figd_«a40»",
    "glsa_«a32»_«h8»",
    "PMAK-«h24»-«h34»",
    "NRAK-«u27»",
    "pscale_tkn_«a43»",
    "dckr_pat_«a27»",
    "gsk_«a52»",
    "r8_«a37»",
    "dp.pt.«a43»",
    "access-production-«h8»-1234-4321-abcd-«h12»",
    "eyJ«a20».eyJ«a30».«a43»",
    "$2b$12$«a53»",
    "$argon2id$v=19$m=19456,t=2,p=1$«a22»$«a43»",
];

/// In running text.
const TEXTS: &[&str] = &[
    "Authorization: Bearer «a40»",
    "Authorization: Bearer «l12»",
    "authorization: Basic «a24»",
    "Authorization: Token «h40»",
    "-H 'Authorization: ApiKey «a20»'",
    "curl -H \"X-Api-Key: «a20»\" https://api.acme.example/v1/leads",
    "Call it with Bearer «a32» and nothing else",
    "X-Auth-Token: «h32»",
    "x-goog-api-key: «a39»",
    "Cookie: session=«a32»; theme=dark",
    "Set-Cookie: sid=«h32»; Path=/; HttpOnly",
    "curl -u ops:«p» https://api.acme.example/",
    "curl --user admin:«a16» https://api.acme.example/",
    "https://ops:«p»@api.acme.example/v1",
    "https://«h32»@o12.ingest.acme.example/4",
    "https://ops:«a10»@«a10»@api.acme.example/v1",
    "postgres://crm:«p»@db.acme.example:5432/crm",
    "postgresql://crm:«a6»/«a10»@db.acme.example/crm",
    "mongodb+srv://crm:«a20»@cluster0.acme.example/?retryWrites=true",
    "mysql://root:«p»@10.0.0.5/crm",
    "amqp://crm:«a16»@mq.acme.example/vhost",
    "redis://:«a32»@cache.acme.example:6379/0",
    "smtp://mailer:«p»@smtp.acme.example:587",
    "Server=tcp:db.acme.example;User Id=crm;Password=«p»;Encrypt=true",
    "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=«a60»+/«a20»==",
    "Endpoint=sb://acme.example/;SharedAccessKeyName=all;SharedAccessKey=«a40»=",
    "https://api.acme.example/leads?token=«a24»",
    "https://api.acme.example/leads?id=4&api_key=«l12»&x=1",
    "https://api.acme.example/leads?access_token=«a40»",
    "https://api.acme.example/#access_token=«a40»&state=4",
    "https://api.acme.example/leads?apikey=«a20»",
    "https://api.acme.example/leads?key=«a32»",
    "https://api.acme.example/cb?code=«a40»",
    "https://api.acme.example/?client_secret=«a16»",
    "https://api.acme.example/?password=«p»",
    "<a href=\"https://api.acme.example/?x=1&amp;token=«a24»\">open</a>",
    "https://files.acme.example/o?sv=2024&sig=«a40»%3D&se=2027",
    "https://b.s3.amazonaws.com/f.pdf?X-Amz-Credential=«u20»%2F20260515&X-Amz-Signature=«h64»",
    "https://api.acme.example/?signature=«h40»",
    "https://api.acme.example/?auth=«a16»",
    "https://api.acme.example/?hapikey=«h32»",
    "https://hooks.slack.com/services/T«u8»/B«u8»/«a24»",
    "https://hooks.slack.com/workflows/T«u8»/A«u8»/«n9»/«a24»",
    "https://discord.com/api/webhooks/«n18»/«a68»",
    "https://discordapp.com/api/v10/webhooks/«n18»/«a68»",
    "https://api.telegram.org/bot«n9»:AA«a33»/sendMessage",
    "https://acme.webhook.office.com/webhookb2/«a36»@tenant/IncomingWebhook/«h32»/user",
    "https://outlook.office.com/webhook/«h32»",
    "https://prod-12.westus.logic.azure.com:443/workflows/«h32»/triggers/manual/paths/invoke",
    "https://hooks.zapier.com/hooks/catch/«n9»/«l8»/",
    "https://hook.eu1.make.com/«l32»",
    "https://maker.ifttt.com/trigger/lead/with/key/«a22»",
    "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=x&threadKey=«a40»",
    "https://calendar.google.com/calendar/ical/ops%40acme.example/private-«h32»/basic.ics",
    "https://events.pagerduty.com/integration/«h32»/enqueue",
    "https://webhook.site/«h32»",
    "https://chat.acme.example/hooks/«l26»",
    "https://n8n.acme.example/webhook/«h32»",
    "password = «p»",
    "Password: «p»",
    "password: hunter«a8»",
    "Passwort: «p»",
    "Kennwort lautet «p»",
    "contraseña: «p»",
    "mot de passe: «p»",
    "The password is «p».",
    "pwd=«p»",
    "DB_PASSWORD=«l12»",
    "export TOKEN=«a20»",
    "export STRIPE_API_KEY=\"«a32»\"",
    "api_key: \"«a20»\"",
    "api key: «a20»",
    "apikey=«a20»",
    "client_secret => '«a20»'",
    "aws_secret_access_key = «a40»",
    "secret: «a20»",
    "token → «a20»",
    "\"token\":\"«a20»\"",
    "{'password': '«p»'}",
    "{\\\"apiKey\\\": \\\"«a20»\\\"}",
    "&quot;apiKey&quot;: &quot;«a20»&quot;",
    "Send {\"auth\": {\"user\": \"ops\", \"password\": \"«p»\"}} as the body",
    "config: {\"headers\": {\"X-Api-Key\": \"«a20»\"}}",
    "<apiKey>«a20»</apiKey>",
    "<tool name=\"crm\" api_key=\"«a20»\"/>",
    "<password>«p»</password>",
    "<param name=\"apiKey\" value=\"«a20»\"/>",
    "{\"name\": \"Authorization\", \"value\": \"«a20»\"}",
    "deploy --token «a20» --force",
    "login --password=«p»",
    "The token for the CRM is «a24»",
    "Use the key «h32» for the billing API",
    "our secret «a32» must not be shown",
    "token «a24»",
    "-----BEGIN RSA PRIVATE KEY-----\n«a64»\n«a64»\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\n«a64»",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n«a64»\n-----END PGP PRIVATE KEY BLOCK-----",
    "-----BEGIN PRIVATE KEY-----\\n«a64»\\n-----END PRIVATE KEY-----\\n",
    "a\\nsk_live_«a24»\\nb",
    "token: password: «p»",
    "[removed secret] and sk_live_«a24»",
];

/// The forms of secrets that the tests put into every encoding.
const ENCODED: &[&str] = &[
    "sk_live_«a24»",
    "Authorization: Bearer «a40»",
    "{\"apiKey\": \"«a20»\"}",
    "password=«p»",
    "https://hooks.slack.com/services/T«u8»/B«u8»/«a24»",
    "postgres://crm:«p»@db.acme.example/crm",
    "https://api.acme.example/leads?access_token=«a40»&x=1",
];

/// User and password: a credential where it is encoded, as RFC 7617 has it, and two words anywhere else.
const BASIC_CREDENTIAL: &str = "ops:«p»";

/// As fields.
const FIELDS: &[&str] = &[
    "{\"apiKey\": \"«l8»\"}",
    "{\"api_key\": \"«a20»\"}",
    "{\"x-api-key\": \"«a20»\"}",
    "{\"password\": \"a plain «l8» sentence\"}",
    "{\"passwordHash\": \"«h40»\"}",
    "{\"clientSecret\": \"«a20»\"}",
    "{\"secret_value\": \"«a20»\"}",
    "{\"accessToken\": \"«a20»\"}",
    "{\"token2\": \"«l8»\"}",
    "{\"tokens\": [\"«l8»\"]}",
    "{\"refreshTokens\": [\"«a20»\"]}",
    "{\"authorization\": \"«l8»\"}",
    "{\"credentials\": {\"user\": \"«l8»\", \"parts\": [\"«l8»\"]}}",
    "{\"signingKey\": \"«l8»\"}",
    "{\"privateKey\": {\"pem\": \"«a40»\"}}",
    "{\"cookie\": \"«a20»\"}",
    "{\"basicAuth\": \"ops:«l8»\"}",
    "{\"connectionString\": \"«a20»\"}",
    "{\"openaiKey\": \"«a40»\"}",
    "{\"sendgrid_key\": \"«h32»\"}",
    "{\"key\": \"«a40»\"}",
    "{\"auth\": \"«a40»\"}",
    "{\"headers\": {\"X-Tenant\": \"«l8»\"}}",
    "{\"headers\": [{\"name\": \"X-Api-Key\", \"value\": \"«l8»\"}]}",
    "{\"field\": \"password\", \"op\": \"equals\", \"value\": \"«l8»\"}",
    "{\"params\": [{\"key\": \"access_token\", \"value\": \"«l8»\"}]}",
    "{\"webhook\": {\"url\": \"https://in.acme.example/«l8»\", \"path\": \"/«l8»\", \"data\": {\"a\": \"«l8»\"}}}",
    "{\"webhookSecret\": \"«l8»\"}",
    "{\"hookUrl\": \"https://in.acme.example/«l8»\"}",
    "{\"callback_url\": \"https://in.acme.example/?«l8»\"}",
    "{\"config\": \"{\\\"password\\\": \\\"a plain «l8» sentence\\\"}\"}",
    "{\"config\": \"{\\\"webhookUrl\\\": \\\"https://in.acme.example/«l8»\\\"}\"}",
    "{\"{{ sk_live_«a24» }}\": \"{{sk_live_«a24»}}\"}",
];

/// As the actions of an automation that calls a webhook.
const WEBHOOKS: &[&str] = &[
    "{\"sendToWebhook\": true, \"webhookUrl\": \"https://in.acme.example/«l8»/«l8»\"}",
    "{\"sendToWebhook\": true, \"webhookUrl\": \"https://ops:«l8»@in.acme.example:8443/?k=«l8»#«l8»\"}",
    "{\"sendToWebhook\": true, \"webhookUrl\": \"in.acme.example/«l8»\"}",
    "{\"sendToWebhook\": \"https://in.acme.example/«l8»\"}",
    "{\"webhookUrl\": \"https://in.acme.example\", \"webhookHeaders\": {\"Authorization\": \"«l8»\", \"X-Any\": \"«l8»\"}}",
    "{\"webhookUrl\": \"https://in.acme.example\", \"webhookHeaders\": [\"X-Any: «l8»\"]}",
    "{\"webhookHeaders\": {\"sk_live_«a24»\": \"x\"}}",
    "{\"webhookPayload\": {\"a\": \"«l8»\", \"b\": {\"c\": [\"«l8»\", {\"d\": \"«l8»\"}]}}}",
    "{\"webhookPayload\": {\"token\": \"«l8»\", \"body\": \"{\\\"t\\\": \\\"«l8»\\\"}\"}}",
    "{\"webhookPayload\": {\"token\": \"{{sk_live_«a24»}}\"}}",
    "{\"webhookPayload\": \"token=«l8»\"}",
    "{\"webhookAuth\": {\"type\": \"basic\", \"user\": \"«l8»\", \"pass\": \"«l8»\"}}",
    "{\"webhookQuery\": {\"k\": \"«l8»\"}}",
];
