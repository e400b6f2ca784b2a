//! What services cost that have nothing to do.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use super::process::Service;

/// How long services are left alone before it is measured what they do, and meanwhile. Longer than
/// anything in the runtime that comes round by the clock, but tidying up.
const REST: (Duration, Duration) = (Duration::from_secs(8), Duration::from_secs(20));

/// How often it is looked at the threads, some of which end when they have nothing to do.
const LOOK: Duration = Duration::from_millis(500);

/// What a service costs that has nothing to do.
pub struct Idle {
    /// How much of a processor it uses, in per cent.
    pub processor: f64,
    /// How often one of its threads is woken, a second.
    pub wakes: f64,
}

/// Lets services rest, and measures them.
pub fn measure(services: &[&Service]) -> Vec<Idle> {
    thread::sleep(REST.0);
    during(services, REST.1)
}

fn during(services: &[&Service], time: Duration) -> Vec<Idle> {
    let processor: Vec<f64> = services.iter().map(|one| one.processor()).collect();
    let mut waits: Vec<_> = services.iter().map(|one| one.waits()).collect();
    let mut wakes = vec![0; services.len()];
    let started = Instant::now();
    while started.elapsed() < time {
        thread::sleep(LOOK);
        for ((service, before), wakes) in services.iter().zip(&mut waits).zip(&mut wakes) {
            let now = service.waits();
            *wakes += since(before, &now);
            *before = now;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let each = services.iter().zip(processor).zip(wakes);
    each.map(|((service, before), wakes)| Idle {
        processor: (service.processor() - before) / seconds * 100.0,
        wakes: wakes as f64 / seconds,
    })
    .collect()
}

/// How often the threads that are there now have waited since.
fn since(before: &HashMap<String, u64>, now: &HashMap<String, u64>) -> u64 {
    let of = |(thread, waits): (&String, &u64)| waits - before.get(thread).unwrap_or(&0);
    now.iter().map(of).sum()
}

impl Idle {
    /// All of it, with what its databases are asked for a second.
    pub fn with(&self, statements: f64, of: &str) -> String {
        let Self { processor, wakes } = self;
        format!("{processor:.2} % of a processor, {wakes:.0} wake-ups/s, {statements:.1} {of}/s")
    }
}
