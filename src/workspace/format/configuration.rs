//! Where rustfmt is configured.

use std::env;
use std::path::{Path, PathBuf};

/// The names of its configuration, in the order in which it looks for them.
const NAMES: [&str; 2] = [".rustfmt.toml", "rustfmt.toml"];

/// The configuration that is in force for a folder: the nearest above it, that of the user's home, or
/// that among the user's configurations, as rustfmt looks for it. `None` leaves its own style.
pub(super) fn of(folder: &Path) -> Option<PathBuf> {
    let above = folder.ancestors().map(Path::to_owned);
    let mut folders = above.chain(env::home_dir()).chain(configurations());
    folders.find_map(|folder| {
        let files = NAMES.map(|name| folder.join(name));
        files.into_iter().find(|file| file.is_file())
    })
}

/// The folder of rustfmt's among the user's configurations.
fn configurations() -> Option<PathBuf> {
    let folder = match env::consts::OS {
        "windows" => env::var_os("APPDATA").map(PathBuf::from),
        "macos" => env::home_dir().map(|home| home.join("Library/Application Support")),
        _ => match env::var_os("XDG_CONFIG_HOME").map(PathBuf::from) {
            Some(folder) if folder.is_absolute() => Some(folder),
            _ => env::home_dir().map(|home| home.join(".config")),
        },
    };
    folder.map(|folder| folder.join("rustfmt"))
}
