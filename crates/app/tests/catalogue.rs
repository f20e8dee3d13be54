//! The sentences that the web view shares are those of the catalogue. This test fails when they drift;
//! `UPDATE_BINDINGS=1 cargo test -p connect-app --test catalogue` writes them anew.

use std::path::Path;

#[test]
fn the_web_view_has_the_catalogues_sentences() {
    let fresh = connect_app::catalogue::web_view().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/text/en-shared.json");
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == fresh, "ui/src/lib/text/en-shared.json is not what connect-app's catalogue makes; see this test's first lines");
}
