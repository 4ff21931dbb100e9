//! What an apply will do. Pure: whatever asks "what would happen" and what makes it happen share this.

mod arrival;
mod choices;
mod mapping;
mod resolve;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

pub use self::arrival::{Arrival, ClonedItem, Origin};
pub use self::choices::{Choices, MAX_ENTRIES, OnUnmapped};

use self::choices::SELECTED_PROMPT_NAMES;
use self::mapping::Mapping;
use self::resolve::Resolver;
use super::content::{self, CapturedAutomation, CapturedItem, Content};
use super::reference::Reference;
use super::{Counts, Document, ItemKind, ObjectId, Organization, pointer};

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
    /// What the caller should know that is no part of the outcome: another sharing changes it while an apply is interrupted.
    #[serde(skip)]
    pub notes: Vec<Warning>,
    /// Everything for which the request is refused. With one of these nothing may be written.
    #[serde(skip)]
    pub refusals: Vec<Refusal>,
}

/// An item that arrives. Its references to other items still carry source ids, because new ids are made later.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedClone {
    /// What it is.
    pub kind: ItemKind,
    /// Its id in the snapshot.
    pub source_id: ObjectId,
    /// Its fields, with stages and agents mapped.
    pub document: Document,
    /// For an automation, whether it arrives switched on; for anything else, nothing.
    pub enabled: Option<bool>,
    /// References that get the id of another clone.
    pub rewires: Vec<Rewire>,
    /// Stages and agents that were mapped.
    pub mapped: Vec<MappedReference>,
}

/// A reference of an automation and what a mapping made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MappedReference {
    /// The reference as it stands in the snapshot.
    #[serde(flatten)]
    pub reference: Reference,
    /// What stands there in the clone.
    pub target: String,
}

/// A reference by id from one clone to another.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rewire {
    /// Where the id stands, as a JSON pointer into the document.
    pub pointer: String,
    /// What it names.
    pub kind: ItemKind,
    /// The id that the named item has in the snapshot.
    pub source_id: ObjectId,
}

/// The counts of an apply, as its answer shows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Items that are cloned.
    pub cloned: Counts,
    /// Items that exist already and are used as they are.
    pub mapped: Mapped,
    /// Items that are left out.
    pub skipped: Skipped,
}

/// Items that exist already and are used as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MappedCounts)]
pub struct Mapped {
    /// Prompts.
    pub prompts: usize,
}

/// Items that are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SkippedCounts)]
pub struct Skipped {
    /// Automations.
    pub automations: usize,
    /// Templates.
    pub templates: usize,
}

/// Something that the caller should know although the apply goes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// Which kind.
    pub code: WarningCode,
    /// The automation it is about, as the snapshot or the request names it; empty where it is about none.
    pub automation_name: String,
    /// The references that lead nowhere.
    pub references: Vec<Reference>,
    /// What happened and what to do about it.
    pub detail: String,
}

/// The kinds of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// References lead nowhere; the automation arrives switched off.
    UnmappedReference,
    /// Secrets were removed; an automation that lost one, or uses something that did, arrives switched off until
    /// somebody fills them in.
    SecretsRemoved,
    /// A mapping names an automation that is not cloned.
    MappingIgnored,
    /// Prompts were selected, but prompts are not cloned.
    SelectionIgnored,
    /// The revision is not the one that is shared with other organizations.
    UnsharedRevision,
}

impl Warning {
    /// Warns of a revision that nobody has shared with the organization that it arrives in.
    pub fn unshared(revision: u32) -> Self {
        Self {
            code: WarningCode::UnsharedRevision,
            automation_name: String::new(),
            references: Vec::new(),
            detail: format!("revision {revision} is not shared with other organizations"),
        }
    }
}

/// One reason for which an apply is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The place in the request, as a JSON pointer.
    pub pointer: String,
    /// What was there and what is allowed.
    pub detail: String,
}

/// The most refusals that a plan collects: an answer lists no more.
const MAX_REFUSALS: usize = 200;

