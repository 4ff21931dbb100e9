//! Captures a setup: takes its secrets out, looks at what it refers to, and gives the JSON that a snapshot stores.
//!
//! A setup of 16 MB may consist of millions of small values, and a parsed value takes many times the room of its text. So
//! items are kept as JSON, and one at a time is parsed. Every limit is counted while the capture goes on: it stops there, and
//! not once all is made.

mod before;
mod failure;
mod forms;
mod references;

use std::io::Write;

use serde::Serialize;

pub use self::failure::CaptureFailure;
use self::references::ReferenceCounter;

use super::canonical::{HashWriter, JsonWriteError, MeteredWriter};
use super::content::{
    CapturedItem, Content, FINDINGS, Field, KnownAgent, MAX_POINTER_BYTES, MAX_RAW_BYTES, MAX_REMOVED_SECRETS,
    SourceTerms,
};
use super::identity::{self, SourceIdentity};
use super::redaction::{self, Allowance, LimitError};
use super::values::TypedPlace;
use super::{
    Counts, Document, ItemKind, LeftOut, ObjectId, Organization, OverBudget, PerKind, Preferences, Setup, SetupItem,
    Work,
};

/// A setup as it was read from its source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceSetup {
    /// The user's items.
    pub items: PerKind<Vec<SourceItem>>,
    /// Which automations are on.
    pub preferences: Preferences,
    /// By what its owner is recognized; without it no place of identity is recorded.
    pub owner: Option<SourceIdentity>,
    /// Whether the switches cannot be read, so that every automation counts as off.
    pub all_off: bool,
    /// The items that cannot be read.
    pub left_out: Vec<LeftOut>,
}

impl SourceSetup {
    /// All of it, parsed; `None` where an item cannot be. A large setup takes many times the room of its text then.
    pub fn parse(&self) -> Option<Setup> {
        let items = self
            .items
            .as_ref()
            .try_map(|_, items| items.iter().map(SourceItem::parse).collect::<Option<_>>().ok_or(()));
        Some(Setup { items: items.ok()?, preferences: self.preferences.clone() })
    }
}

/// An item as it was read from its source, as JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceItem {
    id: ObjectId,
    json: Box<[u8]>,
    /// What its JSON does not show.
    types: Vec<TypedPlace>,
}

impl SourceItem {
    /// Keeps an item as JSON.
    pub fn new(SetupItem { id, document }: SetupItem) -> Self {
        // Text keys and finite numbers only, so it cannot fail.
        let json = serde_json::to_vec(&document).unwrap_or_default().into();
        Self { id, json, types: document.types().to_vec() }
    }

    /// How many bytes of JSON it has.
    pub fn bytes(&self) -> usize {
        self.json.len()
    }

    /// The item, parsed; `None` where objects and lists stand inside each other more than 127 times.
    pub fn parse(&self) -> Option<SetupItem> {
        let document: Document = serde_json::from_slice(&self.json).ok()?;
        Some(SetupItem { id: self.id, document: document.with_types(self.types.clone()) })
    }
}

impl From<Setup> for SourceSetup {
    fn from(setup: Setup) -> Self {
        Self {
            items: setup.items.map(|_, items| items.into_iter().map(SourceItem::new).collect()),
            preferences: setup.preferences,
            owner: None,
            all_off: false,
            left_out: Vec::new(),
        }
    }
}

/// A captured setup, as JSON.
#[derive(Debug, PartialEq)]
pub struct Capture {
    agents: Vec<KnownAgent>,
    items: PerKind<Vec<Entry>>,
    /// Which rules made its findings.
    findings: u32,
    /// The stages and agents of the source organization that it uses. They are findings as well.
    source: SourceTerms,
    /// What cannot be read, in order.
    left_out: Vec<LeftOut>,
}

/// An item as it is stored.
#[derive(Debug, PartialEq)]
struct Entry {
    json: Box<[u8]>,
    /// Whether it has findings, which two captures are not compared by.
    has_findings: bool,
    /// Whether it was stored in another form before 2026-12: without types, or with floats for its numbers.
    was_other: bool,
}

