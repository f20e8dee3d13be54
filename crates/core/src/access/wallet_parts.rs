//! Parts of a wallet that are looked at by themselves: one call each, made when somebody opens it.

use monei::permission::{self, Method};
use monei::read::{Bills, Deposit, Portfolio, Sale, Sales, Transactions};

use super::history::has_more;
use super::sections::unreadable;
use super::{Accesses, Request, wallet_reads as reads};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{DepositFound, SaleFound, WalletPart, WalletPartData};
use crate::model::{AccountId, Caller};
use crate::provider::Body;

/// Items on a page.
const SHOWN: u32 = 25;

/// The call that fetches a part.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Accesses {
    /// Fetches a part of a wallet, and shows on the account how that went. Without its permission nothing is called.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] for a reference that can't be one; else why there is nothing to show.
    pub async fn wallet_part(&self, caller: &Caller, account: &AccountId, part: &WalletPart) -> Result<WalletPartData, Problem> {
        let asked = asked(part)?;
        let outcome = self.fetch_part(caller, account, part, &asked).await;
        self.note(account, outcome.as_ref().map(drop)).await;
        outcome
    }

    async fn fetch_part(&self, caller: &Caller, account: &AccountId, part: &WalletPart, asked: &Asked) -> Result<WalletPartData, Problem> {
        let query: Vec<(&str, &str)> = asked.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if let WalletPart::Deposits { page } = part {
            let found = self.transactions(caller, account, &query).await?;
            return Ok(WalletPartData::Deposits(reads::deposits(&found, has_more(found.items.len(), found.total, *page, SHOWN))));
        }
        let body = self.call(caller, account, Request { query: &query, ..Request::get(&asked.path) }).await?.body;
        parsed(part, body)
    }
}

/// The answer as it is shown; `None` is Monei's 404.
fn parsed(part: &WalletPart, body: Option<Body>) -> Result<WalletPartData, Problem> {
    let (part, body) = match (part, body) {
        (WalletPart::Sale { .. }, None) => return Ok(WalletPartData::Sale(SaleFound { sale: None })),
        (WalletPart::Deposit { .. }, None) => return Ok(WalletPartData::Deposit(DepositFound { deposit: None })),
        (_, None) => return Err(ProblemCode::AnswerUnreadable.into()),
        (part, Some(body)) => (part, body),
    };
    let more = |page: u32, count: usize, total: Option<u64>| has_more(count, total, page, SHOWN);
    let read = match part {
        WalletPart::Portfolio { network } if network.chain_id().is_some() => {
            Portfolio::parse_evm(&body).map(|portfolio| WalletPartData::Portfolio(reads::portfolio(&portfolio)))
        }
        WalletPart::Portfolio { .. } => {
            Portfolio::parse_solana(&body).map(|portfolio| WalletPartData::Portfolio(reads::portfolio(&portfolio)))
        }
        WalletPart::Sales { page } => {
            Sales::parse(&body).map(|sales| WalletPartData::Sales(reads::sales(&sales, more(*page, sales.items.len(), sales.total))))
        }
        WalletPart::Sale { .. } => Sale::parse(&body).map(|sale| WalletPartData::Sale(SaleFound { sale: Some(reads::sale(&sale)) })),
        WalletPart::Bills { page } => Bills::parse(&body).map(|bills| {
            let more = bills.has_next.unwrap_or_else(|| more(*page, bills.items.len(), bills.total)) && !bills.items.is_empty();
            WalletPartData::Bills(reads::bills(&bills, more))
        }),
        WalletPart::Deposits { page } => Transactions::parse(&body)
            .map(|found| WalletPartData::Deposits(reads::deposits(&found, has_more(found.items.len(), found.total, *page, SHOWN)))),
        WalletPart::Deposit { .. } => {
            Deposit::parse(&body).map(|deposit| WalletPartData::Deposit(DepositFound { deposit: Some(reads::deposit(&deposit)) }))
        }
    };
    read.map_err(unreadable)
}

