//! Inputs made of good ones: JSON is changed as JSON, so that what comes out still gets past the parser, and everything else
//! byte by byte. One seed gives one input, whatever came before it.

use serde_json::{Map, Value, json};
use shared::ids::Randomness;
use tests::SeededRandomness;

/// What parsers trip over, and what this service knows.
const PIECES: &[&str] = &[
    "",
    " ",
    "\0",
    "\u{feff}",
    "\u{a0}",
    "\r\n",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "/",
    "//",
    "..",
    "%",
    "%2F",
    "%3F",
    "%00",
    "%ff",
    "?",
    "#",
    "&",
    "=",
    "+",
    ";",
    ",",
    ":",
    "~0",
    "~1",
    "*",
    "W/",
    "\"3\"",
    "null",
    "true",
    "{}",
    "[]",
    "{",
    "}",
    "[",
    "]",
    "-",
    "-0",
    "1e400",
    "0.1",
    "18446744073709551616",
    "é",
    "😀",
    "ß",
    "İ",
    "٣",
    "password",
    "password=",
    "token",
    "Bearer ",
    "Authorization: Basic ",
    "https://user:pass@host.example/",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "cGFzc3dvcmQ9aHVudGVyMjIhIQ==",
    "[removed secret]",
    "{{contact.name}}",
    "name",
    "_id",
    "id",
    "PK",
    "__proto__",
    "constructor",
    "newUser",
    "email",
    "@",
    "xn--",
    ".",
    "64ee9a8b1e7f2a0011223344",
    "64ee9a8b1e7f2a0011223399",
    "000000000000000000000000",
    "9999-12-31T23:59:59.999Z",
    "0000-01-01T00:00:00.000Z",
    "-23:59",
    "+23:59",
    "SUPERADMIN",
    "automation#",
    "#",
    "limit=",
    "cursor=",
];

/// Draws from one seed.
pub(crate) struct Draw(SeededRandomness);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededRandomness::new(seed))
    }

    /// A number below `bound`; 0 where that is 0.
    pub(crate) fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        // The modulus favours small numbers by less than one in a billion.
        usize::try_from(u64::from_be_bytes(bytes) % (bound.max(1) as u64)).unwrap_or(0)
    }

    fn one_in(&self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn choose<'a, T>(&self, among: &'a [T]) -> Option<&'a T> {
        among.get(self.below(among.len()))
    }

    fn piece(&self) -> &'static str {
        self.choose(PIECES).copied().unwrap_or_default()
    }
}

/// One of the seeds as it is, now and then; else with one to six changes.
pub(crate) fn input(draw: &Draw, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut input = draw.choose(seeds).cloned().unwrap_or_default();
    if draw.one_in(20) {
        return input;
    }
    for _ in 0..=draw.below(6) {
        // What stands before the JSON, such as the lines of a request, is bytes.
        let start = input.iter().position(|byte| matches!(byte, b'{' | b'[')).unwrap_or(input.len());
        match serde_json::from_slice(&input[start..]) {
            Ok(value) if !draw.one_in(4) => {
                input.truncate(start);
                input.extend(changed(draw, value, seeds));
            }
            _ => change_bytes(draw, &mut input, seeds),
        }
    }
    input
}

fn changed(draw: &Draw, mut value: Value, seeds: &[Vec<u8>]) -> Vec<u8> {
    let places = count(&value);
    let mut place = draw.below(places);
    if let Some(found) = nth(&mut value, &mut place) {
        change(draw, found, seeds);
    }
    let mut text = value.to_string().into_bytes();
    if draw.one_in(12) {
        double_a_key(draw, &mut text);
    }
    text
}

/// How many values there are in a value, itself among them.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::Array(values) => values.iter().map(count).sum(),
        _ => 0,
    }
}

fn nth<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Object(fields) => fields.values_mut().find_map(|value| nth(value, left)),
        Value::Array(values) => values.iter_mut().find_map(|value| nth(value, left)),
        _ => None,
    }
}

