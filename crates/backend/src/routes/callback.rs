//! `GET /v1/callback`: Monei's redirect arrives here. The only place where a code enters, and only with its own state and cookie.

use std::time::Duration;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use monei::AuthorizationCode;

use crate::Backend;
use crate::domain::budget::{Call, Kind};
use crate::guard::Network;
use crate::metrics::Counter;
use crate::once::{digest, fingerprint};
use crate::pages;
use crate::problem::{Code, Problem};
use crate::query::{self, Unknown};
use crate::return_target::ReturnTarget;
use crate::store::Claim;
use crate::transaction::{CODE_LIFETIME, HANDOFF_LIFETIME, Handoff, Refusal, Reply, STATE_LIFETIME, State as Sealed, is_code};

/// Longer than a code or a state lives.
const MARK_LIFETIME: Duration = Duration::from_secs(STATE_LIFETIME + 60);
/// Monei gives one code for a state. So many are marked for whoever has the state alone, and as many for whoever has its cookie too: neither keeps
/// the other out, nor fills the store.
const CODES_OF_A_STATE: u8 = 3;

/// The redirect URI registered at Monei, opened by its consent page. Leads back to the app; refusals are pages. Each parameter at most once;
/// others are ignored (RFC 6749 §4.1.2).
#[utoipa::path(
    get,
    path = "/v1/callback",
    operation_id = "callback",
    params(
        ("state" = String, Query, description = "As Monei was given it"),
        ("code" = Option<String>, Query, description = "Monei's code; either this or `error`"),
        ("error" = Option<String>, Query, description = "Why Monei gives none (RFC 6749 §4.1.2.1)"),
        ("iss" = Option<String>, Query, description = "Who answers (RFC 9207); compared where it is there")
    ),
    responses(
        (status = 200, description = "A page that leads to the app's link, with `handoff`: the code or the refusal, sealed", content_type = "text/html"),
        (status = 303, description = "To the app's listener, with `handoff`: the code or the refusal, sealed"),
        (status = "default", response = super::openapi::Page)
    )
)]
pub(super) async fn callback(
    State(backend): State<Backend>,
    Extension(network): Extension<Network>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match receive(&backend, network, query.as_deref(), &headers).await {
        Ok(response) => response,
        Err(problem) => pages::refused(problem),
    }
}

async fn receive(backend: &Backend, Network(network): Network, query: Option<&str>, headers: &HeaderMap) -> Result<Response, Problem> {
    let inner = backend.inner();
    let names = ["state", "code", "error", "iss"];
    let [state_text, code, error, issuer] = query::parse(query, names, Unknown::Ignore).map_err(|_| Code::InvalidRequest)?;
    let state_text = state_text.ok_or(Code::InvalidRequest)?;
    let now = inner.clock.unix();
    // Before anything else is looked at.
    let state = Sealed::open(&inner.sealer, &state_text, now).map_err(|_| {
        tracing::warn!(event = "callback_refused", reason = "state_unreadable_or_expired");
        Code::InvalidHandoff
    })?;
    let tx = state.challenge.log_id();
    let refuse = |reason: &'static str| {
        tracing::warn!(event = "callback_refused", reason, tx);
        Problem::from(Code::InvalidHandoff)
    };
    let own_browser = inner.cookies.value(headers, state.id).is_some_and(|value| state.cookie.matches(value));
    let reply = match (code, error) {
        (Some(code), None) if is_code(&code) => {
            match mark_code(backend, &code, &state_text, own_browser).await? {
                Mark::Ours => {}
                Mark::OfAnotherState => return Err(refuse("code_seen_under_another_state")),
                Mark::TooMany => return Err(refuse("too_many_codes_under_one_state")),
            }
            Reply::Code(AuthorizationCode::new(code))
        }
        (None, Some(error)) => Reply::Refused(Refusal::of(&error)),
        _ => return Err(refuse("neither_code_nor_error")),
    };
    let expected = inner.config.authorize_url.origin().ascii_serialization();
    if issuer.is_some_and(|issuer| issuer != expected) {
        return Err(refuse("another_issuer"));
    }
    if !own_browser {
        return Err(refuse("cookie_missing_or_wrong"));
    }
    let key = digest(&[b"state", state_text.as_bytes()]);
    let answered = Answered { reply: fingerprint_of(&reply), expires: now + HANDOFF_LIFETIME };
    if let Claim::Taken(before) = inner.store.claim(key, answered.to_bytes(), MARK_LIFETIME).await? {
        // A reload, a second click or a browser that loads twice: the same answer again, while it is of use.
        let Some(before) = Answered::from_bytes(&before).filter(|before| before.reply == answered.reply && now < before.expires) else {
            return Err(refuse("state_used"));
        };
        tracing::info!(event = "callback_repeated", tx);
        return deliver(backend, &state, &reply, before.expires);
    }
    let wait = match &reply {
        Reply::Code(code) => {
            let call = Call { kind: Kind::Redeem, ticket: super::redeem::ticket(code), network };
            backend.book(call, state.id.number()).await
        }
        Reply::Refused(_) => {
            backend.returned(state.id.number()).await;
            0
        }
    };
    let expires = now + (wait + HANDOFF_LIFETIME).min(CODE_LIFETIME);
    if wait > 0 {
        inner.store.put(key, Answered { expires, ..answered }.to_bytes(), MARK_LIFETIME).await?;
    }
    let response = deliver(backend, &state, &reply, expires)?;
    let (stage, outcome) = match reply {
        Reply::Code(_) => ("approved", "approved"),
        Reply::Refused(refusal @ Refusal::Declined) => ("declined", refusal.as_str()),
        Reply::Refused(refusal) => ("failed", refusal.as_str()),
    };
    inner.metrics.count(Counter::Login(stage));
    tracing::info!(event = "callback", tx, outcome);
    Ok(response)
}

