//! Ways out to the network: the program takes them, and says in words what is in the way.

use std::fs;
use std::net::SocketAddr;

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
        Network::Gnome | Network::GnomeScript => Some((Kind::HttpProxy, Way::open(Kind::HttpProxy).await?)),
        Network::Direct | Network::None => None,
    };
    if network != Network::Direct {
        use_far_backend(desk);
    }
    match &way {
        Some((_, way)) if network == Network::Gnome => set_in_gnome(desk, &manual(way.address))?,
        Some((_, way)) if network == Network::GnomeScript => {
            let script = desk.session.folder().join("proxy.pac");
            fs::write(&script, script_that_leads_to(way.address))?;
            set_in_gnome(desk, &format!("[system/proxy]\nmode='auto'\nautoconfig-url='file://{}'\n", script.display()))?;
        }
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

/// Has the program find these settings in GNOME, as its keyfile backend keeps them.
fn set_in_gnome(desk: &mut Desk, settings: &str) -> Result<()> {
    let folder = desk.session.folder().join("config/glib-2.0/settings");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("keyfile"), settings)?;
    desk.session.set("GSETTINGS_BACKEND", "keyfile");
    desk.session.set("XDG_CURRENT_DESKTOP", "GNOME");
    Ok(())
}

/// The settings of somebody who typed this proxy.
fn manual(proxy: SocketAddr) -> String {
    let (host, port) = (proxy.ip(), proxy.port());
    let of = |kind: &str| format!("[system/proxy/{kind}]\nhost='{host}'\nport={port}\n");
    format!("[system/proxy]\nmode='manual'\n{}{}", of("http"), of("https"))
}

/// A script that knows the backend alone.
fn script_that_leads_to(proxy: SocketAddr) -> String {
    let backend = FAR_BACKEND.trim_start_matches("https://");
    format!("function FindProxyForURL(url, host) {{ return host == \"{backend}\" ? \"PROXY {proxy}\" : \"DIRECT\"; }}\n")
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
