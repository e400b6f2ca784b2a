//! Lays Rust expressions out as `rustfmt` does with its defaults, so that generated code needs no
//! formatter: the widths are those of rustfmt's `use_small_heuristics = "Default"`.

/// The greatest width of a line.
pub const MAX_WIDTH: usize = 100;
/// The greatest width of the arguments of a call on one line.
pub const CALL_WIDTH: usize = 60;
/// The greatest width of a chain of calls on one line.
const CHAIN_WIDTH: usize = 60;
/// The greatest width of an array's elements on one line.
const ARRAY_WIDTH: usize = 60;
/// The greatest width of a struct literal's fields on one line.
const STRUCT_WIDTH: usize = 18;
/// The greatest width of an element that is set with others on one line of a broken array.
const SHORT_ELEMENT: usize = 10;
/// The width of one step of indentation.
pub const STEP: usize = 4;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Text that is never broken.
    Text(String),
    /// `head(arguments)`.
    Call(String, Vec<Expr>),
    /// `prefix[elements]`; the prefix is `&` or nothing.
    Array(&'static str, Vec<Expr>),
    /// `Name { field: value }`.
    Struct(String, Vec<(String, Expr)>),
    /// `(elements)`.
    Tuple(Vec<Expr>),
    /// `root.call().call()`.
    Chain(Box<Expr>, Vec<Expr>),
}

/// Text that is never broken.
pub fn text(text: impl Into<String>) -> Expr {
    Expr::Text(text.into())
}

/// A call.
pub fn call(head: impl Into<String>, arguments: Vec<Expr>) -> Expr {
    Expr::Call(head.into(), arguments)
}

/// A reference to an array.
pub fn slice(elements: Vec<Expr>) -> Expr {
    Expr::Array("&", elements)
}

impl Expr {
    /// The expression on one line, however long.
    pub fn flat(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Call(head, arguments) => format!("{head}({})", flat(arguments)),
            Self::Array(prefix, elements) => format!("{prefix}[{}]", flat(elements)),
            Self::Tuple(elements) => format!("({})", flat(elements)),
            Self::Struct(name, fields) if fields.is_empty() => format!("{name} {{}}"),
            Self::Struct(name, fields) => {
                let fields: Vec<String> = fields.iter().map(flat_field).collect();
                format!("{name} {{ {} }}", fields.join(", "))
            }
            Self::Chain(root, calls) => {
                let calls: String = calls
                    .iter()
                    .map(|call| format!(".{}", call.flat()))
                    .collect();
                format!("{}{calls}", root.flat())
            }
        }
    }

    /// The expression laid out where `before` characters stand on its first line, whose block is
    /// indented by `indent`, and `after` characters follow its last one.
    pub fn lay(&self, indent: usize, before: usize, after: usize) -> String {
        let flat = self.flat();
        if self.may_be_flat() && before + flat.chars().count() + after <= MAX_WIDTH {
            return flat;
        }
        self.broken(indent, before, after)
    }

    /// The same over several lines where it has parts, whether or not it would fit on one.
    fn broken(&self, indent: usize, before: usize, after: usize) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Call(head, arguments) => self.lay_call(head, arguments, indent, before, after),
            Self::Array(prefix, elements) => lay_array(prefix, elements, indent, before, after),
            Self::Tuple(elements) => brackets("(", elements, ")", indent, before, after),
            Self::Struct(name, fields) => lay_struct(name, fields, indent),
            Self::Chain(root, calls) => lay_chain(root, calls, indent, before, after),
        }
    }

    /// Whether rustfmt keeps it on one line when that fits.
    fn may_be_flat(&self) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Call(_, arguments) => {
                // An array that is the only argument has its own width.
                let fits = matches!(arguments[..], [Self::Array(..)])
                    || fits_within(CALL_WIDTH, arguments);
                fits && arguments.iter().all(Self::may_be_flat)
            }
            Self::Array(_, elements) => {
                fits_within(ARRAY_WIDTH, elements) && elements.iter().all(Self::may_be_flat)
            }
            Self::Tuple(elements) => {
                width(elements) <= CALL_WIDTH && elements.iter().all(Self::may_be_flat)
            }
            Self::Struct(_, fields) => {
                let fields_width: Vec<String> = fields.iter().map(flat_field).collect();
                fields_width.join(", ").chars().count() <= STRUCT_WIDTH
                    && fields.iter().all(|(_, value)| value.may_be_flat())
            }
            Self::Chain(root, calls) => {
                let flat = self.flat();
                // rustfmt counts a last `?` twice.
                let width = flat.chars().count() + usize::from(flat.ends_with('?'));
                let short = calls.len() < 2 || width <= CHAIN_WIDTH;
                short && root.may_be_flat() && calls.iter().all(Self::may_be_flat)
            }
        }
    }

    fn lay_call(
        &self,
        head: &str,
        arguments: &[Self],
        indent: usize,
        before: usize,
        after: usize,
    ) -> String {
        let open = format!("{head}(");
        match arguments.len() > 1 && are_short(arguments) {
            true => side_by_side(&open, arguments, ")", indent),
            false => brackets(&open, arguments, ")", indent, before, after),
        }
    }
}

