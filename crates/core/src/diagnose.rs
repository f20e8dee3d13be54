//! Whether everything that a connection needs works here: for a person who wonders, and for a report. Nothing secret is in it.

use std::time::Instant;

use serde::Serialize;
use tokio::net::TcpStream;

use crate::approval::{Approvals, Loopback};
use crate::grants::Grants;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::proof::PathNonce;
use crate::model::{Language, ProxySetting};
use crate::provider::Provider;
use crate::provider::http::{self, Peer};

/// A clock that is further off than this is worth a word, in seconds.
const SKEW_TOLERATED_S: i64 = 120;

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: CheckName,
    /// Whether it works.
    pub ok: bool,
    /// Without it no connection can be made, as things are. Else it is a fallback, or only worth a look.
    pub needed: bool,
    /// Why not.
    pub problem: Option<ProblemCode>,
    /// Where a proxy that is the trouble was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxySetting>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Seconds by which the other side's clock is ahead of this computer's, where it was told.
    pub skew_s: Option<i64>,
}

/// What can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CheckName {
    /// An entry is written, read here and from another process, and removed.
    Keychain,
    /// The address that the browser comes back to is opened and reached.
    LoopbackListener,
    /// The system brings this program's links back to it.
    LinkHandler,
    /// There is a browser.
    Browser,
    /// The backend says who it is.
    Backend,
    /// Monei answers anything.
    Monei,
    /// Monei's clock and this computer's agree.
    Clock,
    /// The port that apps were told is this program's: whoever serves them tries it, and only where an app is allowed.
    AppsPort,
}

impl CheckName {
    /// The whole list, in the order in which they are tried.
    pub const fn all() -> &'static [Self] {
        <Self as strum::VariantArray>::VARIANTS
    }

    /// Its name in snake case, as reports have it.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// Tries everything, one after the other. `witness` says whether another process finds the keychain's entry of the name that it is given
/// ([`crate::vault::finds`]); `None` where no other process could be asked.
pub(crate) async fn all(
    grants: &Grants,
    provider: &Provider,
    approvals: &Approvals,
    witness: impl AsyncFnOnce(&str) -> Option<bool>,
) -> Vec<Check> {
    let mut checks = Vec::new();
    let began = Instant::now();
    let keychain = grants.asked(grants.probe_before(witness)).await.map_err(Problem::from);
    checks.push(check(CheckName::Keychain, began, keychain.map(|()| None)));
    let began = Instant::now();
    checks.push(check(CheckName::LoopbackListener, began, listens().await.map(|()| None)));
    let began = Instant::now();
    let links = if approvals.handles_links().await { Ok(None) } else { Err(ProblemCode::DeepLinkUnavailable.into()) };
    checks.push(check(CheckName::LinkHandler, began, links));
    let began = Instant::now();
    let browser = if approvals.is_browser_there().await { Ok(None) } else { Err(ProblemCode::BrowserMissing.into()) };
    checks.push(check(CheckName::Browser, began, browser));
    let began = Instant::now();
    // What the backend said, or why it didn't, shows elsewhere in the window too.
    let asked = provider.ask_backend().await;
    let skew = match (&asked, provider.service().address) {
        (Ok(()), Some(address)) => provider.skew_s(&address, Peer::Backend).await,
        _ => None,
    };
    checks.push(check(CheckName::Backend, began, asked.map(|()| skew)));
    let began = Instant::now();
    let monei = reaches_monei(provider).await;
    let skew = monei.as_ref().ok().copied().flatten();
    checks.push(check(CheckName::Monei, began, monei));
    // Without an answer nothing is known of it.
    if let Some(seconds) = skew {
        let ok = seconds.abs() <= SKEW_TOLERATED_S;
        checks.push(Check { name: CheckName::Clock, ok, needed: false, problem: None, proxy: None, took_ms: 0, skew_s: skew });
    }
    weigh(&mut checks);
    checks
}

/// Which of the ways back from the browser a connection can't do without: any one is enough, whichever the person has chosen.
fn weigh(checks: &mut [Check]) {
    let works = |checks: &[Check], name: CheckName| checks.iter().any(|check| check.name == name && check.ok);
    let (loopback, links) = (works(checks, CheckName::LoopbackListener), works(checks, CheckName::LinkHandler));
    for check in checks {
        check.needed = match check.name {
            CheckName::LoopbackListener => !links,
            CheckName::LinkHandler => !loopback,
            CheckName::Clock | CheckName::AppsPort => false,
            CheckName::Keychain | CheckName::Browser | CheckName::Backend | CheckName::Monei => true,
        };
    }
}

/// Any answer of Monei's counts: without a token there is nothing but a refusal to be had. A page or a redirect isn't Monei's.
async fn reaches_monei(provider: &Provider) -> Result<Option<i64>, Problem> {
    let response = provider.http().get(provider.api_address()?, Peer::Monei).await?;
    let (status, date) = (response.status(), http::date(&response));
    let asks_to_sign_in = matches!(status.as_u16(), 407 | 511) || status.is_redirection();
    if asks_to_sign_in || http::is_page(&http::body(response).await.unwrap_or_default()) {
        return Err(ProblemCode::NetworkIntercepted.into());
    }
    Ok(date.map(|at| provider.ahead_s(at)))
}

fn check(name: CheckName, began: Instant, outcome: Result<Option<i64>, Problem>) -> Check {
    let problem = outcome.as_ref().err();
    let (code, proxy) = (problem.map(|problem| problem.code), problem.and_then(|problem| problem.proxy.clone()));
    Check { name, ok: outcome.is_ok(), needed: true, problem: code, proxy, took_ms: http::took_ms(began), skew_s: outcome.ok().flatten() }
}

/// Opens the listener that the browser comes back to, and connects to it.
async fn listens() -> Result<(), Problem> {
    let unavailable = |_| Problem::new(ProblemCode::LoopbackUnavailable);
    let loopback = Loopback::open(&PathNonce::generate(), 0, Language::default()).await.map_err(unavailable)?;
    let address = url::Url::parse(loopback.return_to()).map_err(|_| Problem::new(ProblemCode::LoopbackUnavailable))?;
    let port = address.port().ok_or(ProblemCode::LoopbackUnavailable)?;
    TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).await.map(drop).map_err(unavailable)
}
