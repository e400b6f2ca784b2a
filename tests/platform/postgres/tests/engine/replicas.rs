//! Reads from a streaming standby: what a caller has seen, standbys that lag, are away, or are none.

use std::time::{Duration, Instant};

use platform_contract::value::Uuid;
use platform_ports::engine::{ConsistencyToken, Engine, Found, Options, ReadReplicas};
use platform_postgres::PostgresEngine;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use super::proxy::Proxy;
use super::{Database, administrator, url_of};
use platform_conformance::engine::fixture::{THING, all, id, recorded, thing};
use platform_support::standby::{Paused, standby};

/// A database with a thing in it, and the administrator of its standby.
async fn begun() -> Option<(Database, PostgresEngine, String)> {
    let (administrator, standby) = (administrator()?, standby()?);
    let database = Database::new(&administrator).await;
    let engine = database.open().await;
    change(&engine, 1).await;
    Some((database, engine, standby))
}

async fn change(engine: &PostgresEngine, version: u64) {
    let write = recorded(thing(id(1), version, &format!("named {version} times")));
    engine.commit(write).await.expect("it is to be taken");
}

async fn with(engine: PostgresEngine, url: &str) -> PostgresEngine {
    let engine = engine.with_standbys(&[url], Options::default()).await;
    engine.expect("the server answers")
}

fn replicas(engine: &PostgresEngine) -> &dyn ReadReplicas {
    engine.read_replicas().expect("it has some")
}

/// The version that a standby shows; `None`: none can answer.
async fn shown(engine: &PostgresEngine, seen: ConsistencyToken) -> Option<u64> {
    match replicas(engine).load(seen, &THING, id(1)).await? {
        Found::Live(stored) => Some(stored.version),
        other => panic!("a thing, not {other:?}"),
    }
}

/// Waits until a standby shows this version to whoever has seen so much.
async fn until_shown(engine: &PostgresEngine, seen: ConsistencyToken, version: u64) {
    let end = Instant::now() + Duration::from_secs(20);
    while shown(engine, seen).await != Some(version) {
        assert!(Instant::now() < end, "version {version} is never shown");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The version that the server itself has.
async fn stored(engine: &PostgresEngine) -> u64 {
    match engine.load(&THING, 0, id(1)).await.expect("an answer") {
        Found::Live(stored) => stored.version,
        other => panic!("a thing, not {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_goes_back_behind_what_was_seen() {
    let Some((database, engine, standby)) = begun().await else {
        return;
    };
    let engine = with(engine, &url_of(&standby, database.name())).await;
    let before = replicas(&engine)
        .consistency_token()
        .await
        .expect("a position");
    until_shown(&engine, before, 1).await;
    let paused = Paused::new(&standby).await;
    change(&engine, 2).await;
    let after = replicas(&engine)
        .consistency_token()
        .await
        .expect("a position");
    assert!(after > before);
    // Who changed it is answered by the server, others as things were.
    assert_eq!(shown(&engine, after).await, None);
    assert_eq!(stored(&engine).await, 2);
    assert_eq!(shown(&engine, before).await, Some(1));
    assert_eq!(shown(&engine, ConsistencyToken::START).await, Some(1));
    let find = all(&THING);
    assert_eq!(replicas(&engine).find(after, &find).await, None);
    let page = replicas(&engine).find(before, &find).await;
    assert_eq!(page.expect("an answer").rows[0].version, 1);
    assert_eq!(shown(&engine, ConsistencyToken::NEVER).await, None);
    paused.end().await;
    until_shown(&engine, after, 2).await;
    assert_eq!(shown(&engine, ConsistencyToken::NEVER).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_has_what_was_there_when_the_service_was_opened() {
    let Some((database, engine, standby)) = begun().await else {
        return;
    };
    let url = url_of(&standby, database.name());
    let engine = with(engine, &url).await;
    until_shown(&engine, ConsistencyToken::START, 1).await;
    let paused = Paused::new(&standby).await;
    change(&engine, 2).await;
    let later = with(database.open().await, &url).await;
    for _ in 0..15 {
        assert_eq!(shown(&later, ConsistencyToken::START).await, None);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    paused.end().await;
    until_shown(&later, ConsistencyToken::START, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_far_behind_is_not_asked() {
    let Some((database, engine, standby)) = begun().await else {
        return;
    };
    let engine = with(engine, &url_of(&standby, database.name())).await;
    until_shown(&engine, ConsistencyToken::START, 1).await;
    let paused = Paused::new(&standby).await;
    change(&engine, 2).await;
    assert_eq!(shown(&engine, ConsistencyToken::START).await, Some(1));
    tokio::time::sleep(Duration::from_secs(13)).await;
    assert_eq!(shown(&engine, ConsistencyToken::START).await, None);
    paused.end().await;
    until_shown(&engine, ConsistencyToken::START, 2).await;
}

/// Sessions are torn off and refused, then held up without a word: each read has its answer from the
/// server, in time, and the standby is asked again when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_goes_away_loses_no_read() {
    let Some((database, engine, standby)) = begun().await else {
        return;
    };
    let mut proxy = Proxy::to(&url_of(&standby, database.name())).await;
    let engine = with(engine, &proxy.url()).await;
    until_shown(&engine, ConsistencyToken::START, 1).await;
    for hold in [false, true] {
        match hold {
            true => proxy.hold(),
            false => proxy.kill().await,
        }
        let mut slow = 0;
        for _ in 0..20 {
            let start = Instant::now();
            assert_eq!(shown(&engine, ConsistencyToken::START).await, None);
            assert_eq!(stored(&engine).await, 1);
            slow += u32::from(start.elapsed() > Duration::from_millis(500));
            assert!(start.elapsed() < Duration::from_secs(4));
        }
        assert!(slow <= 1, "{slow} reads waited for it");
        proxy.again().await;
        until_shown(&engine, ConsistencyToken::START, 1).await;
    }
    // The server ends the sessions: one read finds out, and the next are answered again.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut session = PgConnection::connect(&url_of(&standby, database.name()))
        .await
        .expect("a session");
    session.execute(end).await.expect("the sessions end");
    session.close().await.expect("the end of the session");
    until_shown(&engine, ConsistencyToken::START, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_standby_is_not_asked() {
    let Some((database, engine, _)) = begun().await else {
        return;
    };
    let engine = with(engine, &database.url()).await;
    for _ in 0..10 {
        assert_eq!(shown(&engine, ConsistencyToken::START).await, None);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let unread = database.open().await;
    let unread = unread.with_standbys(&["nowhere"], Options::default()).await;
    let error = unread.err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("cannot be read")));
    let alone = database.open().await;
    assert!(alone.read_replicas().is_none());
    let other = Found::Nothing;
    assert_eq!(
        alone
            .load(&THING, 0, Uuid::now_v7())
            .await
            .expect("an answer"),
        other
    );
}
