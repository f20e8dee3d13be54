//! What an armed fault does to a call, in HTTP.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use hyper::body::Frame;

use crate::model::faults::Kind;
use crate::monei::{api, token, writes};
use crate::shared::Shared;
use crate::web::body;
use crate::web::entry::{Peer, below_api};
use crate::web::nest::{Dropped, NestError, Trace, Why};

/// Size of a huge body: 10 MiB.
const HUGE: usize = 10 * 1024 * 1024;

/// What every call of the API passes: it is counted in the quota, and then an armed fault happens to it. The whole of it has been received by
/// then: whoever hangs up later has sent it all the same.
pub(crate) async fn calls(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let Some(path) = below_api(request.uri().path()).map(str::to_owned) else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let body = body::read(body).await;
    let (fault, party) = {
        let mut world = shared.world();
        let party = api::caller(&world, &parts.headers);
        match (&parts.method, path.as_str()) {
            (&Method::POST, "/connect/token") => {
                world.journal.counters.token_calls += 1;
                let from = parts.extensions.get::<Peer>().map(Peer::to_string).unwrap_or_default();
                if let Err(over) = token::charge(&mut world, &parts.headers, body.as_deref().ok(), &from) {
                    return over.into_response();
                }
            }
            (&Method::POST, "/connect/token/revoke") => world.journal.counters.revokes += 1,
            _ => {}
        }
        let served = serves(Some(parts.method.as_str()), &path);
        let fault = if served { world.take_fault(parts.method.as_str(), &path) } else { None };
        (fault, party)
    };
    let run = async || match body {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(error) => error.into_response(),
    };
    let Some(fault) = fault else { return run().await };
    if let Kind::Delay(delay) = fault.kind {
        tokio::time::sleep(delay).await;
    }
    let mut response = match instead(&fault.kind) {
        Some(mut response) => {
            response.extensions_mut().insert(Trace { party, ..Trace::default() });
            response
        }
        None => afterwards(&fault.kind, run().await),
    };
    response.extensions_mut().insert(Why(format!("An armed fault: {}", fault.describe())));
    response
}

/// Whether Monei has this path below `/api/v1` with this method, or with any, whatever the switches say.
pub(crate) fn serves(method: Option<&str>, path: &str) -> bool {
    let by = |served: &Method| method.is_none_or(|method| method == served.as_str());
    let connect = by(&Method::POST) && matches!(path, "/connect/token" | "/connect/token/revoke");
    let fits = |template: &str| {
        let (mut template, mut path) = (template.split('/'), path.split('/'));
        loop {
            match (template.next(), path.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if wanted == given || (wanted.starts_with('{') && !given.is_empty()) => {}
                _ => return false,
            }
        }
    };
    connect
        || (by(&Method::GET) && api::ROUTES.iter().any(|route| fits(route.path)))
        || (by(&Method::POST) && writes::ROUTES.iter().any(|route| fits(route.path)))
        || api::CLOSED.iter().any(|(other, template)| by(other) && fits(template))
}

/// The answer that comes instead of processing, where there is one.
pub(crate) fn instead(kind: &Kind) -> Option<Response> {
    match kind {
        Kind::Status { status, retry_after } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let error = NestError::new(status, "A fault that was switched on in the sandbox");
            Some(error.with_retry_after(retry_after.clone()).into_response())
        }
        Kind::DropBefore => Some(dropped()),
        Kind::HugeBody => Some(huge()),
        Kind::Redirect(location) => {
            let mut response = StatusCode::FOUND.into_response();
            // Checked when it was ordered.
            if let Ok(location) = HeaderValue::from_str(location) {
                response.headers_mut().insert(header::LOCATION, location);
            }
            Some(response)
        }
        Kind::DropAfter | Kind::Delay(_) | Kind::WrongContentType => None,
    }
}

/// What becomes of the answer after processing.
pub(crate) fn afterwards(kind: &Kind, mut response: Response) -> Response {
    match kind {
        Kind::DropAfter => {
            let trace = response.extensions_mut().remove::<Trace>().unwrap_or_default();
            let mut dropped = dropped();
            dropped.extensions_mut().insert(trace);
            dropped
        }
        Kind::WrongContentType => {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            response
        }
        _ => response,
    }
}

/// An answer whose body fails before its first byte. hyper then closes the connection before it has written the head.
fn dropped() -> Response {
    let mut response = Response::new(Body::new(Broken));
    response.extensions_mut().insert(Dropped);
    response
}

struct Broken;

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::Error::other("dropped on purpose"))))
    }
}

fn huge() -> Response {
    let mut text = Vec::with_capacity(HUGE + 64);
    text.extend_from_slice(br#"{"statusCode":200,"message":"huge","data":""#);
    text.resize(HUGE, b'A');
    text.extend_from_slice(br#""}"#);
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
