//! Lays Rust expressions out as `rustfmt` does with its defaults, so that generated code needs no
//! formatter: the widths are those of rustfmt's `use_small_heuristics = "Default"`.

mod broken;
mod comments;
mod declarations;
mod result;

use broken::{are_short, brackets, lay_array, lay_chain, lay_struct, side_by_side};

use unicode_width::UnicodeWidthStr;

pub use broken::members;
pub use comments::{comment, doc};
pub use declarations::{assign, field, function};

// Widths are counted as rustfmt counts them: a wide character (UAX #11) takes two columns.

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
        if self.may_be_flat() && before + flat.width() + after <= MAX_WIDTH {
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
                // An array or a tuple that is the only argument has its own width.
                let fits = matches!(arguments[..], [Self::Array(..) | Self::Tuple(..)])
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
                fields_width.join(", ").width() <= STRUCT_WIDTH
                    && fields.iter().all(|(_, value)| value.may_be_flat())
            }
            Self::Chain(root, calls) => {
                let flat = self.flat();
                // rustfmt counts a last `?` twice.
                let width = flat.width() + usize::from(flat.ends_with('?'));
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
    flat(elements).width()
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
