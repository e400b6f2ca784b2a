//! The applied sequence: what a message means to a handler that has come as far as it has with an aggregate.
//!
//! Every handler has a row per aggregate, the sequence and the id of the last event that took
//! effect. It moves from `n - 1` to `n` only, in the transaction of the effect, and never expires;
//! so whatever the wire does (twice, late, out of order, years later), each event takes effect once
//! and in order.
//!
//! Where a handler starts: a projection begins with a snapshot, so every aggregate has an applied sequence
//! before its later events count. A policy or an effect of a service whose database was new begins at
//! the start of the topic, and with the first event of every aggregate. One that is added later begins
//! at the end of the topic as it was recorded then. There, the first event that it sees of an aggregate
//! is its baseline: it takes effect, and the ones before it are none of the handler's business. On a
//! topic that was empty at that time, every aggregate begins with its first event.

use uuid::Uuid;

use platform_contract::envelope::Envelope;
use platform_ports::engine::AppliedSequence;

/// The position of a message in the history of its aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPosition {
    /// The event's sequence; a snapshot has its aggregate's version.
    pub sequence: u64,
    /// The id of the event with that sequence, when it is known.
    pub event: Option<Uuid>,
    /// Whether it tells the state of the aggregate instead of an event.
    pub snapshot: bool,
}

impl From<&Envelope> for EventPosition {
    fn from(envelope: &Envelope) -> Self {
        Self {
            sequence: envelope.sequence,
            event: envelope.event(),
            snapshot: envelope.is_snapshot(),
        }
    }
}

impl EventPosition {
    /// The applied sequence after the message took effect.
    pub fn applied(self) -> AppliedSequence {
        AppliedSequence {
            sequence: self.sequence,
            event: self.event,
        }
    }
}

/// What a message means to a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It takes effect, and the applied sequence moves to it.
    Next,
    /// It is the first one seen by a handler that started later than the aggregate: it takes
    /// effect, and the applied sequence begins with it.
    Baseline,
    /// It had its effect already, or a snapshot says nothing new.
    Duplicate,
    /// Events before it are missing; the first one's sequence.
    Gap(u64),
    /// Another event had this sequence: the source lost commits and went on without them.
    Fork,
    /// A snapshot that says more than the handler knows: it replaces what is there.
    Snapshot,
}

/// What the message at `position` means to a handler with this applied sequence. `mid_topic`: the handler began
/// where earlier messages of the topic had gone by, and is no projection.
pub fn decide(
    applied: Option<AppliedSequence>,
    mid_topic: bool,
    position: EventPosition,
) -> Verdict {
    if position.snapshot {
        return snapshot(applied, position);
    }
    let Some(applied) = applied else {
        return match (position.sequence, mid_topic) {
            (0 | 1, _) => Verdict::Next,
            (_, true) => Verdict::Baseline,
            (_, false) => Verdict::Gap(1),
        };
    };
    match position.sequence.checked_sub(applied.sequence) {
        None => Verdict::Duplicate,
        Some(0) if differ(applied.event, position.event) => Verdict::Fork,
        Some(0) => Verdict::Duplicate,
        Some(1) => Verdict::Next,
        Some(_) => Verdict::Gap(applied.sequence + 1),
    }
}

/// A snapshot of the same sequence still says something when it is not known to be of the same
/// event: after a fork, or after a message was discarded.
fn snapshot(applied: Option<AppliedSequence>, position: EventPosition) -> Verdict {
    match applied {
        Some(applied) if position.sequence < applied.sequence => Verdict::Duplicate,
        Some(applied)
            if position.sequence == applied.sequence
                && applied.event.is_some()
                && !differ(applied.event, position.event) =>
        {
            Verdict::Duplicate
        }
        _ => Verdict::Snapshot,
    }
}

/// Whether two ids are both known and not the same.
fn differ(one: Option<Uuid>, other: Option<Uuid>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}

