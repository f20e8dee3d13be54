//! What may depend on what inside this crate, read from its imports: each part knows only parts further down, so there are no circles.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every module of the crate's root, with all that it may import. One that is missing here fails the test.
const LAYERS: &[(&str, &[&str])] = &[
    // Plain data, and what it takes to tell the time or to stop a process in a test.
    ("wiped", &[]),
    ("failpoint", &[]),
    ("clock", &[]),
    ("changed", &[]),
    ("model", &["wiped"]),
    ("work", &["model"]),
    // The owners.
    ("provider", &["changed", "clock", "model", "wiped"]),
    ("ledger", &["changed", "clock", "model"]),
    ("grants", &["changed", "clock", "failpoint", "ledger", "model", "provider", "wiped", "work"]),
    ("access", &["grants", "ledger", "model", "provider", "work"]),
    ("approval", &["changed", "clock", "failpoint", "grants", "ledger", "model", "provider", "work"]),
    ("monitor", &["access", "clock", "grants", "ledger", "model", "provider"]),
    // What puts them together.
    ("service", &["approval", "ledger", "model", "provider"]),
    ("apps", &["ledger", "model"]),
    ("aside", &["grants", "ledger", "model"]),
    ("leaving", &["approval", "changed", "grants", "ledger", "model", "work"]),
    ("looking", &["approval", "grants", "monitor"]),
    ("preferences", &["approval", "ledger", "model"]),
    ("reviews", &["aside", "ledger", "model"]),
    ("tester", &["model", "provider"]),
    ("diagnose", &["approval", "grants", "model", "provider"]),
    ("publish", &["access", "approval", "grants", "ledger", "model", "provider"]),
    ("accounts", &["aside", "grants", "ledger", "model", "publish"]),
];

/// The facade and the root may know everything; the test of secrets too.
const TOP: [&str; 3] = ["connections", "lib", "secrets"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The module of the root that a file belongs to.
fn part(source: &Path, file: &Path) -> String {
    let first = file.strip_prefix(source).unwrap().components().next().unwrap();
    first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// What a text names as `crate::x`, in code and not in comments.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = BTreeSet::new();
    for line in code {
        for rest in line.split("crate::").skip(1) {
            found.insert(rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect());
        }
        assert!(!line.contains("use crate::{"), "name each import by itself, so that it can be read here: {line}");
    }
    found
}

fn all_imports() -> BTreeMap<String, BTreeSet<String>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut paths, mut all) = (Vec::new(), BTreeMap::<String, BTreeSet<String>>::new());
    files(&source, &mut paths);
    for path in paths {
        let own = part(&source, &path);
        let named = imports(&fs::read_to_string(&path).unwrap());
        all.entry(own.clone()).or_default().extend(named.into_iter().filter(|name| *name != own));
    }
    all
}

#[test]
fn each_part_knows_only_parts_further_down() {
    for (part, imports) in all_imports() {
        if TOP.contains(&part.as_str()) {
            continue;
        }
        let (_, allowed) = LAYERS.iter().find(|(name, _)| *name == part).unwrap_or_else(|| panic!("{part} has no place in the layers"));
        // The macro of a failpoint names its own module.
        let foreign: Vec<&String> = imports.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(foreign.is_empty(), "{part} imports {foreign:?}");
    }
}

#[test]
fn the_layers_have_no_circles() {
    for (position, (part, allowed)) in LAYERS.iter().enumerate() {
        for below in *allowed {
            let stands = LAYERS.iter().position(|(name, _)| name == below).unwrap_or_else(|| panic!("{below} has no place in the layers"));
            assert!(stands < position, "{part} may import {below}, which stands above it");
        }
    }
}

/// A file's place among the modules: `ledger/mod.rs` and `ledger.rs` are `["ledger"]`.
fn module(source: &Path, file: &Path) -> Vec<String> {
    let path = file.strip_prefix(source).unwrap().with_extension("");
    let mut names: Vec<String> = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if names.last().is_some_and(|last| last == "mod") {
        names.pop();
    }
    names
}

