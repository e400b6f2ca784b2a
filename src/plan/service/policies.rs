//! Policies: whenever an event, then a command of this context.

use crate::model::{
    Context, Event, EventField, Field, Fill, Ident, InputSource, OnRefusal, Policy, Source, Target,
    Trigger, derived,
};
use crate::plan::layout::{self, Expr, call, text};
use crate::plan::names;
use crate::plan::types::{Place, Types, is_copy};
use crate::plan::uses::Uses;

use super::queries::{constant, open_range};
use super::replicas::handler;
use super::state::implementation;
use super::storage::literal;
use super::{Code, Service, mentions, variable};

/// A value taken from an event: its expression, and what it is.
pub(super) struct Taken {
    /// The expression, by value.
    pub expression: String,
    /// Whether it may be absent.
    pub optional: bool,
}

impl<'a> Service<'a> {
    /// The policies of the service.
    pub fn policies(&self) -> Code {
        let mut uses = Uses::default();
        let mut items = Vec::new();
        for policy in self.context.policies.values() {
            items.push(self.policy_trait(&mut uses, policy));
            items.push(self.policy_impl(&mut uses, policy));
        }
        Code::new(&uses, &items)
    }

    /// The event that sets a handler off, and the context that emits it.
    pub(super) fn triggering(&self, trigger: &Trigger) -> Option<(&'a Context, &'a Event)> {
        let context = self.system.contexts.get(&trigger.context)?;
        Some((context, context.events.get(&trigger.event)?))
    }

