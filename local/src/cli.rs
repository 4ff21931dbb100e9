//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use shared::domain::{ItemKind, ObjectId};
use shared::http::CorsOrigins;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::commands::target_table::TargetTable;
use crate::commands::{
    self, Failure, check, describe, edit, erase, load, migrate, organization, serve, table, transfer, user,
    workspace_file,
};
use crate::demo;
use crate::scheduler::Pace;

const EXAMPLES: &str = "\
Examples:
  cargo run                                        serve on 127.0.0.1:3000, in memory, with the demo workspace
  cargo run -- --port 3001 --db crm.db             serve on another port, and keep the data in crm.db
  cargo run -- --workspace my-crm.json             serve your own organizations and users
  cargo run -- --refresh-every 30s                 refresh every scheduled snapshot each half minute
  cargo run -- demo                                do the main job once, and end; --verbose shows every exchange
  cargo run -- dynamodb --listen 127.0.0.1:8000    serve only the table, to anything that speaks DynamoDB
  cargo run -- workspace check my-crm.json         say everything that is wrong with a workspace file
  cargo run -- user add --help                     add the first user of a table, or another one; also invite, disable
  cargo run -- org add --help                      add an organization; pipeline add, a pipeline
  cargo run -- load --help                         write a workspace into a table, also on AWS
  cargo run -- edit --help                         change a user's setup while the service runs
  cargo run -- migrate --help                      rewrite what an earlier version stored in another form
  cargo run -- check --help                        look for items of a table that do not fit together
  cargo run -- export --help                       write one organization into a file; import reads it
  cargo run -- erase --help                        erase a person from a table
  cargo run -- openapi                             print the API's description, for programs

While it serves, http://127.0.0.1:3000/docs describes every route and sends requests.
Set LOG_LEVEL=info to see the log lines of the functions.";

/// The user snapshot service on one machine: the HTTP API, its functions and a DynamoDB-compatible table in one process.
///
/// Without a command it serves until Ctrl-C. It prints the users who can sign in and two curl commands to start with. It answers only
/// this machine. Its DynamoDB and Invoke endpoints refuse web pages, and every program without the credentials that it prints.
#[derive(Debug, Parser)]
#[command(name = "local", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Args)]
struct Serve {
    /// The port of 127.0.0.1 for HTTP; 0 takes any free port.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Let web pages of this origin call the API, such as http://localhost:5173. You can repeat it. A single * allows all
    /// origins.
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    cors_origins: Vec<String>,
    /// Refresh every scheduled snapshot this often, such as 30s, 5m or 2h, instead of when it is due. Each run of the schedule
    /// first makes all of them due, and then moves them on by their own periods. Without this option the schedule runs every
    /// minute, as on AWS, and finds what is due.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    refresh_every: Option<Duration>,
    #[command(flatten)]
    kept: StorageOptions,
    #[command(flatten)]
    reached: HostOptions,
}

/// Reads a whole number of seconds, minutes or hours, at least one.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let unit = |suffix| text.strip_suffix(suffix).map(str::parse::<u64>);
    let seconds = match (unit('s'), unit('m'), unit('h')) {
        (Some(Ok(seconds)), _, _) => Some(seconds),
        (_, Some(Ok(minutes)), _) => minutes.checked_mul(60),
        (_, _, Some(Ok(hours))) => hours.checked_mul(3_600),
        _ => None,
    };
    let some = seconds.filter(|seconds| (1..=31_536_000).contains(seconds)).map(Duration::from_secs);
    some.ok_or_else(|| "write a whole number with its unit, such as 30s, 5m or 2h".to_owned())
}

