//! The keys that work in every window of the desktop: Ctrl+Q quits, Ctrl+W closes, and Ctrl with +, − and 0 makes the page larger, smaller
//! and as it was. The page's own zoom is multiplied by the desktop's text scaling, which WebKitGTK doesn't apply to sizes in CSS pixels.

use std::rc::Rc;

use gtk::gdk;
use gtk::gdk::keys::constants as key;
use gtk::prelude::*;
use tauri::AppHandle;
use webkit2gtk::{WebView, WebViewExt as _};

use super::kept::Kept;

/// Each press goes to the next of these.
const ZOOMS: [f64; 13] = [0.5, 0.67, 0.75, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0];

/// Which way the page's size is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zoom {
    Larger,
    Smaller,
    AsItWas,
}

/// Binds the keys, and gives the page the zoom it had.
pub fn bind(app: &AppHandle, window: &gtk::Window, view: &WebView, kept: &Rc<Kept>) {
    apply(view, kept);
    if let Some(settings) = gtk::Settings::default() {
        let (view, kept) = (view.clone(), Rc::clone(kept));
        settings.connect_gtk_xft_dpi_notify(move |_| apply(&view, &kept));
    }
    let group = gtk::AccelGroup::new();
    let zooms = [
        (key::plus, Zoom::Larger),
        (key::equal, Zoom::Larger),
        (key::KP_Add, Zoom::Larger),
        (key::minus, Zoom::Smaller),
        (key::KP_Subtract, Zoom::Smaller),
        (key::_0, Zoom::AsItWas),
        (key::KP_0, Zoom::AsItWas),
    ];
    for (key, zoom) in zooms {
        let (view, kept) = (view.clone(), Rc::clone(kept));
        on_key(&group, key, move |_| {
            kept.set_zoom(next(usable(kept.zoom()), zoom));
            apply(&view, &kept);
        });
    }
    on_key(&group, key::w, gtk::Window::close);
    let (app, kept) = (app.clone(), Rc::clone(kept));
    on_key(&group, key::q, move |window| {
        kept.take(window);
        app.exit(0);
    });
    window.add_accel_group(&group);
}

fn on_key(group: &gtk::AccelGroup, key: gdk::keys::Key, act: impl Fn(&gtk::Window) + 'static) {
    group.connect_accel_group(*key, gdk::ModifierType::CONTROL_MASK, gtk::AccelFlags::empty(), move |_, window, _, _| {
        if let Some(window) = window.downcast_ref::<gtk::Window>() {
            act(window);
        }
        true
    });
}

/// Shows the page at the kept zoom, in letters as large as the desktop wants them.
fn apply(view: &WebView, kept: &Kept) {
    let scaling = gtk::Settings::default().map_or(1.0, |settings| text_scaling(settings.gtk_xft_dpi()));
    view.set_zoom_level(usable(kept.zoom()) * scaling);
}

/// The desktop's text scaling, from GTK's setting in 1024ths of a dot per inch. 96 dots are the usual size; −1 means that nothing is set.
fn text_scaling(dpi: i32) -> f64 {
    if dpi <= 0 { 1.0 } else { (f64::from(dpi) / 1024.0 / 96.0).clamp(0.5, 3.0) }
}

fn next(level: f64, zoom: Zoom) -> f64 {
    // Levels come back from the file as they were given, but for the last digits.
    let same = 0.001;
    match zoom {
        Zoom::AsItWas => Some(1.0),
        Zoom::Larger => ZOOMS.into_iter().find(|step| *step > level + same),
        Zoom::Smaller => ZOOMS.into_iter().rev().find(|step| *step < level - same),
    }
    .unwrap_or(level)
}

/// A kept zoom that this program would never have set is none.
fn usable(zoom: f64) -> f64 {
    if (ZOOMS[0]..=ZOOMS[ZOOMS.len() - 1]).contains(&zoom) { zoom } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zoom_goes_step_by_step_and_stops_at_both_ends() {
        assert_eq!(next(1.0, Zoom::Larger), 1.1);
        assert_eq!(next(1.1, Zoom::Smaller), 1.0);
        assert_eq!(next(1.100_000_1, Zoom::Smaller), 1.0);
        assert_eq!(next(2.5, Zoom::AsItWas), 1.0);
        assert_eq!(next(3.0, Zoom::Larger), 3.0);
        assert_eq!(next(0.5, Zoom::Smaller), 0.5);
    }

    #[test]
    fn text_is_as_large_as_the_desktop_wants_it() {
        for (dpi, scaling) in [(98_304, 1.0), (147_456, 1.5), (122_880, 1.25), (-1, 1.0), (0, 1.0), (1, 0.5), (i32::MAX, 3.0)] {
            assert_eq!(text_scaling(dpi), scaling, "{dpi}");
        }
    }

    #[test]
    fn a_kept_zoom_that_would_hide_the_page_is_not_used() {
        for zoom in [0.0, -1.0, 0.01, 40.0, f64::NAN, f64::INFINITY] {
            assert_eq!(usable(zoom), 1.0, "{zoom}");
        }
        assert_eq!(usable(1.25), 1.25);
    }
}
