//! What a backend says of itself is a claim: anybody can give a service any name. Here it is decided what of the claim may be shown
//! (never a name like Monei's own), and whether an address leads to this very computer, where any program can answer.

use url::{Host, Url};

use super::text::{clean, fold};

/// Longest name kept, in characters.
const LONGEST: usize = 80;

/// Monei's own name, folded as [`fold`] does.
const PROVIDER: &str = "monei";

/// What a backend says of who runs it. The person agrees to one, and is asked again when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its name, [cleaned](clean) and at most 80 characters. Empty where it gives none.
    pub name: String,
    /// Host of its page.
    pub host: Option<String>,
}

impl Claim {
    /// Of a name as it came, and of a page.
    pub fn new(name: &str, page: Option<&Url>) -> Self {
        Self { name: clean(name).chars().take(LONGEST).collect(), host: page.and_then(Url::host_str).map(str::to_owned) }
    }

    /// Whether name or page read like Monei's own. Nothing of such a claim is shown or opened.
    pub fn poses_as_monei(&self) -> bool {
        poses_as_monei(&self.name) || self.host.as_deref().is_some_and(poses_as_monei)
    }

    /// Its name, if it gives one that may be shown.
    pub fn shown_name(&self) -> Option<&str> {
        Some(self.name.as_str()).filter(|name| !name.is_empty() && !self.poses_as_monei())
    }

    /// The host of its page, if that may be shown.
    pub fn shown_host(&self) -> Option<&str> {
        self.host.as_deref().filter(|_| !self.poses_as_monei())
    }
}

/// What a person agreed to, of one backend. `None`: an earlier version kept no names, so nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed(pub Option<Claim>);

impl Agreed {
    /// Whether that is what it says now.
    pub fn fits(&self, now: &Claim) -> bool {
        self.0.as_ref() == Some(now)
    }
}

/// Whether `text` reads like Monei's own name, anywhere in it: in any case, spaced or marked, and with letters that only look alike.
fn poses_as_monei(text: &str) -> bool {
    // Some letters look alike in capitals only (Greek and Cyrillic), others in small letters only.
    let forms = [text.to_owned(), text.to_lowercase(), text.to_uppercase()];
    forms.iter().any(|form| fold(form).contains(PROVIDER))
}

/// Whether `url` leads to this computer, where any program of any of its users may be what answers.
pub fn is_on_this_computer(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            let mapped = address.to_ipv4_mapped().is_some_and(|mapped| mapped.is_loopback() || mapped.is_unspecified());
            address.is_loopback() || address.is_unspecified() || mapped
        }
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            ["localhost", "localhost.localdomain", "localhost6", "ip6-localhost"].contains(&name) || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_like_moneis_is_recognised_however_it_is_written() {
        for name in [
            "Monei",
            "MONEI",
            "monei.cc",
            "Monei Official",
            "The Monei™ Team",
            "M O N E I",
            "M-o_n.e/i",
            "Mоnеі",                                 // Cyrillic о, е, і
            "МОNЕІ",                                 // Cyrillic capitals
            "Μονει",                                 // Greek
            "ΜΟΝΕΙ",                                 // Greek capitals
            "Ｍｏｎｅｉ",                            // full width
            "𝓜𝓸𝓷𝓮𝓲",                                 // mathematical
            "ⓜⓞⓝⓔⓘ",                                 // circled
            "🅼🅾🅽🅴🅸",                                 // dark squares
            "🇲\u{200b}🇴\u{200b}🇳\u{200b}🇪\u{200b}🇮", // flags
            "ᴍᴏɴᴇɪ",                                 // small capitals
            "M\u{200b}o\u{2060}n\u{ad}ei",
            "Mo\u{0301}ne\u{0308}i\u{0323}",
            "Mónëï",
            "M0nei",
            "Mon3i",
            "Monel",
            "MoneI",
            "Mone1",
            "Mone!",
            "Moneı",
            "Mon€i",
            "rnonei",
            "RNONEI",
            "Мonei",
            "MOИEI",
            "Moneý i Monei",
            "Mon\u{180e}ei",
            "M\u{3164}onei",
        ] {
            assert!(poses_as_monei(name), "{name:?} reads {:?}", fold(name));
        }
    }

    #[test]
    fn other_names_are_shown_as_they_are() {
        for name in [
            "",
            "Local sandbox",
            "Test operator",
            "Example Ltd",
            "Money Transfer Ltd",
            "Moneta",
            "Ámbar Ünïon",
            "Привет",
            "日本銀行",
            "Simone",
            "Harmony",
            "Bench",
        ] {
            assert!(!poses_as_monei(name), "{name:?} reads {:?}", fold(name));
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(Claim::new(&"x".repeat(200), None).name.chars().count(), LONGEST);
    }

    #[test]
    fn every_way_to_write_this_computer_is_known() {
        for here in [
            "http://127.0.0.1:43117",
            "http://127.9.9.9",
            "http://localhost:1",
            "https://localhost",
            "https://LOCALHOST./",
            "http://[::1]:2",
            "https://[::ffff:127.0.0.1]",
            "https://0.0.0.0",
            "https://[::]",
            "https://x.localhost",
            "http://2130706433",
            "http://0x7f.1",
        ] {
            assert!(is_on_this_computer(&Url::parse(here).unwrap()), "{here}");
        }
        for elsewhere in
            ["https://connect.example.org", "https://localhost.example.org", "https://10.0.0.1", "https://127.0.0.1.example.org"]
        {
            assert!(!is_on_this_computer(&Url::parse(elsewhere).unwrap()), "{elsewhere}");
        }
    }
}
