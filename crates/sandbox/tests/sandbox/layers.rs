//! What may depend on what inside the crate, read from its imports: faces on commands, commands on the model, and nothing in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From the top down: a part may import those that stand after it, and of its own.
const LAYERS: [&str; 12] =
    ["lib", "serve", "control", "monei", "web", "shared", "access", "script", "presets", "scenario", "command", "model"];
/// What everybody may import.
const FOR_ALL: [&str; 1] = ["options"];
/// The faces don't know each other, but that the control API decides as a person does on the consent page.
const CONTROL_MAY: [&str; 1] = ["approval"];

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
fn sources(folder: &Path, found: &mut Vec<(String, String)>, root: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found, root);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().with_extension("").display().to_string().replace(['/', '\\'], "::");
            let name = name.strip_suffix("::mod").unwrap_or(&name).to_owned();
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Each file's imports of this crate's own modules: the path after `crate::`, without what is imported from a module.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files, &root);
    files.retain(|(name, _)| !name.starts_with("main"));
    let names: BTreeSet<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in &files {
        let code: String = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| [line, "\n"])
            .collect();
        // What a module takes from those that it declares, and from its neighbours, as if it were written in full.
        let is_folder = names.iter().any(|other| other.starts_with(&format!("{name}::")));
        let parent = name.rsplit_once("::").map(|(parent, _)| parent).unwrap_or_default();
        let mut code = code.replace("super::", &format!("crate::{parent}::")).replace("crate::::", "crate::");
        if is_folder {
            let own: Vec<&String> =
                names.iter().filter(|other| other.rsplit_once("::").is_some_and(|(parent, _)| parent == name)).collect();
            for child in own {
                let last = child.rsplit("::").next().unwrap();
                let taken = code
                    .match_indices(&format!("{last}::"))
                    .any(|(at, _)| !code[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':'));
                if taken {
                    code.push_str(&format!("crate::{child}::taken\n"));
                }
            }
        }
        let found = imports.entry(name.clone()).or_default();
        for rest in code.split("crate::").skip(1) {
            let path: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ':')).collect();
            let grouped = rest[path.len()..].strip_prefix('{').and_then(|rest| rest.split('}').next());
            let paths: Vec<String> = match grouped {
                Some(group) => group.split(',').map(|item| format!("{path}{}", item.trim())).collect(),
                None => vec![path],
            };
            for path in paths {
                // The longest prefix that is a module.
                let parts: Vec<&str> = path.split("::").collect();
                let module = (1..=parts.len()).rev().map(|length| parts[..length].join("::")).find(|module| names.contains(module));
                found.extend(module.filter(|module| module != name));
            }
        }
    }
    imports
}

fn layer(module: &str) -> Option<usize> {
    let top = module.split("::").next().unwrap_or_default();
    LAYERS.iter().position(|layer| *layer == top)
}

#[test]
fn each_part_imports_only_what_stands_below_it() {
    let mut seen = 0;
    for (from, to) in imports() {
        for to in to {
            let top = to.split("::").next().unwrap_or_default();
            if FOR_ALL.contains(&top) {
                continue;
            }
            assert!(!FOR_ALL.contains(&from.as_str()), "{from} imports {to}");
            let (Some(above), Some(below)) = (layer(&from), layer(&to)) else { panic!("{from} or {to} is in no layer") };
            assert!(above <= below, "{from} imports {to}");
            if from.starts_with("control") && to.starts_with("monei::") {
                assert!(CONTROL_MAY.iter().any(|module| to.contains(module)), "{from} imports {to}");
            }
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} imports were read");
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let imports = imports();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    // Whatever imports nothing that is still there can be taken away; what is left in the end is a circle.
    loop {
        let free: Vec<&str> = imports
            .iter()
            .filter(|(name, to)| {
                !done.contains(name.as_str()) && to.iter().all(|to| done.contains(to.as_str()) || !imports.contains_key(to))
            })
            .map(|(name, _)| name.as_str())
            .collect();
        if free.is_empty() {
            break;
        }
        done.extend(free);
    }
    let circle: Vec<&String> = imports.keys().filter(|name| !done.contains(name.as_str())).collect();
    assert!(circle.is_empty(), "in a circle: {circle:?}");
}

#[test]
fn the_model_knows_nothing_of_http() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files, &root);
    for (name, text) in files.iter().filter(|(name, _)| name.starts_with("model")) {
        for word in ["use http", "use axum", "use hyper", "use maud"] {
            assert!(!text.contains(word), "{name}: {word}");
        }
    }
}
