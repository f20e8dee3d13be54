//! Measures the release program beside an empty Tauri window that was built by the same command. `cargo xtask bench` builds what this needs
//! and runs it. Everything is interleaved in one run: only figures of the same run are worth comparing. With the word `programs` it measures the
//! command line and the local API instead, beside the same call made directly; with the word `profiles`, the program as built at each level of
//! optimisation.

mod clicks;
mod figures;
mod idle;
mod many;
mod processes;
mod profiles;
mod programs;
mod servers;
mod starts;
mod way_back;

use std::fs;
use std::path::Path;

use anyhow::Result;
use e2e::Session;

use crate::figures::{median, quartiles};
use crate::starts::Start;

#[tokio::main]
async fn main() -> Result<()> {
    drop(rustls::crypto::ring::default_provider().install_default());
    if let Err(error) = processes::take_priority() {
        eprintln!("other programs count as much as this measurement ({error})");
    }
    let release = e2e::target_dir()?.join("release");
    let mut session = Session::start("bench").await?;
    let servers = servers::start(&mut session, &release).await?;
    if std::env::args().nth(1).as_deref() == Some("programs") {
        return programs::measure(&mut session, &servers.sandbox, &release.join("moneictl")).await;
    }
    if std::env::args().nth(1).as_deref() == Some("profiles") {
        return profiles::measure(&session).await;
    }
    let program = starts::launcher(&session, "monei-connect", &release.join("monei-connect"))?;
    let empty = starts::launcher(&session, "empty-window", &release.join("empty-window"))?;

    // With the argument `arrivals`, `starts`, `idle` or `clicks` nothing else is measured.
    let alone = |part: &str| std::env::args().nth(1).is_some_and(|word| word == part);

    let arrivals = way_back::connect(&session, &program).await?;
    if alone("arrivals") {
        print_arrivals(&arrivals);
        return Ok(());
    }
    if alone("idle") {
        return measure_idle(&session, &empty, &program).await;
    }
    if alone("clicks") {
        return measure_clicks(&session, &program).await;
    }
    let [empties, ours] = starts::in_turn(&session, [&empty, &program]).await?;
    print_starts(&empties, &ours);
    let size = |path: &str| -> Result<f64> { Ok(fs::metadata(release.join(path))?.len() as f64 / 1e6) };
    println!("{:<48}{:>10.2}{:>28.2}", "size of the binary, MB", size("empty-window")?, size("monei-connect")?);
    print_arrivals(&arrivals);
    if alone("starts") {
        return Ok(());
    }

    measure_idle(&session, &empty, &program).await?;
    measure_clicks(&session, &program).await
}

fn print_arrivals(arrivals: &[f64]) {
    println!("\nbrowser's arrival to the dashboard with the grant, ms, {} times", arrivals.len());
    print_spread("", arrivals);
}

async fn measure_clicks(session: &Session, program: &Path) -> Result<()> {
    println!(
        "\nclick to the next frame, ms, {} accounts and {} lines of history, {} clicks each",
        many::ACCOUNTS,
        many::LINES,
        clicks::TIMES
    );
    many::make(session)?;
    for (what, taken) in clicks::measure(session, program).await? {
        print_spread(what, &taken);
    }
    Ok(())
}

async fn measure_idle(session: &Session, empty: &Path, program: &Path) -> Result<()> {
    println!("\nidle, milliseconds of CPU in {} s, of the whole process tree", idle::TIME.as_secs());
    for (state, [empty, own]) in idle::measure(session, empty, program).await? {
        println!("{state:<48}empty {empty:>4.0}   program {own:>4.0}   above it {:>4.0}", own - empty);
    }
    Ok(())
}

fn print_starts(empties: &[Start], ours: &[Start]) {
    println!("\n{:<48}{:>10}{:>18}{:>10}{:>18}{:>8}", "medians and quartiles of 25 in turn", "empty", "", "program", "", "ratio");
    let row = |name: &str, of: fn(&Start) -> f64| {
        let list = |starts: &[Start]| starts.iter().map(of).collect::<Vec<f64>>();
        let (empty, own) = (list(empties), list(ours));
        let around = |list: &[f64]| format!("({:.0} to {:.0})", quartiles(list).0, quartiles(list).1);
        let (middle, own_middle) = (median(&empty), median(&own));
        println!("{name:<48}{middle:>10.1}{:>18}{own_middle:>10.1}{:>18}{:>8.3}", around(&empty), around(&own), own_middle / middle);
    };
    row("exec to the page, ms", |start| start.began);
    row("exec to the second frame, ms", |start| start.painted);
    row("memory of the process tree (PSS), MiB", |start| start.memory);
    // The empty window has neither.
    let ours = |of: fn(&Start) -> Option<f64>| median(&ours.iter().filter_map(of).collect::<Vec<f64>>());
    println!("{:<48}{:>38.1}", "of the program: exec to its question for the state", ours(|start| start.asked));
    println!("{:<48}{:>38.1}", "and to the dashboard in the page, ms", ours(|start| start.dashboard));
}

fn print_spread(what: &str, taken: &[f64]) {
    let at_most = |share: f64| figures::quantile(taken, share);
    println!("{what:<48}median {:>4.0}   19 of 20 within {:>4.0}   longest {:>4.0}", median(taken), at_most(0.95), at_most(1.0));
}
