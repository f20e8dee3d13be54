//! One test's world: a session, the browser, the program's window and the sandbox inside the program.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use fantoccini::error::CmdError;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use crate::process::{Process, target_dir};
use crate::sampler::Sampler;
use crate::session::free_port;
use crate::wait::PATIENCE;
use crate::{Browser, Samples, SandboxControl, Session, Surroundings, Terminal, Window, until};

/// The keychain's name for this program's items in the sandbox environment.
const KEYCHAIN_SERVICE: &str = "org.moneiconnections.manager.sandbox";
/// The one item that is no grant: the sealing key of the embedded backend.
const SEALING_KEY: &str = "embedded-backend-sealing-key";

/// How long one test may take, on a slow and busy machine.
const LIMIT: Duration = Duration::from_secs(300);

/// How a world starts.
#[derive(Clone, Copy, Default)]
pub struct Setup {
    /// Everything that can be logged is logged.
    pub trace: bool,
    /// Arguments and environments are sampled.
    pub sample: bool,
    /// Backend and sandbox are programs of their own, which live on when the program is quit.
    pub apart: bool,
    /// The program offers what it shows to assistive technologies.
    pub accessible: bool,
}

/// A world of its own for one test. Worlds come one after the other, however many threads the test runner has.
pub struct World {
    /// The system browser.
    pub browser: Browser,
    /// The sandbox's control interface.
    pub sandbox: SandboxControl,
    /// The desktop session.
    pub session: Session,
    window: Option<Window>,
    backend: String,
    sampler: Option<Sampler>,
    _turn: OwnedMutexGuard<()>,
}

impl World {
    /// Runs `test` in a new world, and keeps logs and pictures in `target/e2e/<name>` when it fails.
    pub async fn with(name: &str, setup: Setup, test: impl AsyncFnOnce(&mut World) -> Result<()>) -> Result<()> {
        let mut world = World::start(name, setup).await?;
        // Single calls to a driver have no limit of their own.
        let result = match timeout(LIMIT, test(&mut world)).await {
            Ok(result) => result,
            Err(_) => Err(anyhow!("{name} took longer than {LIMIT:?}")),
        };
        if let Err(error) = &result {
            // On one line and before what else is kept: it is what the summary of `cargo xtask test` repeats.
            eprintln!("Error: {}", told(error));
            world.keep_evidence().await?;
        }
        result
    }

    /// A new world with the program running in it.
    pub async fn start(name: &str, setup: Setup) -> Result<World> {
        let turn = turn().lock_owned().await;
        let surroundings = Surroundings { accessible: setup.accessible, ..Surroundings::default() };
        let mut session = Session::start_in(name, surroundings).await?;
        let sandbox = format!("http://127.0.0.1:{}", free_port()?);
        let backend = format!("http://127.0.0.1:{}", free_port()?);
        session.set("MONEI_SANDBOX_URL", &sandbox);
        session.set("MONEI_REDIRECT_URI", &format!("{backend}/v1/callback"));
        if setup.apart {
            start_servers(&mut session, &sandbox, &backend).await?;
        }
        session.set("RUST_LOG", if setup.trace { "trace" } else { "info" });
        let sampler = setup.sample.then(|| Sampler::start(session.mark()));
        let browser = Browser::register(&mut session).await?;
        let mut world = World { browser, sandbox: SandboxControl::new(&sandbox)?, session, window: None, backend, sampler, _turn: turn };
        if let Err(error) = world.open().await {
            world.keep_evidence().await?;
            return Err(error);
        }
        Ok(world)
    }

    /// Starts the program (again).
    pub async fn open(&mut self) -> Result<()> {
        ensure!(self.window.is_none(), "the program runs already");
        self.window = Some(Window::open(&self.session, &program()?).await?);
        Ok(())
    }

    /// Starts the program (again) as the system does for a link.
    pub async fn open_by(&mut self, link: &str) -> Result<()> {
        ensure!(self.window.is_none(), "the program runs already");
        self.window = Some(Window::open_with(&self.session, &program()?, &[link]).await?);
        Ok(())
    }

    /// Ends the program by closing its window.
    pub async fn quit(&mut self) -> Result<()> {
        self.window.take().context("the program does not run")?.quit(&self.session).await
    }

    /// Waits for the dialog of this title, outside of the page, and gives its window's id at the display.
    pub async fn dialog(&self, title: &str) -> Result<String> {
        until(title, async || self.dialog_now(title)).await
    }

