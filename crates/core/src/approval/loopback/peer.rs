//! Whose a connection to the listener is. The start link stands in the launcher's arguments, where every user of the computer can read it,
//! and the nonce of the listener with it; so a connection counts only if its other end is a socket of this program's own user.

use std::net::SocketAddr;

/// Tells whether the socket at `peer`, connected to `own`, is of this program's own user.
pub(super) type IsOwn = fn(peer: SocketAddr, own: SocketAddr) -> bool;

/// Where the system tells whose a socket is: in `/proc/net/tcp` and, for sockets that speak both kinds of addresses, `/proc/net/tcp6`. A
/// socket that is in neither has no owner that can be told, and is refused.
#[cfg(target_os = "linux")]
pub(super) fn is_own(peer: SocketAddr, own: SocketAddr) -> bool {
    let us = rustix::process::geteuid().as_raw();
    // To read one takes the system some milliseconds, however few connections there are: the second only where the first hasn't got it.
    [procfs::net::tcp, procfs::net::tcp6].into_iter().any(|read| match read() {
        Ok(entries) => entries.iter().any(|entry| entry.uid == us && is_between(entry, peer, own)),
        Err(error) => {
            tracing::warn!(%error, "the system doesn't tell whose a connection is");
            false
        }
    })
}

/// Elsewhere no system call tells it without rights that this program doesn't have.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_own(_: SocketAddr, _: SocketAddr) -> bool {
    true
}

/// The peers of every connection to `own` that are sockets of this program's own user: for a listener that takes many.
#[cfg(target_os = "linux")]
pub fn own_peers(own: SocketAddr) -> std::collections::HashSet<SocketAddr> {
    let us = rustix::process::geteuid().as_raw();
    let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let ours = |entry: &procfs::net::TcpNetEntry| entry.uid == us && is_open(entry) && plain(entry.remote_address) == own;
    let entries = [procfs::net::tcp(), procfs::net::tcp6()].into_iter().flatten().flatten();
    entries.filter(ours).map(|entry| plain(entry.local_address)).collect()
}

/// Whether a process holds the socket. Of one that was closed, kernels before 6.17 say that it is root's, whoever opened it: where this
/// program runs as root, anybody who closes at once would be taken for root.
#[cfg(target_os = "linux")]
fn is_open(entry: &procfs::net::TcpNetEntry) -> bool {
    entry.inode != 0
}

/// Whether this is the peer's end of the connection.
#[cfg(target_os = "linux")]
fn is_between(entry: &procfs::net::TcpNetEntry, peer: SocketAddr, own: SocketAddr) -> bool {
    let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    is_open(entry) && plain(entry.local_address) == peer && plain(entry.remote_address) == own
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn an_own_connection_is_told_from_one_that_is_not_there() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let own = listener.local_addr().unwrap();
        let client = TcpStream::connect(own).unwrap();
        let (_server, peer) = listener.accept().unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        assert!(is_own(peer, own));
        assert_eq!(own_peers(own), [peer].into());
        assert!(!is_own(SocketAddr::new(peer.ip(), peer.port().wrapping_add(1)), own));
        assert!(!is_own(peer, SocketAddr::new(own.ip(), own.port().wrapping_add(1))));
        // The listener's own end is no peer.
        assert!(!is_own(own, own));
    }

    #[test]
    fn a_socket_that_was_closed_is_nobodys() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let own = listener.local_addr().unwrap();
        drop(TcpStream::connect(own).unwrap());
        let (_server, peer) = listener.accept().unwrap();
        assert!(!is_own(peer, own));
        assert!(own_peers(own).is_empty());
    }

    /// A browser may reach 127.0.0.1 through a socket of the other family.
    #[test]
    fn a_socket_that_speaks_both_kinds_of_addresses_is_found() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let own = listener.local_addr().unwrap();
        let _client = TcpStream::connect((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), own.port())).unwrap();
        let (_server, peer) = listener.accept().unwrap();
        assert!(is_own(peer, own));
        assert_ne!(peer.ip(), Ipv6Addr::LOCALHOST);
    }
}
