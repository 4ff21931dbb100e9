//! The source person's values as people, phones and other systems write them, and what has to become of each. They were written down
//! before anything looked for them.

use super::*;

/// What stands in a field, and what has to stand there for a new user who has a number.
fn rows() -> Vec<(Value, Value)> {
    let mut rows = texts(&addresses());
    rows.extend(texts(&numbers()));
    rows.extend(texts(&links()));
    rows.extend(texts(&ids()));
    rows
}

fn texts(rows: &[(&str, &str)]) -> Vec<(Value, Value)> {
    rows.iter().map(|(text, becomes)| (json!(text), json!(becomes))).collect()
}

fn addresses() -> Vec<(&'static str, &'static str)> {
    vec![
        ("ａｌｅｘ．ｒｅｐ＠ａｃｍｅ．ｅｘａｍｐｌｅ", "Casey@globex.example"),
        ("alex.rep＠acme.example", "Casey@globex.example"),
        ("alex.rep@acme．example", "Casey@globex.example"),
        ("alex.rep@acme。example", "Casey@globex.example"),
        ("\"alex.rep@acme.example\" <alex.rep@acme.example>", "Casey@globex.example"),
        ("alex.rep@acme.example <alex.rep@acme.example>", "Casey@globex.example"),
        ("\"Rep, Alex\" <Alex.Rep@acme.example>", "Casey@globex.example"),
        ("'Alex Rep' <alex.rep@acme.example>", "Casey@globex.example"),
        ("Alex Rep (Sales) <alex.rep@acme.example>", "Casey@globex.example"),
        ("Алекс <alex.rep@acme.example>", "Casey@globex.example"),
        ("Alex <mailto:alex.rep@acme.example>", "Casey@globex.example"),
        ("Alex Rep<alex.rep@acme.example>", "Casey@globex.example"),
        ("alex.rep@acme.example, bob@acme.example", "Casey@globex.example, bob@acme.example"),
        ("bob@acme.example,alex.rep@acme.example", "bob@acme.example,Casey@globex.example"),
        ("bob@acme.example; ALEX.REP@acme.example", "bob@acme.example; Casey@globex.example"),
        (
            "bob@acme.example|alex.rep@acme.example|eve@acme.example",
            "bob@acme.example|Casey@globex.example|eve@acme.example",
        ),
        ("bob@acme.example\nalex.rep@acme.example\n", "bob@acme.example\nCasey@globex.example\n"),
        ("Bob <bob@acme.example>, Alex Rep <alex.rep@acme.example>", "Bob <bob@acme.example>, Casey@globex.example"),
        (
            "\"Rep, Alex\" <alex.rep@acme.example>, \"B, Bob\" <bob@acme.example>",
            "Casey@globex.example, \"B, Bob\" <bob@acme.example>",
        ),
        ("alex.rep@acme.example,alex.rep@acme.example", "Casey@globex.example,Casey@globex.example"),
        ("alex.rep@acme.example,", "Casey@globex.example,"),
        ("{{contact.email}}, alex.rep@acme.example", "{{contact.email}}, Casey@globex.example"),
        ("mailto:alex.rep@acme.example,bob@acme.example", "mailto:Casey@globex.example,bob@acme.example"),
        ("mailto:alex.rep%40acme.example", "mailto:Casey@globex.example"),
        ("MailTo:%61lex.rep@acme.example?cc=x", "MailTo:Casey@globex.example?cc=x"),
        ("[alex.rep@acme.example]", "[Casey@globex.example]"),
        ("(alex.rep@acme.example)", "(Casey@globex.example)"),
        ("alex.rep@acme.example;", "Casey@globex.example;"),
        ("„alex.rep@acme.example“", "„Casey@globex.example“"),
    ]
}

fn numbers() -> Vec<(&'static str, &'static str)> {
    vec![
        ("+1 415 555 0101 x12", "+442079460018"),
        ("+1 415 555 0101 ext. 12", "+442079460018"),
        ("+1 415 555 0101 ext 12", "+442079460018"),
        ("(415) 555-0101 extension 12", "+442079460018"),
        ("415-555-0101 #12", "+442079460018"),
        ("+14155550101,,12", "+442079460018"),
        ("+14155550101;ext=12", "+442079460018"),
        ("+14155550101p12", "+442079460018"),
        ("+1 415 555 0101 Ext:12", "+442079460018"),
        ("+1 415 555 0101 (ext 12)", "+442079460018"),
        ("+1~415~555~0101", "+442079460018"),
        ("+1 415 555 01 01 ", "+442079460018 "),
        ("+१४१५५५५०१०१", "+442079460018"),
        ("+14155550101, +14155550177", "+442079460018, +14155550177"),
        ("+14155550177;+14155550101", "+14155550177;+442079460018"),
        ("(415) 555-0177 | (415) 555-0101", "(415) 555-0177 | +442079460018"),
        ("+1 415 555 0101\n+1 415 555 0177", "+442079460018\n+1 415 555 0177"),
        ("bob@acme.example, +14155550101", "bob@acme.example, +442079460018"),
        ("alex.rep@acme.example; +1 (415) 555-0101", "Casey@globex.example; +442079460018"),
        ("whatsapp:+14155550101,whatsapp:+14155550177", "whatsapp:+442079460018,whatsapp:+14155550177"),
    ]
}

