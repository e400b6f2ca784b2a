//! What a service costs that has nothing to do.

use std::thread;
use std::time::Duration;

use crate::measure::numbers::{median, timed};
use crate::system::System;

/// How often the start is measured; odd, so that there is a median.
const STARTS: usize = 5;

/// How long the services rest before and while their use of the processor is measured.
const REST: Duration = Duration::from_secs(5);

/// Measures start, processor and memory of both services.
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
    let folder = system.data("idle");
    let services =
        ["greeter", "guestbook"].map(|context| (context, system.start(context, &folder)));
    thread::sleep(REST);
    let before = services.each_ref().map(|(_, service)| service.processor());
    let time = timed(|| thread::sleep(REST));
    for ((context, service), before) in services.iter().zip(before) {
        println!(
            "{context}, with nothing to do: {:.1} % of a processor, {:.0} MiB resident (asked for: at most 30)",
            (service.processor() - before) / time.as_secs_f64() * 100.0,
            service.resident()
        );
    }
}
