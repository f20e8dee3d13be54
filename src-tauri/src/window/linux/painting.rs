//! WebKitGTK paints this window without the GPU: a calm page has nothing to gain from it, and setting it up costs memory and time at each
//! start (docs/performance.md). Only the environment says so early enough: a view that exists already loses its process when its setting
//! changes and its size does.

use std::sync::atomic::{AtomicBool, Ordering};

/// Read by WebKitGTK. `0` means that a person wants the GPU.
const VARIABLE: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

/// Whether [`VARIABLE`] was set here, and not by the person.
static SET_HERE: AtomicBool = AtomicBool::new(false);

/// Switches the GPU off for this process and the web process. To be called before GTK starts and before any thread. What the person set
/// stays as it is.
pub fn without_gpu() {
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    match gtk::glib::setenv(VARIABLE, "1", false) {
        Ok(()) => SET_HERE.store(true, Ordering::Relaxed),
        Err(error) => eprintln!("monei-connect: the window is painted with the GPU: {error}"),
    }
}

/// The variable that a program started from here must not inherit, since it would paint without the GPU too.
pub fn not_inherited() -> Option<&'static str> {
    SET_HERE.load(Ordering::Relaxed).then_some(VARIABLE)
}
