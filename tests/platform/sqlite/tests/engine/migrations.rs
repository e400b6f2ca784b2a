//! Opening and migrating files.

use std::fs;
use std::thread;

use platform_ports::engine::{Migration, OpenError, Options};
use platform_sqlite::{SqliteEngine, migrate};
use rusqlite::Connection;

use crate::{Database, MIGRATIONS};

const FIRST: Migration = Migration {
    name: "0001_first",
    text: "CREATE TABLE first (id TEXT PRIMARY KEY) STRICT;\nCREATE INDEX i ON first (id);",
};

const SECOND: Migration = Migration {
    name: "0002_second",
    text: "CREATE TABLE second (id TEXT REFERENCES first (id)) STRICT;",
};

fn open(database: &Database, migrations: &[Migration]) -> Result<SqliteEngine, OpenError> {
    SqliteEngine::open(&database.path(), migrations, Options::default())
}

fn refused(result: Result<Vec<String>, OpenError>) -> OpenError {
    result.expect_err("the migration is to be refused")
}

#[tokio::test]
async fn applied_once_and_in_order() {
    let database = Database::empty();
    let names = migrate(&database.path(), &[FIRST]).expect("it is to be applied");
    assert_eq!(names.last().map(String::as_str), Some("0001_first"));
    let names = migrate(&database.path(), &[FIRST, SECOND]).expect("it is to be applied");
    assert_eq!(names, ["0002_second"]);
    let names = migrate(&database.path(), &[FIRST, SECOND]).expect("nothing is to be done");
    assert!(names.is_empty());
    open(&database, &[FIRST, SECOND]).expect("it is to be opened");
}

#[tokio::test]
async fn what_is_not_migrated_is_not_opened() {
    let database = Database::empty();
    assert!(matches!(
        open(&database, &[FIRST]),
        Err(OpenError::Pending(_))
    ));
    migrate(&database.path(), &[FIRST]).expect("it is to be applied");
    let error = open(&database, &[FIRST, SECOND])
        .err()
        .expect("one is not applied");
    assert!(
        matches!(&error, OpenError::Pending(name) if name == "0002_second"),
        "{error}"
    );
}

#[test]
fn an_edited_migration_is_refused() {
    let database = Database::empty();
    migrate(&database.path(), &[FIRST]).expect("it is to be applied");
    let text = "CREATE TABLE first (id TEXT PRIMARY KEY, more TEXT) STRICT;";
    let error = refused(migrate(&database.path(), &[Migration { text, ..FIRST }]));
    assert!(
        matches!(&error, OpenError::Edited(name) if name == "0001_first"),
        "{error}"
    );
    let windows: &'static str = FIRST.text.replace('\n', "\r\n").leak();
    migrate(
        &database.path(),
        &[Migration {
            text: windows,
            ..FIRST
        }],
    )
    .expect("no edit");
}

#[test]
fn a_newer_database_is_refused() {
    let database = Database::empty();
    migrate(&database.path(), &[FIRST, SECOND]).expect("they are to be applied");
    let error = refused(migrate(&database.path(), &[FIRST]));
    assert!(
        error
            .to_string()
            .starts_with("this database is newer than this program"),
        "{error}"
    );
    assert!(matches!(
        open(&database, &[FIRST]),
        Err(OpenError::Newer(_))
    ));
}

#[test]
fn a_failed_migration_leaves_nothing() {
    let broken = [
        "CREATE TABLE half (id TEXT) STRICT; CREATE TABLE first (id TEXT) STRICT;",
        "CREATE TABLE half (id TEXT) STRICT; COMMIT;",
        "CREATE TABLE half (id TEXT REFERENCES first (id)) STRICT; INSERT INTO half VALUES ('x');",
    ];
    for text in broken {
        let database = Database::empty();
        let bad = Migration {
            name: "0002_bad",
            text,
        };
        let error = refused(migrate(&database.path(), &[FIRST, bad]));
        assert!(
            matches!(&error, OpenError::Failed { name, .. } if name == "0002_bad"),
            "{error}"
        );
        let connection = Connection::open(database.path()).expect("the file is there");
        assert!(
            connection
                .table_exists(None::<&str>, "first")
                .expect("an answer")
        );
        if !text.contains("COMMIT") {
            assert!(
                !connection
                    .table_exists(None::<&str>, "half")
                    .expect("an answer"),
                "{text}"
            );
        }
    }
}

#[test]
fn many_instances_migrate_at_once() {
    let database = Database::empty();
    let applied: Vec<String> = thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| migrate(&database.path(), MIGRATIONS)))
            .collect();
        all.into_iter()
            .flat_map(|one| one.join().expect("no panic").expect("it is to be migrated"))
            .collect()
    });
    assert_eq!(
        applied
            .iter()
            .filter(|name| *name == "0001_initial")
            .count(),
        1
    );
}

#[test]
fn paths_that_cannot_be_used() {
    let database = Database::empty();
    let folder = database.path();
    fs::create_dir(&folder).expect("a folder");
    let error = refused(migrate(&folder, &[]));
    assert!(error.to_string().contains("it is a folder"), "{error}");
    let error = refused(migrate(&folder.join("missing/test.db"), &[]));
    assert!(
        error.to_string().contains("its folder cannot be used"),
        "{error}"
    );
    let garbage = folder.join("garbage.db");
    fs::write(&garbage, "no database ".repeat(1_000)).expect("a file");
    let error = refused(migrate(&garbage, &[]));
    assert!(error.to_string().contains("not a database"), "{error}");
    assert!(
        fs::read(&garbage)
            .expect("the file")
            .starts_with(b"no database"),
        "left alone"
    );

    let mut permissions = fs::metadata(&folder).expect("the folder").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&folder, permissions.clone()).expect("the owner may");
    let error = refused(migrate(&folder.join("test.db"), &[]));
    assert!(error.to_string().contains("read-only"), "{error}");
    #[expect(
        clippy::permissions_set_readonly_false,
        reason = "the folder is to be removable"
    )]
    permissions.set_readonly(false);
    fs::set_permissions(&folder, permissions).expect("the owner may");
}
