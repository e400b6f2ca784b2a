//! What stood in a place when cargo compiled it.
//!
//! Cargo compiles again what is newer than its artifact, which it keeps by the name of the package. Where
//! systems take turns in one place, files that come back as they were are therefore as old as they were.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The files of each package as they were last placed, by the package's name; how old they are counts.
pub struct Placed {
    folder: PathBuf,
}

impl Placed {
    /// Those that a folder remembers.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Makes the folder `place` what `fresh` is.
    pub fn replace(&self, place: &Path, fresh: &Path) {
        if place.is_dir() {
            self.forget_changed(place, &self.folder);
        }
        self.mirror(fresh, place, &self.folder);
    }

    /// What is known of the files in a folder of a place: a package is known wherever it is.
    fn of(&self, place: &Path, known: PathBuf) -> PathBuf {
        let manifest = fs::read_to_string(place.join("Cargo.toml")).unwrap_or_default();
        let package = manifest.split_once("[package]\nname = \"");
        match package.and_then(|(_, rest)| rest.split_once('"')) {
            Some((name, _)) => self.folder.join("packages").join(name),
            None => known,
        }
    }

    /// Forgets what somebody has changed since it was placed: cargo may have compiled that.
    fn forget_changed(&self, place: &Path, known: &Path) {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            let known = known.join(path.file_name().unwrap());
            if path.is_dir() {
                self.forget_changed(&path, &self.of(&path, known));
            } else if age(&path) != age(&known) {
                let _ = fs::remove_file(known);
            }
        }
    }

    fn mirror(&self, from: &Path, to: &Path, known: &Path) {
        fs::create_dir_all(to).unwrap();
        fs::create_dir_all(known).unwrap();
        for entry in fs::read_dir(to).unwrap() {
            let path = entry.unwrap().path();
            let now = from.join(path.file_name().unwrap());
            match path.is_dir() {
                true if !now.is_dir() => fs::remove_dir_all(&path).unwrap(),
                false if !now.is_file() => fs::remove_file(&path).unwrap(),
                _ => {}
            }
        }
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap();
            let (to, known) = (to.join(name), known.join(name));
            match path.is_dir() {
                true => self.mirror(&path, &to, &self.of(&path, known)),
                false => place(&path, &to, &known),
            }
        }
    }
}

/// Writes a file, as old as what is known of it when it is the same.
fn place(from: &Path, to: &Path, known: &Path) {
    let content = fs::read(from).unwrap();
    if fs::read(known).ok().as_ref() != Some(&content) {
        fs::write(known, &content).unwrap();
    }
    if age(to) == age(known) {
        return;
    }
    fs::write(to, &content).unwrap();
    let file = File::options().write(true).open(to).unwrap();
    file.set_modified(age(known).unwrap()).unwrap();
}

/// When a file was last written.
fn age(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}
