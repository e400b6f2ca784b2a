//! The service as a whole: everything it is made of, by name.

use crate::model::Change;
use crate::plan::layout::{Expr, call, text};
use crate::plan::names;
use crate::plan::uses::Uses;

use super::storage::literal;
use super::{Code, Service, module};

impl Service<'_> {
    /// The function that puts the service together.
    pub fn wiring(&self, port: u16, partitions: u32) -> Code {
        let mut uses = Uses::default();
        uses.take("platform::service", "Service");
        uses.take("platform::engine", "Database");
        uses.take("platform::engine", "Migration");
        uses.take("crate::generated::routes", "routes");
        let number = |number: String| vec![text(number)];
        let mut calls = vec![
            call("port", number(port.to_string())),
            call("partitions", number(partitions.to_string())),
        ];
        let mut generic = |uses: &mut Uses, method: &str, path: &str, name: &str| {
            let mut ident = uses.take(path, &names::type_ident(name));
            if path == "contract" {
                ident = format!("{}, {ident}", uses.take("crate::generated", "Domain"));
            }
            calls.push(call(format!("{method}::<{ident}>"), vec![]));
        };
        let generated = "crate::generated";
        for aggregate in self.context.aggregates.values() {
            generic(&mut uses, "aggregate", generated, aggregate.name.as_str());
        }
        for command in self.context.commands.values() {
            let method = match command.change {
                Change::Creates => "creates",
                Change::Updates => "updates",
                Change::Deletes => "deletes",
            };
            generic(&mut uses, method, "contract", command.name.as_str());
        }
        for replica in self.context.replicas.values() {
            generic(&mut uses, "replica", generated, replica.name.as_str());
        }
        for policy in self.context.policies.values() {
            let path = format!("{generated}::policies");
            generic(&mut uses, "policy", &path, policy.name.as_str());
        }
        for effect in self.context.effects.values() {
            let ident = names::type_ident(effect.name.as_str());
            let ident = uses.take(&module("effects", effect.name.as_str()), &ident);
            calls.push(call("effect", vec![text(format!("{ident}::default()"))]));
        }
        calls.push(call("routes", vec![text("routes()")]));
        let new = call(
            "Service::new",
            vec![
                literal(self.system.name.as_str()),
                literal(self.context.name.as_str()),
                call("Database::sqlite", vec![text("MIGRATIONS")]),
                text("OPENAPI"),
            ],
        );
        let body = Expr::Chain(Box::new(new), calls).lay(4, 4, 0);
        let items = [
            "/// The migrations of the service, in the order in which they are applied.\nconst MIGRATIONS: &[Migration] = &[Migration {\n    name: \"0001_initial\",\n    text: include_str!(\"../../migrations/0001_initial.sql\"),\n}];\n".to_owned(),
            "/// The description of its HTTP interface.\nconst OPENAPI: &str = include_str!(\"../../openapi.json\");\n".to_owned(),
            format!("/// The service with all it is made of.\npub fn service() -> Service {{\n    {body}\n}}\n"),
        ];
        Code::new(&uses, &items)
    }
}
