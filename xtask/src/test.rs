//! `cargo xtask test`: every check, each run to its end so that one look shows all that is wrong.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::packages::{For, install_missing};
use crate::step::{Steps, command, describe, succeed};
use crate::{gates, hardening, places, renamed, run, tools, ui, windows};

/// The programs that are packaged, as development builds.
const PROGRAMS: [&str; 4] =
    ["target/debug/monei-connect", "target/debug/moneictl", "target/debug/connect-backend", "target/debug/monei-sandbox"];

/// How many tests passed and failed.
#[derive(Default)]
pub struct Count {
    passed: u64,
    failed: u64,
    /// The tests that failed, by name, for the summary.
    failures: Vec<String>,
}

pub fn test(all: bool) -> Result<()> {
    let mut steps = Steps::new(if all { 21 + windows::STEPS } else { 19 });
    let mut count = Count::default();
    // Without these nothing else makes sense.
    steps.step("System packages", || install_missing(For::Testing))?;
    steps.step("Packages of the web view", ui::install)?;
    steps.step("Build the web view", ui::build)?;
    // A failure of one of the following is remembered by `steps`, and the others run all the same.
    drop(steps.step("Formatting", || succeed(&mut command("cargo", &["fmt", "--all", "--check"]))));
    drop(steps.step("Types of the web view", || succeed(&mut ui::npm(&["run", "--silent", "check"]))));
    drop(steps.step("Tests of the web view", || web_view_tests(&mut count, all)));
    drop(steps.step("Clippy", || {
        let words = ["clippy", "--workspace", "--all-targets", "--features", "embedded", "--locked", "--", "-D", "warnings"];
        succeed(&mut command("cargo", &words))
    }));
    drop(steps.step("No GUI library below the shell", no_gui_library));
    drop(steps.step("No sandbox, backend or tester's panel in a release", no_tools_in_release));
    let built = steps.step("Build everything", || {
        succeed(&mut command("cargo", &["build", "--workspace", "--all-targets", "--features", "embedded", "--locked"]))
    });
    if built.is_ok() {
        drop(steps.step("What no program may have", || gates::check_programs(&PROGRAMS)));
    }
    // Much of their time the tests wait. What is built meanwhile gives way to them.
    let packaged = thread::scope(|scope| {
        let beside = scope.spawn(|| places::build().and_then(|()| tools::install_for_checks()));
        if built.is_ok() {
            drop(steps.step("Tests", || rust_tests(&mut count, &[])));
            drop(steps.step("Tests in the real window", || rust_tests(&mut count, &["--test", "end_to_end"])));
        }
        steps.step("Build the program as it is packaged", || beside.join().unwrap_or_else(|_| bail!("the build panicked")))
    });
    if built.is_ok() {
        drop(steps.step("Tour through the real window", run::take_tour));
    }
    if packaged.is_ok() {
        drop(steps.step("Hardening of the packaged program", || hardening::check("target/places/monei-connect")));
        // The place that wants it says so where it isn't there.
        if all {
            drop(steps.step(places::ANOTHER_NAME, renamed::build));
        }
        drop(steps.step("Places where people run it", || places::run(&mut count, all)));
    }
    if all {
        drop(steps.step("A million of each input", || property_tests(&mut count)));
        // What fails in there is in the summary.
        drop(windows::try_everything(&mut steps, &mut count));
    }
    drop(steps.step("Bans, licences and sources", tools::check_dependencies));
    drop(steps.step("Known vulnerabilities", tools::audit));

    finish(&steps, &count)
}

