//! Who may begin a login: only as many as can be served before their codes die, so that nobody approves what can't be redeemed.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Budget, Endpoint, Id, Limits, Network, Refused, WINDOW_MS};

/// How long a start is expected to come back, in milliseconds: as long as its state lives.
const OUTSTANDING_MS: u64 = 600_000;
/// Within this a code must be redeemed, in milliseconds: its life of ten minutes less one.
const REDEEM_WITHIN_MS: u64 = 540_000;
/// So many outstanding starts of one network count at most: starts are free, and whoever makes many keeps nobody out.
const OF_A_NETWORK: usize = 2;
/// Starts counted before their rate of coming back is told from experience alone.
const PRIOR: u32 = 10;
/// After so many the older half counts less.
const FADE: u32 = 200;
/// The least share of starts that is expected to come back, in hundredths.
const LEAST: u64 = 25;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Start {
    at: u64,
    id: Id,
    /// Its site.
    network: Option<Id>,
    /// Not yet back from the consent page.
    out: bool,
}

/// Starts of the last ten minutes, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Starts {
    all: VecDeque<Start>,
    /// Starts of which it is known whether they came back.
    decided: u32,
    /// Of those, how many did.
    came_back: u32,
}

impl Starts {
    pub(super) fn forget(&mut self, now: u64) {
        while let Some(start) = self.all.front().copied().filter(|start| start.at + OUTSTANDING_MS <= now) {
            self.all.pop_front();
            if start.out {
                self.decide(false);
            }
        }
    }

    pub(super) fn of_last_minute(&self, now: u64) -> usize {
        self.all.iter().rev().take_while(|start| start.at + WINDOW_MS > now).count()
    }

    pub(super) fn returned(&mut self, id: Id) {
        if let Some(start) = self.all.iter_mut().find(|start| start.id == id && start.out) {
            start.out = false;
            self.decide(true);
        }
    }

    /// How many of one site are out.
    fn out_of(&self, site: Id) -> usize {
        self.all.iter().filter(|start| start.out && start.network == Some(site)).count()
    }

    /// The time of the nth last start that `matches`, 1 for the last.
    fn nth_last(&self, nth: u32, matches: impl Fn(&Start) -> bool) -> Option<u64> {
        let nth = usize::try_from(nth).ok()?.checked_sub(1)?;
        self.all.iter().rev().filter(|start| matches(start)).nth(nth).map(|start| start.at)
    }

    /// One more start came back, or never will. Those that are out say nothing yet: in a rush nearly all are, and would look like lost ones.
    fn decide(&mut self, came_back: bool) {
        if self.decided >= FADE {
            (self.decided, self.came_back) = (self.decided / 2, self.came_back / 2);
        }
        self.decided += 1;
        self.came_back += u32::from(came_back);
    }

    /// How many of those that are out will come back, by experience.
    fn expected(&self) -> u64 {
        let out: Vec<_> = self.all.iter().filter(|start| start.out).collect();
        let counted = |(at, start): &(usize, &&Start)| {
            start.network.is_none() || out[..*at].iter().filter(|other| other.network == start.network).count() < OF_A_NETWORK
        };
        let out = out.iter().enumerate().filter(counted).count() as u64;
        let share = u64::from(self.came_back + PRIOR) * 100 / u64::from(self.decided + PRIOR);
        (out * share.clamp(LEAST, 100)).div_ceil(100)
    }
}

impl Budget {
    pub(super) fn start(&mut self, id: Id, network: Option<Network>, limits: Limits) -> Result<(), Refused> {
        let network = network.map(|network| network.site);
        self.check_open(Endpoint::Authorize)?;
        let of_all = limits.authorize().and_then(|most| self.starts.nth_last(most, |_| true));
        let of_one = network.and(limits.starts_per_network()).and_then(|most| self.starts.nth_last(most, |start| start.network == network));
        if let Some(until) = [of_all, of_one].into_iter().flatten().map(|at| at + WINDOW_MS).filter(|until| *until > self.now).max() {
            return Err(Refused::Until(until));
        }
        if !limits.is_unlimited() {
            self.check_room(network, limits)?;
        }
        self.starts.all.push_back(Start { at: self.now, id, network, out: true });
        Ok(())
    }

    /// How many redeems one more login would come after: those that wait and those that are expected.
    pub(super) fn redeems_ahead(&self) -> usize {
        self.waiting_redeems() + usize::try_from(self.starts.expected()).unwrap_or(usize::MAX)
    }

    /// Whether one more of the site `network` can be redeemed in time, after all who wait and all who are expected. Sites take turns, so whoever comes
    /// after others of its own site waits for a round of all other sites for each of them.
    fn check_room(&self, network: Option<Id>, limits: Limits) -> Result<(), Refused> {
        let per_call = u64::try_from(limits.between_redeems().as_millis()).unwrap_or(u64::MAX);
        let held = self.held_until().saturating_sub(self.now);
        let own = network.map_or(0, |site| self.starts.out_of(site) + self.waiting_redeems_of(site)) as u64;
        let others = (self.redeems_ahead() as u64).saturating_sub(own);
        let needed = held + (own + 1 + others * (own + 1)) * per_call;
        match needed.checked_sub(REDEEM_WITHIN_MS) {
            Some(over) if over > 0 => Err(Refused::Until(self.now + over)),
            _ => Ok(()),
        }
    }
}
