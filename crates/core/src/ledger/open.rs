//! Opening: private files, the schema's number, and what happens to a damaged file.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::IndexError;
use super::filesystem;
use super::index::Index;
use super::presence::Presence;
use super::salvage;
use super::schema;
use super::tables::Tables;

/// The highest number of a schema that a newer version may have. A file with a higher one is damaged: a step is a release's, and a damaged
/// byte above the lowest one makes at least 256 of any number.
const MOST_STEPS: u32 = 255;

/// How long a writer in another process is waited for.
const BUSY: Duration = Duration::from_secs(5);

/// An opened index.
pub struct Opened {
    /// The index, perhaps a fresh one.
    pub index: Index,
    /// Where a damaged one was put, so that the person can be told and it can be looked at.
    pub set_aside: Option<PathBuf>,
    /// This process's share of it.
    pub(super) presence: Presence,
}

/// What came of looking at a file.
enum Found {
    Usable(Box<Index>),
    Damaged,
}

impl Index {
    /// Opens the index at `path`, making it and its folder where missing. A damaged one is set aside as `index.damaged-<n>.sqlite`.
    ///
    /// # Errors
    /// [`IndexError::Newer`] for one written by a newer version, [`IndexError::InUse`] for a damaged one that another process has open, or
    /// one that another process is removing, [`IndexError::Unavailable`] where the file system refuses.
    pub fn open(path: &Path) -> Result<Opened, IndexError> {
        let folder = path.parent().ok_or_else(|| IndexError::Unavailable("no folder".to_owned()))?;
        filesystem::private_folder(folder).map_err(io_error)?;
        // One process at a time until it is noticed as present: else two that find the same damage would set aside each other's fresh index.
        let lock = filesystem::private_file(&path.with_extension("lock")).map_err(io_error)?;
        lock.lock().map_err(io_error)?;
        if let Found::Usable(index) = look(path)? {
            let presence = Presence::take(folder).ok_or(IndexError::InUse)?;
            return Ok(Opened { index: *index, set_aside: None, presence });
        }
        // Who has it open would go on with the file that was set aside, and nobody else would see what is written there.
        let presence = Presence::take_alone(folder).ok_or(IndexError::InUse)?;
        let set_aside = set_aside(path).map_err(io_error)?;
        match look(path)? {
            Found::Usable(index) => {
                salvage::from(&set_aside, &index);
                presence.share();
                Ok(Opened { index: *index, set_aside: Some(set_aside), presence })
            }
            Found::Damaged => Err(IndexError::Unavailable("a fresh index can't be read back".to_owned())),
        }
    }
}

fn look(path: &Path) -> Result<Found, IndexError> {
    // A file that is there isn't opened: closing it again would drop the locks that SQLite holds on it in this process (fcntl).
    if path.exists() {
        filesystem::make_private(path).map_err(io_error)?;
    } else {
        filesystem::private_file(path).map_err(io_error)?;
    }
    match prepare(path) {
        Ok(index) => Ok(Found::Usable(Box::new(index))),
        Err(Refused::Newer(found)) => Err(IndexError::Newer { found }),
        Err(Refused::Sqlite(error)) if !is_damage(&error) => Err(error.into()),
        // SQLite can't tell it any more, but a newer version may be able to read what this one takes for damage.
        Err(Refused::Inconsistent | Refused::Sqlite(_)) => match Header::read(path).map(|header| known(header.schema())) {
            Some(Err(Refused::Newer(found))) => Err(IndexError::Newer { found }),
            _ => Ok(Found::Damaged),
        },
    }
}

/// The first bytes of a file that begins as an SQLite database does (<https://www.sqlite.org/fileformat.html>, 1.3).
struct Header([u8; 64]);

impl Header {
    /// To be called for a file that isn't going to be used: closing it drops the locks that SQLite holds on it in this process (fcntl).
    fn read(path: &Path) -> Option<Self> {
        let mut bytes = [0; 64];
        fs::File::open(path).ok()?.read_exact(&mut bytes).ok()?;
        bytes.starts_with(b"SQLite format 3\0").then_some(Self(bytes))
    }

    /// The `user_version`.
    fn schema(&self) -> i64 {
        let [.., a, b, c, d] = self.0;
        i32::from_be_bytes([a, b, c, d]).into()
    }

    /// Whether it asks for a way of writing that no SQLite has: such a file is only read, wherever it is.
    fn forbids_writing(&self) -> bool {
        self.0[18] > 2
    }
}