    /// The types of the context that emits an event, as this service writes them.
    pub(super) fn emitter(&self, trigger: &Trigger) -> Types<'a> {
        let own = trigger.context == self.context.name;
        let context = match self.system.contexts.get(&trigger.context) {
            Some(context) => context.name.as_str(),
            None => self.context.name.as_str(),
        };
        Types {
            context,
            place: if own {
                Place::Service
            } else {
                Place::Elsewhere
            },
        }
    }

    /// `Recorded<Event>`.
    pub(super) fn recorded(&self, uses: &mut Uses, trigger: &Trigger) -> String {
        let recorded = uses.take("platform_contract::prelude", "Recorded");
        let event = self.emitter(trigger).own(uses, trigger.event.as_str());
        format!("{recorded}<{event}>")
    }

    /// The type of the elements that set a policy off.
    fn element_type(&self, uses: &mut Uses, policy: &Policy) -> Option<String> {
        let each = policy.each.as_ref()?;
        let (context, event) = self.triggering(&policy.trigger)?;
        let types = self.emitter(&policy.trigger);
        match event.fields.get(each)? {
            EventField::Collection(entity) => Some(types.own(uses, entity.as_str())),
            EventField::Own(field) => Some(types.base(uses, &field.ty)),
            EventField::Field => {
                let aggregate = context.aggregates.get(&event.aggregate)?;
                Some(types.base(uses, &aggregate.fields.get(each)?.ty))
            }
        }
    }

    /// The head of the user's function.
    pub(super) fn policy_head(
        &self,
        uses: &mut Uses,
        policy: &Policy,
        used: &str,
        end: &str,
    ) -> String {
        let unused = |name: &str| match end == ";" || mentions(used, name) {
            true => name.to_owned(),
            false => "_".to_owned(),
        };
        let recorded = self.recorded(uses, &policy.trigger);
        let mut parameters = vec![format!("{}: &{recorded}", unused("event"))];
        if let Some(element) = self.element_type(uses, policy) {
            parameters.push(format!("{}: &{element}", unused("element")));
        }
        if policy.target != Target::New
            && let Some(command) = self.context.commands.get(&policy.then)
        {
            let state = names::type_ident(command.aggregate.as_str());
            let state = uses.take("crate::generated", &state);
            let subject = variable(command.aggregate.as_str());
            parameters.push(format!("{}: &{state}", unused(&subject)));
        }
        let context = uses.take("platform_runtime::prelude", "Context");
        parameters.push(format!("{}: &{context}", unused("context")));
        let then = self.types().own(uses, policy.then.as_str());
        let head = format!("fn {}", names::method_ident(policy.name.as_str()));
        layout::function(4, &head, &parameters, &format!("Option<{then}>"), end)
    }

    fn policy_trait(&self, uses: &mut Uses, policy: &Policy) -> String {
        let head = self.policy_head(uses, policy, "", ";");
        let says = || {
            let trigger = format!("{}.{}", policy.trigger.context, policy.trigger.event);
            format!("Whenever `{trigger}`, then `{}`.", policy.then)
        };
        let doc = policy.doc.clone().unwrap_or_else(says);
        format!(
            "{}pub trait {} {{\n    /// The command for one target; `None`: nothing is to be done.\n{head}\n}}\n",
            layout::doc(0, &doc),
            derived::policy(policy.name.as_str()),
        )
    }

    fn policy_impl(&self, uses: &mut Uses, policy: &Policy) -> String {
        let trait_name = uses.take("platform_runtime::handler", "Policy");
        let targets = uses.take("platform_runtime::handler", "Targets");
        uses.take("crate::generated", "Domain");
        let ident = names::type_ident(policy.name.as_str());
        let recorded = self.recorded(uses, &policy.trigger);
        let on = self
            .emitter(&policy.trigger)
            .own(uses, policy.trigger.event.as_str());
        let then = self.types().own(uses, policy.then.as_str());
        let Some(command) = self.context.commands.get(&policy.then) else {
            return String::new();
        };
        let state = uses.take(
            "crate::generated",
            &names::type_ident(command.aggregate.as_str()),
        );
        let dead = policy.on_refusal == OnRefusal::DeadLetter;
        let lines = [
            constant(
                "HANDLER: &'static str",
                &literal(&handler("policy", policy.name.as_str())),
            ),
            layout::assign(4, "type On =", &text(on), ";"),
            layout::assign(4, "type Then =", &text(then), ";"),
            layout::assign(4, "type Target =", &text(state), ";"),
            constant("DEAD_LETTER_REFUSALS: bool", &text(dead.to_string())),
        ];
        let mut functions = vec![self.targets(uses, policy, &recorded, &targets)];
        if let Some(each) = &policy.each {
            let each = self.list(policy, each);
            functions.push(format!(
                "    fn elements(event: &{recorded}) -> usize {{\n        {each}.len()\n    }}\n"
            ));
        }
        functions.push(self.react(uses, policy, &recorded));
        format!(
            "/// The policy `{0}`; what it decides is in `src/policies/{1}.rs`.\n#[derive(Debug)]\npub struct {ident};\n\n{2} {{\n{3}\n\n{4}}}\n",
            policy.name,
            names::module_ident(policy.name.as_str()),
            implementation(&trait_name, &ident),
            lines.join("\n"),
            functions.join("\n"),
        )
    }

    fn targets(&self, uses: &mut Uses, policy: &Policy, recorded: &str, targets: &str) -> String {
        let body = match &policy.target {
            Target::New => text(format!("{targets}::New")),
            Target::Id(fill) => {
                let taken = self.taken(policy, fill);
                match taken.optional {
                    false => text(format!("{targets}::One({}.into())", taken.expression)),
                    true => text(format!(
                        "{}.map_or({targets}::Nobody, |id| {targets}::One(id.into()))",
                        taken.expression
                    )),
                }
            }
            Target::Query { query, with } => {
                let ident = uses.take("crate::generated", &names::type_ident(query.as_str()));
                let fields = with.iter().map(|(name, fill)| {
                    let value = text(self.taken(policy, fill).expression);
                    (names::field_ident(name.as_str()), value)
                });
                let range = self.context.queries.get(query).map(open_range);
                let fields = fields.chain(range.into_iter().flatten());
                let asked = Expr::Struct(ident, fields.collect());
                call(format!("{targets}::found"), vec![text("&"), asked])
            }
        };
        let flat = body.flat();
        let mut lines = String::new();
        if let Some(each) = policy.each.as_ref().filter(|_| mentions(&flat, "element")) {
            let each = self.list(policy, each);
            lines.push_str(&format!(
                "        let Some(element) = {each}.get(element) else {{\n            return {targets}::Nobody;\n        }};\n"
            ));
        }
        let laid = match &body {
            // A reference to a struct literal hangs on the call's brackets.
            Expr::Call(head, arguments) if arguments.len() == 2 => {
                let inner = arguments[1].lay(8, 8 + head.len() + 2, 1);
                format!("{head}(&{inner})")
            }
            other => other.lay(8, 8, 0),
        };
        lines.push_str(&format!("        {laid}\n"));
        let name = |used: bool, name: &str| {
            if used {
                name.to_owned()
            } else {
                "_".to_owned()
            }
        };
        let parameters = [
            format!("{}: &{recorded}", name(mentions(&lines, "event"), "event")),
            format!("{}: usize", name(mentions(&lines, "element"), "element")),
        ];
        let head = layout::function(4, "fn targets", &parameters, targets, " {");
        format!("{head}\n{lines}    }}\n")
    }

    fn react(&self, uses: &mut Uses, policy: &Policy, recorded: &str) -> String {
        let context = uses.take("platform_runtime::prelude", "Context");
        let then = self.types().own(uses, policy.then.as_str());
        let Some(command) = self.context.commands.get(&policy.then) else {
            return String::new();
        };
        let state = names::type_ident(command.aggregate.as_str());
        let subject = variable(command.aggregate.as_str());
        let creates = policy.target == Target::New;
        let mut arguments = vec![text("event")];
        if let Some(each) = &policy.each {
            let each = self.list(policy, each);
            arguments.push(layout::members(&format!("{each}.get(element)?")));
        }
        if !creates {
            arguments.push(text(format!("{subject}?")));
        }
        arguments.push(text("context"));
        let name = |used: bool, name: &str| {
            if used {
                name.to_owned()
            } else {
                "_".to_owned()
            }
        };
        let parameters = [
            format!("event: &{recorded}"),
            format!("{}: usize", name(policy.each.is_some(), "element")),
            format!("{}: Option<&{state}>", name(!creates, &subject)),
            format!("context: &{context}"),
        ];
        let head = layout::function(4, "fn react", &parameters, &format!("Option<{then}>"), " {");
        let function = format!("Domain::{}", names::method_ident(policy.name.as_str()));
        format!(
            "{head}\n        {}\n    }}\n",
            call(function, arguments).lay(8, 8, 0)
        )
    }

    /// The list that a policy goes through; one that may be absent is empty then.
    pub(super) fn list(&self, policy: &Policy, each: &Ident) -> String {
        let field = self.event_field(&policy.trigger, each.as_str());
        let absent = match field.is_some_and(|field| field.optional) {
            true => ".as_deref().unwrap_or_default()",
            false => "",
        };
        format!("{}{absent}", names::event_member(each.as_str()))
    }

    /// A value that a policy takes from its event.
    pub(super) fn taken(&self, policy: &Policy, fill: &Fill) -> Taken {
        self.taken_from(
            &policy.trigger,
            policy.each.as_ref().map(|e| e.as_str()),
            fill,
        )
    }

    /// A value taken from an event, or from the element of its list `each`.
    pub(super) fn taken_from(&self, trigger: &Trigger, each: Option<&str>, fill: &Fill) -> Taken {
        let given = |expression: String, field: Option<&Field>| {
            let optional = field.is_some_and(|field| field.optional);
            let copied = field.is_some_and(|field| !field.list && is_copy(&field.ty));
            let expression = match (fill.structural, copied) {
                (true, _) => format!("platform_contract::value::rebuild(&{expression})?"),
                (false, true) => expression,
                (false, false) => format!("{expression}.clone()"),
            };
            Taken {
                expression,
                optional,
            }
        };
        match &fill.source {
            Source::EventField(name) => {
                let expression = names::event_member(name.as_str());
                given(expression, self.event_field(trigger, name.as_str()))
            }
            Source::Element => {
                let field = each.and_then(|each| self.event_field(trigger, each));
                match field.is_some_and(|field| is_copy(&field.ty)) {
                    true => Taken {
                        expression: "*element".to_owned(),
                        optional: false,
                    },
                    false => Taken {
                        expression: "element.clone()".to_owned(),
                        optional: false,
                    },
                }
            }
            Source::ElementField(name) => {
                let expression = format!("element.{}", names::field_ident(name.as_str()));
                let id = name.as_str() == "id";
                let field = each.and_then(|each| self.element_field(trigger, each, name.as_str()));
                match id && field.is_none() {
                    true => Taken {
                        expression,
                        optional: false,
                    },
                    false => given(expression, field),
                }
            }
            _ => Taken {
                expression: "event.of".to_owned(),
                optional: false,
            },
        }
    }

    /// A field of an event that is not a collection.
    pub(super) fn event_field(&self, trigger: &Trigger, name: &str) -> Option<&'a Field> {
        let (context, event) = self.triggering(trigger)?;
        match event.fields.get(name)? {
            EventField::Own(field) => Some(field),
            EventField::Field => context.aggregates.get(&event.aggregate)?.fields.get(name),
            EventField::Collection(_) => None,
        }
    }

    fn element_field(&self, trigger: &Trigger, each: &str, name: &str) -> Option<&'a Field> {
        let (context, event) = self.triggering(trigger)?;
        if let EventField::Collection(entity) = event.fields.get(each)? {
            let aggregate = context.aggregates.get(&event.aggregate)?;
            return aggregate.entities.get(entity)?.fields.get(name);
        }
        match &self.event_field(trigger, each)?.ty {
            crate::model::Type::Value(path) => self.system.value_type(path)?.fields.get(name),
            _ => None,
        }
    }

    /// The inputs of a policy's command that nothing tells.
    pub fn open_inputs(&self, policy: &Policy) -> Vec<String> {
        let open = policy.inputs.iter().filter(|(name, fill)| {
            let command = self.context.commands.get(&policy.then);
            let input = command.and_then(|command| command.input.get(*name));
            fill.is_none()
                && input.is_some_and(|input| {
                    !input.optional && !matches!(input.source, InputSource::Collection(_))
                })
        });
        open.map(|(name, _)| name.to_string()).collect()
    }
}
