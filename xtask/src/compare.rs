//! `cargo xtask bundle --compare`: the packaged programs are built once more, from the same commit in another folder and from nothing, and compared
//! with the first ones. The services and the command line must be the same byte for byte; of the desktop program it is told what differs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::packages::{For, install_missing};
use crate::step::{Steps, command, output, succeed};
use crate::{bundle, settings, tools, ui};

/// The second checkout, below the first one's top.
const SECOND: &str = "target/tmp/second";
/// What must come out the same.
const SAME: [&str; 3] = ["target/service/connect-backend", "target/release/monei-sandbox", "target/release/moneictl"];
/// Of this one, differences are listed.
const DESKTOP: &str = "target/release/monei-connect";

/// Builds everything again and compares.
///
/// # Errors
/// Where a program is missing, can't be built, or isn't the same though it must be.
pub fn compare() -> Result<()> {
    for program in SAME.iter().chain([&DESKTOP]) {
        ensure!(Path::new(program).exists(), "{program} isn't there: `cargo xtask bundle` makes it");
    }
    let first = std::env::current_dir()?;
    let mut steps = Steps::new(6);
    steps.step("System packages", || install_missing(For::Packaging))?;
    let commit = steps.step("The same commit in another folder", check_out)?;
    std::env::set_current_dir(SECOND).context(SECOND)?;
    steps.step("Packages of the web view", ui::install)?;
    steps.step("The services and the command line", || {
        // They are packaged, so that they are built as the first ones were.
        bundle::write_licences()?;
        bundle::build_command_line()?;
        bundle::SERVICES.into_iter().try_for_each(|(package, profile)| tools::debian_package(package, profile, "target/deb"))
    })?;
    steps.step("The desktop program", || tools::desktop_program(&settings::apply(&settings::read()?)?))?;
    let found = steps.step("Compare", || {
        let (second, mut different) = (Path::new("."), Vec::new());
        for program in SAME {
            if !same(&first, second, program)? {
                different.push(program);
            }
        }
        same(&first, second, DESKTOP)?;
        Ok(different)
    })?;
    steps.print_summary();
    ensure!(found.is_empty(), "not the same in a second build of {commit}: {}", found.join(", "));
    eprintln!("\nThe services and the command line are the same in a second build of {commit}.");
    Ok(())
}

/// The last commit alone, in [`SECOND`], with the tools of the first checkout. Gives its name.
fn check_out() -> Result<String> {
    let head = || output(&mut command("git", &["rev-parse", "HEAD"]));
    if !output(&mut command("git", &["status", "--porcelain", "--untracked-files=no"]))?.is_empty() {
        eprintln!("What isn't committed is not in the second build.");
    }
    let commit = head()?;
    if Path::new(SECOND).exists() {
        fs::remove_dir_all(SECOND)?;
    }
    succeed(&mut command("git", &["clone", "--quiet", "--no-checkout", ".", SECOND]))?;
    succeed(&mut command("git", &["-C", SECOND, "checkout", "--quiet", "--detach", &commit]))?;
    // They only package and read.
    let tools = fs::canonicalize("target/tools").context("target/tools")?;
    fs::create_dir_all(format!("{SECOND}/target"))?;
    link(&tools, Path::new(&format!("{SECOND}/target/tools")))?;
    Ok(commit)
}

#[cfg(unix)]
fn link(folder: &Path, from: &Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(folder, from)?)
}

#[cfg(not(unix))]
fn link(folder: &Path, _: &Path) -> Result<()> {
    bail!("{} can't be used from another folder here", folder.display())
}

/// Whether `program` has the same bytes below both folders; told in words.
fn same(first: &Path, second: &Path, program: &str) -> Result<bool> {
    let one = fs::read(first.join(program)).with_context(|| format!("{program} of the first build"))?;
    let other = fs::read(second.join(program)).with_context(|| format!("{program} of the second build"))?;
    if one == other {
        println!("{program}: the same {} bytes", one.len());
        return Ok(true);
    }
    println!("{program}: {} and {} bytes, not the same:", one.len(), other.len());
    differences(&one, &other)?.iter().for_each(|line| println!("  {line}"));
    Ok(false)
}

