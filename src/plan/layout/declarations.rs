//! Constants, heads of functions, fields of structs.

use unicode_width::UnicodeWidthStr;

use super::{Expr, MAX_WIDTH, STEP, pad, result};

/// `prefix value` with `value` laid out after `prefix`, broken after it when the value fits no
/// other way: a constant or a `let`.
pub fn assign(indent: usize, prefix: &str, value: &Expr, end: &str) -> String {
    let before = indent + prefix.width() + 1;
    let flat = value.flat();
    let fits = |start: usize| start + flat.width() + end.width() <= MAX_WIDTH;
    if value.may_be_flat() && !fits(before) && fits(indent + STEP) {
        return format!("{}{prefix}\n{}{flat}{end}", pad(indent), pad(indent + STEP));
    }
    format!(
        "{}{prefix} {}{end}",
        pad(indent),
        value.lay(indent, before, end.width())
    )
}

/// The head of a function, up to and without its body: on one line, or a parameter a line.
pub fn function(
    indent: usize,
    head: &str,
    parameters: &[String],
    result: &str,
    end: &str,
) -> String {
    let arrow = match result {
        "" => String::new(),
        result => format!(" -> {result}"),
    };
    let one = format!("{}{head}({})", pad(indent), parameters.join(", "));
    let width = (one.width() + arrow.width()) + end.width();
    if width == MAX_WIDTH && end == ";" {
        // rustfmt asks for room behind a result that it then does not use.
        return format!("{one}\n{}{}{end}", pad(indent), arrow.trim_start());
    }
    let whole = result::may_be_whole(result);
    if width <= MAX_WIDTH && whole {
        return format!("{one}{arrow}{end}");
    }
    let lines: String = parameters
        .iter()
        .map(|parameter| format!("{}{parameter},\n", pad(indent + STEP)))
        .collect();
    let last = indent + 1 + arrow.width();
    let (arrow, end) = match last {
        _ if result.is_empty() => (arrow, end.to_owned()),
        // Behind broken parameters rustfmt lets a result go two columns too far, and keeps six for the
        // brace.
        _ if last > MAX_WIDTH + 2 || !whole => {
            let broken = result::broken(result, indent);
            (format!(" -> {broken}"), end.to_owned())
        }
        _ if last + 6 > MAX_WIDTH && end == " {" => (arrow, format!("\n{}{{", pad(indent))),
        _ => (arrow, end.to_owned()),
    };
    format!("{0}{head}(\n{lines}{0}){arrow}{end}", pad(indent))
}

/// A field of a struct: `pub name: type,`, the type on a line of its own when it must.
pub fn field(indent: usize, name: &str, ty: &str) -> String {
    let one = format!("{}{name}: {ty},", pad(indent));
    if one.width() <= MAX_WIDTH {
        return one;
    }
    format!("{}{name}:\n{}{ty},", pad(indent), pad(indent + STEP))
}
