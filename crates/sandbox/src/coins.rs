//! The coins that the made-up people hold, with made-up prices that never move.

use rust_decimal::Decimal;

use crate::people::Person;

/// Naira for one dollar.
pub(crate) const NAIRA_A_DOLLAR: i64 = 1_458;

/// A network: an EVM chain by its id, or Solana.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Network {
    Evm(u64),
    Solana,
}

/// One coin on one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Coin {
    pub(crate) network: Network,
    pub(crate) symbol: &'static str,
}

/// An EVM network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    /// How the offramp endpoints call it.
    pub(crate) slug: &'static str,
    /// Name and symbol of its own token.
    pub(crate) token: &'static str,
    pub(crate) symbol: &'static str,
}

const fn chain_of(id: u64, name: &'static str, slug: &'static str, token: &'static str, symbol: &'static str) -> Chain {
    Chain { id, name, slug, token, symbol }
}

/// Every EVM network that Monei names, but for test networks.
pub(crate) const CHAINS: [Chain; 8] = [
    chain_of(1, "Ethereum", "ethereum", "Ether", "ETH"),
    chain_of(10, "Optimism", "optimism", "Ether", "ETH"),
    chain_of(56, "BNB Smart Chain", "bnb-smart-chain", "BNB", "BNB"),
    chain_of(137, "Polygon", "polygon", "POL", "POL"),
    chain_of(1_135, "Lisk", "lisk", "Ether", "ETH"),
    chain_of(8_453, "Base", "base", "Ether", "ETH"),
    chain_of(42_161, "Arbitrum One", "arbitrum-one", "Ether", "ETH"),
    chain_of(534_352, "Scroll", "scroll", "Ether", "ETH"),
];

/// A token: symbol, name, address on every EVM network, mint on Solana.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) symbol: &'static str,
    pub(crate) name: &'static str,
    pub(crate) address: &'static str,
    pub(crate) mint: &'static str,
}

/// Every token; each has 6 decimal places.
pub(crate) const TOKENS: [Token; 2] = [
    Token {
        symbol: "USDT",
        name: "Tether USD",
        address: "0xdAC17F958D2ee523a2206206994597C13D831ec7",
        mint: "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
    },
    Token {
        symbol: "USDC",
        name: "USD Coin",
        address: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
        mint: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    },
];

/// Decimal places of [`TOKENS`].
pub(crate) const TOKEN_DECIMALS: u32 = 6;

impl Chain {
    /// By its id.
    pub(crate) fn find(id: u64) -> Option<Chain> {
        CHAINS.into_iter().find(|chain| chain.id == id)
    }

    /// Its own token.
    pub(crate) fn native(self) -> Coin {
        Coin { network: Network::Evm(self.id), symbol: self.symbol }
    }

    /// A token on it.
    pub(crate) fn coin(self, token: Token) -> Coin {
        Coin { network: Network::Evm(self.id), symbol: token.symbol }
    }
}

impl Coin {
    /// Solana's own token.
    pub(crate) const SOL: Coin = Coin { network: Network::Solana, symbol: "SOL" };

    /// A token on Solana.
    pub(crate) fn on_solana(token: Token) -> Coin {
        Coin { network: Network::Solana, symbol: token.symbol }
    }

    /// Dollars for one.
    pub(crate) fn price(self) -> Decimal {
        match self.symbol {
            "ETH" => Decimal::new(265_000, 2),
            "BNB" => Decimal::new(61_000, 2),
            "POL" => Decimal::new(45, 2),
            "SOL" => Decimal::new(152, 0),
            _ => Decimal::new(100, 2),
        }
    }

    /// Decimal places of its smallest unit.
    pub(crate) fn decimals(self) -> u32 {
        match (self.network, self.symbol) {
            (_, "USDT" | "USDC") => TOKEN_DECIMALS,
            (Network::Solana, _) => 9,
            (Network::Evm(_), _) => 18,
        }
    }

    /// What `person` has of it before anything was moved. Only the verified trader holds coins.
    pub(crate) fn at_first(self, person: &Person) -> Decimal {
        if person.tier < 3 {
            return Decimal::ZERO;
        }
        match (self.network, self.symbol) {
            (Network::Evm(_), "ETH") => Decimal::new(842, 3),
            (Network::Evm(_), "BNB") => Decimal::new(15, 1),
            (Network::Evm(_), "POL") => Decimal::new(32_075, 2),
            (Network::Evm(_), "USDT") => Decimal::new(12_000, 2),
            (Network::Solana, "SOL") => Decimal::new(32, 1),
            (Network::Solana, "USDC") => Decimal::new(455, 1),
            _ => Decimal::ZERO,
        }
    }
}
