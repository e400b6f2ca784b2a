//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand};

use crate::edit::Kind;

/// Generates and keeps a workspace of microservices from a description of its bounded contexts.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-microdb",
    bin_name = "cargo microdb",
    version,
    arg_required_else_help = true,
    after_help = "Examples:\n  cargo microdb new shop --example shop      start from an example\n  cargo microdb new bank --from bank.toml    start from a description of your own"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Say nothing but errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more: every file that is written.
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// When to use colours [default: what `CARGO_TERM_COLOR` says, or auto].
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<ColorChoice>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a system: generate a workspace that runs.
    New(New),
    /// Add a service, an event, a field … to the workspace.
    Add(Add),
    /// Take a service, an event, a field … out of the workspace.
    Remove(Remove),
    /// Bring the workspace in line with its changed description.
    Sync(Sync),
    /// Show what `sync` would do, and what it would leave to you.
    Plan(Plan),
    /// Print what is missing in your files after a change of the description.
    Stub(Stub),
    /// Make files of the tool's your own.
    Eject(Eject),
    /// Print the completions for a shell.
    #[command(
        after_help = "Example:\n  cargo microdb completions bash > ~/.local/share/bash-completion/completions/cargo-microdb"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    #[command(after_help = "Example:\n  cargo microdb man | man -l -")]
    Man,
    /// Anything else.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// Where the workspace is.
#[derive(Debug, Args)]
pub struct Place {
    /// The `Cargo.toml` of the workspace, or of a crate in it [default: of the current folder].
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
}

/// What is added.
#[derive(Debug, Args)]
#[command(
    override_usage = "cargo microdb add [OPTIONS] <KIND> <NAME> [KEY=VALUE]...\n       cargo microdb add [OPTIONS] --from <FILE>",
    after_help = "The keys are those of the language: docs/reference.md.\n\nExamples:\n  cargo microdb add service billing owner=@shop/billing\n  cargo microdb add aggregate billing.Invoice fields.total=Money 'states=[\"open\", \"paid\"]'\n  cargo microdb add event loan.Paid of=Loan 'fields=[\"amount\"]'\n  cargo microdb add command loan.Pay updates=Loan emits=Paid\n  cargo microdb add policy billing.OpenWhenOrdered on=order.OrderPlaced then=OpenInvoice\n  cargo microdb add field customer.Customer.nickname 'string?'\n  cargo microdb add --from billing.toml            several at once: tables of microdb.toml"
)]
pub struct Add {
    /// The kind of what is added.
    #[arg(required_unless_present = "from")]
    pub kind: Option<Kind>,
    /// Its name: CONTEXT.NAME, for most kinds.
    #[arg(required_unless_present = "from")]
    pub name: Option<String>,
    /// Its keys.
    #[arg(value_name = "KEY=VALUE")]
    pub keys: Vec<String>,
    /// A file with tables of the description, to add all of them.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kind", "name", "keys"])]
    pub from: Option<PathBuf>,
    /// Where the workspace is.
    #[command(flatten)]
    pub place: Place,
}

/// What is removed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo microdb remove query customer.ByTier\n  cargo microdb remove service billing"
)]
pub struct Remove {
    /// The kind of what is removed.
    pub kind: Kind,
    /// Its name: CONTEXT.NAME, for most kinds.
    pub name: String,
    /// Where the workspace is.
    #[command(flatten)]
    pub place: Place,
}

/// What is planned.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo microdb plan                              what `sync` would do\n  cargo microdb plan --against git:main           what differs from the main branch\n  cargo microdb plan --message-format json        the same for programs"
)]
pub struct Plan {
    /// Compare with the description at a commit, a branch or a tag [default: with the lock].
    #[arg(long, value_name = "git:REF")]
    pub against: Option<String>,
    /// For whom.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub message_format: MessageFormat,
    /// Where the workspace is.
    #[command(flatten)]
    pub place: Place,
}

/// For whom something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum MessageFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// What is left to be written.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo microdb stub              print it, to be pasted\n  cargo microdb stub --write      put it into your files"
)]
pub struct Stub {
    /// Put it into your files.
    #[arg(long)]
    pub write: bool,
    /// Where the workspace is.
    #[command(flatten)]
    pub place: Place,
}

/// What becomes the user's.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cargo microdb eject compose.yaml\n\nThe tool never touches it again; `cargo microdb sync --discard-edits compose.yaml` gives it back."
)]
pub struct Eject {
    /// The files.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Where the workspace is.
    #[command(flatten)]
    pub place: Place,
}

/// How a workspace is brought in line.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo microdb sync                after a change of microdb.toml\n  cargo microdb sync --dry-run      look at what it would do\n  cargo microdb sync --check        in CI: exit 1 when something would change\n  cargo microdb sync --discard-edits services/loan/src/generated"
)]
pub struct Sync {
    /// Show what would change, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Write nothing, and exit 1 when something would change.
    #[arg(long, conflicts_with = "dry_run")]
    pub check: bool,
    /// Give up what was edited in this file or folder of the tool's; takes back what was ejected.
    #[arg(long, value_name = "PATH")]
    pub discard_edits: Vec<PathBuf>,
    /// Where the workspace is.
    #[command(flatten)]
    pub place: Place,
}

/// How a system is started.
#[derive(Debug, Args)]
#[command(
    override_usage = "cargo microdb new [OPTIONS] <PATH>\n       cargo microdb new --list",
    after_help = "Examples:\n  cargo microdb new hello                         the smallest example\n  cargo microdb new shop --example shop           a larger one\n  cargo microdb new bank --from bank.toml         a description of your own\n  cargo microdb new try --from bank.toml --embedded   the same, with nothing to install"
)]
pub struct New {
    /// Where the workspace goes: a path that does not exist yet, or an empty folder.
    #[arg(required_unless_present = "list")]
    pub path: Option<PathBuf>,
    /// The description to start from.
    #[arg(long, value_name = "FILE", conflicts_with = "example")]
    pub from: Option<PathBuf>,
    /// The example to start from [default: hello].
    #[arg(long, value_name = "NAME")]
    pub example: Option<String>,
    /// List the examples.
    #[arg(long, conflicts_with_all = ["path", "from", "example", "embedded", "no_git"])]
    pub list: bool,
    /// Put every context on SQLite and the broker into a file, whatever the description says.
    #[arg(long)]
    pub embedded: bool,
    /// Do not make a git repository.
    #[arg(long)]
    pub no_git: bool,
}
