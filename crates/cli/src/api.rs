//! `api`: one call to Monei with a connection, for the person who types it. The command line is an app like others: it may use what the
//! person has said yes to in a terminal, for twelve hours, and what it does is in the record.

use std::time::Duration;

use connect_app::catalogue;
use connect_app::settings::Settings;
use connect_core::clock::{Clock as _, SystemClock};
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::Language;
use connect_core::{App, AppId, Caller, Connections, NewApp, PassThrough, Passed};
use connect_local_api::{ONE_PAYMENT, not_passed_on};
use monei::Permission;
use monei::permission::{self, Effect, Method};

use crate::accounts::{find_or_only, lacks, name, say_json};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{NAME, ask, out};

/// How long the person's yes lasts, in milliseconds.
const LASTS_MS: i64 = 12 * 3_600_000;
/// Pages that are fetched without a pause.
const AT_ONCE: u32 = 60;
/// Between two of the others.
const PAUSE: Duration = Duration::from_secs(1);
/// Most pages that are fetched.
const MOST_PAGES: u32 = 1_000;
/// What Monei's own clients put before a path.
const BASE: &str = "/api/v1";
/// Longest name of an app, in characters.
const LONGEST_NAME: usize = 40;
/// Most accounts that are called alike.
const MOST_ALIKE: u32 = 20;

/// One call, as it was typed.
pub struct Call {
    /// How.
    pub method: Method,
    /// Monei's path.
    pub path: String,
    /// Fields of the query or the body.
    pub fields: Vec<(String, String)>,
    /// Every page.
    pub paginate: bool,
}

/// `api`.
pub async fn api(connections: &Connections, settings: &Settings, account: Option<&str>, call: Call) -> Result<Exit, Failure> {
    let path = format!("/{}", call.path.strip_prefix(BASE).unwrap_or(&call.path).trim_start_matches('/'));
    let Some((permission, endpoint)) = permission::find(call.method, &path) else {
        return Err(Failure::said(Exit::Usage, no_call(&path)));
    };
    if call.paginate && call.method == Method::Post {
        return Err(Failure::said(Exit::Usage, "Only what is read with GET has pages."));
    }
    let view = connections.view();
    let account = find_or_only(&view, account)?;
    if let Some(failure) = lacks(&view, account, permission.scope.as_str()) {
        return Err(failure);
    }
    if endpoint.effect == Effect::Spends {
        return pay(connections, settings, &account.id, permission, &path, body_of(&call.fields)?).await;
    }
    let mut pages = Pages::from(if call.paginate { first_page(&call.fields)? } else { 1 });
    let caller = allowed(connections, &account.id, &name(&view, account), permission).await?;
    loop {
        let page = pages.next().await?;
        let number = page.to_string();
        let (mut query, body) = parts(call.method, &path, &call.fields)?;
        if call.paginate {
            query.retain(|(name, _)| *name != "page");
            query.push(("page", &number));
        }
        let passed = connections
            .pass_through(&caller, &account.id, PassThrough { method: call.method, path: &path, query: &query, body: body.map(Into::into) })
            .await?;
        say_json(&String::from_utf8_lossy(&passed.body));
        if !(200..300).contains(&passed.status) {
            return Err(refused(&passed));
        }
        if !call.paginate {
            return Ok(Exit::Done);
        }
        match has_next(&passed.body, page) {
            Some(true) => {}
            Some(false) => return Ok(Exit::Done),
            None => {
                out::complain("Monei’s answer doesn’t tell whether another page follows: this may not be everything.");
                return Ok(Exit::Done);
            }
        }
    }
}

/// Why a path is none that can be called, with what to type instead where that can be told.
fn no_call(path: &str) -> String {
    if path.contains("://") {
        "Give Monei's path alone, such as /wallet/me.".to_owned()
    } else if path.contains('?') {
        "Give what follows the ? as --field NAME=VALUE.".to_owned()
    } else {
        not_passed_on(path)
    }
}