/// Decides what applying `content` to the organization `targets` does.
pub fn plan(content: &Content, scope: &Scope, targets: &Organization, choices: &Choices) -> Plan {
    let mut plan = match scope {
        Scope::SameOrganization { automations } => plan_within(content, automations, choices),
        Scope::OtherOrganization => plan_across(content, targets, choices),
    };
    plan.refusals.truncate(MAX_REFUSALS);
    let clones_automations = *scope == Scope::OtherOrganization && choices.apply_automations;
    if !clones_automations {
        plan.warnings.extend(choices.mapped_automations().keys().map(|automation| Warning {
            code: WarningCode::MappingIgnored,
            automation_name: (*automation).to_owned(),
            references: Vec::new(),
            detail: "automations are not cloned by this request, so the mapping has no effect".to_owned(),
        }));
    }
    plan
}

/// Within one organization only prompts are cloned; the source's switches are taken over.
fn plan_within(content: &Content, existing: &BTreeSet<ObjectId>, choices: &Choices) -> Plan {
    let mut plan = Plan::default();
    let selected: Vec<&CapturedItem> = match &choices.selected_prompt_names {
        _ if !choices.apply_prompts => Vec::new(),
        None => content.prompts.iter().collect(),
        Some(names) => {
            let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
            content.prompts.iter().filter(|prompt| names.contains(prompt.document.name())).collect()
        }
    };
    judge_selection(content, choices, &mut plan);
    arrive_unchanged(&mut plan, ItemKind::Prompt, selected);
    if choices.apply_automations {
        let kept = content.automations.iter().filter(|automation| existing.contains(&automation.item.id));
        plan.kept_preferences = kept.map(|automation| (automation.item.id, automation.enabled)).collect();
    }
    plan.outcome = Outcome {
        cloned: Counts { prompts: plan.clones.len(), ..Counts::default() },
        mapped: Mapped { prompts: content.prompts.len() - plan.clones.len() },
        skipped: Skipped { automations: content.automations.len(), templates: content.templates.len() },
    };
    plan
}

fn judge_selection(content: &Content, choices: &Choices, plan: &mut Plan) {
    let Some(names) = &choices.selected_prompt_names else { return };
    if !choices.apply_prompts {
        plan.warnings.push(Warning {
            code: WarningCode::SelectionIgnored,
            automation_name: String::new(),
            references: Vec::new(),
            detail: "prompts are not cloned by this request, so selectedPromptNames has no effect".to_owned(),
        });
        return;
    }
    let known: BTreeSet<&str> = content.prompts.iter().map(|prompt| prompt.document.name()).collect();
    for (index, name) in names.iter().enumerate().filter(|(_, name)| !known.contains(name.as_str())) {
        plan.refusals.push(Refusal {
            pointer: pointer([SELECTED_PROMPT_NAMES, &index.to_string()]),
            detail: format!("the snapshot has no prompt named {}", mapping::shortened(name)),
        });
    }
}

/// Into another organization everything is cloned, unless a flag leaves it out.
fn plan_across(content: &Content, targets: &Organization, choices: &Choices) -> Plan {
    let mut plan = Plan::default();
    if choices.selected_prompt_names.as_ref().is_some_and(|names| !names.is_empty()) {
        plan.refusals.push(Refusal {
            pointer: pointer([SELECTED_PROMPT_NAMES]),
            detail: "prompts can only be selected in the snapshot's own organization; leave this out to clone all"
                .into(),
        });
    }
    let prompts = if choices.apply_prompts { content.prompts.as_slice() } else { &[] };
    let templates = if choices.apply_templates { content.templates.as_slice() } else { &[] };
    let automations = if choices.apply_automations { content.automations.as_slice() } else { &[] };
    if choices.apply_automations {
        let (mapping, refusals) = Mapping::judge(content, targets, choices);
        plan.refusals.extend(refusals);
        let resolver = Resolver::new(targets, prompts, templates);
        for (automation, mapping) in automations.iter().zip(&mapping.automations) {
            let incomplete = !automation.item.removed_secrets.is_empty() || resolver.uses_incomplete(automation);
            arrive_mapped(&mut plan, automation, resolver.resolve(automation, mapping), incomplete, choices);
        }
    }
    arrive_unchanged(&mut plan, ItemKind::Prompt, prompts);
    arrive_unchanged(&mut plan, ItemKind::Template, templates);
    plan.outcome = Outcome {
        cloned: Counts { automations: automations.len(), prompts: prompts.len(), templates: templates.len() },
        mapped: Mapped::default(),
        skipped: Skipped {
            automations: content.automations.len() - automations.len(),
            templates: content.templates.len() - templates.len(),
        },
    };
    plan
}

