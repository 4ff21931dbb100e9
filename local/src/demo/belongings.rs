//! What a user has, read from the table and put into words.

use std::io::Write;

use serde_json::Value;
use shared::domain::reference::Lookup;
use shared::domain::{ItemKind, ObjectId, Setup, SetupItem};
use shared::store::{CaptureOutcome, Captures, Table};

use super::DemoError;

/// Writes down what Casey has, and returns what is not as it must be.
pub(super) async fn show(
    table: &Table,
    organization: &str,
    user: &str,
    warnings: &Value,
    output: &mut (dyn Write + Send),
) -> Result<Vec<String>, DemoError> {
    let (Ok(organization), Ok(user)) = (organization.parse::<ObjectId>(), user.parse::<ObjectId>()) else {
        return Err(DemoError::Missing("user id"));
    };
    let CaptureOutcome::Taken(casey) = Captures::new(table).read(&organization, &user).await? else {
        return Err(DemoError::Missing("user in the table"));
    };
    let setup = &casey.setup.parse().ok_or(DemoError::Missing("setup that can be read"))?;
    writeln!(output, "What Casey has now, as the table tells\n")?;
    for (number, kind) in ItemKind::ALL.map(|kind| (setup.items(kind).len(), kind)) {
        writeln!(output, "   {number} {kind}s")?;
        for item in by_name(setup.items(kind)) {
            match kind {
                ItemKind::Automation => show_automation(output, setup, item)?,
                ItemKind::Prompt => writeln!(output, "     {}", item.document.name())?,
                ItemKind::Template => {
                    let kind = item.document.text("type").unwrap_or_default();
                    writeln!(output, "     {} ({kind})", item.document.name())?;
                }
            }
        }
        writeln!(output)?;
    }
    show_reasons(output, setup, warnings)?;
    Ok(wrong(setup))
}

/// Why automations are off: the apply's warnings, or the source user's own choice.
fn show_reasons(output: &mut (dyn Write + Send), setup: &Setup, warnings: &Value) -> std::io::Result<()> {
    writeln!(output, "   Why some automations are off\n")?;
    for item in by_name(&setup.automations).into_iter().filter(|item| !is_on(setup, item)) {
        let name = item.document.name();
        let warnings = warnings.as_array().map(Vec::as_slice).unwrap_or_default();
        let details: Vec<_> = warnings
            .iter()
            .filter(|warning| warning["automationName"] == name)
            .filter_map(|warning| warning["detail"].as_str())
            .collect();
        let reason = if details.is_empty() { "Alex has it switched off, too".to_owned() } else { details.join("; ") };
        writeln!(output, "     {name}: {reason}")?;
    }
    writeln!(output)
}

fn show_automation(output: &mut (dyn Write + Send), setup: &Setup, item: &SetupItem) -> std::io::Result<()> {
    let switch = if is_on(setup, item) { "on " } else { "off" };
    writeln!(output, "     {switch}  {}", item.document.name())?;
    for site in Lookup::default().sites(ItemKind::Automation, &item.document) {
        let shown = site.describe(item.id, item.document.name());
        let place = if shown.field == shown.field_location {
            shown.field
        } else {
            format!("{} {}", shown.field_location, shown.field)
        };
        writeln!(output, "            {place}: {} {}", shown.ref_type.noun(), shown.value)?;
    }
    Ok(())
}

fn by_name(items: &[SetupItem]) -> Vec<&SetupItem> {
    let mut sorted: Vec<_> = items.iter().collect();
    sorted.sort_by_key(|item| item.document.name());
    sorted
}

/// An automation that the preferences do not name is on.
fn is_on(setup: &Setup, item: &SetupItem) -> bool {
    setup.preferences.get(&item.id).copied().unwrap_or(true)
}

/// What the contract says of Casey's automations, judged on what is stored.
fn wrong(setup: &Setup) -> Vec<String> {
    const EXPECTED: [(&str, bool); 5] = [
        ("Move to Contacted on first reply", true),
        ("Hand warm leads to the warm-up agent", false),
        ("Nudge after two quiet days", false),
        ("Greet a new lead", true),
        ("Tell billing about a closed deal", false),
    ];
    let mut wrong = Vec::new();
    for (name, expected) in EXPECTED {
        match setup.automations.iter().find(|item| item.document.name() == name) {
            None => wrong.push(format!("Casey has no automation \"{name}\"")),
            Some(item) if is_on(setup, item) != expected => {
                let is = if expected { "off, not on" } else { "on, not off" };
                wrong.push(format!("Casey's automation \"{name}\" is {is}"));
            }
            Some(item) => {
                let stage = item.document.as_value().pointer("/actions/targetStage");
                if stage.is_some_and(|stage| stage != "Reached Out") {
                    wrong.push(format!(
                        "Casey's automation \"{name}\" moves contacts to a stage that Globex does not have"
                    ));
                }
            }
        }
    }
    wrong
}
