//! What nothing gives, so that a decision has to work it out: a seeded one has an example of it, and says so.

use serde::Serialize;

use super::Source;
use crate::model::{Aggregate, Command, Content, Ident, derived};
use crate::plan::rust::expr::text;
use crate::plan::rust::{Expr, Spelling, names};
use crate::plan::view::Name;

/// A value that is left for the user to work out: the component `decisions.placeholders` shows it.
#[derive(Debug, Serialize)]
pub(super) struct Placeholder {
    /// What the description calls it.
    name: String,
    /// The variable that it is in.
    variable: Name,
    /// An example of it.
    value: Expr,
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

    /// Adds a value for something, the aggregate or an event; what its variable is called.
    fn put(&mut self, name: &str, of: &str, value: Expr) -> String {
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
