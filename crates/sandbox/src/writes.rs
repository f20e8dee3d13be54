//! The write endpoints below `/api/v1`: token, scope, body, PIN, KYC limits, and then the money moves in this sandbox.
//! Bodies and results as Monei's SDKs have them; what is inferred says so at its function.

mod bills;
mod deposits;
mod dto;
mod offramp;
mod spending;
mod swaps;
mod transfers;

use axum::Json;
use axum::body::Body;
use axum::extract::{MatchedPath, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use monei::Scope;
use serde_json::Value;

use crate::api::{admit, told, wrap};
use crate::body::{self, Media};
use crate::clock::Millis;
use crate::entry::{cannot, own_address};
use crate::fields::Fields;
use crate::ledger::Ledger;
use crate::nest::{Holder, NestError};
use crate::people::Person;
use crate::sandbox::{Sandbox, Store};
use crate::switches::Switches;
use dto::Dto;

/// What a write function works on.
pub(crate) struct Order<'a> {
    person: &'static Person,
    switches: &'a Switches,
    ledger: &'a mut Ledger,
    now: Millis,
    query: Fields,
    body: Dto,
    /// The sandbox's own address.
    own: String,
}

impl Order<'_> {
    /// Refuses a body that didn't validate.
    fn checked(&mut self) -> Result<(), NestError> {
        std::mem::replace(&mut self.body, Dto::new(serde_json::Map::new(), self.switches.unknown_fields)).finish()
    }
}

/// What it answers: a status, a message, data.
type Done = Result<(StatusCode, &'static str, Value), NestError>;

/// One endpoint.
pub(crate) struct Route {
    /// Path below `/api/v1`.
    pub(crate) path: &'static str,
    /// The scope that opens it; `None`: no scope does, a Connect token gets 403.
    pub(crate) scope: Option<Scope>,
    act: fn(Order<'_>) -> Done,
}

const fn open(path: &'static str, scope: Scope, act: fn(Order<'_>) -> Done) -> Route {
    Route { path, scope: Some(scope), act }
}

/// Every write endpoint. `swap:execute`, `bills:pay` and `offramp:execute` as inferred: Monei's lists of theirs were not seen whole.
pub(crate) static ROUTES: [Route; 24] = [
    open("/wallet/deposit", Scope::WalletDeposit, deposits::start),
    open("/wallet/deposit/payment-link", Scope::WalletDeposit, deposits::link),
    open("/wallet/payout/transfer", Scope::WalletSend, transfers::transfer),
    open("/wallet/payout/bank-transfer", Scope::WalletWithdraw, transfers::bank_transfer),
    open("/evm-exchange/native-to-token", Scope::SwapExecute, swaps::native_to_token),
    open("/evm-exchange/token-to-token", Scope::SwapExecute, swaps::token_to_token),
    open("/evm-exchange/token-to-native", Scope::SwapExecute, swaps::token_to_native),
    open("/evm-exchange/price/native-to-token", Scope::SwapExecute, swaps::price_native_to_token),
    open("/evm-exchange/price/token-to-token", Scope::SwapExecute, swaps::price_token_to_token),
    open("/evm-exchange/price/token-to-native", Scope::SwapExecute, swaps::price_token_to_native),
    open("/evm/send/native", Scope::SwapExecute, swaps::send_native),
    open("/evm/send/token", Scope::SwapExecute, swaps::send_token),
    open("/solana/transfer", Scope::SwapExecute, swaps::solana_send),
    open("/solana/transfer-token", Scope::SwapExecute, swaps::solana_send_token),
    open("/solana-exchange/swap-sol-to-token", Scope::SwapExecute, swaps::sol_to_token),
    open("/solana-exchange/swap-token-to-token", Scope::SwapExecute, swaps::solana_token_to_token),
    open("/solana-exchange/swap-token-to-sol", Scope::SwapExecute, swaps::token_to_sol),
    open("/bills/validation/customer", Scope::BillsPay, bills::validate),
    open("/bills/pay/airtime", Scope::BillsPay, bills::airtime),
    open("/bills/pay/data", Scope::BillsPay, bills::data),
    open("/bills/pay/electricity", Scope::BillsPay, bills::electricity),
    open("/bills/pay/cable-tv", Scope::BillsPay, bills::cable_tv),
    open("/offramp/exchange/initiate", Scope::OfframpExecute, offramp::initiate),
    open("/offramp/payouts/verify", Scope::OfframpExecute, offramp::verify),
];

/// Exists, and is in no scope's list.
pub(crate) static CLOSED: [Route; 1] =
    [Route { path: "/wallet/utils/verify-bank-account", scope: None, act: |_| Err(NestError::forbidden("Insufficient scope")) }];

/// Answers any of [`ROUTES`] and [`CLOSED`].
pub(crate) async fn write(
    State(sandbox): State<Sandbox>,
    matched: MatchedPath,
    RawQuery(query): RawQuery,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    request: Body,
) -> Response {
    let path = matched.as_str().strip_prefix("/api/v1").unwrap_or_default();
    let Some(route) = ROUTES.iter().chain(&CLOSED).find(|route| route.path == path) else { return cannot(&method, &uri).into_response() };
    let body = body::read(request).await;
    let mut store = sandbox.store();
    told(answer(&mut store, route, &headers, query.as_deref().unwrap_or_default(), body))
}

fn answer(
    store: &mut Store,
    route: &Route,
    headers: &HeaderMap,
    query: &str,
    body: Result<axum::body::Bytes, NestError>,
) -> Result<(Holder, Response), NestError> {
    let (person, holder) = admit(store, headers, route.scope.as_ref())?;
    let query = Fields::parse(query.as_bytes()).map_err(|_| NestError::bad_request("The query can't be read"))?;
    let body = match body::media(headers) {
        Media::Json => serde_json::from_slice(&body?).map_err(|_| NestError::bad_request("The body is not a JSON object"))?,
        // What isn't parsed reads as an empty body.
        _ => serde_json::Map::new(),
    };
    let now = store.now();
    let body = Dto::new(body, store.switches.unknown_fields);
    let Store { switches, ledger, .. } = store;
    let order = Order { person, switches, ledger, now, query, body, own: own_address(headers) };
    let (status, message, data) = (route.act)(order).map_err(|error| error.held_by(&holder))?;
    let body = wrap(store.switches.envelope, status, message, data);
    Ok((holder, (status, Json(body)).into_response()))
}
