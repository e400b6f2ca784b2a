//! What nothing gives, so that a decision has to work it out: a seeded one has an example of it, and says so.

use serde::Serialize;

use super::Source;
use crate::model::{Aggregate, Command, Content, Field, Ident, derived};
use crate::plan::rust::expr::text;
use crate::plan::rust::{Expr, Spelling, names};
use crate::plan::services::examples::emitted;
use crate::plan::services::{Service, certain, copies};
use crate::plan::view::Name;

/// A value that is left for the user to work out: the component `decisions.placeholders` shows it.
#[derive(Debug, Serialize)]
pub(super) struct Placeholder {
    /// What the description calls it.
    name: String,
    /// What it is of: the aggregate or an event.
    #[serde(skip)]
    of: String,
    /// The variable that it is in.
    variable: Name,
    /// An example of it.
    value: Expr,
}

/// A member of the aggregate that becomes such a value: the component `decisions.assigned` shows it.
#[derive(Debug, Serialize)]
pub(super) struct Assigned {
    /// The member, which the aggregate may lack.
    member: Name,
    /// The variable.
    variable: Name,
    /// Whether that is cloned.
    cloned: bool,
}

/// All such values of one decision.
pub(super) struct Placeholders {
    /// The names that variables have.
    taken: Vec<String>,
    /// In the order in which they are bound.
    pub all: Vec<Placeholder>,
}

impl Placeholders {
    /// Nothing so far, in a decision about an aggregate that goes by `subject`.
    pub fn new(subject: &str) -> Self {
        let taken = ["command", "context", "event", "needs", subject];
        Self {
            taken: taken.map(str::to_owned).into(),
            all: Vec::new(),
        }
    }

    /// Whether there is one for what the description calls so.
    pub fn has(&self, name: &str) -> bool {
        self.all.iter().any(|it| it.name == name)
    }

    /// The variable of what the description calls so, of the aggregate or an event.
    fn variable(&self, name: &str, of: &str) -> Option<&Name> {
        let mut all = self.all.iter();
        let found = all.find(|it| it.name == name && it.of == of);
        found.map(|it| &it.variable)
    }

    /// Adds a value for something, the aggregate or an event, unless it is there; what its variable is called.
    fn put(&mut self, name: &str, of: &str, value: Expr) -> String {
        if let Some(known) = self.variable(name, of) {
            return known.to_string();
        }
        let longer = names::field_ident(&format!("{name}_of_{}", names::snake(of)));
        let mut variable = names::field_ident(name);
        if self.taken.contains(&variable) {
            variable = longer;
        }
        while self.taken.contains(&variable) {
            variable.push('_');
        }
        self.taken.push(variable.clone());
        self.all.push(Placeholder {
            name: name.to_owned(),
            of: of.to_owned(),
            variable: variable.clone().into(),
            value,
        });
        variable
    }
}

impl Source<'_, '_> {
    /// What a creating decision works out for its aggregate; `None` where that is nothing.
    pub(super) fn sets(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        placeholders: &mut Placeholders,
    ) -> Option<Expr> {
        let members = command.worked_out(aggregate).map(|(name, content)| {
            let variable = self.placeholder(name, content, &aggregate.name, placeholders);
            (names::field_ident(name), variable)
        });
        let members: Vec<_> = members.collect();
        let ty = || self.generated(&derived::sets(&command.name));
        (!members.is_empty()).then(|| Expr::structure(&ty(), members))
    }

    /// What becomes of the aggregate that its events are certain of and nothing gives.
    pub(super) fn assigned(
        &self,
        aggregate: &Aggregate,
        command: &Command,
        placeholders: &Placeholders,
    ) -> Vec<Assigned> {
        let fields = self.service.certain_and_set(command).into_iter();
        let assigned = fields.filter_map(|field| {
            let variable = placeholders.variable(&field.name, &aggregate.name)?;
            Some(Assigned {
                member: Name::of_member(&field.name),
                variable: variable.clone(),
                cloned: !copies(Content::Field(field)),
            })
        });
        assigned.collect()
    }

    /// A variable with an example of what stands under a name of something.
    pub(super) fn placeholder(
        &self,
        name: &Ident,
        content: Content<'_>,
        of: &str,
        placeholders: &mut Placeholders,
    ) -> Expr {
        let example = self.service.placeholder(content);
        let value = self.values(Spelling::Exact).member(content, Some(&example));
        text(placeholders.put(name, of, value))
    }
}

impl<'a> Service<'a> {
    /// What the events of a seeded decision are certain to have although the aggregate may lack it.
    pub(super) fn certain_of(&self, command: &Command) -> Vec<&'a Field> {
        let events = command.emits.iter().filter_map(|it| emitted(command, it));
        let mut fields: Vec<&'a Field> = Vec::new();
        let context = self.context;
        for field in events.flat_map(|event| certain(&context.events[event])) {
            if !fields.iter().any(|known| known.name == field.name) {
                fields.push(field);
            }
        }
        fields
    }

    /// The same, as far as no input gives it and the decision sets it.
    pub(crate) fn certain_and_set(&self, command: &Command) -> Vec<&'a Field> {
        let mut fields = self.certain_of(command);
        fields.retain(|it| !command.brings(&it.name) && command.sets.contains(&it.name));
        fields
    }
}
