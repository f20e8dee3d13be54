//! `cargo xtask bench capacity`: how many people an operator can serve, by simulation with the real budget code. Prints the tables of
//! `docs/capacity.md`.

use std::time::{Duration, Instant};

use connect_backend::simulation::{Case, Outcome, Pattern, play};

const ACCOUNTS: [u64; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
const SHARDS: [u64; 3] = [1, 10, 100];

fn main() {
    let began = Instant::now();
    for (title, per_grant, shards) in
        [("client or egress: one budget for each shard", false, &SHARDS[..]), ("grant: a budget for each connection", true, &[1])]
    {
        println!("\n## Scope {title}\n");
        println!("| accounts | shards | use | worst wait | p99 | not served | told to come back | approvals lost | requests per call |");
        println!("|---|---|---|---|---|---|---|---|---|");
        for accounts in ACCOUNTS {
            for shards in shards {
                for pattern in Pattern::ALL {
                    let case = Case { accounts, shards: *shards, per_minute: 10, per_grant, pattern };
                    row(case, play(case));
                }
            }
        }
    }
    println!("\n## Most accounts for one budget\n");
    println!("p99 within 30 s, nobody unserved, by the calls a minute that Monei allows.\n");
    println!("| calls a minute | {} |", Pattern::ALL.map(Pattern::name).join(" | "));
    println!("|---|---|---|---|---|");
    for per_minute in [10, 20, 60] {
        let most = Pattern::ALL.map(|pattern| most(per_minute, pattern).to_string());
        println!("| {per_minute} | {} |", most.join(" | "));
    }
    eprintln!("simulated in {:.1} s", began.elapsed().as_secs_f64());
}

/// The largest number of accounts that one budget serves well, to within a twentieth.
fn most(per_minute: u32, pattern: Pattern) -> u64 {
    let serves = |accounts| {
        let outcome = play(Case { accounts, shards: 1, per_minute, per_grant: false, pattern });
        outcome.unserved == 0 && outcome.lost == 0 && outcome.later * 100 <= accounts && outcome.p99 <= Duration::from_secs(30)
    };
    let (mut fits, mut too_many) = (1, 2);
    while serves(too_many) && too_many < 200_000 {
        (fits, too_many) = (too_many, too_many * 2);
    }
    while too_many - fits > fits / 20 + 1 {
        let middle = fits.midpoint(too_many);
        if serves(middle) { fits = middle } else { too_many = middle }
    }
    fits
}

fn row(case: Case, outcome: Outcome) {
    let of_all = |part: u64| match part {
        0 => "0".to_owned(),
        part => format!("{:.0} %", (part as f64 * 100.0 / (outcome.served + outcome.unserved).max(1) as f64).ceil().min(100.0)),
    };
    println!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {:.1} |",
        case.accounts,
        case.shards,
        case.pattern.name(),
        if outcome.cut { "too many".to_owned() } else { time(outcome.worst) },
        if outcome.cut { "–".to_owned() } else { time(outcome.p99) },
        of_all(outcome.unserved),
        of_all(outcome.later),
        outcome.lost,
        outcome.requests_per_call
    );
}

fn time(wait: Duration) -> String {
    match wait.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}
