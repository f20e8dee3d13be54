//! How the person wants things shown: in which order, in which colours, with which amounts.

use super::Ledger;
use super::change::Change;
use super::error::IndexError;
use super::index::Lasts;
use super::rows::AccountRow;
use super::tables::Tables;
use crate::model::problem::Problem;
use crate::model::{AccountId, Channel, Language, Theme};

/// A list of accounts in JSON. One that isn't listed comes after those that are.
const ORDER: &str = "account_order";
const THEME: &str = "theme";
/// A BCP 47 tag, or nothing.
const LANGUAGE: &str = "language";
/// `off`, or nothing.
const REMINDERS: &str = "reminders";
/// There where resting connections are refreshed.
const KEEP_ALIVE: &str = "keep_alive";
/// There where amounts are hidden.
const HIDE_AMOUNTS: &str = "hide_amounts";
/// There where closing the window keeps the program in the tray.
const CLOSE_TO_TRAY: &str = "close_to_tray";
/// `off`, or nothing.
const NOTIFICATIONS: &str = "notifications";

/// What was last read of these choices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// The accounts that the person has put in an order. Some may be gone, and some that are there may be missing.
    pub order: Vec<AccountId>,
    /// Everything else.
    pub preferences: StoredPreferences,
}

/// What the person prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredPreferences {
    /// Light or dark.
    pub theme: Theme,
    /// The language that the person chose.
    pub language: Option<Language>,
    /// Whether amounts of money are hidden.
    pub hide_amounts: bool,
    /// Whether the person is reminded of consents that are worth another look.
    pub reminders: bool,
    /// Whether a connection that rests is refreshed once a week.
    pub keep_alive: bool,
    /// Whether closing the window keeps the program in the desktop's tray.
    pub close_to_tray: bool,
    /// Whether the desktop shows a notification when the person must do something.
    pub notifications: bool,
}

impl Default for StoredPreferences {
    /// As before anything was chosen.
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            language: None,
            hide_amounts: false,
            reminders: true,
            keep_alive: false,
            close_to_tray: false,
            notifications: true,
        }
    }
}

impl Choices {
    /// Where an account stands: the smaller comes first. Accounts of the same place stay in the order that they were in.
    pub fn place(&self, account: &str) -> usize {
        self.order.iter().position(|listed| **listed == *account).unwrap_or(usize::MAX)
    }
}

/// The person moved an account in the list.
pub struct Moved {
    /// Which account.
    pub account: AccountId,
    /// The account that it comes before; `None` for the end.
    pub before: Option<AccountId>,
}

impl Change for Moved {
    /// False: one of the two isn't there.
    type Outcome = bool;

    fn apply(self, tables: &Tables<'_>, _: i64) -> Result<bool, IndexError> {
        let choices = tables.choices()?;
        let mut accounts: Vec<AccountRow> = tables.accounts()?;
        accounts.sort_by_key(|row| choices.place(&row.id));
        let mut order: Vec<AccountId> = accounts.into_iter().map(|row| row.id).collect();
        let there = |id: &AccountId| order.contains(id);
        if !there(&self.account) || !self.before.as_ref().is_none_or(there) {
            return Ok(false);
        }
        if self.before.as_ref() == Some(&self.account) {
            return Ok(true);
        }
        order.retain(|id| *id != self.account);
        let place = self.before.and_then(|before| order.iter().position(|id| *id == before)).unwrap_or(order.len());
        order.insert(place, self.account);
        let list: Vec<&str> = order.iter().map(|id| &**id).collect();
        tables.set_setting(ORDER, &serde_json::to_string(&list).unwrap_or_default())?;
        Ok(true)
    }
}

impl Tables<'_> {
    /// What the person chose. What can't be read is as if it had never been chosen.
    pub(super) fn choices(&self) -> Result<Choices, IndexError> {
        let order: Vec<String> = self.setting(ORDER)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let preferences = StoredPreferences {
            theme: self.setting(THEME)?.and_then(|text| text.parse().ok()).unwrap_or_default(),
            language: self.setting(LANGUAGE)?.and_then(|text| text.parse().ok()),
            hide_amounts: self.setting(HIDE_AMOUNTS)?.is_some(),
            reminders: self.setting(REMINDERS)?.is_none(),
            keep_alive: self.setting(KEEP_ALIVE)?.is_some(),
            close_to_tray: self.setting(CLOSE_TO_TRAY)?.is_some(),
            notifications: self.setting(NOTIFICATIONS)?.is_none(),
        };
        Ok(Choices { order: order.into_iter().map(AccountId::from).collect(), preferences })
    }
}

impl Ledger {
    /// Stores what the person prefers, and how the browser's answer comes back: all of it or nothing.
    ///
    /// # Errors
    /// [`crate::model::problem::ProblemCode::IndexUnavailable`].
    pub async fn set_preferences(&self, channel: Channel, chosen: StoredPreferences) -> Result<(), Problem> {
        let StoredPreferences { theme, language, hide_amounts, reminders, keep_alive, close_to_tray, notifications } = chosen;
        self.change(Lasts::OverAPowerCut, move |tables| {
            tables.set_channel(channel)?;
            tables.set_setting(THEME, theme.into())?;
            match language {
                Some(language) => tables.set_setting(LANGUAGE, language.tag())?,
                None => tables.remove_setting(LANGUAGE)?,
            }
            for (name, on) in [(REMINDERS, reminders), (NOTIFICATIONS, notifications)] {
                if on { tables.remove_setting(name)? } else { tables.set_setting(name, "off")? }
            }
            for (name, on) in [(HIDE_AMOUNTS, hide_amounts), (KEEP_ALIVE, keep_alive), (CLOSE_TO_TRAY, close_to_tray)] {
                if on { tables.set_setting(name, "")? } else { tables.remove_setting(name)? }
            }
            Ok(())
        })
        .await
    }
}
