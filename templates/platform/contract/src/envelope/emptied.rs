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

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::{emptied, is_personal};
    use crate::envelope::{Change, Envelope};
    use crate::schema::{Column, Kind};
    use crate::value::{Timestamp, TypedId};
    use crate::{AggregateType, Event, EventType, UpcastError};

    const NAME: Column = Column::new("name", Kind::Text).pii();

    #[derive(Debug)]
    struct Person;

    impl AggregateType for Person {
        const CONTEXT: &'static str = "people";
        const NAME: &'static str = "person";
        const TOPIC: &'static str = "example.people.person";
        const EVENTS: &'static [EventType] = &[EventType::of::<Named>()];
        const PUBLISHED: &'static [Column] = &[NAME];
        type Id = TypedId<Self>;
        type Status = String;
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Named {
        name: String,
    }

    impl Event for Named {
        const TYPE: &'static str = "example.people.Named";
        const VERSION: u32 = 2;
        const FIELDS: &'static [Column] = &[NAME];
        type Of = Person;

        fn upcast(_: u32, mut data: Value) -> Result<Value, UpcastError> {
            data["name"] = data["called"].take();
            Ok(data)
        }
    }

    fn message(kind: &str, version: u32, change: Change, data: Value) -> Envelope {
        Envelope {
            id: Uuid::nil(),
            kind: kind.to_owned(),
            version,
            source: "/example/people".to_owned(),
            subject: Uuid::nil(),
            sequence: 1,
            change,
            last_event: None,
            time: Timestamp::constant(0),
            correlation: Uuid::nil().into(),
            causation: Uuid::nil(),
            traceparent: None,
            data,
        }
    }

    #[test]
    fn every_message_reads_as_before() {
        let all = [
            (
                Named::TYPE,
                2,
                Change::Saved,
                json!({ "name": "Ada", "status": "new" }),
            ),
            (
                Named::TYPE,
                1,
                Change::Saved,
                json!({ "called": "Ada", "status": "new" }),
            ),
            (
                "example.people.PersonSnapshot",
                1,
                Change::Snapshot,
                json!({ "name": "Ada", "status": "new" }),
            ),
        ];
        for (kind, version, change, data) in all {
            let emptied = emptied::<Person>(&message(kind, version, change, data)).unwrap();
            assert_eq!(
                emptied.data,
                json!({ "name": "", "status": "new" }),
                "{kind}"
            );
            assert_eq!(emptied.version, if kind == Named::TYPE { 2 } else { 1 });
            assert_eq!(super::emptied::<Person>(&emptied), Some(emptied));
        }
        assert!(is_personal::<Person>());
    }

    #[test]
    fn nothing_is_left_of_what_is_unknown() {
        let data = json!({ "nickname": "Ada", "status": "new" });
        let unknown = message("example.people.Renamed", 1, Change::Saved, data.clone());
        let unknown = emptied::<Person>(&unknown).unwrap();
        assert_eq!(unknown.data, json!({ "status": "new" }));
        let newer = message(Named::TYPE, 3, Change::Saved, data);
        assert_eq!(emptied::<Person>(&newer), None);
    }
}
