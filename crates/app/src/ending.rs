//! When the system asks a program to end. What is done then is the front end's: first [`connect_core::Connections::shutdown`], which
//! finishes what would be lost.

/// How the system asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, or Ctrl-C at a console.
    Interrupt,
    /// SIGTERM; on Windows Ctrl-Break, or the end of the system.
    Terminate,
    /// SIGHUP: the terminal or the session has gone. On Windows the console is closed, or the session ends.
    HangUp,
}

impl Signal {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt if cfg!(unix) => "SIGINT",
            Self::Interrupt => "Ctrl-C",
            Self::Terminate if cfg!(unix) => "SIGTERM",
            Self::Terminate => "Ctrl-Break or the system's end",
            Self::HangUp if cfg!(unix) => "SIGHUP",
            Self::HangUp => "the console's end",
        }
    }

    /// The exit code that a shell shows for a program that it has ended.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::HangUp => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// The signals that ask this program to end. From the first of these on, none ends it by itself, also once this is dropped.
#[cfg(unix)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Follows SIGTERM, SIGINT and SIGHUP.
    ///
    /// # Errors
    /// Signals can't be followed.
    pub fn follow() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hang_up: signal(SignalKind::hangup())? })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.hang_up.recv() => Signal::HangUp,
        }
    }
}

/// What Windows tells a program of the console that it runs in. From the first of these on, none ends it at once, also once this is dropped;
/// when a console is closed or the session ends, the system waits a few seconds.
#[cfg(windows)]
pub struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    break_key: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    log_off: tokio::signal::windows::CtrlLogoff,
    shut_down: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    /// Follows Ctrl-C, Ctrl-Break, and the end of the console, the session and the system.
    ///
    /// # Errors
    /// They can't be followed.
    pub fn follow() -> std::io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
        Ok(Self {
            interrupt: ctrl_c()?,
            break_key: ctrl_break()?,
            close: ctrl_close()?,
            log_off: ctrl_logoff()?,
            shut_down: ctrl_shutdown()?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.break_key.recv() => Signal::Terminate,
            _ = self.close.recv() => Signal::HangUp,
            _ = self.log_off.recv() => Signal::HangUp,
            _ = self.shut_down.recv() => Signal::Terminate,
        }
    }
}

/// Whether this process was started with SIGHUP ignored, as by `nohup`. To be asked before [`Signals::follow`]. Only Linux tells it.
pub fn outlives_its_terminal() -> bool {
    let status = if cfg!(target_os = "linux") { std::fs::read_to_string("/proc/self/status").unwrap_or_default() } else { String::new() };
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    // proc_pid_status(5): the lowest bit is signal 1, which is SIGHUP.
    ignored.is_some_and(|signals| signals & 1 == 1)
}

/// Waits until the system asks this program to end, and tells how.
///
/// # Errors
/// Signals can't be followed.
pub async fn asked_to_end() -> std::io::Result<&'static str> {
    Ok(Signals::follow()?.next().await.name())
}
