//! Ordinary automations of an organization whose stages are called by everyday words. Suspicion alone may switch off one in a
//! hundred: people who see automations off for no reason switch everything on unread.

use super::*;

const STAGES: [&str; 7] = ["New", "Open", "Active", "Won", "Lost", "Lead", "sms"];

/// One automation for each of these and each of the stages' names, each with a reference that is certain.
fn kinds(word: &str, other: &str, number: usize) -> Vec<Value> {
    let send = |channel: &str| json!([{"template": "Intro", "channel": channel}]);
    let condition = |field: &str, value: &str| json!([{"source": "contact", "field": field, "operator": "equals", "value": value, "logicalOperator": "AND"}]);
    let tool = |settings: Value| json!({"targetStage": word, "steps": [settings]});
    vec![
        json!({"actions": {"targetStage": word, "sendMessage": send("sms")}, "sourceStatuses": [other]}),
        json!({"actions": {"changeToStatus": word}, "conditions": condition("status", other)}),
        json!({"actions": {"sendMessage": send("sms"), "addTags": [word, other]}}),
        json!({"actions": {"sendMessage": send("email"), "tags": word, "removeTag": other}}),
        json!({"actions": {"sendMessage": [{"text": word, "channel": "sms"}]}}),
        json!({"actions": {"sendMessage": [{"subject": word, "body": other, "channel": "email"}]}}),
        json!({"conditions": condition("tags", word), "actions": {"targetStage": other}}),
        json!({"conditions": condition("message.text", word), "actions": {"targetStage": other}}),
        json!({"conditions": condition("message.channel", "sms"), "actions": {"targetStage": word}}),
        json!({"conditions": condition("lead_source", word), "actions": {"targetStage": other}}),
        json!({"conditions": condition("contact.type", "Lead"), "actions": {"targetStage": word}}),
        json!({"conditions": condition("keyword", word), "actions": {"sendMessage": send("sms")}}),
        json!({"conditions": condition("ticket.status", "Open"), "actions": {"targetStage": word}}),
        json!({"conditions": condition("subscription.status", "Active"), "actions": {"targetStage": word}}),
        json!({"conditions": condition("city", "Newport"), "actions": {"targetStage": word}}),
        json!({"status": "Active", "type": "sms", "channel": "sms", "actions": {"targetStage": word}}),
        json!({"category": word, "color": "New", "icon": "Open", "actions": {"changeToStatus": other}}),
        json!({"labels": [word], "notes": other, "actions": {"sendMessage": send("sms")}}),
        json!({"description": word, "event": "message.received", "triggerType": "inbound", "actions": {"targetStage": other}}),
        json!({"triggerType": word, "triggerLogicType": "event", "timerLogic": {"enabled": true, "delay": number, "unit": word}}),
        json!({"actions": {"webhookMethod": "POST", "webhookPayload": {"status": word, "kind": other}}}),
        json!({"actions": {"sendToWebhook": true, "webhookPayload": {"lead": {"stage": word}}}}),
        json!({"actions": [{"type": "add_tag", "value": word}, {"type": "move", "targetStage": other}]}),
        json!({"actions": [{"type": "create_note", "params": {"text": word}}, {"type": "sms", "template": "Intro"}]}),
        json!({"actions": [{"action": "sms", "via": "sms", "message": word}]}),
        json!({"actions": [{"type": "notify", "method": "sms", "title": word, "text": other}]}),
        json!({"actions": [{"type": "create_task", "title": word, "description": other, "priority": word}]}),
        json!({"trigger": {"type": "Lead", "object": "Lead", "event": "created"}, "actions": {"targetStage": word}}),
        json!({"trigger": {"entity": "Lead", "source": word, "operation": "New"}, "actions": {"targetStage": other}}),
        json!({"trigger": {"keyword": word, "channels": ["sms", "email"]}, "actions": {"targetStage": other}}),
        json!({"audience": {"filters": [{"field": "tag", "op": "in", "value": [word, other]}]}, "actions": {"targetStage": word}}),
        json!({"audience": {"filters": [{"property": "email_status", "value": "Active"}]}, "actions": {"targetStage": word}}),
        json!({"userSmsNotification": {"enabled": true, "text": word, "type": "sms"}, "actions": {"targetStage": other}}),
        json!({"ai": {"instructions": word, "examples": [word, other], "tone": "friendly"}, "actions": {"targetStage": word}}),
        json!({"ai": {"intents": [{"name": word, "phrases": [other]}]}, "actions": {"targetStage": word}}),
        json!({"buttons": [{"label": word, "reply": other, "url": "https://acme.example"}], "actions": {"targetStage": word}}),
        json!({"form": {"fields": [{"label": word, "type": "text", "placeholder": other}]}, "actions": {"targetStage": word}}),
        json!({"abTest": {"variants": [{"name": word, "weight": 50}, {"name": other, "weight": 50}]}, "actions": {"targetStage": word}}),
        json!({"schedule": {"start": "09:00", "end": "17:00", "label": word}, "actions": {"targetStage": other}}),
        json!({"settings": {"language": "en", "timezone": "Europe/Berlin", "mode": word}, "actions": {"targetStage": other}}),
        json!({"meta": {"version": number, "category": word, "createdFrom": "import"}, "actions": {"targetStage": other}}),
        json!({"goal": {"event": word, "days": number}, "actions": {"targetStage": other}}),
        json!({"quietHours": {"from": "20:00", "to": "08:00"}, "priority": word, "actions": {"targetStage": other}}),
        json!({"actions": {"email": {"subject": word, "html": other, "preheader": word}, "targetStage": other}}),
        json!({"actions": {"call": {"script": word, "voicemail": {"text": other}}, "targetStage": other}}),
        json!({"actions": {"createDeal": {"title": word, "currency": "EUR"}, "targetStage": other}}),
        json!({"actions": {"setField": {"field": word, "type": "text"}, "targetStage": other}}),
        json!({"actions": {"survey": {"question": word, "answers": [word, other]}, "targetStage": other}}),
        json!({"actions": {"whatsapp": {"header": word, "body": other, "footer": word}, "targetStage": other}}),
        json!({"actions": {"slack": {"channel": "New", "text": word}, "targetStage": other}}),
        json!({"actions": tool(json!({"kind": "delay", "unit": word, "amount": number}))}),
        json!({"actions": tool(json!({"kind": "http", "headers": {"X-Status": word}, "method": "GET"}))}),
        json!({"actions": tool(json!({"kind": "tag", "add": word}))}),
        json!({"actions": tool(json!({"type": "comment", "content": word}))}),
        json!({"actions": tool(json!({"type": "split", "op": "or", "operator": word}))}),
        json!({"platform": "sms", "provider": word, "network": other, "actions": {"targetStage": word}}),
        json!({"module": "Lead", "actions": {"targetStage": word}}),
        json!({"resource": "Lead", "action": "New", "actions": {"targetStage": word}}),
        json!({"exitOn": {"event": word}, "conditions": [{"field": "inboundMessageCount", "op": "equals", "value": number}]}),
        json!({"conditions": condition("email.status", "Active"), "actions": {"sendMessage": send("email")}}),
        json!({"conditions": condition("order.status", "Open"), "actions": {"sendMessage": send("sms")}}),
        json!({"conditions": condition("message.type", "sms"), "actions": {"sendMessage": send("sms")}}),
        json!({"conditions": condition("call.direction", word), "actions": {"sendMessage": send("sms")}}),
        json!({"conditions": condition("appointment.status", "New"), "actions": {"sendMessage": send("sms")}}),
        json!({"conditions": condition("label", word), "actions": {"sendMessage": send("sms")}}),
        json!({"conditions": condition("campaign.name", word), "actions": {"sendMessage": send("sms")}}),
        json!({"conditions": condition("industry", word), "actions": {"sendMessage": send("sms")}}),
        json!({"conditions": condition("subject", word), "actions": {"sendMessage": send("sms")}}),
        json!({"conditions": condition("deal.type", "New"), "actions": {"targetStage": word}}),
        json!({"conditions": condition("lead.category", word), "actions": {"targetStage": other}}),
        json!({"conditions": condition("invoice.status", "Open"), "actions": {"targetStage": word}}),
        // What may well be a stage.
        json!({"conditions": condition("outcome", word), "actions": {"targetStage": other}}),
    ]
}

