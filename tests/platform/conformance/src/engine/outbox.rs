//! The outbox and the event log.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::fixture::{THING, event, id, live, recorded, saving, thing};
use super::{commit, conflict};
use platform_contract::value::Timestamp;
use platform_ports::engine::{CommitError, Engine, OutboxEvent, OutboxRow, WriteSet};

async fn waiting(engine: &dyn Engine) -> Vec<OutboxRow> {
    engine
        .outbox(0, 1_000)
        .await
        .expect("the engine is to answer")
}

fn emitting(events: Vec<OutboxEvent>) -> WriteSet {
    WriteSet {
        events,
        ..WriteSet::default()
    }
}

/// A change and its events are there together, as they were given, in their order.
pub async fn events_come_with_their_change(engine: &dyn Engine) {
    let before = engine.now().await.expect("the engine is to answer");
    let mut write = saving(live(&THING, 0, thing(id(1), 1, "a")));
    write.events = (1..=3).map(|sequence| event(id(1), sequence)).collect();
    write.events[1].logged = false;
    commit(engine, write).await;
    conflict(engine, recorded(thing(id(1), 1, "again"))).await;

    let rows = waiting(engine).await;
    let sequences: Vec<u64> = rows.iter().map(|row| row.event.sequence).collect();
    assert_eq!(sequences, [1, 2, 3]);
    assert!(rows.is_sorted_by(|a, b| a.position < b.position));
    assert!(
        rows.iter()
            .all(|row| row.refused.is_none() && row.written_at >= before)
    );
    let (row, given) = (&rows[0].event, event(id(1), 1));
    assert_eq!(row.id, given.id);
    assert_eq!(row.wire, given.wire);
    assert_eq!(
        (&row.kind, &row.topic, row.partition),
        (&given.kind, &given.topic, 0)
    );
    let logged: Vec<bool> = rows.iter().map(|row| row.event.logged).collect();
    assert_eq!(logged, [true, false, true]);
    let depth = engine
        .outbox_depth()
        .await
        .expect("the engine is to answer");
    assert_eq!((depth.rows, depth.oldest), (3, Some(rows[0].written_at)));
}

/// Messages that the caller has are left out of what it is given.
pub async fn known_messages_are_left_out(engine: &dyn Engine) {
    let events = (1..=5).map(|sequence| event(id(1), sequence));
    commit(engine, emitting(events.collect())).await;
    let ids: Vec<Uuid> = waiting(engine)
        .await
        .iter()
        .map(|row| row.event.id)
        .collect();
    let beyond = async |known: &[Uuid], limit| {
        let rows = engine.outbox_beyond(0, known, limit).await;
        let rows = rows.expect("the engine is to answer");
        rows.iter().map(|row| row.event.id).collect::<Vec<_>>()
    };
    assert_eq!(beyond(&[], 10).await, ids);
    assert_eq!(
        beyond(&[ids[0], ids[2], id(99)], 10).await,
        [ids[1], ids[3], ids[4]]
    );
    assert_eq!(beyond(&ids[..2], 2).await, ids[2..4]);
    assert!(beyond(&ids, 10).await.is_empty());
}

/// What is acknowledged is gone, what is refused stays and says so.
pub async fn acknowledged_and_refused(engine: &dyn Engine) {
    commit(
        engine,
        emitting((1..=4).map(|sequence| event(id(1), sequence)).collect()),
    )
    .await;
    conflict(engine, emitting(vec![event(id(1), 2)])).await;
    let ids: Vec<Uuid> = waiting(engine)
        .await
        .iter()
        .map(|row| row.event.id)
        .collect();
    engine
        .acknowledge(&[ids[0], ids[2], id(99)])
        .await
        .expect("they are to be deleted");
    engine
        .refuse(ids[1], Some("too large"))
        .await
        .expect("it is to be marked");
    let rows = waiting(engine).await;
    let left: Vec<_> = rows
        .iter()
        .map(|row| (row.event.id, row.refused.as_deref()))
        .collect();
    assert_eq!(left, [(ids[1], Some("too large")), (ids[3], None)]);
    let refused = async || {
        let refused = engine.refused(10).await;
        let refused = refused.expect("the engine is to answer");
        refused.iter().map(|row| row.event.id).collect::<Vec<_>>()
    };
    assert_eq!(refused().await, [ids[1]]);
    engine
        .refuse(ids[1], None)
        .await
        .expect("it is to be freed");
    assert!(
        waiting(engine)
            .await
            .iter()
            .all(|row| row.refused.is_none())
    );
    assert!(refused().await.is_empty());
    assert_eq!(
        engine
            .outbox(0, 1)
            .await
            .expect("the engine is to answer")
            .len(),
        1
    );
}

