//! The user's part of a service, `src/domain`, `src/policies` and `src/effects`: written once, with tests.

mod domain;
mod effects;
mod inputs;
pub mod left;
mod patch_tests;
mod placeholders;
mod policies;
mod test_values;
mod tests;

use serde::Serialize;

use crate::model::{Command, Field, Trigger, TypeName, derived};
use crate::plan::file::{Class, File};
use crate::plan::rust::expr::{call, text};
use crate::plan::rust::{Expr, Imports, Spelling, Types, Values, names};
use crate::plan::sample;

use super::Service;

/// The files that are the user's once they are there.
pub(super) fn files(service: &Service<'_>) -> Vec<File> {
    let context = service.context;
    let aggregates = context.aggregates.values();
    let domain = aggregates.filter_map(|aggregate| {
        let view = domain::file(service, aggregate)?;
        Some(file(service, "domain/__aggregate__", &aggregate.name, view))
    });
    let policies = context.policies.values().map(|policy| {
        let view = policies::file(service, policy);
        file(service, "policies/__policy__", &policy.name, view)
    });
    let effects = context.effects.values().map(|effect| {
        let view = effects::file(service, effect);
        file(service, "effects/__effect__", &effect.name, view)
    });
    domain.chain(policies).chain(effects).collect()
}

/// Where the user's files of what is called something else now were, and where they belong.
pub(super) fn moved(service: &Service<'_>) -> Vec<(String, String)> {
    let context = service.context;
    let aggregates = context.aggregates.values();
    let aggregates = aggregates.map(|it| ("domain", &it.name, it.renamed_from.as_deref()));
    let policies = context.policies.values();
    let policies = policies.map(|it| ("policies", &it.name, it.renamed_from.as_deref()));
    let effects = context.effects.values();
    let effects = effects.map(|it| ("effects", &it.name, it.renamed_from.as_deref()));
    let all = aggregates.chain(policies).chain(effects);
    all.filter_map(|(folder, name, old)| {
        let path = |name: &str| {
            let module = names::module_ident(name);
            format!("services/{}/src/{folder}/{module}.rs", context.name)
        };
        Some((path(old?), path(name)))
    })
    .collect()
}

/// The file about something that is called so.
fn file(service: &Service<'_>, template: &str, name: &str, view: impl Serialize) -> File {
    let module = names::module_ident(name);
    let template = format!("services/__context__/src/{template}.rs");
    let names = ["aggregate", "policy", "effect"].map(|kind| (kind, module.as_str()));
    let context = [("context", service.context.name.as_str())];
    File::new(
        Class::Seeded,
        &template,
        &[&context[..], &names].concat(),
        view,
    )
}

/// A module of the user's that is written, and what it imports.
struct Source<'s, 'a> {
    service: &'s Service<'a>,
    imports: Imports,
}

impl<'s, 'a> Source<'s, 'a> {
    fn new(service: &'s Service<'a>) -> Self {
        Self {
            service,
            imports: Imports::default(),
        }
    }

    fn types(&self) -> Types<'_> {
        self.importing(self.service.types())
    }

    /// The same types, of which the module imports what it names.
    fn importing<'t>(&'t self, types: Types<'t>) -> Types<'t> {
        Types {
            imports: Some(&self.imports),
            ..types
        }
    }

    fn values(&self, spelling: Spelling) -> Values<'_> {
        Values {
            system: self.service.system,
            types: self.types(),
            spelling,
        }
    }

    /// A type of the generated part.
    fn generated(&self, name: &str) -> String {
        self.types().generated(name)
    }

    /// The example of something that the context has itself, as tests of the service share it.
    fn example(&self, of: &str) -> Expr {
        let examples = self.generated("examples");
        text(format!("{examples}::{}()", names::method_ident(of)))
    }

    /// The example of an event that sets a handler off.
    fn event_example(&self, trigger: &Trigger) -> Expr {
        if trigger.context == self.service.context.name {
            return self.example(&trigger.event);
        }
        let examples = self.generated("examples");
        let (context, event) = (&trigger.context, names::method_ident(&trigger.event));
        let context = names::module_ident(context);
        text(format!("{examples}::{context}::{event}()"))
    }

    /// The example of a field.
    fn field_example(&self, field: &Field) -> Expr {
        let value = sample::field(self.service.system, field, 1);
        self.values(Spelling::Exact).field(field, &value)
    }

    /// An event as the choice of a command that emits exactly one of several.
    fn chosen(&self, command: &Command, event: &TypeName, value: Expr) -> Expr {
        let choice = self.generated(&derived::one_of(&command.name));
        call(format!("{choice}::{}", names::type_ident(event)), [value])
    }
}
