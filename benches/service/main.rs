//! What a generated service does on its SQLite file: commands a second, and how soon an event takes
//! effect in another service.
//!
//! `cargo bench --bench service`, on Linux; one part of it with its name after `--`: `speed`, `delay` or
//! `idle`. It generates the example `hello`, builds it in release, and runs its services as processes,
//! on files below the target directory; with nothing to do, those of `shop`. Both sides of each ratio
//! are measured in turn in the same run, and medians are printed.

mod delay;
mod idle;
#[path = "../measure/mod.rs"]
mod measure;
mod programs;
mod system;

use measure::load;
use measure::numbers::{median, synchronised};
use programs::Programs;
use system::System;

/// How often each speed is measured; odd, so that there is a median.
const ROUNDS: usize = 5;

/// How many clients send at a time, where many do.
const MANY: usize = 32;

/// How many commands one client sends in a round, and how many many send together.
const COMMANDS: (usize, usize) = (1_000, 8_000);

/// What measures something.
type Part = fn(&System);

/// The parts, in the order in which they are measured.
const PARTS: [(&str, Part); 3] = [
    ("speed", against_the_limit),
    ("delay", delay::measure),
    ("idle", idle::measure),
];

fn main() {
    let system = System::build("hello", &["greeter", "guestbook"]).with_programs();
    println!(
        "disk: fdatasync of a page takes {:.2} ms",
        synchronised(&system::folder())
    );
    for (_, measure) in measure::asked_for(&PARTS) {
        measure(&system);
    }
}

/// Commands a second of the HTTP interface ÷ those of the same statements, run straight on such a
/// file by one writer.
fn against_the_limit(system: &System) {
    let folder = system.data("speed");
    let greeter = system.start("greeter", &folder);
    load::run(greeter.port, MANY, COMMANDS.0);
    let programs = Programs::new(system, &folder);
    let mut limit = (Vec::new(), Vec::new());
    let mut service = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        limit.0.push(programs.limit(COMMANDS.0, 1));
        service.0.push(load::run(greeter.port, 1, COMMANDS.0));
        limit.1.push(programs.limit(COMMANDS.1, MANY));
        service.1.push(load::run(greeter.port, MANY, COMMANDS.1));
    }
    let (single, grouped) = (median(limit.0), median(limit.1));
    let (one, many) = (median(service.0), median(service.1));
    println!("limit, each command a transaction: {single:.0} commands/s");
    println!("limit, {MANY} commands a transaction: {grouped:.0} commands/s");
    println!(
        "service, 1 client: {one:.0} commands/s = {:.2} × the limit",
        one / single
    );
    println!(
        "service, {MANY} clients: {many:.0} commands/s = {:.2} × the limit (asked for: at least 0.5), \
         {:.2} × the limit in groups",
        many / single,
        many / grouped
    );
}
