//! The private key, fetched once, when the function starts.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use secrecy::SecretString;
use shared::config::{SigningKeySource, sdk_config};

/// Why there is no private key. Says what to mend; never a part of the key.
#[derive(Debug, thiserror::Error)]
#[error("the secret {id} gives no signing key: {cause}")]
pub struct NoSigningKey {
    id: String,
    cause: String,
}

/// The private JWK from where `source` says. Without it the function cannot work, so its start fails.
pub async fn load(source: SigningKeySource) -> Result<SecretString, NoSigningKey> {
    match source {
        SigningKeySource::Given(jwk) => Ok(jwk),
        SigningKeySource::Secret { id } => fetch(&Client::new(&sdk_config(None).await), id).await,
    }
}

async fn fetch(client: &Client, id: String) -> Result<SecretString, NoSigningKey> {
    let answer = client.get_secret_value().secret_id(&id).send().await;
    let secret = match answer {
        Ok(secret) => secret,
        Err(error) => return Err(NoSigningKey { cause: DisplayErrorContext(error).to_string(), id }),
    };
    let jwk = secret.secret_string.map(SecretString::from);
    jwk.ok_or_else(|| NoSigningKey { cause: "it is binary; store the JWK as text".to_owned(), id })
}
