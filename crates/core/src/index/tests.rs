use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use monei::ScopeSet;
use tempfile::TempDir;

use super::*;
use crate::view::{ActivityEvent, ActivityItem};

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

fn account(id: &str, connected_at: i64) -> AccountRow {
    AccountRow {
        id: id.into(),
        user_id: Some("u-1".into()),
        wallet_id: None,
        name: Some("Ada Obi".into()),
        email: None,
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
    }
}

#[test]
fn everything_survives_closing_and_opening_again() {
    let (_keep, path) = folder();
    let event = ActivityEvent::Connected { granted: vec!["wallet:read".into()], declined: vec!["wallet:send".into()] };
    {
        let index = open(&path);
        index.tables().put_account(&account("b", 2)).unwrap();
        index.tables().put_account(&account("a", 1)).unwrap();
        index.tables().put_grant(&grant("g", "a")).unwrap();
        index.tables().put_scope_state("a", "wallet:send", ScopeMark::Declined, 5).unwrap();
        index.tables().put_scope_state("a", "wallet:send", ScopeMark::Lost, 6).unwrap();
        index.tables().log(9, Some("a"), Some("Shop"), &event).unwrap();
        index.tables().set_setting("backend", "https://one").unwrap();
        index.tables().set_setting("backend", "https://two").unwrap();
    }
    let index = open(&path);
    assert_eq!(index.tables().accounts().unwrap(), [account("a", 1), account("b", 2)]);
    assert_eq!(index.tables().grants().unwrap(), [grant("g", "a")]);
    assert_eq!(index.tables().scope_states("a").unwrap(), [ScopeRow { scope: "wallet:send".into(), mark: ScopeMark::Lost, at: 6 }]);
    assert_eq!(
        index.tables().activity(None, 10).unwrap(),
        [ActivityItem { at: 9, account: Some("a".into()), account_name: Some("Shop".into()), event }]
    );
    assert_eq!(index.tables().activity(Some("b"), 10).unwrap(), []);
    assert_eq!(
        (index.tables().setting("backend").unwrap().as_deref(), index.tables().setting("else").unwrap()),
        (Some("https://two"), None)
    );
    index.tables().remove_setting("backend").unwrap();
    assert_eq!(index.tables().setting("backend").unwrap(), None);
    index.tables().clear_scope_state("a", "wallet:send").unwrap();
    assert_eq!(index.tables().scope_states("a").unwrap(), []);
}

