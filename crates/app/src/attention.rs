//! What the person must act on, wherever it comes from: the one list that the tray and the notification are made of.

use std::collections::BTreeSet;

use connect_core::snapshot::{AccountSnapshot, Health, Review, Snapshot};

/// One thing that waits for the person, the most urgent kind first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// A payment of a program waits to be confirmed; its number.
    Payment(u64),
    /// A program asks to be allowed; its number.
    Pairing(u64),
    /// Only approving again helps the account of this id, and the person didn't give it up themselves.
    Reconnect(String),
    /// Monei refused a living token of the account while nobody looked.
    Doubt(String),
    /// What the account allows is due for another look.
    Review(String),
}

impl Matter {
    /// The account that it is about.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Payment(_) | Self::Pairing(_) => None,
            Self::Reconnect(account) | Self::Doubt(account) | Self::Review(account) => Some(account),
        }
    }
}

/// All that waits.
pub type Matters = BTreeSet<Matter>;

/// What waits, by what is known now. `payment` and `pairing` are the numbers of those that wait. Nothing, once the person has left this computer.
pub fn matters<'a>(
    view: &Snapshot,
    doubtful: impl IntoIterator<Item = &'a str>,
    reviews: &[Review],
    payment: Option<u64>,
    pairing: Option<u64>,
) -> Matters {
    if view.left.is_some() {
        return Matters::new();
    }
    let here = |account: &&AccountSnapshot| account.other_backend.is_none();
    let ended = |account: &&AccountSnapshot| matches!(account.health, Health::NeedsReconnect { .. });
    let there = |id: &str| view.accounts.iter().filter(here).any(|account| account.id == id && !ended(&account));
    let lost = view
        .accounts
        .iter()
        .filter(here)
        .filter(ended)
        .filter(|account| !account.is_given_up())
        .map(|account| Matter::Reconnect(account.id.clone()));
    let doubted = doubtful.into_iter().filter(|id| there(id)).map(|id| Matter::Doubt(id.to_owned()));
    let due = reviews.iter().filter(|review| there(&review.account)).map(|review| Matter::Review(review.account.clone()));
    payment.map(Matter::Payment).into_iter().chain(pairing.map(Matter::Pairing)).chain(lost).chain(doubted).chain(due).collect()
}

/// How the accounts are, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Those of the present backend.
    pub accounts: usize,
    /// Those of them that need the person.
    pub need: usize,
    /// Those of them that can't be reached just now.
    pub unreachable: usize,
    /// Those of another backend, which rest.
    pub resting: usize,
}

impl Standing {
    /// Of the accounts in `view`, with what waits.
    pub fn of(view: &Snapshot, matters: &Matters) -> Self {
        let waits = |account: &AccountSnapshot| {
            let lost = |matter: &Matter| matches!(matter, Matter::Reconnect(id) | Matter::Doubt(id) if *id == account.id);
            matches!(account.health, Health::Locked { .. }) || matters.iter().any(lost)
        };
        let unreachable = |account: &&&AccountSnapshot| matches!(account.health, Health::Unreachable { .. });
        let (here, resting): (Vec<_>, Vec<_>) = view.accounts.iter().partition(|account| account.other_backend.is_none());
        Self {
            accounts: here.len(),
            need: here.iter().filter(|account| waits(account)).count(),
            unreachable: here.iter().filter(unreachable).filter(|account| !waits(account)).count(),
            resting: resting.len(),
        }
    }
}

/// Where the person looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// No window of the program has the focus.
    Away,
    /// The window for confirming a payment has it, which shows nothing else.
    Payment,
    /// The program's window has it.
    Window,
}

/// Which of the matters the notification shows, so that there is one at most, and none of what the person has seen.
#[derive(Debug, Default)]
pub struct Notice {
    seen: Matters,
    shown: Matters,
    /// Those that couldn't be shown, until that is tried again.
    failed: Matters,
}

/// What is to be done about the notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is right as it is.
    Stay,
    /// It shows these from now on.
    Show(Matters),
    /// It goes.
    Withdraw,
}

impl Notice {
    /// What waits now. `wanted`: the person wants notifications.
    pub fn step(&mut self, matters: &Matters, wanted: bool, looks: Looks) -> Step {
        self.seen.retain(|matter| matters.contains(matter));
        self.failed.retain(|matter| matters.contains(matter));
        let sees = |matter: &&Matter| match looks {
            Looks::Away => false,
            Looks::Payment => matches!(matter, Matter::Payment(_)),
            Looks::Window => true,
        };
        self.seen.extend(matters.iter().filter(sees).cloned());
        let open = |matter: &&Matter| wanted && !self.seen.contains(matter) && !self.failed.contains(matter);
        // While one of the program's windows has the focus, nothing comes.
        let open: Matters =
            matters.iter().filter(open).filter(|matter| looks == Looks::Away || self.shown.contains(matter)).cloned().collect();
        if open == self.shown {
            return Step::Stay;
        }
        self.shown.clone_from(&open);
        if open.is_empty() { Step::Withdraw } else { Step::Show(open) }
    }

    /// Whether [`Notice::step`] would bring something that isn't shown yet.
    pub fn has_news(&self, matters: &Matters, wanted: bool, looks: Looks) -> bool {
        let known = |matter: &Matter| [&self.seen, &self.shown, &self.failed].iter().any(|all| all.contains(matter));
        wanted && looks == Looks::Away && !matters.iter().all(known)
    }