/// Adds one automation whose references were resolved: off, with a warning, where one leads nowhere or to something
/// that lost a secret.
fn arrive_mapped(
    plan: &mut Plan,
    automation: &CapturedAutomation,
    resolved: resolve::Resolved,
    incomplete: bool,
    choices: &Choices,
) {
    let name = automation.item.document.name();
    let dangling: Vec<Reference> = resolved.dangling.iter().map(|site| site.describe(name)).collect();
    if !dangling.is_empty() {
        match choices.on_unmapped {
            OnUnmapped::Reject => {
                let room = MAX_REFUSALS.saturating_sub(plan.refusals.len());
                plan.refusals.extend(dangling.iter().take(room).map(|reference| resolve::refusal(reference, choices)));
            }
            OnUnmapped::SwitchOff => plan.warnings.push(Warning {
                code: WarningCode::UnmappedReference,
                automation_name: name.to_owned(),
                detail: resolve::explain(&dangling),
                references: dangling,
            }),
        }
    }
    if incomplete {
        let removed = &automation.item.removed_secrets;
        let places = match removed.is_empty() {
            true => "what was removed from the prompts and templates that it uses".to_owned(),
            false => mapping::first_few(removed),
        };
        plan.warnings.push(Warning {
            code: WarningCode::SecretsRemoved,
            automation_name: name.to_owned(),
            references: Vec::new(),
            detail: format!("secrets do not travel: fill in {places} and switch the automation on"),
        });
    }
    plan.clones.push(PlannedClone {
        kind: ItemKind::Automation,
        source_id: automation.item.id,
        document: resolved.document,
        enabled: Some(automation.enabled && resolved.dangling.is_empty() && !incomplete),
        rewires: resolved.rewires,
        mapped: resolved.mapped,
    });
}

/// Adds prompts or templates as they are, each with a warning where it lost a secret.
fn arrive_unchanged<'a>(plan: &mut Plan, kind: ItemKind, items: impl IntoIterator<Item = &'a CapturedItem>) {
    for item in items {
        if !item.removed_secrets.is_empty() {
            let (name, places) = (mapping::shortened(item.document.name()), mapping::first_few(&item.removed_secrets));
            plan.warnings.push(Warning {
                code: WarningCode::SecretsRemoved,
                automation_name: String::new(),
                references: Vec::new(),
                detail: format!("secrets do not travel: fill in {places} of the {kind} {name}"),
            });
        }
        plan.clones.push(unchanged(kind, item));
    }
}

fn unchanged(kind: ItemKind, item: &CapturedItem) -> PlannedClone {
    PlannedClone {
        kind,
        source_id: item.id,
        document: item.document.clone(),
        enabled: None,
        rewires: Vec::new(),
        mapped: Vec::new(),
    }
}

impl Plan {
    /// All that the caller should know.
    pub fn told(&self) -> impl Iterator<Item = &Warning> {
        self.notes.iter().chain(&self.warnings)
    }

    /// A hash of everything that the plan does: clones, switches, counts and warnings. New ids, times, the address and
    /// the password are no part of it, so the same hash means the same outcome.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(content::canonical_json(self)))
    }
}
