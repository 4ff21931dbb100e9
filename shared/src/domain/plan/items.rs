//! The prompts and templates that arrive: what references may call them, and what becomes of the ids in them.

use std::collections::HashSet;

use super::resolve::{Resolution, Resolver};
use super::{CapturedItem, Listed, Rewire};
use crate::domain::reference::{Lookup, RefType, Replacement};
use crate::domain::{ItemKind, ObjectId, OverBudget, Work};

/// The clones of one kind, by what a reference may call them.
pub(super) struct Arriving<'a> {
    ids: HashSet<ObjectId>,
    names: HashSet<&'a str>,
    /// Names and ids of those that lost a secret.
    incomplete: HashSet<String>,
    /// Names and ids of those that keep an id of the source organization.
    unmapped: HashSet<String>,
}

impl<'a> Arriving<'a> {
    pub(super) fn new(items: &'a [CapturedItem], work: &Work) -> Result<Self, OverBudget> {
        work.spend(items.iter().map(|item| 1 + item.document.name().len()).sum())?;
        let incomplete = items.iter().filter(|item| !item.removed_secrets.is_empty()).flat_map(called);
        Ok(Self {
            ids: items.iter().map(|item| item.id).collect(),
            names: items.iter().map(|item| item.document.name()).collect(),
            incomplete: incomplete.collect(),
            unmapped: HashSet::new(),
        })
    }

    pub(super) fn has_id(&self, id: &ObjectId) -> bool {
        self.ids.contains(id)
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether one of this name or id lost a secret.
    pub(super) fn lost_secret(&self, value: &str) -> bool {
        self.incomplete.contains(value)
    }

    /// Whether one of this name or id keeps an id of the source organization.
    pub(super) fn keeps_unmapped(&self, value: &str) -> bool {
        self.unmapped.contains(value)
    }

    /// Notes those that keep an id of the source organization.
    pub(super) fn note_unmapped(&mut self, items: &[CapturedItem], resolutions: &[ItemResolution]) {
        let keeping = items.iter().zip(resolutions).filter(|(_, resolution)| !resolution.unmapped.is_empty());
        self.unmapped = keeping.flat_map(|(item, _)| called(item)).collect();
    }
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
