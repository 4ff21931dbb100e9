//! TLS in front of the table, so that every arm opens the connection that it would open to DynamoDB.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::AnyError;

/// The certificate of an endpoint of this machine, and its key.
pub(crate) struct Identity(Arc<ServerConfig>);

impl Identity {
    /// Reads `certificate.pem` and `key.pem` of a folder, as `bench/run` makes them.
    pub(crate) fn read(folder: &Path) -> Result<Self, AnyError> {
        let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem"))?;
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem"))?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        Ok(Self(Arc::new(config)))
    }

    /// Serves TLS on a port of this machine and passes the bytes on to `server`. Returns the URL.
    pub(crate) async fn serve(&self, server: SocketAddr) -> std::io::Result<String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("https://{}", listener.local_addr()?);
        let acceptor = TlsAcceptor::from(Arc::clone(&self.0));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A connection that breaks is an arm that was ended.
                tokio::spawn(pass_on(stream, acceptor.clone(), server));
            }
        });
        Ok(url)
    }
}

/// How long the table takes to answer where calls are counted: long enough that calls which a function makes at once overlap.
const DELAY: Duration = Duration::from_millis(10);

/// Passes bytes on to `server`, and its answers back after a while. Returns the URL.
pub(crate) async fn serve_slowly(server: SocketAddr) -> std::io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(pass_on_slowly(stream, server));
        }
    });
    Ok(url)
}

async fn pass_on_slowly(client: TcpStream, server: SocketAddr) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((mut questions, mut back), (mut answers, mut there)) = (client.into_split(), server.into_split());
    let asking = tokio::spawn(async move { tokio::io::copy(&mut questions, &mut there).await });
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = answers.read(&mut bytes).await?;
        if length == 0 {
            asking.abort();
            return Ok(());
        }
        tokio::time::sleep(DELAY).await;
        back.write_all(&bytes[..length]).await?;
    }
}

async fn pass_on(client: TcpStream, acceptor: TlsAcceptor, server: SocketAddr) -> std::io::Result<()> {
    // Without this, small answers wait for each other's acknowledgement.
    client.set_nodelay(true)?;
    let (mut client, mut server) = (acceptor.accept(client).await?, TcpStream::connect(server).await?);
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
