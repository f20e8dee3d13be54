//! Monei Connections on the command line: what the window does, without a window and without a GUI library. It works on the same index,
//! locks and keychain entries as the window, beside it or without it.
//!
//! [`words`] is what can be typed, and each task has a file. Text is for people; with `--json` a program gets one object ([`json`]) on
//! standard output. Why something failed goes to standard error, and [`exit`] says with which code the program ends.

mod accounts;
mod activity;
mod api;
mod apps;
mod ask;
mod connecting;
mod disconnecting;
mod exit;
mod export;
mod failure;
mod json;
mod leaving;
#[cfg(unix)]
mod paying;
mod serve;
mod table;
mod text;
pub mod words;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use connect_app::browser::SystemBrowser;
use connect_app::diagnose::{self, Found};
use connect_app::settings::Settings;
use connect_app::start::{self, Platform};
use connect_app::{limits, logging, terminal, witness};
use connect_core::{Browser, Connections, OpenFailed, SystemProxies};
use url::Url;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::words::{Task, Words};

/// The program's name, before each line on standard error.
pub const NAME: &str = "moneictl";

/// Runs one command. The exit codes are in `--help`.
pub fn run() -> ExitCode {
    limits::no_core_dumps();
    // Prints help, versions and mistakes itself, the latter with exit code 2.
    let Words { task } = Words::parse();
    logging::to_terminal_if_asked();
    match task {
        Task::Completions { shell } => {
            words::print_completions(shell);
            return ExitCode::SUCCESS;
        }
        Task::Man => return words::print_man_page().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        _ => {}
    }
    let settings = match Settings::read(None) {
        Ok(settings) => settings,
        Err(error) => {
            terminal::complain(NAME, &error.to_string());
            return Exit::Usage.into();
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::complain(NAME, &error.to_string());
            return Exit::Other.into();
        }
    };
    match runtime.block_on(done(&settings, task)) {
        Ok(code) => code,
        Err(failure) => {
            terminal::complain(NAME, &failure.sentence());
            failure.exit().into()
        }
    }
}

async fn done(settings: &Settings, task: Task) -> Result<ExitCode, Failure> {
    if let Task::Witness = task {
        return Ok(witness::run(settings).await);
    }
    let port = if let Task::Connect { way, .. } | Task::Reconnect { way, .. } = &task { way.port } else { 0 };
    let opens = !matches!(&task, Task::Connect { way, .. } | Task::Reconnect { way, .. } if way.no_browser);
    let connections = start(settings, opens, port).await?;
    let outcome = with(&connections, settings, task).await;
    connections.shutdown().await;
    if connections.view().left.is_some() && leaving::clean_up(settings) != Exit::Done {
        return Ok(Exit::Other.into());
    }
    outcome
}

async fn with(connections: &Connections, settings: &Settings, task: Task) -> Result<ExitCode, Failure> {
    match task {
        Task::Accounts { json } => accounts::list(connections, json),
        Task::Status { account, check, json } => accounts::status(connections, account.as_deref(), check, json).await,
        Task::Connect { scopes, way } => connecting::connect(connections, scopes, &way).await,
        Task::Reconnect { account, scopes, way } => connecting::reconnect(connections, &account, scopes, &way).await,
        Task::Disconnect { which, yes, remove } => disconnecting::disconnect(connections, &which, yes, remove).await,
        Task::Leave { yes, remove } => leaving::leave(connections, yes, remove).await,
        Task::Rename { account, name } => accounts::rename(connections, &account, name).await,
        Task::Activity { account, json } => activity::list(connections, account.as_deref(), json).await,
        Task::Export { account, format, output, filter } => {
            export::export(connections, export::Wanted { account, format, output, filter }).await
        }
        Task::Api { method, path, account, fields, paginate } => {
            api::api(connections, settings, account.as_deref(), api::Call { method, path, fields, paginate }).await
        }
        Task::Serve => serve::serve(connections, settings).await,
        Task::App { task } => apps::app(connections, task).await,
        Task::Diagnose { json } => {
            let asked = diagnose::Asked { program: NAME, as_json: json };
            let found = Found::with(connections, settings.environment).await;
            return Ok(diagnose::tell(&Ok(found), settings.environment, asked));
        }
        Task::Completions { .. } | Task::Man | Task::Witness => Ok(Exit::Done),
    }
    .map(Into::into)
}

/// The core on this person's index and keychain, whose answers come back to `port` (0: one that the system chooses).
async fn start(settings: &Settings, opens: bool, port: u16) -> Result<Connections, Failure> {
    let vault = start::vault(settings)?;
    let browser = Way { browser: SystemBrowser::new(settings.link_scheme.clone()), opens };
    let platform = Platform { browser: Arc::new(browser), proxies: Arc::new(SystemProxies), loopback_port: Some(port) };
    Ok(start::connections(settings, vault, platform).await?)
}

/// The way to a browser. Links never come back to a command line, whatever the system does with them.
struct Way {
    browser: SystemBrowser,
    /// Where not, the link is printed alone.
    opens: bool,
}

impl Browser for Way {
    fn open(&self, url: &Url) -> Result<(), OpenFailed> {
        if self.opens { self.browser.open(url) } else { Err(OpenFailed) }
    }

    fn handles_links(&self) -> bool {
        false
    }

    fn is_there(&self) -> bool {
        self.browser.is_there()
    }
}
