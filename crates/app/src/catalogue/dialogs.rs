//! What the system's own dialogs, titles and pages say, where the window's page can't.

use std::borrow::Cow;

use connect_core::snapshot::{Language, Unrevoked};

/// A question that is answered yes or no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionWords {
    /// What is asked.
    pub title: Cow<'static, str>,
    /// What a yes does.
    pub text: &'static str,
    /// The button that says yes, with what it does.
    pub agree: &'static str,
}

/// Something that is told, with one button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldWords {
    /// What has happened.
    pub title: &'static str,
    /// About what, and what to do.
    pub text: String,
    /// The button.
    pub close: &'static str,
}

/// The words of one language.
#[derive(Debug, PartialEq, Eq)]
pub struct DialogWords {
    /// The button that changes nothing.
    pub cancel: &'static str,
    /// The button that saves a file.
    pub save: &'static str,
    /// Title of the dialog for a file of transactions.
    pub save_transactions: &'static str,
    /// Of the history of this program.
    pub save_activity: &'static str,
    /// Of a receipt.
    pub save_receipt: &'static str,
    /// Title of the window in which a payment is confirmed.
    pub confirm_payment: &'static str,
    /// Before everything ends here.
    pub leave: QuestionWords,
    /// The second question, after Monei hasn't confirmed.
    pub leave_anyway: QuestionWords,
    /// The window's page ended twice.
    pub page_ended: &'static str,
    /// Why, where it ran out of memory.
    pub page_ended_memory: &'static str,
    /// Why else.
    pub page_ended_why: &'static str,
    /// Ends the program.
    pub quit: &'static str,
    /// Loads the page once more.
    pub show_again: &'static str,
}

static ENGLISH: DialogWords = DialogWords {
    cancel: "Cancel",
    save: "Save",
    save_transactions: "Save transactions",
    save_activity: "Save activity",
    save_receipt: "Save receipt",
    confirm_payment: "Confirm a payment",
    leave: QuestionWords {
        title: Cow::Borrowed("Leave this computer?"),
        text: "Every connection ends at Monei, for every account and every app. Then everything that this program has stored on \
               this computer is deleted: approvals, apps’ keys, settings, activity and log. Your Monei accounts and your money stay as they are.",
        agree: "Leave this computer",
    },
    leave_anyway: QuestionWords {
        title: Cow::Borrowed("Leave without Monei’s confirmation?"),
        text: "Everything that is left on this computer is deleted. This program can’t end those connections any more: whoever holds \
               a copy could still use what you allowed, until you end it in Monei’s settings, under “Connected apps”.",
        agree: "Leave anyway",
    },
    page_ended: "This window can’t show its page",
    page_ended_memory: "The system’s web view ran out of memory, twice. Your accounts and what they allow are as they were.",
    page_ended_why: "The system’s web view stopped working, twice. Your accounts and what they allow are as they were.",
    quit: "Quit",
    show_again: "Show it again",
};

static FRENCH: DialogWords = DialogWords {
    cancel: "Annuler",
    save: "Enregistrer",
    save_transactions: "Enregistrer les transactions",
    save_activity: "Enregistrer l’activité",
    save_receipt: "Enregistrer le reçu",
    confirm_payment: "Confirmer un paiement",
    leave: QuestionWords {
        title: Cow::Borrowed("Quitter cet ordinateur ?"),
        text: "Chaque connexion prend fin chez Monei, pour chaque compte et chaque application. Ensuite, tout ce que ce programme a \
               enregistré sur cet ordinateur est supprimé : accords, clés des applications, paramètres, activité et journal. Vos comptes \
               Monei et votre argent restent tels quels.",
        agree: "Quitter cet ordinateur",
    },
    leave_anyway: QuestionWords {
        title: Cow::Borrowed("Quitter sans la confirmation de Monei ?"),
        text: "Tout ce qui reste sur cet ordinateur est supprimé. Ce programme ne peut plus mettre fin à ces connexions : une personne \
               qui en a une copie pourrait encore utiliser ce que vous avez autorisé, jusqu’à ce que vous y mettiez fin dans les \
               paramètres de Monei, sous « Connected apps ».",
        agree: "Quitter quand même",
    },
    page_ended: "Cette fenêtre ne peut pas afficher sa page",
    page_ended_memory: "Le composant web du système a manqué de mémoire, deux fois. Vos comptes et leurs autorisations sont inchangés.",
    page_ended_why: "Le composant web du système s’est arrêté, deux fois. Vos comptes et leurs autorisations sont inchangés.",
    quit: "Quitter",
    show_again: "Afficher à nouveau",
};

