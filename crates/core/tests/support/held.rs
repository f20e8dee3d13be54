//! What another process has in its memory. Not a part of `support`: only who searches memory needs what it takes.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test, and says where")]

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::process::Child;

use crate::support::file_vault::FileVault;

/// How often each of `secrets` is in what the child has in its memory.
pub fn copies(child: &Child, secrets: &[&str]) -> Vec<usize> {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
    let memory = File::open(format!("/proc/{}/mem", child.id())).unwrap();
    let mut counts = vec![0; secrets.len()];
    for map in maps.lines() {
        let mut words = map.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // Some of the kernel's own can't be read.
        if memory.read_exact_at(&mut bytes, from).is_err() {
            continue;
        }
        for (secret, count) in secrets.iter().zip(&mut counts) {
            *count += memchr::memmem::find_iter(&bytes, secret).count();
        }
    }
    counts
}

/// The access and the sealed refresh token in the one entry of the keychain.
pub fn tokens(vault: &FileVault, place: &std::path::Path) -> [String; 2] {
    let record = std::fs::read_to_string(place.join(&vault.records()[0])).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    ["t", "r"].map(|field| record[field].as_str().unwrap().to_owned())
}
