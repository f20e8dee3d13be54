//! What was moved in this run: changes of balances, and the transactions, deposits, bills and sales that tell of them.
//! Kept in memory only: a restart or a reset puts everybody's money back.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::model::clock::{DAY, Millis, day};
use crate::model::coins::Coin;
use crate::model::mint::{Random, stable_uuid};
use crate::model::people::Person;

/// Most records of a kind; the oldest goes first.
const KEPT: usize = 1_000;

/// A line in somebody's transactions.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    pub(crate) person: &'static str,
    pub(crate) at: Millis,
    pub(crate) amount: Decimal,
    pub(crate) currency: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) nature: &'static str,
    pub(crate) status: &'static str,
    pub(crate) narration: Option<String>,
    pub(crate) reference: String,
    /// Kobo by which it counts against the KYC limits.
    pub(crate) spent: i64,
}

/// A deposit or a payment link that waits to be paid.
#[derive(Clone, Debug)]
pub(crate) struct Deposit {
    pub(crate) person: &'static str,
    pub(crate) at: Millis,
    pub(crate) kobo: i64,
    pub(crate) reference: String,
    pub(crate) method: &'static str,
    pub(crate) narration: Option<String>,
    pub(crate) paid: bool,
}

impl Deposit {
    /// Until when it can be paid: a day.
    pub(crate) fn expires(&self) -> Millis {
        self.at + DAY
    }

    /// As Monei writes it.
    pub(crate) fn status(&self, now: Millis) -> &'static str {
        match self.paid {
            true => "SUCCESS",
            false if now >= self.expires() => "FAILED",
            false => "PENDING",
        }
    }

    /// Whether it can still be paid.
    pub(crate) fn waits(&self, now: Millis) -> bool {
        self.status(now) == "PENDING"
    }
}

/// A bill that was paid.
#[derive(Clone, Debug)]
pub(crate) struct Bill {
    pub(crate) person: &'static str,
    pub(crate) at: Millis,
    pub(crate) kind: &'static str,
    pub(crate) biller: &'static str,
    pub(crate) biller_code: &'static str,
    pub(crate) item: String,
    pub(crate) customer: String,
    pub(crate) kobo: i64,
    pub(crate) reference: String,
    pub(crate) token: Option<String>,
    pub(crate) units: Option<String>,
}

/// A sale of crypto for naira on a bank account.
#[derive(Clone, Debug)]
pub(crate) struct Sale {
    pub(crate) person: &'static str,
    pub(crate) at: Millis,
    pub(crate) reference: String,
    pub(crate) status: &'static str,
    pub(crate) asset: &'static str,
    pub(crate) network: &'static str,
    pub(crate) crypto: Decimal,
    /// What it is paid out in.
    pub(crate) fiat: &'static str,
    /// How much of it, after the fee.
    pub(crate) paid_out: Decimal,
    /// What Monei keeps.
    pub(crate) fee: Decimal,
    /// Units of the currency for one coin.
    pub(crate) rate: Decimal,
    pub(crate) beneficiary: Value,
}

/// Everything that was moved.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    naira: BTreeMap<&'static str, i64>,
    coins: BTreeMap<(&'static str, Coin), Decimal>,
    pub(crate) moved: Vec<Moved>,
    pub(crate) deposits: Vec<Deposit>,
    pub(crate) bills: Vec<Bill>,
    pub(crate) sales: Vec<Sale>,
    next: u64,
    random: Random,
}

impl Ledger {
    /// An empty one, which draws its references from `random`.
    pub(crate) fn new(random: Random) -> Ledger {
        Ledger { random, ..Ledger::default() }
    }

    /// Forgets everything that was moved.
    pub(crate) fn clear(&mut self) {
        *self = Ledger::new(self.random.clone());
    }

    /// 64 hex characters: what stands in made-up references and transactions.
    pub(crate) fn random_hex(&mut self) -> String {
        self.random.hex()
    }

    /// A person's naira, in kobo.
    pub(crate) fn kobo(&self, person: &Person) -> i64 {
        person.kobo.saturating_add(self.naira.get(person.id).copied().unwrap_or_default())
    }

