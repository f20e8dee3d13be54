//! The window's access list: a permission for each command of `src/commands/list.rs`, and which window has which from `capabilities/`.
//! With the feature `tester`, the web view and the commands of the tester's panel.

macro_rules! commands {
    (main: [$($main:ident),* $(,)?], confirm: [$($confirm:ident),* $(,)?], tester: [$($tester:ident),* $(,)?]) => {
        const RELEASE: &[&str] = &[$(stringify!($main),)* $(stringify!($confirm)),*];
        const WITH_TESTER: &[&str] = &[$(stringify!($main),)* $(stringify!($confirm),)* $(stringify!($tester)),*];
    };
}

include!("src/commands/list.rs");

/// What `tauri.conf.json` says otherwise for a build with the tester's panel.
const TESTER_CONFIG: &str =
    r#"{"build":{"frontendDist":"ui/dist-tester"},"app":{"security":{"capabilities":["main","confirm","tester"]}}}"#;

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=src-tauri/src/commands/list.rs");
    let tester = std::env::var_os("CARGO_FEATURE_TESTER").is_some();
    let (commands, capabilities) =
        if tester { (WITH_TESTER, "./src-tauri/capabilities/*.json") } else { (RELEASE, "./src-tauri/capabilities/[cm]*.json") };
    if tester {
        if std::env::var_os("TAURI_CONFIG").is_some() {
            fail("a build with the tester's panel takes no TAURI_CONFIG: packages are made without it");
        }
        // Read where the web view is taken into the program.
        println!("cargo:rustc-env=TAURI_CONFIG={TESTER_CONFIG}");
    }
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern(capabilities)
        // No permissions but those.
        .app_manifest(tauri_build::AppManifest::new().commands(commands).permissions_path_pattern("./src-tauri/permissions/*"));
    if let Err(error) = tauri_build::try_build(attributes) {
        fail(&format!("{error:#}"));
    }
}

fn fail(why: &str) -> ! {
    println!("cargo:warning={why}");
    std::process::exit(1);
}
