//! What each layer of the backend may know of the others, read from its imports.

use std::path::{Path, PathBuf};

/// Each layer, what it may name of this crate, and libraries that it must not know.
const LAYERS: [(&str, &[&str], &[&str]); 4] = [
    ("domain", &["domain"], &["axum", "reqwest", "redis", "tokio", "hyper", "tracing"]),
    ("ports", &["domain", "ports", "config", "metrics"], &["axum_extra", "hyper_util"]),
    ("flow", &["domain", "ports", "flow", "metrics"], &["axum", "reqwest", "redis", "hyper"]),
    ("http", &["domain", "flow", "http", "metrics"], &["reqwest", "redis"]),
];

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|kind| kind == "rs") && path.file_stem().is_some_and(|name| name != "tests") {
            all.push(path);
        }
    }
}

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// What follows each `prefix`, as far as it is a name.
fn named<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(prefix).map(move |(at, _)| {
        let rest = &code[at + prefix.len()..];
        &rest[..rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len())]
    })
}

#[test]
fn no_layer_knows_one_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut read = 0;
    for (layer, may, must_not) in LAYERS {
        let mut files = vec![root.join(format!("{layer}.rs"))];
        sources(&root.join(layer), &mut files);
        for file in files {
            let code = code(&file);
            for name in named(&code, "crate::") {
                assert!(may.contains(&name), "{} names crate::{name}; {layer} may name {may:?}", file.display());
                read += 1;
            }
            for library in must_not {
                let named = [format!("use {library}::"), format!(" {library}::"), format!("({library}::"), format!("<{library}::")];
                assert!(!named.iter().any(|text| code.contains(text.as_str())), "{} uses {library}", file.display());
            }
        }
    }
    assert!(read > 150, "the imports are read: {read}");
}

/// Monei's clock is one file's affair, so that tests can move it.
#[test]
fn the_wall_clock_is_read_in_one_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let readers: Vec<_> = files.iter().filter(|file| code(file).contains("SystemTime::now()")).collect();
    let names: Vec<_> = readers.iter().map(|file| file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/")).collect();
    assert!(names.iter().all(|name| ["ports/clock.rs", "ports/monei/answer.rs"].contains(&name.as_str())), "{names:?}");
}
