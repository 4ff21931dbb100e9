//! Keeps web pages and strangers out of the endpoints of this machine. Any web page in a browser can reach the loopback address.
//! So the `Host` of a request must name this machine. A request in one of AWS's protocols must also have no `Origin`, and the
//! access key that was created at the start.

use std::net::{IpAddr, SocketAddr};

use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use secrecy::{ExposeSecret, SecretString};
use shared::ids::{Randomness, SystemRandomness};

/// The variables with the user's own credentials.
const OWN_CREDENTIALS: [&str; 2] = ["LOCAL_ACCESS_KEY_ID", "LOCAL_SECRET_ACCESS_KEY"];
/// The longest AWS access key id.
const MAX_ACCESS_KEY_ID: usize = 128;
/// The region for which programs sign their calls.
const REGION: &str = "local";

/// Decides which requests are answered. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Guard {
    bound: IpAddr,
    names: std::sync::Arc<[String]>,
    credentials: Credentials,
}

/// The access key that programs sign with. The id is random and is compared. The secret exists because programs cannot sign
/// without one.
#[derive(Debug, Clone)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: SecretString,
}

/// Why a request is refused. Each message says what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuardRefusal {
    /// It has no `Host`, or one that does not name this machine.
    #[error(
        "The Host header does not name this machine. Use its address or localhost, or start with --allow-host NAME."
    )]
    ForeignHost,
    /// It has an `Origin`.
    #[error("This endpoint answers programs, not web pages: the request has an Origin header.")]
    WebPage,
    /// It has no access key in its `Authorization`.
    #[error(
        "The request is not signed. Set the credentials that this service printed at its start: AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY."
    )]
    Unsigned,
    /// It has another access key.
    #[error(
        "The access key is not the one that this service printed at its start; it makes a new one at each start. Set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY anew."
    )]
    OtherAccessKey,
}

impl GuardRefusal {
    /// AWS's name for it.
    pub fn error_type(self) -> &'static str {
        match self {
            Self::ForeignHost | Self::WebPage => "AccessDeniedException",
            Self::Unsigned => "MissingAuthenticationTokenException",
            Self::OtherAccessKey => "UnrecognizedClientException",
        }
    }
}

/// The user's own credentials are malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "LOCAL_ACCESS_KEY_ID and LOCAL_SECRET_ACCESS_KEY: set both or neither; the id is 1 to 128 letters, digits, - and _, the \
     secret is not empty"
)]
pub struct BadCredentials;

impl Guard {
    /// Admits requests to the address that the service listens on, and to `names`.
    pub fn new(bound: SocketAddr, names: &[String], credentials: Credentials) -> Self {
        Self { bound: bound.ip(), names: names.into(), credentials }
    }

    /// The credentials that programs sign with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Fails if the request was not meant for this machine. A page whose name resolves to the loopback address sends its own
    /// name.
    pub fn admit(&self, parts: &Parts) -> Result<(), GuardRefusal> {
        let hosts = parts.headers.get_all(HOST).iter().map(|host| Authority::try_from(host.as_bytes()).ok());
        let hosts: Vec<_> = hosts.chain(parts.uri.authority().map(|authority| Some(authority.clone()))).collect();
        let is_ours = |host: &Option<Authority>| host.as_ref().is_some_and(|host| self.is_ours(host));
        if !hosts.is_empty() && hosts.iter().all(is_ours) { Ok(()) } else { Err(GuardRefusal::ForeignHost) }
    }

    /// Fails if the request was not meant for this machine, or does not come from a program with the access key.
    pub fn admit_program(&self, parts: &Parts) -> Result<(), GuardRefusal> {
        self.admit(parts)?;
        if parts.headers.contains_key(ORIGIN) {
            return Err(GuardRefusal::WebPage);
        }
        let authorization = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match authorization.and_then(access_key_id) {
            None => Err(GuardRefusal::Unsigned),
            Some(id) if id == self.credentials.access_key_id => Ok(()),
            Some(_) => Err(GuardRefusal::OtherAccessKey),
        }
    }

    fn is_ours(&self, host: &Authority) -> bool {
        if host.as_str().contains('@') {
            return false;
        }
        let name = host.host();
        match name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            // A service on every address has all of them. A page cannot make an address its name.
            Ok(ip) => ip.is_loopback() || self.bound.is_unspecified() || ip == self.bound.to_canonical(),
            Err(_) => {
                let is = |known: &str| name.eq_ignore_ascii_case(known);
                is("localhost") || self.names.iter().any(|known| is(known))
            }
        }
    }
}

