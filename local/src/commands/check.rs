//! `check` and `repair`: whether all items of a table which belong together are there, and what to do if they are not.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::store::{CheckReport, Defect, RemedyKind, RepairReport, TableCheck, TableRepair};

use super::Failure;
use super::progress::items_read;
use super::target_table::TargetTable;

pub(crate) const CHECK_EXAMPLES: &str = "\
Examples:
  cargo run -- check --table my-table           on AWS: credentials, region and AWS_ENDPOINT_URL as for the AWS CLI
  cargo run -- check --db crm.db                a file of --db that no other program serves
  cargo run -- check --table my-table --json    for programs: {\"items\": …, \"defects\": [{\"relation\": …, \"key\": …}]}

It writes nothing, and may run beside live traffic. It needs dynamodb:Scan, Query, GetItem and BatchGetItem on the table and its
indexes, and costs one read unit for each 4 kB of the table. docs/RESTORE.md explains what it reports.";

pub(crate) const REPAIR_EXAMPLES: &str = "\
Examples:
  cargo run -- repair --table my-table                              says what it would do
  cargo run -- repair --table my-table --write                      mends what can be mended without a loss
  cargo run -- repair --table my-table --write --drop-incomplete    also gives up what is incomplete: after a restore

You can repeat it, and run it beside live traffic: each write depends on what was just read. Before --drop-incomplete look at what it
would drop, because a backup may still have the missing part. It needs the rights of `check`, and PutItem, UpdateItem, DeleteItem and
BatchWriteItem.";

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    target: TargetTable,
    /// Print one JSON document instead of lines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Repair {
    #[command(flatten)]
    target: TargetTable,
    /// Write. Without it, nothing is written.
    #[arg(long)]
    write: bool,
    /// Also give up what is incomplete: undo applies whose users lack items, go back to revisions that are whole, and delete what
    /// nobody can read.
    #[arg(long)]
    drop_incomplete: bool,
    /// Print one JSON document instead of lines.
    #[arg(long)]
    json: bool,
}

/// Checks, prints the defects, and fails if there are any.
pub(crate) async fn check(options: &Check) -> Result<(), Failure> {
    let open = options.target.open().await?;
    let report = checked(&options.target, open.table()).await;
    open.close().await?;
    let report = report?;
    let mut output = anstream::stdout();
    if options.json {
        writeln!(output, "{:#}", check_document(&report))?;
    } else {
        write_defects(&mut output, &report.defects)?;
        writeln!(output, "{}", summary(&report))?;
    }
    match (report.defects.len(), report.busy) {
        (0, 0) => Ok(()),
        (0, busy) => Err(Failure::Table(format!("{busy} groups of items changed all the time: run it again"))),
        (defects, _) => Err(Failure::Table(format!("{}; `repair` says what it can do", counted(defects)))),
    }
}

/// Checks, repairs what the options allow, and prints both. Fails if something is left.
pub(crate) async fn repair(options: &Repair) -> Result<(), Failure> {
    let open = options.target.open().await?;
    let report = async {
        let report = checked(&options.target, open.table()).await?;
        if !options.write {
            return Ok((report, None));
        }
        let repair = TableRepair::new(open.table(), options.drop_incomplete, SystemClock.now());
        Ok::<_, Failure>((CheckReport::default(), Some(repair.run(report).await?)))
    };
    let report = report.await;
    open.close().await?;
    let (check, repaired) = report?;
    let mut output = anstream::stdout();
    match repaired {
        None => plan(&mut output, options, &check),
        Some(report) => result(&mut output, options, &report),
    }
}

async fn checked(target: &TargetTable, table: &shared::store::Table) -> Result<CheckReport, Failure> {
    let check = TableCheck::new(table);
    // SQLite's indexes are never behind.
    let check = if target.db.is_some() { check.without_lag() } else { check };
    Ok(check.run(&mut items_read()).await?)
}

