//! The read endpoints below `/api/v1`: token, then scope, then data.

use axum::Json;
use axum::body::Body;
use axum::extract::{MatchedPath, RawPathParams, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use monei::Scope;
use serde_json::{Map, Value, json};

use crate::model::World;
use crate::model::fields::Fields;
use crate::model::grants::Grant;
use crate::model::people::Person;
use crate::model::switches::{BankList, BillPaths, Envelope, KycBlocks, OldPaths, Switches, TransactionsPath};
use crate::model::timeline::{Party, Step, listed};
use crate::monei::call::{Answer, Call};
use crate::monei::data::{banks, billers, bills, crypto, offramp, offramp_market, profile, transactions, wallet};
use crate::shared::Shared;
use crate::web::body::{self, Media};
use crate::web::entry::{cannot, own_address};
use crate::web::nest::{NestError, Trace, traced};

/// One endpoint.
pub(crate) struct Route {
    /// Path below `/api/v1`, in the router's notation.
    pub(crate) path: &'static str,
    scope: Scope,
    data: fn(&Call<'_>) -> Result<Answer, NestError>,
    served: fn(&Switches) -> bool,
}

const fn open(path: &'static str, scope: Scope, data: fn(&Call<'_>) -> Result<Answer, NestError>) -> Route {
    Route { path, scope, data, served: |_| true }
}

const fn open_where(
    path: &'static str,
    scope: Scope,
    data: fn(&Call<'_>) -> Result<Answer, NestError>,
    served: fn(&Switches) -> bool,
) -> Route {
    Route { path, scope, data, served }
}

const BUY: fn(&Switches) -> bool = |switches| !matches!(switches.bill_paths, BillPaths::Pay);
const OLD: fn(&Switches) -> bool = |switches| matches!(switches.old_paths, OldPaths::On);

/// Every read endpoint (Monei: scopes page), then those of `bills:pay`, `swap:execute` and `offramp:execute` as inferred.
pub(crate) static ROUTES: [Route; 29] = [
    open("/user/me", Scope::ProfileRead, profile::me),
    open("/kyc/status", Scope::KycRead, profile::kyc_status),
    open("/kyc/limits", Scope::KycRead, profile::kyc_limits),
    open("/wallet/me", Scope::WalletRead, wallet::me),
    open("/wallet/naira-wallet", Scope::WalletRead, wallet::naira),
    open("/wallet/deposit/status/{reference}", Scope::WalletRead, wallet::deposit_status),
    open_where("/transactions", Scope::WalletRead, transactions::list, |switches| {
        !matches!(switches.transactions_path, TransactionsPath::User)
    }),
    open_where("/transactions/user", Scope::WalletRead, transactions::list, |switches| {
        !matches!(switches.transactions_path, TransactionsPath::Transactions)
    }),
    open("/evm/portfolio/{chain_id}", Scope::WalletRead, crypto::evm_portfolio),
    open("/evm/balance/native", Scope::WalletRead, crypto::evm_native),
    open("/evm/balance/token", Scope::WalletRead, crypto::evm_token),
    open("/solana/portfolio", Scope::WalletRead, crypto::solana_portfolio),
    open("/solana/balance", Scope::WalletRead, crypto::solana_balance),
    open("/solana/address", Scope::WalletRead, crypto::solana_address),
    open("/bills/records", Scope::WalletRead, bills::records),
    open_where("/bills/history", Scope::WalletRead, bills::history, OLD),
    open("/offramp/ledger/history", Scope::WalletRead, offramp::history),
    open("/offramp/ledger/status/{reference}", Scope::WalletRead, offramp::status),
    open("/bills/discovery/biller-items/{category}/{biller_name}", Scope::BillsPay, billers::items),
    open_where("/bills/get-biller-items/{category}/{biller_name}", Scope::BillsPay, billers::items, BUY),
    open_where("/bills/discovery/electricity-operators", Scope::BillsPay, billers::electricity, |switches| {
        !matches!(switches.bill_paths, BillPaths::Buy)
    }),
    open_where("/bills/discovery/electricity", Scope::BillsPay, billers::electricity, BUY),
    open("/solana-exchange/quote/sol-to-token", Scope::SwapExecute, crypto::solana_quote),
    open("/solana-exchange/quote/token-to-sol", Scope::SwapExecute, crypto::solana_quote),
    open("/solana-exchange/quote/token-to-token", Scope::SwapExecute, crypto::solana_quote),
    open_where("/solana-exchange/quote", Scope::SwapExecute, crypto::solana_quote, OLD),
    open("/offramp/exchange/assets", Scope::OfframpExecute, offramp_market::assets),
    open("/offramp/exchange/quote", Scope::OfframpExecute, offramp_market::quote),
    open("/offramp/payouts/banks", Scope::OfframpExecute, banks::offramp),
];

/// What exists at Monei and is in no scope's list: method and path. A Connect token gets 403 there.
pub(crate) static CLOSED: [(Method, &str); 18] = [
    (Method::GET, "/evm/networks"),
    (Method::GET, "/solana/token-balance/{mint}"),
    (Method::GET, "/transactions/{id}"),
    (Method::GET, "/transactions/reference/{reference}"),
    (Method::GET, "/bills/records/reference/{reference}"),
    (Method::GET, "/bills/records/receipt/{id}"),
    (Method::GET, "/wallet/utils/banks"),
    (Method::POST, "/wallet/utils/verify-bank-account"),
    (Method::POST, "/wallet/virtual-account"),
    (Method::POST, "/wallet/deposit/authorize"),
    (Method::POST, "/wallet/deposit/payment-method"),
    (Method::GET, "/payment-methods"),
    (Method::POST, "/payment-methods"),
    (Method::GET, "/payment-methods/{id}"),
    (Method::DELETE, "/payment-methods/{id}"),
    (Method::PATCH, "/payment-methods/{id}/default"),
    (Method::PATCH, "/user/update/{id}"),
    (Method::POST, "/wallet/kyc/bvn"),
];

/// Answers any of [`CLOSED`].
pub(crate) async fn closed(State(shared): State<Shared>, matched: MatchedPath, headers: HeaderMap, request: Body) -> Response {
    let body = body::read(request).await;
    let world = shared.world();
    if world.switches.bank_list == BankList::Public {
        match matched.as_str().strip_prefix("/api/v1").unwrap_or_default() {
            "/wallet/utils/banks" => {
                let banks = wrap(world.switches.envelope, StatusCode::OK, "Banks retrieved successfully", banks::list());
                return Json(banks).into_response();
            }
            "/wallet/utils/verify-bank-account" => return traced(verify(&world, &headers, body), Trace::default()),
            _ => {}
        }
    }
    let mut trace = Trace::default();
    traced(admit(&world, &headers, None, &mut trace).map(|_| Response::default()), trace)
}

/// The check of a bank account, open to everybody.
fn verify(world: &World, headers: &HeaderMap, body: Result<axum::body::Bytes, NestError>) -> Result<Response, NestError> {
    let text = |body: &Map<String, Value>, name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let body: Map<String, Value> = match body::media(headers) {
        Media::Json => body::object(&body?)?,
        _ => Map::new(),
    };
    let account = text(&body, "accountNumber").filter(|digits| digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit()));
    let account = account.ok_or_else(|| NestError::invalid(vec!["accountNumber must be a number string of 10 digits".to_owned()]))?;
    let bank = text(&body, "bank").and_then(|code| banks::BANKS.iter().find(|bank| bank.code == code));
    let bank = bank.ok_or_else(|| NestError::bad_request("Invalid bank code"))?;
    let data = json!({"accountName": "SANDBOX ACCOUNT", "accountNumber": account, "bankCode": bank.code, "bankName": bank.name});
    let body = wrap(world.switches.envelope, StatusCode::OK, "Account verified successfully", data);
    Ok(Json(body).into_response())
}

/// Answers any of [`ROUTES`].
pub(crate) async fn read(
    State(shared): State<Shared>,
    matched: MatchedPath,
    params: RawPathParams,
    RawQuery(query): RawQuery,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let path = matched.as_str().strip_prefix("/api/v1").unwrap_or_default();
    let world = shared.world();
    let route = ROUTES.iter().find(|route| route.path == path && (route.served)(&world.switches));
    let Some(route) = route else { return cannot(&method, &uri).into_response() };
    let params = params.iter().map(|(_, value)| value.to_owned()).collect();
    let mut trace = Trace::default();
    traced(answer(&world, route, &headers, query.as_deref().unwrap_or_default(), params, &mut trace), trace)
}

fn answer(
    world: &World,
    route: &Route,
    headers: &HeaderMap,
    query: &str,
    params: Vec<String>,
    trace: &mut Trace,
) -> Result<Response, NestError> {
    let person = admit(world, headers, Some(&route.scope), trace)?;
    let query = Fields::parse(query.as_bytes()).map_err(|_| NestError::bad_request("The query can't be read"))?;
    let call =
        Call { person, switches: &world.switches, ledger: &world.ledger, now: world.now(), query, params, own: own_address(headers) };
    let body = match (route.data)(&call)? {
        Answer::Usual(message, data) => wrap(world.switches.envelope, StatusCode::OK, message, data),
        Answer::Capital(message, data) => wrap(Envelope::Capital, StatusCode::OK, message, data),
        Answer::Bare(data) => data,
    };
    Ok((StatusCode::OK, Json(body)).into_response())
}

/// Checks token, then scope, then what the KYC tier closes. Whose token it was is noted in `trace`, whatever comes of it.
pub(crate) fn admit(world: &World, headers: &HeaderMap, scope: Option<&Scope>, trace: &mut Trace) -> Result<&'static Person, NestError> {
    trace.step = Some(Step::Call);
    let refused = |why: String| NestError::unauthorized().because(why);
    let token = bearer(headers).map_err(|why| refused(why.to_owned()))?;
    let now = world.now();
    if let Some(grant) = world.grants.owner_of_access(token) {
        trace.party = grant.party();
    }
    let grant = world.grants.by_access(token).filter(|grant| grant.alive() && grant.access_expires > now);
    let grant = grant.ok_or_else(|| refused(world.grants.about_access(token, now)))?;
    let person = Person::find(&grant.user).ok_or_else(|| refused(format!("nobody is called {}", grant.user)))?;
    let carries = || format!("grant-{} carries {}", grant.id, listed(&grant.scopes));
    match scope {
        Some(scope) if grant.scopes.contains(scope) => {}
        Some(scope) => return Err(NestError::forbidden(format!("Insufficient scope: {scope} is required")).because(carries())),
        None => return Err(NestError::forbidden("Insufficient scope").because("this endpoint is in no scope's list")),
    }
    if person.blocked && world.switches.kyc_blocks == KycBlocks::WalletReads && scope == Some(&Scope::WalletRead) {
        return Err(NestError::forbidden("KYC tier limit exceeded").because("the switch kyc_blocks stops this person's wallet reads"));
    }
    Ok(person)
}