/// The words of a language.
pub const fn words(language: Language) -> &'static DialogWords {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    }
}

/// An account as a question names it, so that no two are told by the same words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The person's own name for it, or Monei's.
    pub name: Option<String>,
    /// Another account is called the same.
    pub is_shared: bool,
    /// Its email, where that isn't the name.
    pub email: Option<String>,
    /// Its number, which stands for it where it has no name.
    pub number: usize,
}

impl Named {
    /// Its name, with what tells it from another account of that name; or its number.
    pub fn told_apart(&self, language: Language) -> String {
        if self.name.is_some() { self.words(language) } else { account_number(language, self.number) }
    }

    fn words(&self, language: Language) -> String {
        let number = account_number(language, self.number);
        let Some(name) = &self.name else {
            return match language {
                Language::English => format!("“{number}”"),
                Language::French => format!("« {number} »"),
            };
        };
        let name = isolated(name);
        match &self.email {
            _ if !self.is_shared => name,
            Some(email) => format!("{name} ({}, {number})", isolated(email)),
            None => format!("{name} ({number})"),
        }
    }
}

/// What an account without a name is called, here and in the window.
pub fn account_number(language: Language, number: usize) -> String {
    match language {
        Language::English => format!("Account {number}"),
        Language::French => format!("Compte {number}"),
    }
}

/// Before one account is disconnected, or removed here without Monei's confirmation.
pub fn disconnect(language: Language, account: &Named, unrevoked: Unrevoked) -> QuestionWords {
    let who = account.words(language);
    let (title, text, agree) = match (language, unrevoked) {
        (Language::English, Unrevoked::Keep) => (
            format!("Disconnect {who}?"),
            "Every permission of this account ends at Monei, for every app, too. Then what is stored of it on this computer is deleted. Your \
             Monei account and your money stay as they are.",
            "Disconnect",
        ),
        (Language::English, Unrevoked::Remove) => (
            format!("Remove {who} without Monei’s confirmation?"),
            "Monei hasn’t confirmed that the access has ended. What is stored here is deleted all the same, and this program can’t end that access \
             any more: end it in Monei’s settings, under “Connected apps”.",
            "Remove here",
        ),
        (Language::French, Unrevoked::Keep) => (
            format!("Déconnecter {who} ?"),
            "Toutes les autorisations de ce compte prennent fin chez Monei, y compris pour chaque application. Ensuite, ce qui en est enregistré \
             sur cet ordinateur est supprimé. Votre compte Monei et votre argent restent tels quels.",
            "Déconnecter",
        ),
        (Language::French, Unrevoked::Remove) => (
            format!("Retirer {who} sans la confirmation de Monei ?"),
            "Monei n’a pas confirmé la fin de l’accès. Ce qui est enregistré ici est quand même supprimé, et ce programme ne peut plus mettre \
             fin à cet accès : mettez-y fin dans les paramètres de Monei, sous « Connected apps ».",
            "Retirer d’ici",
        ),
    };
    QuestionWords { title: Cow::Owned(title), text, agree }
}

/// Before everything that an account allows is taken back.
pub fn take_all_back(language: Language, account: &Named) -> QuestionWords {
    let who = account.words(language);
    let (title, text, agree) = match language {
        Language::English => (
            format!("End everything that {who} allows?"),
            "Every permission of this account ends at Monei, for every app, too. The account stays in the list here, and you can approve it again.",
            "End everything",
        ),
        Language::French => (
            format!("Mettre fin à tout ce que {who} autorise ?"),
            "Toutes les autorisations de ce compte prennent fin chez Monei, y compris pour chaque application. Le compte reste ici dans la \
             liste, et vous pourrez l’autoriser à nouveau.",
            "Tout terminer",
        ),
    };
    QuestionWords { title: Cow::Owned(title), text, agree }
}

