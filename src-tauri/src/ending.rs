//! How the program ends that is asked to: by its window, a signal, the end of the desktop's session. (Where the display goes first, GTK ends it
//! without asking.) First it gives up its name, so that
//! another start gets a window at once; then the core finishes what would be lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use connect_app::{catalogue, terminal};
use tauri::{AppHandle, Manager as _};

use crate::host::Host;
use crate::window;

/// The exit code that was asked for.
static CODE: AtomicI32 = AtomicI32::new(0);

/// The system asked for the end, and waits for it: nobody is kept reading.
static BY_SYSTEM: AtomicBool = AtomicBool::new(false);

/// Keeps the exit code until [`finish`]; none means that the last window was closed.
pub fn requested(code: Option<i32>) {
    CODE.store(code.unwrap_or(0), Ordering::Relaxed);
}

/// Ends the program in order when the system asks it to: SIGTERM, SIGINT and SIGHUP.
#[cfg(unix)]
pub fn follow_signals(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        match connect_app::ending::asked_to_end().await {
            Ok(name) => {
                tracing::info!(name, "asked to end");
                BY_SYSTEM.store(true, Ordering::Relaxed);
                app.exit(0);
            }
            Err(error) => tracing::error!(%error, "signals can't be followed"),
        }
    });
}

/// Finishes, and on Linux ends the process.
pub fn finish(app: &AppHandle) {
    tauri_plugin_single_instance::destroy(app);
    window::put_away(app);
    if let Some(host) = app.try_state::<Arc<Host>>().map(|host| host.inner().clone()) {
        let language = host.language();
        let living = tauri::async_runtime::block_on(async move { host.shutdown().await });
        if !living.is_empty() {
            let told = catalogue::left_living(language, &living);
            tracing::warn!(accounts = living.len(), "Monei hasn't confirmed the end of what was kept in memory");
            if BY_SYSTEM.load(Ordering::Relaxed) || !window::tell(&told) {
                terminal::complain("monei-connect", &format!("{}. {}", told.title, told.text));
            }
        }
    }
    // All is stored. The exit handlers of GTK's and WebKit's libraries run beside threads of theirs that still live, and seldom one of
    // those crashes (a null mutex): so the process ends without them.
    #[cfg(target_os = "linux")]
    signal_hook::low_level::exit(CODE.load(Ordering::Relaxed));
}