    fn dialog_now(&self, title: &str) -> Result<Option<String>> {
        // Each by its own name: a search by name misses those that the program's locale can't write in the older property.
        let visible = self.session.run("xdotool", &["search", "--onlyvisible", "--class", "."])?;
        for id in String::from_utf8_lossy(&visible.stdout).split_whitespace() {
            let name = self.session.run("xdotool", &["getwindowname", id])?;
            if String::from_utf8_lossy(&name.stdout).trim() == title {
                return Ok(Some(id.to_owned()));
            }
        }
        Ok(None)
    }

    async fn dialog_gone(&self, title: &str) -> Result<()> {
        until(&format!("{title} to close"), async || Ok(self.dialog_now(title)?.is_none().then_some(()))).await
    }

    /// Answers the program's own dialog of this title, as a person does at the keyboard.
    pub async fn answer_dialog(&self, title: &str, key: &str) -> Result<()> {
        let id = self.dialog(title).await?;
        self.session.run("xdotool", &["windowactivate", "--sync", &id, "key", "--clearmodifiers", key])?;
        self.dialog_gone(title).await
    }

    /// In the desktop's dialog of this title: types where to save a file, and saves it.
    pub async fn save_as(&self, title: &str, file: &std::path::Path) -> Result<()> {
        let id = self.dialog(title).await?;
        let path = file.display().to_string();
        self.session.run("xdotool", &["windowactivate", "--sync", &id, "key", "--clearmodifiers", "ctrl+a"])?;
        self.session.run("xdotool", &["type", "--clearmodifiers", &path])?;
        self.session.run("xdotool", &["key", "--clearmodifiers", "Return"])?;
        self.dialog_gone(title).await
    }

    /// Ends the program by something in its window.
    pub async fn end_by(&mut self, hook: &str) -> Result<()> {
        self.window.take().context("the program does not run")?.click_to_end(hook).await
    }

    /// Ends the program as the system does at the end of a session.
    pub async fn end_by_signal(&mut self) -> Result<()> {
        self.window.take().context("the program does not run")?.end_by("TERM").await
    }

    /// Ends the program as it ends where it is killed, or the power fails.
    pub async fn kill(&mut self) -> Result<()> {
        self.window.take().context("the program does not run")?.end_by("KILL").await
    }

    /// Runs the program with these words, to its end.
    pub fn run(&self, words: &[&str]) -> Result<std::process::Output> {
        self.session.run(&self.program()?, words)
    }

    /// Where the program is.
    pub fn program(&self) -> Result<String> {
        Ok(program()?.display().to_string())
    }

    /// Runs the command line with these words, without a terminal, to its end.
    pub fn command_line(&self, words: &[&str]) -> Result<std::process::Output> {
        let mut command = self.session.command(&server("moneictl")?);
        // A program with everything inside is told neither.
        command.args(words).env("MONEI_ENVIRONMENT", "sandbox").env("CONNECT_BACKEND_URL", &self.backend);
        command.output().with_context(|| format!("moneictl {}", words.join(" ")))
    }

    /// Starts the command line with these words in a terminal.
    pub fn terminal(&self, words: &[&str]) -> Result<Terminal> {
        Terminal::start(&self.session, &server("moneictl")?, words)
    }

    /// The program's window.
    pub fn window(&self) -> Result<&Window> {
        self.window.as_ref().context("the program does not run")
    }

    /// Ends sampling and gives what was seen.
    pub fn samples(&mut self) -> Result<Samples> {
        Ok(self.sampler.take().context("this world was not sampled")?.finish())
    }

    /// In the window: agrees to the backend when asked, and asks to connect an account for these features.
    pub async fn ask(&self, features: &[&str]) -> Result<()> {
        let window = self.window()?;
        if window.first_of(&["confirm-backend", "connect-account"]).await? == "confirm-backend" {
            window.click("confirm-backend").await?;
        }
        window.click("connect-account").await?;
        self.choose(features).await?;
        window.click("start-connect").await
    }

    /// On the page where features are chosen: these and no others.
    pub async fn choose(&self, features: &[&str]) -> Result<()> {
        for feature in ALL_FEATURES {
            self.window()?.choose(&format!("choose-{feature}"), features.contains(&feature)).await?;
        }
        Ok(())
    }

