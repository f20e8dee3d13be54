//! What makes a fault in the program harder to use: looked up in the file that is packaged (`readelf`, of binutils).

use anyhow::{Context, Result, ensure};

use crate::step::command;

/// Fails where the program at `path` can't be loaded at any address, has memory that is both written and run, lets its table of functions
/// be written, or carries symbols.
pub fn check(path: &str) -> Result<()> {
    let said = command("readelf", &["--wide", "--file-header", "--program-headers", "--sections", "--dynamic", path]).output()?;
    ensure!(said.status.success(), "readelf can't read {path}: {}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8(said.stdout)?;
    let line = |what: &str| text.lines().find(|line| line.contains(what)).with_context(|| format!("{path} has no {what}"));
    ensure!(line("Type:")?.contains("DYN") && line("FLAGS_1")?.contains("PIE"), "{path} needs one fixed address");
    ensure!(line("GNU_STACK")?.contains(" RW "), "the stack of {path} can be run");
    line("GNU_RELRO")?;
    ensure!(line("FLAGS_1")?.contains("NOW"), "{path} finds its functions late, so that the table of them stays open");
    let both: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("LOAD") && line.contains("RWE")).collect();
    ensure!(both.is_empty(), "{path} has memory that is written and run: {both:?}");
    ensure!(!text.contains(".symtab") && !text.contains(".debug_"), "{path} carries symbols");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_development_build_is_not_what_is_packaged() {
        let this = std::env::current_exe().unwrap();
        let refused = check(this.to_str().unwrap()).unwrap_err().to_string();
        assert!(refused.ends_with("carries symbols"), "{refused}");
    }
}
