//! The search for canaries: secrets of one run of the sandbox, in files of any kind and in the processes of this user.
//! A finding names the kind and the place, never the secret.

mod mask;
mod processes;

pub use mask::mask;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use glob::Pattern;
use walkdir::WalkDir;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// What leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `mct_…`
    AccessToken,
    /// `mcr_…`
    RefreshToken,
    /// `mcc_…`
    Code,
    /// `mcs_…`, or the text of the secret file.
    ClientSecret,
    /// The run's marker alone: a part of a secret, or one that was written in UTF-16 or base64.
    Marker,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::AccessToken, Kind::RefreshToken, Kind::Code, Kind::ClientSecret, Kind::Marker];

    /// As the allow list writes it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::AccessToken => "access_token",
            Kind::RefreshToken => "refresh_token",
            Kind::Code => "code",
            Kind::ClientSecret => "client_secret",
            Kind::Marker => "marker",
        }
    }
}

/// Where something leaked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A file, and the byte at which the first one begins.
    File(PathBuf, u64),
    /// A file's or folder's name.
    Name(PathBuf),
    /// A process's arguments: its id and name.
    Arguments(u32, String),
    /// A process's environment.
    Environment(u32, String),
}

impl Place {
    /// What the allow list's pattern is compared with: a path, or `process:NAME`.
    fn subject(&self) -> String {
        match self {
            Place::File(path, _) | Place::Name(path) => path.display().to_string(),
            Place::Arguments(_, name) | Place::Environment(_, name) => format!("process:{name}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path, at) => write!(f, "{} (byte {at})", path.display()),
            Place::Name(path) => write!(f, "the name of {}", mask(&path.display().to_string())),
            Place::Arguments(id, name) => write!(f, "arguments of process {id} ({name})"),
            Place::Environment(id, name) => write!(f, "environment of process {id} ({name})"),
        }
    }
}

/// One kind of secret at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// Where.
    pub place: Place,
    /// How often.
    pub count: u64,
}

/// What a search gave.
#[derive(Debug, Default)]
pub struct Report {
    /// What leaked, the allowed ones too.
    pub found: Vec<Finding>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// How many files and processes were read.
    pub read: u64,
}

/// What could not be read, so that nobody knows what is in it.
#[derive(Clone, Debug)]
pub struct Unread {
    /// A path, or `process:NAME`.
    pub subject: String,
    /// Which part of it, and why.
    pub reason: String,
}

/// `kind:glob`; the kind may be `*`.
#[derive(Clone, Debug)]
pub struct Allowed {
    kind: Option<Kind>,
    pattern: Pattern,
}

