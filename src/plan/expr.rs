//! Expressions of Rust that are put together of parts.

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Any other.
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

/// An expression that is put together already.
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
    /// The expression on one line; rustfmt lays it out.
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
}

fn flat(elements: &[Expr]) -> String {
    let elements: Vec<String> = elements.iter().map(Expr::flat).collect();
    elements.join(", ")
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
