//! How fast events go from an outbox on PostgreSQL to Kafka, and from there into a copy on PostgreSQL,
//! and how soon one takes effect in another service.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use crate::measure::load;
use crate::measure::numbers::{compared, quantile};
use crate::measure::process::Service;
use crate::psql::Psql;
use crate::system::{System, output};

/// How often each speed is measured; odd, so that there is a median.
const ROUNDS: usize = 5;

/// How many events are carried in a round.
const EVENTS: usize = 100_000;

/// How long is waited for what has to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Fills the outbox with as many events of new aggregates, made after one that the service wrote;
/// their ids are of version 7, as the service's are.
const FILL: &str = "
    INSERT INTO microdb_outbox (id, aggregatetype, aggregateid, type, payload, topic, partition,
        headers, sequence, logged, written_at)
    SELECT event, aggregatetype, aggregate, type,
        convert_to(replace(convert_from(payload, 'UTF8'), aggregateid::text, aggregate::text), 'UTF8'),
        topic, n % 8, replace(replace(headers, aggregateid::text, aggregate::text), id::text, event::text),
        1, TRUE, now()
    FROM (SELECT * FROM microdb_event_log WHERE sequence = 1 LIMIT 1) AS one,
        (SELECT n, id AS event, id AS aggregate
         FROM generate_series(1, {EVENTS}) AS n,
            lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint + n / 100), 12, '0') AS ms,
            overlay(gen_random_uuid()::text PLACING left(ms, 8) || '-' || right(ms, 4) || '-7' FROM 1 FOR 15)
                AS version_7,
            CAST(version_7 AS uuid) AS id) AS many";

/// Events a second from a full outbox until it is empty ÷ the same messages sent from memory; and from
/// Kafka into the copy ÷ the same rows by one loop of statements.
pub fn speeds(system: &System) {
    let mut owner = system.administer("relational");
    let mut copy = system.administer("copy");
    // The copy asks for a snapshot once, when it is new.
    let services = [system.start("relational"), system.start("copy")];
    load::run(services[0].port, 1, 1);
    until("the copy has a row", || {
        copy.value("SELECT count(*) > 0 FROM \"replica__greetings\"") == "t"
    });
    drop(services);
    // The first time, Kafka compiles itself while it works.
    fill(&mut owner);
    produced(system);
    published(system, &mut owner);
    read(system, &mut copy);
    let mut relay = (Vec::new(), Vec::new());
    let mut reader = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        fill(&mut owner);
        relay.0.push(produced(system));
        relay.1.push(published(system, &mut owner));
        copy.run("CHECKPOINT");
        reader.0.push(number(&output(
            system
                .program("unnest")
                .args([&system.database("copy"), &EVENTS.to_string()]),
        )));
        copy.run("CHECKPOINT");
        reader.1.push(read(system, &mut copy));
    }
    for (what, (limits, speeds), asked) in [
        ("from a full outbox on PostgreSQL to Kafka", relay, 0.6),
        ("from Kafka into a copy on PostgreSQL", reader, 0.5),
    ] {
        let compared = compared(speeds, limits);
        println!("events {what}: {compared} (asked for: at least {asked})");
    }
}

/// Fills the outbox, for a service that has written an event before; events a second until it is empty.
pub fn carried(system: &System) -> f64 {
    let mut owner = system.administer("relational");
    fill(&mut owner);
    published(system, &mut owner)
}

/// Lets the service publish what is in its outbox.
pub fn empty(system: &System) {
    let mut owner = system.administer("relational");
    let _service = system.start("relational");
    until("the outbox is empty", || is_empty(&mut owner));
}

/// Messages a second that the client of Kafka sends from memory: those that are in the outbox.
fn produced(system: &System) -> f64 {
    let mut program = system.program("produce");
    let arguments = [&system.database("relational"), &system.kafka];
    number(&output(program.args(arguments)))
}

fn is_empty(owner: &mut Psql) -> bool {
    owner.value("SELECT NOT EXISTS (SELECT FROM microdb_outbox)") == "t"
}

fn fill(owner: &mut Psql) {
    owner.run(&FILL.replace("{EVENTS}", &EVENTS.to_string()));
    owner.run("VACUUM ANALYZE microdb_outbox");
    owner.run("CHECKPOINT");
}

/// Events a second from the first that leaves the outbox to the last.
fn published(system: &System, owner: &mut Psql) -> f64 {
    let first = "SELECT coalesce(min(position), 0) FROM microdb_outbox";
    let full = owner.value(first);
    let _service = system.start("relational");
    let mut started = Instant::now();
    while owner.value(first) == full {
        started = Instant::now();
        thread::sleep(Duration::from_millis(1));
    }
    until("the outbox is empty", || is_empty(owner));
    EVENTS as f64 / started.elapsed().as_secs_f64()
}

/// Events a second, from the commit of the first to that of the last.
fn read(system: &System, copy: &mut Psql) -> f64 {
    let rows = "SELECT count(*) FROM \"replica__greetings\"";
    let before = number(&copy.value(rows));
    let newest = copy.value("SELECT coalesce(max(pg_xact_commit_timestamp(xmin)), '-infinity') FROM \"replica__greetings\"");
    let _service = system.start("copy");
    until("the copy is whole", || {
        thread::sleep(Duration::from_millis(200));
        number(&copy.value(rows)) as usize == before as usize + EVENTS
    });
    let time = format!(
        "SELECT extract(epoch FROM max(at) - min(at)) FROM (SELECT pg_xact_commit_timestamp(xmin) AS at
         FROM \"replica__greetings\") AS r WHERE at > '{newest}'"
    );
    // The first commit has a batch of rows already, which is an advantage of one batch in hundreds.
    EVENTS as f64 / number(&copy.value(&time))
}

