//! `load`: writes a workspace into any table.

use std::error::Error;
use std::io::IsTerminal;
use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use shared::clock::{Clock, SystemClock};
use shared::config::{Environment, client_for_endpoint, operator_settings};
use shared::domain::{NewPassword, Password, User};
use shared::ids::SystemRandomness;
use shared::store::Table;

use super::Failure;
use crate::loader::{self, Absent, LoadError, LoadReport, PasswordHashes};
use crate::workspace::Workspace;

/// The variable with the password of all users.
const VARIABLE: &str = "LOAD_PASSWORD";

/// The status of a refusal by `local`'s own endpoint. AWS's refusals are 400.
const FORBIDDEN: u16 = 403;

/// Loads the workspace. If it refuses, it has written nothing.
pub(crate) async fn run(
    table_name: &str,
    file: &Path,
    endpoint: Option<String>,
    only_missing: bool,
) -> Result<(), Failure> {
    let workspace = Workspace::read(file, SystemClock.now())?;
    let table = open_table(endpoint.as_deref(), table_name).await?;
    // Before the user types passwords.
    let existing = loader::existing(&table, &workspace).await?;
    if !existing.is_empty() && !only_missing {
        return Err(LoadError::Exists(existing).into());
    }
    let passwords = passwords(&workspace, std::env::var(VARIABLE).ok().filter(|password| !password.is_empty()))?;
    let hashes = PasswordHashes::make(&passwords, &SystemRandomness).await?;
    if only_missing {
        return report(&loader::load_missing(&table, &workspace, &hashes, Absent::Written).await?);
    }
    loader::load(&table, &workspace, &hashes).await?;
    let (organizations, users) = (workspace.organizations.len(), workspace.members().count());
    println!("Loaded into table {table_name}: organizations {organizations}, users {users}.");
    Ok(())
}

/// Prints what was written. Fails if something is still missing.
fn report(LoadReport { written, found, missing }: &LoadReport) -> Result<(), Failure> {
    println!("Loaded: {}. Existed before: {}.", written.len(), found.len());
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Table(format!("not loaded:\n  {}", missing.join("\n  "))))
}

/// Returns the table of this name at `endpoint`, or at AWS without one. Fails if the table cannot be used.
pub(super) async fn open_table(endpoint: Option<&str>, name: &str) -> Result<Table, Failure> {
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = endpoint.map(str::to_owned).or_else(|| configured_endpoint(&environment));
    let client = connect(endpoint.as_deref(), &environment).await;
    let place = endpoint.as_deref().unwrap_or("AWS");
    match client.describe_table().table_name(name).send().await {
        Ok(_) => Ok(Table::new(client, name)),
        Err(SdkError::ServiceError(error)) if error.err().is_resource_not_found_exception() => {
            Err(Failure::Table(format!("{place} has no table {name}")))
        }
        Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == FORBIDDEN => {
            let reason = error.err().message().unwrap_or("the credentials are refused").to_owned();
            Err(Failure::Table(format!("{place}: {reason}")))
        }
        // A caller without the right to describe the table may still be allowed to write.
        Err(SdkError::ServiceError(_)) => Ok(Table::new(client, name)),
        Err(error) => Err(Failure::Table(format!("no answer from {place}: {}", causes(&error)))),
    }
}

/// Returns the endpoint of DynamoDB that the variables of the AWS CLI and its SDKs name.
fn configured_endpoint(environment: Environment<'_>) -> Option<String> {
    let are_ignored =
        environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    let variables = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"];
    variables.into_iter().find_map(environment).filter(|_| !are_ignored)
}

