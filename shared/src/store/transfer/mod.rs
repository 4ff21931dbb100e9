//! One organization as a file: a line of JSON that names it, a line for each item, and a line with the number of items and the SHA-256
//! of everything before. The file has the hashes of passwords and is as secret as the table.
//!
//! For operators' commands: an export scans, and no function has the right to.

mod attribute_json;
mod export;
mod import;

use std::io::{self, BufRead, Seek, SeekFrom, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::export::OrganizationExport;
use self::import::{ExportedItem, ImportPhase, ItemPresence, OrganizationImport, Tenancy};
use crate::domain::{Fault, ObjectId};
use crate::store::table::Table;

/// What the first line says of the form of the file.
const FORMAT: &str = "user-snapshots organization 1";
/// How many items an import keeps in memory.
const BATCH: usize = 100;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    format: String,
    organization: ObjectId,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastLine {
    items: u64,
    sha256: String,
}

/// Why a transfer failed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The table fails.
    #[error(transparent)]
    Table(#[from] Fault),
    /// The file cannot be read or written.
    #[error("the file: {0}")]
    File(#[from] io::Error),
    /// The table has no such organization.
    #[error("the table has no organization {0}")]
    NoOrganization(ObjectId),
    /// The file is not what an export wrote.
    #[error("the file is not as an export wrote it: {0}")]
    Torn(String),
}

/// The result of an import.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// The organization in the file.
    pub organization: Option<ObjectId>,
    /// The number of items that were absent.
    pub absent: u64,
    /// The number of items that were there already, as the file has them.
    pub same: u64,
    /// The number of items that were written.
    pub written: u64,
    /// Partition and sort keys of items in whose places others stand. If there are any before the first write, nothing is written; one
    /// that comes meanwhile ends the import.
    pub conflicts: Vec<(String, String)>,
}

/// Writes an organization to `file`. Calls `progress` with the number of items that were read. Returns the number of items written.
pub async fn export_organization(
    table: &Table,
    organization: ObjectId,
    file: &mut impl Write,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, TransferError> {
    let export = OrganizationExport::new(table, organization);
    let partitions = export.partitions(progress).await?;
    if partitions.is_empty() {
        return Err(TransferError::NoOrganization(organization));
    }
    let (mut sum, mut items) = (Sha256::new(), 0);
    let mut write = |line: &str| {
        sum.update(line);
        sum.update("\n");
        writeln!(file, "{line}")
    };
    write(&to_json(&FirstLine { format: FORMAT.to_owned(), organization })?)?;
    for partition in partitions {
        let mut start = None;
        loop {
            let (lines, next) = export.page(&partition, start).await?;
            for line in lines {
                write(&line)?;
                items += 1;
            }
            start = next;
            if start.is_none() {
                break;
            }
        }
    }
    let last = LastLine { items, sha256: hex::encode(sum.finalize()) };
    writeln!(file, "{}", to_json(&last)?)?;
    file.flush()?;
    Ok(items)
}

/// Reads a whole file, compares its checksum and checks that all items are of its organization. Then looks at the place of each item, and
/// then, if it may `write` and nothing is in the way, writes what is absent: the organization, users and snapshots after everything that
/// belongs to them, and then what lists, the sweep and the schedule find. An import that was interrupted can be repeated.
pub async fn import_organization(
    table: &Table,
    file: &mut (impl BufRead + Seek),
    write: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<ImportReport, TransferError> {
    let mut report = ImportReport { organization: Some(verify(file)?), ..ImportReport::default() };
    let import = OrganizationImport::new(table);
    let mut batches = ItemReader::of(file)?;
    let mut looked = 0;
    while let Some(items) = batches.next()? {
        for (item, presence) in items.iter().zip(import.look(&items).await?) {
            report.count(item, presence);
        }
        looked += items.len() as u64;
        progress(looked);
    }
    if !write || !report.conflicts.is_empty() {
        return Ok(report);
    }
    (report.absent, report.same) = (0, 0);
    for phase in ImportPhase::IN_ORDER {
        let mut batches = ItemReader::of(file)?;
        while let Some(mut items) = batches.next()? {
            items.retain(|item| item.phase() == phase);
            for (item, presence) in items.iter().zip(import.write(&items).await?) {
                report.count(item, presence);
            }
            report.written = report.absent;
            progress(report.absent + report.same);
            if !report.conflicts.is_empty() {
                return Ok(report);
            }
        }
    }
    Ok(report)
}

impl ImportReport {
    fn count(&mut self, item: &ExportedItem, presence: ItemPresence) {
        match presence {
            ItemPresence::Absent => self.absent += 1,
            ItemPresence::Same => self.same += 1,
            ItemPresence::Different => {
                self.conflicts.push((item.partition_key().to_owned(), item.sort_key().to_owned()));
            }
        }
    }
}

/// Returns the organization of a file. Fails unless it is whole and undamaged, and all its items are the organization's. The checksum is no
/// signature: who edits a file can write another one.
fn verify(file: &mut (impl BufRead + Seek)) -> Result<ObjectId, TransferError> {
    file.seek(SeekFrom::Start(0))?;
    let torn = |why: String| TransferError::Torn(why);
    let mut sum = Sha256::new();
    let (mut lines, mut before): (u64, Option<String>) = (0, None);
    let mut tenancy = None;
    let mut line = String::new();
    loop {
        line.clear();
        if file.read_line(&mut line)? == 0 {
            break;
        }
        if let Some(earlier) = before.replace(std::mem::take(&mut line)) {
            if lines == 0 {
                let first: FirstLine =
                    serde_json::from_str(&earlier).map_err(|error| torn(format!("line 1: {error}")))?;
                if first.format != FORMAT {
                    return Err(torn(format!("line 1: the format is {:?}, and {FORMAT:?} is read", first.format)));
                }
                tenancy = Some(Tenancy::of(first.organization));
            } else if let Some(tenancy) = &mut tenancy {
                let item = ExportedItem::read(&earlier);
                item.and_then(|item| tenancy.note(&item))
                    .map_err(|error| torn(format!("line {}: {error}", lines + 1)))?;
            }
            lines += 1;
            sum.update(&earlier);
        }
    }
    let last = before.unwrap_or_default();
    let last: LastLine = serde_json::from_str(&last).map_err(|_| torn("the last line has no checksum".to_owned()))?;
    let expected = LastLine { items: lines.saturating_sub(1), sha256: hex::encode(sum.finalize()) };
    match tenancy {
        Some(tenancy) if last == expected => tenancy.finish().map_err(torn),
        _ => Err(torn("the checksum in the last line is another one".to_owned())),
    }
}

/// The items of a file that was verified, some at a time.
struct ItemReader<'f, F> {
    file: &'f mut F,
    line: u64,
    is_over: bool,
}

impl<'f, F: BufRead + Seek> ItemReader<'f, F> {
    /// Starts at the first item.
    fn of(file: &'f mut F) -> Result<Self, TransferError> {
        file.seek(SeekFrom::Start(0))?;
        file.read_line(&mut String::new())?;
        Ok(Self { file, line: 1, is_over: false })
    }

    fn next(&mut self) -> Result<Option<Vec<ExportedItem>>, TransferError> {
        let mut items = Vec::new();
        while items.len() < BATCH && !self.is_over {
            let mut line = String::new();
            self.file.read_line(&mut line)?;
            self.line += 1;
            match ExportedItem::read(&line) {
                Ok(item) => items.push(item),
                Err(_) if serde_json::from_str::<LastLine>(&line).is_ok() => self.is_over = true,
                Err(error) => return Err(TransferError::Torn(format!("line {}: {error}", self.line))),
            }
        }
        Ok((!items.is_empty()).then_some(items))
    }
}

fn to_json(value: &impl Serialize) -> Result<String, TransferError> {
    serde_json::to_string(value).map_err(|error| TransferError::File(error.into()))
}
