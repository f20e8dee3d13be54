//! What to do about a problem in a terminal, where the advice for a window speaks of its pages.

use connect_core::problem::ProblemCode;

/// The advice, in English; `None` where the window's holds in a terminal, too.
pub(crate) const fn advice(code: ProblemCode) -> Option<&'static str> {
    use ProblemCode as P;
    Some(match code {
        P::AddressUnknown => {
            concat!(
                "Check CONNECT_BACKEND_URL, or the address in ",
                env!("MONEI_PRODUCT_NAME"),
                ", for a typing mistake. Some addresses exist inside a company’s network or VPN only."
            )
        }
        P::ProxyRefused => {
            concat!("Check CONNECT_BACKEND_URL, or the address in ", env!("MONEI_PRODUCT_NAME"), ", or ask whoever runs your network.")
        }
        P::BackendMissing => "Set CONNECT_BACKEND_URL to its address. Whoever gave you this program knows it.",
        P::BackendUnreachable => {
            concat!(
                "Try again in a moment. If it stays so, check CONNECT_BACKEND_URL, or the address in ",
                env!("MONEI_PRODUCT_NAME"),
                ", or ask whoever gave it to you."
            )
        }
        P::BackendEnvironment => {
            "Set CONNECT_BACKEND_URL to the address of a fitting service, or MONEI_ENVIRONMENT to what the service is for."
        }
        P::BackendIncompatible => {
            concat!("Check CONNECT_BACKEND_URL, or the address in ", env!("MONEI_PRODUCT_NAME"), ", or update this program.")
        }
        P::BackendUnconfirmed => "See what it calls itself now with `moneictl connect`, which asks whether to use it.",
        P::BackendAddress => "Correct CONNECT_BACKEND_URL.",
        P::LoopbackUnavailable => "Choose another port with --port, then try again.",
        P::DeepLinkUnavailable => "A terminal needs none of them: the browser comes back through this computer.",
        P::AccessRevoked => "Reconnect with `moneictl reconnect` if you want to use it again.",
        P::ScopeMissing => "Ask for it with `moneictl reconnect`.",
        P::NoSuchApp => concat!(
            "Allow it again with `moneictl app add`, or in ",
            env!("MONEI_PRODUCT_NAME"),
            ", if you still want it to use your account."
        ),
        P::PermissionNotGiven => {
            concat!("Give it this permission in ", env!("MONEI_PRODUCT_NAME"), ", on the Apps page, if you want it to do this.")
        }
        P::PermissionSetAside => "Switch it on again with `moneictl set-aside --undo` if you want it to be used.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use connect_core::problem::ProblemCode;

    use crate::catalogue::sentence_in_a_terminal;

    #[test]
    fn no_advice_in_a_terminal_leads_to_a_page_of_the_window() {
        for code in ProblemCode::all() {
            let said = sentence_in_a_terminal(*code);
            for place in ["in Settings", "on this page", "permission’s page"] {
                assert!(!said.contains(place), "{code:?}: {said}");
            }
        }
    }
}
