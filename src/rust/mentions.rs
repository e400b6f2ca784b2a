//! What some Rust mentions: names, types that it makes member by member, types that it matches on.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What is mentioned.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    pub(super) names: BTreeSet<String>,
    pub(super) makes: BTreeSet<String>,
    pub(super) matches: BTreeSet<String>,
}

/// What tokens mention, those in the arguments of macros too.
pub(super) fn of(tokens: TokenStream) -> Mentions {
    let mut mentions = Mentions::default();
    walk(tokens, &mut mentions);
    mentions
}

fn walk(tokens: TokenStream, mentions: &mut Mentions) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(name) => {
                let name = name.to_string();
                // `Status::Open` in a function that matches on something.
                let is_path = is_sign(tokens.get(at + 1), ':') && is_sign(tokens.get(at + 2), ':');
                if is_path && is_type(&name) && is_pattern(&tokens[at..]) {
                    mentions.matches.insert(name.clone());
                }
                mentions.names.insert(name);
            }
            TokenTree::Group(group) => {
                let before = at.checked_sub(1).and_then(|at| tokens.get(at));
                if let (Delimiter::Brace, Some(TokenTree::Ident(of))) = (group.delimiter(), before)
                    && is_type(&of.to_string())
                    && !has_rest(group.stream())
                {
                    mentions.makes.insert(of.to_string());
                }
                walk(group.stream(), mentions);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn is_type(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// Whether an arrow follows before the expression ends.
fn is_pattern(tokens: &[TokenTree]) -> bool {
    let mut pairs = tokens.windows(2);
    let end = pairs.find_map(|pair| match pair {
        [one, other] if is_sign(Some(one), '=') && is_sign(Some(other), '>') => Some(true),
        [one, _] if is_sign(Some(one), ',') || is_sign(Some(one), ';') => Some(false),
        _ => None,
    });
    end == Some(true)
}

/// Whether the members of a literal end with `..rest`.
fn has_rest(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut pairs = tokens.windows(2);
    pairs.any(|pair| is_sign(pair.first(), '.') && is_sign(pair.last(), '.'))
}
