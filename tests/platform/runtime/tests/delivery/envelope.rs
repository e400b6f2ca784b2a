//! Envelopes and control messages on the wire and back.

use platform_contract::envelope::{Change, Control, DecodeError, Envelope, decode};
use platform_contract::value::Timestamp;
use platform_contract::{AggregateType, Event, Id, NoStatus, UpcastError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct LoanId(Uuid);

impl From<Uuid> for LoanId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl From<LoanId> for Uuid {
    fn from(id: LoanId) -> Self {
        id.0
    }
}

impl Id for LoanId {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LoanStatus {
    Requested,
    Approved,
}

#[derive(Debug)]
struct Loan;

impl AggregateType for Loan {
    const CONTEXT: &'static str = "loan";
    const NAME: &'static str = "loan";
    const TOPIC: &'static str = "fintech.loan.loan";
    type Id = LoanId;
    type Status = LoanStatus;
}

#[derive(Debug)]
struct Note;

impl AggregateType for Note {
    const CONTEXT: &'static str = "loan";
    const NAME: &'static str = "note";
    const TOPIC: &'static str = "fintech.loan.note";
    type Id = LoanId;
    type Status = NoStatus;
}

/// In version 1 `amount` was called `sum`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct LoanApproved {
    amount: i64,
}

impl Event for LoanApproved {
    const TYPE: &'static str = "fintech.loan.LoanApproved";
    const VERSION: u32 = 2;
    type Of = Loan;

    fn upcast(version: u32, mut data: Value) -> Result<Value, UpcastError> {
        match version {
            1 => {
                data["amount"] = data["sum"].take();
                Ok(data)
            }
            other => Err(UpcastError::UnknownVersion(other)),
        }
    }
}

/// Its aggregate has no states, so `status` is a member of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct NoteWritten {
    status: String,
}

impl Event for NoteWritten {
    const TYPE: &'static str = "fintech.loan.NoteWritten";
    const VERSION: u32 = 1;
    type Of = Note;
}

