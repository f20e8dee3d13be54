//! A person's browser begins here and is sent to Monei's consent page.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monei::ScopeSet;
use tracing::Instrument;
use url::Url;

use crate::domain::network::Network;
use crate::domain::problem::Problem;
use crate::domain::proof::Challenge;
use crate::domain::return_target::ReturnTarget;
use crate::domain::seal::Sealer;
use crate::domain::transaction::{CookieHash, STATE_LIFETIME, State, TransactionId};
use crate::flow::gate::Gate;
use crate::metrics::{Counter, Metrics};
use crate::ports::clock::Clock;

/// Begins a transaction.
pub(crate) struct Start {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) metrics: Arc<Metrics>,
    /// Monei's consent page.
    pub(crate) authorize_url: Url,
}

/// What a program asks for.
pub(crate) struct Input {
    pub(crate) challenge: Challenge,
    pub(crate) target: ReturnTarget,
    pub(crate) scopes: ScopeSet,
    /// Whom the caller shares limits with, if it does.
    pub(crate) network: Option<Network>,
}

/// Where the browser goes, and what it keeps.
pub(crate) struct Begun {
    pub(crate) location: String,
    pub(crate) id: TransactionId,
    /// The value of the transaction's cookie.
    pub(crate) cookie: String,
}

impl Start {
    /// # Errors
    /// [`Problem`] when there is no room for one more; it says when there will be.
    pub(crate) async fn run(&self, input: Input) -> Result<Begun, Problem> {
        let span = tracing::error_span!("flow", flow = "start", tx = input.challenge.log_id());
        self.begin(input).instrument(span).await
    }

    async fn begin(&self, Input { challenge, target, scopes, network }: Input) -> Result<Begun, Problem> {
        let now = self.clock.unix();
        let id = TransactionId::new(now);
        let shard = self.gate.start(id.number(), network).await?;
        let registration = self.gate.registrations.get(shard);
        let cookie = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>());
        let state = State {
            challenge,
            cookie: CookieHash::of(&cookie),
            id,
            expires: now + STATE_LIFETIME,
            scopes,
            target,
            registration: Some(registration.name()),
        };
        let mut location = self.authorize_url.clone();
        location
            .query_pairs_mut()
            .append_pair("client_id", &registration.client_id)
            .append_pair("redirect_uri", &registration.redirect_uri)
            .append_pair("scope", &state.scopes.to_string())
            .append_pair("state", &state.seal(&self.sealer));
        self.metrics.count(Counter::Login("started"));
        self.metrics.count_scopes("asked", &state.scopes);
        tracing::info!(event = "start", tx = challenge.log_id(), scopes = state.scopes.len());
        Ok(Begun { location: location.into(), id, cookie })
    }
}
