//! The tests that show what an update keeps and what it clears.

use serde_json::Value;

use crate::model::{Aggregate, Change, Command};
use crate::plan::layout::{self, Expr, call, text};
use crate::plan::names;
use crate::plan::uses::Uses;

use super::Service;
use super::examples::Members;
use super::seeded_tests::{function_name, state_name, test};

impl Service<'_> {
    /// A test that keeps and one that clears, for a command that can do both.
    pub(super) fn patch_tests(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
    ) -> Vec<String> {
        if command.clearable(aggregate).next().is_none() {
            return Vec::new();
        }
        let mut test = |clears| self.patch_test(uses, aggregate, command, clears);
        vec![test(false), test(true)]
    }

    fn patch_test(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
        clears: bool,
    ) -> String {
        let example = self.patch_example(aggregate, command, clears);
        let mut body = format!("        let mut before = {}();\n", state_name(aggregate));
        body.push_str(&self.filled(uses, aggregate, command, &example.state));
        let given = call(uses.take("platform_testing", "given"), vec![text("before")]);
        let mut steps = self.steps(uses, (aggregate, command), &example, &mut body);
        steps.push(call("unwrap", vec![]));
        let after = Expr::Chain(Box::new(given), steps);
        body.push_str(&layout::assign(8, "let after =", &after, ";"));
        body.push('\n');
        let values = self.test_values(self.types());
        for field in command.clearable(aggregate) {
            let name = field.name.as_str();
            let member = format!("after.{}", names::member_ident(name));
            let kept = example.state.get(name).filter(|_| !clears);
            let expected = values.field(uses, field, kept.unwrap_or(&Value::Null));
            let asserted = call("assert_eq!", vec![text(member), expected]);
            body.push_str(&format!("        {};\n", asserted.lay(8, 8, 1)));
        }
        let name = function_name(command.name.as_str());
        test(
            &format!("{name}_{}", if clears { "clears" } else { "keeps" }),
            &body,
        )
    }

    /// The lines that give the aggregate of a test what a command may clear.
    fn filled(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
        state: &Members,
    ) -> String {
        let mut made = self.commands_of(aggregate);
        let made = made.any(|command| command.change == Change::Creates);
        let values = self.test_values(self.types());
        let lines = command.clearable(aggregate).filter_map(|field| {
            let name = field.name.as_str();
            let value = state.get(name)?;
            if made {
                let member = format!("before.{} =", names::member_ident(name));
                let value = values.field(uses, field, value);
                return Some(layout::assign(8, &member, &value, ";") + "\n");
            }
            let mut members = Members::from_iter([(name.to_owned(), value.clone())]);
            self.put_test_ids(&aggregate.fields, &mut members);
            let json = names::literal(&members.get(name)?.to_string());
            let value = call("platform_contract::value::json", vec![text(json)]);
            let member = format!("before[{}] =", names::literal(name));
            Some(layout::assign(8, &member, &value, ";") + "\n")
        });
        lines.collect()
    }
}
