//! The words of a start. Each option can also be given in the environment, which is how services in CI and containers are set up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{CommandFactory, Parser};

use crate::leaks;

/// What is served where nothing else is said.
const DEFAULT_ADDRESS: &str = "127.0.0.1:43118";

/// What comes below the options.
const AFTER_HELP: &str = "\
Examples:
  monei-sandbox                                             serve, with the control page at http://127.0.0.1:43118/sandbox
  monei-sandbox --scenario my.toml --auto-approve           for CI: nobody presses a button
  monei-sandbox serve --listen 0.0.0.0:43118 --allow-remote --allow-host sandbox
                                                            a service for tests in other containers
  monei-sandbox leaks --run 1f8a90c2 ~/.cache ~/.local      search for secrets of that run";

/// A local Monei for testers: consent page, API, faults, control page. Nothing in it is real.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub struct Arguments {
    #[command(flatten)]
    pub serve: ServeArguments,
    /// Checks scenarios and ends.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub check_scenario: Vec<PathBuf>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, clap::Args)]
pub struct ServeArguments {
    /// Address to serve; loopback only, but for `serve --allow-remote`.
    #[arg(long, env = "MONEI_SANDBOX_LISTEN", default_value = DEFAULT_ADDRESS)]
    pub listen: SocketAddr,
    /// Redirect URI of the registered app: its backend's callback. Can be given more than once.
    #[arg(long, env = "MONEI_SANDBOX_REDIRECT_URI", value_delimiter = ' ', default_value = "http://127.0.0.1:43117/v1/callback")]
    pub redirect_uri: Vec<String>,
    /// Client id of the registered app.
    #[arg(long, env = "MONEI_SANDBOX_CLIENT_ID", default_value = "mc_sim_local")]
    pub client_id: String,
    /// File with the app's secret. Made where it doesn't exist, readable by you alone [default: monei-sandbox/client-secret in $XDG_STATE_HOME]
    #[arg(long, env = "MONEI_SANDBOX_CLIENT_SECRET_FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// Name of the app on the consent page.
    #[arg(long, env = "MONEI_SANDBOX_NAME", default_value = "Monei Connections")]
    pub name: String,
    /// The operator's site on the consent page.
    #[arg(long, env = "MONEI_SANDBOX_WEBSITE")]
    pub website: Option<String>,
    /// Registers a second app with this client id, the same secret and the same redirect URIs.
    #[arg(long, env = "MONEI_SANDBOX_SECOND_CLIENT", value_name = "CLIENT_ID")]
    pub second_client: Option<String>,
    /// Keeps grants in this file across restarts, tokens as hashes only.
    #[arg(long, env = "MONEI_SANDBOX_STATE_FILE")]
    pub state_file: Option<PathBuf>,
    /// Plays this scenario from its start.
    #[arg(long, env = "MONEI_SANDBOX_SCENARIO", value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Answers each authorization at once, as the scenario says, so that no person is needed.
    #[arg(long, env = "MONEI_SANDBOX_AUTO_APPROVE", requires = "scenario", value_parser = BoolishValueParser::new())]
    pub auto_approve: bool,
    /// Makes tokens, codes and references follow from this number, so that a run can be repeated letter by letter.
    #[arg(long, env = "MONEI_SANDBOX_SEED", value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// The clock stands at this time (2026-11-25T12:00:00Z) until the control API moves it.
    #[arg(long, env = "MONEI_SANDBOX_CLOCK", value_name = "TIME")]
    pub clock: Option<jiff::Timestamp>,
}

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Serves as a service for tests: one line of JSON when ready, and beyond loopback where that is asked for.
    Serve(Box<ServiceArguments>),
    /// Asks a sandbox of this computer whether it is healthy; for the health checks of containers. Exit code: 0 yes, 1 no.
    Health(HealthArguments),
    /// Searches files, and this user's processes, for secrets of one run. Exit code: 0 nothing, 1 leaks, 2 not everything was searched.
    Leaks(leaks::Arguments),
}

#[derive(Debug, clap::Args)]
pub struct ServiceArguments {
    #[command(flatten)]
    pub serve: ServeArguments,
    /// Serves whoever reaches the address. The control page and its API then want the token in the file of --control-token-file.
    #[arg(long, env = "MONEI_SANDBOX_ALLOW_REMOTE", value_parser = BoolishValueParser::new())]
    pub allow_remote: bool,
    /// What requests may name as their host besides loopback names, without port. Can be given more than once.
    #[arg(long, env = "MONEI_SANDBOX_ALLOW_HOST", value_delimiter = ',', value_name = "HOST", requires = "allow_remote")]
    pub allow_host: Vec<String>,
    /// File with the token of the control page. Made where it doesn't exist, readable by you alone [default: monei-sandbox/control-token in $XDG_STATE_HOME]
    #[arg(long, env = "MONEI_SANDBOX_CONTROL_TOKEN_FILE", requires = "allow_remote")]
    pub control_token_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub struct HealthArguments {
    /// The address that the sandbox serves.
    #[arg(long, env = "MONEI_SANDBOX_LISTEN", default_value = DEFAULT_ADDRESS)]
    listen: SocketAddr,
}

impl HealthArguments {
    /// Where to ask.
    pub fn address(self) -> SocketAddr {
        reached_at(self.listen)
    }
}

/// Names in the environment that look like settings of the sandbox and are none. What container runtimes set of themselves for a service of
/// this name is left out.
pub fn unknown_settings() -> Vec<String> {
    let command = Arguments::command();
    let settings =
        |command: &clap::Command| command.get_arguments().filter_map(|one| one.get_env().map(ToOwned::to_owned)).collect::<Vec<_>>();
    let mut known = settings(&command);
    known.extend(command.get_subcommands().flat_map(settings));
    let set = std::env::vars_os().map(|(name, _)| name).filter(|name| !known.contains(name));
    let names = set.filter_map(|name| name.into_string().ok()).filter(|name| {
        let rest = name.strip_prefix("MONEI_SANDBOX_");
        // The backend, and Monei's MCP server, call the sandbox's address so.
        rest.is_some_and(|rest| rest != "URL" && !rest.starts_with("PORT") && !rest.starts_with("SERVICE_"))
    });
    names.collect()
}

/// Where somebody on this computer reaches what listens at `address`: what serves every address is on loopback, too.
pub fn reached_at(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
