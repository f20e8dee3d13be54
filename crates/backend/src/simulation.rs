//! How long people wait at which size: a discrete-event simulation of many accounts with the real budget code and a clock of its own. For
//! `cargo xtask bench capacity`; no program of an operator has it.
//!
//! Accounts are spread evenly over the shards, so one shard is played, with its part of the accounts. Whoever is told to wait asks again at the
//! second that it was told, as the desktop program does.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::num::NonZeroU32;
use std::time::Duration;

use crate::domain::budget::{Budget, Call, Charge, Id, Kind, Limits, Op};
use crate::domain::network::Network;

/// How a day's use is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Every account is used all the time: a refresh every 55 minutes, at times that are spread evenly.
    AllDay,
    /// Every account is opened once within a quarter of an hour, and needs a refresh then.
    MorningRush,
    /// Every account is opened three times in a day of sixteen hours, at times of its own.
    NowAndThen,
    /// Every account is connected for the first time within an hour: a start, a minute on the consent page, a redeem.
    LaunchHour,
}

impl Pattern {
    /// All of them.
    pub const ALL: [Pattern; 4] = [Pattern::AllDay, Pattern::MorningRush, Pattern::NowAndThen, Pattern::LaunchHour];

    /// For a table.
    pub fn name(self) -> &'static str {
        match self {
            Pattern::AllDay => "all day",
            Pattern::MorningRush => "morning rush",
            Pattern::NowAndThen => "now and then",
            Pattern::LaunchHour => "launch hour",
        }
    }

    /// For how long is played.
    fn horizon(self) -> u64 {
        match self {
            Pattern::AllDay | Pattern::NowAndThen => 2 * HOUR,
            Pattern::MorningRush => HOUR,
            Pattern::LaunchHour => 2 * HOUR,
        }
    }
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
/// The refresh that an app in use makes, before its access token of an hour ends.
const BETWEEN_REFRESHES: u64 = 55 * MINUTE;
/// How long a person is on the consent page.
const AT_CONSENT: u64 = MINUTE;
/// How long Monei's codes live.
const CODE_LIFETIME: u64 = 600 * SECOND;
/// So many accounts are behind one address.
const ACCOUNTS_PER_NETWORK: u64 = 2;
/// A person who is told to come back does so at the earliest after this, and up to as much later.
const PERSON_COMES_BACK: u64 = MINUTE;
/// Beyond so many requests a shard is hopeless, and what was seen until then says so.
const MOST_REQUESTS: u64 = 100_000;

/// What is played.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// How many people have connected an account.
    pub accounts: u64,
    /// Over how many budgets they are spread.
    pub shards: u64,
    /// Token calls a minute that each budget allows.
    pub per_minute: u32,
    /// Whether each grant has a budget of its own.
    pub per_grant: bool,
    /// When accounts are used.
    pub pattern: Pattern,
}

/// What came of it. Of one shard.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outcome {
    /// Calls that were served.
    pub served: u64,
    /// Calls that were wanted and not served in the time that was played.
    pub unserved: u64,
    /// The longest that anybody waited who was served, or the longest that somebody still waits.
    pub worst: Duration,
    /// The p99 of the same.
    pub p99: Duration,
    /// Codes that died before they were redeemed.
    pub lost: u64,
    /// People who were told before they approved anything to come back later.
    pub later: u64,
    /// Whether the play ended early, since far too many asked: nobody knows how long they would wait.
    pub cut: bool,
    /// Requests, of all kinds, for each served call.
    pub requests_per_call: f64,
}

/// One thing that an account wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
    /// To be let to the consent page.
    Start,
    /// The callback: its code arrived.
    Return,
    /// To redeem.
    Redeem,
    Refresh,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    at: u64,
    account: u64,
    want: Want,
    /// When it was wanted first.
    since: u64,
}

