//! What somebody who listens to everything on the session bus hears: the calls, and no token or name (T-05).

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use connect_core::Caller;
use connect_core::snapshot::{Section, Unrevoked};
use connect_core::vault::{KeychainVault, Vault};
use secrecy::ExposeSecret as _;

use crate::session::{SERVICE, unlock};
use crate::support::World;

/// Somebody listens to everything on the session bus.
struct Ear {
    monitor: Child,
    heard: PathBuf,
}

impl Ear {
    async fn open() -> Self {
        let heard = PathBuf::from(std::env::var("XDG_RUNTIME_DIR").unwrap()).join("heard");
        let monitor = Command::new("dbus-monitor")
            .args(["--session", "--pcap"])
            .stdout(std::fs::File::create(&heard).unwrap())
            .spawn()
            .expect("dbus is installed");
        let ear = Self { monitor, heard };
        ear.hears("it listens").await;
        ear
    }

    /// Sends `words` over the bus until they are heard, and with them all that was sent before.
    async fn hears(&self, words: &str) {
        let heard = async {
            while !self.has(words) {
                let sent =
                    Command::new("dbus-send").args(["--session", "/", "test.Words.Said", &format!("string:{words}")]).status().unwrap();
                assert!(sent.success());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), heard).await.expect("nothing is heard on the bus");
    }

    fn has(&self, words: &str) -> bool {
        let heard = std::fs::read(&self.heard).unwrap();
        heard.windows(words.len()).any(|window| window == words.as_bytes())
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        drop(self.monitor.kill());
        drop(self.monitor.wait());
    }
}

pub async fn overheard() {
    let _keyring = unlock();
    let ear = Ear::open().await;
    let mut world = World::new().await;
    let vault = Arc::new(KeychainVault::new(SERVICE).unwrap());
    world.restart_with(Arc::clone(&vault) as Arc<dyn Vault>).await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.rename(&account, Some("Market stall".into())).await.unwrap();
    let name = vault.list().await.unwrap().remove(0);
    let first = vault.read(&name).await.unwrap().unwrap();
    // Replaced by a refresh, read, and removed.
    world.clock.advance(Duration::from_secs(3700));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    let second = vault.read(&name).await.unwrap().unwrap();
    world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap();
    ear.hears("that was all").await;
    // The calls themselves were heard, with labels and attributes, and the entry by its name.
    for call in ["CreateItem", "SearchItems", "GetSecret", "Delete", "OpenSession", SERVICE, &name] {
        assert!(ear.has(call), "{call} was not heard");
    }
    let marker = format!("CNRY{}", world.run);
    let mut secrets: Vec<&str> =
        vec![&marker, "mct_", "mcr_", "CNRY", "ada@", "Ada", "Okafor", "okafor", "Market stall", "profile:read", &account];
    for record in [&first, &second] {
        assert!(record.expose_secret().contains(&marker), "the record has no marker to look for");
        // The sealed token has no marker: any part of it would do.
        secrets.extend(
            record.expose_secret().as_bytes().chunks(24).filter(|chunk| chunk.len() == 24).map(|chunk| std::str::from_utf8(chunk).unwrap()),
        );
    }
    for secret in secrets {
        assert!(!ear.has(secret), "{secret} passed over the bus");
    }
}
