//! How connections are made, and what is asked of the server before it is trusted.

use std::io::ErrorKind;
use std::str::FromStr;
use std::time::Duration;

use platform_ports::engine::{EngineError, OpenError};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Error};
use tokio::time::timeout;

use super::error::{code, of_server};
use super::statement::{rows, text};
use super::value::Arguments;

/// The oldest server: the first whose `extract` of a time is exact.
const LEAST_VERSION: u32 = 140_000;

/// How long to wait for a server that is to be opened.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 512;

/// What every session runs under: nothing waits for ever, whoever stops in the middle of a
/// transaction is ended, times are in UTC.
const SESSION: [(&str, &str); 5] = [
    ("statement_timeout", "30s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "10s"),
    ("default_transaction_isolation", "read committed"),
    ("TimeZone", "UTC"),
];

/// How the statements of this engine are planned. All that they ask for has an index, which a plan is to
/// look into row by row whatever the statistics say: the server keeps plans, and tables are often empty
/// when they are made. Nothing of it is worth compiling. Migrations are anybody's statements, and are
/// planned as the server sees fit.
pub(super) const PLANNER_SETTINGS: [(&str, &str); 5] = [
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// What a connection to `url` is made with.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    // What cannot be read is not repeated: a password may be in it.
    let options = PgConnectOptions::from_str(url).map_err(|_| {
        OpenError::Unusable(
            "its URL cannot be read; it has to look like postgres://user:password@host:5432/database"
                .to_owned(),
        )
    })?;
    let options = match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("microdb"),
    };
    Ok(options
        .options(SESSION)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging())
}

/// A first connection, to a server that keeps what is committed.
pub(super) async fn prepare(options: &PgConnectOptions) -> Result<PgConnection, OpenError> {
    let connected = timeout(PATIENCE, options.connect()).await;
    let mut connection = match connected {
        Err(_) => return Err(unreachable(options, "it does not answer")),
        Ok(Err(error)) => return Err(refused(options, &error)),
        Ok(Ok(connection)) => connection,
    };
    check(&mut connection).await?;
    Ok(connection)
}

async fn check(connection: &mut PgConnection) -> Result<(), OpenError> {
    let version = setting(connection, "server_version_num").await?;
    if version
        .parse()
        .is_ok_and(|version: u32| version < LEAST_VERSION)
    {
        return Err(OpenError::Unusable(format!(
            "PostgreSQL {} is too old; use 14 or later",
            setting(connection, "server_version").await?
        )));
    }
    if setting(connection, "server_encoding").await? != "UTF8" {
        return Err(OpenError::Unusable(
            "its encoding is not UTF8; create it with `ENCODING 'UTF8'`".to_owned(),
        ));
    }
    for (name, bad) in [
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("synchronous_commit", "off"),
    ] {
        if setting(connection, name).await? == bad {
            return Err(OpenError::NotDurable(format!(
                "`{name}` is off, so a crash would lose what was committed; switch it on at the server (and for database and role)"
            )));
        }
    }
    Ok(())
}

async fn setting(connection: &mut PgConnection, name: &str) -> Result<String, OpenError> {
    let sql = "SELECT current_setting($1)".into();
    let unusable = |error: EngineError| OpenError::Unusable(error.to_string());
    let found = rows(connection, &sql, Arguments::default().text(name))
        .await
        .map_err(|failed| unusable(failed.into()))?;
    match found.first() {
        Some(row) => text(row, 0).map_err(unusable),
        None => Ok(String::new()),
    }
}

/// Why there is no connection: nobody is there, or whoever is there does not want us.
fn refused(options: &PgConnectOptions, error: &Error) -> OpenError {
    match error {
        Error::Io(io) if io.kind() != ErrorKind::InvalidInput => {
            unreachable(options, &io.to_string())
        }
        // It starts, stops or is full.
        Error::Database(_) if code(error).starts_with("57P") || code(error).starts_with("53") => {
            unreachable(
                options,
                of_server(error).map_or("", |found| found.message()),
            )
        }
        Error::Database(_) => OpenError::Unusable(format!(
            "{} at {} as `{}`: {}; check user, password, database and its grants",
            options.get_database().unwrap_or("the user's database"),
            server(options),
            options.get_username(),
            of_server(error).map_or("", |found| found.message()),
        )),
        _ => OpenError::Unusable(format!("{}: {error}", server(options))),
    }
}

fn unreachable(options: &PgConnectOptions, why: &str) -> OpenError {
    OpenError::Unreachable {
        server: server(options),
        why: format!("{why}; start it, or correct host and port in the URL"),
    }
}

fn server(options: &PgConnectOptions) -> String {
    format!("{}:{}", options.get_host(), options.get_port())
}
