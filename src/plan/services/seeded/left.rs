//! What seeded functions leave to the user: what the description declares and they do not use.

use serde::Serialize;

use crate::model::{Command, InputSource};
use crate::plan::rust::names;
use crate::plan::services::examples::emitted;
use crate::plan::services::{Service, own_fields};

/// What a function has yet to do: the component `left.task` says it.
#[derive(Debug, Serialize)]
pub struct Task {
    todo: Todo,
    /// What it is to be done with.
    names: Vec<String>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Todo {
    /// Look at what the command needs.
    Look,
    /// Refuse, where that has to be.
    Refuse,
    /// Give members that it sets their values.
    WorkOut,
    /// Use inputs of the command's own.
    Use,
    /// Emit events that do not always happen.
    Emit,
    /// Say what nothing tells.
    Tell,
}

/// A function of the user's that has something left to do.
#[derive(Debug, Serialize)]
pub struct Unfinished {
    /// Its file.
    path: String,
    /// What the description calls its command or policy.
    name: String,
    /// Whether it is a decision, and not a policy.
    #[serde(skip)]
    pub is_decision: bool,
    tasks: Vec<Task>,
}

impl Task {
    /// The task, if there is something to do it with.
    fn new<T: ToString>(todo: Todo, names: impl IntoIterator<Item = T>) -> Option<Self> {
        let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
        (!names.is_empty()).then_some(Self { todo, names })
    }

    /// The task with less of what it is to be done with, if that leaves something.
    pub(super) fn without(mut self, done: impl Fn(&str) -> bool) -> Option<Self> {
        self.names.retain(|name| !done(name));
        (!self.names.is_empty()).then_some(self)
    }

    /// To say what an event does not tell a policy.
    pub(super) fn tell(inputs: Vec<String>) -> Option<Self> {
        Self::new(Todo::Tell, inputs)
    }
}

impl Service<'_> {
    /// The functions of the service that have something left to do.
    pub fn left_for_you(&self) -> Vec<Unfinished> {
        let context = self.context;
        let file = |folder: &str, of: &str| {
            let module = names::module_ident(of);
            format!("services/{}/src/{folder}/{module}.rs", context.name)
        };
        let decisions = context.commands.values().map(|command| Unfinished {
            path: file("domain", &command.aggregate),
            name: command.name.to_string(),
            is_decision: true,
            tasks: self.left_to_decide(command),
        });
        let policies = context.policies.values().map(|policy| Unfinished {
            path: file("policies", &policy.name),
            name: policy.name.to_string(),
            is_decision: false,
            tasks: Task::tell(self.open_inputs(policy)).into_iter().collect(),
        });
        let all = decisions.chain(policies);
        all.filter(|it| !it.tasks.is_empty()).collect()
    }

    /// What the seeded decision about a command leaves to do.
    pub(super) fn left_to_decide(&self, command: &Command) -> Vec<Task> {
        let seeded = command.emits.iter().filter_map(|it| emitted(command, it));
        let seeded: Vec<_> = seeded.collect();
        let events = seeded.iter().map(|event| &self.context.events[*event]);
        let told: Vec<_> = events.flat_map(own_fields).collect();
        let unused = command.input.values().filter(|input| {
            let is_told = told.iter().any(|field| field.name == input.name);
            matches!(input.source, InputSource::Own(_)) && !is_told
        });
        let others = command.events().into_iter();
        let others = others.filter(|event| !seeded.contains(event));
        let untold = told.iter().filter(|field| {
            let is_given = command.source_of(field).is_some();
            !is_given && !field.optional
        });
        let untold = untold.copied();
        let unsure = self.certain_of(command).into_iter().filter(|field| {
            let is_given = command.brings(&field.name);
            !is_given && !command.sets.contains(&field.name)
        });
        let tasks = [
            Task::new(Todo::Look, command.needs.keys()),
            Task::new(Todo::Refuse, command.refuses.iter().map(|it| &it.name)),
            Task::new(Todo::WorkOut, &command.sets),
            Task::new(Todo::Use, unused.map(|input| &input.name)),
            Task::new(Todo::Emit, others),
            Task::new(Todo::Tell, untold.chain(unsure).map(|field| &field.name)),
        ];
        tasks.into_iter().flatten().collect()
    }
}
