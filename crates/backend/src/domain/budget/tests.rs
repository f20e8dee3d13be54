//! The model alone, in simulated time.

use std::num::NonZeroU32;

use super::*;

fn limits(total: u32) -> Limits {
    Limits::new(NonZeroU32::new(total).unwrap(), NonZeroU32::new(20))
}

fn call(kind: Kind, ticket: Id, network: Id) -> Call {
    Call { kind, ticket, network: Some(Network::alone(network)) }
}

/// Whoever keeps asking at the time that it was told.
struct Caller {
    call: Call,
    next: u64,
    asked: u32,
    served: Option<u64>,
}

impl Caller {
    fn new(call: Call, at: u64) -> Self {
        Self { call, next: at, asked: 0, served: None }
    }
}

/// Plays callers against a budget until all are served or `end` is reached; the times of all calls.
fn play(budget: &mut Budget, callers: &mut [Caller], limits: Limits, end: u64) -> Vec<(u64, Kind)> {
    let mut sent = Vec::new();
    while let Some(caller) = callers.iter_mut().filter(|caller| caller.served.is_none()).min_by_key(|caller| caller.next) {
        let now = caller.next;
        if now > end {
            break;
        }
        caller.asked += 1;
        match budget.apply(Op::Reserve(caller.call), limits, now) {
            Charge::Granted => {
                caller.served = Some(now);
                sent.push((now, caller.call.kind));
            }
            // Told in whole seconds, like `Retry-After`, and kept to within a third of one.
            Charge::Wait(wait) | Charge::Paused(wait) => {
                caller.next = now + wait.as_millis().div_ceil(1_000) as u64 * 1_000 + caller.call.ticket % 300
            }
        }
    }
    assert_never_over(&sent, limits);
    sent
}

#[track_caller]
fn assert_never_over(sent: &[(u64, Kind)], limits: Limits) {
    for (at, _) in sent {
        let minute = || sent.iter().filter(|(other, _)| (*at..at + 60_000).contains(other));
        assert!(minute().count() <= limits.total() as usize);
        for kind in [Kind::Redeem, Kind::Refresh] {
            assert!(minute().filter(|(_, other)| *other == kind).count() <= limits.of(kind) as usize);
        }
    }
}

#[test]
fn each_kind_leaves_room_to_the_other_for_every_total_of_two_or_more() {
    for total in 1..40 {
        for (first, second) in [(Kind::Redeem, Kind::Refresh), (Kind::Refresh, Kind::Redeem)] {
            let mut budget = Budget::default();
            let count = |budget: &mut Budget, kind| {
                let asked =
                    |n: &u64| budget.apply(Op::Reserve(call(kind, *n + 1_000 * kind as u64, *n)), limits(total), 0) == Charge::Granted;
                (0..60).filter(asked).count() as u32
            };
            assert_eq!(count(&mut budget, first), limits(total).of(first), "{total} {first:?}");
            let left = total - limits(total).of(first);
            assert_eq!(count(&mut budget, second), left.min(limits(total).of(second)), "{total} {second:?}");
            assert!(total == 1 || left >= 1, "{total}");
        }
    }
    assert_eq!((limits(10).of(Kind::Redeem), limits(10).of(Kind::Refresh)), (8, 6));
}

/// Every waiting caller was told the same instant, and one of them won.
#[test]
fn whoever_waits_has_a_place_of_its_own_and_asks_at_most_three_times() {
    for (total, people, networks) in [(10, 100, 100), (10, 60, 1), (20, 24, 24), (20, 24, 1), (2, 12, 12), (100, 600, 40)] {
        let mut budget = Budget::default();
        let mut callers: Vec<_> = (0..people).map(|n| Caller::new(call(Kind::Refresh, n, n % networks), n * 10)).collect();
        play(&mut budget, &mut callers, limits(total), 3_600_000);
        // Those for whom the queue was too long came back later; nobody else asked more than twice.
        let most = callers.iter().map(|caller| caller.asked).max().unwrap();
        assert!(most <= 3, "{total} {people} {networks}: {most}");
        let last = callers.iter().map(|caller| caller.served.unwrap()).max().unwrap();
        let shortest = people.div_ceil(u64::from(limits(total).of(Kind::Refresh))) * 64_000;
        assert!(last <= shortest + 64_000, "{total} {people} {networks}: {last} of {shortest}");
    }
}

#[test]
fn twenty_four_grants_at_once_are_served_within_150_seconds() {
    for networks in [1, 24] {
        let mut callers: Vec<_> = (0..24).map(|n| Caller::new(call(Kind::Refresh, n, n % networks), 0)).collect();
        play(&mut Budget::default(), &mut callers, limits(20), 150_000);
        assert!(callers.iter().all(|caller| caller.served.is_some_and(|at| at <= 150_000) && caller.asked <= 3), "{networks}");
    }
}

