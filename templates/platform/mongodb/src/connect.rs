//! The connection to the server, and whether it keeps what is committed.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, ServerAddress,
    WriteConcern,
};
use mongodb::{Client, Database};
use platform_ports::engine::OpenError;

/// How long a server is looked for before the database counts as not available.
const SELECTION: Duration = Duration::from_secs(5);

/// A database on a server.
#[derive(Clone)]
pub(super) struct Connection {
    /// For what a write set reads: the primary's newest, which the write that follows confirms.
    pub(super) database: Database,
    /// For everybody else: what a majority has.
    pub(super) majority: Database,
    /// Whether it is a cluster that divides collections.
    pub(super) is_cluster: bool,
    /// The hosts, for messages.
    pub(super) server: String,
}

/// What every write waits for.
pub(super) fn durable() -> Document {
    doc! { "w": "majority", "j": true }
}

/// Finds the database that a URL names.
pub(super) async fn connect(url: &str) -> Result<Connection, OpenError> {
    // The driver's own words might repeat the URL, which may hold a password.
    let bad = |_| {
        OpenError::Unusable(
            "its URL is none of MongoDB's, such as mongodb://host:27017/name".to_owned(),
        )
    };
    let mut options = ClientOptions::parse(url).await.map_err(bad)?;
    check_asked(&options)?;
    let Some(name) = options.default_database.clone() else {
        return Err(OpenError::Unusable(
            "its URL names no database: mongodb://host:27017/name".to_owned(),
        ));
    };
    let hosts = options.hosts.iter().map(ServerAddress::to_string);
    let server = hosts.collect::<Vec<_>>().join(",");
    options.write_concern = Some(
        WriteConcern::builder()
            .w(Acknowledgment::Majority)
            .journal(true)
            .build(),
    );
    options.read_concern = Some(ReadConcern::local());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options.retry_reads = Some(true);
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.connect_timeout.get_or_insert(SELECTION);
    let client = Client::with_options(options).map_err(bad)?;
    let majority = mongodb::options::DatabaseOptions::builder()
        .read_concern(ReadConcern::majority())
        .build();
    let mut connection = Connection {
        is_cluster: false,
        majority: client.database_with_options(&name, majority),
        database: client.database(&name),
        server,
    };
    let hello = connection.database.run_command(doc! { "hello": 1 }).await;
    let hello = hello.map_err(|error| connection.failed(&error))?;
    connection.is_cluster = hello.get_str("msg").is_ok_and(|what| what == "isdbgrid");
    Ok(connection)
}

/// A URL that asks for less is a mistake that is told, not one that is passed over.
fn check_asked(options: &ClientOptions) -> Result<(), OpenError> {
    let Some(asked) = &options.write_concern else {
        return Ok(());
    };
    let refused = |what: &str| {
        Err(OpenError::NotDurable(format!(
            "its URL says `{what}`, where `w=majority` and `journal=true` are needed: take that out of it"
        )))
    };
    if asked.journal == Some(false) {
        return refused("journal=false");
    }
    match &asked.w {
        None | Some(Acknowledgment::Majority) => Ok(()),
        Some(Acknowledgment::Nodes(number)) => refused(&format!("w={number}")),
        Some(_) => refused("w"),
    }
}

impl Connection {
    /// Whether the server keeps on its disk what it has acknowledged.
    pub(super) async fn check_durable(&self) -> Result<(), OpenError> {
        // Not everybody may ask this; the write below has to be taken by everybody.
        if let Ok(status) = self.database.run_command(doc! { "serverStatus": 1 }).await
            && let Ok(storage) = status.get_document("storageEngine")
            && !storage.get_bool("persistent").unwrap_or(true)
        {
            return Err(OpenError::NotDurable(
                "its server keeps everything in memory: use the storage engine WiredTiger"
                    .to_owned(),
            ));
        }
        let probe = self.database.collection::<Document>("microdb_migrations");
        let written = probe
            .delete_one(doc! { "_id": "there is no such migration" })
            .await;
        match written {
            Ok(_) => Ok(()),
            Err(error) if is_about_durability(&error) => Err(OpenError::NotDurable(format!(
                "its server does not take writes with `w: majority, j: true`: {error}"
            ))),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// What a failure at the start means.
    pub(super) fn failed(&self, error: &DriverError) -> OpenError {
        match error.kind.as_ref() {
            ErrorKind::ServerSelection { .. }
            | ErrorKind::Io(_)
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. } => OpenError::Unreachable {
                server: self.server.clone(),
                why:
                    "nobody, or no MongoDB, is there; start it, or correct host and port in the URL"
                        .to_owned(),
            },
            ErrorKind::Authentication { .. } => OpenError::Unusable(format!(
                "{} does not take the name and password of the URL; check them",
                self.server
            )),
            _ => OpenError::Unusable(format!("{}: {error}", self.server)),
        }
    }
}

fn is_about_durability(error: &DriverError) -> bool {
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
        // BadValue: `cannot use 'j' option when a host does not have journaling enabled`.
        ErrorKind::Write(WriteFailure::WriteError(write)) => write.code == 2,
        ErrorKind::Command(command) => command.code == 2,
        _ => false,
    }
}
