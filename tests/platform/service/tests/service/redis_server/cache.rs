//! Versions, marks, lateness, ends of entries.

use std::time::{Duration, Instant};

use platform_contract::schema::{Column, Kind, Schema};
use platform_contract::value::{Timestamp, Uuid};
use platform_ports::cache::{Cache, CacheLookup, LookupTime};
use platform_ports::engine::Stored;
use platform_ports::outage::{Dependency, Outage};
use platform_redis::RedisCache;
use serde_json::{Map, json};

use super::place;
use platform_support::redis::server::{Own, Settings};
use platform_support::servers::server;

const fn schema(columns: &'static [Column]) -> Schema {
    Schema {
        name: "thing",
        table: "things",
        columns,
        collections: &[],
        unique: &[],
        referenced_by: &[],
        shard_by: None,
        generations: false,
    }
}

static THING: Schema = schema(&[Column::new("name", Kind::Text)]);

/// The same in another version of the program.
static OTHER: Schema = schema(&[
    Column::new("name", Kind::Text),
    Column::new("size", Kind::Int).optional(),
]);

fn row(id: Uuid, version: u64) -> Stored {
    let members = json!({ "name": format!("ä:\n{version}") });
    Stored {
        id,
        version,
        created_at: Timestamp::from_microseconds(1).expect("a time"),
        updated_at: Timestamp::now(),
        members: members.as_object().map_or_else(Map::new, Clone::clone),
    }
}

/// The patience of a test with a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

async fn cache(url: &str, lives: Duration, patience: Duration) -> RedisCache {
    let cache =
        RedisCache::open(url, lives, patience, Outage::alone(Dependency::Cache)).expect("a URL");
    let end = Instant::now() + Duration::from_secs(20);
    while cache.get(&THING, Uuid::nil()).await == CacheLookup::Unavailable {
        assert!(Instant::now() < end, "the cache never answers");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    cache
}

/// A server that is a cluster, and one that is none.
async fn caches(lives: Duration) -> Vec<(RedisCache, Option<Own>)> {
    let Some(url) = server("TEST_REDIS_URL") else {
        return Vec::new();
    };
    let own = Own::start(Settings::default());
    let alone = cache(&place(&own.url()), lives, PATIENCE).await;
    vec![
        (cache(&place(&url), lives, PATIENCE).await, None),
        (alone, Some(own)),
    ]
}

/// What is shown, and when it was asked for.
async fn asked(cache: &RedisCache, id: Uuid) -> LookupTime {
    match cache.get(&THING, id).await {
        CacheLookup::Miss(asked) => asked,
        other => panic!("nothing, not {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_older_than_what_is_known_gets_in() {
    for (cache, _own) in caches(Duration::from_secs(30)).await {
        let id = Uuid::now_v7();
        let first = asked(&cache, id).await;
        cache.put(&THING, &row(id, 2), first).await;
        let kept = cache.get(&THING, id).await;
        assert!(
            matches!(&kept, CacheLookup::Hit(row) if row.version == 2),
            "{kept:?}"
        );
        cache.put(&THING, &row(id, 1), first).await;
        assert_eq!(cache.get(&THING, id).await, kept);
        // What was known already is no news; what was not hides the row, and keeps older ones out.
        cache.invalidate(&THING, id, 2).await.expect("an answer");
        assert_eq!(cache.get(&THING, id).await, kept);
        cache.invalidate(&THING, id, 10).await.expect("an answer");
        let second = asked(&cache, id).await;
        cache.put(&THING, &row(id, 2), second).await;
        cache.put(&THING, &row(id, 9), second).await;
        asked(&cache, id).await;
        cache.invalidate(&THING, id, 9).await.expect("an answer");
        let ten = row(id, 10);
        cache.put(&THING, &ten, second).await;
        assert_eq!(cache.get(&THING, id).await, CacheLookup::Hit(ten));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_does_not_get_in() {
    for (cache, _own) in caches(Duration::from_secs(30)).await {
        let id = Uuid::now_v7();
        let now = asked(&cache, id).await.millis();
        cache
            .put(&THING, &row(id, 1), LookupTime::at(now - 5_500))
            .await;
        asked(&cache, id).await;
        cache
            .put(&THING, &row(id, 1), LookupTime::at(now - 100))
            .await;
        assert!(matches!(cache.get(&THING, id).await, CacheLookup::Hit(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_known_for_longer_than_its_row() {
    for (cache, _own) in caches(Duration::from_secs(2)).await {
        let id = Uuid::now_v7();
        let first = asked(&cache, id).await;
        cache.put(&THING, &row(id, 3), first).await;
        assert!(matches!(cache.get(&THING, id).await, CacheLookup::Hit(_)));
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        asked(&cache, id).await;
        cache.put(&THING, &row(id, 2), first).await;
        asked(&cache, id).await;
        cache.put(&THING, &row(id, 3), first).await;
        assert!(matches!(cache.get(&THING, id).await, CacheLookup::Hit(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_another_schema_is_none() {
    for (cache, _own) in caches(Duration::from_secs(30)).await {
        let id = Uuid::now_v7();
        let first = asked(&cache, id).await;
        cache.put(&THING, &row(id, 1), first).await;
        let other = cache.get(&OTHER, id).await;
        assert!(matches!(other, CacheLookup::Miss(_)), "{other:?}");
        // Whichever program changes it tells both.
        cache.invalidate(&OTHER, id, 2).await.expect("an answer");
        asked(&cache, id).await;
    }
}

/// A server that is held up costs one request its patience, and the others nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_is_passed_by() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let own = Own::start(Settings::default());
    let (lives, patience) = (Duration::from_secs(30), Duration::from_millis(100));
    let cache = cache(&place(&own.url()), lives, patience).await;
    let id = Uuid::now_v7();
    own.signal("STOP");
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(cache.get(&THING, id).await, CacheLookup::Unavailable);
        assert!(cache.invalidate(&THING, id, 1).await.is_err());
    }
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    own.signal("CONT");
    let end = Instant::now() + Duration::from_secs(20);
    while cache.get(&THING, id).await == CacheLookup::Unavailable {
        assert!(Instant::now() < end, "it is never asked again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn urls_that_make_no_sense_are_refused() {
    for url in ["redis://127.0.0.1:1/", "nowhere"] {
        let opened = RedisCache::open(url, PATIENCE, PATIENCE, Outage::alone(Dependency::Cache));
        assert!(opened.is_err(), "{url}");
    }
}
