//! The budget of calls to Monei, as one pure model: memory keeps it in a lock, Redis keeps it as a value that is replaced as a whole, and both
//! apply the same [`Op`]s to it.
//!
//! Monei allows ten token calls a minute (Monei: errors); more would lock everybody out, so never more are sent. Whoever has to wait gets a
//! place in a queue that is fair between networks, kept under a ticket, and is told when that place's time comes. Times are milliseconds of
//! one clock: this process', or Redis'.

mod admission;
mod limits;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::network::Network;
pub(crate) use limits::Limits;
use queue::{Place, Sent};

/// The window of every budget in milliseconds: a minute, and a second on top, since a call is charged when it is sent and counted at Monei when it arrives, and
/// those are not equally far apart for every call.
const WINDOW_MS: u64 = 61_000;
/// By how much the clocks of two servers of one store may differ, in milliseconds.
const CLOCKS_DIFFER_MS: u64 = 10_000;
/// Revocations a minute. Monei documents no limit of its revoke endpoint; this is far above what people do, and keeps a caller from having
/// this backend flood it.
pub(crate) const REVOCATIONS: u32 = 30;
/// Of these, those of one network: many more than people do, and others are left the rest.
const REVOCATIONS_OF_A_NETWORK: usize = 10;
/// And those of one grant: three tries of two calls.
const REVOCATIONS_OF_A_GRANT: usize = 6;
/// One grant is refreshed at most so often...
const REFRESHES_OF_A_GRANT: usize = 5;
/// ...in ten minutes. Enough for a program that loses an answer now and then; a live token in a loop ends here.
const GRANT_WINDOW_MS: u64 = 600_000;

/// Names a ticket, a grant, a network or a registration: the beginning of a digest.
pub(crate) type Id = u64;

/// Where a call goes. Monei's limits are those of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Exchanges and refreshes.
    Token,
    /// The consent page.
    Authorize,
    /// Revocations.
    Revoke,
}

/// What a token call is for. Each has a share that the other can't use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Exchanging a code: a person is waiting.
    Redeem,
    /// Refreshing: a program can wait.
    Refresh,
}

/// A token call that somebody wants to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    /// What for.
    pub(crate) kind: Kind,
    /// The grant of a refresh, the code of a redeem: names the place in the queue, however often it is asked for.
    pub(crate) ticket: Id,
    /// Who shares fairly; `None` where rules per network don't bind the caller.
    pub(crate) network: Option<Network>,
}

/// What happens to a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    /// Makes the call now, or says when.
    Reserve(Call),
    /// A person came back from the consent page with a code: takes a place for the call that will be asked for, and says when its time is.
    Book {
        /// The redeem.
        call: Call,
        /// The start.
        id: Id,
    },
    /// Sends a person to the consent page.
    Start {
        /// The start.
        id: Id,
        /// As in [`Call::network`].
        network: Option<Network>,
    },
    /// A person came back from the consent page without a code.
    Returned {
        /// The start.
        id: Id,
    },
    /// Sends a revocation.
    Revoke {
        /// Of this grant.
        grant: Id,
        /// As in [`Call::network`].
        network: Option<Network>,
    },
    /// Monei didn't do the refresh that was reserved: it doesn't count for its grant.
    NotDone {
        /// The refresh's ticket.
        ticket: Id,
    },
    /// Monei asked for a pause. Granted if it concerns the ticket alone.
    Busy {
        /// Where.
        endpoint: Endpoint,
        /// The ticket of the token call that was refused; `None` where Monei's service as a whole asked for it.
        ticket: Option<Id>,
        /// For how many milliseconds.
        ms: u64,
    },
}

/// Whether a call may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    /// It may, and is counted.
    Granted,
    /// Not before this time has passed.
    Wait(Duration),
    /// Monei asked for a pause that lasts so long.
    Paused(Duration),
}

