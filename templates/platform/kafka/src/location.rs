//! What a location says of Kafka.
//!
//! `kafka+tls://user:password@host:9092,host:9092/?mechanism=SCRAM-SHA-512&replication=3`: the scheme
//! `kafka` is without TLS, name and password are optional and percent-encoded (RFC 3986), and so is
//! what follows: `mechanism` (`PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512`), `ca_file`, `certificate_file`
//! with `key_file`, `replication`, `retention_days`, and a `prefix` of all names, by which systems share a
//! cluster.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use platform_ports::broker::BrokerError;
use platform_ports::location::Location;

use super::{Mechanism, Sasl, Settings};

impl Settings {
    /// Reads a location.
    ///
    /// # Errors
    /// When it makes no sense; the error has nothing of what gives access.
    pub fn read(at: &Location) -> Result<Self, BrokerError> {
        let text = at.secret();
        let rest = text.split_once("://").map(|(_, rest)| rest);
        let rest = rest.ok_or_else(|| unusable("it is not of the form `kafka://host:port`"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (access, brokers) = match rest.rsplit_once('@') {
            Some((access, brokers)) => (Some(access), brokers),
            None => (None, rest),
        };
        let brokers = brokers.trim_end_matches('/');
        if brokers.is_empty() || brokers.contains('/') {
            return Err(unusable("it names no brokers, as `host:port,host:port`"));
        }
        let mut settings = Self::new(brokers);
        settings.tls = at.scheme() == "kafka+tls";
        let mut mechanism = Mechanism::ScramSha512;
        let (mut certificate, mut key) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value)?;
            match name {
                "prefix" => settings.prefix = value,
                "mechanism" => mechanism = mechanism_of(&value)?,
                "ca_file" => settings.ca_file = Some(value.into()),
                "certificate_file" => certificate = Some(value.into()),
                "key_file" => key = Some(value.into()),
                "replication" => {
                    let copies = value
                        .parse()
                        .map_err(|_| unusable("`replication` is a number"));
                    settings.replication = Some(copies?);
                }
                "retention_days" => settings.retention = Some(days(&value)?),
                _ => return Err(unusable(&format!("it does not know `{name}`"))),
            }
        }
        settings.certificate = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            _ => return Err(unusable("`certificate_file` and `key_file` go together")),
        };
        settings.sasl = access.map(|access| sasl(access, mechanism)).transpose()?;
        Ok(settings)
    }
}

fn sasl(access: &str, mechanism: Mechanism) -> Result<Sasl, BrokerError> {
    let (user, password) = access
        .split_once(':')
        .ok_or_else(|| unusable("it has a name without a password"))?;
    Ok(Sasl {
        mechanism,
        user: decoded(user)?,
        password: decoded(password)?,
    })
}

fn mechanism_of(name: &str) -> Result<Mechanism, BrokerError> {
    let all = [
        Mechanism::Plain,
        Mechanism::ScramSha256,
        Mechanism::ScramSha512,
    ];
    let known = all.into_iter().find(|known| known.as_str() == name);
    known.ok_or_else(|| unusable("`mechanism` is `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`"))
}

/// A number of days; of less nobody could catch up who was down for a night.
fn days(text: &str) -> Result<Duration, BrokerError> {
    let days = text.parse().ok().filter(|days: &u32| *days > 0);
    let days = days.ok_or_else(|| unusable("`retention_days` is a number of days, 1 at least"))?;
    Ok(Duration::from_secs(u64::from(days) * 24 * 60 * 60))
}

fn decoded(text: &str) -> Result<String, BrokerError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(Into::into)
        .map_err(|_| unusable("it has a part that is not UTF-8"))
}

fn unusable(why: &str) -> BrokerError {
    BrokerError::Unusable(format!("its location cannot be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::{Mechanism, Settings};
    use platform_ports::broker::BrokerError;

    fn read(text: &str) -> Result<Settings, BrokerError> {
        Settings::read(&text.parse().unwrap())
    }

    #[test]
    fn everything_can_be_said() {
        let text = "kafka+tls://me:p%40s%3As@a:1,b:2/?mechanism=PLAIN&ca_file=/ca.pem\
                    &certificate_file=/c.pem&key_file=/k.pem&replication=3&retention_days=2&prefix=x.";
        let settings = read(text).unwrap();
        assert_eq!(settings.brokers, "a:1,b:2");
        assert!(settings.tls);
        let sasl = settings.sasl.unwrap();
        assert_eq!(
            (sasl.mechanism, &*sasl.user, &*sasl.password),
            (Mechanism::Plain, "me", "p@s:s")
        );
        assert_eq!(settings.replication, Some(3));
        let two_days = std::time::Duration::from_secs(2 * 24 * 60 * 60);
        assert_eq!(settings.retention, Some(two_days));
        assert_eq!(settings.prefix, "x.");
        assert_eq!(settings.certificate.unwrap().1.to_str(), Some("/k.pem"));
        assert_eq!(settings.ca_file.unwrap().to_str(), Some("/ca.pem"));
    }

    #[test]
    fn little_is_enough() {
        let settings = read("kafka://127.0.0.1:9092").unwrap();
        assert_eq!(settings, Settings::new("127.0.0.1:9092"));
    }

    #[test]
    fn what_makes_no_sense_is_said_without_what_gives_access() {
        for text in [
            "kafka:a:1",
            "kafka://",
            "kafka://me:hush@",
            "kafka://me@a:1",
            "kafka://me:hush@a:1/x/",
            "kafka://me:hush@a:1?mechanism=GSSAPI",
            "kafka://me:hush@a:1?what=hush",
            "kafka://me:hush@a:1?replication=many",
            "kafka://me:hush@a:1?retention_days=0",
            "kafka://me:%ff@a:1",
            "kafka://a:1?key_file=k",
        ] {
            let why = read(text).unwrap_err().to_string();
            assert!(!why.contains("hush"), "{why}");
        }
    }
}
