//! What templates do with the holes that take several lines.

use tera::value::Key;
use tera::{Kwargs, State, Tera, Value};

/// Makes the filters known to the templates.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("doc", |lines: Vec<String>, _: Kwargs, _: &State<'_>| {
        comment("///", &lines)
    });
    tera.register_filter(
        "inner_doc",
        |lines: Vec<String>, _: Kwargs, _: &State<'_>| comment("//!", &lines),
    );
    tera.register_filter(
        "has_pii",
        |members: Vec<Value>, _: Kwargs, _: &State<'_>| members.iter().any(is_pii),
    );
    tera.register_filter("label", |name: String, _: Kwargs, _: &State<'_>| {
        format!("{:?}", name.trim_start_matches("r#"))
    });
}

/// Whether a member of a struct is personal data.
fn is_pii(member: &Value) -> bool {
    let pii = member
        .as_map()
        .and_then(|fields| fields.get(&Key::Str("pii")));
    pii.and_then(Value::as_bool).unwrap_or(false)
}

/// Lines of a comment, which begin with `mark`.
fn comment(mark: &str, lines: &[String]) -> String {
    let lines = lines.iter().map(|line| format!("{mark} {line}"));
    let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
