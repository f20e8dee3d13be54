//! The words of a start. A link of this program's scheme as the only word is an answer from the browser: it goes through, and is never
//! printed. Anything else that isn't known ends the start with one line.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};
use connect_app::settings::PRODUCT_NAME;
use secrecy::{ExposeSecret as _, SecretString};

/// Longest unknown word that is repeated to the person, in bytes.
const LONGEST_REPEATED: usize = 40;

#[derive(Debug, Parser)]
#[command(
    name = "monei-connect",
    version,
    args_conflicts_with_subcommands = true,
    about = format!("{PRODUCT_NAME}: connect Monei accounts, see what each connection allows, and take access away. Without a word it opens the window."),
    after_help = "\
Exit codes:
  0  all went well; for diagnose: a connection can be made
  1  the window can't be opened; for diagnose: a connection can't be made
  2  a word, a setting or the display can't be used

Environment:
  CONNECT_BACKEND_URL  address of the connection service
  MONEI_ENVIRONMENT    production, development or sandbox
  RUST_LOG             what is logged, to desktop.log in the data folder and to the terminal
  NO_COLOR             no colours in the log on the terminal"
)]
struct Words {
    /// Start in the desktop's tray, as at login; without a tray the window opens
    #[arg(long)]
    hidden: bool,
    #[command(subcommand)]
    task: Option<Task>,
}

/// What the program is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Task {
    /// Say whether everything that a connection needs works here: keychain, ways back from the browser, connection service, Monei
    #[command(after_help = connect_app::diagnose::HELP)]
    Diagnose {
        /// Answer as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Look into the keychain for another process of this program
    #[command(name = connect_app::witness::WORD, hide = true)]
    Witness,
}

/// What a start is to do.
#[derive(Debug)]
pub enum Start {
    /// Open the window.
    Window,
    /// Open it only where there is no tray to open it from.
    Hidden,
    /// Open the window, or have the running one take the link. Of which scheme it may be is a setting.
    Link(SecretString),
    /// Something else than the window.
    Task(Task),
}

/// Why a start ends at once.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// Help or version, for standard output.
    Asked(String),
    /// One line about a word that isn't known.
    Word(String),
}

/// Reads the words after the program's own name.
///
/// # Errors
/// [`Refused`]; it quotes no link and nothing long.
pub fn read(words: &[OsString]) -> Result<Start, Refused> {
    if let [only] = words
        && let Some(link) = only.to_str().filter(|word| has_scheme(word))
    {
        return Ok(Start::Link(SecretString::from(link)));
    }
    let name = OsString::from("monei-connect");
    match Words::try_parse_from(std::iter::once(&name).chain(words)) {
        Ok(Words { task: None, hidden: false }) => Ok(Start::Window),
        Ok(Words { task: None, hidden: true }) => Ok(Start::Hidden),
        Ok(Words { task: Some(task), .. }) => Ok(Start::Task(task)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Err(Refused::Asked(error.render().to_string()))
        }
        Err(error) => Err(Refused::Word(line(&error))),
    }
}

/// Whether the answer to these words is wanted as JSON, even if they can't be read.
pub fn wants_json(words: &[OsString]) -> bool {
    words.iter().any(|word| word == OsStr::new("--json"))
}

/// What is said where a link isn't of this program's scheme.
pub const FOREIGN_LINK: &str = "that link isn't one of this program's. See monei-connect --help";

/// Whether `link` begins with `scheme`.
pub fn is_ours(link: &SecretString, scheme: &str) -> bool {
    let (link, length) = (link.expose_secret().as_bytes(), scheme.len());
    link.get(..length).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes())) && link.get(length) == Some(&b':')
}

/// RFC 3986 §3.1, with the colon.
fn has_scheme(word: &str) -> bool {
    let Some((scheme, _)) = word.split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-'))
}

fn line(error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        _ => None,
    };
    let word = text(ContextKind::InvalidSubcommand).or_else(|| text(ContextKind::InvalidArg)).filter(|word| may_be_repeated(word));
    let likely = text(ContextKind::SuggestedSubcommand).or_else(|| text(ContextKind::SuggestedArg));
    let what = match (word, likely) {
        (Some(word), Some(likely)) => format!("\"{word}\" isn't a word of this program; perhaps you mean \"{likely}\"?"),
        (Some(word), None) => format!("\"{word}\" isn't a word of this program, or not at this place."),
        (None, _) => "a word isn't one of this program's.".to_owned(),
    };
    format!("{what} See monei-connect --help")
}

