//! Commands a second through the HTTP interface ÷ those that the server's own bench drives with the
//! very statements, by the same number of clients.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::flow;
use crate::measure::load;
use crate::measure::numbers::compared;
use crate::measure::process::Service;
use crate::statements;
use crate::system::{System, folder, output};

/// How often each is measured; odd, so that there is a median.
const ROUNDS: usize = 5;

/// Clients at a time, and how many commands they send together in a round.
const LOADS: [(usize, usize); 3] = [(1, 2_000), (8, 12_000), (32, 24_000)];

/// From how many keys `redis-benchmark` draws: it takes no more than 31 bits, and makes one key of all of
/// them beyond.
const KEYS: &str = "2000000000";

/// Stands in its ids for the number of the round: it may draw all keys of another round again, as it begins
/// with the time and the number of its process.
const ROUND: &str = "ROUND";

/// What PostgreSQL takes at best: its pgbench, with the statements of the service.
pub fn on_postgres(system: &System) {
    let script = folder().join("command.sql");
    fs::write(&script, statements::script(system)).unwrap();
    let mut database = system.administer("relational");
    let mut begun = 0;
    for relays in [false, true] {
        let service = match relays {
            true => system.start("relational"),
            false => system.start_alone("relational"),
        };
        let what = match relays {
            true => "PostgreSQL, while its events go to Kafka",
            false => "PostgreSQL, its events kept in the outbox",
        };
        compare(what, 0.7, &service, &mut |clients, commands| {
            if !relays {
                database.run("TRUNCATE microdb_outbox");
            }
            begun += 1;
            let mut bench = Command::new("pgbench");
            bench
                .arg(system.database("relational"))
                .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
                .arg(format!("--client={clients}"))
                .arg(format!("--transactions={}", commands / clients))
                .arg(format!("--define=n={}", begun * 1_000_000))
                .arg("--file")
                .arg(&script);
            let said = output(&mut bench);
            between(&said, "tps = ", " ").parse().unwrap()
        });
        drop(service);
        flow::empty(system);
    }
}

/// What Redis takes at best: its redis-benchmark, with the call of the service.
pub fn on_redis(system: &System) {
    let service = system.start_alone("memory");
    let call = call(system, &service);
    let mut begun = 0;
    let (_, address) = system.redis.split_once("://").unwrap();
    let (host, port) = address.split_once(':').unwrap();
    compare("Redis", 0.6, &service, &mut |clients, commands| {
        begun += 1;
        let call = call
            .iter()
            .map(|word| word.replace(ROUND, &format!("{begun:04}")));
        let mut bench = Command::new("redis-benchmark");
        bench
            .args(["-h", host, "-p", port, "--csv", "-r", KEYS])
            .args(["-c", &clients.to_string(), "-n", &commands.to_string()])
            .args(call);
        let before = rows_in_redis(system);
        let said = output(&mut bench);
        let written = rows_in_redis(system) - before;
        assert_eq!(written, commands, "each call writes a row");
        let line = said.lines().last().unwrap();
        line.rsplit("\",\"").nth(6).unwrap().parse().unwrap()
    });
}

/// Measures both in turn, and prints what comes of it.
fn compare(what: &str, asked: f64, service: &Service, limit: &mut dyn FnMut(usize, usize) -> f64) {
    load::run(service.port, 8, 4_000);
    for (clients, commands) in LOADS {
        let (mut speeds, mut limits) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            limits.push(limit(clients, commands));
            speeds.push(load::run(service.port, clients, commands));
        }
        println!(
            "commands by HTTP on {what}, {clients} clients: {} of the server's own bench (asked for: at \
             least {asked})",
            compared(speeds, limits)
        );
    }
}

fn rows_in_redis(system: &System) -> usize {
    let mut client = Command::new("redis-cli");
    client.args(["-u", &system.redis, "hlen", "{post.memory}:rows:greeting:0"]);
    output(&mut client).trim().parse().unwrap()
}

/// The function call of a command, with ids that `redis-benchmark` makes anew.
fn call(system: &System, service: &Service) -> Vec<String> {
    let mut monitor = Command::new("redis-cli")
        .args(["-u", &system.redis, "monitor"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(monitor.stdout.take().unwrap()).lines();
    let said = lines.next().unwrap().unwrap();
    assert_eq!(said, "OK");
    load::run(service.port, 1, 1);
    let call = lines.find_map(|line| {
        let words = words(&line.unwrap());
        let command = words.first()?;
        let written = words
            .last()
            .is_some_and(|last| last.contains(r#""saves":[{"#));
        (command == "FCALL" && written).then_some(words)
    });
    monitor.kill().unwrap();
    monitor.wait().unwrap();
    let call = call.expect("the function was not called");
    let set: Value = serde_json::from_str(call.last().unwrap()).unwrap();
    let id = |pointer: &str| set.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let (row, event) = (id("/saves/0/id"), id("/events/0/id"));
    let anew = |word: String| {
        // Drawn twice, none of them comes again in a round; without hyphens there is room for that.
        word.replace(&row, &format!("__rand_int____rand_int__7000{ROUND}"))
            .replace(&event, &format!("__rand_int____rand_int__8000{ROUND}"))
    };
    call.into_iter().map(anew).collect()
}

/// The words of a line of `MONITOR`, which are JSON strings but for `\x..`.
fn words(line: &str) -> Vec<String> {
    let Some((_, words)) = line.split_once("] ") else {
        return Vec::new();
    };
    let words = serde_json::Deserializer::from_str(words).into_iter::<String>();
    words.map_while(Result::ok).collect()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}
