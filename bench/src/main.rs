//! Measures the functions beside rivals. `bench/run` builds everything and starts this.

mod arm;
mod condition;
mod figures;
mod fixture;
mod large;
mod measurement;
mod results;
mod tls;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use arm::{Arm, Operation, Programs};
use condition::Condition;
use figures::Figures;
use fixture::Fixture;
use large::LargeCalls;
use measurement::Subject;
use results::Results;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The lines of the document between which the tables stand.
const BEGIN: &str = "<!-- bench/run writes what follows -->\n";
const END: &str = "<!-- until here -->\n";

/// Measures the functions beside rivals.
#[derive(Parser)]
#[command(args_override_self = true)]
struct Arguments {
    /// The folder of the functions' binaries
    #[arg(long)]
    functions: PathBuf,
    /// The folder with rivals, packages and certificates, as bench/run makes it
    #[arg(long)]
    built: PathBuf,
    /// How many processes of each arm are measured
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// How many calls each process gets after its first
    #[arg(long, default_value_t = 20)]
    calls: usize,
    /// Measures at full speed only
    #[arg(long)]
    short: bool,
    /// The document whose tables are written
    #[arg(long)]
    write: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode, AnyError> {
    let arguments = Arguments::parse();
    let results = measure(&arguments).await?;
    let tables = results.tables();
    println!("{tables}");
    if let Some(document) = &arguments.write {
        let text = std::fs::read_to_string(document)?;
        std::fs::write(document, with_tables(&text, &tables)?)?;
    }
    let violations = results.violations();
    for violation in &violations {
        eprintln!("{violation}");
    }
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(arguments: &Arguments) -> Result<Results, AnyError> {
    let programs = Programs { functions: arguments.functions.clone(), built: arguments.built.clone() };
    let certificates = arguments.built.join("certificate");
    let fixture = Fixture::start(&certificates, &[]).await?;
    let mut results = Results::default();
    let subjects = subjects(&fixture, &programs, &mut results).await?;
    let conditions = if arguments.short { &Condition::ALL[..1] } else { &Condition::ALL[..] };
    for condition in conditions {
        let surroundings = match condition.enter() {
            Ok(surroundings) => surroundings,
            Err(reason) => {
                results.skipped.push((*condition, reason));
                continue;
            }
        };
        // A throttled call takes long, so it is made less often.
        let is_throttled = matches!(condition, Condition::Memory(_));
        let (rounds, calls) =
            if is_throttled { (arguments.rounds.div_ceil(3), 5) } else { (arguments.rounds, arguments.calls) };
        let mut measurements = BTreeMap::<_, Vec<_>>::new();
        for round in 1..=rounds {
            eprintln!("{condition}: round {round} of {rounds}");
            // One after the other, so that a busy moment of the machine hits all arms.
            for subject in &subjects {
                let measurement = subject.measure(&surroundings, calls).await?;
                measurements.entry((*condition, subject.operation, subject.arm)).or_default().push(measurement);
            }
        }
        let figures = measurements.into_iter().filter_map(|(key, all)| Some((key, Figures::of(&all)?)));
        results.figures.extend(figures);
    }
    if !arguments.short {
        let fixture = Fixture::start(&certificates, &large::stages()).await?;
        results.large = LargeCalls::new(&fixture, &programs).measure().await?;
    }
    Ok(results)
}

/// Counts what each arm does, and returns what is to be measured. Each arm applies a snapshot that it made itself.
async fn subjects<'f>(
    fixture: &'f Fixture,
    programs: &'f Programs,
    results: &mut Results,
) -> Result<Vec<Subject<'f>>, AnyError> {
    let mut subjects = Vec::new();
    for arm in programs.arms() {
        let subject = |operation, snapshot| Subject { fixture, programs, arm, operation, snapshot };
        let create = subject(Operation::Create, String::new());
        fixture.shorten_long_prompt(true).await?;
        let created = create.answer().await?;
        fixture.shorten_long_prompt(false).await?;
        let snapshot = created["snapshot"]["_id"].as_str().ok_or("a created snapshot has no id")?.to_owned();
        for subject in [create, subject(Operation::Apply, snapshot), subject(Operation::Login, String::new())] {
            let key = (subject.operation, subject.arm);
            results.consumption.insert(key, subject.count().await?);
            results.packages.extend(programs.package_bytes(arm, subject.operation).map(|bytes| (key, bytes)));
            subjects.push(subject);
        }
    }
    subjects.sort_by_key(|subject: &Subject<'_>| (subject.operation, subject.arm));
    if !subjects.iter().any(|subject| subject.arm == Arm::Node) {
        eprintln!("There is no Node.js rival, so no ratio to it is measured.");
    }
    Ok(subjects)
}

/// Returns the document with these tables.
fn with_tables(document: &str, tables: &str) -> Result<String, &'static str> {
    let (before, rest) = document.split_once(BEGIN).ok_or("the document has no place for the tables")?;
    let (_, after) = rest.split_once(END).ok_or("the document has no end of the tables")?;
    Ok(format!("{before}{BEGIN}\n{tables}{END}{after}"))
}

#[cfg(test)]
mod document_tests {
    use super::*;

    #[test]
    fn the_tables_replace_what_stood_between_the_marks() {
        let document = format!("# Title\n\n{BEGIN}\nold\n{END}\nafter\n");
        let written = with_tables(&document, "new\n\n").unwrap();
        assert_eq!(written, format!("# Title\n\n{BEGIN}\nnew\n\n{END}\nafter\n"));
        assert_eq!(with_tables(&written, "new\n\n").as_deref(), Ok(written.as_str()));
        assert!(with_tables("no marks", "new").is_err());
    }
}
