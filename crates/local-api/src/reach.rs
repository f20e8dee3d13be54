//! Whether the port that apps were told is still this program's: whoever else holds it could collect their keys.

use std::io;
use std::net::Ipv4Addr;

use connect_core::Connections;
use connect_core::problem::Problem;
use http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;

use crate::answer::{self, Answer};
use crate::{Inner, Place, Reach, Status};

/// Where a process of this user asks on the Unix socket how the port stands.
pub(crate) const PATH: &str = "/connect/status";

/// How the apps' port stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// None was drawn yet.
    Undrawn,
    /// This program serves it, or nobody holds it.
    Ours(u16),
    /// Another program holds it.
    Taken(u16),
    /// Nobody can tell.
    Unknown(u16),
}

impl Port {
    /// `None` where there is none, or nobody can tell.
    pub const fn is_ours(self) -> Option<bool> {
        match self {
            Self::Ours(_) => Some(true),
            Self::Taken(_) => Some(false),
            Self::Undrawn | Self::Unknown(_) => None,
        }
    }

    /// Of the process that serves.
    pub fn of(status: &Status) -> Self {
        match (status.port, status.tcp) {
            (None, _) => Self::Undrawn,
            (Some(port), Reach::Open) => Self::Ours(port),
            (Some(port), Reach::Taken) => Self::Taken(port),
            (Some(port), Reach::Closed | Reach::Failed) => Self::Unknown(port),
        }
    }
}

/// Whether the port is this program's, for a diagnosis: only where an app is allowed, and `None` where nobody can tell.
pub async fn is_ours(connections: &Connections, place: &Place) -> Option<bool> {
    if connections.living_apps().await.ok()?.is_empty() {
        return None;
    }
    port(connections, place).await.ok()?.is_ours()
}

/// How the port stands, for a process that doesn't serve: whoever does is asked; where nobody does, the port must be free.
///
/// # Errors
/// The index can't be read.
pub async fn port(connections: &Connections, place: &Place) -> Result<Port, Problem> {
    let Some(port) = connections.api_port().await? else { return Ok(Port::Undrawn) };
    match served(place).await {
        Some(Reach::Open) => return Ok(Port::Ours(port)),
        Some(Reach::Taken) => return Ok(Port::Taken(port)),
        // Not served by it, so that whoever listens there is another.
        Some(Reach::Closed | Reach::Failed) => {}
        None if crate::turn::is_taken(&place.locks) => return Ok(Port::Unknown(port)),
        None => {}
    }
    Ok(match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(_) => Port::Ours(port),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Port::Taken(port),
        Err(_) => Port::Unknown(port),
    })
}

/// What the process that serves says of its port; `None` where none is reached.
#[cfg(unix)]
async fn served(place: &Place) -> Option<Reach> {
    let said = crate::client::get(place.socket.as_deref()?, PATH).await.ok()?;
    let said: serde_json::Value = serde_json::from_slice(&said).ok()?;
    [Reach::Closed, Reach::Open, Reach::Taken, Reach::Failed].into_iter().find(|reach| said["tcp"] == word(*reach))
}

#[cfg(not(unix))]
async fn served(_: &Place) -> Option<Reach> {
    None
}

/// The answer of the process that serves.
pub(crate) fn answer(inner: &Inner) -> Answer {
    let status = inner.status.borrow();
    answer::json(StatusCode::OK, &json!({"tcp": word(status.tcp), "port": status.port}))
}

const fn word(reach: Reach) -> &'static str {
    match reach {
        Reach::Closed => "closed",
        Reach::Open => "open",
        Reach::Taken => "taken",
        Reach::Failed => "failed",
    }
}