/// Options for the content of the table: its source and its file.
#[derive(Debug, Args)]
struct StorageOptions {
    /// Keep the table in this SQLite file, and the keys of tokens beside it in PATH.keys.json. Only you can read them. A file
    /// that is not a table of this service is refused. Without this option everything is in memory.
    #[arg(long, value_name = "PATH")]
    db: Option<PathBuf>,
    /// Load this workspace instead of the demo workspace. The form is that of events/demo-workspace.json.
    #[arg(long, value_name = "FILE")]
    workspace: Option<PathBuf>,
}

/// Options for the names that requests may use.
#[derive(Debug, Args)]
struct HostOptions {
    /// Also answer requests to this name, such as host.docker.internal. You can repeat it. The Host of other requests
    /// must be localhost or an address of this service. That keeps out web pages that point their own name at this machine.
    #[arg(long = "allow-host", value_name = "NAME")]
    allowed_hosts: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do the main job over HTTP and show each step. Fails if an answer differs from the contract.
    Demo {
        /// Show every request and answer.
        #[arg(long)]
        verbose: bool,
    },
    /// Serve only the table, loaded with a workspace, over DynamoDB's protocol.
    ///
    /// Prints its address, and a line that exports the credentials of this run. Calls without these credentials are refused, and so
    /// is every web page. Set LOCAL_ACCESS_KEY_ID and LOCAL_SECRET_ACCESS_KEY in the environment to use your own credentials.
    Dynamodb(Dynamodb),
    /// Write a workspace into a table. Without --missing and --update, it writes nothing if the table has any of it.
    #[command(after_help = load::EXAMPLES)]
    Load(load::LoadOptions),
    /// Add an organization.
    Org(organization::OrganizationCommands),
    /// Add a pipeline to an organization.
    Pipeline(organization::PipelineCommands),
    /// Add a user, invite one, or disable one.
    User(user::UserCommands),
    /// Change fields of one automation, prompt or template of a user, as the CRM would.
    #[command(after_help = EDIT_EXAMPLES)]
    Edit(Edit),
    /// Move the password hashes that an earlier version stored in users' profiles to the claims on their addresses. You can
    /// repeat it, and run it while the service works.
    #[command(after_help = MIGRATE_EXAMPLES)]
    Migrate(Migrate),
    /// Look for items whose partner is missing or says something else: a user without its claim, a snapshot without its chunks, and
    /// so on. Fails if there are any.
    #[command(after_help = check::CHECK_EXAMPLES)]
    Check(check::Check),
    /// Mend what `check` finds, as far as that is safe, and name the rest.
    #[command(after_help = check::REPAIR_EXAMPLES)]
    Repair(check::Repair),
    /// Erase a person by e-mail address: the user with everything, counted sign-ins, and address and name in snapshots and records.
    #[command(after_help = erase::EXAMPLES)]
    Erase(erase::Erase),
    /// Write one organization with everything into a file.
    #[command(after_help = transfer::EXPORT_EXAMPLES)]
    Export(transfer::Export),
    /// Write an organization from a file of `export` into a table.
    #[command(after_help = transfer::IMPORT_EXAMPLES)]
    Import(transfer::Import),
    /// Check a workspace file, or print the schema of such files.
    #[command(after_help = workspace_file::EXAMPLES)]
    Workspace(workspace_file::WorkspaceFile),
    /// Print a new key pair for tokens, as JSON on standard output.
    Keys,
    /// Print the API's description, OpenAPI 3.1 as JSON. This is the content of docs/openapi.json.
    #[command(after_help = describe::EXAMPLES)]
    Openapi(describe::Openapi),
}

#[derive(Debug, Args)]
struct Dynamodb {
    /// The address and port to listen on.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// The table's name.
    #[arg(long, default_value = "snapshots", value_name = "NAME")]
    table: String,
    #[command(flatten)]
    kept: StorageOptions,
    #[command(flatten)]
    reached: HostOptions,
}

const MIGRATE_EXAMPLES: &str = "\
Examples:
  cargo run -- migrate --table my-table           on AWS: credentials and region as for the AWS CLI
  cargo run -- migrate --db crm.db                a file of --db that no other program serves

