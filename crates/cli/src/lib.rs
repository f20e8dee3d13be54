//! Monei Connections on the command line: what the window does, without a window and without a GUI library. It works on the same index,
//! locks and keychain entries as the window, beside it or without it.
//!
//! [`words`] is what can be typed, and each task has a file. Text is for people; with `--json` a program gets one object ([`json`]) on
//! standard output. Why something failed goes to standard error, and [`exit`] says with which code the program ends.

mod accounts;
mod activity;
mod api;
mod apps;
mod aside;
mod ask;
mod at_once;
mod connecting;
mod disconnecting;
mod exit;
mod export;
mod failure;
mod json;
mod leaving;
#[cfg(unix)]
mod memory;
mod out;
#[cfg(unix)]
mod paying;
mod serve;
mod signals;
#[cfg(unix)]
mod socket;
mod table;
mod text;
pub mod words;

use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use connect_app::browser::SystemBrowser;
use connect_app::diagnose::{self, Found};
use connect_app::settings::Settings;
use connect_app::start::{self, Platform};
use connect_app::{catalogue, limits, logging, terminal, witness};
use connect_core::vault::{MemoryVault, Vault};
use connect_core::{Browser, Connections, OpenFailed, SystemProxies};
use connect_local_api::Place;
use url::Url;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::signals::Signals;
use crate::words::{Task, Way, Words};

/// The program's name, before each line on standard error.
pub const NAME: &str = "moneictl";

/// What a person reads who ends the program while something is under way.
const FINISHING: &str = "Finishing what was sent…";

/// How long a command that ends an access may take to say what came of it, once nothing is under way any more.
const SAYS_WITHIN: Duration = Duration::from_secs(1);

/// How long the system may take in the end for what nobody waits for any more, such as the address of a computer.
const LETS_GO_WITHIN: Duration = Duration::from_secs(1);

/// Runs one command. The exit codes are in `--help`.
pub fn run() -> ExitCode {
    limits::no_core_dumps();
    let Words { task } = match Words::try_parse() {
        Ok(words) => words,
        // Help or the version.
        Err(answer) if !answer.use_stderr() => {
            out::say(&answer.render().ansi().to_string());
            return all_said(ExitCode::SUCCESS);
        }
        // With exit code 2.
        Err(mistake) => mistake.exit(),
    };
    logging::to_terminal_if_asked();
    let script = match task {
        Task::Completions { shell } => Some(Ok(words::completions(shell))),
        Task::Man => Some(words::man_page()),
        _ => None,
    };
    match script {
        None => all_said(carried_out(task)),
        Some(Ok(text)) => {
            out::say(&String::from_utf8_lossy(&text));
            all_said(ExitCode::SUCCESS)
        }
        Some(Err(error)) => {
            terminal::complain(NAME, &error.to_string());
            Exit::Other.into()
        }
    }
}

fn carried_out(task: Task) -> ExitCode {
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
    let done = runtime.block_on(done(&settings, task));
    // From here on nobody hears a signal any more.
    runtime.shutdown_timeout(LETS_GO_WITHIN);
    match done {
        Ok(code) => code,
        Err(failure) => {
            terminal::complain(NAME, &failure.sentence());
            failure.exit().into()
        }
    }
}

/// A command that did what was wanted has failed all the same, where what it said got lost.
fn all_said(code: ExitCode) -> ExitCode {
    match out::lost() {
        Some(error) => {
            terminal::complain(NAME, &terminal::cut_off(&error));
            if code == ExitCode::SUCCESS { Exit::Other.into() } else { code }
        }
        None => code,
    }
}

