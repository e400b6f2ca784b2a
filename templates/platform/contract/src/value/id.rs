//! Ids that know what they are the id of.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::Id;

/// What is said of a text that is no UUID.
pub const NO_UUID: &str = "must be a UUID, such as \"01890a5d-ac96-774b-bcce-b302099a8057\"";

/// The UUID of a text from outside, wherever it stands: in five groups of digits with hyphens
/// (RFC 9562, section 4), in either case, and in no other form.
pub fn uuid(text: &str) -> Option<Uuid> {
    let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
    hyphenated.then(|| Uuid::try_parse(text).ok()).flatten()
}

/// A UUID that is the id of a `T`; a plain UUID in JSON. `T` is only a name.
pub struct TypedId<T>(Uuid, PhantomData<fn() -> T>);

impl<T> TypedId<T> {
    /// A new id, later than those made before (UUIDv7, RFC 9562).
    pub fn generate() -> Self {
        Self::from(Uuid::now_v7())
    }

    /// The plain UUID.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl<T: 'static> Id for TypedId<T> {}

impl<T> From<Uuid> for TypedId<T> {
    fn from(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }
}

impl<T> From<TypedId<T>> for Uuid {
    fn from(id: TypedId<T>) -> Self {
        id.0
    }
}

impl<T> Clone for TypedId<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for TypedId<T> {}

impl<T> PartialEq for TypedId<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for TypedId<T> {}

impl<T> PartialOrd for TypedId<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for TypedId<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Hash for TypedId<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> fmt::Debug for TypedId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<T> fmt::Display for TypedId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<T> Serialize for TypedId<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for TypedId<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::from)
    }
}
