//! How a part of the core says that something changed that may be shown. The facade publishes a snapshot then.

use std::sync::{Arc, OnceLock};

type Listener = Box<dyn Fn() + Send + Sync>;

/// Tells the facade. Cheap to clone. Silent until the facade listens.
#[derive(Clone, Default)]
pub struct Changed(Arc<OnceLock<Listener>>);

impl Changed {
    /// Calls `listener` at each change from now on. Only the first one counts.
    pub fn listen(&self, listener: impl Fn() + Send + Sync + 'static) {
        drop(self.0.set(Box::new(listener)));
    }

    /// Something changed. Nobody calls this with a lock held that the snapshot needs.
    pub fn tell(&self) {
        if let Some(listener) = self.0.get() {
            listener();
        }
    }
}
