//! Decides which values of the source person are replaced in the items that arrive, and which are removed.

use std::collections::HashSet;

use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::refusal::MAX_POINTER;
use super::words::{first_few, shortened};
use super::{Choices, CountedList, KnownUser, Plan, Warning, WarningCode, words};
use crate::domain::content::{CapturedItem, IdentityKind, IdentityPlace};
use crate::domain::identity::PlaceToFill;
use crate::domain::reference::{Lookup, RefType};
use crate::domain::{Document, ItemKind, OverBudget, PerKind, Work, cut};

/// A place of a clone that gets a value of the new user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityRewire {
    /// Where, as a JSON pointer into the document.
    pub pointer: String,
    /// Which value stands there in the snapshot, and so which one of the new user takes its place.
    #[serde(rename = "becomes", serialize_with = "as_new")]
    #[schema(value_type = NewValue)]
    pub kind: IdentityKind,
    /// Whether the new user has such a value. Without one the place is left out.
    pub has_value: bool,
    /// Where the value begins and ends in the text, in bytes, where it is one of a list or stands in a link. It follows from the text.
    #[serde(skip)]
    pub part: Option<[usize; 2]>,
}

impl IdentityRewire {
    /// What is filled in.
    pub(super) fn filling(&self) -> PlaceToFill<'_> {
        (&self.pointer, self.kind, self.part)
    }
}

/// The value of the new user that takes the place of one of the source person.
#[derive(Serialize, ToSchema)]
enum NewValue {
    /// The id of the organization that the items arrive in.
    #[serde(rename = "newOrganizationId")]
    OrganizationId,
    /// The id of the new user.
    #[serde(rename = "newUserId")]
    UserId,
    /// The address of the new user.
    #[serde(rename = "newUserEmail")]
    UserEmail,
    /// The phone number of the new user.
    #[serde(rename = "newUserPhone")]
    UserPhone,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn as_new<S: Serializer>(kind: &IdentityKind, serializer: S) -> Result<S::Ok, S::Error> {
    let value = match kind {
        IdentityKind::OrganizationId => NewValue::OrganizationId,
        IdentityKind::UserId => NewValue::UserId,
        IdentityKind::UserEmail => NewValue::UserEmail,
        IdentityKind::UserPhone => NewValue::UserPhone,
    };
    value.serialize(serializer)
}

/// What a plan takes for granted of a new user that the request does not give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Assumption {
    /// The field of the request.
    pub pointer: &'static str,
    /// Whether the plan takes it as given.
    pub given: bool,
    /// What follows from it.
    pub detail: &'static str,
}

/// The most pointers that the warnings of one plan list.
const MAX_POINTERS: usize = 10_000;

/// Judges the places of identity of what arrives.
pub(super) struct IdentityReview<'a> {
    user: KnownUser,
    /// Names and ids of the prompts and templates that lose a value.
    losers: HashSet<(RefType, String)>,
    room: usize,
    work: &'a Work,
}

/// The changes of the places of identity of one item.
#[derive(Default)]
pub(super) struct Judgement {
    pub(super) rewires: Vec<IdentityRewire>,
    /// Whether the item loses a value, or is an automation that uses one that does.
    pub(super) is_incomplete: bool,
}

impl<'a> IdentityReview<'a> {
    /// Looks through the prompts and templates that arrive.
    pub(super) fn new(
        arriving: PerKind<&[CapturedItem]>,
        choices: &Choices,
        work: &'a Work,
    ) -> Result<Self, OverBudget> {
        let mut review = Self { user: choices.new_user, losers: HashSet::new(), room: MAX_POINTERS, work };
        for (kind, items) in arriving.into_iter().filter(|(kind, _)| !kind.has_switch()) {
            let ref_type = RefType::from(kind);
            for item in items {
                work.spend(1 + item.identity.len())?;
                if item.identity.iter().any(|place| review.loses(place)) {
                    review.losers.insert((ref_type, item.id.to_string()));
                    review.losers.insert((ref_type, item.document.name().to_owned()));
                }
            }
        }
        Ok(review)
    }

    fn has_value(&self, kind: IdentityKind) -> bool {
        // An apply needs an address, and the ids are always made.
        kind != IdentityKind::UserPhone || self.user.has_phone
    }

    fn loses(&self, place: &IdentityPlace) -> bool {
        !place.in_text && !self.has_value(place.kind)
    }

    /// Judges an automation, whose mapped document is `mapped`, and warns of what it loses and keeps.
    pub(super) fn automation(
        &mut self,
        plan: &mut Plan,
        lookup: &Lookup<'_>,
        automation: &CapturedItem,
        mapped: &Document,
    ) -> Result<Judgement, OverBudget> {
        let rewires = self.rewires(automation, mapped)?;
        let lost = self.lost(&rewires);
        let uses_loser = self.uses_loser(lookup, automation)?;
        if !lost.is_empty() || uses_loser {
            let places = match lost.is_empty() {
                true => "in the prompts and templates that it uses".to_owned(),
                false => format!("at {}", shown(&lost)),
            };
            let detail = format!(
                "it arrives switched off, because the source user's phone number stood {places}, and the new user has none: \
                 give newUser.phoneNumber, or fill in a number and switch it on"
            );
            let warning = Warning::about(WarningCode::SourcePersonRemoved, automation, detail);
            plan.warnings.push(Warning { pointers: lost, ..warning });
        }
        let is_incomplete = uses_loser || rewires.iter().any(|rewire| !rewire.has_value);
        if let Some((detail, pointers)) = self.named(ItemKind::Automation, automation) {
            let warning = Warning::about(WarningCode::SourcePersonNamed, automation, detail);
            plan.warnings.push(Warning { pointers, ..warning });
        }
        Ok(Judgement { rewires, is_incomplete })
    }