async fn done(settings: &Settings, task: Task) -> Result<ExitCode, Failure> {
    if let Task::Witness = task {
        return Ok(witness::run(settings).await);
    }
    let signals = Signals::of_this_process(matches!(task, Task::Serve { .. }));
    let begun = tokio::select! {
        biased;
        begun = signals.around(begin(settings, &task)) => begun?,
        // Nothing was sent from here. What another process has begun for this one, it finishes.
        signal = signals.unfollowed() => return Ok(signal.exit_code().into()),
    };
    let connections = match begun {
        Begun::Here(connections) => connections,
        Begun::Elsewhere(code) => return Ok(code),
    };
    let ends_access = matches!(task, Task::Disconnect { .. } | Task::SetAside { .. } | Task::Leave { .. });
    let mut command = Box::pin(signals.around(with(&connections, settings, task)));
    let ended = tokio::select! {
        biased;
        outcome = &mut command => Ok(outcome),
        signal = signals.unfollowed() => Err(signal),
    };
    let living = match &ended {
        Ok(_) => shut_down(&connections, &signals, false).await,
        // An approval that isn't kept ends at Monei, too.
        Err(_) if ends_access || connections.view().transaction.is_some() => {
            tell("Finishing what was sent: what ends at Monei is waited for…");
            let (living, outcome) = with_its_end(command, shut_down(&connections, &signals, true)).await;
            match outcome {
                Some(Ok(_)) => {}
                Some(Err(failure)) => out::complain(&failure.sentence()),
                None if ends_access => {
                    out::complain("Monei hasn’t confirmed the end of the access. What is left is still here: try again.")
                }
                None => {}
            }
            living
        }
        Err(_) => {
            drop(command);
            tell(FINISHING);
            shut_down(&connections, &signals, true).await
        }
    };
    for name in &living {
        let name = name.as_deref().map_or_else(|| "An approval".to_owned(), text::foreign);
        out::complain(&format!(
            "{name}: Monei didn’t confirm that the access has ended. End it in Monei’s settings, under “Connected apps”."
        ));
    }
    let left = connections.view().left.is_some().then(|| leaving::clean_up(&connections, settings));
    match ended {
        Err(signal) => Ok(signal.exit_code().into()),
        Ok(outcome) if !living.is_empty() && outcome.is_ok() => Ok(Exit::Denied.into()),
        Ok(_) if left.is_some_and(|exit| exit != Exit::Done) => Ok(Exit::Other.into()),
        Ok(outcome) => outcome,
    }
}

/// What is done before the command.
enum Begun {
    /// It is for this process.
    Here(Connections),
    /// Another process has done it.
    #[cfg_attr(not(unix), expect(dead_code, reason = "processes reach each other by Unix sockets"))]
    Elsewhere(ExitCode),
}

async fn begin(settings: &Settings, task: &Task) -> Result<Begun, Failure> {
    #[cfg(unix)]
    if let Some(done) = memory::instead(settings, task).await {
        return done.map(Begun::Elsewhere);
    }
    let (way, in_memory) = match task {
        Task::Connect { way, .. } | Task::Reconnect { way, .. } => (*way, false),
        Task::Serve { way, memory, .. } => {
            if !memory && (way.no_browser || way.port != 0) {
                return Err(Failure::said(Exit::Usage, "--no-browser and --port are for connecting: use them with --memory."));
            }
            (*way, *memory)
        }
        _ => (Way::default(), false),
    };
    start(settings, way, in_memory).await.map(Begun::Here)
}

/// Gives what was sent its time; a second signal ends the program at once. `told`: there was a first one. Gives what
/// [`Connections::shutdown`] does.
async fn shut_down(connections: &Connections, signals: &Signals, mut told: bool) -> Vec<Option<String>> {
    let mut shutdown = pin!(connections.shutdown());
    loop {
        tokio::select! {
            biased;
            living = &mut shutdown => return living,
            signal = signals.next() => {
                if told {
                    std::process::exit(signal.exit_code().into());
                }
                tell(FINISHING);
                told = true;
            }
        }
    }
}

