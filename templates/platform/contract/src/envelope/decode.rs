//! From an envelope to the latest version of an event: one function for consumers, dead letters and
//! replays alike.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Envelope;
use crate::schema::personal::unfit;
use crate::{AggregateType, Event, Recorded, UpcastError};

/// Why a message could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is no message of ours at all.
    #[error("not an envelope: {0}")]
    NotAnEnvelope(String),
    /// It is of another type than the one asked for.
    #[error("unknown type `{0}`")]
    UnknownType(String),
    /// It is of a version published after this program was built: a newer program reads it.
    #[error("`{kind}` in version {version} is newer than {latest}, the latest known here")]
    NewerVersion {
        /// The type.
        kind: String,
        /// The message's version.
        version: u32,
        /// The latest version known.
        latest: u32,
    },
    /// It is not what its type says.
    #[error("`{kind}` is malformed: {why}")]
    Malformed {
        /// The type.
        kind: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The event in an envelope, brought to its latest version. Members it does not know are passed over.
///
/// # Errors
/// Every variant of [`DecodeError`] but `NotAnEnvelope`.
pub fn decode<E: Event>(envelope: &Envelope) -> Result<Recorded<E>, DecodeError> {
    if envelope.kind != E::TYPE {
        return Err(DecodeError::UnknownType(envelope.kind.clone()));
    }
    if envelope.version > E::VERSION {
        return Err(DecodeError::NewerVersion {
            kind: envelope.kind.clone(),
            version: envelope.version,
            latest: E::VERSION,
        });
    }
    let mut data = envelope.data.clone();
    let status = status_of::<E::Of>(&mut data).map_err(|error| malformed(envelope, &error))?;
    let latest = latest::<E>(envelope.version, data).map_err(|error| match error {
        UpcastError::Malformed(error) => malformed(envelope, &unfit(E::FIELDS, &error)),
        error @ UpcastError::UnknownVersion(_) => malformed(envelope, &error),
    })?;
    let data = serde_json::from_value(latest)
        .map_err(|error| malformed(envelope, &unfit(E::FIELDS, &error)))?;
    Ok(Recorded {
        id: envelope.id,
        of: envelope.subject.into(),
        sequence: envelope.sequence,
        status,
        time: envelope.time,
        data,
    })
}

/// Takes the aggregate's status out of the data of a message. Where the aggregate has no states
/// (its status reads `null`), a member called `status` is the event's own and stays.
///
/// # Errors
/// When the aggregate has states, and the data has none of them.
pub fn status_of<A: AggregateType>(data: &mut Value) -> Result<A::Status, serde_json::Error> {
    if let Ok(none) = read::<A::Status>(Value::Null) {
        return Ok(none);
    }
    let status = data.as_object_mut().and_then(|data| data.remove("status"));
    read(status.unwrap_or(Value::Null))
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(value)
}

/// The data of an event in its latest version.
///
/// # Errors
/// [`UpcastError::UnknownVersion`] when the version is newer than the latest known here, or was never
/// published; `Malformed` when the data is not of its version.
pub fn latest<E: Event>(version: u32, data: Value) -> Result<Value, UpcastError> {
    if version > E::VERSION {
        return Err(UpcastError::UnknownVersion(version));
    }
    (version..E::VERSION).try_fold(data, |data, version| E::upcast(version, data))
}

fn malformed(envelope: &Envelope, why: &dyn std::fmt::Display) -> DecodeError {
    DecodeError::Malformed {
        kind: envelope.versioned_kind(),
        why: why.to_string(),
    }
}
