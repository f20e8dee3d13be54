//! Where the socket and the locks of one environment are.

use std::path::{Path, PathBuf};

use connect_app::settings::Settings;
use connect_core::snapshot::Environment;

/// Folder of the socket, below the session's runtime folder.
#[cfg(unix)]
const FOLDER: &str = "monei-connections";

/// Where the API of one environment is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The Unix socket, alone in a folder that is the person's own. `None`: this system has none, or no session.
    pub socket: Option<PathBuf>,
    /// Folder of the locks: this environment's data folder.
    pub locks: PathBuf,
}

impl Place {
    /// The place of the settings' environment: `$XDG_RUNTIME_DIR/monei-connections/api.sock`, on macOS below the data folder.
    pub fn of(settings: &Settings) -> Self {
        Self { socket: socket(settings), locks: settings.data_dir.clone() }
    }

    /// The place of a process that keeps everything in memory. Its locks are in the data folder where that is there already, else in the
    /// session's folder, beside the socket: no folder is made on disk. A window that makes the data folder later has its locks there; then
    /// the one that served the socket first keeps it. `None`: there is no socket here.
    ///
    /// # Errors
    /// The socket's folder can't be made.
    #[cfg(unix)]
    pub fn in_memory(settings: &Settings) -> std::io::Result<Option<Self>> {
        let mut place = Self::of(settings);
        let Some(folder) = place.folder().map(Path::to_owned) else { return Ok(None) };
        if !place.locks.is_dir() {
            use std::os::unix::fs::DirBuilderExt as _;
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            place.locks = folder;
        }
        Ok(Some(place))
    }

    /// Folder of the socket, which environments share.
    pub fn folder(&self) -> Option<&Path> {
        self.socket.as_deref().and_then(Path::parent)
    }

    /// The socket for the person's own command line, beside the one for programs ([`crate::LocalApi::start_answering`]).
    pub fn commands(&self) -> Option<PathBuf> {
        let socket = self.socket.as_deref()?;
        Some(socket.with_file_name(socket.file_name()?.to_str()?.replacen("api", "command", 1)))
    }

    /// The name of the socket: environments have one each.
    pub fn socket_name(environment: Environment) -> String {
        match environment {
            Environment::Production => "api.sock".to_owned(),
            Environment::Development | Environment::Sandbox => format!("api.{}.sock", environment.name()),
        }
    }
}

#[cfg(target_os = "macos")]
fn socket(settings: &Settings) -> Option<PathBuf> {
    Some(settings.data_dir.join(FOLDER).join(Place::socket_name(settings.environment)))
}

#[cfg(all(unix, not(target_os = "macos")))]
fn socket(settings: &Settings) -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute())?;
    Some(runtime.join(FOLDER).join(Place::socket_name(settings.environment)))
}

#[cfg(not(unix))]
fn socket(_: &Settings) -> Option<PathBuf> {
    None
}
