//! The licences of everything that the program is made of, as the package brought them: `cargo xtask bundle` collects them.

use std::path::PathBuf;

use tauri::{AppHandle, Manager as _};

/// The file's name, wherever it is.
const FILE: &str = "third-party-licences.txt";

/// The licences; `None` where no package brought them.
pub fn text(app: &AppHandle) -> Option<String> {
    places(app).into_iter().find_map(|place| std::fs::read_to_string(place.join(FILE)).ok())
}

/// Where packages put it: beside the program's documents on Linux, among its resources elsewhere.
fn places(app: &AppHandle) -> Vec<PathBuf> {
    // Relative to the program, so that an archive can be unpacked anywhere.
    let documents = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.parent()?.join("share/doc/monei-connections")));
    documents.into_iter().chain(app.path().resource_dir()).collect()
}
