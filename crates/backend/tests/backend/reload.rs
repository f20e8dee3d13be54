//! Rotation without downtime: secrets in files, read anew on a hangup.

use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use reqwest::StatusCode;

use crate::fleet::*;
use crate::support::*;

const OTHER_SECRET: &str = "mcs_sim_CNRYthe_next_secret";
const OTHER_KEY: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Replaces a file as an operator should: whole, and closed to others from the start.
fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    use std::io::Write;
    let (path, fresh) = (folder.join(name), folder.join(format!("{name}.new")));
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o400).open(&fresh).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    std::fs::rename(fresh, &path).unwrap();
    path
}

async fn instance(world: &World, folder: &Path) -> Instance {
    let [secret, key] = [("secret", CLIENT_SECRET), ("key", SEALING_KEY)].map(|(name, text)| write(folder, name, text));
    let previous = write(folder, "previous", SEALING_KEY.replace("0001", "aa01").as_str());
    let files = [
        ("MONEI_CLIENT_SECRET", ""),
        ("MONEI_CLIENT_SECRET_FILE", secret.to_str().unwrap()),
        ("CONNECT_SEALING_KEY", ""),
        ("CONNECT_SEALING_KEY_FILE", key.to_str().unwrap()),
        ("CONNECT_SEALING_KEY_PREVIOUS_FILE", previous.to_str().unwrap()),
        ("MONEI_TOKEN_CALLS_PER_MINUTE", "600"),
        ("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0"),
    ];
    Instance::start(world, &files).await
}

#[tokio::test]
async fn secrets_are_read_anew_while_people_connect() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let instance = instance(&world, folder.path()).await;
    let at = world.at(&instance.base);
    let tokens = at.connect().await;
    // Monei takes both for a while; logins go on all the time.
    world.switch("secret_overlap", "on").await;
    world.change_secret(OTHER_SECRET).await;
    let people = tokio::spawn({
        let at = at.clone();
        async move {
            for _ in 0..30 {
                at.connect().await;
            }
        }
    });
    write(folder.path(), "secret", OTHER_SECRET);
    write(folder.path(), "previous", SEALING_KEY);
    write(folder.path(), "key", OTHER_KEY);
    instance.process.signal("-HUP");
    instance.logged("reloaded").await;
    people.await.unwrap();
    world.switch("secret_overlap", "off").await;
    at.connect().await;
    // Sealed with the key that is now the previous one.
    let response = at.refresh(tokens["refresh_token"].as_str().unwrap(), "key-of-one-refresh_1").await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_file_that_does_not_do_leaves_the_old_secret_in_use() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let instance = instance(&world, folder.path()).await;
    let path = write(folder.path(), "secret", OTHER_SECRET);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    instance.process.signal("-HUP");
    instance.logged("reload_refused").await;
    world.at(&instance.base).connect().await;
}

#[tokio::test]
async fn a_rotation_begins_and_ends_with_files_that_come_and_go() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let [secret, key] = [("secret", CLIENT_SECRET), ("key", SEALING_KEY)].map(|(name, text)| write(folder.path(), name, text));
    let [old_secret, old_key] = ["previous-secret", "previous-key"].map(|name| folder.path().join(name));
    let files = [
        ("MONEI_CLIENT_SECRET", ""),
        ("MONEI_CLIENT_SECRET_FILE", secret.to_str().unwrap()),
        ("MONEI_CLIENT_SECRET_PREVIOUS_FILE", old_secret.to_str().unwrap()),
        ("CONNECT_SEALING_KEY", ""),
        ("CONNECT_SEALING_KEY_FILE", key.to_str().unwrap()),
        ("CONNECT_SEALING_KEY_PREVIOUS_FILE", old_key.to_str().unwrap()),
    ];
    // Neither of the previous ones is there at the start.
    let instance = Instance::start(&world, &files).await;
    let at = world.at(&instance.base);
    let tokens = at.connect().await;
    write(folder.path(), "previous-key", SEALING_KEY);
    write(folder.path(), "key", OTHER_KEY);
    instance.process.signal("-HUP");
    let changed = instance.logged("reloaded").await;
    assert_eq!((&changed["sealing_keys_changed"], &changed["client_secrets_changed"]), (&true.into(), &false.into()));
    let sealed = tokens["refresh_token"].as_str().unwrap();
    let response = at.refresh(sealed, "key-of-one-refresh_1").await;
    let fresh = response.json::<serde_json::Value>().await.unwrap()["refresh_token"].as_str().unwrap().to_owned();
    // Over: the file goes, or is emptied. What was sealed anew stays good.
    std::fs::remove_file(&old_key).unwrap();
    std::fs::write(&old_secret, "").unwrap();
    instance.process.signal("-HUP");
    let gone = async { while at.refresh(sealed, "key-of-one-refresh_1").await.status() == StatusCode::OK {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.expect("the previous key is out of use");
    assert_eq!(at.refresh(&fresh, "key-of-one-refresh_2").await.status(), StatusCode::OK);
}
