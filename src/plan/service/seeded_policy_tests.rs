//! The test that a policy's file starts with: the example of its event, and the command it asks for.

use crate::model::{Policy, Target, derived};
use crate::plan::layout::{self, Expr, call, text};
use crate::plan::names;
use crate::plan::uses::Uses;

use super::Service;
use super::examples::{BEFORE, Members};
use super::seeded_tests::{bound, function_name, state_name, test, tests_module};

impl Service<'_> {
    /// The test of a policy.
    pub(super) fn policy_tests(&self, parent: &Uses, policy: &Policy) -> String {
        let mut uses = Uses::default();
        let mut functions = Vec::new();
        let mut body = self.recorded_event(&mut uses, policy);
        let mut arguments = vec![text("&event")];
        if let Some(each) = &policy.each {
            let each = self.list(policy, each);
            body.push_str(&format!("        let element = &{each}[0];\n"));
            arguments.push(text("element"));
        }
        let command = self.context.commands.get(&policy.then);
        let aggregate = command.and_then(|command| self.aggregate_of(command));
        if let (Some(aggregate), true) = (aggregate, policy.target != Target::New) {
            functions.push(self.state_function(&mut uses, aggregate));
            let given = uses.take("platform_testing", "given");
            let state = format!("{given}({}()).into_aggregate()", state_name(aggregate));
            body.push_str(&format!("        let target = {state};\n"));
            arguments.push(text("&target"));
        }
        arguments.push(text(format!(
            "&{}()",
            uses.take("platform_testing", "context")
        )));
        let function = format!("Domain::{}", names::method_ident(policy.name.as_str()));
        let asked = layout::assign(8, "let asked =", &call(function, arguments), ";");
        body.push_str(&asked);
        body.push('\n');
        let expected = self.asked_value(&mut uses, policy);
        let expected = match bound(&mut body, "expected", expected) {
            Expr::Text(none) if none == "None" => text(none),
            expected => call("Some", vec![expected]),
        };
        let assertion = call("assert_eq!", vec![text("asked"), expected]);
        body.push_str(&format!("        {};\n", assertion.lay(8, 8, 1)));
        let mut name = function_name(policy.name.as_str());
        if aggregate.is_some_and(|aggregate| state_name(aggregate) == name) {
            name.push('_');
        }
        functions.push(test(&name, &body));
        tests_module(uses, parent, &functions)
    }

    /// The event as it was recorded.
    fn recorded_event(&self, uses: &mut Uses, policy: &Policy) -> String {
        let members = self.event_example(&policy.trigger, BEFORE);
        let data = self.event_literal(uses, &policy.trigger, &members);
        let mut body = layout::assign(8, "let data =", &data, ";");
        let status = self
            .triggering(&policy.trigger)
            .and_then(|(context, event)| {
                let aggregate = context.aggregates.get(&event.aggregate)?;
                let state = aggregate.states.first()?.name.as_str();
                let status = derived::status(aggregate.name.as_str());
                let ident = self.emitter(&policy.trigger).own(uses, &status);
                Some(format!("{ident}::{}", names::variant_ident(state)))
            });
        let status = status.unwrap_or_else(|| uses.take("platform_contract::prelude", "NoStatus"));
        let recorded = uses.take("platform_testing", "recorded");
        let event = call(recorded, vec![text("data"), text(status)]);
        body.push('\n');
        body.push_str(&layout::assign(8, "let event =", &event, ";"));
        body.push('\n');
        body
    }

    /// The command that the seeded policy asks for.
    fn asked_value(&self, uses: &mut Uses, policy: &Policy) -> Expr {
        let Some(command) = self.context.commands.get(&policy.then) else {
            return text("None");
        };
        let Some(aggregate) = self.aggregate_of(command) else {
            return text("None");
        };
        if !self.open_inputs(policy).is_empty() {
            return text("None");
        }
        let given: Members = command
            .input
            .keys()
            .filter_map(|name| {
                let fill = policy.inputs.get(name)?.as_ref()?;
                Some((name.to_string(), self.taken_example(policy, fill)))
            })
            .collect();
        self.command_value(uses, aggregate, command, &given)
    }
}
