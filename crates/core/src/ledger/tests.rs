use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use monei::{Payment, Permission, Scope, ScopeSet};
use tempfile::TempDir;

use super::error::IndexError;
use super::event::Kept;
use super::index::{Index, Lasts};
use super::open::Opened;
use super::schema::REBUILD;
use super::tables::{ACTIVITY_KEPT, ROUTINE_KEPT};
use super::*;
use crate::changed::Changed;
use crate::clock::{Moment, SystemClock};
use crate::model::app::{AppKey, AppName, KeyHash};
use crate::model::operator::{Agreed, Claim};
use crate::model::payment::PaymentOutcome;
use crate::model::{Caller, Identity};

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox").join("index.sqlite");
    (folder, path)
}

fn open(path: &Path) -> Index {
    let opened = Index::open(path).unwrap();
    assert_eq!(opened.set_aside, None);
    opened.index
}

/// Does one thing to the tables.
fn on<T>(index: &Index, work: impl FnOnce(&Tables<'_>) -> Result<T, IndexError>) -> Result<T, IndexError> {
    work(&Tables(&index.writer.lock().unwrap()))
}

fn account(id: &str, connected_at: i64) -> AccountRow {
    AccountRow {
        id: id.into(),
        who: Identity { user_id: Some("u-1".into()), name: Some("Ada Obi".into()), ..Identity::default() },
        label: Some("Shop".into()),
        connected_at,
        checked_at: Some(7),
        health: StoredHealth::Unreachable("offline".into()),
    }
}

fn grant(id: &str, account: &str) -> GrantRow {
    GrantRow {
        id: id.into(),
        account: account.into(),
        backend: "https://connect.example.test".into(),
        scopes: ScopeSet::parse("wallet:read cards:freeze").unwrap(),
        granted_at: 1,
        expires_at: 3_600_001,
        generation: 4,
        owner: Identity::default(),
    }
}

#[test]
fn everything_survives_closing_and_opening_again() {
    let (_keep, path) = folder();
    let event = Event::Connected { granted: vec!["wallet:read".into()], declined: vec!["wallet:send".into()] };
    {
        let index = open(&path);
        on(&index, |tables| tables.put_account(&account("b", 2))).unwrap();
        on(&index, |tables| tables.put_account(&account("a", 1))).unwrap();
        on(&index, |tables| tables.put_grant(&grant("g", "a"))).unwrap();
        on(&index, |tables| tables.put_scope_state("a", "wallet:send", ScopeMark::Declined, 5)).unwrap();
        on(&index, |tables| tables.put_scope_state("a", "wallet:send", ScopeMark::Lost, 6)).unwrap();
        on(&index, |tables| tables.log(9, Some("a"), Some("Shop"), &event)).unwrap();
        on(&index, |tables| tables.set_setting("backend", "https://one")).unwrap();
        on(&index, |tables| tables.set_setting("backend", "https://two")).unwrap();
    }
    let index = open(&path);
    assert_eq!(on(&index, |tables| tables.accounts()).unwrap(), [account("a", 1), account("b", 2)]);
    assert_eq!(on(&index, |tables| tables.grants()).unwrap(), [grant("g", "a")]);
    assert_eq!(
        on(&index, |tables| tables.scope_states("a")).unwrap(),
        [ScopeRow { scope: "wallet:send".into(), mark: ScopeMark::Lost, at: 6 }]
    );
    assert_eq!(
        on(&index, |tables| tables.activity(None, 10)).unwrap(),
        [ActivityRow { at: 9, account: Some("a".into()), account_name: Some("Shop".into()), event }]
    );
    assert_eq!(on(&index, |tables| tables.activity(Some("b"), 10)).unwrap(), []);
    assert_eq!(
        (on(&index, |tables| tables.setting("backend")).unwrap().as_deref(), on(&index, |tables| tables.setting("else")).unwrap()),
        (Some("https://two"), None)
    );
    on(&index, |tables| tables.remove_setting("backend")).unwrap();
    assert_eq!(on(&index, |tables| tables.setting("backend")).unwrap(), None);
    on(&index, |tables| tables.clear_scope_state("a", "wallet:send")).unwrap();
    assert_eq!(on(&index, |tables| tables.scope_states("a")).unwrap(), []);
}

#[test]
fn an_index_of_the_first_version_is_taken_over_with_all_that_is_in_it() {
    let (_keep, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch(include_str!("fixtures/schema-1.sql")).unwrap();
    let declined = ScopeRow { scope: "wallet:send".into(), mark: ScopeMark::Declined, at: 5 };
    let event = Event::Connected { granted: vec!["wallet:read".into()], declined: vec!["wallet:send".into()] };
    let line = ActivityRow { at: 9, account: Some("a".into()), account_name: Some("Shop".into()), event };
    let waits = OpenTransactionRow { hash: "aa".into(), expires_at: 600_000 };
    for turn in 0..2 {
        let index = open(&path);
        let writer = index.writer.lock().unwrap();
        let tables = Tables(&writer);
        let accounts = tables.accounts().unwrap();
        assert_eq!((accounts.len(), &accounts[0]), (2, &account("a", 1)));
        assert_eq!((accounts[1].who.wallet_id.as_deref(), accounts[1].who.email.as_deref()), (Some("w-2"), Some("tunde@example.test")));
        assert_eq!(tables.grants().unwrap(), [grant("g", "a")]);
        assert_eq!(tables.scope_states("a").unwrap(), std::slice::from_ref(&declined));
        assert_eq!(tables.activity(None, 10).unwrap(), std::slice::from_ref(&line));
        assert_eq!(tables.setting("channel").unwrap().as_deref(), Some("deep_link"));
        let listed = if turn == 0 { vec![] } else { vec![waits.clone()] };
        assert_eq!(tables.open_transactions().unwrap(), listed);
        tables.put_open_transaction(&waits).unwrap();
    }
    assert_eq!(open(&path).writer.lock().unwrap().pragma_query_value(None, "user_version", |row| row.get(0)), Ok(7));
}

#[test]
fn an_index_of_the_second_schema_is_taken_over_with_its_history_and_open_transactions() {
    let (_keep, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch(include_str!("fixtures/schema-2.sql")).unwrap();
    let index = open(&path);
    assert_eq!(on(&index, |tables| tables.open_transactions()).unwrap().len(), 1);
    assert_eq!(on(&index, |tables| tables.grants()).unwrap(), [grant("g", "a")]);
    let lines = on(&index, |tables| tables.activity(None, 10)).unwrap();
    assert_eq!((lines.len(), &lines[0].event), (2, &Event::Refreshed));
    // What is routine was so before it was noted.
    index.write(|tx| (0..100).try_for_each(|n| tx.log(n, None, None, &Event::Refreshed))).unwrap();
    let lines = on(&index, |tables| tables.activity(None, 1000)).unwrap();
    assert_eq!(lines.len(), ROUTINE_KEPT as usize + 1);
    assert_eq!(lines.last().unwrap().at, 9);
}

/// Opens a ledger with one account, `a`, of `u-1`, and the grant `g` in it.
async fn ledger(path: &Path) -> Ledger {
    let opened = Ledger::open(path.parent().unwrap(), Arc::new(SystemClock), Changed::default()).unwrap();
    let write = |tables: &Tables<'_>| tables.put_account(&account("a", 1)).and_then(|()| tables.put_grant(&grant("g", "a")));
    opened.ledger.change(Lasts::OverAPowerCut, write).await.unwrap();
    opened.ledger
}

fn user(id: &str) -> Identity {
    Identity { user_id: Some(id.into()), name: Some(format!("Name of {id}")), ..Identity::default() }
}

#[tokio::test]
async fn an_answer_that_contradicts_the_account_overwrites_nothing_and_sets_its_grant_apart() {
    let (_keep, path) = folder();
    let ledger = ledger(&path).await;
    assert_eq!(ledger.apply(Identified { grant: "g".into(), who: user("u-2") }).await, Ok(Owner::SomebodyElse));
    let known = ledger.known();
    assert_eq!((known[0].row.who.clone(), known[0].grants.len()), (account("a", 1).who, 0));
    assert!(matches!(known[0].row.health, StoredHealth::NeedsReconnect(_)));
    let apart = ledger.set_apart().await.unwrap();
    assert_eq!((apart.len(), &apart[0].who, &*apart[0].account), (1, &user("u-2"), "a"));
    assert!(matches!(ledger.activity(None, 1).await.unwrap()[0].event, Event::Contradicted { .. }));
}

#[tokio::test]
async fn a_grant_of_somebody_else_is_put_into_no_account_whoever_asks() {
    let (_keep, path) = folder();
    let ledger = ledger(&path).await;
    let change = Granted {
        caller: Caller::Window,
        grant: grant("h", "a"),
        into: Into::Existing,
        requested: ScopeSet::new(),
        who: user("u-2"),
        missing: HashSet::new(),
    };
    assert_eq!(ledger.apply(change).await, Ok(None));
    assert_eq!((ledger.known()[0].grants.len(), ledger.known()[0].row.who.clone()), (1, account("a", 1).who));
}

#[tokio::test]
async fn two_grants_of_two_people_are_noticed_where_the_account_itself_is_unknown() {
    let (_keep, path) = folder();
    let ledger = ledger(&path).await;
    let unknown = AccountRow { who: Identity::default(), ..account("b", 2) };
    let theirs = GrantRow { owner: Identity { wallet_id: Some("w-1".into()), ..Identity::default() }, ..grant("h", "b") };
    let write = move |tables: &Tables<'_>| {
        tables.put_account(&unknown)?;
        tables.put_grant(&theirs)?;
        tables.put_grant(&grant("i", "b"))
    };
    ledger.change(Lasts::OverAPowerCut, write).await.unwrap();
    let other = Identity { wallet_id: Some("w-2".into()), ..Identity::default() };
    assert_eq!(ledger.apply(Identified { grant: "i".into(), who: other }).await, Ok(Owner::SomebodyElse));
}

#[tokio::test]
async fn an_answer_that_was_under_way_does_not_make_an_account_well_whose_access_has_ended() {
    for code in [None, Some(ProblemCode::LimitReached)] {
        let (_keep, path) = folder();
        let ledger = ledger(&path).await;
        ledger.apply(Revoked { grant: "g".into(), may_live: false }).await.unwrap();
        // Asked with the token before that ended.
        ledger.apply(Checked { account: "a".into(), code, missing: HashSet::new() }).await.unwrap();
        let row = ledger.known()[0].row.clone();
        assert_eq!((row.health, row.checked_at), (StoredHealth::NeedsReconnect("access_revoked".into()), Some(7)));
    }
}

#[tokio::test]
async fn what_is_written_counts_though_it_cannot_be_read_back() {
    let (_keep, path) = folder();
    let ledger = ledger(&path).await;
    *ledger.inner.index.reader.lock().unwrap() = Some(rusqlite::Connection::open_in_memory().unwrap());
    assert_eq!(ledger.apply(Renamed { account: "a".into(), label: Some("Home".into()) }).await, Ok(true));
}

#[tokio::test]
async fn the_version_changes_whoever_has_written_and_only_then() {
    let (_keep, path) = folder();
    let ledger = ledger(&path).await;
    let first = ledger.version().await.unwrap();
    assert!(ledger.apps().await.unwrap().is_empty());
    assert_eq!(ledger.version().await.unwrap(), first);
    ledger.apply(Renamed { account: "a".into(), label: Some("Stall".into()) }).await.unwrap();
    let own = ledger.version().await.unwrap();
    assert_ne!(own, first);
    assert_eq!(ledger.version().await.unwrap(), own);
    let other = Ledger::open(path.parent().unwrap(), Arc::new(SystemClock), Changed::default()).unwrap().ledger;
    other.apply(Renamed { account: "a".into(), label: None }).await.unwrap();
    assert_ne!(ledger.version().await.unwrap(), own);
}

#[tokio::test]
async fn each_use_is_counted_by_the_day_and_kept_two_years() {
    let (_keep, path) = folder();
    let ledger = ledger(&path).await;
    let (permission, endpoint) = monei::permission::find(monei::Method::Get, "/user/me").unwrap();
    for code in [None, None, Some(ProblemCode::Busy)] {
        let used = Used { caller: Caller::Window, account: "a".into(), permission, endpoint, code, heard: None };
        ledger.apply(used).await.unwrap();
    }
    let uses = ledger.uses("a".into()).await.unwrap();
    let told: Vec<_> = uses.iter().map(|used| (used.permission.as_str(), used.outcome.as_str(), used.count)).collect();
    assert!(told.contains(&("profile:read", "ok", 2)) && told.contains(&("profile:read", "busy", 1)), "{told:?}");
    assert!(uses.iter().all(|used| used.endpoint == "GET /user/me" && used.caller == "window"));
    let old = UseRow { day: uses[0].day - 731, ..uses[0].clone() };
    let write =
        move |tables: &Tables<'_>| tables.count_use(&old).and_then(|_| tables.count_use(&UseRow { outcome: "new".into(), ..old.clone() }));
    ledger.change(Lasts::OverAPowerCut, write).await.unwrap();
    let heard = Some(SystemClock.now_ms());
    ledger.apply(Used { caller: Caller::Monitor, account: "a".into(), permission, endpoint, code: None, heard }).await.unwrap();
    assert!(ledger.uses("a".into()).await.unwrap().iter().all(|used| used.day > uses[0].day - 731));
}

/// The wall, at whatever a test sets.
struct Wall(std::sync::atomic::AtomicI64);

impl Clock for Wall {
    fn now_ms(&self) -> i64 {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn uptime(&self) -> Option<crate::clock::Uptime> {
        None
    }
}

#[tokio::test]
async fn a_clock_that_is_set_forth_or_back_costs_no_record_of_a_use_or_a_payment() {
    const YEAR: i64 = 365 * 86_400_000;
    let (_keep, path) = folder();
    let (now, wall) = (50 * YEAR, Arc::new(Wall((50 * YEAR).into())));
    let ledger = Ledger::open(path.parent().unwrap(), wall.clone(), Changed::default()).unwrap().ledger;
    ledger.write(|tables| tables.put_account(&account("a", 1))).await.unwrap();
    let (permission, endpoint) = monei::permission::find(monei::Method::Get, "/user/me").unwrap();
    let paid = Event::Payment { app: "Till".into(), amount: None, currency: None, to: None, reference: None, outcome: StoredOutcome::Done };
    let pay = move |tables: &Tables<'_>| {
        tables.log(now, Some("a"), None, &paid)?;
        let columns = "INSERT INTO payments (id, app, account, endpoint, began_at) VALUES ('p', 'x', 'a', 'POST /wallet', ?1)";
        tables.run(columns, [now])
    };
    ledger.write(pay).await.unwrap();
    let kept = async || {
        let payments = |tables: &Tables<'_>| tables.rows("SELECT count(*) FROM payments", [], |row| row.get::<_, i64>(0));
        let uses = ledger.uses("a".into()).await.unwrap().into_iter().filter(|used| used.first_at == now).count();
        (uses, ledger.read(payments).await.unwrap(), ledger.activity(None, 10).await.unwrap().len())
    };
    // Now; ten years on for a week, and back to before the record began. The server's clock is right, or none was heard.
    let days = std::iter::once(now).chain((0..7).map(|day| now + 10 * YEAR + day * 86_400_000)).chain([now - 20 * YEAR, now + 1]);
    for at in days {
        wall.0.store(at, std::sync::atomic::Ordering::SeqCst);
        for (code, heard) in [(None, None), (Some(ProblemCode::Busy), Some(now))] {
            ledger.apply(Used { caller: Caller::Window, account: "a".into(), permission, endpoint, code, heard }).await.unwrap();
        }
        assert_eq!(kept().await, (2, vec![1], 1), "{at}");
    }
    // Nor does a server whose clock is wrong.
    let wrong = Some(now + 10 * YEAR);
    ledger.apply(Used { caller: Caller::Monitor, account: "a".into(), permission, endpoint, code: None, heard: wrong }).await.unwrap();
    assert_eq!(kept().await, (2, vec![1], 1));
    // Three years on by both.
    let later = now + 3 * YEAR;
    wall.0.store(later, std::sync::atomic::Ordering::SeqCst);
    ledger.apply(Used { caller: Caller::Window, account: "a".into(), permission, endpoint, code: None, heard: Some(later) }).await.unwrap();
    assert_eq!(kept().await, (0, vec![0], 0));
}

#[test]
fn an_index_of_the_third_schema_keeps_what_was_used_and_allows_no_app() {
    let (_keep, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch(include_str!("fixtures/schema-3.sql")).unwrap();
    let index = open(&path);
    assert_eq!(on(&index, |tables| tables.uses("a")).unwrap()[0].count, 3);
    assert_eq!(on(&index, |tables| tables.apps()).unwrap(), []);
    assert!(on(&index, |tables| tables.app_keys()).unwrap().is_empty());
}

#[test]
fn an_index_of_the_fourth_schema_keeps_its_apps_and_history_and_has_no_receipt() {
    let (_keep, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch(include_str!("fixtures/schema-4.sql")).unwrap();
    let index = open(&path);
    let apps = on(&index, |tables| tables.apps()).unwrap();
    assert_eq!((apps.len(), apps[0].name.as_str(), apps[0].over_tcp), (1, "Budget sheet", true));
    assert_eq!(on(&index, |tables| tables.accounts()).unwrap().len(), 2);
    assert_eq!(on(&index, |tables| tables.uses("a")).unwrap()[0].count, 3);
    assert_eq!(on(&index, |tables| tables.receipts(None)).unwrap(), []);
}

#[test]
fn an_index_of_the_fifth_schema_has_no_payment() {
    let (_keep, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch(include_str!("fixtures/schema-5.sql")).unwrap();
    let index = open(&path);
    assert_eq!(on(&index, |tables| tables.apps()).unwrap()[0].name, "Budget sheet");
    assert_eq!(on(&index, |tables| tables.open_payments()).unwrap(), []);
}

#[test]
fn an_index_of_the_sixth_schema_has_nothing_set_aside() {
    let (_keep, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch(include_str!("fixtures/schema-6.sql")).unwrap();
    let index = open(&path);
    assert_eq!(on(&index, |tables| tables.apps()).unwrap()[0].name, "Budget sheet");
    assert_eq!(on(&index, |tables| tables.open_payments()).unwrap().len(), 1);
    assert_eq!(on(&index, |tables| tables.aside("a")).unwrap(), []);
}

#[tokio::test]
async fn a_payment_is_written_down_before_it_is_sent_and_one_without_an_outcome_becomes_unknown() {
    let (_keep, path) = folder();
    let ledger = ledger(&path).await;
    ledger.change(Lasts::OverAPowerCut, |tables| tables.put_account(&account("a", 1))).await.unwrap();
    ledger
        .change(Lasts::OverAPowerCut, |tables| {
            tables.put_grant(&GrantRow { scopes: [Scope::WalletSend].into_iter().collect(), ..grant("g", "a") })
        })
        .await
        .unwrap();
    let allowed = AppAllowed {
        id: "app".into(),
        name: AppName::parse("Bill payer").unwrap(),
        key: AppKey::generate().hash(),
        account: "a".into(),
        scopes: [Scope::WalletSend].into_iter().collect(),
        until: None,
        own: false,
    };
    ledger.apply(allowed).await.unwrap().unwrap();
    let permission = Permission::of(&Scope::WalletSend).unwrap();
    let begins = |id: &str, app: &str| PaymentBegun {
        id: id.into(),
        app: app.into(),
        account: "a".into(),
        permission,
        payment: Payment::read("/wallet/payout/transfer", br#"{"receiver":"t","amount":5,"transactionPin":"2468"}"#).unwrap(),
    };
    assert_eq!(ledger.apply(begins("p0", "other")).await.unwrap().unwrap_err(), ProblemCode::NoSuchApp);
    let begun = ledger.apply(begins("p1", "app")).await.unwrap().unwrap();
    assert_eq!(begun.id(), "p1");
    // Being sent, it may be paid: whoever asks for the same meanwhile is told.
    let same = Payment::read("/wallet/payout/transfer", br#"{"receiver":"t","amount":5}"#).unwrap();
    assert!(ledger.sent_before(&"a".into(), &same).await.unwrap().is_some());
    ledger.apply(begins("p2", "app")).await.unwrap().unwrap();
    assert!(ledger.apply(PaymentEnded { id: "p1".into(), outcome: PaymentOutcome::Done }).await.unwrap());
    assert!(!ledger.apply(PaymentEnded { id: "p1".into(), outcome: PaymentOutcome::Refused }).await.unwrap(), "one outcome");
    assert_eq!(ledger.apply(OpenPaymentsClosed).await.unwrap(), 1);
    assert_eq!(ledger.apply(OpenPaymentsClosed).await.unwrap(), 0);
    let outcomes: Vec<_> = ledger
        .activity(None, 10)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|row| match row.event {
            Event::Payment { outcome, to, .. } => Some((outcome, to)),
            _ => None,
        })
        .collect();
    let to = Some("t".to_owned());
    assert_eq!(outcomes, [(StoredOutcome::Unknown, to.clone()), (StoredOutcome::Done, to)]);
    // The PIN is in no file.
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(4).any(|four| four == b"2468"));
    }
}

#[test]
fn a_migrated_index_and_a_fresh_one_have_the_same_tables() {
    let ((_keep, migrated), (_keep_too, fresh)) = (folder(), folder());
    fs::create_dir_all(migrated.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&migrated).unwrap().execute_batch(include_str!("fixtures/schema-4.sql")).unwrap();
    let schema = |path: &Path| -> Vec<(String, String)> {
        let index = open(path);
        let writer = index.writer.lock().unwrap();
        let mut rows = writer.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name").unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(schema(&migrated), schema(&fresh));
}

#[test]
fn an_open_transaction_is_listed_until_it_is_over_or_taken_off() {
    let (_keep, path) = folder();
    let index = open(&path);
    let row = |hash: &str, expires_at| OpenTransactionRow { hash: hash.into(), expires_at };
    for expires_at in [7, 9] {
        on(&index, |tables| tables.put_open_transaction(&row("a", expires_at))).unwrap();
    }
    on(&index, |tables| tables.put_open_transaction(&row("b", 8))).unwrap();
    assert_eq!(on(&index, |tables| tables.open_transactions()).unwrap(), [row("b", 8), row("a", 9)]);
    on(&index, |tables| tables.end_open_transactions(Some("a"))).unwrap();
    assert_eq!(on(&index, |tables| tables.open_transactions()).unwrap(), [row("a", 0), row("b", 8)]);
    on(&index, |tables| tables.end_open_transactions(None)).unwrap();
    on(&index, |tables| tables.remove_open_transaction("a")).unwrap();
    assert_eq!(on(&index, |tables| tables.open_transactions()).unwrap(), [row("b", 0)]);
}

#[test]
fn changing_an_account_keeps_its_grants() {
    let (_keep, path) = folder();
    let index = open(&path);
    on(&index, |tables| tables.put_account(&account("a", 1))).unwrap();
    on(&index, |tables| tables.put_grant(&grant("g", "a"))).unwrap();
    let changed = AccountRow { health: StoredHealth::Connected, label: None, ..account("a", 1) };
    on(&index, |tables| tables.put_account(&changed)).unwrap();
    on(&index, |tables| tables.put_grant(&GrantRow { generation: 5, ..grant("g", "a") })).unwrap();
    assert_eq!(on(&index, |tables| tables.accounts()).unwrap(), [changed]);
    assert_eq!(on(&index, |tables| tables.grants()).unwrap(), [GrantRow { generation: 5, ..grant("g", "a") }]);
    on(&index, |tables| tables.remove_grant("g")).unwrap();
    assert_eq!(on(&index, |tables| tables.grants()).unwrap(), []);
}

#[test]
fn removing_an_account_takes_all_but_its_activity() {
    let (_keep, path) = folder();
    let index = open(&path);
    on(&index, |tables| tables.put_account(&account("a", 1))).unwrap();
    on(&index, |tables| tables.put_grant(&grant("g", "a"))).unwrap();
    on(&index, |tables| tables.put_scope_state("a", "wallet:send", ScopeMark::Declined, 5)).unwrap();
    on(&index, |tables| tables.log(9, Some("a"), Some("Shop"), &Event::Refreshed)).unwrap();
    on(&index, |tables| tables.remove_account("a", 9)).unwrap();
    assert_eq!(
        (
            on(&index, |tables| tables.accounts()).unwrap().len(),
            on(&index, |tables| tables.grants()).unwrap().len(),
            on(&index, |tables| tables.scope_states("a")).unwrap().len()
        ),
        (0, 0, 0)
    );
    let line = ActivityRow { at: 9, account: None, account_name: Some("Shop".into()), event: Event::Refreshed };
    assert_eq!(on(&index, |tables| tables.activity(None, 10)).unwrap(), [line]);
}

#[test]
fn a_grant_needs_its_account() {
    let (_keep, path) = folder();
    assert!(matches!(on(&open(&path), |tables| tables.put_grant(&grant("g", "nobody"))), Err(IndexError::Unavailable(_))));
}

#[test]
fn a_failing_transaction_leaves_nothing_behind() {
    let (_keep, path) = folder();
    let index = open(&path);
    let outcome = index.write(|tx| {
        tx.put_account(&account("a", 1))?;
        tx.set_setting("backend", "https://one")?;
        tx.put_grant(&grant("g", "nobody"))
    });
    assert!(outcome.is_err());
    assert_eq!((on(&index, |tables| tables.accounts()).unwrap().len(), on(&index, |tables| tables.setting("backend")).unwrap()), (0, None));
}

#[test]
fn a_full_database_takes_nothing_by_halves_and_goes_on_once_there_is_room() {
    let (_keep, path) = folder();
    let index = open(&path);
    on(&index, |tables| tables.put_account(&account("before", 1))).unwrap();
    let pages: u32 = index.writer.lock().unwrap().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let most: u32 = index.writer.lock().unwrap().pragma_query_value(None, "max_page_count", |row| row.get(0)).unwrap();
    index.writer.lock().unwrap().pragma_update(None, "max_page_count", pages).unwrap();
    let much = |index: &Index| {
        index.write(|tx| {
            (0..500).try_for_each(|n| {
                tx.put_account(&account(&format!("a{n}"), n)).and_then(|()| tx.put_grant(&grant(&format!("g{n}"), &format!("a{n}"))))
            })
        })
    };
    // SQLITE_FULL, as where the file system has no room (`ENOSPC`).
    let told = much(&index).unwrap_err();
    assert!(told.to_string().contains("DiskFull"), "{told}");
    assert_eq!(
        (on(&index, |tables| tables.accounts()).unwrap(), on(&index, |tables| tables.grants()).unwrap()),
        (vec![account("before", 1)], vec![])
    );
    index.writer.lock().unwrap().pragma_update(None, "max_page_count", most).unwrap();
    much(&index).unwrap();
    drop(index);
    assert_eq!(on(&open(&path), |tables| tables.accounts()).unwrap().len(), 501);
}

#[test]
fn the_activity_is_newest_first_and_bounded() {
    let (_keep, path) = folder();
    let index = open(&path);
    let total = i64::from(ACTIVITY_KEPT) + 20;
    let failed = Event::Failed { code: "timed_out".into() };
    // The clock may jump back: the order is that of writing.
    index.write(|tx| (0..total).try_for_each(|n| tx.log(total - n, None, None, &failed))).unwrap();
    let all = on(&index, |tables| tables.activity(None, u32::MAX)).unwrap();
    assert_eq!((all.len(), all[0].at), (ACTIVITY_KEPT as usize, 1));
    assert_eq!(on(&index, |tables| tables.activity(None, 3)).unwrap().len(), 3);
}

#[test]
fn lines_that_come_by_themselves_push_out_no_others() {
    let (_keep, path) = folder();
    let index = open(&path);
    let connected = Event::Connected { granted: vec![], declined: vec![] };
    index.write(|tx| tx.log(1, None, None, &connected)).unwrap();
    index.write(|tx| (0..3000).try_for_each(|n| tx.log(n, None, None, &Event::Refreshed))).unwrap();
    let shown = on(&index, |tables| tables.activity(None, 200)).unwrap();
    assert_eq!((shown.len(), shown.last().unwrap().event.clone()), (ROUTINE_KEPT as usize + 1, connected));
}

#[test]
fn a_payment_stays_in_the_history_for_two_years_whatever_else_happens() {
    let (_keep, path) = folder();
    let index = open(&path);
    let paid = |reference: &str| Event::Payment {
        app: "Bill payer".into(),
        amount: Some("5".into()),
        currency: Some("NGN".into()),
        to: Some("t".into()),
        reference: Some(reference.into()),
        outcome: StoredOutcome::Done,
    };
    index.write(|tx| tx.log(1, None, None, &paid("first"))).unwrap();
    let failed = Event::Failed { code: "timed_out".into() };
    index.write(|tx| (0..i64::from(ACTIVITY_KEPT) + 20).try_for_each(|n| tx.log(n, None, None, &failed))).unwrap();
    let references = || -> Vec<String> {
        let rows = on(&index, |tables| tables.activity(None, u32::MAX)).unwrap();
        let reference = |event| if let Event::Payment { reference, .. } = event { reference } else { None };
        rows.into_iter().filter_map(|row| reference(row.event)).collect()
    };
    assert_eq!(references(), ["first"]);
    let two_years = 730 * 86_400_000;
    index.write(|tx| tx.log(two_years + 1, None, None, &paid("second")).and_then(|()| tx.drop_old(two_years + 1))).unwrap();
    assert_eq!(references(), ["second", "first"]);
    index.write(|tx| tx.log(two_years + 2, None, None, &paid("third")).and_then(|()| tx.drop_old(two_years + 2))).unwrap();
    assert_eq!(references(), ["third", "second"]);
}

#[test]
fn a_damaged_file_is_set_aside_and_a_fresh_one_made() {
    let (_keep, path) = folder();
    drop(open(&path));
    for n in 1..=2 {
        fs::write(
            &path,
            b"this is no database, and long enough to have a header of a hundred bytes ......................................",
        )
        .unwrap();
        let opened = Index::open(&path).unwrap();
        let aside = path.with_file_name(format!("index.damaged-{n}.sqlite"));
        assert_eq!(opened.set_aside.as_deref(), Some(aside.as_path()));
        assert!(fs::read(&aside).unwrap().starts_with(b"this is no database"));
        assert_eq!(on(&opened.index, |tables| tables.accounts()).unwrap(), []);
        let name = format!("index.damaged-{n}.sqlite");
        assert_eq!(on(&opened.index, |tables| tables.setting(REBUILD)).unwrap(), Some(name), "whose accounts are to be found again");
    }
    open(&path);
}

#[test]
fn killed_just_after_setting_aside_the_next_start_knows_what_is_to_be_found_again() {
    let (_keep, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    for n in [2, 10] {
        fs::write(path.with_file_name(format!("index.damaged-{n}.sqlite")), b"").unwrap();
    }
    let opened = Index::open(&path).unwrap();
    assert_eq!(on(&opened.index, |tables| tables.setting(REBUILD)).unwrap().as_deref(), Some("index.damaged-10.sqlite"));
    // Once they have been found, it isn't asked for anew.
    on(&opened.index, |tables| tables.remove_setting(REBUILD)).unwrap();
    drop(opened);
    assert_eq!(on(&Index::open(&path).unwrap().index, |tables| tables.setting(REBUILD)).unwrap(), None);
}

#[test]
fn a_file_with_other_tables_is_damaged() {
    let (_keep, path) = folder();
    drop(open(&path));
    for damage in ["DROP TABLE grants", "CREATE TABLE x (y); DROP TABLE accounts", "ALTER TABLE uses DROP COLUMN first_at"] {
        rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        assert!(Index::open(&path).unwrap().set_aside.is_some(), "{damage}");
        open(&path);
    }
}

#[test]
fn a_line_that_cannot_be_read_costs_no_other() {
    let (_keep, path) = folder();
    let events = ["", "{}", "{\"kind\":\"app_allowed\"}", "[1", "\u{0}", "{\"kind\":\"failed\",\"code\":7}"];
    {
        let index = open(&path);
        on(&index, |tables| tables.put_account(&account("a", 1))).unwrap();
        on(&index, |tables| tables.put_grant(&grant("g", "a"))).unwrap();
        on(&index, |tables| tables.log(9, Some("a"), Some("Shop"), &Event::Refreshed)).unwrap();
        for event in events {
            let insert = "INSERT INTO activity (at, account, event) VALUES (10, 'a', ?1)";
            index.writer.lock().unwrap().execute(insert, [event]).unwrap();
        }
        let odd = "UPDATE grants SET scopes = 'wallet:read n\u{f6} cards:freeze', generation = -1;
            INSERT INTO scope_states VALUES ('a', 'kyc:read', 'declined', 5);";
        index.writer.lock().unwrap().execute_batch(odd).unwrap();
    }
    let index = open(&path);
    let lines = on(&index, |tables| tables.activity(Some("a"), 20)).unwrap();
    assert_eq!(lines.len(), events.len() + 1);
    assert!(lines[..events.len()].iter().all(|line| line.event == Event::Unknown));
    assert_eq!(lines.last().unwrap().event, Event::Refreshed);
    assert_eq!(on(&index, |tables| tables.accounts()).unwrap(), [account("a", 1)]);
    assert_eq!(on(&index, |tables| tables.grants()).unwrap(), [GrantRow { generation: 0, ..grant("g", "a") }]);
}

#[test]
fn what_can_be_read_of_a_torn_index_is_taken_over() {
    let (_keep, path) = folder();
    {
        let index = open(&path);
        let write = |tx: &Tables<'_>| {
            (0..400).try_for_each(|n| {
                tx.put_account(&account(&format!("a{n:03}"), n))?;
                tx.log(n, None, Some("Shop"), &Event::Disconnected { confirmed: true, by: None })
            })
        };
        index.write(write).unwrap();
        on(&index, |tables| tables.set_setting("channel", "deep_link")).unwrap();
    }
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "DELETE").unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // Pages here and there, of whichever table.
    for quarter in 1..4 {
        let page = bytes.len() * quarter / 4 / 4096 * 4096;
        bytes[page..page + 4096].fill(0xAA);
    }
    fs::write(&path, bytes).unwrap();
    let opened = Index::open(&path).unwrap();
    assert!(opened.set_aside.is_some());
    let index = opened.index;
    let accounts = on(&index, |tables| tables.accounts()).unwrap();
    let lines = on(&index, |tables| tables.activity(None, 1000)).unwrap();
    assert!(accounts.len() + lines.len() > 300, "{} {}", accounts.len(), lines.len());
    assert!(accounts.iter().all(|account| account.label.as_deref() == Some("Shop")));
}

#[test]
fn a_reader_waits_for_no_writer() {
    let (_keep, path) = folder();
    let index = open(&path);
    on(&index, |tables| tables.put_account(&account("a", 1))).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM accounts").unwrap();
    let _ours = index.writer.lock().unwrap();
    let began = std::time::Instant::now();
    assert_eq!(index.read(|tables| tables.accounts()).unwrap().len(), 1);
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
}

/// As on a network file system: there is no memory that all who open the file share.
#[test]
fn a_folder_without_shared_memory_holds_an_index_all_the_same() {
    let (_keep, path) = folder();
    let shared_memory = path.with_file_name("index.sqlite-shm");
    {
        let index = open(&path);
        on(&index, |tables| tables.put_account(&account("a", 1))).unwrap();
    }
    drop(fs::remove_file(&shared_memory));
    fs::create_dir_all(&shared_memory).unwrap();
    let (one, two) = (open(&path), open(&path));
    one.write(|tables| tables.put_account(&account("b", 2))).unwrap();
    two.write(|tables| tables.put_account(&account("c", 3))).unwrap();
    assert_eq!(one.read(|tables| tables.accounts()).unwrap().len(), 3);
}

#[test]
fn a_newer_schema_is_refused_and_left_unchanged() {
    let (_keep, path) = folder();
    drop(open(&path));
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(Index::open(&path).err(), Some(IndexError::Newer { found: 99 }));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn an_error_names_no_path() {
    let (_keep, path) = folder();
    fs::create_dir_all(&path).unwrap();
    let Err(error) = Index::open(&path) else { panic!("a folder is no index") };
    assert!(matches!(error, IndexError::Unavailable(_)));
    assert!(!error.to_string().contains("index.sqlite"), "{error}");
    assert!(path.is_dir(), "what isn't ours stays where it is");
}

#[test]
fn two_handles_write_and_see_each_other() {
    let (_keep, path) = folder();
    let (one, two) = (open(&path), open(&path));
    let first =
        std::thread::spawn(move || (0..50).try_for_each(|n| on(&one, |tables| tables.put_account(&account(&format!("one{n}"), n)))));
    (0..50).try_for_each(|n| on(&two, |tables| tables.put_account(&account(&format!("two{n}"), n)))).unwrap();
    first.join().unwrap().unwrap();
    assert_eq!(on(&two, |tables| tables.accounts()).unwrap().len(), 100);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_keep, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let index = open(&path);
    on(&index, |tables| tables.put_account(&account("a", 1))).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let files: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.iter().any(|file| file.to_string_lossy().ends_with("-wal")), "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}

const CHILD: &str = "INDEX_TEST_CHILD";

/// Not a test of its own: what [`a_killed_process_leaves_whole_transactions`] starts and kills.
#[test]
fn writer_child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let index = Index::open(Path::new(&path)).unwrap().index;
    for n in 0.. {
        let id = format!("a{n}");
        index
            .write(|tx| {
                tx.put_account(&account(&id, n))?;
                tx.put_grant(&grant(&format!("g{n}"), &id))
            })
            .unwrap();
        println!("written {n}");
    }
}

#[test]
fn a_killed_process_leaves_whole_transactions() {
    let (_keep, path) = folder();
    let child = std::env::current_exe().unwrap();
    let module = module_path!().split_once("::").unwrap().1;
    let mut child = Command::new(child)
        .args(["--exact", &format!("{module}::writer_child"), "--nocapture"])
        .env(CHILD, &path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let Some((_, n)) = line.split_once("written ") else { continue };
        acknowledged.push(n.parse::<i64>().unwrap());
        if acknowledged.len() == 40 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= 40);
    let index = open(&path);
    let accounts: Vec<_> = on(&index, |tables| tables.accounts()).unwrap().into_iter().map(|account| account.connected_at).collect();
    assert!(acknowledged.iter().all(|n| accounts.contains(n)), "what was acknowledged is there");
    assert_eq!(on(&index, |tables| tables.grants()).unwrap().len(), accounts.len(), "an account and its grant come together");
}

#[test]
fn what_was_set_aside_stays_so_where_the_accounts_of_a_damaged_file_cannot_be_read() {
    let (_keep, path) = folder();
    let index = open(&path);
    index
        .write(|tx| {
            tx.put_account(&account("a", 1))?;
            tx.put_aside("a", "wallet:read", 2)
        })
        .unwrap();
    drop(index);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE accounts").unwrap();
    let opened = Index::open(&path).unwrap();
    assert!(opened.set_aside.is_some());
    assert!(on(&opened.index, |tables| tables.is_aside("a", &"wallet:read".parse().unwrap())).unwrap());
}

/// Every row of every table, as text.
fn dump(connection: &rusqlite::Connection) -> Vec<String> {
    let mut names =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut lines = Vec::new();
    for name in names {
        let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = statement.column_count();
        let line = |row: &rusqlite::Row<'_>| {
            let cells = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
            cells.collect::<rusqlite::Result<Vec<_>>>().map(|cells| format!("{name} {cells:?}"))
        };
        lines.extend(statement.query_map([], line).unwrap().map(Result::unwrap));
    }
    lines
}

#[test]
fn a_newer_index_is_left_as_it_is_also_where_this_version_takes_it_for_damaged() {
    let (_keep, path) = folder();
    drop(open(&path));
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 8).unwrap();
    let whole = fs::read(&path).unwrap();
    // Ways to write and read that this SQLite doesn't know, space at each page's end, and the format of the schema.
    for byte in [18, 19, 20, 47] {
        let mut bytes = whole.clone();
        bytes[byte] = 9;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(Index::open(&path).err(), Some(IndexError::Newer { found: 8 }), "byte {byte}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "byte {byte}");
    }
}

#[test]
fn a_number_that_no_schema_has_is_damage() {
    for (version, is_newer) in [(8, true), (255, true), (256, false), (7 + (1 << 24), false), (-1, false)] {
        let (_keep, path) = folder();
        drop(open(&path));
        rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", version).unwrap();
        let opened = Index::open(&path);
        assert_eq!(matches!(opened, Err(IndexError::Newer { .. })), is_newer, "{version}");
        assert_eq!(matches!(opened, Ok(Opened { set_aside: Some(_), .. })), !is_newer, "{version}");
    }
}

#[test]
fn a_flipped_bit_in_the_header_loses_nothing_and_is_called_what_it_is() {
    let (_keep, path) = folder();
    let index = open(&path);
    let fill = |tables: &Tables<'_>| {
        (0..100).try_for_each(|n| {
            tables.put_account(&account(&format!("a{n}"), n))?;
            tables.put_grant(&grant(&format!("g{n}"), &format!("a{n}")))?;
            tables.log(n, None, Some("Shop"), &Event::Refreshed)
        })
    };
    index.write(fill).unwrap();
    index.write(|tables| (0..40).try_for_each(|n| tables.remove_account(&format!("a{n}"), 1))).unwrap();
    let whole = dump(&index.writer.lock().unwrap());
    drop(index);
    let bytes = fs::read(&path).unwrap();
    for (byte, bit) in (0..100).flat_map(|byte| [0, 1, 4, 7].map(|bit| (byte, bit))) {
        let (_keep, path) = folder();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut flipped = bytes.clone();
        flipped[byte] ^= 1 << bit;
        fs::write(&path, &flipped).unwrap();
        let case = format!("byte {byte}, bit {bit}");
        match Index::open(&path) {
            Ok(Opened { index, set_aside: None, .. }) => {
                assert_eq!(dump(&index.writer.lock().unwrap()), whole, "{case}");
                index.write(|tables| (100..200).try_for_each(|n| tables.put_account(&account(&format!("a{n}"), n)))).unwrap();
                drop(index);
                assert_eq!(on(&open(&path), |tables| tables.accounts()).unwrap().len(), 160, "{case}");
            }
            Ok(Opened { index, set_aside: Some(aside), .. }) => {
                assert_eq!(fs::read(&aside).unwrap(), flipped, "{case}");
                assert!(on(&index, |tables| tables.setting(REBUILD)).unwrap().is_some(), "{case}");
            }
            Err(error) => {
                let found = u32::from_be_bytes(flipped[60..64].try_into().unwrap());
                assert!(byte == 63 && (8..=255).contains(&found), "{case}: {error}");
                assert_eq!(error, IndexError::Newer { found });
                assert_eq!(fs::read(&path).unwrap(), flipped, "{case}");
            }
        }
    }
}

/// Bytes that are no text: one alone, and one between sound ones.
const NO_TEXT: [&str; 2] = ["x'ff'", "x'41e461'"];

/// In each table a row that is going to be damaged, which comes first, and one that isn't: of account `b`, or called "second".
const TWO_ROWS_EACH: &str = r#"
    INSERT INTO accounts VALUES ('a', 'u-1', 'w-1', 'Ada Obi', 'ada@example.test', 'Shop', 1, 7, 'unreachable', 'offline'),
        ('b', 'u-2', 'w-2', 'Tunde Bello', 'tunde@example.test', 'second', 2, 7, 'connected', NULL);
    INSERT INTO grants (id, account, backend, scopes, granted_at, expires_at, generation, owner_user, owner_wallet)
        VALUES ('g', 'a', 'https://one.test', 'profile:read wallet:read', 1, 9, 4, 'u-1', 'w-1'),
            ('h', 'b', 'https://one.test', 'profile:read wallet:read', 2, 9, 4, 'u-2', 'w-2');
    INSERT INTO scope_states VALUES ('a', 'kyc:read', 'declined', 5), ('b', 'kyc:read', 'lost', 5);
    INSERT INTO aside VALUES ('a', 'wallet:read', 5), ('b', 'profile:read', 5);
    INSERT INTO set_apart VALUES ('x', 'a', 'kyc:read', 'u-3', 'w-3', 'Bola', 'bola@example.test', 5),
        ('y', 'b', 'kyc:read', 'u-3', 'w-3', 'second', 'bola@example.test', 6);
    INSERT INTO activity (at, account, account_name, event, routine)
        VALUES (1, 'a', 'Shop', '{"kind":"failed","code":"offline"}', 0), (2, 'b', 'second', '{"kind":"refreshed"}', 1);
    INSERT INTO settings VALUES ('api', 'off'), ('theme', 'dark');
    INSERT INTO open_transactions VALUES ('aa', 5), ('bb', 6);
    INSERT INTO apps (id, name, key_hash, account, scopes, until, created_at)
        VALUES ('p', 'Till', '{key 1}', 'a', 'profile:read wallet:read', NULL, 1), ('q', 'second', '{key 2}', 'b', 'wallet:read', NULL, 2);
    INSERT INTO uses VALUES (1, 'app:p', 'a', 'wallet:read', 'GET /wallet/me', 'ok', 3, 1, 2),
        (1, 'app:q', 'b', 'wallet:read', 'GET /wallet/me', 'ok', 4, 1, 2);
    INSERT INTO receipts (at, account, name, approved_by, email, service, operator, allowed, left_off, extra)
        VALUES (1, 'a', 'Shop', 'Ada Obi', 'ada@example.test', 'https://one.test', 'One', 'wallet:read', 'kyc:read', 'profile:read'),
            (2, 'b', 'second', 'Tunde', 'tunde@example.test', 'https://one.test', 'One', 'wallet:read', '', '');
    INSERT INTO kept VALUES ('a', 'profile:read', 5), ('b', 'wallet:read', 6);
    INSERT INTO payments (id, app, account, endpoint, amount, currency, receiver, reference, began_at, outcome)
        VALUES ('m', 'p', 'a', 'POST /wallet/payout/transfer', '5', 'NGN', 't', 'r', 4, 'unknown'),
            ('n', 'q', 'b', 'POST /wallet/payout/transfer', '5', 'NGN', 't', 'r', 4, NULL),
            ('o', 'q', 'b', 'POST /wallet/payout/transfer', '5', 'NGN', 't', 'r', 4, NULL);
"#;

/// A folder with [`TWO_ROWS_EACH`] and `change`, and the keys of its apps.
fn two_rows_each(change: &str) -> (TempDir, PathBuf, [KeyHash; 2]) {
    let (keep, path) = folder();
    drop(open(&path));
    let keys = ["1", "2"].map(KeyHash::of);
    let rows = TWO_ROWS_EACH.replace("{key 1}", &keys[0].to_hex()).replace("{key 2}", &keys[1].to_hex());
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch(&format!("{rows} PRAGMA foreign_keys = OFF; {change}")).unwrap();
    (keep, path, keys)
}

/// What can be read, a line each.
async fn readable(ledger: &Ledger) -> Vec<String> {
    let mut lines = Vec::new();
    for Known { row, grants, marks, aside } in ledger.known().iter() {
        lines.push(format!("{row:?}"));
        lines.extend(grants.iter().map(|grant| format!("{:?} {grant:?}", &*row.id)));
        lines.extend(marks.iter().map(|mark| format!("{:?} {mark:?}", &*row.id)));
        lines.extend(aside.iter().map(|entry| format!("{:?} {entry:?}", &*row.id)));
    }
    lines.extend(ledger.set_apart().await.unwrap().iter().map(|row| format!("{row:?}")));
    lines.extend(ledger.activity(None, 10).await.unwrap().iter().map(|row| format!("{row:?}")));
    lines.extend(ledger.open_transactions().await.unwrap().iter().map(|row| format!("{row:?}")));
    lines.extend(ledger.apps().await.unwrap().iter().map(|row| format!("{row:?}")));
    lines.extend(ledger.receipts(None).await.unwrap().iter().map(|row| format!("{row:?}")));
    for of in ["a", "b"] {
        lines.extend(ledger.uses(of.into()).await.unwrap().iter().map(|row| format!("{row:?}")));
        lines.push(format!("kept {of} {:?}", ledger.looked().await.unwrap().kept(of, Some(&Scope::WalletRead))));
    }
    lines.extend(ledger.read(|tables| tables.open_payments()).await.unwrap().iter().map(|row| format!("{row:?}")));
    lines.push(format!("{:?}", ledger.choices().preferences.theme));
    lines
}

/// What can be done: by the window and by each app, and which payment is sent without a word that the same was sent before.
async fn powers(ledger: &Ledger, keys: &[KeyHash]) -> HashSet<String> {
    let mut powers = HashSet::new();
    let mut callers = vec![None];
    for key in keys {
        callers.extend(ledger.app_of_key(key.clone()).await.unwrap().map(Some));
    }
    for app in callers {
        for account in ["a", "b"] {
            for permission in &monei::permission::PERMISSIONS {
                let scope = &permission.scope;
                let standing = ledger.standing(&account.into(), scope, app.as_ref().map(|app| &app.id)).await.unwrap();
                let of_app = app.as_ref().is_none_or(|app| *app.account == *account && app.scopes.contains(scope));
                let grants = standing.grants.unwrap_or_default();
                let is_usable = |grant: &GrantRow| grant.backend == "https://one.test" && grant.scopes.contains(scope);
                if of_app && !standing.is_aside && grants.iter().any(is_usable) {
                    powers.insert(format!("{:?} {account} {scope}", app.as_ref().map(|app| &app.id)));
                }
            }
        }
    }
    let payment = Payment::read("/wallet/payout/transfer", br#"{"receiver":"t","amount":5,"currency":"NGN"}"#).unwrap();
    for account in ["a", "b"] {
        if ledger.sent_before(&account.into(), &payment).await.unwrap().is_none() {
            powers.insert(format!("{account} pays for the first time"));
        }
    }
    powers
}

fn opened(path: &Path) -> super::Opened {
    Ledger::open(path.parent().unwrap(), Arc::new(SystemClock), Changed::default()).unwrap()
}

/// Of every table.
fn text_columns(path: &Path) -> Vec<(String, String)> {
    let file = rusqlite::Connection::open(path).unwrap();
    let columns = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND c.type = 'TEXT'";
    let mut columns = file.prepare(columns).unwrap();
    columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_text_that_cannot_be_read_costs_no_other_row_and_gives_nobody_more() {
    let (_keep, path, keys) = two_rows_each("");
    let before = opened(&path).ledger;
    let (sound, could) = (readable(&before).await, powers(&before, &keys).await);
    assert!(could.len() == 4 && !before.is_api_wanted().await.unwrap(), "{could:?}");
    let columns = text_columns(&path);
    assert!(columns.len() > 60, "{columns:?}");
    // These two are checked by SQLite itself: see the next test.
    let checked = |(table, column): &(String, String)| matches!((&**table, &**column), ("accounts", "health") | ("scope_states", "mark"));
    for ((table, column), bytes) in columns.iter().filter(|column| !checked(column)).flat_map(|column| NO_TEXT.map(|bytes| (column, bytes)))
    {
        let case = format!("{table}.{column} {bytes}");
        let damage = format!("UPDATE {table} SET {column} = CAST({bytes} AS TEXT) WHERE rowid = (SELECT min(rowid) FROM {table})");
        let (_keep, path, keys) = two_rows_each(&damage);
        let opened = opened(&path);
        assert_eq!(opened.rebuild, None, "{case}");
        let ledger = opened.ledger;
        let accounts: Vec<String> = ledger.known().iter().map(|known| known.row.id.to_string()).collect();
        assert_eq!(accounts, if (&**table, &**column) == ("accounts", "id") { vec!["b"] } else { vec!["a", "b"] }, "{case}");
        let lines = readable(&ledger).await;
        for line in sound.iter().filter(|line| line.contains("second") || line.contains("\"b\"") || line.starts_with("kept b")) {
            assert!(lines.contains(line), "{case}: {line}\n{lines:#?}");
        }
        let can = powers(&ledger, &keys).await;
        assert!(can.is_subset(&could), "{case}: {:?}", can.difference(&could).collect::<Vec<_>>());
        if (&**table, &**column) != ("settings", "key") {
            assert!(!ledger.is_api_wanted().await.unwrap(), "{case}");
        }
        // Nobody is stopped by it from changing something else.
        assert!(ledger.apply(Renamed { account: "b".into(), label: Some("Stall".into()) }).await.unwrap(), "{case}");
    }
}

#[tokio::test]
async fn an_account_whose_health_cannot_be_read_keeps_its_names_and_what_was_set_aside() {
    for bytes in NO_TEXT {
        let damage = format!("PRAGMA ignore_check_constraints = ON; UPDATE accounts SET health = CAST({bytes} AS TEXT);");
        let (_keep, path, _) = two_rows_each(&damage);
        // SQLite takes that for damage.
        let opened = opened(&path);
        assert!(opened.rebuild.is_some());
        let known = opened.ledger.known();
        let names: Vec<_> = known.iter().map(|known| (&*known.row.id, known.row.label.as_deref(), known.aside.len())).collect();
        assert_eq!(names, [("a", Some("Shop"), 1), ("b", Some("second"), 1)]);
    }
}

#[tokio::test]
async fn an_entry_of_what_was_set_aside_that_cannot_be_read_holds_until_the_person_switches_on_one_by_one() {
    for (column, accounts) in [("scope", &["a"][..]), ("account", &["a", "b"])] {
        let (_keep, path, _) = two_rows_each(&format!("UPDATE aside SET {column} = CAST(x'ff' AS TEXT) WHERE account = 'a';"));
        let ledger = opened(&path).ledger;
        for account in accounts {
            assert!(ledger.is_aside(&(*account).into(), &Scope::WalletRead).await.unwrap(), "{column} {account}");
        }
        let switch = |account: &str| SwitchedOn { caller: Caller::Window, account: account.into(), scope: Scope::WalletRead };
        assert_eq!(ledger.apply(switch("a")).await.unwrap(), Ok(()));
        assert!(!ledger.is_aside(&"a".into(), &Scope::WalletRead).await.unwrap(), "{column}");
        // Nothing else was switched on by that.
        assert_eq!(ledger.is_aside(&"a".into(), &Scope::ProfileRead).await.unwrap(), column == "scope", "{column}");
        assert_eq!(ledger.is_aside(&"b".into(), &Scope::WalletRead).await.unwrap(), column == "account", "{column}");
        assert_eq!(ledger.apply(switch("a")).await.unwrap(), Err(ProblemCode::InvalidInput), "{column}");
    }
}

/// Of a torn page, or of a byte in it, the index of the table knows nothing.
#[tokio::test]
async fn an_entry_that_its_tables_own_index_does_not_have_can_be_switched_on_too() {
    let (_keep, path, _) = two_rows_each("PRAGMA wal_checkpoint(TRUNCATE);");
    let mut bytes = fs::read(&path).unwrap();
    let page = {
        let file = rusqlite::Connection::open(&path).unwrap();
        file.query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'aside'", [], |row| row.get::<_, u32>(0)).unwrap() as usize - 1
    };
    let at = bytes[page * 4096..].windows(11).position(|window| window == b"wallet:read").unwrap();
    bytes[page * 4096 + at] = 0xff;
    fs::write(&path, bytes).unwrap();
    let opened = opened(&path);
    assert_eq!(opened.rebuild, None);
    let ledger = opened.ledger;
    assert!(ledger.is_aside(&"a".into(), &Scope::WalletRead).await.unwrap());
    let switch = SwitchedOn { caller: Caller::Window, account: "a".into(), scope: Scope::WalletRead };
    assert_eq!(ledger.apply(switch).await.unwrap(), Ok(()));
    assert!(!ledger.is_aside(&"a".into(), &Scope::WalletRead).await.unwrap());
}

#[tokio::test]
async fn a_value_of_another_kind_ends_an_app_and_costs_no_account() {
    let (_keep, path, keys) = two_rows_each("");
    let ledger = opened(&path).ledger;
    // As where a page is damaged while the program runs: no check stands before the reading.
    let damage = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', ''); PRAGMA writable_schema = RESET;
        UPDATE apps SET until = 'never' WHERE id = 'p'; UPDATE accounts SET name = x'41ff', checked_at = x'41', connected_at = 'x' WHERE id = 'a';
        UPDATE grants SET expires_at = 'late', scopes = x'ff' WHERE id = 'g'; UPDATE aside SET scope = x'41', at = 'x' WHERE account = 'a';";
    rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
    assert!(ledger.app_of_key(keys[0].clone()).await.unwrap().is_none());
    assert!(ledger.app_of_key(keys[1].clone()).await.unwrap().is_some());
    ledger.apply(Renamed { account: "b".into(), label: Some("Stall".into()) }).await.unwrap();
    let mut known = ledger.known().to_vec();
    known.sort_by_key(|known| known.row.id.to_string());
    assert_eq!(known.iter().map(|known| &*known.row.id).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((known[0].row.who.name.as_deref(), known[0].grants[0].expires_at), (Some("A\u{fffd}"), 0));
    assert!(known[0].is_aside(&Scope::WalletRead) && known[0].grants[0].scopes.is_empty());
}

#[tokio::test]
async fn a_refresh_whose_key_cannot_be_read_leaves_its_rotation_in_doubt() {
    let (_keep, path, _) = two_rows_each("INSERT INTO settings VALUES ('refresh:g', '{\"key\":\"k\",\"generation\":4}');");
    let damage = "UPDATE settings SET value = CAST(x'ff' AS TEXT)";
    rusqlite::Connection::open(&path).unwrap().execute(damage, []).unwrap();
    let ledger = opened(&path).ledger;
    // Monei may have answered under the lost key, so this one isn't the first of its rotation.
    let (key, is_first) = ledger.refresh_key("g".into(), 4, 1000).await.unwrap();
    assert!(!key.is_empty() && !is_first);
    assert!(ledger.unanswered("g".into(), 4).await.unwrap().is_some_and(|sent| sent.after_another));
}

#[tokio::test]
async fn a_grant_of_somebody_else_is_kept_out_of_an_account_whose_ids_cannot_be_read() {
    let (_keep, path, _) = two_rows_each("UPDATE accounts SET user_id = CAST(x'ff' AS TEXT), wallet_id = NULL WHERE id = 'a';");
    let ledger = opened(&path).ledger;
    let granted = |id: &str| Granted {
        caller: Caller::Window,
        grant: grant("z", "a"),
        into: Into::Existing,
        requested: ScopeSet::new(),
        who: user(id),
        missing: HashSet::new(),
    };
    assert_eq!(ledger.apply(granted("u-2")).await, Ok(None));
    assert!(ledger.apply(granted("u-1")).await.unwrap().is_some());
    assert_eq!(ledger.known()[0].row.who.user_id.as_deref(), Some("u-1"));
}

#[test]
fn an_error_that_is_not_about_content_is_still_one() {
    let (_keep, path) = folder();
    let index = open(&path);
    on(&index, |tables| tables.put_account(&account("a", 1))).unwrap();
    let failed =
        |read: fn(&rusqlite::Row<'_>) -> rusqlite::Result<i64>| on(&index, |tables| tables.rows("SELECT id FROM accounts", [], read));
    assert_eq!(failed(|row| row.get(0)), Ok(vec![]));
    assert!(failed(|row| row.get(1)).is_err(), "a column that isn't there");
    let sql = "SELECT abs(-9223372036854775807 - 1) FROM accounts";
    assert!(on(&index, |tables| tables.rows(sql, [], |row| row.get::<_, i64>(0))).is_err(), "SQLite's own error at a row");
}

#[tokio::test]
async fn a_salvage_takes_what_lies_between_rows_that_cannot_be_read_and_those_rows_too() {
    // The first and the last row of each table have a text that can't be read, and the file has a table too few.
    let name = "UPDATE accounts SET name = CAST(x'41e4' AS TEXT) WHERE id <> 'c'";
    let change = format!(
        "INSERT INTO accounts (id, label, connected_at, health) VALUES ('c', 'between', 1, 'connected'); UPDATE accounts SET rowid = rowid + 10;
        UPDATE accounts SET rowid = 1 WHERE id = 'a'; UPDATE accounts SET rowid = 2 WHERE id = 'c'; {name}; DROP TABLE grants;"
    );
    let (_keep, path, _) = two_rows_each(&change);
    let opened = opened(&path);
    assert!(opened.rebuild.is_some());
    let known = opened.ledger.known();
    let names: Vec<_> = known.iter().map(|known| (&*known.row.id, known.row.label.as_deref(), known.row.who.name.as_deref())).collect();
    let damaged = Some("A\u{fffd}");
    assert_eq!(names, [("a", Some("Shop"), damaged), ("c", Some("between"), None), ("b", Some("second"), damaged)]);
}

#[tokio::test]
async fn an_entry_of_what_was_set_aside_that_cannot_be_read_holds_after_a_salvage() {
    for damage in ["scope = CAST(x'ff' AS TEXT)", "account = CAST(x'ff' AS TEXT)"] {
        let (_keep, path, _) = two_rows_each(&format!("UPDATE aside SET {damage} WHERE account = 'a'; DROP TABLE grants;"));
        let opened = opened(&path);
        assert!(opened.rebuild.is_some());
        assert!(opened.ledger.is_aside(&"a".into(), &Scope::WalletRead).await.unwrap(), "{damage}");
        assert_eq!(opened.ledger.known().len(), 2, "{damage}");
    }
}

#[test]
fn a_payment_line_stays_for_two_years_through_a_salvage() {
    let (_keep, path) = folder();
    let paid = Event::Payment { app: "Till".into(), amount: None, currency: None, to: None, reference: None, outcome: StoredOutcome::Done };
    let failed = Event::Failed { code: "timed_out".into() };
    let index = open(&path);
    index.write(|tx| [&paid, &failed, &Event::Refreshed].into_iter().try_for_each(|event| tx.log(1, None, None, event))).unwrap();
    drop(index);
    rusqlite::Connection::open(&path).unwrap().execute_batch("DROP TABLE grants").unwrap();
    let opened = Index::open(&path).unwrap();
    assert!(opened.set_aside.is_some());
    let index = opened.index;
    let classes = |tables: &Tables<'_>| tables.rows("SELECT routine FROM activity ORDER BY seq", [], |row| row.get::<_, i64>(0));
    assert_eq!(on(&index, classes).unwrap(), [Kept::TwoYears, Kept::Many, Kept::Few].map(|kept| kept as i64));
    index.write(|tx| (0..=i64::from(ACTIVITY_KEPT)).try_for_each(|n| tx.log(n, None, None, &failed))).unwrap();
    assert!(on(&index, |tables| tables.activity(None, u32::MAX)).unwrap().iter().any(|row| row.event == paid));
}

/// A clock with an uptime, as on Linux.
struct Both;

impl Clock for Both {
    fn now_ms(&self) -> i64 {
        9_000
    }

    fn uptime(&self) -> Option<crate::clock::Uptime> {
        Some(crate::clock::Uptime { boot: "b".into(), ms: 6 })
    }
}

/// The JSON of settings is on people's disks: what the last version wrote is read, and is written in the same form.
#[tokio::test]
async fn settings_of_an_index_written_before_are_read_and_written_as_they_were() {
    let (_keep, path, _) = two_rows_each(
        r#"INSERT INTO settings VALUES
        ('backend_confirmed', '{"https://one.example.test":{"name":"One","host":"one.test"},"https://three.example.test":null,"https://two.example.test":{"name":"","host":null}}'),
        ('refresh:g', '{"key":"k","generation":4,"after_another":true,"at":7000,"up":{"boot":"b","ms":5}}'),
        ('refresh:h', '{"key":"l","generation":2,"at":7000}'),
        ('answered_transactions', '[{"hash":"t","good_for_s":120,"unwanted":true,"grant":null,"at":7000,"up":{"boot":"b","ms":5}},{"hash":"u","good_for_s":1,"at":7000}]');"#,
    );
    let ledger = Ledger::open(path.parent().unwrap(), Arc::new(Both), Changed::default()).unwrap().ledger;
    let agreed = async |name: &str| ledger.agreed(format!("https://{name}.example.test")).await.unwrap();
    let claim = |name: &str, host: Option<&str>| Claim { name: name.into(), host: host.map(str::to_owned) };
    assert_eq!(agreed("one").await, Some(Agreed(Some(claim("One", Some("one.test"))))));
    assert_eq!(agreed("two").await, Some(Agreed(Some(claim("", None)))));
    assert_eq!((agreed("three").await, agreed("four").await), (Some(Agreed(None)), None));
    let now = Moment::now(&Both);
    let sent = ledger.unanswered("g".into(), 4).await.unwrap().unwrap();
    // By the clock that nobody sets where it was kept, else by the wall's.
    assert_eq!((sent.key.as_str(), sent.after_another, sent.since.age_ms(&now)), ("k", true, 1));
    let sent = ledger.unanswered("h".into(), 2).await.unwrap().unwrap();
    assert_eq!((sent.key.as_str(), sent.after_another, sent.since.age_ms(&now)), ("l", false, 2_000));
    let answered = ledger.answered().await.unwrap();
    let told =
        |listed: &Answered| (listed.hash.clone(), listed.good_for_s, listed.unwanted, listed.grant.clone(), listed.since.age_ms(&now));
    assert_eq!(answered.iter().map(told).collect::<Vec<_>>(), [("t".into(), 120, true, None, 1), ("u".into(), 1, false, None, 2_000)]);

    ledger.apply(BackendAgreed { origin: "https://two.example.test".into(), claim: claim("Two", Some("two.test")) }).await.unwrap();
    let (key, _) = ledger.refresh_key("g".into(), 5, 1000).await.unwrap();
    ledger.note_redeemed("g".into(), "t".into(), true).await.unwrap();
    ledger.put_answered("u".into(), 2).await.unwrap();
    let stored = async |name: &'static str| ledger.read(move |tables| tables.setting(name)).await.unwrap().unwrap();
    assert_eq!(
        stored("backend_confirmed").await,
        r#"{"https://one.example.test":{"name":"One","host":"one.test"},"https://three.example.test":null,"https://two.example.test":{"name":"Two","host":"two.test"}}"#
    );
    let refresh = r#"{"key":"KEY","generation":5,"after_another":false,"at":9000,"up":{"boot":"b","ms":6}}"#;
    assert_eq!(stored("refresh:g").await, refresh.replace("KEY", &key));
    assert_eq!(
        stored("answered_transactions").await,
        r#"[{"hash":"t","good_for_s":120,"unwanted":true,"grant":"g","at":7000,"up":{"boot":"b","ms":5}},{"hash":"u","good_for_s":2,"unwanted":false,"grant":null,"at":9000,"up":{"boot":"b","ms":6}}]"#
    );
}

#[tokio::test]
async fn agreements_of_the_first_versions_are_read_as_of_unknown_names() {
    let (_keep, path, _) = two_rows_each(r#"INSERT INTO settings VALUES ('backend_confirmed', '["https://one.example.test"]');"#);
    let ledger = opened(&path).ledger;
    assert_eq!(ledger.agreed("https://one.example.test".into()).await.unwrap(), Some(Agreed(None)));
    assert_eq!(ledger.agreed("https://two.example.test".into()).await.unwrap(), None);
}
