//! Setting databases aside, as `cargo run` of a workspace does.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::aside::set_aside;
use crate::in_use::InUse;

/// A folder with these files, each of which holds its own name.
fn folder(files: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    add(folder.path(), files);
    folder
}

fn add(folder: &Path, files: &[&str]) {
    for name in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
}

/// The files of a folder, in order.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let mut names: Vec<String> = files
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn databases_go_with_what_belongs_to_them_and_with_nothing_else() {
    let data = folder(&[
        "loan.db",
        "loan.db-wal",
        "loan.db-turn",
        "loan-x.db",
        "notes.txt",
    ]);
    let gone = data.path().join("gone.db");
    let moved = set_aside(&[&data.path().join("loan.db"), &gone]).unwrap();
    let aside = data.path().join("set-aside-1");
    assert_eq!(moved, std::slice::from_ref(&aside));
    assert_eq!(
        files(&aside),
        ["README", "loan.db", "loan.db-turn", "loan.db-wal"]
    );
    assert_eq!(
        fs::read_to_string(aside.join("loan.db-wal")).unwrap(),
        "loan.db-wal"
    );
    assert_eq!(files(data.path()), ["loan-x.db", "notes.txt"]);
    assert_eq!(
        set_aside(&[&gone]).unwrap(),
        Vec::<std::path::PathBuf>::new()
    );
    add(data.path(), &["loan.db"]);
    let again = set_aside(&[&data.path().join("loan.db")]).unwrap();
    assert_eq!(again, [data.path().join("set-aside-2")]);
    assert_eq!(
        fs::read_to_string(aside.join("loan.db")).unwrap(),
        "loan.db"
    );
}

#[test]
fn who_is_interrupted_goes_on_where_it_was() {
    let data = folder(&["set-aside-1/README", "set-aside-2/broker.db", "loan.db"]);
    let [broker, loan] = ["broker.db", "loan.db"].map(|name| data.path().join(name));
    set_aside(&[&broker, &loan]).unwrap();
    let aside = data.path().join("set-aside-2");
    assert_eq!(files(&aside), ["README", "broker.db", "loan.db"]);
}

#[test]
fn nothing_is_moved_while_others_use_it() {
    let data = folder(&["loan.db"]);
    let loan = data.path().join("loan.db");
    let (one, other) = (
        InUse::folders_of([loan.as_path()].into_iter()),
        InUse::folders_of([loan.as_path()].into_iter()),
    );
    let refused = one.alone(|| Ok(())).unwrap_err();
    assert!(
        refused.contains("in use by another `cargo run`"),
        "{refused}"
    );
    drop(other);
    let done = one.alone(|| Ok(set_aside(&[&loan]).unwrap().len()));
    assert_eq!(done, Ok(1));
}
