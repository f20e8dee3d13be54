//! Watches arguments and environments of a world's processes, every 5 ms: what another user of the machine could read of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::process::{Living, all_pids};

const PERIOD: Duration = Duration::from_millis(5);
/// How many rounds a process is looked at anew, so that what it executes after forking is seen too.
const ROUNDS: u32 = 40;

/// Everything seen, each different text once.
pub struct Samples {
    /// Argument lists and environments, with the process's id.
    pub texts: Vec<(u32, String)>,
}

/// Runs until it is asked for what it saw.
pub(crate) struct Sampler {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<HashSet<Living>>>,
}

impl Sampler {
    pub(crate) fn start(mark: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (mark, stopped) = (mark.to_owned(), stop.clone());
        let thread = thread::spawn(move || watch(&mark, &stopped));
        Self { stop, thread: Some(thread) }
    }

    pub(crate) fn finish(mut self) -> Samples {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', "\n");
        let texts = seen.iter().flat_map(|found| [(found.pid, lossy(&found.cmdline)), (found.pid, lossy(&found.environ))]).collect();
        Samples { texts }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn watch(mark: &str, stop: &AtomicBool) -> HashSet<Living> {
    let mut seen = HashSet::new();
    let mut rounds: HashMap<u32, u32> = HashMap::new();
    while !stop.load(Ordering::Relaxed) {
        let pids = all_pids();
        rounds.retain(|pid, _| pids.contains(pid));
        for pid in pids {
            let round = rounds.entry(pid).or_insert(0);
            *round += 1;
            if *round > ROUNDS {
                continue;
            }
            if let Some(found) = Living::read(pid).filter(|found| found.belongs_to(mark)) {
                seen.insert(found);
            }
        }
        thread::sleep(PERIOD);
    }
    seen
}
