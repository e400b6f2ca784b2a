//! What a service costs that has nothing to do.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::system::{Service, System};
use crate::{median, timed};

/// How often the start is measured; odd, so that there is a median.
const STARTS: usize = 5;

/// How long the services rest before and while their use of the processor is measured.
const REST: Duration = Duration::from_secs(5);

/// How many ticks of `/proc/*/stat` a second has, on every Linux.
const TICKS: f64 = 100.0;

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
    let before = services.each_ref().map(|(_, service)| processor(service));
    let time = timed(|| thread::sleep(REST));
    for ((context, service), before) in services.iter().zip(before) {
        println!(
            "{context}, with nothing to do: {:.1} % of a processor, {:.0} MiB resident (asked for: at most 30)",
            (processor(service) - before) / time.as_secs_f64() * 100.0,
            resident(service)
        );
    }
}

/// How long a process has used processors, in seconds.
fn processor(service: &Service) -> f64 {
    let text = read(service, "stat");
    // After the name, which may hold anything: the fields from the third on.
    let (_, fields) = text.rsplit_once(") ").unwrap();
    let fields: Vec<_> = fields.split(' ').collect();
    let ticks = |field: usize| fields[field - 3].parse::<f64>().unwrap();
    (ticks(14) + ticks(15)) / TICKS
}

/// The memory of a process that is in use, in MiB.
fn resident(service: &Service) -> f64 {
    let text = read(service, "status");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .unwrap();
    kib.parse::<f64>().unwrap() / 1024.0
}

fn read(service: &Service, file: &str) -> String {
    fs::read_to_string(format!("/proc/{}/{file}", service.process())).unwrap()
}
