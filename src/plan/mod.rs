//! What is to be rendered: path, template, view and class of every file.

pub mod contract;
pub mod layout;
pub mod members;
pub mod names;
pub mod sample;
pub mod service;
pub mod sql;
pub mod types;
pub mod uses;
pub mod value;