/// The same in the shapes that other people write: fields of their own, settings, enumerations, other records.
fn more_kinds(word: &str, other: &str, number: usize) -> Vec<Value> {
    let moving = |fields: Value| {
        let mut automation = json!({"actions": {"targetStage": other}});
        automation.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        automation
    };
    let acting = |action: Value| json!({"actions": [{"type": "move", "targetStage": other}, action]});
    let when = |field: &str| json!({"actions": {"targetStage": other}, "conditions": [{"field": field, "operator": "equals", "value": word}]});
    vec![
        // Conditions on fields of their own.
        when("customFields.temperature"),
        when("contact.interest"),
        when("call.outcome"),
        when("survey.answer"),
        when("custom.plan_tier"),
        when("lead.rating"),
        when("utm_campaign"),
        when("membership_level"),
        when("reply.intent"),
        when("deal.lossReason"),
        when("list"),
        when("segment"),
        when("contact.preferredChannel"),
        when("task.state"),
        json!({"conditions": [{"source": "custom", "field": "Plan", "operator": "in", "value": [word, other]}], "actions": {"targetStage": other}}),
        json!({"conditions": {"all": [{"fact": "tag", "operator": "contains", "value": word}]}, "actions": {"targetStage": other}}),
        // Fields that are written.
        acting(json!({"type": "set_field", "field": "temperature", "value": word})),
        acting(json!({"type": "update_contact", "customFields": {"rating": word, "interest": other}})),
        acting(json!({"type": "update_contact", "fields": [{"key": "plan", "value": word}]})),
        acting(json!({"type": "add_to_list", "list": word})),
        acting(json!({"type": "add_to_segment", "segment": word, "folder": other})),
        acting(json!({"type": "add_tags", "tags": [{"name": word}, {"name": other}]})),
        acting(json!({"type": "addTag", "params": {"tag": word, "values": [other]}})),
        // Other records.
        acting(json!({"type": "create_ticket", "params": {"status": word, "priority": other}})),
        acting(json!({"type": "update_task", "task": {"status": word, "title": other}})),
        acting(json!({"type": "create_invoice", "invoice": {"state": "Open", "number": number}})),
        acting(json!({"object": "subscription", "set": {"status": "Active"}})),
        acting(json!({"createAppointment": {"status": "New", "calendar": word, "title": other}})),
        acting(json!({"type": "update_campaign", "campaign": word, "status": "Active"})),
        moving(json!({"workflow": {"status": "Active", "version": number}})),
        moving(json!({"trigger": {"on": "ticket_updated", "ticket": {"status": "Open"}}})),
        // Enumerations.
        moving(json!({"form": {"fields": [{"name": "q1", "type": "select", "options": [word, other]}]}})),
        moving(
            json!({"form": {"fields": [{"name": "q1", "type": "radio", "choices": [{"label": word, "value": word}]}]}}),
        ),
        moving(
            json!({"tools": [{"name": "classify", "parameters": {"type": "object", "properties": {"kind": {"type": "string", "enum": [word, other]}}}}]}),
        ),
        moving(json!({"ai": {"classify": {"labels": [word, other], "default": word}}})),
        moving(json!({"ai": {"extract": [{"field": "interest", "allowedValues": [word, other]}]}})),
        moving(json!({"quickReplies": [{"title": word, "payload": other}]})),
        moving(json!({"menu": {"1": word, "2": other}})),
        // Settings, words and times.
        moving(json!({"settings": {"sendFrom": "sms", "fallbackChannel": "sms", "notifyVia": ["sms", "email"]}})),
        moving(json!({"delivery": {"primary": "sms", "secondary": "email"}})),
        moving(json!({"delay": {"amount": number, "unit": "days", "window": "Open"}})),
        moving(json!({"businessHours": {"monday": "Open", "sunday": "closed"}})),
        moving(json!({"metadata": {"folder": word, "owner": "ops", "team": other, "createdVia": "import"}})),
        moving(json!({"ui": {"color": "blue", "badge": word, "icon": other, "group": word}})),
        moving(json!({"analytics": {"conversionName": word, "goal": other}})),
        moving(json!({"notification": {"push": {"heading": word, "body": other}, "sms": {"text": word}}})),
        moving(json!({"email": {"from": "a@acme.example", "fromName": word, "subject": other}})),
        moving(json!({"utm": {"source": "sms", "campaign": word, "term": other}})),
        moving(json!({"webhook": {"url": "https://hooks.acme.example", "method": "POST", "data": {"status": word}}})),
        moving(json!({"http": {"query": {"stage": word}, "json": {"type": other}}})),
        moving(json!({"variables": {"greeting": word, "product": other}})),
        moving(json!({"abTest": {"winner": word, "variants": {"a": other}}})),
        moving(json!({"limits": {"perContact": number}, "dedupe": {"by": "sms"}})),
        moving(json!({"notes": [{"by": "ops", "text": word}], "changelog": [other]})),
        moving(json!({"state": "Active", "isActive": true})),
        moving(json!({"audience": {"tags": {"include": [word], "exclude": [other]}}})),
        moving(json!({"audience": {"lists": [word], "segments": [other]}})),
        moving(json!({"automation": {"state": "Active"}, "enrollment": {"status": "Open", "source": word}})),
    ]
}

