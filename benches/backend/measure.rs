//! Processes and numbers.

use std::error::Error;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Whatever goes wrong ends the run.
pub type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A server under measurement; ends with this value.
pub struct Server {
    child: Child,
    /// From the start of the process to its first answer.
    pub started_in: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts `command` and waits for an answer from `url`.
    pub async fn start(mut command: Command, url: &str) -> Fallible<Server> {
        let http = client()?;
        let began = Instant::now();
        let mut server = Server { child: command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?, started_in: Duration::ZERO };
        while http.get(url).send().await.is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("the server ended: {status}").into());
            }
            if began.elapsed() > Duration::from_secs(30) {
                return Err("the server does not answer".into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.started_in = began.elapsed();
        Ok(server)
    }

    /// Resident and proportional set size, in KiB.
    pub fn memory(&self) -> Fallible<(u64, u64)> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let of = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok());
        Ok((of("Rss:").ok_or("no Rss")?, of("Pss:").ok_or("no Pss")?))
    }

    /// Processor time used so far, at the kernel's 100 ticks a second.
    pub fn cpu(&self) -> Fallible<Duration> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = text.rsplit_once(") ").ok_or("no stat")?.1.split(' ').collect();
        let ticks: u64 = fields.get(11).ok_or("no utime")?.parse::<u64>()? + fields.get(12).ok_or("no stime")?.parse::<u64>()?;
        Ok(Duration::from_millis(ticks * 10))
    }
}

/// A client that keeps its connections, follows nothing and asks no proxy.
pub fn client() -> Fallible<reqwest::Client> {
    Ok(reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?)
}

/// What a row of the table says.
pub struct Row {
    pub name: String,
    pub requests: usize,
    pub at_once: usize,
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    /// Processor time for one request: of the server that was asked, and of the sandbox behind it.
    pub cpu: [Duration; 2],
}

/// Sends every item with `send`, `at_once` at a time; gives the answers in order.
pub async fn run<I, O, F>(
    name: &str,
    at_once: usize,
    items: Vec<I>,
    servers: [&Server; 2],
    send: impl Fn(I) -> F + Clone + Send + 'static,
) -> Fallible<(Row, Vec<O>)>
where
    I: Clone + Send + Sync + 'static,
    O: Send + 'static,
    F: Future<Output = Fallible<O>> + Send,
{
    let requests = items.len();
    let (items, next) = (Arc::new(items), Arc::new(AtomicUsize::new(0)));
    let used = || Ok::<_, Box<dyn Error + Send + Sync>>([servers[0].cpu()?, servers[1].cpu()?]);
    let before = used()?;
    let began = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let (items, next, send) = (items.clone(), next.clone(), send.clone());
        workers.spawn(async move {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(at) else { break };
                let began = Instant::now();
                let answer = send(item.clone()).await?;
                done.push((at, began.elapsed(), answer));
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(done)
        });
    }
    let mut all = Vec::with_capacity(requests);
    while let Some(done) = workers.join_next().await {
        all.extend(done??);
    }
    let took = began.elapsed();
    let (after, each) = (used()?, u32::try_from(requests)?);
    let cpu = [0, 1].map(|which| (after[which] - before[which]) / each);
    let mut times: Vec<Duration> = all.iter().map(|(_, took, _)| *took).collect();
    times.sort_unstable();
    let quantile = |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1)).copied().unwrap_or_default();
    let row = Row {
        name: name.to_owned(),
        requests,
        at_once,
        per_second: requests as f64 / took.as_secs_f64(),
        p50: quantile(50),
        p99: quantile(99),
        cpu,
    };
    all.sort_unstable_by_key(|(at, ..)| *at);
    Ok((row, all.into_iter().map(|(.., answer)| answer).collect()))
}

/// Prints rows as a table.
pub fn print(rows: &[Row]) {
    println!(
        "| what | requests | at once | requests/s | p50 ms | p99 ms | CPU µs/request: server | sandbox |\n|---|--:|--:|--:|--:|--:|--:|--:|"
    );
    for row in rows {
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        let [server, sandbox] = row.cpu.map(|cpu| cpu.as_micros());
        println!(
            "| {} | {} | {} | {:.0} | {:.2} | {:.2} | {server} | {sandbox} |",
            row.name,
            row.requests,
            row.at_once,
            row.per_second,
            ms(row.p50),
            ms(row.p99)
        );
    }
}
