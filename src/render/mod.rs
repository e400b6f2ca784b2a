//! Templates to files, in memory.
//!
//! The templates are inside the program. Those that end in `.tera` are filled in with the views of
//! the [`crate::plan`]; the runtime is copied as it is.

mod filters;

use std::borrow::Cow;
use std::collections::BTreeSet;

use rust_embed::RustEmbed;
use tera::{Context, Tera};

use crate::plan::{Class, File};

/// What the runtime's words mean, in every workspace.
const GLOSSARY: &str = "platform/README.md";

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Templates;

/// A file as it is to stand on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its path in the workspace, with slashes.
    pub path: String,
    /// Its class.
    pub class: Class,
    /// Its content.
    pub content: Vec<u8>,
}

/// A template that cannot be filled in: a defect of the program, not of a description.
#[derive(Debug)]
pub struct RenderError {
    /// The template.
    pub template: String,
    /// What is wrong with it.
    pub why: String,
}

impl std::fmt::Display for RenderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the template `{}` cannot be rendered: {}",
            self.template, self.why
        )
    }
}

impl std::error::Error for RenderError {}

/// Renders the planned files, and adds the sources of these crates of the runtime; sorted by path.
///
/// # Errors
/// When a template is broken or a view lacks something: a defect of the program.
pub fn render(files: &[File], crates: &BTreeSet<&str>) -> Result<Vec<Rendered>, RenderError> {
    let tera = engine()?;
    let mut rendered = Vec::with_capacity(files.len() + 100);
    for file in files {
        rendered.push(fill(&tera, file)?);
    }
    rendered.extend(runtime(crates));
    rendered.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(rendered)
}

fn engine() -> Result<Tera, RenderError> {
    let mut tera = Tera::new();
    tera.autoescape_on(Vec::<&str>::new());
    filters::register(&mut tera);
    let templates = Templates::iter().filter(|path| path.ends_with(".tera"));
    let texts: Vec<(String, String)> = templates
        .filter_map(|path| Some((path.to_string(), text(&path)?)))
        .collect();
    let pairs = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    tera.add_raw_templates(pairs).map_err(|error| RenderError {
        template: "*".to_owned(),
        why: reasons(&error),
    })?;
    Ok(tera)
}

fn text(path: &str) -> Option<String> {
    let file = Templates::get(path)?;
    Some(String::from_utf8_lossy(&file.data).into_owned())
}

fn fill(tera: &Tera, file: &File) -> Result<Rendered, RenderError> {
    let failed = |error: tera::Error| RenderError {
        template: file.template.clone(),
        why: reasons(&error),
    };
    let context = Context::from_serialize(&file.view).map_err(failed)?;
    let content = ended(tera.render(&file.template, &context).map_err(failed)?);
    Ok(Rendered {
        path: file.path.clone(),
        class: file.class,
        content: content.into_bytes(),
    })
}

/// The text with exactly one line end at its end.
fn ended(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn reasons(error: &dyn std::error::Error) -> String {
    let mut reasons = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        reasons.push_str(&format!(": {error}"));
        source = error.source();
    }
    reasons
}

/// The sources of these crates of the runtime, plain Rust, and its glossary, all as they stand.
fn runtime(crates: &BTreeSet<&str>) -> impl Iterator<Item = Rendered> {
    let folders: Vec<String> = crates
        .iter()
        .map(|name| format!("platform/{name}/src/"))
        .collect();
    let is_used = move |path: &Cow<'_, str>| {
        let mut folders = folders.iter();
        path == GLOSSARY || folders.any(|folder| path.starts_with(folder.as_str()))
    };
    let sources = Templates::iter().filter(is_used);
    sources.filter_map(|path: Cow<'_, str>| {
        Some(Rendered {
            content: Templates::get(&path)?.data.into_owned(),
            path: path.into_owned(),
            class: Class::Managed,
        })
    })
}
