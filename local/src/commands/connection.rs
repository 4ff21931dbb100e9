//! The connection to a table on AWS or at another endpoint.

use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use shared::config::{Environment, client_for_endpoint, operator_settings};
use shared::store::Table;

use super::Failure;

/// The status of a refusal by `local`'s own endpoint. AWS's refusals are 400.
const FORBIDDEN: u16 = 403;

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
}
