//! Messages without the personal data in them.

use serde_json::{Map, Value};

use super::{Envelope, status_of};
use crate::AggregateType;
use crate::schema::Column;
use crate::schema::personal;

/// Whether messages about an aggregate have personal data.
pub fn is_personal<A: AggregateType>() -> bool {
    let mut events = A::EVENTS.iter();
    personal::any(A::PUBLISHED) || events.any(|event| personal::any(event.fields))
}

/// A message about an aggregate with empty values in the place of personal data: it reads as before, in
/// the latest version of its type. Of a type that is unknown here nothing but the status is left.
/// `None`: of a version that is newer than any known here, so nobody here can tell what is in it.
pub fn emptied<A: AggregateType>(envelope: &Envelope) -> Option<Envelope> {
    let mut data = envelope.data.clone();
    let status = taken_status::<A>(&mut data);
    let mut version = envelope.version;
    let mut fields: &[Column] = &[];
    if envelope.is_snapshot() {
        fields = A::PUBLISHED;
    } else if let Some(event) = A::EVENTS.iter().find(|event| event.kind == envelope.kind) {
        if version > event.version {
            return None;
        }
        (version, fields) = (event.version, event.fields);
        // What cannot be read is not kept either.
        data = (event.latest)(envelope.version, data).unwrap_or_default();
    }
    let mut members = match data {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    personal::emptied(fields, &mut members);
    members.extend(status.map(|status| ("status".to_owned(), status)));
    Some(Envelope {
        version,
        data: Value::Object(members),
        ..envelope.clone()
    })
}

/// The status of an aggregate that has states, taken out of the data of a message.
fn taken_status<A: AggregateType>(data: &mut Value) -> Option<Value> {
    let status = status_of::<A>(data).ok()?;
    let status = serde_json::to_value(status).ok()?;
    (!status.is_null()).then_some(status)
}
