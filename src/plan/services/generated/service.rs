//! The service as a whole: everything it is made of, by name.

use serde::Serialize;

use crate::model::{Aggregate, Broker, Database};
use crate::plan::services::Service;
use crate::plan::services::migrations;
use crate::plan::services::shape::ShapePart;
use crate::plan::view::{Literal, TypeRef};

/// `services/__context__/src/generated/service.rs`.
#[derive(Debug, Serialize)]
pub(super) struct ServiceFile {
    /// The name of the system.
    system: Literal,
    /// The name of the context.
    context: Literal,
    /// Its migrations, in the order in which they are applied.
    migrations: Vec<MigrationView>,
    /// What it keeps and tells.
    shape: Vec<ShapePart>,
    /// What opens its database.
    engine: TypeRef,
    /// How many read replicas that has; `None` without any.
    read_replicas: Option<Literal>,
    /// What opens the broker.
    broker: TypeRef,
    /// How long its cache keeps what is read; `None` without a cache.
    cache_ms: Option<Literal>,
    /// The port that it listens on.
    port: Option<u16>,
    /// How many partitions the topics have.
    partitions: u32,
    aggregates: Vec<AggregateView>,
    commands: Vec<TypeRef>,
    replicas: Vec<TypeRef>,
    policies: Vec<TypeRef>,
    effects: Vec<TypeRef>,
}

/// An aggregate.
#[derive(Debug, Serialize)]
struct AggregateView {
    /// Its type.
    #[serde(rename = "type")]
    ty: TypeRef,
    /// When copies of it count as stale; `None` where there are none.
    stale_after_ms: Option<Literal>,
}

/// A migration, and its file.
#[derive(Debug, Serialize)]
struct MigrationView {
    name: String,
    file: String,
}

impl Service<'_> {
    /// The service, put together.
    pub(super) fn service(&self) -> ServiceFile {
        let context = self.context;
        let commands = context.commands.keys();
        let policies = context.policies.keys();
        let effects = context.effects.keys();
        let replicas = context.replicas.keys();
        let read_replicas = u64::from(context.scale.read_replicas);
        ServiceFile {
            system: Literal::text(self.system.name.as_str()),
            context: Literal::text(context.name.as_str()),
            migrations: self.migrations(),
            shape: self.shape(),
            engine: engine(context.database),
            read_replicas: (read_replicas > 0).then(|| Literal::number(read_replicas)),
            broker: match self.system.broker {
                Broker::Embedded => TypeRef::in_module("platform_embedded_broker", "Embedded"),
                Broker::Kafka => TypeRef::in_module("platform_kafka", "Kafka"),
            },
            cache_ms: context.scale.cache_millis.map(Literal::number),
            port: self.system.port(context),
            partitions: self.system.given.partitions,
            aggregates: context
                .aggregates
                .values()
                .map(|it| self.aggregate_view(it))
                .collect(),
            commands: commands.map(|name| self.own(name.as_str())).collect(),
            replicas: replicas
                .map(|name| TypeRef::generated(name.as_str()))
                .collect(),
            policies: policies
                .map(|name| TypeRef::in_module("crate::generated::policies", name.as_str()))
                .collect(),
            effects: effects
                .map(|name| TypeRef::of_effect(name.as_str()))
                .collect(),
        }
    }

    fn migrations(&self) -> Vec<MigrationView> {
        let first = migrations::file_name(self.context.database);
        let own = self.system.given.migrations.get(&self.context.name);
        let files = std::iter::once(first).chain(own.into_iter().flatten().cloned());
        let migrations = files.map(|file| MigrationView {
            name: file.split('.').next().unwrap_or_default().to_owned(),
            file,
        });
        migrations.collect()
    }

    fn aggregate_view(&self, aggregate: &Aggregate) -> AggregateView {
        let name = aggregate.name.as_str();
        AggregateView {
            ty: TypeRef::generated(name),
            stale_after_ms: self.stale_after(name).map(Literal::number),
        }
    }

    /// When the copies of an aggregate count as stale, in milliseconds: the shortest time of all.
    fn stale_after(&self, aggregate: &str) -> Option<u64> {
        let contexts = self.system.contexts.values();
        let replicas = contexts.flat_map(|context| context.replicas.values());
        let copies = replicas.filter(|replica| {
            replica.context == self.context.name && replica.aggregate.as_str() == aggregate
        });
        copies.map(|replica| replica.stale_after_ms).min()
    }
}

fn engine(database: Database) -> TypeRef {
    match database {
        Database::Sqlite => TypeRef::in_module("platform_sqlite", "Sqlite"),
        Database::Postgres => TypeRef::in_module("platform_postgres", "Postgres"),
        Database::Mongodb => TypeRef::in_module("platform_mongodb", "Mongodb"),
        Database::Redis => TypeRef::in_module("platform_redis", "Redis"),
    }
}