fn change(draw: &Draw, value: &mut Value, seeds: &[Vec<u8>]) {
    match value {
        Value::Object(fields) if !draw.one_in(3) => change_fields(draw, fields),
        Value::Array(values) if !draw.one_in(3) => {
            let place = draw.below(values.len());
            match draw.below(3) {
                0 => values.push(anything(draw, seeds)),
                1 if place < values.len() => drop(values.remove(place)),
                _ => values.extend(values.clone().into_iter().cycle().take(draw.below(40))),
            }
        }
        Value::String(text) if !draw.one_in(3) => {
            let mut bytes = std::mem::take(text).into_bytes();
            change_bytes(draw, &mut bytes, &[]);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        other => *other = anything(draw, seeds),
    }
}

fn change_fields(draw: &Draw, fields: &mut Map<String, Value>) {
    let names: Vec<String> = fields.keys().cloned().collect();
    let name = draw.choose(&names).cloned().unwrap_or_default();
    match draw.below(4) {
        0 => drop(fields.remove(&name)),
        1 => {
            let value = fields.remove(&name).unwrap_or_default();
            fields.insert(format!("{}{name}", draw.piece()), value);
        }
        2 => drop(fields.insert(draw.piece().to_owned(), scalar(draw))),
        _ => {
            let other = draw.choose(&names).and_then(|other| fields.get(other)).cloned().unwrap_or_default();
            fields.insert(name, other);
        }
    }
}

fn scalar(draw: &Draw) -> Value {
    match draw.below(9) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(u64::MAX),
        5 => json!(1.5e300),
        6 => json!(draw.piece().repeat(draw.below(300))),
        _ => json!(draw.piece()),
    }
}

fn anything(draw: &Draw, seeds: &[Vec<u8>]) -> Value {
    match draw.below(6) {
        0 => (0..draw.below(70)).fold(scalar(draw), |inner, _| json!([inner])),
        1 => (0..draw.below(70)).fold(scalar(draw), |inner, _| json!({draw.piece(): inner})),
        2 => {
            // A part of another input.
            let other = draw.choose(seeds).map(Vec::as_slice).unwrap_or_default();
            let start = other.iter().position(|byte| *byte == b'{').unwrap_or(other.len());
            let mut other: Value = serde_json::from_slice(&other[start..]).unwrap_or_default();
            let mut place = draw.below(count(&other));
            nth(&mut other, &mut place).cloned().unwrap_or_default()
        }
        _ => scalar(draw),
    }
}

/// Writes a key of an object a second time.
fn double_a_key(draw: &Draw, text: &mut Vec<u8>) {
    let objects: Vec<usize> = (0..text.len()).filter(|place| text[*place..].starts_with(b"{\"")).collect();
    let Some(place) = draw.choose(&objects) else { return };
    let Some(length) = text[place + 2..].iter().position(|byte| *byte == b'"') else { return };
    let key = text[place + 1..place + length + 3].to_vec();
    let member = [&key[..], b":0,"].concat();
    text.splice(place + 1..=*place, member);
}

fn change_bytes(draw: &Draw, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let place = draw.below(input.len() + 1);
    let end = (place + draw.below(12)).min(input.len());
    match draw.below(7) {
        0 if place < input.len() => input[place] ^= 1 << draw.below(8),
        1 => drop(input.drain(place..end)),
        2 => drop(input.splice(place..end, draw.piece().bytes())),
        3 => {
            let run = input[place..end].repeat(1 + draw.below(60));
            input.splice(place..place, run);
        }
        4 => input.insert(place, u8::try_from(draw.below(256)).unwrap_or_default()),
        5 => {
            let other = draw.choose(seeds).map(Vec::as_slice).unwrap_or_default();
            let tail = &other[draw.below(other.len() + 1)..];
            input.truncate(place);
            input.extend(tail);
        }
        _ => drop(input.splice(place..place, draw.piece().bytes())),
    }
}
