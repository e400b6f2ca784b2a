//! Events with their types taken off, for those who have any of an aggregate.

use serde_json::Value;

use crate::envelope::latest;
use crate::schema::Column;
use crate::{Event, UpcastError};

/// The type of an event.
#[derive(Debug, Clone, Copy)]
pub struct EventType {
    /// [`Event::TYPE`].
    pub kind: &'static str,
    /// [`Event::VERSION`].
    pub version: u32,
    /// [`Event::FIELDS`].
    pub fields: &'static [Column],
    /// Brings its data to this version, see [`latest`].
    pub latest: fn(u32, Value) -> Result<Value, UpcastError>,
}

impl EventType {
    /// The one of an event.
    pub const fn of<E: Event>() -> Self {
        Self {
            kind: E::TYPE,
            version: E::VERSION,
            fields: E::FIELDS,
            latest: latest::<E>,
        }
    }
}
