//! Rust without what may be written one way or the other: `use` declarations, and the paths of names.

use std::borrow::Cow;

/// A part of a text of Rust.
#[derive(Debug, Clone, Copy)]
struct Token<'t> {
    kind: Kind,
    text: &'t str,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    /// A name, a keyword, a number.
    Word,
    /// A comment, a literal, a sign.
    Other,
}

/// The text in its normal form, which is Rust still, to be formatted.
pub fn normal(text: &str) -> String {
    let text = text.replace("#![cfg_attr(rustfmt, rustfmt_skip)]\n", "");
    let tokens = tokens(&text);
    let mut normal = String::with_capacity(text.len());
    let mut index = 0;
    // Whether an item may begin here.
    let mut begins = true;
    while let Some(token) = tokens.get(index) {
        let is_import = begins && token.text == "use";
        index = match (token.kind, token.text) {
            _ if is_import => behind_import(&tokens, index),
            (_, "pub") => export(&tokens, index, &mut normal),
            (Kind::Word, _) => name(&tokens, index, &mut normal),
            // rustfmt leaves it to macros whether there is a last comma.
            (_, ",") if closes(&tokens[index + 1..]) => index + 1,
            (_, text) => {
                normal.push_str(&named(text));
                index + 1
            }
        };
        begins = match token.kind {
            Kind::Space => begins,
            Kind::Word => is_import,
            Kind::Other => "{};]".contains(token.text) || token.text.starts_with("//"),
        };
    }
    normal
}

/// Whether a bracket is closed next.
fn closes(tokens: &[Token<'_>]) -> bool {
    let next = tokens.iter().find(|token| token.kind != Kind::Space);
    next.is_some_and(|token| [")", "}"].contains(&token.text))
}

/// The number of tokens up to the end of a declaration.
fn declaration(tokens: &[Token<'_>]) -> usize {
    let end = tokens.iter().position(|token| token.text == ";");
    end.map_or(tokens.len(), |end| end + 1)
}

/// Where what follows a `use` declaration begins.
fn behind_import(tokens: &[Token<'_>], start: usize) -> usize {
    let mut next = start + declaration(&tokens[start..]);
    while tokens
        .get(next)
        .is_some_and(|token| token.kind == Kind::Space)
    {
        next += 1;
    }
    next
}

/// Copies `pub`, and all of an export, whose path is what it says.
fn export(tokens: &[Token<'_>], start: usize, normal: &mut String) -> usize {
    let is_export = tokens
        .get(start + 2)
        .is_some_and(|token| token.text == "use");
    let end = match is_export {
        true => start + declaration(&tokens[start..]),
        false => start + 1,
    };
    normal.extend(tokens[start..end].iter().map(|token| token.text));
    end
}

/// Copies a name, without the modules before it.
fn name(tokens: &[Token<'_>], start: usize, normal: &mut String) -> usize {
    let mut at = start;
    while let [module, colons, name, ..] = &tokens[at..]
        && module
            .text
            .starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && colons.text == "::"
        && name.kind == Kind::Word
    {
        at += 2;
    }
    normal.push_str(tokens[at].text);
    at + 1
}

/// The literal of a path without its modules, as attributes have it; any other text as it is.
fn named(text: &str) -> Cow<'_, str> {
    let is_of_path = |c: char| c.is_alphanumeric() || "_:".contains(c);
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let path = inner.filter(|inner| inner.chars().all(is_of_path));
    let name = path.and_then(|path| {
        let ty = path.find(char::is_uppercase)?;
        path[..ty].ends_with("::").then(|| &path[ty..])
    });
    match name {
        Some(name) => Cow::Owned(format!("\"{name}\"")),
        None => Cow::Borrowed(text),
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let (kind, length) = if first.is_whitespace() {
            (Kind::Space, length(rest, char::is_whitespace))
        } else if rest.starts_with("r#\"") || rest.starts_with("r\"") {
            (Kind::Other, raw(rest))
        } else if let Some(escaped) = rest.strip_prefix("r#") {
            (Kind::Word, 2 + length(escaped, word))
        } else if word(first) {
            (Kind::Word, length(rest, word))
        } else if rest.starts_with("//") {
            (Kind::Other, length(rest, |c| c != '\n'))
        } else if first == '"' {
            (Kind::Other, quoted(rest))
        } else if rest.starts_with("::") {
            (Kind::Other, 2)
        } else {
            (Kind::Other, first.len_utf8())
        };
        let (text, after) = rest.split_at(length);
        tokens.push(Token { kind, text });
        rest = after;
    }
    tokens
}

/// The length of what `text` begins with.
fn length(text: &str, is_of_it: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_of_it(c)).unwrap_or(text.len())
}

/// The length of a literal in quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return index + 1,
            _ => escaped = character == '\\' && !escaped,
        }
    }
    text.len()
}

/// The length of a raw literal.
fn raw(text: &str) -> usize {
    let hashes = text[1..].find('"').unwrap_or_default();
    let end = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 2;
    text[start..]
        .find(&end)
        .map_or(text.len(), |at| start + at + end.len())
}

#[test]
fn imports_and_paths_are_set_aside() {
    let text = "//! A.\n\nuse a::{B, c};\nuse d::E;\n\npub use f::g;\n\nfn h(x: a::B<i::J>) {\n    \
                use k::L;\n    m::n(\"o::p\")::<q::R>(); // use s::t;\n}\n";
    let expected = "//! A.\n\npub use f::g;\n\nfn h(x: B<J>) {\n    \
                    n(\"o::p\")::<R>(); // use s::t;\n}\n";
    assert_eq!(normal(text), expected);
}