/// Returns a client for a database on this machine or network (plain HTTP, with the environment's credentials and region, if any), or
/// for AWS.
async fn connect(endpoint: Option<&str>, environment: Environment<'_>) -> Client {
    let Some(endpoint) = endpoint.filter(|endpoint| endpoint.starts_with("http://")) else {
        let mut settings = aws_sdk_dynamodb::config::Builder::from(&operator_settings().await);
        if let Some(endpoint) = endpoint {
            settings.set_endpoint_url(Some(endpoint.to_owned()));
        }
        return Client::from_conf(settings.build());
    };
    let mut settings = client_for_endpoint(endpoint).config().to_builder();
    // Emulators keep a table for each region and account, and tell them by the signature.
    if let Some(region) = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(environment) {
        settings.set_region(Some(Region::new(region)));
    }
    if let (Some(id), Some(secret)) = (environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY")) {
        let credentials = Credentials::new(id, secret, environment("AWS_SESSION_TOKEN"), None, "the environment");
        settings.set_credentials_provider(Some(SharedCredentialsProvider::new(credentials)));
    }
    Client::from_conf(settings.build())
}

/// Returns the messages of an error and its causes.
fn causes(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Returns each user's password. Fails if one is not allowed for its user.
fn passwords(workspace: &Workspace, everybodys: Option<String>) -> Result<Vec<(&User, Password)>, Failure> {
    if everybodys.is_none() && !std::io::stdin().is_terminal() {
        let reason = format!(
            "the users need passwords: set {VARIABLE} to the one of all users, or run this on a terminal to be asked for each"
        );
        return Err(Failure::Password(reason));
    }
    let users = workspace.members().map(|(_, member)| &member.user);
    users.map(|user| Ok((user, password(user, everybodys.as_deref())?))).collect()
}

fn password(user: &User, everybodys: Option<&str>) -> Result<Password, Failure> {
    if let Some(given) = everybodys {
        let refused = |violation| Failure::Password(format!("{VARIABLE}, for {}: {violation}", user.email));
        return Ok(judge(given.to_owned(), user).map_err(refused)?.password().clone());
    }
    loop {
        let typed = rpassword::prompt_password(format!("Password of {}: ", user.email))
            .map_err(|error| Failure::Password(format!("no password for {}: {error}", user.email)))?;
        match judge(typed, user) {
            Ok(password) => return Ok(password.password().clone()),
            Err(violation) => eprintln!("{violation}"),
        }
    }
}

fn judge(text: String, user: &User) -> Result<NewPassword, shared::domain::Violation> {
    NewPassword::parse(Password::new(text), Some(&user.email))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_configured_as_for_the_aws_cli() {
        let configured = |variables: &[(&str, &str)]| {
            let environment =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            configured_endpoint(&environment)
        };
        let [all, own] = [("AWS_ENDPOINT_URL", "http://all:1"), ("AWS_ENDPOINT_URL_DYNAMODB", "http://own:2")];
        assert_eq!(configured(&[]), None);
        assert_eq!(configured(&[all]).as_deref(), Some(all.1));
        assert_eq!(configured(&[all, own]).as_deref(), Some(own.1));
        assert_eq!(configured(&[all, own, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]), None);
    }

    #[tokio::test]
    async fn an_endpoint_on_this_machine_is_asked_in_the_region_of_the_environment() {
        for (variable, expected) in [("AWS_REGION", "eu-west-3"), ("AWS_DEFAULT_REGION", "eu-west-3"), ("X", "local")] {
            let environment = |name: &str| (name == variable).then(|| "eu-west-3".to_owned());
            let client = connect(Some("http://127.0.0.1:1"), &environment).await;
            assert_eq!(client.config().region().unwrap().as_ref(), expected, "{variable}");
        }
    }

    #[test]
    fn a_given_password_must_be_good_for_every_user() {
        let workspace = Workspace::demo().unwrap();
        assert_eq!(
            passwords(&workspace, Some("Demo-Pass-2026!".to_owned())).unwrap().len(),
            workspace.members().count()
        );
        let error = passwords(&workspace, Some("pat@acme.example".to_owned())).unwrap_err().to_string();
        assert_eq!(error, "LOAD_PASSWORD, for pat@acme.example: the password is the e-mail address; choose another");
        let error = passwords(&workspace, Some("short".to_owned())).unwrap_err().to_string();
        assert!(error.contains("5 characters; it needs 8 to 128"), "{error}");
    }
}
