//! Opening and migrating databases.

use platform_mongodb::{MongodbEngine, migrate};
use platform_ports::engine::{Migration, OpenError, Options};
use tokio::task::JoinSet;

use super::{Database, MIGRATIONS};

const FIRST: Migration = Migration {
    name: "0001_first",
    text: "[{ \"create\": \"first\" },\n { \"createIndexes\": \"first\", \"indexes\": [{ \"key\": { \"b\": 1, \"a\": -1 }, \"name\": \"i\" }] }]",
};

const SECOND: Migration = Migration {
    name: "0002_second",
    text: r#"[{ "create": "second" }]"#,
};

async fn open(database: &Database, migrations: &[Migration]) -> Result<MongodbEngine, OpenError> {
    MongodbEngine::open(&database.url, migrations, Options::default()).await
}

async fn refused(database: &Database, migrations: &[Migration]) -> OpenError {
    let result = migrate(&database.url, migrations).await;
    result.expect_err("the migration is to be refused")
}

async fn applied(database: &Database, migrations: &[Migration]) -> Vec<String> {
    let result = migrate(&database.url, migrations).await;
    result.expect("it is to be migrated")
}

#[tokio::test]
async fn applied_once_and_in_order() {
    let Some(database) = Database::empty() else {
        return;
    };
    let names = applied(&database, &[FIRST]).await;
    assert_eq!(names.last().map(String::as_str), Some("0001_first"));
    assert_eq!(applied(&database, &[FIRST, SECOND]).await, ["0002_second"]);
    assert!(applied(&database, &[FIRST, SECOND]).await.is_empty());
    let engine = open(&database, &[FIRST, SECOND]).await;
    engine.expect("it is to be opened");
    let raw = database.raw().await;
    let first = raw.collection::<mongodb::bson::Document>("first");
    let mut indexes = first.list_indexes().await.expect("an answer");
    let mut found = Vec::new();
    while indexes.advance().await.expect("an answer") {
        let index = indexes.deserialize_current().expect("an index");
        found.push(index.keys.keys().cloned().collect::<Vec<_>>());
    }
    let found = found.into_iter().find(|keys| keys.len() > 1);
    assert_eq!(
        found,
        Some(vec!["b".to_owned(), "a".to_owned()]),
        "the order is kept"
    );
    database.remove().await;
}

#[tokio::test]
async fn what_is_not_migrated_is_not_opened() {
    let Some(database) = Database::empty() else {
        return;
    };
    let error = open(&database, &[FIRST]).await.err();
    assert!(matches!(error, Some(OpenError::Pending(_))));
    applied(&database, &[FIRST]).await;
    let error = open(&database, &[FIRST, SECOND]).await.err();
    assert!(matches!(&error, Some(OpenError::Pending(name)) if name == "0002_second"));
    database.remove().await;
}

#[tokio::test]
async fn edited_and_newer_ones_are_refused() {
    let Some(database) = Database::empty() else {
        return;
    };
    applied(&database, &[FIRST, SECOND]).await;
    let text = r#"[{ "create": "first" }]"#;
    let error = refused(&database, &[Migration { text, ..FIRST }, SECOND]).await;
    assert!(
        matches!(&error, OpenError::Edited(name) if name == "0001_first"),
        "{error}"
    );
    let windows: &'static str = FIRST.text.replace('\n', "\r\n").leak();
    let first = Migration {
        text: windows,
        ..FIRST
    };
    assert!(applied(&database, &[first, SECOND]).await.is_empty());
    let error = refused(&database, &[FIRST]).await;
    assert!(
        matches!(&error, OpenError::Newer(name) if name == "0002_second"),
        "{error}"
    );
    let error = open(&database, &[FIRST]).await.err();
    assert!(matches!(error, Some(OpenError::Newer(_))));
    database.remove().await;
}

#[tokio::test]
async fn a_failed_migration_is_begun_again() {
    let Some(database) = Database::empty() else {
        return;
    };
    let broken = [
        "no JSON",
        r#"[{ "insert": "half", "documents": [{}] }]"#,
        r#"[{ "create": "half" }, { "createIndexes": "half", "indexes": [{ "key": {}, "name": "x" }] }]"#,
    ];
    for text in broken {
        let bad = Migration {
            name: "0002_bad",
            text,
        };
        let error = refused(&database, &[FIRST, bad]).await;
        assert!(
            matches!(&error, OpenError::Failed { name, .. } if name == "0002_bad"),
            "{error}"
        );
    }
    let good = Migration {
        name: "0002_bad",
        text: r#"[{ "create": "half" }, { "drop": "gone" }]"#,
    };
    assert_eq!(applied(&database, &[FIRST, good]).await, ["0002_bad"]);
    database.remove().await;
}

#[tokio::test]
async fn many_instances_migrate_at_once() {
    let Some(database) = Database::empty() else {
        return;
    };
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let url = database.url.clone();
        tasks.spawn(async move {
            migrate(&url, MIGRATIONS)
                .await
                .expect("it is to be migrated")
        });
    }
    let mut names = Vec::new();
    while let Some(done) = tasks.join_next().await {
        names.extend(done.expect("no panic"));
    }
    names.sort_unstable();
    assert_eq!(
        names,
        ["0001_initial", "runtime/0001", "runtime/0002"],
        "each by one of them"
    );
    database.remove().await;
}

#[tokio::test]
async fn less_than_durable_is_refused() {
    let Some(database) = Database::new().await else {
        return;
    };
    for less in ["w=1", "w=0", "journal=false"] {
        let sign = if database.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{sign}{less}", database.url);
        let error = MongodbEngine::open(&url, MIGRATIONS, Options::default())
            .await
            .err();
        assert!(
            matches!(&error, Some(OpenError::NotDurable(why)) if why.contains(less)),
            "{error:?}"
        );
    }
    database.remove().await;
}

#[tokio::test]
async fn what_cannot_be_used_is_told_without_its_password() {
    let nobody = "mongodb://user:s3cret@127.0.0.1:9/name?serverSelectionTimeoutMS=300";
    let error = migrate(nobody, MIGRATIONS)
        .await
        .expect_err("nobody is there");
    assert!(
        matches!(&error, OpenError::Unreachable { server, .. } if server == "127.0.0.1:9"),
        "{error}"
    );
    assert!(!error.to_string().contains("s3cret"), "{error}");
    for url in [
        "mongodb://user:s3cret@127.0.0.1:9",
        "mongodb://user:s3cret@",
        "s3cret",
    ] {
        let error = migrate(url, MIGRATIONS)
            .await
            .expect_err("it is no URL of a database");
        assert!(matches!(error, OpenError::Unusable(_)), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
