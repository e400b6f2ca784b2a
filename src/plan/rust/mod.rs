//! How names, types, values and comments are written in Rust.

pub mod comments;
pub mod expr;
mod imports;
pub mod names;
mod types;
mod values;

pub use expr::Expr;
pub use imports::{Imports, Module};
pub use types::{Place, Types, contract_crate, is_copy};
pub use values::{Spelling, Values, grouped};
