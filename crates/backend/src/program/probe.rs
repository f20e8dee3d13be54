//! `connect-backend health` and `connect-backend ready`: ask the private listener of an instance in the same container, for supervisors that can
//! only run a command.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long each step may take. Probes are asked every few seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks `path`.
///
/// # Errors
/// One sentence: what the listener answered, or why it couldn't be asked.
pub fn ask(path: &str) -> Result<(), String> {
    const NAME: &str = "CONNECT_PRIVATE_LISTEN";
    let text = std::env::var(NAME).unwrap_or_default();
    let address: SocketAddr = text.trim().parse().map_err(|_| format!("{NAME} must hold the address of the private listener."))?;
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    let answer = request(address, path).map_err(|error| format!("{address} can't be asked ({error})."))?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    match status {
        "200" => Ok(()),
        _ => Err(format!("{address}{path} answered {status}: {}.", answer.lines().last().unwrap_or_default())),
    }
}

/// Where a listener on all addresses is reached from here.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

fn request(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(16 * 1024).read_to_string(&mut answer)?;
    Ok(answer)
}
