//! Walks JSON that stands in a text, by the same rules as the document around it.

use super::edit::{Edit, Search, Substitute};
use super::json::{Kind, Node};
use super::place;
use super::shape::{JsonShape, View};
use super::value_place::ValuePlace;
use crate::domain::{OverBudget, Work};

/// Adds what has to go of `node`, which stands at `place`. `search` searches its keys and texts. Places are those of the text in
/// which it stands.
pub(super) fn find(
    node: &Node,
    place: ValuePlace,
    search: &Search<'_>,
    found: &mut Vec<Edit>,
    work: &Work,
) -> Result<(), OverBudget> {
    work.spend(1)?;
    match (&node.kind, node.view()) {
        (Kind::Object(fields), View::Object(views)) => {
            for ((key, value), place) in fields.iter().zip(place::of_fields(&views, place)) {
                work.spend(key.text.len())?;
                let edits = search(&key.text, ValuePlace::Ordinary)?;
                found.extend(edits.into_iter().map(|edit| edit.through(key)));
                find(value, place, search, found, work)?;
            }
        }
        (Kind::Array(values), View::Array(views)) => {
            for (value, place) in values.iter().zip(place::of_elements(&views, place)) {
                find(value, place, search, found, work)?;
            }
        }
        (Kind::Text(value), _) => {
            let edits = search(&value.text, place)?;
            found.extend(edits.into_iter().map(|edit| edit.through(value)));
        }
        (Kind::Number(digits), _) if place.takes_number(*digits) => {
            found.push(Edit { range: node.range.clone(), with: Substitute::Quoted });
        }
        _ => {}
    }
    Ok(())
}
