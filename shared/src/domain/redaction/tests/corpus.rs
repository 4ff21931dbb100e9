//! What has to arrive as it was written: ordinary texts and documents of sales teams, many of which come close to a rule.

use serde_json::{Value, json};

use super::redacted;

/// Ordinary texts, each of which is tried as a prompt, a template, a name, a description, a condition and a note.
const TEXTS: &[&str] = &[
    // Messages with merge tags.
    "Hi {{firstName}}, this is {{ownerName}} from {{organizationName}}. Did you get my note?",
    "Hi {{ firstName | default: \"there\" }}, quick question about {{company.name}}.",
    "Hello %FIRSTNAME%, your appointment is on {{appointment.date}} at {{appointment.time}}.",
    "Dear ${contact.firstName}, thanks for your interest in <%= product %>.",
    "Hi [[first_name]], your code is {{otp}} and it is good for 10 minutes.",
    "{{api_token}}",
    "{{ api_token }}",
    "Your token: {{token}}. Your password: {{tempPassword}}.",
    "Authorization: Bearer {{api_token}}",
    "Authorization: Bearer <token>",
    "Authorization: Bearer YOUR_API_KEY",
    "Authorization: Basic {{ credentials }}",
    "curl -H 'X-Api-Key: $API_KEY' https://api.acme.example/v1/leads",
    "https://api.acme.example/leads?token={{token}}&id={{contact.id}}",
    "https://{{user}}:{{password}}@api.acme.example/",
    "password={{password}}&user={{user}}",
    "{\"token\": \"{{token}}\", \"name\": \"{{firstName}}\"}",
    // Words that name secrets, in sentences.
    "Your password reset link: https://acme.example/reset?user={{contact.id}}",
    "Forgot your password? Click here: https://acme.example/account/forgot-password",
    "Password: required",
    "Password: at least 8 characters, one of them a digit.",
    "The password is required, and it must have 8 to 128 characters.",
    "Your password is about to expire. Please choose a new one by Friday, 15 May 2026.",
    "Reset your password within 24 hours.",
    "Please never send us your password, your PIN or your card number.",
    "The secret: listening. The other secret: asking one question at a time.",
    "Our secret is simple: we call back within 5 minutes.",
    "The secret sauce: B2B-outreach with 3-step follow-ups.",
    "Secret santa: 24/7-support for our customers",
    "A token of appreciation: a 20% voucher for your next order.",
    "As a token of our gratitude, SPRING2026 gives you 15% off.",
    "The key to success: listening more than talking.",
    "Key takeaways: 1) budget 2) authority 3) need 4) timeline",
    "Key: Q3-2026 pipeline review",
    "Key accounts 2026: Harbor Lane, Brightwater, Keel & Anchor",
    "Bearer of good news: your order has shipped!",
    "Basic plan: 3 users. Pro plan: 10 users. Enterprise: talk to us.",
    "The basic package includes onboarding; basic training2go is extra.",
    "She is the bearer of great responsibility2 in the team.",
    "Authorization: required before any discount above 10%.",
    "Authorization: basic information is enough, token payments are not.",
    "authorization, bearer\nßøß, ",
    "We need your authorization by Thursday to go on with the order.",
    "Cookie policy: we use cookies to remember what you like.",
    "Cookies: chocolate, oatmeal, raisin - the break is at 3 pm.",
    "This session is 45 minutes: first the demo, then questions.",
    "Session: Tuesday 10:30, room 4",
    "The auth flow takes 2 minutes to set up.",
    "Passkey and token are explained in chapter 3.",
    "Your access token expires in 3600 seconds.",
    "max_tokens=4096 temperature=0.4 top_p=1",
    "tokens: 500000 a month are included in the plan",
    "Login: your e-mail address. Password: the one you chose.",
    "Signature: __________________   Date: ____________",
    "Passwort vergessen? Hier klicken: https://acme.example/de/passwort-vergessen",
    "Ihr Passwort: mindestens 8 Zeichen, davon eine Ziffer.",
    "Das Geheimnis: Kundenzufriedenheitsanalyse und Freundlichkeit.",
    "Schlüssel zum Erfolg: Wiedervorlagemanagement nach 3 Tagen",
    "Mot de passe oublié ? Cliquez ici : https://acme.example/fr/oubli",
    "¿Olvidaste tu contraseña? Escríbenos y te ayudamos en 24 horas.",
    "Senha: mínimo de 8 caracteres.",
    "Пароль: не менее восьми символов.",
    "パスワードをお忘れの場合は、こちらからお問い合わせください。",
    // Other languages.
    "Guten Tag {{firstName}}, haben Sie kurz Zeit für ein Gespräch über die Donaudampfschifffahrtsgesellschaft?",
    "Bonjour {{firstName}}, je reviens vers vous au sujet de notre échange du 12 mai.",
    "Hola {{firstName}}, ¿te viene bien una llamada el jueves a las 10:30?",
    "Olá {{firstName}}, segue a proposta que combinamos. Abraço!",
    "Buongiorno {{firstName}}, le confermo l'appuntamento di giovedì.",
    "Hallo {{firstName}}, heb je nog vragen over de offerte van €1.250,00?",
    "Dzień dobry {{firstName}}, czy mogę zadzwonić jutro o 9:00?",
    "Здравствуйте, {{firstName}}! Удобно ли вам созвониться завтра в 11:00?",
    "{{firstName}}様、お世話になっております。先日のお見積りの件でご連絡いたしました。",
    "你好 {{firstName}}，请问您明天下午三点方便通话吗？",
    "مرحبا {{firstName}}، هل لديك وقت للحديث غدا؟",
    "שלום {{firstName}}, מתי נוח לדבר?",
    "Merhaba {{firstName}}, teklifimizi inceleyebildiniz mi?",
    "Γεια σας {{firstName}}, θα θέλατε να μιλήσουμε αύριο;",
    // Numbers, ids, colours, sizes.
    "Call us at +1 (415) 555-0177 or +49 30 1234567.",
    "+14155550177",
    "Order 4711-2026-000123, invoice INV-2026-05-0042, amount $12,345.67",
    "IBAN DE88 3704 0044 0532 0130 00 has a wrong check digit.",
    "Ticket #A1B2-C3D4, case 00123456",
    "64ee9a8b1e7f2a0011223344",
    "Pipeline 64eea1110000000000000010, agent 64eea1110000000000000060",
    "key 64ee9a8b1e7f2a0011223344 names the contact",
    "123e4567-e89b-42d3-a456-426614174000",
    "The deal 123e4567-e89b-42d3-a456-426614174000 was won.",
    "Idempotency key: 123e4567-e89b-42d3-a456-426614174000",
    "Commit da39a3ee5e6b4b0d3255bfef95601890afd80709 fixed the import.",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "Version 2.14.3-rc1 of the app, build 20260515.1",
    "#3B82F6 and #8B5CF6 are our colours; the banner is 1200x630.",
    "Serial SN-9F8E7D6C5B, model iPhone15ProMax256GB",
    "VIN 1HGCM82633A004352, plate B-AB 1234",
    "Flight LH1234 on 2026-05-15T09:00:00.000Z, seat 12A",
    "Coupon SPRING20, code SUMMER2026SALE, voucher WELCOME-10-NOW",
    "Score: 98/100, NPS 72, CSAT 4.8, churn 1.2%",
    "MEETING-ID 812 3456 7890, one tap: +16465588656,,81234567890#",
    "Size XL, SKU ACME-2026-BLUE-XL-0042, EAN 4006381333931",
    "00D, 1//2 and 3/4 are fractions, SK8 is a sport, AC/DC a band.",
    // Words that begin like a key.
    "task-force-2026-rollout-for-the-north-region",
    "A risk-based-approach-to-enterprise-selling-in-2026",
    "sk-learn-style-pipelines-for-lead-scoring",
    "disk-based-storage-for-teams-with-20-or-more-people",
    "The key-account-managers-meeting-is-on-monday-at-ten",
    "npm_config and hf_ prefixes are explained in the wiki.",
    "pk_live_51AbCdEfGhIjKlMnOpQrStUv is the publishable key of the checkout page",
    "re_engagement_campaign_for_customers_of_last_year",
    "secret_santa_party_invitation_for_the_sales_team",
    "pat-a-cake, pat-na-ble and other rhymes",
    "SG.A and EMEA.B are region codes.",
    "glad-to-meet-you-at-the-fair-next-week-in-berlin",
    "asian markets, ASIAN MARKETS, ASIATIC, AKIATA",
    "Eye-opening eyJafjallajokull eruption of ideas",
    "Pneumonoultramicroscopicsilicovolcanoconiosis is the longest word here.",
    "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
    "sendFollowUpMessageToNewLeadsAutomaticallyAfterTwoDays",
    "automation_move_to_contacted_on_first_reply_v2_final",
    // Addresses.
    "https://acme.example/book?slot={{slot}}&key={{key}}",
    "https://acme.example/?utm_source=newsletter&utm_medium=email&utm_campaign=spring-2026&utm_content=cta1&utm_term=crm+software",
    "https://acme.example/?gclid=EAIaIQobChMI8e3Zx5j7_AIVh7TVCh0mVwE1EAAYASAAEgKxLPD_BwE",
    "https://acme.example/?fbclid=IwAR2x9f8e7d6c5b4a39281706f5e4d3c2b1a0_zzTop&_hsenc=p2ANqtz-9x",
    "https://calendly.com/ops-acme/30min?month=2026-05&date=2026-05-15",
    "https://calendar.google.com/calendar/render?action=TEMPLATE&text=Demo&dates=20260515T090000Z/20260515T093000Z",
    "https://outlook.office.com/calendar/0/deeplink/compose?subject=Demo&startdt=2026-05-15T09:00:00",
    "https://www.google.com/maps/place/Acme/@37.7749295,-122.4194155,17z/data=!3m1!4b1",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=42s",
    "https://www.linkedin.com/in/pat-admin-1a2b3c4d/",
    "https://docs.acme.example/webhooks/getting-started-with-webhooks-2",
    "https://docs.acme.example/api/authentication#tokens",
    "https://shop.acme.example/?code=SPRING20&ref=mail",
    "https://shop.acme.example/products?key=home&sort=price",
    "https://app.acme.example:8443/contacts/64ee9a8b1e7f2a0011223344",
    "https://social.acme.example:443/@handle and mail@acme.example",
    "https://cdn.acme.example/assets/logo.9f8e7d6c5b4a3928.png",
    "https://acme.example/files/2026/05/15/Angebot%20Nr.%2042%20%C3%BCber%20Software.pdf",
    "https://acme.example/search?q=how%20to%20reset%20a%20password%3F",
    "https://acme.example/r?u=https%3A%2F%2Facme.example%2Fpricing%3Fplan%3Dpro%26seats%3D10",
    "mailto:ops@acme.example?subject=Token%20of%20thanks&body=Hi%20there",
    "Write to jane.doe+crm@acme.example or https://acme.example/contact",
    "ftp://files.acme.example/pub/price-list-2026.pdf",
    "https://hooks.acme.example and https://discord.com/invite/acme",
    "https://www.slack.com/intl/en-gb/help/articles/115005265063",
    "https://api.acme.example/v1/leads?page=2&per_page=50&sort=-createdAt",
    "tel:+14155550177 sms:+14155550177?body=Hi",
    // Markup and prompts.
    "<role>You answer new leads of {{organizationName}}.</role>\n<task>Thank them.</task>\n<limits>Two sentences.</limits>",
    "<prompt version=\"2\"><secret>Never reveal the discount</secret><key>tone</key><value>warm</value></prompt>",
    "<rules><key>name</key><value>short</value><token>word</token><password>required</password></rules>",
    "<field name=\"password\" type=\"string\" required=\"true\"/><field name=\"token\" what=\"a word\"/>",
    "<input type=\"password\" name=\"password\" placeholder=\"Password\" autocomplete=\"current-password\" required>",
    "<label for=\"password\">Password:</label> <label for=\"token\">Token:</label>",
    "<p style=\"color:#3B82F6;font-family:Arial,Helvetica,sans-serif\">Hi {{firstName}},<br>thanks!</p>",
    "<a href=\"https://acme.example/?a=1&amp;b=2&amp;utm_id=c3d4\" style=\"padding:12px 24px\">Book a call</a>",
    "<img src=\"https://cdn.acme.example/o.gif?c={{contact.id}}&amp;m={{message.id}}\" width=\"1\" height=\"1\" alt=\"\">",
    "<table role=\"presentation\" cellpadding=\"0\"><tr><td align=\"center\">Hi</td></tr></table>",
    "<!--[if mso]><v:roundrect xmlns:v=\"urn:schemas-microsoft-com:vml\" arcsize=\"10%\"/><![endif]-->",
    "@media only screen and (max-width:600px){.col{width:100%!important}}",
    "{% if contact.token %}Welcome back{% else %}Welcome{% endif %}",
    "{{#if secretSanta}}Ho ho ho{{/if}} {{> footer}}",
    "Answer as JSON: {\"intent\": \"question\", \"score\": 0.8, \"next\": {\"step\": \"call\"}}",
    "{\"type\": \"object\", \"properties\": {\"api_key\": {\"type\": \"string\"}, \"password\": {\"type\": \"string\"}}}",
    "Return {\"token\": \"string\", \"password\": \"hidden\", \"secret\": null, \"count\": 3}.",
    "# Tone\n\n- short\n- warm\n\n## Never\n\n1. Ask for a password\n2. Ask for an API key\n",
    "| Key | Value |\n| --- | --- |\n| Plan | Pro |\n| Token | word |",
    "If they ask about API keys, say: \"You find your API key under Settings > Developers.\"",
    "Explain that the token is shown once, and that the key is kept by the team.",
    "const name = contact.firstName; const token = getToken(user1); return `${name}`;",
    "export API_KEY=$ACME_API_KEY && deploy --token $TOKEN",
    "set PASSWORD=%ACME_PASSWORD% and TOKEN=${TOKEN}",
    "apiKey: process.env.ACME_API_KEY, password: os.environ[\"ACME_PASSWORD\"]",
    "api_key=YOUR_API_KEY password=******** token=xxxxxxxxxxxx",
    "SELECT key, value FROM settings WHERE token IS NOT NULL",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----",
    "Best regards,\n\nPat Admin\nSales Operations | Acme Corp\nT +1 415 555 0102 | https://acme.example",
    "== Meeting notes == Attendees: Pat, Alex; Next: send the offer; Owner: Dana;",
    "A/B test: subject=\"Quick question\" vs subject=\"Still interested?\"",
    "ROI=3.4; CAC=120; LTV=2400; churn=1.2; pass=80",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore.",
    "🎉 You did it, {{firstName}}! 🎉 20% off with HELLO20 👉 https://acme.example/sale",
    "\u{202e}right to left\u{202c}, zero\u{200b}width, e\u{301}, \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "",
    " ",
    "[removed secret]",
];