    /// From "Connect an account" to the dashboard: `user` allows `grant` of what `features` need.
    pub async fn connect(&mut self, user: &str, features: &[&str], grant: &[&str]) -> Result<()> {
        self.ask(features).await?;
        self.browser.next_tab().await?;
        self.browser.reach_consent(user).await?;
        self.browser.allow(grant).await?;
        self.finish().await
    }

    /// Waits until the connection is stored and leaves its page. The person says of a new account that it is theirs.
    pub async fn finish(&self) -> Result<()> {
        let window = self.window()?;
        let over = ["stage-done", "stage-failed", "stage-decide"];
        let mut shown = window.first_of(&over).await?;
        if shown == "stage-decide" && window.text(shown).await?.contains("Is this you?") {
            window.click("decide-add_as_account").await?;
            window.lacks(shown).await?;
            shown = window.first_of(&over).await?;
        }
        ensure!(shown == "stage-done", "{shown}: {}", window.text(shown).await?);
        // The transaction's own entry goes once the outcome is shown.
        until("the transaction's entry to go", async || {
            Ok((!self.keychain()?.iter().any(|item| item.username.starts_with("pending."))).then_some(()))
        })
        .await?;
        window.click("dismiss").await?;
        window.lacks("stage-done").await
    }

    /// Asks for one more feature of the account that is shown.
    pub async fn ask_more(&mut self, feature: &str) -> Result<()> {
        let window = self.window()?;
        window.click(&format!("ask-{feature}")).await?;
        if window.first_of(&["confirm-ask", "stage-checking", "stage-waiting"]).await? == "confirm-ask" {
            window.click("confirm-ask").await?;
        }
        self.browser.next_tab().await
    }

    /// Waits until each feature of the account that is shown stands as told.
    pub async fn features(&self, wanted: &[(&str, &str)]) -> Result<()> {
        for (feature, state) in wanted {
            self.window()?.attribute(&format!("feature-{feature}"), "data-state", state).await?;
        }
        Ok(())
    }

    /// Disconnects the account `name` that is shown, and waits until it is gone from the list.
    pub async fn disconnect(&self, name: &str, last_index: usize) -> Result<()> {
        let window = self.window()?;
        window.click("disconnect").await?;
        window.click("confirm-disconnect").await?;
        self.answer_dialog(&asks_to_disconnect(name), "alt+d").await?;
        window.lacks(&format!("account-{last_index}")).await
    }

    /// The grants in the keychain, as another program of the person sees them: what `secret-tool` finds.
    pub fn keychain(&self) -> Result<Vec<KeychainItem>> {
        let said = self.session.run("secret-tool", &["search", "--all", "service", KEYCHAIN_SERVICE])?;
        // Attributes come on standard error, everything else on standard output.
        let attributes = String::from_utf8_lossy(&said.stderr).into_owned();
        let names = attributes.lines().filter_map(|line| line.strip_prefix("attribute.username = ")).filter(|name| *name != SEALING_KEY);
        names
            .map(|username| {
                // A name may begin with a hyphen.
                let said = self.session.run("secret-tool", &["lookup", "--", "service", KEYCHAIN_SERVICE, "username", username])?;
                ensure!(said.status.success(), "secret-tool doesn't find {username}");
                Ok(KeychainItem { username: username.to_owned(), secret: String::from_utf8_lossy(&said.stdout).into_owned() })
            })
            .collect()
    }

    /// The window as `target/exercises/<name>.png`.
    pub async fn picture_of_window(&self, name: &str) -> Result<()> {
        self.window()?.screenshot(&picture(name)?).await
    }

    /// The whole screen as `target/exercises/<name>.png`: with what isn't the window's own.
    pub fn picture_of_screen(&self, name: &str) -> Result<()> {
        self.session.screen(&picture(name)?)
    }

    /// The browser's page as `target/exercises/<name>.png`.
    pub async fn picture_of_browser(&self, name: &str) -> Result<()> {
        self.browser.screenshot(&picture(name)?).await
    }

    async fn keep_evidence(&self) -> Result<()> {
        let folder = self.session.keep_evidence()?;
        // The web view may be what failed; the rest is worth having then.
        if let Some(window) = &self.window {
            let pictured = timeout(PATIENCE, window.screenshot(&folder.join("window.png"))).await;
            let missing = match pictured {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => told(&error),
                Err(_) => "no answer".to_owned(),
            };
            let runs = if window.pid().is_ok() { "runs" } else { "has ended" };
            eprintln!("no picture of the window ({missing}); the program {runs}");
        }
        Ok(())
    }
}

