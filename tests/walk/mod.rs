//! A walk that a page leads.

pub mod page;
pub mod place;
