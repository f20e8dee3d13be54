//! Token calls that were sent, and the queue of those that wait: fair between networks, each with a time of its own.

use serde::{Deserialize, Serialize};

use super::{Budget, Call, Endpoint, GRANT_WINDOW_MS, Id, Kind, Limits, Network, REFRESHES_OF_A_GRANT, Refused, WINDOW_MS};

/// A place that isn't claimed so long after its time lapses.
const CLAIM_WITHIN_MS: u64 = 10_000;
/// The longest wait for which a place is given, in milliseconds: as long as Monei's codes live.
const LONGEST_WAIT_MS: u64 = 600_000;
/// Most places.
const MAX_PLACES: usize = 2_000;
/// So many calls of a network within a minute go as they come. Further ones are spread, so that its burst leaves room for others' calls.
const BURST: usize = 2;

/// A token call that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) at: u64,
    pub(super) kind: Kind,
    /// The site that it was for.
    site: Option<Id>,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    kind: Kind,
    ticket: Id,
    network: Option<Network>,
    /// Start-time fair queueing: one more than the turn served last, or than the site's own place before it. So sites alternate, however
    /// many places one of them takes.
    turn: u64,
    /// The same among the parts of a site, which share its turns.
    turn_in_site: u64,
    arrival: u64,
    /// When its holder was told to come.
    due: u64,
}

impl Place {
    fn site(&self) -> Option<Id> {
        self.network.map(|network| network.site)
    }

    pub(super) fn lapsed(&self, now: u64) -> bool {
        self.due + CLAIM_WITHIN_MS < now
    }
}

impl Budget {
    /// Sends the call now, or gives it a place.
    pub(super) fn reserve(&mut self, call: Call, limits: Limits) -> Result<(), Refused> {
        self.check_open(Endpoint::Token)?;
        if let Some((_, until)) = self.busy_tickets.iter().find(|(ticket, _)| *ticket == call.ticket) {
            return Err(Refused::Busy(*until));
        }
        self.check_grant(call)?;
        let at = self.place(call, limits)?;
        if at > self.now {
            return Err(Refused::Until(at));
        }
        self.take(call);
        Ok(())
    }

    /// Gives the call a place for later.
    pub(super) fn book(&mut self, call: Call, limits: Limits) -> Result<(), Refused> {
        let at = self.place(call, limits)?;
        if at > self.now { Err(Refused::Until(at)) } else { Ok(()) }
    }

    /// How many redeems wait.
    pub(super) fn waiting_redeems(&self) -> usize {
        self.queue.iter().filter(|place| place.kind == Kind::Redeem).count()
    }

    /// How many redeems of one site wait.
    pub(super) fn waiting_redeems_of(&self, site: Id) -> usize {
        self.queue.iter().filter(|place| place.kind == Kind::Redeem && place.site() == Some(site)).count()
    }

    /// Until when token calls are held up for all, whyever.
    pub(super) fn held_until(&self) -> u64 {
        self.unknown_until.max(self.busy_until[Endpoint::Token as usize])
    }

    fn check_grant(&self, call: Call) -> Result<(), Refused> {
        if call.kind != Kind::Refresh {
            return Ok(());
        }
        let mut times = self.refreshed.iter().filter(|(grant, _)| *grant == call.ticket).rev().map(|(_, at)| *at);
        match times.nth(REFRESHES_OF_A_GRANT - 1) {
            Some(oldest) => Err(Refused::Until(oldest + GRANT_WINDOW_MS)),
            None => Ok(()),
        }
    }

    /// The time of the call's place, a new one if it has none.
    fn place(&mut self, call: Call, limits: Limits) -> Result<u64, Refused> {
        let known = self.queue.iter().position(|place| place.ticket == call.ticket && place.kind == call.kind);
        let index = match known {
            Some(index) => index,
            None if self.queue.len() >= MAX_PLACES => return Err(Refused::Until(self.now + LONGEST_WAIT_MS)),
            None => {
                self.arrivals += 1;
                let Call { kind, ticket, network } = call;
                let (turn, turn_in_site) = self.next_turns(network);
                self.queue.push(Place { kind, ticket, network, turn, turn_in_site, arrival: self.arrivals, due: self.now });
                self.share_turns(network);
                self.queue.len() - 1
            }
        };
        let at = self.time_of(index, limits);
        if at > self.now + LONGEST_WAIT_MS {
            self.queue.remove(index);
            return Err(Refused::Until(at));
        }
        // In whole seconds, as `Retry-After` tells it, and one more, so that nobody comes too early because somebody before came late.
        let due = if at > self.now { self.now + ((at - self.now).div_ceil(1_000) + 1) * 1_000 } else { self.now };
        self.queue[index].due = due;
        Ok(due)
    }

