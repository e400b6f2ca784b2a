//! Which files the `mod` lines of a file lead to.

/// The places of each module that a file declares, the usual one first: a formatter follows them.
///
/// Texts that look like code may add places to those that are meant, which does no harm.
pub(super) fn declared(path: &str, text: &str) -> Vec<Vec<String>> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut own = folder.to_owned();
    if !is_root(path) {
        own = joined(&own, name.trim_end_matches(".rs"));
    }
    // The modules that are open, each block among them.
    let mut open: Vec<Option<&str>> = Vec::new();
    let (mut declared, mut given, mut before) = (Vec::new(), None, ["", ""]);
    for word in words(text) {
        match (before, word) {
            (["mod", name], ";") => declared.push(match given.take() {
                Some(file) => vec![joined(folder, file)],
                None => places(&own, &open, name),
            }),
            (["mod", name], "{") => open.push(Some(name)),
            (_, "{") => open.push(None),
            (_, "}") => drop(open.pop()),
            (["path", "="], file) => given = Some(file.trim_matches('"')),
            _ => {}
        }
        before = [before[1], word];
    }
    declared
}

/// Whether the modules of a file lie beside it: it is the root of a crate, or of a folder.
fn is_root(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (name, folder) = (parts.next(), parts.next());
    matches!(name, Some("lib.rs" | "main.rs" | "mod.rs"))
        || matches!(folder, Some("tests" | "benches" | "examples" | "bin"))
}

fn places(own: &str, open: &[Option<&str>], name: &str) -> Vec<String> {
    let inner = open.iter().flatten();
    let folder = inner.fold(own.to_owned(), |folder, module| joined(&folder, module));
    let name = name.trim_start_matches("r#");
    let place = joined(&folder, name);
    vec![format!("{place}.rs"), format!("{place}/mod.rs")]
}

fn joined(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// The words and brackets of a text, without its comments.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim_start);
    let code = lines.filter(|line| !line.starts_with("//"));
    let parts = code.flat_map(|line| line.split_inclusive(is_sign));
    let parts = parts.flat_map(|part| {
        let word = part.trim_end_matches(is_sign);
        [word, &part[word.len()..]]
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

fn is_sign(c: char) -> bool {
    c.is_whitespace() || ";{}=[]()".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(path: &str, text: &str) -> Vec<String> {
        let declared = declared(path, text).into_iter();
        declared
            .filter_map(|places| places.into_iter().next())
            .collect()
    }

    #[test]
    fn modules_are_found_where_they_are_declared() {
        let text = "//! mod not;\npub mod a { pub mod b; mod c { mod r#type; } }\n\
                    fn f() { g(\"x\"); }\n#[path = \"e/f.rs\"]\nmod d;\n";
        let found = ["a/b.rs", "a/c/type.rs", "e/f.rs"];
        let below = |folder: &str| found.map(|place| format!("{folder}/{place}"));
        assert_eq!(first("x/src/lib.rs", text), below("x/src"));
        assert_eq!(first("x/src/y/mod.rs", text), below("x/src/y"));
        assert_eq!(first("x/tests/y.rs", text), below("x/tests"));
        assert_eq!(
            first("x/src/y.rs", text),
            ["x/src/y/a/b.rs", "x/src/y/a/c/type.rs", "x/src/e/f.rs"]
        );
    }
}
