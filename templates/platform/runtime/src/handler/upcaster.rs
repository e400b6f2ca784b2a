//! Events that are read by their members alone, in their latest version all the same.

use serde_json::Value;

use platform_contract::envelope::latest;
use platform_contract::{Event, UpcastError};

/// Brings the data of one event type to its latest version.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    kind: &'static str,
    latest: fn(u32, Value) -> Result<Value, UpcastError>,
}

impl Upcaster {
    /// The one of an event.
    pub const fn of<E: Event>() -> Self {
        Self {
            kind: E::TYPE,
            latest: latest::<E>,
        }
    }
}

/// The data of an event or a snapshot in its latest version; of a type that none of them is for, as
/// it is.
///
/// # Errors
/// As [`latest`].
pub(super) fn upcast(
    upcasters: &[Upcaster],
    (kind, version): (&str, u32),
    data: Value,
) -> Result<Value, UpcastError> {
    match upcasters.iter().find(|upcaster| upcaster.kind == kind) {
        Some(upcaster) => (upcaster.latest)(version, data),
        None => Ok(data),
    }
}
