//! What an index answers is what a look at all rows answers, only sooner.

use platform_contract::value::Uuid;
use platform_ports::engine::{Engine, Find, Migration, Options, Save, Stored};
use platform_redis::{RedisEngine, migrate};
use serde_json::{Value, json};

use super::{place, servers};
use platform_conformance::engine::fixture::{THING, all, at, deleted, id, live, saving, stored};
use platform_support::redis::server::{Own, Settings};
use platform_support::servers::server;

/// No index at all.
pub const PLAIN: Migration = Migration {
    name: "0001_initial",
    text: "return",
};

/// An index of every form.
pub const INDEXED: Migration = Migration {
    name: "0002_indexes",
    text: "redis.call('HSET', KEYS[1] .. 'indexes', 'things:0', \
           'name -name group,name -group,name group,-sold sold -sold,name color,sold,-name -id \
            color,-group,price -price group')",
};

type Order = &'static [(&'static str, bool)];

const ORDERS: &[Order] = &[
    &[],
    &[("name", false)],
    &[("name", true)],
    &[("group", false), ("name", false)],
    &[("group", true), ("name", false)],
    &[("sold", false)],
    &[("sold", true)],
    &[("sold", true), ("name", false)],
    &[("sold", false), ("name", true)],
    &[("color", false), ("group", true), ("price", false)],
    &[("price", true)],
    &[("id", true)],
    &[("group", false), ("id", false)],
    &[("created_at", true), ("name", true)],
];

/// An engine over a place that is migrated.
pub async fn opened(url: &str, migrations: &[Migration]) -> RedisEngine {
    migrate(url, migrations)
        .await
        .expect("the migrations are to be applied");
    let options = Options {
        outbox_limit: 100_000_000,
        ..Options::default()
    };
    let engine = RedisEngine::open(url, migrations, options).await;
    engine.expect("the place is to be opened")
}

/// A thing whose values come again in others, are absent, negative, or start like others go on.
fn some(number: u64, version: u64) -> Stored {
    const STARTS: [&str; 8] = ["a", "a\0", "a\0b", "ab", "\u{1}", "\u{2}", "é", "𝄞"];
    let turn = number * 7 + version * 3;
    let start = STARTS[usize::try_from(turn % 8).expect("small")];
    let mut object = json!({ "name": format!("{start}{number:03}"), "parts": [] });
    if !turn.is_multiple_of(5) {
        object["group"] = json!(i64::try_from(turn % 4).expect("small") - 2);
    }
    if !turn.is_multiple_of(3) {
        object["sold"] = json!(at(i64::try_from(turn % 11).expect("small")));
    }
    if turn % 7 > 1 {
        object["price"] = json!(format!(
            "{}.5",
            i64::try_from(turn % 13).expect("small") - 6
        ));
    }
    if !turn.is_multiple_of(4) {
        object["color"] = json!(if !turn.is_multiple_of(2) {
            "red"
        } else {
            "green"
        });
    }
    stored(id(number), version, object)
}

/// Makes, changes and deletes things.
async fn fill(engine: &dyn Engine, changes: impl IntoIterator<Item = Save>) {
    for change in changes {
        let committed = engine.commit(saving(change)).await;
        committed.expect("it is to be committed");
    }
}

fn made() -> impl Iterator<Item = Save> {
    (1..=90).map(|number| live(&THING, 0, some(number, 1)))
}

fn changed() -> impl Iterator<Item = Save> {
    let again = (1..=90).step_by(3);
    let gone = (2..=90).step_by(9);
    let changed = again.map(|number| live(&THING, 0, some(number, 2)));
    changed.chain(gone.map(|number| deleted(&THING, 0, id(number), 2)))
}

fn searches() -> Vec<Find> {
    let instant = |second| Some(json!(at(second)));
    let equals: [Vec<(&str, Value)>; 6] = [
        vec![],
        vec![("group", json!(1))],
        vec![("group", Value::Null)],
        vec![("color", json!("red"))],
        vec![("color", json!("green")), ("group", json!(-1))],
        vec![("group", json!(0)), ("sold", json!(at(5)))],
    ];
    let ranges = [
        None,
        Some(("sold", instant(3), instant(8))),
        Some(("sold", None, instant(4))),
        Some(("sold", instant(6), None)),
        Some(("sold", None, None)),
        Some(("name", Some(json!("a\0")), Some(json!("ab01")))),
        Some(("group", Some(json!(-1)), Some(json!(2)))),
    ];
    let mut searches = Vec::new();
    for &order in ORDERS {
        for (at, equals) in equals.iter().enumerate() {
            // Each order with each of both, though not with each pair.
            for range in ranges.iter().skip(at % 2).step_by(2) {
                searches.push(Find {
                    order,
                    equals: equals.clone(),
                    range: range.clone(),
                    ..all(&THING)
                });
            }
        }
    }
    searches
}

