//! The choice of a backend, and the pages outside that it and Monei have.

use url::Url;

use crate::approval::Approvals;
use crate::ledger::{BackendAgreed, Ledger};
use crate::model::Environment;
use crate::model::operator::Agreed;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::Link;
use crate::provider::Provider;
use crate::provider::backend::parse_address;

/// Uses the backend at `address` from now on, and asks it who runs it. Refused where it is `managed`, and while a connection is being made.
pub(crate) async fn change(
    ledger: &Ledger,
    provider: &Provider,
    approvals: &Approvals,
    managed: bool,
    address: &str,
) -> Result<(), Problem> {
    if managed {
        return Err(ProblemCode::InvalidInput.into());
    }
    approvals.without_runs(change_to(ledger, provider, parse_address(address)?)).await
}

async fn change_to(ledger: &Ledger, provider: &Provider, url: Url) -> Result<(), Problem> {
    let agreed = ledger.set_backend_address(&url).await?;
    provider.set_backend(url, agreed);
    // Its answer, or why there is none, shows in the snapshot.
    drop(provider.ask_backend().await);
    Ok(())
}

/// The person agrees to the backend at `address`, which calls itself `name`.
pub(crate) async fn confirm(ledger: &Ledger, provider: &Provider, address: &str, name: Option<&str>) -> Result<(), Problem> {
    let address = parse_address(address)?;
    let claim = provider.claim_of(&address).await?;
    if claim.shown_name() != name {
        return Err(ProblemCode::InvalidInput.into());
    }
    let origin = address.origin().ascii_serialization();
    ledger.apply(BackendAgreed { origin, claim: claim.clone() }).await?;
    provider.agree(&address, Agreed(Some(claim)))
}

/// The page that `link` stands for, if there is one here.
pub(crate) fn link(provider: &Provider, environment: Environment, guide: Option<&Url>, link: Link) -> Option<Url> {
    let info = provider.service().info;
    let testing = environment == Environment::Sandbox;
    let sandbox = |path: &str| info.as_ref().filter(|_| testing)?.sandbox_url.as_ref()?.join(path).ok();
    match link {
        Link::Operator => info.as_ref().and_then(|info| info.operator_url.clone()),
        Link::OperatorGuide => guide.cloned(),
        Link::SandboxControl => sandbox("/sandbox"),
        Link::SandboxSwitches => sandbox("/sandbox?open=switches#switches"),
        Link::SandboxClock => sandbox("/sandbox#time"),
        Link::SandboxScenario => sandbox("/sandbox?open=scenario#scenario"),
        Link::SandboxLog => sandbox("/sandbox/log"),
        Link::MoneiSettings if testing => sandbox("/settings/apps"),
        // Where in Monei's settings isn't documented; its front page is.
        Link::MoneiSettings => Url::parse("https://monei.cc/").ok(),
    }
}
