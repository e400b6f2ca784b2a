//! Commands as units of work: guards, writes, and the call of the user's decision.

use crate::model::{Aggregate, Change, Command, InputSource, Step, derived};
use crate::plan::contract::event_type;
use crate::plan::layout::{self, Expr, call, slice, text};
use crate::plan::names;
use crate::plan::uses::Uses;

use super::state::implementation;
use super::storage::{field, literal};
use super::{Code, Service, variable};

impl Service<'_> {
    /// The wiring of the commands on an aggregate.
    pub fn commands(&self, aggregate: &Aggregate) -> Code {
        let mut uses = Uses::default();
        let mut items = Vec::new();
        for command in self.commands_of(aggregate) {
            items.push(self.decision(&mut uses, aggregate, command));
            items.push(self.way(&mut uses, aggregate, command));
            if !command.needs.is_empty() {
                items.push(self.needed(&mut uses, aggregate, command));
            }
        }
        Code::new(&uses, &items)
    }

    fn decision(&self, uses: &mut Uses, aggregate: &Aggregate, command: &Command) -> String {
        let ident = self.types().own(uses, command.name.as_str());
        let decision = uses.take("platform_runtime::decision", "Decision");
        let access = uses.take("platform_runtime::decision", "Access");
        uses.take("platform_runtime::decision", "Step");
        let state = uses.take(
            "crate::generated",
            &names::type_ident(aggregate.name.as_str()),
        );
        let needs = match command.needs.is_empty() {
            true => "()".to_owned(),
            false => uses.take("crate::generated", &derived::needs(command.name.as_str())),
        };
        let events = self.events_expr(uses, command);
        let lines = [
            layout::assign(4, "type Aggregate =", &text(state), ";"),
            layout::assign(4, "type Needs =", &text(needs), ";"),
            layout::assign(4, "type Events =", &events, ";"),
            layout::assign(
                4,
                "const ACCESS: Access =",
                &self.access(&access, command),
                ";",
            ),
        ];
        format!(
            "{} {{\n{}\n}}\n",
            implementation(&format!("{decision}<Domain>"), &ident),
            lines.join("\n")
        )
    }

    fn access(&self, access: &str, command: &Command) -> Expr {
        let texts = |names: Vec<&str>| slice(names.into_iter().map(literal).collect());
        let (from, to) = match &command.transition {
            None => (Vec::new(), text("Step::Stay")),
            Some(transition) => {
                let from = transition.from.iter().map(|state| state.as_str()).collect();
                (from, self.step(&transition.to))
            }
        };
        let mut writes = Vec::new();
        if command.change == Change::Updates {
            let inputs = command.input.values();
            let inputs = inputs.filter(|input| !matches!(input.source, InputSource::Own(_)));
            writes.extend(inputs.map(|input| input.name.as_str()));
            writes.extend(command.sets.iter().map(|set| set.as_str()));
        }
        Expr::Struct(
            access.to_owned(),
            vec![
                field("from", texts(from)),
                field("to", to),
                field("writes", texts(writes)),
            ],
        )
    }

    fn step(&self, step: &Step) -> Expr {
        match step {
            Step::Stay => text("Step::Stay"),
            Step::To(state) => call("Step::To", vec![literal(state.as_str())]),
            Step::ByEvent(steps) => {
                let steps = steps.iter().map(|(event, state)| {
                    let event = event_type(self.system, self.context, event.as_str());
                    Expr::Tuple(vec![literal(&event), literal(state.as_str())])
                });
                call("Step::ByEvent", vec![slice(steps.collect())])
            }
        }
    }

    /// `Creation`, `Update` or `Deletion`: the call of the user's function.
    fn way(&self, uses: &mut Uses, aggregate: &Aggregate, command: &Command) -> String {
        let name = command.name.as_str();
        let ident = self.types().own(uses, name);
        let state = names::type_ident(aggregate.name.as_str());
        let subject = variable(aggregate.name.as_str());
        let context = uses.take("platform_runtime::prelude", "Context");
        uses.take("crate::generated", "Domain");
        uses.take(
            "crate::generated",
            &derived::decisions(aggregate.name.as_str()),
        );
        let refusal = self.types().own(uses, &derived::refusal(name));
        let events = self.events_type(uses, command);
        let mut new = None;
        let mut parameters = vec!["self".to_owned()];
        let mut arguments = Vec::new();
        let way = match command.change {
            Change::Creates => {
                let ident = derived::new(aggregate.name.as_str());
                new = Some(uses.take("crate::generated", &ident));
                "Creation"
            }
            Change::Updates => {
                parameters.push(format!("{subject}: &mut {state}"));
                arguments.push(text(&subject));
                "Update"
            }
            Change::Deletes => {
                parameters.push(format!("{subject}: &{state}"));
                arguments.push(text(&subject));
                "Deletion"
            }
        };
        uses.take("platform_runtime::decision", way);
        arguments.push(text("self"));
        if command.needs.is_empty() {
            parameters.push("(): &()".to_owned());
        } else {
            parameters.push(format!("needs: &{}", derived::needs(name)));
            arguments.push(text("needs"));
        }
        parameters.push(format!("context: &{context}"));
        arguments.push(text("context"));
        let events = match &new {
            Some(new) => format!("({new}, {events})"),
            None => events,
        };
        let result = format!("Result<{events}, {refusal}>");
        let head = layout::function(4, "fn decide", &parameters, &result, " {");
        let body = call(format!("Domain::{}", names::method_ident(name)), arguments).lay(8, 8, 0);
        let new = new.map_or(String::new(), |new| format!("    type New = {new};\n\n"));
        format!(
            "{} {{\n{new}{head}\n        {body}\n    }}\n}}\n",
            implementation(&format!("{way}<Domain>"), &ident)
        )
    }
}
