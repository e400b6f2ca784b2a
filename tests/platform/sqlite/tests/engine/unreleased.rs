//! Databases of workspaces that were never released.

use platform_conformance::unreleased::{self, Lives, Place};
use platform_ports::location::Location;
use platform_sqlite::Sqlite;
use rusqlite::Connection;

use crate::Database;

const LIVES: Lives = Lives {
    first: "CREATE TABLE \"loan\" (\"id\" TEXT PRIMARY KEY) STRICT;\n\nCREATE INDEX \"a\" ON \"loan\" (\"id\");\n",
    indexed: "CREATE TABLE \"loan\" (\"id\" TEXT PRIMARY KEY) STRICT;\n\nCREATE INDEX \"b\" ON \"loan\" (\"id\");\n",
    other: "CREATE TABLE \"loan\" (\"id\" TEXT PRIMARY KEY, \"note\" TEXT) STRICT;\n",
    indexes: Some(["index a", "index b"]),
};

fn at(database: &Database) -> Location {
    Location::file("sqlite", &database.path())
}

#[tokio::test]
async fn indexes_follow_the_description() {
    let database = Database::empty();
    let place = Place {
        driver: &Sqlite,
        at: &at(&database),
    };
    let has = async |name: &str| {
        let connection = Connection::open(database.path()).expect("the file is there");
        let found =
            connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1");
        found
            .and_then(|mut it| it.exists([name]))
            .expect("an answer")
    };
    unreleased::indexes_follow_the_description(&place, &LIVES, has).await;
}

#[tokio::test]
async fn another_life_begins_anew() {
    let database = Database::empty();
    let place = Place {
        driver: &Sqlite,
        at: &at(&database),
    };
    unreleased::another_life_begins_anew(&place, &LIVES).await;
}

#[tokio::test]
async fn what_is_released_stays() {
    let database = Database::empty();
    let place = Place {
        driver: &Sqlite,
        at: &at(&database),
    };
    unreleased::what_is_released_stays(&place, &LIVES).await;
}

/// Whoever only asks makes no file.
#[tokio::test]
async fn asking_makes_nothing() {
    let database = Database::empty();
    let pending = platform_ports::engine::Database::new(&Sqlite, crate::MIGRATIONS);
    let pending = pending.pending(&at(&database)).await.expect("an answer");
    assert!(pending.contains(&"0001_initial"), "{pending:?}");
    assert!(!database.path().exists());
}
