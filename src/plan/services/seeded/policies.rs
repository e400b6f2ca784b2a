//! The user's policies as they are written first, with a test: the example of the event, and the
//! command that is asked for.

use serde::Serialize;

use super::Source;
use super::left::Task;
use super::tests::{Bound, function_name};
use crate::model::{Aggregate, Command, Policy, Target, derived};
use crate::plan::rust::expr::text;
use crate::plan::rust::{Expr, Imports, Module, names};
use crate::plan::sample::Members;
use crate::plan::services::Service;
use crate::plan::services::generated::policies::PolicyView;
use crate::plan::view::Name;

/// `services/__context__/src/policies/__policy__.rs`.
#[derive(Debug, Serialize)]
pub(super) struct PolicyFile {
    policy: PolicyView,
    /// Whether the event is read.
    reads_event: bool,
    /// Whether the element is.
    reads_element: bool,
    /// Whether the context is.
    reads_context: bool,
    /// The command that it asks for; `None` where nothing gives some of its inputs.
    asked: Option<Expr>,
    /// What is left to do in it.
    left: Vec<Task>,
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
    state: Option<Expr>,
    /// The command that is asked for; `None` for none.
    expected: Option<Bound>,
    imports: Imports,
}

/// The command that a policy asks for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    policy: &'a Policy,
    command: &'a Command,
    /// The one that it is on.
    aggregate: &'a Aggregate,
    /// Whether something gives all of its inputs.
    is_complete: bool,
}

/// The user's policy.
pub(super) fn file(service: &Service<'_>, policy: &Policy) -> PolicyFile {
    let source = Source::new(service);
    let open = service.open_inputs(policy);
    let command = &service.context.commands[&policy.then];
    let asked = Asked {
        policy,
        command,
        aggregate: service.aggregate_of(command),
        is_complete: open.is_empty(),
    };
    source.imports.take(Module::Generated, "Domain");
    source.generated(&derived::policy(&policy.name));
    let view = service.policy(Some(&source.imports), policy);
    let command = asked.is_complete.then(|| source.asked(asked));
    let reads = |name| command.as_ref().is_some_and(|it| it.mentions(name));
    PolicyFile {
        policy: view,
        reads_event: reads("event"),
        reads_element: reads("element"),
        left: Task::tell(open).into_iter().collect(),
        reads_context: reads("context"),
        test: PolicyTest::of(&source, asked),
        imports: source.imports,
        asked: command,
    }
}

impl Source<'_, '_> {
    /// The command, with inputs that the event gives.
    fn asked(&self, asked: Asked<'_>) -> Expr {
        let then = self.types().own(&asked.command.name);
        let inputs = asked.command.inputs(asked.aggregate).map(|input| {
            let fill = asked.policy.inputs.get(input.name).and_then(Option::as_ref);
            let value = fill.map(|fill| (self.service.value(asked.policy, fill), fill.structural));
            let value = match value {
                // What is rebuilt is so by its JSON form, in which nothing is `null`.
                Some((value, true)) if value.optional => text(value.expression),
                Some((value, _)) => self.given(input.presence, &value),
                None => self.left_out(&input).unwrap_or_else(|| text("Vec::new()")),
            };
            (names::field_ident(input.name), value)
        });
        Expr::structure(&then, inputs)
    }

    /// The status of the aggregate whose event sets a policy off, in a test of it.
    fn status(&self, policy: &Policy) -> Option<Expr> {
        let (context, event) = self.service.triggering(&policy.trigger);
        let aggregate = &context.aggregates[&event.aggregate];
        let variant = names::variant_ident(&aggregate.states.first()?.name);
        let types = self.importing(self.service.emitter(&policy.trigger));
        let status = types.own(&derived::status(&aggregate.name));
        Some(text(format!("{status}::{variant}")))
    }
}

impl PolicyTest {
    /// The test of a policy, in a module that imports what its parent does.
    fn of(parent: &Source<'_, '_>, asked: Asked<'_>) -> Self {
        let source = Source::new(parent.service);
        let (policy, service) = (asked.policy, source.service);
        let has_target = policy.target != Target::New;
        let expected = asked.is_complete.then(|| {
            let given = asked.command.input.keys().filter_map(|name| {
                let fill = policy.inputs.get(name)?.as_ref()?;
                Some((name.to_string(), service.value_example(policy, fill)))
            });
            let given: Members = given.collect();
            Bound::new(
                "expected",
                source.command_literal(asked.aggregate, asked.command, &given),
            )
        });
        Self {
            name: function_name(&policy.name).into(),
            data: source.event_example(&policy.trigger),
            status: source.status(policy),
            state: has_target.then(|| source.example(&asked.aggregate.name)),
            expected,
            imports: source.imports.without(&parent.imports),
        }
    }
}
