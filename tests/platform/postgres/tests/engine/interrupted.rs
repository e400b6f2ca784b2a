//! Processes that are killed, sessions that are ended, a server that is started again.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use platform_contract::value::Uuid;
use platform_ports::engine::Options;
use platform_ports::engine::{CommitError, Engine, EngineError, Find};
use platform_postgres::PostgresEngine;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use super::{Database, MIGRATIONS, administrator, run};
use platform_conformance::engine::fixture::{THING, all, id, recorded, thing};
use platform_conformance::engine::races::increment;

const TASK: &str = "MICRODB_TEST_TASK";
const URL: &str = "MICRODB_TEST_URL";

fn start(task: &str, url: &str) -> Child {
    let program = std::env::current_exe().expect("this program has a path");
    Command::new(program)
        .args(["--ignored", "--exact", "interrupted::child", "--nocapture"])
        .env(TASK, task)
        .env(URL, url)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program is to be started again")
}

fn said(child: &mut Child, word: &'static str) -> impl Iterator<Item = String> + use<> {
    let output = child.stdout.take().expect("its output is piped");
    let lines = BufReader::new(output).lines().map_while(Result::ok);
    lines.filter_map(move |line| Some(line.split_once(word)?.1.trim().to_owned()))
}

/// What the other process does.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by the other tests"]
async fn child() {
    let url = std::env::var(URL).expect("a URL");
    let engine = PostgresEngine::open(&url, MIGRATIONS, Options::default()).await;
    let engine = engine.expect("the database is to be opened");
    match std::env::var(TASK).expect("a task").as_str() {
        "increment" => {
            for round in 0..50 {
                increment(&engine, id(1 + round % 3)).await;
            }
        }
        "create" => loop {
            let made = create(&engine).await.expect("it is to be committed");
            println!("made {made}");
        },
        other => panic!("no such task: {other}"),
    }
}

async fn create(engine: &dyn Engine) -> Result<Uuid, CommitError> {
    let id = Uuid::now_v7();
    let write = recorded(thing(id, 1, &id.to_string()));
    engine.commit(write).await.map(|()| id)
}

/// Everything that was answered is there, and each change has its event.
async fn assert_whole(engine: &dyn Engine, answered: &BTreeSet<Uuid>) {
    let find = Find {
        limit: 100_000,
        ..all(&THING)
    };
    let rows = engine.find(&find).await.expect("an answer").rows;
    let things: BTreeSet<Uuid> = rows.iter().map(|row| row.id).collect();
    let waiting = engine.outbox(0, 100_000).await.expect("an answer");
    let events: BTreeSet<Uuid> = waiting.iter().map(|row| row.event.aggregate_id).collect();
    assert_eq!(
        things, events,
        "no change without its event, no event without its change"
    );
    assert!(answered.is_subset(&things), "an answered commit is lost");
}

#[tokio::test]
async fn processes_lose_nothing_of_each_other() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let children: Vec<Child> = (0..4)
        .map(|_| start("increment", &database.url()))
        .collect();
    for mut child in children {
        let ends = said(&mut child, "test result: ").filter(|end| end.starts_with("ok"));
        assert_eq!(ends.count(), 1);
        child.wait().expect("it ends");
    }
    let engine = database.open().await;
    let rows = engine.find(&all(&THING)).await.expect("an answer").rows;
    assert_eq!(rows.iter().map(|row| row.version).sum::<u64>(), 200);
    let waiting = engine.outbox(0, 1_000).await.expect("an answer");
    assert_eq!(waiting.len(), 200);
    platform_conformance::engine::outbox::assert_ordered(&waiting);
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let mut answered = BTreeSet::new();
    for _ in 0..3 {
        let mut child = start("create", &database.url());
        let mut lines = said(&mut child, "made ");
        let mut made: Vec<String> = lines.by_ref().take(30).collect();
        child.kill().expect("it is to be killed");
        child.wait().expect("it ends");
        made.extend(lines);
        assert!(made.len() >= 30);
        answered.extend(made.iter().map(|id| id.parse::<Uuid>().expect("a UUID")));
        assert_whole(&database.open().await, &answered).await;
    }
}

/// Commits from many tasks until told to stop; what was answered, and how often it was not available.
async fn work(engine: &Arc<PostgresEngine>, time: Duration) -> (BTreeSet<Uuid>, u64) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let engine = Arc::clone(engine);
        tasks.spawn(async move {
            let (start, mut made, mut failures) = (Instant::now(), Vec::new(), 0);
            while start.elapsed() < time {
                match create(&*engine).await {
                    Ok(id) => made.push(id),
                    Err(CommitError::Engine(EngineError::Unavailable(_))) => {
                        failures += 1;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            (made, failures)
        });
    }
    let (mut answered, mut failures) = (BTreeSet::new(), 0);
    while let Some(done) = tasks.join_next().await {
        let (made, failed) = done.expect("no panic");
        answered.extend(made);
        failures += failed;
    }
    (answered, failures)
}

/// Sessions end in the middle of their transactions; the engine goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn ended_sessions_are_replaced() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = Arc::new(database.open().await);
    let working = tokio::spawn({
        let engine = Arc::clone(&engine);
        async move { work(&engine, Duration::from_secs(3)).await }
    });
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = '{}' AND application_name = 'microdb'",
        database.name()
    );
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        run(&administrator, std::slice::from_ref(&end)).await;
    }
    let (answered, failures) = working.await.expect("no panic");
    assert!(failures > 0, "no session was ended in its work");
    create(&*engine).await.expect("it goes on");
    assert_whole(&*engine, &answered).await;
}

/// The server is stopped at once and started again while the engine works; the command that does so
/// is in `TEST_POSTGRES_RESTART`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "nobody else may use the server"]
async fn a_server_that_starts_again_is_found() {
    let Some(administrator) = administrator() else {
        return;
    };
    let restart = std::env::var("TEST_POSTGRES_RESTART").expect("a command");
    let database = Database::new(&administrator).await;
    let engine = Arc::new(database.open().await);
    let working = tokio::spawn({
        let engine = Arc::clone(&engine);
        async move { work(&engine, Duration::from_secs(12)).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let status = Command::new("sh")
        .args(["-c", &restart])
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("a shell").success());
    let (answered, failures) = working.await.expect("no panic");
    println!("{} answered, {failures} not available", answered.len());
    assert!(failures > 0, "nobody noticed");
    create(&*engine).await.expect("it goes on");
    assert_whole(&*engine, &answered).await;
}

/// The settings that keep a session from waiting or being left alone for ever are in force.
#[tokio::test]
async fn sessions_are_bounded() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = database.open().await;
    create(&engine).await.expect("it is to be committed");
    let mut session = PgConnection::connect(&database.url())
        .await
        .expect("a session");
    let known = "SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'microdb'";
    let known = session.fetch_optional(known).await.expect("an answer");
    assert!(known.is_some(), "it says who it is");
    // A stalled lock ends as not available, and the row is free for the next.
    let lock = "BEGIN; LOCK TABLE things IN ACCESS EXCLUSIVE MODE";
    session
        .execute(sqlx::raw_sql(lock))
        .await
        .expect("the lock");
    let start = Instant::now();
    let error = create(&engine).await.expect_err("the table is locked");
    assert!(
        matches!(error, CommitError::Engine(EngineError::Unavailable(_))),
        "{error}"
    );
    assert!(start.elapsed() < Duration::from_secs(20));
    session
        .execute(sqlx::raw_sql("ROLLBACK"))
        .await
        .expect("the end of the lock");
    create(&engine).await.expect("it goes on");
}