/// Why a search can't begin.
#[derive(Debug, thiserror::Error)]
pub enum LeaksError {
    /// The run isn't 1 to 32 letters and digits.
    #[error("--run: the marker that the sandbox printed, 1 to 32 letters and digits")]
    Run,
    /// The secret is too short to search for.
    #[error("the secret file holds fewer than 16 bytes: too short to search for")]
    Secret,
    /// An entry of the allow list can't be read.
    #[error("--allow {0}: write kind:glob, with a kind of access_token, refresh_token, code, client_secret, marker or *")]
    Allowed(String),
    /// What is searched for can't be put together.
    #[error("the search can't be set up: {0}")]
    Setup(String),
    /// A path to search is not there.
    #[error("{path}: {source}")]
    Path {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Allowed {
    /// Reads one entry.
    ///
    /// # Errors
    /// [`LeaksError::Allowed`]
    pub fn parse(text: &str) -> Result<Allowed, LeaksError> {
        let wrong = || LeaksError::Allowed(text.to_owned());
        let (kind, pattern) = text.split_once(':').ok_or_else(wrong)?;
        let kind = match kind {
            "*" => None,
            name => Some(Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(wrong)?),
        };
        Ok(Allowed { kind, pattern: Pattern::new(pattern).map_err(|_| wrong())? })
    }

    /// Whether it allows this.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.kind.is_none_or(|kind| kind == finding.kind) && self.pattern.matches(&finding.place.subject())
    }

    /// Whether it allows everything there, so that it need not be read.
    pub fn covers_unread(&self, unread: &Unread) -> bool {
        self.kind.is_none() && self.pattern.matches(&unread.subject)
    }
}

/// A search for one run's canaries.
#[derive(Debug)]
pub struct Search {
    patterns: AhoCorasick,
    kinds: Vec<Kind>,
    longest: usize,
}

impl Search {
    /// Prepares the search for `run`, and for the text of a client secret where one is given.
    ///
    /// # Errors
    /// [`LeaksError`] where there is nothing sensible to search for.
    pub fn new(run: &str, client_secret: Option<&str>) -> Result<Search, LeaksError> {
        if run.is_empty() || run.len() > 32 || !run.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(LeaksError::Run);
        }
        let mut wanted: Vec<(Vec<u8>, Kind)> = Vec::new();
        for (prefix, kind) in [("mct", Kind::AccessToken), ("mcr", Kind::RefreshToken), ("mcc", Kind::Code), ("mcs", Kind::ClientSecret)] {
            wanted.push((format!("{prefix}_sim_CNRY{run}").into_bytes(), kind));
        }
        if let Some(secret) = client_secret.map(str::trim) {
            if secret.len() < 16 {
                return Err(LeaksError::Secret);
            }
            wanted.push((secret.as_bytes().to_vec(), Kind::ClientSecret));
        }
        let marker = format!("CNRY{run}");
        wanted.push((marker.as_bytes().to_vec(), Kind::Marker));
        wanted.push((marker.encode_utf16().flat_map(u16::to_le_bytes).collect(), Kind::Marker));
        // With what stands before it in every secret: a base64 text must be long enough not to come about by chance.
        wanted.extend(base64_of(format!("_sim_{marker}").as_bytes()).into_iter().map(|text| (text, Kind::Marker)));
        let longest = wanted.iter().map(|(bytes, _)| bytes.len()).max().unwrap_or_default();
        let patterns = AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostFirst)
            .build(wanted.iter().map(|(bytes, _)| bytes))
            .map_err(|error| LeaksError::Setup(error.to_string()))?;
        Ok(Search { patterns, kinds: wanted.into_iter().map(|(_, kind)| kind).collect(), longest })
    }

    /// Searches files, and folders with everything in them. Links are not followed.
    ///
    /// # Errors
    /// [`LeaksError::Path`] for a path that isn't there; what is unreadable further down is in the report.
    pub fn files(&self, paths: &[PathBuf], report: &mut Report) -> Result<(), LeaksError> {
        for path in paths {
            fs::symlink_metadata(path).map_err(|source| LeaksError::Path { path: path.clone(), source })?;
            for entry in WalkDir::new(path).follow_links(false).sort_by_file_name() {
                match entry {
                    Ok(entry) => self.entry(entry.path(), entry.file_type(), report),
                    Err(error) => {
                        let subject = error.path().unwrap_or(path).display().to_string();
                        report.unread.push(Unread { subject, reason: error.to_string() });
                    }
                }
            }
        }
        Ok(())
    }

    /// Searches arguments and environments of this user's other processes (Linux).
    pub fn processes(&self, report: &mut Report) {
        processes::search(self, report);
    }

    fn entry(&self, path: &Path, kind: fs::FileType, report: &mut Report) {
        if let Some(name) = path.file_name() {
            self.note(&self.count(name.as_encoded_bytes()), report, |_| Place::Name(path.to_owned()));
        }
        if !kind.is_file() {
            return;
        }
        match self.stream(path) {
            Ok(hits) => {
                report.read += 1;
                self.note(&hits, report, |at| Place::File(path.to_owned(), at));
            }
            // Gone since the folder was listed: nothing is left there to find.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => report.unread.push(Unread { subject: path.display().to_string(), reason: error.to_string() }),
        }
    }

    /// Reads a file piece by piece; pieces overlap by one byte less than the longest pattern.
    fn stream(&self, path: &Path) -> io::Result<Hits> {
        let mut file = File::open(path)?;
        let mut hits = Hits::default();
        let mut buffer: Vec<u8> = Vec::with_capacity(CHUNK + self.longest);
        let mut start = 0_u64;
        loop {
            let before = buffer.len();
            let read = (&mut file).take(CHUNK as u64).read_to_end(&mut buffer)?;
            let last = read < CHUNK;
            // A match that begins in the overlap is left to the next piece.
            let end = if last { buffer.len() } else { buffer.len() - (self.longest - 1).min(buffer.len()) };
            let mut from = 0;
            for found in self.patterns.find_iter(&buffer).take_while(|found| found.start() < end) {
                hits.add(self.kinds[found.pattern().as_usize()], start + found.start() as u64);
                from = found.end();
            }
            if last || (read == 0 && before == buffer.len()) {
                return Ok(hits);
            }
            let cut = end.max(from.min(buffer.len()));
            start += cut as u64;
            buffer.drain(..cut);
        }
    }

    fn count(&self, bytes: &[u8]) -> Hits {
        let mut hits = Hits::default();
        for found in self.patterns.find_iter(bytes) {
            hits.add(self.kinds[found.pattern().as_usize()], found.start() as u64);
        }
        hits
    }

    fn note(&self, hits: &Hits, report: &mut Report, place: impl Fn(u64) -> Place) {
        report.found.extend(hits.0.iter().map(|(kind, first, count)| Finding { kind: *kind, place: place(*first), count: *count }));
    }
}