/// How many commands are sent with a pause after each.
const FEW: usize = 300;

/// The pause, which is no divisor of anything in the runtime.
const PAUSE: Duration = Duration::from_millis(37);

/// How many commands go before, until Kafka has compiled itself for this load.
const WARM: usize = 60_000;

/// How many clients send at a time under load, and how many commands all send at full speed.
const LOAD: (usize, usize) = (16, 16_000);

/// How long no effect comes before nothing is on its way.
const SILENCE: Duration = Duration::from_secs(1);

/// How long half of the full load lasts.
const HALF: Duration = Duration::from_secs(10);

/// From the commit of a command to that of its effect in another service: of the copy of a row, and
/// of a policy's command.
pub fn delays(system: &System) {
    let owner = system.start("relational");
    for (context, table, of) in [
        ("copy", "replica__greetings", "id"),
        ("entry", "entry", "greeting"),
    ] {
        let service = system.start(context);
        let mut effects = Effects {
            owner: system.administer("relational"),
            other: system.administer(context),
            table,
            of,
        };
        effects.begin(&owner);
        load::run(owner.port, LOAD.0, WARM);
        delay(context, &owner, &mut effects);
        drop(service);
    }
}

fn delay(context: &str, owner: &Service, effects: &mut Effects) {
    let since = effects.after_all();
    load::paced(owner.port, 1, FEW, PAUSE);
    report_delays(&format!("{context}, little load"), effects, &since);
    let since = effects.after_all();
    load::run(owner.port, LOAD.0, LOAD.1);
    let full = effects.carried(&since);
    println!("{context}: {full:.0} commands/s with their effects");
    let pause = Duration::from_secs_f64(LOAD.0 as f64 / (full / 2.0));
    let each = (HALF.as_secs_f64() / pause.as_secs_f64()) as usize;
    // Small batches are another load than large ones, which Kafka compiles itself for as well.
    load::paced(owner.port, LOAD.0, 2 * each, pause);
    let since = effects.after_all();
    load::paced(owner.port, LOAD.0, each, pause);
    report_delays(&format!("{context}, half of that load"), effects, &since);
}

fn report_delays(what: &str, effects: &mut Effects, since: &str) {
    let delays = effects.delays(since);
    println!(
        "commit to effect, {what}: p50 {:.1} ms (asked for: at most 10), p99 {:.1} ms (at most 50), of {}",
        quantile(delays.clone(), 0.5),
        quantile(delays.clone(), 0.99),
        delays.len()
    );
}

/// Rows of one service, and what becomes of them in the other. Both databases are on one server, and
/// so the times of their commits are by one clock.
struct Effects {
    owner: Psql,
    other: Psql,
    table: &'static str,
    of: &'static str,
}

impl Effects {
    /// The time by the server, when nothing is on its way: for a while, no effect is new.
    fn after_all(&mut self) -> String {
        let arrived = format!("SELECT count(*) FROM \"{}\"", self.table);
        let mut before = String::new();
        until("nothing is on its way", || {
            thread::sleep(SILENCE);
            let now = self.other.value(&arrived);
            std::mem::replace(&mut before, now.clone()) == now
        });
        self.owner.value("SELECT clock_timestamp()")
    }

    /// Waits until a row takes effect: a service that is new begins with what comes after its start.
    fn begin(&mut self, owner: &Service) {
        let arrived = format!("SELECT count(*) > 0 FROM \"{}\"", self.table);
        until("there is an effect", || {
            load::run(owner.port, 1, 1);
            thread::sleep(Duration::from_millis(100));
            self.other.value(&arrived) == "t"
        });
    }

    /// Waits until all rows that were committed since then have taken effect.
    fn settle(&mut self, since: &str) {
        let commits = times(&mut self.owner, "greeting", "id", since).len();
        until("all effects are there", || {
            thread::sleep(Duration::from_millis(100));
            times(&mut self.other, self.table, self.of, since).len() >= commits
        });
    }

    /// The delays of what was committed since then, in milliseconds.
    fn delays(&mut self, since: &str) -> Vec<f64> {
        self.settle(since);
        let (committed, arrived) = self.times(since);
        let delay = |(id, at): (&String, &f64)| (arrived[id] - at) * 1e3;
        committed.iter().map(delay).collect()
    }

    /// Commands a second, from the first commit to the last effect.
    fn carried(&mut self, since: &str) -> f64 {
        self.settle(since);
        let (committed, arrived) = self.times(since);
        let first = committed.values().copied().fold(f64::MAX, f64::min);
        let last = arrived.values().copied().fold(f64::MIN, f64::max);
        committed.len() as f64 / (last - first)
    }

    fn times(&mut self, since: &str) -> (HashMap<String, f64>, HashMap<String, f64>) {
        let committed = times(&mut self.owner, "greeting", "id", since);
        let arrived = times(&mut self.other, self.table, self.of, since);
        (committed, arrived)
    }
}

/// When each row was committed, in seconds.
fn times(database: &mut Psql, table: &str, id: &str, since: &str) -> HashMap<String, f64> {
    let sql = format!(
        "SELECT \"{id}\", extract(epoch FROM at) FROM (SELECT *, pg_xact_commit_timestamp(xmin) AS at
         FROM \"{table}\") AS r WHERE at >= '{since}'"
    );
    let rows = database.rows(&sql).into_iter();
    let row = rows.map(|row| {
        let (id, at) = row.split_once('|').unwrap();
        (id.to_owned(), number(at))
    });
    row.collect()
}

fn number(text: &str) -> f64 {
    text.trim().parse().unwrap()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
