//! A system on real servers, PostgreSQL, MongoDB, Redis and Kafka: services and servers are killed, and
//! nothing is lost or doubled.
//!
//! `tests/services/run with cargo test --test servers` brings the servers. Without them there is
//! nothing to do, which is said; with `TEST_SERVERS=required` it is a failure.

mod running {
    pub mod newcomer;
    pub mod system;
}
mod over_servers;
mod workspace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cargo_microdb::plan::names::environment;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use running::newcomer::{all, follow_the_readme};
use running::system::{Site, System};
use serde_json::{Value, json};
use workspace::InTurn;

/// How many users register while all is falling down.
const USERS: usize = 60;

#[test]
fn a_lender_survives_its_services_and_servers() {
    let Some(servers) = Servers::named() else {
        return over_servers::not_run("the environment names no servers");
    };
    let lender = InTurn::on_servers("fintech");
    servers.make_databases(&lender);
    servers.refuse_strangers();
    let mut system = System::start_on(&lender, servers.locations());
    follow_the_readme(&system, &lender);
    let before = wallets(&system).unwrap().len();
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let services: Vec<_> = system.services().into_iter().map(str::to_owned).collect();
    let mut users = Vec::new();
    for number in 0..USERS {
        let dice = random.next_u32() as usize;
        match number % 6 {
            2 => system.kill(&services[dice % services.len()]),
            5 => servers.restart(SERVERS[number / 6 % SERVERS.len()], dice.is_multiple_of(2)),
            _ => {}
        }
        users.push(register(&system, number));
    }
    settled(&system, &users, before);
    system.restart();
    settled(&system, &users, before);
    for service in ON_SERVERS {
        let said = servers.command(&lender, service, &["dead-letters", "list"]);
        assert_eq!(said, "0 dead letters\n", "an outage is nobody's fault");
    }
    a_changed_description_begins_anew_when_told_to(&mut system, &lender, &servers);
}

/// What is on servers is emptied by `--reset` alone, all of it together; then everything works as at first.
fn a_changed_description_begins_anew_when_told_to(
    system: &mut System<'_>,
    lender: &InTurn,
    servers: &Servers,
) {
    let description = include_str!("../examples/fintech/microdb.toml");
    let old = "fields.email   = \"string?\"\n";
    let new = format!("{old}fields.nickname = \"string?\"\n");
    lender.describe(&description.replacen(old, &new, 1));
    system.interrupt();
    let refused = system.start_another();
    assert!(refused.contains("`user`"), "{refused}");
    assert!(refused.contains("`cargo run -- --reset`"), "{refused}");
    system.start_again_with(&["--reset"]);
    assert_eq!(wallets(system), Some(BTreeMap::new()));
    // What is asked for by the same keys gets the same ids, of which nobody knows anything any more.
    let users: Vec<_> = (0..3).map(|number| register(system, number)).collect();
    settled(system, &users, 0);
    for service in ON_SERVERS {
        let said = servers.command(lender, service, &["dead-letters", "list"]);
        assert_eq!(said, "0 dead letters\n");
    }
}

/// Every user has one wallet.
fn settled(system: &System<'_>, users: &[String], before: usize) {
    system.until("every user has a wallet", || {
        let wallets = wallets(system)?;
        users
            .iter()
            .all(|user| wallets.contains_key(user))
            .then_some(())
    });
    // What would come twice has time to come.
    std::thread::sleep(Duration::from_millis(500));
    let wallets = system.until("the wallets are shown", || wallets(system));
    assert_eq!(wallets.len(), before + users.len());
    assert!(wallets.values().all(|count| *count == 1), "{wallets:?}");
}

/// How many wallets each user has.
fn wallets(system: &System<'_>) -> Option<BTreeMap<String, usize>> {
    let mut count = BTreeMap::new();
    for wallet in all(&system.url("wallet"), "wallets")? {
        *count
            .entry(wallet["holder"].as_str()?.to_owned())
            .or_default() += 1;
    }
    Some(count)
}

/// Registers a user, however often that has to be tried.
fn register(system: &System<'_>, number: usize) -> String {
    let url = format!("{}/users", system.url("user"));
    let body = json!({ "name": "Ada", "phone": format!("+49 {number}") });
    let user: Value = system.until("a user is registered", || {
        let sent = ureq::post(&url)
            .header("idempotency-key", format!("user {number}"))
            .config()
            .timeout_global(Some(Duration::from_secs(15)))
            .build()
            .send_json(&body);
        sent.ok()?.body_mut().read_json().ok()
    });
    user["id"].as_str().unwrap().to_owned()
}