#[test]
fn an_index_of_the_first_version_is_taken_over_with_all_that_is_in_it() {
    let (_keep, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch(include_str!("fixtures/schema-1.sql")).unwrap();
    let declined = ScopeRow { scope: "wallet:send".into(), mark: ScopeMark::Declined, at: 5 };
    let event = ActivityEvent::Connected { granted: vec!["wallet:read".into()], declined: vec!["wallet:send".into()] };
    let line = ActivityItem { at: 9, account: Some("a".into()), account_name: Some("Shop".into()), event };
    let waits = OpenTransactionRow { hash: "aa".into(), expires_at: 600_000 };
    for turn in 0..2 {
        let index = open(&path);
        let tables = index.tables();
        let accounts = tables.accounts().unwrap();
        assert_eq!((accounts.len(), &accounts[0]), (2, &account("a", 1)));
        assert_eq!((accounts[1].wallet_id.as_deref(), accounts[1].email.as_deref()), (Some("w-2"), Some("tunde@example.test")));
        assert_eq!(tables.grants().unwrap(), [grant("g", "a")]);
        assert_eq!(tables.scope_states("a").unwrap(), std::slice::from_ref(&declined));
        assert_eq!(tables.activity(None, 10).unwrap(), std::slice::from_ref(&line));
        assert_eq!(tables.setting("channel").unwrap().as_deref(), Some("deep_link"));
        let listed = if turn == 0 { vec![] } else { vec![waits.clone()] };
        assert_eq!(tables.open_transactions().unwrap(), listed);
        tables.put_open_transaction(&waits).unwrap();
    }
    assert_eq!(open(&path).connection.pragma_query_value(None, "user_version", |row| row.get(0)), Ok(2));
}

#[test]
fn a_migrated_index_and_a_fresh_one_have_the_same_tables() {
    let ((_keep, migrated), (_keep_too, fresh)) = (folder(), folder());
    fs::create_dir_all(migrated.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&migrated).unwrap().execute_batch(include_str!("fixtures/schema-1.sql")).unwrap();
    let schema = |path: &Path| -> Vec<(String, String)> {
        let index = open(path);
        let mut rows = index.connection.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name").unwrap();
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
        index.tables().put_open_transaction(&row("a", expires_at)).unwrap();
    }
    index.tables().put_open_transaction(&row("b", 8)).unwrap();
    assert_eq!(index.tables().open_transactions().unwrap(), [row("b", 8), row("a", 9)]);
    index.tables().end_open_transactions(Some("a")).unwrap();
    assert_eq!(index.tables().open_transactions().unwrap(), [row("a", 0), row("b", 8)]);
    index.tables().end_open_transactions(None).unwrap();
    index.tables().remove_open_transaction("a").unwrap();
    assert_eq!(index.tables().open_transactions().unwrap(), [row("b", 0)]);
}

#[test]
fn changing_an_account_keeps_its_grants() {
    let (_keep, path) = folder();
    let index = open(&path);
    index.tables().put_account(&account("a", 1)).unwrap();
    index.tables().put_grant(&grant("g", "a")).unwrap();
    let changed = AccountRow { health: StoredHealth::Connected, label: None, ..account("a", 1) };
    index.tables().put_account(&changed).unwrap();
    index.tables().put_grant(&GrantRow { generation: 5, ..grant("g", "a") }).unwrap();
    assert_eq!(index.tables().accounts().unwrap(), [changed]);
    assert_eq!(index.tables().grants().unwrap(), [GrantRow { generation: 5, ..grant("g", "a") }]);
    index.tables().remove_grant("g").unwrap();
    assert_eq!(index.tables().grants().unwrap(), []);
}

#[test]
fn removing_an_account_takes_all_but_its_activity() {
    let (_keep, path) = folder();
    let index = open(&path);
    index.tables().put_account(&account("a", 1)).unwrap();
    index.tables().put_grant(&grant("g", "a")).unwrap();
    index.tables().put_scope_state("a", "wallet:send", ScopeMark::Declined, 5).unwrap();
    index.tables().log(9, Some("a"), Some("Shop"), &ActivityEvent::Refreshed).unwrap();
    index.tables().remove_account("a").unwrap();
    assert_eq!(
        (index.tables().accounts().unwrap().len(), index.tables().grants().unwrap().len(), index.tables().scope_states("a").unwrap().len()),
        (0, 0, 0)
    );
    let line = ActivityItem { at: 9, account: None, account_name: Some("Shop".into()), event: ActivityEvent::Refreshed };
    assert_eq!(index.tables().activity(None, 10).unwrap(), [line]);
}

#[test]
fn a_grant_needs_its_account() {
    let (_keep, path) = folder();
    assert!(matches!(open(&path).tables().put_grant(&grant("g", "nobody")), Err(IndexError::Unavailable(_))));
}

#[test]
fn a_failing_transaction_leaves_nothing_behind() {
    let (_keep, path) = folder();
    let mut index = open(&path);
    let outcome = index.transaction(|tx| {
        tx.put_account(&account("a", 1))?;
        tx.set_setting("backend", "https://one")?;
        tx.put_grant(&grant("g", "nobody"))
    });
    assert!(outcome.is_err());
    assert_eq!((index.tables().accounts().unwrap().len(), index.tables().setting("backend").unwrap()), (0, None));
}

#[test]
fn a_full_database_takes_nothing_by_halves_and_goes_on_once_there_is_room() {
    let (_keep, path) = folder();
    let mut index = open(&path);
    index.tables().put_account(&account("before", 1)).unwrap();
    let pages: u32 = index.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let most: u32 = index.connection.pragma_query_value(None, "max_page_count", |row| row.get(0)).unwrap();
    index.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let much = |index: &mut Index| {
        index.transaction(|tx| {
            (0..500).try_for_each(|n| {
                tx.put_account(&account(&format!("a{n}"), n)).and_then(|()| tx.put_grant(&grant(&format!("g{n}"), &format!("a{n}"))))
            })
        })
    };
    // SQLITE_FULL, as where the file system has no room (`ENOSPC`).
    let told = much(&mut index).unwrap_err();
    assert!(told.to_string().contains("DiskFull"), "{told}");
    assert_eq!((index.tables().accounts().unwrap(), index.tables().grants().unwrap()), (vec![account("before", 1)], vec![]));
    index.connection.pragma_update(None, "max_page_count", most).unwrap();
    much(&mut index).unwrap();
    drop(index);
    assert_eq!(open(&path).tables().accounts().unwrap().len(), 501);
}

#[test]
fn the_activity_is_newest_first_and_bounded() {
    let (_keep, path) = folder();
    let mut index = open(&path);
    let total = i64::from(ACTIVITY_KEPT) + 20;
    // The clock may jump back: the order is that of writing.
    index.transaction(|tx| (0..total).try_for_each(|n| tx.log(total - n, None, None, &ActivityEvent::Refreshed))).unwrap();
    let all = index.tables().activity(None, u32::MAX).unwrap();
    assert_eq!((all.len(), all[0].at), (ACTIVITY_KEPT as usize, 1));
    assert_eq!(index.tables().activity(None, 3).unwrap().len(), 3);
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
        assert_eq!(opened.index.tables().accounts().unwrap(), []);
        let name = format!("index.damaged-{n}.sqlite");
        assert_eq!(opened.index.tables().setting(REBUILD).unwrap(), Some(name), "whose accounts are to be found again");
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
    assert_eq!(opened.index.tables().setting(REBUILD).unwrap().as_deref(), Some("index.damaged-10.sqlite"));
    // Once they have been found, it isn't asked for anew.
    opened.index.tables().remove_setting(REBUILD).unwrap();
    drop(opened);
    assert_eq!(Index::open(&path).unwrap().index.tables().setting(REBUILD).unwrap(), None);
}

#[test]
fn a_file_with_other_tables_or_unreadable_rows_is_damaged() {
    let (_keep, path) = folder();
    drop(open(&path));
    for damage in ["DROP TABLE grants", "CREATE TABLE x (y); DROP TABLE accounts", "INSERT INTO activity (at, event) VALUES (1, '{}')"] {
        rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        assert!(Index::open(&path).unwrap().set_aside.is_some(), "{damage}");
        open(&path);
    }
}

#[test]
fn a_torn_page_is_damage() {
    let (_keep, path) = folder();
    {
        let mut index = open(&path);
        index.transaction(|tx| (0..200).try_for_each(|n| tx.put_account(&account(&format!("a{n}"), n)))).unwrap();
        index.connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
    }
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0xAA);
    fs::write(&path, bytes).unwrap();
    assert!(Index::open(&path).unwrap().set_aside.is_some());
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
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
    let first = std::thread::spawn(move || (0..50).try_for_each(|n| one.tables().put_account(&account(&format!("one{n}"), n))));
    (0..50).try_for_each(|n| two.tables().put_account(&account(&format!("two{n}"), n))).unwrap();
    first.join().unwrap().unwrap();
    assert_eq!(two.tables().accounts().unwrap().len(), 100);
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
    index.tables().put_account(&account("a", 1)).unwrap();
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
    let mut index = Index::open(Path::new(&path)).unwrap().index;
    for n in 0.. {
        let id = format!("a{n}");
        index
            .transaction(|tx| {
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
    let accounts: Vec<_> = index.tables().accounts().unwrap().into_iter().map(|account| account.connected_at).collect();
    assert!(acknowledged.iter().all(|n| accounts.contains(n)), "what was acknowledged is there");
    assert_eq!(index.tables().grants().unwrap().len(), accounts.len(), "an account and its grant come together");
}
