//! The table of what the sandbox keeps to names tests that exist and are run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Every test of this program, as its runner lists them.
#[expect(clippy::expect_used, reason = "a test's own plumbing: a panic is its way to fail")]
fn listed() -> BTreeSet<String> {
    let program = std::env::current_exe().expect("the path of this program");
    let output = Command::new(program).args(["--list", "--format", "terse"]).output().expect("the list of tests");
    let text = String::from_utf8(output.stdout).expect("the list is text");
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

#[test]
fn every_test_that_the_conformance_table_names_is_one_that_runs() {
    let listed = listed();
    let table = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sandbox-conformance.md")).unwrap();
    let named: BTreeSet<&str> = table.split('`').skip(1).step_by(2).filter(|code| code.contains("::") && *code != "file::test").collect();
    assert!(named.len() > 45, "{}", named.len());
    for test in named {
        assert!(listed.contains(test), "{test} is not run");
    }
}
