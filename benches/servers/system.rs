//! The system of `microdb.toml` on the servers that the environment names, its services built in
//! release and run as processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::measure::process::Service;
use crate::psql::Psql;

/// The programs of this bench, a member of the generated workspace.
const PROGRAMS: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("programs/manifest.toml")),
    ("produce.rs", include_str!("programs/produce.rs")),
    ("unnest.rs", include_str!("programs/unnest.rs")),
];

/// The contexts with their databases on PostgreSQL.
const RELATIONAL: [&str; 3] = ["relational", "copy", "entry"];

/// Where nobody listens: a service whose broker is there keeps what it would publish.
const NOWHERE: &str = "kafka://127.0.0.1:9";

/// The generated system, and where its servers are.
pub struct System {
    target: PathBuf,
    folder: PathBuf,
    postgres: String,
    /// The URL of MongoDB.
    pub mongodb: String,
    /// The URL of Redis.
    pub redis: String,
    /// The brokers of Kafka.
    pub kafka: String,
}

/// Where everything is kept.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers")
}

impl System {
    /// Generates and builds it, and makes its databases; `None`: the environment names no servers.
    pub fn build() -> Option<Self> {
        let named = |name: &str| std::env::var(name).ok();
        let system = Self {
            target: folder().join("target"),
            folder: named("TEST_SERVICES_FOLDER")?.into(),
            postgres: named("TEST_POSTGRES_URL")?,
            mongodb: named("TEST_MONGODB_URL")?,
            redis: named("TEST_REDIS_URL")?,
            kafka: named("TEST_KAFKA_BROKERS")?,
        };
        let workspace = folder().join("post.new");
        let _ = fs::remove_dir_all(&workspace);
        fs::create_dir_all(folder()).unwrap();
        let description =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/servers/microdb.toml");
        run(Command::new(env!("CARGO_BIN_EXE_cargo-microdb"))
            .args(["microdb", "--quiet", "new", "--no-git"])
            .arg(&workspace)
            .arg("--from")
            .arg(description));
        let programs = workspace.join("services/measure");
        fs::create_dir_all(&programs).unwrap();
        for (name, text) in PROGRAMS {
            fs::write(programs.join(name), text).unwrap();
        }
        let workspace = unless_the_same(workspace, folder().join("post"));
        run(Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--release",
                "--workspace",
                "--exclude=post-dev",
            ])
            .current_dir(&workspace)
            .env("CARGO_TARGET_DIR", &system.target));
        system.prepare_postgres(&workspace);
        Some(system)
    }

    /// Makes the databases, and lets the server keep the times of commits.
    fn prepare_postgres(&self, workspace: &Path) {
        let mut all = Psql::open(&self.postgres);
        for context in RELATIONAL {
            all.run(&format!(
                "DROP DATABASE IF EXISTS post_{context} WITH (FORCE)"
            ));
            all.run(&format!("DROP ROLE IF EXISTS post_{context}"));
        }
        let file = workspace.join("servers/postgres.sql");
        run(Command::new("psql")
            .args([
                &self.postgres,
                "--quiet",
                "--set",
                "ON_ERROR_STOP=1",
                "--file",
            ])
            .arg(file));
        all.run("ALTER SYSTEM SET track_commit_timestamp = on");
        drop(all);
        for what in ["down", "up"] {
            let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services");
            run(Command::new(scripts.join("postgres"))
                .arg(what)
                .arg(self.folder.join("postgres")));
        }
        // Its standby would write everything once more, on the same disk.
        let process = self.folder.join("postgres/standby/data/postmaster.pid");
        if let Some(number) = fs::read_to_string(process)
            .unwrap_or_default()
            .lines()
            .next()
        {
            run(Command::new("kill").args(["-s", "INT", number]));
        }
    }

    /// A program of this bench.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.target.join("release").join(name))
    }

    /// The database of a context on PostgreSQL.
    pub fn database(&self, context: &str) -> String {
        let (_, host) = self.postgres.split_once('@').unwrap();
        let host = host.split('/').next().unwrap();
        format!("postgres://post_{context}:post_{context}@{host}/post_{context}")
    }

    /// What may do everything in the database of a context.
    pub fn administer(&self, context: &str) -> Psql {
        Psql::open(&self.of_administrator(&format!("post_{context}")))
    }

    /// A database, for who may do everything.
    pub fn of_administrator(&self, database: &str) -> String {
        let (server, _) = self.postgres.rsplit_once('/').unwrap();
        format!("{server}/{database}")
    }

    /// What PostgreSQL has written into its log.
    pub fn log_of_postgres(&self) -> String {
        fs::read_to_string(self.folder.join("postgres/log")).unwrap()
    }

    /// Starts a service, and waits until it is ready.
    pub fn start(&self, context: &str) -> Service {
        let broker = format!("kafka://{}", self.kafka);
        Service::start(self.program_of(context, &broker))
    }

    /// Starts a service that reaches no broker, with room for all that it would publish.
    pub fn start_alone(&self, context: &str) -> Service {
        let mut program = self.program_of(context, NOWHERE);
        program.env("OUTBOX_LIMIT", "10000000");
        Service::start_until(program, "/greetings")
    }

    fn program_of(&self, context: &str, broker: &str) -> Command {
        let database = match context {
            "document" => format!("{}/post_document", self.mongodb),
            "memory" => format!("{}/?prefix=post.memory", self.redis),
            context if RELATIONAL.contains(&context) => self.database(context),
            context => panic!("there is no context {context}"),
        };
        let mut program = Command::new(self.target.join(format!("release/post-{context}")));
        program
            .env("DATABASE_URL", database)
            .env("BROKER_URL", broker);
        program
    }
}

/// The old workspace where the new one is the same, so that it is not compiled again.
fn unless_the_same(new: PathBuf, old: PathBuf) -> PathBuf {
    let same = Command::new("diff")
        .args(["--recursive", "--brief", "--exclude=Cargo.lock"])
        .args([&new, &old])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !same.unwrap().success() {
        let _ = fs::remove_dir_all(&old);
        fs::rename(&new, &old).unwrap();
    }
    old
}

/// Runs a command that has to succeed.
pub fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?} failed");
}

/// Runs a command that has to succeed; what it prints.
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
    String::from_utf8(output.stdout).unwrap()
}
