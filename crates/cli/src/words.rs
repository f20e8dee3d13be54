//! What can be typed.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use monei::permission::{Method, PERMISSIONS};

use crate::NAME;

/// What a person types.
#[derive(Debug, Parser)]
#[command(
    name = NAME,
    version,
    about = "Connect Monei accounts, see what each connection allows, and take access away: Monei Connections without its window.",
    max_term_width = 100,
    after_help = "\
An ACCOUNT is the name, email address or number that `moneictl accounts` shows, or the id in its JSON.

Exit codes:
  0  done
  1  anything that no other code stands for
  2  a word or a setting can't be used
  3  an account has to be reconnected
  4  a permission is missing
  5  the keychain can't be used
  6  the connection service, Monei or the network can't be reached
  7  denied, or not confirmed
  129, 130, 143  ended by SIGHUP, by Ctrl-C, by SIGTERM

Environment:
  CONNECT_BACKEND_URL  address of the connection service
  MONEI_ENVIRONMENT    production, development or sandbox
  RUST_LOG             what is logged to standard error; nothing by default
  NO_COLOR             no colours
  BROWSER              the browser to open"
)]
pub struct Words {
    /// What to do.
    #[command(subcommand)]
    pub task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// List the connected accounts
    Accounts {
        /// Answer as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show what each connection allows, since when, and whether it works
    #[command(after_help = "Exit code 3 if an account that is shown has to be reconnected.")]
    Status {
        /// This account alone
        account: Option<String>,
        /// The same
        #[arg(long = "account", value_name = "ACCOUNT", conflicts_with = "account")]
        named: Option<String>,
        /// Ask Monei first whether each connection still works, by a call that only reads
        #[arg(long)]
        check: bool,
        /// Answer as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Connect an account: the browser opens, and the approval comes back to this computer
    #[command(after_help = "\
Over SSH, forward a port and open the printed link in your own browser:
  ssh -L 8123:127.0.0.1:8123 server
  moneictl connect --no-browser --port 8123")]
    Connect {
        /// What to ask for, separated by commas; without it what only reads
        #[arg(long, value_delimiter = ',', value_name = "SCOPE", value_parser = scopes())]
        scopes: Vec<String>,
        /// How to reach the browser
        #[command(flatten)]
        way: Way,
    },
    /// Ask for permissions that an account lacks, and for nothing else
    Reconnect {
        /// Which account
        account: String,
        /// What to ask for, separated by commas; without it what the account had and lost
        #[arg(long, value_delimiter = ',', value_name = "SCOPE", value_parser = scopes())]
        scopes: Vec<String>,
        /// How to reach the browser
        #[command(flatten)]
        way: Way,
    },
    /// End the access at Monei, and remove the account from this computer
    Disconnect {
        /// Which account
        #[command(flatten)]
        which: Which,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        /// Remove it here even if Monei doesn't confirm: the access may live on there until you end it in Monei's settings
        #[arg(long)]
        remove: bool,
    },
    /// Switch a permission off here: no app and no window uses it. It also ends at Monei, if it was approved alone
    #[command(
        after_help = "Monei documents no way to end a part of an approval: with --end everything ends that was approved together with the permission, and you\nare told how to ask for the rest again."
    )]
    SetAside {
        /// Which account
        account: String,
        /// Which permission, such as wallet:read
        scope: String,
        /// Switch it on again
        #[arg(long, conflicts_with_all = ["end", "yes"])]
        undo: bool,
        /// End it at Monei, too, with everything that was approved together with it
        #[arg(long)]
        end: bool,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
    /// Disconnect every account, and delete everything that Monei Connections has stored on this computer
    #[command(
        after_help = "Close the window of Monei Connections first. Exit code 7 if something couldn't be ended: it is still here then, and you can try again."
    )]
    Leave {
        /// Don't ask
        #[arg(long)]
        yes: bool,
        /// Delete everything even if Monei doesn't confirm: the access may live on there until you end it in Monei's settings
        #[arg(long)]
        remove: bool,
    },
    /// Give an account a name of your own
    Rename {
        /// Which account
        account: String,
        /// The name; without it the account has Monei's again
        name: Option<String>,
    },
    /// Show what happened
    Activity {
        /// To this account alone
        account: Option<String>,
        /// The same
        #[arg(long = "account", value_name = "ACCOUNT", conflicts_with = "account")]
        named: Option<String>,
        /// Everything that is kept, not the latest 200 lines alone
        #[arg(long)]
        all: bool,
        /// Answer as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write an account's transactions as a file for a spreadsheet, bookkeeping or a program
    #[command(
        after_help = "Without --output the file goes to standard output. Exit code 4 if the account doesn't allow its history to be read."
    )]
    Export {
        /// Whose transactions; without it those of the only account
        account: Option<String>,
        /// The same
        #[arg(long = "account", value_name = "ACCOUNT", conflicts_with = "account")]
        named: Option<String>,
        /// Which kind of file; without it what the name of the output ends in, or csv
        #[arg(long, value_enum)]
        format: Option<Format>,
        /// The file to write. One that is there already stays as it is, and nothing is written
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Which transactions
        #[command(flatten)]
        filter: Filter,
    },
    /// Call Monei with a connection, and print what it answers
    #[command(
        allow_missing_positional = true,
        after_help = "\
PATH is Monei's, such as /wallet/me. The first call asks, in a terminal, whether moneictl may use the permission that it needs, for twelve
hours; `moneictl app list` shows that. What moves money is confirmed in Monei Connections, which must be open on this computer."
    )]
    Api {
        /// GET or POST
        #[arg(value_parser = method, default_value = "GET", hide_default_value = true, value_name = "METHOD")]
        method: Method,
        /// Monei's path, with or without /api/v1 before it
        path: String,
        /// Whose connection; without it the only one
        #[arg(long)]
        account: Option<String>,
        /// A field: of the query of a GET, of the JSON body of a POST. Can be repeated
        #[arg(long = "field", value_name = "NAME=VALUE", value_parser = field)]
        fields: Vec<(String, String)>,
        /// Fetch every page, each on a line of its own, from the first or from --field page=N on
        #[arg(long)]
        paginate: bool,
    },
    /// Allow other programs to use an account, see what they did, and take it back
    App {
        /// What to do
        #[command(subcommand)]
        task: AppTask,
    },
    /// Serve the local API, for other programs of yours, without a window
    #[command(after_help = "\