impl Credentials {
    /// Returns those of `LOCAL_ACCESS_KEY_ID` and `LOCAL_SECRET_ACCESS_KEY`, or new ones.
    pub fn from_env_or_new() -> Result<Self, BadCredentials> {
        let [id, secret] = OWN_CREDENTIALS.map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        Ok(Self::chosen(id, secret)?.unwrap_or_else(Self::generate))
    }

    fn chosen(id: Option<String>, secret: Option<String>) -> Result<Option<Self>, BadCredentials> {
        let is_id = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        match (id, secret) {
            (None, None) => Ok(None),
            (Some(id), Some(secret)) if id.len() <= MAX_ACCESS_KEY_ID && is_id(&id) => {
                Ok(Some(Self { access_key_id: id, secret_access_key: secret.into() }))
            }
            _ => Err(BadCredentials),
        }
    }

    /// Creates credentials of 128 and 256 random bits. Never from a test's randomness, because they are secrets, not ids.
    pub fn generate() -> Self {
        let (mut id, mut secret) = ([0; 16], [0; 32]);
        SystemRandomness.fill(&mut id);
        SystemRandomness.fill(&mut secret);
        Self { access_key_id: hex(&id).to_ascii_uppercase(), secret_access_key: hex(&secret).into() }
    }

    /// The access key id.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret, for programs that sign.
    pub fn secret_access_key(&self) -> &str {
        self.secret_access_key.expose_secret()
    }

    /// Returns them for a client of the SDK.
    pub(crate) fn for_sdk(&self) -> aws_sdk_dynamodb::config::Credentials {
        let (id, secret) = (self.access_key_id(), self.secret_access_key());
        aws_sdk_dynamodb::config::Credentials::new(id, secret, None, None, "the embedded database")
    }

    /// Returns a line for a shell. After it, the AWS CLI, the SDKs and this binary's own commands sign with these credentials.
    pub fn export_line(&self) -> String {
        let Self { access_key_id, .. } = self;
        let secret = self.secret_access_key();
        format!(
            "export AWS_ACCESS_KEY_ID={access_key_id} AWS_SECRET_ACCESS_KEY={} AWS_DEFAULT_REGION={REGION} AWS_REGION={REGION}",
            shell_quoted(secret)
        )
    }
}