/// Captures `setup`, whose owner belongs to `organization`: secrets removed, switches and known agents recorded.
pub fn capture(
    setup: impl Into<SourceSetup>,
    organization: &Organization,
    work: &Work,
) -> Result<Capture, CaptureFailure> {
    let SourceSetup { items, preferences, owner, all_off, mut left_out } = setup.into();
    left_out.extend(organization.left_out.iter().map(|target| target.left_out.clone()));
    left_out.sort();
    let terms = SourceTerms::from(organization);
    let mut references = ReferenceCounter::new(organization, &terms, work)?;
    for (kind, items) in items.iter() {
        references.add_items(kind, items.iter().map(|item| item.id));
    }
    let mut builder = EntryBuilder::new(references, owner, work);
    let is_on = |item: &SourceItem| preferences.get(&item.id).copied().unwrap_or(!all_off);
    let items = items.try_map(|kind, items| {
        let entry = |item| builder.entry(kind, item, is_on);
        items.into_iter().map(entry).collect::<Result<_, _>>()
    })?;
    let findings = if builder.owner.is_some() { FINDINGS } else { 0 };
    let (agents, source) = builder.references.used();
    Ok(Capture { agents, items, findings, source, left_out })
}

/// Makes the entries of a capture, and counts what its limits allow.
struct EntryBuilder<'a> {
    references: ReferenceCounter<'a>,
    allowance: Allowance,
    owner: Option<SourceIdentity>,
    identity: Allowance,
    room: usize,
    work: &'a Work,
}

impl<'a> EntryBuilder<'a> {
    fn new(references: ReferenceCounter<'a>, owner: Option<SourceIdentity>, work: &'a Work) -> Self {
        Self {
            references,
            allowance: Allowance { places: MAX_REMOVED_SECRETS, pointer_bytes: MAX_POINTER_BYTES },
            owner,
            identity: identity::ALLOWANCE,
            room: MAX_RAW_BYTES,
            work,
        }
    }

    fn entry(
        &mut self,
        kind: ItemKind,
        item: SourceItem,
        is_on: impl Fn(&SourceItem) -> bool,
    ) -> Result<Entry, CaptureFailure> {
        let enabled = kind.has_switch().then(|| is_on(&item));
        let item = self.redacted(item, enabled)?;
        self.references.item(kind, &item)?;
        let (has_findings, was_other) = (item.has_findings(), forms::differs(&item.document));
        Ok(Entry { json: self.write(&item)?, has_findings, was_other })
    }

    fn redacted(&mut self, item: SourceItem, enabled: Option<bool>) -> Result<CapturedItem, CaptureFailure> {
        self.work.spend(item.bytes())?;
        let SetupItem { id, mut document } = item.parse().ok_or_else(|| {
            CaptureFailure::TooLarge(format!("the item {} has objects and lists inside each other too deeply", item.id))
        })?;
        drop(item);
        let removed_secrets =
            redaction::redact_within(&mut document, &mut self.allowance, self.work).map_err(too_many_secrets)?;
        let identity = match &self.owner {
            Some(owner) => identity::find(&document, owner, &mut self.identity, self.work)
                .map_err(CaptureFailure::too_many_places)?,
            None => Vec::new(),
        };
        Ok(CapturedItem { document, enabled, id, identity, removed_secrets })
    }

    fn write(&mut self, entry: &impl Serialize) -> Result<Box<[u8]>, CaptureFailure> {
        let mut out = MeteredWriter::new(Vec::new(), self.room, self.work);
        out.json(entry).map_err(too_long)?;
        let (json, room) = out.into_parts();
        self.room = room;
        Ok(json.into())
    }
}

fn too_many_secrets(stopped: LimitError) -> CaptureFailure {
    CaptureFailure::TooLarge(match stopped {
        LimitError::TooManyPlaces => format!("the setup has secrets at more than {MAX_REMOVED_SECRETS} places"),
        LimitError::LongPointers => format!(
            "the JSON pointers to the secrets of the setup have more than {MAX_POINTER_BYTES} bytes; use shorter names of fields"
        ),
        LimitError::OverBudget => return OverBudget.into(),
    })
}

fn too_long(unwritten: JsonWriteError) -> CaptureFailure {
    match unwritten {
        JsonWriteError::NoRoom => CaptureFailure::TooLarge(format!(
            "the setup has more than {MAX_RAW_BYTES} bytes as JSON, which is the most that a snapshot takes"
        )),
        JsonWriteError::OverBudget => OverBudget.into(),
    }
}

