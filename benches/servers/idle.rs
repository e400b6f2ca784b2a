//! What a service costs that has nothing to do, on each engine.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::measure::idle;
use crate::measure::numbers::median;
use crate::system::{System, output};

/// How often the start is measured; odd, so that there is a median.
const STARTS: usize = 5;

/// The services, with the servers that keep their databases.
const SERVICES: [(&str, Server); 5] = [
    ("relational", Server::Postgres),
    ("copy", Server::Postgres),
    ("entry", Server::Postgres),
    ("document", Server::Mongodb),
    ("memory", Server::Redis),
];

/// A server of databases, which counts what it is asked for.
#[derive(Clone, Copy)]
enum Server {
    Postgres,
    Mongodb,
    Redis,
}

/// Measures start, processor, wake-ups, statements and memory.
pub fn measure(system: &System) {
    // A copy is ready once it has had all there is, which only its owner can tell.
    let owner = system.start("relational");
    drop(system.start("copy"));
    drop(owner);
    for (context, server) in SERVICES {
        let starts = (0..STARTS).map(|_| system.start(context).ready_after.as_secs_f64() * 1e3);
        let starts = median(starts.collect());
        if matches!(server, Server::Postgres) {
            let logs = format!("ALTER DATABASE post_{context} SET log_statement = 'all'");
            system.administer(context).run(&logs);
        }
        let service = system.start(context);
        let (before, started) = (server.statements(system), Instant::now());
        let cost = idle::measure(&[&service]).remove(0);
        let statements = server.statements(system) - before;
        let statements = statements / started.elapsed().as_secs_f64();
        if matches!(server, Server::Postgres) {
            let rests = format!("ALTER DATABASE post_{context} RESET log_statement");
            system.administer(context).run(&rests);
        }
        println!(
            "{context}: ready after {starts:.0} ms (asked for: at most 300); with nothing to do {}, \
             {:.0} MiB resident (asked for: at most 30)",
            cost.with(statements, "statements"),
            service.resident()
        );
    }
}

impl Server {
    /// How many statements it has carried out, of services whose statements it logs or counts.
    fn statements(self, system: &System) -> f64 {
        match self {
            Self::Postgres => {
                let log = system.log_of_postgres();
                let logged = |kind| log.matches(kind).count();
                (logged("LOG:  execute ") + logged("LOG:  statement: ")) as f64
            }
            Self::Mongodb => {
                let ask = format!(
                    "import pymongo; status = pymongo.MongoClient('{}').admin.command('serverStatus'); \
                     print(sum(status['opcounters'].values()))",
                    system.mongodb
                );
                number(Command::new(python()).args(["-c", &ask]))
            }
            Self::Redis => {
                let mut ask = Command::new("redis-cli");
                let info = output(ask.args(["-u", &system.redis, "INFO", "stats"]));
                let count = info
                    .lines()
                    .find_map(|line| line.strip_prefix("total_commands_processed:"));
                count.unwrap().trim().parse().unwrap()
            }
        }
    }
}

/// The Python with a client of MongoDB, which comes with the server.
fn python() -> std::path::PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
    let folders = std::fs::read_dir(tools).unwrap();
    let mut paths = folders.map(|folder| folder.unwrap().path().join("bin/python"));
    let found = paths.find(|path| path.exists());
    found.expect("the server of MongoDB's protocol has a Python")
}

fn number(command: &mut Command) -> f64 {
    output(command).trim().parse().unwrap()
}
