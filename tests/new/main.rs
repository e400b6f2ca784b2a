//! `cargo microdb new` on good days and bad ones, on a real file system.

mod cases;
mod disk;
mod formatting;
mod interrupted;
mod paths;
mod place;
mod speech;