    /// How much of a coin a person holds.
    pub(crate) fn coin(&self, person: &Person, coin: Coin) -> Decimal {
        coin.at_first(person) + self.coins.get(&(person.id, coin)).copied().unwrap_or_default()
    }

    /// Adds kobo to a person's naira, or takes them away.
    pub(crate) fn add_kobo(&mut self, person: &'static Person, kobo: i64) {
        let change = self.naira.entry(person.id).or_insert(0);
        *change = change.saturating_add(kobo);
    }

    /// Adds to what a person holds of a coin, or takes it away.
    pub(crate) fn add_coin(&mut self, person: &'static Person, coin: Coin, amount: Decimal) {
        let change = self.coins.entry((person.id, coin)).or_insert(Decimal::ZERO);
        *change = change.saturating_add(amount);
    }

    /// A number that no record has yet.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Writes a line into the transactions.
    pub(crate) fn record(&mut self, moved: Moved) {
        push(&mut self.moved, moved);
    }

    /// Keeps a deposit that waits.
    pub(crate) fn await_deposit(&mut self, deposit: Deposit) {
        push(&mut self.deposits, deposit);
    }

    /// Keeps a bill.
    pub(crate) fn keep_bill(&mut self, bill: Bill) {
        push(&mut self.bills, bill);
    }

    /// Keeps a sale.
    pub(crate) fn keep_sale(&mut self, sale: Sale) {
        push(&mut self.sales, sale);
    }

    /// Whether a reference that an app chose is taken.
    pub(crate) fn knows(&self, person: &Person, reference: &str) -> bool {
        self.moved.iter().any(|moved| moved.person == person.id && moved.reference == reference)
            || self.deposits.iter().any(|deposit| deposit.person == person.id && deposit.reference == reference)
    }

    /// Kobo that a person has spent on the day of `now`.
    pub(crate) fn spent_today(&self, person: &Person, now: Millis) -> i64 {
        let today = day(now);
        self.moved.iter().filter(|moved| moved.person == person.id && day(moved.at) == today).map(|moved| moved.spent).sum()
    }

    /// Lets everything that waits come about: deposits are paid, sales completed. How many did.
    pub(crate) fn settle(&mut self, only: Option<&str>, now: Millis) -> usize {
        let hit = |reference: &str| only.is_none_or(|only| only == reference);
        let mut arrived = Vec::new();
        for deposit in self.deposits.iter_mut().filter(|deposit| deposit.waits(now) && hit(&deposit.reference)) {
            deposit.paid = true;
            arrived.push(deposit.clone());
        }
        let mut settled = arrived.len();
        for deposit in arrived {
            let change = self.naira.entry(deposit.person).or_insert(0);
            *change = change.saturating_add(deposit.kobo);
            self.record(Moved {
                person: deposit.person,
                at: now,
                amount: Decimal::new(deposit.kobo, 2),
                currency: "NGN",
                kind: "CREDIT",
                nature: match deposit.method {
                    "CARD" => "FIAT_CARD_DEPOSIT",
                    "USSD" => "FIAT_USSD_DEPOSIT",
                    _ => "FIAT_DEPOSIT",
                },
                status: "SUCCESS",
                narration: deposit.narration,
                reference: deposit.reference,
                spent: 0,
            });
        }
        for sale in self.sales.iter_mut().filter(|sale| sale.status == "processing" && hit(&sale.reference)) {
            sale.status = "completed";
            settled += 1;
        }
        settled
    }

    /// Balances for the control API: naira in kobo by person.
    pub(crate) fn naira_of_all(&self) -> Value {
        Value::Object(crate::model::people::PEOPLE.iter().map(|person| (person.id.to_owned(), json!(self.kobo(person)))).collect())
    }
}

impl Moved {
    /// Its id at Monei.
    pub(crate) fn id(&self) -> String {
        stable_uuid(&format!("moved {} {}", self.person, self.reference))
    }
}

fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= KEPT {
        list.remove(0);
    }
    list.push(item);
}
