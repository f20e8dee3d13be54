//! Where the browser is led after approval: to the app's listener on this computer, or to the app's link. Nothing else, ever.

use std::fmt;

/// A return target that was checked. Its text is made from the parts, never from what was received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ReturnTarget {
    /// `http://127.0.0.1:<port>/<path>` or `http://[::1]:<port>/<path>` (RFC 8252 §7.3).
    Loopback {
        /// Whether it is `[::1]`.
        v6: bool,
        /// 1024 to 65535.
        port: u16,
        /// The app's nonce: 22 to 64 of `[A-Za-z0-9_-]`.
        nonce: String,
    },
    /// `deep-link`: the app's private scheme.
    DeepLink,
}

/// Neither of the shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAllowed;

impl ReturnTarget {
    /// Reads `return`, character for character: no URL parser, whose leniency is what open redirectors are made of.
    pub(crate) fn parse(text: &str) -> Result<Self, NotAllowed> {
        if text == "deep-link" {
            return Ok(Self::DeepLink);
        }
        let (v6, rest) = match (text.strip_prefix("http://127.0.0.1:"), text.strip_prefix("http://[::1]:")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(NotAllowed),
        };
        let (port, nonce) = rest.split_once('/').ok_or(NotAllowed)?;
        let digits = (4..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
        let port = port.parse::<u16>().ok().filter(|port| digits && *port >= 1024).ok_or(NotAllowed)?;
        Self::loopback(v6, port, nonce)
    }

    fn loopback(v6: bool, port: u16, nonce: &str) -> Result<Self, NotAllowed> {
        let sound = (22..=64).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if sound && port >= 1024 { Ok(Self::Loopback { v6, port, nonce: nonce.to_owned() }) } else { Err(NotAllowed) }
    }

    /// As few bytes as do, for the state.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::DeepLink => vec![0],
            Self::Loopback { v6, port, nonce } => [&[1 + u8::from(*v6)][..], &port.to_be_bytes(), nonce.as_bytes()].concat(),
        }
    }

    /// Reads [`ReturnTarget::to_bytes`] back, and checks it again.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, NotAllowed> {
        match bytes {
            [0] => Ok(Self::DeepLink),
            [kind @ (1 | 2), high, low, nonce @ ..] => {
                Self::loopback(*kind == 2, u16::from_be_bytes([*high, *low]), std::str::from_utf8(nonce).map_err(|_| NotAllowed)?)
            }
            _ => Err(NotAllowed),
        }
    }
}

impl fmt::Display for ReturnTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeepLink => f.write_str("deep-link"),
            Self::Loopback { v6, port, nonce } => write!(f, "http://{}:{port}/{nonce}", if *v6 { "[::1]" } else { "127.0.0.1" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_parses_is_printed_the_same_and_survives_the_state(text in "(http://(127\\.0\\.0\\.1|\\[::1\\]):[0-9]{1,6}/[A-Za-z0-9_-]{20,66}|.{0,80})") {
            if let Ok(target) = ReturnTarget::parse(&text) {
                prop_assert_eq!(target.to_string(), text);
                prop_assert_eq!(ReturnTarget::from_bytes(&target.to_bytes()), Ok(target));
            }
        }

        #[test]
        fn every_port_from_1024_up_is_allowed_and_none_below(port: u16, v6: bool) {
            let text = format!("http://{}:{port}/{}", if v6 { "[::1]" } else { "127.0.0.1" }, "n".repeat(22));
            prop_assert_eq!(ReturnTarget::parse(&text).is_ok(), port >= 1024);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = ReturnTarget::from_bytes(&bytes);
        }
    }
}
