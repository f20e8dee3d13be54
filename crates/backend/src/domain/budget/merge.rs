//! Two states of one budget become one that holds the calls of both, as after a failover that lost the last writes.

use std::collections::HashMap;

use super::{Budget, Id};

impl Budget {
    /// Takes over what `other` has and this one lacks. `shift`: milliseconds by which this one's clock is ahead of that of `other`.
    ///
    /// Calls are known by their ids, and the later time of a call counts. No call gets lost; where it isn't sure that two entries are the same, more
    /// are counted than were made.
    pub(super) fn merge(&mut self, other: &Budget, shift: i64) {
        let moved = |at: u64| if at == 0 { 0 } else { at.saturating_add_signed(shift) };
        for (own, theirs) in self.busy_until.iter_mut().zip(other.busy_until) {
            *own = (*own).max(moved(theirs));
        }
        for (ticket, until) in &other.busy_tickets {
            match self.busy_tickets.iter_mut().find(|(own, _)| own == ticket) {
                Some((_, own)) => *own = (*own).max(moved(*until)),
                None => self.busy_tickets.push((*ticket, moved(*until))),
            }
        }
        for sent in &other.sent {
            match self.sent.iter_mut().find(|own| own.id == sent.id) {
                Some(own) => own.at = own.at.max(moved(sent.at)),
                None => self.sent.push_back(super::Sent { at: moved(sent.at), ..*sent }),
            }
        }
        self.sent.make_contiguous().sort_by_key(|sent| sent.at);
        self.merge_refreshed(other, moved);
        if other.revoked.len() > self.revoked.len() {
            self.revoked = other.revoked.iter().map(|at| moved(*at)).collect();
        }
        self.merge_queue(other, moved);
        self.starts.merge(&other.starts, moved);
        self.turn = self.turn.max(other.turn);
        self.arrivals = self.arrivals.max(other.arrivals);
    }

    /// Whether the calls of `other` that are less than a minute old are all here.
    pub(super) fn holds_calls_of(&self, other: &Budget, now: u64) -> bool {
        let recent = other.sent.iter().filter(|sent| sent.at + super::WINDOW_MS > now.max(self.now));
        recent.into_iter().all(|sent| self.sent.iter().any(|own| own.id == sent.id))
    }

    /// Refreshes have no ids: of each grant, the longer list is the one that lost nothing.
    fn merge_refreshed(&mut self, other: &Budget, moved: impl Fn(u64) -> u64) {
        let mut lengths: HashMap<Id, (usize, usize)> = HashMap::new();
        self.refreshed.iter().for_each(|(grant, _)| lengths.entry(*grant).or_default().0 += 1);
        other.refreshed.iter().for_each(|(grant, _)| lengths.entry(*grant).or_default().1 += 1);
        let longer_there = |grant: &Id| lengths.get(grant).is_some_and(|(own, theirs)| theirs > own);
        self.refreshed.retain(|(grant, _)| !longer_there(grant));
        self.refreshed.extend(other.refreshed.iter().filter(|(grant, _)| longer_there(grant)).map(|(grant, at)| (*grant, moved(*at))));
        self.refreshed.make_contiguous().sort_by_key(|(_, at)| *at);
    }
}
