//! What a text or a key refers to: as a whole, in a list, or within it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::hints::PlaceHints;
use super::place::FieldName;
use super::walk::Walker;
use super::{KnownId, RefType, Site, expression};
use crate::domain::OverBudget;
use crate::domain::destination::is_merge_tag;
use crate::domain::id_shape::{self, IdContext};

impl<'v, E: From<OverBudget>> Walker<'_, 'v, '_, E> {
    /// A key that holds an id, or a name where the object is one of stages or agents.
    pub(super) fn key(&mut self, key: &'v str, hints: PlaceHints<'v>) -> Result<(), E> {
        let ids = id_shape::ids(key);
        for id in &ids {
            let id_text = &key[id.range.clone()];
            let ref_type = match self.lookup.known(id_text) {
                Some(known) => known.ref_type(),
                None if id.standing == IdContext::Alone && !hints.is_sent && self.is_unknown(id_text) => {
                    RefType::Unknown
                }
                None => continue,
            };
            self.show(Cow::Borrowed(id_text), ref_type, hints.field, |site| Site { in_key: true, ..site })?;
        }
        if !ids.is_empty() || !hints.keys_refer || !hints.suspect {
            return Ok(());
        }
        match self.lookup.spoken_of(key, hints.agents_first, false) {
            Some(ref_type) => self.show(Cow::Borrowed(key), ref_type, hints.field, |site| Site {
                suspected: true,
                in_key: true,
                ..site
            }),
            None => Ok(()),
        }
    }

    fn is_unknown(&self, id: &str) -> bool {
        id_shape::may_be_id(id) && !self.defined.contains(id)
    }

    pub(super) fn text(&mut self, text: &'v str, hints: PlaceHints<'v>) -> Result<(), E> {
        self.work.spend(1 + text.len())?;
        if text.trim().is_empty() {
            return Ok(());
        }
        let ids = id_shape::ids(text);
        if ids.first().is_some_and(|id| id.standing == IdContext::Alone) {
            let is_whole = ids.len() == 1 && ids[0].range.len() == text.len();
            for id_shape::EmbeddedId { range, .. } in ids {
                self.id(&text[range.clone()], (!is_whole).then_some(range), hints)?;
            }
            return Ok(());
        }
        let is_merge_tag = is_merge_tag(text);
        let mut found: Vec<Part> = ids.iter().filter_map(|id| self.within(text, id, hints)).collect();
        if found.is_empty() && !is_merge_tag {
            let certain = hints.certain.or_else(|| hints.own.filter(|own| self.lookup.has_item(*own, text)));
            let known = || self.lookup.known(text).map(KnownId::ref_type);
            if let Some(ref_type) = known().or(certain).or_else(|| held_id(text, hints)) {
                return self.show(Cow::Borrowed(text), ref_type, hints.field, |site| site);
            }
        }
        self.names(text, is_merge_tag, hints, &mut found);
        // What is replaced in a text is replaced from its beginning to its end.
        found.sort_by_key(|part| part.range.start);
        found.dedup_by_key(|part| part.range.start);
        for Part { range, ref_type, suspected } in found {
            let part = (range.len() != text.len()).then(|| range.clone());
            let value = Cow::Borrowed(&text[range]);
            self.show(value, ref_type, hints.field, |site| Site { suspected, part, ..site })?;
        }
        Ok(())
    }

    /// An id that is a text, or one of a list.
    fn id(&mut self, value: &'v str, part: Option<Range<usize>>, hints: PlaceHints<'v>) -> Result<(), E> {
        let known = self.lookup.known(value).map(KnownId::ref_type);
        let unknown = || self.is_unknown(value).then_some(RefType::Unknown);
        // A note has ids of its own, and what looks like a hash is one where the field says so.
        let is_whole = part.is_none() && id_shape::is_id(value);
        let unknown = || unknown().filter(|_| is_whole || !hints.is_read);
        match known.or(hints.certain).or_else(unknown) {
            Some(ref_type) => self.show(Cow::Borrowed(value), ref_type, hints.field, |site| Site { part, ..site }),
            None => Ok(()),
        }
    }

    /// An id within a longer text. What is known is a reference anywhere, and what is unknown where it is written as a value.
    fn within(&self, text: &str, id: &id_shape::EmbeddedId, hints: PlaceHints<'_>) -> Option<Part> {
        let value = &text[id.range.clone()];
        let is_value = id.standing == IdContext::Written && !hints.is_read && !hints.is_sent && hints.certain.is_none();
        let ref_type = match self.lookup.known(value) {
            Some(known) => known.ref_type(),
            None if is_value && self.is_unknown(value) => RefType::Unknown,
            None => return None,
        };
        Some(Part { range: id.range.clone(), ref_type, suspected: false })
    }

    /// Names of the organization: the text as a whole, each of a list, or values that an expression compares with a stage or an agent.
    fn names(&self, text: &str, is_merge_tag: bool, hints: PlaceHints<'_>, found: &mut Vec<Part>) {
        if !hints.suspect || hints.is_sent {
            return;
        }
        let named = |range: &Range<usize>, refers| {
            let value = &text[range.clone()];
            let ref_type = self.lookup.spoken_of(value, hints.agents_first, refers);
            ref_type.filter(|_| PlaceHints { refers: hints.refers || refers, ..hints }.suspects(value))
        };
        let part = |(range, ref_type)| Part { range, ref_type, suspected: true };
        let pieces: Vec<Range<usize>> = if is_merge_tag { Vec::new() } else { pieces(text) };
        let of_list: Vec<_> = pieces.iter().map(|piece| named(piece, hints.expects_names())).collect();
        // `{"menu": "New|Open"}` has words of its own.
        let may_be_list = of_list.len() == 1 || !hints.lists_words || hints.expects_names();
        let are_names = may_be_list && of_list.iter().all(Option::is_some) || hints.expects_names();
        if are_names && of_list.iter().any(Option::is_some) {
            let all = pieces.into_iter().zip(of_list);
            found.extend(all.filter_map(|(range, ref_type)| Some(part((range, ref_type?)))));
            return;
        }
        let mut subjects = HashMap::new();
        expression::values(text, |range, subject| match named(&range, true) {
            Some(ref_type) => {
                let compares = !subject.is_empty()
                    && *subjects.entry(subject).or_insert_with(|| hints.compares(&FieldName::of(subject)));
                if compares {
                    found.push(part((range, ref_type)));
                }
                true
            }
            None => false,
        });
    }
}

/// A part of a text that is a reference.
struct Part {
    range: Range<usize>,
    ref_type: RefType,
    suspected: bool,
}

/// The most names of a list in one text.
const MAX_PIECES: usize = 100;

/// The texts of a list in a text, or the text itself, each without the white space around it.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for piece in text.split([',', ';', '|', '\n']).take(MAX_PIECES) {
        let start = at + piece.len() - piece.trim_start().len();
        at += piece.len() + 1;
        if !piece.trim().is_empty() {
            pieces.push(start..start + piece.trim().len());
        }
    }
    pieces
}

/// The kind of thing whose id a text is by the name of its field: a word alone is no id.
fn held_id(text: &str, hints: PlaceHints<'_>) -> Option<RefType> {
    hints.id_of.filter(|_| !hints.is_sent && text.bytes().any(|byte| byte.is_ascii_digit()))
}
