//! Policies: whenever an event, then a command of this context.

use serde::Serialize;

use super::queries::open_ends;
use crate::model::{HandlerKind, OnRefusal, Policy, Target, derived};
use crate::plan::rust::expr::{Expr, text};
use crate::plan::rust::{Imports, Types, names};
use crate::plan::services::Service;
use crate::plan::services::event_values::EventValue;
use crate::plan::view::{Doc, Literal, Name, TypeRef};

/// `services/__context__/src/generated/policies.rs`.
#[derive(Debug, Serialize)]
pub(super) struct PoliciesFile {
    policies: Vec<PolicyView>,
}

/// A policy.
#[derive(Debug, Serialize)]
pub(crate) struct PolicyView {
    /// What the description says of it.
    doc: Doc,
    /// Its name.
    name: String,
    /// Its type.
    #[serde(rename = "type")]
    ty: Name,
    /// The module of the user's decision, in `policies`.
    module: Name,
    /// The trait of that.
    interface: Name,
    /// What it is called there.
    function: Name,
    /// What the runtime knows the policy by.
    handler: Literal,
    /// The event that sets it off.
    event: TypeRef,
    /// The list of the event that it goes through; `None` where it takes the event as a whole.
    list: Option<Expr>,
    /// The type of the elements of that.
    element: Option<TypeRef>,
    /// The command that it asks for.
    then: TypeRef,
    /// The type of the aggregates that it asks.
    state: TypeRef,
    /// What one of them goes by.
    subject: Name,
    /// Whether it asks a new one.
    creates: bool,
    /// The id of the one that it asks.
    target: Option<EventValue>,
    /// The query that finds those that it asks.
    query: Option<Expr>,
    /// Whether the event tells which they are.
    reads_event: bool,
    /// Whether an element of its list does.
    reads_element: bool,
    /// Whether what is refused is kept as a dead letter.
    dead_letters: bool,
}

impl Service<'_> {
    /// The policies of the service; `None` without any.
    pub(super) fn policies(&self) -> Option<PoliciesFile> {
        let policies = self.context.policies.values();
        let policies: Vec<_> = policies.map(|policy| self.policy(None, policy)).collect();
        (!policies.is_empty()).then_some(PoliciesFile { policies })
    }

    /// A policy, in a file that imports what it names, where it does.
    pub(crate) fn policy(&self, imports: Option<&Imports>, policy: &Policy) -> PolicyView {
        let (name, trigger) = (&policy.name, &policy.trigger);
        let aggregate = &self.context.commands[&policy.then].aggregate;
        let doc = policy.doc.clone().unwrap_or_else(|| {
            let (context, event) = (&trigger.context, &trigger.event);
            format!("Whenever `{context}.{event}`, then `{}`.", policy.then)
        });
        let emitter = Types {
            imports,
            ..self.emitter(trigger)
        };
        let types = self.types_in(imports);
        let creates = policy.target == Target::New;
        let each = policy.each.as_ref();
        let (target, query) = self.targets(policy);
        let source = target
            .as_ref()
            .map(|it| text(&it.expression))
            .or(query.clone());
        let reads = |name| source.as_ref().is_some_and(|source| source.mentions(name));
        let reads_element = each.is_some() && reads("element");
        PolicyView {
            doc: Doc::of(&doc),
            name: name.to_string(),
            ty: Name::of_type(name),
            module: Name::of_module(name),
            interface: Name::of_type(&derived::policy(name)),
            function: Name::of_function(name),
            handler: Literal::text(&self.handler_id(HandlerKind::Policy, name)),
            event: emitter.own(&trigger.event).into(),
            list: each.map(|each| self.list(policy, each).into()),
            element: self.element_type(emitter, policy).map(TypeRef::from),
            then: types.own(&policy.then).into(),
            state: match creates {
                true => TypeRef::generated(aggregate),
                false => types.generated(aggregate).into(),
            },
            subject: Name::of_variable(aggregate),
            creates,
            target,
            query,
            reads_event: reads_element || reads("event"),
            reads_element,
            dead_letters: policy.on_refusal == OnRefusal::DeadLetter,
        }
    }

    /// What gives the aggregates that a policy asks: the id of one, or a query.
    fn targets(&self, policy: &Policy) -> (Option<EventValue>, Option<Expr>) {
        match &policy.target {
            Target::New => (None, None),
            Target::Id(fill) => (Some(self.value(policy, fill)), None),
            Target::Query { query, with } => {
                let given = with.iter().map(|(name, fill)| {
                    let value = self.value(policy, fill).expression;
                    (names::field_ident(name), text(value))
                });
                let ends = open_ends(&self.context.queries[query]);
                let query = self.types().generated(query);
                (None, Some(Expr::structure(&query, given.chain(ends))))
            }
        }
    }
}
