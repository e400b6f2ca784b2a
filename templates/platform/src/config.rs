//! Configuration, from the environment alone.
//!
//! Every variable is looked for under the context's name first (`MY_CONTEXT_PORT`), then plainly
//! (`PORT`), so that the services of a system can share one environment.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::http::Limits;
use crate::telemetry::LogFormat;

/// A variable of the environment.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name without the context's.
    pub name: &'static str,
    /// What holds when it is not set.
    pub default: &'static str,
    /// What it says.
    pub says: &'static str,
}

/// All variables, as `--help` shows them.
pub const SETTINGS: [Setting; 13] = [
    PORT,
    HOST,
    DATA_DIR,
    DATABASE_PATH,
    BROKER_PATH,
    LOG_FORMAT,
    BODY_LIMIT,
    REQUEST_TIMEOUT,
    SHUTDOWN_TIMEOUT,
    OUTBOX_LIMIT,
    EVENT_LOG_DAYS,
    RUST_LOG,
    OTLP_ENDPOINT,
];

const PORT: Setting = setting("PORT", "the service's own", "port to listen on; 0: any");
const HOST: Setting = setting("HOST", "127.0.0.1", "address to listen on");
const DATA_DIR: Setting = setting("DATA_DIR", "data", "where database files are kept");
const DATABASE_PATH: Setting = setting(
    "DATABASE_PATH",
    "<DATA_DIR>/<context>.db",
    "the service's database file",
);
const BROKER_PATH: Setting = setting(
    "BROKER_PATH",
    "<DATA_DIR>/broker.db",
    "the broker's file, the same for all services",
);
const LOG_FORMAT: Setting = setting("LOG_FORMAT", "pretty", "`pretty` or `json`");
const BODY_LIMIT: Setting = setting(
    "BODY_LIMIT",
    "1048576",
    "longest body of a request, in bytes",
);
const REQUEST_TIMEOUT: Setting = setting(
    "REQUEST_TIMEOUT_MS",
    "10000",
    "longest time of a request, in milliseconds",
);
const SHUTDOWN_TIMEOUT: Setting = setting(
    "SHUTDOWN_TIMEOUT_MS",
    "10000",
    "longest wait for requests under way when shutting down, in milliseconds",
);
const OUTBOX_LIMIT: Setting = setting(
    "OUTBOX_LIMIT",
    "100000",
    "how many messages wait for the broker before commands are put off",
);
const EVENT_LOG_DAYS: Setting = setting(
    "EVENT_LOG_DAYS",
    "30",
    "how many days events are kept for replays",
);
const RUST_LOG: Setting = setting(
    "RUST_LOG",
    "info",
    "what is logged, as `info,platform=debug`",
);
const OTLP_ENDPOINT: Setting = setting(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "no traces",
    "collector of traces, `http://127.0.0.1:4318`",
);

const fn setting(name: &'static str, default: &'static str, says: &'static str) -> Setting {
    Setting {
        name,
        default,
        says,
    }
}

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// What a service is told from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0: any.
    pub port: u16,
    /// The service's database file.
    pub database: PathBuf,
    /// The embedded broker's file.
    pub broker: PathBuf,
    /// The form of the log.
    pub log_format: LogFormat,
    /// Whether there is a collector of traces.
    pub traced: bool,
    /// What one request may take.
    pub limits: Limits,
    /// How long requests under way are waited for when the service shuts down.
    pub shutdown_timeout: Duration,
    /// How many messages the outbox holds.
    pub outbox_limit: u64,
    /// How long events are kept for replays.
    pub event_log_kept: Duration,
}

/// Variables that make no sense: all of them.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not usable:{}", list(.0))]
pub struct ConfigError(pub Vec<String>);

fn list(problems: &[String]) -> String {
    problems.iter().map(|one| format!("\n  - {one}")).collect()
}

impl Config {
    /// Reads the environment of this process for the service of `context`.
    ///
    /// # Errors
    /// When variables make no sense; all of them are named.
    pub fn from_env(context: &str, port: u16) -> Result<Self, ConfigError> {
        Self::from_lookup(context, port, &|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(error) => Err(error.to_string()),
        })
    }

    /// The same for any environment.
    ///
    /// # Errors
    /// When variables make no sense; all of them are named.
    pub fn from_lookup(context: &str, port: u16, lookup: &Lookup<'_>) -> Result<Self, ConfigError> {
        let mut reader = Reader {
            prefix: prefix(context),
            lookup,
            problems: Vec::new(),
        };
        let data = PathBuf::from(
            reader
                .raw(&DATA_DIR)
                .unwrap_or_else(|| DATA_DIR.default.to_owned()),
        );
        let path = |given: Option<String>, name: String| {
            given.map_or_else(|| data.join(name), PathBuf::from)
        };
        let second = 1_000;
        let kept_days: u64 = reader.value(&EVENT_LOG_DAYS, 30, "a whole number");
        let config = Self {
            host: reader.value(&HOST, Ipv4Addr::LOCALHOST.into(), "an IP address"),
            port: reader.value(&PORT, port, "a port, 0 to 65535"),
            database: path(reader.raw(&DATABASE_PATH), format!("{context}.db")),
            broker: path(reader.raw(&BROKER_PATH), "broker.db".to_owned()),
            log_format: reader.value(&LOG_FORMAT, LogFormat::Pretty, "`pretty` or `json`"),
            traced: reader.raw(&OTLP_ENDPOINT).is_some(),
            limits: Limits {
                body: reader.value(&BODY_LIMIT, 1 << 20, "a number of bytes"),
                time: reader.millis(&REQUEST_TIMEOUT, 10 * second),
            },
            shutdown_timeout: reader.millis(&SHUTDOWN_TIMEOUT, 10 * second),
            outbox_limit: reader.value(&OUTBOX_LIMIT, 100_000, "a whole number"),
            event_log_kept: Duration::from_secs(kept_days.saturating_mul(DAY_SECONDS)),
        };
        if reader.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(reader.problems))
        }
    }
}

