//! The menu of a right click: what edits text, and nothing of a browser.

use webkit2gtk::{ContextMenuAction, ContextMenuExt as _, ContextMenuItemExt as _, HitTestResultExt as _, WebView, WebViewExt as _};

/// In a text field.
const EDITING: [ContextMenuAction; 5] =
    [ContextMenuAction::Cut, ContextMenuAction::Copy, ContextMenuAction::Paste, ContextMenuAction::Delete, ContextMenuAction::SelectAll];
/// On chosen text that can't be changed.
const READING: [ContextMenuAction; 1] = [ContextMenuAction::Copy];

/// Takes everything else out of the menus of `view`.
pub fn limit(view: &WebView) {
    view.connect_context_menu(|_, menu, _, place| {
        let wanted: &[ContextMenuAction] = match (place.context_is_editable(), place.context_is_selection()) {
            (true, _) => &EDITING,
            (false, true) => &READING,
            (false, false) => &[],
        };
        for item in menu.items() {
            if !wanted.contains(&item.stock_action()) {
                menu.remove(&item);
            }
        }
        // True: no menu.
        menu.n_items() == 0
    });
}
