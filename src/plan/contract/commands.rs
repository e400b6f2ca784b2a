//! Commands and their refusals.

use serde::Serialize;

use crate::model::{Command, Context, Entity, Field, InputSource, Presence, Refusal, Type};

use super::{Contract, Items, derive_uses};
use crate::plan::layout::{self, Expr, call, slice, text};
use crate::plan::members::{self, Member};
use crate::plan::names;
use crate::plan::spoken::command_doc;
use crate::plan::types::{self, Place, wrap};
use crate::plan::uses::Uses;

/// A command and its refusals.
#[derive(Debug, Serialize)]
pub struct CommandView {
    doc: String,
    ident: String,
    body: String,
    context: String,
    name: String,
    input: String,
    refusal: String,
    refusals: Vec<RefusalView>,
}

/// A refusal.
#[derive(Debug, Serialize)]
pub struct RefusalView {
    doc: String,
    ident: String,
    name: String,
}

impl Contract<'_> {
    /// Commands.
    pub fn commands(&self, context: &Context) -> Items<CommandView> {
        let mut uses = Uses::default();
        let items = context
            .commands
            .values()
            .filter_map(|command| self.command(&mut uses, context, command))
            .collect();
        Items {
            uses: uses.render(),
            items,
        }
    }

    fn command(
        &self,
        uses: &mut Uses,
        context: &Context,
        command: &Command,
    ) -> Option<CommandView> {
        derive_uses(uses);
        for name in ["Command", "Refusal"] {
            uses.take("platform::prelude", name);
        }
        uses.take("platform::schema", "Column");
        let aggregate = context.aggregates.get(&command.aggregate)?;
        let mut members = Vec::new();
        let mut columns = Vec::new();
        for input in command.input.values() {
            let presence = command.presence(aggregate, input);
            let (member, column) = match &input.source {
                InputSource::Collection(entity) => {
                    let entity = aggregate.entities.get(entity)?;
                    self.collection_input(uses, entity, presence)
                }
                InputSource::Field => {
                    let field = aggregate.fields.get(&input.name)?;
                    self.input(uses, field, presence)
                }
                InputSource::Own(field) => self.input(uses, field, presence),
            };
            members.push(member);
            columns.push(column);
        }
        let name = command.name.as_str();
        let ident = names::type_ident(name);
        Some(CommandView {
            doc: layout::doc(0, &command_doc(command)),
            refusal: format!("{name}Refusal"),
            body: members::body(&members),
            context: names::literal(context.name.as_str()),
            name: layout::assign(
                4,
                "const NAME: &'static str =",
                &text(names::literal(name)),
                ";",
            ),
            input: layout::assign(4, "const INPUT: &'static [Column] =", &slice(columns), ";"),
            refusals: command.refuses.iter().map(refusal).collect(),
            ident,
        })
    }

    /// A list of entities that the caller sends, or may leave out.
    fn collection_input(
        &self,
        uses: &mut Uses,
        entity: &Entity,
        presence: Presence,
    ) -> (Member, Expr) {
        let column = entity_column(uses, entity, presence);
        let entity_type = self.types().own(uses, entity.name.as_str());
        let ty = wrap(&entity_type, presence, true);
        let member = Member::new(entity.collection.as_str(), ty, entity.doc.as_deref());
        (member.shaped(presence, true), column)
    }

    fn input(&self, uses: &mut Uses, field: &Field, presence: Presence) -> (Member, Expr) {
        let mut given = field.clone();
        given.hidden = false;
        let column = types::column(&given, presence, self.place, None);
        if column.flat().contains("Kind::") {
            uses.take("platform::schema", "Kind");
        }
        if column.flat().contains(", crate::schema")
            || matches!(field.ty, Type::Enum(_) | Type::Value(_))
        {
            self.kind_use(uses, field);
        }
        (self.member(uses, field, presence), column)
    }

    /// Imports the constant that describes a declared type.
    fn kind_use(&self, uses: &mut Uses, field: &Field) {
        if let Type::Enum(path) | Type::Value(path) = &field.ty
            && path.context.is_some()
            && self.place == Place::Contract
        {
            uses.take("crate::schema", &names::const_ident(path.name.as_str()));
        }
    }
}

fn refusal(refusal: &Refusal) -> RefusalView {
    let spoken = format!("`{}`.", refusal.name);
    RefusalView {
        doc: layout::doc(4, refusal.doc.as_deref().unwrap_or(&spoken)),
        ident: names::variant_ident(refusal.name.as_str()),
        name: names::literal(refusal.name.as_str()),
    }
}

fn entity_column(uses: &mut Uses, entity: &Entity, presence: Presence) -> Expr {
    let kind = names::const_ident(entity.name.as_str());
    uses.take("crate::schema", &kind);
    let calls = types::absence(presence).into_iter();
    let shape = ["list", "distinct_ids"].map(|name| call(name, vec![]));
    types::chain(
        types::new_column(entity.collection.as_str(), text(kind)),
        calls.chain(shape).collect(),
    )
}
