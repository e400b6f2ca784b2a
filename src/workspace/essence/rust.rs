//! The tokens of Rust that no formatter changes.

/// The tokens of a text, one after the other: without trailing commas, the order of imports, and the
/// braces around the only expression of a match arm. `None` where it is no Rust.
pub(super) fn essence(text: &str) -> Option<String> {
    let tokens = tokens(text)?;
    let braces = arms(&tokens)?;
    let mut kept: Vec<&str> = Vec::with_capacity(tokens.len());
    for (at, token) in tokens.iter().enumerate() {
        if braces.opened.contains(&at) {
            continue;
        }
        let token = match braces.closed.contains(&at) {
            true => ",",
            false => *token,
        };
        let closes = matches!(token, ")" | "]" | "}" | ">");
        if closes && kept.last() == Some(&",") {
            kept.pop();
        }
        if token != "," || kept.last() != Some(&",") {
            kept.push(token);
        }
    }
    Some(with_sorted_imports(&kept))
}

/// The braces of match arms that hold one expression.
#[derive(Default)]
struct Arms {
    opened: std::collections::BTreeSet<usize>,
    closed: std::collections::BTreeSet<usize>,
}

/// A bracket that is open.
struct Open {
    at: usize,
    sign: &'static str,
    /// Whether it follows an arrow, and holds nothing but an expression so far.
    is_arm: bool,
}

fn arms(tokens: &[&str]) -> Option<Arms> {
    let mut arms = Arms::default();
    let mut open: Vec<Open> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let closing = match *token {
            "(" => ")",
            "[" => "]",
            "{" => "}",
            ")" | "]" | "}" => {
                let last = open.pop().filter(|open| open.sign == *token)?;
                if last.is_arm && last.at + 1 < at {
                    arms.opened.insert(last.at);
                    arms.closed.insert(at);
                }
                continue;
            }
            _ => {
                let is_statement =
                    *token == ";" || token.starts_with("//") || token.starts_with("/*");
                if let Some(last) = open.last_mut().filter(|_| is_statement) {
                    last.is_arm = false;
                }
                continue;
            }
        };
        let after_arrow = at > 1 && tokens[at - 1] == ">" && tokens[at - 2] == "=";
        open.push(Open {
            at,
            sign: closing,
            is_arm: closing == "}" && after_arrow,
        });
    }
    open.is_empty().then_some(arms)
}

/// The tokens, with imports that follow one another in the order of their names.
fn with_sorted_imports(tokens: &[&str]) -> String {
    let mut text = String::with_capacity(tokens.len() * 8);
    let mut run: Vec<String> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts = at == 0 || matches!(tokens[at - 1], ";" | "}" | "{" | "pub" | ")");
        let end = match starts && tokens[at] == "use" {
            true => tokens[at..].iter().position(|token| *token == ";"),
            false => None,
        };
        match end {
            Some(length) => {
                run.push(import(&tokens[at..at + length]));
                at += length + 1;
            }
            None => {
                finish(&mut run, &mut text);
                text.push_str(tokens[at]);
                text.push('\0');
                at += 1;
            }
        }
    }
    finish(&mut run, &mut text);
    text
}

fn finish(run: &mut Vec<String>, text: &mut String) {
    run.sort();
    for import in run.drain(..) {
        text.push_str(&import);
        text.push('\0');
    }
}

/// An import, with what stands in its braces in the order of names.
fn import(tokens: &[&str]) -> String {
    let Some(open) = tokens.iter().position(|token| *token == "{") else {
        return tokens.join(" ");
    };
    let Some(close) = tokens.iter().rposition(|token| *token == "}") else {
        return tokens.join(" ");
    };
    let (mut depth, mut parts) = (0, vec![Vec::new()]);
    for token in &tokens[open + 1..close] {
        match *token {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        match parts.last_mut() {
            Some(part) if *token != "," || depth > 0 => part.push(*token),
            _ => parts.push(Vec::new()),
        }
    }
    let mut parts: Vec<String> = parts.iter().map(|part| import(part)).collect();
    parts.retain(|part| !part.is_empty());
    parts.sort();
    let before = tokens[..open].join(" ");
    format!(
        "{before} {{{}}} {}",
        parts.join(","),
        tokens[close + 1..].join(" ")
    )
}

/// The tokens of a text: comments are tokens too, white space is none.
fn tokens(text: &str) -> Option<Vec<&str>> {
    let mut tokens = Vec::with_capacity(text.len() / 4);
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else {
            return Some(tokens);
        };
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest)?,
            '"' => string(rest, 1)?,
            '\'' => quoted(rest)?,
            _ if first.is_alphanumeric() || first == '_' => word(rest)?,
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token.trim_end());
        rest = after;
    }
}

fn block_comment(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_u32, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The length of a string whose content begins at `from`.
fn string(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// The length of a character or a lifetime.
fn quoted(text: &str) -> Option<usize> {
    let mut signs = text.char_indices().skip(1);
    let (_, first) = signs.next()?;
    if first == '\\' {
        signs.next()?;
        return signs.find(|(_, sign)| *sign == '\'').map(|(at, _)| at + 1);
    }
    match signs.next() {
        Some((at, '\'')) => Some(at + 1),
        _ => {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let name = &text[1..];
            Some(
                1 + name
                    .find(|c: char| !is_part(c))
                    .unwrap_or(name.len())
                    .max(1),
            )
        }
    }
}

/// The length of a name or number; of a string that has a prefix, of all of it.
fn word(text: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let end = text.find(|c: char| !is_part(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let is_raw = matches!(name, "r" | "br" | "cr");
    if is_raw && rest[hashes..].starts_with('"') {
        let closing = format!("\"{}", "#".repeat(hashes));
        let from = end + hashes + 1;
        return Some(from + text[from..].find(&closing)? + closing.len());
    }
    match (name, rest.chars().next()) {
        ("b" | "c", Some('"')) => string(text, end + 1),
        ("b", Some('\'')) => Some(end + quoted(rest)?),
        ("r", Some('#')) => Some(end + 1 + word(&rest[1..]).filter(|_| hashes == 1)?),
        _ => Some(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        essence(one).unwrap() == essence(other).unwrap()
    }

    #[test]
    fn layout_is_no_edit() {
        assert!(same("fn f(a: u8) {}", "fn f(\n    a: u8,\n) {\n}\n"));
        assert!(same("use b::{d, c};\r\nuse a;\n", "use a;\nuse b::{c, d};"));
        assert!(same(
            "match a { B => c(d), E => f, }",
            "match a { B => { c(d) } E => { f } }"
        ));
        assert!(same("use a::{b::{d, c}, e};", "use a::{e, b::{c, d,},};"));
    }

    #[test]
    fn everything_else_is() {
        for (one, other) in [
            ("fn f() {}", "fn g() {}"),
            ("// a\nfn f() {}", "// b\nfn f() {}"),
            ("\"a b\"", "\"a  b\""),
            ("r#\"a \"b\"#", "r#\"a \"c\"#"),
            ("match a { B => { c; } }", "match a { B => c }"),
            ("'a'", "'b'"),
            ("f(b'\\'', 'x', c\"y\")", "f(b'\\'', 'x', c\"z\")"),
            ("use a::b;", "use b::a;"),
            ("/* a /* b */ c */ d", "/* a /* b */ d */ d"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_rust_has_no_tokens() {
        for text in ["fn f() {", "\"", "/* a", "r#\"", "(]", "<<<<<<< '", "'"] {
            assert!(
                essence(text).is_none_or(|tokens| !tokens.is_empty()),
                "{text}"
            );
        }
        assert!(essence("fn f() {").is_none());
    }
}
