//! Whether the person is at the program: which window has the focus, and whether the program is in the tray alone.

use connect_app::attention::Looks;

/// Where the program is for the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// The window is closed to the tray, or was never shown in this run.
    pub in_tray: bool,
    /// The window has the focus.
    pub main_focused: bool,
    /// The window for confirming a payment has it.
    pub confirm_focused: bool,
}

impl Presence {
    /// Where the person looks.
    pub fn looks(self) -> Looks {
        match self {
            Self { main_focused: true, .. } => Looks::Window,
            Self { confirm_focused: true, .. } => Looks::Payment,
            Self { .. } => Looks::Away,
        }
    }
}