/// Lists, expressions, JSON and words in lower case, in which everyday words stand that are stages as well.
fn texts_and_code(word: &str, other: &str) -> Vec<Value> {
    let (lower, lower_other) = (word.to_lowercase(), other.to_lowercase());
    let moving = |fields: Value| {
        let mut automation = json!({"actions": {"targetStage": other}});
        automation.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        automation
    };
    vec![
        // Words in lower case.
        moving(json!({"goal": lower})),
        moving(json!({"filters": [{"property": "lead_source", "value": lower}]})),
        moving(json!({"filters": [{"property": "contact_type", "value": lower}]})),
        moving(json!({"params": {"visibility": lower, "sort": lower_other}})),
        moving(json!({"settings": {"dedupe": lower, "scope": lower_other}})),
        moving(json!({"nodes": [{"id": "n1", "parameters": {"operation": lower, "filter": lower_other}}]})),
        moving(json!({"flow": [{"mapper": {"answer": lower, "kind": lower_other}}]})),
        moving(json!({"conditions": [{"field": "ticket.status", "operator": "equals", "value": lower}]})),
        moving(json!({"conditions": [{"field": "invoice_status", "operator": "in", "value": [lower, lower_other]}]})),
        moving(json!({"subscription": {"status": {"value": lower}}})),
        moving(json!({"task": {"status": {"name": word, "id": 3}}})),
        moving(json!({"order": {"state": {"label": word}}})),
        // Lists in a text.
        moving(json!({"tags": format!("{word}, {other}")})),
        moving(json!({"keywords": format!("{word};{other}")})),
        moving(json!({"form": {"options": format!("{word}\n{other}\nOther")}})),
        moving(json!({"audience": {"lists": format!("{word}, VIP")}})),
        moving(json!({"filters": [{"property": "interest", "value": format!("{word}, VIP")}]})),
        moving(json!({"menu": format!("{word}|{other}")})),
        // Expressions and code about something else.
        moving(json!({"when": format!("ticket.status == \"{word}\"")})),
        moving(json!({"when": format!("contact.tag == '{word}' && contact.city != '{other}'")})),
        moving(json!({"formula": format!("IF(type = \"{word}\", 1, 2)")})),
        moving(json!({"expression": format!("{{{{ $json.category === '{word}' }}}}")})),
        moving(json!({"code": format!("const label = \"{word}\"; return label;")})),
        moving(json!({"code": format!("if (reply.includes('{lower}')) {{ tag('{other}'); }}")})),
        moving(json!({"where": format!("order_status = '{word}' AND channel = '{lower_other}'")})),
        moving(json!({"query": format!("utm_campaign={word}&sort={lower_other}")})),
        moving(json!({"search": format!("type:{word} {lower_other}")})),
        moving(json!({"jsonBody": format!("{{\"status\": \"{word}\"}}")})),
        moving(json!({"config": format!("{{\"title\": \"{word}\", \"tags\": [\"{other}\"]}}")})),
        moving(json!({"condition": format!("{{% if contact.plan == '{word}' %}}yes{{% endif %}}")})),
        // What is written and sent.
        moving(json!({"sms": {"text": format!("{{% if stage == '{word}' %}}Hi{{% endif %}}")}})),
        moving(json!({"email": {"html": format!("<b>Status: {word}</b>")}})),
        moving(json!({"note": format!("stage: {word}, then {other}")})),
        moving(json!({"description": format!("stage = '{word}'")})),
        moving(json!({"slack": {"message": format!("New status: {word}")}})),
        moving(json!({"webhook": {"url": "https://hooks.acme.example", "body": format!("stage={word}")}})),
    ]
}

