//! Secrets in another coat: base64 and percent-encoding. What decodes to text is searched like any other text.

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use regex::Regex;

use super::coat::{DecodedText, percent_decoded};
use super::credible::{is_named_secret, is_plain};
use super::edit::Search;
use super::expression::compiled;
use super::looks::is_record_id;
use super::names::SecretHint;
use super::value_place::ValuePlace;
use crate::domain::{OverBudget, Work};

/// The fewest base64 characters that are decoded: 18 bytes, less than which holds no credential with its name.
const SHORTEST: usize = 24;
/// Lenient about padding and trailing bits, because encoders are.
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// Runs of base64, of either alphabet, broken into lines or not.
static BASE64: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"[A-Za-z0-9+/_-]{24,}(?:\\?\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}"));
/// Runs of what a URL may hold, with at least one byte percent-encoded.
static PERCENT: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"[A-Za-z0-9._~+*!:/-]*%[0-9A-Fa-f]{2}[A-Za-z0-9._~+*!:/%-]*"));

/// Adds where an encoded secret stands in `text` to `found`. `search` searches what decodes to text.
pub(super) fn find(
    text: &str,
    search: &Search<'_>,
    found: &mut Vec<Range<usize>>,
    work: &Work,
) -> Result<(), OverBudget> {
    for run in BASE64.find_iter(text) {
        in_base64(text, run.range(), search, found, work)?;
    }
    for run in PERCENT.find_iter(text) {
        work.spend(run.len())?;
        if let Some(decoded) = percent_decoded(run.as_str()) {
            let edits = search(&decoded.text, ValuePlace::Ordinary)?;
            found.extend(edits.into_iter().map(|edit| moved(&decoded.source(&edit.range), run.start())));
        }
    }
    Ok(())
}

fn moved(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// The same in the run of base64 at `range` of `text`: as a whole, line by line, and piece by piece, because a slash, a hyphen
/// and an underscore are base64 and also stand between words and in paths. The first reading that hides something decides.
fn in_base64(
    text: &str,
    range: Range<usize>,
    search: &Search<'_>,
    found: &mut Vec<Range<usize>>,
    work: &Work,
) -> Result<(), OverBudget> {
    let run = &text[range.clone()];
    let whole = without_breaks(run, range.start);
    let mut readings = vec![&[][..]];
    let marks: [&[char]; 4] = [&['\r', '\n', '\\'], &['/'], &['-', '_'], &['/', '-', '_']];
    readings.extend(marks.into_iter().filter(|marks| run.contains(*marks)));
    let before = found.len();
    for marks in readings {
        match marks {
            [] => in_piece(&whole, search, found, work)?,
            ['\r', ..] => {
                let mut start = range.start;
                for line in run.split_inclusive(marks) {
                    let mut piece = DecodedText::default();
                    piece.push_verbatim(line.trim_end_matches(marks), start);
                    in_piece(&piece, search, found, work)?;
                    start += line.len();
                }
            }
            _ => {
                let mut start = 0;
                for part in whole.text.split_inclusive(marks) {
                    let inner = part.trim_end_matches(marks);
                    in_piece(&whole.part(start..start + inner.len()), search, found, work)?;
                    start += part.len();
                }
            }
        }
        if found.len() > before {
            break;
        }
    }
    Ok(())
}

/// A run of base64 without its line breaks.
fn without_breaks(run: &str, start: usize) -> DecodedText {
    let mut joined = DecodedText::default();
    let mut at = start;
    for line in run.split_inclusive(['\r', '\n', '\\']) {
        joined.push_verbatim(line.trim_end_matches(['\r', '\n', '\\']), at);
        at += line.len();
    }
    joined
}

/// Adds where a secret stands in base64: the groups of four characters that hold some of it.
fn in_piece(
    piece: &DecodedText,
    search: &Search<'_>,
    found: &mut Vec<Range<usize>>,
    work: &Work,
) -> Result<(), OverBudget> {
    let run = &piece.text;
    work.spend(run.len())?;
    let Some(decoded) = decoded(run) else { return Ok(()) };
    if is_basic_credential(&decoded) {
        found.push(piece.source(&(0..run.len())));
        return Ok(());
    }
    for edit in search(&decoded, ValuePlace::Ordinary)? {
        let (start, end) = (edit.range.start / 3 * 4, edit.range.end.div_ceil(3) * 4);
        // The last group and its padding go as one.
        let end =
            if end + 4 > run.trim_end_matches('=').len() && edit.range.end == decoded.len() { run.len() } else { end };
        found.push(piece.source(&(start..end.min(run.len()))));
    }
    Ok(())
}

/// What RFC 7617 encodes: a user and a password, with nothing around them.
fn is_basic_credential(decoded: &str) -> bool {
    decoded.trim().split_once(':').is_some_and(|(user, password)| {
        !user.contains(|c: char| c.is_whitespace() || "/{<".contains(c))
            && !password.contains(|c: char| c.is_whitespace() || c == ':')
            // An address, such as gid://shop/Product/4711.
            && !password.starts_with('/')
            && !is_plain(password)
            && !is_record_id(password)
            && password.contains(char::is_alphabetic)
            && is_named_secret(SecretHint::Password, password)
    })
}

/// The text that is `run` in base64. Images, keys and ids in base64 are no text.
fn decoded(run: &str) -> Option<String> {
    if run.len() < SHORTEST || !run.is_ascii() {
        return None;
    }
    let engine = if run.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let is_text = |bytes: &[u8]| !bytes.iter().any(|byte| byte.is_ascii_control() && !b"\t\r\n".contains(byte));
    // The beginning tells, so that a large image is not decoded as a whole.
    if !is_text(&engine.decode(run.get(..SHORTEST - 8)?).ok()?) {
        return None;
    }
    let bytes = engine.decode(run).or_else(|_| engine.decode(run.get(..run.len() / 4 * 4).unwrap_or_default())).ok()?;
    String::from_utf8(bytes).ok().filter(|text| is_text(text.as_bytes()))
}