/// Tells replies apart.
fn fingerprint_of(reply: &Reply) -> [u8; 16] {
    match reply {
        Reply::Code(code) => fingerprint(&[b"code", code.expose().as_bytes()]),
        Reply::Refused(refusal) => fingerprint(&[b"refused", refusal.as_str().as_bytes()]),
    }
}

/// What was answered under a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answered {
    reply: [u8; 16],
    /// Of the handoff, in seconds since 1970.
    expires: u64,
}

impl Answered {
    fn to_bytes(self) -> Vec<u8> {
        [&self.reply[..], &self.expires.to_be_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (reply, expires) = bytes.split_first_chunk::<16>()?;
        Some(Self { reply: *reply, expires: u64::from_be_bytes(expires.try_into().ok()?) })
    }
}

/// Whose a code is.
enum Mark {
    Ours,
    OfAnotherState,
    TooMany,
}

/// Marks the code as belonging to this state, unless it was seen under another. Done even when the cookie fails afterwards, so that a code
/// from somebody's browser history can't be walked through another transaction; and for a few codes only, so that nobody fills the store with
/// made-up ones.
async fn mark_code(backend: &Backend, code: &str, state: &str, own_browser: bool) -> Result<Mark, Problem> {
    let store = &backend.inner().store;
    let mine = fingerprint(&[b"code", code.as_bytes()]).to_vec();
    for place in 0..CODES_OF_A_STATE {
        match store
            .claim(digest(&[b"code of state", &[place, u8::from(own_browser)], state.as_bytes()]), mine.clone(), MARK_LIFETIME)
            .await?
        {
            Claim::Taken(other) if other != mine => {}
            _ => {
                let owner = fingerprint(&[b"state", state.as_bytes()]).to_vec();
                let marked = store.claim(digest(&[b"code", code.as_bytes()]), owner.clone(), MARK_LIFETIME).await?;
                let ours = matches!(marked, Claim::Ours) || marked == Claim::Taken(owner);
                return Ok(if ours { Mark::Ours } else { Mark::OfAnotherState });
            }
        }
    }
    Ok(Mark::TooMany)
}

/// Leads back to the app with what Monei said, sealed to the transaction's challenge.
fn deliver(backend: &Backend, state: &Sealed, reply: &Reply, expires: u64) -> Result<Response, Problem> {
    let inner = backend.inner();
    let handoff = Handoff { challenge: state.challenge, expires, reply: reply.clone() }.seal(&inner.sealer);
    match &state.target {
        ReturnTarget::DeepLink => {
            let link = format!("{}:/callback?tx={}&handoff={handoff}", inner.config.link_scheme, state.challenge.tx());
            Ok(pages::deep_link(&link, matches!(reply, Reply::Code(_))))
        }
        target => {
            // The empty fragment keeps a browser from carrying an older one over (RFC 9700 §4.1.3).
            let location = HeaderValue::try_from(format!("{target}?handoff={handoff}#_")).map_err(|_| Code::Internal)?;
            Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
        }
    }
}
