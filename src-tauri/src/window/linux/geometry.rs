//! Where the window is and how large, from one start to the next. In GTK's own numbers, which leave out the frame whoever draws it: sizes
//! that include a frame drawn by GTK would grow the window at each start. All in logical pixels.

use gtk::gdk;
use gtk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::window::LEAST;

/// The size of a first start, where the screen has room for it.
const FIRST: (i32, i32) = (1080, 720);
/// So much of a saved window must be on a monitor, for a person to be able to move it from there.
const GRIP: (i32, i32) = (96, 32);

/// What is kept of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Geometry {
    /// Of the content, when neither maximised nor tiled.
    pub width: i32,
    /// As `width`.
    pub height: i32,
    /// Of the frame's corner, where the system tells it: X11 does, Wayland doesn't.
    pub x: Option<i32>,
    /// As `x`.
    pub y: Option<i32>,
    /// Whether it filled the screen.
    pub maximized: bool,
}

/// A part of the desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Area {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
}

impl From<gdk::Rectangle> for Area {
    fn from(it: gdk::Rectangle) -> Self {
        Self { x: it.x(), y: it.y(), width: it.width(), height: it.height() }
    }
}

/// One screen: all of it, and what panels and docks leave of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Screen {
    whole: Area,
    work: Area,
}

/// Gives a window that isn't shown yet the geometry it had, or that of a first start.
pub fn restore(window: &gtk::Window, kept: Geometry) {
    let display = WidgetExt::display(window);
    let screens: Vec<Screen> = (0..display.n_monitors())
        .filter_map(|number| display.monitor(number))
        .map(|monitor| Screen { whole: monitor.geometry().into(), work: monitor.workarea().into() })
        .collect();
    let first = display.primary_monitor().or_else(|| display.monitor(0)).map(|monitor| Area::from(monitor.workarea()));
    let (width, height, place) = placed(kept, &screens, first);
    window.set_default_size(width, height);
    if let Some((x, y)) = place {
        window.move_(x, y);
    }
    if kept.maximized {
        window.maximize();
    }
}

/// Has a hidden window come back where it was, where the system lets a program say so.
pub fn place(window: &gtk::Window, kept: Geometry) {
    if let (Some(x), Some(y)) = (kept.x, kept.y) {
        window.move_(x, y);
    }
}

/// Size and place of the window on these screens. `first` is the work area that a first start gets.
fn placed(kept: Geometry, screens: &[Screen], first: Option<Area>) -> (i32, i32, Option<(i32, i32)>) {
    if kept.width <= 0 || kept.height <= 0 {
        let most = first.map_or(FIRST, |area| (area.width * 9 / 10, area.height * 9 / 10));
        return (FIRST.0.min(most.0), FIRST.1.min(most.1), None);
    }
    let kept = Geometry { width: kept.width.max(LEAST.0), height: kept.height.max(LEAST.1), ..kept };
    let place = kept.x.zip(kept.y);
    let on = place.and_then(|(x, y)| {
        let window = Area { x, y, width: kept.width, height: kept.height };
        screens.iter().find(|screen| can_be_moved_from(window, screen.work)).copied()
    });
    // Without a place, the window may come up on any screen.
    let largest = |side: fn(Area) -> i32| screens.iter().map(|screen| side(screen.whole)).max();
    let most = match on {
        Some(screen) => Some((screen.whole.width, screen.whole.height)),
        None => largest(|area| area.width).zip(largest(|area| area.height)),
    };
    let (width, height) = most.map_or((kept.width, kept.height), |most| (kept.width.min(most.0), kept.height.min(most.1)));
    (width, height, place.filter(|_| on.is_some()))
}

/// Whether enough of the window's upper edge is within `work` to be taken hold of.
fn can_be_moved_from(window: Area, work: Area) -> bool {
    let wide = (window.x + window.width).min(work.x + work.width) - window.x.max(work.x);
    wide >= GRIP.0 && window.y >= work.y - GRIP.1 / 2 && window.y + GRIP.1 <= work.y + work.height
}

