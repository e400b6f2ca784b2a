//! Clients that send one command after the other.

use std::thread;
use std::time::{Duration, Instant};

use super::client::Client;
use super::numbers::timed;

/// Sends `commands` from so many clients at once; how many a second were answered.
pub fn run(port: u16, clients: usize, commands: usize) -> f64 {
    let each = commands / clients;
    let time = timed(|| paced(port, clients, each, Duration::ZERO));
    (each * clients) as f64 / time.as_secs_f64()
}

/// Sends `each` commands from every client, one each `pause` if the service is fast enough.
pub fn paced(port: u16, clients: usize, each: usize, pause: Duration) {
    let connect = |_| Client::connect(port).unwrap();
    let connected: Vec<_> = (0..clients).map(connect).collect();
    thread::scope(|scope| {
        for mut client in connected {
            scope.spawn(move || {
                let start = Instant::now();
                for number in 0..each {
                    let due = start + pause * number as u32;
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    client.greet("Ada");
                }
            });
        }
    });
}
