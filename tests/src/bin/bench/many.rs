//! An installation with many accounts and a long history: the connected account, copied in the index and in the keychain.

use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use e2e::Session;
use rusqlite::{Connection, params};

/// How many accounts there are afterwards.
pub const ACCOUNTS: usize = 50;
/// How many lines of history, beside those that are there.
pub const LINES: usize = 1_000;
/// The program's index in the sandbox environment, in the folder for data.
const INDEX: &str = "org.moneiconnections.manager/sandbox/index.sqlite";
/// What the keychain's entries are called there.
const NAMESPACE: &str = "org.moneiconnections.manager.sandbox";

/// Makes them. The program must not run.
///
/// # Errors
/// When there is no connected account, or the keychain doesn't take the copies.
pub fn make(session: &Session) -> Result<()> {
    let mut index = Connection::open(session.folder().join("data").join(INDEX)).context("no index")?;
    let grants: Vec<(String, String)> = {
        let mut rows = index.prepare("SELECT id, account FROM grants")?;
        let found = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.collect::<Result<_, _>>()?
    };
    ensure!(!grants.is_empty(), "no account is connected");
    let changed = index.transaction()?;
    for number in 2..=ACCOUNTS {
        for (grant, account) in &grants {
            let (new_grant, new_account) = (numbered(grant, number), numbered(account, number));
            changed.execute(
                "INSERT OR IGNORE INTO accounts (id, user_id, wallet_id, name, email, label, connected_at, checked_at, health, health_code)
                 SELECT ?1, user_id, wallet_id, name, email, ?2, connected_at, checked_at, health, health_code FROM accounts WHERE id = ?3",
                params![new_account, format!("Account {number}"), account],
            )?;
            changed.execute(
                "INSERT INTO grants (id, account, backend, scopes, granted_at, expires_at, generation, owner_user, owner_wallet)
                 SELECT ?1, ?2, backend, scopes, granted_at, expires_at, generation, owner_user, owner_wallet FROM grants WHERE id = ?3",
                params![new_grant, new_account, grant],
            )?;
            let record = stored(session, grant)?.replace(account.as_str(), &new_account);
            store(session, &new_grant, &record)?;
        }
    }
    let account = &grants[0].1;
    for line in 0..LINES {
        // Several a day, over half a year.
        let at = jiff::Timestamp::now().as_millisecond() - i64::try_from(line)? * 4 * 3_600_000;
        let event = serde_json::json!({"kind": "reconnected", "granted": ["wallet:send"], "declined": ["swap:execute", "bills:pay"]});
        changed.execute(
            "INSERT INTO activity (at, account, account_name, event, routine) VALUES (?1, ?2, 'Account', ?3, 0)",
            params![at, account, event.to_string()],
        )?;
    }
    Ok(changed.commit()?)
}

/// `id` with its last four characters replaced by a number.
fn numbered(id: &str, number: usize) -> String {
    format!("{}{number:04}", &id[..id.len() - 4])
}

fn stored(session: &Session, grant: &str) -> Result<String> {
    let found = session.run("secret-tool", &["lookup", "--", "service", NAMESPACE, "username", grant])?;
    ensure!(found.status.success(), "the keychain has no entry of the account");
    Ok(String::from_utf8(found.stdout)?)
}

fn store(session: &Session, grant: &str, record: &str) -> Result<()> {
    let mut command = session.command("secret-tool");
    command.args(["store", "--label", "a copy", "--", "service", NAMESPACE, "username", grant]).stdin(Stdio::piped());
    let mut child = command.spawn()?;
    child.stdin.take().context("its input")?.write_all(record.as_bytes())?;
    ensure!(child.wait()?.success(), "the keychain doesn't take a copy");
    Ok(())
}
