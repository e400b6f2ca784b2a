//! What a page costs, by the server's own count.

use std::time::{Duration, Instant};

use platform_ports::engine::{Engine, Find, Migration, WriteSet};
use platform_redis::RedisEngine;
use serde_json::json;

use super::indexes::{INDEXED, PLAIN, opened};
use super::place;
use platform_conformance::engine::fixture::{THING, all, at, id, live, stored};
use platform_support::redis::server::{Own, Settings};
use platform_support::servers::server;

/// A server with so many things in a place of it, of which 1 in 10 is of each group.
async fn with_many(own: &Own, migrations: &[Migration], rows: u64) -> RedisEngine {
    let engine = opened(&place(&own.url()), migrations).await;
    let numbers: Vec<u64> = (1..=rows).collect();
    for some in numbers.chunks(1_000) {
        let saves = some.iter().map(|number| {
            let group = number % 10;
            let sold = at(i64::try_from(number * 7_919 % rows).expect("small"));
            let object = json!({
                "name": number.to_string(), "group": group, "sold": sold, "parts": [],
            });
            live(&THING, 0, stored(id(*number), 1, object))
        });
        let write = WriteSet {
            saves: saves.collect(),
            ..WriteSet::default()
        };
        engine.commit(write).await.expect("it is to be committed");
    }
    engine
}

/// The latest of a group in an hour, ten at a time.
fn latest(after: Option<String>) -> Find {
    Find {
        equals: vec![("group", json!(3))],
        range: Some(("sold", Some(json!(at(100))), None)),
        order: &[("sold", true)],
        limit: 10,
        after,
        ..all(&THING)
    }
}

/// How often the server has looked up a row or something about it, and into how many ranges of
/// indexes, for the first page and for the one after it.
async fn looks(own: &Own, engine: &RedisEngine) -> [u64; 2] {
    own.command(&["config", "resetstat"]);
    let page = engine.find(&latest(None)).await.expect("an answer");
    assert_eq!(page.rows.len(), 10);
    let next = engine.find(&latest(page.next)).await.expect("an answer");
    assert_eq!(next.rows.len(), 10);
    let told = own.command(&["info", "commandstats"]);
    ["hget", "zrangebylex"].map(|command| {
        let start = format!("cmdstat_{command}:calls=");
        let line = told.lines().find_map(|line| line.strip_prefix(&start));
        let count = line.and_then(|rest| rest.split(',').next());
        count.map_or(0, |count| count.parse().expect("a number"))
    })
}

/// Pages of ten rows are ten rows and one more each, however many there are besides.
#[tokio::test]
async fn a_page_costs_what_is_on_it() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let own = Own::start(Settings::default());
    for rows in [1_000, 10_000] {
        let indexed = with_many(&own, &[PLAIN, INDEXED], rows).await;
        assert_eq!(looks(&own, &indexed).await, [2 * (2 + 11), 2], "{rows}");
    }
    let plain = with_many(&own, &[PLAIN], 1_000).await;
    let [rows, _] = looks(&own, &plain).await;
    assert!(rows > 2_000, "{rows}");
}

/// How long a page takes of few and of many rows, with an index and without.
#[tokio::test]
#[ignore = "a measurement"]
async fn speed_of_pages() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    for rows in [1_000, 100_000] {
        for (what, migrations) in [("no index", &[PLAIN][..]), ("index", &[PLAIN, INDEXED])] {
            let own = Own::start(Settings::default());
            let engine = with_many(&own, migrations, rows).await;
            let mut times: Vec<Duration> = Vec::new();
            for _ in 0..20 {
                let start = Instant::now();
                engine.find(&latest(None)).await.expect("an answer");
                times.push(start.elapsed());
            }
            times.sort_unstable();
            let looks = looks(&own, &engine).await;
            println!(
                "{rows} rows, {what}: {:?}, looks for two pages: {looks:?}",
                times[10]
            );
        }
    }
}