enum Refused {
    Newer(u32),
    Inconsistent,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn prepare(path: &Path) -> Result<Index, Refused> {
    let (mut writer, has_log) = match if filesystem::is_shared_by_computers(path) { None } else { with_log(path)? } {
        Some(writer) => (writer, true),
        None => (without_log(path)?, false),
    };
    if writer.is_readonly("main")? {
        drop(writer);
        let is_damaged = Header::read(path).is_some_and(|header| header.forbids_writing());
        return Err(if is_damaged { Refused::Inconsistent } else { read_only().into() });
    }
    if schema_of(&writer)? < i64::from(schema::LATEST) {
        schema::migrate(&mut writer, path)?;
    }
    let verdict: String = writer.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Refused::Inconsistent);
    }
    let reader = connect(path)?;
    reader.pragma_update(None, "query_only", true)?;
    Tables(&reader).are_there()?;
    Ok(Index { writer: Mutex::new(writer), reader: Mutex::new(Some(reader)), has_log })
}

/// With a write-ahead log; `None` where the folder's file system has none of the memory that all who open the file must share for it.
fn with_log(path: &Path) -> Result<Option<Connection>, Refused> {
    let without = |error: &rusqlite::Error| {
        let codes = [ErrorCode::CannotOpen, ErrorCode::SystemIoFailure, ErrorCode::ReadOnly, ErrorCode::FileLockingProtocolFailed];
        error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
    };
    match try_log(path) {
        Ok(connection) => Ok(connection),
        Err(Refused::Sqlite(error)) if without(&error) => Ok(None),
        Err(refused) => Err(refused),
    }
}

fn try_log(path: &Path) -> Result<Option<Connection>, Refused> {
    let connection = connect(path)?;
    known(schema_of(&connection)?)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    // A file that has a log can be read without that memory, and not be written. Somebody else who writes just now can.
    connection.busy_timeout(Duration::ZERO)?;
    match connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK") {
        Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => return Err(error.into()),
        _ => {}
    }
    connection.busy_timeout(BUSY)?;
    Ok((mode == "wal").then_some(connection))
}

/// Without one: writers keep others out for a moment instead.
fn without_log(path: &Path) -> Result<Connection, Refused> {
    let connection = open(path)?;
    // First of all: a file that has a log can be opened without that memory by one connection alone.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    known(schema_of(&connection)?)?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    drop(connection);
    tracing::info!("the index has no write-ahead log: its folder's file system has none of the memory that it needs");
    connect(path)
}

fn read_only() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY), None)
}

fn schema_of(connection: &Connection) -> Result<i64, Refused> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Asked before anything is changed: a newer version's file stays as it is.
fn known(version: i64) -> Result<(), Refused> {
    match u32::try_from(version) {
        Ok(version) if version <= schema::LATEST => Ok(()),
        Ok(version) if version <= MOST_STEPS => Err(Refused::Newer(version)),
        _ => Err(Refused::Inconsistent),
    }
}

fn open(path: &Path) -> Result<Connection, Refused> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// A connection with everything set but the journal's mode, which is the file's own.
fn connect(path: &Path) -> Result<Connection, Refused> {
    let connection = open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // A removed account's name must not linger in free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

/// Whether the file itself is at fault, and not the disk, the permissions or another process.
fn is_damage(error: &rusqlite::Error) -> bool {
    let code = match error {
        rusqlite::Error::SqlInputError { error, .. } => Some(error.code),
        error => error.sqlite_error_code(),
    };
    match code {
        // `Unknown` is SQLITE_ERROR: a table that is missing, or there already.
        Some(code) => matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown),
        // Not SQLite's own word: nothing is wrong with the file.
        None => false,
    }
}

/// Renames the file and its log to the first free `index.damaged-<n>.sqlite`.
fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let free = (1u32..).map(|n| path.with_file_name(format!("index.damaged-{n}.sqlite"))).find(|to| !to.exists());
    let Some(to) = free else { return Err(std::io::ErrorKind::AlreadyExists.into()) };
    fs::rename(path, &to)?;
    for suffix in ["-wal", "-shm"] {
        let with = |base: &Path| {
            let mut name = base.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        match fs::rename(with(path), with(&to)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(to)
}

fn io_error(error: std::io::Error) -> IndexError {
    IndexError::Unavailable(error.kind().to_string())
}