It needs dynamodb:Scan, GetItem and UpdateItem on the table.";

#[derive(Debug, Args)]
struct Migrate {
    #[command(flatten)]
    target: TargetTable,
}

const EDIT_EXAMPLES: &str = "\
Example, with the DynamoDB endpoint that `cargo run` prints, and the credentials that it prints exported:
  cargo run -- edit --endpoint http://127.0.0.1:8000 \\
      --organization 64ee9a8b1e7f2a0011223344 --user 64ee9a8b1e7f2a0011223399 \\
      --item prompt:64eea1110000000000000201 --set temperature=0.7 --set 'description=\"Warmer\"'";

#[derive(Debug, Args)]
struct Edit {
    #[command(flatten)]
    place: TableAddress,
    /// The table's name.
    #[arg(long, default_value = "snapshots", value_name = "NAME")]
    table: String,
    /// The user's organization.
    #[arg(long, value_name = "ID")]
    organization: ObjectId,
    /// The user.
    #[arg(long, value_name = "ID")]
    user: ObjectId,
    /// The item to change: automation:ID, prompt:ID or template:ID.
    #[arg(long, value_name = "KIND:ID", value_parser = edit::parse_item)]
    item: (ItemKind, ObjectId),
    /// A field and its new value as JSON. You can repeat it. A field is a name, or a JSON pointer such as
    /// /actions/targetStage.
    #[arg(long = "set", value_name = "FIELD=JSON", value_parser = edit::parse_set, required = true)]
    set: Vec<edit::Set>,
}

/// Options that name the table: exactly one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct TableAddress {
    /// The endpoint of DynamoDB: the one that `cargo run` or `dynamodb` prints, or one of AWS.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The file of a table made with --db. No other program may serve it at the same time.
    #[arg(long, value_name = "PATH")]
    db: Option<PathBuf>,
}

/// Carries out a command line.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        None => {
            let Serve { port, cors_origins, refresh_every, kept, reached } = cli.serve;
            let cors_origins = CorsOrigins::parse(&cors_origins.join(","))?;
            let pace = refresh_every.map_or(Pace::AsDue, Pace::Every);
            serve::run(port, cors_origins, pace, kept.db, kept.workspace, reached.allowed_hosts).await
        }
        Some(Command::Demo { verbose }) => commands::demo(verbose).await,
        Some(Command::Dynamodb(Dynamodb { listen, table, kept, reached })) => {
            table::run(listen, &table, kept.db, kept.workspace, &reached.allowed_hosts).await
        }
        Some(Command::Load(options)) => load::run(&options).await,
        Some(Command::Org(options)) => organization::run(&options).await,
        Some(Command::Pipeline(options)) => organization::run_pipeline(&options).await,
        Some(Command::User(options)) => user::run(&options).await,
        Some(Command::Edit(Edit { place, table, organization, user, item, set })) => {
            let target = edit::Target { organization, user, item };
            edit::run(place.endpoint, place.db, &table, &target, &set).await
        }
        Some(Command::Migrate(Migrate { target })) => migrate::run(&target).await,
        Some(Command::Check(options)) => check::check(&options).await,
        Some(Command::Repair(options)) => check::repair(&options).await,
        Some(Command::Erase(options)) => erase::run(&options).await,
        Some(Command::Export(options)) => transfer::export(&options).await,
        Some(Command::Import(options)) => transfer::import(&options).await,
        Some(Command::Workspace(options)) => workspace_file::run(&options),
        Some(Command::Keys) => commands::keys(),
        Some(Command::Openapi(openapi)) => describe::run(&openapi),
    }
}

