//! How findings name things.

use super::checker::Home;
use crate::model::{ContextName, Ident, TypeName};

/// That there is no `what` of this name; whose it would be comes after the name.
pub(super) fn absent(what: &str, name: &str) -> String {
    let whose = [" of ", " in ", " among "]
        .iter()
        .filter_map(|word| what.find(word))
        .min();
    let (noun, whose) = what.split_at(whose.unwrap_or(what.len()));
    format!("there is no {noun} `{name}`{whose}")
}

/// The text with "an" before what begins with a vowel, names of the description among it.
pub(super) fn articles(text: &str) -> String {
    let words: Vec<_> = text.split(' ').collect();
    let fitting = words.iter().enumerate().map(|(index, word)| {
        let next = words
            .get(index + 1)
            .map(|next| next.trim_start_matches('`'));
        let vowel =
            next.is_some_and(|next| next.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']));
        if *word == "a" && vowel { "an" } else { word }
    });
    fitting.collect::<Vec<_>>().join(" ")
}

/// Names as a choice in words: `a`, `b` or `c`; no more than can be read at a glance.
pub(super) fn one_of(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    match shown.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        _ if names.len() > SHOWN => format!("{}, …", shown.join(", ")),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Names as a sum in words: `a`, `b` and `c`.
pub(super) fn all_of<'n>(names: impl IntoIterator<Item = &'n Ident>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A name as `home` writes it: with its context when that is another one.
pub(super) fn path(home: &Home<'_>, context: &ContextName, name: &TypeName) -> String {
    if home.name == *context {
        name.to_string()
    } else {
        format!("{context}.{name}")
    }
}
