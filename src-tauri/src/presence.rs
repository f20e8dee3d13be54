//! Whether the person is at the program: which window has the focus, and whether the program is in the tray alone.

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
    /// Whether one of the program's windows has the focus.
    pub fn has_focus(self) -> bool {
        self.main_focused || self.confirm_focused
    }
}
