//! The program itself, as many times as needed, before one Redis and one sandbox.

#![cfg_attr(not(unix), allow(dead_code, reason = "signals and a Redis are there for tests on Unix alone"))]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::support::*;

/// Ends the process when dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.0.id().to_string()]).status().unwrap().success());
    }
}

/// A Redis that keeps its data, on a socket in a folder of its own.
pub struct Redis {
    pub folder: tempfile::TempDir,
    process: Option<Running>,
}

impl Redis {
    pub fn start() -> Redis {
        let mut redis = Redis { folder: tempfile::tempdir().unwrap(), process: None };
        redis.start_again();
        redis
    }

    pub fn start_again(&mut self) {
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--unixsocket"])
            .arg(self.socket())
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is needed for this test: install Debian's package redis-server");
        self.process = Some(Running(child));
    }

    pub fn stop(&mut self) {
        self.process = None;
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Everything that it wrote down.
    pub fn written(&self) -> Vec<u8> {
        fn read(folder: &std::path::Path, all: &mut Vec<u8>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    read(&path, all);
                } else if path.is_file() {
                    all.extend(std::fs::read(&path).unwrap());
                }
            }
        }
        let mut all = Vec::new();
        read(self.folder.path(), &mut all);
        all
    }
}

/// One `connect-backend`.
pub struct Instance {
    pub process: Running,
    pub base: String,
    log: Arc<Mutex<Vec<Value>>>,
    reading: std::thread::JoinHandle<()>,
}

impl Instance {
    /// Starts one for `world`'s sandbox, with these values on top of the usual ones, and waits until it listens.
    pub async fn start(world: &World, values: &[(&str, &str)]) -> Instance {
        let redirect_uri = format!("{}/v1/callback", world.backend);
        let mut all: BTreeMap<&str, &str> = BTreeMap::from([
            ("MONEI_ENVIRONMENT", "sandbox"),
            ("MONEI_SANDBOX_URL", &world.sandbox),
            ("MONEI_CLIENT_ID", CLIENT_ID),
            ("MONEI_CLIENT_SECRET", CLIENT_SECRET),
            ("MONEI_REDIRECT_URI", &redirect_uri),
            ("CONNECT_SEALING_KEY", SEALING_KEY),
            ("CONNECT_PER_ADDRESS_PER_MINUTE", "0"),
            ("CONNECT_LISTEN", "127.0.0.1:0"),
        ]);
        all.extend(values.iter().copied());
        let mut command = Command::new(env!("CARGO_BIN_EXE_connect-backend"));
        command.env_clear().envs(all.into_iter().filter(|(_, value)| !value.is_empty())).stdout(Stdio::piped());
        // Windows opens no socket without it.
        command.envs(std::env::var_os("SystemRoot").map(|folder| ("SystemRoot", folder)));
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = tokio::sync::oneshot::channel();
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = log.clone();
        let reading = std::thread::spawn(move || {
            let mut tell = Some(tell);
            for line in lines.map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap();
                if let Some(address) = line["fields"]["address"].as_str()
                    && let Some(tell) = tell.take()
                {
                    tell.send(format!("http://{address}")).ok();
                }
                kept.lock().unwrap().push(line);
            }
        });
        let base = tokio::time::timeout(Duration::from_secs(20), told).await.expect("it starts").expect("it listens");
        Instance { process: Running(child), base, log, reading }
    }

    pub fn kill(self) {
        drop(self);
    }

    /// Tells it to end, waits until it has, and gives all that it logged.
    pub async fn stopped(mut self) -> Vec<Value> {
        self.process.signal("-TERM");
        tokio::task::spawn_blocking(move || {
            self.process.0.wait().unwrap();
            self.reading.join().expect("every line is one JSON object");
            std::mem::take(&mut *self.log.lock().unwrap())
        })
        .await
        .unwrap()
    }

    /// Waits until it logged `event`, and gives its fields.
    pub async fn logged(&self, event: &str) -> Value {
        self.logged_with(event, |_| true).await
    }

    /// Waits until it logged `event` with fields of this kind, and gives them.
    pub async fn logged_with(&self, event: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let seen = || {
            let log = self.log.lock().unwrap();
            log.iter().map(|line| &line["fields"]).find(|fields| fields["event"] == event && fits(fields)).cloned()
        };
        let wait = async {
            loop {
                match seen() {
                    Some(fields) => return fields,
                    None => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap_or_else(|_| panic!("no {event} in {:?}", self.log))
    }
}
