//! What does not keep its answers is refused; what is not there is told apart from what is wrong.

use platform_ports::engine::{Engine, OpenError, Options};
use platform_redis::{RedisEngine, migrate};

use super::{MIGRATIONS, engine, place};
use platform_conformance::engine::fixture::{id, recorded, thing};
use platform_support::redis::server::{Own, Settings};
use platform_support::servers::server;

async fn refused(url: &str) -> OpenError {
    migrate(url, MIGRATIONS)
        .await
        .expect_err("the server is to be refused")
}

#[tokio::test]
async fn what_may_lose_answers_is_refused() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let usual = Settings::default();
    let losing = [
        (
            "appendonly",
            Settings {
                append: "no",
                ..usual
            },
        ),
        (
            "appendfsync",
            Settings {
                sync: "everysec",
                ..usual
            },
        ),
        (
            "maxmemory-policy",
            Settings {
                policy: "allkeys-lru",
                ..usual
            },
        ),
    ];
    for (name, settings) in losing {
        let own = Own::start(settings);
        let url = place(&own.url());
        let error = refused(&url).await;
        let named = matches!(&error, OpenError::NotDurable(why) if why.contains(name));
        assert!(named, "{error}");
        engine(&format!("{url}&durability=relaxed")).await;
        let opened = RedisEngine::open(&url, MIGRATIONS, Options::default()).await;
        assert!(matches!(opened, Err(OpenError::NotDurable(_))));
    }
}

#[tokio::test]
async fn what_is_forbidden_to_ask_is_asked_otherwise() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let own = Own::start(Settings::default());
    own.command(&[
        "acl", "setuser", "service", "on", ">s3cret", "~*", "+@all", "-config",
    ]);
    let url = own.url().replace("//", "//service:s3cret@");
    engine(&place(&url)).await;
    own.command(&["config", "set", "maxmemory-policy", "allkeys-lru"]);
    let error = refused(&place(&url)).await;
    let named = matches!(&error, OpenError::NotDurable(why) if why.contains("maxmemory-policy"));
    assert!(named, "{error}");
    own.command(&["config", "set", "maxmemory-policy", "noeviction"]);
    own.command(&["config", "set", "appendonly", "no"]);
    let error = refused(&place(&url)).await;
    let named = matches!(&error, OpenError::NotDurable(why) if why.contains("appendonly"));
    assert!(named, "{error}");
}

#[tokio::test]
async fn who_is_not_there_is_unreachable() {
    let nowhere = "redis://user:s3cret@127.0.0.1:1/?prefix=a.b";
    let error = refused(nowhere).await;
    let is_named =
        matches!(&error, OpenError::Unreachable { server, .. } if server == "127.0.0.1:1");
    assert!(is_named, "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test]
async fn what_is_no_url_is_unusable() {
    let wrong = [
        "redis://u:s3cret@127.0.0.1:1/",
        "redis://u:s3cret@127.0.0.1:1/?prefix=",
        "redis://u:s3cret@127.0.0.1:1/?prefix=a}b",
        "redis://u:s3cret@127.0.0.1:1/?prefix=a.b&durability=none",
        "redis://u:s3cret@127.0.0.1:1/?prefix=a.b&node=nobody",
        "redis://u:s3cret@127.0.0.1:1/none?prefix=a.b",
        "postgres://u:s3cret@127.0.0.1:1/?prefix=a.b",
    ];
    for url in wrong {
        let error = refused(url).await;
        assert!(matches!(error, OpenError::Unusable(_)), "{url}: {error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_no_absence() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let own = Own::start(Settings::default());
    let url = own.url().replace("//", "//nobody:s3cret@");
    let error = refused(&place(&url)).await;
    assert!(matches!(error, OpenError::Unusable(_)), "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

/// Full memory refuses writes, which is not for ever, and lets go on what makes room.
#[tokio::test]
async fn full_memory_is_not_available() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    use platform_ports::engine::{CommitError, EngineError};
    let own = Own::start(Settings::default());
    let engine = engine(&place(&own.url())).await;
    let made = recorded(thing(id(1), 1, "a"));
    engine.commit(made).await.expect("it is to be committed");
    own.command(&["config", "set", "maxmemory", "1"]);
    let error = engine.commit(recorded(thing(id(2), 1, "b"))).await;
    let error = error.expect_err("there is no memory");
    assert!(
        matches!(error, CommitError::Engine(EngineError::Unavailable(_))),
        "{error}"
    );
    let waiting = engine.outbox(0, 10).await.expect("reading goes on");
    let ids = [waiting[0].event.id];
    engine.acknowledge(&ids).await.expect("that makes room");
    own.command(&["config", "set", "maxmemory", "0"]);
    let again = recorded(thing(id(2), 1, "b"));
    engine.commit(again).await.expect("there is memory again");
}
