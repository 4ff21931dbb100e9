//! Secrets in another coat: base64 and percent-encoding. What decodes to text is searched like any other text.

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use regex::Regex;

use super::credible::{is_plain, is_record_id};
use super::names::Naming;
use super::{credible, text};
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
static BASE64: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/_-]{24,}(?:\\?\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}").ok());
/// Runs of what a URL may hold, with at least one byte percent-encoded.
static PERCENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9._~+*!:/-]*%[0-9A-Fa-f]{2}[A-Za-z0-9._~+*!:/%-]*").ok());

/// Adds where an encoded secret stands in `text` to `found`. `layers` is how many more may be taken off.
pub(super) fn find(text: &str, layers: usize, found: &mut Vec<Range<usize>>, work: &Work) -> Result<(), OverBudget> {
    let Some(layers) = layers.checked_sub(1) else { return Ok(()) };
    let runs = |expression: &'static LazyLock<Option<Regex>>| expression.iter().flat_map(|runs| runs.find_iter(text));
    for run in runs(&BASE64) {
        if base64_hides_a_secret(run.as_str(), layers, work)? {
            found.push(run.range());
        }
    }
    for run in runs(&PERCENT) {
        work.spend(run.len())?;
        if let Ok(decoded) = percent_decode_str(run.as_str()).decode_utf8()
            && text::has_secret(&decoded, layers, work)?
        {
            found.push(run.range());
        }
    }
    Ok(())
}

fn base64_hides_a_secret(run: &str, layers: usize, work: &Work) -> Result<bool, OverBudget> {
    let joined: String = run.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect();
    if hides_a_secret(&joined, layers, work)? {
        return Ok(true);
    }
    if joined.len() < run.len() && any_hides(run.lines(), layers, work)? {
        return Ok(true);
    }
    // A slash, a hyphen and an underscore are base64, and they also stand between words and in paths.
    for marks in [&['/'][..], &['-', '_'], &['/', '-', '_']] {
        let pieces = joined.split(|c| marks.contains(&c)).filter(|piece| piece.len() < joined.len());
        if joined.contains(marks) && any_hides(pieces, layers, work)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn any_hides<'t>(runs: impl Iterator<Item = &'t str>, layers: usize, work: &Work) -> Result<bool, OverBudget> {
    for run in runs {
        if hides_a_secret(run, layers, work)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn hides_a_secret(run: &str, layers: usize, work: &Work) -> Result<bool, OverBudget> {
    work.spend(run.len())?;
    match decoded(run) {
        None => Ok(false),
        Some(decoded) => Ok(is_basic_credential(&decoded) || text::has_secret(&decoded, layers, work)?),
    }
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
            && credible::is_named_secret(Naming::Password, password)
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
