//! `accounts`, `status` and `rename`: what is known without asking Monei, and which account a word means.

use anstyle::{AnsiColor, Style};
use connect_app::{catalogue, naming};
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::{AccountSnapshot, BackendStatus, FeatureState, Health, Language, Snapshot};
use connect_core::{Caller, Connections};

use crate::at_once::at_once;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json::{self, Accounts};
use crate::out::{out, outln};
use crate::text::{foreign, json_for_terminal, when};
use crate::{out, table};

/// `accounts`.
pub fn list(connections: &Connections, as_json: bool) -> Result<Exit, Failure> {
    let view = connections.view();
    if as_json {
        return print_json(&Accounts::of(&view, view.accounts.iter(), false));
    }
    out!("{}", accounts_text(&view));
    Ok(Exit::Done)
}

/// `status`.
pub async fn status(connections: &Connections, account: Option<&str>, check: bool, as_json: bool) -> Result<Exit, Failure> {
    let chosen = match account {
        Some(word) => vec![find(&connections.view(), word)?.id.clone()],
        None => connections.view().accounts.iter().map(|account| account.id.clone()).collect(),
    };
    if check {
        // What a call is refused without.
        connections.poll().await;
        let check = |id: &String| {
            let (connections, id) = (connections.clone(), id.clone());
            async move { connections.check(&Caller::CommandLine, &id).await }
        };
        let checked = at_once(chosen.iter().map(check).collect()).await;
        // How it went shows on the account, also where it failed.
        let failed = chosen.iter().zip(checked).filter_map(|(id, checked)| Some((id.as_str(), checked.err()?))).collect();
        for line in not_checked(&connections.view(), failed) {
            out::complain(&line);
        }
    }
    let view = connections.view();
    let shown: Vec<&AccountSnapshot> = view.accounts.iter().filter(|account| chosen.contains(&account.id)).collect();
    if as_json {
        print_json(&Accounts::of(&view, shown.iter().copied(), true))?;
    } else if shown.is_empty() {
        out!("{}", accounts_text(&view));
    } else {
        let texts: Vec<String> = shown.iter().map(|account| status_text(&view, account)).collect();
        out!("{}", texts.join("\n"));
    }
    let reconnect = shown.iter().any(|account| matches!(account.health, Health::NeedsReconnect { .. }) && !account.is_given_up());
    Ok(if reconnect { Exit::ReconnectNeeded } else { Exit::Done })
}

/// A line for each account that couldn't be checked, and one for the connection service where no account's says that it can't be used. An
/// account that has to be reconnected was checked.
fn not_checked(view: &Snapshot, failed: Vec<(&str, Problem)>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut service = match &view.backend.status {
        BackendStatus::Problem { problem } => Some(problem.clone()),
        BackendStatus::Unknown | BackendStatus::Ready => None,
    };
    for (id, problem) in failed {
        let Some(account) = view.accounts.iter().find(|account| account.id == id) else { continue };
        if matches!(account.health, Health::NeedsReconnect { .. }) {
            continue;
        }
        service.take_if(|service| service.code == problem.code);
        lines.push(format!("{} couldn’t be checked. {}", told_apart(view, account), Failure::from(problem).sentence()));
    }
    lines.extend(service.map(|problem| format!("The connection service couldn’t be asked. {}", Failure::from(problem).sentence())));
    lines
}

/// `rename`.
pub async fn rename(connections: &Connections, account: &str, name: Option<String>) -> Result<Exit, Failure> {
    let id = find(&connections.view(), account)?.id.clone();
    connections.rename(&id, name).await?;
    Ok(Exit::Done)
}

/// Prints one object for a program.
pub fn print_json(value: &impl serde::Serialize) -> Result<Exit, Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::said(Exit::Other, error.to_string()))?;
    say_json(&text);
    Ok(Exit::Done)
}

/// Writes JSON to standard output: as it is for a program, harmless for a terminal.
pub fn say_json(text: &str) {
    let text = text.trim_end_matches('\n');
    if out::is_terminal() {
        outln!("{}", json_for_terminal(text));
    } else {
        outln!("{text}");
    }
}

