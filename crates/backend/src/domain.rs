//! Rules without HTTP, store or clock: what an answer of Monei's means, and when a refusal is believed.

pub(crate) mod budget;
pub(crate) mod refusal;
pub(crate) mod verdict;
pub(crate) mod words;
