//! The examples, which are inside the program.

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "examples/"]
struct Examples;

/// The file that an example starts from.
const ROOT: &str = "/microdb.toml";

/// Their names, in order.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> = Examples::iter()
        .filter_map(|path| Some(path.strip_suffix(ROOT)?.to_owned()))
        .collect();
    names.sort();
    names
}

/// The description of one; `None` when there is none of that name.
pub(super) fn text(name: &str) -> Option<String> {
    let file = Examples::get(&format!("{name}{ROOT}"))?;
    Some(String::from_utf8_lossy(&file.data).into_owned())
}
