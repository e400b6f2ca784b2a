//! Several processes over one database, processes that are killed, and a server that is gone for a
//! while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use platform_contract::value::Uuid;
use platform_mongodb::MongodbEngine;
use platform_ports::engine::{CommitError, Engine, EngineError, Find, Found, Options};

use super::{Database, MIGRATIONS};
use platform_conformance::engine::fixture::{THING, all, id, recorded, thing};
use platform_conformance::engine::outbox::assert_ordered;
use platform_conformance::engine::races::increment;
use platform_support::child::{Child, role};

async fn opened(url: &str) -> MongodbEngine {
    let engine = MongodbEngine::open(url, MIGRATIONS, Options::default()).await;
    engine.expect("the database is to be opened")
}

#[tokio::test]
async fn processes_lose_nothing_of_each_other() {
    if let Some((url, _)) = role() {
        let engine = opened(&url).await;
        for round in 0..15 {
            increment(&engine, id(1 + round % 3)).await;
        }
        println!("done");
        return;
    }
    let Some(database) = Database::new().await else {
        return;
    };
    let test = "processes::processes_lose_nothing_of_each_other";
    let folder = std::env::temp_dir();
    let children: Vec<Child> = (0..3)
        .map(|_| Child::start(test, &database.url, &folder))
        .collect();
    for mut child in children {
        assert_eq!(child.line(), "done");
    }
    let engine = database.open().await;
    let rows = engine.find(&all(&THING)).await.expect("an answer").rows;
    assert_eq!(rows.iter().map(|row| row.version).sum::<u64>(), 45);
    let waiting = engine.outbox(0, 1_000).await.expect("an answer");
    assert_eq!(waiting.len(), 45);
    assert_ordered(&waiting);
    database.remove().await;
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    if let Some((url, _)) = role() {
        let engine = opened(&url).await;
        loop {
            let id = Uuid::now_v7();
            let made = engine.commit(recorded(thing(id, 1, &id.to_string()))).await;
            made.expect("it is to be committed");
            println!("{id}");
        }
    }
    let Some(database) = Database::new().await else {
        return;
    };
    let test = "processes::what_was_answered_survives_a_kill";
    let mut child = Child::start(test, &database.url, &std::env::temp_dir());
    let mut made: Vec<String> = (0..20).map(|_| child.line()).collect();
    child.signal("KILL");
    made.extend(child.rest().into_iter().filter(|line| !line.is_empty()));
    let engine = database.open().await;
    for id in made.iter().map(|id| id.parse().expect("a UUID")) {
        let found = engine.load(&THING, 0, id).await.expect("an answer");
        assert!(
            matches!(found, Found::Live(_)),
            "{id} was answered, and is lost"
        );
    }
    let all = Find {
        limit: 10_000,
        ..all(&THING)
    };
    let rows = engine.find(&all).await.expect("an answer").rows;
    let waiting = engine.outbox(0, 10_000).await.expect("an answer");
    let things: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut events: Vec<Uuid> = waiting.iter().map(|row| row.event.aggregate_id).collect();
    events.sort_unstable();
    assert_eq!(
        things, events,
        "no change without its event, no event without its change"
    );
    database.remove().await;
}

/// A way to the server that can be cut.
struct Way {
    port: u16,
    open: Arc<AtomicBool>,
}

impl Way {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its port").port();
        let open = Arc::new(AtomicBool::new(true));
        let is_open = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let (server, is_open) = (server.clone(), Arc::clone(&is_open));
                tokio::spawn(async move {
                    let Ok(mut to) = TcpStream::connect(server).await else {
                        return;
                    };
                    let cut = async {
                        while is_open.load(Ordering::Relaxed) {
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut from, &mut to) => {}
                        () = cut => {}
                    }
                });
            }
        });
        Self { port, open }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_is_used_again() {
    let Some(database) = Database::new().await else {
        return;
    };
    let (_, rest) = database.url.split_once("://").expect("a URL");
    let (server, _) = rest.split_once('/').expect("a host");
    let way = Way::to(server.to_owned()).await;
    let url = format!(
        "mongodb://127.0.0.1:{}/{}?directConnection=true&serverSelectionTimeoutMS=500",
        way.port, database.name
    );
    let engine = opened(&url).await;
    let before = engine.commit(recorded(thing(id(1), 1, "a"))).await;
    before.expect("it is to be committed");
    way.open.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let error = engine.commit(recorded(thing(id(2), 1, "b"))).await;
    assert!(
        matches!(error, Err(CommitError::Engine(EngineError::Unavailable(_)))),
        "{error:?}"
    );
    assert!(matches!(
        engine.now().await,
        Err(EngineError::Unavailable(_))
    ));
    way.open.store(true, Ordering::Relaxed);
    let mut tries = 0;
    while let Err(error) = engine.commit(recorded(thing(id(3), 1, "c"))).await {
        let passes = matches!(error, CommitError::Engine(EngineError::Unavailable(_)));
        assert!(passes && tries < 20, "{error}");
        tries += 1;
    }
    let rows = engine.find(&all(&THING)).await.expect("an answer").rows;
    assert!(rows.iter().any(|row| row.id == id(1)) && rows.iter().any(|row| row.id == id(3)));
    database.remove().await;
}