/// Looks up a variable; the error says why its value cannot be read.
pub type Lookup<'a> = dyn Fn(&str) -> Result<Option<String>, String> + 'a;

/// The variables as `--help` shows them.
pub fn help(context: &str) -> String {
    let prefix = prefix(context);
    let mut text = format!(
        "Environment (each also with `{prefix}` in front, which goes before the plain name):\n"
    );
    for Setting {
        name,
        default,
        says,
    } in SETTINGS
    {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {name:<28} {says} [default: {default}]");
    }
    text
}

/// What the names of a context's own variables start with.
pub(crate) fn prefix(context: &str) -> String {
    format!("{}_", context.to_uppercase().replace('-', "_"))
}

struct Reader<'a> {
    prefix: String,
    lookup: &'a Lookup<'a>,
    problems: Vec<String>,
}

impl Reader<'_> {
    /// The value, under the name it was found by.
    fn found(&mut self, setting: &Setting) -> Option<(String, String)> {
        for name in [
            format!("{}{}", self.prefix, setting.name),
            setting.name.to_owned(),
        ] {
            match (self.lookup)(&name) {
                Ok(None) => {}
                // As good as not set: what `NAME= command` in a shell means.
                Ok(Some(value)) if value.is_empty() => {}
                Ok(Some(value)) => return Some((name, value)),
                Err(why) => {
                    self.problems
                        .push(format!("`{name}` cannot be read: {why}"));
                    return None;
                }
            }
        }
        None
    }

    fn raw(&mut self, setting: &Setting) -> Option<String> {
        self.found(setting).map(|(_, value)| value)
    }

    /// The value, when it is set and makes sense.
    fn given<T: FromStr>(&mut self, setting: &Setting, wanted: &str) -> Option<T> {
        let (name, value) = self.found(setting)?;
        let parsed = value.parse().ok();
        if parsed.is_none() {
            let problem = format!("`{name}` is `{value}`, but has to be {wanted}");
            self.problems.push(problem);
        }
        parsed
    }

    /// The value, or the default.
    fn value<T: FromStr>(&mut self, setting: &Setting, default: T, wanted: &str) -> T {
        self.given(setting, wanted).unwrap_or(default)
    }

    fn millis(&mut self, setting: &Setting, default: u64) -> Duration {
        Duration::from_millis(self.value(setting, default, "a number of milliseconds"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, OTLP_ENDPOINT, PORT, SETTINGS};

    fn read(set: &[(&str, &str)]) -> Result<Config, super::ConfigError> {
        Config::from_lookup("stock-room", 8101, &|name| {
            let found = set.iter().find(|(key, _)| *key == name);
            Ok(found.map(|(_, value)| (*value).to_owned()))
        })
    }

    #[test]
    fn the_table_says_the_defaults() {
        let texts: Vec<_> = SETTINGS
            .iter()
            .filter(|one| ![PORT.name, OTLP_ENDPOINT.name].contains(&one.name))
            .map(|one| {
                let paths = one.default.replace("<DATA_DIR>", "data");
                (one.name, paths.replace("<context>", "stock-room"))
            })
            .collect();
        let set: Vec<_> = texts
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        assert_eq!(read(&set).unwrap(), read(&[]).unwrap());
    }

    #[test]
    fn the_context_s_own_name_goes_before_the_plain_one() {
        let config = read(&[("PORT", "1"), ("STOCK_ROOM_PORT", "2"), ("DATA_DIR", "/d")]).unwrap();
        assert_eq!(config.port, 2);
        assert_eq!(config.database.to_str(), Some("/d/stock-room.db"));
        assert_eq!(config.broker.to_str(), Some("/d/broker.db"));
    }

    #[test]
    fn all_that_makes_no_sense_is_named_at_once() {
        let set = [
            ("PORT", "http"),
            ("STOCK_ROOM_HOST", "here"),
            ("LOG_FORMAT", "xml"),
        ];
        let message = read(&set).unwrap_err().to_string();
        for part in [
            "`PORT` is `http`",
            "`STOCK_ROOM_HOST` is `here`",
            "`LOG_FORMAT`",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}