fn envelope(kind: &str, version: u32, data: Value) -> Envelope {
    Envelope {
        id: Uuid::now_v7(),
        kind: kind.to_owned(),
        version,
        source: "/fintech/loan".to_owned(),
        subject: Uuid::now_v7(),
        sequence: 7,
        change: Change::Saved,
        last_event: None,
        time: Timestamp::now(),
        correlation: Uuid::now_v7().into(),
        causation: Uuid::now_v7(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        data,
    }
}

#[test]
fn an_envelope_comes_back_as_it_was() {
    let event = envelope(LoanApproved::TYPE, 2, json!({"amount": 5}));
    let wire = event.to_wire();
    assert_eq!(
        wire.headers.get("ce_type"),
        Some("fintech.loan.LoanApproved.v2")
    );
    assert_eq!(
        wire.headers.get("ce_sequence"),
        Some("00000000000000000007")
    );
    assert_eq!(wire.headers.get("content-type"), Some("application/json"));
    assert_eq!(wire.payload, br#"{"amount":5}"#);
    assert_eq!(Envelope::from_wire(&wire).unwrap(), event);

    let snapshot = Envelope {
        change: Change::Snapshot,
        last_event: Some(Uuid::now_v7()),
        traceparent: None,
        ..event
    };
    assert_eq!(Envelope::from_wire(&snapshot.to_wire()).unwrap(), snapshot);
}

#[test]
fn unknown_headers_are_passed_over_and_missing_ones_are_not() {
    let event = envelope(LoanApproved::TYPE, 2, json!({}));
    let mut wire = event.to_wire();
    wire.headers.push("ce_other", "x");
    assert_eq!(Envelope::from_wire(&wire).unwrap(), event);
    for name in [
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_sequence",
        "ce_change",
    ] {
        let mut wire = event.to_wire();
        let others = wire.headers.iter().filter(|(its, _)| *its != name);
        wire.headers = others.collect();
        let error = Envelope::from_wire(&wire).unwrap_err();
        assert!(matches!(error, DecodeError::NotAnEnvelope(_)), "{name}");
        wire.headers.push(name, "nonsense");
        let error = Envelope::from_wire(&wire).unwrap_err();
        assert!(matches!(error, DecodeError::NotAnEnvelope(_)), "{name}");
    }
    let mut wire = event.to_wire();
    wire.payload = b"{".to_vec();
    let error = Envelope::from_wire(&wire).unwrap_err();
    assert!(matches!(error, DecodeError::NotAnEnvelope(_)));
}

#[test]
fn older_versions_are_brought_to_the_latest() {
    let data = json!({"sum": 5, "status": "approved", "unknown": true});
    let event = envelope(LoanApproved::TYPE, 1, data);
    let recorded = decode::<LoanApproved>(&event).unwrap();
    assert_eq!(recorded.data, LoanApproved { amount: 5 });
    assert_eq!(recorded.status, LoanStatus::Approved);
    assert_eq!(recorded.sequence, 7);
    assert_eq!(recorded.of, LoanId(event.subject));
}

#[test]
fn what_cannot_be_decoded_says_why() {
    let decoded = |kind, version, data| decode::<LoanApproved>(&envelope(kind, version, data));
    let good = json!({"amount": 5, "status": "approved"});
    let other = decoded("fintech.loan.Other", 1, good.clone());
    assert!(matches!(other, Err(DecodeError::UnknownType(_))));
    let newer = decoded(LoanApproved::TYPE, 3, good.clone());
    assert!(matches!(
        newer,
        Err(DecodeError::NewerVersion { latest: 2, .. })
    ));
    let never_published = decoded(LoanApproved::TYPE, 0, good);
    assert!(matches!(
        never_published,
        Err(DecodeError::Malformed { .. })
    ));
    let no_status = decoded(LoanApproved::TYPE, 2, json!({"amount": 5}));
    assert!(matches!(no_status, Err(DecodeError::Malformed { .. })));
    let no_amount = decoded(LoanApproved::TYPE, 2, json!({"status": "approved"}));
    assert!(matches!(no_amount, Err(DecodeError::Malformed { .. })));
    let no_object = decoded(LoanApproved::TYPE, 1, json!([1]));
    assert!(matches!(no_object, Err(DecodeError::Malformed { .. })));
}

#[test]
fn without_states_a_member_may_be_called_status() {
    let event = envelope(NoteWritten::TYPE, 1, json!({"status": "draft"}));
    let recorded = decode::<NoteWritten>(&event).unwrap();
    assert_eq!(recorded.data.status, "draft");
    assert_eq!(recorded.status, NoStatus);
}

#[test]
fn the_snapshot_of_a_deleted_aggregate_is_no_deletion() {
    let mut deletion = envelope("fintech.loan.LoanWithdrawn", 1, json!({}));
    deletion.change = Change::Deleted;
    assert!(!deletion.is_snapshot());
    assert_eq!(deletion.event(), Some(deletion.id));
    let mut snapshot = envelope("fintech.loan.LoanSnapshot", 1, json!({}));
    snapshot.change = Change::Deleted;
    assert!(snapshot.is_snapshot());
    assert_eq!(snapshot.event(), None);
}

#[test]
fn control_messages_come_back_as_they_were() {
    let request = Uuid::now_v7();
    let aggregate_type = "loan".to_owned();
    let all = [
        Control::Heartbeat {
            as_of: Timestamp::now(),
        },
        Control::SnapshotComplete {
            request,
            aggregate_type: aggregate_type.clone(),
        },
        Control::ReplayComplete { request },
        Control::SnapshotRequest {
            request,
            aggregate_type: aggregate_type.clone(),
            aggregate: None,
        },
        Control::ResendRequest {
            request,
            aggregate_type: aggregate_type.clone(),
            aggregate: Uuid::now_v7(),
            from: 3,
        },
        Control::ReplayRequest {
            request,
            aggregate_type,
        },
    ];
    for control in all {
        let wire = control.to_wire(Uuid::now_v7(), "/fintech/loan", Timestamp::now());
        assert!(Control::is(&wire));
        assert_eq!(Control::from_wire(&wire).unwrap(), control);
    }
}

#[test]
fn control_messages_of_tomorrow_are_told_apart() {
    let heartbeat = Control::Heartbeat {
        as_of: Timestamp::now(),
    };
    let wire_of = |kind: &str| {
        let mut wire = heartbeat.to_wire(Uuid::now_v7(), "/fintech/loan", Timestamp::now());
        wire.headers.push("ce_type", kind);
        wire
    };
    let known = wire_of("microdb.heartbeat.v1");
    assert_eq!(Control::from_wire(&known).unwrap(), heartbeat);
    let unknown = Control::from_wire(&wire_of("microdb.yodel.v1"));
    assert!(matches!(unknown, Err(DecodeError::UnknownType(_))));
    let newer = Control::from_wire(&wire_of("microdb.heartbeat.v2"));
    assert!(matches!(newer, Err(DecodeError::NewerVersion { .. })));
    let malformed = Control::from_wire(&wire_of("microdb.replay-complete.v1"));
    assert!(matches!(malformed, Err(DecodeError::Malformed { .. })));
    assert!(!Control::is(&wire_of("fintech.loan.LoanApproved.v1")));
}
