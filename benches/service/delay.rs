//! How long it takes from a command's answer until its event has taken effect in the other service.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::measure::client::Client;
use crate::measure::numbers::quantile;
use crate::system::System;

/// How many commands are sent with a pause after each.
const FEW: usize = 300;

/// The pause, which is no divisor of anything in the runtime.
const PAUSE: Duration = Duration::from_millis(37);

/// The same where a service has long had nothing to do before each command.
const RARE: (usize, Duration) = (15, Duration::from_millis(2_370));

/// How many clients send at a time under load, and how many commands each at full speed.
const LOAD: (usize, usize) = (16, 400);

/// How long half of the full load lasts.
const HALF: Duration = Duration::from_secs(8);

/// How long the last effects are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures it with little to do, and with half of what both services carry.
pub fn measure(system: &System) {
    let folder = system.data("delay");
    let greeter = system.start("greeter", &folder);
    let _guestbook = system.start("guestbook", &folder);
    let entries = Entries::watch(system, &folder.join("guestbook.db"));
    let warm = send(greeter.port, "warm", 20, PAUSE);
    entries.wait(warm.len());
    let few = send(greeter.port, "few", FEW, PAUSE);
    report("little load", &few, &entries);
    let rare = send(greeter.port, "rare", RARE.0, RARE.1);
    report("a command now and then", &rare, &entries);
    let full = carried(greeter.port, &entries);
    println!("commands with their effects in the other service: {full:.0} /s");
    let (clients, _) = LOAD;
    let pause = Duration::from_secs_f64(clients as f64 / (full / 2.0));
    let each = HALF.as_secs_f64() / pause.as_secs_f64();
    let many = send_together(greeter.port, "half", each as usize, pause);
    report("half of that load", &many, &entries);
}

/// How many commands a second both services carry, with their effects.
fn carried(port: u16, entries: &Entries) -> f64 {
    let start = now();
    let sent = send_together(port, "full", LOAD.1, Duration::ZERO);
    let arrived = entries.wait(sent.len());
    let last = arrived.values().max().unwrap();
    sent.len() as f64 / (last - start) as f64 * 1e6
}

/// [`send`] from several clients at once.
fn send_together(port: u16, prefix: &str, commands: usize, pause: Duration) -> Vec<(String, u128)> {
    thread::scope(|scope| {
        let client = |number| move || send(port, &format!("{prefix}-{number}"), commands, pause);
        let clients: Vec<_> = (0..LOAD.0)
            .map(|number| scope.spawn(client(number)))
            .collect();
        let sent = clients.into_iter().map(|client| client.join().unwrap());
        sent.flatten().collect()
    })
}

/// Sends commands, one each `pause` if the service is fast enough; names, and when each was
/// answered, in microseconds.
fn send(port: u16, prefix: &str, commands: usize, pause: Duration) -> Vec<(String, u128)> {
    let mut client = Client::connect(port).unwrap();
    let start = Instant::now();
    (0..commands)
        .map(|number| {
            let due = start + pause * number as u32;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let name = format!("{prefix}-{number}");
            client.greet(&name);
            (name, now())
        })
        .collect()
}

fn report(load: &str, sent: &[(String, u128)], entries: &Entries) {
    let arrived = entries.wait(sent.len());
    let delays: Vec<f64> = sent
        .iter()
        .map(|(name, answered)| arrived[name].saturating_sub(*answered) as f64 / 1e3)
        .collect();
    println!(
        "commit to effect in the other service, {load}: p50 {:.1} ms (asked for: at most 15), \
         p99 {:.1} ms, of {}",
        quantile(delays.clone(), 0.5),
        quantile(delays.clone(), 0.99),
        delays.len()
    );
}

fn now() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_micros()
}

/// The entries of guestbook, with the times at which they were there.
struct Entries {
    program: Child,
    lines: Receiver<(String, u128)>,
}

impl Entries {
    fn watch(system: &System, file: &std::path::Path) -> Self {
        let mut program = system.program("watch");
        let mut program = program.arg(file).stdout(Stdio::piped()).spawn().unwrap();
        let output = program.stdout.take().unwrap();
        let (sender, lines) = channel();
        thread::spawn(move || read(output, |entry| sender.send(entry).is_ok()));
        Self { program, lines }
    }

    /// So many.
    fn wait(&self, number: usize) -> HashMap<String, u128> {
        let mut arrived = HashMap::new();
        while arrived.len() < number {
            let (name, time) = self
                .lines
                .recv_timeout(PATIENCE)
                .expect("an effect is missing");
            arrived.insert(name, time);
        }
        arrived
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn read(output: impl Read, take: impl Fn((String, u128)) -> bool) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let (name, time) = line.split_once(' ').unwrap();
        if !take((name.to_owned(), time.parse().unwrap())) {
            return;
        }
    }
}
