//! What a window needs of the system: a display that answers, and a web view that can show the page. Where one is missing, one line says so, and
//! nothing is opened.

#[cfg(target_os = "linux")]
use connect_app::catalogue;

/// The oldest WebKitGTK that knows what the page is made of: `light-dark()` for its colours (`ui/vite.config.ts`).
#[cfg(target_os = "linux")]
const WEBKIT: (u32, u32) = (2, 44);

/// Whether a display is named at all. Looked at first: it takes nothing.
///
/// # Errors
/// What to tell.
pub fn display_is_named() -> Result<(), &'static str> {
    names_display(&|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn names_display(is_set: &dyn Fn(&str) -> bool) -> Result<(), &'static str> {
    if !cfg!(target_os = "linux") || is_set("WAYLAND_DISPLAY") || is_set("DISPLAY") {
        return Ok(());
    }
    Err("no display: neither WAYLAND_DISPLAY nor DISPLAY is set. `monei-connect diagnose` works without one.")
}

/// Opens the display, and looks at the web view's version. To be called on the main thread.
///
/// # Errors
/// What to tell. An old web view is told in a dialog, too: whoever starts the program from a menu sees no terminal.
#[cfg(target_os = "linux")]
pub fn met() -> Result<(), String> {
    // As Tauri does it later, which ends with a panic where it fails.
    if gtk::init().is_err() {
        return Err(
            "no display: the one that WAYLAND_DISPLAY or DISPLAY names can't be opened. `monei-connect diagnose` works without one."
                .to_owned(),
        );
    }
    let found = native::webkit_version();
    if found >= WEBKIT {
        return Ok(());
    }
    let words = |(major, minor): (u32, u32)| format!("{major}.{minor}");
    let told = catalogue::web_view_too_old(connect_app::language::of_desktop(), &words(WEBKIT), &words(found));
    crate::window::tell(&told);
    Err(format!("{}. {}", told.title, told.text))
}

/// Elsewhere the system sees to it, or says what is missing.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn met() -> Result<(), String> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn without_any_display_no_window_is_tried() {
        assert!(names_display(&|_| false).is_err());
        assert!(names_display(&|name| name == "DISPLAY").is_ok());
        assert!(names_display(&|name| name == "WAYLAND_DISPLAY").is_ok());
    }
}
