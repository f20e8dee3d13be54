//! The table of what the sandbox keeps to names tests that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_conformance_table_names_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(folder.join("../../docs/sandbox-conformance.md")).unwrap();
    let named: BTreeSet<(&str, &str)> = table.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::")).collect();
    let named: Vec<_> = named.into_iter().filter(|named| *named != ("file", "test")).collect();
    assert!(named.len() > 40, "{}", named.len());
    for (file, test) in named {
        let source = fs::read_to_string(folder.join(format!("tests/{file}.rs"))).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(source.contains(&format!("fn {test}(")), "{file}::{test} is not there");
    }
}