/// Whole documents, and what is too special for every place.
fn documents() -> Vec<Value> {
    let mut documents = vec![
        json!({"name": "Timer", "timerLogic": {"enabled": true, "delay": 2, "unit": "days"}, "schedule": {"start": "09:00"}}),
        json!({"name": "Hook", "actions": {"sendToWebhook": true, "webhookMethod": "POST", "webhookUrl": "https://in.acme.example"}}),
        json!({"actions": {"webhookUrl": "", "webhookHeaders": {}, "webhookPayload": {"name": "{{firstName}}", "n": null, "b": true}}}),
        json!({"actions": {"webhookUrl": "{{hookUrl}}", "webhookHeaders": {"Authorization": "{{ api_token }}"}}}),
        json!({"conditions": [{"field": "status", "op": "equals", "value": "Contacted"}, {"field": "city", "value": "Berlin"}]}),
        json!({"conditions": [{"source": "contact", "field": "plan", "operator": "in", "value": ["pro", "basic"]}]}),
        json!({"name": "P", "temperature": 0.4, "maxTokens": 500, "tokens": 128_000, "tools": ["contact.read", "calendar.book"]}),
        json!({"tools": [{"type": "function", "function": {"name": "set_key", "parameters": {"key": {"type": "string"}}}}]}),
        json!({"fields": [{"name": "key", "value": "city"}, {"key": "plan", "value": "pro"}, {"name": "Forgot password", "value": "Click here"}]}),
        json!({"key": "64ee9a8b1e7f2a0011223344", "sessionId": "123e4567-e89b-42d3-a456-426614174000", "auth": true, "sid": 42}),
        json!({"header": "Welcome!", "headers": ["Name", "Plan"], "callbackTime": "after 2 pm", "hook": "Did you know?"}),
        json!({"emailSignature": "Best regards, Pat", "signature": "Pat Admin, Acme Corp", "passwordResetSubject": "Your new password"}),
        json!({"config": "{\"tone\": \"warm\",  \"n\": 1.50, \"n\": 2}", "list": "[1, 2, 3]", "quoted": "\"Hi there\"", "bad": "{not json"}),
        json!({"a very ordinary key": 1, "key with {{tag}}": 2, "https://acme.example/x": 3, "64ee9a8b1e7f2a0011223344": true}),
    ];
    // A picture in a mail is no credential: a PNG, a JPEG and a GIF begin like this, and an SVG is text.
    let picture =
        |kind: &str, data: &str| json!({"template": format!("<img src=\"data:image/{kind};base64,{data}\">")});
    documents.push(picture(
        "png",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    ));
    documents.push(picture("gif", "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"));
    documents.push(picture(
        "svg+xml",
        "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciPjxjaXJjbGUgcj0iNCIvPjwvc3ZnPg==",
    ));
    documents.push(picture(
        "jpeg",
        &format!("/9j/4AAQSkZJRgABAQAAAQABAAD/{}", "2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8U".repeat(400)),
    ));
    // Texts in base64 that hold nothing secret, and ids of other systems that are base64.
    documents.push(json!({"cursor": "eyJwYWdlIjoyLCJzb3J0IjoiLWNyZWF0ZWRBdCJ9", "gid": "Z2lkOi8vc2hvcGlmeS9Qcm9kdWN0LzEyMzQ1Njc4OTA="}));
    documents.push(json!({"note": "SGkge3tmaXJzdE5hbWV9fSwgdGhpcyBpcyBhIHBsYWluIG5vdGUu", "node": "VXNlcjo2NGVlOWE4YjFlN2YyYTAwMTEyMjMzNDQ="}));
    documents
}

