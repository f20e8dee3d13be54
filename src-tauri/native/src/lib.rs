//! Calls into GDK, WebKitGTK and the C library that have no safe binding, alone in their crate: the rest of the workspace forbids `unsafe`.
#![cfg(target_os = "linux")]

use gdk::prelude::*;
use glib::translate::ToGlibPtr as _;

/// Whether `display` is a Wayland compositor's.
pub fn is_wayland(display: &gdk::Display) -> bool {
    display.type_().name() == "GdkWaylandDisplay"
}

/// Sets the token under which GDK asks the compositor to bring the next presented window to the front. Without effect where that isn't Wayland's.
///
/// `token` is the one that the compositor gave to the program that wants the window; an unknown or used one is ignored by the compositor.
///
/// GDK's safe bindings for Wayland (`gdkwayland`) have this call too, but depend on a Wayland client of 2023 for others.
#[allow(unsafe_code)]
pub fn set_activation_token(display: &gdk::Display, token: &str) {
    if !is_wayland(display) {
        return;
    }
    let of_display: *mut gdk::ffi::GdkDisplay = display.to_glib_none().0;
    let token = token.to_glib_none();
    // SAFETY: `display` is a live GdkWaylandDisplay: its type was looked at, and its reference is held across the call. GDK copies the
    // token, which is NUL-terminated and outlives the call. A `gdk::Display` can't leave GDK's thread, since it isn't `Send`.
    unsafe { gdk_wayland_sys::gdk_wayland_display_set_startup_notification_id(of_display.cast(), token.0) }
}

/// Major and minor version of the system's WebKitGTK.
#[allow(unsafe_code)]
pub fn webkit_version() -> (u32, u32) {
    // SAFETY: both functions take nothing and read a constant of the library.
    unsafe { (webkit2gtk_sys::webkit_get_major_version(), webkit2gtk_sys::webkit_get_minor_version()) }
}

/// Has all threads allocate from one arena, where the C library is GNU's; elsewhere nothing changes. Nearly each of this program's many short-lived
/// threads gets an arena of its own otherwise, which is kept once the thread has ended (docs/performance.md). To be called before there are others.
#[allow(unsafe_code)]
pub fn one_arena() {
    #[cfg(target_env = "gnu")]
    // SAFETY: `mallopt` takes two numbers and changes how later allocations are made; what is allocated already stays valid. It refuses no number
    // of arenas.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