/// What is asked of Monei.
fn asked(part: &WalletPart) -> Result<Asked, Problem> {
    let page = |path: &str, page: u32| Asked {
        path: path.to_owned(),
        query: vec![("page", page.max(1).to_string()), ("limit", SHOWN.to_string())],
    };
    let whole = |path: String| Asked { path, query: Vec::new() };
    Ok(match part {
        WalletPart::Portfolio { network } => {
            whole(network.chain_id().map_or_else(|| Portfolio::SOLANA_PATH.to_owned(), Portfolio::evm_path))
        }
        WalletPart::Sales { page: number } => page(Sales::PATH, *number),
        WalletPart::Bills { page: number } => page(Bills::PATH, *number),
        WalletPart::Deposits { page: number } => {
            let mut asked = page(Transactions::PATH, *number);
            asked.query.push(("type", "CREDIT".to_owned()));
            asked
        }
        WalletPart::Sale { reference } => whole(of_reference(Sale::PATH, reference)?),
        WalletPart::Deposit { reference } => whole(of_reference(Deposit::PATH, reference)?),
    })
}

/// The path with the reference in it; a reference that could lead to another endpoint is refused.
fn of_reference(template: &str, reference: &str) -> Result<String, Problem> {
    let found = permission::find(Method::Get, &template.replace(":reference", "x"));
    let filled = found.and_then(|(_, endpoint)| endpoint.fill(&[reference.trim()]));
    filled.ok_or_else(|| ProblemCode::InvalidInput.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::snapshot::Network;

    fn call(part: &WalletPart) -> String {
        let asked = asked(part).unwrap();
        let query: Vec<String> = asked.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {}", asked.path, query.join("&"))
    }

    #[test]
    fn each_part_is_one_call_that_the_permission_to_read_the_wallet_opens() {
        let reference = || "OFF-A1B2".to_owned();
        let parts = [
            (WalletPart::Portfolio { network: Network::BnbSmartChain }, "/evm/portfolio/56 "),
            (WalletPart::Portfolio { network: Network::Solana }, "/solana/portfolio "),
            (WalletPart::Sales { page: 2 }, "/offramp/ledger/history page=2&limit=25"),
            (WalletPart::Sale { reference: reference() }, "/offramp/ledger/status/OFF-A1B2 "),
            (WalletPart::Bills { page: 0 }, "/bills/records page=1&limit=25"),
            (WalletPart::Deposits { page: 1 }, "/transactions page=1&limit=25&type=CREDIT"),
            (WalletPart::Deposit { reference: reference() }, "/wallet/deposit/status/OFF-A1B2 "),
        ];
        for (part, expected) in parts {
            assert_eq!(call(&part), expected);
            let (permission, _) = permission::find(Method::Get, &asked(&part).unwrap().path).unwrap();
            assert_eq!(permission.scope, monei::Scope::WalletRead);
        }
        for network in Network::ALL {
            assert!(asked(&WalletPart::Portfolio { network }).is_ok(), "{network:?}");
        }
    }

    #[test]
    fn a_reference_that_leads_elsewhere_is_refused_before_anything_is_sent() {
        for reference in ["", " ", "..", "../../user/me", "a/b", "a?b=c", "a b", "%2e%2e", "ä", &"x".repeat(129)] {
            let refused = |part: WalletPart| asked(&part).unwrap_err().code;
            assert_eq!(refused(WalletPart::Sale { reference: reference.into() }), ProblemCode::InvalidInput, "{reference}");
            assert_eq!(refused(WalletPart::Deposit { reference: reference.into() }), ProblemCode::InvalidInput, "{reference}");
        }
    }

    #[test]
    fn a_reference_that_monei_does_not_know_is_an_answer_and_a_missing_list_is_none() {
        let found = parsed(&WalletPart::Deposit { reference: "x".into() }, None).unwrap();
        assert_eq!(found, WalletPartData::Deposit(DepositFound { deposit: None }));
        assert_eq!(parsed(&WalletPart::Bills { page: 1 }, None).unwrap_err().code, ProblemCode::AnswerUnreadable);
    }
}
