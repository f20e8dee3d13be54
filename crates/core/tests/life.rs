//! The life of a token: when it is refreshed, what a refusal means, what stays after a restart, and how access is taken away.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use connect_core::Caller;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::{ActivityEvent, Decision, DisconnectOutcome, Health, Section, SectionData, Stage, Unrevoked};
use connect_core::vault::{MemoryVault, Vault, VaultError, VaultFuture};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use support::{World, feature, scopes, stage};

const READS: [&str; 3] = ["profile:read", "kyc:read", "wallet:read"];

#[tokio::test]
async fn granted_sections_show_live_data_and_others_are_never_called() {
    let world = World::new().await;
    let account = world.connect("ada", &READS, &["profile:read", "wallet:read"]).await;
    assert!(
        matches!(world.core.load(&Caller::Window, &account, Section::Profile).await, Ok(SectionData::Profile(view)) if view.email.is_some())
    );
    let Ok(SectionData::Wallet(wallet)) = world.core.load(&Caller::Window, &account, Section::Wallet).await else { panic!("no wallet") };
    assert!(wallet.naira.is_some() && wallet.subwallets.len() >= 2);
    let Ok(SectionData::Transactions(latest)) = world.core.load(&Caller::Window, &account, Section::Transactions).await else {
        panic!("no transactions")
    };
    assert_eq!(latest.items.len(), 10);
    let refused = world.core.load(&Caller::Window, &account, Section::Kyc).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::ScopeMissing);
    assert_eq!((world.calls("/kyc/status").await, world.calls("/kyc/limits").await, world.count("forbidden").await), (0, 0, 0));
}

#[tokio::test]
async fn transactions_are_found_on_either_path() {
    for path in ["transactions", "user"] {
        let world = World::new().await;
        world.control("switch", json!({"name": "transactions_path", "value": path})).await;
        let account = world.connect("ada", &["wallet:read"], &["wallet:read"]).await;
        let Ok(SectionData::Transactions(latest)) = world.core.load(&Caller::Window, &account, Section::Transactions).await else {
            panic!("{path}")
        };
        assert_eq!(latest.items.len(), 10, "{path}");
    }
}

#[tokio::test]
async fn a_token_is_refreshed_from_five_minutes_before_its_end_and_not_earlier() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.clock.advance(Duration::from_secs(3299));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 0);
    world.clock.advance(Duration::from_secs(2));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    let refreshed = world.core.activity(Some(&account)).await.unwrap();
    assert_eq!(refreshed.iter().filter(|item| item.event == ActivityEvent::Refreshed).count(), 1);
}

#[tokio::test]
async fn quitting_waits_for_a_refresh_that_was_sent_and_begins_none() {
    let mut world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.clock.advance(Duration::from_secs(3_700));
    world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 1_500})).await;
    let loading = tokio::spawn({
        let (core, account) = (world.core.clone(), account.clone());
        async move { core.load(&Caller::Window, &account, Section::Profile).await }
    });
    let before = world.count("token_calls").await;
    while world.count("token_calls").await == before {
        tokio::task::yield_now().await;
    }
    let old = world.core.clone();
    old.shutdown().await;
    // Whatever is still running ends with the process.
    loading.abort();
    // Much later, when the backend no longer replays anything, the new pair is in the keychain.
    world.clock.advance(Duration::from_secs(7_200));
    world.restart().await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 2, "the one at the end, and the one after it");
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
    // After the end none is begun.
    world.clock.advance(Duration::from_secs(3_700));
    let none = old.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
    assert_eq!(none.code, ProblemCode::ProgramEnding);
    assert_eq!(old.view().accounts[0].health, Health::Connected, "the end of the program says nothing of a connection");
    assert_eq!(world.count("refreshes").await, 2);
}

