//! The Unix socket: alone in a folder of the person's own. Only a socket that was left over is replaced; anything else in its place stays.

#[cfg(unix)]
pub(super) use unix::{NotBound, accept, bind, remove};

/// There is none here.
#[cfg(not(unix))]
pub(super) fn remove(_: &std::path::Path) {}

#[cfg(unix)]
mod unix {
    use std::fs::{self, DirBuilder, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::net::{UnixListener, UnixStream};
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;

    use crate::Inner;
    use crate::handle::Way;
    use crate::listen::{connection, slot, slots};
    use crate::pairing::Peer;

    /// Why it isn't served.
    pub(in crate::listen) enum NotBound {
        /// Something that isn't a socket of ours lies there.
        Taken,
        /// The system refuses.
        Failed(io::Error),
    }

    impl From<io::Error> for NotBound {
        fn from(error: io::Error) -> Self {
            Self::Failed(error)
        }
    }

    /// Listens at `path`. The caller has the turn, so that a socket which lies there is left over.
    pub(in crate::listen) fn bind(path: &Path) -> Result<UnixListener, NotBound> {
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
            Ok(about) if about.file_type().is_socket() && about.uid() == us => fs::remove_file(path)?,
            Ok(_) => return Err(NotBound::Taken),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    /// Removes the socket, if it is one.
    pub(in crate::listen) fn remove(path: &Path) {
        if fs::symlink_metadata(path).is_ok_and(|about| about.file_type().is_socket())
            && let Err(error) = fs::remove_file(path)
        {
            tracing::debug!(%error, "the local API's socket could not be removed");
        }
    }

    /// Takes connections of the person's own user.
    pub(in crate::listen) async fn accept(inner: Arc<Inner>, listener: UnixListener, stop: CancellationToken, tracker: TaskTracker) {
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
            tracker.spawn(async move {
                let _slot = slot;
                connection(inner, Way::Socket(peer), stream, stop).await;
            });
        }
    }

    fn peer(stream: &UnixStream) -> Option<Peer> {
        let credentials = stream.peer_cred().ok()?;
        let program = credentials.pid().and_then(|pid| fs::read_link(format!("/proc/{pid}/exe")).ok());
        Some(Peer { uid: credentials.uid(), program: program.map(|path| path.to_string_lossy().into_owned()) })
    }
}
