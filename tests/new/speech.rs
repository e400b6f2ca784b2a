//! What `new` says when it did what was asked, and how loud.

use crate::place::{Done, Place};

fn said(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let place = Place::new();
    let mut command = place.command();
    for name in [
        "CARGO_TERM_COLOR",
        "CARGO_TERM_QUIET",
        "CARGO_TERM_VERBOSE",
        "NO_COLOR",
    ] {
        command.env_remove(name);
    }
    let variables = variables.iter().copied();
    command.args(arguments).envs(variables);
    let done = Done::of(&mut command);
    done.succeeds();
    String::from_utf8_lossy(&done.output.stderr).into_owned()
}

const HELLO: [&str; 3] = ["new", "hello", "--no-git"];

#[test]
fn the_next_step_is_said() {
    let expected = "     Created system `hello` with 2 services in hello\n        \
                    Next cd hello && cargo run\n";
    assert_eq!(said(&HELLO, &[]), expected);
    // A path that a shell would take apart is quoted, and one is not sent to where one is.
    let odd = said(&["new", "it's my system", "--no-git"], &[]);
    assert!(
        odd.ends_with("Next cd 'it'\\''s my system' && cargo run\n"),
        "{odd}"
    );
    assert!(said(&["new", ".", "--no-git"], &[]).ends_with("Next cargo run\n"));
}

#[test]
fn it_is_as_loud_as_one_asks() {
    let quiet = ["new", "hello", "--no-git", "--quiet"];
    assert_eq!(said(&quiet, &[]), "");
    assert_eq!(said(&HELLO, &[("CARGO_TERM_QUIET", "true")]), "");
    let loud = ["new", "hello", "--no-git", "-v"];
    for said in [
        said(&loud, &[]),
        said(&HELLO, &[("CARGO_TERM_VERBOSE", "true")]),
    ] {
        assert!(
            said.contains("    Creating hello/services/greeter/Cargo.toml\n"),
            "{said}"
        );
    }
}

#[test]
fn colours_are_used_where_they_are_asked_for() {
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        said(arguments, variables).contains('\u{1b}')
    };
    let with = |when| ["new", "hello", "--no-git", "--color", when];
    // The test is no terminal.
    assert!(!coloured(&HELLO, &[]));
    assert!(coloured(&with("always"), &[]));
    assert!(coloured(&with("always"), &[("NO_COLOR", "1")]));
    assert!(coloured(&HELLO, &[("CARGO_TERM_COLOR", "always")]));
    assert!(!coloured(&with("never"), &[("CARGO_TERM_COLOR", "always")]));
    assert!(!coloured(&with("auto"), &[("CARGO_TERM_COLOR", "always")]));
}

#[test]
fn what_is_left_is_listed() {
    let said = said(&["new", "shop", "--example", "shop", "--no-git"], &[]);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].contains("system `shop` with 5 services"), "{said}");
    let left = lines.iter().filter(|line| line.contains("Left for you"));
    let left: Vec<_> = left.collect();
    let [line] = left[..] else {
        panic!("{said}");
    };
    assert!(line.contains(" decisions"), "{line}");
    assert!(line.ends_with(": `cargo test` lists what"), "{line}");
}
