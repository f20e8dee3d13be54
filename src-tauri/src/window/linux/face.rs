//! The typeface of the desktop. A page names it as `sans-serif`: WebKitGTK takes two to three times as long to find the fonts of `system-ui`
//! as those of a family that it is told (docs/performance.md).

use gtk::pango::FontDescription;
use gtk::prelude::*;
use webkit2gtk::{SettingsExt as _, WebView, WebViewExt};

/// Has `sans-serif` mean the desktop's typeface in `view`, from now on.
pub fn follow(view: &WebView) {
    let Some(desktop) = gtk::Settings::default() else { return };
    apply(&desktop, view);
    let view = view.downgrade();
    desktop.connect_gtk_font_name_notify(move |desktop| {
        if let Some(view) = view.upgrade() {
            apply(desktop, &view);
        }
    });
}

fn apply(desktop: &gtk::Settings, view: &WebView) {
    let Some(name) = desktop.gtk_font_name() else { return };
    if let (Some(family), Some(settings)) = (family(&name), WebViewExt::settings(view)) {
        settings.set_sans_serif_font_family(&family);
    }
}

/// `Cantarell` of `Cantarell Bold 11`.
fn family(name: &str) -> Option<String> {
    FontDescription::from_string(name).family().map(Into::into).filter(|family: &String| !family.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_is_told_without_its_style_and_size() {
        assert_eq!(family("Cantarell Bold 11").as_deref(), Some("Cantarell"));
        assert_eq!(family("DejaVu Sans 10").as_deref(), Some("DejaVu Sans"));
        assert_eq!(family("Noto Sans,  10").as_deref(), Some("Noto Sans"));
        assert_eq!(family("11"), None);
        assert_eq!(family(""), None);
    }
}