#[tokio::test]
async fn many_callers_and_a_second_program_refresh_once() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    let second = world.second().await;
    second.probe().await;
    world.clock.advance(Duration::from_secs(3500));
    let calls = (0..20).map(|n| {
        let (core, account) = (if n % 2 == 0 { world.core.clone() } else { second.clone() }, account.clone());
        tokio::spawn(async move { core.load(&Caller::Window, &account, Section::Profile).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(world.count("refreshes").await, 1);
}

#[tokio::test]
async fn expiry_at_monei_is_healed_by_one_refresh() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.control("expire", json!({})).await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}

#[tokio::test]
async fn revoked_at_monei_clears_the_tokens_and_asks_to_reconnect() {
    for status in ["401", "404", "400"] {
        let world = World::new().await;
        world.control("switch", json!({"name": "bad_refresh_status", "value": status})).await;
        let account = world.connect("ada", &["profile:read", "wallet:read"], &["profile:read", "wallet:read"]).await;
        world.control("revoke", json!({"user": "ada"})).await;
        assert_eq!(
            world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap_err().code,
            ProblemCode::AccessRevoked,
            "{status}"
        );
        let view = world.core.view();
        assert!(matches!(&view.accounts[0].health, Health::NeedsReconnect { reason } if reason.code == ProblemCode::AccessRevoked));
        assert_eq!(feature(&view, &account, "wallet:read"), "lost");
        assert!(world.records().is_empty(), "tokens were kept");
        // And the way back.
        world.core.reconnect(&Caller::Window, &account, scopes(&["profile:read"])).await.unwrap();
        world.approve("ada", &["profile:read"]).await;
        assert_eq!(world.done().await, account);
        assert_eq!(world.core.view().accounts[0].health, Health::Connected);
        world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    }
}

#[tokio::test]
async fn an_outage_or_a_limit_is_no_revocation() {
    let cases = [
        (json!({"target": "api", "kind": "status", "status": 500, "times": 1}), ProblemCode::ProviderUnavailable),
        (json!({"target": "api", "kind": "status", "status": 503, "times": 1}), ProblemCode::ProviderUnavailable),
        (json!({"target": "api", "kind": "status", "status": 429, "retry_after": "1", "times": 1}), ProblemCode::Busy),
        (json!({"target": "api", "kind": "status", "status": 403, "times": 1}), ProblemCode::LimitReached),
        // Once, it is repeated on a connection of its own.
        (json!({"target": "api", "kind": "drop_before", "times": 2}), ProblemCode::ProviderUnavailable),
        (json!({"target": "api", "kind": "huge_body", "times": 1}), ProblemCode::AnswerUnreadable),
        (
            json!({"target": "api", "kind": "redirect", "location": "http://127.0.0.1:9/elsewhere", "times": 1}),
            ProblemCode::NetworkIntercepted,
        ),
    ];
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.control("fault", json!({"target": "api", "kind": "drop_before", "times": 1})).await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    for (fault, expected) in cases {
        world.control("fault", fault.clone()).await;
        let problem = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
        assert_eq!(problem.code, expected, "{fault}");
        assert_eq!(world.records().len(), 1, "{fault}: tokens were cleared");
        assert_eq!(feature(&world.core.view(), &account, "profile:read"), "enabled", "{fault}");
        once_not_busy(&world, &account).await;
        assert_eq!(world.core.view().accounts[0].health, Health::Connected, "{fault}");
    }
}

/// Loads, again and again while Monei asks for a pause.
async fn once_not_busy(world: &World, account: &str) {
    let healed = async {
        while world.core.load(&Caller::Window, account, Section::Profile).await.is_err_and(|problem| problem.code == ProblemCode::Busy) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        world.core.load(&Caller::Window, account, Section::Profile).await
    };
    tokio::time::timeout(Duration::from_secs(20), healed).await.unwrap().unwrap();
}

#[tokio::test]
async fn during_a_rate_limit_nothing_is_called_and_the_seconds_are_shown() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read", "wallet:read"], &["profile:read", "wallet:read"]).await;
    let calls = async || world.calls("/user/me").await + world.calls("/wallet/me").await;
    world.control("fault", json!({"target": "api", "kind": "status", "status": 429, "retry_after": 3, "times": 2})).await;
    let before = calls().await;
    assert_eq!(world.core.check(&Caller::Window, &account).await, Err(Problem::busy(3)));
    for section in [Section::Profile, Section::Wallet] {
        let refused = world.core.load(&Caller::Window, &account, section).await.unwrap_err();
        assert!(refused.code == ProblemCode::Busy && (1..=3).contains(&refused.retry_after_s.unwrap()), "{refused:?}");
    }
    assert_eq!(calls().await, before + 1, "called again before the Retry-After of Monei had passed");
    let view = world.core.view();
    let Health::Unreachable { reason } = &view.accounts[0].health else { panic!("{:?}", view.accounts[0].health) };
    assert!(reason.code == ProblemCode::Busy && (1..=3).contains(&reason.retry_after_s.unwrap()), "{reason:?}");
    once_not_busy(&world, &account).await;
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}

#[tokio::test]
async fn trouble_while_refreshing_keeps_the_tokens() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    for fault in [
        json!({"target": "token", "kind": "status", "status": 500, "times": 1}),
        json!({"target": "token", "kind": "status", "status": 429, "retry_after": "1", "times": 1}),
        json!({"target": "token", "kind": "drop_before", "times": 1}),
    ] {
        world.control("expire", json!({})).await;
        world.clock.advance(Duration::from_secs(3700));
        world.control("fault", fault.clone()).await;
        let problem = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
        assert_ne!(problem.code, ProblemCode::AccessRevoked, "{fault}");
        assert!(matches!(world.core.view().accounts[0].health, Health::Unreachable { .. }), "{fault}");
        assert_eq!(world.records().len(), 1, "{fault}");
        // Past the time in which an unknown outcome is remembered.
        world.clock.advance(Duration::from_secs(121));
        // Monei's Retry-After is kept to by the real clock.
        once_not_busy(&world, &account).await;
        assert_eq!(world.core.view().accounts[0].health, Health::Connected, "{fault}");
    }
}

