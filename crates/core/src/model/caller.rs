//! On whose behalf Monei is called.

use std::fmt;

/// Who uses a connection. First argument of whatever calls Monei; it names the record of the use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// The person, through the window.
    Window,
    /// The program itself, which checks whether connections still work.
    Monitor,
}

impl Caller {
    /// Its word in the record of uses.
    pub fn word(self) -> &'static str {
        match self {
            Caller::Window => "window",
            Caller::Monitor => "monitor",
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
