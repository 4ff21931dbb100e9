//! The prompts and templates that arrive: what references may call them, and what becomes of the ids in them.

use std::collections::{HashMap, HashSet};

use super::resolve::{Resolution, Resolver};
use super::{Listed, Rewire};
use crate::domain::content::CapturedItem;
use crate::domain::reference::{Lookup, RefType, Replacement};
use crate::domain::{ItemKind, ObjectId, OverBudget, PerKind, Work};

/// The clones of one kind, by what a reference may call them.
pub(super) struct Arriving<'a> {
    ids: HashSet<ObjectId>,
    names: HashSet<&'a str>,
    /// Names and ids of those that lost a secret, or use one that did.
    incomplete: HashSet<String>,
    /// Names and ids of those that keep an id of the source organization, or use one that does, each with the name.
    unmapped: HashMap<String, &'a str>,
}

impl<'a> Arriving<'a> {
    /// Items with a switch are called by their ids alone.
    pub(super) fn new(kind: ItemKind, items: &'a [CapturedItem], work: &Work) -> Result<Self, OverBudget> {
        let named = if kind.has_switch() { &[] } else { items };
        work.spend(named.iter().map(|item| 1 + item.document.name().len()).sum())?;
        Ok(Self {
            ids: items.iter().map(|item| item.id).collect(),
            names: named.iter().map(|item| item.document.name()).collect(),
            incomplete: HashSet::new(),
            unmapped: HashMap::new(),
        })
    }

    pub(super) fn has_id(&self, id: &ObjectId) -> bool {
        self.ids.contains(id)
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether one of this name or id lost a secret, or uses one that did.
    pub(super) fn lost_secret(&self, value: &str) -> bool {
        self.incomplete.contains(value) || in_lower_case(value).is_some_and(|id| self.incomplete.contains(&id))
    }

    /// The name of the one of this name or id that keeps an id of the source organization, or uses one that does.
    pub(super) fn keeping_unmapped(&self, value: &str) -> Option<&'a str> {
        let by_id = || self.unmapped.get(&in_lower_case(value)?);
        self.unmapped.get(value).or_else(by_id).copied()
    }
}

/// Notes which items lost a secret or keep an id of the source organization, themselves or in an item that they use.
pub(super) fn note_unfinished<'a>(
    arriving: &mut PerKind<Arriving<'a>>,
    items: PerKind<&'a [CapturedItem]>,
    resolutions: &PerKind<Vec<ItemResolution>>,
    work: &Work,
) -> Result<(), OverBudget> {
    let all = || {
        resolutions.iter().flat_map(move |(kind, resolutions)| {
            items.get(kind).iter().zip(resolutions).map(move |(item, resolution)| ((kind, item.id), item, resolution))
        })
    };
    let mut users: HashMap<Place, Vec<Place>> = HashMap::new();
    for (place, _, resolution) in all() {
        work.spend(1 + resolution.rewires.len())?;
        for rewire in &resolution.rewires {
            users.entry((rewire.kind, rewire.source_id)).or_default().push(place);
        }
    }
    let incomplete = all().filter(|(_, item, _)| !item.removed_secrets.is_empty()).map(|(place, ..)| place);
    let incomplete = with_users(incomplete.collect(), &users);
    let unmapped = all().filter(|(.., resolution)| !resolution.unmapped.is_empty()).map(|(place, ..)| place);
    let unmapped = with_users(unmapped.collect(), &users);
    for (place, item, _) in all() {
        let arriving = arriving.get_mut(place.0);
        if incomplete.contains(&place) {
            arriving.incomplete.extend(called(item));
        }
        if unmapped.contains(&place) {
            arriving.unmapped.extend(called(item).map(|called| (called, item.document.name())));
        }
    }
    Ok(())
}

type Place = (ItemKind, ObjectId);

/// Some items, and all that use one of them.
fn with_users(mut open: Vec<Place>, users: &HashMap<Place, Vec<Place>>) -> HashSet<Place> {
    let mut all: HashSet<Place> = open.iter().copied().collect();
    while let Some(place) = open.pop() {
        open.extend(users.get(&place).into_iter().flatten().copied().filter(|user| all.insert(*user)));
    }
    all
}

/// An id as items have it.
fn in_lower_case(id: &str) -> Option<String> {
    id.parse::<ObjectId>().ok().map(|id| id.to_string())
}

/// What a reference may call an item.
fn called(item: &CapturedItem) -> [String; 2] {
    [item.id.to_string(), item.document.name().to_owned()]
}

/// What becomes of the ids in a prompt or a template.
#[derive(Default)]
pub(super) struct ItemResolution {
    pub(super) rewires: Vec<Rewire>,
    pub(super) replacements: Vec<Replacement>,
    /// Places of ids that lead nowhere.
    pub(super) unmapped: Listed<String>,
}

/// Resolves the ids in prompts or templates that arrive in another organization.
pub(super) fn resolve(
    kind: ItemKind,
    items: &[CapturedItem],
    resolver: &Resolver<'_>,
    room: &mut usize,
) -> Result<Vec<ItemResolution>, OverBudget> {
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        let mut resolution = ItemResolution::default();
        resolver.lookup.each_site::<OverBudget>(kind, item, resolver.work, |site| {
            match resolver.in_item(&site) {
                Resolution::Kept | Resolution::OfAnotherKind => {}
                Resolution::Replaced(target) => resolution.replacements.push(site.replaced_by(target)),
                Resolution::Rewired(kind, source_id) => {
                    resolution.rewires.push(Rewire { pointer: site.pointer, kind, source_id });
                }
                Resolution::Dangling => resolution.unmapped.add(room, || site.pointer.clone()),
            }
            Ok(())
        })?;
        all.push(resolution);
    }
    Ok(all)
}

/// Resolves the ids in prompts that arrive in the source's own organization: those of other prompts that are cloned with them become
/// the clones', and all others stay valid.
pub(super) fn resolve_within(
    prompts: &[&CapturedItem],
    lookup: &Lookup<'_>,
    work: &Work,
) -> Result<Vec<ItemResolution>, OverBudget> {
    let cloned: HashSet<ObjectId> = prompts.iter().map(|prompt| prompt.id).collect();
    let mut all = Vec::with_capacity(prompts.len());
    for prompt in prompts {
        let mut resolution = ItemResolution::default();
        lookup.each_site::<OverBudget>(ItemKind::Prompt, prompt, work, |site| {
            if let (RefType::Prompt, false, Ok(source_id)) = (site.ref_type, site.is_key(), site.value.parse())
                && cloned.contains(&source_id)
            {
                resolution.rewires.push(Rewire { pointer: site.pointer, kind: ItemKind::Prompt, source_id });
            }
            Ok(())
        })?;
        all.push(resolution);
    }
    Ok(all)
}
