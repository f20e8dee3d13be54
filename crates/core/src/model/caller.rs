//! On whose behalf Monei is called.

use std::fmt;

use super::AppId;

/// Who uses a connection. First argument of whatever calls Monei; it names the record of the use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// The person, through the window.
    Window,
    /// The person, through a command line.
    CommandLine,
    /// Another program of the person, which they have allowed to.
    App(AppId),
    /// The program itself, which checks whether connections still work.
    Monitor,
}

/// Its word in the record of uses.
impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caller::Window => f.write_str("window"),
            Caller::CommandLine => f.write_str("command_line"),
            Caller::App(app) => write!(f, "app:{}", &**app),
            Caller::Monitor => f.write_str("monitor"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_word_of_its_own_in_the_record() {
        let callers = [Caller::Window, Caller::CommandLine, Caller::App("a1".into()), Caller::App("a2".into()), Caller::Monitor];
        assert_eq!(callers.map(|caller| caller.to_string()), ["window", "command_line", "app:a1", "app:a2", "monitor"]);
    }
}