/// The page to begin with, where several are fetched: what `--field page=N` says.
fn first_page(fields: &[(String, String)]) -> Result<u32, Failure> {
    let mut pages = fields.iter().filter(|(name, _)| name == "page").map(|(_, value)| value);
    match (pages.next(), pages.next()) {
        (None, _) => Ok(1),
        (Some(page), None) => page.parse().ok().filter(|page| *page > 0).ok_or_else(|| {
            Failure::said(Exit::Usage, "With --paginate, the field page is the page to begin with: write a whole number from 1 on.")
        }),
        (Some(_), Some(_)) => Err(twice("page")),
    }
}

/// The numbers of the pages, each as soon as it may be fetched: as any app sixty at once, and then no more than one a second.
struct Pages {
    next: u32,
    fetched: u32,
}

impl Pages {
    fn from(first: u32) -> Self {
        Self { next: first, fetched: 0 }
    }

    async fn next(&mut self) -> Result<u32, Failure> {
        if self.fetched == MOST_PAGES {
            let sentence = format!(
                "There are more than {MOST_PAGES} pages. Go on with --field page={}, or narrow it down with other fields.",
                self.next
            );
            return Err(Failure::said(Exit::Other, sentence));
        }
        if self.fetched >= AT_ONCE {
            tokio::time::sleep(PAUSE).await;
        }
        let page = self.next;
        (self.next, self.fetched) = (page.saturating_add(1), self.fetched + 1);
        Ok(page)
    }
}

#[cfg(unix)]
use crate::paying::pay;

/// There is no socket to reach the window by.
#[cfg(not(unix))]
async fn pay(_: &Connections, _: &Settings, _: &str, _: &'static Permission, _: &str, _: Vec<u8>) -> Result<Exit, Failure> {
    Err(ProblemCode::ConfirmationNeeded.into())
}

/// The command line as an app that may use `permission` of the account, once the person has said yes.
async fn allowed(connections: &Connections, account: &str, called: &str, permission: &'static Permission) -> Result<Caller, Failure> {
    let now = SystemClock.now_ms();
    let own = own_apps(connections.command_line_apps().await?, account);
    if let Some(app) = own.iter().find(|app| app.scopes.contains(&permission.scope)) {
        return Ok(Caller::App(app.id.clone()));
    }
    let what = catalogue::feature(Language::English, &permission.scope)
        .map_or_else(|| permission.scope.to_string(), |words| words.allows.trim_end_matches('.').to_owned());
    if !ask::agrees(&format!("Let {NAME} {what}, for {called}, during the next twelve hours?")).await? {
        return Err(Failure::said(Exit::Denied, "Nothing was sent to Monei."));
    }
    let (scopes, until) = (vec![permission.scope.to_string()], Some(now + LASTS_MS));
    let id = match own.into_iter().next() {
        Some(app) => {
            connections.extend_app(&Caller::CommandLine, &app.id, &scopes, until).await?;
            app.id
        }
        // Its key is told to nobody.
        None => allow_self(connections, account, own_names(called), scopes, until).await?,
    };
    Ok(Caller::App(id))
}

/// Of what the command line was given itself, what is for `account` and for no single payment.
fn own_apps(own: Vec<App>, account: &str) -> Vec<App> {
    own.into_iter().filter(|app| &*app.account == account && !app.name.starts_with(ONE_PAYMENT)).collect()
}

/// The names under which the command line may be allowed for an account called `called`: one that is called alike may have the first ones.
fn own_names(called: &str) -> impl Iterator<Item = String> {
    let name = format!("{NAME} for {called}");
    let with = move |end: String| name.chars().take(LONGEST_NAME - end.chars().count()).chain(end.chars()).collect();
    std::iter::once(String::new()).chain((2..=MOST_ALIKE).map(|number| format!(" {number}"))).map(with)
}

async fn allow_self(
    connections: &Connections,
    account: &str,
    names: impl Iterator<Item = String>,
    scopes: Vec<String>,
    until: Option<i64>,
) -> Result<AppId, Failure> {
    let mut refused = Failure::from(Problem::from(ProblemCode::AppNameTaken));
    for name in names {
        let new = NewApp { name, account: account.to_owned(), scopes: scopes.clone(), until };
        match connections.allow_command_line(&Caller::CommandLine, new).await {
            Ok((app, _)) => return Ok(app.id),
            Err(problem) if problem.code == ProblemCode::AppNameTaken => refused = problem.into(),
            Err(problem) => return Err(problem.into()),
        }
    }
    Err(refused)
}

