//! The read endpoints this program calls, and the scope each one needs (Monei: scopes page).

use crate::scope::Scope;

/// One read endpoint, relative to the API base (`https://api.monei.cc/api/v1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `GET /user/me`
    UserMe,
    /// `GET /kyc/status`
    KycStatus,
    /// `GET /kyc/limits`
    KycLimits,
    /// `GET /wallet/me`
    WalletMe,
    /// `GET /transactions`, as the scopes page has it.
    Transactions,
    /// `GET /transactions/user`, as the API reference has it; tried when [`Endpoint::Transactions`] answers 404.
    TransactionsUser,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Endpoint; 6] = [
        Endpoint::UserMe,
        Endpoint::KycStatus,
        Endpoint::KycLimits,
        Endpoint::WalletMe,
        Endpoint::Transactions,
        Endpoint::TransactionsUser,
    ];

    /// Path below the API base, with a leading slash.
    pub fn path(self) -> &'static str {
        match self {
            Endpoint::UserMe => "/user/me",
            Endpoint::KycStatus => "/kyc/status",
            Endpoint::KycLimits => "/kyc/limits",
            Endpoint::WalletMe => "/wallet/me",
            Endpoint::Transactions => "/transactions",
            Endpoint::TransactionsUser => "/transactions/user",
        }
    }

    /// The one scope without which it must not be called.
    pub fn scope(self) -> Scope {
        match self {
            Endpoint::UserMe => Scope::ProfileRead,
            Endpoint::KycStatus | Endpoint::KycLimits => Scope::KycRead,
            Endpoint::WalletMe | Endpoint::Transactions | Endpoint::TransactionsUser => Scope::WalletRead,
        }
    }
}
