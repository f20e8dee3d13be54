//! The person's choices: stored, and gone by from then on.

use crate::approval::Approvals;
use crate::ledger::{Ledger, StoredPreferences};
use crate::model::problem::Problem;
use crate::model::snapshot::Preferences;

/// Stores the choices. None is changed where that fails.
pub(crate) async fn set(ledger: &Ledger, approvals: &Approvals, chosen: Preferences) -> Result<(), Problem> {
    ledger.set_preferences(chosen.channel, chosen.into()).await?;
    approvals.set_channel(chosen.channel);
    Ok(())
}

/// All but the channel, which is a setting of approvals.
impl From<Preferences> for StoredPreferences {
    fn from(chosen: Preferences) -> Self {
        let Preferences { channel: _, theme, language, hide_amounts, reminders, keep_alive, close_to_tray, notifications } = chosen;
        Self { theme, language, hide_amounts, reminders, keep_alive, close_to_tray, notifications }
    }
}
