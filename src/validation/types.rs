//! Enums and value objects.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::fields::{self, Owner, Place};
use super::names;
use crate::description::Map;
use crate::description::raw::{RawEnum, RawTypeExpr, RawValueType, RawWord};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{EnumType, MAX_NAME_LENGTH, TypeName, ValueType, derived};

/// The enums of a context, or of the shared kernel.
pub(super) fn enums(cx: &Checker<'_>, written: &Map<RawEnum>) -> IndexMap<TypeName, EnumType> {
    let mut enums = IndexMap::new();
    for (name, raw) in written {
        let Some(name) = names::type_name(cx, "enum", name, raw.key) else {
            continue;
        };
        let about = names::about_in(cx, &raw.value.about, written);
        let values = &raw.value.values;
        let made = enum_type(cx, name.clone(), &values.value, values.span, about.doc);
        enums.insert(name, made);
    }
    enums
}

/// An enum of these values.
pub(super) fn enum_type(
    cx: &Checker<'_>,
    name: TypeName,
    words: &[RawWord],
    span: Span,
    doc: Option<String>,
) -> EnumType {
    if words.is_empty() {
        let finding = Diagnostic::error("empty-enum", format!("the enum `{name}` has no values"));
        cx.report(finding.at(span, "").help("list what it may be"));
    }
    let mut value_docs = BTreeMap::new();
    for (index, word) in words.iter().enumerate() {
        enum_value(cx, word, &words[..index]);
        if let Some(doc) = names::about(cx, &word.about, |_| false).doc {
            value_docs.insert(word.name.value.clone(), doc);
        }
    }
    let values = words.iter().map(|word| word.name.value.clone()).collect();
    EnumType {
        name,
        doc,
        values,
        value_docs,
    }
}

/// Checks a value's form, and that no earlier one would be the same in code.
fn enum_value(cx: &Checker<'_>, word: &RawWord, earlier: &[RawWord]) {
    let text = &word.name.value;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let formed = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(allowed)
        && text.len() <= MAX_NAME_LENGTH;
    if !formed {
        let message = format!("`{text}` cannot be a value of an enum");
        let finding = Diagnostic::error("name-form", message).at(word.name.span, "");
        cx.report(finding.help(format!(
            "use at most {MAX_NAME_LENGTH} letters, digits, `_` and `-`, a letter first"
        )));
        return;
    }
    let key = derived::collision_key(text);
    let same = |other: &&RawWord| derived::collision_key(&other.name.value) == key;
    if let Some(other) = earlier.iter().find(same) {
        collision(cx, "value", &other.name, &word.name);
    }
}

/// Reports two words of a list that are one name in code.
pub(super) fn collision(
    cx: &Checker<'_>,
    what: &str,
    first: &crate::description::raw::Text,
    second: &crate::description::raw::Text,
) {
    if first.value == second.value {
        names::duplicate(cx, what, first.span, second);
        return;
    }
    let key = derived::collision_key(&second.value);
    let message = format!(
        "the {what}s `{}` and `{}` are one name in code",
        first.value, second.value
    );
    let finding = Diagnostic::error("name-collision", message);
    cx.report(
        finding
            .at(second.span, "")
            .at(first.span, "the other one")
            .note(format!("both become `{key}`"))
            .help("rename one of them"),
    );
}

/// The value objects of a context, or (`home` is `None`) of the shared kernel.
pub(super) fn values(cx: &mut Checker<'_>, home: Option<&Home<'_>>, written: &Map<RawValueType>) {
    // Those that others hold come first, so that a default of theirs can be checked.
    for name in in_order(cx, written) {
        let Some(raw) = written.get(name) else {
            continue;
        };
        let Some(valid) = names::type_name(cx, "value object", name, raw.key) else {
            continue;
        };
        let about = names::about_in(cx, &raw.value.about, written);
        let owner = Owner {
            home,
            name,
            place: Place::Value,
            aggregate: None,
        };
        let fields = fields::fields(cx, &owner, &raw.value.fields);
        if raw.value.fields.is_empty() && raw.value.fields.broken.is_empty() {
            let message = format!("the value object `{name}` has no fields");
            let finding = Diagnostic::error("empty-value", message).at(raw.key, "");
            cx.report(finding.help(format!(
                "give it one: `fields.name = \"string\"` under `{name}`"
            )));
        }
        let made = ValueType {
            name: valid.clone(),
            doc: about.doc,
            fields,
        };
        cx.settle_inline();
        let values = match home {
            None => Some(&mut cx.system.values),
            Some(home) => cx
                .system
                .contexts
                .get_mut(&home.name)
                .map(|context| &mut context.values),
        };
        if let Some(values) = values {
            values.insert(valid, made);
        }
    }
    keep_order(cx, home, written);
}

/// Puts the value objects back into the order of the description.
fn keep_order(cx: &mut Checker<'_>, home: Option<&Home<'_>>, written: &Map<RawValueType>) {
    let position = |name: &TypeName| written.get_index_of(name.as_str());
    let values = match home {
        None => Some(&mut cx.system.values),
        Some(home) => cx
            .system
            .contexts
            .get_mut(&home.name)
            .map(|context| &mut context.values),
    };
    if let Some(values) = values {
        values.sort_by(|one, _, other, _| position(one).cmp(&position(other)));
    }
}

/// The names of values, each after those it holds; cycles are reported.
fn in_order<'r>(cx: &Checker<'_>, written: &'r Map<RawValueType>) -> Vec<&'r str> {
    let mut walk = Walk {
        cx,
        written,
        done: Vec::new(),
        path: Vec::new(),
    };
    for name in written.keys() {
        walk.visit(name);
    }
    walk.done
}

struct Walk<'c, 'r, 'd> {
    cx: &'c Checker<'d>,
    written: &'r Map<RawValueType>,
    done: Vec<&'r str>,
    path: Vec<(&'r str, Span)>,
}

impl<'r> Walk<'_, 'r, '_> {
    fn visit(&mut self, name: &'r str) {
        if self.done.contains(&name) {
            return;
        }
        let Some(raw) = self.written.get(name) else {
            return;
        };
        for (field, member) in &raw.value.fields {
            let RawTypeExpr::Named(of) = &member.value.ty.expr.value else {
                continue;
            };
            let Some((inner, _)) = self.written.get_key_value(&of.value) else {
                continue;
            };
            self.path.push((name, of.span));
            match self.path.iter().position(|(outer, _)| outer == inner) {
                Some(start) => self.cycle(start, field),
                None => self.visit(inner),
            }
            self.path.pop();
        }
        self.done.push(name);
    }

    fn cycle(&self, start: usize, field: &str) {
        let cycle = &self.path[start..];
        let (name, _) = cycle[0];
        let message = format!("the value object `{name}` contains itself");
        let mut finding = Diagnostic::error("recursive-value", message);
        for (_, span) in cycle.iter().rev() {
            finding = finding.at(*span, "");
        }
        self.cx.report(
            finding
                .note("a value is stored within its owner, which would have no end")
                .help(format!(
                    "remove `{field}`, or make `{name}` an aggregate and refer to it"
                )),
        );
    }
}
