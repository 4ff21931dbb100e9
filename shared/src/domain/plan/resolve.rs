//! Resolves the references of one automation: mapped, existing under the same name, cloned beside it, or dangling.

use std::collections::HashSet;

use super::choices::{AGENT_MAPPING, Choices, PIPELINE_MAPPING};
use super::listed::{Listed, Room};
use super::mapping::{AutomationMapping, is_id};
use super::targets::Targets;
use super::words::{SHOWN, first_few, shortened};
use super::{CapturedAutomation, CapturedItem, MappedReference, Refusal, Rewire};
use crate::domain::reference::{self, RefType, Reference, SOURCE_STATUSES, Site};
use crate::domain::{Document, ItemKind, ObjectId, OverBudget, Work};

/// An automation with every reference resolved or listed.
pub(super) struct Resolved {
    pub(super) document: Document,
    pub(super) rewires: Vec<Rewire>,
    pub(super) mapped: Listed<MappedReference>,
    /// References that lead nowhere, with the value they have in the snapshot.
    pub(super) dangling: Listed<Reference>,
    /// Whether it refers to a prompt or template that lost a secret: it would send the placeholder.
    pub(super) uses_incomplete: bool,
}

/// What references can lead to in the target organization and among the clones.
pub(super) struct Resolver<'a> {
    targets: &'a Targets<'a>,
    prompts: Items<'a>,
    templates: Items<'a>,
    work: &'a Work,
}

/// The clones of one kind, by what a reference may call them.
struct Items<'a> {
    ids: HashSet<ObjectId>,
    names: HashSet<&'a str>,
    /// Names and ids of those that lost a secret.
    incomplete: HashSet<String>,
}

impl<'a> Items<'a> {
    fn new(items: &'a [CapturedItem], work: &Work) -> Result<Self, OverBudget> {
        work.spend(items.iter().map(|item| 1 + item.document.name().len()).sum())?;
        Ok(Self {
            ids: items.iter().map(|item| item.id).collect(),
            names: items.iter().map(|item| item.document.name()).collect(),
            incomplete: items
                .iter()
                .filter(|item| !item.removed_secrets.is_empty())
                .flat_map(|item| [item.id.to_string(), item.document.name().to_owned()])
                .collect(),
        })
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        targets: &'a Targets<'a>,
        prompts: &'a [CapturedItem],
        templates: &'a [CapturedItem],
        work: &'a Work,
    ) -> Result<Self, OverBudget> {
        let (prompts, templates) = (Items::new(prompts, work)?, Items::new(templates, work)?);
        Ok(Self { targets, prompts, templates, work })
    }

    /// Resolves the references of `automation`; what is listed of them is taken from `room`.
    pub(super) fn resolve(
        &self,
        automation: &CapturedAutomation,
        mapping: &AutomationMapping<'_>,
        room: &mut Room,
    ) -> Result<Resolved, OverBudget> {
        let mut document = automation.item.document.clone();
        if let (Some(statuses), Some(fields)) = (mapping.source_statuses, document.fields_mut())
            && fields.contains_key(SOURCE_STATUSES)
        {
            fields.insert(SOURCE_STATUSES.to_owned(), statuses.into());
        }
        let (id, name) = (automation.item.id, automation.item.document.name());
        let (mut rewires, mut mapped, mut dangling) = (Vec::new(), Listed::default(), Listed::default());
        let mut uses_incomplete = false;
        let mut over = Ok(());
        reference::rewrite(&mut document, |site| {
            over = over.and_then(|()| self.work.spend(1 + site.value.len()));
            if over.is_err() {
                return None;
            }
            uses_incomplete |= self.is_incomplete(site);
            match self.resolution(site, mapping) {
                Resolution::Kept => None,
                Resolution::Replaced(target) => {
                    let reference = || MappedReference { reference: site.describe(id, name), target: target.clone() };
                    mapped.add(&mut room.mapped, reference);
                    Some(target)
                }
                Resolution::Rewired(rewire) => {
                    rewires.push(rewire);
                    None
                }
                Resolution::Dangling => {
                    dangling.add(&mut room.dangling, || site.describe(id, name));
                    None
                }
            }
        });
        over.map(|()| Resolved { document, rewires, mapped, dangling, uses_incomplete })
    }

