//! Random valid descriptions: what is generated from each compiles without a word, and its tests pass.

mod random;

use anstream::adapter::strip_str;
use cargo_microdb::description;
use cargo_microdb::diagnostics::{Diagnostic, human};
use cargo_microdb::source::Sources;
use cargo_microdb::validation::{Options, Valid, validate};
use random::{Axes, description as describe, pairwise, some_axes};

/// What a description means, or what is said against it.
fn read(text: &str) -> (Result<Valid, Vec<Diagnostic>>, Sources) {
    let mut sources = Sources::literal([("microdb.toml", text)]);
    let (description, found) = description::read(&mut sources);
    if !found.is_empty() {
        return (Err(found), sources);
    }
    (validate(&description, &Options::default()), sources)
}

#[test]
fn dump() {
    let folder = std::path::Path::new("/tmp/h3/d");
    std::fs::create_dir_all(folder).unwrap();
    for batch in 0..20 {
        let mut groups: Vec<Axes> = match batch {
            0 => pairwise(),
            _ => (0..10).map(|n| some_axes(batch * 100 + n)).collect(),
        };
        loop {
            let text = describe(batch, &groups);
            if read(&text).0.is_ok() {
                std::fs::write(folder.join(format!("{batch}.toml")), text).unwrap();
                break;
            }
            groups.pop();
        }
        println!("{batch} {}", groups.len());
    }
}
