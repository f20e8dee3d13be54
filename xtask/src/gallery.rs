//! `cargo xtask gallery`: every state of every screen in one page, for whoever works on how the window looks.

use anyhow::Result;

use crate::step::{Steps, succeed};
use crate::{run, ui};

/// Where the gallery is. Any web server can serve it from any folder; as files alone a browser doesn't open it, since it is made of modules.
const FOLDER: &str = "target/gallery";

/// Builds the gallery, and serves it on a loopback port until it is stopped, unless only the folder is wanted.
pub fn gallery(only_build: bool) -> Result<()> {
    let mut steps = Steps::new(if only_build { 2 } else { 3 });
    steps.step("Packages of the web view", ui::install)?;
    steps.step("Build the gallery", || succeed(&mut ui::npm(&["run", "--silent", "gallery"])))?;
    if only_build {
        println!("{FOLDER}/gallery.html");
        return Ok(());
    }
    steps.step("Open the gallery", || {
        let open: &[&str] = if run::has_display() { &["--", "--open", "/gallery.html"] } else { &[] };
        eprintln!("gallery.html at the address below; Ctrl C ends it.");
        let words: Vec<&str> = ["run", "--silent", "gallery:serve"].into_iter().chain(open.iter().copied()).collect();
        succeed(&mut ui::npm(&words))
    })
}
