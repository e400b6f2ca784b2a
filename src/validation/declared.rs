//! The types that the code of a context declares, each of which needs a name of its own.

use std::collections::HashMap;

use super::checker::{Checker, Home};
use crate::description::Map;
use crate::description::raw::{
    RawContext, RawEmission, RawEnum, RawField, RawTypeExpr, RawValueType,
};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::derived;

/// A type that is declared.
#[derive(Debug, Clone)]
struct Declared {
    /// Its name.
    name: String,
    /// What declares it, in words.
    by: String,
    /// Whether the name follows from that of what declares it.
    follows: bool,
    /// Where that stands.
    span: Span,
}

/// Everything declared, in the order of the description.
#[derive(Debug, Default)]
struct Names(Vec<Declared>);

/// Reports types of one context, or of it and the shared kernel, that have one name in code.
pub(super) fn collisions(cx: &Checker<'_>, homes: &[Home<'_>]) {
    let mut shared = Names::default();
    shared.types(&cx.raw.enums, &cx.raw.values);
    apart(cx, &shared.0, 0);
    for home in homes {
        let mut all = shared.0.clone();
        all.extend(of_context(home.raw).0);
        apart(cx, &all, shared.0.len());
    }
}

/// Reports those from `start` on that are called as an earlier one is.
fn apart(cx: &Checker<'_>, all: &[Declared], start: usize) {
    let mut seen: HashMap<String, &Declared> = HashMap::new();
    for (index, made) in all.iter().enumerate() {
        let key = derived::collision_key(&made.name);
        match seen.get(&key) {
            Some(first) if index >= start => collision(cx, first, made),
            Some(_) => {}
            None => {
                seen.insert(key, made);
            }
        }
    }
}

fn collision(cx: &Checker<'_>, first: &Declared, second: &Declared) {
    let words = |made: &Declared| match made.follows {
        true => format!("the type `{}` of {}", made.name, made.by),
        false => made.by.clone(),
    };
    let message = format!(
        "{} and {} are one name in code",
        words(first),
        words(second)
    );
    let finding = Diagnostic::error("name-collision", message).at(second.span, "");
    let finding = finding.at(first.span, "the other one");
    let key = derived::collision_key(&second.name);
    let finding = if first.name == second.name {
        finding
    } else {
        finding.note(format!("both become `{key}`"))
    };
    cx.report(finding.help("rename one of them"));
}

fn of_context(raw: &RawContext) -> Names {
    let mut names = Names::default();
    names.types(&raw.enums, &raw.values);
    names.aggregates(raw);
    names.commands(raw);
    for (name, keyed) in &raw.events {
        names.named("event", name, keyed.key, Vec::new());
        names.inline(name, &keyed.value.own);
    }
    names.all("query", &raw.queries);
    names.all("replica", &raw.replicas);
    names.all("read model", &raw.read_models);
    names.handlers("policy", &raw.policies, derived::of_policy);
    names.handlers("effect", &raw.effects, derived::of_effect);
    names.handlers("saga", &raw.sagas, derived::of_saga);
    names
}

impl Names {
    fn types(&mut self, enums: &Map<RawEnum>, values: &Map<RawValueType>) {
        self.all("enum", enums);
        for (name, keyed) in values {
            self.named("value object", name, keyed.key, Vec::new());
            self.inline(name, &keyed.value.fields);
        }
    }

    fn aggregates(&mut self, raw: &RawContext) {
        for (name, keyed) in &raw.aggregates {
            let follow = derived::of_aggregate(name, keyed.value.states.is_some());
            self.named("aggregate", name, keyed.key, follow);
            self.inline(name, &keyed.value.fields);
            for (name, keyed) in &keyed.value.entities {
                self.named("entity", name, keyed.key, derived::of_entity(name));
                self.inline(name, &keyed.value.fields);
            }
        }
    }

    fn commands(&mut self, raw: &RawContext) {
        for (name, keyed) in &raw.commands {
            let mut emits = keyed.value.emits.iter().map(|place| &place.value);
            let choice = emits.any(|emission| matches!(emission, RawEmission::OneOf(_)));
            let (needs, sets) = (&keyed.value.needs, &keyed.value.sets);
            let works_out = keyed.value.creates.is_some() && !sets.is_empty();
            let follow = derived::of_command(name, !needs.is_empty(), choice, works_out);
            self.named("command", name, keyed.key, follow);
            self.inline(name, &keyed.value.own);
        }
    }

    /// Enums that are written where they are used.
    fn inline(&mut self, owner: &str, fields: &Map<RawField>) {
        let listed = |field: &RawField| matches!(field.ty.expr.value, RawTypeExpr::Enum(_));
        for (name, keyed) in fields.iter().filter(|(_, keyed)| listed(&keyed.value)) {
            let by = format!("the field `{name}` of `{owner}`");
            self.push(derived::inline_enum(owner, name), by, true, keyed.key);
        }
    }

    fn all<T>(&mut self, what: &str, map: &Map<T>) {
        for (name, keyed) in map {
            self.named(what, name, keyed.key, Vec::new());
        }
    }

    fn handlers<T>(&mut self, what: &str, map: &Map<T>, follow: fn(&str) -> Vec<String>) {
        for (name, keyed) in map {
            self.named(what, name, keyed.key, follow(name));
        }
    }

    fn named(&mut self, what: &str, name: &str, span: Span, follow: Vec<String>) {
        let by = format!("the {what} `{name}`");
        self.push(name.to_owned(), by.clone(), false, span);
        for made in follow {
            self.push(made, by.clone(), true, span);
        }
    }

    fn push(&mut self, name: String, by: String, follows: bool, span: Span) {
        self.0.push(Declared {
            name,
            by,
            follows,
            span,
        });
    }
}
