//! The user's files: written once, with bodies that do the obvious.

use crate::model::{Aggregate, Change, Command, Emission, Field, InputSource, derived};
use crate::plan::layout::{self, Expr, call, text};
use crate::plan::names;
use crate::plan::spoken::command_doc;
use crate::plan::uses::Uses;

use super::events::state_field;
use super::inputs;
use super::state::{implementation, needs_time};
use super::{Code, Service, copies, mentions, one_of, telling, variable};

/// What a seeded body reads of its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Seeded {
    /// The aggregate.
    pub subject: bool,
    /// The command.
    pub command: bool,
    /// The context.
    pub context: bool,
}

impl Service<'_> {
    /// The user's decisions about an aggregate.
    pub fn domain(&self, aggregate: &Aggregate) -> Code {
        let mut uses = Uses::default();
        uses.take("crate::generated", "Domain");
        let decisions = uses.take(
            "crate::generated",
            &derived::decisions(aggregate.name.as_str()),
        );
        let functions: Vec<String> = self
            .commands_of(aggregate)
            .map(|command| {
                let head = self.decision_head(&mut uses, aggregate, command, " {", true);
                let body = self.decision_body(&mut uses, aggregate, command);
                format!(
                    "{}{head}\n{body}    }}\n",
                    layout::doc(4, &command_doc(command))
                )
            })
            .collect();
        let item = format!(
            "{} {{\n{}}}\n",
            implementation(&decisions, "Domain"),
            functions.join("\n")
        );
        let tests = self.domain_tests(&uses, aggregate);
        Code::new(&uses, &[item, tests])
    }

    pub(super) fn seeded_reads(&self, aggregate: &Aggregate, command: &Command) -> Seeded {
        let body = self.decision_body(&mut Uses::default(), aggregate, command);
        let subject = variable(aggregate.name.as_str());
        let read = |name: &str| mentions(&body, name);
        Seeded {
            subject: read(&subject),
            command: read("command"),
            context: read("context"),
        }
    }

    fn decision_body(&self, uses: &mut Uses, aggregate: &Aggregate, command: &Command) -> String {
        let subject = variable(aggregate.name.as_str());
        let mut lines = Vec::new();
        match command.change {
            Change::Creates => {
                let new = uses.take("crate::generated", &derived::new(aggregate.name.as_str()));
                let source = match (needs_time(aggregate), self.own_inputs(command)) {
                    (true, true) => "(command.clone(), context)",
                    (true, false) => "(command, context)",
                    (false, true) => "command.clone()",
                    (false, false) => "command",
                };
                let source = match source.strip_prefix('(') {
                    Some(_) => format!("({source})"),
                    None => format!("({source})"),
                };
                lines.push(format!("        let {subject} = {new}::from{source};"));
            }
            Change::Updates => lines.extend(inputs::applied(aggregate, command, &subject)),
            Change::Deletes => {}
        }
        let events = self.event_values(uses, aggregate, command, &subject);
        let value = match command.change {
            Change::Creates => {
                lines.push(layout::assign(8, "let event =", &events, ";"));
                call("Ok", vec![Expr::Tuple(vec![text(&subject), text("event")])])
            }
            _ => call("Ok", vec![events]),
        };
        lines.push(format!("        {}", value.lay(8, 8, 0)));
        lines.join("\n") + "\n"
    }

    /// Whether an event takes inputs of the command's own after the command became an aggregate.
    fn own_inputs(&self, command: &Command) -> bool {
        command.events().iter().any(|event| {
            let own = self.event_own(event.as_str());
            own.iter().any(|field| telling(command, field).is_some())
        })
    }

    fn event_values(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
        subject: &str,
    ) -> Expr {
        let several = command.emits.len() > 1;
        let mut values: Vec<Expr> = command
            .emits
            .iter()
            .map(|emission| match emission {
                Emission::Optional(event) if must_tell(command, emission) => {
                    let event = event.as_str();
                    let value = self.event_value(uses, aggregate, command, event, subject, several);
                    call("Some", vec![value])
                }
                Emission::Optional(_) => text("None"),
                Emission::Always(event) => {
                    self.event_value(uses, aggregate, command, event.as_str(), subject, several)
                }
                Emission::OneOf(events) => {
                    let choice = uses.take("crate::generated", &one_of(command));
                    let first = events.first().map_or("", |event| event.as_str());
                    let value = self.event_value(uses, aggregate, command, first, subject, several);
                    call(
                        format!("{choice}::{}", names::type_ident(first)),
                        vec![value],
                    )
                }
            })
            .collect();
        match values.len() {
            1 => values.remove(0),
            _ => Expr::Tuple(values),
        }
    }

    fn event_value(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
        event: &str,
        subject: &str,
        several: bool,
    ) -> Expr {
        let ident = self.types().own(uses, event);
        let own = self.event_own(event);
        if own.is_empty() {
            uses.take("platform_runtime::prelude", "EventOf");
            let by = if command.change == Change::Creates {
                "&"
            } else {
                ""
            };
            return call(format!("{ident}::of"), vec![text(format!("{by}{subject}"))]);
        }
        let state = self.event_state(event);
        let mut fields: Vec<(String, Expr)> = state
            .iter()
            .map(|(name, copied)| state_field(subject, name, *copied))
            .collect();
        let _ = aggregate;
        for field in own {
            let value = self.own_value(uses, command, field, several);
            fields.push((names::field_ident(field.name.as_str()), value));
        }
        Expr::Struct(ident, fields)
    }

    fn own_value(&self, uses: &mut Uses, command: &Command, field: &Field, several: bool) -> Expr {
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

    pub(super) fn example(&self, uses: &mut Uses, field: &Field) -> Expr {
        let value = crate::plan::sample::field(self.system, field, 1);
        self.values().field(uses, field, &value)
    }
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
