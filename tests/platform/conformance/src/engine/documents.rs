//! Documents and leases.

use serde_json::json;

use super::fixture::{at, id};
use super::{commit, conflict};
use platform_ports::engine::{
    Check, Document, DocumentWrite, Documents, DocumentsQuery, Engine, WriteSet,
};

const JOBS: Documents = Documents::Jobs;

fn document(key: &str, group: &str, position: i64, due: Option<i64>) -> Document {
    Document {
        key: key.to_owned(),
        group: group.to_owned(),
        position,
        due: due.map(at),
        version: 1,
        body: json!({ "says": key, "number": 1.5 }),
    }
}

fn put(expected: u64, document: Document) -> WriteSet {
    let put = DocumentWrite::Put {
        collection: JOBS,
        expected,
        document,
    };
    WriteSet {
        documents: vec![put],
        ..WriteSet::default()
    }
}

fn delete(key: &str, expected: u64) -> WriteSet {
    let delete = DocumentWrite::Delete {
        collection: JOBS,
        key: key.to_owned(),
        expected,
    };
    WriteSet {
        documents: vec![delete],
        ..WriteSet::default()
    }
}

fn query() -> DocumentsQuery {
    DocumentsQuery {
        collection: JOBS,
        group: None,
        due_by: None,
        heads_only: false,
        after: None,
        limit: 100,
    }
}

async fn keys(engine: &dyn Engine, query: DocumentsQuery) -> Vec<String> {
    let documents = engine
        .documents(&query)
        .await
        .expect("the engine is to answer");
    documents.into_iter().map(|document| document.key).collect()
}

/// Documents are written and deleted on condition of their version.
pub async fn versions_are_checked(engine: &dyn Engine) {
    conflict(engine, put(1, document("a", "g", 1, None))).await;
    commit(engine, put(0, document("a", "g", 1, None))).await;
    conflict(engine, put(0, document("a", "g", 1, None))).await;
    commit(engine, put(1, document("a", "h", 2, Some(5)))).await;
    conflict(engine, put(1, document("a", "g", 1, None))).await;
    let now = engine
        .document(JOBS, "a")
        .await
        .expect("the engine is to answer");
    assert_eq!(
        now,
        Some(Document {
            version: 2,
            ..document("a", "h", 2, Some(5))
        })
    );
    assert_eq!(
        engine
            .document(Documents::Parked, "a")
            .await
            .expect("the engine is to answer"),
        None
    );
    conflict(engine, delete("a", 1)).await;
    assert_eq!(
        engine.count(JOBS).await.expect("the engine is to answer"),
        1
    );
    commit(engine, delete("a", 2)).await;
    conflict(engine, delete("a", 2)).await;
    assert_eq!(
        engine
            .document(JOBS, "a")
            .await
            .expect("the engine is to answer"),
        None
    );
    assert_eq!(
        engine.count(JOBS).await.expect("the engine is to answer"),
        0
    );
}

/// A list is ordered by due time, group, position and key, and by key alone when paging.
pub async fn lists_are_ordered(engine: &dyn Engine) {
    let all = [
        document("e", "g", 2, Some(1)),
        document("d", "g", 1, Some(2)),
        document("c", "f", 9, Some(1)),
        document("b", "h", 1, None),
        document("a", "h", 1, None),
    ];
    for one in all {
        commit(engine, put(0, one)).await;
    }
    assert_eq!(keys(engine, query()).await, ["a", "b", "c", "e", "d"]);
    assert_eq!(
        keys(
            engine,
            DocumentsQuery {
                limit: 2,
                ..query()
            }
        )
        .await,
        ["a", "b"]
    );
    let group = |group: &str| DocumentsQuery {
        group: Some(group.to_owned()),
        ..query()
    };
    assert_eq!(keys(engine, group("g")).await, ["e", "d"]);
    let due = |second| DocumentsQuery {
        due_by: Some(at(second)),
        ..query()
    };
    assert_eq!(keys(engine, due(1)).await, ["c", "e"]);
    assert_eq!(keys(engine, due(0)).await, [""; 0]);
    let heads = DocumentsQuery {
        heads_only: true,
        ..query()
    };
    assert_eq!(keys(engine, heads.clone()).await, ["a", "c", "d"]);
    // The head of a group that is not due holds up the rest, due or not.
    let due_heads = DocumentsQuery {
        due_by: Some(at(1)),
        ..heads
    };
    assert_eq!(keys(engine, due_heads).await, ["c"]);
    let page = |after: &str| DocumentsQuery {
        after: Some(after.to_owned()),
        limit: 3,
        ..query()
    };
    assert_eq!(keys(engine, page("")).await, ["a", "b", "c"]);
    assert_eq!(keys(engine, page("c")).await, ["d", "e"]);
}

/// A condition that a group is empty notices documents in it.
pub async fn checks_of_groups(engine: &dyn Engine) {
    let empty = || WriteSet {
        checks: vec![Check::EmptyGroup {
            collection: JOBS,
            group: "g".to_owned(),
        }],
        ..WriteSet::default()
    };
    commit(engine, empty()).await;
    commit(engine, put(0, document("a", "other", 1, None))).await;
    commit(engine, empty()).await;
    commit(engine, put(0, document("b", "g", 1, None))).await;
    conflict(engine, empty()).await;
    commit(engine, delete("b", 1)).await;
    commit(engine, empty()).await;
}

/// A lease is one owner's until its time is over by the database's clock.
pub async fn leases_end(engine: &dyn Engine) {
    let lease = async |owner, millis| {
        engine
            .lease("l", id(owner), millis)
            .await
            .expect("the engine is to answer")
    };
    assert!(lease(1, 60_000).await);
    assert!(!lease(2, 60_000).await);
    assert!(lease(1, 0).await);
    // Before the lease begins: its answer may take a while.
    let start = std::time::Instant::now();
    assert!(lease(2, 30).await);
    while !lease(1, 60_000).await {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(
        start.elapsed().as_millis() >= 25,
        "it was another's for 30 ms"
    );
    assert!(!lease(2, 60_000).await);
    assert!(
        engine
            .lease("another", id(2), 60_000)
            .await
            .expect("the engine is to answer")
    );
}
