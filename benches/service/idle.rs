//! How long a service takes to start, and what five cost that have nothing to do.

use std::time::Instant;

use crate::measure::idle;
use crate::measure::numbers::median;
use crate::measure::process::Service;
use crate::system::System;

/// How often the start is measured; odd, so that there is a median.
const STARTS: usize = 5;

/// The services of `shop`, in an order in which each is ready once it has started.
const SHOP: [&str; 5] = ["customer", "catalog", "order", "inventory", "payment"];

/// What counts the statements of database and broker.
const STATEMENTS: &str = "microdb_sqlite_statements_total";

/// Measures start and memory of both services of `hello`, and processor, wake-ups and statements of
/// those of `shop`, which share a broker.
pub fn measure(system: &System) {
    for context in ["greeter", "guestbook"] {
        let starts = (0..STARTS).map(|number| {
            let folder = system.data(&format!("{context}-{number}"));
            let started = system.start(context, &folder).ready_after;
            started.as_secs_f64() * 1e3
        });
        println!(
            "{context}, from the start on an empty folder until it is ready: {:.0} ms (asked for: at most 300)",
            median(starts.collect())
        );
    }
    let shop = System::build("shop", &SHOP);
    let folder = shop.data("idle");
    let services = SHOP.map(|context| shop.start(context, &folder));
    let statements = || services.each_ref().map(|one| one.counter(STATEMENTS));
    let (before, started) = (statements(), Instant::now());
    let costs = idle::measure(&services.each_ref() as &[&Service]);
    let (after, time) = (statements(), started.elapsed().as_secs_f64());
    for (number, context) in SHOP.iter().enumerate() {
        let statements = (after[number] - before[number]) / time;
        println!(
            "shop's {context}, with nothing to do: {}, {:.0} MiB resident (asked for: at most 30)",
            costs[number].with(statements, "statements"),
            services[number].resident()
        );
    }
}