/// A word and no more: nothing that could be a link, a path or a secret.
fn may_be_repeated(word: &str) -> bool {
    word.len() <= LONGEST_REPEATED && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEME: &str = "org.moneiconnections.manager";
    const LINK: &str = "org.moneiconnections.manager:/callback?tx=a&handoff=SECRET";

    fn start(words: &[&str]) -> Result<Start, Refused> {
        read(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn known_words_are_taken() {
        assert!(matches!(start(&[]), Ok(Start::Window)));
        assert!(matches!(start(&[connect_app::login::HIDDEN]), Ok(Start::Hidden)));
        assert!(matches!(start(&["diagnose"]), Ok(Start::Task(Task::Diagnose { json: false }))));
        assert!(matches!(start(&["diagnose", "--json"]), Ok(Start::Task(Task::Diagnose { json: true }))));
        assert!(matches!(start(&[connect_app::witness::WORD]), Ok(Start::Task(Task::Witness))));
        for words in [&["--help"][..], &["-h"], &["help"], &["help", "diagnose"], &["diagnose", "--help"], &["--version"], &["-V"]] {
            let Err(Refused::Asked(text)) = start(words) else { panic!("{words:?}") };
            assert!(!text.contains(connect_app::witness::WORD) && text.contains("onei"), "{words:?}: {text}");
        }
        let Err(Refused::Asked(help)) = start(&["--help"]) else { panic!("help") };
        assert!(help.contains("Exit codes") && help.contains("diagnose") && help.contains("CONNECT_BACKEND_URL"), "{help}");
    }

    #[test]
    fn the_manual_page_names_every_word_and_variable_of_the_help() {
        let page = include_str!("../../packaging/monei-connections/monei-connect.1").replace("\\-", "-");
        let mut named = 0;
        for words in [&["--help"][..], &["diagnose", "--help"]] {
            let Err(Refused::Asked(help)) = start(words) else { panic!("{words:?}") };
            let is_word = |word: &&str| {
                word.starts_with("--")
                    || *word == "diagnose"
                    || word.len() > 4 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            };
            for word in help.split(|letter: char| letter.is_whitespace() || ",:[];".contains(letter)).filter(is_word) {
                named += 1;
                assert!(page.contains(word), "{word} is not in the manual page");
            }
        }
        assert!(named > 8, "{named}");
    }

    #[test]
    fn an_unknown_word_is_one_line() {
        for words in [
            &["diagnos"][..],
            &["--json", "diagnose"],
            &["--foo"],
            &["--hidden", "diagnose"],
            &["diagnose", "--hidden"],
            &["--hidden=yes"],
            &["diagnose", "--jsn"],
            &["diagnose", "more"],
            &["diagnose", "--json=yes"],
            &[""],
            &["-"],
            &["--"],
            &["-x"],
            &["a b"],
            &["help", "nothing"],
            &["diagnose", "--json", "--json"],
        ] {
            match start(words) {
                Err(Refused::Word(line)) => assert!(line.lines().count() == 1 && line.ends_with("--help"), "{words:?}: {line}"),
                // Nothing after it: as if there were no word.
                Ok(Start::Window) if words == ["--"] => {}
                other => panic!("{words:?}: {other:?}"),
            }
        }
        let Err(Refused::Word(line)) = start(&["diagnos"]) else { panic!("taken") };
        assert!(line.contains("\"diagnos\"") && line.contains("\"diagnose\""), "{line}");
    }

    #[test]
    fn a_link_goes_through_alone_and_is_never_repeated() {
        let Ok(taken) = start(&[LINK]) else { panic!("refused") };
        assert!(!format!("{taken:?}").contains("SECRET"));
        let Start::Link(link) = taken else { panic!("no link") };
        assert!(is_ours(&link, SCHEME) && link.expose_secret() == LINK);
        for words in [&[LINK, LINK][..], &["--foo", LINK], &["diagnose", LINK], &[LINK, "diagnose"], &["--link", LINK], &["help", LINK]] {
            let Err(Refused::Word(line)) = start(words) else { panic!("{words:?} taken") };
            assert!(!line.contains("SECRET") && !line.contains(SCHEME), "{line}");
        }
        for foreign in ["https://example.test/", "org.moneiconnections.manager.evil:/callback", "file:x"] {
            let Ok(Start::Link(link)) = start(&[foreign]) else { panic!("{foreign}") };
            assert!(!is_ours(&link, SCHEME), "{foreign}");
        }
    }
}
