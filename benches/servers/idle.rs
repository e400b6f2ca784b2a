//! What a service costs that has nothing to do, on each engine.

use std::thread;
use std::time::Duration;

use crate::measure::numbers::{median, timed};
use crate::system::System;

/// How often the start is measured; odd, so that there is a median.
const STARTS: usize = 5;

/// How long a service rests before and while its use of the processor is measured.
const REST: Duration = Duration::from_secs(5);

/// Measures start, processor and memory.
pub fn measure(system: &System) {
    // A copy is ready once it has had all there is, which only its owner can tell.
    let owner = system.start("relational");
    drop(system.start("copy"));
    drop(owner);
    for context in ["relational", "copy", "entry", "document", "memory"] {
        let starts = (0..STARTS).map(|_| system.start(context).ready_after.as_secs_f64() * 1e3);
        let starts = median(starts.collect());
        let service = system.start(context);
        thread::sleep(REST);
        let before = service.processor();
        let time = timed(|| thread::sleep(REST));
        println!(
            "{context}: ready after {starts:.0} ms (asked for: at most 300); with nothing to do {:.1} % of \
             a processor, {:.0} MiB resident (asked for: at most 30)",
            (service.processor() - before) / time.as_secs_f64() * 100.0,
            service.resident()
        );
    }
}
