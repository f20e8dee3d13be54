//! Monei's redirect arrives here. The only place where a code enters, and only with its own state and cookie.

use std::sync::Arc;
use std::time::Duration;

use monei::AuthorizationCode;
use tracing::{Instrument, Span, field};

use crate::domain::budget::{Call, Kind};
use crate::domain::digest::{digest, fingerprint};
use crate::domain::network::Network;
use crate::domain::problem::{Code, Problem};
use crate::domain::return_target::ReturnTarget;
use crate::domain::seal::Sealer;
use crate::domain::transaction::{
    CODE_LIFETIME, HANDOFF_LIFETIME, Handoff, Refusal, Reply, STATE_LIFETIME, State, TransactionId, is_code, ticket_of,
};
use crate::flow::answers::Answers;
use crate::flow::gate::Gate;
use crate::metrics::{Counter, Metrics};
use crate::ports::clock::Clock;
use crate::ports::{Claim, Marks};

/// Longer than a code or a state lives.
const MARK_LIFETIME: Duration = Duration::from_secs(STATE_LIFETIME + 60);
/// Monei gives one code for a state. So many are marked for whoever has the state alone, and as many for whoever has its cookie too: neither keeps
/// the other out, nor fills the store.
const CODES_OF_A_STATE: u8 = 3;

/// Takes what Monei said about an approval.
pub(crate) struct Callback {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) marks: Arc<dyn Marks>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) metrics: Arc<Metrics>,
    /// Who alone may answer (RFC 9207).
    pub(crate) issuer: String,
    /// The app's private scheme.
    pub(crate) link_scheme: String,
}

/// The parameters of the redirect.
pub(crate) struct Input<'a> {
    pub(crate) state: String,
    pub(crate) code: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) issuer: Option<String>,
    /// The value of a transaction's cookie in this browser.
    pub(crate) cookie: &'a (dyn Fn(TransactionId) -> Option<String> + Sync),
    /// Whom the caller shares limits with, if it does.
    pub(crate) network: Option<Network>,
}

/// Where the browser goes.
pub(crate) enum Landing {
    /// To the app's listener.
    Redirect(String),
    /// To the app's link, by a page.
    Page {
        link: String,
        /// Whether the person approved.
        approved: bool,
    },
}

impl Callback {
    /// # Errors
    /// [`Problem`] when nothing may be handed to the app.
    pub(crate) async fn run(&self, input: Input<'_>) -> Result<Landing, Problem> {
        let span = tracing::error_span!("flow", flow = "callback", tx = field::Empty);
        self.receive(input).instrument(span).await
    }

