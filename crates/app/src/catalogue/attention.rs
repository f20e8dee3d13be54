//! What the desktop's tray and notification say. A notification may stand on a locked screen: it names no account, no program and no amount.

use connect_core::snapshot::Language;

use crate::attention::{Matter, Matters, Standing};

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationWords {
    /// What waits, without full stop.
    pub title: String,
    /// More of it. Plain text without `<`, `>` and `&`, which some desktops would read as markup.
    pub text: String,
    /// The button that opens the window.
    pub open: &'static str,
}

/// The words of the tray's menu.
#[derive(Debug, PartialEq, Eq)]
pub struct TrayWords {
    /// Shows the window.
    pub open: &'static str,
    /// Ends the program.
    pub quit: &'static str,
}

struct Kind {
    /// One of it, without full stop.
    one: &'static str,
    /// Several; `{n}` stands for how many.
    many: &'static str,
    /// Why, and what to do.
    text: &'static str,
    /// In the tray's menu, of one account; `{name}` stands for it.
    named: &'static str,
}

/// The words of the tray's menu.
pub const fn tray(language: Language) -> &'static TrayWords {
    match language {
        Language::English => &TrayWords { open: concat!("Open ", env!("MONEI_PRODUCT_NAME")), quit: "Quit" },
        Language::French => &TrayWords { open: concat!("Ouvrir ", env!("MONEI_PRODUCT_NAME")), quit: "Quitter" },
    }
}

/// How the accounts are, in a few words.
pub fn standing(language: Language, standing: Standing) -> String {
    let Standing { accounts, need, unreachable, resting } = standing;
    let (template, count) = match (language, accounts + resting, need, unreachable) {
        (Language::English, 0, ..) => ("No account is connected", 0),
        (Language::French, 0, ..) => ("Aucun compte n’est connecté", 0),
        (Language::English, _, 1, _) => ("1 account needs you", 1),
        (Language::French, _, 1, _) => ("1 compte a besoin de vous", 1),
        (Language::English, _, n, _) if n > 1 => ("{n} accounts need you", n),
        (Language::French, _, n, _) if n > 1 => ("{n} comptes ont besoin de vous", n),
        (Language::English, _, _, 1) => ("1 account can’t be reached just now", 1),
        (Language::French, _, _, 1) => ("1 compte est injoignable pour l’instant", 1),
        (Language::English, _, _, n) if n > 1 => ("{n} accounts can’t be reached just now", n),
        (Language::French, _, _, n) if n > 1 => ("{n} comptes sont injoignables pour l’instant", n),
        (Language::English, ..) if accounts == 0 => ("All accounts rest with another connection service", 0),
        (Language::French, ..) if accounts == 0 => ("Tous les comptes sont au repos auprès d’un autre service de connexion", 0),
        // Whether they work, nobody knows before they are asked.
        (Language::English, ..) => ("No account needs you", 0),
        (Language::French, ..) => ("Aucun compte n’a besoin de vous", 0),
    };
    template.replace("{n}", &count.to_string())
}

/// What waits, as an entry of the tray's menu. `name` is the account's.
pub fn entry(language: Language, matter: &Matter, name: &str) -> String {
    kind(language, matter).named.replace("{name}", name)
}

/// What waits, as one notification; `None` where nothing does.
pub fn notification(language: Language, matters: &Matters) -> Option<NotificationWords> {
    let mut kinds: Vec<(&'static Kind, usize)> = Vec::new();
    for matter in matters {
        let kind = kind(language, matter);
        match kinds.last_mut() {
            Some((last, count)) if last.one == kind.one => *count += 1,
            _ => kinds.push((kind, 1)),
        }
    }
    let title = |(kind, count): &(&'static Kind, usize)| {
        if *count == 1 { kind.one.to_owned() } else { kind.many.replace("{n}", &count.to_string()) }
    };
    let (first, others) = kinds.split_first()?;
    // What else waits says more than why the first does.
    let text = if others.is_empty() { first.0.text.to_owned() } else { others.iter().map(title).collect::<Vec<_>>().join("\n") };
    let open = match language {
        Language::English => "Open",
        Language::French => "Ouvrir",
    };
    Some(NotificationWords { title: title(first), text, open })
}

const fn kind(language: Language, matter: &Matter) -> &'static Kind {
    match language {
        Language::English => english(matter),
        Language::French => french(matter),
    }
}

const fn english(matter: &Matter) -> &'static Kind {
    match matter {
        Matter::Payment(_) => {
            const WORDS: &Kind = &Kind {
                one: "A payment waits for your answer",
                many: "{n} payments wait for your answer",
                text: "A program on this computer asks for it. Nothing is sent unless you allow it.",
                named: "A payment waits for your answer",
            };
            WORDS
        }
        Matter::Pairing(_) => {
            const WORDS: &Kind = &Kind {
                one: "A program asks to be allowed",
                many: "{n} programs ask to be allowed",
                text: concat!("Open ", env!("MONEI_PRODUCT_NAME"), " to say what it may do, or to deny it."),
                named: "A program asks to be allowed",
            };
            WORDS
        }
        Matter::Reconnect(_) => {
            const WORDS: &Kind = &Kind {
                one: "An account must be connected again",
                many: "{n} accounts must be connected again",
                text: concat!("What was allowed has ended at Monei. Open ", env!("MONEI_PRODUCT_NAME"), " to approve it again."),
                named: "{name}: must be connected again",
            };
            WORDS
        }
        Matter::Doubt(_) => {
            const WORDS: &Kind = &Kind {
                one: "An account may have lost its access",
                many: "{n} accounts may have lost their access",
                text: concat!("Monei refused the last check. Open ", env!("MONEI_PRODUCT_NAME"), " to find out."),
                named: "{name}: may have lost its access",
            };
            WORDS
        }
        Matter::Review(_) => {
            const WORDS: &Kind = &Kind {
                one: "An account is worth another look",
                many: "{n} accounts are worth another look",
                text: concat!("Open ", env!("MONEI_PRODUCT_NAME"), " to see what is still allowed, and to keep it or take it back."),
                named: "{name}: worth another look",
            };
            WORDS
        }
    }
}

