//! Aggregates as the user's decisions see them.

use crate::model::{Aggregate, Change, Command, Default, Field, InputSource, derived};
use crate::plan::layout::{self, Expr, text};
use crate::plan::members::{self, Member};
use crate::plan::names;
use crate::plan::spoken::{aggregate_doc, command_doc, titled};
use crate::plan::uses::Uses;

use super::{Code, Service, mentions, variable};

impl Service<'_> {
    /// An aggregate: its state, what is new of it, and the trait of its decisions.
    pub fn state(&self, aggregate: &Aggregate) -> Code {
        let mut uses = Uses::default();
        let mut items = vec![self.state_struct(&mut uses, aggregate)];
        if !aggregate.states.is_empty() {
            items.push(self.status_getter(&mut uses, aggregate));
        }
        let creations: Vec<&Command> = self
            .commands_of(aggregate)
            .filter(|command| command.change == Change::Creates)
            .collect();
        if !creations.is_empty() {
            items.push(self.new_struct(&mut uses, aggregate));
            let from = creations
                .iter()
                .map(|c| self.new_from(&mut uses, aggregate, c));
            items.extend(from.collect::<Vec<_>>());
        }
        items.extend(self.event_items(&mut uses, aggregate));
        if self.commands_of(aggregate).next().is_some() {
            items.push(self.decisions(&mut uses, aggregate));
        }
        Code::new(&uses, &items)
    }

    fn members(&self, uses: &mut Uses, aggregate: &Aggregate) -> Vec<Member> {
        let mut members = Vec::new();
        for field in aggregate.fields.values() {
            let ty = self.types().field(uses, field);
            let doc = members::field_doc(field);
            let mut member = Member::new(field.name.as_str(), ty, doc.as_deref())
                .shaped(field.optional, field.list);
            member.ident = names::member_ident(field.name.as_str());
            members.push(member);
        }
        for entity in aggregate.entities.values() {
            let ty = self.types().own(uses, entity.name.as_str());
            let ty = format!("Vec<{ty}>");
            let mut member = Member::new(entity.collection.as_str(), ty, entity.doc.as_deref())
                .shaped(false, true);
            member.ident = names::member_ident(entity.collection.as_str());
            members.push(member);
        }
        members
    }

    fn state_struct(&self, uses: &mut Uses, aggregate: &Aggregate) -> String {
        uses.take("serde", "Deserialize");
        uses.take("serde", "Serialize");
        let meta = uses.take("platform_runtime::prelude", "Meta");
        let id = self.types().id(uses, aggregate.name.as_str());
        let ident = names::type_ident(aggregate.name.as_str());
        let mut lines = format!(
            "    #[serde(skip)]\n{}\n",
            layout::field(4, "pub(in crate::generated) meta", &format!("{meta}<{id}>"))
        );
        if !aggregate.states.is_empty() {
            let status = self
                .types()
                .own(uses, &derived::status(aggregate.name.as_str()));
            lines.push_str(&layout::field(4, "status", &status));
            lines.push('\n');
        }
        lines.push_str(&members::lines(&self.members(uses, aggregate)));
        format!(
            "{}#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\npub struct {ident} {{\n{lines}}}\n",
            layout::doc(0, &aggregate_doc(aggregate)),
        )
    }

    fn status_getter(&self, uses: &mut Uses, aggregate: &Aggregate) -> String {
        let ident = names::type_ident(aggregate.name.as_str());
        let status = self
            .types()
            .own(uses, &derived::status(aggregate.name.as_str()));
        let head = layout::function(4, "pub fn status", &["&self".to_owned()], &status, " {");
        format!(
            "impl {ident} {{\n    /// How far it has come; only transitions change it.\n{head}\n        self.status\n    }}\n}}\n"
        )
    }

    fn new_struct(&self, uses: &mut Uses, aggregate: &Aggregate) -> String {
        uses.take("serde", "Serialize");
        let members = self.members(uses, aggregate);
        format!(
            "/// {} that is about to be created.\n#[derive(Debug, Clone, PartialEq, Serialize)]\npub struct {} {}\n",
            titled(aggregate.name.as_str()).trim_end_matches('.'),
            derived::new(aggregate.name.as_str()),
            members::body(&serialize_only(members)),
        )
    }

    fn new_from(&self, uses: &mut Uses, aggregate: &Aggregate, command: &Command) -> String {
        let new = derived::new(aggregate.name.as_str());
        let ty = self.types().own(uses, command.name.as_str());
        let timed = needs_time(aggregate);
        let source = if timed {
            let context = uses.take("platform_runtime::prelude", "Context");
            format!("({ty}, &{context})")
        } else {
            ty
        };
        let fields: Vec<(String, Expr)> = self.new_fields(uses, aggregate, command);
        let reads = |name: &str| fields.iter().any(|(_, v)| mentions(&v.flat(), name));
        let pattern = match (timed, reads("command"), reads("context")) {
            (false, true, _) => "command".to_owned(),
            (false, false, _) => "_".to_owned(),
            (true, command, context) => {
                let name = |used, name| if used { name } else { "_" };
                format!(
                    "({}, {})",
                    name(command, "command"),
                    name(context, "context")
                )
            }
        };
        let body = Expr::Struct("Self".to_owned(), fields).lay(8, 8, 0);
        let head = layout::function(
            4,
            "fn from",
            &[format!("{pattern}: {source}")],
            "Self",
            " {",
        );
        format!(
            "{} {{\n{head}\n        {body}\n    }}\n}}\n",
            implementation(&format!("From<{source}>"), &new)
        )
    }

    fn new_fields(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
    ) -> Vec<(String, Expr)> {
        let mut fields = Vec::new();
        for field in aggregate.fields.values() {
            let input = command.input.get(field.name.as_str());
            let given = input.filter(|input| input.source == InputSource::Field);
            let value = match given {
                Some(input) => self.given(uses, field, input.optional),
                None => self.default(uses, field),
            };
            fields.push((names::member_ident(field.name.as_str()), value));
        }
        for entity in aggregate.entities.values() {
            let name = entity.collection.as_str();
            let given = format!("command.{}", names::field_ident(name));
            let value = match command.input.get(name) {
                Some(input) if input.optional => text(format!("{given}.unwrap_or_default()")),
                Some(_) => text(given),
                None => text("Vec::new()"),
            };
            fields.push((names::member_ident(name), value));
        }
        fields
    }

    /// The value of a field that the command brings.
    fn given(&self, uses: &mut Uses, field: &Field, optional: bool) -> Expr {
        let given = format!("command.{}", names::field_ident(field.name.as_str()));
        match (field.optional, optional) {
            (true, true) | (false, false) => text(given),
            (true, false) => layout::call("Some", vec![text(given)]),
            (false, true) if field.list && field.default.is_none() => {
                text(format!("{given}.unwrap_or_default()"))
            }
            (false, true) => {
                let default = self.default(uses, field).flat();
                let lazy = default.contains('(') || default.contains('{');
                let default = match lazy {
                    true => format!("unwrap_or_else(|| {default})"),
                    false => format!("unwrap_or({default})"),
                };
                let member = names::field_ident(field.name.as_str());
                layout::Expr::Chain(Box::new(text("command")), vec![text(member), text(default)])
            }
        }
    }

    /// The value of a field that nobody gives.
    fn default(&self, uses: &mut Uses, field: &Field) -> Expr {
        let some = |value: &str| match field.optional {
            true => text(format!("Some({value})")),
            false => text(value),
        };
        match &field.default {
            Some(Default::Constant(value)) => self.values().field(uses, field, value),
            Some(Default::Now) => some("context.now"),
            Some(Default::Today) => some("context.now.date()"),
            None if field.optional => text("None"),
            None if field.list => text("Vec::new()"),
            // A valid system covers every required field.
            None => text("Default::default()"),
        }
    }

    fn decisions(&self, uses: &mut Uses, aggregate: &Aggregate) -> String {
        let methods: Vec<String> = self
            .commands_of(aggregate)
            .map(|command| {
                let head = self.decision_head(uses, aggregate, command, ";", false);
                let what = match command.refuses.is_empty() {
                    true => "It has no business refusals, so it cannot fail.".to_owned(),
                    false => {
                        let names: Vec<String> = command
                            .refuses
                            .iter()
                            .map(|r| format!("`{}`", r.name))
                            .collect();
                        format!("{}.", names.join(", "))
                    }
                };
                let doc = format!("{}\n\n# Errors\n{what}", command_doc(command));
                format!("{}{head}\n", layout::doc(4, &doc))
            })
            .collect();
        format!(
            "/// What the service decides about every `{}`. Decisions are pure: all they may look at arrives,\n/// and what they return is all that happens.\npub trait {} {{\n{}}}\n",
            aggregate.name,
            derived::decisions(aggregate.name.as_str()),
            methods.join("\n"),
        )
    }

    /// The head of a decision; `unused` names parameters that the body does not read.
    pub(super) fn decision_head(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
        end: &str,
        seeded: bool,
    ) -> String {
        let name = command.name.as_str();
        let state = if seeded && command.change != Change::Creates {
            uses.take(
                "crate::generated",
                &names::type_ident(aggregate.name.as_str()),
            )
        } else {
            names::type_ident(aggregate.name.as_str())
        };
        let ty = self.types().own(uses, name);
        let unused = |parameter: &str, reads: bool| match seeded && !reads {
            true => "_".to_owned(),
            false => parameter.to_owned(),
        };
        let reads = self.seeded_reads(aggregate, command);
        let subject = unused(&variable(aggregate.name.as_str()), reads.subject);
        let mut parameters = match command.change {
            Change::Creates => Vec::new(),
            Change::Updates => vec![format!("{subject}: &mut {state}")],
            Change::Deletes => vec![format!("{subject}: &{state}")],
        };
        parameters.push(format!("{}: {ty}", unused("command", reads.command)));
        if !command.needs.is_empty() {
            let needs = derived::needs(name);
            let needs = if seeded {
                uses.take("crate::generated", &needs)
            } else {
                needs
            };
            parameters.push(format!("{}: &{needs}", unused("needs", false)));
        }
        let context = uses.take("platform_runtime::prelude", "Context");
        parameters.push(format!("{}: &{context}", unused("context", reads.context)));
        let mut events = if seeded {
            self.events_type(uses, command)
        } else {
            // The enum of `one_of` is declared in this very file.
            let mut elsewhere = Uses::default();
            let _ = self.events_type(&mut elsewhere, command);
            for event in command.events() {
                self.types().own(uses, event.as_str());
            }
            self.events_type(&mut elsewhere, command)
        };
        if command.change == Change::Creates {
            let new = derived::new(aggregate.name.as_str());
            let new = if seeded {
                uses.take("crate::generated", &new)
            } else {
                new
            };
            events = format!("({new}, {events})");
        }
        let refusal = self.types().own(uses, &derived::refusal(name));
        layout::function(
            4,
            &format!("fn {}", names::method_ident(name)),
            &parameters,
            &format!("Result<{events}, {refusal}>"),
            end,
        )
    }
}

/// `impl Trait for Type`, broken before `for` when it is too long for one line.
pub(super) fn implementation(what: &str, of: &str) -> String {
    format!("impl {what} for {of}")
}

/// Whether some field of the aggregate is made from the time of the command.
pub(super) fn needs_time(aggregate: &Aggregate) -> bool {
    let mut fields = aggregate.fields.values();
    fields.any(|field| matches!(field.default, Some(Default::Now | Default::Today)))
}

/// Members of a struct that is only written: nothing is missing from it.
fn serialize_only(mut members: Vec<Member>) -> Vec<Member> {
    for member in &mut members {
        member.default = None;
        member.serialize_only = true;
    }
    members
}
