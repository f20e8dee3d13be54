//! What the level of optimisation is worth: the program as built at each, started in turn, beside its size. `cargo xtask bench profiles` builds them.

use std::fs;

use anyhow::Result;
use e2e::Session;

use crate::figures::{median, quartiles};
use crate::starts::{self, Start};
use crate::way_back;

/// Cargo's `opt-level`: for size with loops as they are, for size, for speed with less inlining, and for speed.
const LEVELS: [&str; 4] = ["z", "s", "2", "3"];

/// Starts all in turn, with one connected account, and prints a row for each.
///
/// # Errors
/// When one isn't there or doesn't start.
pub async fn measure(session: &Session) -> Result<()> {
    let folder = e2e::target_dir()?.join("profiles");
    let program = |level: &str| folder.join(level).join("monei-connect");
    let mut launchers = Vec::new();
    for level in LEVELS {
        // The program's own name: its window is found by that.
        launchers.push(starts::launcher(session, &format!("level-{level}/monei-connect"), &program(level))?);
    }
    way_back::connect(session, &launchers[0]).await?;
    let [z, s, two, three] = &launchers[..] else { unreachable!("one for each level") };
    let all = starts::in_turn(session, [z, s, two, three]).await?;
    println!(
        "\nmedians and quartiles of {} starts in turn\n{:<10}{:>10}{:>28}{:>28}{:>12}",
        starts::RUNS,
        "opt-level",
        "size, MB",
        "exec to the page, ms",
        "to the second frame, ms",
        "PSS, MiB"
    );
    for (level, starts) in LEVELS.into_iter().zip(&all) {
        let size = fs::metadata(program(level))?.len() as f64 / 1e6;
        let list = |of: fn(&Start) -> f64| starts.iter().map(of).collect::<Vec<f64>>();
        let spread = |of: fn(&Start) -> f64| {
            let (list, (low, high)) = (list(of), quartiles(&list(of)));
            format!("{:.1} ({low:.0} to {high:.0})", median(&list))
        };
        println!(
            "{level:<10}{size:>10.2}{:>28}{:>28}{:>12.1}",
            spread(|start| start.began),
            spread(|start| start.painted),
            median(&list(|start| start.memory))
        );
    }
    Ok(())
}