/// One address walking the whole way in a loop had an honest login wait 47 s.
#[test]
fn a_network_that_takes_all_it_can_keeps_nobody_waiting_for_half_a_minute() {
    for (others, began) in (5..95).step_by(5).map(|began| (4, began)) {
        let mut callers: Vec<_> = (0..400).map(|n| Caller::new(call(Kind::Redeem, n, 0), n * 250)).collect();
        callers.extend((0..others).map(|n| Caller::new(call(Kind::Redeem, 10_000 + n, 1 + n), (began + n * 20) * 1_000)));
        play(&mut Budget::default(), &mut callers, limits(10), 400_000);
        for (at, honest) in callers[400..].iter().enumerate() {
            let waited = honest.served.unwrap() - (began + at as u64 * 20) * 1_000;
            assert!(waited <= 30_000, "honest login {at}, begun at {began} s, waited {waited} ms");
        }
    }
}

#[test]
fn networks_get_equal_turns_however_many_places_one_takes() {
    let mut callers: Vec<_> = (0..40).map(|n| Caller::new(call(Kind::Redeem, n, 0), 0)).collect();
    callers.extend((0..3).map(|n| Caller::new(call(Kind::Redeem, 100 + n, 1), 1_000)));
    play(&mut Budget::default(), &mut callers, limits(10), 3_600_000);
    let last = callers[40..].iter().map(|caller| caller.served.unwrap()).max().unwrap();
    let before = callers[..40].iter().filter(|caller| caller.served.unwrap() < last).count();
    assert!(before <= 12, "{before} of the other network's were served first");
}

/// The /64s of one /48 were one network: a neighbour's queue came before everybody else of the /48.
#[test]
fn parts_of_a_site_share_its_turns_and_get_no_more_than_another_site() {
    let of = |ticket, site, part| Call { kind: Kind::Redeem, ticket, network: Some(Network { site, part }) };
    let mut callers: Vec<_> = (0..30).map(|n| Caller::new(of(n, 1, 1), 0)).collect();
    callers.push(Caller::new(of(100, 1, 2), 1_000));
    callers.push(Caller::new(of(101, 2, 3), 1_000));
    play(&mut Budget::default(), &mut callers, limits(10), 3_600_000);
    let order = |at: usize| callers[..30].iter().filter(|caller| caller.served < callers[at].served).count();
    assert!(order(30) <= 10, "{} of its neighbour's were served before it", order(30));
    // As many parts as one likes are still one site.
    let mut callers: Vec<_> = (0..40).map(|n| Caller::new(of(n, 1, 1_000 + n), 0)).collect();
    callers.push(Caller::new(of(100, 2, 3), 1_000));
    play(&mut Budget::default(), &mut callers, limits(10), 3_600_000);
    let before = callers[..40].iter().filter(|caller| caller.served < callers[40].served).count();
    assert!(before <= 10, "{before} of a site's many parts were served before another site");
}

#[test]
fn a_place_that_is_not_claimed_lapses() {
    let mut budget = Budget::default();
    for n in 0..8 {
        assert_eq!(budget.apply(Op::Reserve(call(Kind::Redeem, n, n)), limits(10), 0), Charge::Granted);
    }
    let ask = |budget: &mut Budget, now| budget.apply(Op::Reserve(call(Kind::Redeem, 20, 20)), limits(10), now);
    assert_eq!(ask(&mut budget, 1_000), Charge::Wait(Duration::from_secs(61)));
    assert_eq!(ask(&mut budget, 2_000), Charge::Wait(Duration::from_secs(60)), "kept by its ticket");
    assert_eq!(budget.usage(72_000).waiting, 1);
    assert_eq!(budget.usage(72_001).waiting, 0);
}

#[test]
fn one_grant_is_refreshed_five_times_in_ten_minutes() {
    let mut budget = Budget::default();
    for minute in 0..5 {
        assert_eq!(budget.apply(Op::Reserve(call(Kind::Refresh, 1, 1)), limits(10), minute * 60_000), Charge::Granted);
    }
    assert_eq!(budget.apply(Op::Reserve(call(Kind::Refresh, 1, 1)), limits(10), 300_000), Charge::Wait(Duration::from_secs(300)));
    assert_eq!(budget.apply(Op::Reserve(call(Kind::Refresh, 2, 1)), limits(10), 300_000), Charge::Granted);
    assert_eq!(budget.apply(Op::Reserve(call(Kind::Refresh, 1, 1)), limits(10), 600_000), Charge::Granted);
    assert_ne!(budget.apply(Op::Reserve(call(Kind::Refresh, 1, 1)), limits(10), 601_000), Charge::Granted);
    budget.apply(Op::NotDone { ticket: 1 }, limits(10), 601_000);
    assert_eq!(
        budget.apply(Op::Reserve(call(Kind::Refresh, 1, 1)), limits(10), 601_000),
        Charge::Granted,
        "what Monei did not do counts for nothing"
    );
}

