//! The security documents name a test for each row. Here it is held that each named file and test is there.

#![cfg(test)]

use std::fs;
use std::path::Path;

/// Where tests are.
const FOLDERS: [&str; 5] = ["crates", "src-tauri", "tests", "ui/src", "ui/tests"];
const DOCUMENTS: [&str; 2] = ["docs/security.md", "docs/security-desktop.md"];

#[test]
fn every_proof_that_a_security_document_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = Vec::new();
    for folder in FOLDERS {
        read(&root.join(folder), &mut sources);
    }
    assert!(sources.len() > 100, "{} sources", sources.len());
    let mut missing = Vec::new();
    let mut named = 0;
    for document in DOCUMENTS {
        let text = fs::read_to_string(root.join(document)).unwrap();
        // The rows alone: the words above explain how names are written.
        for line in text.lines().filter(|line| line.starts_with('|')) {
            for proof in line.split('`').skip(1).step_by(2) {
                // A name alone is one of a test, too; the rest are programs, folders and settings.
                let alone = proof.contains('_') && is_test_name(proof);
                let (file, test) = if alone { ("", proof) } else { proof.split_once("::").unwrap_or((proof, "")) };
                if !file.is_empty() && !Path::new(file).extension().is_some_and(|ending| ending == "rs" || ending == "ts") {
                    continue;
                }
                named += 1;
                let has_file = file.is_empty() || sources.iter().any(|(path, _)| path.ends_with(&format!("/{file}")));
                let has_test =
                    test.is_empty() || !is_test_name(test) || sources.iter().any(|(_, text)| text.contains(&format!("fn {test}(")));
                if !has_file || !has_test {
                    missing.push(format!("{document}: {proof}"));
                }
            }
        }
    }
    assert!(named > 100, "{named} proofs");
    assert!(missing.is_empty(), "{missing:#?}");
}

fn is_test_name(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// Every source below `folder`: its path, and its text.
fn read(folder: &Path, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_source = path.extension().is_some_and(|ending| ending == "rs" || ending == "ts");
        if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
            read(&path, sources);
        } else if is_source {
            sources.push((path.to_string_lossy().replace('\\', "/"), fs::read_to_string(&path).unwrap()));
        }
    }
}
