//! Searches: filters, orders, ranges, pages.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::commit;
use super::fixture::{COPY, THING, all, deleted, id, live, members, saving, stored, thing};
use platform_ports::engine::{Engine, EngineError, Find, Stored, WriteSet};

async fn pages(engine: &dyn Engine, find: &Find) -> Vec<Stored> {
    let mut rows = Vec::new();
    let mut find = find.clone();
    loop {
        let page = engine.find(&find).await.expect("the engine is to answer");
        assert!(page.rows.len() <= find.limit as usize);
        rows.extend(page.rows);
        find.after = page.next;
        if find.after.is_none() {
            return rows;
        }
    }
}

fn copies() -> Vec<Stored> {
    let price = |number: u64| format!("{}.00", i64::try_from(number % 4).expect("small") - 2);
    (1..=60)
        .map(|number| {
            let mut object = json!({ "name": format!("n{}", number % 5) });
            if number % 3 > 0 {
                object["group"] = json!(number % 7);
            }
            if number % 2 > 0 {
                object["price"] = json!(price(number));
            }
            stored(id(number), 1, object)
        })
        .collect()
}

async fn filled(engine: &dyn Engine) -> Vec<Stored> {
    let copies = copies();
    let saves = copies
        .iter()
        .map(|copy| live(&COPY, 0, copy.clone()))
        .collect();
    commit(
        engine,
        WriteSet {
            saves,
            ..WriteSet::default()
        },
    )
    .await;
    commit(engine, saving(live(&COPY, 1, copies[0].clone()))).await;
    copies
}

/// Absent values are the least, numbers and decimals order as numbers.
fn compare(a: &Stored, b: &Stored, member: &str) -> Ordering {
    let number = |stored: &Stored| {
        stored.members.get(member).map(|value| match value {
            Value::String(text) => text.parse().unwrap_or(f64::NAN),
            value => value.as_f64().unwrap_or(f64::NAN),
        })
    };
    match member {
        "name" => a.members["name"].as_str().cmp(&b.members["name"].as_str()),
        _ => number(a).partial_cmp(&number(b)).expect("numbers"),
    }
}

/// Pages of every size hold each row once, in whatever order they are asked for.
pub async fn pages_are_complete(engine: &dyn Engine) {
    const ORDERS: &[&[(&str, bool)]] = &[
        &[],
        &[("name", false)],
        &[("name", true)],
        &[("group", false), ("name", true)],
        &[("group", true), ("price", false)],
        &[("price", true), ("group", true), ("name", false)],
    ];
    let copies = filled(engine).await;
    for &order in ORDERS {
        let mut expected = copies.clone();
        expected.sort_by(|a, b| {
            order
                .iter()
                .fold(Ordering::Equal, |so_far, (member, descending)| {
                    let next = compare(a, b, member);
                    so_far.then(if *descending { next.reverse() } else { next })
                })
        });
        for limit in [1, 7, 59, 60, 61] {
            let find = Find {
                order,
                limit,
                ..all(&COPY)
            };
            assert_eq!(
                pages(engine, &find).await,
                expected,
                "by {order:?}, {limit} at a time"
            );
        }
    }
}

/// Filters by equality, absence and ranges.
pub async fn filters(engine: &dyn Engine) {
    let copies = filled(engine).await;
    let expect = async |find: Find, keep: &dyn Fn(&Stored) -> bool| {
        let expected: Vec<Stored> = copies.iter().filter(|copy| keep(copy)).cloned().collect();
        assert!(!expected.is_empty());
        assert_eq!(pages(engine, &Find { limit: 4, ..find }).await, expected);
    };
    let equals = |name, value| Find {
        equals: vec![(name, value)],
        ..all(&COPY)
    };
    expect(equals("name", json!("n1")), &|copy| {
        copy.members["name"] == "n1"
    })
    .await;
    expect(equals("group", Value::Null), &|copy| {
        !copy.members.contains_key("group")
    })
    .await;
    expect(equals("price", json!("-1")), &|copy| {
        copy.members.get("price") == Some(&json!("-1.00"))
    })
    .await;
    expect(equals("id", json!(id(7).to_string())), &|copy| {
        copy.id == id(7)
    })
    .await;
    let group = |copy: &Stored| copy.members.get("group").and_then(Value::as_i64);
    let range = |from, to| Find {
        range: Some(("group", from, to)),
        ..all(&COPY)
    };
    expect(range(Some(json!(2)), Some(json!(5))), &|copy| {
        group(copy).is_some_and(|group| (2..5).contains(&group))
    })
    .await;
    expect(range(Some(json!(2)), None), &|copy| {
        group(copy).is_some_and(|group| group >= 2)
    })
    .await;
    expect(range(None, Some(json!(2))), &|copy| {
        group(copy).is_some_and(|group| group < 2)
    })
    .await;
}

