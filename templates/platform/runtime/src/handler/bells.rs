//! Who has to be woken after a commit.

use crate::Runtime;
use platform_ports::engine::{DocumentWrite, Documents, WriteSet};

/// What has to be rung after a commit.
pub(super) struct Bells {
    commands: bool,
    jobs: bool,
}

impl Bells {
    /// Those for whom a write set brings work.
    pub fn of(write: &WriteSet) -> Self {
        let puts = |wanted: Documents| {
            write.documents.iter().any(|write| {
                matches!(write, DocumentWrite::Put { collection, .. } if *collection == wanted)
            })
        };
        Self {
            commands: puts(Documents::Commands),
            jobs: puts(Documents::Jobs),
        }
    }

    /// Wakes them.
    pub fn ring(self, runtime: &Runtime) {
        if self.commands {
            runtime.commands_wake_up.notify_one();
        }
        if self.jobs {
            runtime.jobs_wake_up.notify_one();
        }
    }
}