While Monei Connections is open, that serves instead. Nothing that moves money is sent: that is confirmed in the window.

With --memory, for a computer without a keychain, an account is connected first, in this terminal, and kept in this process's memory alone. Other
moneictl commands reach it while it runs. At its end (Ctrl-C, the end of the session) every access ends at Monei. Over SSH:
  ssh -L 8123:127.0.0.1:8123 server
  moneictl serve --memory --no-browser --port 8123")]
    Serve {
        /// Connect an account, and keep it in this process's memory alone
        #[arg(long)]
        memory: bool,
        /// With --memory: what to ask for, separated by commas; without it what only reads
        #[arg(long, value_delimiter = ',', requires = "memory", value_name = "SCOPE", value_parser = scopes())]
        scopes: Vec<String>,
        /// With --memory: how to reach the browser
        #[command(flatten)]
        way: Way,
    },
    /// Say whether everything that a connection needs works here: keychain, ways back from the browser, connection service, Monei
    #[command(after_help = connect_app::diagnose::HELP)]
    Diagnose {
        /// Answer as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the man page
    #[command(hide = true)]
    Man,
    /// Look into the keychain for another process of this program
    #[command(name = connect_app::witness::WORD, hide = true)]
    Witness,
}

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values, for a spreadsheet
    Csv,
    /// Open Financial Exchange 2.2, for bookkeeping
    Ofx,
    /// Objects, for programs
    Json,
}

/// Which transactions, by the filters that Monei has.
#[derive(Debug, Default, Args)]
pub struct Filter {
    /// From this day on
    #[arg(long, value_parser = day, value_name = "YYYY-MM-DD")]
    pub from: Option<String>,
    /// Up to this day
    #[arg(long, value_parser = day, value_name = "YYYY-MM-DD")]
    pub to: Option<String>,
    /// How it stands
    #[arg(long, value_enum)]
    pub status: Option<Status>,
    /// Which way the money went
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub kind: Option<Kind>,
    /// In this currency, such as NGN
    #[arg(long)]
    pub currency: Option<String>,
    /// At least so much
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub min: Option<String>,
    /// At most so much
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub max: Option<String>,
    /// With these words in what it was for
    #[arg(long, value_name = "WORDS")]
    pub narration: Option<String>,
    /// With this reference of Monei's
    #[arg(long)]
    pub reference: Option<String>,
}

