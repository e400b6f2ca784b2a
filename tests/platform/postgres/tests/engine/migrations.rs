//! Opening and migrating databases.

use platform_ports::engine::{Migration, OpenError, Options};
use platform_postgres::{PostgresEngine, migrate, own_database};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::task::JoinSet;

use super::{Database, MIGRATIONS, administrator, run, url_as};

const FIRST: Migration = Migration {
    name: "0001_first",
    text: "CREATE TABLE first (id TEXT PRIMARY KEY);\nCREATE INDEX i ON first (id);",
};

const SECOND: Migration = Migration {
    name: "0002_second",
    text: "CREATE TABLE second (id TEXT REFERENCES first (id));",
};

async fn open(database: &Database, migrations: &[Migration]) -> Result<PostgresEngine, OpenError> {
    PostgresEngine::open(&database.url(), migrations, Options::default()).await
}

async fn refused(database: &Database, migrations: &[Migration]) -> OpenError {
    let migrated = migrate(&database.url(), migrations).await;
    migrated.expect_err("the migration is to be refused")
}

async fn has(database: &Database, table: &str) -> bool {
    let mut connection = PgConnection::connect(&database.url())
        .await
        .expect("the database");
    let sql = format!("SELECT 1 FROM pg_class WHERE relname = '{table}'");
    let found = connection.fetch_optional(AssertSqlSafe(sql)).await;
    found.expect("an answer").is_some()
}

#[tokio::test]
async fn applied_once_and_in_order() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::empty(&administrator).await;
    let url = database.url();
    let names = migrate(&url, &[FIRST]).await.expect("it is to be applied");
    assert_eq!(names, ["runtime/0001", "0001_first"]);
    let names = migrate(&url, &[FIRST, SECOND])
        .await
        .expect("it is to be applied");
    assert_eq!(names, ["0002_second"]);
    let names = migrate(&url, &[FIRST, SECOND])
        .await
        .expect("nothing is to be done");
    assert!(names.is_empty());
    open(&database, &[FIRST, SECOND])
        .await
        .expect("it is to be opened");
}

/// What moves rows between tables would take for ever row by row.
#[tokio::test]
async fn planned_as_the_server_sees_fit() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::empty(&administrator).await;
    let join = Migration {
        name: "0001_join",
        text: "CREATE TABLE joins AS SELECT current_setting('enable_hashjoin') AS hash;
               ALTER TABLE joins ADD CHECK (hash = 'on');",
    };
    migrate(&database.url(), &[join])
        .await
        .expect("it is to be applied");
}

#[tokio::test]
async fn what_is_not_migrated_is_not_opened() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::empty(&administrator).await;
    assert!(matches!(
        open(&database, &[FIRST]).await,
        Err(OpenError::Pending(_))
    ));
    migrate(&database.url(), &[FIRST])
        .await
        .expect("it is to be applied");
    let error = open(&database, &[FIRST, SECOND])
        .await
        .err()
        .expect("one is not applied");
    assert!(
        matches!(&error, OpenError::Pending(name) if name == "0002_second"),
        "{error}"
    );
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::empty(&administrator).await;
    migrate(&database.url(), &[FIRST])
        .await
        .expect("it is to be applied");
    let text = "CREATE TABLE first (id TEXT PRIMARY KEY, more TEXT);";
    let error = refused(&database, &[Migration { text, ..FIRST }]).await;
    assert!(
        matches!(&error, OpenError::Edited(name) if name == "0001_first"),
        "{error}"
    );
    let windows: &'static str = FIRST.text.replace('\n', "\r\n").leak();
    let windows = Migration {
        text: windows,
        ..FIRST
    };
    migrate(&database.url(), &[windows]).await.expect("no edit");
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::empty(&administrator).await;
    migrate(&database.url(), &[FIRST, SECOND])
        .await
        .expect("they are to be applied");
    let error = refused(&database, &[FIRST]).await;
    assert!(
        matches!(&error, OpenError::Newer(name) if name == "0002_second"),
        "{error}"
    );
    assert!(matches!(
        open(&database, &[FIRST]).await,
        Err(OpenError::Newer(_))
    ));
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing() {
    let Some(administrator) = administrator() else {
        return;
    };
    let broken = [
        "CREATE TABLE half (id TEXT); CREATE TABLE first (id TEXT);",
        "CREATE TABLE half (id TEXT); COMMIT;",
        "CREATE TABLE half (id TEXT REFERENCES first (id)); INSERT INTO half VALUES ('x');",
    ];
    for text in broken {
        let database = Database::empty(&administrator).await;
        let bad = Migration {
            name: "0002_bad",
            text,
        };
        let error = refused(&database, &[FIRST, bad]).await;
        assert!(
            matches!(&error, OpenError::Failed { name, .. } if name == "0002_bad"),
            "{error}"
        );
        assert!(has(&database, "first").await);
        assert_eq!(
            has(&database, "half").await,
            text.contains("COMMIT"),
            "{text}"
        );
    }
}

