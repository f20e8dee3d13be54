//! A payment that waits for the person. No PIN is among it.

use monei::payment;
use serde::Serialize;
use ts_rs::TS;

use super::state::{Environment, Language, Theme};

/// What the window for confirming a payment shows.
#[derive(Clone, Debug, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct ConfirmationView {
    /// Names the payment.
    pub number: u64,
    /// Name of the app that asks.
    pub app: String,
    /// What the account is called.
    pub account: Option<String>,
    /// What the payment does.
    pub action: PaymentAction,
    /// How much, in major units; a decimal.
    pub amount: Option<String>,
    /// Of what.
    pub currency: Option<String>,
    /// To whom, or for what.
    pub to: Option<String>,
    /// All that is sent.
    pub fields: Vec<PaymentField>,
    /// Monei wants the person's PIN.
    pub wants_pin: bool,
    /// When the same was sent in this run.
    pub sent_before: Option<i64>,
    /// Which Monei.
    pub environment: Environment,
    /// Light or dark.
    pub theme: Theme,
    /// What the program speaks.
    pub language: Language,
}

/// One value of a payment.
#[derive(Clone, Debug, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct PaymentField {
    /// What it means.
    pub meaning: PaymentMeaning,
    /// As it is sent.
    pub value: String,
}

/// The same enum as Monei's contract has it, for the page.
macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident = $core:ident { $( $(#[doc = $inner:literal])+ $variant:ident, )+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
        #[serde(rename_all = "snake_case")]
        #[ts(export_to = "bindings.ts")]
        pub enum $name {
            $( $(#[doc = $inner])+ $variant, )+
        }

        impl From<payment::$core> for $name {
            fn from(core: payment::$core) -> Self {
                match core {
                    $( payment::$core::$variant => $name::$variant, )+
                }
            }
        }
    };
}

words! {
    /// What a payment does.
    PaymentAction = Action {
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
}

words! {
    /// What a value of a payment means.
    PaymentMeaning = Meaning {
        /// How much.
        Amount,
        /// Of what currency.
        Currency,
        /// To whom.
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
        /// The app's own reference.
        Reference,
        /// The text that comes with it.
        Narration,
        /// How much worse than quoted the rate may be, in hundredths of a percent.
        Slippage,
    }
}