/// What is to be kept of the window as it is now. Of a maximised or tiled one, `before` has the size and place to go back to.
pub fn of(window: &gtk::Window, before: Geometry) -> Geometry {
    let Some(state) = window.window().map(|window| window.state()) else { return before };
    let maximized = state.contains(gdk::WindowState::MAXIMIZED);
    let arranged = gdk::WindowState::MAXIMIZED
        | gdk::WindowState::FULLSCREEN
        | gdk::WindowState::TILED
        | gdk::WindowState::ICONIFIED
        | gdk::WindowState::WITHDRAWN;
    if state.intersects(arranged) {
        // One that is minimised keeps saying whether it was maximised.
        return Geometry { maximized, ..before };
    }
    let (width, height) = window.size();
    let place = WidgetExt::display(window).backend().is_x11().then(|| window.position());
    Geometry { width, height, x: place.map(|place| place.0), y: place.map(|place| place.1), maximized }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Screen =
        Screen { whole: Area { x: 0, y: 0, width: 1920, height: 1080 }, work: Area { x: 0, y: 28, width: 1920, height: 1052 } };
    const BESIDE: Screen =
        Screen { whole: Area { x: 1920, y: 0, width: 1280, height: 1024 }, work: Area { x: 1920, y: 0, width: 1280, height: 1024 } };

    fn kept(x: i32, y: i32, width: i32, height: i32) -> Geometry {
        Geometry { width, height, x: Some(x), y: Some(y), maximized: false }
    }

    #[test]
    fn a_first_start_takes_at_most_nine_tenths_of_the_work_area() {
        let area = |width, height| Some(Area { x: 0, y: 0, width, height });
        assert_eq!(placed(Geometry::default(), &[], area(1920, 1052)), (1080, 720, None));
        assert_eq!(placed(Geometry::default(), &[], area(1280, 720)), (1080, 648, None));
        // 1366×768 at 200 %.
        assert_eq!(placed(Geometry::default(), &[], area(683, 384)), (614, 345, None));
        assert!(LEAST.0 <= 614 && LEAST.1 <= 345, "the least size doesn't fit there");
    }

    #[test]
    fn size_and_place_come_back_exactly() {
        for window in [(100, 60, 1000, 700), (0, 28, 1920, 1052), (1930, 10, 400, 500), (-300, 40, 900, 600), (1700, 900, 800, 600)] {
            let (x, y, width, height) = window;
            assert_eq!(placed(kept(x, y, width, height), &[WIDE, BESIDE], None), (width, height, Some((x, y))), "{window:?}");
        }
    }

    #[test]
    fn a_window_that_no_monitor_shows_is_placed_by_the_system() {
        for window in [(1950, 10, 800, 600), (-790, 40, 800, 600), (100, 1075, 800, 600), (100, -200, 800, 600), (1890, 40, 800, 600)] {
            let (x, y, width, height) = window;
            assert_eq!(placed(kept(x, y, width, height), &[WIDE], None), (width, height, None), "{window:?}");
        }
    }

    #[test]
    fn a_window_is_never_larger_than_its_monitor_nor_smaller_than_the_least() {
        assert_eq!(placed(kept(0, 30, 5000, 4000), &[WIDE, BESIDE], None), (1920, 1080, Some((0, 30))));
        assert_eq!(placed(kept(9000, 30, 5000, 4000), &[WIDE, BESIDE], None), (1920, 1080, None));
        assert_eq!(placed(kept(10, 30, 7, 9), &[WIDE], None), (LEAST.0, LEAST.1, Some((10, 30))));
        let nonsense = Geometry { width: -5, height: 0, ..Geometry::default() };
        assert_eq!(placed(nonsense, &[WIDE], Some(WIDE.work)), (1080, 720, None));
    }

    #[test]
    fn where_no_place_is_told_the_size_comes_back() {
        let kept = Geometry { width: 900, height: 640, ..Geometry::default() };
        assert_eq!(placed(kept, &[WIDE], None), (900, 640, None));
    }
}
