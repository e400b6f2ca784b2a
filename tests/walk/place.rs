//! Where a reader writes what is shown.

use std::fs;
use std::path::Path;

/// Puts a function in the place of the one of its name, which may have attributes; a new one at the end of
/// its module, the last of the file.
pub fn put(file: &Path, function: &str) {
    let text = fs::read_to_string(file).unwrap();
    let new = match place(&text, function) {
        Some((start, end)) => format!("{}{function}{}", &text[..start], &text[end..]),
        None => {
            let module = text.strip_suffix("}\n").expect("a module at the end");
            format!("{module}\n{function}}}\n")
        }
    };
    fs::write(file, new).unwrap();
}

/// From where to where a text has the function.
fn place(text: &str, function: &str) -> Option<(usize, usize)> {
    // As it is shown, it stands there.
    if let Some(start) = text.find(function) {
        return Some((start, start + function.len()));
    }
    let name = function.lines().find(|line| line.starts_with("    fn "))?;
    // A decision and its test may share a name, but not the rest of the line.
    let head = text.find(&format!("{name}\n"))?;
    let before = text[..head].lines().rev();
    let attributes = before.take_while(|line| line.starts_with("    #["));
    let start = head - attributes.map(|line| line.len() + 1).sum::<usize>();
    let end = head + text[head..].find("\n    }\n")? + "\n    }\n".len();
    Some((start, end))
}
