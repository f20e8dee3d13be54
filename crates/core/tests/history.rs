//! The whole history: every page once, what the filters ask Monei for, and all of it for a file.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::RawQuery;
use axum::response::{IntoResponse as _, Response};
use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Direction, HistoryFilter, HistoryKind, HistoryOrder, Section, SectionData, TransactionStatus};
use serde_json::json;
use support::World;

const WALLET: &[&str] = &["wallet:read"];

async fn total(world: &World, account: &str) -> u32 {
    match world.core.load(&Caller::Window, account, Section::Transactions).await.unwrap() {
        SectionData::Transactions(latest) => latest.total.unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_transaction_is_on_exactly_one_page_and_the_last_page_says_so() {
    let world = World::new().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let (mut seen, mut page) = (Vec::new(), 1);
    loop {
        let found = world.core.history(&Caller::Window, &account, &HistoryFilter::default(), page).await.unwrap();
        seen.extend(found.items.into_iter().map(|item| item.reference.unwrap()));
        if !found.more {
            break;
        }
        page += 1;
    }
    assert!(page > 1, "one page is no paging");
    assert_eq!(seen.len(), total(&world, &account).await as usize);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
}

#[tokio::test]
async fn a_filter_is_monei_s_own_and_what_makes_no_sense_is_not_sent() {
    let world = World::new().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let filter = HistoryFilter { kind: Some(HistoryKind::Credit), order: HistoryOrder::Oldest, ..HistoryFilter::default() };
    let found = world.core.history(&Caller::Window, &account, &filter, 1).await.unwrap();
    assert!(!found.items.is_empty() && found.items.iter().all(|item| item.direction == Direction::In), "{found:?}");
    assert!(found.items.is_sorted_by_key(|item| item.at), "{found:?}");
    let calls = world.calls("/transactions").await;
    let wrong = HistoryFilter { min_amount: Some("1,000".into()), ..HistoryFilter::default() };
    let refused = world.core.history(&Caller::Window, &account, &wrong, 1).await.unwrap_err();
    assert_eq!((refused.code, world.calls("/transactions").await), (ProblemCode::InvalidInput, calls));
}

#[tokio::test]
async fn all_of_it_comes_for_a_file_with_progress_until_nobody_wants_it() {
    let world = World::new().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let told = RefCell::new(Vec::new());
    let goes_on = |fetched: usize, of: Option<u64>| {
        told.borrow_mut().push((fetched, of));
        true
    };
    let rows = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), goes_on).await.unwrap().unwrap();
    let all = total(&world, &account).await as usize;
    assert_eq!((rows.len(), rows.iter().filter_map(|row| row.id.clone()).collect::<HashSet<_>>().len()), (all, all));
    assert_eq!((told.borrow()[0], told.borrow().last()), ((0, None), Some(&(all, Some(all as u64)))));
    assert!(rows.iter().any(|row| row.status == TransactionStatus::Pending));
    // Cancelled before anything is fetched, and after.
    let calls = world.calls("/transactions").await;
    let nobody = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), |_, _| false).await.unwrap();
    assert_eq!((nobody, world.calls("/transactions").await), (None, calls));
    let late = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), |fetched, _| fetched == 0).await.unwrap();
    assert_eq!(late, None);
}

#[tokio::test]
async fn a_history_that_breaks_off_is_no_file() {
    let world = World::new().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    world.control("fault", json!({"target": "/transactions", "kind": "status", "status": 503, "times": 1})).await;
    let broken = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), |_, _| true).await;
    assert_eq!(broken.unwrap_err().code, ProblemCode::ProviderUnavailable);
}

/// Monei asks for patience `times` times, for `seconds` each.
async fn busy(world: &World, seconds: &str, times: u32) {
    let order = json!({"target": "/transactions", "kind": "status", "status": 429, "retry_after": seconds, "times": times});
    world.control("fault", order).await;
}

#[tokio::test]
async fn a_rate_limit_in_the_middle_is_waited_out_and_nothing_is_missing_or_twice() {
    let world = World::new().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let all = total(&world, &account).await as usize;
    busy(&world, "30", 2).await;
    let told = RefCell::new(Vec::new());
    let goes_on = |fetched: usize, _: Option<u64>| {
        told.borrow_mut().push(fetched);
        // The time passes.
        world.clock.advance(Duration::from_secs(12));
        true
    };
    let exported = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), goes_on).await.unwrap().unwrap();
    let ids: HashSet<_> = exported.iter().filter_map(|row| row.id.clone()).collect();
    assert_eq!((exported.len(), ids.len()), (all, all), "{told:?}");
}

#[tokio::test]
async fn a_wait_for_monei_ends_with_the_export_and_one_that_is_too_long_is_told() {
    let world = World::new().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    busy(&world, "30", 1).await;
    let asked = RefCell::new(0);
    let goes_on = |_: usize, _: Option<u64>| asked.replace_with(|times| *times + 1) < 2;
    let began = std::time::Instant::now();
    let cancelled = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), goes_on).await.unwrap();
    assert!(cancelled.is_none() && began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    world.clock.advance(Duration::from_secs(31));
    busy(&world, "200", 1).await;
    let told = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), |_, _| true).await.unwrap_err();
    assert_eq!((told.code, told.retry_after_s), (ProblemCode::Busy, Some(200)));
}