/// What differs between two programs of Linux, by their sections.
fn differences(one: &[u8], other: &[u8]) -> Result<Vec<String>> {
    let (sections, others) = (sections(one)?, sections(other)?);
    let mut told = Vec::new();
    for (name, content) in &sections {
        match others.iter().find(|(other, _)| other == name) {
            None => told.push(format!("{name}: in the first alone")),
            Some((_, other)) if content.len() != other.len() => told.push(format!("{name}: {} and {} bytes", content.len(), other.len())),
            Some((_, other)) => {
                let count = content.iter().zip(*other).filter(|(one, other)| one != other).count();
                if count > 0 {
                    told.push(format!("{name}: {count} of {} bytes differ", content.len()));
                }
            }
        }
    }
    let new = others.iter().filter(|(name, _)| sections.iter().all(|(other, _)| other != name));
    told.extend(new.map(|(name, _)| format!("{name}: in the second alone")));
    if told.is_empty() {
        told.push("outside of every section".to_owned());
    }
    Ok(told)
}

/// The sections of a 64-bit program of Linux with their content (elf(5)).
fn sections(program: &[u8]) -> Result<Vec<(String, &[u8])>> {
    /// A section that takes memory, and nothing in the file.
    const NO_BITS: usize = 8;
    const HEADER: usize = 64;
    let number = |at: usize, length: usize| -> Result<usize> {
        let bytes = program.get(at..at + length).context("it ends too early")?;
        Ok(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    if !program.starts_with(b"\x7fELF\x02\x01") {
        bail!("it is no 64-bit program of Linux");
    }
    let content = |header: usize| -> Result<&[u8]> {
        let (from, length) = (number(header + 24, 8)?, number(header + 32, 8)?);
        let length = if number(header + 4, 4)? == NO_BITS { 0 } else { length };
        program.get(from..from.saturating_add(length)).context("it ends too early")
    };
    let (table, count, of_names) = (number(0x28, 8)?, number(0x3c, 2)?, number(0x3e, 2)?);
    let names = content(table + HEADER * of_names)?;
    (0..count)
        .map(|index| {
            let header = table + HEADER * index;
            let name = names.get(number(header, 4)?..).context("a name that isn't there")?;
            let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
            Ok((String::from_utf8_lossy(name).into_owned(), content(header)?))
        })
        .collect()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_by_section() {
        let program = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(differences(&program, &program).unwrap(), ["outside of every section"]);
        let at = {
            let sections = sections(&program).unwrap();
            let content = sections.iter().find(|(name, _)| name == ".rodata").unwrap().1;
            content.as_ptr() as usize - program.as_ptr() as usize
        };
        let mut changed = program.clone();
        changed[at] ^= 1;
        changed[at + 5] ^= 1;
        let told = differences(&program, &changed).unwrap();
        assert!(told.len() == 1 && told[0].starts_with(".rodata: 2 of "), "{told:?}");
        assert!(differences(&program, &program[..at]).is_err());
        assert!(sections(b"MZ").is_err());
    }

    #[test]
    fn a_program_is_the_same_only_where_every_byte_is() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let program = std::env::current_exe().unwrap();
        fs::copy(&program, first.path().join("x")).unwrap();
        assert!(same(first.path(), second.path(), "x").is_err());
        fs::copy(&program, second.path().join("x")).unwrap();
        assert!(same(first.path(), second.path(), "x").unwrap());
        let mut changed = fs::read(&program).unwrap();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(second.path().join("x"), changed).unwrap();
        assert!(!same(first.path(), second.path(), "x").unwrap());
    }
}