/// What belongs to the query, and what to the body.
type Parts<'a> = (Vec<(&'a str, &'a str)>, Option<Vec<u8>>);

/// The fields of a GET are its query, and those of a POST its body, but for the one that Monei has in the query of a POST.
fn parts<'a>(method: Method, path: &str, fields: &'a [(String, String)]) -> Result<Parts<'a>, Failure> {
    let texts = |(name, value): &'a (String, String)| (name.as_str(), value.as_str());
    if method == Method::Get {
        return Ok((fields.iter().map(texts).collect(), None));
    }
    // Monei: `POST /wallet/deposit?method=BANK_TRANSFER|USSD|CARD`.
    let is_in_query = |name: &str| path == "/wallet/deposit" && name == "method";
    let query: Vec<_> = fields.iter().map(texts).filter(|(name, _)| is_in_query(name)).collect();
    if query.len() > 1 {
        return Err(twice("method"));
    }
    let rest: Vec<_> = fields.iter().filter(|(name, _)| !is_in_query(name)).cloned().collect();
    Ok((query, Some(body_of(&rest)?)))
}

/// The fields as one JSON object, each value as it would be in JSON, or else as text. Written like Monei's own clients, a number is one.
fn body_of(fields: &[(String, String)]) -> Result<Vec<u8>, Failure> {
    let mut object = serde_json::Map::new();
    for (name, value) in fields {
        let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::String(value.clone()));
        if object.insert(name.clone(), value).is_some() {
            return Err(twice(name));
        }
    }
    Ok(serde_json::Value::Object(object).to_string().into_bytes())
}

fn twice(name: &str) -> Failure {
    Failure::said(Exit::Usage, format!("The field {name} is there twice."))
}

/// Whether Monei says that a page follows; `None` where it says nothing about that. Its endpoints say it in different places.
fn has_next(body: &[u8], page: u32) -> Option<bool> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    let data = &answer["data"];
    let lists = [&answer, data, &answer["pagination"], &data["pagination"], &answer["meta"], &data["meta"]];
    let says = lists.iter().filter_map(|list| {
        let says = list["hasNextPage"].as_bool().or(list["hasNext"].as_bool());
        says.or_else(|| list["totalPages"].as_u64().map(|pages| u64::from(page) < pages))
    });
    says.reduce(|one, other| one || other)
}