/// How a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Status {
    /// Not through yet
    Pending,
    /// Through
    Success,
    /// Through, as some kinds of payment call it
    Completed,
    /// Failed
    Failed,
    /// Taken back
    Cancelled,
}

/// Which way the money went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Out
    Debit,
    /// In
    Credit,
    /// Between two users of Monei
    PeerTransfer,
}

/// What to do with apps.
#[derive(Debug, Subcommand)]
pub enum AppTask {
    /// List the apps that are allowed, each with its account, permissions and end
    List {
        /// Also those whose time is over or that were taken back
        #[arg(long)]
        all: bool,
        /// Answer as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Allow an app, and print its key, this once
    #[command(after_help = "What spends can't be given here: open Monei Connections for that.")]
    Add {
        /// What you call it
        name: String,
        /// The account that it may use; without it the only one
        #[arg(long)]
        account: Option<String>,
        /// What it may do, separated by commas
        #[arg(long, value_delimiter = ',', required = true, value_name = "SCOPE", value_parser = scopes())]
        scopes: Vec<String>,
        /// Until when
        #[arg(long, value_enum, default_value_t = Until::Month, value_name = "TIME")]
        until: Until,
    },
    /// Print the address at which apps reach Monei Connections
    #[command(after_help = "Where another program holds the port, no address is printed: it could collect the keys that are sent there.")]
    Url {
        /// Draw another port first; every key that was used over TCP ends
        #[arg(long)]
        new: bool,
    },
    /// Take back what an app may do: its key is worth nothing from then on
    Remove {
        /// Its name
        name: String,
    },
    /// Show what an app did, counted by the day
    Log {
        /// Its name
        name: String,
        /// Answer as one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Until when an app may use an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Until {
    /// The end of today
    Today,
    /// Thirty days
    Month,
    /// A year
    Year,
    /// You take it back
    TakenBack,
}

fn method(text: &str) -> Result<Method, String> {
    match text.to_ascii_uppercase().as_str() {
        "GET" => Ok(Method::Get),
        "POST" => Ok(Method::Post),
        _ => Err("Monei's API knows GET and POST".to_owned()),
    }
}

fn day(text: &str) -> Result<String, String> {
    text.parse::<jiff::civil::Date>().map(|day| day.to_string()).map_err(|_| "a day is written like 2026-03-31".to_owned())
}

/// Monei's scopes: of a misspelt one nobody has to be asked.
fn scopes() -> PossibleValuesParser {
    PossibleValuesParser::new(PERMISSIONS.iter().map(|permission| permission.scope.as_str()))
}

fn amount(text: &str) -> Result<String, String> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if is_number(whole) && is_number(part) { Ok(text.to_owned()) } else { Err("an amount is written like 1500.50".to_owned()) }
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a field is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// How to reach the browser.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Way {
    /// Print the link and open nothing
    #[arg(long)]
    pub no_browser: bool,
    /// The port of 127.0.0.1 that the answer comes back to; without it one that the system chooses
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
    pub port: u16,
}

/// Which accounts.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// This one
    pub account: Option<String>,
    /// Every account on this computer
    #[arg(long)]
    pub all: bool,
}

/// The completions for `shell`.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Words::command(), NAME, &mut script);
    script
}

/// The man page, as troff: what every command says with `--help`, in one page. Each command has a part that is headed by it.
///
/// # Errors
/// None: it is written to memory.
pub fn man_page() -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let command = Words::command();
    let man = clap_mangen::Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_options_section(&mut page)?;
    page.extend_from_slice(b".SH COMMANDS\n");
    write_parts(&command, NAME, &mut page)?;
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// A part for each command below this one that isn't hidden, and for those below it.
fn write_parts(command: &clap::Command, name: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    use std::io::Write as _;
    for task in command.get_subcommands().filter(|task| !task.is_hide_set()) {
        let name = format!("{name} {}", task.get_name());
        writeln!(page, ".SS {}", name.replace('-', "\\-"))?;
        // That each has --help is said once, at the top.
        let man = clap_mangen::Man::new(task.clone().disable_help_flag(true).bin_name(&name));
        write_without_heading(page, |text| man.render_synopsis_section(text))?;
        page.extend_from_slice(b".PP\n");
        write_without_heading(page, |text| man.render_description_section(text))?;
        write_without_heading(page, |text| man.render_options_section(text))?;
        if task.get_after_help().is_some() {
            page.extend_from_slice(b".PP\n");
            write_without_heading(page, |text| man.render_extra_section(text))?;
        }
        write_parts(task, &name, page)?;
    }
    Ok(())
}