#[cfg(test)]
mod tests {
    use super::{EventPosition, Verdict, decide};
    use platform_ports::engine::AppliedSequence;
    use uuid::Uuid;

    const A: Option<Uuid> = Some(Uuid::from_u128(1));
    const B: Option<Uuid> = Some(Uuid::from_u128(2));

    fn applied(sequence: u64, event: Option<Uuid>) -> Option<AppliedSequence> {
        Some(AppliedSequence { sequence, event })
    }

    fn event(sequence: u64, event: Option<Uuid>) -> EventPosition {
        EventPosition {
            sequence,
            event,
            snapshot: false,
        }
    }

    fn snapshot(sequence: u64, event: Option<Uuid>) -> EventPosition {
        EventPosition {
            sequence,
            event,
            snapshot: true,
        }
    }

    #[test]
    fn a_history_begins_with_its_first_event() {
        for mid_topic in [false, true] {
            assert_eq!(decide(None, mid_topic, event(1, A)), Verdict::Next);
        }
        assert_eq!(decide(None, false, event(2, A)), Verdict::Gap(1));
        assert_eq!(decide(None, false, event(9, A)), Verdict::Gap(1));
    }

    #[test]
    fn a_late_handler_begins_with_the_first_event_it_sees() {
        assert_eq!(decide(None, true, event(2, A)), Verdict::Baseline);
        assert_eq!(decide(None, true, event(9, A)), Verdict::Baseline);
        assert_eq!(decide(applied(9, A), true, event(10, B)), Verdict::Next);
        assert_eq!(decide(applied(9, A), true, event(11, B)), Verdict::Gap(10));
        assert_eq!(decide(applied(9, A), true, event(8, B)), Verdict::Duplicate);
    }

    #[test]
    fn only_the_next_event_takes_effect() {
        for known in [A, None] {
            let applied = applied(5, known);
            assert_eq!(decide(applied, false, event(4, B)), Verdict::Duplicate);
            assert_eq!(decide(applied, false, event(1, B)), Verdict::Duplicate);
            assert_eq!(decide(applied, false, event(5, A)), Verdict::Duplicate);
            assert_eq!(decide(applied, false, event(6, B)), Verdict::Next);
            assert_eq!(decide(applied, false, event(7, B)), Verdict::Gap(6));
            assert_eq!(decide(applied, false, event(u64::MAX, B)), Verdict::Gap(6));
        }
    }

    #[test]
    fn the_same_sequence_with_another_event_is_a_fork() {
        assert_eq!(decide(applied(5, A), false, event(5, B)), Verdict::Fork);
        assert_eq!(decide(applied(5, A), true, event(5, B)), Verdict::Fork);
        assert_eq!(
            decide(applied(5, None), false, event(5, B)),
            Verdict::Duplicate
        );
    }

    #[test]
    fn a_snapshot_replaces_what_is_older_or_of_unknown_history() {
        for mid_topic in [false, true] {
            assert_eq!(decide(None, mid_topic, snapshot(7, A)), Verdict::Snapshot);
            let with = |applied, position| decide(applied, mid_topic, position);
            assert_eq!(with(applied(6, A), snapshot(7, B)), Verdict::Snapshot);
            assert_eq!(with(applied(6, A), snapshot(7, None)), Verdict::Snapshot);
            assert_eq!(with(applied(7, A), snapshot(7, A)), Verdict::Duplicate);
            assert_eq!(with(applied(7, A), snapshot(7, None)), Verdict::Duplicate);
            assert_eq!(with(applied(7, A), snapshot(7, B)), Verdict::Snapshot);
            assert_eq!(with(applied(7, None), snapshot(7, A)), Verdict::Snapshot);
            assert_eq!(with(applied(7, None), snapshot(7, None)), Verdict::Snapshot);
            assert_eq!(with(applied(8, A), snapshot(7, A)), Verdict::Duplicate);
            assert_eq!(with(applied(8, None), snapshot(7, B)), Verdict::Duplicate);
        }
    }
}
