//! Texts that break.

use proptest::prelude::*;

/// A change to a text, at places that are taken modulo its size.
#[derive(Debug, Clone)]
pub enum Change {
    Flip(usize, u8),
    Insert(usize, char),
    Truncate(usize),
    DeleteLine(usize),
    SwapLines(usize, usize),
    RepeatLine(usize),
    SwapWords(usize, usize),
    Rename(usize, usize),
}

/// Any of them.
pub fn change() -> impl Strategy<Value = Change> {
    let at = any::<usize>;
    let signs = prop::sample::select(
        "[]{}\"'=.,#?\n\\ é\u{0}\u{feff}🙂"
            .chars()
            .collect::<Vec<_>>(),
    );
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Flip(at, byte)),
        (at(), signs).prop_map(|(at, sign)| Change::Insert(at, sign)),
        at().prop_map(Change::Truncate),
        at().prop_map(Change::DeleteLine),
        (at(), at()).prop_map(|(one, other)| Change::SwapLines(one, other)),
        at().prop_map(Change::RepeatLine),
        (at(), at()).prop_map(|(one, other)| Change::SwapWords(one, other)),
        (at(), at()).prop_map(|(one, other)| Change::Rename(one, other)),
    ]
}

impl Change {
    /// The text after the change.
    pub fn apply(&self, text: &str) -> String {
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        let count = lines.len().max(1);
        let line = |at: &usize| at % count;
        let at = |at: &usize| text.floor_char_boundary(at % (text.len() + 1));
        match self {
            _ if lines.is_empty() => return text.to_owned(),
            Self::Flip(at, byte) => {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at % text.len()] = *byte;
                return String::from_utf8_lossy(&bytes).into_owned();
            }
            Self::Insert(place, sign) => {
                let (before, after) = text.split_at(at(place));
                return format!("{before}{sign}{after}");
            }
            Self::Truncate(place) => return text[..at(place)].to_owned(),
            Self::DeleteLine(place) => drop(lines.remove(line(place))),
            Self::SwapLines(one, other) => lines.swap(line(one), line(other)),
            Self::RepeatLine(place) => lines.insert(line(place), lines[line(place)]),
            Self::SwapWords(one, other) => return swap_words(text, *one, *other),
            Self::Rename(one, other) => return rename(text, *one, *other),
        }
        lines.concat()
    }
}

/// Calls one thing everywhere as another one is called: what is valid often stays so.
fn rename(text: &str, one: usize, other: usize) -> String {
    let parts: Vec<&str> = text
        .split_inclusive(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let word = |part: &str| part.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
    let count = parts.len();
    let (old, new) = (parts[one % count], parts[other % count]);
    let (old, new) = (&old[..word(old)], &new[..word(new)]);
    let renamed = parts.iter().map(|part| match &part[..word(part)] == old {
        true => format!("{new}{}", &part[word(part)..]),
        false => (*part).to_owned(),
    });
    renamed.collect()
}

fn swap_words(text: &str, one: usize, other: usize) -> String {
    let mut parts: Vec<&str> = text
        .split_inclusive(|c: char| !c.is_alphanumeric())
        .collect();
    let count = parts.len();
    parts.swap(one % count, other % count);
    parts.concat()
}