/// What an account is called, here and in the window: by the person, by Monei, or by its number.
pub fn name(view: &Snapshot, account: &AccountSnapshot) -> String {
    foreign(&naming::name_of(&view.accounts, account, Language::English))
}

/// The same for a question, so that no two accounts are told by the same words.
pub fn told_apart(view: &Snapshot, account: &AccountSnapshot) -> String {
    let words = naming::named(&view.accounts, account, Language::English).told_apart(Language::English);
    // A terminal shows the marks that set a name apart as they are.
    foreign(&words.replace(['\u{2068}', '\u{2069}'], ""))
}

fn number(view: &Snapshot, account: &AccountSnapshot) -> usize {
    naming::number(&view.accounts, account)
}

/// The one account that `word` means: by number, id, own name, Monei's name or email address.
///
/// # Errors
/// There is none, or several.
pub fn find<'a>(view: &'a Snapshot, word: &str) -> Result<&'a AccountSnapshot, Failure> {
    let number = word.parse::<usize>().ok().and_then(|wanted| view.accounts.iter().find(|account| number(view, account) == wanted));
    if let Some(account) = view.accounts.iter().find(|account| account.id == word) {
        return Ok(account);
    }
    let is = |text: &Option<String>| text.as_ref().is_some_and(|text| text.to_lowercase() == word.to_lowercase());
    if let Some(account) = number {
        let is_called_so = |other: &AccountSnapshot| is(&other.label) || is(&other.name) || is(&other.email);
        if view.accounts.iter().any(|other| other.id != account.id && is_called_so(other)) {
            let sentence = "Several accounts have that name or number. Use the id that `moneictl accounts --json` shows.";
            return Err(Failure::said(Exit::Usage, sentence));
        }
        return Ok(account);
    }
    let mut found = view.accounts.iter().filter(|account| is(&account.label));
    let mut others = view.accounts.iter().filter(|account| is(&account.name) || is(&account.email));
    let (first, second) = match (found.next(), found.next()) {
        (None, _) => (others.next(), others.next()),
        some => some,
    };
    match (first, second) {
        (Some(account), None) => Ok(account),
        (Some(_), Some(_)) => {
            Err(Failure::said(Exit::Usage, "Several accounts have that name. Use the number that `moneictl accounts` shows."))
        }
        (None, _) => Err(Failure::said(Exit::Usage, "There is no such account. `moneictl accounts` lists them.")),
    }
}

/// The account that `word` means, or without one the only one there is.
///
/// # Errors
/// As [`find`]; several, and none was named.
pub fn find_or_only<'a>(view: &'a Snapshot, word: Option<&str>) -> Result<&'a AccountSnapshot, Failure> {
    match (word, &view.accounts[..]) {
        (Some(word), _) => find(view, word),
        (None, [only]) => Ok(only),
        (None, []) => Err(Failure::said(Exit::Usage, "No account is connected. Connect one with: moneictl connect")),
        (None, _) => Err(Failure::said(Exit::Usage, "Several accounts are connected. Say which with --account.")),
    }
}

/// Why `scope` of the account can't be used; `None` where it can.
pub fn lacks(view: &Snapshot, account: &AccountSnapshot, scope: &str) -> Option<Failure> {
    match account.features.iter().find(|feature| feature.id.scope().as_str() == scope).map(|feature| &feature.state) {
        Some(FeatureState::Enabled { .. }) => None,
        Some(FeatureState::SetAside { .. }) => Some(ProblemCode::PermissionSetAside.into()),
        _ => {
            let called = name(view, account);
            let sentence = format!("{called} doesn’t allow {scope}. Ask for it with: moneictl reconnect {} --scopes {scope}", account.id);
            Some(Failure::said(Exit::PermissionMissing, sentence))
        }
    }
}

