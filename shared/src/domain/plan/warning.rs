//! What a plan warns of.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CountedList;
use crate::domain::content::CapturedItem;
use crate::domain::reference::{MAX_REFERENCE_NAME, Reference};
use crate::domain::{ItemKind, ObjectId, cut};

/// Something that the caller should know although the apply goes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// Which kind.
    pub code: WarningCode,
    /// The automation it is about, as the snapshot or the request names it, cut where it is long; empty where it is about none.
    pub automation_name: String,
    /// The id of the automation in the source organization, where it is about one of the snapshot.
    pub automation_id: Option<ObjectId>,
    /// The references that lead nowhere.
    pub references: CountedList<Reference>,
    /// The places that it is about, as JSON pointers into the document, where those are no references.
    #[serde(skip_serializing_if = "CountedList::is_empty")]
    pub pointers: CountedList<String>,
    /// What happened and what to do about it.
    pub detail: String,
}

/// The kinds of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// References lead nowhere; the automation arrives switched off.
    UnmappedReference,
    /// A stage exists here, but in pipelines of another type alone than in the source organization.
    StageOfAnotherType,
    /// Secrets were removed; an automation that lost one, or uses something that did, arrives switched off until
    /// somebody fills them in.
    SecretsRemoved,
    /// Something of the snapshot's source, or of the caller's organization, could not be read and was left out.
    LeftOut,
    /// A mapping names an automation that is not cloned.
    MappingIgnored,
    /// Prompts were selected, but prompts are not cloned.
    SelectionIgnored,
    /// The automation sends to a host, an address or a number that nobody has accepted; it arrives switched off.
    ExternalDestination,
    /// Destinations are accepted, but nothing foreign arrives.
    DestinationsIgnored,
    /// An item has text that cannot be seen.
    HiddenText,
    /// An item has more than 1 kB of binary, which is neither searched for secrets nor for references.
    OpaqueValue,
    /// An item has share or join links, which let in who has them. They are made to be sent, so they arrive.
    CapabilityLink,
    /// A value of the source person has none of the new user in its place and was left out; an automation that lost one, or uses
    /// something that did, arrives switched off until somebody fills it in.
    SourcePersonRemoved,
    /// A text names the source person, and stays as it is.
    SourcePersonNamed,
    /// The revision is not the one that is shared with other organizations.
    UnsharedRevision,
}

impl Warning {
    /// Warns of a revision that nobody has shared with the organization that it arrives in.
    pub fn unshared(revision: u32) -> Self {
        let detail = format!("revision {revision} is not shared with other organizations");
        Self::new(WarningCode::UnsharedRevision, "", detail)
    }

    pub(super) fn new(code: WarningCode, automation_name: &str, detail: String) -> Self {
        let automation_name = cut(automation_name, MAX_REFERENCE_NAME).into_owned();
        Self {
            code,
            automation_name,
            automation_id: None,
            references: CountedList::default(),
            pointers: CountedList::default(),
            detail,
        }
    }

    /// Warns of an item of any kind.
    pub(super) fn of_item(code: WarningCode, kind: ItemKind, item: &CapturedItem, detail: String) -> Self {
        let is_automation = kind == ItemKind::Automation;
        let about = if is_automation { item.document.name() } else { "" };
        Self { automation_id: is_automation.then_some(item.id), ..Self::new(code, about, detail) }
    }

    pub(super) fn about(code: WarningCode, automation: &CapturedItem, detail: String) -> Self {
        Self { automation_id: Some(automation.id), ..Self::new(code, automation.document.name(), detail) }
    }
}
