//! The person's own command line, where its accounts are in the memory of the process that serves: it asks on a Unix
//! socket of its own, so that a program that is given the other socket gets no command line with it.

use std::pin::Pin;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode};
use hyper::body::Incoming;

use crate::answer::{self, Answer, Refusal};
use crate::{Inner, Reason, body};

/// Where it asks. `GET` says whether anybody answers here.
pub const PATH: &str = "/connect/command";

/// Carries out what the command line is asked to do.
pub trait Commands: Send + Sync + 'static {
    /// Answers one command. Both are JSON, and mean what the two ends make of them.
    fn answer(&self, command: Bytes) -> Pin<Box<dyn Future<Output = Bytes> + Send + '_>>;
}

/// Why no command is carried out.
pub(crate) fn not_here() -> Refusal {
    Refusal::new(Reason::NotListed, "Call Monei's own paths, below /api/v1.")
}

pub(crate) async fn answer(inner: &Inner, parts: &Parts, body: Incoming) -> Result<Answer, Refusal> {
    let commands = inner.commands.as_ref().filter(|_| parts.uri.path() == PATH).ok_or_else(not_here)?;
    match parts.method {
        Method::GET => Ok(answer::of(StatusCode::OK, Bytes::from_static(b"{}"))),
        Method::POST => {
            let command = body::read(body).await?;
            Ok(answer::of(StatusCode::OK, commands.answer(command).await))
        }
        _ => Err(not_here()),
    }
}
