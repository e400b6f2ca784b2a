//! Roles: who may call, who may read.

use super::checker::Checker;
use super::names;
use crate::description::Spanned;
use crate::description::raw::Text;
use crate::diagnostics::Diagnostic;
use crate::model::Aggregate;

/// The role of whom an aggregate is about.
const SELF: &str = "self";

/// The roles of a list.
pub(super) fn roles(cx: &Checker<'_>, list: &Spanned<Vec<Text>>) -> Vec<String> {
    cx.later(list.span, "roles are");
    if list.value.is_empty() {
        let finding = Diagnostic::error("empty-roles", "nobody is allowed here").at(list.span, "");
        cx.report(finding.help("name a role; `http = false` on a command takes its route away"));
    }
    if let Some(system) = &cx.raw.system
        && system.value.auth.is_none()
        && let Some(first) = list.value.first()
    {
        let message = format!(
            "nothing tells whether a caller has the role `{}`",
            first.value
        );
        let finding = Diagnostic::error("roles-without-auth", message).at(list.span, "");
        let finding = finding.at(system.key, "no `auth` here: every caller is let in");
        cx.report(finding.help(
            "add `auth = { issuer = \"…\", audience = \"…\" }` to the system, or remove the roles",
        ));
    }
    let kept = names::distinct(cx, "role", &list.value);
    for role in &kept {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:/".contains(c);
        if role.value.is_empty() || !role.value.chars().all(allowed) {
            let message = format!("`{}` cannot be a role", role.value);
            let finding = Diagnostic::error("name-form", message).at(role.span, "");
            cx.report(finding.note("a role has letters, digits and `_-.:/`"));
        }
    }
    kept.into_iter().map(|role| role.value.clone()).collect()
}

/// Reports the role `self` where nobody is it.
pub(super) fn need_subject(cx: &Checker<'_>, list: &Spanned<Vec<Text>>, aggregate: &Aggregate) {
    if aggregate.subject.is_some() {
        return;
    }
    for role in list.value.iter().filter(|role| role.value == SELF) {
        let message = format!("nobody is `self` to `{}`", aggregate.name);
        let finding = Diagnostic::error("self-without-subject", message).at(role.span, "");
        cx.report(finding.help(format!(
            "say which field of `{}` equals the caller's subject: `subject = \"…\"`",
            aggregate.name
        )));
    }
}

/// Reports the role `self` on a command that creates: there is nobody yet whom it is about.
pub(super) fn no_self(cx: &Checker<'_>, list: &Spanned<Vec<Text>>, aggregate: &Aggregate) {
    for role in list.value.iter().filter(|role| role.value == SELF) {
        let message = format!(
            "nobody is `self` to a `{}` that is not created yet",
            aggregate.name
        );
        let finding = Diagnostic::error("self-without-subject", message).at(role.span, "");
        cx.report(finding.help("remove it, or name another role"));
    }
}

/// Reports the role `self` where no aggregate is meant.
pub(super) fn no_one(cx: &Checker<'_>, list: &Spanned<Vec<Text>>) {
    for role in list.value.iter().filter(|role| role.value == SELF) {
        let message = "nobody is `self` to a composition: it shows several aggregates";
        let finding = Diagnostic::error("self-without-subject", message).at(role.span, "");
        cx.report(finding.help("remove it: its parts let nobody see what they may not"));
    }
}
