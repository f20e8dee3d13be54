//! Which backend is used, what it says of itself, and whether the person agreed to that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::backend::{BackendClient, ClientInfo, parse_address};
use super::{Provider, api, held};
use crate::clock::Since;
use crate::model::operator::{Agreed, Claim};
use crate::model::problem::{Problem, ProblemCode};

/// A backend that took this long and didn't answer is silent. One that isn't there fails sooner.
const SILENCE: Duration = Duration::from_secs(4);
/// A silent backend isn't asked again for this long on behalf of a call.
const PUT_OFF: Duration = Duration::from_secs(10);

/// The backend as far as it is known.
#[derive(Clone)]
pub struct Service {
    /// Its address. `None` where none was set.
    pub address: Option<Url>,
    /// What the person agreed to of it, if they did.
    pub agreed: Option<Agreed>,
    /// What it says of itself. `None` until it has answered.
    pub info: Option<ClientInfo>,
    /// Whether it can be used.
    pub status: ServiceStatus,
    /// When the last question ended, if it took [`SILENCE`] or longer and got no answer.
    silent: Option<Since>,
}

/// Whether the backend can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceStatus {
    /// Not asked yet.
    Unknown,
    /// It answered and fits.
    Ready,
    /// It can't be used.
    Problem(Problem),
}

impl Service {
    /// The backend at `address`, not asked yet.
    pub fn new(address: Option<Url>, agreed: Option<Agreed>) -> Self {
        let status = match address {
            Some(_) => ServiceStatus::Unknown,
            None => ServiceStatus::Problem(ProblemCode::BackendMissing.into()),
        };
        Self { address, agreed, info: None, status, silent: None }
    }

    /// Whether the person agreed to it, as far as is known: what it says of itself now is what it said then.
    pub fn is_confirmed(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| self.info.as_ref().is_none_or(|info| agreed.fits(&info.operator)))
    }

    /// Its origin, which grants are tied to.
    pub fn origin(&self) -> Option<String> {
        self.address.as_ref().map(|url| url.origin().ascii_serialization())
    }
}

impl Provider {
    /// What is known of the backend now.
    pub fn service(&self) -> Service {
        held(&self.inner.service).clone()
    }

    /// The backend's origin, which grants are tied to.
    pub fn origin(&self) -> Option<String> {
        held(&self.inner.service).origin()
    }

    /// The backend, for token routes.
    ///
    /// # Errors
    /// [`ProblemCode::BackendMissing`], or [`ProblemCode::BackendUnconfirmed`] where the person hasn't agreed to what it says of itself.
    pub fn backend(&self) -> Result<BackendClient, Problem> {
        let service = held(&self.inner.service);
        let address = service.address.clone().ok_or(ProblemCode::BackendMissing)?;
        if !service.is_confirmed() {
            return Err(ProblemCode::BackendUnconfirmed.into());
        }
        Ok(self.client(address))
    }

    /// The backend that gave a grant, to take that grant back: whichever is used now.
    pub fn backend_at(&self, origin: &str) -> Result<BackendClient, Problem> {
        Ok(self.client(parse_address(origin)?))
    }

    fn client(&self, address: Url) -> BackendClient {
        BackendClient::new(address, Arc::clone(&self.inner.http))
    }

    /// Asks the backend who runs it.
    ///
    /// # Errors
    /// Why it can't be used.
    pub async fn ask_backend(&self) -> Result<(), Problem> {
        let Some(address) = held(&self.inner.service).address.clone() else { return Err(ProblemCode::BackendMissing.into()) };
        let began = Instant::now();
        let asked = self.client(address.clone()).client_info(self.inner.environment, self.now()).await;
        let outcome = {
            let mut service = held(&self.inner.service);
            // The address may have been changed meanwhile.
            if service.address.as_ref() != Some(&address) {
                return Err(ProblemCode::BackendUnconfirmed.into());
            }
            match asked {
                Ok(info) => {
                    service.info = Some(info);
                    service.status = ServiceStatus::Ready;
                    service.silent = None;
                    Ok(())
                }
                Err(problem) => {
                    service.status = ServiceStatus::Problem(problem.clone());
                    service.silent = (began.elapsed() >= SILENCE).then(|| Since::now(self.inner.clock.as_ref()));
                    Err(problem)
                }
            }
        };
        self.inner.changed.tell();
        outcome
    }

