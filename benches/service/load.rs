//! Clients that send one command after the other.

use std::thread;

use crate::client::Client;
use crate::timed;

/// Sends `commands` from so many clients at once; how many a second were answered.
pub fn run(port: u16, clients: usize, commands: usize) -> f64 {
    let each = commands / clients;
    let connect = |_| Client::connect(port).unwrap();
    let connected: Vec<_> = (0..clients).map(connect).collect();
    let time = timed(|| {
        thread::scope(|scope| {
            for mut client in connected {
                scope.spawn(move || (0..each).for_each(|_| client.greet("Ada")));
            }
        });
    });
    (each * clients) as f64 / time.as_secs_f64()
}
