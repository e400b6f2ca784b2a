//! `docs/first-hour.md` leads where it says: a newcomer's commands run and show what stands there, and
//! the code that is written in between compiles, passes and refuses.
#![cfg(unix)]

mod running {
    pub mod system;
}
mod walk;
mod workspace;

use std::process::Command;

use running::system::System;
use tempfile::TempDir;
use walk::page::{Block, read};
use walk::place::put;
use workspace::InTurn;

/// Where the walk begins: a folder with the description, where `cargo microdb` makes the workspace.
fn begun(description: &str, commands: &[(String, String)]) -> InTurn {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("bank.toml"), description).unwrap();
    let [(new, shown), (into, _)] = commands else {
        panic!("a workspace is made and entered: {commands:?}");
    };
    assert_eq!(into, "cd bank");
    let arguments = new.strip_prefix("cargo ").unwrap().split(' ');
    let mut program = Command::new(env!("CARGO_BIN_EXE_cargo-microdb"));
    let said = said(program.args(arguments).current_dir(folder.path()));
    assert_eq!(&said, shown, "`{new}`");
    InTurn::of(&folder.path().join("bank"))
}

/// What a command prints and says.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let both = [output.stdout, output.stderr].concat();
    let said = anstream::adapter::strip_str(&String::from_utf8_lossy(&both)).to_string();
    assert!(output.status.success(), "{command:?} failed\n{said}");
    said
}

/// In a shell whose variables stay for the next command.
fn in_shell(bank: &InTurn, system: Option<&System<'_>>, command: &str) -> String {
    let command = match system {
        Some(system) => system.with_ports(command),
        None => command.to_owned(),
    };
    let script =
        "set -a -o pipefail; touch variables; . ./variables; eval \"$1\"; export -p >variables";
    let mut shell = Command::new("bash");
    shell.args(["-e", "-c", script, "bash", &command]);
    said(bank.with_cargo(&mut shell))
}

/// Looks for lines in a text, in any order, with anything for `…`.
fn find(shown: &str, said: &str) {
    for line in shown.lines() {
        let found = said.lines().any(|said| is_like(said.trim(), line.trim()));
        assert!(found, "this is not said:\n{line}\nbut:\n{said}");
    }
}

fn is_like(said: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = said.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    rest.is_empty() || last == Some("")
}

#[test]
fn the_walk_leads_where_it_says() {
    let mut blocks = read().into_iter();
    let (Some(Block::Description(description)), Some(Block::Commands(commands))) =
        (blocks.next(), blocks.next())
    else {
        panic!("it begins with a description");
    };
    let bank = begun(&description, &commands);
    let mut system = None;
    for block in blocks {
        match block {
            Block::Description(_) => panic!("there is one description"),
            Block::Code { file, text } => put(&bank.path().join(file), &text),
            Block::Commands(commands) => {
                for (command, shown) in commands {
                    if command == "cargo run" {
                        system = Some(System::start(&bank));
                        continue;
                    }
                    find(&shown, &in_shell(&bank, system.as_ref(), &command));
                }
            }
        }
    }
    assert!(system.is_some(), "the system is started");
    bank.cargo(&["fmt", "--check"]);
}