/// Goes on with a command until `shutdown` says that nothing of it is under way any more. Also gives what came of the command, where it has
/// ended.
async fn with_its_end<T>(
    mut command: impl Future<Output = T> + Unpin,
    shutdown: impl Future<Output = Vec<Option<String>>>,
) -> (Vec<Option<String>>, Option<T>) {
    let mut shutdown = pin!(shutdown);
    tokio::select! {
        biased;
        outcome = &mut command => (shutdown.await, Some(outcome)),
        living = &mut shutdown => (living, tokio::time::timeout(SAYS_WITHIN, command).await.ok()),
    }
}

/// Says what is waited for, below the line that the person is at.
fn tell(what: &str) {
    if out::shows_progress() {
        anstream::eprintln!();
    }
    out::complain(what);
}

async fn with(connections: &Connections, settings: &Settings, task: Task) -> Result<ExitCode, Failure> {
    match task {
        Task::Connect { scopes, way } => connecting::connect(connections, scopes, &way).await,
        Task::Reconnect { account, scopes, way } => connecting::reconnect(connections, &account, scopes, &way).await,
        Task::Leave { yes, remove } => leaving::leave(connections, yes, remove).await,
        Task::Serve { memory: true, scopes, way } => serve::serve_memory(connections, settings, scopes, &way).await,
        Task::Serve { .. } => serve::serve(connections, settings).await,
        Task::Diagnose { json } => {
            let asked = diagnose::Asked { program: NAME, as_json: json, reason: catalogue::reason_in_a_terminal };
            let apps_port = connect_local_api::is_ours(connections, &Place::of(settings)).await;
            let found = Found::with(connections, settings.environment, apps_port).await;
            return Ok(diagnose::tell(&Ok(found), settings.environment, asked));
        }
        task => on_accounts(connections, settings, task).await,
    }
    .map(Into::into)
}

/// What needs nothing but the accounts: another process may do it for this one.
async fn on_accounts(connections: &Connections, settings: &Settings, task: Task) -> Result<Exit, Failure> {
    match task {
        Task::Accounts { json } => accounts::list(connections, json),
        Task::Status { account, named, check, json } => accounts::status(connections, account.or(named).as_deref(), check, json).await,
        Task::Disconnect { which, yes, remove } => disconnecting::disconnect(connections, &which, yes, remove).await,
        Task::SetAside { account, scope, undo, end, yes } => {
            aside::set_aside(connections, aside::Wanted { account, scope, undo, end, yes }).await
        }
        Task::Rename { account, name } => accounts::rename(connections, &account, name).await,
        Task::Activity { account, named, all, json } => activity::list(connections, account.or(named).as_deref(), all, json).await,
        Task::Export { account, named, format, output, filter } => {
            export::export(connections, export::Wanted { account: account.or(named), format, output, filter }).await
        }
        Task::Api { method, path, account, fields, paginate } => {
            api::api(connections, settings, account.as_deref(), api::Call { method, path, fields, paginate }).await
        }
        Task::App { task } => apps::app(connections, settings, task).await,
        Task::Connect { .. }
        | Task::Reconnect { .. }
        | Task::Leave { .. }
        | Task::Serve { .. }
        | Task::Diagnose { .. }
        | Task::Completions { .. }
        | Task::Man
        | Task::Witness => Ok(Exit::Done),
    }
}

/// The core on this person's index and keychain, or in this process's memory alone.
async fn start(settings: &Settings, Way { no_browser, port }: Way, in_memory: bool) -> Result<Connections, Failure> {
    let vault: Arc<dyn Vault> = if in_memory { Arc::new(MemoryVault::default()) } else { start::vault(settings)? };
    let browser = WayToBrowser { browser: SystemBrowser::new(settings.link_scheme.clone()), opens: !no_browser };
    let platform = Platform { browser: Arc::new(browser), proxies: Arc::new(SystemProxies), loopback_port: Some(port), in_memory };
    Ok(start::connections(settings, vault, platform).await?)
}

/// The way to a browser. Links never come back to a command line, whatever the system does with them.
struct WayToBrowser {
    browser: SystemBrowser,
    /// Where not, the link is printed alone.
    opens: bool,
}

impl Browser for WayToBrowser {
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
