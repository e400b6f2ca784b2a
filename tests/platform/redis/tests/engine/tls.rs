//! The way to a server over TLS.

use platform_ports::engine::{Engine, OpenError};
use platform_redis::migrate;

use super::{MIGRATIONS, engine, place};
use platform_conformance::engine::fixture::{id, recorded, thing};
use platform_support::redis::server::{Own, Settings};
use platform_support::servers::server;

fn with_tls(clients: &'static str) -> Settings {
    Settings {
        tls: Some(clients),
        ..Settings::default()
    }
}

async fn refused(url: &str) -> OpenError {
    let migrated = migrate(url, MIGRATIONS).await;
    migrated.expect_err("the server is to be refused")
}

#[tokio::test]
async fn a_server_is_spoken_to_in_secret() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    for cluster in [false, true] {
        let own = Own::start(Settings {
            cluster,
            ..with_tls("no")
        });
        let url = format!("{}&ca_file={}", place(&own.url()), own.file("ca.pem"));
        let engine = engine(&url).await;
        let made = recorded(thing(id(1), 1, "a"));
        engine.commit(made).await.expect("it is to be committed");
        let waiting = engine.outbox(0, 10).await.expect("an answer");
        assert_eq!(waiting.len(), 1);
        let plain = place(&own.url().replace("rediss", "redis"));
        let error = refused(&plain).await;
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
    }
}

#[tokio::test]
async fn who_is_not_trusted_is_refused() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let own = Own::start(with_tls("no"));
    let nobody = place(&own.url());
    let stranger = format!("{nobody}&ca_file={}", own.file("stranger.pem"));
    let ca = own.file("ca.pem");
    let other_name = format!("{nobody}&ca_file={ca}").replace("127.0.0.1", "localhost");
    for url in [nobody, stranger, other_name] {
        let error = refused(&url).await;
        let is_named = matches!(&error, OpenError::Unusable(why) if why.contains("ca_file"));
        assert!(is_named, "{url}: {error}");
    }
}

#[tokio::test]
async fn a_server_may_ask_who_comes() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let own = Own::start(with_tls("yes"));
    let unknown = format!("{}&ca_file={}", place(&own.url()), own.file("ca.pem"));
    refused(&unknown).await;
    let [certificate, key] = ["client.pem", "client.key"].map(|name| own.file(name));
    let known = format!("{unknown}&certificate_file={certificate}&key_file={key}");
    let engine = engine(&known).await;
    engine.now().await.expect("an answer");
}

#[tokio::test]
async fn what_is_said_of_tls_makes_sense() {
    let wrong = [
        (
            "rediss://127.0.0.1:1/?prefix=a.b&ca_file=/none.pem",
            "/none.pem",
        ),
        (
            "redis://127.0.0.1:1/?prefix=a.b&ca_file=/dev/null",
            "rediss:",
        ),
        (
            "rediss://127.0.0.1:1/?prefix=a.b&key_file=/dev/null",
            "go together",
        ),
        (
            "rediss://127.0.0.1:1/?prefix=a.b&ca_fle=/dev/null",
            "ca_fle",
        ),
    ];
    for (url, what) in wrong {
        let error = refused(url).await;
        let is_named = matches!(&error, OpenError::Unusable(why) if why.contains(what));
        assert!(is_named, "{url}: {error}");
    }
}
