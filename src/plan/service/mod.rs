//! The service crate of a context: its state, storage, decisions, handlers and wiring.

mod commands;
mod decision;
mod effects;
mod events;
mod examples;
mod failures;
mod inputs;
mod needs;
mod package;
mod policies;
mod queries;
mod replicas;
mod routes;
mod seeded;
mod seeded_effects;
mod seeded_patch_tests;
mod seeded_policies;
mod seeded_tests;
mod seeded_values;
mod state;
mod storage;
mod taken;
mod wiring;

pub use package::Generated;
pub use replicas::{handler, table as replica_table};
pub use storage::{entity_table, table, uniques};

use crate::model::{
    Aggregate, Command, Context, Emission, EventField, Field, InputField, InputSource, System,
};

use super::expr::{Expr, text};
use super::names;
use super::types::{Place, Types, is_copy};
use super::uses::Uses;
use super::value::{Spelling, Values};
use super::view::TypeRef;

/// Renders one service.
pub struct Service<'a> {
    /// The system.
    pub system: &'a System,
    /// The context.
    pub context: &'a Context,
}

impl<'a> Service<'a> {
    fn types(&self) -> Types<'a> {
        Types {
            context: self.context.name.as_str(),
            place: Place::Service,
        }
    }

    /// A type of the context's contract: `contract::ApproveLoan`.
    fn own(&self, name: &str) -> TypeRef {
        self.types().own(&mut Uses::paths(), name).into()
    }

    fn values(&self) -> Values<'a> {
        Values {
            system: self.system,
            types: self.types(),
            spelling: Spelling::Exact,
        }
    }

    /// The commands on an aggregate, in order.
    fn commands_of(&self, aggregate: &Aggregate) -> impl Iterator<Item = &'a Command> {
        let name = aggregate.name.clone();
        let commands = self.context.commands.values();
        commands.filter(move |command| command.aggregate == name)
    }

    /// The aggregate of a command; `None` never happens in a valid system.
    fn aggregate_of(&self, command: &Command) -> Option<&'a Aggregate> {
        self.context.aggregates.get(&command.aggregate)
    }

    /// The type a decision returns for its events.
    fn events_type(&self, uses: &mut Uses, command: &Command) -> String {
        self.events_expr(uses, command).flat()
    }

    /// The same, to be laid out.
    fn events_expr(&self, uses: &mut Uses, command: &Command) -> Expr {
        let types = command.emits.iter();
        let types = types.map(|emission| text(self.emission_type(uses, command, emission)));
        let mut types: Vec<Expr> = types.collect();
        match types.len() {
            1 => types.remove(0),
            _ => Expr::Tuple(types),
        }
    }

    fn emission_type(&self, uses: &mut Uses, command: &Command, emission: &Emission) -> String {
        match emission {
            Emission::Always(event) => self.types().own(uses, event.as_str()),
            Emission::Optional(event) => {
                format!("Option<{}>", self.types().own(uses, event.as_str()))
            }
            Emission::OneOf(_) => uses.take("crate::generated", &one_of(command)),
        }
    }

    /// The fields of an event that come from the aggregate: name, and whether it is copied.
    fn event_state(&self, event: &str) -> Vec<(String, bool)> {
        let Some(event) = self.context.events.get(event) else {
            return Vec::new();
        };
        let aggregate = self.context.aggregates.get(&event.aggregate);
        let fields = event.fields.iter().filter_map(|(name, field)| match field {
            EventField::Field => {
                let field = aggregate?.fields.get(name)?;
                Some((name.to_string(), copies(field)))
            }
            EventField::Collection(_) => Some((name.to_string(), false)),
            EventField::Own(_) => None,
        });
        fields.collect()
    }

    /// The fields of an event that are its own.
    fn event_own(&self, event: &str) -> Vec<&'a Field> {
        let event = self.context.events.get(event).into_iter();
        let fields = event.flat_map(|event| event.fields.values());
        fields
            .filter_map(|field| match field {
                EventField::Own(field) => Some(field.as_ref()),
                _ => None,
            })
            .collect()
    }
}

/// The input of a command's own that an event's own field is filled from.
fn telling<'c>(command: &'c Command, field: &Field) -> Option<&'c InputField> {
    let same = |input: &&InputField| match &input.source {
        InputSource::Own(own) => own.ty == field.ty && own.list == field.list,
        _ => false,
    };
    let input = command.input.get(&field.name).filter(same);
    input.filter(|input| field.optional || !input.optional)
}

/// The name of the enum of a command that emits exactly one of several events.
fn one_of(command: &Command) -> String {
    crate::model::derived::one_of(command.name.as_str())
}

/// Whether a field's values are copied rather than cloned.
fn copies(field: &Field) -> bool {
    !field.list && is_copy(&field.ty)
}

/// The variable an aggregate goes by: `loan`.
fn variable(aggregate: &str) -> String {
    names::variable_ident(aggregate)
}

/// Whether code reads the variable `name`; a member that is called so is none.
fn mentions(code: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let code = without_texts(code);
    code.match_indices(name).any(|(start, _)| {
        let (before, after) = (&code[..start], &code[start + name.len()..]);
        let outside = !before.ends_with(|c| part(c) || c == '.' || c == '#');
        outside && !after.starts_with(|c| part(c) || c == ':')
    })
}

/// Code without comments, whose string literals are empty.
fn without_texts(code: &str) -> String {
    let (mut bare, mut inside, mut escaped) = (String::new(), false, false);
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    for character in lines.flat_map(|line| line.chars().chain(['\n'])) {
        let quote = character == '"' && !escaped;
        if quote || !inside {
            bare.push(character);
        }
        inside ^= quote;
        escaped = character == '\\' && inside && !escaped;
    }
    bare
}