#[test]
fn ordinary_setups_stay_byte_for_byte() {
    let places = ["prompt", "template", "name", "description", "note", "value"];
    let texts = TEXTS.iter().flat_map(|text| places.map(|place| json!({place: text, "conditions": [{"value": text}]})));
    let nested = TEXTS.iter().map(|text| json!({"config": json!({"note": text, "list": [text]}).to_string()}));
    let documents: Vec<Value> = documents().into_iter().chain(texts).chain(nested).collect();
    assert!(TEXTS.len() >= 150, "{}", TEXTS.len());
    let damaged: Vec<String> = documents
        .iter()
        .map(|document| (document, redacted(document.clone())))
        .filter(|(document, (left, removed))| left != *document || !removed.is_empty())
        .map(|(document, (left, removed))| format!("{document}\n  became {left} {removed:?}"))
        .collect();
    assert!(damaged.is_empty(), "{} of {} damaged:\n{}", damaged.len(), documents.len(), damaged.join("\n"));
}

#[test]
fn the_demo_workspace_loses_its_webhook_and_nothing_else() {
    let workspace: Value = serde_json::from_str(include_str!("../../../../../events/demo-workspace.json")).unwrap();
    let mut items = 0;
    let mut removed = Vec::new();
    for user in workspace["organizations"].as_array().unwrap().iter().flat_map(|it| it["users"].as_array().unwrap()) {
        for kind in ["automations", "prompts", "templates"] {
            for item in user[kind].as_array().unwrap() {
                items += 1;
                removed.extend(redacted(item.clone()).1);
            }
        }
    }
    removed.sort();
    assert!(items >= 25, "{items}");
    let webhook = ["webhookHeaders/Authorization", "webhookPayload/source", "webhookUrl"];
    assert_eq!(removed, webhook.map(|place| format!("/actions/{place}")));
}
