//! What templates do with the holes that take several lines.

use tera::{Kwargs, State, Tera};

/// Makes the filters known to the templates.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("doc", |lines: Vec<String>, _: Kwargs, _: &State<'_>| {
        comment("///", &lines)
    });
    tera.register_filter(
        "inner_doc",
        |lines: Vec<String>, _: Kwargs, _: &State<'_>| comment("//!", &lines),
    );
}

/// Lines of a comment, which begin with `mark`.
fn comment(mark: &str, lines: &[String]) -> String {
    let lines = lines.iter().map(|line| format!("{mark} {line}"));
    let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
