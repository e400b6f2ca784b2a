//! Lays types out as `rustfmt` does where the result of a function is too long for its line.

use unicode_width::UnicodeWidthStr;

use super::{CALL_WIDTH, MAX_WIDTH, STEP};

/// A type, as far as its layout goes.
#[derive(Debug, PartialEq, Eq)]
enum Shape<'t> {
    /// What is never broken.
    Plain(&'t str),
    /// `Head<arguments>`.
    Generic(&'t str, Vec<Self>),
    /// `(elements)`.
    Tuple(Vec<Self>),
}

/// The type over as many lines as it needs, in a block that is indented by `indent`.
pub fn broken(ty: &str, indent: usize) -> String {
    Shape::of(ty).broken(indent)
}

/// Whether the type may stand on one line where there is room.
pub fn may_be_whole(ty: &str) -> bool {
    Shape::of(ty).may_be_flat()
}

impl<'t> Shape<'t> {
    fn of(ty: &'t str) -> Self {
        let ty = ty.trim();
        if let Some(inner) = ty.strip_prefix('(').and_then(|ty| ty.strip_suffix(')')) {
            return Self::Tuple(parts(inner));
        }
        let generic = ty.strip_suffix('>').and_then(|ty| ty.split_once('<'));
        match generic {
            Some((head, inner)) => Self::Generic(head, parts(inner)),
            None => Self::Plain(ty),
        }
    }

    fn flat(&self) -> String {
        let list = |parts: &[Self]| parts.iter().map(Self::flat).collect::<Vec<_>>().join(", ");
        match self {
            Self::Plain(ty) => (*ty).to_owned(),
            Self::Generic(head, arguments) => format!("{head}<{}>", list(arguments)),
            Self::Tuple(elements) => format!("({})", list(elements)),
        }
    }

    /// Whether rustfmt keeps it on one line when that fits.
    fn may_be_flat(&self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Generic(_, arguments) => arguments.iter().all(Self::may_be_flat),
            // Its brackets do not count.
            Self::Tuple(elements) => {
                let narrow = self.flat().width() <= CALL_WIDTH + 2;
                narrow && elements.iter().all(Self::may_be_flat)
            }
        }
    }

    fn lay(&self, indent: usize) -> String {
        let flat = self.flat();
        let fits = indent + flat.width() < MAX_WIDTH;
        match self.may_be_flat() && fits {
            true => flat,
            false => self.broken(indent),
        }
    }

    fn broken(&self, indent: usize) -> String {
        let (open, parts, close) = match self {
            Self::Plain(ty) => return (*ty).to_owned(),
            Self::Generic(head, arguments) => (format!("{head}<"), arguments, ">"),
            Self::Tuple(elements) => ("(".to_owned(), elements, ")"),
        };
        let inner = indent + STEP;
        let lines: String = parts
            .iter()
            .map(|part| format!("{}{},\n", " ".repeat(inner), part.lay(inner)))
            .collect();
        format!("{open}\n{lines}{}{close}", " ".repeat(indent))
    }
}

/// The types of a list, parted by the commas that stand in no brackets.
fn parts(list: &str) -> Vec<Shape<'_>> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (index, character) in list.char_indices() {
        match character {
            '<' | '(' => depth += 1,
            '>' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(Shape::of(&list[start..index]));
                start = index + 1;
            }
            _ => {}
        }
    }
    if !list[start..].trim().is_empty() {
        parts.push(Shape::of(&list[start..]));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_results_take_a_line_a_part() {
        // What is in the brackets of a tuple may be 60 wide.
        let (narrow, wide) = ("C".repeat(49), "C".repeat(50));
        for (name, inner) in [
            (&narrow, format!("(A, Option<{narrow}>)")),
            (
                &wide,
                format!("(\n                A,\n                Option<{wide}>,\n            )"),
            ),
        ] {
            let ty = format!("Result<(New, (A, Option<{name}>)), Refusal>");
            let laid = format!(
                "Result<\n        (\n            New,\n            {inner},\n        ),\n        Refusal,\n    >"
            );
            assert_eq!(broken(&ty, 4), laid);
        }
        assert_eq!(broken("Option<(A, B)>", 0), "Option<\n    (A, B),\n>");
    }
}
