//! Lines of a lock: a kind, then words. A word that has spaces or quotes is a string of TOML.

/// The words of a line; `None` when it is none of ours.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = match rest.starts_with('"') {
            true => closing_quote(rest)? + 1,
            false => rest.find(' ').unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        words.push(match word.starts_with('"') {
            true => unquoted(word)?,
            false if word.is_empty() || word.contains('"') => return None,
            false => word.to_owned(),
        });
        rest = match after.strip_prefix(' ') {
            Some(after) if !after.is_empty() => after,
            None if after.is_empty() => after,
            _ => return None,
        };
    }
    Some(words)
}

/// The line of these words.
pub(super) fn line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(word).collect();
    words.join(" ")
}

fn word(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"';
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => super::facts::string(text),
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(at, sign)| {
        let closes = sign == '"' && !escaped;
        escaped = sign == '\\' && !escaped;
        closes.then_some(at)
    })
}

fn unquoted(word: &str) -> Option<String> {
    let value: toml::Value = toml::from_str::<toml::Table>(&format!("x = {word}"))
        .ok()?
        .remove("x")?;
    value.as_str().map(str::to_owned)
}

/// The lines of a text that say something, with their numbers from 1; of what a merge left between its
/// markers, those of both sides, and not what both began with.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_base = false;
    let numbered = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line));
    numbered.filter(move |(_, line)| {
        let marks = |sign: &str| line.starts_with(&sign.repeat(7));
        if marks("|") {
            in_base = true;
        } else if marks("=") || marks(">") {
            in_base = false;
        }
        let is_marker = ["<", "|", "=", ">"].iter().any(|sign| marks(sign));
        !(in_base || is_marker || line.is_empty() || line.starts_with('#'))
    })
}