/// The summary, and whether all is well.
pub fn finish(steps: &Steps, count: &Count) -> Result<()> {
    steps.print_summary();
    for name in &count.failures {
        println!("FAILED    {name}");
    }
    let failed = steps.failed();
    println!("\n{} passed, {} failed", count.passed, count.failed.max(u64::try_from(failed)?));
    if failed > 0 {
        bail!("{failed} of the steps above failed");
    }
    if count.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

/// Those of the whole workspace, or what `only` says.
fn rust_tests(count: &mut Count, only: &[&str]) -> Result<()> {
    let mut tests = command("cargo", &["test", "--locked", "--no-fail-fast", "--workspace", "--features", "embedded"]);
    // An error says where it arose.
    counted(tests.args(only).env("RUST_BACKTRACE", "1"), count)
}

/// The property tests of the crates with a million inputs each, optimised but with every check of a development build. Each step of a run is an input.
fn property_tests(count: &mut Count) -> Result<()> {
    let packages = ["monei", "connect-core", "connect-app", "connect-local-api", "connect-backend", "leaks", "monei-sandbox"];
    let mut tests = command("cargo", &["test", "--locked", "--no-fail-fast", "--profile", "property"]);
    tests.args(packages.iter().flat_map(|package| ["-p", package]));
    // Beside the libraries' own: the readers of Monei's answers, links that nobody asked for, and the sandbox seen from outside. `paying` of
    // connect-local-api, which waits for the passing of time, has a number of inputs of its own.
    tests.args(["--lib", "--test", "read", "--test", "wallet_parts", "--test", "cold_start", "--test", "sandbox"]);
    counted(tests.env("PROPTEST_CASES", "1000000"), count)
}

/// Runs tests and adds up what their runner says.
pub fn counted(tests: &mut Command, count: &mut Count) -> Result<()> {
    // Lines of the form: test result: ok. 12 passed; 0 failed; 0 ignored; … and: test module::name ... FAILED
    let mut reasons = Reasons::default();
    let passed = each_line(tests, |line| {
        count.failures.extend(failed_test(line).map(str::to_owned));
        reasons.read(line, &mut count.failures);
        let Some(rest) = line.strip_prefix("test result: ") else { return };
        let number = |word: &str| {
            let before = rest.split(word).next()?;
            before.split_whitespace().last()?.parse::<u64>().ok()
        };
        count.passed += number(" passed").unwrap_or(0);
        count.failed += number(" failed").unwrap_or(0);
    })?;
    if !passed {
        bail!("{} found failures", describe(tests));
    }
    Ok(())
}

/// The test that failed, where the line says that. The runner of the places fills up its names to the same width.
fn failed_test(line: &str) -> Option<&str> {
    Some(line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.trim_end())
}

/// Finds in what a runner prints after its tests why each of them failed.
#[derive(Default)]
struct Reasons {
    /// The test whose output is being read, until its reason is found.
    test: Option<String>,
    /// The next line says why; this comes before it.
    before: Option<String>,
}

impl Reasons {
    /// Reads a line, and adds a test's reason to its name in `failures`.
    fn read(&mut self, line: &str, failures: &mut [String]) {
        if let Some(name) = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" ----")) {
            // The runner of the places prints nothing but the reason.
            let (name, before) = name.strip_suffix(" stdout").map_or((name, Some(String::new())), |name| (name, None));
            *self = Self { test: Some(name.to_owned()), before };
            return;
        }
        if let Some((_, place)) = line.split_once(" panicked at ") {
            self.before = self.test.is_some().then(|| format!("{place} "));
            return;
        }
        let reason = match (self.before.take(), line.strip_prefix("Error: ")) {
            (Some(before), _) => format!("{before}{line}"),
            (None, Some(error)) => error.to_owned(),
            (None, None) => return,
        };
        if let Some(test) = self.test.take()
            && let Some(failure) = failures.iter_mut().find(|failure| **failure == test)
        {
            *failure = format!("{test}: {reason}");
        }
    }
}

/// With `all`, what takes many minutes besides: every state at 100, 200 and 400 % in each colour scheme, and more widths.
fn web_view_tests(count: &mut Count, all: bool) -> Result<()> {
    let report = "node_modules/.vitest-report.json";
    let words = ["run", "--silent", "test", "--", "--reporter=default", "--reporter=json"];
    let mut tests = ui::npm(&words);
    tests.arg(format!("--outputFile.json={report}"));
    if all {
        tests.env("MONEI_UI_TESTS", "all");
    }
    let ran = succeed(&mut tests);
    let text = std::fs::read_to_string(format!("ui/{report}")).context("the report of the web view's tests")?;
    let report: serde_json::Value = serde_json::from_str(&text)?;
    count.passed += report["numPassedTests"].as_u64().unwrap_or(0);
    count.failed += report["numFailedTests"].as_u64().unwrap_or(0);
    let files = report["testResults"].as_array().into_iter().flatten();
    for test in files.filter_map(|file| file["assertionResults"].as_array()).flatten().filter(|test| test["status"] == "failed") {
        let why = why_in_web_view(test["failureMessages"][0].as_str().unwrap_or_default());
        count.failures.push(format!("{}: {why}", test["fullName"].as_str().unwrap_or_default()));
    }
    ran
}

/// The first line of the message, and where in the test it arose: of a wait that never ended, the first line alone tells nothing.
fn why_in_web_view(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    match message.lines().find(|line| line.contains(".test.ts:")).and_then(|line| line.rsplit('/').next()) {
        Some(place) => format!("{first} ({})", place.trim_end_matches(')')),
        None => first.to_owned(),
    }
}

