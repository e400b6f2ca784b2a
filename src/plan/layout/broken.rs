//! Expressions that take more than one line.

use unicode_width::UnicodeWidthStr;

use super::{Expr, MAX_WIDTH, SHORT_ELEMENT, STEP, assign, pad};

pub(super) fn block(open: &str, elements: &[Expr], close: &str, indent: usize) -> String {
    let inner = indent + STEP;
    let lines: String = elements
        .iter()
        .map(|element| format!("{}{},\n", pad(inner), element.lay(inner, inner, 1)))
        .collect();
    format!("{open}\n{lines}{}{close}", pad(indent))
}

/// Elements in brackets: an only one with brackets of its own hangs on these, others stand a line
/// each.
pub(super) fn brackets(
    open: &str,
    elements: &[Expr],
    close: &str,
    indent: usize,
    before: usize,
    after: usize,
) -> String {
    if let [only] = elements
        && !is_unbroken(only)
    {
        let start = before + open.width();
        let laid = match only {
            Expr::Chain(..) => only.lay(indent, start, after + 1),
            _ => only.broken(indent, start, after + 1),
        };
        return format!("{open}{laid}{close}");
    }
    block(open, elements, close, indent)
}

/// Whether it goes to lines of its own rather than beside its bracket: text, and a chain on text of
/// members and calls without arguments.
fn is_unbroken(only: &Expr) -> bool {
    match only {
        Expr::Text(_) => true,
        Expr::Chain(root, calls) => {
            let plain = |call: &Expr| match call {
                Expr::Text(_) => true,
                Expr::Call(_, arguments) => arguments.is_empty(),
                _ => false,
            };
            matches!(**root, Expr::Text(_)) && calls.iter().all(plain)
        }
        _ => false,
    }
}

pub(super) fn lay_array(
    prefix: &str,
    elements: &[Expr],
    indent: usize,
    before: usize,
    after: usize,
) -> String {
    let open = format!("{prefix}[");
    match are_short(elements) {
        true => side_by_side(&open, elements, "]", indent),
        false => brackets(&open, elements, "]", indent, before, after),
    }
}

pub(super) fn are_short(elements: &[Expr]) -> bool {
    let short = |element: &Expr| {
        let flat = element.flat();
        flat.width() <= SHORT_ELEMENT && !flat.contains('(')
    };
    elements.iter().all(short)
}

/// As many elements a line as there is room for.
pub(super) fn side_by_side(open: &str, elements: &[Expr], close: &str, indent: usize) -> String {
    let inner = indent + STEP;
    let mut lines = String::new();
    let mut line = pad(inner);
    for element in elements {
        let element = format!("{},", element.flat());
        let gap = usize::from(line.len() > inner);
        if line.width() + gap + element.width() > MAX_WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            line = pad(inner);
        }
        if line.len() > inner {
            line.push(' ');
        }
        line.push_str(&element);
    }
    format!("{open}\n{lines}{line}\n{}{close}", pad(indent))
}

pub(super) fn lay_struct(name: &str, fields: &[(String, Expr)], indent: usize) -> String {
    let inner = indent + STEP;
    let lines: String = fields
        .iter()
        .map(|(field, value)| {
            let flat = value.flat();
            if flat == *field {
                return format!("{}{flat},\n", pad(inner));
            }
            format!("{},\n", lay_member(inner, field, value))
        })
        .collect();
    format!("{name} {{\n{lines}{}}}", pad(indent))
}

/// `field: value`, the value broken within rather than set on the next line.
fn lay_member(indent: usize, field: &str, value: &Expr) -> String {
    let before = indent + field.width() + 2;
    let flat = value.flat();
    if value.may_be_flat() && before + flat.width() < MAX_WIDTH {
        return format!("{}{field}: {flat}", pad(indent));
    }
    let value = match value {
        Expr::Text(text) => members(text),
        other => other.clone(),
    };
    match value {
        Expr::Text(_) => assign(indent, &format!("{field}:"), &value, ""),
        _ => format!(
            "{}{field}: {}",
            pad(indent),
            value.broken(indent, before, 1)
        ),
    }
}

/// `self.name.clone()` as the chain that it is; other text as it was.
pub fn members(text: &str) -> Expr {
    let mut parts = text.split('.');
    let root = parts.next().unwrap_or_default();
    let parts: Vec<Expr> = parts.map(super::text).collect();
    let plain = |c: char| c.is_alphanumeric() || "_#.()?".contains(c);
    match parts.is_empty() || !text.chars().all(plain) {
        true => super::text(text),
        false => Expr::Chain(Box::new(super::text(root)), parts),
    }
}

pub(super) fn lay_chain(
    root: &Expr,
    calls: &[Expr],
    indent: usize,
    before: usize,
    after: usize,
) -> String {
    let laid = root.lay(indent, before, 0);
    if let ([only @ Expr::Call(..)], false) = (calls, laid.contains('\n')) {
        // A single call stays beside its root and breaks inside.
        let (root, flat) = (laid, only.flat());
        let room = indent + STEP + 1 + flat.width() + after <= MAX_WIDTH;
        if only.may_be_flat()
            && room
            && before + root.width() + 1 + flat.width() + after > MAX_WIDTH
        {
            return format!("{root}\n{}.{flat}", pad(indent + STEP));
        }
        let start = before + root.width() + 1;
        return format!("{root}.{}", only.lay(indent, start, after));
    }
    let mut lines = root.lay(indent, before, 0);
    // Where the root is broken, its closing bracket is what the calls stand under.
    let inner = match lines.contains('\n') {
        true => indent,
        false => indent + STEP,
    };
    for call in calls {
        lines.push_str(&format!(
            "\n{}.{}",
            pad(inner),
            call.lay(inner, inner + 1, after)
        ));
    }
    lines
}
