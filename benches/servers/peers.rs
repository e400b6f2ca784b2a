//! Other crates for the same, in the same run: `benches/peers`. They do less: they answer no HTTP, and
//! none keeps events of one aggregate in order while several instances carry them.

use std::path::Path;
use std::process::Command;

use crate::flow;
use crate::measure::load;
use crate::measure::numbers::median;
use crate::system::{System, folder, output, run};

/// How often each is measured; odd, so that there is a median.
const ROUNDS: usize = 3;

/// How many clients send at a time, and how many commands they send together.
const LOAD: (usize, usize) = (32, 24_000);

/// How many events a peer carries to Kafka in a round.
const EVENTS: usize = 20_000;

/// Those that write commands with what is to be told of them.
const WRITERS: [&str; 3] = ["cqrs-es", "outbox-postgres", "pgmq"];

/// Those that carry what was written to Kafka.
const CARRIERS: [&str; 2] = ["outbox-postgres", "pgmq"];

/// Compares both.
pub fn measure(system: &System) {
    let peers = Peers::build(system);
    let (clients, commands) = LOAD;
    let mut own = Vec::new();
    let mut others = WRITERS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        let service = system.start_alone("relational");
        load::run(service.port, clients, commands / 4);
        own.push(load::run(service.port, clients, commands));
        drop(service);
        flow::empty(system);
        for (peer, speeds) in WRITERS.iter().zip(&mut others) {
            let load = [clients.to_string(), commands.to_string()];
            speeds.push(peers.speed(peer, "write", &load));
        }
    }
    report(
        "commands a second, 32 clients",
        own,
        WRITERS.into_iter().zip(others),
    );
    let mut own = Vec::new();
    let mut others = CARRIERS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        own.push(flow::carried(system));
        for (peer, speeds) in CARRIERS.iter().zip(&mut others) {
            let events = [system.kafka.clone(), EVENTS.to_string()];
            speeds.push(peers.speed(peer, "carry", &events));
        }
    }
    let others = CARRIERS.into_iter().zip(others);
    report("events a second from a full outbox to Kafka", own, others);
}

fn report<'a>(what: &str, own: Vec<f64>, others: impl Iterator<Item = (&'a str, Vec<f64>)>) {
    let own = median(own);
    for (peer, speeds) in others {
        let peer_speed = median(speeds);
        println!(
            "{what}: {own:.0} = {:.2} × {peer_speed:.0} of {peer} (asked for: more than 1)",
            own / peer_speed
        );
    }
}

/// The program of the peers, with a database of its own.
struct Peers {
    program: Command,
    database: String,
}

impl Peers {
    fn build(system: &System) -> Self {
        let target = folder().join("peers");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/Cargo.toml");
        run(Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--release",
                "--locked",
                "--manifest-path",
            ])
            .arg(manifest)
            .env("CARGO_TARGET_DIR", &target));
        let mut all = system.administer("copy");
        all.run("DROP DATABASE IF EXISTS peers");
        all.run("CREATE DATABASE peers");
        Self {
            program: Command::new(target.join("release/peers")),
            database: system.of_administrator("peers"),
        }
    }

    fn speed(&self, peer: &str, what: &str, rest: &[String]) -> f64 {
        let mut command = Command::new(self.program.get_program());
        command.args([peer, what, &self.database]).args(rest);
        output(&mut command).trim().parse().unwrap()
    }
}
