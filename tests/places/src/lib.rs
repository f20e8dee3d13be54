//! The program as it is packaged, in every kind of place where people run it: displays, sizes, keychains, looks, networks,
//! environments. Nothing drives it: what it shows is read from the screen and from what it tells screen readers, and input comes from
//! outside, as a person's does. `cargo xtask test --places` builds and runs it; docs/places.md says what is tried where.

#![cfg(target_os = "linux")]

mod activation;
pub mod cases;
pub mod desk;
mod environments;
mod first_minutes;
mod keychains;
mod looks;
mod networks;
pub mod picture;
mod portal;
mod program;
mod screen;
mod services;
mod start_time;
pub mod table;
mod unasked;
mod ways;
mod web_process;
mod words;
