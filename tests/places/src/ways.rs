//! What may answer in place of the backend, on loopback: proxies that note what they are asked for and let nothing through, a sign-in page,
//! and a service that poses as Monei.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use e2e::until;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The address of a backend that only such a way leads to.
pub const FAR_BACKEND: &str = "https://connect.test";

/// What answers there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An HTTP proxy that leads nowhere.
    HttpProxy,
    /// An HTTP proxy that wants a password.
    HttpProxyWithPassword,
    /// A SOCKS5 proxy that leads nowhere.
    Socks5,
    /// A page that asks for a sign-in, whatever was asked for.
    Portal,
    /// A program of this computer that calls itself by Monei's name.
    PosesAsMonei,
}

/// One way. It ends with this value's runtime.
pub struct Way {
    /// Where it listens.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Way {
    /// Begins to listen.
    pub async fn open(kind: Kind) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let way = Self { address: listener.local_addr()?, asked: Arc::default() };
        let asked = Arc::clone(&way.asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let asked = Arc::clone(&asked);
                tokio::spawn(async move {
                    let line = match answer(kind, stream).await {
                        Ok(line) => line,
                        Err(error) => format!("cut off: {error}"),
                    };
                    asked.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                });
            }
        });
        Ok(way)
    }

    /// Waits until something was asked that holds `text`.
    pub async fn was_asked(&self, text: &str) -> Result<()> {
        until(&format!("{text:?} to be asked of the way"), async || {
            let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
            anyhow::ensure!(asked.iter().any(|line| line.contains(text)), "it was asked {asked:?}");
            Ok(Some(()))
        })
        .await
    }
}

async fn answer(kind: Kind, mut stream: TcpStream) -> Result<String> {
    if kind == Kind::Socks5 {
        // RFC 1928: greeting (version, count of methods, methods), then request (version, command, 0, kind, length of name, name, port).
        let mut greeting = [0; 2];
        stream.read_exact(&mut greeting).await?;
        let mut methods = vec![0; usize::from(greeting[1])];
        stream.read_exact(&mut methods).await?;
        stream.write_all(&[5, 0]).await?;
        let mut request = [0; 5];
        stream.read_exact(&mut request).await?;
        let mut name = vec![0; usize::from(request[4])];
        stream.read_exact(&mut name).await?;
        // Host unreachable.
        stream.write_all(&[5, 4, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        return Ok(format!("version {} command {} {}", greeting[0], request[1], String::from_utf8_lossy(&name)));
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        head.push(stream.read_u8().await?);
    }
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    let body = "<!doctype html><title>Sign in</title><h1>Welcome to this hotel</h1>";
    let posing = r#"{"api_version":1,"environment":"production","operator":{"name":"Monei","url":"https://monei.cc"},"scopes":["profile:read","wallet:read"]}"#;
    let answer = match kind {
        Kind::HttpProxy => "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
        Kind::HttpProxyWithPassword => "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"office\"\r\n\
                                        content-length: 0\r\nconnection: close\r\n\r\n"
            .to_owned(),
        Kind::PosesAsMonei => format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{posing}",
            posing.len()
        ),
        _ => format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()),
    };
    stream.write_all(answer.as_bytes()).await?;
    Ok(line)
}