fn accounts_text(view: &Snapshot) -> String {
    if view.accounts.is_empty() {
        return "No account is connected. Connect one with: moneictl connect\n".to_owned();
    }
    let row = |account: &AccountSnapshot| {
        let granted = account.features.iter().filter(|feature| matches!(feature.state, FeatureState::Enabled { .. })).count();
        let email = account.email.as_deref().map(foreign).unwrap_or_default();
        let allowed = format!("{granted} of {}", account.features.len());
        [number(view, account).to_string(), name(view, account), email, health_text(account), allowed]
    };
    let rows: Vec<[String; 5]> = view.accounts.iter().map(row).collect();
    table::render(["#", "ACCOUNT", "EMAIL", "HEALTH", "GRANTED"], &rows, |row, column| {
        (column == 3).then(|| health_style(view.accounts.get(row)?)).flatten()
    })
}

fn status_text(view: &Snapshot, account: &AccountSnapshot) -> String {
    let mut lines = Vec::new();
    let bold = Style::new().bold();
    lines.push(format!("{bold}{}{bold:#}", name(view, account)));
    if let (Some(_), Some(name)) = (&account.label, &account.name) {
        lines.push(format!("  Name at Monei   {}", foreign(name)));
    }
    if let Some(email) = &account.email {
        lines.push(format!("  Email           {}", foreign(email)));
    }
    let style = health_style(account).unwrap_or_default();
    lines.push(format!("  Health          {style}{}{style:#}", health_text(account)));
    if account.is_given_up() {
        lines.push("                  You took back everything that was allowed.".to_owned());
    } else if let (_, Some(problem)) = json::health(&account.health) {
        lines.push(format!("                  {}", catalogue::sentence_in_a_terminal(problem.code)));
    }
    lines.push(format!("  Connected       {}", when(account.connected_at)));
    lines.push(format!("  Last checked    {}", account.checked_at.map_or_else(|| "not yet".to_owned(), when)));
    if let Some(at) = account.expires_at {
        lines.push(format!("  Access token    until {}; renewed when it is used", when(at)));
    }
    if let Some(address) = &account.other_backend {
        lines.push(format!("  Rests           it was made through {}", foreign(address)));
    }
    let rows: Vec<[String; 4]> = account
        .features
        .iter()
        .map(|feature| {
            let (_, at) = json::state_word(&feature.state);
            let title = catalogue::feature(Language::English, feature.id.scope()).map(|words| words.title).unwrap_or_default();
            [
                format!("  {}", feature.id.scope()),
                title.to_owned(),
                catalogue::permission_state(&feature.state).to_owned(),
                at.map(when).unwrap_or_default(),
            ]
        })
        .collect();
    let paint = |row: usize, column: usize| {
        let state = &account.features.get(row)?.state;
        (column == 2).then(|| match state {
            FeatureState::Enabled { .. } => Some(AnsiColor::Green.on_default()),
            FeatureState::Lost { .. } => Some(AnsiColor::Red.on_default()),
            FeatureState::SetAside { .. } => Some(AnsiColor::Yellow.on_default()),
            FeatureState::NotAsked | FeatureState::Declined { .. } => None,
        })?
    };
    let mut text = lines.join("\n") + "\n" + &table::render(["  PERMISSION", "FOR", "STATE", "SINCE"], &rows, paint);
    for scope in &account.other_scopes {
        text += &format!("  {}  granted; this version doesn’t know what it is for\n", foreign(scope));
    }
    text
}

fn health_text(account: &AccountSnapshot) -> String {
    match account {
        AccountSnapshot { other_backend: Some(_), .. } => "Resting".to_owned(),
        account if account.is_given_up() => "Nothing allowed".to_owned(),
        account => catalogue::health(Language::English, &account.health).to_owned(),
    }
}

fn health_style(account: &AccountSnapshot) -> Option<Style> {
    match account.health {
        Health::Connected => Some(AnsiColor::Green.on_default()),
        Health::NeedsReconnect { .. } => Some(AnsiColor::Red.on_default()),
        Health::Unreachable { .. } | Health::Locked { .. } => Some(AnsiColor::Yellow.on_default()),
    }
}

