//! The user's decisions as they are written first: they do the obvious.

use serde::Serialize;

use super::inputs::{self, Applied};
use super::seeded_tests::DomainTests;
use super::state::needs_time;
use super::{Service, copies, mentions, one_of, telling, variable};
use crate::model::{Aggregate, Change, Command, Emission, Field, InputSource, derived};
use crate::plan::expr::{self, call, text};
use crate::plan::names;
use crate::plan::spoken::command_doc;
use crate::plan::uses::Uses;
use crate::plan::view::{Doc, Expr, Imports, Name, TypeRef};

/// Where the service's own types are.
const GENERATED: &str = "crate::generated";

/// What makes events from aggregates alone.
const EVENT_OF: (&str, &str) = ("platform_runtime::prelude", "EventOf");

/// `services/__context__/src/domain/__aggregate__.rs`.
#[derive(Debug, Serialize)]
pub struct DomainFile {
    /// The name of the aggregate.
    name: String,
    /// The trait of its decisions.
    interface: Name,
    decisions: Vec<SeededDecision>,
    /// Whether some event is made from the aggregate alone.
    event_of: bool,
    imports: Imports,
    tests: DomainTests,
}

/// A decision.
#[derive(Debug, Serialize)]
struct SeededDecision {
    /// What the description says of the command.
    doc: Doc,
    /// What it is called.
    function: Name,
    /// What it does to the aggregate: `creates`, `updates`, `deletes`.
    change: &'static str,
    /// The type of the aggregate, or of a new one.
    state: TypeRef,
    /// What the aggregate goes by.
    subject: Name,
    command: TypeRef,
    /// The type of what it needs besides; `None` without that.
    needs: Option<TypeRef>,
    /// The type of what it emits.
    events: TypeRef,
    refusal: TypeRef,
    /// Whether a new aggregate is made from the time, too.
    timed: bool,
    /// Whether the command is read after an aggregate was made from it.
    cloned: bool,
    /// What an update does to the aggregate.
    inputs: Vec<Applied>,
    /// What it emits.
    emitted: Expr,
    /// Whether it reads the aggregate.
    reads_subject: bool,
    /// Whether it reads the command.
    reads_command: bool,
}