    /// Judges a prompt or a template, and warns of what it loses and keeps.
    pub(super) fn item(
        &mut self,
        plan: &mut Plan,
        kind: ItemKind,
        item: &CapturedItem,
    ) -> Result<Vec<IdentityRewire>, OverBudget> {
        let rewires = self.rewires(item, &item.document)?;
        let lost = self.lost(&rewires);
        if !lost.is_empty() {
            let detail = format!(
                "the source user's phone number stood at {} of the {kind} {}, and the new user has none: give \
                 newUser.phoneNumber, or fill in a number",
                shown(&lost),
                shortened(item.document.name())
            );
            let warning = Warning::new(WarningCode::SourcePersonRemoved, "", detail);
            plan.warnings.push(Warning { pointers: lost, ..warning });
        }
        if let Some((detail, pointers)) = self.named(kind, item) {
            let warning = Warning::new(WarningCode::SourcePersonNamed, "", detail);
            plan.warnings.push(Warning { pointers, ..warning });
        }
        Ok(rewires)
    }

    /// The places that get another value. A place that a mapping wrote is none any more.
    fn rewires(&self, item: &CapturedItem, mapped: &Document) -> Result<Vec<IdentityRewire>, OverBudget> {
        let mut rewires = Vec::new();
        for place in item.identity.iter().filter(|place| !place.in_text) {
            self.work.spend(1 + place.pointer.len())?;
            let IdentityPlace { pointer, kind, part, .. } = place;
            let (before, after) = (item.document.as_value().pointer(pointer), mapped.as_value().pointer(pointer));
            let part = match (before, after) {
                (before, after) if before == after => *part,
                (Some(Value::String(before)), Some(Value::String(after))) => {
                    self.work.spend(before.len() + after.len())?;
                    let Some(moved) = part.and_then(|part| moved(before, after, part)) else { continue };
                    Some(moved)
                }
                _ => continue,
            };
            rewires.push(IdentityRewire {
                pointer: pointer.clone(),
                kind: *kind,
                has_value: self.has_value(*kind),
                part,
            });
        }
        Ok(rewires)
    }

    fn lost(&mut self, rewires: &[IdentityRewire]) -> CountedList<String> {
        let lost = rewires.iter().filter(|rewire| !rewire.has_value);
        self.listed(lost.map(|rewire| rewire.pointer.as_str()))
    }

    fn listed<'p>(&mut self, pointers: impl Iterator<Item = &'p str>) -> CountedList<String> {
        let mut listed = CountedList::default();
        pointers.for_each(|pointer| listed.add(&mut self.room, || cut(pointer, MAX_POINTER).into_owned()));
        listed
    }

    /// Whether an automation uses a prompt or a template that loses a value.
    fn uses_loser(&self, lookup: &Lookup<'_>, automation: &CapturedItem) -> Result<bool, OverBudget> {
        if self.losers.is_empty() {
            return Ok(false);
        }
        let mut uses = false;
        lookup.each_site::<OverBudget>(ItemKind::Automation, automation, self.work, |site| {
            self.work.spend(1 + site.value.len())?;
            uses |= self.losers.contains(&(site.ref_type, site.value.into_owned()));
            Ok(())
        })?;
        Ok(uses)
    }

    /// Says where an item names the source person within a text; `None` where it does not.
    fn named(&mut self, kind: ItemKind, item: &CapturedItem) -> Option<(String, CountedList<String>)> {
        let named: Vec<&IdentityPlace> = item.identity.iter().filter(|place| place.in_text).collect();
        let first = named.first()?;
        let pointers = self.listed(named.iter().map(|place| place.pointer.as_str()));
        let detail = format!(
            "the {kind} {} names the source user within a text, which stays as it is, at {}; the first is the {}",
            shortened(item.document.name()),
            shown(&pointers),
            first.kind.noun()
        );
        Some((detail, pointers))
    }
}

/// Where a part of a text stands after a mapping wrote another part of it.
fn moved(before: &str, after: &str, [start, end]: [usize; 2]) -> Option<[usize; 2]> {
    let part = before.get(start..end).filter(|part| !part.is_empty())?;
    let nth = before.match_indices(part).take_while(|(at, _)| *at < start).count();
    let (at, _) = after.match_indices(part).nth(nth)?;
    Some([at, at + part.len()])
}

fn shown(pointers: &CountedList<String>) -> String {
    let shown: Vec<String> = pointers.listed.iter().take(words::SHOWN).map(|pointer| shortened(pointer)).collect();
    match shown.is_empty() {
        true => format!("{} places", pointers.total),
        false => first_few(&shown, pointers.total),
    }
}

/// What `plan` takes for granted of a new user of whom this is known.
pub(super) fn assumptions(plan: &Plan, user: KnownUser) -> Vec<Assumption> {
    if user.has_email {
        return Vec::new();
    }
    let needs = |kind| plan.clones.iter().flat_map(|clone| &clone.identity).any(|rewire| rewire.kind == kind);
    let email = needs(IdentityKind::UserEmail).then_some(Assumption {
        pointer: "/newUser/email",
        given: true,
        detail: "the new user's address takes the place of the source user's",
    });
    let phone = (needs(IdentityKind::UserPhone) && !user.has_phone).then_some(Assumption {
        pointer: "/newUser/phoneNumber",
        given: false,
        detail: "the new user has no phone number, so the source user's is left out and nothing takes its place",
    });
    email.into_iter().chain(phone).collect()
}
