//! A proxy in front of the embedded database for separate processes, with the same faults.

use std::convert::Infallible;
use std::net::SocketAddr;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use axum::body::{Body, to_bytes};
use http::header::{CONNECTION, HOST};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::{Faults, RecordedCalls, Recording};

/// DynamoDB takes requests of at most 16 MB.
const MAX_REQUEST: usize = 16 << 20;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// An HTTP server on the loopback address in front of a database. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    faults: Faults,
    recording: Recording,
    server: JoinHandle<Infallible>,
}

impl Proxy {
    /// Starts in front of the database at this endpoint.
    pub async fn start(database: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of the loopback address");
        let address = listener.local_addr().expect("a listener has an address");
        let (faults, recording) = (Faults::default(), Recording::default());
        let forward = Forward { connector: faults.connector(&recording), database: database.to_owned() };
        let server = tokio::spawn(async move {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, forward.clone()));
                }
            }
        });
        Self { address, faults, recording, server }
    }

    /// Returns its URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the faults on the way to the database.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Returns the calls, those that reached the database and those that did not.
    pub fn recorded(&self) -> RecordedCalls {
        self.recording.recorded()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.recording.clear();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(stream: TcpStream, forward: Forward) {
    // Without this, small answers wait for each other's acknowledgement.
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request| forward.clone().run(request));
    // An error is a connection that a fault broke, or whose process has ended.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

#[derive(Clone)]
struct Forward {
    connector: SharedHttpConnector,
    database: String,
}

impl Forward {
    /// Returns the database's answer; after an error hyper closes the connection without one.
    async fn run(self, request: http::Request<Incoming>) -> Result<http::Response<Body>, AnyError> {
        let (mut parts, body) = request.into_parts();
        let body = to_bytes(Body::new(body), MAX_REQUEST).await?;
        parts.uri = format!("{}{}", self.database, parts.uri.path()).parse()?;
        parts.headers.remove(CONNECTION);
        parts.headers.remove(HOST);
        let request = HttpRequest::try_from(http::Request::from_parts(parts, SdkBody::from(body)))?;
        let answer = self.connector.call(request).await?.try_into_http1x()?;
        // The recording has read the whole body, so it is in memory.
        Ok(answer.map(|body| Body::from(body.bytes().map(<[u8]>::to_vec).unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::SdkError;

    use super::*;
    use crate::TestApp;

    #[tokio::test]
    async fn what_passes_is_answered_and_what_is_lost_breaks_the_connection() {
        let app = TestApp::start().await;
        let proxy = Proxy::start(app.database().endpoint()).await;
        let client = app.database().client_at(&proxy.endpoint());
        assert_eq!(client.list_tables().send().await.unwrap().table_names(), ["snapshots"]);
        let lost = proxy.faults().drop_answer().of("ListTables").always();
        let error = client.list_tables().send().await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
        assert_eq!(lost.count(), 1);
        // The database answered both.
        let statuses = proxy.recorded().calls.iter().map(|call| call.status).collect::<Vec<_>>();
        assert_eq!(statuses, [200; 2]);
    }
}
