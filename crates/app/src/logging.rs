//! What the program writes down about itself: to the terminal, and to a file that only this user can read. No secret gets here, because
//! the types that hold one can't be printed; the libraries below, which don't know our secrets, are kept from telling details.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::Level;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Identity, Layered, SubscriberExt as _};
use tracing_subscriber::{Layer as _, Registry, fmt};

/// Size at which the file becomes `desktop.log.1`, in bytes.
const MAX_SIZE: u64 = 1024 * 1024;

/// Libraries that see requests, headers or D-Bus messages: never below info, whatever `RUST_LOG` says.
const CAPPED: [&str; 8] = ["hyper", "hyper_util", "h2", "rustls", "zbus", "reqwest", "tower", "secret_service"];

/// Starts logging to the terminal and to `desktop.log` in `folder`. `RUST_LOG` chooses; info by default.
///
/// # Errors
/// When the file can't be opened; the terminal is logged to all the same.
pub fn start(folder: &Path) -> io::Result<()> {
    let (file, failed) = match LogFile::open(folder) {
        Ok(file) => (Some(FILE.get_or_init(|| file)), Ok(())),
        Err(error) => (None, Err(error)),
    };
    let to_file = file.map(|file| fmt::layer().with_ansi(false).with_writer(file).with_filter(filter_fn(may_be_told)));
    install(EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy(), to_file);
    std::panic::set_hook(Box::new(|panic| tracing::error!(place = place(panic), "a programming error")));
    failed
}

/// Nothing is logged to the file any more: it is closed, and can be removed.
pub fn end() {
    if let Some(file) = FILE.get() {
        drop(file.open.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Logs to the terminal alone, and nothing unless `RUST_LOG` asks for it: a command's own words are what a person wants to see there.
pub fn to_terminal_if_asked() {
    let asked = std::env::var_os("RUST_LOG").is_some_and(|value| !value.is_empty());
    if asked {
        install(EnvFilter::from_default_env(), None::<Identity>);
    }
    std::panic::set_hook(Box::new(|panic| eprintln!("a programming error at {}", place(panic))));
}

/// From here on what `filter` lets through goes to the terminal, and to `layer` where there is one.
fn install<L: tracing_subscriber::Layer<Layered<EnvFilter, Registry>> + Send + Sync>(filter: EnvFilter, layer: Option<L>) {
    let to_terminal = fmt::layer()
        .with_ansi(colours(io::stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref()))
        .with_writer(io::stderr)
        .with_filter(filter_fn(may_be_told));
    // Records of the `log` crate don't tell their library before they are formatted: all of them end at info.
    drop(tracing_log::LogTracer::builder().with_max_level(tracing_log::log::LevelFilter::Info).init());
    drop(tracing::subscriber::set_global_default(tracing_subscriber::registry().with(filter).with(layer).with(to_terminal)));
}

/// Where, and not what: the message of a panic may quote data.
fn place(panic: &std::panic::PanicHookInfo<'_>) -> String {
    panic.location().map(ToString::to_string).unwrap_or_default()
}

/// Colours are for the eye at a terminal; a file, a pipe or the journal would keep their codes. <https://no-color.org>
fn colours(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

fn may_be_told(metadata: &tracing::Metadata<'_>) -> bool {
    let library = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::INFO || !CAPPED.contains(&library)
}

/// The file that is logged to, if there is one.
static FILE: OnceLock<LogFile> = OnceLock::new();

struct LogFile {
    path: PathBuf,
    /// With how many bytes it has. `None` once nothing is logged to it any more.
    open: Mutex<Option<(File, u64)>>,
}

impl LogFile {
    fn open(folder: &Path) -> io::Result<Self> {
        private_folder(folder)?;
        let path = folder.join("desktop.log");
        let file = private_file(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, open: Mutex::new(Some((file, size))) })
    }

    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        let mut slot = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = slot.as_mut() else { return Ok(()) };
        let length = line.len() as u64;
        if open.1 + length > MAX_SIZE {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            *open = (private_file(&self.path)?, 0);
        }
        open.0.write_all(line)?;
        open.1 += length;
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for &'static LogFile {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self)
    }
}

/// One formatted line on its way to the file.
struct Line(&'static LogFile);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_line(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_whose_user_wants_them() {
        assert!(colours(true, None) && colours(true, Some(OsStr::new(""))));
        assert!(!colours(true, Some(OsStr::new("1"))) && !colours(false, None));
    }

    #[test]
    fn the_file_is_private_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("sandbox");
        let log = LogFile::open(&home).unwrap();
        let line = vec![b'x'; 300_000];
        for _ in 0..10 {
            log.write_line(&line).unwrap();
        }
        let mut names: Vec<_> = fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["desktop.log", "desktop.log.1"]);
        for name in names {
            let metadata = fs::metadata(home.join(name)).unwrap();
            assert!(metadata.len() <= MAX_SIZE);
            #[cfg(unix)]
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777, 0o600);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_costs_lines_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogFile::open(folder.path()).unwrap();
        let full = || File::options().append(true).open("/dev/full").unwrap();
        let whole = log.open.lock().unwrap().replace((full(), 0));
        assert_eq!(log.write_line(b"lost\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
        *log.open.lock().unwrap() = whole;
        log.write_line(b"there is room again\n").unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("desktop.log")).unwrap(), "there is room again\n");
        // What happens goes on, though nobody can be told of it.
        let nowhere = LogFile { path: folder.path().join("desktop.log"), open: Mutex::new(Some((full(), 0))) };
        let layer = fmt::layer().with_ansi(false).with_writer(&*Box::leak(Box::new(nowhere)));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || tracing::info!("nobody reads this"));
    }

    #[test]
    fn libraries_that_see_requests_tell_no_details() {
        #[derive(Clone, Default)]
        struct Memory(std::sync::Arc<Mutex<Vec<u8>>>);
        impl Write for Memory {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let memory = Memory::default();
        let writer = memory.clone();
        let layer = fmt::layer().with_writer(move || writer.clone()).with_filter(filter_fn(may_be_told));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::trace!(target: "hyper::proto::h1", "hidden-1");
            tracing::debug!(target: "reqwest", "hidden-2");
            tracing::info!(target: "hyper::proto", "shown-1");
            tracing::trace!(target: "connect_core", "shown-2");
        });
        let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("hidden") && text.contains("shown-1") && text.contains("shown-2"), "{text}");
    }
}
