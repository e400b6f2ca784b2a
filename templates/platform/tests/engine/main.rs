//! Every engine does what every engine has to do; and what is special about each.

mod conformance;
mod sqlite;
