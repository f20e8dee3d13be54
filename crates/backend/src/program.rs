//! What only the program does, and an embedded backend doesn't: sockets that systemd hands over, the log, probes, a look at the environment.

pub mod log;
pub mod names;
pub mod probe;
pub mod sockets;
