//! The tests of a generated workspace over the servers that it is described with: each failure test in
//! a database and on topics of its own.
//!
//! `tests/services/run with cargo test --test failures` brings the servers, and tries a service of each
//! database on Kafka; `FAILURES=all` tries all services. Without servers there is nothing to do, which is
//! said; with `TEST_SERVERS=required` it is a failure. On files these tests are run by `workspaces`.

mod over_servers;
mod workspace;

use workspace::InTurn;

/// What the tests of a workspace ask the environment for.
const SERVERS: [&str; 4] = [
    "TEST_POSTGRES_URL",
    "TEST_MONGODB_URL",
    "TEST_REDIS_URL",
    "TEST_KAFKA_BROKERS",
];

/// A service on PostgreSQL, one on MongoDB and one on Redis.
#[rustfmt::skip]
const SAMPLE: &[&str] = &["--package", "fintech-loan", "--package", "fintech-kyc", "--package", "fintech-wallet"];

#[test]
fn services_survive_failures_on_their_own_engines() {
    if SERVERS.iter().any(|name| std::env::var_os(name).is_none()) {
        return over_servers::not_run("the environment names no servers");
    }
    let lender = InTurn::on_servers("fintech");
    // The runtime has its tests in `tests/platform`, over the same servers.
    let mut test = vec!["test", "--workspace", "--exclude", "platform-*"];
    if std::env::var_os("FAILURES").is_none_or(|asked| asked != "all") {
        test = [&["test"], SAMPLE].concat();
    }
    lender.cargo(&test);
}
