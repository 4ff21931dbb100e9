//! Resolves the references of one automation: mapped, existing under the same name, cloned beside it, or dangling.

use std::collections::HashSet;

use super::choices::{AGENT_MAPPING, Choices, PIPELINE_MAPPING};
use super::mapping::{AutomationMapping, first_few, is_id, shortened};
use super::{CapturedAutomation, CapturedItem, MappedReference, Refusal, Rewire};
use crate::domain::reference::{self, RefType, Reference, SOURCE_STATUSES, Site};
use crate::domain::{Document, ItemKind, ObjectId, Organization, pointer};

/// An automation with every reference resolved or listed.
pub(super) struct Resolved {
    pub(super) document: Document,
    pub(super) rewires: Vec<Rewire>,
    pub(super) mapped: Vec<MappedReference>,
    /// References that lead nowhere, with the value they have in the snapshot.
    pub(super) dangling: Vec<Site>,
}

/// What references can lead to in the target organization and among the clones.
pub(super) struct Resolver<'a> {
    targets: &'a Organization,
    stages: HashSet<&'a str>,
    prompts: Items<'a>,
    templates: Items<'a>,
}

/// The clones of one kind, by what a reference may call them.
struct Items<'a> {
    ids: HashSet<ObjectId>,
    names: HashSet<&'a str>,
    /// Names and ids of those that lost a secret.
    incomplete: HashSet<String>,
}

impl<'a> Items<'a> {
    fn new(items: &'a [CapturedItem]) -> Self {
        Self {
            ids: items.iter().map(|item| item.id).collect(),
            names: items.iter().map(|item| item.document.name()).collect(),
            incomplete: items
                .iter()
                .filter(|item| !item.removed_secrets.is_empty())
                .flat_map(|item| [item.id.to_string(), item.document.name().to_owned()])
                .collect(),
        }
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn new(targets: &'a Organization, prompts: &'a [CapturedItem], templates: &'a [CapturedItem]) -> Self {
        Self {
            targets,
            stages: targets.stage_names().collect(),
            prompts: Items::new(prompts),
            templates: Items::new(templates),
        }
    }

    /// Whether the automation refers to a prompt or template that lost a secret: it would send the placeholder.
    pub(super) fn uses_incomplete(&self, automation: &CapturedAutomation) -> bool {
        automation.references.iter().any(|reference| match reference.ref_type {
            RefType::Prompt => self.prompts.incomplete.contains(&reference.value),
            RefType::Template => self.templates.incomplete.contains(&reference.value),
            RefType::PipelineStage | RefType::Agent => false,
        })
    }

    pub(super) fn resolve(&self, automation: &CapturedAutomation, mapping: &AutomationMapping<'_>) -> Resolved {
        let mut document = automation.item.document.clone();
        if let (Some(statuses), Some(fields)) = (mapping.source_statuses, document.fields_mut())
            && fields.contains_key(SOURCE_STATUSES)
        {
            fields.insert(SOURCE_STATUSES.to_owned(), statuses.into());
        }
        let name = automation.item.document.name();
        let mut rewires = Vec::new();
        let mut mapped = Vec::new();
        let mut dangling = Vec::new();
        reference::rewrite(&mut document, |site| {
            let resolution = match site.ref_type {
                _ if !site.is_readable => Resolution::Dangling,
                // The replacement array was judged with the request: these are target stages already.
                RefType::PipelineStage if site.is_source_status() && mapping.source_statuses.is_some() => {
                    Resolution::Kept
                }
                RefType::PipelineStage => self.stage(site, mapping),
                RefType::Agent => self.agent(site, mapping),
                RefType::Template => clone_of(ItemKind::Template, &self.templates, site),
                RefType::Prompt => clone_of(ItemKind::Prompt, &self.prompts, site),
            };
            match resolution {
                Resolution::Kept => None,
                Resolution::Replaced(target) => {
                    mapped.push(MappedReference { reference: site.describe(name), target: target.clone() });
                    Some(target)
                }
                Resolution::Rewired(rewire) => {
                    rewires.push(rewire);
                    None
                }
                Resolution::Dangling => {
                    dangling.push(site.clone());
                    None
                }
            }
        });
        Resolved { document, rewires, mapped, dangling }
    }

    fn stage(&self, site: &Site, mapping: &AutomationMapping<'_>) -> Resolution {
        match mapping.stages.get(site.value.as_str()) {
            Some(target) => Resolution::Replaced((*target).to_owned()),
            None if self.stages.contains(site.value.as_str()) => Resolution::Kept,
            None => Resolution::Dangling,
        }
    }

    /// A place that held a name gets the target's name, a place that held an id its id.
    fn agent(&self, site: &Site, mapping: &AutomationMapping<'_>) -> Resolution {
        let by_id = is_id(&site.value);
        match mapping.agents.get(site.value.as_str()) {
            Some(agent) if by_id => Resolution::Replaced(agent.id.to_string()),
            Some(agent) => Resolution::Replaced(agent.name.clone()),
            None if !by_id && self.targets.only_agent_named(&site.value).is_some() => Resolution::Kept,
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

fn clone_of(kind: ItemKind, items: &Items<'_>, site: &Site) -> Resolution {
    match site.value.parse::<ObjectId>() {
        Ok(source_id) if items.ids.contains(&source_id) => {
            Resolution::Rewired(Rewire { pointer: site.pointer.clone(), kind, source_id })
        }
        _ if items.names.contains(site.value.as_str()) => Resolution::Kept,
        _ => Resolution::Dangling,
    }
}

/// Says of dangling references what is missing and what to do.
pub(super) fn explain(dangling: &[Reference]) -> String {
    let missing: Vec<String> = dangling
        .iter()
        .map(|reference| format!("the {} {}", reference.ref_type.noun(), shortened(&reference.value)))
        .collect();
    let what = first_few(&missing);
    format!("it arrives switched off, because {what} cannot be found for the new user; map or mend it and switch it on")
}

/// The refusal of a dangling reference, at the place of the request where it can be mapped.
pub(super) fn refusal(reference: &Reference, choices: &Choices) -> Refusal {
    let Reference { automation_name, value, ref_type, .. } = reference;
    let noun = ref_type.noun();
    let mapped_at = |mapping: &str| pointer([mapping, automation_name, value]);
    let (pointer, advice) = match ref_type {
        RefType::PipelineStage => (mapped_at(PIPELINE_MAPPING), "map it to a stage of your organization"),
        RefType::Agent => (mapped_at(AGENT_MAPPING), "map it to the id of an agent of your organization"),
        RefType::Template if !choices.apply_templates => ("/applyTemplates".to_owned(), "clone the templates too"),
        RefType::Prompt if !choices.apply_prompts => ("/applyPrompts".to_owned(), "clone the prompts too"),
        RefType::Template | RefType::Prompt => {
            ("/onUnmapped".to_owned(), "the snapshot does not hold it; use switchOff")
        }
    };
    Refusal {
        pointer,
        detail: format!(
            "the automation {} refers to the {noun} {}: {advice}",
            shortened(automation_name),
            shortened(value)
        ),
    }
}