/// One 429 paused everybody for up to 300 s.
#[test]
fn a_429_pauses_its_grant_and_a_second_one_all() {
    let mut budget = Budget::default();
    let busy = |ticket| Op::Busy { endpoint: Endpoint::Token, ticket: Some(ticket), ms: 40_000 };
    assert_eq!(budget.apply(busy(1), limits(10), 0), Charge::Granted);
    assert_eq!(budget.apply(Op::Reserve(call(Kind::Refresh, 1, 1)), limits(10), 0), Charge::Paused(Duration::from_secs(40)));
    assert_eq!(budget.apply(Op::Reserve(call(Kind::Refresh, 2, 2)), limits(10), 0), Charge::Granted);
    assert_eq!(budget.apply(busy(2), limits(10), 1_000), Charge::Paused(Duration::from_secs(40)));
    assert_eq!(budget.apply(Op::Reserve(call(Kind::Redeem, 3, 3)), limits(10), 1_000), Charge::Paused(Duration::from_secs(40)));
    assert_eq!(
        budget.apply(Op::Revoke { grant: 1, network: None }, limits(10), 1_000),
        Charge::Granted,
        "another endpoint is another limit"
    );
    assert_eq!(budget.apply(Op::Reserve(call(Kind::Redeem, 3, 3)), limits(10), 41_000), Charge::Granted);
}

#[test]
fn what_is_lost_costs_token_calls_a_minute_and_nothing_else() {
    let mut budget = Budget::new(5_000, true);
    assert_eq!(budget.apply(Op::Reserve(call(Kind::Refresh, 1, 1)), limits(10), 5_000), Charge::Wait(Duration::from_secs(61)));
    assert_eq!(budget.apply(Op::Start { id: 1, network: None }, limits(10), 5_000), Charge::Granted);
    assert_eq!(budget.apply(Op::Revoke { grant: 1, network: None }, limits(10), 5_000), Charge::Granted);
    assert_eq!(budget.apply(Op::Reserve(call(Kind::Refresh, 1, 1)), limits(10), 66_000), Charge::Granted);
}

#[test]
fn a_network_gets_half_of_the_starts_of_any_minute() {
    let mut budget = Budget::default();
    let start =
        |budget: &mut Budget, id, network, now| budget.apply(Op::Start { id, network: Some(Network::alone(network)) }, limits(100), now);
    // A bucket that refills let twice as many through in its first minute.
    let granted = (0..60).filter(|second| start(&mut budget, *second, 1, second * 1_000) == Charge::Granted).count();
    assert_eq!(granted, 10);
    let granted = (0..60).filter(|n| start(&mut budget, 100 + n, 2 + n, 59_500) == Charge::Granted).count();
    assert_eq!(granted, 10, "and all of them together the rest");
}

/// People were let to the consent page whose codes could not be redeemed in time.
#[test]
fn nobody_who_is_let_in_loses_an_approval() {
    for total in [1, 2, 10, 20] {
        for pause in [0, 120_000, 300_000] {
            let limits = Limits::new(NonZeroU32::new(total).unwrap(), NonZeroU32::new(600));
            let mut budget = Budget::default();
            if pause > 0 {
                budget.apply(Op::Busy { endpoint: Endpoint::Token, ticket: None, ms: pause }, limits, 0);
            }
            let mut callers = Vec::new();
            for id in 0..200 {
                // All of them before the first place lapses.
                let now = id * 40;
                if budget.apply(Op::Start { id, network: Some(Network::alone(id)) }, limits, now) == Charge::Granted {
                    let call = call(Kind::Redeem, id, id);
                    let at = now + 20;
                    let wait = match budget.apply(Op::Book { call, id }, limits, at) {
                        Charge::Granted => 0,
                        Charge::Wait(wait) | Charge::Paused(wait) => wait.as_millis() as u64,
                    };
                    callers.push((Caller::new(call, at + wait.div_ceil(1_000) * 1_000), at));
                }
            }
            assert!(!callers.is_empty() || u64::from(total) * (540_000 - pause) < 61_000, "{total} {pause}");
            let (mut callers, approved): (Vec<_>, Vec<_>) = callers.into_iter().unzip();
            play(&mut budget, &mut callers, limits, 3_600_000);
            for (caller, approved) in callers.iter().zip(approved) {
                let waited = caller.served.expect("is served") - approved;
                assert!(waited < 600_000, "{total} {pause}: a code waited {waited} ms");
            }
        }
    }
}
