//! What handlers take from events.

use serde::Serialize;

use super::{Service, copies};
use crate::model::{
    Content, Context, Event, Field, Fill, Ident, InputSource, Policy, Scalar, Source, Target,
    Trigger, Type, TypeName,
};
use crate::plan::rust::{Place, Types, is_copy, names};

/// A value taken from an event: its expression, and what it is.
#[derive(Debug, Serialize)]
pub(crate) struct EventValue {
    /// The expression, by value.
    pub expression: String,
    /// Whether it may be absent.
    pub optional: bool,
}

impl EventValue {
    /// One that is always there.
    pub fn always(expression: impl Into<String>) -> Self {
        Self {
            expression: expression.into(),
            optional: false,
        }
    }
}

impl<'a> Service<'a> {
    /// An event of the context itself, as what sets a handler off.
    pub(crate) fn own_trigger(&self, event: &TypeName) -> Trigger {
        Trigger {
            context: self.context.name.clone(),
            event: event.clone(),
        }
    }

    /// The event that sets a handler off, and the context that emits it.
    pub(crate) fn triggering(&self, trigger: &Trigger) -> (&'a Context, &'a Event) {
        let context = &self.system.contexts[&trigger.context];
        (context, &context.events[&trigger.event])
    }

    /// The types of the context that emits an event, as this service writes them.
    pub(crate) fn emitter(&self, trigger: &Trigger) -> Types<'a> {
        let (context, _) = self.triggering(trigger);
        Types {
            context: &context.name,
            place: match context.name == self.context.name {
                true => Place::Service,
                false => Place::Elsewhere,
            },
            imports: None,
        }
    }

    /// What stands under a name in an event.
    fn event_content(&self, trigger: &Trigger, name: &str) -> Option<Content<'a>> {
        let (context, event) = self.triggering(trigger);
        event.member(&context.aggregates[&event.aggregate], name)
    }

    /// A field of an event that is not a collection.
    pub(crate) fn event_field(&self, trigger: &Trigger, name: &str) -> Option<&'a Field> {
        self.event_content(trigger, name)?.field()
    }

    fn element_field(&self, trigger: &Trigger, each: &str, name: &str) -> Option<&'a Field> {
        match self.event_content(trigger, each)? {
            Content::Entities(entity) => entity.fields.get(name),
            Content::Field(field) => match &field.ty {
                Type::Value(path) => self.system.value_type(path)?.fields.get(name),
                _ => None,
            },
        }
    }

    /// The type of the elements that set a policy off, as the emitter's types are written.
    pub(crate) fn element_type(&self, types: Types<'_>, policy: &Policy) -> Option<String> {
        let content = self.event_content(&policy.trigger, policy.each.as_ref()?)?;
        Some(match content {
            Content::Entities(entity) => types.own(&entity.name),
            // A reference to a text is one to its characters.
            Content::Field(field) if is_text(&field.ty) => "str".to_owned(),
            Content::Field(field) => types.base(&field.ty),
        })
    }

    /// The list that a policy goes through; one that may be absent is empty then.
    pub(crate) fn list(&self, policy: &Policy, each: &Ident) -> String {
        let field = self.event_field(&policy.trigger, each);
        let absent = match field.is_some_and(|field| field.optional) {
            true => ".as_deref().unwrap_or_default()",
            false => "",
        };
        format!("{}{absent}", names::event_member(each))
    }

    /// A value that a policy takes from its event.
    pub(crate) fn value(&self, policy: &Policy, fill: &Fill) -> EventValue {
        self.value_from(&policy.trigger, policy.each.as_deref(), fill)
    }

    /// A value taken from an event, or from the element of its list `each`.
    pub(crate) fn value_from(
        &self,
        trigger: &Trigger,
        each: Option<&str>,
        fill: &Fill,
    ) -> EventValue {
        let given = |expression: String, field: Option<&Field>| {
            let is_copied = field.is_some_and(|field| copies(Content::Field(field)));
            EventValue {
                expression: match (fill.structural, is_copied) {
                    (true, _) => format!("platform_contract::value::rebuild(&{expression})?"),
                    (false, true) => expression,
                    (false, false) => format!("{expression}.clone()"),
                },
                optional: field.is_some_and(|field| field.optional),
            }
        };
        match &fill.source {
            Source::EventField(name) => {
                given(names::event_member(name), self.event_field(trigger, name))
            }
            Source::Element => {
                let list = each.and_then(|each| self.event_field(trigger, each));
                EventValue::always(match list.map(|list| &list.ty) {
                    Some(ty) if is_copy(ty) => "*element",
                    Some(ty) if is_text(ty) => "element.to_owned()",
                    _ => "element.clone()",
                })
            }
            Source::ElementField(name) => {
                let expression = format!("element.{}", names::field_ident(name));
                let field = each.and_then(|each| self.element_field(trigger, each, name));
                match name.as_str() == "id" && field.is_none() {
                    true => EventValue::always(expression),
                    false => given(expression, field),
                }
            }
            _ => EventValue::always("event.of"),
        }
    }

    /// Whether an event may name no target for a policy, which does not fire then.
    pub fn target_may_be_absent(&self, policy: &Policy) -> bool {
        match &policy.target {
            Target::Id(fill) => self.value(policy, fill).optional,
            Target::New | Target::Query { .. } => false,
        }
    }

    /// The inputs of a policy's command that its event does not give.
    pub fn open_inputs(&self, policy: &Policy) -> Vec<String> {
        let command = &self.context.commands[&policy.then];
        let open = policy.inputs.iter().filter(|(name, fill)| {
            let input = command.input.get(*name);
            let is_needed = input.is_some_and(|input| {
                !input.may_be_left_out() && !matches!(input.source, InputSource::Collection(_))
            });
            fill.is_none() && is_needed
        });
        open.map(|(name, _)| name.to_string()).collect()
    }
}

/// Whether a type is Rust's `String`.
fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Scalar(Scalar::String | Scalar::Text))
}