/// Whose call it is, where it never gets as far as [`admit`].
pub(crate) fn caller(world: &World, headers: &HeaderMap) -> Party {
    bearer(headers).ok().and_then(|token| world.grants.owner_of_access(token)).map(Grant::party).unwrap_or_default()
}

/// The token of exactly one `Authorization: Bearer …` header, or what is wrong with the headers.
fn bearer(headers: &HeaderMap) -> Result<&str, &'static str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err("there is more than one Authorization header"),
        (None, _) if headers.contains_key("x-api-key") => return Err("X-API-KEY is for API keys; a Connect token goes into Authorization"),
        (None, _) => return Err("there is no Authorization header"),
    };
    let text = value.to_str().map_err(|_| "the Authorization header isn't visible ASCII")?;
    let (scheme, token) = text.split_once(' ').ok_or("the Authorization header isn't \"Bearer\", a space and a token")?;
    match token.trim() {
        _ if !scheme.eq_ignore_ascii_case("bearer") => Err("the Authorization header's scheme isn't Bearer"),
        "" => Err("the Authorization header has no token"),
        token => Ok(token),
    }
}

/// Puts data into the envelope that is switched on.
pub(crate) fn wrap(envelope: Envelope, code: StatusCode, message: &str, data: Value) -> Value {
    let status = if envelope == Envelope::Capital { "StatusCode" } else { "statusCode" };
    if envelope == Envelope::Bare {
        return data;
    }
    let mut body = Map::new();
    body.insert(status.to_owned(), json!(code.as_u16()));
    body.insert("message".to_owned(), json!(message));
    body.insert("data".to_owned(), data);
    if envelope == Envelope::WithErrors {
        body.insert("errors".to_owned(), json!({}));
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_is_read_only_from_one_bearer_header(
            values in proptest::collection::vec(prop_oneof!["(Bearer|bearer|Basic|) {0,2}[A-Za-z0-9_]{0,12} {0,1}".prop_map(String::into_bytes), proptest::collection::vec(any::<u8>(), 0..20)], 0..3),
        ) {
            let mut headers = HeaderMap::new();
            for value in values {
                if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                    headers.append(header::AUTHORIZATION, value);
                }
            }
            match bearer(&headers) {
                Ok(token) => {
                    prop_assert!(!token.is_empty() && token.trim() == token && headers.get_all(header::AUTHORIZATION).iter().count() == 1);
                    let header = headers[header::AUTHORIZATION].to_str().unwrap();
                    prop_assert!(header.to_ascii_lowercase().starts_with("bearer ") && header.ends_with(|_| true) && header.contains(token));
                }
                Err(why) => prop_assert!(!why.is_empty()),
            }
        }
    }
}