#[cfg(test)]
pub mod tests {
    use connect_core::feature::{FeatureId, catalogue};
    use connect_core::problem::ProblemCode;
    use connect_core::snapshot::{AccountFeature, BackendSnapshot, BackendStatus, Channel, Environment, KeychainState, Preferences, Theme};

    use super::*;

    /// 2026-01-15T09:00:00Z.
    const AT: i64 = 1_768_467_600_000;

    fn account(id: &str, label: Option<&str>, name: &str) -> AccountSnapshot {
        let states = [FeatureState::Enabled { at: AT }, FeatureState::Declined { at: AT }, FeatureState::Lost { at: AT }];
        let state = |index: usize| states.get(index).cloned().unwrap_or(FeatureState::NotAsked);
        AccountSnapshot {
            id: id.to_owned(),
            label: label.map(str::to_owned),
            name: Some(name.to_owned()),
            email: Some(format!("{id}@example.test")),
            health: Health::Connected,
            checkable: true,
            connected_at: AT,
            checked_at: None,
            features: FeatureId::all().enumerate().map(|(index, id)| AccountFeature { id, state: state(index) }).collect(),
            other_scopes: Vec::new(),
            other_backend: None,
            expires_at: None,
            same_user_as: None,
        }
    }

    /// Connected one after the other.
    fn numbered(mut accounts: [AccountSnapshot; 3]) -> Vec<AccountSnapshot> {
        (0..).zip(&mut accounts).for_each(|(nth, account)| account.connected_at += nth);
        accounts.into()
    }

    /// Two accounts of the same name, of which one has to be reconnected.
    pub fn view() -> Snapshot {
        let mut revoked = account("one", Some("Shop"), "Ada Obi");
        revoked.health = Health::NeedsReconnect { reason: ProblemCode::AccessRevoked.into() };
        Snapshot {
            environment: Environment::Sandbox,
            version: "0.1.0".to_owned(),
            backend: BackendSnapshot {
                address: Some("https://connect.example.test".to_owned()),
                on_this_computer: false,
                managed: false,
                confirmed: true,
                operator: None,
                formerly: None,
                guide: false,
                scopes: Vec::new(),
                status: BackendStatus::Ready,
            },
            keychain: KeychainState::Unknown,
            in_memory: false,
            set_aside: None,
            catalogue: catalogue(),
            accounts: numbered([revoked, account("two", None, "Ada Obi"), account("three", None, "\u{1b}[2JMallory")]),
            transaction: None,
            preferences: Preferences {
                channel: Channel::Loopback,
                theme: Theme::System,
                language: None,
                hide_amounts: false,
                reminders: true,
                keep_alive: false,
                close_to_tray: false,
                notifications: true,
            },
            language: Language::English,
            left: None,
        }
    }

    #[test]
    fn an_account_is_found_by_number_id_name_and_address() {
        let view = view();
        for (word, id) in
            [("1", "one"), ("one", "one"), ("shop", "one"), ("TWO@example.test", "two"), ("2", "two"), ("three", "three"), ("3", "three")]
        {
            assert_eq!(find(&view, word).unwrap().id, id, "{word}");
        }
        for word in ["0", "4", "", "nobody", "-1"] {
            assert_eq!(find(&view, word).unwrap_err().exit(), Exit::Usage, "{word}");
        }
    }

    #[test]
    fn a_number_is_the_windows_whatever_the_order_of_the_list() {
        let mut view = view();
        for (account, at) in view.accounts.iter_mut().zip([30, 10, 20]) {
            (account.label, account.name, account.email, account.connected_at) = (None, None, None, at);
        }
        for (word, id) in [("1", "two"), ("2", "three"), ("3", "one")] {
            let account = find(&view, word).unwrap();
            assert_eq!((account.id.as_str(), name(&view, account)), (id, format!("Account {word}")));
        }
        let text = anstream::adapter::strip_str(&accounts_text(&view)).to_string();
        assert!(text.lines().any(|line| line.starts_with('3') && line.contains("Account 3")), "{text}");
    }