async fn ids(engine: &dyn Engine, find: &Find, limit: u32) -> Vec<Uuid> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let find = Find {
            after,
            limit,
            ..find.clone()
        };
        let page = engine.find(&find).await.expect("an answer");
        ids.extend(page.rows.iter().map(|row| row.id));
        after = page.next;
        if after.is_none() {
            return ids;
        }
    }
}

async fn assert_same(plain: &dyn Engine, indexed: &dyn Engine) {
    let mut found = 0;
    for find in searches() {
        let expected = ids(plain, &find, 1_000).await;
        found += expected.len();
        let by_index = ids(indexed, &find, 15).await;
        assert_eq!(by_index, expected, "{find:?}");
    }
    assert!(found > 2_000, "{found}");
}

#[tokio::test]
async fn an_index_answers_the_same() {
    for server in servers() {
        let plain = opened(&server.place(), &[PLAIN]).await;
        let indexed = opened(&server.place(), &[PLAIN, INDEXED]).await;
        for engine in [&plain, &indexed] {
            fill(engine, made()).await;
            fill(engine, changed()).await;
        }
        assert_same(&plain, &indexed).await;
    }
}

/// Rows from before an index, whoever has written them, are in it when it is there; and those that
/// change while it is built.
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_before_are_entered() {
    for server in servers() {
        let plain = opened(&server.place(), &[PLAIN]).await;
        fill(&plain, made()).await;
        fill(&plain, changed()).await;
        let url = server.place();
        let before = opened(&url, &[PLAIN]).await;
        fill(&before, made()).await;
        let more = tokio::spawn(async move { fill(&before, changed()).await });
        let indexed = opened(&url, &[PLAIN, INDEXED]).await;
        more.await.expect("no panic");
        assert_same(&plain, &indexed).await;
    }
}

/// An index that is left out, and declared again, has what was written meanwhile.
#[tokio::test]
async fn an_index_may_come_and_go() {
    const OTHERS: Migration = Migration {
        name: "0003_others",
        text: "redis.call('HSET', KEYS[1] .. 'indexes', 'things:0', 'color')",
    };
    const AGAIN: Migration = Migration {
        name: "0004_again",
        ..INDEXED
    };
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let own = Own::start(Settings::default());
    let plain = opened(&place(&own.url()), &[PLAIN]).await;
    fill(&plain, made().chain(changed())).await;
    let url = place(&own.url());
    let first = opened(&url, &[PLAIN, INDEXED]).await;
    fill(&first, made()).await;
    let keys = || {
        let keys = own.command(&["--scan", "--pattern", "*index:things:0:*"]);
        keys.lines().count()
    };
    assert_eq!(keys(), 12);
    let without = opened(&url, &[PLAIN, INDEXED, OTHERS]).await;
    assert_eq!(keys(), 1);
    fill(&without, changed()).await;
    assert_same(&plain, &without).await;
    let again = opened(&url, &[PLAIN, INDEXED, OTHERS, AGAIN]).await;
    assert_eq!(keys(), 12);
    assert_same(&plain, &again).await;
}

/// A place that programs without indexes have used goes on where they stopped, and without them.
#[tokio::test]
async fn programs_from_before_write_no_more() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let own = Own::start(Settings::default());
    let url = place(&own.url());
    let prefix = url.split("prefix=").nth(1).expect("a prefix");
    let counters = format!("{{{prefix}}}:counters");
    own.command(&["hset", &counters, "outbox", "41"]);
    let engine = opened(&url, &[PLAIN]).await;
    let write = platform_conformance::engine::fixture::recorded(some(1, 1));
    engine.commit(write).await.expect("it is to be committed");
    let waiting = engine.outbox(0, 10).await.expect("an answer");
    assert_eq!(waiting[0].position, 42);
    let refused = own.command(&["hget", &counters, "outbox"]);
    assert!(refused.contains("WRONGTYPE"), "{refused}");
}
