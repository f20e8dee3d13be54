//! Calls that move money, as Monei documents their bodies: which fields each has, of what kind, and what each means to the person who
//! confirms the call. A body becomes a [`Payment`] only if every field is known, so that what is shown is all that is sent.
//!
//! Source: Monei's API reference (payouts, bills, exchanges, sends, offramp). The PIN is no field: [`Form::wants_pin`] says where Monei wants
//! it, and [`Payment::body`] puts it in. The older bill paths have no documented body, and a card isn't charged from here.

mod forms;
#[cfg(test)]
mod tests;

use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

pub use forms::FORMS;

use crate::ErrorBody;

/// Monei's name for the PIN.
const PIN: &str = "transactionPin";

/// One call that moves money.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Form {
    /// Path below the API base; the method is `POST`.
    pub path: &'static str,
    /// What it does.
    pub action: Action,
    /// Monei wants the person's transaction PIN in the body.
    pub wants_pin: bool,
    /// What the body may hold besides.
    pub fields: &'static [Field],
}

/// What a payment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Pays another Monei user.
    Send,
    /// Pays out to a bank account.
    Withdraw,
    /// Buys airtime.
    Airtime,
    /// Buys mobile data.
    Data,
    /// Pays for electricity.
    Electricity,
    /// Pays for television.
    Television,
    /// Swaps one coin for another.
    Swap,
    /// Sends coins to an address.
    SendCrypto,
    /// Sells coins, paid out to a bank account.
    SellCrypto,
}

/// One field of a body.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Monei's name for it.
    pub name: &'static str,
    /// What it means to the person.
    pub meaning: Meaning,
    kind: Kind,
    required: bool,
}

/// What a field means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// How much, in major units.
    Amount,
    /// Of what currency.
    Currency,
    /// To whom: a user, an address.
    Receiver,
    /// The bank, by its code.
    Bank,
    /// The account at the bank.
    AccountNumber,
    /// Whose account that is.
    AccountName,
    /// The phone, meter or smartcard that is paid for.
    Customer,
    /// Who is paid for it.
    Provider,
    /// What is bought.
    Item,
    /// The coin that is paid with.
    Pays,
    /// The coin that is bought.
    Gets,
    /// The network that the coin is on.
    Network,
    /// The caller's own reference.
    Reference,
    /// The text that comes with it.
    Narration,
    /// How much worse than quoted the rate may be, in hundredths of a percent.
    Slippage,
}

/// How a field is written.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// A positive decimal: a number to Monei.
    Amount,
    /// A positive decimal: a text to Monei.
    AmountText,
    /// A text of 1 to so many characters.
    Text(usize),
    /// A whole number.
    Whole,
}

/// A value, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Held {
    Amount(Decimal),
    Text(String),
    Whole(u64),
}

/// A call that moves money, with its values. Two are equal where the same would be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Payment {
    form: &'static Form,
    /// In the order of the form.
    values: Vec<(&'static Field, Held)>,
}

/// Why a body isn't a payment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPayment {
    /// The body of this call isn't documented.
    #[error("what this call pays can't be shown")]
    Unknown,
    /// It isn't a JSON object.
    #[error("the body isn't a JSON object")]
    NoObject,
    /// A field that isn't documented.
    #[error("{0} is no field that can be shown")]
    Field(String),
    /// A field that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field that is written wrongly.
    #[error("{0} is written wrongly")]
    Wrong(&'static str),
}

impl Form {
    /// The form of `path`; `None` where no body is documented.
    pub fn of(path: &str) -> Option<&'static Form> {
        FORMS.iter().find(|form| form.path == path)
    }
}

impl Payment {
    /// Reads the body of a call to `path`. A PIN in it is dropped where Monei wants one: it comes from the person alone.
    ///
    /// # Errors
    /// [`NotAPayment`].
    pub fn read(path: &str, body: &[u8]) -> Result<Self, NotAPayment> {
        let form = Form::of(path).ok_or(NotAPayment::Unknown)?;
        let mut fields: Map<String, Value> = serde_json::from_slice(body).map_err(|_| NotAPayment::NoObject)?;
        if form.wants_pin {
            fields.remove(PIN);
        }
        let mut values = Vec::new();
        for field in form.fields {
            match fields.remove(field.name) {
                None | Some(Value::Null) if field.required => return Err(NotAPayment::Missing(field.name)),
                None | Some(Value::Null) => {}
                Some(value) => values.push((field, field.kind.read(&value).ok_or(NotAPayment::Wrong(field.name))?)),
            }
        }
        match fields.into_iter().next() {
            Some((name, _)) => Err(NotAPayment::Field(name.chars().take(40).collect())),
            None => Ok(Self { form, values }),
        }
    }

