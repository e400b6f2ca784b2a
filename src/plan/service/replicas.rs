//! Replicas: local read-only copies of what other contexts own.

use crate::model::{Aggregate, Event, EventField, Ident, Replica, Type, derived};
use crate::plan::layout::{self, Expr, call, slice, text};
use crate::plan::members::{self, Member};
use crate::plan::names;
use crate::plan::spoken::article;
use crate::plan::types::{self, Place, Types, contract_crate, wrap};
use crate::plan::uses::Uses;

use super::queries::constant;
use super::state::implementation;
use super::storage::{column_uses, field, literal, relation};
use super::{Code, Service};

impl Service<'_> {
    /// The replicas of the service.
    pub fn replicas(&self) -> Code {
        let mut uses = Uses::default();
        let mut items = Vec::new();
        for replica in self.context.replicas.values() {
            let source = self.system.contexts.get(&replica.context);
            let Some(source) = source.and_then(|c| c.aggregates.get(&replica.aggregate)) else {
                continue;
            };
            items.push(self.replica_struct(&mut uses, replica, source));
            items.push(self.replica_schema(&mut uses, replica, source));
            let upcasters = self.upcasters(replica);
            items.push(self.replica_impl(&mut uses, replica, upcasters));
        }
        Code::new(&uses, &items)
    }

    fn replica_struct(&self, uses: &mut Uses, replica: &Replica, source: &Aggregate) -> String {
        uses.take("serde", "Deserialize");
        uses.take("serde", "Serialize");
        let elsewhere = Types {
            context: replica.context.as_str(),
            place: Place::Elsewhere,
        };
        let members: Vec<Member> = replica
            .fields
            .iter()
            .map(|copied| {
                let name = copied.name.as_str();
                match source.fields.get(name) {
                    Some(field) => {
                        let base = elsewhere.base(uses, &field.ty);
                        let optional = field.optional || copied.may_be_unknown;
                        let ty = wrap(uses, &base, optional, field.list);
                        let doc = members::field_doc(field);
                        Member::new(name, ty, doc.as_deref()).shaped(optional, field.list)
                    }
                    None if name == "status" => {
                        let status = elsewhere.own(uses, &derived::status(source.name.as_str()));
                        Member::new(name, status, Some("How far it has come."))
                    }
                    None => {
                        let entity = source.collection(name);
                        let entity = entity.map_or("", |entity| entity.name.as_str());
                        let ty = format!("Vec<{}>", elsewhere.own(uses, entity));
                        Member::new(name, ty, None).shaped(false, true)
                    }
                }
            })
            .collect();
        let copies = || {
            format!(
                "A copy of {} `{}` of `{}`.",
                article(replica.aggregate.as_str()),
                replica.aggregate,
                replica.context
            )
        };
        let doc = replica.doc.clone().unwrap_or_else(copies);
        format!(
            "{}#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\npub struct {} {}\n",
            layout::doc(0, &doc),
            names::type_ident(replica.name.as_str()),
            members::body(&members),
        )
    }

    /// Columns without the source's constraints: the owner may change those any day.
    fn replica_schema(&self, uses: &mut Uses, replica: &Replica, source: &Aggregate) -> String {
        let ty = uses.take("platform_contract::schema", "Schema");
        let columns = replica.fields.iter().map(|copied| {
            let name = copied.name.as_str();
            let Some(field) = source.fields.get(name) else {
                let kind = if name == "status" {
                    "Kind::Text"
                } else {
                    "Kind::Json"
                };
                let column = types::new_column(name, text(kind));
                return types::chain(column, vec![call("optional", vec![])]);
            };
            let kind = match &field.ty {
                Type::Enum(_) => text("Kind::Text"),
                Type::Value(_) => text("Kind::Json"),
                other => types::kind(other, Place::Service),
            };
            let mut calls = vec![call("optional", vec![])];
            if field.list {
                calls.push(call("list", vec![]));
            }
            types::chain(types::new_column(name, kind), calls)
        });
        let columns = slice(columns.collect());
        column_uses(uses, &columns);
        let handler = handler("replica", replica.name.as_str());
        let expression = Expr::Struct(
            ty.clone(),
            vec![
                field("name", literal(&handler)),
                field("table", literal(&table(replica.name.as_str()))),
                field("columns", columns),
                field("collections", slice(vec![])),
                field("unique", slice(vec![])),
                field("referenced_by", slice(vec![])),
                field("shard_by", text("None")),
                field("generations", text("true")),
            ],
        );
        let constant = names::const_ident(replica.name.as_str());
        format!(
            "/// How the copies `{}` are stored.\n{}\n",
            replica.name,
            layout::assign(0, &format!("static {constant}: {ty} ="), &expression, ";")
        )
    }

    /// One for each event that carries something of what is copied.
    fn upcasters(&self, replica: &Replica) -> Vec<Expr> {
        let owner = self.system.contexts.get(&replica.context);
        let events = owner.into_iter().flat_map(|owner| owner.events.values());
        let carries = |event: &&Event| {
            let carried = |(name, field): (&Ident, &EventField)| {
                let copied = replica.fields.iter().any(|copied| copied.name == *name);
                copied && !matches!(field, EventField::Own(_))
            };
            event.aggregate == replica.aggregate && event.fields.iter().any(carried)
        };
        let upcaster = |event: &Event| {
            let contract = contract_crate(replica.context.as_str());
            let event = names::type_ident(event.name.as_str());
            call(format!("Upcaster::of::<{contract}::{event}>"), vec![])
        };
        events.filter(carries).map(upcaster).collect()
    }

    fn replica_impl(&self, uses: &mut Uses, replica: &Replica, upcasters: Vec<Expr>) -> String {
        uses.take("platform_runtime::handler", "Upcaster");
        let trait_name = uses.take("platform_runtime::handler", "Replicated");
        let ident = names::type_ident(replica.name.as_str());
        let source = format!(
            "{}::{}",
            contract_crate(replica.context.as_str()),
            names::type_ident(&derived::view(replica.aggregate.as_str()))
        );
        let schema = format!("&{}", names::const_ident(replica.name.as_str()));
        let lines = [
            constant(
                "HANDLER: &'static str",
                &literal(&handler("replica", replica.name.as_str())),
            ),
            layout::assign(4, "type Of =", &text(source), ";"),
            constant("SCHEMA: &'static Schema", &text(schema)),
            constant(
                "STALE_AFTER_MS: u64",
                &text(milliseconds(replica.stale_after_ms)),
            ),
            constant("UPCASTERS: &'static [Upcaster]", &slice(upcasters)),
        ];
        format!(
            "{} {{\n{}\n}}\n",
            implementation(&trait_name, &ident),
            lines.join("\n")
        )
    }
}

/// The id of a handler: `replica.borrower`.
pub fn handler(kind: &str, name: &str) -> String {
    format!("{kind}.{}", names::snake(name))
}

/// The table of a replica: `replica_borrower`.
pub fn table(replica: &str) -> String {
    relation(&format!("replica__{}", names::snake(replica)))
}

/// A number of milliseconds with an underscore between thousands.
pub(super) fn milliseconds(number: u64) -> String {
    crate::plan::value::grouped(i128::from(number))
}