    #[test]
    fn what_could_not_be_checked_is_told_and_why() {
        let mut view = view();
        let away = || Problem::from(ProblemCode::BackendUnreachable);
        assert!(not_checked(&view, Vec::new()).is_empty());
        view.backend.status = BackendStatus::Problem { problem: away() };
        let lines = not_checked(&view, vec![("one", ProblemCode::AccessRevoked.into()), ("two", away())]);
        assert!(
            lines.len() == 1 && lines[0].contains("Ada Obi") && lines[0].contains("couldn’t be checked. The connection service"),
            "{lines:?}"
        );
        // Its token could be used without the service.
        let lines = not_checked(&view, Vec::new());
        assert!(lines.len() == 1 && lines[0].starts_with("The connection service couldn’t be asked."), "{lines:?}");
    }

    #[test]
    fn a_question_tells_two_accounts_of_one_name_apart() {
        let mut view = view();
        view.accounts[0].label = None;
        let [one, two] = [0, 1].map(|index| told_apart(&view, &view.accounts[index]));
        assert!(one != two && one.contains("Ada Obi") && two.contains("two@example.test"), "{one} {two}");
    }

    #[test]
    fn a_name_that_several_accounts_have_means_none_of_them() {
        let failure = find(&view(), "Ada Obi").unwrap_err();
        assert!(failure.sentence().contains("Several"), "{}", failure.sentence());
    }

    #[test]
    fn a_number_that_another_account_is_called_means_none_of_them() {
        let of = |word: &str, change: &dyn Fn(&mut Snapshot)| {
            let mut view = view();
            change(&mut view);
            find(&view, word).map(|account| account.id.clone())
        };
        let changes: [&dyn Fn(&mut Snapshot); 3] =
            [&|view| view.accounts[1].label = Some("1".to_owned()), &|view| view.accounts[1].name = Some("1".to_owned()), &|view| {
                view.accounts[1].email = Some("1".to_owned())
            }];
        for change in changes {
            let failure = of("1", change).unwrap_err();
            assert!(
                failure.exit() == Exit::Usage && failure.sentence().contains("Several accounts have that name"),
                "{}",
                failure.sentence()
            );
            assert_eq!(of("one", change).unwrap(), "one");
        }
        // Its own number, and a number that no account has.
        assert_eq!(of("1", &|view| view.accounts[0].label = Some("1".to_owned())).unwrap(), "one");
        assert_eq!(of("7", &|view| view.accounts[1].label = Some("7".to_owned())).unwrap(), "two");
    }

    #[test]
    fn what_a_terminal_would_take_for_a_command_is_not_shown() {
        let view = view();
        for text in [
            anstream::adapter::strip_str(&accounts_text(&view)).to_string(),
            anstream::adapter::strip_str(&status_text(&view, &view.accounts[2])).to_string(),
        ] {
            assert!(text.contains("[2JMallory") && !text.contains('\u{1b}'), "{text:?}");
        }
    }

    #[test]
    fn what_the_person_took_back_themselves_is_not_said_to_have_ended_at_monei() {
        let mut view = view();
        let waits = |view: &Snapshot| connect_app::attention::matters(view, [], &[], None, None).len();
        assert_eq!(waits(&view), 1, "something is lost");
        for feature in &mut view.accounts[0].features {
            feature.state = FeatureState::Declined { at: AT };
        }
        assert_eq!(waits(&view), 0);
        let text = anstream::adapter::strip_str(&status_text(&view, &view.accounts[0])).to_string();
        assert!(text.contains("Nothing allowed") && text.contains("You took back everything"), "{text}");
    }

    #[test]
    fn each_state_has_its_word() {
        let text = anstream::adapter::strip_str(&status_text(&view(), &view().accounts[0])).to_string();
        for word in
            ["Shop", "Name at Monei   Ada Obi", "Needs reconnecting", "granted", "declined", "not asked for", "ended", "wallet:read"]
        {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
}
