//! What makes a fault in the program harder to use: looked up in the file that is packaged (on Linux by `readelf`, of binutils).

use anyhow::{Context, Result, bail, ensure};

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

/// The same for a 64-bit program or library of Windows.
pub fn check_windows(content: &[u8]) -> Result<()> {
    // "PE Format", learn.microsoft.com/windows/win32/debug/pe-format.
    const RELOCATIONS_STRIPPED: u32 = 0x0001;
    const HIGH_ENTROPY: u32 = 0x0020;
    const DYNAMIC_BASE: u32 = 0x0040;
    const NO_EXECUTE: u32 = 0x0100;
    const EXECUTE_AND_WRITE: u32 = 0xa000_0000;
    const LONG_NAME: &[u8] = b"/";
    let number = |at: usize, length: usize| -> Result<u32> {
        let bytes = content.get(at..at + length).context("it ends too early")?;
        Ok(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
    };
    let header = usize::try_from(number(0x3c, 4)?)?;
    ensure!(content.get(header..header + 4) == Some(b"PE\0\0"), "it is no program of Windows");
    let (file, optional) = (header + 4, header + 24);
    if number(optional, 2)? != 0x020b {
        bail!("it is not 64-bit");
    }
    let loads = number(optional + 70, 2)?;
    ensure!(loads & DYNAMIC_BASE != 0 && number(file + 18, 2)? & RELOCATIONS_STRIPPED == 0, "it needs one fixed address");
    ensure!(loads & HIGH_ENTROPY != 0, "it isn't loaded at any address of the whole range");
    ensure!(loads & NO_EXECUTE != 0, "its data can be run");
    ensure!(number(file + 12, 4)? == 0, "it carries symbols");
    let sections = optional + usize::try_from(number(file + 16, 2)?)?;
    for section in 0..usize::try_from(number(file + 2, 2)?)? {
        let at = sections + 40 * section;
        ensure!(number(at + 36, 4)? & EXECUTE_AND_WRITE != EXECUTE_AND_WRITE, "it has memory that is written and run");
        // Names that are longer than eight letters are in the table of symbols; those are of debugging.
        ensure!(content.get(at..at + 1) != Some(LONG_NAME), "it carries symbols");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The headers of a program with one section.
    fn windows_program() -> Vec<u8> {
        let mut program = vec![0; 0x200];
        program[..2].copy_from_slice(b"MZ");
        program[0x3c] = 0x40;
        program[0x40..0x44].copy_from_slice(b"PE\0\0");
        program[0x46] = 1;
        program[0x54] = 0xf0;
        program[0x58..0x5a].copy_from_slice(&[0x0b, 0x02]);
        program[0x58 + 70..0x58 + 72].copy_from_slice(&[0x60, 0x01]);
        program[0x148..0x14d].copy_from_slice(b".text");
        program[0x148 + 36..0x148 + 40].copy_from_slice(&[0x20, 0, 0, 0x60]);
        program
    }

    #[test]
    fn what_a_program_of_windows_lacks_is_told() {
        check_windows(&windows_program()).unwrap();
        for (at, value, refused) in [
            (0x40, b'N', "it is no program of Windows"),
            (0x59, 0x01, "it is not 64-bit"),
            (0x58 + 70, 0x20, "it needs one fixed address"),
            (0x56, 0x01, "it needs one fixed address"),
            (0x58 + 70, 0x40, "it isn't loaded at any address of the whole range"),
            (0x58 + 71, 0, "its data can be run"),
            (0x50, 1, "it carries symbols"),
            (0x148 + 39, 0xe0, "it has memory that is written and run"),
            (0x148, b'/', "it carries symbols"),
        ] {
            let mut program = windows_program();
            program[at] = value;
            assert_eq!(check_windows(&program).unwrap_err().to_string(), refused);
        }
        assert!(check_windows(&windows_program()[..0x100]).is_err());
    }

    #[test]
    fn a_development_build_is_not_what_is_packaged() {
        let this = std::env::current_exe().unwrap();
        let refused = check(this.to_str().unwrap()).unwrap_err().to_string();
        assert!(refused.ends_with("carries symbols"), "{refused}");
    }
}