/// As the program ends: Monei hasn't confirmed the end of what was kept in memory alone, of the accounts of these names.
pub fn left_living(language: Language, names: &[Option<String>]) -> ToldWords {
    let unnamed = match language {
        Language::English => "An account",
        Language::French => "Un compte",
    };
    let names = names.iter().map(|name| name.as_deref().map_or_else(|| unnamed.to_owned(), isolated)).collect::<Vec<_>>().join(", ");
    match language {
        Language::English => ToldWords {
            title: "Monei hasn’t confirmed that the access has ended",
            text: format!(
                "{names}: this program kept the access in its memory alone, and can’t end it any more. End it in Monei’s settings, under \
                 “Connected apps”."
            ),
            close: "Close",
        },
        Language::French => ToldWords {
            title: "Monei n’a pas confirmé la fin de l’accès",
            text: format!(
                "{names} : ce programme n’a gardé l’accès que dans sa mémoire, et ne peut plus y mettre fin. Mettez-y fin dans les \
                 paramètres de Monei, sous « Connected apps »."
            ),
            close: "Fermer",
        },
    }
}

/// As the program starts: the system's web view can't show the window.
pub fn web_view_too_old(language: Language, needed: &str, found: &str) -> ToldWords {
    match language {
        Language::English => ToldWords {
            title: "WebKitGTK is too old",
            text: format!(
                "The window needs WebKitGTK {needed} or later, and this system has {found}. Update the system, then start the program again."
            ),
            close: "Close",
        },
        Language::French => ToldWords {
            title: "WebKitGTK est trop ancien",
            text: format!(
                "La fenêtre a besoin de WebKitGTK {needed} ou plus récent, et ce système a la version {found}. Mettez le système à jour, puis relancez le programme."
            ),
            close: "Fermer",
        },
    }
}

/// A name set apart from the sentence around it, whichever way it is written (Unicode UAX #9), on one line.
fn isolated(name: &str) -> String {
    let shown: String =
        name.chars().filter(|c| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')).collect();
    format!("\u{2068}{shown}\u{2069}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Named {
        Named { name: Some("Ada\n\u{202e}Okafor".to_owned()), is_shared: false, email: Some("ada@example.com".to_owned()), number: 2 }
    }

    fn questions(language: Language, account: &Named) -> [QuestionWords; 3] {
        [disconnect(language, account, Unrevoked::Keep), disconnect(language, account, Unrevoked::Remove), take_all_back(language, account)]
    }

    #[test]
    fn a_question_about_an_account_names_it_whatever_is_in_its_name() {
        for (language, number) in [(Language::English, "Account 2"), (Language::French, "Compte 2")] {
            for asked in questions(language, &ada()) {
                assert!(asked.title.contains("\u{2068}AdaOkafor\u{2069}") && !asked.title.contains(number), "{asked:?}");
            }
            for asked in questions(language, &Named { name: None, ..ada() }) {
                assert!(asked.title.contains(number) && !asked.title.contains('\u{2068}'), "{asked:?}");
            }
        }
    }

    #[test]
    fn a_question_tells_two_accounts_of_the_same_name_apart() {
        for (language, number) in [(Language::English, "Account 2"), (Language::French, "Compte 2")] {
            for asked in questions(language, &Named { is_shared: true, ..ada() }) {
                assert!(asked.title.contains("\u{2068}ada@example.com\u{2069}") && asked.title.contains(number), "{asked:?}");
            }
            for asked in questions(language, &Named { is_shared: true, email: None, ..ada() }) {
                assert!(asked.title.contains(number), "{asked:?}");
            }
        }
    }

    #[test]
    fn what_lives_on_after_the_end_is_told_by_name() {
        for language in [Language::English, Language::French] {
            let told = left_living(language, &[Some("Ada\u{202e}".to_owned()), None]);
            assert!(told.text.contains("\u{2068}Ada\u{2069}") && told.text.contains("Connected apps"), "{told:?}");
        }
        assert!(left_living(Language::English, &[None]).text.starts_with("An account: "));
    }

    #[test]
    fn a_web_view_that_is_too_old_is_told_with_both_versions() {
        for language in [Language::English, Language::French] {
            let told = web_view_too_old(language, "2.44", "2.40");
            assert!(told.text.contains("2.44") && told.text.contains("2.40"), "{told:?}");
        }
    }

    #[test]
    fn each_question_is_its_own() {
        for language in [Language::English, Language::French] {
            let [keep, remove, all] = questions(language, &ada());
            assert!(keep.title != remove.title && keep.title != all.title && remove.title != all.title);
            assert!(keep.agree != remove.agree && keep.agree != all.agree);
        }
    }
}
