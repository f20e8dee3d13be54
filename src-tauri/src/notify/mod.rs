//! The notification: one at most. Linux: `org.freedesktop.Notifications` on the session bus. Elsewhere the program's sign in the taskbar or
//! dock asks for attention instead.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub use linux::{Notifier, is_there};
#[cfg(not(target_os = "linux"))]
pub use other::{Notifier, is_there};

/// What became of a notification. The token, where the desktop gives one, lets the window come to the front.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing can be pressed there"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The person pressed it.
    Pressed(Option<String>),
    /// The person or the desktop closed it.
    Closed,
}