#[tokio::test]
async fn a_backend_with_a_wrong_secret_disconnects_nobody() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.control("fault", json!({"target": "token", "kind": "status", "status": 401, "times": 1})).await;
    // A code exchange answered with 401 means the backend's own credentials.
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.approve("ada", &["kyc:read"]).await;
    assert_eq!(world.failed().await.code, ProblemCode::ServiceUnavailable);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.core.view().accounts.len(), 1);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let mut world = World::new().await;
    let ada = world.connect("ada", &READS, &["profile:read", "wallet:read"]).await;
    let tunde = world.connect("tunde", &READS, &["kyc:read"]).await;
    let before = world.core.view().accounts.clone();
    world.restart().await;
    assert_eq!(world.core.view().accounts, before);
    world.core.load(&Caller::Window, &ada, Section::Wallet).await.unwrap();
    world.core.load(&Caller::Window, &tunde, Section::Kyc).await.unwrap();
    assert_eq!(world.core.load(&Caller::Window, &tunde, Section::Wallet).await.unwrap_err().code, ProblemCode::ScopeMissing);
    assert_eq!(world.count("forbidden").await, 0);
}

#[tokio::test]
async fn disconnecting_revokes_at_monei_and_removes_everything_here() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assert!(world.core.view().accounts.is_empty() && world.records().is_empty());
    let state = world.sandbox_state().await;
    assert!(state["grants"].as_array().unwrap().iter().all(|grant| grant["alive"] == false), "{state}");
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap_err().code, ProblemCode::NoSuchAccount);
    let told = world.core.activity(None).await.unwrap();
    assert!(
        matches!(&told[0], item if item.event == ActivityEvent::Disconnected { confirmed: true, by: Some("window".into()) } && item.account_name.is_some())
    );
}

fn not_confirmed() -> DisconnectOutcome {
    DisconnectOutcome::Unconfirmed { problem: ProblemCode::ProviderUnavailable.into() }
}

