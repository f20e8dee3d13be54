//! Proxies of a company's network: HTTP (RFC 9110 §9.3.6) and SOCKS (RFC 1928, RFC 1929, SOCKS 4a), with and without a password. Each
//! leads to where the file `front` says, whatever it is asked for, and remembers what that was.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What a proxy does.
#[derive(Clone, Copy)]
pub enum Way {
    /// Leads to the front.
    Http,
    /// Wants `ada` and [`PASSWORD`] first.
    HttpWithPassword,
    /// Answers with this status.
    Refuses(&'static str),
    /// Leads to the front.
    Socks5,
    /// Wants `ada` and [`PASSWORD`] first.
    Socks5WithPassword,
    /// Leads to the front.
    Socks4a,
    /// Ends each connection as soon as it is made.
    Ends,
}

pub const PASSWORD: &str = "geheim-9f31";
/// `ada:geheim-9f31` in base64.
const BASIC: &str = "proxy-authorization: basic ywrhomdlagvpbs05zjmx";

/// A proxy that listens.
#[derive(Clone)]
pub struct Listening {
    /// `127.0.0.1:port`.
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Listening {
    /// Each place that it was asked to lead to, and `-` for a connection that asked for nothing.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Starts one.
pub fn start(place: &Path, way: Way) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let this = Listening { address: listener.local_addr().unwrap().to_string(), asked: Arc::default() };
    let (front, asked) = (place.join("front"), Arc::clone(&this.asked));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, front, asked) = (stream.unwrap(), front.clone(), Arc::clone(&asked));
            std::thread::spawn(move || {
                let mut place = None;
                // A client that goes away in between is a client that goes away.
                let led = serve(stream, way, &front, &mut place);
                asked.lock().unwrap().push(place.unwrap_or_else(|| "-".into()));
                let Ok(Some((from, to))) = led else { return };
                let (back, forth) = (to.try_clone().unwrap(), from.try_clone().unwrap());
                let there = std::thread::spawn(move || pass(from, to));
                pass(back, forth);
                there.join().unwrap();
            });
        }
    });
    this
}

type Led = std::io::Result<Option<(TcpStream, TcpStream)>>;

fn serve(mut stream: TcpStream, way: Way, front: &Path, place: &mut Option<String>) -> Led {
    let to_front = || TcpStream::connect(std::fs::read_to_string(front)?);
    match way {
        Way::Ends => Ok(None),
        Way::Http | Way::HttpWithPassword | Way::Refuses(_) => {
            let head = head(&mut stream)?;
            *place = head.split(' ').nth(1).map(str::to_owned);
            let known = head.to_ascii_lowercase().contains(BASIC);
            let refusal = match way {
                Way::Refuses(status) => Some(status),
                Way::HttpWithPassword if !known => Some("407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"x\""),
                _ => None,
            };
            if let Some(status) = refusal {
                stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes())?;
                return Ok(None);
            }
            let to = to_front()?;
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            Ok(Some((stream, to)))
        }
        Way::Socks5 | Way::Socks5WithPassword => {
            let [version, count] = take::<2>(&mut stream)?;
            let mut methods = vec![0; count.into()];
            stream.read_exact(&mut methods)?;
            let wanted = if matches!(way, Way::Socks5) { 0 } else { 2 };
            if version != 5 || !methods.contains(&wanted) {
                stream.write_all(&[5, 0xff])?;
                return Ok(None);
            }
            stream.write_all(&[5, wanted])?;
            if wanted == 2 {
                let [_, length] = take::<2>(&mut stream)?;
                let name = text(&mut stream, length)?;
                let [length] = take::<1>(&mut stream)?;
                let known = (name.as_str(), text(&mut stream, length)?.as_str()) == ("ada", PASSWORD);
                stream.write_all(&[1, u8::from(!known)])?;
                if !known {
                    return Ok(None);
                }
            }
            let [_, _, _, kind] = take::<4>(&mut stream)?;
            let host = match kind {
                3 => {
                    let [length] = take::<1>(&mut stream)?;
                    text(&mut stream, length)?
                }
                1 => std::net::Ipv4Addr::from(take::<4>(&mut stream)?).to_string(),
                _ => std::net::Ipv6Addr::from(take::<16>(&mut stream)?).to_string(),
            };
            *place = Some(format!("{host}:{}", u16::from_be_bytes(take::<2>(&mut stream)?)));
            let to = to_front()?;
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
            Ok(Some((stream, to)))
        }
        Way::Socks4a => {
            let [version, _, high, low, _, _, _, _] = take::<8>(&mut stream)?;
            until_nul(&mut stream)?;
            let host = until_nul(&mut stream)?;
            *place = Some(format!("{host}:{}", u16::from_be_bytes([high, low])));
            if version != 4 {
                return Ok(None);
            }
            let to = to_front()?;
            stream.write_all(&[0, 90, 0, 0, 0, 0, 0, 0])?;
            Ok(Some((stream, to)))
        }
    }
}

fn take<const N: usize>(stream: &mut TcpStream) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).map(|()| bytes)
}

fn text(stream: &mut TcpStream, length: u8) -> std::io::Result<String> {
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn until_nul(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        match take::<1>(stream)? {
            [0] => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            [byte] => bytes.push(byte),
        }
    }
}

fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(take::<1>(stream)?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    // Either side may end it at any time.
    drop(std::io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Write));
}
