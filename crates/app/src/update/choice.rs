//! Whether the program may look by itself, and when it last asked: a small file in the program's folder, which leaving this computer removes.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::export;

const FILE: &str = "updates.json";

/// Off until the person switches it on: a request tells somebody whom they have not agreed to that the program runs here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    pub(super) daily: bool,
    /// In milliseconds since the Unix epoch.
    pub(super) looked_at: Option<i64>,
}

impl Choice {
    /// What was chosen; nothing where the file can't be read.
    pub(super) fn read(folder: &Path) -> Self {
        std::fs::read(folder.join(FILE)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    pub(super) fn write(self, folder: &Path) -> io::Result<()> {
        export::replace(&folder.join(FILE), &serde_json::to_string(&self)?)
    }
}
