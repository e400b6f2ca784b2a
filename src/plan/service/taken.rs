//! What handlers take from events.

use serde::Serialize;

use super::Service;
use crate::model::{
    Context, Event, EventField, Field, Fill, Ident, InputSource, Policy, Source, Trigger,
};
use crate::plan::names;
use crate::plan::types::{Place, Types, is_copy};
use crate::plan::uses::Uses;

/// A value taken from an event: its expression, and what it is.
#[derive(Debug, Serialize)]
pub(super) struct Taken {
    /// The expression, by value.
    pub expression: String,
    /// Whether it may be absent.
    pub optional: bool,
}

impl<'a> Service<'a> {
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

    /// The type of the elements that set a policy off.
    pub(super) fn element_type(&self, uses: &mut Uses, policy: &Policy) -> Option<String> {
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
