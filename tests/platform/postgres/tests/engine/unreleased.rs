//! Databases of workspaces that were never released.

use platform_conformance::unreleased::{self, Lives, Place};
use platform_ports::location::Location;
use platform_postgres::Postgres;
use sqlx::{Connection, PgConnection};

use crate::{Database, administrator, run};

const LIVES: Lives = Lives {
    first: "CREATE TABLE \"loan\" (\"id\" UUID PRIMARY KEY);\n\nCREATE INDEX \"a\" ON \"loan\" (\"id\");\n",
    indexed: "CREATE TABLE \"loan\" (\"id\" UUID PRIMARY KEY);\n\nCREATE INDEX \"b\" ON \"loan\" (\"id\");\n",
    other: "CREATE TABLE \"loan\" (\"id\" UUID PRIMARY KEY, \"note\" TEXT);\n",
    indexes: Some(["index a", "index b"]),
};

/// A database with nothing in it.
async fn empty() -> Option<Database> {
    Some(Database::empty(&administrator()?).await)
}

fn at(database: &Database) -> Location {
    database.url().parse().expect("a location")
}

#[tokio::test]
async fn indexes_follow_the_description() {
    let Some(database) = empty().await else {
        return;
    };
    let place = Place {
        driver: &Postgres,
        at: &at(&database),
    };
    let has = async |name: &str| {
        let mut connection = PgConnection::connect(&database.url())
            .await
            .expect("the server");
        let found = sqlx::query("SELECT 1 FROM pg_indexes WHERE indexname = $1")
            .bind(name.to_owned())
            .fetch_optional(&mut connection)
            .await;
        found.expect("an answer").is_some()
    };
    unreleased::indexes_follow_the_description(&place, &LIVES, has).await;
}

#[tokio::test]
async fn another_life_begins_anew() {
    let Some(database) = empty().await else {
        return;
    };
    let place = Place {
        driver: &Postgres,
        at: &at(&database),
    };
    unreleased::another_life_begins_anew(&place, &LIVES).await;
}

#[tokio::test]
async fn what_is_released_stays() {
    let Some(database) = empty().await else {
        return;
    };
    let place = Place {
        driver: &Postgres,
        at: &at(&database),
    };
    unreleased::what_is_released_stays(&place, &LIVES).await;
}

/// Views, functions, types and sequences of the user's own migrations go as well; what others have in other
/// schemas stays.
#[tokio::test]
async fn all_that_was_made_goes() {
    let Some(database) = empty().await else {
        return;
    };
    let database_of = |text: &'static str| {
        let name = "0001_initial";
        let migrations = Box::leak(Box::new([platform_ports::engine::Migration { name, text }]));
        platform_ports::engine::Database::new(&Postgres, migrations).unreleased(&[])
    };
    let all = database_of(
        "CREATE TYPE mood AS ENUM ('good');
         CREATE DOMAIN little AS INTEGER CHECK (VALUE < 9);
         CREATE TABLE \"Loan\" (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood, little little,
                                number SERIAL);
         CREATE TABLE part (id BIGINT PRIMARY KEY) PARTITION BY HASH (id);
         CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 1, REMAINDER 0);
         CREATE VIEW loans AS SELECT * FROM \"Loan\";
         CREATE VIEW more AS SELECT * FROM loans;
         CREATE SEQUENCE counter;
         CREATE FUNCTION of(little) RETURNS INTEGER LANGUAGE sql AS 'SELECT 1';",
    );
    let at = at(&database);
    for _ in 0..2 {
        all.migrate(&at).await.expect("it is to be migrated");
        assert!(all.reset(&at).await.expect("it is to be emptied"));
    }
    run(
        &database.url(),
        &[
            "CREATE SCHEMA others".to_owned(),
            "CREATE TABLE others.kept ()".to_owned(),
        ],
    )
    .await;
    all.migrate(&at).await.expect("it is to be migrated");
    all.reset(&at).await.expect("it is to be emptied");
    run(&database.url(), &["TABLE others.kept".to_owned()]).await;
}