/// Calls of the last minute, and for how long none may be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) redeem: u32,
    pub(crate) refresh: u32,
    pub(crate) authorize: u32,
    pub(crate) revoke: u32,
    /// How many wait for a token call.
    pub(crate) waiting: u32,
    /// How many redeems one more login would come after: those that wait, and those expected of people at the consent page.
    pub(crate) ahead: u32,
    /// For how long Monei asked for a pause of its token endpoint.
    pub(crate) busy: Duration,
    /// For how long nothing is sent, since nobody knows what was sent in the last minute.
    pub(crate) unknown: Duration,
}

impl Usage {
    /// How long one more login would wait for its redeem: the shard where this is least has most room. Then by starts of the last minute.
    pub(crate) fn room(&self, limits: Limits) -> impl Ord + use<> {
        (self.busy.max(self.unknown) + limits.between_redeems() * self.ahead, self.authorize)
    }
}

/// The state of one budget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Budget {
    /// Latest time seen; never goes back.
    now: u64,
    /// Until then nothing is sent: nobody knows what was sent in the minute before.
    unknown_until: u64,
    /// Until then nothing goes to an endpoint, because Monei asked for it. By [`Endpoint`].
    busy_until: [u64; 3],
    /// The same for single tickets.
    busy_tickets: Vec<(Id, u64)>,
    /// Token calls of the last minute, oldest first.
    sent: VecDeque<Sent>,
    /// Refreshes of the last ten minutes, oldest first: grant and time.
    refreshed: VecDeque<(Id, u64)>,
    queue: Vec<Place>,
    /// The turn of whoever was served last: see [`Place::turn`].
    turn: u64,
    /// Numbers places in the order of their arrival.
    arrivals: u64,
    starts: admission::Starts,
    revoked: VecDeque<u64>,
    /// For whom, oldest first: the grant of each, and its site where it has one.
    #[serde(default)]
    revoked_for: VecDeque<(Revoker, u64)>,
}

/// Whom a revocation is counted for, besides all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Revoker {
    Grant(Id),
    Site(Id),
}

impl Budget {
    /// An empty budget at `now`. `lost`: calls may have been sent in the minute before that nobody knows of.
    pub(crate) fn new(now: u64, lost: bool) -> Self {
        Self { now, unknown_until: if lost { now + WINDOW_MS } else { 0 }, ..Self::default() }
    }

    /// What was sent before `at` is no longer known, as after a failover of the store.
    pub(crate) fn lost(&mut self, at: u64) {
        self.unknown_until = self.unknown_until.max(at + WINDOW_MS);
    }

    /// Whether the clock went back since: no difference of two servers that keep the time.
    pub(crate) fn is_ahead_of(&self, now: u64) -> bool {
        self.now > now + CLOCKS_DIFFER_MS
    }

    /// Applies `op` at `now`.
    pub(crate) fn apply(&mut self, op: Op, limits: Limits, now: u64) -> Charge {
        self.now = self.now.max(now);
        self.forget();
        let charge = match op {
            Op::Reserve(call) => self.reserve(call, limits),
            Op::Book { call, id } => {
                self.starts.returned(id);
                self.book(call, limits)
            }
            Op::Start { id, network } => self.start(id, network, limits),
            Op::Returned { id } => {
                self.starts.returned(id);
                Ok(())
            }
            Op::Revoke { grant, network } => self.revoke(grant, network),
            Op::NotDone { ticket } => {
                if let Some(at) = self.refreshed.iter().rposition(|(grant, _)| *grant == ticket) {
                    self.refreshed.remove(at);
                }
                Ok(())
            }
            Op::Busy { endpoint, ticket, ms } => self.busy(endpoint, ticket, ms),
        };
        match charge {
            Ok(()) => Charge::Granted,
            Err(Refused::Until(at)) => Charge::Wait(self.left(at).max(Duration::from_millis(1))),
            Err(Refused::Busy(at)) => Charge::Paused(self.left(at).max(Duration::from_millis(1))),
        }
    }