fn links() -> Vec<(&'static str, &'static str)> {
    vec![
        ("https://wa.me/14155550101", "https://wa.me/442079460018"),
        ("https://wa.me/14155550101?text=Hi", "https://wa.me/442079460018?text=Hi"),
        ("wa.me/14155550101", "wa.me/442079460018"),
        ("http://wa.me/+14155550101", "http://wa.me/+442079460018"),
        (
            "https://api.whatsapp.com/send?phone=14155550101&text=Hi",
            "https://api.whatsapp.com/send?phone=442079460018&text=Hi",
        ),
        ("https://api.whatsapp.com/send/?phone=%2B14155550101", "https://api.whatsapp.com/send/?phone=%2B442079460018"),
        (
            "https://web.whatsapp.com/send?text=Hi&phone=14155550101",
            "https://web.whatsapp.com/send?text=Hi&phone=442079460018",
        ),
        ("whatsapp://send?phone=14155550101&text=Hi", "whatsapp://send?phone=442079460018&text=Hi"),
        ("https://t.me/+14155550101", "https://t.me/+442079460018"),
        ("viber://chat?number=%2B14155550101", "viber://chat?number=%2B442079460018"),
        ("https://signal.me/#p/+14155550101", "https://signal.me/#p/+442079460018"),
        ("tel:%2B14155550101", "tel:+442079460018"),
        ("tel://+1-415-555-0101", "tel://+442079460018"),
        ("tel:+1-415-555-0101;phone-context=acme.example", "tel:+442079460018;phone-context=acme.example"),
        ("SMS:+14155550101;?&body=Hi", "SMS:+442079460018;?&body=Hi"),
        ("sms:+14155550101,+14155550177?body=Hi", "sms:+442079460018,+14155550177?body=Hi"),
        ("facetime:+14155550101", "facetime:+442079460018"),
        ("skype:+14155550101?call", "skype:+442079460018?call"),
        ("imessage:+14155550101", "imessage:+442079460018"),
        ("sip:+14155550101@sip.acme.example", "sip:+442079460018@sip.acme.example"),
    ]
}

fn ids() -> Vec<(&'static str, &'static str)> {
    vec![
        ("ObjectId(\"64ee9a8b1e7f2a0011223399\")", "ObjectId(\"aaaaaaaaaaaaaaaaaaaaaaaa\")"),
        ("{\"$oid\":\"64ee9a8b1e7f2a0011223399\"}", "{\"$oid\":\"aaaaaaaaaaaaaaaaaaaaaaaa\"}"),
        ("[64ee9a8b1e7f2a0011223399]", "[aaaaaaaaaaaaaaaaaaaaaaaa]"),
        ("64ee9a8b1e7f2a0011223399,64ee9a8b1e7f2a0011223377", "aaaaaaaaaaaaaaaaaaaaaaaa,64ee9a8b1e7f2a0011223377"),
        ("64ee9a8b1e7f2a0011223344/64ee9a8b1e7f2a0011223399", "bbbbbbbbbbbbbbbbbbbbbbbb/aaaaaaaaaaaaaaaaaaaaaaaa"),
        ("users/64ee9a8b1e7f2a0011223399", "users/aaaaaaaaaaaaaaaaaaaaaaaa"),
        ("owner_id = '64ee9a8b1e7f2a0011223399'", "owner_id = 'aaaaaaaaaaaaaaaaaaaaaaaa'"),
    ]
}

#[test]
fn what_outsiders_write_becomes_the_new_users() {
    let rows = rows();
    assert!(rows.len() >= 60, "{}", rows.len());
    let missed: Vec<_> = rows.iter().filter(|(text, becomes)| filled(text.clone()).1 != *becomes).collect();
    println!("values of the person handled: {} of {}", rows.len() - missed.len(), rows.len());
    for (text, becomes) in &missed {
        println!("{text} becomes {} and not {becomes}", filled(text.clone()).1);
    }
    assert!(missed.is_empty());
}
