//! How many connections the file descriptors of the process allow.

use rustix::process::{Resource, getrlimit};

/// How many are left for files, databases and the broker; half, where there are few.
const RESERVED: u64 = 128;

/// So many connections, or fewer.
pub(super) fn at_most(wanted: usize) -> usize {
    let Some(descriptors) = getrlimit(Resource::Nofile).current else {
        return wanted;
    };
    let room = descriptors - RESERVED.min(descriptors / 2);
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if room < wanted {
        tracing::info!(
            descriptors,
            connections = room,
            "the process may open too few files for `CONNECTION_LIMIT`"
        );
    }
    wanted.min(room)
}
