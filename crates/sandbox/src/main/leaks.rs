//! `monei-sandbox leaks`: the search for canaries, from the command line.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use ::leaks::{Allowed, Report, Search};
use anyhow::Context;

/// What to search, and for what.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The run's marker, as the sandbox printed it and `GET /sandbox/api/state` tells it.
    #[arg(long)]
    run: String,
    /// Searches for the secret in this file too.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Where a kind of secret may be: kind:glob. Kinds: access_token, refresh_token, code, client_secret, marker, * for each. The glob is
    /// compared with a path, or with process:NAME. What is allowed by * need not be readable. Can be given more than once.
    #[arg(long, value_name = "KIND:GLOB")]
    allow: Vec<String>,
    /// Leaves processes alone.
    #[arg(long)]
    no_processes: bool,
    /// Files and folders.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Searches and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let allowed = arguments.allow.iter().map(|text| Allowed::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let read = |path: &PathBuf| fs::read_to_string(path).with_context(|| format!("{}", path.display()));
    let secret = arguments.secret_file.as_ref().map(read).transpose()?;
    let search = Search::new(&arguments.run, secret.as_deref())?;
    let mut report = Report::default();
    search.files(&arguments.paths, &mut report)?;
    if !arguments.no_processes {
        search.processes(&mut report);
    }
    let (mut lines, mut leaked) = (String::new(), 0);
    for finding in &report.found {
        let fine = allowed.iter().any(|allowed| allowed.covers(finding));
        leaked += u64::from(!fine);
        let verdict = if fine { "allowed" } else { "LEAK" };
        lines += &format!("{verdict}: {} × {} in {}\n", finding.count, finding.kind.name(), finding.place);
    }
    report.unread.retain(|unread| !allowed.iter().any(|allowed| allowed.covers_unread(unread)));
    for unread in &report.unread {
        writeln!(io::stderr(), "not searched: {}: {}", unread.subject, unread.reason)?;
    }
    lines += &format!("{leaked} leaks; {} files and processes searched, {} not\n", report.read, report.unread.len());
    crate::say(&lines)?;
    Ok(match (leaked, report.unread.is_empty()) {
        (0, true) => ExitCode::SUCCESS,
        (0, false) => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    })
}
