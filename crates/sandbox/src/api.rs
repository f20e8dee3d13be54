//! The read endpoints below `/api/v1`: token, then scope, then data.

use axum::Json;
use axum::extract::{MatchedPath, RawPathParams, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use monei::Scope;
use serde_json::{Map, Value, json};

use crate::clock::Millis;
use crate::data::{billers, bills, crypto, offramp, offramp_market, profile, transactions, wallet};
use crate::entry::cannot;
use crate::fields::Fields;
use crate::ledger::Ledger;
use crate::nest::{Holder, NestError};
use crate::people::Person;
use crate::sandbox::{Sandbox, Store};
use crate::switches::{Envelope, KycBlocks, Switches, TransactionsPath};

/// What a data function knows of a call.
pub(crate) struct Call<'a> {
    pub(crate) person: &'static Person,
    pub(crate) switches: &'a Switches,
    pub(crate) now: Millis,
    pub(crate) ledger: &'a Ledger,
    pub(crate) query: Fields,
    /// The variable parts of the path.
    pub(crate) params: Vec<String>,
}

impl Call<'_> {
    /// The first variable part of the path; empty where there is none.
    pub(crate) fn param(&self) -> &str {
        self.params.first().map_or("", String::as_str)
    }
}

/// What it answers.
pub(crate) enum Answer {
    /// In the usual envelope, with this message.
    Usual(&'static str, Value),
    /// In the envelope whose status is spelt `StatusCode`, whatever is switched on.
    Capital(&'static str, Value),
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

/// Every read endpoint (Monei: scopes page), those of `bills:pay` and `offramp:execute` as inferred, then those that exist but are in
/// no scope's list.
pub(crate) static ROUTES: [Route; 29] = [
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
    open("/bills/discovery/biller-items/{category}/{biller_name}", Scope::BillsPay, billers::items),
    open("/bills/discovery/electricity-operators", Scope::BillsPay, billers::electricity),
    open("/offramp/exchange/assets", Scope::OfframpExecute, offramp_market::assets),
    open("/offramp/exchange/quote", Scope::OfframpExecute, offramp_market::quote),
    open("/offramp/payouts/banks", Scope::OfframpExecute, offramp_market::banks),
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
    let params = params.iter().map(|(_, value)| value.to_owned()).collect();
    let answered = answer(&store, route, &headers, query.as_deref().unwrap_or_default(), params);
    told(answered)
}

fn answer(store: &Store, route: &Route, headers: &HeaderMap, query: &str, params: Vec<String>) -> Result<(Holder, Response), NestError> {
    let (person, holder) = admit(store, headers, route.scope.as_ref())?;
    let query = Fields::parse(query.as_bytes()).map_err(|_| NestError::bad_request("The query can't be read"))?;
    let call = Call { person, switches: &store.switches, ledger: &store.ledger, now: store.now(), query, params };
    let body = match (route.data)(&call).map_err(|error| error.held_by(&holder))? {
        Answer::Usual(message, data) => wrap(store.switches.envelope, StatusCode::OK, message, data),
        Answer::Capital(message, data) => wrap(Envelope::Capital, StatusCode::OK, message, data),
        Answer::Bare(data) => data,
    };
    Ok((holder, (StatusCode::OK, Json(body)).into_response()))
}

/// Checks token, then scope, then what the KYC tier closes.
pub(crate) fn admit(store: &Store, headers: &HeaderMap, scope: Option<&Scope>) -> Result<(&'static Person, Holder), NestError> {
    let token = bearer(headers).ok_or_else(NestError::unauthorized)?;
    let now = store.now();
    let grant =
        store.grants.by_access(token).filter(|grant| grant.alive() && grant.access_expires > now).ok_or_else(NestError::unauthorized)?;
    let person = Person::find(&grant.user).ok_or_else(NestError::unauthorized)?;
    let holder = Holder(format!("{}, grant-{}", person.id, grant.id));
    match scope {
        Some(scope) if grant.scopes.contains(scope) => {}
        Some(scope) => return Err(NestError::forbidden(format!("Insufficient scope: {scope} is required")).held_by(&holder)),
        None => return Err(NestError::forbidden("Insufficient scope").held_by(&holder)),
    }
    if person.blocked && store.switches.kyc_blocks == KycBlocks::WalletReads && scope == Some(&Scope::WalletRead) {
        return Err(NestError::forbidden("KYC tier limit exceeded").held_by(&holder));
    }
    Ok((person, holder))
}

/// The token of exactly one `Authorization: Bearer …` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// The answer with a note of whose token it was.
pub(crate) fn told(answered: Result<(Holder, Response), NestError>) -> Response {
    match answered {
        Ok((holder, mut response)) => {
            response.extensions_mut().insert(holder);
            response
        }
        Err(error) => error.into_response(),
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