#[test]
fn suspicion_alone_switches_off_at_most_one_ordinary_automation_in_a_hundred() {
    let mut automations = Vec::new();
    for (number, word) in STAGES.iter().enumerate() {
        let other = STAGES[(number + 3) % STAGES.len()];
        let kinds = kinds(word, other, number).into_iter().chain(more_kinds(word, other, number));
        let kinds = kinds.chain(texts_and_code(word, other));
        for (kind, mut automation) in kinds.enumerate() {
            automation["name"] = format!("{word} {kind}").into();
            automations.push(automation);
        }
    }
    let source = organization(&STAGES, &[(60, "Lead")]);
    // All that is certain is mapped: what is off after that is off by suspicion alone.
    let targets = organization(&[], &[]);
    let count = automations.len();
    assert!(count >= 1_100, "{count}");
    let (mut off, mut kinds_off) = (0, Vec::new());
    for automation in automations {
        let name = automation["name"].as_str().unwrap().to_owned();
        let setup = Setup::from(PerKind {
            automations: items(1, vec![automation]),
            templates: items(40, vec![json!({"name": "Intro", "template": "Hi"})]),
            ..PerKind::default()
        });
        let content = capture(setup, &source, &Work::unlimited()).unwrap().content().unwrap();
        let plan =
            plan(&content, &Scope::OtherOrganization, &targets, &Choices::default(), &Work::unlimited()).unwrap();
        let references = plan.warnings.iter().filter(|warning| warning.code == WarningCode::UnmappedReference);
        let references: Vec<_> = references.flat_map(|warning| &warning.references.listed).collect();
        if references.iter().any(|reference| reference.suspected) {
            off += 1;
            kinds_off.push(format!("{name} {}", references.iter().find(|it| it.suspected).unwrap().pointer));
        }
    }
    println!("ordinary automations off by suspicion alone: {off} of {count}");
    assert!(off * 100 <= count, "{off} of {count}: {kinds_off:#?}");
}

