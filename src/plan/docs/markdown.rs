//! Texts of the description inside Markdown and Mermaid.

/// A text as a cell of a table: on one line, without its separator.
pub(super) fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

/// A text on one line.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text inside a quoted label of Mermaid, which has codes for what would end it or mean more.
pub(super) fn label(text: &str) -> String {
    let mut label = String::new();
    for letter in line(text).chars() {
        match letter {
            '"' => label.push_str("#quot;"),
            '<' => label.push_str("#lt;"),
            '>' => label.push_str("#gt;"),
            '#' | '`' | '\\' | ';' => label.push_str(&format!("#{};", u32::from(letter))),
            _ => label.push(letter),
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::{cell, label};

    #[test]
    fn nothing_in_a_text_ends_its_cell_or_its_label() {
        assert_eq!(cell("a | b\n  c"), "a \\| b c");
        assert_eq!(label("\"<b>#1;\n`x`"), "#quot;#lt;b#gt;#35;1#59; #96;x#96;");
    }
}