impl Service<'_> {
    /// The user's decisions about an aggregate; `None` where there is none to take.
    pub fn domain(&self, aggregate: &Aggregate) -> Option<DomainFile> {
        self.commands_of(aggregate).next()?;
        let mut uses = Uses::default();
        let name = aggregate.name.as_str();
        uses.take(GENERATED, "Domain");
        uses.take(GENERATED, &derived::decisions(name));
        let commands = self.commands_of(aggregate);
        let decisions = commands.map(|command| self.seeded_decision(&mut uses, aggregate, command));
        let decisions = decisions.collect();
        Some(DomainFile {
            name: name.to_owned(),
            interface: Name::of_type(&derived::decisions(name)),
            decisions,
            event_of: uses.names_of(EVENT_OF.0).next().is_some(),
            imports: Imports::from(&uses),
            tests: self.domain_tests(&uses, aggregate),
        })
    }

    fn seeded_decision(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
    ) -> SeededDecision {
        let name = command.name.as_str();
        let subject = variable(aggregate.name.as_str());
        let (change, state) = match command.change {
            Change::Creates => ("creates", derived::new(aggregate.name.as_str())),
            Change::Updates => ("updates", names::type_ident(aggregate.name.as_str())),
            Change::Deletes => ("deletes", names::type_ident(aggregate.name.as_str())),
        };
        let inputs = match command.change {
            Change::Updates => inputs::applied(aggregate, command, &subject),
            Change::Creates | Change::Deletes => Vec::new(),
        };
        let needs =
            (!command.needs.is_empty()).then(|| uses.take(GENERATED, &derived::needs(name)).into());
        let emitted = self.event_values(uses, command, &subject);
        let flat = emitted.flat();
        let creates = command.change == Change::Creates;
        let reads = |name| creates || !inputs.is_empty() || mentions(&flat, name);
        SeededDecision {
            doc: Doc::of(&command_doc(command)),
            function: Name::of_function(name),
            change,
            state: uses.take(GENERATED, &state).into(),
            command: self.types().own(uses, name).into(),
            needs,
            events: self.events_type(uses, command).into(),
            refusal: self.types().own(uses, &derived::refusal(name)).into(),
            timed: creates && needs_time(aggregate),
            cloned: self.own_inputs(command),
            reads_subject: reads(&subject),
            reads_command: reads("command"),
            subject: subject.into(),
            inputs,
            emitted: emitted.into(),
        }
    }

    /// Whether an event takes inputs of the command's own after the command became an aggregate.
    fn own_inputs(&self, command: &Command) -> bool {
        command.events().iter().any(|event| {
            let own = self.event_own(event.as_str());
            own.iter().any(|field| telling(command, field).is_some())
        })
    }

    fn event_values(&self, uses: &mut Uses, command: &Command, subject: &str) -> expr::Expr {
        let several = command.emits.len() > 1;
        let mut values: Vec<expr::Expr> = command
            .emits
            .iter()
            .map(|emission| match emission {
                Emission::Optional(event) if must_tell(command, emission) => {
                    let event = event.as_str();
                    let value = self.event_value(uses, command, event, subject, several);
                    call("Some", vec![value])
                }
                Emission::Optional(_) => text("None"),
                Emission::Always(event) => {
                    self.event_value(uses, command, event.as_str(), subject, several)
                }
                Emission::OneOf(events) => {
                    let choice = uses.take("crate::generated", &one_of(command));
                    let first = events.first().map_or("", |event| event.as_str());
                    let value = self.event_value(uses, command, first, subject, several);
                    call(
                        format!("{choice}::{}", names::type_ident(first)),
                        vec![value],
                    )
                }
            })
            .collect();
        match values.len() {
            1 => values.remove(0),
            _ => expr::Expr::Tuple(values),
        }
    }

    fn event_value(
        &self,
        uses: &mut Uses,
        command: &Command,
        event: &str,
        subject: &str,
        several: bool,
    ) -> expr::Expr {
        let ident = self.types().own(uses, event);
        let own = self.event_own(event);
        if own.is_empty() {
            uses.take(EVENT_OF.0, EVENT_OF.1);
            let by = if command.change == Change::Creates {
                "&"
            } else {
                ""
            };
            return call(format!("{ident}::of"), vec![text(format!("{by}{subject}"))]);
        }
        let state = self.event_state(event);
        let mut fields: Vec<(String, expr::Expr)> = state
            .iter()
            .map(|(name, copied)| {
                (
                    names::field_ident(name),
                    text(moved(subject, name, *copied)),
                )
            })
            .collect();
        for field in own {
            let value = self.own_value(uses, command, field, several);
            fields.push((names::field_ident(field.name.as_str()), value));
        }
        expr::Expr::Struct(ident, fields)
    }

    fn own_value(
        &self,
        uses: &mut Uses,
        command: &Command,
        field: &Field,
        several: bool,
    ) -> expr::Expr {
        let Some(input) = telling(command, field) else {
            let missing = if field.optional { "None" } else { "Vec::new()" };
            return match field.optional || field.list {
                true => text(missing),
                false => self.example(uses, field),
            };
        };
        let clone = if several && !copies(field) {
            ".clone()"
        } else {
            ""
        };
        let given = format!("command.{}{clone}", names::field_ident(field.name.as_str()));
        match field.optional && !input.optional {
            true => call("Some", vec![text(given)]),
            false => text(given),
        }
    }

    pub(super) fn example(&self, uses: &mut Uses, field: &Field) -> expr::Expr {
        let value = crate::plan::sample::field(self.system, field, 1);
        self.values().field(uses, field, &value)
    }
}

/// A member of an aggregate, as it is handed on.
fn moved(subject: &str, name: &str, copied: bool) -> String {
    let clone = if copied { "" } else { ".clone()" };
    format!("{subject}.{}{clone}", names::member_ident(name))
}

/// Whether an optional event has to be emitted by the seeded body: it takes input, which changes
/// the aggregate, and nothing else would tell of that.
pub(super) fn must_tell(command: &Command, emission: &Emission) -> bool {
    let optional = |emission: &Emission| matches!(emission, Emission::Optional(_));
    let mut inputs = command.input.values();
    command.emits.first() == Some(emission)
        && command.emits.iter().all(optional)
        && inputs.any(|input| !matches!(input.source, InputSource::Own(_)))
}
