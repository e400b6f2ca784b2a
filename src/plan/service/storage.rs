//! How aggregates and replicas are stored: constants that the engine reads.

use crate::model::{Aggregate, Field, Reference, Type, derived};
use crate::plan::contract::status;
use crate::plan::layout::{self, Expr, call, slice, text};
use crate::plan::names;
use crate::plan::spoken::article;
use crate::plan::types::{self, Place};
use crate::plan::uses::Uses;

use super::state::implementation;
use super::{Code, Service, copies};

impl Service<'_> {
    /// The storage of an aggregate: its schema, and what the runtime does with it.
    pub fn storage(&self, aggregate: &Aggregate) -> Code {
        let mut uses = Uses::default();
        let schema = self.schema(&mut uses, aggregate);
        let implementation = self.aggregate_impl(&mut uses, aggregate);
        Code::new(&uses, &[schema, implementation])
    }

    fn schema(&self, uses: &mut Uses, aggregate: &Aggregate) -> String {
        let ty = uses.take("platform_contract::schema", "Schema");
        let mut columns = Vec::new();
        if status(aggregate).is_some() {
            let kind = names::const_ident(&derived::status(aggregate.name.as_str()));
            columns.push(types::new_column(
                "status",
                text(format!("contract::schema::{kind}")),
            ));
        }
        columns.extend(self.columns(aggregate.fields.values()));
        let collections = aggregate.entities.values().map(|entity| {
            uses.take("platform_contract::schema", "Collection");
            Expr::Struct(
                "Collection".to_owned(),
                vec![
                    field("member", literal(entity.collection.as_str())),
                    field(
                        "table",
                        literal(&entity_table(aggregate, entity.name.as_str())),
                    ),
                    field("columns", slice(self.columns(entity.fields.values()))),
                ],
            )
        });
        let collections: Vec<Expr> = collections.collect();
        let unique: Vec<Expr> = uniques(aggregate)
            .into_iter()
            .map(|(name, members)| {
                uses.take("platform_contract::schema", "Unique");
                let members = members.iter().map(|member| literal(member)).collect();
                let fields = vec![
                    field("name", literal(&name)),
                    field("members", slice(members)),
                ];
                Expr::Struct("Unique".to_owned(), fields)
            })
            .collect();
        let referenced: Vec<Expr> = self
            .referrers(aggregate)
            .into_iter()
            .map(|(table, column)| {
                uses.take("platform_contract::schema", "Referrer");
                let fields = vec![
                    field("table", literal(&table)),
                    field("column", literal(&column)),
                ];
                Expr::Struct("Referrer".to_owned(), fields)
            })
            .collect();
        let expression = Expr::Struct(
            ty.clone(),
            vec![
                field("name", literal(&names::snake(aggregate.name.as_str()))),
                field("table", literal(&table(aggregate.name.as_str()))),
                field("columns", slice(columns)),
                field("collections", slice(collections)),
                field("unique", slice(unique)),
                field("referenced_by", slice(referenced)),
                field("shard_by", shard_by(aggregate)),
                field("generations", text("false")),
            ],
        );
        column_uses(uses, &expression);
        let name = names::const_ident(aggregate.name.as_str());
        format!(
            "/// How {} `{}` is stored.\n{}\n",
            article(aggregate.name.as_str()),
            aggregate.name,
            layout::assign(0, &format!("static {name}: {ty} ="), &expression, ";")
        )
    }

    fn columns<'b>(&self, fields: impl Iterator<Item = &'b Field>) -> Vec<Expr> {
        fields
            .map(|field| {
                let table = match &field.ty {
                    Type::Reference(Reference::Local(to)) => Some(table(to.as_str())),
                    _ => None,
                };
                types::column(field, field.optional, Place::Service, table.as_deref())
            })
            .collect()
    }

    /// The columns of this service that name rows of the aggregate's table.
    fn referrers(&self, aggregate: &Aggregate) -> Vec<(String, String)> {
        let target = Type::Reference(Reference::Local(aggregate.name.clone()));
        let mut referrers = Vec::new();
        for other in self.context.aggregates.values() {
            let own = other
                .fields
                .values()
                .map(|f| (table(other.name.as_str()), f));
            let inner = other.entities.values().flat_map(|entity| {
                let table = entity_table(other, entity.name.as_str());
                entity.fields.values().map(move |f| (table.clone(), f))
            });
            let naming = own.chain(inner).filter(|(_, f)| f.ty == target);
            referrers.extend(naming.map(|(table, field)| (table, field.name.to_string())));
        }
        referrers
    }

    fn aggregate_impl(&self, uses: &mut Uses, aggregate: &Aggregate) -> String {
        let name = aggregate.name.as_str();
        let ident = uses.take("crate::generated", &names::type_ident(name));
        let view = self.types().own(uses, &derived::view(name));
        let trait_name = uses.take("platform_runtime::prelude", "Aggregate");
        let meta = uses.take("platform_runtime::prelude", "Meta");
        let id = self.types().id(uses, name);
        let initial = match aggregate.states.first() {
            Some(state) => call("Some", vec![literal(state.name.as_str())]),
            None => text("None"),
        };
        let published = self
            .published(aggregate)
            .iter()
            .map(|m| literal(m))
            .collect();
        let constant = names::const_ident(name);
        let lines = [
            layout::assign(
                4,
                "const SCHEMA: &'static Schema =",
                &text(format!("&{constant}")),
                ";",
            ),
            layout::assign(
                4,
                "const INITIAL_STATUS: Option<&'static str> =",
                &initial,
                ";",
            ),
            layout::assign(
                4,
                "const PUBLISHED: &'static [&'static str] =",
                &slice(published),
                ";",
            ),
        ];
        let get = layout::function(
            4,
            "fn meta",
            &["&self".into()],
            &format!("&{meta}<{id}>"),
            " {",
        );
        let set = layout::function(
            4,
            "fn set_meta",
            &["&mut self".into(), format!("meta: {meta}<{id}>")],
            "",
            " {",
        );
        let body = Expr::Struct(view.clone(), self.view_fields(aggregate)).lay(8, 8, 0);
        format!(
            "{} {{\n    type Type = {view};\n{}\n    type View = {view};\n\n{get}\n        &self.meta\n    }}\n\n{set}\n        self.meta = meta;\n    }}\n\n    fn view(&self) -> {view} {{\n        {body}\n    }}\n}}\n",
            implementation(&trait_name, &ident),
            lines.join("\n"),
        )
    }

    fn view_fields(&self, aggregate: &Aggregate) -> Vec<(String, Expr)> {
        let mut fields: Vec<(String, Expr)> = ["id", "version", "created_at", "updated_at"]
            .iter()
            .map(|name| field(name, text(format!("self.meta.{name}"))))
            .collect();
        if !aggregate.states.is_empty() {
            fields.push(field("status", text("self.status()")));
        }
        for member in aggregate.fields.values().filter(|field| !field.hidden) {
            fields.push(super::events::state_field(
                "self",
                member.name.as_str(),
                copies(member),
            ));
        }
        for entity in aggregate.entities.values() {
            fields.push(super::events::state_field(
                "self",
                entity.collection.as_str(),
                false,
            ));
        }
        fields
    }

    /// The members some event of the aggregate carries, in the aggregate's order.
    fn published(&self, aggregate: &Aggregate) -> Vec<String> {
        let carried = |name: &str| {
            self.context.events.values().any(|event| {
                event.aggregate == aggregate.name
                    && self
                        .event_state(event.name.as_str())
                        .iter()
                        .any(|(n, _)| n == name)
            })
        };
        let fields = aggregate.fields.keys().map(ToString::to_string);
        let collections = aggregate
            .entities
            .values()
            .map(|e| e.collection.to_string());
        fields
            .chain(collections)
            .filter(|name| carried(name))
            .collect()
    }
}

