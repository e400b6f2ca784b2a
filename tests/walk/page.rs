//! What a reader is told to do.

use std::fs;
use std::path::Path;

/// A block between two texts.
pub enum Block {
    /// To be saved.
    Description(String),
    /// To be run, each with what it says.
    Commands(Vec<(String, String)>),
    /// What stands in a file, or is to be written there.
    Code {
        /// Its path in the workspace.
        file: String,
        /// The function, without the line that names the file.
        text: String,
    },
}

/// All of them, in order.
pub fn read() -> Vec<Block> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/first-hour.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks: Vec<_> = page.split("```").skip(1).step_by(2).map(block).collect();
    assert!(blocks.len() > 8, "{page}");
    blocks
}

fn block(text: &str) -> Block {
    let (language, text) = text.split_once('\n').unwrap();
    match language {
        "toml" => Block::Description(text.to_owned()),
        "console" => Block::Commands(text.split("$ ").skip(1).map(command).collect()),
        "rust" => {
            let (file, text) = text.split_once('\n').unwrap();
            let file = file.strip_prefix("// ").expect("a comment names the file");
            let (file, text) = (file.to_owned(), text.to_owned());
            Block::Code { file, text }
        }
        other => panic!("nobody knows what to do with `{other}`"),
    }
}

fn command(text: &str) -> (String, String) {
    let (command, shown) = text.split_once('\n').unwrap_or((text, ""));
    (command.to_owned(), shown.to_owned())
}
