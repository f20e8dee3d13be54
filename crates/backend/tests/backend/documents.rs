//! What the documents say exists does.

use std::path::Path;

/// The code spans of a table's row.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_the_security_table_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("../../docs/security.md")).unwrap();
    let mut seen = 0;
    for line in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| row")) {
        let mut text = String::new();
        for span in spans(line) {
            let (file, name) = span.split_once("::").unwrap_or((span, ""));
            if file.ends_with(".rs") {
                let folder = if file.starts_with("backend/") { "tests" } else { "src" };
                let path = if file.starts_with("tests/") { root.join(file) } else { root.join(folder).join(file) };
                text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{span}: no {}", path.display()));
            }
            if !name.is_empty() {
                assert!(text.contains(&format!("fn {name}(")), "{span} does not exist");
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "the table is read");
}

#[test]
fn every_value_that_is_read_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("../../docs/operating-the-backend.md")).unwrap();
    let sources = ["config.rs", "config/address.rs", "config/clients.rs", "config/store.rs"]
        .map(|file| std::fs::read_to_string(root.join("src").join(file)).unwrap())
        .concat();
    let names = sources.split('"').filter(|part| {
        (part.starts_with("MONEI_") || part.starts_with("CONNECT_")) && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    });
    for name in names {
        assert!(text.contains(&format!("`{name}`")), "{name} is not documented");
    }
}