/// Texts with what looks like an id, as everyday automations have them.
fn texts_with_ids() -> Vec<Value> {
    let (hex, uuid) = ("64ee9a8b1e7f2a00aabbccdd", "0b9d1f0c-5a3e-4d2b-8c7f-6e5d4c3b2a19");
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    [hex, uuid]
        .into_iter()
        .flat_map(|id| {
            vec![
                json!({"message": format!("Book here: https://cal.acme.example/{id}")}),
                json!({"sms": {"text": format!("Your code is {id}")}}),
                json!({"email": {"html": format!("<img src=\"https://cdn.acme.example/{id}/logo.png\">")}}),
                json!({"email": {"html": format!("<a href='/forms/{id}'>Open</a>")}}),
                json!({"logo": format!("assets/{id}.png")}),
                json!({"background": format!("assets/{id}/wide.jpg")}),
                json!({"attachments": [format!("files/{id}.pdf")]}),
                json!({"description": format!("Copied from automation {id}")}),
                json!({"notes": format!("See ticket '{id}'")}),
                json!({"changelog": [format!("id={id}")]}),
                json!({"steps": [{"id": id, "next": format!("step:{id}")}]}),
                json!({"steps": [{"_id": {"$oid": id}, "type": "wait"}], "start": id}),
                json!({"nodes": {id: {"type": "wait"}}, "start": id}),
                json!({"connections": {id: {"main": [[{"node": "x"}]]}}}),
                json!({"headers": {"If-Match": format!("W/\"{id}\"")}}),
                json!({"replyTo": format!("reply+{id}")}),
                json!({"link": format!("/go/{id}")}),
                json!({"reference": format!("Order {id} shipped")}),
                json!({"messageId": format!("<{id}@mail.acme.example>")}),
                json!({"run": format!("batch-{id}-2")}),
            ]
        })
        .chain([
            json!({"checksum": md5}),
            json!({"etag": md5}),
            json!({"version": md5}),
            json!({"fileHash": "9e107d9d372b4d268c1a3542a419d6aa"}),
            json!({"commit": "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"}),
            json!({"color": "#64ee9a", "gradient": "64ee9a8b,1e7f2a00"}),
            json!({"dealstage": "closedwon", "pipeline_id": "default"}),
        ])
        .collect()
}

/// Nothing of these is a reference: no automation with one may be off.
#[test]
fn an_id_in_an_address_a_file_or_a_sentence_switches_nothing_off() {
    let texts = texts_with_ids();
    let is_off = |fields: &Value| {
        let mut automation = fields.clone();
        automation["name"] = "Ordinary".into();
        let source = organization(&STAGES, &[(60, "Lead")]);
        let setup = Setup::from(PerKind { automations: items(1, vec![automation]), ..PerKind::default() });
        let content = capture(setup, &source, &Work::unlimited()).unwrap().content().unwrap();
        let targets = organization(&[], &[]);
        let plan =
            plan(&content, &Scope::OtherOrganization, &targets, &Choices::default(), &Work::unlimited()).unwrap();
        plan.warnings.iter().any(|warning| warning.code == WarningCode::UnmappedReference)
    };
    let off: Vec<&Value> = texts.iter().filter(|fields| is_off(fields)).collect();
    println!("ordinary texts with an id that switch off: {} of {}", off.len(), texts.len());
    assert!(off.is_empty(), "{off:#?}");
}
