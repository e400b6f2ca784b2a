//! What generated services do on real servers, against what the servers' own tools make of the same.
//!
//! `tests/services/run with cargo bench --bench servers`, on Linux; one part of it with its name
//! after `--`: `postgres`, `redis`, `flow`, `delay`, `peers` or `idle`. Both sides of each ratio are measured in
//! turn in the same run, and medians are printed.

mod flow;
mod http;
mod idle;
#[path = "../measure/mod.rs"]
mod measure;
mod peers;
mod psql;
mod statements;
mod system;

use measure::numbers::synchronised;
use system::System;

/// What measures something.
type Part = fn(&System);

/// The parts, in the order in which they are measured.
const PARTS: [(&str, Part); 6] = [
    ("postgres", http::on_postgres),
    ("redis", http::on_redis),
    ("flow", flow::speeds),
    ("delay", flow::delays),
    ("idle", idle::measure),
    ("peers", peers::measure),
];

fn main() {
    let Some(system) = System::build() else {
        return println!("not run: `tests/services/run with …` names the servers");
    };
    println!(
        "PostgreSQL with fsync and synchronous_commit on, Redis with appendfsync always, Kafka with \
         acks=all; fdatasync of a page takes {:.2} ms",
        synchronised(&system::folder())
    );
    for (_, measure) in measure::asked_for(&PARTS) {
        measure(&system);
    }
}
