//! Images: a text in few bytes that tell letters apart well enough, and the expression that matches the image of whatever another
//! expression matches. An expression of bytes without cases compiles in a fraction of the time that one of Unicode takes, so an image
//! tells early which rules cannot find anything.

/// Letters beyond ASCII that Unicode folds to another than their lower case.
const FOLDED: [(char, char); 6] =
    [('\u{212a}', 'k'), ('\u{17f}', 's'), ('\u{1c82}', 'о'), ('\u{1c83}', 'с'), ('\u{1c84}', 'т'), ('\u{1c85}', 'т')];

/// Stands before a piece that has capitals after its first letter, because images have no cases. It counts as a digit of the piece.
const CASED: u8 = b'0';
/// The shortest piece, in bytes, whose cases matter to [`looks`](super::looks).
const SHORTEST_CASED: usize = 12;

/// Returns the image of `text`: ASCII in lower case, a byte from 0x80 on for another character, a space for white space beyond ASCII.
pub(super) fn image(text: &str) -> Vec<u8> {
    let mut image = Vec::with_capacity(text.len() + text.len() / SHORTEST_CASED);
    for piece in text.split_inclusive(ends_a_piece) {
        if is_cased(piece) {
            image.push(CASED);
        }
        image.extend(piece.chars().map(byte));
    }
    image
}

/// Behind two words that mean "is" a value follows without a space.
fn ends_a_piece(c: char) -> bool {
    !c.is_alphanumeric() || matches!(c, 'は' | '是')
}

fn is_cased(piece: &str) -> bool {
    piece.len() >= SHORTEST_CASED
        && piece.chars().skip(1).any(char::is_uppercase)
        && piece.contains(|c: char| c.is_alphabetic() && !c.is_uppercase())
}

fn byte(c: char) -> u8 {
    if c.is_ascii() {
        return c.to_ascii_lowercase() as u8;
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    match FOLDED.iter().find(|(form, _)| *form == c || *form == lower).map_or(lower, |(_, letter)| *letter) {
        letter if letter.is_ascii() => letter as u8,
        space if space.is_whitespace() => b' ',
        other => 0x80 | (u32::from(other) & 0x7f) as u8,
    }
}

/// Returns an expression that matches the image of everything that `expression` matches, and more: it knows no boundaries of words.
/// What `expression` excludes and what it has ranges of is ASCII, and where it counts characters, those of one piece at most count.
pub(super) fn expression(expression: &str) -> String {
    let expression = expression.replace(r"\b", "").replace(r"\w", r"[0-9a-z_\x80-\xff]");
    let mut image = String::with_capacity(2 * expression.len());
    let (mut classes, mut is_escaped) = (0, false);
    for c in expression.chars() {
        match c {
            '[' if !is_escaped => classes += 1,
            ']' if !is_escaped => classes -= 1,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
        match c {
            // The next word of a name may begin a piece with capitals.
            ' ' if classes == 0 => image.push_str(&format!("(?: {}?)", char::from(CASED))),
            c if c.is_ascii() => image.push(c.to_ascii_lowercase()),
            c => image.push_str(&format!(r"\x{:02x}", byte(c))),
        }
    }
    image
}
