//! Characters that do not show.
//!
//! The ranges are those of the Unicode Character Database 16.0: `DerivedCoreProperties.txt` for
//! `Default_Ignorable_Code_Point`, `PropList.txt` for `Bidi_Control` and `Variation_Selector`.

/// Whether it takes no room and draws nothing: it joins or separates, or nobody uses it any more.
pub(super) fn is_zero_width(c: char) -> bool {
    matches!(c,
        '\u{34F}' | '\u{180E}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}'
        | '\u{17B4}' | '\u{17B5}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}')
        || is_variation_selector(c)
}

/// Whether it chooses how the character before it is drawn: one follows a character, never two.
pub(super) fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Whether it is a tag: U+E0000 to U+E007F mirror ASCII and draw nothing, except in the flag of a region.
pub(super) fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0000}'..='\u{E007F}')
}

/// Whether it sets the direction of what follows until it is closed (UAX #9), or closes that.
pub(super) fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a reader of a name passes over it.
pub(super) fn is_ignorable(c: char) -> bool {
    is_zero_width(c) || is_tag(c) || is_bidi_control(c) || matches!(c, '\u{AD}' | '\u{200E}' | '\u{200F}' | '\u{61C}')
}
