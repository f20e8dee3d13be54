//! Listening sockets that systemd kept while no backend ran. They are told apart by name (`FileDescriptorName=`), may be any number, and may be
//! on an address or in the file system. One that isn't used stops the start: it would swallow its callers.

use connect_backend::Listener;

/// Sockets by what is served on them.
#[derive(Debug, Default)]
pub struct Inherited {
    /// For callers.
    pub public: Vec<Listener>,
    /// For health and metrics.
    pub private: Vec<Listener>,
}

/// What a socket is for.
#[cfg(any(unix, test))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Public,
    Private,
}

/// By its name, which is its unit's where none is set. One that has no name is for callers if it is the only one.
#[cfg(any(unix, test))]
fn use_of(name: &str, count: usize) -> Result<Use, String> {
    match name {
        "callers" | "connect-backend.socket" => Ok(Use::Public),
        "private" | "connect-backend-private.socket" => Ok(Use::Private),
        "" | "unknown" if count == 1 => Ok(Use::Public),
        other => Err(format!(
            "A socket named {:?} was handed over, and nothing is served on it; FileDescriptorName= must be callers or private.",
            other.chars().take(40).collect::<String>()
        )),
    }
}

/// Takes what was handed over.
///
/// # Errors
/// One sentence that names the socket that can't be used.
#[cfg(unix)]
pub fn inherited() -> Result<Inherited, String> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let names: Vec<&str> = names.split(':').collect();
    let mut sockets = listenfd::ListenFd::from_env();
    let count = sockets.len();
    let mut inherited = Inherited::default();
    for at in 0..count {
        let name = names.get(at).copied().unwrap_or_default();
        let list = match use_of(name, count)? {
            Use::Public => &mut inherited.public,
            Use::Private => &mut inherited.private,
        };
        list.push(take(&mut sockets, at).map_err(|error| format!("The socket named {name:?} can't be used ({error})."))?);
    }
    Ok(inherited)
}

#[cfg(unix)]
fn take(sockets: &mut listenfd::ListenFd, at: usize) -> std::io::Result<Listener> {
    if let Ok(Some(socket)) = sockets.take_tcp_listener(at) {
        socket.set_nonblocking(true)?;
        return tokio::net::TcpListener::from_std(socket).map(Listener::Tcp);
    }
    match sockets.take_unix_listener(at)? {
        Some(socket) => {
            socket.set_nonblocking(true)?;
            tokio::net::UnixListener::from_std(socket).map(Listener::Unix)
        }
        None => Err(std::io::Error::other("it was taken already")),
    }
}

/// Only systemd hands sockets over.
#[cfg(not(unix))]
pub fn inherited() -> Result<Inherited, String> {
    Ok(Inherited::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_told_apart_by_name_and_an_unused_one_is_refused() {
        assert_eq!(use_of("callers", 3), Ok(Use::Public));
        assert_eq!(use_of("connect-backend.socket", 2), Ok(Use::Public));
        assert_eq!(use_of("private", 2), Ok(Use::Private));
        assert_eq!(use_of("", 1), Ok(Use::Public));
        assert!(use_of("", 2).is_err() && use_of("unknown", 2).is_err());
        assert!(use_of("metrics", 1).unwrap_err().contains("metrics"));
    }
}
