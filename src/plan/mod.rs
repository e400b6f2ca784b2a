//! What is to be rendered: path, template, view and class of every file.

pub mod layout;
pub mod names;
pub mod types;
pub mod uses;
