//! `org` and `pipeline`: add one organization, and one pipeline to it.

use std::io::Write;

use clap::{Args, Subcommand};
use shared::domain::{
    NewPipeline, NewStage, ObjectId, Organization, OrganizationName, PipelineName, PipelineType, StageName, Violation,
};
use shared::store::{OrganizationWriter, Organizations, Table};

use super::Failure;
use super::target_table::TargetTable;
use crate::workspace::made_id::{id_within, organization_id};

pub(crate) const ORGANIZATION_EXAMPLES: &str = "\
Examples:
  ACME=$(cargo run -- org add --table my-table --name Acme)
  cargo run -- org add --db crm.db --name Acme --id 64ee9a8b1e7f2a0011223344

Standard output has the organization's id, alone. Without --id it is made of the name, as `load` makes it of a workspace without ids.
Repeated, the command changes nothing and prints the same id.";

pub(crate) const PIPELINE_EXAMPLES: &str = "\
Example:
  cargo run -- pipeline add --table my-table --organization 64ee9a8b1e7f2a0011223344 \\
      --name 'Sales Funnel' --stage 'New Lead' --stage Contacted --stage 'Closed Won'

Standard output has the pipeline's id, alone. Without --id it is made of the organization and the name, as `load` makes it. Repeated, the
command changes nothing and prints the same id. `load --update` changes the stages of a pipeline that is there.";

#[derive(Debug, Args)]
pub(crate) struct OrganizationCommands {
    #[command(subcommand)]
    command: OrganizationCommand,
}

#[derive(Debug, Subcommand)]
enum OrganizationCommand {
    /// Add an organization without users, and print its id.
    #[command(after_help = ORGANIZATION_EXAMPLES)]
    Add(AddOrganization),
}

#[derive(Debug, Args)]
struct AddOrganization {
    #[command(flatten)]
    target: TargetTable,
    /// The display name.
    #[arg(long, value_name = "NAME", value_parser = parse::<OrganizationName>)]
    name: OrganizationName,
    /// The id, if it is not to be made of the name.
    #[arg(long, value_name = "ID")]
    id: Option<ObjectId>,
}

#[derive(Debug, Args)]
pub(crate) struct PipelineCommands {
    #[command(subcommand)]
    command: PipelineCommand,
}

#[derive(Debug, Subcommand)]
enum PipelineCommand {
    /// Add a pipeline to an organization, and print its id.
    #[command(after_help = PIPELINE_EXAMPLES)]
    Add(AddPipeline),
}

#[derive(Debug, Args)]
struct AddPipeline {
    #[command(flatten)]
    target: TargetTable,
    /// The organization.
    #[arg(long, value_name = "ID")]
    organization: ObjectId,
    /// The display name.
    #[arg(long, value_name = "NAME", value_parser = parse::<PipelineName>)]
    name: PipelineName,
    /// What moves through it: Contact or Application.
    #[arg(long = "type", value_name = "TYPE", default_value = "Contact", value_parser = parse_type)]
    kind: PipelineType,
    /// A stage. Repeat it for each, in order.
    #[arg(long = "stage", value_name = "NAME", value_parser = parse::<StageName>)]
    stages: Vec<StageName>,
    /// The id, if it is not to be made of the organization and the name.
    #[arg(long, value_name = "ID")]
    id: Option<ObjectId>,
}

/// Reads an option under the rules for requests.
pub(super) fn parse<T: TryFrom<String, Error = Violation>>(text: &str) -> Result<T, String> {
    T::try_from(text.to_owned()).map_err(|violation| violation.detail)
}

fn parse_type(text: &str) -> Result<PipelineType, String> {
    text.parse().map_err(|violation: Violation| violation.detail)
}

/// Runs a command of the group `org`.
pub(crate) async fn run(options: &OrganizationCommands) -> Result<(), Failure> {
    let OrganizationCommand::Add(AddOrganization { target, name, id }) = &options.command;
    let id = id.unwrap_or_else(|| organization_id(name.as_str()));
    let open = target.open().await?;
    let added = add_organization(open.table(), id, name).await;
    open.close().await?;
    added?;
    print(id)
}

/// Runs a command of the group `pipeline`.
pub(crate) async fn run_pipeline(options: &PipelineCommands) -> Result<(), Failure> {
    let PipelineCommand::Add(options) = &options.command;
    let open = options.target.open().await?;
    let added = add_pipeline(open.table(), options).await;
    open.close().await?;
    print(added?)
}

/// Prints an id for a shell variable.
fn print(id: ObjectId) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{id}")?)
}

/// Adds an organization, unless it is there under this name.
pub(super) async fn add_organization(table: &Table, id: ObjectId, name: &OrganizationName) -> Result<(), Failure> {
    let organization = Organization {
        id,
        name: name.to_string(),
        pipelines: Vec::new(),
        agents: Vec::new(),
        trusted_destinations: Vec::new(),
        left_out: Vec::new(),
    };
    if OrganizationWriter::new(table).create(&organization).await? {
        eprintln!("Added organization {name} ({id}).");
        return Ok(());
    }
    let there = Organizations::new(table).load(&id).await?.map(|there| there.name).unwrap_or_default();
    if there != organization.name {
        return Err(Failure::Refused(format!("organization {id} has the name \"{there}\"; nothing is written")));
    }
    eprintln!("Organization {name} ({id}) is there already; nothing is written.");
    Ok(())
}

async fn add_pipeline(table: &Table, options: &AddPipeline) -> Result<ObjectId, Failure> {
    let AddPipeline { organization, name, kind, stages, id, .. } = options;
    let id = id.unwrap_or_else(|| id_within(*organization, "pipeline", name.as_str()));
    let stages = stages.iter().map(|name| NewStage { name: name.clone(), color: None }).collect();
    let pipeline =
        NewPipeline::new(name.clone(), *kind, stages).map_err(|violation| Failure::Refused(violation.detail))?;
    let Some(stored) = Organizations::new(table).load(organization).await? else {
        return Err(Failure::Refused(format!("there is no organization {organization}; `org add` makes one")));
    };
    let wanted = Organization { pipelines: vec![pipeline.with_id(id, None)], agents: Vec::new(), ..stored };
    let organizations = OrganizationWriter::new(table);
    let differences = organizations.compare(&wanted, false).await?.unwrap_or_default();
    if !differences.absent().is_empty() {
        organizations.add(&differences).await?;
        eprintln!("Added pipeline {name} ({id}) to organization {} ({organization}).", wanted.name);
    } else if differences.differing().contains(&format!("pipeline {id}")) {
        let words = format!("pipeline {id} is there with other values; `load --update` changes it. Nothing is written");
        return Err(Failure::Refused(words));
    } else {
        eprintln!("Pipeline {name} ({id}) is there already; nothing is written.");
    }
    Ok(id)
}
