//! Gates and offsets.

use super::fixture::{at, id};
use super::{commit, conflict};
use platform_ports::engine::{Engine, Gate, GateAdvance, OffsetAdvance, WriteSet};

fn gate(number: u64, from: Option<u64>, to: u64) -> WriteSet {
    let advance = GateAdvance {
        handler: "h".to_owned(),
        generation: 1,
        aggregate: id(number),
        from,
        to: Gate {
            sequence: to,
            event: (to > 1).then(|| id(to)),
        },
    };
    WriteSet {
        gates: vec![advance],
        ..WriteSet::default()
    }
}

/// A gate advances from the sequence it has, and from no other.
pub async fn gates_are_conditional(engine: &dyn Engine) {
    conflict(engine, gate(1, Some(0), 1)).await;
    commit(engine, gate(1, None, 1)).await;
    conflict(engine, gate(1, None, 1)).await;
    conflict(engine, gate(1, Some(2), 3)).await;
    commit(engine, gate(1, Some(1), 5)).await;
    commit(engine, gate(3, None, 2)).await;
    let gates = async |handler, generation| {
        let mut gates = engine
            .gates(handler, generation, &[id(1), id(2), id(3)])
            .await
            .expect("the engine is to answer");
        gates.sort_by_key(|(aggregate, _)| *aggregate);
        gates
    };
    let expected = [
        (
            id(1),
            Gate {
                sequence: 5,
                event: Some(id(5)),
            },
        ),
        (
            id(3),
            Gate {
                sequence: 2,
                event: Some(id(2)),
            },
        ),
    ];
    assert_eq!(gates("h", 1).await, expected);
    assert_eq!(gates("h", 2).await, []);
    assert_eq!(gates("other", 1).await, []);
    engine
        .drop_generation(None, "h", 1)
        .await
        .expect("it is to be dropped");
    assert_eq!(gates("h", 1).await, []);
}

/// Of a write set with one gate that is elsewhere, nothing is written.
pub async fn a_write_set_is_one(engine: &dyn Engine) {
    commit(engine, gate(1, None, 1)).await;
    let mut write = gate(2, None, 1);
    write.gates.extend(gate(1, None, 1).gates);
    write.offsets.push(offset("a", 1, None));
    conflict(engine, write).await;
    assert_eq!(
        engine
            .gates("h", 1, &[id(2)])
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

fn offset(incarnation: &str, next: i64, as_of: Option<i64>) -> OffsetAdvance {
    OffsetAdvance {
        handler: "h".to_owned(),
        generation: 1,
        topic: "t".to_owned(),
        partition: 3,
        incarnation: incarnation.to_owned(),
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
