//! A reader of users' Rust: which functions and imports a file has, and what they mention.

mod imports;
mod mentions;

use std::collections::BTreeSet;
use std::ops::Range;

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, ImplItem, Item, ItemImpl};

pub use imports::{Import, lines as import_lines};

/// What a file has.
#[derive(Debug, Default)]
pub struct Source {
    /// Its implementations of traits.
    pub impls: Vec<Implementation>,
    /// All of its functions, those of implementations and of inner modules among them.
    pub functions: Vec<Function>,
    /// What it imports.
    pub imports: Vec<Import>,
    /// What its inner modules import.
    pub inner_imports: Vec<Import>,
    /// The line behind its imports at the top, from 0.
    pub behind_imports: usize,
    /// The line where its tests begin, or that behind its last one.
    pub before_tests: usize,
}

/// An implementation of a trait.
#[derive(Debug)]
pub struct Implementation {
    /// The trait's name, without its path.
    pub of: String,
    /// Its functions.
    pub functions: Vec<Function>,
    /// Its lines, from 0.
    pub lines: Range<usize>,
}

/// A function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its signature, as tokens.
    pub signature: String,
    /// Its lines, comments of documentation among them, from 0.
    pub lines: Range<usize>,
    /// The names that it mentions.
    pub mentions: BTreeSet<String>,
    /// The types that it makes by listing all of their members.
    pub makes: BTreeSet<String>,
    /// The types whose variants it matches on.
    pub matches: BTreeSet<String>,
}

impl Source {
    /// Reads a file; `None` when it is not Rust.
    pub fn read(text: &str) -> Option<Self> {
        let file = syn::parse_file(text).ok()?;
        let mut source = Self {
            before_tests: text.lines().count(),
            ..Self::default()
        };
        for item in &file.items {
            match item {
                Item::Use(_) => source.behind_imports = lines(item.span()).end,
                Item::Mod(module) if is_for_tests(&module.attrs) => {
                    source.before_tests = lines(item.span()).start;
                }
                _ => {}
            }
        }
        source.items(&file.items, false);
        Some(source)
    }

    fn items(&mut self, items: &[Item], is_inner: bool) {
        for item in items {
            match item {
                Item::Fn(function) => {
                    let function = self::function(&function.sig, item.span(), function);
                    self.functions.push(function);
                }
                Item::Impl(implementation) => self.implementation(implementation),
                Item::Mod(module) => {
                    if let Some((_, items)) = &module.content {
                        self.items(items, true);
                    }
                }
                Item::Use(import) => {
                    let imports = match is_inner {
                        true => &mut self.inner_imports,
                        false => &mut self.imports,
                    };
                    imports.extend(imports::leaves(&import.tree));
                }
                _ => {}
            }
        }
    }

    fn implementation(&mut self, implementation: &ItemImpl) {
        let functions = implementation.items.iter().filter_map(|item| match item {
            ImplItem::Fn(it) => Some(function(&it.sig, item.span(), it)),
            _ => None,
        });
        let functions: Vec<Function> = functions.collect();
        self.functions.extend(functions.iter().cloned());
        let name = implementation.trait_.as_ref();
        if let Some(of) = name.and_then(|(_, path, _)| path.segments.last()) {
            self.impls.push(Implementation {
                of: of.ident.to_string(),
                functions,
                lines: lines(implementation.span()),
            });
        }
    }
}

fn function(signature: &syn::Signature, span: Span, all: &impl ToTokens) -> Function {
    let tokens = all.to_token_stream();
    let mentions::Mentions {
        names,
        makes,
        matches,
    } = mentions::of(tokens);
    Function {
        name: signature.ident.to_string(),
        signature: signature.to_token_stream().to_string(),
        lines: lines(span),
        mentions: names,
        makes,
        matches,
    }
}

/// The lines of a span, from 0.
fn lines(span: Span) -> Range<usize> {
    span.start().line.saturating_sub(1)..span.end().line
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .meta
                .to_token_stream()
                .to_string()
                .contains("test")
    })
}
