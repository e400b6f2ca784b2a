//! Migrating and opening places.

use platform_ports::engine::{Migration, OpenError, Options};
use platform_redis::{RedisEngine, migrate};

use super::{MIGRATIONS, place, servers};
use platform_support::redis::server::{Own, Settings};
use platform_support::servers::server;

const FIRST: Migration = Migration {
    name: "0001_first",
    text: "redis.call('INCR', KEYS[1] .. 'first')\nredis.call('PERSIST', KEYS[1] .. 'first')",
};

const SECOND: Migration = Migration {
    name: "0002_second",
    text: "redis.call('RENAME', KEYS[1] .. 'first', KEYS[1] .. 'second')",
};

async fn open(url: &str, migrations: &[Migration]) -> Result<RedisEngine, OpenError> {
    RedisEngine::open(url, migrations, Options::default()).await
}

fn refused(result: Result<Vec<String>, OpenError>) -> OpenError {
    result.expect_err("the migration is to be refused")
}

#[tokio::test]
async fn applied_once_and_in_order() {
    for server in servers() {
        let url = server.place();
        let names = migrate(&url, &[FIRST]).await.expect("it is to be applied");
        assert_eq!(names, ["runtime/0001", "runtime/0002", "0001_first"]);
        let both = [FIRST, SECOND];
        let names = migrate(&url, &both).await.expect("it is to be applied");
        assert_eq!(names, ["0002_second"]);
        let names = migrate(&url, &both).await.expect("nothing is to be done");
        assert!(names.is_empty());
        open(&url, &both).await.expect("it is to be opened");
    }
}

#[tokio::test]
async fn what_is_not_migrated_is_not_opened() {
    for server in servers() {
        let url = server.place();
        let error = open(&url, &[FIRST]).await.err();
        assert!(matches!(error, Some(OpenError::Pending(_))));
        migrate(&url, &[FIRST]).await.expect("it is to be applied");
        let error = open(&url, &[FIRST, SECOND])
            .await
            .err()
            .expect("one is not applied");
        assert!(
            matches!(&error, OpenError::Pending(name) if name == "0002_second"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    for server in servers() {
        let url = server.place();
        migrate(&url, &[FIRST]).await.expect("it is to be applied");
        let edited = Migration {
            text: "return",
            ..FIRST
        };
        let error = refused(migrate(&url, &[edited]).await);
        assert!(
            matches!(&error, OpenError::Edited(name) if name == "0001_first"),
            "{error}"
        );
        let windows: &'static str = FIRST.text.replace('\n', "\r\n").leak();
        let same = Migration {
            text: windows,
            ..FIRST
        };
        migrate(&url, &[same]).await.expect("no edit");
    }
}

#[tokio::test]
async fn a_newer_place_is_refused() {
    for server in servers() {
        let url = server.place();
        migrate(&url, &[FIRST, SECOND])
            .await
            .expect("they are to be applied");
        let error = refused(migrate(&url, &[FIRST]).await);
        assert!(
            error
                .to_string()
                .starts_with("this database is newer than this program"),
            "{error}"
        );
        let opened = open(&url, &[FIRST]).await;
        assert!(matches!(opened, Err(OpenError::Newer(_))));
    }
}

/// A failed one is not noted, leaves no functions, and can be mended.
#[tokio::test]
async fn a_failed_migration_can_be_mended() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let own = Own::start(Settings::default());
    let broken = [
        "this is no Lua",
        "error('it has looked before')",
        "return redis.error_reply('it has looked before')",
        "redis.call('RENAME', KEYS[1] .. 'none', KEYS[1] .. 'other')",
    ];
    for text in broken {
        let url = place(&own.url());
        let bad = Migration {
            name: "0002_bad",
            text,
        };
        let error = refused(migrate(&url, &[FIRST, bad]).await);
        assert!(
            matches!(&error, OpenError::Failed { name, .. } if name == "0002_bad"),
            "{error}"
        );
        let libraries = own.command(&["function", "list"]);
        assert!(!libraries.contains("microdb_migration"), "{libraries}");
        let mended = Migration {
            text: "return",
            ..bad
        };
        let names = migrate(&url, &[FIRST, mended]).await.expect("it is mended");
        assert_eq!(names, ["0002_bad"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_instances_migrate_at_once() {
    for server in servers() {
        let url = server.place();
        let all: Vec<_> = (0..8)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move { migrate(&url, &[FIRST, SECOND]).await })
            })
            .collect();
        let mut applied = Vec::new();
        for one in all {
            applied.extend(one.await.expect("no panic").expect("it is to be migrated"));
        }
        applied.sort_unstable();
        assert_eq!(
            applied,
            ["0001_first", "0002_second", "runtime/0001", "runtime/0002"]
        );
    }
}

/// The library of functions may go, with a node that never had it or by somebody's hand.
#[tokio::test]
async fn a_lost_library_is_loaded_again() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    use platform_ports::engine::Engine;
    let own = Own::start(Settings::default());
    let url = place(&own.url());
    let engine = super::engine(&url).await;
    own.command(&["function", "flush"]);
    engine.now().await.expect("the library is loaded again");
    open(&url, MIGRATIONS).await.expect("it is to be opened");
}
