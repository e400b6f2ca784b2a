//! The connection to the server, or to the nodes of a cluster.
//!
//! A command that may have reached the server is never sent a second time by itself: it may have been
//! done. Only a refusal before anything was done is followed by another attempt.

use std::time::Duration;

use platform_ports::engine::{EngineError, OpenError};
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, FromRedisValue, RedisError, RedisResult,
};
use serde::Serialize;
use tokio::sync::Mutex;

use super::address::Address;
use super::durable;
use super::error::{failure, is_elsewhere, is_loaded, lacks_function};
use super::library::LIBRARY;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(3);

/// How long an answer may take, the writing to the disk included.
const ANSWER: Duration = Duration::from_secs(10);

/// How often a command follows its keys to another node, and how long it waits each time.
const MOVES: u32 = 5;
const MOVE: Duration = Duration::from_millis(50);

/// The connection to the server, made anew when it is lost.
pub(crate) struct Connection {
    address: Address,
    server: Server,
}

enum Server {
    Single(Box<SingleServer>),
    Cluster(ClusterConnection),
}

/// One server, and the connection to it while there is one.
struct SingleServer {
    client: Client,
    config: AsyncConnectionConfig,
    current: Mutex<CurrentConnection>,
}

/// The connection, and how many there were before: others may have replaced one that broke.
#[derive(Default)]
struct CurrentConnection {
    number: u64,
    connection: Option<MultiplexedConnection>,
}

impl Connection {
    /// Connects; whether the server is part of a cluster, it says itself.
    ///
    /// # Errors
    /// When no node answers, or refuses to.
    pub(crate) async fn open(address: Address) -> Result<Self, OpenError> {
        match Self::connect(&address).await {
            Ok(server) => Ok(Self { address, server }),
            Err(error) => Err(address.refused(&error)),
        }
    }

    async fn connect(address: &Address) -> RedisResult<Server> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let mut refused = None;
        for node in &address.nodes {
            let single = SingleServer {
                client: client(address, node)?,
                config: config.clone(),
                current: Mutex::default(),
            };
            match single
                .query::<String>(redis::cmd("INFO").arg("cluster"))
                .await
            {
                Ok(info) => return Self::for_server(address, single, &info).await,
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| RedisError::from((redis::ErrorKind::Io, "no node"))))
    }

    async fn for_server(
        address: &Address,
        single: SingleServer,
        info: &str,
    ) -> RedisResult<Server> {
        Ok(if info.contains("cluster_enabled:1") {
            let mut client = ClusterClient::builder(address.nodes.clone())
                .retries(0)
                .connection_timeout(CONNECT)
                .response_timeout(ANSWER);
            if let Some(tls) = &address.tls {
                client = client.certs(tls.clone());
            }
            let client = client.build()?;
            Server::Cluster(client.get_async_connection().await?)
        } else {
            Server::Single(Box::new(single))
        })
    }

    /// Where it leads.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks the server, or the node of a cluster that has the keys.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        self.query_at(&self.address.base, command).await
    }

    /// Asks the server, or the node of a cluster that has this key.
    pub(crate) async fn query_at<T: FromRedisValue>(
        &self,
        key: &str,
        command: &Cmd,
    ) -> RedisResult<T> {
        let mut moves = 0;
        loop {
            match self.once(key, command).await {
                Err(error) if is_elsewhere(&error) && moves < MOVES => {
                    moves += 1;
                    tokio::time::sleep(MOVE).await;
                }
                answer => return answer,
            }
        }
    }

    async fn once<T: FromRedisValue>(&self, key: &str, command: &Cmd) -> RedisResult<T> {
        match &self.server {
            Server::Single(single) => single.query(command).await,
            Server::Cluster(cluster) => {
                let route = Route::with_key(key, SlotAddr::Master);
                let node = SingleNodeRoutingInfo::SpecificNode(route);
                let routing = RoutingInfo::SingleNode(node);
                let value = cluster
                    .clone()
                    .route_command(command.clone(), routing)
                    .await?;
                Ok(redis::from_redis_value(value.extract_error()?)?)
            }
        }
    }

    /// Loads the library of functions where the keys are. Its name says what is in it: one that is there
    /// already is the same.
    pub(super) async fn load_library(&self) -> RedisResult<()> {
        let mut command = redis::cmd("FUNCTION");
        command.arg("LOAD").arg(&LIBRARY.text);
        match self.query::<String>(&command).await {
            Err(error) if !is_loaded(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Calls a function of the library, which is loaded when the server does not have it.
    pub(super) async fn call<T: FromRedisValue>(
        &self,
        function: &str,
        arguments: &[String],
    ) -> RedisResult<T> {
        let mut command = redis::cmd("FCALL");
        command
            .arg(LIBRARY.function(function))
            .arg(1)
            .arg(&self.address.base)
            .arg(arguments);
        match self.query(&command).await {
            Err(error) if lacks_function(&error) => {
                self.load_library().await?;
                self.query(&command).await
            }
            answer => answer,
        }
    }

    /// Reads something.
    pub(super) async fn read<T: FromRedisValue>(
        &self,
        what: &str,
        asked: &impl Serialize,
    ) -> Result<T, EngineError> {
        let answer = self.call("read", &[what.to_owned(), json(asked)?]).await;
        answer.map_err(failure)
    }

    /// Removes something.
    pub(super) async fn clear(
        &self,
        what: &str,
        asked: &impl Serialize,
    ) -> Result<u64, EngineError> {
        let answer = self.call("clear", &[what.to_owned(), json(asked)?]).await;
        answer.map_err(failure)
    }
}

/// Connects to a server that keeps what it answers.
pub(super) async fn connect(url: &str) -> Result<Connection, OpenError> {
    let connection = Connection::open(Address::read(url)?).await?;
    if connection.address().relaxed {
        tracing::warn!("the server may lose what it has answered: `durability=relaxed`");
    } else {
        durable::check(&connection).await?;
    }
    Ok(connection)
}

fn client(address: &Address, node: &ConnectionInfo) -> RedisResult<Client> {
    match &address.tls {
        Some(tls) => Client::build_with_tls(node.clone(), tls.clone()),
        None => Client::open(node.clone()),
    }
}

impl SingleServer {
    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let (number, mut connection) = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        if let Err(error) = &answer
            && (error.is_unrecoverable_error() || error.is_io_error() || is_elsewhere(error))
        {
            // A server that may only be read is another one's replica by now: its name may lead there.
            let mut current = self.current.lock().await;
            if current.number == number {
                current.connection = None;
            }
        }
        answer
    }

    async fn connection(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        let mut current = self.current.lock().await;
        if let Some(connection) = &current.connection {
            return Ok((current.number, connection.clone()));
        }
        let made = self
            .client
            .get_multiplexed_async_connection_with_config(&self.config)
            .await?;
        current.number += 1;
        current.connection = Some(made.clone());
        Ok((current.number, made))
    }
}

/// An argument of a function.
pub(super) fn json(value: &impl Serialize) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|error| EngineError::Corrupt(error.to_string()))
}