/// An index can be made while others write: not in a transaction.
#[tokio::test]
async fn an_index_is_made_concurrently() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::empty(&administrator).await;
    let index = Migration {
        name: "0002_index",
        text: "-- no transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS second ON first (id);",
    };
    let names = migrate(&database.url(), &[FIRST, index])
        .await
        .expect("it is to be applied");
    assert_eq!(names.last().map(String::as_str), Some("0002_index"));
    assert!(has(&database, "second").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_instances_migrate_at_once() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::empty(&administrator).await;
    let mut instances = JoinSet::new();
    for _ in 0..8 {
        let url = database.url();
        instances.spawn(async move { migrate(&url, MIGRATIONS).await });
    }
    let mut applied = Vec::new();
    while let Some(one) = instances.join_next().await {
        applied.extend(one.expect("no panic").expect("it is to be migrated"));
    }
    applied.sort_unstable();
    assert_eq!(applied, ["0001_initial", "runtime/0001"]);
}

#[tokio::test]
async fn what_is_not_durable_is_refused() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let off = format!(
        "ALTER DATABASE {} SET synchronous_commit = off",
        database.name()
    );
    run(&administrator, &[off]).await;
    let error = open(&database, MIGRATIONS)
        .await
        .err()
        .expect("it is not durable");
    assert!(
        matches!(&error, OpenError::NotDurable(why) if why.contains("synchronous_commit")),
        "{error}"
    );
    let local = format!(
        "ALTER DATABASE {} SET synchronous_commit = local",
        database.name()
    );
    run(&administrator, &[local]).await;
    open(&database, MIGRATIONS).await.expect("it is durable");
}

/// Who is not there is told from who does not let us in, and neither repeats the password.
#[tokio::test]
async fn servers_that_cannot_be_used() {
    let Some(administrator) = administrator() else {
        return;
    };
    let nobody = "postgres://u:secret@127.0.0.1:1/d";
    let error = migrate(nobody, &[]).await.expect_err("nobody is there");
    assert!(
        matches!(&error, OpenError::Unreachable { server, .. } if server == "127.0.0.1:1"),
        "{error}"
    );
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = migrate("postgres://u:secret@[", &[])
        .await
        .expect_err("no URL");
    assert!(matches!(error, OpenError::Unusable(_)), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    let database = Database::empty(&administrator).await;
    let missing = database.url().replace(database.name(), "microdb_missing");
    let error = migrate(&missing, &[]).await.expect_err("no database");
    assert!(
        matches!(&error, OpenError::Unusable(why) if why.contains("microdb_missing")),
        "{error}"
    );
}

/// The login of a context sees its own database, and the server keeps it out of others.
#[tokio::test]
async fn a_login_is_kept_out_of_the_databases_of_others() {
    let Some(administrator) = administrator() else {
        return;
    };
    let names = ["one", "other"].map(|name| format!("microdb_own_{}_{name}", std::process::id()));
    for name in &names {
        run(&administrator, &own_database(name, "it's \\ secret")).await;
    }
    let [one, other] = &names;
    let own = migrate(
        &url_as(&administrator, one, one, "it's \\ secret"),
        MIGRATIONS,
    )
    .await;
    let own_engine = PostgresEngine::open(
        &url_as(&administrator, one, one, "it's \\ secret"),
        MIGRATIONS,
        Options::default(),
    )
    .await
    .map(|_| ());
    let foreign = migrate(
        &url_as(&administrator, other, one, "it's \\ secret"),
        MIGRATIONS,
    )
    .await;
    for name in &names {
        let gone = [
            format!("DROP DATABASE {name} WITH (FORCE)"),
            format!("DROP ROLE {name}"),
        ];
        run(&administrator, &gone).await;
    }
    own.expect("its own database");
    own_engine.expect("its own database");
    let error = foreign.expect_err("another's database");
    assert!(
        matches!(&error, OpenError::Unusable(why) if why.contains("permission denied")),
        "{error}"
    );
}
