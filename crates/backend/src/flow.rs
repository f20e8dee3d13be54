//! What can be asked of this backend, step by step: each flow is a struct with the ports that it needs, and `run` takes an input to an outcome.
//! No HTTP here: a flow knows neither headers nor statuses.

pub(crate) mod answers;
pub(crate) mod callback;
pub(crate) mod gate;
pub(crate) mod health;
pub(crate) mod once;
pub(crate) mod redeem;
pub(crate) mod refresh;
pub(crate) mod refusals;
pub(crate) mod revoke;
pub(crate) mod standing;
pub(crate) mod start;
pub(crate) mod under_way;
