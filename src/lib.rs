//! `cargo microdb`: from a description of bounded contexts to a workspace of microservices.
//!
//! The pipeline, one folder a stage:
//! `source` reads files, `description` parses them into a spanned raw form, `validation` turns
//! that into a `model`, `plan` says what is to be rendered, `render` fills the embedded templates,
//! `workspace` writes. `diagnostics` carries what any of them has to say; `commands` compose them.

pub mod description;
pub mod diagnostics;
pub mod model;
pub mod plan;
pub mod source;
