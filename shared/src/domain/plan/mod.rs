//! What an apply will do. Pure: whatever asks "what would happen" and what makes it happen share this.

mod across;
mod arrival;
mod choices;
mod clone;
mod clone_index;
mod counted_list;
mod destination;
mod destinations;
mod identity;
mod items;
mod mapping;
mod opaque;
mod outcome;
mod refusal;
mod resolve;
mod targets;
#[cfg(test)]
mod tests;
mod texts;
mod unchanged;
mod uses;
mod warning;
mod within;
mod words;

use std::collections::BTreeSet;

use serde::Serialize;

pub use self::arrival::{Arrival, ClonedItem, Origin};
pub use self::choices::{Choices, KnownUser, MAX_ENTRIES, OnUnmapped};
pub use self::clone::{MappedReference, PlannedClone, Rewire};
pub use self::counted_list::{CountedList, MAX_LISTED};
pub use self::destination::{PlannedDestination, PlannedLink};
pub use self::identity::{Assumption, IdentityRewire};
pub use self::outcome::{MappedCounts, Outcome, SkippedCounts};
pub use self::refusal::Refusal;
pub use self::warning::{Warning, WarningCode};

use self::refusal::MAX_REFUSALS;
use self::words::SHOWN;
use super::canonical::{HashWriter, MeteredWriter};
use super::content::Content;
use super::{LeftOut, ObjectId, Organization, OverBudget, Work};

/// Where a snapshot is applied, seen from its source.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    /// The source's own organization: automations and templates exist there already and are not cloned.
    SameOrganization {
        /// The source user's automations that still exist.
        automations: BTreeSet<ObjectId>,
    },
    /// Another organization: everything is cloned, mapped to what that organization has.
    OtherOrganization,
}

/// What an apply will do, or why it will not.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The items that arrive, automations first.
    pub clones: Vec<PlannedClone>,
    /// The new user's switches for automations that exist already.
    pub kept_preferences: Vec<(ObjectId, bool)>,
    /// What happens to how many items.
    pub outcome: Outcome,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
    /// Warnings that the plan's hash leaves out, because another sharing may change them while an apply is interrupted.
    #[serde(skip)]
    pub notes: Vec<Warning>,
    /// To what the automations send by themselves, what nobody accepts first.
    #[serde(skip_serializing_if = "CountedList::is_empty")]
    pub destinations: CountedList<PlannedDestination>,
    /// What is taken for granted of the new user.
    #[serde(skip)]
    pub assumes: Vec<Assumption>,
    /// URLs in the texts that arrive. They follow from the clones.
    #[serde(skip)]
    pub links: CountedList<PlannedLink>,
    /// Everything for which the request is refused. With one of these nothing may be written.
    #[serde(skip)]
    pub refusals: Vec<Refusal>,
}

/// Decides what applying `content` to the organization `targets` does.
pub fn plan(
    content: &Content,
    scope: &Scope,
    targets: &Organization,
    choices: &Choices,
    work: &Work,
) -> Result<Plan, OverBudget> {
    let mut plan = match scope {
        Scope::SameOrganization { automations } => {
            let mut plan = within::plan(content, automations, choices, work)?;
            plan.warnings.extend(destinations::ignored(choices));
            plan
        }
        Scope::OtherOrganization => across::plan(content, targets, choices, work)?,
    };
    plan.refusals.truncate(MAX_REFUSALS);
    plan.warnings.extend(left_out(content.left_out.iter(), "the source of the snapshot"));
    // What is here is no part of the outcome where nothing refers to it.
    plan.notes.extend(left_out(targets.left_out.iter().map(|target| &target.left_out), "your organization"));
    plan.assumes = identity::assumptions(&plan, choices.new_user);
    let clones_automations = *scope == Scope::OtherOrganization && choices.apply.automations;
    if !clones_automations {
        let detail = "automations are not cloned by this request, so the mapping has no effect";
        let ignored = choices.mapped_automations();
        let warnings = ignored.keys().map(|name| Warning::new(WarningCode::MappingIgnored, name, detail.to_owned()));
        plan.warnings.extend(warnings);
    }
    Ok(plan)
}

/// Warns of what could not be read, where there is any.
fn left_out<'a>(left_out: impl ExactSizeIterator<Item = &'a LeftOut> + Clone, place: &str) -> Option<Warning> {
    let first = left_out.clone().next()?;
    let shown: Vec<String> = left_out.clone().take(SHOWN).map(LeftOut::words).collect();
    let named = words::first_few(&shown, left_out.len());
    let detail = format!("{place} has what cannot be read and was left out: {named}; {}", first.reason);
    Some(Warning::new(WarningCode::LeftOut, "", detail))
}

impl Plan {
    /// All that the caller should know.
    pub fn told(&self) -> impl Iterator<Item = &Warning> {
        self.notes.iter().chain(&self.warnings)
    }

    /// A hash of everything that the plan does: clones, switches, counts and warnings, and where, if that is `elsewhere` than in the
    /// caller's own organization. New ids, times, the address and the password are no part of it, so the same hash means the same outcome.
    pub fn hash(&self, elsewhere: Option<&ObjectId>, work: &Work) -> Result<String, OverBudget> {
        let mut out = MeteredWriter::new(HashWriter::default(), usize::MAX, work);
        if let Some(organization) = elsewhere {
            out.json(organization).map_err(|_| OverBudget)?;
        }
        // There is room for all, so only the time can end it.
        out.json(self).map_err(|_| OverBudget)?;
        Ok(hex::encode(out.into_parts().0.finish()))
    }
}
