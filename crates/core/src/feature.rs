//! What a person sees instead of scopes. Each feature needs exactly one scope; the words for it are in the web view's catalogue.

use monei::Scope;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a connection can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum FeatureId {
    /// See the name and account details.
    Profile,
    /// See the verification tier and limits.
    Kyc,
    /// See balances and history.
    Wallet,
    /// Start deposits and make payment links.
    Deposit,
    /// Pay another Monei user.
    Send,
    /// Pay out to a bank account.
    Withdraw,
    /// Pay bills.
    Bills,
    /// Swap tokens and send crypto.
    Swap,
    /// Sell crypto to a bank account.
    Offramp,
}

/// Where a feature stands on the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum FeatureGroup {
    /// Reading only.
    See,
    /// Money coming in.
    Receive,
    /// Money going out. Nothing in this program spends.
    Spend,
}

/// One entry of the catalogue, as the web view gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct Feature {
    /// Which one.
    pub id: FeatureId,
    /// Where it stands.
    pub group: FeatureGroup,
    /// The one scope it needs, in Monei's words.
    pub scope: String,
    /// Monei's consent page warns about it.
    pub sensitive: bool,
    /// Whoever holds the scope can move money.
    pub spends: bool,
}

impl FeatureId {
    /// Every feature, in the order of the dashboard.
    pub const ALL: [FeatureId; 9] = [
        FeatureId::Profile,
        FeatureId::Kyc,
        FeatureId::Wallet,
        FeatureId::Deposit,
        FeatureId::Send,
        FeatureId::Withdraw,
        FeatureId::Bills,
        FeatureId::Swap,
        FeatureId::Offramp,
    ];

    /// The one scope it needs.
    pub fn scope(self) -> Scope {
        match self {
            FeatureId::Profile => Scope::ProfileRead,
            FeatureId::Kyc => Scope::KycRead,
            FeatureId::Wallet => Scope::WalletRead,
            FeatureId::Deposit => Scope::WalletDeposit,
            FeatureId::Send => Scope::WalletSend,
            FeatureId::Withdraw => Scope::WalletWithdraw,
            FeatureId::Bills => Scope::BillsPay,
            FeatureId::Swap => Scope::SwapExecute,
            FeatureId::Offramp => Scope::OfframpExecute,
        }
    }

    /// Where it stands on the dashboard.
    pub fn group(self) -> FeatureGroup {
        match self {
            FeatureId::Profile | FeatureId::Kyc | FeatureId::Wallet => FeatureGroup::See,
            FeatureId::Deposit => FeatureGroup::Receive,
            FeatureId::Send | FeatureId::Withdraw | FeatureId::Bills | FeatureId::Swap | FeatureId::Offramp => FeatureGroup::Spend,
        }
    }
}

/// The whole catalogue.
pub fn catalogue() -> Vec<Feature> {
    FeatureId::ALL
        .into_iter()
        .map(|id| {
            let scope = id.scope();
            Feature { id, group: id.group(), sensitive: scope.is_sensitive(), spends: scope.spends(), scope: scope.to_string() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_scope_has_exactly_one_feature() {
        for scope in Scope::KNOWN {
            assert_eq!(FeatureId::ALL.iter().filter(|id| id.scope() == scope).count(), 1, "{scope}");
        }
    }

    #[test]
    fn everything_that_spends_stands_under_spend() {
        for feature in catalogue() {
            assert_eq!(feature.spends, feature.group == FeatureGroup::Spend, "{:?}", feature.id);
        }
    }
}