    /// What is used of it at `now`.
    pub(crate) fn usage(&self, now: u64) -> Usage {
        let mut copy = Budget { now: self.now.max(now), ..self.clone() };
        copy.forget();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let of = |kind: Kind| count(copy.sent.iter().filter(|sent| sent.kind == kind).count());
        Usage {
            redeem: of(Kind::Redeem),
            refresh: of(Kind::Refresh),
            authorize: count(copy.starts.of_last_minute(copy.now)),
            revoke: count(copy.revoked.len()),
            waiting: count(copy.queue.len()),
            ahead: count(copy.redeems_ahead()),
            busy: copy.left(copy.busy_until[Endpoint::Token as usize]),
            unknown: copy.left(copy.unknown_until),
        }
    }

    /// Whether it is as good as a new one, and needn't be kept.
    pub(crate) fn is_idle(&self, now: u64) -> bool {
        self.now + GRANT_WINDOW_MS < now && self.busy_until.iter().all(|until| *until < now)
    }

    fn left(&self, at: u64) -> Duration {
        Duration::from_millis(at.saturating_sub(self.now))
    }

    fn forget(&mut self) {
        let now = self.now;
        drop_while(&mut self.sent, |sent| sent.at + WINDOW_MS <= now);
        drop_while(&mut self.revoked, |at| *at + WINDOW_MS <= now);
        drop_while(&mut self.revoked_for, |(_, at)| *at + WINDOW_MS <= now);
        drop_while(&mut self.refreshed, |(_, at)| *at + GRANT_WINDOW_MS <= now);
        self.busy_tickets.retain(|(_, until)| *until > now);
        self.queue.retain(|place| !place.lapsed(now));
        self.starts.forget(now);
    }

    fn revoke(&mut self, grant: Id, network: Option<Network>) -> Result<(), Refused> {
        self.check_open(Endpoint::Revoke)?;
        let site = network.map(|network| Revoker::Site(network.site));
        let of = |who: Revoker, most: usize| {
            let mut times = self.revoked_for.iter().rev().filter(move |(other, _)| *other == who).map(|(_, at)| *at);
            times.nth(most - 1)
        };
        let full = [
            self.revoked.iter().rev().nth(REVOCATIONS as usize - 1).copied(),
            of(Revoker::Grant(grant), REVOCATIONS_OF_A_GRANT),
            site.and_then(|site| of(site, REVOCATIONS_OF_A_NETWORK)),
        ];
        if let Some(at) = full.into_iter().flatten().max() {
            return Err(Refused::Until(at + WINDOW_MS));
        }
        self.revoked.push_back(self.now);
        self.revoked_for.extend([Some(Revoker::Grant(grant)), site].into_iter().flatten().map(|who| (who, self.now)));
        Ok(())
    }

    /// Nothing is sent while Monei asked for a pause; no token call while nobody knows what was sent.
    fn check_open(&self, endpoint: Endpoint) -> Result<(), Refused> {
        let busy = self.busy_until[endpoint as usize];
        if busy > self.now {
            return Err(Refused::Busy(busy));
        }
        if endpoint == Endpoint::Token && self.unknown_until > self.now {
            return Err(Refused::Until(self.unknown_until));
        }
        Ok(())
    }

    /// A 429 of a token call pauses its grant alone, since Monei may count each apart; a second one of another grant pauses all.
    fn busy(&mut self, endpoint: Endpoint, ticket: Option<Id>, ms: u64) -> Result<(), Refused> {
        let until = self.now + ms;
        if let (Endpoint::Token, Some(ticket)) = (endpoint, ticket)
            && self.busy_tickets.iter().all(|(other, _)| *other == ticket)
        {
            self.busy_tickets.retain(|(other, _)| *other != ticket);
            self.busy_tickets.push((ticket, until));
            return Ok(());
        }
        let all = &mut self.busy_until[endpoint as usize];
        *all = (*all).max(until);
        Err(Refused::Busy(*all))
    }
}

/// Why a call isn't sent now. Times are absolute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// This backend's own limits, until then.
    Until(u64),
    /// Monei's, until then.
    Busy(u64),
}

fn drop_while<T>(list: &mut VecDeque<T>, old: impl Fn(&T) -> bool) {
    while list.front().is_some_and(&old) {
        list.pop_front();
    }
}
