//! The service as a whole: everything it is made of, by name.

use crate::model::{Broker, Change, Database};
use crate::plan::layout::{Expr, call, text};
use crate::plan::migration;
use crate::plan::names;
use crate::plan::uses::Uses;

use super::replicas::milliseconds;
use super::storage::literal;
use super::{Code, Service, module};

impl Service<'_> {
    /// The function that puts the service together.
    pub fn wiring(&self, port: u16, partitions: u32) -> Code {
        let mut uses = Uses::default();
        uses.take("platform_service", "Service");
        uses.take("platform_ports::engine", "Database");
        uses.take("platform_ports::engine", "Migration");
        uses.take("crate::generated::routes", "routes");
        let number = |number: String| vec![text(number)];
        let mut calls = vec![
            call("port", number(port.to_string())),
            call("partitions", number(partitions.to_string())),
        ];
        let mut generic =
            |uses: &mut Uses, method: &str, path: &str, name: &str, with: Vec<Expr>| {
                let mut ident = uses.take(path, &names::type_ident(name));
                if path == "contract" {
                    ident = format!("{}, {ident}", uses.take("crate::generated", "Domain"));
                }
                calls.push(call(format!("{method}::<{ident}>"), with));
            };
        let generated = "crate::generated";
        for aggregate in self.context.aggregates.values() {
            let name = aggregate.name.as_str();
            generic(&mut uses, "aggregate", generated, name, vec![]);
            if let Some(millis) = self.stale_after(name) {
                let millis = number(milliseconds(millis));
                generic(&mut uses, "stale_after", generated, name, millis);
            }
        }
        for command in self.context.commands.values() {
            let method = match command.change {
                Change::Creates => "creates",
                Change::Updates => "updates",
                Change::Deletes => "deletes",
            };
            generic(&mut uses, method, "contract", command.name.as_str(), vec![]);
        }
        for replica in self.context.replicas.values() {
            generic(
                &mut uses,
                "replica",
                generated,
                replica.name.as_str(),
                vec![],
            );
        }
        for policy in self.context.policies.values() {
            let path = format!("{generated}::policies");
            generic(&mut uses, "policy", &path, policy.name.as_str(), vec![]);
        }
        for effect in self.context.effects.values() {
            let ident = names::type_ident(effect.name.as_str());
            let ident = uses.take(&module("effects", effect.name.as_str()), &ident);
            calls.push(call("effect", vec![text(format!("{ident}::default()"))]));
        }
        calls.push(call("routes", vec![text("routes()")]));
        if let Some(millis) = self.context.scale.cache_millis {
            let driver = uses.take("platform_redis", "CacheDriver");
            let driver = text(format!("&{driver}"));
            let cached = call("cached", vec![driver, text(milliseconds(millis))]);
            calls.insert(0, cached);
        }
        let new = call(
            "Service::new",
            vec![
                literal(self.system.name.as_str()),
                literal(self.context.name.as_str()),
                self.database(&mut uses),
                self.broker(&mut uses),
                text("OPENAPI"),
            ],
        );
        let body = Expr::Chain(Box::new(new), calls).lay(4, 4, 0);
        let items = vec![
            self.migrations(),
            "/// The description of its HTTP interface.\nconst OPENAPI: &str = include_str!(\"../../openapi.json\");\n".to_owned(),
            format!("/// The service with all it is made of.\npub fn service() -> Service {{\n    {body}\n}}\n"),
        ];
        Code::new(&uses, &items)
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

    /// The database that the service is described with.
    fn database(&self, uses: &mut Uses) -> Expr {
        let driver = match self.context.database {
            Database::Sqlite => uses.take("platform_sqlite", "Sqlite"),
            Database::Postgres => uses.take("platform_postgres", "Postgres"),
            Database::Mongodb => uses.take("platform_mongodb", "Mongodb"),
            Database::Redis => uses.take("platform_redis", "Redis"),
        };
        let driver = text(format!("&{driver}"));
        let database = call("Database::new", vec![driver, text("MIGRATIONS")]);
        let mut rest = Vec::new();
        let replicas = self.context.scale.read_replicas;
        if replicas > 0 {
            rest.push(call("read_replicas", vec![text(replicas.to_string())]));
        }
        match rest.is_empty() {
            true => database,
            false => Expr::Chain(Box::new(database), rest),
        }
    }

    /// The broker of the system.
    fn broker(&self, uses: &mut Uses) -> Expr {
        let driver = match self.system.broker {
            Broker::Embedded => uses.take("platform_embedded_broker", "Embedded"),
            Broker::Kafka => uses.take("platform_kafka", "Kafka"),
        };
        text(format!("&{driver}"))
    }

    fn migrations(&self) -> String {
        let file = migration(self.context.database);
        format!(
            "/// The migrations of the service, in the order in which they are applied.\n\
             const MIGRATIONS: &[Migration] = &[Migration {{\n    name: \"0001_initial\",\n    \
             text: include_str!(\"../../migrations/{file}\"),\n}}];\n"
        )
    }
}
