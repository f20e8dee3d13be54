//! The read endpoints below `/api/v1`: token, then scope, then data.

use axum::Json;
use axum::extract::{MatchedPath, RawPathParams, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use monei::Scope;
use serde_json::{Map, Value, json};

use crate::clock::Millis;
use crate::data::{bills, crypto, offramp, profile, transactions, wallet};
use crate::entry::cannot;
use crate::fields::Fields;
use crate::nest::NestError;
use crate::people::Person;
use crate::sandbox::{Sandbox, Store};
use crate::switches::{Envelope, KycBlocks, Switches, TransactionsPath};

/// What a data function knows of a call.
pub(crate) struct Call<'a> {
    pub(crate) person: &'static Person,
    pub(crate) switches: &'a Switches,
    pub(crate) now: Millis,
    pub(crate) query: Fields,
    /// The variable part of the path; empty where there is none.
    pub(crate) param: String,
}

/// What it answers.
pub(crate) enum Answer {
    /// In the usual envelope, with this message.
    Usual(&'static str, Value),
    /// As it is, where Monei has no envelope.
    Bare(Value),
}

/// One endpoint.
pub(crate) struct Route {
    /// Path below `/api/v1`, in the router's notation.
    pub(crate) path: &'static str,
    /// The scope that opens it; `None`: no scope does, a Connect token gets 403.
    pub(crate) scope: Option<Scope>,
    data: fn(&Call<'_>) -> Result<Answer, NestError>,
}

const fn open(path: &'static str, scope: Scope, data: fn(&Call<'_>) -> Result<Answer, NestError>) -> Route {
    Route { path, scope: Some(scope), data }
}

const fn closed(path: &'static str) -> Route {
    Route { path, scope: None, data: |_| Err(NestError::forbidden("Insufficient scope")) }
}

/// Every read endpoint (Monei: scopes page), then those that exist but are in no scope's list.
pub(crate) static ROUTES: [Route; 24] = [
    open("/user/me", Scope::ProfileRead, profile::me),
    open("/kyc/status", Scope::KycRead, profile::kyc_status),
    open("/kyc/limits", Scope::KycRead, profile::kyc_limits),
    open("/wallet/me", Scope::WalletRead, wallet::me),
    open("/wallet/naira-wallet", Scope::WalletRead, wallet::naira),
    open("/wallet/deposit/status/{reference}", Scope::WalletRead, wallet::deposit_status),
    open("/transactions", Scope::WalletRead, transactions::list),
    open("/transactions/user", Scope::WalletRead, transactions::list),
    open("/evm/portfolio/{chain_id}", Scope::WalletRead, crypto::evm_portfolio),
    open("/evm/balance/native", Scope::WalletRead, crypto::evm_native),
    open("/evm/balance/token", Scope::WalletRead, crypto::evm_token),
    open("/solana/portfolio", Scope::WalletRead, crypto::solana_portfolio),
    open("/solana/balance", Scope::WalletRead, crypto::solana_balance),
    open("/solana/address", Scope::WalletRead, crypto::solana_address),
    open("/bills/records", Scope::WalletRead, bills::records),
    open("/offramp/ledger/history", Scope::WalletRead, offramp::history),
    open("/offramp/ledger/status/{reference}", Scope::WalletRead, offramp::status),
    closed("/evm/networks"),
    closed("/solana/token-balance/{mint}"),
    closed("/transactions/{id}"),
    closed("/transactions/reference/{reference}"),
    closed("/bills/records/reference/{reference}"),
    closed("/wallet/utils/banks"),
    closed("/payment-methods"),
];

/// Answers any of [`ROUTES`].
pub(crate) async fn read(
    State(sandbox): State<Sandbox>,
    matched: MatchedPath,
    params: RawPathParams,
    RawQuery(query): RawQuery,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let path = matched.as_str().strip_prefix("/api/v1").unwrap_or_default();
    let Some(route) = ROUTES.iter().find(|route| route.path == path) else { return cannot(&method, &uri).into_response() };
    let store = sandbox.store();
    let served = store.switches.transactions_path;
    if matches!((path, served), ("/transactions", TransactionsPath::User) | ("/transactions/user", TransactionsPath::Transactions)) {
        return cannot(&method, &uri).into_response();
    }
    let param = params.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default();
    answer(&store, route, &headers, query.as_deref().unwrap_or_default(), param).unwrap_or_else(IntoResponse::into_response)
}

fn answer(store: &Store, route: &Route, headers: &HeaderMap, query: &str, param: String) -> Result<Response, NestError> {
    let token = bearer(headers).ok_or_else(NestError::unauthorized)?;
    let now = store.now();
    let grant =
        store.grants.by_access(token).filter(|grant| grant.alive() && grant.access_expires > now).ok_or_else(NestError::unauthorized)?;
    let person = Person::find(&grant.user).ok_or_else(NestError::unauthorized)?;
    match &route.scope {
        Some(scope) if grant.scopes.contains(scope) => {}
        Some(scope) => return Err(NestError::forbidden(format!("Insufficient scope: {scope} is required"))),
        None => return Err(NestError::forbidden("Insufficient scope")),
    }
    if person.blocked && store.switches.kyc_blocks == KycBlocks::WalletReads && route.scope == Some(Scope::WalletRead) {
        return Err(NestError::forbidden("KYC tier limit exceeded"));
    }
    let query = Fields::parse(query.as_bytes()).map_err(|_| NestError::bad_request("The query can't be read"))?;
    let body = match (route.data)(&Call { person, switches: &store.switches, now, query, param })? {
        Answer::Usual(message, data) => wrap(store.switches.envelope, message, data),
        Answer::Bare(data) => data,
    };
    Ok((StatusCode::OK, Json(body)).into_response())
}

/// The token of exactly one `Authorization: Bearer …` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn wrap(envelope: Envelope, message: &str, data: Value) -> Value {
    let status = if envelope == Envelope::Capital { "StatusCode" } else { "statusCode" };
    if envelope == Envelope::Bare {
        return data;
    }
    let mut body = Map::new();
    body.insert(status.to_owned(), json!(200));
    body.insert("message".to_owned(), json!(message));
    body.insert("data".to_owned(), data);
    if envelope == Envelope::WithErrors {
        body.insert("errors".to_owned(), json!({}));
    }
    Value::Object(body)
}
