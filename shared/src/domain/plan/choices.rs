//! What the caller of an apply decides.

use std::collections::BTreeMap;
use std::str::FromStr;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::{ObjectId, PerKind, Violation};

/// The most entries of all mappings together, the most names in a selection, and the most accepted destinations.
pub const MAX_ENTRIES: usize = 5_000;

/// Which parts of a snapshot arrive, and what their references become.
#[derive(Debug, Clone, PartialEq)]
pub struct Choices {
    /// The facts about the new user that are known.
    pub new_user: KnownUser,
    /// Targets for stages: automation (name or id) → source stage → target stage.
    pub pipeline_mapping: BTreeMap<String, BTreeMap<String, String>>,
    /// Replacements for whole `sourceStatuses` arrays: automation (name or id) → target stages.
    pub source_statuses_mapping: BTreeMap<String, Vec<String>>,
    /// Targets for agents: automation (name or id) → source agent (name or id) → target agent.
    pub agent_mapping: BTreeMap<String, BTreeMap<String, ObjectId>>,
    /// Targets for unknown ids: automation (name or id) → source id or pointer → id.
    pub id_mapping: BTreeMap<String, BTreeMap<String, String>>,
    /// What is no reference although it looks like one: automation (name or id) → values or pointers.
    pub keep_values: BTreeMap<String, Vec<String>>,
    /// The prompts to clone in the source's own organization; all when absent.
    pub selected_prompt_names: Option<Vec<String>>,
    /// The destinations to which automations may send, as the answer of plan lists them.
    pub allow_destinations: Vec<String>,
    /// Whether the items of each kind are cloned.
    pub apply: PerKind<bool>,
    /// How an automation with a reference that leads nowhere is treated.
    pub on_unmapped: OnUnmapped,
}

/// What a request says of the new user, as far as the outcome depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KnownUser {
    /// Whether it gives the address.
    pub has_email: bool,
    /// Whether it gives a phone number.
    pub has_phone: bool,
}

/// How an automation with a reference that leads nowhere is treated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnUnmapped {
    /// It arrives switched off and is named in a warning.
    #[default]
    SwitchOff,
    /// The apply is refused.
    Reject,
}

impl FromStr for OnUnmapped {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        match text {
            SWITCH_OFF => Ok(Self::SwitchOff),
            REJECT => Ok(Self::Reject),
            _ => Err(Violation::malformed(format!("this is {SWITCH_OFF} or {REJECT}"))),
        }
    }
}

const SWITCH_OFF: &str = "switchOff";
const REJECT: &str = "reject";

impl PartialSchema for OnUnmapped {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "How an automation with a reference that leads nowhere is treated: `switchOff` lets it arrive switched off \
                 and names it in a warning, `reject` refuses the whole request.",
            ))
            .enum_values(Some([SWITCH_OFF, REJECT]))
            .into()
    }
}

impl ToSchema for OnUnmapped {}

impl Default for Choices {
    /// Everything, with no mapping.
    fn default() -> Self {
        Self {
            new_user: KnownUser::default(),
            pipeline_mapping: BTreeMap::new(),
            source_statuses_mapping: BTreeMap::new(),
            agent_mapping: BTreeMap::new(),
            id_mapping: BTreeMap::new(),
            keep_values: BTreeMap::new(),
            selected_prompt_names: None,
            allow_destinations: Vec::new(),
            apply: PerKind::from_fn(|_| true),
            on_unmapped: OnUnmapped::SwitchOff,
        }
    }
}

impl Choices {
    /// The automations that a mapping names, each with the mappings that name it.
    pub(super) fn mapped_automations(&self) -> BTreeMap<&str, Vec<&'static str>> {
        let mut named: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
        let keys = (self.pipeline_mapping.keys().map(|key| (key, PIPELINE_MAPPING)))
            .chain(self.source_statuses_mapping.keys().map(|key| (key, SOURCE_STATUSES_MAPPING)))
            .chain(self.agent_mapping.keys().map(|key| (key, AGENT_MAPPING)))
            .chain(self.id_mapping.keys().map(|key| (key, ID_MAPPING)))
            .chain(self.keep_values.keys().map(|key| (key, KEEP_VALUES)));
        for (key, mapping) in keys {
            named.entry(key).or_default().push(mapping);
        }
        named
    }

    /// Whether an entry names a place by its pointer.
    pub(super) fn names_places(&self) -> bool {
        let keys = (self.pipeline_mapping.values().flat_map(BTreeMap::keys))
            .chain(self.agent_mapping.values().flat_map(BTreeMap::keys))
            .chain(self.id_mapping.values().flat_map(BTreeMap::keys))
            .chain(self.keep_values.values().flatten());
        keys.into_iter().any(|key| key.starts_with('/'))
    }

    /// Counts entries against [`MAX_ENTRIES`]; gives the name of the field that has too many.
    pub fn check_size(&self) -> Result<(), (&'static str, Violation)> {
        let sizes = [
            (PIPELINE_MAPPING, self.pipeline_mapping.values().map(|stages| stages.len().max(1)).sum::<usize>()),
            (SOURCE_STATUSES_MAPPING, self.source_statuses_mapping.values().map(|stages| stages.len().max(1)).sum()),
            (AGENT_MAPPING, self.agent_mapping.values().map(|agents| agents.len().max(1)).sum()),
            (ID_MAPPING, self.id_mapping.values().map(|ids| ids.len().max(1)).sum()),
            (KEEP_VALUES, self.keep_values.values().map(|values| values.len().max(1)).sum()),
            (SELECTED_PROMPT_NAMES, self.selected_prompt_names.as_ref().map_or(0, Vec::len)),
            (ALLOW_DESTINATIONS, self.allow_destinations.len()),
        ];
        match sizes.into_iter().find(|(_, size)| *size > MAX_ENTRIES) {
            Some((pointer, size)) => {
                let detail = format!("there are {size} entries; at most {MAX_ENTRIES} are allowed");
                Err((pointer, Violation::refused(detail)))
            }
            None => Ok(()),
        }
    }
}

/// The fields of an apply request that the plan judges.
pub(super) const PIPELINE_MAPPING: &str = "pipelineMapping";
pub(super) const SOURCE_STATUSES_MAPPING: &str = "sourceStatusesMapping";
pub(super) const AGENT_MAPPING: &str = "agentMapping";
pub(super) const ID_MAPPING: &str = "idMapping";
pub(super) const KEEP_VALUES: &str = "keepValues";
/// The mappings whose keys name automations.
pub(super) const BY_AUTOMATION: [&str; 5] =
    [PIPELINE_MAPPING, SOURCE_STATUSES_MAPPING, AGENT_MAPPING, ID_MAPPING, KEEP_VALUES];
/// Those whose keys, for each automation, name what it refers to.
pub(super) const BY_REFERENCE: [&str; 3] = [PIPELINE_MAPPING, AGENT_MAPPING, ID_MAPPING];
pub(super) const SELECTED_PROMPT_NAMES: &str = "selectedPromptNames";
pub(super) const ALLOW_DESTINATIONS: &str = "allowDestinations";
