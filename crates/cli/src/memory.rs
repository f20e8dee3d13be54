//! `serve --memory`, for a computer without a keychain: the accounts are in that process's memory alone. It carries out other commands, which
//! reach it by a Unix socket for them alone; their questions are asked where they were typed.

use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Parser as _;
use connect_app::settings::Settings;
use connect_core::Connections;
use connect_local_api::command::PATH;
use connect_local_api::{Commands, Place};
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::{self, Asker, Output};
use crate::socket::{Answer, Unanswered, send};
use crate::words::{Task, Words};
use crate::{NAME, ask};

/// How long is waited to hear whether accounts are in memory.
const PATIENCE: Duration = Duration::from_secs(2);

/// A command that was typed elsewhere.
#[derive(Serialize, Deserialize)]
struct Request {
    /// What was typed, without the program's name.
    words: Vec<String>,
    /// The questions that it has asked, and the answers.
    answers: Vec<(String, bool)>,
    /// Whether its output goes to a terminal.
    terminal: bool,
}

/// What came of it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    /// It wants an answer first, and is to be asked for again with it.
    Asks(String),
    /// It has ended.
    Ended {
        output: Vec<Output>,
        exit: u8,
        /// Why it didn't do what was wanted.
        failure: Option<String>,
    },
}

/// The process that has the accounts in its memory.
struct CommandClient {
    socket: PathBuf,
}

/// Has the command carried out by the process that has the accounts in its memory. `None`: there is none, or it is for this process to do.
pub async fn instead(settings: &Settings, task: &Task) -> Option<Result<ExitCode, Failure>> {
    if matches!(task, Task::Diagnose { .. } | Task::Completions { .. } | Task::Man | Task::Witness) {
        return None;
    }
    let client = CommandClient::find(settings).await?;
    Some(match refusal(task) {
        Some(sentence) => Err(Failure::said(Exit::Usage, sentence)),
        None => client.run(std::env::args().skip(1).collect()).await,
    })
}

/// Why a command isn't carried out there.
fn refusal(task: &Task) -> Option<&'static str> {
    match task {
        Task::Connect { .. } | Task::Reconnect { .. } => Some(
            "Accounts are in the memory of `moneictl serve --memory`, which connects in its own terminal. End it with Ctrl-C, and start it again.",
        ),
        Task::Serve { .. } => Some("`moneictl serve --memory` runs already."),
        Task::Leave { .. } => Some(
            "Accounts are in the memory of `moneictl serve --memory`: end it with Ctrl-C. Every access ends with it, and nothing is left.",
        ),
        Task::Export { output: Some(_), .. } => Some(
            "Accounts are in the memory of `moneictl serve --memory`, which writes no file: leave --output away, and redirect the output.",
        ),
        _ => None,
    }
}

impl CommandClient {
    async fn find(settings: &Settings) -> Option<Self> {
        let socket = Place::of(settings).commands().filter(|socket| socket.exists())?;
        let answer = tokio::time::timeout(PATIENCE, send(&socket, "GET", PATH, None, Bytes::new())).await.ok()?.ok()?;
        (answer.status == 200).then_some(Self { socket })
    }

    async fn run(&self, words: Vec<String>) -> Result<ExitCode, Failure> {
        let mut request = Request { words, answers: Vec::new(), terminal: out::is_terminal() };
        loop {
            match self.send(&request).await? {
                Reply::Asks(question) => {
                    let answer = ask::agrees(&question).await?;
                    request.answers.push((question, answer));
                }
                Reply::Ended { output, exit, failure } => {
                    out::repeat(&output);
                    if let Some(sentence) = failure {
                        out::complain(&sentence);
                    }
                    return Ok(ExitCode::from(exit));
                }
            }
        }
    }

    async fn send(&self, request: &Request) -> Result<Reply, Failure> {
        let broken = || Failure::said(Exit::Unreachable, "`moneictl serve --memory` ended before it answered.");
        let body = serde_json::to_vec(request).map_err(|_| broken())?;
        let answer: Result<Answer, Unanswered> = send(&self.socket, "POST", PATH, None, body.into()).await;
        let answer = answer.map_err(|_| broken())?;
        if answer.status != 200 {
            return Err(answer.failure());
        }
        serde_json::from_slice(&answer.body).map_err(|_| broken())
    }
}

/// The other end: carries commands out on the accounts in this process's memory.
pub struct CommandServer {
    connections: Connections,
    settings: Settings,
}

impl CommandServer {
    /// For these accounts.
    pub fn new(connections: Connections, settings: Settings) -> Arc<Self> {
        Arc::new(Self { connections, settings })
    }

    async fn reply(&self, command: &[u8]) -> Reply {
        let ended = |exit: Exit, failure: Option<String>| Reply::Ended { output: Vec::new(), exit: exit as u8, failure };
        let Ok(Request { words, answers, terminal }) = serde_json::from_slice(command) else {
            return ended(Exit::Usage, Some("That isn’t a command of this version’s moneictl.".to_owned()));
        };
        let task = match Words::try_parse_from(std::iter::once(NAME.to_owned()).chain(words)) {
            Ok(Words { task }) => task,
            Err(error) => return ended(Exit::Usage, Some(error.to_string())),
        };
        if let Some(sentence) = refusal(&task) {
            return ended(Exit::Usage, Some(sentence.to_owned()));
        }
        // What ends an access at Monei is finished here, also where the terminal it was typed in goes away.
        let goes_on = matches!(task, Task::Disconnect { .. } | Task::SetAside { .. });
        let (connections, settings) = (self.connections.clone(), self.settings.clone());
        let run = async move { Asker::new(terminal, answers).run(crate::on_accounts(&connections, &settings, task)).await };
        let (outcome, output, question) = match goes_on {
            true => match tokio::spawn(run).await {
                Ok(ended) => ended,
                Err(_) => return ended(Exit::Other, Some("It ended before it was done.".to_owned())),
            },
            false => run.await,
        };
        match (outcome, question) {
            (_, Some(question)) => Reply::Asks(question),
            (Ok(exit), None) => Reply::Ended { output, exit: exit as u8, failure: None },
            (Err(failure), None) => Reply::Ended { output, exit: failure.exit() as u8, failure: Some(failure.sentence()) },
        }
    }
}

impl Commands for CommandServer {
    fn answer(&self, command: Bytes) -> Pin<Box<dyn Future<Output = Bytes> + Send + '_>> {
        // What is written here can be read by both ends.
        Box::pin(async move { serde_json::to_vec(&self.reply(&command).await).unwrap_or_default().into() })
    }
}
