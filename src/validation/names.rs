//! The forms of names, and what every named thing says of itself.

use heck::{ToKebabCase, ToSnakeCase, ToUpperCamelCase};

use super::checker::Checker;
use crate::description::raw::{RawAbout, RawDeprecation, Text};
use crate::description::{Map, Spanned};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{ContextName, Ident, MAX_NAME_LENGTH, StateName, SystemName, TypeName, derived};

/// What a thing says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    /// What it is.
    pub doc: Option<String>,
    /// Why it should no longer be used.
    pub deprecated: Option<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
}

/// Reads what a thing says of itself; `declares` tells the names of its kind that are in use.
pub(super) fn about(cx: &Checker<'_>, raw: &RawAbout, declares: impl Fn(&str) -> bool) -> About {
    if let Some(old) = &raw.renamed_from
        && declares(&old.value)
    {
        let message = format!("`renamed_from`: `{}` still exists", old.value);
        let finding = Diagnostic::error("renamed-from-existing", message).at(old.span, "");
        cx.report(finding.help("remove the old one, or `renamed_from`"));
    }
    About {
        doc: raw.doc.as_ref().map(|doc| doc.value.trim().to_owned()),
        deprecated: raw.deprecated.as_ref().and_then(deprecation),
        renamed_from: raw.renamed_from.as_ref().map(|old| old.value.clone()),
    }
}

/// [`about`] for a thing that stands in a map.
pub(super) fn about_in<T>(cx: &Checker<'_>, raw: &RawAbout, map: &Map<T>) -> About {
    about(cx, raw, |name| map.declares(name))
}

fn deprecation(raw: &Spanned<RawDeprecation>) -> Option<String> {
    match &raw.value {
        RawDeprecation::No => None,
        RawDeprecation::Yes => Some("no longer in use".to_owned()),
        RawDeprecation::Because(reason) => Some(reason.clone()),
    }
}

macro_rules! form {
    ($(#[$doc:meta])* $function:ident -> $name:ident, $convert:ident) => {
        $(#[$doc])*
        pub(super) fn $function(
            cx: &Checker<'_>,
            what: &str,
            name: &str,
            span: Span,
        ) -> Option<$name> {
            let valid = $name::new(name);
            if valid.is_none() {
                let candidate = name.$convert();
                let better = $name::new(&candidate).map(|name| name.to_string());
                wrong_form(cx, what, name, span, $name::FORM, better);
            }
            valid
        }
    };
}

form! {
    /// The name of a type, or a report of what is wrong with it.
    type_name -> TypeName, to_upper_camel_case
}
form! {
    /// The name of a member, or a report.
    ident -> Ident, to_snake_case
}
form! {
    /// The name of a state, or a report.
    state_name -> StateName, to_snake_case
}
form! {
    /// The name of a context, or a report.
    context_name -> ContextName, to_kebab_case
}
form! {
    /// The name of the system, or a report.
    system_name -> SystemName, to_kebab_case
}

/// Whether a name of the right form would be refused at once: the tool means something by it.
fn is_reserved(what: &str, name: &str) -> bool {
    match what {
        "refusal" => {
            derived::BUILT_IN_REFUSALS.contains(&name) || name == derived::REASON_OF_REFUSAL
        }
        "context" => {
            let contract = |end: &&str| name.ends_with(end);
            derived::RESERVED_CONTEXTS.contains(&name)
                || derived::CONTRACT_SUFFIXES.iter().any(contract)
        }
        "aggregate" => derived::OWN_TOPICS.contains(&derived::segment(name).as_str()),
        _ => derived::BUILT_IN_MEMBERS.contains(&name) || name == derived::STATUS,
    }
}

fn wrong_form(
    cx: &Checker<'_>,
    what: &str,
    name: &str,
    span: Span,
    form: &str,
    better: Option<String>,
) {
    let message = if name.len() > MAX_NAME_LENGTH && name.is_ascii() {
        format!(
            "the name of this {what} has {} characters, {MAX_NAME_LENGTH} are allowed",
            name.len()
        )
    } else {
        format!("the name of a {what} is in {form}, `{name}` is not")
    };
    let mut finding = Diagnostic::error("name-form", message).at(span, "");
    if name.len() > MAX_NAME_LENGTH {
        finding = finding.help("shorten it");
    } else if better.is_none() {
        finding = finding.help(format!("use letters and digits in {form}, a letter first"));
    }
    if !name.is_ascii() {
        finding =
            finding.note("names are ASCII, since they become names of code, tables and topics");
    }
    if let Some(better) = better.filter(|better| better != name) {
        finding = finding.help(match is_reserved(what, &better) {
            true => format!("use another word: `{better}` is one of the tool's own"),
            false => format!("call it `{better}`"),
        });
    }
    cx.report(finding);
}

/// Reports the second of two equal names in a list.
pub(super) fn duplicate(cx: &Checker<'_>, what: &str, first: Span, again: &Text) {
    let message = format!("the {what} `{}` is listed twice", again.value);
    let finding = Diagnostic::error("duplicate", message).at(again.span, "again here");
    cx.report(finding.at(first, "first here").help("remove one of them"));
}

/// The elements of a list without those that repeat an earlier one, which are reported.
pub(super) fn distinct<'t>(
    cx: &Checker<'_>,
    what: &str,
    list: impl IntoIterator<Item = &'t Text>,
) -> Vec<&'t Text> {
    let mut kept: Vec<&Text> = Vec::new();
    for text in list {
        match kept.iter().find(|earlier| earlier.value == text.value) {
            Some(earlier) => duplicate(cx, what, earlier.span, text),
            None => kept.push(text),
        }
    }
    kept
}
