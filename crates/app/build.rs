//! Builds in what a packager sets: `packaging/settings.toml`, and the environment where it says otherwise.

#[allow(dead_code, reason = "what only `cargo xtask bundle` asks")]
#[path = "src/packaging.rs"]
mod packaging;

/// From this crate's folder.
const FILE: &str = "../../packaging/settings.toml";

fn main() {
    println!("cargo:rerun-if-changed={FILE}");
    println!("cargo:rerun-if-changed=src/packaging.rs");
    for name in ["CONNECT_DEFAULT_BACKEND", "CONNECT_GUIDE_URL", "CONNECT_UPDATE_URL", "CONNECT_UPDATE_KEY"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    let text = std::fs::read_to_string(FILE).unwrap_or_else(|error| fail(&error.to_string()));
    let read = packaging::Packaging::read(&text, &|name| std::env::var(name).ok()).unwrap_or_else(|why| fail(&why));
    for (name, value) in read.variables() {
        println!("cargo:rustc-env={name}={value}");
    }
}

fn fail(why: &str) -> ! {
    println!("cargo:error=packaging/settings.toml: {why}");
    std::process::exit(1);
}
