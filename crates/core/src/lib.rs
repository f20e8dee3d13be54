//! skeleton
#![allow(missing_docs)]
pub mod feature;
pub mod problem;
pub mod view;
