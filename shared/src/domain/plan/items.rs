//! The prompts and templates that arrive: the ids in them, and which of them are unfinished.

use std::collections::{HashMap, HashSet};

use super::clone_index::CloneIndex;
use super::resolve::{Resolution, Resolver};
use super::{CountedList, Rewire};
use crate::domain::content::CapturedItem;
use crate::domain::reference::{Lookup, RefType, Replacement};
use crate::domain::{ItemKind, ObjectId, OverBudget, PerKind, Work};

/// Notes which items lost a secret or keep an id of the source organization, themselves or in an item that they use.
pub(super) fn note_unfinished<'a>(
    arriving: &mut PerKind<CloneIndex<'a>>,
    items: PerKind<&'a [CapturedItem]>,
    resolutions: &PerKind<Vec<ItemResolution>>,
    work: &Work,
) -> Result<(), OverBudget> {
    let all = || {
        resolutions.iter().flat_map(move |(kind, resolutions)| {
            items.get(kind).iter().zip(resolutions).map(move |(item, resolution)| ((kind, item.id), item, resolution))
        })
    };
    let mut users: HashMap<ItemId, Vec<ItemId>> = HashMap::new();
    for (id, _, resolution) in all() {
        work.spend(1 + resolution.rewires.len())?;
        for rewire in &resolution.rewires {
            users.entry((rewire.kind, rewire.source_id)).or_default().push(id);
        }
    }
    let incomplete = all().filter(|(_, item, _)| !item.removed_secrets.is_empty()).map(|(id, ..)| id);
    let incomplete = with_users(incomplete.collect(), &users);
    let unmapped = all().filter(|(.., resolution)| !resolution.unmapped.is_empty()).map(|(id, ..)| id);
    let unmapped = with_users(unmapped.collect(), &users);
    for (id, item, _) in all() {
        arriving.get_mut(id.0).note(item, incomplete.contains(&id), unmapped.contains(&id));
    }
    Ok(())
}

/// The kind and the id of an item.
type ItemId = (ItemKind, ObjectId);

/// Some items, and all that use one of them.
fn with_users(mut open: Vec<ItemId>, users: &HashMap<ItemId, Vec<ItemId>>) -> HashSet<ItemId> {
    let mut all: HashSet<ItemId> = open.iter().copied().collect();
    while let Some(id) = open.pop() {
        open.extend(users.get(&id).into_iter().flatten().copied().filter(|user| all.insert(*user)));
    }
    all
}

/// The outcome for the ids in a prompt or a template.
#[derive(Default)]
pub(super) struct ItemResolution {
    pub(super) rewires: Vec<Rewire>,
    pub(super) replacements: Vec<Replacement>,
    /// Places of ids that lead nowhere.
    pub(super) unmapped: CountedList<String>,
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
