//! The user's files: written once, with bodies that do the obvious.

use crate::model::{
    Aggregate, Change, Command, Effect, Emission, Field, InputSource, Policy, Type, derived,
};
use crate::plan::layout::{self, Expr, call, text};
use crate::plan::names;
use crate::plan::spoken::command_doc;
use crate::plan::uses::Uses;

use super::events::state_field;
use super::inputs::{self, said, unsaid};
use super::policies::Taken;
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

    fn example(&self, uses: &mut Uses, field: &Field) -> Expr {
        let value = crate::plan::sample::field(self.system, field, 1);
        self.values().field(uses, field, &value)
    }

    /// The user's policy.
    pub fn policy(&self, policy: &Policy) -> Code {
        let mut uses = Uses::default();
        uses.take("crate::generated", "Domain");
        let trait_name = uses.take("crate::generated", &derived::policy(policy.name.as_str()));
        let open = self.open_inputs(policy);
        let body = match open.is_empty() {
            true => {
                let then = self.types().own(&mut uses, policy.then.as_str());
                let fields = self.policy_fields(&mut uses, policy);
                call("Some", vec![Expr::Struct(then, fields)]).lay(8, 8, 0)
            }
            false => {
                let open: Vec<String> = open.iter().map(|name| format!("`{name}`")).collect();
                format!(
                    "// Nothing in the event tells {}: say here where it comes from.\n        None",
                    open.join(", ")
                )
            }
        };
        let head = self.policy_head(&mut uses, policy, &body, " {");
        let item = format!(
            "{} {{\n{head}\n        {body}\n    }}\n}}\n",
            implementation(&trait_name, "Domain")
        );
        let tests = self.policy_tests(&uses, policy);
        Code::new(&uses, &[item, tests])
    }

    fn policy_fields(&self, uses: &mut Uses, policy: &Policy) -> Vec<(String, Expr)> {
        let command = self.context.commands.get(&policy.then);
        let aggregate = command.and_then(|command| self.aggregate_of(command));
        let (Some(command), Some(aggregate)) = (command, aggregate) else {
            return Vec::new();
        };
        let fields = command.input.values().map(|input| {
            let fill = policy.inputs.get(&input.name).and_then(Option::as_ref);
            let presence = command.presence(aggregate, input);
            let value = match fill.map(|fill| (self.taken(policy, fill), fill.structural)) {
                // What is rebuilt is so by its JSON form, in which nothing is `null`.
                Some((taken, true)) if taken.optional => text(taken.expression),
                Some((taken, _)) => said(uses, presence, taken),
                None => unsaid(uses, presence).unwrap_or_else(|| text("Vec::new()")),
            };
            (names::field_ident(input.name.as_str()), value)
        });
        fields.collect()
    }

    /// The user's effect.
    pub fn effect(&self, effect: &Effect) -> Code {
        let mut uses = Uses::default();
        let ident = names::type_ident(effect.name.as_str());
        let trait_name = uses.take("crate::generated", &derived::effect(effect.name.as_str()));
        let [attempt, gave_up] = self.effect_heads(&mut uses, effect, true);
        let done = self.outcome_value(&mut uses, effect, effect.succeeded.as_ref(), None);
        let done = call("Tried::Done", vec![done]).lay(8, 8, 0);
        let failed = self.outcome_value(&mut uses, effect, effect.failed.as_ref(), Some("why"));
        let spoken = crate::plan::spoken::spoken(effect.name.as_str());
        let log = names::literal(&format!("would {spoken}"));
        let gave = names::literal(&format!("gave up to {spoken}"));
        let failed = match &effect.failed {
            Some(_) => format!("\n        {}", failed.lay(8, 8, 0)),
            None => String::new(),
        };
        let structure = format!(
            "/// What the effect needs: clients, keys, addresses.\n#[derive(Debug, Default)]\npub struct {ident} {{}}\n"
        );
        let item = format!(
            "{} {{\n{attempt}\n        tracing::info!(event = %event.id, attempt = attempt.number, {log});\n        {done}\n    }}\n\n{gave_up}\n        tracing::warn!(why, {gave});{failed}\n    }}\n}}\n",
            implementation(&trait_name, &ident)
        );
        Code::new(&uses, &[structure, item])
    }

    fn outcome_value(
        &self,
        uses: &mut Uses,
        effect: &Effect,
        command: Option<&crate::model::TypeName>,
        why: Option<&str>,
    ) -> Expr {
        let Some(command) = command.and_then(|name| self.context.commands.get(name)) else {
            return text("()");
        };
        let ident = self.types().own(uses, command.name.as_str());
        let Some(aggregate) = self.aggregate_of(command) else {
            return text(format!("{ident} {{}}"));
        };
        let fields = command.input.values().map(|input| {
            let name = names::field_ident(input.name.as_str());
            let field = match &input.source {
                InputSource::Own(field) => Some(field.as_ref()),
                _ => aggregate.fields.get(&input.name),
            };
            let presence = command.presence(aggregate, input);
            let told = field.and_then(|field| self.told(effect, field, why));
            let told = told.filter(|told| input.optional || !told.optional);
            let value = match (told, field) {
                (Some(told), _) => said(uses, presence, told),
                (None, field) => unsaid(uses, presence).unwrap_or_else(|| match field {
                    Some(field) => {
                        let required = Field {
                            optional: false,
                            ..field.clone()
                        };
                        self.example(uses, &required)
                    }
                    None => text("Vec::new()"),
                }),
            };
            (name, value)
        });
        Expr::Struct(ident, fields.collect())
    }

    /// A value for an outcome: the reason for a text that could say it, or the event's own.
    fn told(&self, effect: &Effect, field: &Field, why: Option<&str>) -> Option<Taken> {
        if let Some(why) = why {
            let text = Type::Scalar(crate::model::Scalar::String);
            let says = field.ty == text && field.name.as_str() == "reason" && !field.list;
            return says.then(|| Taken {
                expression: format!("{why}.to_owned()"),
                optional: false,
            });
        }
        let given = self.event_field(&effect.trigger, field.name.as_str())?;
        let same = given.ty == field.ty && given.list == field.list;
        let clone = if copies(given) { "" } else { ".clone()" };
        same.then(|| Taken {
            expression: format!("{}{clone}", names::event_member(field.name.as_str())),
            optional: given.optional,
        })
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