    async fn receive(&self, input: Input<'_>) -> Result<Landing, Problem> {
        let Input { state: state_text, code, error, issuer, cookie, network } = input;
        let now = self.clock.unix();
        // Before anything else is looked at.
        let state = State::open(&self.sealer, &state_text, now).map_err(|_| {
            tracing::warn!(event = "callback_refused", reason = "state_unreadable_or_expired");
            Code::InvalidHandoff
        })?;
        let tx = state.challenge.log_id();
        Span::current().record("tx", &tx);
        let refuse = |reason: &'static str| {
            tracing::warn!(event = "callback_refused", reason, tx);
            Problem::from(Code::InvalidHandoff)
        };
        let own_browser = cookie(state.id).is_some_and(|value| state.cookie.matches(&value));
        let reply = match (code, error) {
            (Some(code), None) if is_code(&code) => {
                match self.mark_code(&code, &state_text, own_browser).await? {
                    Mark::Ours => {}
                    Mark::OfAnotherState => return Err(refuse("code_seen_under_another_state")),
                    Mark::TooMany => return Err(refuse("too_many_codes_under_one_state")),
                }
                Reply::Code(AuthorizationCode::new(code))
            }
            (None, Some(error)) => Reply::Refused(Refusal::of(&error)),
            _ => return Err(refuse("neither_code_nor_error")),
        };
        if issuer.is_some_and(|issuer| issuer != self.issuer) {
            return Err(refuse("another_issuer"));
        }
        if !own_browser {
            return Err(refuse("cookie_missing_or_wrong"));
        }
        let shard = self.gate.registrations.named(state.registration).ok_or_else(|| self.answers.registration_unknown())?;
        let key = digest(&[b"state", state_text.as_bytes()]);
        let answered = Answered { reply: fingerprint_of(&reply), expires: now + HANDOFF_LIFETIME };
        if let Claim::Taken(before) = self.marks.claim(key, answered.to_bytes(), MARK_LIFETIME).await? {
            // A reload, a second click or a browser that loads twice: the same answer again, while it is of use.
            let Some(before) = Answered::from_bytes(&before).filter(|before| before.reply == answered.reply && now < before.expires) else {
                return Err(refuse("state_used"));
            };
            tracing::info!(event = "callback_repeated", tx);
            return Ok(self.deliver(&state, &reply, before.expires));
        }
        let wait = match &reply {
            Reply::Code(code) => {
                let call = Call { kind: Kind::Redeem, ticket: ticket_of(code), network };
                self.gate.book(shard, call, state.id.number()).await
            }
            Reply::Refused(_) => {
                self.gate.returned(shard, state.id.number()).await;
                0
            }
        };
        let expires = now + (wait + HANDOFF_LIFETIME).min(CODE_LIFETIME);
        if wait > 0 {
            self.marks.put(key, Answered { expires, ..answered }.to_bytes(), MARK_LIFETIME).await?;
        }
        let landing = self.deliver(&state, &reply, expires);
        let (stage, outcome) = match reply {
            Reply::Code(_) => ("approved", "approved"),
            Reply::Refused(refusal @ Refusal::Declined) => ("declined", refusal.as_str()),
            Reply::Refused(refusal) => ("failed", refusal.as_str()),
        };
        self.metrics.count(Counter::Login(stage));
        tracing::info!(event = "callback", tx, outcome);
        Ok(landing)
    }

    /// Marks the code as belonging to this state, unless it was seen under another. Done even when the cookie fails afterwards, so that a code
    /// from somebody's browser history can't be walked through another transaction; and for a few codes only, so that nobody fills the store with
    /// made-up ones.
    async fn mark_code(&self, code: &str, state: &str, own_browser: bool) -> Result<Mark, Problem> {
        let mine = fingerprint(&[b"code", code.as_bytes()]).to_vec();
        for place in 0..CODES_OF_A_STATE {
            let key = digest(&[b"code of state", &[place, u8::from(own_browser)], state.as_bytes()]);
            match self.marks.claim(key, mine.clone(), MARK_LIFETIME).await? {
                Claim::Taken(other) if other != mine => {}
                _ => {
                    let owner = fingerprint(&[b"state", state.as_bytes()]).to_vec();
                    let marked = self.marks.claim(digest(&[b"code", code.as_bytes()]), owner.clone(), MARK_LIFETIME).await?;
                    let ours = matches!(marked, Claim::Ours) || marked == Claim::Taken(owner);
                    return Ok(if ours { Mark::Ours } else { Mark::OfAnotherState });
                }
            }
        }
        Ok(Mark::TooMany)
    }

    /// Leads back to the app with what Monei said, sealed to the transaction's challenge.
    fn deliver(&self, state: &State, reply: &Reply, expires: u64) -> Landing {
        let handoff = Handoff { challenge: state.challenge, expires, reply: reply.clone(), registration: state.registration };
        let handoff = handoff.seal(&self.sealer);
        match &state.target {
            ReturnTarget::DeepLink => Landing::Page {
                link: format!("{}:/callback?tx={}&handoff={handoff}", self.link_scheme, state.challenge.tx()),
                approved: matches!(reply, Reply::Code(_)),
            },
            // The empty fragment keeps a browser from carrying an older one over (RFC 9700 §4.1.3).
            target => Landing::Redirect(format!("{target}?handoff={handoff}#_")),
        }
    }
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
