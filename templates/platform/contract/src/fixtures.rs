//! Events as they were published once: every later version of the system has to read them.

use serde_json::Value;
use uuid::Uuid;

use crate::envelope::{Change, Envelope, decode};
use crate::value::Timestamp;
use crate::{AggregateType, Event, Recorded};

/// Reads the data of an event as one of its versions was published, by the function that reads
/// every message. The latest version has to be written again as it was read, too.
///
/// # Panics
/// When it cannot be read, or is written otherwise: then what is stored and under way is lost to
/// those who listen.
pub fn published<E: Event>(version: u32, text: &str) -> E {
    let data: Value = match serde_json::from_str(text) {
        Ok(data) => data,
        Err(error) => panic!("the fixture of {} is not JSON: {error}", E::TYPE),
    };
    let recorded = match decode::<E>(&envelope::<E>(version, data.clone())) {
        Ok(recorded) => recorded,
        Err(error) => panic!("version {version} can no longer be read: {error}"),
    };
    if version == E::VERSION {
        assert_eq!(written(&recorded), Some(data), "it is written otherwise");
    }
    recorded.data
}

/// The id of whatever has one in an envelope around a fixture.
const ID: Uuid = Uuid::from_u128(0x7000_8000_0000_0000_0001);

fn envelope<E: Event>(version: u32, data: Value) -> Envelope {
    Envelope {
        id: ID,
        kind: E::TYPE.to_owned(),
        version,
        source: "/fixtures".to_owned(),
        subject: ID,
        sequence: 1,
        change: Change::Saved,
        last_event: None,
        time: Timestamp::constant(0),
        correlation: ID.into(),
        causation: ID,
        traceparent: None,
        data,
    }
}

/// The data as the unit of work publishes it: the status of the aggregate is in it.
fn written<E: Event>(recorded: &Recorded<E>) -> Option<Value> {
    let mut data = serde_json::to_value(&recorded.data).ok()?;
    let status: &<E::Of as AggregateType>::Status = &recorded.status;
    let status = serde_json::to_value(status).ok()?;
    if !status.is_null() {
        data.as_object_mut()?.insert("status".to_owned(), status);
    }
    Some(data)
}