    /// The turn of a new place of `network` among all sites, and that among the parts of its own.
    fn next_turns(&self, network: Option<Network>) -> (u64, u64) {
        let Some(network) = network else { return (self.turn + 1, 0) };
        let of_site = || self.queue.iter().filter(move |place| place.site() == Some(network.site));
        let turn = of_site().map(|place| place.turn).max().unwrap_or(0).max(self.turn) + 1;
        // Whoever waits longest was not served yet: the turn before it is the last that was.
        let served = of_site().map(|place| place.turn_in_site).min().map_or(0, |least| least.saturating_sub(1));
        let own = of_site().filter(|place| place.network == Some(network)).map(|place| place.turn_in_site).max().unwrap_or(0);
        (turn, own.max(served) + 1)
    }

    /// Gives the turns of a site to its parts one after the other.
    fn share_turns(&mut self, network: Option<Network>) {
        let Some(network) = network else { return };
        let mut places: Vec<_> = self.queue.iter_mut().filter(|place| place.site() == Some(network.site)).collect();
        let mut turns: Vec<_> = places.iter().map(|place| place.turn).collect();
        turns.sort_unstable();
        places.sort_by_key(|place| (place.turn_in_site, place.arrival));
        for (place, turn) in places.into_iter().zip(turns) {
            place.turn = turn;
        }
    }

    /// Counts the call as sent, and gives up its place.
    fn take(&mut self, call: Call) {
        if let Some(index) = self.queue.iter().position(|place| place.ticket == call.ticket && place.kind == call.kind) {
            self.turn = self.turn.max(self.queue.remove(index).turn);
        }
        self.sent.push_back(Sent { at: self.now, kind: call.kind, site: call.network.map(|network| network.site) });
        if call.kind == Kind::Refresh {
            self.refreshed.push_back((call.ticket, self.now));
        }
    }

    /// When the place at `index` can be served, after all that was sent and beside all places whose turn comes before. Places that come after it
    /// don't count: they are put off when they come.
    fn time_of(&self, index: usize, limits: Limits) -> u64 {
        let place = &self.queue[index];
        let before = |other: &&Place| (other.turn, other.arrival) < (place.turn, place.arrival);
        let mut all: Vec<Sent> = self.sent.iter().copied().collect();
        all.extend(self.queue.iter().filter(before).map(|other| Sent {
            at: other.due.max(self.now),
            kind: other.kind,
            site: other.site(),
        }));
        all.sort_by_key(|sent| sent.at);
        let times = |matches: &dyn Fn(&Sent) -> bool| all.iter().filter(|sent| matches(sent)).map(|sent| sent.at).collect::<Vec<u64>>();
        let of_kind = times(&|sent| sent.kind == place.kind);
        let own = if place.network.is_some() { times(&|sent| sent.site == place.site()) } else { Vec::new() };
        let all = times(&|_| true);

        let earliest = self.now.max(self.held_until());
        let spread = spread(&own, WINDOW_MS / u64::from(limits.of(place.kind)), earliest);
        // There is room at once, or from when a call leaves the window.
        let ends = all.iter().map(|at| at + WINDOW_MS).filter(|at| *at > spread);
        let fits = |at: &u64| fits(&all, limits.total(), *at) && fits(&of_kind, limits.of(place.kind), *at);
        let last = all.last().map_or(spread, |last| last + WINDOW_MS).max(spread);
        std::iter::once(spread).chain(ends).find(fits).unwrap_or(last)
    }
}

/// Whether one more call at `at` leaves every window that holds it within `most`. `times` only grow.
fn fits(times: &[u64], most: u32, at: u64) -> bool {
    let most = most as usize;
    let position = times.partition_point(|time| *time <= at);
    let near = &times[position.saturating_sub(most)..times.len().min(position + most)];
    let (mut with, index) = (near.to_vec(), position.min(most));
    with.insert(index, at);
    // Only those that hold it: others may be over already, where places were put off.
    with.windows(most + 1).take(index + 1).all(|window| window[most] - window[0] >= WINDOW_MS)
}

/// The first time from `earliest` on for one more call of a network whose others are at `own`: its burst goes as it comes, the rest is spread
/// over the minute. A second less than even, so that whoever is told whole seconds doesn't fall behind.
fn spread(own: &[u64], interval: u64, earliest: u64) -> u64 {
    let mut recent = own.iter().rev();
    match (recent.next(), recent.nth(BURST - 2)) {
        (Some(last), Some(burst)) if burst + WINDOW_MS > earliest => earliest.max(last + interval.saturating_sub(1_000)),
        _ => earliest,
    }
}
