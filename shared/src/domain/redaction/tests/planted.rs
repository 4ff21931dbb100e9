//! Planted secrets: every form in every dress, carrier and place. What survives is in a list, with reasons.

use serde_json::{Value, json};

use super::canaries::SecretGenerator;
use super::redacted;
use super::table::{ADDRESSES, CARRIERS, DRESSES, FIELDS, ISSUED, NAMED, OTHERS, SURVIVORS};

struct PlantedSecret {
    label: String,
    document: Value,
    needles: Vec<String>,
}

fn planted() -> Vec<PlantedSecret> {
    let mut made = SecretGenerator::default();
    let mut all = Vec::new();
    let mut text = |label: &str, text: &str| {
        let (text, needles) = made.text(text);
        for (place, document) in [
            ("template", json!({"name": "t", "template": text})),
            ("deep", json!({"actions": {"steps": [{"note": [text]}]}})),
            ("json", json!({"config": json!({"note": text, "n": 1}).to_string()})),
        ] {
            all.push(PlantedSecret { label: format!("{label} in {place}"), document, needles: needles.clone() });
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
            all.push(PlantedSecret { label: format!("{form} in {place}"), document, needles: needles.clone() });
        }
    }
    all
}

#[test]
fn every_planted_secret_is_found() {
    let planted = planted();
    let survived: Vec<&PlantedSecret> = planted
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
    let is_known = |planted: &&&PlantedSecret| {
        SURVIVORS.iter().any(|(label, dress, _)| planted.label.starts_with(label) && planted.label.contains(dress))
    };
    let unknown: Vec<&str> = survived.iter().filter(|it| !is_known(it)).map(|it| it.label.as_str()).collect();
    println!("planted secrets found: {} of {}", planted.len() - survived.len(), planted.len());
    assert!(unknown.is_empty(), "{} of {} survived:\n{}", unknown.len(), planted.len(), unknown.join("\n"));
}