const fn french(matter: &Matter) -> &'static Kind {
    match matter {
        Matter::Payment(_) => {
            const WORDS: &Kind = &Kind {
                one: "Un paiement attend votre réponse",
                many: "{n} paiements attendent votre réponse",
                text: "Un programme de cet ordinateur le demande. Rien n’est envoyé sans votre accord.",
                named: "Un paiement attend votre réponse",
            };
            WORDS
        }
        Matter::Pairing(_) => {
            const WORDS: &Kind = &Kind {
                one: "Un programme demande à être autorisé",
                many: "{n} programmes demandent à être autorisés",
                text: concat!("Ouvrez ", env!("MONEI_PRODUCT_NAME"), " pour choisir ce qu’il peut faire, ou pour refuser."),
                named: "Un programme demande à être autorisé",
            };
            WORDS
        }
        Matter::Reconnect(_) => {
            const WORDS: &Kind = &Kind {
                one: "Un compte doit être reconnecté",
                many: "{n} comptes doivent être reconnectés",
                text: concat!(
                    "Ce qui était autorisé a pris fin chez Monei. Ouvrez ",
                    env!("MONEI_PRODUCT_NAME"),
                    " pour l’autoriser à nouveau."
                ),
                named: "{name}\u{202f}: à reconnecter",
            };
            WORDS
        }
        Matter::Doubt(_) => {
            const WORDS: &Kind = &Kind {
                one: "Un compte a peut-être perdu son accès",
                many: "{n} comptes ont peut-être perdu leur accès",
                text: concat!("Monei a refusé la dernière vérification. Ouvrez ", env!("MONEI_PRODUCT_NAME"), " pour vérifier."),
                named: "{name}\u{202f}: accès peut-être perdu",
            };
            WORDS
        }
        Matter::Review(_) => {
            const WORDS: &Kind = &Kind {
                one: "Un compte mérite un nouveau coup d’œil",
                many: "{n} comptes méritent un nouveau coup d’œil",
                text: concat!(
                    "Ouvrez ",
                    env!("MONEI_PRODUCT_NAME"),
                    " pour voir ce qui est encore autorisé, et le conserver ou le retirer."
                ),
                named: "{name}\u{202f}: à revoir",
            };
            WORDS
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Language; 2] = [Language::English, Language::French];

    fn all() -> [Matter; 5] {
        [Matter::Payment(1), Matter::Pairing(1), Matter::Reconnect("a".into()), Matter::Doubt("b".into()), Matter::Review("c".into())]
    }

    #[test]
    fn each_matter_has_its_notification_without_markup() {
        for (language, matter) in BOTH.into_iter().flat_map(|language| all().map(|matter| (language, matter))) {
            let words = notification(language, &Matters::from([matter.clone()])).unwrap();
            assert!(!words.title.ends_with('.') && words.text.ends_with('.'), "{matter:?}");
            assert!(![words.title, words.text].concat().contains(['<', '>', '&', '{']), "{matter:?}");
            assert!(!entry(language, &matter, "Ada").contains('{'), "{matter:?}");
        }
        assert_eq!(notification(Language::English, &Matters::new()), None);
    }

    #[test]
    fn several_matters_are_counted_by_their_kind_and_the_most_urgent_is_the_title() {
        let lost = ["a", "b", "c"].map(|id| Matter::Reconnect(id.to_owned()));
        let words = notification(Language::English, &lost.iter().cloned().collect()).unwrap();
        assert_eq!(words.title, "3 accounts must be connected again");
        let words =
            notification(Language::English, &lost.into_iter().chain([Matter::Payment(3), Matter::Review("d".into())]).collect()).unwrap();
        assert_eq!(words.title, "A payment waits for your answer");
        assert_eq!(words.text, "3 accounts must be connected again\nAn account is worth another look");
    }

    #[test]
    fn the_tray_says_how_the_accounts_are() {
        let told = |accounts, need, unreachable, resting| standing(Language::English, Standing { accounts, need, unreachable, resting });
        assert_eq!(told(0, 0, 0, 0), "No account is connected");
        assert_eq!(told(3, 0, 0, 0), "No account needs you");
        assert_eq!(told(3, 1, 1, 0), "1 account needs you");
        assert_eq!(told(3, 2, 0, 0), "2 accounts need you");
        assert_eq!(told(3, 0, 1, 0), "1 account can’t be reached just now");
        assert_eq!(told(3, 0, 3, 0), "3 accounts can’t be reached just now");
        assert_eq!(told(1, 0, 0, 2), "No account needs you");
        assert_eq!(told(0, 0, 0, 2), "All accounts rest with another connection service");
        let french = Standing { accounts: 2, need: 2, ..Standing::default() };
        assert_eq!(standing(Language::French, french), "2 comptes ont besoin de vous");
    }
}