impl Capture {
    /// How many items of each kind.
    pub fn counts(&self) -> Counts {
        self.items.counts()
    }

    /// The canonical JSON of the content. Fails if it has more than [`MAX_RAW_BYTES`], or if the time is over.
    pub fn json(&self, work: &Work) -> Result<Vec<u8>, CaptureFailure> {
        let bytes = self.items.each().map(|(_, entry)| entry.json.len() + 1).sum::<usize>();
        let mut out = MeteredWriter::new(Vec::with_capacity(bytes.min(MAX_RAW_BYTES)), MAX_RAW_BYTES, work);
        let findings = Some((self.findings, &self.source));
        self.write(&mut out, findings, &self.left_out, |out, _, entry| out.bytes(&entry.json)).map_err(too_long)?;
        Ok(out.into_parts().0)
    }

    /// The SHA-256 by which two captures are compared: that of the canonical JSON without findings. What was left out of the
    /// organization is no part of it, since it is the same for all its setups.
    pub fn hash(&self, work: &Work) -> Result<[u8; 32], CaptureFailure> {
        let mut out = MeteredWriter::new(HashWriter::default(), MAX_RAW_BYTES, work);
        self.write(&mut out, None, self.left_out_of_setup(), comparable).map_err(too_long)?;
        Ok(out.into_parts().0.finish())
    }

    /// Returns the items of the source that cannot be read.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Returns the entries of the setup itself; those of the organization stand behind them.
    fn left_out_of_setup(&self) -> &[LeftOut] {
        &self.left_out[..self.left_out.partition_point(|left_out| left_out.kind.is_of_setup())]
    }

    /// The content, parsed.
    pub fn content(&self) -> Option<Content> {
        serde_json::from_slice(&self.json(&Work::unlimited()).ok()?).ok()
    }

    /// Writes the content with its fields in order, each entry by `entry`.
    fn write<W: Write>(
        &self,
        out: &mut MeteredWriter<'_, W>,
        findings: Option<(u32, &SourceTerms)>,
        left_out: &[LeftOut],
        entry: impl Fn(&mut MeteredWriter<'_, W>, ItemKind, &Entry) -> Result<(), JsonWriteError>,
    ) -> Result<(), JsonWriteError> {
        let (findings, source) = findings.unzip();
        let mut before = '{';
        for field in Field::in_order() {
            let is_absent = match field {
                Field::Findings => findings.is_none_or(|findings| findings == 0),
                Field::LeftOut => left_out.is_empty(),
                Field::Source => source.is_none_or(SourceTerms::is_empty),
                Field::Agents | Field::Items(_) => false,
            };
            if is_absent {
                continue;
            }
            out.bytes(format!("{before}\"{}\":", field.name()).as_bytes())?;
            before = ',';
            match field {
                Field::Agents => out.json(&self.agents)?,
                Field::Findings => out.json(&findings)?,
                Field::LeftOut => out.json(&left_out)?,
                Field::Source => out.json(&source)?,
                Field::Items(kind) => list(out, self.items.get(kind), |out, it| entry(out, kind, it))?,
            }
        }
        out.bytes(b"}")
    }
}

impl Entry {
    fn parse(&self, kind: ItemKind) -> Result<CapturedItem, JsonWriteError> {
        // It was written here.
        CapturedItem::read(kind, &self.json).map_err(|_| JsonWriteError::NoRoom)
    }
}

fn list<W: Write>(
    out: &mut MeteredWriter<'_, W>,
    entries: &[Entry],
    write: impl Fn(&mut MeteredWriter<'_, W>, &Entry) -> Result<(), JsonWriteError>,
) -> Result<(), JsonWriteError> {
    out.bytes(b"[")?;
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            out.bytes(b",")?;
        }
        write(out, entry)?;
    }
    out.bytes(b"]")
}

fn comparable<W: Write>(out: &mut MeteredWriter<'_, W>, kind: ItemKind, entry: &Entry) -> Result<(), JsonWriteError> {
    match entry.has_findings {
        true => out.json(&entry.parse(kind)?.without_findings()),
        false => out.bytes(&entry.json),
    }
}

#[cfg(test)]
mod tests;