/// Writes the functions' log lines to standard error, at `LOG_LEVEL`, or only warnings, because the access log shows the
/// rest.
pub fn log_to_standard_error() {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::WARN);
    let lines = tracing_subscriber::fmt::layer().without_time().with_writer(std::io::stderr);
    // The database warns of every failed condition, but a failed condition is how the service learns that an address is taken.
    let filter = shared::logging::filter(level).with_target("dynoxide", level.min(LevelFilter::ERROR));
    // Without what names the invocation, which is the same process all the time.
    let is_shown =
        filter_fn(move |metadata| metadata.is_event() && filter.would_enable(metadata.target(), metadata.level()));
    tracing_subscriber::registry().with(lines.with_filter(is_shown)).with(demo::consumed::layer()).init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, String> {
        Cli::try_parse_from(line.split(' ')).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_serves_on_port_3000() {
        let cli = parse("local").unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.serve.port, 3000);
        assert_eq!(parse("local --port 4000 --db a.db").unwrap().serve.port, 4000);
    }

    #[test]
    fn a_duration_is_a_whole_number_with_its_unit() {
        for (text, seconds) in [("1s", 1), ("90s", 90), ("5m", 300), ("2h", 7_200), ("8760h", 31_536_000)] {
            let every = parse(&format!("local --refresh-every {text}")).unwrap().serve.refresh_every;
            assert_eq!(every, Some(Duration::from_secs(seconds)));
        }
        for text in ["0s", "1", "s", "1.5m", "1d", "8761h", "18446744073709551615h", "PT6H"] {
            assert!(parse(&format!("local --refresh-every {text}")).unwrap_err().contains("such as 30s"), "{text}");
        }
        assert_eq!(parse("local").unwrap().serve.refresh_every, None);
    }

    #[test]
    fn an_origin_may_come_several_times() {
        let cli = parse("local --cors-origin https://app.example --cors-origin http://localhost:5173").unwrap();
        assert_eq!(cli.serve.cors_origins, ["https://app.example", "http://localhost:5173"]);
    }

    #[tokio::test]
    async fn a_wrong_origin_is_refused_before_anything_starts() {
        let error = run(parse("local --port 0 --cors-origin https://app.example/").unwrap()).await.unwrap_err();
        assert!(error.to_string().starts_with("--cors-origin: "), "{error}");
    }

    #[test]
    fn serving_options_do_not_go_with_a_command() {
        assert!(parse("local --port 4000 demo").unwrap_err().contains("--port"));
    }

    #[test]
    fn a_migration_names_a_table_or_a_file() {
        let table = |line: &str| match parse(line).unwrap().command {
            Some(Command::Migrate(Migrate { target })) => target.table,
            _ => None,
        };
        assert_eq!(table("local migrate --db a.db").as_deref(), Some("snapshots"));
        assert_eq!(table("local migrate --table t --endpoint http://x").as_deref(), Some("t"));
        assert!(parse("local migrate").unwrap_err().contains("--table"));
        assert!(parse("local migrate --table t --db a.db --endpoint http://x").unwrap_err().contains("--db"));
    }

    #[test]
    fn an_edit_names_one_place_one_item_and_at_least_one_change() {
        let rest = "--organization 64ee9a8b1e7f2a0011223344 --user 64ee9a8b1e7f2a0011223399 \
                    --item prompt:64eea1110000000000000201";
        assert!(parse(&format!("local edit --db a.db {rest} --set a=1 --set /b/c=null")).is_ok());
        for (line, named) in [
            (format!("local edit {rest} --set a=1"), "--endpoint"),
            (format!("local edit --db a.db --endpoint http://x {rest} --set a=1"), "cannot be used with"),
            (format!("local edit --db a.db {rest}"), "--set"),
            (format!("local edit --db a.db {rest} --set a=oops"), "quotes"),
            (
                format!("local edit --db a.db {} --set a=1", rest.replace("prompt:", "agent:")),
                "automation, prompt or template",
            ),
            (format!("local edit --db a.db {} --set a=1", rest.replace("44 --user", "4 --user")), "24 hex digits"),
        ] {
            let error = parse(&line).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}
