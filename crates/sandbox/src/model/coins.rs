//! The coins that the made-up people hold, with made-up prices that never move.

use rust_decimal::Decimal;

use crate::model::people::Person;

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
    /// How the offramp endpoints call it; empty where they don't know it.
    pub(crate) slug: &'static str,
    /// Name and symbol of its own token.
    pub(crate) token: &'static str,
    pub(crate) symbol: &'static str,
}

const fn chain_of(id: u64, name: &'static str, slug: &'static str, token: &'static str, symbol: &'static str) -> Chain {
    Chain { id, name, slug, token, symbol }
}

/// Every EVM network that Monei names, and the test network that its SDKs' own tests use.
pub(crate) const CHAINS: [Chain; 9] = [
    chain_of(1, "Ethereum", "ethereum", "Ether", "ETH"),
    chain_of(10, "Optimism", "optimism", "Ether", "ETH"),
    chain_of(56, "BNB Smart Chain", "bnb-smart-chain", "BNB", "BNB"),
    chain_of(137, "Polygon", "polygon", "POL", "POL"),
    chain_of(1_135, "Lisk", "lisk", "Ether", "ETH"),
    chain_of(8_453, "Base", "base", "Ether", "ETH"),
    chain_of(42_161, "Arbitrum One", "arbitrum-one", "Ether", "ETH"),
    chain_of(534_352, "Scroll", "scroll", "Ether", "ETH"),
    chain_of(SEPOLIA, "Sepolia", "", "Ether", "ETH"),
];

/// What swap services write where a token's address is wanted and the network's own token is meant.
const NATIVE: &str = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE";
/// The mint by which Solana's own token is swapped.
const SOL_MINT: &str = "So11111111111111111111111111111111111111112";
/// A test network: nothing can be sold from it.
const SEPOLIA: u64 = 11_155_111;

/// A token: symbol, name, mint on Solana. Its address differs from one EVM network to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) symbol: &'static str,
    pub(crate) name: &'static str,
    pub(crate) mint: &'static str,
}

/// Every token.
pub(crate) const TOKENS: [Token; 3] = [
    Token { symbol: "USDT", name: "Tether USD", mint: "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB" },
    Token { symbol: "USDC", name: "USD Coin", mint: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" },
    Token { symbol: "EURC", name: "Euro Coin", mint: "HzwqbKZw8HxMN6bF2yFZNrht3c2iXXzpKcFu7uBEDKtr" },
];

/// USDC on Solana's test network, which the newer Python SDK's own tests swap.
const TEST_USDC_MINT: &str = "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU";
/// EURC on Sepolia; it is nowhere else on the EVM networks here.
const SEPOLIA_EURC: &str = "0x08210F9170F89Ab7658F0B5E3fF39b0E03C594D4";

/// The tokens' contracts, as their issuers publish them: chain id, address of USDT, address of USDC.
const CONTRACTS: [(u64, &str, &str); 9] = [
    (1, "0xdAC17F958D2ee523a2206206994597C13D831ec7", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"),
    (10, "0x94b008aA00579c1307B0EF2c499aD98a8ce58e58", "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85"),
    (56, "0x55d398326f99059fF775485246999027B3197955", "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d"),
    (137, "0xc2132D05D31c914a87C6611C10748AEb04B58e8F", "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359"),
    (1_135, "0x05D032ac25d322df992303dCa074EE7392C117b9", "0xF242275d3a6527d877f2c927a82D9b057609cc71"),
    (8_453, "0xfde4C96c8593536E31F229EA8f37b2ADa2699bb2", "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"),
    (42_161, "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9", "0xaf88d065e77c8cC2239327C5EDb3A432268e5831"),
    (534_352, "0xf55BEC9cafDbE8730f096Aa55dad6D22d44099Df", "0x06eFdBFf2a14a7c8E15944D1F4A48F9F95F663A4"),
    (SEPOLIA, "0x7169D38820dfd117C3FA1f22a697dBA58d90BA06", "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238"),
];

/// Decimal places of the tokens, but for those of the BNB Smart Chain, which have 18.
const TOKEN_DECIMALS: u32 = 6;

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

    /// Address of a token's contract on it.
    pub(crate) fn contract(self, token: Token) -> Option<&'static str> {
        let (_, usdt, usdc) = CONTRACTS.into_iter().find(|(id, ..)| *id == self.id)?;
        match token.symbol {
            "USDT" => Some(usdt),
            "USDC" => Some(usdc),
            _ => (self.id == SEPOLIA).then_some(SEPOLIA_EURC),
        }
    }

    /// The token whose contract has this address on it.
    pub(crate) fn token_at(self, address: &str) -> Option<Token> {
        TOKENS.into_iter().find(|token| self.contract(*token).is_some_and(|known| known.eq_ignore_ascii_case(address)))
    }

    /// Whether the offramp buys coins on it.
    pub(crate) fn sells(self) -> bool {
        !self.slug.is_empty()
    }
}

impl Coin {
    /// Solana's own token.
    pub(crate) const SOL: Coin = Coin { network: Network::Solana, symbol: "SOL" };

    /// A token on Solana.
    pub(crate) fn on_solana(token: Token) -> Coin {
        Coin { network: Network::Solana, symbol: token.symbol }
    }

    /// The coin of this mint on Solana.
    pub(crate) fn minted(mint: &str) -> Option<Coin> {
        match mint {
            SOL_MINT => Some(Coin::SOL),
            TEST_USDC_MINT => Coin::minted(TOKENS[1].mint),
            mint => TOKENS.into_iter().find(|token| token.mint == mint).map(Coin::on_solana),
        }
    }

    /// Its mint on Solana.
    pub(crate) fn mint(self) -> &'static str {
        TOKENS.into_iter().find(|token| token.symbol == self.symbol).map_or(SOL_MINT, |token| token.mint)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        let token = TOKENS.into_iter().find(|token| token.symbol == self.symbol).map(|token| token.name);
        let native = || CHAINS.iter().find(|chain| chain.symbol == self.symbol).map_or("Solana", |chain| chain.token);
        token.unwrap_or_else(native)
    }

    /// Address of its contract on its EVM network; the usual stand-in for a network's own token.
    pub(crate) fn contract(self) -> &'static str {
        let Network::Evm(id) = self.network else { return NATIVE };
        let token = TOKENS.into_iter().find(|token| token.symbol == self.symbol);
        Chain::find(id).zip(token).and_then(|(chain, token)| chain.contract(token)).unwrap_or(NATIVE)
    }

    /// Dollars for one.
    pub(crate) fn price(self) -> Decimal {
        match self.symbol {
            "ETH" => Decimal::new(265_000, 2),
            "BNB" => Decimal::new(61_000, 2),
            "POL" => Decimal::new(45, 2),
            "SOL" => Decimal::new(152, 0),
            "EURC" => Decimal::new(108, 2),
            _ => Decimal::new(100, 2),
        }
    }

    /// Decimal places of its smallest unit.
    pub(crate) fn decimals(self) -> u32 {
        match (self.network, self.symbol) {
            (Network::Evm(56), _) => 18,
            (_, "USDT" | "USDC" | "EURC") => TOKEN_DECIMALS,
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
            (Network::Evm(_), "USDC") => Decimal::new(85_000, 2),
            (Network::Solana, "SOL") => Decimal::new(32, 1),
            (Network::Solana, "USDC") => Decimal::new(455, 1),
            _ => Decimal::ZERO,
        }
    }
}
