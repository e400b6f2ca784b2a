//! The code of a workspace is formatted by the machine's rustfmt, as `cargo fmt` would there.

use std::fs;
use std::path::Path;

use crate::place::{Done, Place};

/// A file that templates make.
const FILE: &str = "hello/services/greeter/src/generated/service.rs";
/// One of the runtime's.
const RUNTIME: &str = "hello/platform/runtime/src/clock.rs";

fn text(place: &Place, path: &str) -> String {
    fs::read_to_string(place.path().join(path)).unwrap()
}

/// `new` with variables of the environment.
fn new_with(place: &Place, variables: &[(&str, &Path)]) -> Done {
    let mut command = place.command();
    command.args(["new", "hello", "--no-git"]);
    Done::of(command.envs(variables.iter().copied()))
}

#[test]
fn without_rustfmt_the_same_code_is_left_as_it_is() {
    let (place, with) = (Place::new(), Place::new());
    with.new_at("hello").succeeds();
    let done = new_with(&place, &[("PATH", Path::new("/nowhere"))]);
    done.succeeds();
    let said = done.said();
    let notes = said.lines().filter(|line| line.contains("rustfmt"));
    assert_eq!(notes.count(), 1, "{said}");
    let plain = |text: String| text.replace([' ', '\n', ','], "");
    assert_eq!(plain(text(&place, FILE)), plain(text(&with, FILE)));
}

#[test]
fn a_rustfmt_that_fails_is_said() {
    let place = Place::new();
    fs::write(place.path().join("rustfmt.toml"), "no_such_key = \"\n").unwrap();
    let done = place.new_at("hello");
    done.succeeds();
    let said = done.said();
    assert!(
        said.contains("warning: not all of the code is formatted: `rustfmt` failed"),
        "{said}"
    );
}

#[test]
fn it_is_configured_as_at_the_destination() {
    let above = Place::new();
    fs::write(above.path().join(".rustfmt.toml"), "hard_tabs = true\n").unwrap();
    above.new_at("hello").succeeds();
    let home = Place::new();
    fs::create_dir(home.path().join("rustfmt")).unwrap();
    fs::write(
        home.path().join("rustfmt/rustfmt.toml"),
        "hard_tabs = true\n",
    )
    .unwrap();
    new_with(
        &home,
        &[("XDG_CONFIG_HOME", &home.path()), ("HOME", &home.path())],
    )
    .succeeds();
    let places = match cfg!(target_os = "linux") {
        true => vec![above, home],
        false => vec![above],
    };
    for place in places {
        for file in [FILE, RUNTIME] {
            let text = text(&place, file);
            let lines = || text.lines().filter(|line| !line.starts_with("//"));
            let tabs = lines().filter(|line| line.starts_with('\t')).count();
            let spaces = lines().filter(|line| line.starts_with("    ")).count();
            assert!(
                tabs > 0 && spaces == 0,
                "{file}: {tabs} and {spaces}\n{text}"
            );
        }
    }
    let plain = Place::new();
    plain.new_at("hello").succeeds();
    assert!(!text(&plain, RUNTIME).contains('\t'));
}