    /// Asks the backend on behalf of a call, unless it was silent a moment ago: then each call would wait as long again.
    async fn ask_backend_for_call(&self) -> Result<(), Problem> {
        let known = {
            let service = held(&self.inner.service);
            let silent = service.silent.as_ref().is_some_and(|since| since.age(self.inner.clock.as_ref()) < PUT_OFF);
            match &service.status {
                ServiceStatus::Problem(problem) if silent => Some(problem.clone()),
                _ => None,
            }
        };
        match known {
            Some(problem) => Err(problem),
            None => self.ask_backend().await,
        }
    }

    /// Has the backend say who runs it, where it hasn't in this run, and sees whether the person agreed to that: no refresh token goes to it
    /// before. Several at the same time ask once.
    ///
    /// # Errors
    /// [`ProblemCode::BackendUnconfirmed`] where the person agreed to another operator, or why the backend can't be asked.
    pub async fn ask_backend_once(&self) -> Result<(), Problem> {
        let is_told = || held(&self.inner.service).info.is_some();
        if !is_told() {
            let _alone = self.inner.asking.lock().await;
            if !is_told() {
                self.ask_backend_for_call().await?;
            }
        }
        self.backend().map(drop)
    }

    /// Uses another backend from now on.
    pub fn set_backend(&self, address: Url, agreed: Option<Agreed>) {
        *held(&self.inner.service) = Service::new(Some(address), agreed);
        self.inner.changed.tell();
    }

    /// What the backend at `address` says of itself; asks it where that isn't known.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] if another one is used, or why it can't be asked.
    pub async fn claim_of(&self, address: &Url) -> Result<Claim, Problem> {
        for _ in 0..2 {
            {
                let service = held(&self.inner.service);
                if service.address.as_ref() != Some(address) {
                    return Err(ProblemCode::InvalidInput.into());
                }
                if let Some(info) = &service.info {
                    return Ok(info.operator.clone());
                }
            }
            self.ask_backend().await?;
        }
        Err(ProblemCode::InvalidInput.into())
    }

    /// The person agreed to what the backend at `address` says of itself.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] if another one is used by now, which nobody has agreed to yet.
    pub fn agree(&self, address: &Url, agreed: Agreed) -> Result<(), Problem> {
        {
            let mut service = held(&self.inner.service);
            if service.address.as_ref() != Some(address) {
                return Err(ProblemCode::InvalidInput.into());
            }
            service.agreed = Some(agreed);
        }
        self.inner.changed.tell();
        Ok(())
    }

    /// The sandbox's address, once the person has agreed to the backend that names it.
    ///
    /// # Errors
    /// [`ProblemCode::BackendUnconfirmed`], [`ProblemCode::BackendIncompatible`], or why the backend can't be asked.
    #[cfg(feature = "tester")]
    pub async fn sandbox(&self) -> Result<Url, Problem> {
        if !held(&self.inner.service).is_confirmed() {
            return Err(ProblemCode::BackendUnconfirmed.into());
        }
        if held(&self.inner.service).info.is_none() {
            self.ask_backend().await?;
        }
        let address = held(&self.inner.service).info.as_ref().and_then(|info| info.sandbox_url.clone());
        address.filter(super::http::is_loopback).ok_or_else(|| ProblemCode::BackendIncompatible.into())
    }

    /// Where Monei's API is for grants of the backend at `origin`. In the sandbox environment the backend tells, so it is asked first where
    /// it hasn't been yet.
    pub(super) async fn api_base(&self, origin: &str) -> Result<Url, Problem> {
        let needs_backend = self.inner.environment == crate::model::Environment::Sandbox;
        if needs_backend && held(&self.inner.service).info.is_none() {
            self.ask_backend_for_call().await?;
        }
        // In one look: the address and what it said must be of the same backend.
        let service = held(&self.inner.service);
        if service.origin().as_deref() != Some(origin) {
            return Err(ProblemCode::BackendUnconfirmed.into());
        }
        let sandbox = service.info.as_ref().and_then(|info| info.sandbox_url.as_ref());
        api::base_url(self.inner.environment, sandbox).ok_or_else(|| ProblemCode::BackendIncompatible.into())
    }

    /// Where Monei's API is, to see whether it answers at all.
    ///
    /// # Errors
    /// [`ProblemCode::ProviderUnavailable`] where that isn't known.
    pub fn api_address(&self) -> Result<Url, Problem> {
        let service = held(&self.inner.service);
        let sandbox = service.info.as_ref().and_then(|info| info.sandbox_url.as_ref());
        api::base_url(self.inner.environment, sandbox).ok_or_else(|| ProblemCode::ProviderUnavailable.into())
    }
}