/// A full outbox refuses commits with events, and only these, until there is room. The engine has
/// to be opened with a limit of 10.
pub async fn a_full_outbox_refuses(engine: &dyn Engine) {
    commit(
        engine,
        emitting((1..=8).map(|sequence| event(id(1), sequence)).collect()),
    )
    .await;
    let three = || emitting((11..=13).map(|sequence| event(id(1), sequence)).collect());
    let error = engine
        .commit(three())
        .await
        .expect_err("the outbox is full");
    assert!(matches!(error, CommitError::OutboxFull), "{error}");
    commit(engine, emitting(vec![event(id(1), 9), event(id(1), 10)])).await;
    let error = engine.commit(emitting(vec![event(id(1), 14)])).await;
    assert!(matches!(error, Err(CommitError::OutboxFull)));
    commit(engine, saving(live(&THING, 0, thing(id(1), 1, "a")))).await;
    let ids: Vec<Uuid> = waiting(engine)
        .await
        .iter()
        .map(|row| row.event.id)
        .collect();
    // The oldest stays: room is what is counted, not what lies between the first and the last.
    engine
        .acknowledge(&ids[1..4])
        .await
        .expect("they are to be deleted");
    commit(engine, three()).await;
}

/// The log is in the order of aggregates and sequences, page by page, and is trimmed by age.
pub async fn the_log_is_ordered(engine: &dyn Engine) {
    for sequence in 1..=3 {
        for number in [3, 1, 2] {
            commit(engine, emitting(vec![event(id(number), sequence)])).await;
        }
    }
    let mut other = event(id(1), 9);
    other.aggregate_type = "other".to_owned();
    commit(engine, emitting(vec![other])).await;

    let mut after = None;
    let mut places = Vec::new();
    loop {
        let page = engine
            .event_log("thing", after, 2)
            .await
            .expect("the engine is to answer");
        let Some(last) = page.last() else { break };
        after = Some((last.aggregate_id, last.sequence));
        places.extend(
            page.iter()
                .map(|event| (event.aggregate_id, event.sequence)),
        );
    }
    let expected: Vec<_> = (1..=3)
        .flat_map(|number| (1..=3).map(move |sequence| (id(number), sequence)))
        .collect();
    assert_eq!(places, expected);

    let trimmed = engine.trim_event_log(super::fixture::at(0)).await;
    assert_eq!(trimmed.expect("it is to be trimmed"), 0);
    let trimmed = engine
        .trim_event_log(Timestamp::now().plus_millis(60_000))
        .await;
    assert_eq!(trimmed.expect("it is to be trimmed"), 10);
    let left = engine
        .event_log("thing", None, 10)
        .await
        .expect("the engine is to answer");
    assert_eq!(left.len(), 0);
}

/// What the log has is replaced, also before it has left the outbox, from which it goes out as it was;
/// what the log no longer has stays away.
pub async fn the_log_is_rewritten(engine: &dyn Engine) {
    let write = WriteSet {
        saves: vec![live(&THING, 0, thing(id(1), 1, "a"))],
        events: vec![event(id(1), 1), event(id(1), 2)],
        ..WriteSet::default()
    };
    commit(engine, write).await;
    commit(engine, emitting(vec![event(id(2), 1)])).await;
    let rewritten = |aggregate, sequence| {
        let mut event = event(aggregate, sequence);
        "empty".clone_into(&mut event.kind);
        event.wire.payload = b"{}".to_vec();
        event
    };
    let known = vec![
        rewritten(id(1), 1),
        rewritten(id(2), 1),
        rewritten(id(2), 7),
    ];
    engine
        .rewrite_event_log(&known)
        .await
        .expect("they are to be replaced");
    engine
        .rewrite_event_log(&[])
        .await
        .expect("nothing is to be replaced");

    let rows = waiting(engine).await;
    let whole = |row: &OutboxRow| row.event.kind != "empty" && row.event.wire.payload != b"{}";
    assert!(rows.len() == 3 && rows.iter().all(whole));
    let log = async || {
        let log = engine.event_log("thing", None, 10).await;
        let log = log.expect("the engine is to answer").into_iter();
        let place = |event: OutboxEvent| {
            let is_empty = (event.kind == "empty", event.wire.payload == b"{}");
            (event.aggregate_id, event.sequence, is_empty)
        };
        log.map(place).collect::<Vec<_>>()
    };
    let expected = [
        (id(1), 1, (true, true)),
        (id(1), 2, (false, false)),
        (id(2), 1, (true, true)),
    ];
    assert_eq!(log().await, expected);

    let ids: Vec<Uuid> = rows.iter().map(|row| row.event.id).collect();
    engine
        .acknowledge(&ids)
        .await
        .expect("they are to be deleted");
    assert_eq!(log().await, expected);
    engine
        .rewrite_event_log(&[rewritten(id(1), 2)])
        .await
        .expect("it is to be replaced");
    let trimmed = engine
        .trim_event_log(Timestamp::now().plus_millis(60_000))
        .await;
    assert_eq!(trimmed.expect("it is to be trimmed"), 3);
    engine
        .rewrite_event_log(&known)
        .await
        .expect("nothing is to be replaced");
    assert_eq!(log().await, []);
}

/// The rows of one aggregate are in the order of its sequences.
pub fn assert_ordered(rows: &[OutboxRow]) {
    let mut last: BTreeMap<Uuid, u64> = BTreeMap::new();
    for row in rows {
        let before = last.insert(row.event.aggregate_id, row.event.sequence);
        assert_eq!(
            before.unwrap_or(0) + 1,
            row.event.sequence,
            "no gap, and in order"
        );
    }
}