#[tokio::test]
async fn what_could_still_revoke_is_kept_until_monei_confirms_or_the_person_removes_it() {
    for fault in [
        json!({"target": "revoke", "kind": "status", "status": 500, "times": 5}),
        json!({"target": "revoke", "kind": "status", "status": 404, "times": 5}),
        json!({"target": "revoke", "kind": "drop_before", "times": 5}),
    ] {
        let world = World::new().await;
        let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
        world.control("fault", fault.clone()).await;
        let alive =
            async || world.sandbox_state().await["grants"].as_array().unwrap().iter().filter(|grant| grant["alive"] == true).count();
        let before = world.core.view().accounts.clone();
        assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(not_confirmed()), "{fault}");
        assert_eq!((world.core.view().accounts.clone(), world.records().len(), alive().await), (before, 1, 1), "{fault}");
        world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
        // Asked again once Monei is well, it ends there too.
        world.control("reset", json!({"what": "faults"})).await;
        assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked), "{fault}");
        assert_eq!((world.core.view().accounts.len(), world.records().len(), alive().await), (0, 0, 0), "{fault}");

        // The person's second choice.
        let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
        world.control("fault", fault.clone()).await;
        assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Remove).await, Ok(DisconnectOutcome::Removed), "{fault}");
        assert_eq!((world.core.view().accounts.len(), world.records().len(), alive().await), (0, 0, 1), "{fault}");
        let told = world.core.activity(None).await.unwrap();
        assert_eq!(told[0].event, ActivityEvent::Disconnected { confirmed: false, by: Some("window".into()) }, "{fault}");
    }
}

#[tokio::test]
async fn of_two_grants_the_one_that_has_ended_is_removed_and_the_other_kept() {
    let world = World::new().await;
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["wallet:read"])).await.unwrap();
    world.approve("ada", &["wallet:read"]).await;
    world.settle_upgrade().await;
    assert_eq!(world.records().len(), 2);
    // Both tries for one of them fail, and the first for the other: they are revoked at the same time.
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 3})).await;
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(not_confirmed()));
    assert_eq!((world.core.view().accounts.len(), world.records().len()), (1, 1));
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assert_eq!((world.core.view().accounts.len(), world.records().len()), (0, 0));
}

#[tokio::test]
async fn without_the_tokens_nothing_is_said_to_be_revoked() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    for name in world.records() {
        connect_core::vault::Vault::delete(world.vault.as_ref(), &name).await.unwrap();
    }
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Unrevocable));
    assert_eq!(world.core.view().accounts.len(), 1);
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Remove).await, Ok(DisconnectOutcome::Removed));
    assert!(world.core.view().accounts.is_empty());
}

#[tokio::test]
async fn the_outcome_of_a_connection_goes_with_its_account() {
    let world = World::new().await;
    let tunde = world.connect("tunde", &["profile:read"], &["profile:read"]).await;
    world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
    world.approve("ada", &["profile:read"]).await;
    world.until("whose it is", support::is_new).await;
    world.core.decide(Decision::AddAsAccount).await.unwrap();
    let view = world.until("done", |view| matches!(stage(view), Some(Stage::Done { .. }))).await;
    let Some(Stage::Done { account: ada, .. }) = stage(&view).cloned() else { panic!("done") };
    // Another account's end changes nothing about it.
    world.core.disconnect(&Caller::Window, &tunde, Unrevoked::Keep).await.unwrap();
    assert!(matches!(stage(&world.core.view()), Some(Stage::Done { .. })));
    world.core.disconnect(&Caller::Window, &ada, Unrevoked::Keep).await.unwrap();
    assert_eq!(stage(&world.core.view()), None);
}

#[tokio::test]
async fn a_label_is_kept_and_a_bad_one_refused() {
    let mut world = World::new().await;
    let account = world.connect("ada", &["wallet:read"], &["wallet:read"]).await;
    assert_eq!(world.core.view().accounts[0].name, None);
    world.core.rename(&account, Some("  Shop  ".into())).await.unwrap();
    for bad in [String::new(), "x".repeat(61), "a\nb".into()] {
        assert_eq!(world.core.rename(&account, Some(bad)).await.unwrap_err().code, ProblemCode::InvalidInput);
    }
    world.restart().await;
    assert_eq!(world.core.view().accounts[0].label.as_deref(), Some("Shop"));
}

/// A server that must never hear of us. Tells how often it was called.
async fn canary_host() -> (url::Url, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url::Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&calls);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    });
    (url, calls)
}

