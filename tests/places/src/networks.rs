//! Ways out to the network: the program takes them, and says in words what is in the way.

use anyhow::Result;

use crate::cases::seen_again;
use crate::desk::Desk;
use crate::table::Network;
use crate::ways::{FAR_BACKEND, Kind, Way};
use crate::words;

/// Tries one way.
pub async fn try_network(desk: &mut Desk, network: Network) -> Result<()> {
    let way = match network {
        Network::Through(kind) => Some((kind, Way::open(kind).await?)),
        Network::Direct | Network::None => None,
    };
    if network != Network::Direct {
        use_far_backend(desk);
    }
    match &way {
        Some((Kind::HttpProxy | Kind::HttpProxyWithPassword, way)) => desk.session.set("HTTPS_PROXY", &format!("http://{}", way.address)),
        Some((Kind::Socks5, way)) => desk.session.set("ALL_PROXY", &format!("socks5h://{}", way.address)),
        Some((Kind::Portal | Kind::PosesAsMonei, way)) => {
            desk.session.set("MONEI_ENVIRONMENT", "sandbox");
            desk.session.set("CONNECT_BACKEND_URL", &format!("http://{}", way.address));
        }
        None if network == Network::None => take_network_away(desk),
        None => {}
    }
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    match &way {
        Some((kind @ (Kind::HttpProxy | Kind::HttpProxyWithPassword), way)) => {
            way.was_asked("CONNECT connect.test:443").await?;
            desk.reads(if *kind == Kind::HttpProxy { words::PROXY } else { words::PROXY_PASSWORD }).await?;
        }
        Some((Kind::Socks5, way)) => {
            // The name goes to the proxy, which alone can look it up.
            way.was_asked("version 5 command 1 connect.test").await?;
            desk.reads(words::PROXY).await?;
        }
        Some((Kind::Portal | Kind::PosesAsMonei, way)) => {
            way.was_asked("GET /v1/client").await?;
            desk.reads(words::INTERCEPTED).await?;
        }
        None if network == Network::None => desk.reads(words::OFFLINE).await?,
        None => desk.reads("Places").await?,
    }
    seen_again(desk, words::WELCOME).await
}

/// A backend that isn't on this computer. The sandbox always is: so Monei's development hosts.
fn use_far_backend(desk: &mut Desk) {
    desk.session.set("MONEI_ENVIRONMENT", "development");
    desk.session.set("CONNECT_BACKEND_URL", FAR_BACKEND);
}

/// Leaves the program that is started next without any network.
pub fn take_network_away(desk: &mut Desk) {
    use_far_backend(desk);
    desk.wrapper = ["unshare", "--map-root-user", "--net"].map(str::to_owned).to_vec();
}
