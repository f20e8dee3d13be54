//! The table of calls that move money.

use super::{Action, Field, Form, Kind, Meaning};

/// `name Meaning Kind` for a field that must be there, `name? …` for one that may be left out.
macro_rules! forms {
    ($( $path:literal $action:ident $pin:ident { $( $name:ident $meaning:ident $kind:expr, $required:ident; )+ } )+) => {
        /// Every call that moves money and whose body is documented.
        pub static FORMS: &[Form] = &[$(
            Form {
                path: $path,
                action: Action::$action,
                wants_pin: forms!(@ $pin),
                fields: &[$(
                    Field { name: stringify!($name), meaning: Meaning::$meaning, kind: $kind, required: forms!(@ $required) },
                )+],
            },
        )+];
    };
    (@ pin) => { true };
    (@ plain) => { false };
    (@ must) => { true };
    (@ may) => { false };
}

/// An address or a contract on a chain.
const ADDRESS: Kind = Kind::Text(128);
/// A code, a name or a number of a customer.
const WORD: Kind = Kind::Text(64);

forms! {
    "/wallet/payout/transfer" Send pin {
        receiver Receiver ADDRESS, must;
        amount Amount Kind::Amount, must;
        currency Currency Kind::Text(8), may;
    }
    "/wallet/payout/bank-transfer" Withdraw pin {
        amount Amount Kind::Amount, must;
        bank Bank Kind::Text(16), must;
        accountNumber AccountNumber Kind::Text(32), must;
        reference Reference WORD, may;
        narration Narration Kind::Text(100), may;
        currency Currency Kind::Text(8), may;
    }
    "/bills/pay/airtime" Airtime plain {
        phoneNumber Customer WORD, must;
        biller Provider WORD, must;
        amount Amount Kind::Amount, must;
    }
    "/bills/pay/data" Data plain {
        phoneNumber Customer WORD, must;
        biller Provider WORD, must;
        itemCode Item WORD, must;
    }
    "/bills/pay/electricity" Electricity plain {
        meterNumber Customer WORD, must;
        disco Provider WORD, must;
        amount Amount Kind::Amount, must;
    }
    "/bills/pay/cable-tv" Television plain {
        smartcardNumber Customer WORD, must;
        biller Provider WORD, must;
        itemCode Item WORD, must;
    }
    "/evm-exchange/native-to-token" Swap plain {
        amount Amount Kind::AmountText, must;
        tokenOut Gets ADDRESS, must;
        chainId Network Kind::Whole, may;
        slippageBps Slippage Kind::Whole, may;
    }
    "/evm-exchange/token-to-token" Swap plain {
        amount Amount Kind::AmountText, must;
        tokenIn Pays ADDRESS, must;
        tokenOut Gets ADDRESS, must;
        chainId Network Kind::Whole, may;
        slippageBps Slippage Kind::Whole, may;
    }
    "/evm-exchange/token-to-native" Swap plain {
        amount Amount Kind::AmountText, must;
        tokenIn Pays ADDRESS, must;
        chainId Network Kind::Whole, may;
        slippageBps Slippage Kind::Whole, may;
    }
    "/evm/send/native" SendCrypto plain {
        to Receiver ADDRESS, must;
        amount Amount Kind::AmountText, must;
        chainId Network Kind::Whole, must;
    }
    "/evm/send/token" SendCrypto plain {
        to Receiver ADDRESS, must;
        amount Amount Kind::AmountText, must;
        tokenAddress Pays ADDRESS, must;
        chainId Network Kind::Whole, must;
    }
    "/solana-exchange/swap-sol-to-token" Swap plain {
        amount Amount Kind::AmountText, must;
        outputMint Gets ADDRESS, must;
        slippageBps Slippage Kind::Whole, may;
    }
    "/solana-exchange/swap-token-to-sol" Swap plain {
        amount Amount Kind::AmountText, must;
        inputMint Pays ADDRESS, must;
        slippageBps Slippage Kind::Whole, may;
    }
    "/solana-exchange/swap-token-to-token" Swap plain {
        amount Amount Kind::AmountText, must;
        inputMint Pays ADDRESS, must;
        outputMint Gets ADDRESS, must;
        slippageBps Slippage Kind::Whole, may;
    }
    "/solana/transfer" SendCrypto plain {
        to Receiver ADDRESS, must;
        amount Amount Kind::AmountText, must;
        network Network Kind::Text(16), may;
    }
    "/solana/transfer-token" SendCrypto plain {
        to Receiver ADDRESS, must;
        amount Amount Kind::AmountText, must;
        tokenMintAddress Pays ADDRESS, must;
        network Network Kind::Text(16), may;
    }
    "/offramp/exchange/initiate" SellCrypto plain {
        amount Amount Kind::Amount, must;
        token Pays WORD, must;
        network Network WORD, must;
        fiatCurrency Currency Kind::Text(8), may;
        bankCode Bank Kind::Text(16), must;
        accountNumber AccountNumber Kind::Text(40), must;
        accountName AccountName Kind::Text(100), must;
    }
}