/// The paths that a text names from `crate`, `super` or `self` on, one for each name in braces.
fn paths(text: &str, own: &[String]) -> Vec<Vec<String>> {
    let is_path = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
    let mut found = Vec::new();
    for (at, word) in ["crate::", "super::", "self::"].iter().flat_map(|word| text.match_indices(word)) {
        if text[..at].ends_with(is_path) {
            continue;
        }
        let written: String = text[at..].chars().take_while(|letter| is_path(*letter)).collect();
        let rest = text[at + written.len()..].strip_prefix('{').and_then(|rest| rest.split('}').next()).unwrap_or_default();
        let mut base = if word == "crate::" { Vec::new() } else { own.to_vec() };
        let mut names = written.split("::").filter(|name| !name.is_empty()).peekable();
        while let Some(name) = names.next_if(|name| ["crate", "super", "self"].contains(name)) {
            if name == "super" {
                base.pop();
            }
        }
        base.extend(names.map(str::to_owned));
        for name in rest.split(',') {
            let tail = name.trim().split("::").filter(|name| !name.is_empty()).map(str::to_owned);
            found.push(base.iter().cloned().chain(tail).collect());
        }
    }
    found
}

/// But for a module and its own parts, which know each other.
#[test]
fn no_file_imports_itself_by_way_of_others() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files_found = Vec::new();
    files(&source, &mut files_found);
    let texts: BTreeMap<Vec<String>, String> = files_found
        .iter()
        .map(|file| {
            let text = fs::read_to_string(file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            (module(&source, file), code)
        })
        .filter(|(name, _)| name.last().is_none_or(|last| last != "tests"))
        .collect();
    let imports: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> = texts
        .iter()
        .map(|(own, text)| {
            let files = paths(text, own)
                .into_iter()
                .filter_map(|path| (1..=path.len()).rev().find_map(|length| texts.get_key_value(&path[..length]).map(|(name, _)| name)));
            (own, files.filter(|other| !other.starts_with(own) && !own.starts_with(other)).collect())
        })
        .collect();
    for start in imports.keys() {
        let (mut seen, mut next) = (BTreeSet::new(), vec![*start]);
        while let Some(file) = next.pop() {
            for other in &imports[file] {
                assert!(other != start, "{} imports itself by way of {}", start.join("/"), file.join("/"));
                if seen.insert(*other) {
                    next.push(other);
                }
            }
        }
    }
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 200, "imports aren't found any more");
}

/// One file each for the clock, the HTTP client and the writes of the index.
#[test]
fn time_network_and_index_have_one_door_each() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&source, &mut paths);
    let doors = [
        ("SystemTime::now", "clock.rs"),
        ("Client::builder", "provider/http.rs"),
        ("rusqlite::", "ledger/"),
        ("env::var", "failpoint.rs provider/http/proxies.rs grants/vault"),
    ];
    for path in paths {
        let name = path.strip_prefix(&source).unwrap().to_str().unwrap().replace('\\', "/");
        let text = fs::read_to_string(&path).unwrap();
        let code: String =
            text.split("#[cfg(test)]\nmod tests").next().unwrap().lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for (word, door) in doors {
            let is_door = door.split(' ').any(|door| name.starts_with(door));
            assert!(!code.contains(word) || is_door || name.contains("tests"), "{name} uses {word}, which is {door}'s");
        }
    }
}

/// A method of the facade with more than one statement, or with a block, decides something: that belongs to one of the parts below. Told by
/// the layout that rustfmt gives: a signature ends with the first line that ends with a brace, and a method with the brace below its first
/// letter.
#[test]
fn each_method_of_the_facade_passes_on_to_one_part() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/connections.rs")).unwrap();
    let methods = text.split("\nimpl Connections {\n").nth(1).unwrap().split("\n}\n").next().unwrap();
    let code = methods.lines().filter(|line| !["//", "#["].iter().any(|mark| line.trim_start().starts_with(mark)));
    let code = code.collect::<Vec<_>>().join("\n");
    let (mut count, mut longer) = (0, Vec::new());
    for method in code.split("\n    }").filter(|method| !method.trim().is_empty()) {
        let (signature, body) = method.split_once(" {\n").unwrap_or_else(|| panic!("no method: {method}"));
        let name = signature.split_once("fn ").and_then(|(_, rest)| rest.split(['(', '<']).next()).unwrap();
        let body = body.trim();
        let is_one = !body.contains('{') && !body.strip_suffix(';').unwrap_or(body).contains(';');
        if !is_one && name != "start" {
            longer.push(name);
        }
        count += 1;
    }
    assert_eq!(count, code.matches("fn ").count(), "not every method is read");
    assert!(longer.is_empty(), "these do more than to pass on: {longer:?}");
}
