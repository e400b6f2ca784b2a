//! Several processes over one file, and processes that are killed. The processes are this test
//! program again, told by the environment what to do.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use platform_contract::value::Uuid;
use platform_ports::engine::{CommitError, Engine, EngineError, Find, Found, Options};
use platform_sqlite::SqliteEngine;

use crate::{Database, MIGRATIONS};
use platform_conformance::engine::fixture::{THING, all, id, recorded, thing};
use platform_conformance::engine::races::increment;

const TASK: &str = "MICRODB_TEST_TASK";
const PATH: &str = "MICRODB_TEST_PATH";

fn again(program: &mut Command, task: &str, path: &Path) -> Child {
    program
        .args(["--ignored", "--exact", "processes::child", "--nocapture"])
        .env(TASK, task)
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program is to be started again")
}

fn start(task: &str, path: &Path) -> Child {
    again(&mut this_program(), task, path)
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().expect("this program has a path"))
}

/// What the child says after the word, in each line that has it.
fn said(child: &mut Child, word: &'static str) -> impl Iterator<Item = String> + use<> {
    let output = child.stdout.take().expect("its output is piped");
    let lines = BufReader::new(output).lines().map_while(Result::ok);
    lines.filter_map(move |line| Some(line.split_once(word)?.1.trim().to_owned()))
}

/// What the other process does.
#[tokio::test]
#[ignore = "started by the other tests"]
async fn child() {
    let path = PathBuf::from(std::env::var(PATH).expect("a path"));
    let engine = SqliteEngine::open(&path, MIGRATIONS, Options::default());
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
        "count" => {
            let start = Instant::now();
            let mut count = 0;
            while start.elapsed() < Duration::from_millis(1_500) {
                create(&engine).await.expect("it is to be committed");
                count += 1;
            }
            println!("counted {count}");
        }
        "fill" => fill(&engine).await,
        other => panic!("no such task: {other}"),
    }
}

async fn create(engine: &dyn Engine) -> Result<Uuid, CommitError> {
    let id = Uuid::now_v7();
    engine
        .commit(recorded(thing(id, 1, &id.to_string())))
        .await?;
    Ok(id)
}

/// Commits until the disk is full, and then shows that the engine still answers.
async fn fill(engine: &dyn Engine) {
    let mut made = Vec::new();
    let error = loop {
        match create(engine).await {
            Ok(id) => made.push(id),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, CommitError::Engine(EngineError::Unavailable(_))),
        "{error}"
    );
    for id in &made {
        let found = engine.load(&THING, 0, *id).await.expect("reading goes on");
        assert!(matches!(found, Found::Live(_)));
    }
    let again = create(engine).await.expect_err("the disk is still full");
    assert!(
        matches!(again, CommitError::Engine(EngineError::Unavailable(_))),
        "{again}"
    );
    println!("filled {}", made.len());
}

#[tokio::test]
async fn processes_lose_nothing_of_each_other() {
    let database = Database::migrated();
    let children: Vec<Child> = (0..4)
        .map(|_| start("increment", &database.path()))
        .collect();
    for mut child in children {
        assert_eq!(
            said(&mut child, "test result: ")
                .filter(|end| end.starts_with("ok"))
                .count(),
            1
        );
        child.wait().expect("it ends");
    }
    let engine = database.open();
    let rows = engine.find(&all(&THING)).await.expect("an answer").rows;
    assert_eq!(rows.iter().map(|row| row.version).sum::<u64>(), 200);
    let mut next: BTreeMap<Uuid, u64> = BTreeMap::new();
    for row in engine.outbox(0, 1_000).await.expect("an answer") {
        let sequence = next.entry(row.event.aggregate_id).or_insert(1);
        assert_eq!(row.event.sequence, *sequence);
        *sequence += 1;
    }
    assert_eq!(next.values().map(|next| next - 1).sum::<u64>(), 200);
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let database = Database::migrated();
    for _ in 0..3 {
        let mut child = start("create", &database.path());
        let mut lines = said(&mut child, "made ");
        let mut made: Vec<String> = lines.by_ref().take(30).collect();
        child.kill().expect("it is to be killed");
        child.wait().expect("it ends");
        made.extend(lines);
        assert!(made.len() >= 30);

        let engine = database.open();
        for id in made.iter().map(|id| id.parse().expect("a UUID")) {
            let found = engine.load(&THING, 0, id).await.expect("an answer");
            assert!(
                matches!(found, Found::Live(_)),
                "{id} was answered, and is lost"
            );
        }
        let rows = engine
            .find(&Find {
                limit: 10_000,
                ..all(&THING)
            })
            .await;
        let things: Vec<Uuid> = rows
            .expect("an answer")
            .rows
            .iter()
            .map(|row| row.id)
            .collect();
        let waiting = engine.outbox(0, 10_000).await.expect("an answer");
        let mut with_event: Vec<Uuid> = waiting.iter().map(|row| row.event.aggregate_id).collect();
        with_event.sort_unstable();
        assert_eq!(
            things, with_event,
            "no change without its event, no event without its change"
        );
    }
}

#[test]
fn processes_write_in_turn() {
    let database = Database::migrated();
    let children: Vec<Child> = (0..3).map(|_| start("count", &database.path())).collect();
    let counts: Vec<u64> = children
        .into_iter()
        .map(|child| number(child, "counted "))
        .collect();
    let (least, most) = (counts.iter().min(), counts.iter().max());
    assert!(
        least.is_some_and(|least| least * 4 >= *most.expect("three")),
        "{counts:?}"
    );
}

/// A limit on the size of files is as good as a full disk, when its signal is ignored.
#[cfg(unix)]
#[test]
fn a_full_disk_is_not_available() {
    let database = Database::migrated();
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"trap "" XFSZ; ulimit -f 6000; exec "$0" "$@""#]);
    shell.arg(this_program().get_program());
    let filled = number(again(&mut shell, "fill", &database.path()), "filled ");
    assert!(filled > 10, "{filled}");
}

/// The number that a child says after the word; it has ended by then.
fn number(mut child: Child, word: &'static str) -> u64 {
    let numbers: Vec<String> = said(&mut child, word).collect();
    child.wait().expect("it ends");
    numbers
        .first()
        .and_then(|text| text.parse().ok())
        .expect("it says how many")
}