/// Plays `case`. The same case gives the same outcome.
pub fn play(case: Case) -> Outcome {
    let accounts = case.accounts.div_ceil(case.shards).max(1);
    let limits =
        Limits::new(NonZeroU32::new(case.per_minute).unwrap_or(NonZeroU32::MIN), NonZeroU32::new(case.per_minute.saturating_mul(2)));
    let horizon = case.pattern.horizon();
    let mut budgets: HashMap<Id, Budget> = HashMap::new();
    let mut events = first_events(case.pattern, accounts);
    let (mut waits, mut outcome, mut requests, mut now) = (Vec::new(), Outcome::default(), 0_u64, 0);
    while let Some(Reverse(event)) = events.pop() {
        let Event { at, account, want, since } = event;
        let far_too_many = requests >= MOST_REQUESTS && !case.per_grant;
        if at >= horizon || far_too_many {
            outcome.cut = far_too_many;
            events.push(Reverse(event));
            break;
        }
        (requests, now) = (requests + 1, at);
        let budget = budgets.entry(if case.per_grant { account } else { 0 }).or_default();
        let network = Some(network_of(account));
        let call = |kind| Call { kind, ticket: account, network };
        let op = match want {
            Want::Start => Op::Start { id: account, network },
            Want::Return => Op::Book { call: call(Kind::Redeem), id: account },
            Want::Redeem => Op::Reserve(call(Kind::Redeem)),
            Want::Refresh => Op::Reserve(call(Kind::Refresh)),
        };
        let charge = budget.apply(op, limits, at);
        let told = match charge {
            Charge::Granted => 0,
            // Told in whole seconds, and kept to within a third of one.
            Charge::Wait(wait) | Charge::Paused(wait) => (wait.as_millis() as u64).div_ceil(SECOND) * SECOND + account % 300,
        };
        let next = |want, at, since| Reverse(Event { at, account, want, since });
        match (want, charge) {
            (Want::Start, Charge::Granted) => events.push(next(Want::Return, at + AT_CONSENT, at + AT_CONSENT)),
            (Want::Start, _) => {
                outcome.later += u64::from(at == since);
                events.push(next(Want::Start, at + told.max(PERSON_COMES_BACK) + spread(account ^ requests, PERSON_COMES_BACK), since));
            }
            // Whatever the answer, the code is handed over, with a place.
            (Want::Return, _) => events.push(next(Want::Redeem, at + told, at)),
            (Want::Redeem, Charge::Granted) => waits.push(at - since),
            (Want::Redeem, _) if at + told >= since + CODE_LIFETIME => outcome.lost += 1,
            (Want::Refresh, Charge::Granted) => {
                waits.push(at - since);
                if case.pattern == Pattern::AllDay {
                    events.push(next(Want::Refresh, at + BETWEEN_REFRESHES, at + BETWEEN_REFRESHES));
                }
            }
            (Want::Redeem | Want::Refresh, _) => events.push(next(want, at + told, since)),
        }
    }
    outcome.served = waits.len() as u64;
    // Who still waits for a token call waited at least until now.
    let waiting = events.iter().filter(|Reverse(event)| event.since <= now && !matches!(event.want, Want::Start | Want::Return));
    for Reverse(event) in waiting {
        outcome.unserved += 1;
        waits.push(now - event.since);
    }
    waits.sort_unstable();
    let at = |share: usize| waits.get((waits.len() * share / 100).min(waits.len().saturating_sub(1))).copied().unwrap_or_default();
    outcome.worst = Duration::from_millis(at(100));
    outcome.p99 = Duration::from_millis(at(99));
    outcome.requests_per_call = requests as f64 / outcome.served.max(1) as f64;
    outcome
}

/// An even spread that looks like chance and is the same in every run: multiples of the golden ratio.
fn spread(account: u64, over: u64) -> u64 {
    (account.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16) % over
}

fn network_of(account: u64) -> Network {
    let id = account / ACCOUNTS_PER_NETWORK;
    Network { site: id, part: id }
}

fn first_events(pattern: Pattern, accounts: u64) -> BinaryHeap<Reverse<Event>> {
    let one = |account, want, at| Reverse(Event { at, account, want, since: at });
    let all = 0..accounts;
    match pattern {
        Pattern::AllDay => all.map(|account| one(account, Want::Refresh, spread(account, BETWEEN_REFRESHES))).collect(),
        Pattern::MorningRush => all.map(|account| one(account, Want::Refresh, spread(account, 15 * MINUTE))).collect(),
        // Three times in sixteen hours, of which two are played.
        Pattern::NowAndThen => {
            let times = |account| (0..3).map(move |use_| (account, spread(account * 3 + use_, 16 * HOUR)));
            all.flat_map(times).filter(|(_, at)| *at < 2 * HOUR).map(|(account, at)| one(account, Want::Refresh, at)).collect()
        }
        Pattern::LaunchHour => all.map(|account| one(account, Want::Start, spread(account, HOUR))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(accounts: u64, pattern: Pattern) -> Case {
        Case { accounts, shards: 1, per_minute: 10, per_grant: false, pattern }
    }

    #[test]
    fn what_a_budget_can_serve_is_served_at_once_and_what_it_cannot_is_said() {
        let easy = play(case(50, Pattern::AllDay));
        assert!(easy.unserved == 0 && easy.worst < Duration::from_secs(30), "{easy:?}");
        let too_many = play(case(3_000, Pattern::AllDay));
        assert!(too_many.unserved > 0 && too_many.worst > Duration::from_secs(600), "{too_many:?}");
    }

    #[test]
    fn no_approval_is_lost_however_many_come() {
        for accounts in [100, 1_000] {
            let outcome = play(case(accounts, Pattern::LaunchHour));
            assert_eq!(outcome.lost, 0, "{outcome:?}");
        }
    }

    #[test]
    fn shards_divide_the_accounts_and_a_budget_for_each_grant_has_no_queue() {
        let shared = play(case(400, Pattern::MorningRush));
        let divided = play(Case { shards: 10, ..case(400, Pattern::MorningRush) });
        assert!(divided.worst * 4 < shared.worst, "{divided:?} {shared:?}");
        let own = play(Case { per_grant: true, ..case(400, Pattern::MorningRush) });
        assert_eq!((own.worst, own.unserved), (Duration::ZERO, 0));
    }
}
