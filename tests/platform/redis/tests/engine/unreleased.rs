//! Places of workspaces that were never released.

use platform_conformance::unreleased::{self, Lives, Place};
use platform_redis::Redis;
use redis::AsyncCommands;

use super::servers;

const LIVES: Lives = Lives {
    first: "redis.call('HSET', KEYS[1] .. 'indexes', 'loan:0', 'a')\n",
    indexed: "redis.call('HSET', KEYS[1] .. 'indexes', 'loan:0', 'b')\n",
    other: "return\n",
    indexes: None,
};

/// What a key of a place that ends so holds of a table.
async fn field(url: &str, key: &str) -> Option<String> {
    let (server, prefix) = url
        .split_once("/?prefix=")
        .or_else(|| url.split_once("?prefix="))
        .expect("a place");
    let client = redis::Client::open(server).expect("a client");
    let connection = client.get_multiplexed_async_connection().await;
    let mut connection = connection.expect("the server");
    let found = connection
        .hget(format!("{{{prefix}}}:{key}"), "loan:0")
        .await;
    found.expect("an answer")
}

#[tokio::test]
async fn indexes_follow_the_description() {
    for server in servers() {
        let url = server.place();
        let place = Place {
            driver: &Redis,
            at: &url.parse().expect("a location"),
        };
        let has = async |name: &str| {
            let indexed = field(&url, "indexed").await.unwrap_or_default();
            indexed.split_whitespace().any(|it| it == name)
        };
        unreleased::indexes_follow_the_description(&place, &LIVES, has).await;
    }
}

#[tokio::test]
async fn another_life_begins_anew() {
    for server in servers() {
        let place = Place {
            driver: &Redis,
            at: &server.place().parse().expect("a location"),
        };
        unreleased::another_life_begins_anew(&place, &LIVES).await;
    }
}

#[tokio::test]
async fn what_is_released_stays() {
    for server in servers() {
        let place = Place {
            driver: &Redis,
            at: &server.place().parse().expect("a location"),
        };
        unreleased::what_is_released_stays(&place, &LIVES).await;
    }
}

/// Who shares the server keeps what is theirs, whatever their prefix begins with.
#[tokio::test]
async fn others_keep_their_keys() {
    for server in servers() {
        let url = server.place();
        let others = format!("{url}x");
        for url in [&url, &others] {
            let place = Place {
                driver: &Redis,
                at: &url.parse().expect("a location"),
            };
            unreleased::what_is_released_stays(&place, &LIVES).await;
        }
        let database = platform_ports::engine::Database::new(&Redis, &[]).unreleased(&[]);
        let at = url.parse().expect("a location");
        assert!(database.reset(&at).await.expect("it is to be emptied"));
        assert_eq!(field(&url, "indexes").await, None);
        assert_eq!(field(&others, "indexes").await.as_deref(), Some("a"));
    }
}