/// What a Monei gives for each page, by the numbers of the transactions; and how many it says that there are.
type Gives = fn(usize) -> (std::ops::Range<usize>, Option<usize>);

/// A Monei that gives this whatever is asked for beside the page, and answers 429 to the first call for page `busy`. Gives its port, and
/// which pages were asked for.
async fn monei_of(gives: Gives, busy: usize) -> (u16, Arc<Mutex<Vec<usize>>>) {
    let pages = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&pages);
    let answer = move |RawQuery(query): RawQuery| {
        let query = query.unwrap_or_default();
        let page = query.split('&').find_map(|field| field.strip_prefix("page=")?.parse::<usize>().ok()).unwrap();
        let mut asked = asked.lock().unwrap();
        asked.push(page);
        let first = asked.iter().filter(|earlier| **earlier == page).count() == 1;
        let (numbers, total) = gives(page);
        let rows: Vec<_> = numbers.map(|n| json!({"id": format!("t{n}"), "amount": "1.00"})).collect();
        let mut data = json!({"transactions": rows});
        if let Some(total) = total {
            data["pagination"] = json!({"total": total});
        }
        let body = json!({"statusCode": 200, "message": "", "data": data}).to_string();
        let (status, body) = if page == busy && first { (429, String::new()) } else { (200, body) };
        let head = Response::builder().status(status).header("retry-after", "30").header("content-type", "application/json");
        let answer = head.body(body).unwrap().into_response();
        async move { answer }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() });
    (port, pages)
}

/// Of 250 transactions, those on a page of `size`.
fn on_page(size: usize, page: usize) -> std::ops::Range<usize> {
    250.min(size * (page - 1))..250.min(size * page)
}

#[tokio::test]
async fn what_was_fetched_before_a_rate_limit_is_not_fetched_again() {
    let world = World::proxied().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let (port, pages) = monei_of(|page| (on_page(100, page), Some(250)), 2).await;
    world.proxy.as_ref().unwrap().rewrite(&format!(":{}", world.sandbox.port().unwrap()), &format!(":{port}"));
    world.core.poll().await;
    let goes_on = |_: usize, _: Option<u64>| {
        world.clock.advance(Duration::from_secs(12));
        true
    };
    let exported = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), goes_on).await.unwrap().unwrap();
    let ids: HashSet<_> = exported.iter().filter_map(|row| row.id.clone()).collect();
    assert_eq!((exported.len(), ids.len(), pages.lock().unwrap().clone()), (250, 250, vec![1, 2, 2, 3]));
}

#[tokio::test]
async fn where_monei_gives_fewer_at_once_than_asked_for_a_file_still_has_all() {
    let world = World::proxied().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let (port, pages) = monei_of(|page| (on_page(40, page), Some(250)), 0).await;
    world.proxy.as_ref().unwrap().rewrite(&format!(":{}", world.sandbox.port().unwrap()), &format!(":{port}"));
    world.core.poll().await;
    let exported = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), |_, _| true).await.unwrap().unwrap();
    let ids: HashSet<_> = exported.iter().filter_map(|row| row.id.clone()).collect();
    assert_eq!((exported.len(), ids.len(), pages.lock().unwrap().len()), (250, 250, 7));
}

#[tokio::test]
async fn without_a_number_of_all_transactions_a_file_has_all_and_a_number_that_is_not_reached_gives_none() {
    let cases: [(&str, Gives, Option<usize>); 6] = [
        ("fewer at once than asked for", |page| (on_page(40, page), None), Some(250)),
        ("more at once than asked for", |page| (on_page(200, page), None), None),
        ("none at all", |_| (0..0, None), Some(0)),
        ("an empty page before the last", |page| (if page < 3 { on_page(100, page) } else { 0..0 }, Some(250)), None),
        ("the same page again and again", |_| (0..100, Some(250)), None),
        ("the same page again and again, without a number", |_| (0..100, None), None),
    ];
    for (case, gives, expected) in cases {
        let world = World::proxied().await;
        let account = world.connect("ada", WALLET, WALLET).await;
        let (port, pages) = monei_of(gives, 0).await;
        world.proxy.as_ref().unwrap().rewrite(&format!(":{}", world.sandbox.port().unwrap()), &format!(":{port}"));
        world.core.poll().await;
        let exported = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), |_, _| true).await;
        match expected {
            Some(all) => assert_eq!(exported.unwrap().unwrap().len(), all, "{case}"),
            None => assert_eq!(exported.unwrap_err().code, ProblemCode::HistoryIncomplete, "{case}"),
        }
        assert!(pages.lock().unwrap().len() <= 8, "{case}: {pages:?}");
    }
}

#[tokio::test]
async fn what_comes_in_during_an_export_moves_the_rest_and_leaves_nothing_out() {
    // A transaction comes in after each page.
    let moves: Gives = |page| {
        let came_in = page - 1;
        (100 * came_in - came_in..(100 * page - came_in).min(250), Some(250 + came_in))
    };
    let world = World::proxied().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let (port, _) = monei_of(moves, 0).await;
    world.proxy.as_ref().unwrap().rewrite(&format!(":{}", world.sandbox.port().unwrap()), &format!(":{port}"));
    world.core.poll().await;
    let exported = world.core.whole_history(&Caller::Window, &account, &HistoryFilter::default(), |_, _| true).await.unwrap().unwrap();
    assert_eq!(exported.len(), 250);
}
