//! `monei-sandbox health`: one request to `/healthz`, for images that have no other program to ask with.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::Body;
use http::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A sandbox answers at once, or isn't well.
const TIME: Duration = Duration::from_secs(2);

/// Whether the sandbox at `address` answers that it is well.
///
/// # Errors
/// Why not.
pub async fn ask(address: SocketAddr) -> anyhow::Result<()> {
    match tokio::time::timeout(TIME, status(address))
        .await
        .with_context(|| format!("{address} didn't answer within {} s", TIME.as_secs()))??
    {
        StatusCode::OK => Ok(()),
        status => bail!("{address} answered {status}"),
    }
}

async fn status(address: SocketAddr) -> anyhow::Result<StatusCode> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("{address}"))?;
    let (mut requests, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/healthz").header(header::HOST, address.to_string()).body(Body::empty())?;
    // The connection does the work of the request, and ends with it.
    tokio::select! {
        answer = requests.send_request(request) => Ok(answer?.status()),
        ended = connection => {
            ended?;
            bail!("{address} closed the connection")
        }
    }
}
