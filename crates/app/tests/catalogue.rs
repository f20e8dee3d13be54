//! The sentences that the web view shares are those of the catalogue. This test fails when they drift;
//! `UPDATE_BINDINGS=1 cargo test -p connect-app --test catalogue` writes them anew.

use std::path::Path;

use connect_core::snapshot::Language;

#[test]
fn the_web_view_has_the_catalogues_sentences() {
    for language in [Language::English, Language::French] {
        let fresh = connect_app::catalogue::web_view(language).unwrap();
        let name = format!("ui/src/lib/text/{}-shared.json", language.tag());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(&name);
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(&path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == fresh, "{name} is not what connect-app's catalogue makes; see this test's first lines");
    }
}

/// A packager may set another name, which then stands in every sentence.
#[test]
fn no_sentence_spells_the_name_of_the_product() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalogue")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            read += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            let spelt = text.lines().find(|line| line.contains("Monei Connections"));
            assert_eq!(spelt, None, "{}", path.display());
        }
    }
    assert!(read > 5, "{read} files");
}