    /// What [`Notice::step`] gave to show couldn't be shown: nothing is shown now, and it comes again after [`Notice::try_again`].
    pub fn failed(&mut self) {
        self.failed.append(&mut self.shown);
    }

    /// What couldn't be shown is tried again.
    pub fn try_again(&mut self) {
        self.failed.clear();
    }

    /// The notification is gone: pressed, closed by the person, or over. What it showed isn't shown again. Gives what that was.
    pub fn gone(&mut self) -> Matters {
        let shown = std::mem::take(&mut self.shown);
        self.seen.extend(shown.iter().cloned());
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &[Matter]) -> Matters {
        list.iter().cloned().collect()
    }

    fn lost(id: &str) -> Matter {
        Matter::Reconnect(id.to_owned())
    }

    #[test]
    fn several_matters_are_one_notification_which_changes_with_them_and_goes_with_the_last() {
        let mut notice = Notice::default();
        let (one, two) = (of(&[lost("a")]), of(&[lost("a"), Matter::Payment(1)]));
        assert!(notice.has_news(&one, true, Looks::Away));
        assert_eq!(notice.step(&one, true, Looks::Away), Step::Show(one.clone()));
        assert_eq!(notice.step(&one, true, Looks::Away), Step::Stay);
        assert_eq!(notice.step(&two, true, Looks::Away), Step::Show(two));
        assert_eq!(notice.step(&one, true, Looks::Away), Step::Show(one));
        assert_eq!(notice.step(&Matters::new(), true, Looks::Away), Step::Withdraw);
        assert_eq!(notice.step(&Matters::new(), true, Looks::Away), Step::Stay);
    }

    #[test]
    fn what_the_person_has_seen_is_not_shown_until_it_comes_anew() {
        let mut notice = Notice::default();
        let one = of(&[lost("a")]);
        assert_eq!(notice.step(&one, true, Looks::Away), Step::Show(one.clone()));
        assert_eq!(notice.step(&one, true, Looks::Window), Step::Withdraw, "a window has the focus");
        assert_eq!(notice.step(&one, true, Looks::Away), Step::Stay);
        assert!(!notice.has_news(&one, true, Looks::Away));
        let more = of(&[lost("a"), lost("b")]);
        assert_eq!(notice.step(&more, true, Looks::Away), Step::Show(of(&[lost("b")])));
        assert_eq!(notice.gone(), of(&[lost("b")]), "closed by the person");
        assert_eq!(notice.step(&more, true, Looks::Away), Step::Stay);
        assert_eq!(notice.step(&Matters::new(), true, Looks::Away), Step::Stay);
        assert_eq!(notice.step(&one, true, Looks::Away), Step::Show(one), "connected again, and lost again");
    }

    #[test]
    fn a_person_who_wants_no_notifications_gets_none() {
        let mut notice = Notice::default();
        let one = of(&[lost("a")]);
        assert!(!notice.has_news(&one, false, Looks::Away));
        assert_eq!(notice.step(&one, false, Looks::Away), Step::Stay);
        assert_eq!(notice.step(&one, true, Looks::Away), Step::Show(one.clone()));
        assert_eq!(notice.step(&one, false, Looks::Away), Step::Withdraw, "switched off");
    }

    #[test]
    fn what_could_not_be_shown_does_not_count_as_shown_and_comes_again() {
        let mut notice = Notice::default();
        let (one, two) = (of(&[lost("a")]), of(&[lost("a"), lost("b")]));
        assert_eq!(notice.step(&one, true, Looks::Away), Step::Show(one.clone()));
        notice.failed();
        assert_eq!(notice.step(&one, true, Looks::Away), Step::Stay, "not at once");
        assert!(!notice.has_news(&one, true, Looks::Away));
        assert_eq!(notice.step(&two, true, Looks::Away), Step::Show(of(&[lost("b")])));
        notice.try_again();
        assert!(notice.has_news(&two, true, Looks::Away));
        assert_eq!(notice.step(&two, true, Looks::Away), Step::Show(two.clone()));
        notice.failed();
        assert_eq!(notice.step(&two, true, Looks::Window), Step::Stay);
        notice.try_again();
        assert_eq!(notice.step(&two, true, Looks::Away), Step::Stay, "seen in the window");
    }

    #[test]
    fn who_looks_at_a_payment_has_seen_nothing_else() {
        let mut notice = Notice::default();
        let (shown, all) = (of(&[lost("a")]), of(&[lost("a"), lost("b"), Matter::Payment(1)]));
        assert_eq!(notice.step(&shown, true, Looks::Away), Step::Show(shown.clone()));
        assert!(!notice.has_news(&all, true, Looks::Payment));
        assert_eq!(notice.step(&all, true, Looks::Payment), Step::Stay, "what is shown stays, and nothing comes");
        assert_eq!(notice.step(&all, true, Looks::Away), Step::Show(of(&[lost("a"), lost("b")])));
    }

    #[test]
    fn a_payment_comes_before_everything_else() {
        let all = of(&[Matter::Review("a".into()), lost("a"), Matter::Doubt("b".into()), Matter::Pairing(2), Matter::Payment(7)]);
        assert_eq!(all.iter().next(), Some(&Matter::Payment(7)));
        assert_eq!(all.iter().filter_map(Matter::account).collect::<Vec<_>>(), ["a", "b", "a"]);
    }
}
