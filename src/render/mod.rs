//! Templates to files, in memory.
//!
//! The templates are inside the program. Those that end in `.tera` are filled in with the views of
//! the [`crate::plan`]; the runtime is copied as it is.

mod features;
mod filters;

use std::borrow::Cow;
use std::collections::BTreeSet;

use rust_embed::RustEmbed;
use tera::{Context, Tera};

use crate::plan::{Class, File};

use features::Unused;

/// The manifest of the runtime.
const MANIFEST: &str = "platform/Cargo.toml";

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

/// Renders the planned files, and adds the runtime with these of its features; sorted by path.
///
/// # Errors
/// When a template is broken or a view lacks something: a defect of the program.
pub fn render(files: &[File], used: &BTreeSet<&str>) -> Result<Vec<Rendered>, RenderError> {
    let tera = engine()?;
    let unused = Unused::without(used);
    let mut rendered = Vec::with_capacity(files.len() + 100);
    for file in files {
        rendered.push(fill(&tera, file)?);
    }
    rendered.extend(runtime(&unused));
    for manifest in rendered.iter_mut().filter(|file| file.path == MANIFEST) {
        strip(manifest, &unused)?;
    }
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

/// Leaves out of the runtime's manifest what is not used.
fn strip(manifest: &mut Rendered, unused: &Unused) -> Result<(), RenderError> {
    let text = String::from_utf8_lossy(&manifest.content);
    let text = unused.strip_manifest(&text).map_err(|error| RenderError {
        template: format!("{MANIFEST}.tera"),
        why: error.to_string(),
    })?;
    manifest.content = text.into_bytes();
    Ok(())
}

/// The runtime with its tests: plain Rust, of which every system gets what it uses.
fn runtime(unused: &Unused) -> impl Iterator<Item = Rendered> {
    let folders = ["platform/src/", "platform/tests/"];
    let is_of_it = move |path: &Cow<'_, str>| folders.iter().any(|folder| path.starts_with(folder));
    let sources = Templates::iter().filter(is_of_it);
    sources
        .filter(|path| !path.ends_with(".tera") && !unused.owns(path))
        .filter_map(|path: Cow<'_, str>| {
            Some(Rendered {
                content: source(&path, unused)?,
                path: path.into_owned(),
                class: Class::Managed,
            })
        })
}

fn source(path: &str, unused: &Unused) -> Option<Vec<u8>> {
    let data = Templates::get(path)?.data;
    match path.ends_with(".rs") {
        true => {
            let text = String::from_utf8_lossy(&data);
            Some(unused.strip_source(&text).into_bytes())
        }
        false => Some(data.into_owned()),
    }
}
