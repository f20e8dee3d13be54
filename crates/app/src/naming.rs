//! What accounts are called outside of the window's page: as that page calls them.

use connect_core::clean_name;
use connect_core::snapshot::{AccountSnapshot, Language};

use crate::catalogue::{self, Named};

/// The person's own name, else Monei's, else the email; `None` where nothing of them can be read.
fn own_name(account: &AccountSnapshot) -> Option<String> {
    let names = [&account.label, &account.name, &account.email].into_iter().flatten();
    names.map(|name| clean_name(name)).find(|name| !name.is_empty())
}

/// By when it was connected: its number stays its own when the list is put in another order. `nameOf` in `ui/src/lib/app.svelte.ts` counts so, too.
pub fn number(accounts: &[AccountSnapshot], account: &AccountSnapshot) -> usize {
    let rank = |account: &AccountSnapshot| (account.connected_at, account.id.clone());
    accounts.iter().filter(|other| rank(other) <= rank(account)).count()
}

/// A name to show.
pub fn name_of(accounts: &[AccountSnapshot], account: &AccountSnapshot, language: Language) -> String {
    own_name(account).unwrap_or_else(|| catalogue::account_number(language, number(accounts, account)))
}

/// For a question: told from every other account.
pub fn named(accounts: &[AccountSnapshot], account: &AccountSnapshot, language: Language) -> Named {
    let name = own_name(account);
    let email = account.email.as_deref().map(clean_name).filter(|email| !email.is_empty() && Some(email) != name.as_ref());
    let called = |other: &AccountSnapshot| name.as_ref() == Some(&name_of(accounts, other, language));
    let is_shared = accounts.iter().any(|other| other.id != account.id && called(other));
    Named { name, is_shared, email, number: number(accounts, account) }
}

#[cfg(test)]
mod tests {
    use connect_core::snapshot::Health;

    use super::*;

    fn account(id: &str, connected_at: i64, label: Option<&str>, email: Option<&str>) -> AccountSnapshot {
        AccountSnapshot {
            id: id.to_owned(),
            label: label.map(str::to_owned),
            name: None,
            email: email.map(str::to_owned),
            health: Health::Connected,
            checkable: true,
            connected_at,
            checked_at: None,
            features: Vec::new(),
            other_scopes: Vec::new(),
            other_backend: None,
            expires_at: None,
            same_user_as: None,
        }
    }

    #[test]
    fn an_account_without_a_name_has_the_number_of_the_window_whatever_the_order_of_the_list() {
        // The window shows them in the person's order.
        let list = [account("c", 30, None, None), account("a", 10, Some(" \u{200f}"), None), account("b", 10, None, None)];
        let names = list.each_ref().map(|account| name_of(&list, account, Language::English));
        assert_eq!(names, ["Account 3", "Account 1", "Account 2"]);
        assert_eq!(name_of(&list, &list[0], Language::French), "Compte 3");
    }

    #[test]
    fn a_name_is_one_line_that_turns_nothing_around() {
        for (label, shown) in [(" Ada’s shop ", "Ada’s shop"), ("Ada\n\u{202e}Quit\u{2066}", "Ada Quit"), ("\u{1b}\u{200f}", "Account 1")]
        {
            let list = [account("a", 10, Some(label), None)];
            assert_eq!(name_of(&list, &list[0], Language::English), shown);
        }
    }

    #[test]
    fn a_question_tells_of_what_another_account_is_called_too() {
        let list = [
            account("a", 10, Some("Shop"), Some("ada@example.com")),
            account("b", 20, Some("Shop\u{200b}"), None),
            account("c", 30, Some("Account 4"), None),
            account("d", 40, None, None),
            account("e", 50, None, Some("eve@example.com")),
        ];
        let shared = list.each_ref().map(|account| named(&list, account, Language::English).is_shared);
        assert_eq!(shared, [true, true, true, false, false]);
        let named = |index: usize| named(&list, &list[index], Language::English);
        assert_eq!((named(0).email.as_deref(), named(0).number), (Some("ada@example.com"), 1));
        assert_eq!((named(4).name.as_deref(), named(4).email), (Some("eve@example.com"), None), "the email is its name");
    }
}
