//! Commands as units of work: guards, writes, and the user's function that decides.

use serde::Serialize;

use crate::model::{Aggregate, Change, Command, InputSource, Step, derived};
use crate::plan::contracts::event_type;
use crate::plan::view::{Literal, Name, TypeRef};

use super::decision::Decision;
use super::needs::Needs;
use crate::plan::services::Service;

/// `services/__context__/src/generated/commands/__aggregate__.rs`.
#[derive(Debug, Serialize)]
pub(super) struct CommandsFile<'a> {
    /// The aggregate's name in the description.
    aggregate: &'a str,
    /// The type of its state: `crate::generated::Loan`.
    state: TypeRef,
    /// What variables of it are called: `loan`.
    variable: Name,
    /// The trait of the decisions about it.
    decisions: Name,
    /// Whether some decision looks at what a query answers.
    asks: bool,
    commands: Vec<CommandView>,
}

/// A command.
#[derive(Debug, Serialize)]
struct CommandView {
    decision: Decision,
    /// The states in which it may be; none for any.
    from: Vec<Literal>,
    /// The state in which its aggregate is afterwards, if that is always the same new one.
    to: Option<Literal>,
    /// The states in which its aggregate may be afterwards, if its events say which.
    by_event: Vec<StepView>,
    /// The members that it may change.
    writes: Vec<Literal>,
    /// What its decision may look at, if that is more than the aggregate.
    needs: Option<Needs>,
}

/// The state that follows from an event.
#[derive(Debug, Serialize)]
struct StepView {
    /// What the event is called where it is published.
    event: Literal,
    state: Literal,
}

impl<'a> Service<'a> {
    /// The wiring of the commands on an aggregate; `None` without any.
    pub(super) fn commands(&self, aggregate: &'a Aggregate) -> Option<CommandsFile<'a>> {
        let name = aggregate.name.as_str();
        let commands = self.commands_of(aggregate);
        let commands: Vec<CommandView> = commands
            .map(|command| self.command(aggregate, command))
            .collect();
        let mut needs = commands.iter().filter_map(|command| command.needs.as_ref());
        let asks = needs.any(|needs| needs.asks);
        (!commands.is_empty()).then(|| CommandsFile {
            aggregate: name,
            state: TypeRef::generated(name),
            variable: Name::of_variable(name),
            decisions: Name::of_type(&derived::decisions(name)),
            asks,
            commands,
        })
    }

    fn command(&self, aggregate: &Aggregate, command: &Command) -> CommandView {
        let transition = command.transition.as_ref();
        let from = transition.into_iter().flat_map(|it| &it.from);
        let (mut to, mut by_event) = (None, Vec::new());
        match transition.map(|it| &it.to) {
            None | Some(Step::Stay) => {}
            Some(Step::To(state)) => to = Some(Literal::text(state.as_str())),
            Some(Step::ByEvent(steps)) => {
                by_event = steps
                    .iter()
                    .map(|(event, state)| StepView {
                        event: Literal::text(&event_type(
                            self.system,
                            self.context,
                            event.as_str(),
                        )),
                        state: Literal::text(state.as_str()),
                    })
                    .collect();
            }
        }
        let inputs = command.input.values();
        let inputs = inputs.filter(|input| !matches!(input.source, InputSource::Own(_)));
        let writes = inputs.map(|input| &input.name).chain(&command.sets);
        let writes = writes.filter(|_| command.change == Change::Updates);
        CommandView {
            decision: self.decision(None, command),
            from: Literal::texts(from.map(|state| state.as_str())),
            to,
            by_event,
            writes: Literal::texts(writes.map(|member| member.as_str())),
            needs: self.needs(aggregate, command),
        }
    }
}
