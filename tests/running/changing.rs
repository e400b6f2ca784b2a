//! What becomes of a system's data when its description changes before the first release.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::newcomer::all;
use super::system::{Site, System};
use crate::workspace::InTurn;

const HELLO: &str = include_str!("../../examples/hello/microdb.toml");

/// A query, and an event that is told by nobody yet.
const SEARCHED: &str = "
[contexts.greeter.queries.ByName]
of = \"Greeting\"
by = [\"name\"]

[contexts.greeter.events.Waved]
of = \"Greeting\"
";

/// What `cargo run` says when it sets databases aside.
const SET_ASIDE: &str = "are set aside in";

/// Queries and new events leave the data where it is; what fits no longer is set aside, all of it together,
/// and can be had back.
pub fn data_follows_the_description(hello: &InTurn) {
    let mut system = System::start(hello);
    greet(&system, "Ada");
    entered(&system, &["Ada"]);

    let searched = format!("{HELLO}{SEARCHED}");
    change(&mut system, hello, &searched);
    assert_eq!(system.said(SET_ASIDE), None);
    entered(&system, &["Ada"]);
    let url = format!("{}/greetings/by-name?name=Ada", system.url("greeter"));
    let mut page = ureq::get(&url).call().unwrap();
    let page: Value = page.body_mut().read_json().unwrap();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{page}");

    let noted = searched.replacen("fields.name ", "fields.note = \"text?\"\nfields.name ", 1);
    hello.describe(&noted);
    let refused = system.start_another();
    assert!(
        refused.contains("is in use by another `cargo run`"),
        "{refused}"
    );
    entered(&system, &["Ada"]);
    change(&mut system, hello, &noted);
    let said = system.said(SET_ASIDE).expect("what was done is said");
    assert!(
        said.contains("`greeter`") && said.contains("set-aside-1"),
        "{said}"
    );
    let folder = system.data().join("set-aside-1");
    for name in ["README", "greeter.db", "guestbook.db", "broker.db"] {
        assert!(folder.join(name).exists(), "{name}");
    }
    begins_anew(&system, "Bob");

    change(&mut system, hello, &searched);
    begins_anew(&system, "Cy");
    system.interrupt();
    get_back(&folder, system.data());
    system.start_again();
    assert_eq!(system.said(SET_ASIDE), None);
    entered(&system, &["Ada"]);
    greet(&system, "Dan");
    entered(&system, &["Ada", "Dan"]);
}

/// An event that carries something else is what others cannot read: all begins anew, though no row is
/// another.
pub fn events_are_read_as_they_were_told(hello: &InTurn) {
    let mut system = System::start(hello);
    greet(&system, "Ada");
    entered(&system, &["Ada"]);
    let moody = HELLO.replacen(
        "[contexts.greeter.events.Greeted]\n",
        "[contexts.greeter.events.Greeted]\nown.mood = \"string\"\n",
        1,
    );
    change(&mut system, hello, &moody);
    let said = system.said(SET_ASIDE).expect("what was done is said");
    assert!(
        said.contains("`greeter`") && !said.contains("`guestbook`"),
        "{said}"
    );
    begins_anew(&system, "Bob");
    system.interrupt();
    system.start_again_with(&["--reset"]);
    let said = system.said(SET_ASIDE).expect("what was done is said");
    assert!(
        said.contains("`--reset` asks") && said.contains("set-aside-2"),
        "{said}"
    );
    begins_anew(&system, "Cy");
}

/// Ends the system, changes its description, and starts it on the data that it left.
fn change(system: &mut System<'_>, workspace: &InTurn, description: &str) {
    system.interrupt();
    workspace.describe(description);
    system.start_again();
}

/// Nothing is there; what is done reaches the other service, and nothing stands still.
fn begins_anew(system: &System<'_>, name: &str) {
    entered(system, &[]);
    greet(system, name);
    entered(system, &[name]);
    for service in system.services() {
        let said = system.command(&format!("hello-{service}"), &["dead-letters", "list"]);
        assert_eq!(said, "0 dead letters\n", "{service}");
    }
}

fn greet(system: &System<'_>, name: &str) {
    let url = format!("{}/greetings", system.url("greeter"));
    system.until(&format!("{name} is greeted"), || {
        ureq::post(&url).send_json(json!({ "name": name })).ok()
    });
}

/// The guestbook has these names.
fn entered(system: &System<'_>, names: &[&str]) {
    system.until(&format!("the guestbook has {names:?}"), || {
        let entries = all(&system.url("guestbook"), "entries")?;
        let mut found: Vec<&str> = entries
            .iter()
            .filter_map(|it| it["name"].as_str())
            .collect();
        found.sort_unstable();
        (found == names).then_some(())
    });
}

/// Does what the README in a folder of databases that were set aside says.
fn get_back(folder: &Path, data: &Path) {
    let files = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.display().to_string().contains(".db"))
            .collect()
    };
    for path in files(data) {
        fs::remove_file(path).unwrap();
    }
    for path in files(folder) {
        fs::rename(&path, data.join(path.file_name().unwrap())).unwrap();
    }
}