/// Kind, first position, count.
#[derive(Default)]
struct Hits(Vec<(Kind, u64, u64)>);

impl Hits {
    fn add(&mut self, kind: Kind, at: u64) {
        match self.0.iter_mut().find(|(known, ..)| *known == kind) {
            Some((_, _, count)) => *count += 1,
            None => self.0.push((kind, at, 1)),
        }
    }
}

/// What base64 makes of `bytes` inside of a longer text, for each of the three positions it can begin at; without the characters at
/// either end that depend on its neighbours.
fn base64_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let texts = (0..3_usize).map(|offset| {
        let bits: Vec<u8> = std::iter::repeat_n(0, offset)
            .chain(bytes.iter().copied())
            .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
            .collect();
        let whole = (offset * 8).div_ceil(6)..(offset + bytes.len()) * 8 / 6;
        whole.map(|place| ALPHABET[bits[place * 6..place * 6 + 6].iter().fold(0, |value, bit| value << 1 | usize::from(*bit))]).collect()
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search_in(bytes: &[u8]) -> Vec<Finding> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), bytes).unwrap();
        let mut report = Report::default();
        Search::new("R7", None).unwrap().files(&[folder.path().to_owned()], &mut report).unwrap();
        report.found
    }

    #[test]
    fn secrets_are_found_by_kind_in_binary_files_too() {
        let found = search_in(b"\x00\xffmct_sim_CNRYR7_1 mct_sim_CNRYR7_2\x00mcr_sim_CNRYR7_3");
        let kinds: Vec<(Kind, u64)> = found.iter().map(|finding| (finding.kind, finding.count)).collect();
        assert_eq!(kinds, [(Kind::AccessToken, 2), (Kind::RefreshToken, 1)]);
        assert!(search_in(b"mct_sim_CNRYR8_1").is_empty(), "another run's");
    }

    #[test]
    fn a_secret_on_the_border_of_two_pieces_is_found_once() {
        for place in [CHUNK - 40, CHUNK - 14, CHUNK - 1, CHUNK, 2 * CHUNK - 7] {
            let mut bytes = vec![b'.'; 2 * CHUNK + 100];
            bytes[place..place + 15].copy_from_slice(b"mct_sim_CNRYR7_");
            let found = search_in(&bytes);
            assert_eq!(found.len(), 1, "{place}");
            assert_eq!((found[0].kind, found[0].count), (Kind::AccessToken, 1));
            assert!(matches!(found[0].place, Place::File(_, at) if at == place as u64));
        }
    }

    #[test]
    fn other_spellings_are_found_as_the_marker() {
        let utf16: Vec<u8> = "mcr_sim_CNRYR7_x".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(search_in(&utf16)[0].kind, Kind::Marker);
        // "xmct_sim_CNRYR7_abc" in base64, at each position.
        for text in ["bWN0X3NpbV9DTlJZUjdfYWJj", "eG1jdF9zaW1fQ05SWVI3X2FiYw==", "eHhtY3Rfc2ltX0NOUllSN19hYmM="] {
            assert_eq!(search_in(text.as_bytes())[0].kind, Kind::Marker, "{text}");
        }
        assert_eq!(search_in(b"..CNRYR7..")[0].kind, Kind::Marker);
    }

    #[test]
    fn the_allow_list_covers_a_kind_at_a_place() {
        let finding = Finding { kind: Kind::Code, place: Place::File("/a/log.txt".into(), 3), count: 1 };
        assert!(Allowed::parse("code:/a/*").unwrap().covers(&finding));
        assert!(Allowed::parse("*:**/log.txt").unwrap().covers(&finding));
        assert!(!Allowed::parse("access_token:/a/*").unwrap().covers(&finding));
        assert!(Allowed::parse("password:/a").is_err());
        assert!(Allowed::parse("no colon").is_err());
    }
}
