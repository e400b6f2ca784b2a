//! The user's policies as they are written first, with a test: the example of the event, and the
//! command that is asked for.

use serde::Serialize;

use super::examples::{BEFORE, Members};
use super::inputs::{said, unsaid};
use super::policies::PolicyView;
use super::seeded_tests::{Bound, StateView, function_name, state_name};
use super::{Service, mentions};
use crate::model::{Aggregate, Command, Policy, Target, derived};
use crate::plan::expr::{self, text};
use crate::plan::names;
use crate::plan::uses::Uses;
use crate::plan::view::{Expr, Imports, Name, TypeRef};

/// `services/__context__/src/policies/__policy__.rs`.
#[derive(Debug, Serialize)]
pub struct SeededPolicy {
    policy: PolicyView,
    /// Whether the event is read.
    says_event: bool,
    /// Whether the element is.
    says_element: bool,
    /// The command that it asks for; `None` where nothing tells some of its inputs.
    asked: Option<Expr>,
    /// These inputs.
    untold: Vec<String>,
    imports: Imports,
    test: PolicyTest,
}

/// The test of a policy.
#[derive(Debug, Serialize)]
struct PolicyTest {
    name: Name,
    /// The event.
    data: Expr,
    /// The status of its aggregate; `None` for one without states.
    status: Option<Expr>,
    /// The aggregate that is asked; `None` for a new one.
    state: Option<StateView>,
    /// The command that is asked for; `None` for none.
    expected: Option<Bound>,
    imports: Imports,
}

impl Service<'_> {
    /// The user's policy.
    pub fn policy(&self, policy: &Policy) -> SeededPolicy {
        let mut uses = Uses::default();
        let command = self.context.commands.get(&policy.then);
        let pair = command.and_then(|command| Some((self.aggregate_of(command)?, command)));
        let asks = pair.filter(|_| policy.target != Target::New);
        uses.take("crate::generated", "Domain");
        uses.take("crate::generated", &derived::policy(policy.name.as_str()));
        let state = asks.map(|(aggregate, _)| {
            let ident = names::type_ident(aggregate.name.as_str());
            uses.take("crate::generated", &ident)
        });
        let state = TypeRef::from(state.unwrap_or_default());
        let view = self.policy_view(&mut uses, policy, state);
        let untold = self.open_inputs(policy);
        let asked = untold.is_empty().then(|| {
            let then = self.types().own(&mut uses, policy.then.as_str());
            expr::Expr::Struct(then, self.policy_fields(&mut uses, policy))
        });
        let flat = asked.as_ref().map(expr::Expr::flat).unwrap_or_default();
        SeededPolicy {
            policy: view,
            says_event: mentions(&flat, "event"),
            says_element: mentions(&flat, "element"),
            asked: asked.map(Expr::from),
            untold,
            imports: Imports::from(&uses),
            test: self.policy_test(uses, policy, asks.map(|(aggregate, _)| aggregate), pair),
        }
    }

    /// The inputs of the command, as far as the event tells them.
    fn policy_fields(&self, uses: &mut Uses, policy: &Policy) -> Vec<(String, expr::Expr)> {
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

    /// The test of a policy, in a file that imports what its parent does.
    fn policy_test(
        &self,
        parent: Uses,
        policy: &Policy,
        target: Option<&Aggregate>,
        asked: Option<(&Aggregate, &Command)>,
    ) -> PolicyTest {
        let mut uses = Uses::default();
        let members = self.event_example(&policy.trigger, BEFORE);
        let data = self.event_literal(&mut uses, &policy.trigger, &members);
        let status = self.status_example(&mut uses, policy);
        let state = target.map(|aggregate| self.state_view(&mut uses, aggregate));
        let name = function_name(policy.name.as_str());
        let taken = asked.map(|(aggregate, _)| state_name(aggregate));
        let told = asked.filter(|_| self.open_inputs(policy).is_empty());
        let expected = told.map(|(aggregate, command)| {
            let given = command.input.keys().filter_map(|name| {
                let fill = policy.inputs.get(name)?.as_ref()?;
                Some((name.to_string(), self.taken_example(policy, fill)))
            });
            let given: Members = given.collect();
            let command = self.command_value(&mut uses, aggregate, command, &given);
            Bound::new("expected", command)
        });
        PolicyTest {
            name: Name::from(name).other_than(&[taken.as_deref().unwrap_or_default()]),
            data: data.into(),
            status,
            state,
            expected,
            imports: Imports::from(&uses.without(&parent)),
        }
    }

    /// The status of the aggregate whose event sets a policy off, in a test of it.
    fn status_example(&self, uses: &mut Uses, policy: &Policy) -> Option<Expr> {
        let (context, event) = self.triggering(&policy.trigger)?;
        let aggregate = context.aggregates.get(&event.aggregate)?;
        let state = aggregate.states.first()?.name.as_str();
        let status = derived::status(aggregate.name.as_str());
        let ident = self.emitter(&policy.trigger).own(uses, &status);
        Some(format!("{ident}::{}", names::variant_ident(state)).into())
    }
}