/// The services whose databases are on servers.
const ON_SERVERS: [&str; 5] = ["user", "loan", "payment", "kyc", "wallet"];

/// The scripts of the servers, in `tests/services`.
const SERVERS: [&str; 4] = ["postgres", "redis", "kafka", "mongodb"];

/// The servers of `tests/services/run`.
struct Servers {
    folder: PathBuf,
    postgres: String,
    replica: String,
    mongodb: String,
    redis: String,
    kafka: String,
}

impl Servers {
    /// Those that the environment names.
    fn named() -> Option<Self> {
        let named = |name: &str| std::env::var(name).ok();
        Some(Self {
            folder: named("TEST_SERVICES_FOLDER")?.into(),
            postgres: named("TEST_POSTGRES_URL")?,
            replica: named("TEST_POSTGRES_REPLICA_URL")?,
            mongodb: named("TEST_MONGODB_URL")?,
            redis: named("TEST_REDIS_URL")?,
            kafka: named("TEST_KAFKA_BROKERS")?,
        })
    }

    /// A context's database on PostgreSQL, with the login of another or its own.
    fn on_postgres(&self, login: &str, database: &str) -> String {
        on(&self.postgres, login, database)
    }

    /// What `local.env` says, for these servers.
    fn locations(&self) -> Vec<(String, String)> {
        let postgres = ["user", "loan", "payment"].map(|context| {
            let variable = format!("{}_DATABASE_URL", environment(context));
            (variable, self.on_postgres(context, context))
        });
        let others = [
            ("KYC_DATABASE_URL", format!("{}/fintech_kyc", self.mongodb)),
            (
                "WALLET_DATABASE_URL",
                format!("{}/?prefix=fintech.wallet", self.redis),
            ),
            (
                "LOAN_DATABASE_REPLICA_URLS",
                on(&self.replica, "loan", "loan"),
            ),
            (
                "LOAN_CACHE_URL",
                format!("{}/?prefix=fintech.loan", self.redis),
            ),
            ("BROKER_URL", format!("kafka://{}", self.kafka)),
        ];
        let others = others.map(|(name, value)| (name.to_owned(), value));
        postgres.into_iter().chain(others).collect()
    }

    /// Makes the databases as `compose.yaml` does.
    fn make_databases(&self, workspace: &InTurn) {
        let made = Command::new("psql")
            .args([
                &self.postgres,
                "--quiet",
                "--set",
                "ON_ERROR_STOP=1",
                "--file",
            ])
            .arg(workspace.path().join("servers/postgres.sql"))
            .status();
        assert!(made.unwrap().success(), "the databases are not made");
    }

    /// The login of another context is refused by the server.
    fn refuse_strangers(&self) {
        for (login, database, is_let_in) in [("loan", "loan", true), ("user", "loan", false)] {
            let asked = Command::new("psql")
                .args([&self.on_postgres(login, database), "--command", "SELECT 1"])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&asked.stderr);
            assert_eq!(asked.status.success(), is_let_in, "{said}");
            assert!(is_let_in || said.contains("permission denied"), "{said}");
        }
    }

    /// Kills a server or stops it, and starts it again on its data.
    fn restart(&self, server: &str, kill: bool) {
        let folder = self.folder.join(server);
        if kill {
            let process = script(server, &["pid"], &folder);
            let killed = Command::new("kill")
                .args(["-s", "KILL", process.trim()])
                .status();
            assert!(killed.unwrap().success(), "{server} is not killed");
        }
        script(server, &["down"], &folder);
        script(server, &["up"], &folder);
    }

    /// Lets the program of a service do something.
    fn command(&self, workspace: &InTurn, service: &str, arguments: &[&str]) -> String {
        let program = workspace::target().join(format!("debug/fintech-{service}"));
        let output = Command::new(program)
            .args(arguments)
            .current_dir(workspace.path())
            .envs(self.locations())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The same on the server of an administrator's URL.
fn on(administrator: &str, login: &str, database: &str) -> String {
    let (_, host) = administrator.split_once('@').unwrap();
    let host = host.split('/').next().unwrap();
    format!("postgres://fintech_{login}:fintech_{login}@{host}/fintech_{database}")
}

/// Runs the script of a server.
fn script(server: &str, arguments: &[&str], folder: &Path) -> String {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services");
    let output = Command::new(scripts.join(server))
        .args(arguments)
        .arg(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{server} {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