/// The table of an aggregate.
pub fn table(aggregate: &str) -> String {
    relation(&names::snake(aggregate))
}

/// The name of a table, with room for what tells its partitions apart.
pub(super) fn relation(name: &str) -> String {
    names::fitted(name, names::LONGEST_IDENTIFIER - "_99".len())
}

/// The table of an entity: `loan_installment`.
pub fn entity_table(aggregate: &Aggregate, entity: &str) -> String {
    let aggregate = names::snake(aggregate.name.as_str());
    relation(&format!("{aggregate}__{}", names::snake(entity)))
}

/// The unique constraints of an aggregate: the name of each, and its members.
pub fn uniques(aggregate: &Aggregate) -> Vec<(String, Vec<String>)> {
    let fields = aggregate.fields.values().filter(|field| field.unique);
    let single = fields.map(|field| (field.name.to_string(), vec![field.name.to_string()]));
    let several = aggregate.unique.iter().map(|members| {
        let members: Vec<String> = members.iter().map(ToString::to_string).collect();
        (members.join("_"), members)
    });
    single.chain(several).collect()
}

/// The member by which rows are divided, as the runtime takes it.
fn shard_by(aggregate: &Aggregate) -> Expr {
    match &aggregate.shard_by {
        Some(member) => call("Some", vec![literal(member.as_str())]),
        None => text("None"),
    }
}

/// Imports what the columns of an expression are written with.
pub(super) fn column_uses(uses: &mut Uses, expression: &Expr) {
    let flat = expression.flat();
    for name in ["Column", "Kind"] {
        if flat.contains(&format!("{name}::")) {
            uses.take("platform_contract::schema", name);
        }
    }
}

pub(super) fn literal(value: &str) -> Expr {
    text(names::literal(value))
}

pub(super) fn field(name: &str, value: Expr) -> (String, Expr) {
    (name.to_owned(), value)
}
