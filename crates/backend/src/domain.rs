//! Rules without HTTP, store or clock: what is sealed and proven, what an answer of Monei's means, when a refusal is believed, and who may call
//! Monei when.

pub(crate) mod budget;
pub(crate) mod digest;
pub(crate) mod network;
pub(crate) mod outcome;
pub(crate) mod problem;
pub(crate) mod proof;
pub(crate) mod refusal;
pub(crate) mod registration;
pub(crate) mod return_target;
pub(crate) mod seal;
pub(crate) mod settings;
pub(crate) mod tokens;
pub(crate) mod transaction;
pub(crate) mod verdict;
pub(crate) mod words;
