//! Policies: whenever an event, then a command of this context.

use serde::Serialize;

use super::replicas::handler;
use super::taken::Taken;
use super::{Service, mentions, variable};
use crate::model::{OnRefusal, Policy, Target, derived};
use crate::plan::expr::{self, text};
use crate::plan::names;
use crate::plan::uses::Uses;
use crate::plan::view::{Doc, Expr, Literal, Name, TypeRef};

/// `services/__context__/src/generated/policies.rs`.
#[derive(Debug, Serialize)]
pub struct PoliciesFile {
    policies: Vec<PolicyView>,
}

/// A policy.
#[derive(Debug, Serialize)]
pub(super) struct PolicyView {
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
    target: Option<Taken>,
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
    pub fn policies(&self) -> Option<PoliciesFile> {
        let policies = self.context.policies.values();
        let policies = policies.filter_map(|policy| {
            let state = &self.context.commands.get(&policy.then)?.aggregate;
            let state = TypeRef::generated(state.as_str());
            Some(self.policy_view(&mut Uses::paths(), policy, state))
        });
        let policies: Vec<PolicyView> = policies.collect();
        (!policies.is_empty()).then_some(PoliciesFile { policies })
    }

    /// A policy, in a file that imports what it names, and writes the type of the aggregates so.
    pub(super) fn policy_view(
        &self,
        uses: &mut Uses,
        policy: &Policy,
        state: TypeRef,
    ) -> PolicyView {
        let (name, trigger) = (policy.name.as_str(), &policy.trigger);
        let command = self.context.commands.get(&policy.then);
        let aggregate = command.map_or("", |command| command.aggregate.as_str());
        let doc = policy.doc.clone().unwrap_or_else(|| {
            let (context, event) = (&trigger.context, &trigger.event);
            format!("Whenever `{context}.{event}`, then `{}`.", policy.then)
        });
        let event = self.emitter(trigger).own(uses, trigger.event.as_str());
        let each = policy.each.as_ref();
        let (target, query) = self.targets(policy);
        let told = target.as_ref().map(|taken| taken.expression.clone());
        let told = told.or(query.as_ref().map(expr::Expr::flat));
        let reads = |name: &str| told.as_ref().is_some_and(|told| mentions(told, name));
        let reads_element = each.is_some() && reads("element");
        PolicyView {
            doc: Doc::of(&doc),
            name: name.to_owned(),
            ty: Name::of_type(name),
            module: Name::of_module(name),
            interface: Name::of_type(&derived::policy(name)),
            function: Name::of_function(name),
            handler: Literal::text(&handler("policy", name)),
            event: event.into(),
            list: each.map(|each| self.list(policy, each).into()),
            element: self.element_type(uses, policy).map(TypeRef::from),
            then: self.types().own(uses, policy.then.as_str()).into(),
            state,
            subject: variable(aggregate).into(),
            creates: policy.target == Target::New,
            target,
            query: query.map(Expr::from),
            reads_event: reads_element || reads("event"),
            reads_element,
            dead_letters: policy.on_refusal == OnRefusal::DeadLetter,
        }
    }

    /// What tells the aggregates that a policy asks: the id of one, or a query.
    fn targets(&self, policy: &Policy) -> (Option<Taken>, Option<expr::Expr>) {
        match &policy.target {
            Target::New => (None, None),
            Target::Id(fill) => (Some(self.taken(policy, fill)), None),
            Target::Query { query, with } => {
                let told = with.iter().map(|(name, fill)| {
                    let value = text(self.taken(policy, fill).expression);
                    (names::field_ident(name.as_str()), value)
                });
                // Where nothing tells the ends of a range, it finds all there are.
                let range = self.context.queries.get(query);
                let range = range.and_then(|query| query.range.as_ref());
                let ends = range.into_iter().flat_map(|member| {
                    let ends = ["from", "to"].map(|end| format!("{member}_{end}"));
                    ends.map(|end| (names::field_ident(&end), text("None")))
                });
                let ident =
                    Uses::paths().take("crate::generated", &names::type_ident(query.as_str()));
                let asked = expr::Expr::Struct(ident, told.chain(ends).collect());
                (None, Some(asked))
            }
        }
    }
}
