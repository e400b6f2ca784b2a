//! What is said of a server that is wrong or away: the variable, the host, what to do.

use super::proxy::Proxy;
use super::{Kind, Own, Running, free_port};
use crate::domain;
use crate::process::run;

/// What nobody may read.
const SECRET: &str = "s3cret";

/// All of these are in a message, and the secret is not.
fn says(kind: Kind, message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{kind:?}: `{part}` in {message}");
    }
    assert!(!message.contains(SECRET), "{kind:?}: {message}");
}

#[test]
fn a_server_that_is_not_named_is_asked_for() {
    let place = domain::place();
    for kind in Kind::ALL {
        let (code, _, error) = run(&mut kind.service(place.path(), None, ""));
        assert_eq!(code, Some(2), "{kind:?}: {error}");
        let variable = format!("`{}` is not set", kind.variable());
        let example = format!("`{}://", kind.scheme());
        says(*kind, &error, &[&variable, &example]);
    }
}

#[test]
fn a_location_that_is_none_is_refused() {
    let place = domain::place();
    for kind in Kind::ALL {
        let scheme = kind.scheme();
        let wrong = [
            // Not of the form of a location at all.
            (2, SECRET.to_owned()),
            // A host that is none, a place that is none, no host, another kind of server.
            (
                1,
                format!("{scheme}://user:{SECRET}@:x:y/?mechanism={SECRET}"),
            ),
            (1, format!("{scheme}:{SECRET}")),
            (1, format!("{scheme}:///bank?x={SECRET}")),
            (1, format!("mysql://user:{SECRET}@host/bank")),
        ];
        for (expected, at) in wrong {
            let (code, _, error) = run(&mut kind.service(place.path(), Some(&at), "migrate"));
            // The broker is not asked for when the database is migrated.
            let (code, error) = match (kind.variable(), code) {
                ("BROKER_URL", Some(0)) => {
                    let (code, _, error) = run(&mut kind.service(place.path(), Some(&at), ""));
                    (code, error)
                }
                (_, code) => (code, error),
            };
            assert_eq!(code, Some(expected), "{kind:?}: {at}: {error}");
            says(*kind, &error, &[&format!("`{}`", kind.variable())]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_waited_for() {
    for kind in Kind::ALL {
        let Some((access, server)) = kind.served() else {
            continue;
        };
        let (place, own) = (domain::place(), Own::new(*kind));
        let port = free_port();
        let host = format!("127.0.0.1:{port}");
        let at = own.at(&access, &host);
        let mut running = Running::start(kind.service(place.path(), Some(&at), ""));
        let reason = running.waits_for(&host).await;
        let variable = format!("`{}` says where it is", kind.variable());
        says(*kind, &reason, &[&variable]);
        let lives = running.client.get("/health/live").await;
        assert_eq!(lives.expect("it lives").status, 200);
        let _proxy = Proxy::open(port, &server).await;
        running.is_ready().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_server_can_be_stopped() {
    for kind in Kind::ALL {
        let place = domain::place();
        let host = format!("127.0.0.1:{}", free_port());
        let at = kind.at("", &host, "none");
        let mut running = Running::start(kind.service(place.path(), Some(&at), ""));
        running.waits_for(&host).await;
        running.signal("TERM");
        let status = running.child.wait().expect("its end");
        assert_eq!(status.code(), Some(0), "{kind:?}: {}", running.written());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_kind_is_told_apart() {
    for kind in Kind::ALL {
        for other in Kind::ALL.iter().filter(|other| *other != kind) {
            let Some((_, server)) = other.served() else {
                continue;
            };
            let place = domain::place();
            let at = kind.at(&format!("user:{SECRET}@"), &server, "none");
            let mut running = Running::start(kind.service(place.path(), Some(&at), ""));
            let said = running.refuses_or_waits().await;
            let variable = format!("`{}`", kind.variable());
            says(*kind, &said, &[&server, &variable]);
        }
    }
}

#[test]
fn a_stranger_on_postgres_is_refused() {
    let kind = Kind::Postgres;
    let Some((access, server)) = kind.served() else {
        return;
    };
    let place = domain::place();
    let wrong = format!("postgres://nobody:{SECRET}@{server}/postgres");
    let (code, _, error) = run(&mut kind.service(place.path(), Some(&wrong), ""));
    assert_eq!(code, Some(1), "{error}");
    let advice = "check user, password, database";
    says(
        kind,
        &error,
        &["`DATABASE_URL`", &server, "`nobody`", advice],
    );
    let missing = format!("postgres://{access}{server}/nothing_of_this_name");
    let (code, _, error) = run(&mut kind.service(place.path(), Some(&missing), ""));
    assert_eq!(code, Some(1), "{error}");
    let name = "nothing_of_this_name";
    says(kind, &error, &["`DATABASE_URL`", &server, name, advice]);
}

#[test]
fn a_stranger_on_redis_is_refused() {
    let kind = Kind::Redis;
    let Some((_, server)) = kind.served() else {
        return;
    };
    let place = domain::place();
    let wrong = kind.at(&format!("nobody:{SECRET}@"), &server, "none");
    let (code, _, error) = run(&mut kind.service(place.path(), Some(&wrong), ""));
    assert_eq!(code, Some(1), "{error}");
    let advice = "check user, password";
    says(kind, &error, &["`DATABASE_URL`", &server, advice]);
}

#[test]
fn a_redis_that_forgets_is_refused() {
    use platform_support::redis::server::{Own as Server, Settings};
    let kind = Kind::Redis;
    if kind.served().is_none() {
        return;
    }
    let place = domain::place();
    let own = Server::start(Settings {
        append: "no",
        ..Settings::default()
    });
    let (host, port) = own.address();
    let server = format!("{host}:{port}");
    let at = kind.at("", &server, "none");
    let (code, _, error) = run(&mut kind.service(place.path(), Some(&at), ""));
    assert_eq!(code, Some(1), "{error}");
    let parts = ["`DATABASE_URL`", &server, "`appendonly` is `no`", "set it"];
    says(kind, &error, &parts);
}
