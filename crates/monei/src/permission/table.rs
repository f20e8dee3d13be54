//! The table of permissions. A new scope is one row here, and its words in the catalogue of the web view.

use super::{Effect, Endpoint, Group, Method, Permission, Source};
use crate::scope::OtherScope;

/// Makes [`Scope`] and [`PERMISSIONS`] from the rows: variant, scope, feature, group, `plain` or `sensitive`, endpoints.
macro_rules! permissions {
    ($( $(#[doc = $doc:literal])+ $variant:ident $scope:literal $feature:literal $group:ident $warning:ident
        { $( $method:ident $path:literal $effect:ident $source:ident; )+ } )+) => {
        /// One permission that a person can allow or deny, as Monei names it.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope {
            $( $(#[doc = $doc])+ $variant, )+
            /// A scope that this version does not know. Kept and shown as it is.
            Other(OtherScope),
        }

        const ROWS: usize = [$( $scope ),+].len();

        impl Scope {
            /// The scopes of the table, in its order.
            pub const KNOWN: [Scope; ROWS] = [$( Scope::$variant ),+];

            /// Monei's own string for it.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Scope::$variant => $scope, )+
                    Scope::Other(other) => other.as_str(),
                }
            }
        }

        /// Every permission that this version knows, reading first: the order in which a person sees them.
        pub static PERMISSIONS: [Permission; ROWS] = [$(
            Permission {
                scope: Scope::$variant,
                feature: $feature,
                group: Group::$group,
                sensitive: permissions!(@ $warning),
                endpoints: &[$(
                    Endpoint { method: Method::$method, path: $path, effect: Effect::$effect, source: Source::$source },
                )+],
            },
        )+];
    };
    (@ plain) => { false };
    (@ sensitive) => { true };
}

permissions! {
    /// `profile:read`: name and account details.
    ProfileRead "profile:read" "profile" See plain {
        Get "/user/me" Reads Documented;
    }

    /// `kyc:read`: verification tier and limits.
    KycRead "kyc:read" "kyc" See plain {
        Get "/kyc/status" Reads Documented;
        Get "/kyc/limits" Reads Documented;
    }

    /// `wallet:read`: balances, portfolios, history.
    WalletRead "wallet:read" "wallet" See plain {
        Get "/wallet/me" Reads Documented;
        Get "/wallet/naira-wallet" Reads Documented;
        Get "/transactions" Reads Documented;
        Get "/wallet/deposit/status/:reference" Reads Documented;
        Get "/evm/portfolio/:chainId" Reads Documented;
        Get "/evm/balance/native" Reads Documented;
        Get "/evm/balance/token" Reads Documented;
        Get "/solana/portfolio" Reads Documented;
        Get "/solana/balance" Reads Documented;
        Get "/solana/address" Reads Documented;
        Get "/bills/records" Reads Documented;
        Get "/offramp/ledger/history" Reads Documented;
        Get "/offramp/ledger/status/:reference" Reads Documented;
        Get "/transactions/user" Reads Inferred;
    }

    /// `wallet:deposit`: start deposits, make payment links.
    WalletDeposit "wallet:deposit" "deposit" Receive plain {
        Post "/wallet/deposit" Receives Documented;
        Post "/wallet/deposit/payment-link" Receives Documented;
    }

    /// `wallet:send`: pay another Monei user.
    WalletSend "wallet:send" "send" Spend sensitive {
        Post "/wallet/payout/transfer" Spends Documented;
    }

    /// `wallet:withdraw`: pay out to a bank account.
    WalletWithdraw "wallet:withdraw" "withdraw" Spend sensitive {
        Post "/wallet/payout/bank-transfer" Spends Documented;
    }

    /// `bills:pay`: find, check and pay bills.
    BillsPay "bills:pay" "bills" Spend plain {
        Get "/bills/discovery/biller-items/:category/:billerName" Reads Inferred;
        Get "/bills/discovery/electricity-operators" Reads Inferred;
        Post "/bills/validation/customer" Reads Inferred;
        Post "/bills/pay/airtime" Spends Inferred;
        Post "/bills/pay/data" Spends Inferred;
        Post "/bills/pay/electricity" Spends Inferred;
        Post "/bills/pay/cable-tv" Spends Inferred;
        Get "/bills/discovery/electricity" Reads Older;
        Get "/bills/get-biller-items/:category/:billerName" Reads Older;
        Post "/bills/buy-airtime" Spends Older;
        Post "/bills/buy-mobile-data" Spends Older;
        Post "/bills/buy-electricity" Spends Older;
        Post "/bills/subscribe-cable-tv" Spends Older;
    }

    /// `swap:execute`: swap tokens and send crypto.
    SwapExecute "swap:execute" "swap" Spend sensitive {
        Post "/evm-exchange/native-to-token" Spends Documented;
        Post "/evm-exchange/token-to-token" Spends Inferred;
        Post "/evm-exchange/token-to-native" Spends Inferred;
        Post "/evm-exchange/price/native-to-token" Reads Inferred;
        Post "/evm-exchange/price/token-to-token" Reads Inferred;
        Post "/evm-exchange/price/token-to-native" Reads Inferred;
        Post "/evm/send/native" Spends Inferred;
        Post "/evm/send/token" Spends Inferred;
        Get "/solana-exchange/quote/sol-to-token" Reads Inferred;
        Get "/solana-exchange/quote/token-to-sol" Reads Inferred;
        Get "/solana-exchange/quote/token-to-token" Reads Inferred;
        Post "/solana-exchange/swap-sol-to-token" Spends Inferred;
        Post "/solana-exchange/swap-token-to-sol" Spends Inferred;
        Post "/solana-exchange/swap-token-to-token" Spends Inferred;
        Post "/solana/transfer" Spends Inferred;
        Post "/solana/transfer-token" Spends Inferred;
    }

    /// `offramp:execute`: sell crypto to a bank account.
    OfframpExecute "offramp:execute" "offramp" Spend sensitive {
        Get "/offramp/exchange/assets" Reads Inferred;
        Get "/offramp/exchange/quote" Reads Inferred;
        Post "/offramp/exchange/initiate" Spends Inferred;
        Get "/offramp/payouts/banks" Reads Inferred;
        Post "/offramp/payouts/verify" Reads Inferred;
    }
}
