//! The updater against an update server on this computer, with a publisher's key of the test's own. Whatever is wrong with what the server
//! has, the program's file is afterwards what it was, and nothing lies beside it.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect_core::SystemProxies;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const FILE: &str = "monei-connections-0.3.0-x86_64.AppImage";
const INSTALLER: &str = "monei-connections-0.3.0-setup.exe";
const NOW: i64 = 1_800_000_000_000;
const MANIFEST: &str = "updates.json";
const MANIFEST_SIGNATURE: &str = "updates.json.minisig";

/// A publisher, who signs as minisign does.
struct Publisher {
    key: Ed25519KeyPair,
    id: [u8; 8],
}

impl Publisher {
    fn new(seed: u8) -> Self {
        Self { key: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(), id: [seed; 8] }
    }

    fn public(&self) -> String {
        STANDARD.encode([b"Ed", self.id.as_slice(), self.key.public_key().as_ref()].concat())
    }

    fn sign(&self, content: &[u8], comment: &str) -> String {
        let signature = self.key.sign(blake2b_simd::blake2b(content).as_bytes());
        let line = STANDARD.encode([b"ED", self.id.as_slice(), signature.as_ref()].concat());
        let both = self.key.sign(&[signature.as_ref(), comment.as_bytes()].concat());
        format!("untrusted comment: anything\n{line}\ntrusted comment: {comment}\n{}\n", STANDARD.encode(both.as_ref()))
    }
}

/// What the server has at a path.
#[derive(Clone)]
enum Answer {
    Whole(Vec<u8>),
    /// With a length that is right, and the connection closed after as many bytes.
    BrokenOff(Vec<u8>, usize),
    /// As before, and then silence.
    Stalled(Vec<u8>, usize),
    /// Without a length.
    Open(Vec<u8>),
    Redirect(String),
    Status(u16),
}

