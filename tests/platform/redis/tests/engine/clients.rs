//! Several clients at once, and values at their limits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use platform_contract::value::Uuid;
use platform_ports::engine::{Engine, Find, Options};
use platform_redis::RedisEngine;
use serde_json::json;

use super::{MIGRATIONS, engine, open, servers};
use platform_conformance::engine::fixture::{
    THING, all, id, live, recorded, saving, stored, thing,
};
use platform_conformance::engine::races::increment;

/// Engines of their own, each with its connections, over one place.
#[tokio::test(flavor = "multi_thread")]
async fn clients_lose_nothing_of_each_other() {
    for server in servers() {
        let url = server.place();
        let first = engine(&url).await;
        let mut tasks = Vec::new();
        for _ in 0..4 {
            let other = open(&url).await;
            tasks.push(tokio::spawn(async move {
                for round in 0..50 {
                    increment(&other, id(1 + round % 3)).await;
                }
            }));
        }
        for task in tasks {
            task.await.expect("no panic");
        }
        let rows = first.find(&all(&THING)).await.expect("an answer").rows;
        assert_eq!(rows.iter().map(|row| row.version).sum::<u64>(), 200);
        let mut next: BTreeMap<Uuid, u64> = BTreeMap::new();
        for row in first.outbox(0, 1_000).await.expect("an answer") {
            let sequence = next.entry(row.event.aggregate_id).or_insert(1);
            assert_eq!(row.event.sequence, *sequence);
            *sequence += 1;
        }
        assert_eq!(next.values().map(|next| next - 1).sum::<u64>(), 200);
    }
}

/// Numbers of 64 bits, which Lua does not have, come back, order and are found.
#[tokio::test]
async fn numbers_keep_all_their_bits() {
    for server in servers() {
        let engine = engine(&server.place()).await;
        let numbers = [i64::MIN, -1, 0, i64::MAX - 1, i64::MAX];
        for (number, value) in (1..).zip(numbers) {
            let object = json!({ "name": number.to_string(), "group": value, "parts": [] });
            let saved = saving(live(&THING, 0, stored(id(number), 1, object)));
            engine.commit(saved).await.expect("it is to be committed");
        }
        let ordered = Find {
            order: &[("group", false)],
            ..all(&THING)
        };
        let rows = engine.find(&ordered).await.expect("an answer").rows;
        let found: Vec<_> = rows
            .iter()
            .map(|row| row.members["group"].as_i64())
            .collect();
        assert_eq!(found, numbers.map(Some));
        let one = Find {
            equals: vec![("group", json!(i64::MAX - 1))],
            ..all(&THING)
        };
        let rows = engine.find(&one).await.expect("an answer").rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].id, id(4));
    }
}

/// What leads to rows at once finds the same as looking at all of them.
#[tokio::test]
async fn leads_find_what_is_there() {
    for server in servers() {
        let engine = engine(&server.place()).await;
        let owner = stored(id(50), 1, json!({ "name": "o" }));
        let owner = saving(live(
            &platform_conformance::engine::fixture::OWNER,
            0,
            owner,
        ));
        engine.commit(owner).await.expect("it is to be committed");
        for number in 1..=7 {
            let object = json!({
                "name": format!("n{number}"), "group": number % 2, "owner": id(50).to_string(),
                "parts": [],
            });
            let saved = saving(live(&THING, 0, stored(id(number), 1, object)));
            engine.commit(saved).await.expect("it is to be committed");
        }
        let ids = async |equals| {
            let find = Find {
                equals,
                limit: 3,
                ..all(&THING)
            };
            let (mut ids, mut after) = (Vec::new(), None);
            loop {
                let find = Find {
                    after,
                    ..find.clone()
                };
                let page = engine.find(&find).await.expect("an answer");
                ids.extend(page.rows.iter().map(|row| row.id));
                after = page.next;
                if after.is_none() {
                    return ids;
                }
            }
        };
        let owner = json!(id(50).to_string());
        assert_eq!(ids(vec![("name", json!("n3"))]).await, [id(3)]);
        assert!(ids(vec![("name", json!("none"))]).await.is_empty());
        let all: Vec<Uuid> = (1..=7).map(id).collect();
        assert_eq!(ids(vec![("owner", owner.clone())]).await, all);
        let odd = [1, 3, 5, 7].map(id);
        assert_eq!(ids(vec![("owner", owner), ("group", json!(1))]).await, odd);
        let nobody = json!(id(51).to_string());
        assert!(ids(vec![("owner", nobody)]).await.is_empty());
    }
}

/// How many units of work of one change and one event are committed in a second, by so many tasks.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn throughput() {
    for server in servers() {
        let url = server.place();
        let options = Options {
            outbox_limit: 100_000_000,
            ..Options::default()
        };
        engine(&url).await;
        let engine = RedisEngine::open(&url, MIGRATIONS, options).await;
        let engine = Arc::new(engine.expect("the place is to be opened"));
        for tasks in [1, 8, 50, 200] {
            let start = Instant::now();
            let all: Vec<_> = (0..tasks)
                .map(|_| {
                    let engine = Arc::clone(&engine);
                    tokio::spawn(async move {
                        let mut count = 0_u32;
                        while start.elapsed() < Duration::from_secs(4) {
                            let id = Uuid::now_v7();
                            let made = recorded(thing(id, 1, &id.to_string()));
                            engine.commit(made).await.expect("it is to be committed");
                            count += 1;
                        }
                        count
                    })
                })
                .collect();
            let mut count = 0;
            for one in all {
                count += one.await.expect("no panic");
            }
            let rate = f64::from(count) / start.elapsed().as_secs_f64();
            println!("{url} {tasks} tasks: {rate:.0} commits/s");
        }
    }
}
