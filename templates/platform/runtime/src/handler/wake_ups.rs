//! Who has to be woken after a commit.

use crate::Runtime;
use crate::erasure::Erasure;
use platform_ports::engine::{DocumentWrite, Documents, WriteSet};

/// Whom a write set brings work.
pub(super) struct WakeUps {
    commands: bool,
    jobs: bool,
    erasures: bool,
}

impl WakeUps {
    /// Those of a write set.
    pub fn of(write: &WriteSet) -> Self {
        let puts = |wanted: Documents| {
            write.documents.iter().any(|write| {
                matches!(write, DocumentWrite::Put { collection, .. } if *collection == wanted)
            })
        };
        Self {
            commands: puts(Documents::Commands),
            jobs: puts(Documents::Jobs),
            erasures: Erasure::is_recorded_by(write),
        }
    }

    /// Sends them, once it is committed.
    pub fn send(self, runtime: &Runtime) {
        if self.commands {
            runtime.commands_wake_up.notify_one();
        }
        if self.jobs {
            runtime.jobs_wake_up.notify_one();
        }
        if self.erasures {
            runtime.erasures_wake_up.notify_one();
        }
    }
}
