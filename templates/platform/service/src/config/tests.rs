//! What is read from which variables.

use super::settings::OPERATORS_PORT;
use super::{ALLOWED_HOSTS, ALLOWED_ORIGINS};
use super::{CACHE_URL, Config, DATABASE_REPLICA_URLS, OTLP_ENDPOINT, PORT, SETTINGS};

fn read(set: &[(&str, &str)]) -> Result<Config, super::ConfigError> {
    read_with(super::Servers::default(), set)
}

fn read_with(servers: super::Servers, set: &[(&str, &str)]) -> Result<Config, super::ConfigError> {
    Config::from_lookup("stock-room", 8101, servers, &|name| {
        let found = set.iter().find(|(key, _)| *key == name);
        Ok(found.map(|(_, value)| (*value).to_owned()))
    })
}

#[test]
fn a_server_has_to_be_named_and_stays_unspoken() {
    let servers = super::Servers {
        database: Some("postgres://name:password@host:5432/database"),
        ..super::Servers::default()
    };
    let message = read_with(servers, &[]).unwrap_err().to_string();
    for part in ["`DATABASE_URL` is not set", "postgres://name:password@host"] {
        assert!(message.contains(part), "{message}");
    }
    let set = [("STOCK_ROOM_DATABASE_URL", "s3cret")];
    let message = read_with(servers, &set).unwrap_err().to_string();
    assert!(message.contains("`STOCK_ROOM_DATABASE_URL`"), "{message}");
    assert!(!message.contains("s3cret"), "{message}");
    let set = [("DATABASE_URL", "postgres://loan:s3cret@db/loan")];
    let config = read_with(servers, &set).unwrap();
    assert_eq!(config.database.secret(), set[0].1);
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn replicas_are_a_list() {
    let set = [(
        "DATABASE_REPLICA_URLS",
        " postgres://a/x , postgres://u:p@b/x,",
    )];
    let replicas = read(&set).unwrap().replicas;
    let secrets: Vec<_> = replicas.iter().map(|one| one.secret()).collect();
    assert_eq!(secrets, ["postgres://a/x", "postgres://u:p@b/x"]);
    let set = [("STOCK_ROOM_DATABASE_REPLICA_URLS", "postgres://a/x,s3cret")];
    let message = read(&set).unwrap_err().to_string();
    assert!(
        message.contains("`STOCK_ROOM_DATABASE_REPLICA_URLS`"),
        "{message}"
    );
    assert!(!message.contains("s3cret"), "{message}");
}

#[test]
fn who_is_let_in_is_a_list() {
    let set = [
        ("ALLOWED_HOSTS", " shop.example, Shop.Internal ,"),
        (
            "ALLOWED_ORIGINS",
            "https://shop.example,http://localhost:3000",
        ),
    ];
    let config = read(&set).unwrap();
    assert_eq!((config.hosts.len(), config.origins.len()), (2, 2));
    let set = [
        ("ALLOWED_HOSTS", "shop.example:80"),
        ("ALLOWED_ORIGINS", "*"),
    ];
    let message = read(&set).unwrap_err().to_string();
    for part in [
        "`ALLOWED_HOSTS` is `shop.example:80`",
        "`ALLOWED_ORIGINS` is `*`",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_table_says_the_defaults() {
    let texts: Vec<_> = SETTINGS
        .iter()
        .filter(|one| {
            let mut absent = vec![PORT, DATABASE_REPLICA_URLS, CACHE_URL, OTLP_ENDPOINT];
            absent.extend([ALLOWED_HOSTS, ALLOWED_ORIGINS, OPERATORS_PORT]);
            absent.iter().all(|other| other.name != one.name)
        })
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
    assert_eq!(config.database.secret(), "sqlite:/d/stock-room.db");
    assert_eq!(config.broker.secret(), "embedded:/d/broker.db");
}

#[test]
fn all_that_makes_no_sense_is_named_at_once() {
    let set = [
        ("PORT", "http"),
        ("STOCK_ROOM_HOST", "here"),
        ("LOG_FORMAT", "xml"),
        ("CONNECTION_LIMIT", "0"),
    ];
    let message = read(&set).unwrap_err().to_string();
    for part in [
        "`PORT` is `http`",
        "`STOCK_ROOM_HOST` is `here`",
        "`LOG_FORMAT`",
        "`CONNECTION_LIMIT` is `0`",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