    fn is_incomplete(&self, site: &Site<'_>) -> bool {
        match site.ref_type {
            RefType::Prompt => self.prompts.incomplete.contains(site.value.as_ref()),
            RefType::Template => self.templates.incomplete.contains(site.value.as_ref()),
            RefType::PipelineStage | RefType::Agent => false,
        }
    }

    fn resolution(&self, site: &Site<'_>, mapping: &AutomationMapping<'_>) -> Resolution {
        match site.ref_type {
            _ if !site.is_readable => Resolution::Dangling,
            // The replacement array was judged with the request: these are target stages already.
            RefType::PipelineStage if site.is_source_status() && mapping.source_statuses.is_some() => Resolution::Kept,
            RefType::PipelineStage => self.stage(site, mapping),
            RefType::Agent => self.agent(site, mapping),
            RefType::Template => clone_of(ItemKind::Template, &self.templates, site),
            RefType::Prompt => clone_of(ItemKind::Prompt, &self.prompts, site),
        }
    }

    fn stage(&self, site: &Site<'_>, mapping: &AutomationMapping<'_>) -> Resolution {
        match mapping.stages.get(site.value.as_ref()) {
            Some(target) => Resolution::Replaced((*target).to_owned()),
            None if self.targets.has_stage(&site.value) => Resolution::Kept,
            None => Resolution::Dangling,
        }
    }

    /// A place that held a name gets the target's name, a place that held an id its id.
    fn agent(&self, site: &Site<'_>, mapping: &AutomationMapping<'_>) -> Resolution {
        let by_id = is_id(&site.value);
        match mapping.agents.get(site.value.as_ref()) {
            Some(agent) if by_id => Resolution::Replaced(agent.id.to_string()),
            Some(agent) => Resolution::Replaced(agent.name.clone()),
            None if !by_id && self.targets.has_only_agent(&site.value) => Resolution::Kept,
            None => Resolution::Dangling,
        }
    }
}

enum Resolution {
    Kept,
    Replaced(String),
    Rewired(Rewire),
    Dangling,
}

fn clone_of(kind: ItemKind, items: &Items<'_>, site: &Site<'_>) -> Resolution {
    match site.value.parse::<ObjectId>() {
        Ok(source_id) if items.ids.contains(&source_id) => {
            Resolution::Rewired(Rewire { pointer: site.pointer(), kind, source_id })
        }
        _ if items.names.contains(site.value.as_ref()) => Resolution::Kept,
        _ => Resolution::Dangling,
    }
}

/// Says of dangling references what is missing and what to do.
pub(super) fn explain(dangling: &Listed<Reference>) -> String {
    let missing: Vec<String> = dangling
        .listed
        .iter()
        .take(SHOWN)
        .map(|reference| format!("the {} {}", reference.ref_type.noun(), shortened(&reference.value)))
        .collect();
    let what = first_few(&missing, dangling.total);
    format!("it arrives switched off, because {what} cannot be found for the new user; map or mend it and switch it on")
}

/// The refusal of a dangling reference, at the place of the request where it can be mapped.
pub(super) fn refusal(reference: &Reference, choices: &Choices) -> Refusal {
    let Reference { automation_name, automation_name_cut, automation_id, value, ref_type, .. } = reference;
    let noun = ref_type.noun();
    let id = automation_id.to_string();
    // A name that is cut is no key.
    let key = if *automation_name_cut { &id } else { automation_name };
    let mapped_at = |mapping: &'static str| vec![mapping, key, value];
    let (place, advice) = match ref_type {
        RefType::PipelineStage => (mapped_at(PIPELINE_MAPPING), "map it to a stage of your organization"),
        RefType::Agent => (mapped_at(AGENT_MAPPING), "map it to the id of an agent of your organization"),
        RefType::Template if !choices.apply_templates => (vec!["applyTemplates"], "clone the templates too"),
        RefType::Prompt if !choices.apply_prompts => (vec!["applyPrompts"], "clone the prompts too"),
        RefType::Template | RefType::Prompt => (vec!["onUnmapped"], "the snapshot does not hold it; use switchOff"),
    };
    let (automation, value) = (shortened(automation_name), shortened(value));
    Refusal::at(&place, format!("the automation {automation} refers to the {noun} {value}: {advice}"))
}