    /// The call.
    pub fn form(&self) -> &'static Form {
        self.form
    }

    /// Every value, as a person reads it.
    pub fn values(&self) -> impl Iterator<Item = (&'static Field, String)> {
        self.values.iter().map(|(field, held)| (*field, held.text()))
    }

    /// The value of that meaning.
    pub fn value(&self, meaning: Meaning) -> Option<String> {
        self.values().find(|(field, _)| field.meaning == meaning).map(|(_, text)| text)
    }

    /// To whom, or for what: a user, an address, an account at a bank, a phone, or the coin that is bought.
    pub fn to(&self) -> Option<String> {
        let meanings = [Meaning::Receiver, Meaning::AccountNumber, Meaning::Customer, Meaning::Gets];
        meanings.into_iter().find_map(|meaning| self.value(meaning))
    }

    /// The currency of the amount: naira where Monei pays in nothing else, a coin by the name that the call gives it.
    pub fn currency(&self) -> Option<String> {
        match self.form.action {
            Action::Send | Action::Withdraw | Action::Airtime | Action::Data | Action::Electricity | Action::Television => {
                Some(self.value(Meaning::Currency).unwrap_or_else(|| "NGN".to_owned()))
            }
            Action::Swap | Action::SendCrypto | Action::SellCrypto => self.value(Meaning::Pays),
        }
    }

    /// What is sent: the values that were shown and nothing else, with the PIN where Monei wants it.
    pub fn body(&self, pin: Option<&SecretString>) -> Zeroizing<Vec<u8>> {
        let mut members: Vec<String> =
            self.values.iter().map(|(field, held)| format!("{}:{}", Value::from(field.name), held.json(&field.kind))).collect();
        let pin = pin.filter(|_| self.form.wants_pin).map(|pin| format!("{}:{}", Value::from(PIN), Value::from(pin.expose_secret())));
        members.extend(pin);
        let body = Zeroizing::new(format!("{{{}}}", members.join(",")).into_bytes());
        members.into_iter().map(Zeroizing::new).for_each(drop);
        body
    }
}

/// What an answer with a good status to a call that moves money says became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Monei carries it out.
    CarriedOut,
    /// Monei refused it, or it failed: no money moves.
    Refused,
    /// An error that may hide that it was carried out.
    Unclear,
}

impl Answered {
    /// Reads the body. Where that isn't known to say otherwise, the status counts.
    pub fn read(body: &[u8]) -> Self {
        let Ok(said) = serde_json::from_slice::<Value>(body) else { return Self::CarriedOut };
        if crate::tells_an_error(&said) {
            let refuses = |code: u16| (400..500).contains(&code) && code != 408;
            return if ErrorBody::parse(body).status_code.is_some_and(refuses) { Self::Refused } else { Self::Unclear };
        }
        // What is asked for stands in `data`, or bare.
        let data = said.get("data").filter(|data| data.is_object()).unwrap_or(&said);
        match data.get("status").and_then(Value::as_str).map(str::to_ascii_uppercase).as_deref() {
            Some("FAILED" | "CANCELLED" | "CANCELED") => Self::Refused,
            _ => Self::CarriedOut,
        }
    }
}

impl Kind {
    fn read(&self, value: &Value) -> Option<Held> {
        match self {
            Kind::Amount | Kind::AmountText => {
                let text = match value {
                    Value::Number(number) => number.to_string(),
                    Value::String(text) if text.len() <= 40 => text.clone(),
                    _ => return None,
                };
                let amount = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text)).ok()?;
                (amount > Decimal::ZERO).then(|| Held::Amount(amount.normalize()))
            }
            Kind::Text(longest) => {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) if number.is_u64() => number.to_string(),
                    _ => return None,
                };
                let sound = !text.trim().is_empty() && text.chars().count() <= *longest && !text.chars().any(is_hidden);
                sound.then_some(Held::Text(text))
            }
            Kind::Whole => value.as_u64().map(Held::Whole),
        }
    }
}

/// Whether a character can't be seen, or steers how others are shown.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        )
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

impl Held {
    fn text(&self) -> String {
        match self {
            Held::Amount(amount) => amount.to_string(),
            Held::Text(text) => text.clone(),
            Held::Whole(whole) => whole.to_string(),
        }
    }

    fn json(&self, kind: &Kind) -> String {
        match (self, kind) {
            // As it was written: exact, where a float would round.
            (Held::Amount(amount), Kind::Amount) => amount.to_string(),
            (Held::Whole(whole), _) => whole.to_string(),
            (held, _) => Value::from(held.text()).to_string(),
        }
    }
}
