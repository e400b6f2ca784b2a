//! Runs that are ended at any instant: there is nothing, or a whole workspace.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::place::{Place, is_hello};

/// How many instants are tried, spread over the time that a run writes.
const INSTANTS: u32 = 20;

fn start(place: &Place, path: &str) -> Child {
    let mut command = place.command();
    command.args(["new", path, "--no-git"]);
    command.stderr(Stdio::null()).spawn().unwrap()
}

fn send(signal: &str, child: &Child) {
    let id = child.id().to_string();
    let status = Command::new("kill").args(["-s", signal, &id]).status();
    assert!(status.is_ok_and(|status| status.success()), "no `kill`");
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Ends a run `delay` after it began to write in `folder`; whether it was caught at that.
fn catch(child: &mut Child, folder: &Path, delay: Duration, end: impl Fn(&mut Child)) -> bool {
    let begun = Instant::now();
    while names(folder).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never wrote");
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_micros(100));
    }
    std::thread::sleep(delay);
    let running = child.try_wait().unwrap().is_none();
    if running {
        end(child);
    }
    child.wait().unwrap();
    running
}

/// How long an undisturbed run writes.
fn writing(path: &str, folder: impl Fn(&Place) -> std::path::PathBuf) -> Duration {
    let place = Place::new();
    fs::create_dir_all(folder(&place)).unwrap();
    let mut child = start(&place, path);
    while names(&folder(&place)).is_empty() {
        std::thread::sleep(Duration::from_micros(100));
    }
    let begun = Instant::now();
    child.wait().unwrap();
    begun.elapsed()
}

#[test]
fn a_killed_run_leaves_nothing_or_a_whole_workspace() {
    let span = writing("hello", Place::path);
    let mut caught = 0;
    for instant in 0..INSTANTS {
        let place = Place::new();
        let mut child = start(&place, "hello");
        let delay = span * instant / INSTANTS;
        caught += u32::from(catch(&mut child, &place.path(), delay, |child| {
            child.kill().unwrap();
        }));
        let left = names(&place.path());
        match left.iter().any(|name| name == "hello") {
            true => assert_eq!(left, ["hello"]),
            // What is left is hidden, and goes with the next run.
            false => {
                assert!(
                    left.iter().all(|name| name.starts_with(".hello.microdb-")),
                    "{left:?}"
                );
                place.new_at("hello").succeeds();
                assert_eq!(names(&place.path()), ["hello"]);
            }
        }
        is_hello(&place.path().join("hello"));
    }
    assert!(caught > INSTANTS / 4, "only {caught} runs were caught");
}

#[test]
fn a_killed_run_in_an_empty_folder_is_begun_anew_or_ended_by_the_next() {
    let folder = |place: &Place| place.path().join("hello");
    let span = writing("hello", folder);
    for instant in 0..INSTANTS {
        let place = Place::new();
        let folder = folder(&place);
        fs::create_dir(&folder).unwrap();
        let mut child = start(&place, "hello");
        let delay = span * instant / INSTANTS;
        catch(&mut child, &folder, delay, |child| child.kill().unwrap());
        let next = place.new_at("hello");
        if next.output.status.code() != Some(0) {
            next.refuses("`hello` is not empty");
        }
        is_hello(&folder);
    }
}

#[test]
fn a_run_that_is_asked_to_end_leaves_nothing_or_a_whole_workspace() {
    for signal in ["INT", "TERM"] {
        let span = writing("a/hello", Place::path);
        for instant in 0..INSTANTS / 2 {
            let place = Place::new();
            let mut child = start(&place, "a/hello");
            let delay = span * instant / (INSTANTS / 2);
            catch(&mut child, &place.path(), delay, |child| {
                send(signal, child)
            });
            match names(&place.path()).is_empty() {
                true => {}
                false => {
                    assert_eq!(names(&place.path()), ["a"]);
                    is_hello(&place.path().join("a/hello"));
                }
            }
        }
    }
}

#[test]
fn two_runs_to_one_path_do_not_mix() {
    for _ in 0..10 {
        let place = Place::new();
        let mut children = [start(&place, "hello"), start(&place, "hello")];
        let codes = children
            .each_mut()
            .map(|child| child.wait().unwrap().code());
        assert!(codes.contains(&Some(0)), "{codes:?}");
        assert!(
            codes.iter().all(|code| matches!(code, Some(0 | 2))),
            "{codes:?}"
        );
        assert_eq!(names(&place.path()), ["hello"]);
        is_hello(&place.path().join("hello"));
    }
}
