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
use connect_core::snapshot::{Direction, HistoryFilter, HistoryKind, HistoryOrder, HistoryStatus, Section, SectionData, TransactionStatus};
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
    monei_by(move |asked| {
        let page = asked[asked.len() - 1];
        let first = asked.iter().filter(|earlier| **earlier == page).count() == 1;
        let (numbers, total) = gives(page);
        (page != busy || !first).then(|| (numbers.collect(), total))
    })
    .await
}

/// The same, by all pages that were asked for so far, the last one included; 429 where there is nothing to give.
async fn monei_by(
    gives: impl Fn(&[usize]) -> Option<(Vec<usize>, Option<usize>)> + Send + Sync + 'static,
) -> (u16, Arc<Mutex<Vec<usize>>>) {
    let pages = Arc::new(Mutex::new(Vec::new()));
    let (asked, gives) = (Arc::clone(&pages), Arc::new(gives));
    let answer = move |RawQuery(query): RawQuery| {
        let query = query.unwrap_or_default();
        let page = query.split('&').find_map(|field| field.strip_prefix("page=")?.parse::<usize>().ok()).unwrap();
        let mut asked = asked.lock().unwrap();
        asked.push(page);
        let given = gives(&asked).map(|(numbers, total)| {
            let rows: Vec<_> = numbers.into_iter().map(|n| json!({"id": format!("t{n}"), "amount": "1.00"})).collect();
            let mut data = json!({"transactions": rows});
            if let Some(total) = total {
                data["pagination"] = json!({"total": total});
            }
            json!({"statusCode": 200, "message": "", "data": data}).to_string()
        });
        let (status, body) = given.map_or((429, String::new()), |body| (200, body));
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
        assert!(pages.lock().unwrap().len() <= 9, "{case}: {pages:?}");
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

/// Of transactions `0..250`, those that still fit the filter: `left` have ceased to. On pages of a hundred, and how many they are.
fn still_fitting(left: &[usize], page: usize) -> (Vec<usize>, Option<usize>) {
    let all: Vec<usize> = (0..250).filter(|number| !left.contains(number)).collect();
    (all.iter().copied().skip(100 * (page - 1)).take(100).collect(), Some(all.len()))
}

/// Exports by status from a Monei that answers the nth request, which asks for a page, with what `gives` says. Gives what came of it, and which
/// pages were asked for.
async fn exported_by_status(
    gives: impl Fn(usize, usize) -> (Vec<usize>, Option<usize>) + Send + Sync + 'static,
) -> (Result<Vec<String>, ProblemCode>, Vec<usize>) {
    let world = World::proxied().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let (port, pages) = monei_by(move |asked| Some(gives(asked.len(), asked[asked.len() - 1]))).await;
    world.proxy.as_ref().unwrap().rewrite(&format!(":{}", world.sandbox.port().unwrap()), &format!(":{port}"));
    world.core.poll().await;
    let filter = HistoryFilter { status: Some(HistoryStatus::Pending), ..HistoryFilter::default() };
    let exported = world.core.whole_history(&Caller::Window, &account, &filter, |_, _| true).await;
    let ids = exported.map(|rows| rows.unwrap().into_iter().map(|row| row.id.unwrap()).collect()).map_err(|problem| problem.code);
    (ids, pages.lock().unwrap().clone())
}

fn ids(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers.map(|number| format!("t{number}")).collect()
}

#[tokio::test]
async fn what_leaves_the_filter_while_it_is_read_makes_the_export_begin_anew_and_is_not_in_it() {
    // After the first page: one that was on it, so that the rest moves up and one would be missed; or one that is still to come.
    for leaves in [5, 220] {
        let (exported, pages) =
            exported_by_status(move |nth, page| still_fitting(if nth == 1 { &[] } else { std::slice::from_ref(&leaves) }, page)).await;
        assert_eq!(exported, Ok(ids((0..250).filter(|number| *number != leaves))), "{leaves}");
        assert_eq!(pages, [1, 2, 1, 2, 3], "{leaves}");
    }
}

#[tokio::test]
async fn where_one_leaves_the_filter_and_another_comes_in_none_is_missed() {
    // 5 leaves after the first page, and 249 comes in after the second: there are as many as before.
    let (exported, _) = exported_by_status(|nth, page| {
        let left: &[usize] = match nth {
            1 => &[249],
            2 => &[5, 249],
            _ => &[5],
        };
        still_fitting(left, page)
    })
    .await;
    assert_eq!(exported, Ok(ids((0..250).filter(|number| *number != 5))));
}

#[tokio::test]
async fn a_list_that_one_leaves_time_and_again_is_no_file() {
    let (exported, pages) = exported_by_status(|nth, page| still_fitting(&(0..nth).collect::<Vec<_>>(), page)).await;
    assert_eq!(exported, Err(ProblemCode::HistoryIncomplete));
    assert!(pages.len() <= 9, "{pages:?}");
}