/// What `section` writes, without the line that heads it.
fn write_without_heading(page: &mut Vec<u8>, section: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut text = Vec::new();
    section(&mut text)?;
    let lines = text.split_inclusive(|byte| *byte == b'\n').filter(|line| !line.starts_with(b".SH "));
    page.extend(lines.flatten());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_described_once() {
        Words::command().debug_assert();
    }

    #[test]
    fn scopes_are_separated_by_commas() {
        let words = Words::try_parse_from([NAME, "connect", "--scopes", "profile:read,wallet:read"]).unwrap();
        assert!(matches!(words.task, Task::Connect { scopes, .. } if scopes == ["profile:read", "wallet:read"]));
    }

    #[test]
    fn days_are_written_in_one_way() {
        for wrong in ["yesterday", "31.3.2026", "2026-02-30", ""] {
            assert!(Words::try_parse_from([NAME, "export", "--from", wrong]).is_err(), "{wrong:?}");
        }
        let words = Words::try_parse_from([NAME, "export", "--from", "2026-03-31", "--type", "peer-transfer"]).unwrap();
        assert!(
            matches!(words.task, Task::Export { filter, .. } if filter.from.as_deref() == Some("2026-03-31") && filter.kind == Some(Kind::PeerTransfer))
        );
    }

    #[test]
    fn an_account_is_named_by_a_word_or_an_option_and_not_by_both() {
        for task in ["status", "activity", "export"] {
            for said in [&["Shop"][..], &["--account", "Shop"], &[]] {
                let words = Words::try_parse_from([&[NAME, task], said].concat()).unwrap();
                let (Task::Status { account, named, .. } | Task::Activity { account, named, .. } | Task::Export { account, named, .. }) =
                    words.task
                else {
                    panic!("{task} is another command")
                };
                assert_eq!(account.or(named).as_deref(), said.last().copied(), "{task} {said:?}");
            }
            assert!(Words::try_parse_from([NAME, task, "Shop", "--account", "Till"]).is_err(), "{task}");
        }
    }

    #[test]
    fn disconnecting_wants_an_account_or_all_of_them() {
        for wrong in [&[NAME, "disconnect"][..], &[NAME, "disconnect", "Ada", "--all"], &[NAME, "disconnect", "--yes"]] {
            assert!(Words::try_parse_from(wrong).is_err(), "{wrong:?}");
        }
        assert!(Words::try_parse_from([NAME, "disconnect", "--all", "--yes"]).is_ok());
    }

    #[test]
    fn the_man_page_has_every_command_with_its_options_and_no_hidden_one() {
        let page = String::from_utf8(man_page().unwrap()).unwrap().replace("\\-", "-");
        let parts = page.split("\n.S").map(|part| part.split_once('\n').unwrap_or((part, ""))).collect::<Vec<_>>();
        let mut seen = 0;
        look_for(&Words::command(), NAME, &parts, &mut seen);
        assert!(seen > 15, "{seen}");
        // Another page, which isn't there.
        for word in page.split_whitespace() {
            assert!(!(word.contains("moneictl-") && word.contains("(1)")), "{word}");
        }
    }

    fn look_for(command: &clap::Command, name: &str, parts: &[(&str, &str)], seen: &mut usize) {
        for task in command.get_subcommands() {
            let name = format!("{name} {}", task.get_name());
            let heading = format!("S {name}");
            let part = parts.iter().find(|(own, _)| *own == heading);
            assert_eq!(part.is_some(), !task.is_hide_set(), "{name}");
            let Some((_, part)) = part else { continue };
            *seen += 1;
            for option in task.get_arguments().filter(|option| !option.is_hide_set()).filter_map(clap::Arg::get_long) {
                assert!(part.contains(&format!("--{option}")), "{name} lacks --{option}");
            }
            look_for(task, &name, parts, seen);
        }
    }
}