/// Quotes a secret for a shell. A secret that the user chose may hold any character.
fn shell_quoted(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the access key id in the `Authorization` of a signed request: `AWS4-HMAC-SHA256 Credential=<id>/<date>/…, SignedHeaders=…`.
fn access_key_id(authorization: &str) -> Option<&str> {
    let (scheme, parameters) = authorization.split_once(' ')?;
    if !scheme.starts_with("AWS4-") {
        return None;
    }
    let credential = parameters.split(',').find_map(|parameter| parameter.trim().strip_prefix("Credential="))?;
    credential.split_once('/').map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn guard(bound: &str, names: &[&str]) -> Guard {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let credentials = Credentials { access_key_id: "OURS".to_owned(), secret_access_key: "s".into() };
        Guard::new(bound.parse().unwrap(), &names, credentials)
    }

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::post(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_host_is_this_machine_or_is_refused() {
        let loopback = guard("127.0.0.1:3000", &["table", "host.docker.internal"]);
        let every = guard("0.0.0.0:8000", &[]);
        let one = guard("192.0.2.7:8000", &[]);
        for (host, of_loopback, of_every, of_one) in [
            ("127.0.0.1:3000", true, true, true),
            ("127.0.0.1", true, true, true),
            ("127.9.9.9:1", true, true, true),
            ("localhost:3000", true, true, true),
            ("LocalHost", true, true, true),
            ("[::1]:3000", true, true, true),
            ("[::ffff:127.0.0.1]:3000", true, true, true),
            ("table:8000", true, false, false),
            ("HOST.docker.internal", true, false, false),
            ("192.0.2.7:8000", false, true, true),
            ("192.0.2.8:8000", false, true, false),
            ("evil.example", false, false, false),
            ("evil.example:3000", false, false, false),
            ("localhost.evil.example", false, false, false),
            ("127.0.0.1.evil.example", false, false, false),
            ("evil.example@127.0.0.1", false, false, false),
            ("2130706433", false, false, false),
            ("0x7f.1", false, false, false),
            ("", false, false, false),
            ("a b", false, false, false),
        ] {
            for (guard, expected) in [(&loopback, of_loopback), (&every, of_every), (&one, of_one)] {
                let admitted = guard.admit(&parts("/", &[("host", host)])).is_ok();
                assert_eq!(admitted, expected, "{host:?} at {}", guard.bound);
            }
        }
    }

    #[test]
    fn every_name_of_a_request_must_be_this_machine() {
        let guard = guard("127.0.0.1:3000", &[]);
        let local = ("host", "localhost");
        assert_eq!(guard.admit(&parts("/", &[])), Err(GuardRefusal::ForeignHost));
        assert_eq!(guard.admit(&parts("/", &[local, ("host", "evil.example")])), Err(GuardRefusal::ForeignHost));
        assert_eq!(guard.admit(&parts("http://evil.example/", &[local])), Err(GuardRefusal::ForeignHost));
        assert_eq!(guard.admit(&parts("http://127.0.0.1:3000/", &[local])), Ok(()));
    }

    #[test]
    fn a_program_has_the_access_key_and_no_origin() {
        let guard = guard("127.0.0.1:3000", &[]);
        let key =
            "AWS4-HMAC-SHA256 Credential=OURS/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0";
        let spaced =
            "AWS4-HMAC-SHA256 SignedHeaders=host,Credential=OURS/20260101/local/lambda/aws4_request,Signature=0";
        let (other, lower) = (key.replace("OURS", "THEIRS"), key.replace("OURS", "ours"));
        let (more, cut) = (key.replace("OURS", "OURS0"), "AWS4-HMAC-SHA256 Credential=OURS");
        let signed = |authorization: &str, more: &[(&str, &str)]| {
            let host = [("host", "localhost"), ("authorization", authorization)];
            guard.admit_program(&parts("/", &[&host[..], more].concat()))
        };
        assert_eq!((signed(key, &[]), signed(spaced, &[])), (Ok(()), Ok(())));
        for origin in ["https://evil.example", "null", "http://127.0.0.1:3000", ""] {
            assert_eq!(signed(key, &[("origin", origin)]), Err(GuardRefusal::WebPage), "{origin:?}");
        }
        for authorization in [&other, &lower, &more] {
            assert_eq!(signed(authorization, &[]), Err(GuardRefusal::OtherAccessKey), "{authorization}");
        }
        for authorization in [cut, "", "Bearer OURS", "AWS4-HMAC-SHA256 Signature=0", "Basic T1VSUw=="] {
            assert_eq!(signed(authorization, &[]), Err(GuardRefusal::Unsigned), "{authorization}");
        }
        assert_eq!(guard.admit_program(&parts("/", &[("host", "localhost")])), Err(GuardRefusal::Unsigned));
        let presigned = parts("/?X-Amz-Credential=OURS%2F20260101", &[("host", "localhost")]);
        assert_eq!(guard.admit_program(&presigned), Err(GuardRefusal::Unsigned));
    }

    #[test]
    fn credentials_are_new_each_time_and_the_secret_is_not_shown() {
        let (first, second) = (Credentials::generate(), Credentials::generate());
        assert_ne!(first.access_key_id(), second.access_key_id());
        assert_eq!((first.access_key_id().len(), first.secret_access_key().len()), (32, 64));
        assert!(!format!("{first:?}").contains(first.secret_access_key()));
    }

    #[test]
    fn a_person_sets_both_of_their_own_or_neither() {
        let chosen = |id: &str, secret: &str| {
            let present = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Credentials::chosen(present(id), present(secret)).map(|chosen| chosen.map(|it| it.export_line()))
        };
        let long = "k".repeat(MAX_ACCESS_KEY_ID);
        assert_eq!(chosen("", ""), Ok(None));
        let line = chosen("my-key", "it's").unwrap().unwrap();
        assert!(line.starts_with(r"export AWS_ACCESS_KEY_ID=my-key AWS_SECRET_ACCESS_KEY='it'\''s' "), "{line}");
        assert!(chosen(&long, "s").is_ok());
        let longer = format!("{long}k");
        for (id, secret) in [("k", ""), ("", "s"), (longer.as_str(), "s"), ("a/b", "s"), ("a b", "s"), ("ä", "s")] {
            assert_eq!(chosen(id, secret), Err(BadCredentials), "{id} {secret}");
        }
    }
}