/// Monei's own refusal: its body was printed, this says what it means.
fn refused(passed: &Passed) -> Failure {
    let (exit, sentence) = match passed.status {
        403 => (Exit::PermissionMissing, "Monei refused: the permission is missing, or your verification tier doesn’t allow it."),
        429 => (Exit::Unreachable, "Monei asks to wait. Try again in a minute."),
        500.. => (Exit::Unreachable, "Monei has a fault of its own. Try again later."),
        _ => (Exit::Other, "Monei refused the call. Its answer says why."),
    };
    Failure::said(exit, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sixty_pages_are_fetched_at_once_and_then_one_a_second() {
        let (began, mut pages, mut times) = (tokio::time::Instant::now(), Pages::from(1), Vec::new());
        let refused = loop {
            match pages.next().await {
                Ok(_) => times.push(began.elapsed().as_secs()),
                Err(refused) => break refused,
            }
        };
        assert_eq!((times[59], &times[60..63], times.len()), (0, &[1, 2, 3][..], 1_000));
        assert_eq!(refused.exit(), Exit::Other);
    }

    #[tokio::test(start_paused = true)]
    async fn pages_begin_where_the_field_says_and_nowhere_else() {
        let field = |value: &str| ("page".to_owned(), value.to_owned());
        let other = ("limit".to_owned(), "5".to_owned());
        assert_eq!(first_page(std::slice::from_ref(&other)).unwrap(), 1);
        let mut pages = Pages::from(first_page(&[other, field("7")]).unwrap());
        for page in [7, 8, 9] {
            assert_eq!(pages.next().await.unwrap(), page);
        }
        for wrong in ["0", "-1", "two", "", "1.5", "99999999999"] {
            let refused = first_page(&[field(wrong)]).unwrap_err();
            assert!(refused.exit() == Exit::Usage && refused.sentence().contains("from 1 on"), "{wrong}");
        }
        assert_eq!(first_page(&[field("1"), field("2")]).unwrap_err().exit(), Exit::Usage);
    }

    #[test]
    fn a_path_that_cannot_be_called_is_told_what_to_type_instead() {
        for (path, told) in [
            ("/https://api.monei.cc/api/v1/wallet/me", "path alone"),
            ("/transactions?limit=1", "--field"),
            ("/wallet/payout/transfer", "method POST"),
            ("/bills/history", "GET /bills/records"),
            ("/nothing", "no permission"),
        ] {
            assert!(no_call(path).contains(told), "{path}: {}", no_call(path));
        }
    }

    #[test]
    fn a_page_follows_where_monei_says_so() {
        for (body, expected) in [
            (r#"{"pagination":{"page":1,"totalPages":2,"hasNextPage":true}}"#, Some(true)),
            (r#"{"data":{"pagination":{"page":1,"totalPages":2,"hasNextPage":false}}}"#, Some(false)),
            (r#"{"records":[],"hasNext":true}"#, Some(true)),
            (r#"{"totalPages":3}"#, Some(true)),
            (r#"{"totalPages":1}"#, Some(false)),
            // The offramp's history, where the page comes back as text.
            (r#"{"data":[],"meta":{"totalItems":7,"itemCount":3,"itemsPerPage":3,"totalPages":3,"currentPage":"1"}}"#, Some(true)),
            (r#"{"data":[],"meta":{"totalPages":1}}"#, Some(false)),
            (r#"{"data":{"data":[],"meta":{"totalPages":3}}}"#, Some(true)),
            (r#"{"data":{"balance":"1"},"meta":{}}"#, None),
            ("[]", None),
            ("not JSON", None),
        ] {
            assert_eq!(has_next(body.as_bytes(), 1), expected, "{body}");
        }
    }

    #[test]
    fn accounts_that_are_called_alike_have_a_name_each_that_an_app_may_have() {
        for called in ["Ada Obi", "Ada Obi and sons, general trading, Lagos", ""] {
            let names: Vec<String> = own_names(called).collect();
            let different: std::collections::HashSet<&String> = names.iter().collect();
            assert_eq!((names.len(), different.len()), (20, 20), "{names:?}");
            assert!(names.iter().all(|name| name.chars().count() <= LONGEST_NAME && name.starts_with("moneictl for")), "{names:?}");
        }
    }

    #[test]
    fn how_a_deposit_is_paid_is_in_its_query_where_monei_has_it() {
        let fields = [("method", "BANK_TRANSFER"), ("amount", "1000")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let of =
            |method, path| parts(method, path, &fields).map(|(query, body)| (query, body.map(|body| String::from_utf8(body).unwrap())));
        let deposit = of(Method::Post, "/wallet/deposit").unwrap();
        assert_eq!(deposit, (vec![("method", "BANK_TRANSFER")], Some(r#"{"amount":1000}"#.to_owned())));
        let link = of(Method::Post, "/wallet/deposit/payment-link").unwrap();
        assert_eq!(link, (vec![], Some(r#"{"amount":1000,"method":"BANK_TRANSFER"}"#.to_owned())));
        let read = of(Method::Get, "/transactions").unwrap();
        assert_eq!(read, (vec![("method", "BANK_TRANSFER"), ("amount", "1000")], None));
        let twice = [fields[0].clone(), ("method".to_owned(), "CARD".to_owned())];
        assert_eq!(parts(Method::Post, "/wallet/deposit", &twice).unwrap_err().exit(), Exit::Usage);
    }

    #[test]
    fn a_field_is_a_number_where_it_reads_like_one_and_never_there_twice() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let body = body_of(&[field("amount", "1500"), field("note", "rent"), field("on", "true")]).unwrap();
        assert_eq!(String::from_utf8(body).unwrap(), r#"{"amount":1500,"note":"rent","on":true}"#);
        assert_eq!(body_of(&[field("a", "1"), field("a", "2")]).unwrap_err().exit(), Exit::Usage);
    }
}