struct Server {
    address: String,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/monei/", listener.local_addr().unwrap());
        let server = Self { address, answers: Arc::default(), asked: Arc::default() };
        let (answers, asked) = (Arc::clone(&server.answers), Arc::clone(&server.asked));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (answers, asked) = (Arc::clone(&answers), Arc::clone(&asked));
                tokio::spawn(async move {
                    let mut request = vec![0; 8192];
                    let read = stream.read(&mut request).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&request[..read]).into_owned();
                    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                    let name = path.strip_prefix("/monei/").unwrap_or(&path).to_owned();
                    let answer = answers.lock().unwrap().get(&name).cloned().unwrap_or(Answer::Status(404));
                    asked.lock().unwrap().push(name);
                    let head =
                        |length: usize| format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n").into_bytes();
                    let (bytes, stalls) = match answer {
                        Answer::Whole(body) => ([head(body.len()), body].concat(), false),
                        Answer::BrokenOff(body, at) => ([head(body.len()), body[..at].to_vec()].concat(), false),
                        Answer::Stalled(body, at) => ([head(body.len()), body[..at].to_vec()].concat(), true),
                        Answer::Open(body) => ([b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(), body].concat(), false),
                        Answer::Redirect(to) => {
                            (format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes(), false)
                        }
                        Answer::Status(code) => (format!("HTTP/1.1 {code} No\r\ncontent-length: 0\r\n\r\n").into_bytes(), false),
                    };
                    // Whoever asked may have gone.
                    let _ = stream.write_all(&bytes).await;
                    if stalls {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        server
    }

    fn has(&self, name: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(name.to_owned(), answer);
    }

    fn lacks(&self, name: &str) {
        self.answers.lock().unwrap().remove(name);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// A manifest and its signature.
    fn offers(&self, publisher: &Publisher, manifest: &serde_json::Value) {
        let text = manifest.to_string();
        let comment = format!("version:{} file:{MANIFEST}", manifest["version"].as_str().unwrap_or_default());
        self.has(MANIFEST_SIGNATURE, Answer::Whole(publisher.sign(text.as_bytes(), &comment).into_bytes()));
        self.has(MANIFEST, Answer::Whole(text.into_bytes()));
    }
}

/// An AppImage by its first bytes.
fn image(of: &str) -> Vec<u8> {
    [b"\x7fELF\x02\x01\x01\x00AI\x02\x00".as_slice(), of.repeat(100_000).as_bytes()].concat()
}

struct World {
    server: Server,
    publisher: Publisher,
    folder: tempfile::TempDir,
    started: Arc<Mutex<Vec<PathBuf>>>,
    starts: bool,
}

impl World {
    /// A program of version 0.2.0, and a server that has 0.3.0 as it should be.
    async fn new() -> Self {
        let (server, publisher, folder) = (Server::new().await, Publisher::new(7), tempfile::tempdir().unwrap());
        let world = Self { server, publisher, folder, started: Arc::default(), starts: true };
        fs::create_dir_all(world.data()).unwrap();
        fs::create_dir_all(world.path().parent().unwrap()).unwrap();
        fs::write(world.path(), image("old")).unwrap();
        fs::set_permissions(world.path(), fs::Permissions::from_mode(0o750)).unwrap();
        world.server.offers(&world.publisher, &world.manifest("0.3.0", FILE, &image("new")));
        world.server.has(FILE, Answer::Whole(image("new")));
        world
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("Applications/Monei.AppImage")
    }

    fn manifest(&self, version: &str, file: &str, content: &[u8]) -> serde_json::Value {
        let signature = self.publisher.sign(content, &format!("version:{version} file:{file}"));
        self.manifest_with(version, file, content.len(), &signature)
    }

    fn manifest_with(&self, version: &str, file: &str, size: usize, signature: &str) -> serde_json::Value {
        let system = format!("linux-{}", std::env::consts::ARCH);
        let package = serde_json::json!({"file": file, "size": size, "signature": signature});
        serde_json::json!({"version": version, "notes": {"en": "Better.", "fr": "Mieux."}, "packages": {system: package}})
    }

    fn updater(&self) -> Updater {
        self.updater_at(Place::AppImage(appimage::Target::at(&self.path()).unwrap()))
    }

    fn updater_at(&self, place: Place) -> Updater {
        let (started, starts) = (Arc::clone(&self.started), self.starts);
        let start: Start = Box::new(move |command| {
            started.lock().unwrap().push(PathBuf::from(command.get_program()));
            if starts { Ok(()) } else { Err(std::io::ErrorKind::PermissionDenied.into()) }
        });
        let source = Source::new(&self.server.address, &self.publisher.public());
        Updater::with(source, place, "0.2.0", self.data(), Arc::new(SystemProxies), start)
    }

    /// Looks, and installs what there is. Gives how that ended.
    async fn update(&self) -> UpdateState {
        let updater = self.updater();
        updater.look(NOW, "en").await;
        let looked = state(&updater);
        let UpdateState::Available { offer } = looked else { return looked };
        assert_eq!(updater.install(&offer.version).await, Then::GoOn);
        state(&updater)
    }

    /// Updates, which must fail like this, and change nothing.
    async fn fails(&self, expected: UpdateFailure, case: &str) {
        let state = self.update().await;
        assert!(matches!(state, UpdateState::Failed { failure, .. } if failure == expected), "{case}: {state:?}");
        self.is_as_it_was(case);
    }

    fn is_as_it_was(&self, case: &str) {
        assert_eq!(fs::read(self.path()).unwrap(), image("old"), "{case}");
        assert_eq!(names(self.path().parent().unwrap()), ["Monei.AppImage"], "{case}");
    }
}

fn state(updater: &Updater) -> UpdateState {
    updater.subscribe().borrow().state.clone()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_newer_version_is_shown_first_and_takes_the_files_place_with_its_mode() {
    let world = World::new().await;
    let updater = world.updater();
    updater.look(NOW, "fr").await;
    let offer = UpdateOffer { version: "0.3.0".to_owned(), notes: "Mieux.".to_owned(), size: image("new").len() as u64 };
    assert_eq!(state(&updater), UpdateState::Available { offer });
    // Nothing but what tells of it was fetched.
    assert_eq!(world.server.asked(), [MANIFEST, MANIFEST_SIGNATURE]);
    world.is_as_it_was("only looked");
    let before = fs::metadata(world.path()).unwrap();
    assert_eq!(updater.install("0.3.0").await, Then::GoOn);
    assert_eq!(state(&updater), UpdateState::Installed { version: "0.3.0".to_owned() });
    assert_eq!(fs::read(world.path()).unwrap(), image("new"));
    let after = fs::metadata(world.path()).unwrap();
    assert_eq!((after.mode() & 0o777, before.mode() & 0o777), (0o750, 0o750));
    assert_ne!(after.ino(), before.ino());
    assert_eq!(names(world.path().parent().unwrap()), ["Monei.AppImage"]);
    // The program that runs is still the old one, and offers it no second time.
    world.server.asked();
    updater.look(NOW, "en").await;
    updater.install("0.3.0").await;
    assert_eq!(world.server.asked(), [""; 0]);
}

#[tokio::test]
async fn a_version_that_is_not_newer_is_never_offered() {
    let world = World::new().await;
    for version in ["0.2.0", "0.1.9", "0.2.0-rc.1", "0.2.0+build.9", "0.0.1"] {
        world.server.offers(&world.publisher, &world.manifest(version, FILE, &image("new")));
        assert_eq!(world.update().await, UpdateState::Current, "{version}");
        world.is_as_it_was(version);
    }
}

#[tokio::test]
async fn only_the_version_that_was_shown_is_installed() {
    let world = World::new().await;
    let updater = world.updater();
    assert_eq!(updater.install("0.3.0").await, Then::GoOn);
    updater.look(NOW, "en").await;
    updater.install("0.4.0").await;
    assert!(matches!(state(&updater), UpdateState::Available { .. }));
    world.is_as_it_was("another version");
}

#[tokio::test]
async fn an_unsigned_forged_or_foreign_manifest_is_refused() {
    let world = World::new().await;
    let manifest = world.manifest("0.3.0", FILE, &image("new"));
    let text = manifest.to_string();
    let good = format!("version:0.3.0 file:{MANIFEST}");
    let signed = |publisher: &Publisher, content: &str, comment: &str| publisher.sign(content.as_bytes(), comment);
    let stranger = Publisher::new(9);
    // The publisher's name for its key, and another key.
    let impostor = Publisher { id: world.publisher.id, key: Publisher::new(9).key };
    let mut changed_comment = signed(&world.publisher, &text, "version:0.2.5 file:updates.json");
    changed_comment = changed_comment.replace("0.2.5", "0.3.0");
    for (case, signature) in [
        ("another key", signed(&stranger, &text, &good)),
        ("another key under the same name", signed(&impostor, &text, &good)),
        ("another text", signed(&world.publisher, &text.replace("Better", "Best"), &good)),
        ("another version", signed(&world.publisher, &text, "version:0.2.5 file:updates.json")),
        ("another file", signed(&world.publisher, &text, &format!("version:0.3.0 file:{FILE}"))),
        ("a comment that was changed", changed_comment),
        ("no comment", signed(&world.publisher, &text, "")),
        ("nothing", String::new()),
        ("not a signature", "untrusted comment: a\nb\ntrusted comment: c\nd\n".to_owned()),
    ] {
        world.server.has(MANIFEST_SIGNATURE, Answer::Whole(signature.into_bytes()));
        world.fails(UpdateFailure::NotGenuine, case).await;
    }
    world.server.lacks(MANIFEST_SIGNATURE);
    world.fails(UpdateFailure::NotGenuine, "unsigned").await;
}

#[tokio::test]
async fn a_forged_foreign_or_damaged_package_is_refused() {
    let world = World::new().await;
    let good = format!("version:0.3.0 file:{FILE}");
    let content = image("new");
    let offers = |signature: &str| world.server.offers(&world.publisher, &world.manifest_with("0.3.0", FILE, content.len(), signature));
    for (case, signature) in [
        ("another key", Publisher::new(9).sign(&content, &good)),
        ("an older package of the publisher's", world.publisher.sign(&content, &format!("version:0.2.5 file:{FILE}"))),
        ("another file of the publisher's", world.publisher.sign(&content, &format!("version:0.3.0 file:{INSTALLER}"))),
        ("unsigned", String::new()),
    ] {
        offers(&signature);
        world.fails(UpdateFailure::NotGenuine, case).await;
    }
    offers(&world.publisher.sign(&content, &good));
    let mut damaged = content.clone();
    damaged[content.len() / 2] ^= 1;
    world.server.has(FILE, Answer::Whole(damaged));
    world.fails(UpdateFailure::NotGenuine, "damaged").await;
}

#[tokio::test]
async fn a_package_that_is_no_appimage_is_refused_though_it_is_signed() {
    let world = World::new().await;
    for content in [b"MZ installer".to_vec(), b"\x7fELF".to_vec(), b"\x7fELF\x02\x01\x01\x00AI\x01\x00".to_vec()] {
        world.server.offers(&world.publisher, &world.manifest("0.3.0", FILE, &content));
        world.server.has(FILE, Answer::Whole(content));
        world.fails(UpdateFailure::Unusable, "signed").await;
    }
}

#[tokio::test]
async fn a_download_that_breaks_off_leaves_nothing_and_can_be_repeated() {
    let world = World::new().await;
    for answer in
        [Answer::BrokenOff(image("new"), 150_000), Answer::Open(image("new")[..150_000].to_vec()), Answer::Stalled(image("new"), 150_000)]
    {
        world.server.has(FILE, answer);
        world.fails(UpdateFailure::Incomplete, "half").await;
    }
    world.server.has(MANIFEST, Answer::BrokenOff(vec![b' '; 100], 50));
    world.fails(UpdateFailure::Incomplete, "half a manifest").await;
    world.server.offers(&world.publisher, &world.manifest("0.3.0", FILE, &image("new")));
    world.server.has(FILE, Answer::Open(image("new")));
    assert!(matches!(world.update().await, UpdateState::Installed { .. }));
}

#[tokio::test]
async fn a_package_or_manifest_that_is_larger_than_said_is_not_fetched_to_its_end() {
    let world = World::new().await;
    for answer in [Answer::Whole(image("newer")), Answer::Open(image("newer"))] {
        world.server.has(FILE, answer);
        world.fails(UpdateFailure::Unusable, "larger").await;
    }
    for answer in [Answer::Whole(vec![b' '; 100_000]), Answer::Open(vec![b' '; 100_000])] {
        world.server.has(MANIFEST, answer);
        world.fails(UpdateFailure::Unusable, "a huge manifest").await;
    }
}

#[tokio::test]
async fn a_signed_manifest_that_says_more_or_something_else_is_refused() {
    let world = World::new().await;
    let mut manifest = world.manifest("0.3.0", FILE, &image("new"));
    manifest["more"] = true.into();
    world.server.offers(&world.publisher, &manifest);
    world.fails(UpdateFailure::Unusable, "an unknown field").await;
    world.server.offers(&world.publisher, &serde_json::json!([]));
    world.fails(UpdateFailure::Unusable, "a list").await;
    let mut manifest = world.manifest("0.3.0", FILE, &image("new"));
    manifest["packages"] = serde_json::json!({});
    world.server.offers(&world.publisher, &manifest);
    world.fails(UpdateFailure::NoPackage, "for another system").await;
}

#[tokio::test]
async fn a_redirect_is_followed_and_never_to_an_address_without_encryption() {
    let world = World::new().await;
    world.server.has("elsewhere", Answer::Whole(image("new")));
    world.server.has(FILE, Answer::Redirect("elsewhere".to_owned()));
    assert!(matches!(world.update().await, UpdateState::Installed { .. }));

    let world = World::new().await;
    let away = [
        "http://127.0.0.2:9/",
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://name:word@example.org/",
        "http://[",
    ];
    for to in away {
        world.server.has(FILE, Answer::Redirect(to.to_owned()));
        world.fails(UpdateFailure::Unusable, to).await;
    }
    world.server.has(FILE, Answer::Redirect(FILE.to_owned()));
    world.server.asked();
    world.fails(UpdateFailure::Unusable, "in a circle").await;
    assert!(world.server.asked().len() < 10);
}

#[tokio::test]
async fn a_server_in_trouble_and_one_that_is_none_are_told_apart() {
    let world = World::new().await;
    for (code, expected) in [
        (503, UpdateFailure::Unreachable),
        (429, UpdateFailure::Unreachable),
        (403, UpdateFailure::Unusable),
        (404, UpdateFailure::Unusable),
    ] {
        world.server.has(MANIFEST, Answer::Status(code));
        world.fails(expected, &code.to_string()).await;
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let source = Source::new(&format!("http://{closed}/"), &world.publisher.public());
    let updater = Updater::with(source, world.updater().place, "0.2.0", world.data(), Arc::new(SystemProxies), Box::new(|_| Ok(())));
    updater.look(NOW, "en").await;
    assert_eq!(state(&updater), UpdateState::Failed { failure: UpdateFailure::Unreachable, offer: None });
}

#[tokio::test]
async fn a_server_whose_certificate_nobody_vouches_for_is_not_asked() {
    let world = World::new().await;
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.cert.der().clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.is_err()
    });
    let source = Source::new(&address, &world.publisher.public());
    let updater = Updater::with(source, world.updater().place, "0.2.0", world.data(), Arc::new(SystemProxies), Box::new(|_| Ok(())));
    updater.look(NOW, "en").await;
    assert_eq!(state(&updater), UpdateState::Failed { failure: UpdateFailure::Unreachable, offer: None });
    assert!(server.await.unwrap(), "the handshake went through");
}

#[tokio::test]
async fn a_file_that_was_moved_or_replaced_meanwhile_is_left_alone() {
    let world = World::new().await;
    let updater = world.updater();
    updater.look(NOW, "en").await;
    let (path, beside) = (world.path(), world.folder.path().join("other"));
    // A link to another file of the person's.
    fs::write(&beside, "precious").unwrap();
    fs::rename(&path, world.folder.path().join("moved")).unwrap();
    symlink(&beside, &path).unwrap();
    updater.install("0.3.0").await;
    assert!(matches!(state(&updater), UpdateState::Failed { failure: UpdateFailure::Moved, offer: Some(_) }));
    assert_eq!((fs::read(&beside).unwrap(), fs::read_link(&path).unwrap()), (b"precious".to_vec(), beside.clone()));
    // Another file.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    updater.install("0.3.0").await;
    assert!(matches!(state(&updater), UpdateState::Failed { failure: UpdateFailure::Moved, .. }));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    // Nothing.
    fs::remove_file(&path).unwrap();
    updater.install("0.3.0").await;
    assert!(matches!(state(&updater), UpdateState::Failed { failure: UpdateFailure::Moved, .. }));
    assert_eq!(names(path.parent().unwrap()), [""; 0]);
}

#[tokio::test]
async fn a_file_that_is_replaced_by_a_link_during_the_download_is_left_alone() {
    let world = World::new().await;
    let Place::AppImage(target) = world.updater().place else { panic!("no AppImage") };
    let place = Place::AppImage(target);
    let part = place.part(&world.data(), FILE).unwrap();
    fs::write(world.path().with_file_name("part"), "x").unwrap();
    std::io::Write::write_all(&mut part.file(), &image("new")).unwrap();
    let precious = world.folder.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    fs::remove_file(world.path()).unwrap();
    symlink(&precious, world.path()).unwrap();
    let Place::AppImage(target) = place else { panic!("no AppImage") };
    assert_eq!(target.replace(part), Err(UpdateFailure::Moved));
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    assert_eq!(fs::read_link(world.path()).unwrap(), precious);
}

#[tokio::test]
async fn what_is_not_the_persons_own_is_not_written() {
    let world = World::new().await;
    if rustix::process::geteuid().is_root() {
        // Nobody's file; who may write everything is refused by the owner alone.
        std::os::unix::fs::chown(world.path(), Some(65534), None).unwrap();
    } else {
        fs::set_permissions(world.path().parent().unwrap(), fs::Permissions::from_mode(0o500)).unwrap();
    }
    world.fails(UpdateFailure::NotWritable, "not ours").await;
    fs::set_permissions(world.path().parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_as_such() {
    let world = World::new().await;
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let url = format!("{}{FILE}", world.server.address).parse().unwrap();
    let http = Http::new(Arc::new(SystemProxies));
    let done = http.download(url, image("new").len() as u64, full, REPORT_EVERY, |_| {}).await;
    assert_eq!(done, Err(UpdateFailure::NoRoom));
}

#[tokio::test]
async fn the_download_is_private_and_lies_beside_the_program() {
    let world = World::new().await;
    let place = world.updater().place;
    let left = world.path().with_file_name(".monei-connections-update-left");
    fs::write(&left, "of a run that was killed").unwrap();
    let part = place.part(&world.data(), FILE).unwrap();
    let mode = part.file().metadata().unwrap().mode() & 0o777;
    assert_eq!((mode, part.file().metadata().unwrap().dev()), (0o600, fs::metadata(world.path()).unwrap().dev()));
    assert!(!left.exists());
    drop(part);
    world.is_as_it_was("dropped");
}

#[tokio::test]
async fn the_person_can_cancel_a_download_and_begin_it_again() {
    let world = World::new().await;
    let mut content = image("new");
    content.extend(vec![0; 1_000_000]);
    world.server.offers(&world.publisher, &world.manifest("0.3.0", FILE, &content));
    world.server.has(FILE, Answer::Stalled(content.clone(), 900_000));
    let updater = Arc::new(world.updater());
    updater.look(NOW, "en").await;
    let running = tokio::spawn({
        let updater = Arc::clone(&updater);
        async move { updater.install("0.3.0").await }
    });
    let mut seen = updater.subscribe();
    seen.wait_for(|status| matches!(status.state, UpdateState::Downloading { fetched: 256_000.., .. })).await.unwrap();
    // A second one isn't begun beside it.
    updater.install("0.3.0").await;
    updater.cancel();
    running.await.unwrap();
    assert!(matches!(state(&updater), UpdateState::Available { .. }));
    world.is_as_it_was("cancelled");
    world.server.has(FILE, Answer::Whole(content));
    updater.install("0.3.0").await;
    assert!(matches!(state(&updater), UpdateState::Installed { .. }));
}

#[tokio::test]
async fn the_program_looks_by_itself_only_where_the_person_chose_that_and_once_a_day() {
    let world = World::new().await;
    let updater = world.updater();
    updater.look_if_due(NOW, "en").await;
    assert_eq!(world.server.asked(), [""; 0]);
    updater.set_daily(true).unwrap();
    // A server that isn't there is no news, and isn't asked over and over.
    world.server.has(MANIFEST, Answer::Status(503));
    updater.look_if_due(NOW, "en").await;
    assert_eq!((world.server.asked().len(), state(&updater)), (1, UpdateState::Idle));
    updater.look_if_due(NOW + EVERY_MS - 1, "en").await;
    assert_eq!(world.server.asked(), [""; 0]);
    // The next run knows.
    let next = world.updater();
    assert!(next.subscribe().borrow().daily);
    next.look_if_due(NOW + EVERY_MS - 1, "en").await;
    assert_eq!(world.server.asked(), [""; 0]);
    world.server.offers(&world.publisher, &world.manifest("0.3.0", FILE, &image("new")));
    next.look_if_due(NOW + EVERY_MS, "en").await;
    assert!(matches!(state(&next), UpdateState::Available { .. }));
    world.is_as_it_was("only looked");
    // A clock that was set back.
    let back = world.updater();
    world.server.asked();
    back.look_if_due(NOW - 10, "en").await;
    assert_eq!(world.server.asked().len(), 2);
    back.set_daily(false).unwrap();
    back.look_if_due(NOW + 9 * EVERY_MS, "en").await;
    assert_eq!(world.server.asked(), [""; 0]);
}

#[tokio::test]
async fn where_others_update_the_program_nothing_is_asked_or_written() {
    let world = World::new().await;
    for (place, way) in [(Place::System, UpdateWay::System), (Place::Elsewhere, UpdateWay::Elsewhere)] {
        let updater = world.updater_at(place);
        assert_eq!(updater.subscribe().borrow().way, way);
        assert!(updater.set_daily(true).is_err());
        updater.look(NOW, "en").await;
        updater.look_if_due(NOW, "en").await;
        updater.install("0.3.0").await;
        assert_eq!(state(&updater), UpdateState::Idle);
    }
    let updater = Updater::with(None, world.updater().place, "0.2.0", world.data(), Arc::new(SystemProxies), Box::new(|_| Ok(())));
    assert_eq!(updater.subscribe().borrow().way, UpdateWay::NotSet);
    updater.look(NOW, "en").await;
    assert_eq!(world.server.asked(), [""; 0]);
    assert_eq!(names(&world.data()), [""; 0]);
}

#[tokio::test]
async fn on_windows_the_checked_installer_is_started_and_the_program_ends() {
    let mut world = World::new().await;
    let content = b"MZ installer".to_vec();
    world.server.offers(&world.publisher, &world.manifest("0.3.0", INSTALLER, &content));
    world.server.has(INSTALLER, Answer::Whole(content.clone()));
    // Of a run before.
    fs::create_dir(world.data().join("update-left")).unwrap();
    let updater = world.updater_at(Place::Installer);
    updater.look(NOW, "en").await;
    assert_eq!(updater.install("0.3.0").await, Then::End);
    assert_eq!(state(&updater), UpdateState::Started { version: "0.3.0".to_owned() });
    let started = world.started.lock().unwrap().pop().unwrap();
    assert_eq!(fs::read(&started).unwrap(), content);
    assert_eq!(started.file_name().unwrap(), INSTALLER);
    assert!(started.starts_with(world.data()) && !world.data().join("update-left").exists());

    // One that isn't genuine is never started.
    world.server.has(INSTALLER, Answer::Whole(b"MZ insta11er".to_vec()));
    let updater = world.updater_at(Place::Installer);
    updater.look(NOW, "en").await;
    assert_eq!(updater.install("0.3.0").await, Then::GoOn);
    assert!(matches!(state(&updater), UpdateState::Failed { failure: UpdateFailure::NotGenuine, .. }));
    assert!(world.started.lock().unwrap().is_empty());

    // Nor does the program end for one that can't be started.
    world.server.has(INSTALLER, Answer::Whole(content));
    world.starts = false;
    let updater = world.updater_at(Place::Installer);
    updater.look(NOW, "en").await;
    assert_eq!(updater.install("0.3.0").await, Then::GoOn);
    assert!(matches!(state(&updater), UpdateState::Failed { failure: UpdateFailure::NotStarted, .. }));
}