/// An error with its causes, the kind of what a driver answered (its message is often empty), and where in the test it arose.
fn told(error: &anyhow::Error) -> String {
    let kinds = error.chain().filter_map(|cause| match cause.downcast_ref() {
        Some(CmdError::Standard(answer)) => Some(format!(" [{}]", answer.error)),
        _ => None,
    });
    let kinds: String = kinds.collect();
    // Only with RUST_BACKTRACE, which `cargo xtask test` sets.
    let trace = error.backtrace().to_string();
    let place = trace.lines().filter_map(|line| line.trim().strip_prefix("at ")).find(|place| place.contains("end_to_end/"));
    let place = place.map(|place| format!(", at {place}")).unwrap_or_default();
    format!("{error:#}{kinds}{place}")
}

/// Title of the program's own question before it disconnects the account `name`.
pub fn asks_to_disconnect(name: &str) -> String {
    format!("Disconnect \u{2068}{name}\u{2069}?")
}

/// Title of its question before it removes the account here without Monei's confirmation.
pub fn asks_to_remove(name: &str) -> String {
    format!("Remove \u{2068}{name}\u{2069} without Monei’s confirmation?")
}

/// Title of its question before everything that the account allows ends.
pub fn asks_to_end_all(name: &str) -> String {
    format!("End everything that \u{2068}{name}\u{2069} allows?")
}

/// Names of all features, as the hooks spell them.
pub const ALL_FEATURES: [&str; 9] = ["profile", "kyc", "wallet", "deposit", "send", "withdraw", "bills", "swap", "offramp"];

/// One stored item, as another program of the person sees it.
pub struct KeychainItem {
    /// Its name within the service.
    pub username: String,
    /// What is stored.
    pub secret: String,
}

/// The program under test: `MONEI_CONNECT_PROGRAM`, or what `cargo build --features embedded` left.
fn program() -> Result<PathBuf> {
    let path = match std::env::var_os("MONEI_CONNECT_PROGRAM") {
        Some(path) => PathBuf::from(path),
        None => target_dir()?.join("debug/monei-connect"),
    };
    ensure!(path.is_file(), "{} is missing: cargo build --features embedded", path.display());
    Ok(path)
}

/// Starts sandbox and backend, as `cargo build` left them, and has the program use them.
async fn start_servers(session: &mut Session, sandbox: &str, backend: &str) -> Result<()> {
    let address = |url: &str| url.trim_start_matches("http://").to_owned();
    let secret = session.folder().join("client-secret").display().to_string();
    let redirect = format!("{backend}/v1/callback");
    let mut command = session.command(&server("monei-sandbox")?);
    command.args(["--listen", &address(sandbox), "--redirect-uri", &redirect, "--client-secret-file", &secret]);
    let process = Process::spawn("monei-sandbox", &mut command, &session.logs())?;
    session.keep(process);
    reachable(&address(sandbox)).await?;
    let mut command = session.command(&server("connect-backend")?);
    command.env("MONEI_ENVIRONMENT", "sandbox").env("MONEI_CLIENT_ID", "mc_sim_local").env("MONEI_CLIENT_SECRET_FILE", &secret);
    command.env("CONNECT_LISTEN", address(backend)).env("CONNECT_SEALING_KEY", hex::encode(rand::random::<[u8; 32]>()));
    command.env("CONNECT_OPERATOR_NAME", "Sandbox operator").env("CONNECT_OPERATOR_URL", "https://operator.example.org/");
    let process = Process::spawn("connect-backend", &mut command, &session.logs())?;
    session.keep(process);
    reachable(&address(backend)).await?;
    session.set("MONEI_ENVIRONMENT", "sandbox");
    session.set("CONNECT_BACKEND_URL", backend);
    Ok(())
}

async fn reachable(address: &str) -> Result<()> {
    until(address, async || Ok(Some(tokio::net::TcpStream::connect(address).await?))).await.map(drop)
}

fn server(name: &str) -> Result<String> {
    let path = target_dir()?.join("debug").join(name);
    ensure!(path.is_file(), "{} is missing: cargo build --features embedded", path.display());
    Ok(path.display().to_string())
}

fn picture(name: &str) -> Result<PathBuf> {
    let folder = target_dir()?.join("exercises");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("{name}.png")))
}

fn turn() -> Arc<Mutex<()>> {
    static TURN: std::sync::OnceLock<Arc<Mutex<()>>> = std::sync::OnceLock::new();
    TURN.get_or_init(Arc::default).clone()
}