/// An API that answers everything with a redirect, and keeps what it was asked.
async fn redirecting_api(status: &'static str, to: url::Url) -> (url::Url, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url::Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = std::sync::Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 8192];
            let length = stream.read(&mut request).await.unwrap();
            kept.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
            let answer = format!("HTTP/1.1 {status}\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, asked)
}

#[tokio::test]
async fn the_access_token_goes_to_the_api_in_a_header_and_follows_no_redirect() {
    use std::sync::atomic::Ordering;
    let (canary, canary_calls) = canary_host().await;
    let world = World::proxied().await;
    let account = world.connect("ada", &READS, &READS).await;
    // Monei itself answers with a redirect.
    world.control("fault", json!({"target": "api", "kind": "redirect", "location": canary.as_str(), "times": 1})).await;
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::NetworkIntercepted);
    for status in ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        // The backend tells where the sandbox is; here that leads to one that redirects all.
        let (api, asked) = redirecting_api(status, canary.clone()).await;
        world.proxy.as_ref().unwrap().rewrite(world.sandbox.authority(), api.authority());
        world.core.probe().await;
        for section in [Section::Profile, Section::Kyc, Section::Wallet, Section::Transactions] {
            assert_eq!(
                world.core.load(&Caller::Window, &account, section).await.unwrap_err().code,
                ProblemCode::NetworkIntercepted,
                "{status}"
            );
        }
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 4, "{status}: asked again");
        for request in asked.iter() {
            let (target, rest) = request.split_once("\r\n").unwrap();
            assert!(!target.contains("CNRY") && !target.contains("mct_"), "a token in a URL: {target}");
            assert_eq!(rest.matches("authorization: Bearer mct_").count(), 1, "{status}: the token goes in the header");
        }
    }
    assert_eq!(canary_calls.load(Ordering::SeqCst), 0, "a redirect was followed");
    assert_eq!(world.records().len(), 1, "a redirect is no revocation");
}

/// A keychain that refuses to write for as long as it is told to.
struct RefusesWrites {
    entries: Arc<MemoryVault>,
    refuses: AtomicBool,
}

impl Vault for RefusesWrites {
    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        self.entries.read(name)
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        if self.refuses.load(Ordering::SeqCst) {
            return Box::pin(async { Err(VaultError::Refused) });
        }
        self.entries.write(name, value)
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        self.entries.delete(name)
    }

    fn list(&self) -> VaultFuture<'_, Vec<String>> {
        self.entries.list()
    }
}

/// How often the grant's pair was rotated, by its entry in the keychain.
async fn generation(world: &World, name: &str) -> u64 {
    let text = world.vault.read(name).await.unwrap().unwrap();
    serde_json::from_str::<Value>(text.expose_secret()).unwrap()["g"].as_u64().unwrap()
}

#[tokio::test]
async fn a_pair_that_the_keychain_has_not_taken_is_offered_to_it_once_more_at_the_end() {
    // Once it takes it then; and once another process has stored a newer pair meanwhile, which stays.
    for newer in [None, Some(9)] {
        let mut world = World::new().await;
        let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
        let vault = Arc::new(RefusesWrites { entries: Arc::clone(&world.vault), refuses: AtomicBool::new(false) });
        world.restart_with(Arc::clone(&vault) as Arc<dyn Vault>).await;
        let [name] = &*world.records() else { panic!("one entry") };
        world.clock.advance(Duration::from_secs(3_700));
        vault.refuses.store(true, Ordering::SeqCst);
        let refused = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
        assert_eq!((refused.code, world.count("refreshes").await), (ProblemCode::KeychainRefused, 1));
        assert_eq!(generation(&world, name).await, 0);
        vault.refuses.store(false, Ordering::SeqCst);
        if let Some(newer) = newer {
            let text = world.vault.read(name).await.unwrap().unwrap();
            let mut record: Value = serde_json::from_str(text.expose_secret()).unwrap();
            record["g"] = newer.into();
            world.vault.write(name, record.to_string().into()).await.unwrap();
        }
        world.core.shutdown().await;
        assert_eq!(generation(&world, name).await, newer.unwrap_or(1));
        if newer.is_none() {
            world.restart().await;
            world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
            assert_eq!(world.count("refreshes").await, 1, "the pair was not in the keychain");
        }
    }
}