fn plan(output: &mut impl Write, options: &Repair, check: &CheckReport) -> Result<(), Failure> {
    let would = |defect: &&Defect| allowed(defect, options.drop_incomplete);
    let count = check.defects.iter().filter(would).count();
    if options.json {
        writeln!(output, "{:#}", json!({"wouldRepair": count, "defects": documents(&check.defects)}))?;
    } else {
        write_defects(output, &check.defects)?;
        writeln!(output, "Nothing is written. With --write, {count} of {} would be repaired.", check.defects.len())?;
    }
    if check.defects.is_empty() { Ok(()) } else { Err(Failure::Table("nothing is repaired yet".to_owned())) }
}

fn allowed(defect: &Defect, may_drop: bool) -> bool {
    match defect.remedy_kind() {
        RemedyKind::Mend => true,
        RemedyKind::Drop => may_drop,
        RemedyKind::Person => false,
    }
}

fn result(output: &mut impl Write, options: &Repair, report: &RepairReport) -> Result<(), Failure> {
    if options.json {
        let (repaired, left) = (documents(&report.repaired), documents(&report.left));
        writeln!(output, "{:#}", json!({"repaired": repaired, "left": left}))?;
    } else {
        for defect in &report.repaired {
            writeln!(output, "repaired  {}", line(defect))?;
        }
        write_defects(output, &report.left)?;
        writeln!(output, "Repaired: {}. Left: {}.", report.repaired.len(), report.left.len())?;
    }
    if report.left.is_empty() {
        return Ok(());
    }
    let dropped = report.left.iter().any(|defect| defect.remedy_kind() == RemedyKind::Drop);
    let advice = if dropped { "; --drop-incomplete gives up what is marked `drop`" } else { "" };
    let verb = if report.left.len() == 1 { "is" } else { "are" };
    Err(Failure::Table(format!("{} {verb} left{advice}", counted(report.left.len()))))
}

fn counted(defects: usize) -> String {
    if defects == 1 { "1 defect".to_owned() } else { format!("{defects} defects") }
}

fn write_defects(output: &mut impl Write, defects: &[Defect]) -> Result<(), Failure> {
    for defect in defects {
        writeln!(output, "{:<8}  {}", defect.remedy_kind().name(), line(defect))?;
    }
    Ok(())
}

/// Returns the line of a defect: relation, key, what is wrong, what to do.
fn line(defect: &Defect) -> String {
    let (pk, sk) = (defect.partition_key(), defect.sort_key());
    format!("{}  {pk} {sk}: {}. Repair: {}", defect.relation.rule().name, defect.detail, defect.remedy)
}

fn summary(report: &CheckReport) -> String {
    let CheckReport { items, organizations, users, snapshots, foreign, settled, .. } = report;
    let mut text = format!("{items} items: {organizations} organizations, {users} users, {snapshots} snapshots.");
    if *foreign > 0 {
        text.push_str(&format!(" {foreign} items of other systems were not judged."));
    }
    if *settled > 0 {
        text.push_str(&format!(" {settled} suspicions were gone at the second look."));
    }
    let count = |kind| report.defects.iter().filter(|defect| defect.remedy_kind() == kind).count();
    let [mend, dropped, person] = [RemedyKind::Mend, RemedyKind::Drop, RemedyKind::Person].map(count);
    let defects = report.defects.len();
    text.push_str(&match defects {
        0 => " Clean.".to_owned(),
        _ => format!(" {}: {mend} to mend, {dropped} to drop, {person} for a person.", counted(defects)),
    });
    text
}

fn documents(defects: &[Defect]) -> Value {
    let document = |defect: &Defect| {
        json!({
            "relation": defect.relation.rule().name,
            "key": {"PK": defect.partition_key(), "SK": defect.sort_key()},
            "partner": defect.relation.rule().partner,
            "detail": defect.detail,
            "kind": defect.remedy_kind().name(),
            "remedy": defect.remedy,
        })
    };
    defects.iter().map(document).collect()
}

fn check_document(report: &CheckReport) -> Value {
    let CheckReport { items, organizations, users, snapshots, foreign, settled, busy, defects, .. } = report;
    json!({
        "items": items, "organizations": organizations, "users": users, "snapshots": snapshots, "foreign": foreign,
        "settled": settled, "busy": busy, "defects": documents(defects),
    })
}