/// `prefix value` with `value` laid out after `prefix`, broken after it when the value fits no
/// other way: a constant or a `let`.
pub fn assign(indent: usize, prefix: &str, value: &Expr, end: &str) -> String {
    let before = indent + prefix.chars().count() + 1;
    let flat = value.flat();
    let fits = |start: usize| start + flat.chars().count() + end.chars().count() <= MAX_WIDTH;
    if value.may_be_flat() && !fits(before) && fits(indent + STEP) {
        return format!("{}{prefix}\n{}{flat}{end}", pad(indent), pad(indent + STEP));
    }
    format!(
        "{}{prefix} {}{end}",
        pad(indent),
        value.lay(indent, before, end.chars().count())
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
    let width = (one.chars().count() + arrow.chars().count()) + end.chars().count();
    if width == MAX_WIDTH && end == ";" {
        // rustfmt asks for room behind a result that it then does not use.
        return format!("{one}\n{}{}{end}", pad(indent), arrow.trim_start());
    }
    let whole = super::result_layout::may_be_whole(result);
    if width <= MAX_WIDTH && whole {
        return format!("{one}{arrow}{end}");
    }
    let lines: String = parameters
        .iter()
        .map(|parameter| format!("{}{parameter},\n", pad(indent + STEP)))
        .collect();
    let last = indent + 1 + arrow.chars().count();
    let (arrow, end) = match last {
        _ if result.is_empty() => (arrow, end.to_owned()),
        _ if last + 2 > MAX_WIDTH || !whole => {
            let broken = super::result_layout::broken(result, indent);
            (format!(" -> {broken}"), end.to_owned())
        }
        _ if last + 5 > MAX_WIDTH && end == " {" => (arrow, format!("\n{}{{", pad(indent))),
        _ => (arrow, end.to_owned()),
    };
    format!("{0}{head}(\n{lines}{0}){arrow}{end}", pad(indent))
}

/// A field of a struct: `pub name: type,`, the type on a line of its own when it must.
pub fn field(indent: usize, name: &str, ty: &str) -> String {
    let one = format!("{}{name}: {ty},", pad(indent));
    if one.chars().count() <= MAX_WIDTH {
        return one;
    }
    format!("{}{name}:\n{}{ty},", pad(indent), pad(indent + STEP))
}

/// A doc comment, a line for each line of the text; nothing without text.
pub fn doc(indent: usize, text: &str) -> String {
    comment(&format!("{}///", pad(indent)), text)
}

/// Lines of a comment that start with `mark`, as rustdoc may read them.
///
/// Who writes a description does not think of rustdoc, for which code in Markdown is a test to
/// compile: so code is marked as text, and what is indented is so by three spaces at most where a
/// paragraph begins, which makes no code of it.
pub fn comment(mark: &str, text: &str) -> String {
    let mut comment = String::new();
    let (mut fence, mut begins) = (None, true);
    for line in text.trim().lines() {
        let line = line.trim_end().replace('\t', "    ");
        let inner = line.trim_start();
        let indent = line.len() - inner.len();
        let found = ["```", "~~~"]
            .into_iter()
            .find(|fence| inner.starts_with(fence));
        let line = match (fence, found) {
            (None, Some(opened)) => {
                fence = found;
                let end = inner.len() - inner.trim_start_matches(&opened[..1]).len();
                format!("{}{}text", pad(indent.min(3)), &inner[..end])
            }
            (Some(open), Some(closed)) if open == closed => {
                fence = None;
                line.clone()
            }
            (None, None) if begins => format!("{}{inner}", pad(indent.min(3))),
            _ => line.clone(),
        };
        begins = inner.is_empty();
        comment.push_str(format!("{mark} {line}").trim_end());
        comment.push('\n');
    }
    comment
}

fn pad(indent: usize) -> String {
    " ".repeat(indent)
}

fn flat(elements: &[Expr]) -> String {
    let elements: Vec<String> = elements.iter().map(Expr::flat).collect();
    elements.join(", ")
}

/// Whether elements may stand on one line by their width; an only one without brackets of its own
/// may always.
fn fits_within(most: usize, elements: &[Expr]) -> bool {
    matches!(elements, [Expr::Text(_) | Expr::Chain(..)]) || width(elements) <= most
}

fn width(elements: &[Expr]) -> usize {
    flat(elements).chars().count()
}

/// A field of a struct literal; `value` alone where it is named as the field is.
fn flat_field((name, value): &(String, Expr)) -> String {
    let value = value.flat();
    if value == *name {
        value
    } else {
        format!("{name}: {value}")
    }
}

fn block(open: &str, elements: &[Expr], close: &str, indent: usize) -> String {
    let inner = indent + STEP;
    let lines: String = elements
        .iter()
        .map(|element| format!("{}{},\n", pad(inner), element.lay(inner, inner, 1)))
        .collect();
    format!("{open}\n{lines}{}{close}", pad(indent))
}

/// Elements in brackets: an only one with brackets of its own hangs on these, others stand a line
/// each.
fn brackets(
    open: &str,
    elements: &[Expr],
    close: &str,
    indent: usize,
    before: usize,
    after: usize,
) -> String {
    if let [only] = elements
        && !matches!(only, Expr::Text(_))
    {
        let start = before + open.chars().count();
        let laid = match only {
            Expr::Chain(..) => only.lay(indent, start, after + 1),
            _ => only.broken(indent, start, after + 1),
        };
        return format!("{open}{laid}{close}");
    }
    block(open, elements, close, indent)
}

fn lay_array(
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

fn are_short(elements: &[Expr]) -> bool {
    let short = |element: &Expr| {
        let flat = element.flat();
        flat.chars().count() <= SHORT_ELEMENT && !flat.contains('(')
    };
    elements.iter().all(short)
}

/// As many elements a line as there is room for.
fn side_by_side(open: &str, elements: &[Expr], close: &str, indent: usize) -> String {
    let inner = indent + STEP;
    let mut lines = String::new();
    let mut line = pad(inner);
    for element in elements {
        let element = format!("{},", element.flat());
        let gap = usize::from(line.len() > inner);
        if line.chars().count() + gap + element.chars().count() > MAX_WIDTH {
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

fn lay_struct(name: &str, fields: &[(String, Expr)], indent: usize) -> String {
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
    let before = indent + field.chars().count() + 2;
    let flat = value.flat();
    if value.may_be_flat() && before + flat.chars().count() < MAX_WIDTH {
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
    let parts: Vec<Expr> = parts.map(self::text).collect();
    let plain = |c: char| c.is_alphanumeric() || "_#.()?".contains(c);
    match parts.is_empty() || !text.chars().all(plain) {
        true => self::text(text),
        false => Expr::Chain(Box::new(self::text(root)), parts),
    }
}

fn lay_chain(root: &Expr, calls: &[Expr], indent: usize, before: usize, after: usize) -> String {
    let laid = root.lay(indent, before, 0);
    if let ([only @ Expr::Call(..)], false) = (calls, laid.contains('\n')) {
        // A single call stays beside its root and breaks inside.
        let (root, flat) = (laid, only.flat());
        let room = indent + STEP + 1 + flat.chars().count() + after <= MAX_WIDTH;
        if only.may_be_flat() && room && before + root.len() + 1 + flat.len() + after > MAX_WIDTH {
            return format!("{root}\n{}.{flat}", pad(indent + STEP));
        }
        let start = before + root.chars().count() + 1;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_expressions_stay_on_one_line() {
        let column = Expr::Chain(
            Box::new(call("Column::new", vec![text("\"a\""), text("Kind::Text")])),
            vec![call("optional", vec![]), call("hidden", vec![])],
        );
        assert_eq!(
            column.lay(4, 4, 1),
            "Column::new(\"a\", Kind::Text).optional().hidden()"
        );
    }

    #[test]
    fn long_chains_take_a_line_a_call() {
        let column = Expr::Chain(
            Box::new(call(
                "Column::new",
                vec![text("\"description\""), text("Kind::Text")],
            )),
            vec![
                call("optional", vec![]),
                call("max_length", vec![text("20")]),
            ],
        );
        assert_eq!(
            column.lay(4, 4, 1),
            "Column::new(\"description\", Kind::Text)\n        .optional()\n        .max_length(20)"
        );
    }

    #[test]
    fn broken_arrays_set_short_elements_side_by_side() {
        let elements = (0..14).map(|n| text(format!("\"e{n}\""))).collect();
        let laid = slice(elements).lay(0, 0, 0);
        assert_eq!(laid.lines().count(), 3, "{laid}");
    }
}
