//! Walks JSON that stands in a text, by the same rules as the document around it.

use super::json::{Kind, Node};
use super::place::{self, JsonShape, ValuePlace, View};
use super::text::{self, Edit, Substitute};
use crate::domain::{OverBudget, Work};

/// Adds what has to go of `node`, which stands at `place`. Places are those of the text in which it stands.
pub(super) fn find(
    node: &Node,
    place: ValuePlace,
    layers: usize,
    found: &mut Vec<Edit>,
    work: &Work,
) -> Result<(), OverBudget> {
    work.spend(1)?;
    match (&node.kind, node.view()) {
        (Kind::Object(fields), View::Object(views)) => {
            for ((key, value), place) in fields.iter().zip(place::of_fields(&views, place)) {
                work.spend(key.text.len())?;
                found.extend(text::edits(&key.text, layers, work)?.into_iter().map(|edit| edit.through(key)));
                find(value, place, layers, found, work)?;
            }
        }
        (Kind::Array(values), View::Array(views)) => {
            for (value, place) in values.iter().zip(place::of_elements(&views, place)) {
                find(value, place, layers, found, work)?;
            }
        }
        (Kind::Text(value), _) => {
            let edits = place::edits(&value.text, place, layers, work)?;
            found.extend(edits.into_iter().map(|edit| edit.through(value)));
        }
        (Kind::Number(digits), _) if place.takes_number(*digits) => {
            found.push(Edit { range: node.range.clone(), with: Substitute::Quoted });
        }
        _ => {}
    }
    Ok(())
}
