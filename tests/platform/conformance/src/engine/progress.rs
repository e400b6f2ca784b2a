//! Gates and offsets.

use super::fixture::{at, id};
use super::{commit, conflict};
use platform_ports::engine::{AppliedSequence, Engine, OffsetAdvance, SequenceAdvance, WriteSet};

fn applied(number: u64, from: Option<u64>, to: u64) -> WriteSet {
    let advance = SequenceAdvance {
        handler: "h".to_owned(),
        generation: 1,
        aggregate: id(number),
        from,
        to: AppliedSequence {
            sequence: to,
            event: (to > 1).then(|| id(to)),
        },
    };
    WriteSet {
        applied_sequences: vec![advance],
        ..WriteSet::default()
    }
}

/// An applied sequence advances from the sequence it has, and from no other.
pub async fn gates_are_conditional(engine: &dyn Engine) {
    conflict(engine, applied(1, Some(0), 1)).await;
    commit(engine, applied(1, None, 1)).await;
    conflict(engine, applied(1, None, 1)).await;
    conflict(engine, applied(1, Some(2), 3)).await;
    commit(engine, applied(1, Some(1), 5)).await;
    commit(engine, applied(3, None, 2)).await;
    let applied_sequences = async |handler, generation| {
        let mut applied_sequences = engine
            .applied_sequences(handler, generation, &[id(1), id(2), id(3)])
            .await
            .expect("the engine is to answer");
        applied_sequences.sort_by_key(|(aggregate, _)| *aggregate);
        applied_sequences
    };
    let expected = [
        (
            id(1),
            AppliedSequence {
                sequence: 5,
                event: Some(id(5)),
            },
        ),
        (
            id(3),
            AppliedSequence {
                sequence: 2,
                event: Some(id(2)),
            },
        ),
    ];
    assert_eq!(applied_sequences("h", 1).await, expected);
    assert_eq!(applied_sequences("h", 2).await, []);
    assert_eq!(applied_sequences("other", 1).await, []);
    engine
        .drop_generation(None, "h", 1)
        .await
        .expect("it is to be dropped");
    assert_eq!(applied_sequences("h", 1).await, []);
}

/// Of a write set with one applied sequence that is elsewhere, nothing is written.
pub async fn a_write_set_is_one(engine: &dyn Engine) {
    commit(engine, applied(1, None, 1)).await;
    let mut write = applied(2, None, 1);
    write
        .applied_sequences
        .extend(applied(1, None, 1).applied_sequences);
    write.offsets.push(offset("a", 1, None));
    conflict(engine, write).await;
    assert_eq!(
        engine
            .applied_sequences("h", 1, &[id(2)])
            .await
            .expect("the engine is to answer"),
        []
    );
    assert_eq!(
        engine
            .offsets("h", 1)
            .await
            .expect("the engine is to answer"),
        []
    );
}

fn offset(topic_id: &str, next: i64, as_of: Option<i64>) -> OffsetAdvance {
    OffsetAdvance {
        handler: "h".to_owned(),
        generation: 1,
        topic: "t".to_owned(),
        partition: 3,
        topic_id: topic_id.to_owned(),
        next,
        as_of: as_of.map(at),
    }
}

/// An offset moves forward only, unless the topic is another.
pub async fn offsets_move_forward(engine: &dyn Engine) {
    let steps = [
        (offset("a", 5, None), offset("a", 5, None)),
        (offset("a", 3, Some(9)), offset("a", 5, Some(9))),
        (offset("a", 7, Some(8)), offset("a", 7, Some(9))),
        (offset("a", 8, None), offset("a", 8, Some(9))),
        (offset("b", 1, None), offset("b", 1, None)),
        (offset("b", 2, Some(1)), offset("b", 2, Some(1))),
    ];
    for (given, kept) in steps {
        commit(
            engine,
            WriteSet {
                offsets: vec![given],
                ..WriteSet::default()
            },
        )
        .await;
        let offsets = engine
            .offsets("h", 1)
            .await
            .expect("the engine is to answer");
        assert_eq!(offsets, [kept]);
    }
    assert_eq!(
        engine
            .offsets("h", 2)
            .await
            .expect("the engine is to answer"),
        []
    );
    engine
        .drop_generation(None, "h", 1)
        .await
        .expect("it is to be dropped");
    assert_eq!(
        engine
            .offsets("h", 1)
            .await
            .expect("the engine is to answer"),
        []
    );
}
