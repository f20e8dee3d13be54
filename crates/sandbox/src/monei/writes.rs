//! The write endpoints below `/api/v1`: token, scope, body, PIN, KYC limits, and then the money moves in this sandbox.
//! Bodies and results as Monei's SDKs have them; what is inferred says so at its function.

mod bills;
mod deposits;
mod dto;
mod offramp;
mod order;
mod spending;
mod swaps;
mod transfers;

use axum::Json;
use axum::body::Body;
use axum::extract::{MatchedPath, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, Uri};
use monei::Scope;

use crate::model::World;
use crate::model::fields::Fields;
use crate::model::switches::{BillPaths, OldPaths, Switches};
use crate::monei::api::{admit, wrap};
use crate::shared::Shared;
use crate::web::body::{self, Media};
use crate::web::entry::{cannot, own_address};
use crate::web::nest::{NestError, Trace, traced};
use dto::Dto;
use order::{Done, Order, Well};

/// One endpoint.
pub(crate) struct Route {
    /// Path below `/api/v1`.
    pub(crate) path: &'static str,
    scope: Scope,
    act: fn(Order<'_>) -> Done,
    served: fn(&Switches) -> bool,
    /// Called by the Python package 0.1.3 alone.
    old: bool,
}

const fn open(path: &'static str, scope: Scope, act: fn(Order<'_>) -> Done) -> Route {
    Route { path, scope, act, served: |_| true, old: false }
}

/// A way of paying bills.
const fn bill(path: &'static str, act: fn(Order<'_>) -> Done, served: fn(&Switches) -> bool) -> Route {
    Route { path, scope: Scope::BillsPay, act, served, old: false }
}

const fn old(path: &'static str, scope: Scope, act: fn(Order<'_>) -> Done) -> Route {
    Route { path, scope, act, served: |switches| matches!(switches.old_paths, OldPaths::On), old: true }
}

const PAY: fn(&Switches) -> bool = |switches| !matches!(switches.bill_paths, BillPaths::Buy);
const BUY: fn(&Switches) -> bool = |switches| !matches!(switches.bill_paths, BillPaths::Pay);

/// Every write endpoint. `swap:execute`, `bills:pay` and `offramp:execute` as inferred: Monei's lists of theirs were not seen whole.
pub(crate) static ROUTES: [Route; 34] = [
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
    bill("/bills/pay/airtime", bills::airtime, PAY),
    bill("/bills/pay/data", bills::data, PAY),
    bill("/bills/pay/electricity", bills::electricity, PAY),
    bill("/bills/pay/cable-tv", bills::cable_tv, PAY),
    bill("/bills/buy-airtime", bills::airtime, BUY),
    bill("/bills/buy-mobile-data", bills::data, BUY),
    bill("/bills/buy-electricity", bills::electricity, BUY),
    bill("/bills/subscribe-cable-tv", bills::cable_tv, BUY),
    open("/offramp/exchange/initiate", Scope::OfframpExecute, offramp::initiate),
    open("/offramp/payouts/verify", Scope::OfframpExecute, offramp::verify),
    old("/wallet/user/fund-wallet", Scope::WalletDeposit, deposits::link),
    old("/wallet/withdrawals", Scope::WalletWithdraw, transfers::bank_transfer),
    old("/wallet/peer-transfer", Scope::WalletSend, transfers::transfer),
    old("/evm-exchange/quote/native-to-token", Scope::SwapExecute, swaps::price_native_to_token),
    old("/evm-exchange/quote/token-to-token", Scope::SwapExecute, swaps::price_token_to_token),
    old("/bills/validate", Scope::BillsPay, bills::validate),
];

/// Answers any of [`ROUTES`].
pub(crate) async fn write(
    State(shared): State<Shared>,
    matched: MatchedPath,
    RawQuery(query): RawQuery,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    request: Body,
) -> Response {
    let path = matched.as_str().strip_prefix("/api/v1").unwrap_or_default();
    let body = body::read(request).await;
    let mut world = shared.world();
    let route = ROUTES.iter().find(|route| route.path == path && (route.served)(&world.switches));
    let Some(route) = route else { return cannot(&method, &uri).into_response() };
    let mut trace = Trace::default();
    traced(answer(&mut world, route, &headers, query.as_deref().unwrap_or_default(), body, &mut trace), trace)
}

fn answer(
    world: &mut World,
    route: &Route,
    headers: &HeaderMap,
    query: &str,
    body: Result<axum::body::Bytes, NestError>,
    trace: &mut Trace,
) -> Result<Response, NestError> {
    let person = admit(world, headers, Some(&route.scope), trace)?;
    let query = Fields::parse(query.as_bytes()).map_err(|_| NestError::bad_request("The query can't be read"))?;
    let mut unread = None;
    let body = match body::media(headers) {
        Media::Json => body::object(&body?)?,
        // What isn't parsed reads as an empty body.
        media => {
            unread = media.unread(headers);
            serde_json::Map::new()
        }
    };
    let now = world.now();
    let body = Dto::new(body, world.switches.unknown_fields);
    let World { switches, ledger, .. } = world;
    let order = Order { person, switches, ledger, now, query, body, own: own_address(headers), old: route.old };
    let Well { sort, message, data } = (route.act)(order).map_err(|error| match unread {
        Some(why) => error.because(why),
        None => error,
    })?;
    let (status, said) = sort.statuses(&world.switches);
    let body = wrap(world.switches.envelope, said, message, data);
    Ok((status, Json(body)).into_response())
}
