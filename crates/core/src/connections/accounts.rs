//! Small things about an account: its label, and what happened to it.

use super::Connections;
use crate::problem::{Problem, ProblemCode};
use crate::view::ActivityItem;

/// Longest label, in characters.
const MAX_LABEL: usize = 60;
/// How many lines of activity are shown.
const MAX_ACTIVITY: u32 = 200;

impl Connections {
    /// Sets or removes the person's own name for the account.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] for a label that is empty, longer than 60 characters or holds control characters.
    pub async fn rename(&self, account: &str, label: Option<String>) -> Result<(), Problem> {
        let label = label.map(|text| text.trim().to_owned());
        let sound = |text: &String| !text.is_empty() && text.chars().count() <= MAX_LABEL && !text.chars().any(char::is_control);
        if !label.as_ref().is_none_or(sound) {
            return Err(ProblemCode::InvalidInput.into());
        }
        let account = account.to_owned();
        let found = self
            .index(move |index| {
                let Some(mut row) = index.accounts()?.into_iter().find(|row| row.id == account) else { return Ok(false) };
                row.label = label;
                index.put_account(&row)?;
                Ok(true)
            })
            .await?;
        if !found {
            return Err(ProblemCode::NoSuchAccount.into());
        }
        self.reload().await
    }

    /// What happened, newest first: to one account, or at all.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn activity(&self, account: Option<&str>) -> Result<Vec<ActivityItem>, Problem> {
        let account = account.map(str::to_owned);
        self.index(move |index| index.activity(account.as_deref(), MAX_ACTIVITY)).await
    }
}