/// `crates/*` must build and test on a machine without any GUI library.
fn no_gui_library() -> Result<()> {
    for package in ["monei", "connect-core", "connect-app", "connect-local-api", "moneictl", "connect-backend", "leaks", "monei-sandbox"] {
        refuse_in_tree(&["-p", package, "-e", "all"], &["gtk", "webkit2gtk", "tauri", "wry", "libdbus-sys"])?;
    }
    Ok(())
}

/// What is for development only is in no release package.
pub fn no_tools_in_release() -> Result<()> {
    refuse_in_tree(&["-p", "monei-connect", "-e", "normal"], &["monei-sandbox", "connect-backend"])?;
    let mut tree =
        command("cargo", &["tree", "--locked", "--prefix", "none", "--format", "{p} {f}", "-p", "monei-connect", "-e", "normal"]);
    let output = tree.output().context("cargo tree")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let Some(ours) = text.lines().find(|line| line.starts_with("monei-connect ")).filter(|_| output.status.success()) else {
        bail!("{}: {}", describe(&tree), String::from_utf8_lossy(&output.stderr));
    };
    if let Some(feature) = ["tester", "embedded", "automation"].into_iter().find(|feature| ours.contains(feature)) {
        bail!("the package has the feature {feature}");
    }
    ui::check_release_bundle()
}

fn refuse_in_tree(what: &[&str], refused: &[&str]) -> Result<()> {
    let mut tree = command("cargo", &["tree", "--locked", "--prefix", "none", "--format", "{p}"]);
    let output = tree.args(what).output().context("cargo tree")?;
    if !output.status.success() {
        bail!("{}: {}", describe(&tree), String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let found: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| refused.contains(name)).collect();
    match found.first() {
        None => Ok(()),
        Some(name) => bail!("{} depends on {name}", what[1]),
    }
}

/// Runs a command, shows its output and looks at each line. True if it succeeded.
fn each_line(command: &mut Command, mut look: impl FnMut(&str)) -> Result<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| describe(command))?;
    let output = child.stdout.take().context("no output")?;
    let mut shown = std::io::stdout().lock();
    for line in BufReader::new(output).lines() {
        let line = line?;
        look(&line);
        writeln!(shown, "{line}")?;
    }
    Ok(child.wait()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_where_a_wait_in_the_web_view_never_ended() {
        let message = "Error: STACK_TRACE_ERROR\n    at some (/ui/node_modules/a.js:1:2)\n    at /ui/tests/gallery.test.ts:52:3";
        assert_eq!(why_in_web_view(message), "Error: STACK_TRACE_ERROR (gallery.test.ts:52:3)");
        let message = "AssertionError: expected 1 to be 2\n    at seen (/ui/tests/gallery.test.ts:5:3)";
        assert_eq!(why_in_web_view(message), "AssertionError: expected 1 to be 2 (gallery.test.ts:5:3)");
        assert_eq!(why_in_web_view("Error: no page"), "Error: no page");
    }

    #[test]
    fn the_summary_says_why_each_test_failed() {
        let printed = "\
test a::returns_an_error ... FAILED
test b::panics ... FAILED
test b::passes ... ok
test c::is_silent ... FAILED
test d::is-a-place       ... FAILED
test e::panics-in-a-place ... FAILED
test f::passes           ... ok
---- a::returns_an_error stdout ----
logs and a picture of the screen: /somewhere
Error: gave up waiting for a window: no such window
Error: the same again, at length
---- b::panics stdout ----

thread 'b::panics' (7) panicked at src/b.rs:3:9:
assertion failed: x
Error: not of this test
---- c::is_silent stdout ----
note: nothing
---- d::is-a-place ----
the window is black
in a picture
---- e::panics-in-a-place ----
test panicked: assertion failed: y
";
        let mut failures: Vec<String> = printed.lines().filter_map(failed_test).map(str::to_owned).collect();
        let mut reasons = Reasons::default();
        printed.lines().for_each(|line| reasons.read(line, &mut failures));
        assert_eq!(
            failures,
            [
                "a::returns_an_error: gave up waiting for a window: no such window",
                "b::panics: src/b.rs:3:9: assertion failed: x",
                "c::is_silent",
                "d::is-a-place: the window is black",
                "e::panics-in-a-place: test panicked: assertion failed: y"
            ]
        );
    }
}
