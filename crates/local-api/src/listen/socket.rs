//! The Unix sockets, in a folder of the person's own. Only a socket that was left over is replaced; anything else in its place stays.

#[cfg(unix)]
pub(super) use unix::{NotBound, SocketFile, accept, bind};

/// There is none here.
#[cfg(not(unix))]
pub(super) enum SocketFile {}

#[cfg(not(unix))]
impl SocketFile {
    pub(super) fn remove(&self) {}
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, DirBuilder, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::net::{UnixListener, UnixStream};
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;

    use crate::Inner;
    use crate::client;
    use crate::handle::Way;
    use crate::listen::{connection, slot, slots};
    use crate::pairing::Peer;

    /// Why it isn't served.
    pub(in crate::listen) enum NotBound {
        /// Another process serves there, or something that isn't a socket of ours lies there.
        Taken,
        /// The system refuses.
        Failed(io::Error),
    }

    impl From<io::Error> for NotBound {
        fn from(error: io::Error) -> Self {
            Self::Failed(error)
        }
    }

    /// The socket that this process has made.
    pub(in crate::listen) struct SocketFile {
        path: PathBuf,
        /// Device and inode.
        id: (u64, u64),
    }

    impl SocketFile {
        /// Removes it, if it is still the one that lies at its path.
        pub(in crate::listen) fn remove(&self) {
            if fs::symlink_metadata(&self.path).is_ok_and(|about| (about.dev(), about.ino()) == self.id)
                && let Err(error) = fs::remove_file(&self.path)
            {
                tracing::debug!(%error, "the local API's socket could not be removed");
            }
        }
    }

    /// Listens at `path`. A socket that lies there is replaced where nobody takes connections on it: the turn alone doesn't tell, since a
    /// process that keeps everything in memory may have its locks elsewhere.
    pub(in crate::listen) async fn bind(path: &Path) -> Result<(UnixListener, SocketFile), NotBound> {
        let folder = path.parent().ok_or(NotBound::Taken)?;
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        let us = rustix::process::geteuid().as_raw();
        let about = fs::symlink_metadata(folder)?;
        if !about.is_dir() || about.uid() != us {
            return Err(NotBound::Taken);
        }
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
        match fs::symlink_metadata(path) {
            Ok(about) => {
                let own = about.file_type().is_socket() && about.uid() == us;
                if !own || client::is_served(path).await {
                    return Err(NotBound::Taken);
                }
                fs::remove_file(path)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        let about = fs::symlink_metadata(path)?;
        Ok((listener, SocketFile { path: path.to_owned(), id: (about.dev(), about.ino()) }))
    }

    /// Takes connections of the person's own user: of programs, or of the command line.
    pub(in crate::listen) async fn accept(
        inner: Arc<Inner>,
        listener: UnixListener,
        for_commands: bool,
        stop: CancellationToken,
        tracker: TaskTracker,
    ) {
        let (slots, us) = (slots(), rustix::process::geteuid().as_raw());
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let Ok((stream, _)) = accepted else {
                // Too many files are open, say.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let Some(slot) = slot(&slots).await else { continue };
            let Some(peer) = peer(&stream).filter(|peer| peer.uid == us) else { continue };
            let (inner, stop) = (Arc::clone(&inner), stop.clone());
            let way = if for_commands { Way::Commands } else { Way::Socket(peer) };
            tracker.spawn(async move {
                let _slot = slot;
                connection(inner, way, stream, stop).await;
            });
        }
    }

    fn peer(stream: &UnixStream) -> Option<Peer> {
        let credentials = stream.peer_cred().ok()?;
        let program = credentials.pid().and_then(|pid| fs::read_link(format!("/proc/{pid}/exe")).ok());
        Some(Peer { uid: credentials.uid(), program: program.map(|path| path.to_string_lossy().into_owned()) })
    }
}
