//! The way to whoever serves on a Unix socket.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::HOST;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

/// How long is waited for a connection before somebody counts as serving.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether somebody takes connections at `socket`. A socket that was left over takes none.
pub async fn is_served(socket: &Path) -> bool {
    match tokio::time::timeout(PATIENCE, UnixStream::connect(socket)).await {
        Ok(Err(error)) => !matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound),
        // Also where its queue is full.
        Ok(Ok(_)) | Err(_) => true,
    }
}

/// Connects to whoever serves at `socket`, if that is a process of this user.
///
/// # Errors
/// Nobody does, or [`io::ErrorKind::PermissionDenied`] where another user does.
pub async fn connect(socket: &Path) -> io::Result<UnixStream> {
    connect_to(socket, rustix::process::geteuid().as_raw()).await
}

/// The body of a `GET`, at whoever of this user serves there.
///
/// # Errors
/// As [`connect`], or nothing is answered in time.
pub(crate) async fn get(socket: &Path, path: &str) -> io::Result<Bytes> {
    let asked = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(connect(socket).await?)).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        let request = Request::get(path).header(HOST, "localhost").body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
        let answer = sender.send_request(request).await.map_err(io::Error::other)?;
        Ok(answer.into_body().collect().await.map_err(io::Error::other)?.to_bytes())
    };
    tokio::time::timeout(PATIENCE, asked).await.map_err(|_| io::ErrorKind::TimedOut)?
}

async fn connect_to(socket: &Path, user: u32) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket).await?;
    if stream.peer_cred()?.uid() == user { Ok(stream) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_another_user_serves_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let us = rustix::process::geteuid().as_raw();
        assert!(is_served(&path).await && connect(&path).await.is_ok());
        assert_eq!(connect_to(&path, us + 1).await.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        drop(listener);
        assert!(path.exists() && !is_served(&path).await);
    }
}