/// A row that stays is told once, whatever comes and goes between two pages.
pub async fn pages_bear_changes(engine: &dyn Engine) {
    for number in [10, 20, 30, 40] {
        commit(
            engine,
            saving(live(&THING, 0, thing(id(number), 1, &format!("n{number}")))),
        )
        .await;
    }
    let mut find = Find {
        order: &[("name", false)],
        limit: 2,
        ..all(&THING)
    };
    let first = engine.find(&find).await.expect("the engine is to answer");
    commit(engine, saving(deleted(&THING, 0, id(20), 2))).await;
    commit(engine, saving(live(&THING, 0, thing(id(5), 1, "n05")))).await;
    commit(engine, saving(live(&THING, 0, thing(id(35), 1, "n35")))).await;
    find.after = first.next;
    let ids: Vec<_> = pages(engine, &find)
        .await
        .iter()
        .map(|row| row.id)
        .collect();
    assert_eq!(ids, [id(30), id(35), id(40)]);
}

/// A cursor is good for its own search alone.
pub async fn foreign_cursors_are_refused(engine: &dyn Engine) {
    filled(engine).await;
    let find = Find {
        order: &[("name", false)],
        limit: 5,
        ..all(&COPY)
    };
    let after = engine
        .find(&find)
        .await
        .expect("the engine is to answer")
        .next;
    assert!(after.is_some());
    let others = [
        Find {
            order: &[("name", true)],
            ..find.clone()
        },
        Find {
            equals: vec![("group", json!(1))],
            ..find.clone()
        },
        Find {
            range: Some(("group", Some(json!(1)), None)),
            ..find.clone()
        },
        Find {
            schema: &THING,
            ..find.clone()
        },
    ];
    for other in others {
        let answer = engine
            .find(&Find {
                after: after.clone(),
                ..other
            })
            .await;
        assert!(matches!(answer, Err(EngineError::BadCursor)));
    }
    for text in ["", "nonsense", "e30", "💣"] {
        let answer = engine
            .find(&Find {
                after: Some(text.to_owned()),
                ..find.clone()
            })
            .await;
        assert!(matches!(answer, Err(EngineError::BadCursor)), "{text}");
    }
    let larger = Find {
        after,
        limit: 50,
        ..find
    };
    assert_eq!(
        engine
            .find(&larger)
            .await
            .expect("the engine is to answer")
            .rows
            .len(),
        50
    );
}

/// Values order as their kind does: texts by code point, decimals of any length as numbers.
pub async fn orders_of_kinds(engine: &dyn Engine) {
    let texts = json!(["A", "Z", "a", "é", "\u{ffff}", "𝄞"]);
    in_order(engine, &[("name", false)], &texts).await;
    let long = json!([
        "-1000000000000000000000",
        "-2.5",
        "-2",
        "0",
        "3",
        "20",
        "1000000000000000000000"
    ]);
    in_order(engine, &[("weight", false)], &long).await;
    let short = json!(["-10", "-9.99", "0", "9", "10"]);
    in_order(engine, &[("price", false)], &short).await;
    let spans = json!(["-PT1S", "PT0.000001S", "PT59M", "PT1H"]);
    in_order(engine, &[("life", false)], &spans).await;
    let instants = json!([
        "1969-12-31T23:59:59Z",
        "2026-01-01T00:00:00.1Z",
        "2026-01-01T01:00:00+00:30"
    ]);
    in_order(engine, &[("sold", false)], &instants).await;
}

async fn in_order(engine: &dyn Engine, order: &'static [(&'static str, bool)], values: &Value) {
    let values = values.as_array().expect("a list");
    // Made the other way around, each under an id that no other call has used.
    let mut expected = Vec::new();
    for (number, value) in (1..).zip(values.iter().rev()) {
        let mut object = members(json!({ "name": format!("n{number}") }));
        object.insert(order[0].0.to_owned(), value.clone());
        let made = Stored {
            members: object,
            ..thing(uuid::Uuid::now_v7(), 1, "")
        };
        expected.insert(0, made.id);
        commit(engine, saving(live(&THING, 0, made))).await;
    }
    let rows = pages(
        engine,
        &Find {
            order,
            limit: 2,
            ..all(&THING)
        },
    )
    .await;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, expected, "by {order:?}");
    for id in ids {
        commit(engine, saving(deleted(&THING, 0, id, 2))).await;
    }
}
