//! The command line of a service.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Service, ServiceError, migrations, serve};
use crate::config::{self, Config};
use platform_runtime::handler::dead_letters::QueueStatus;

/// A service and its tools.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGINT or SIGTERM; the default
    Serve {
        /// End as well when standard input ends: with whoever started it, however that ends
        #[arg(long)]
        until_stdin_closes: bool,
    },
    /// Bring the database up to date, and end
    Migrate {
        /// Say what is not applied yet, and change nothing; exit with 3 when the database was made for another
        /// description
        #[arg(long)]
        status: bool,
        /// Empty the database and the topics of the service first: for workspaces that were never released
        #[arg(long, conflicts_with = "status")]
        reset: bool,
    },
    /// Let a handler see all events again that are still kept
    Replay {
        /// The handler's id
        handler: String,
        /// Do again what a policy or an effect has done
        #[arg(long)]
        re_execute: bool,
    },
    /// Fill a replica anew, beside the rows that are read until it is done
    Rebuild {
        /// The handler's id
        handler: String,
    },
    /// What stands still: messages that could not be handled or sent, or wait for others
    #[command(subcommand)]
    DeadLetters(DeadLetters),
}

#[derive(Subcommand)]
enum DeadLetters {
    /// Show them
    List {
        /// Of this handler only; `outbox`: what the broker refuses
        handler: Option<String>,
    },
    /// Try the first of a key again, and those behind it
    Retry {
        /// The handler's id, or `outbox`
        handler: String,
        /// The key, as `list` shows it
        key: Uuid,
    },
    /// Give up the first of a key, and try those behind it
    Discard {
        /// The handler's id, or `outbox`
        handler: String,
        /// The key, as `list` shows it
        key: Uuid,
    },
}

/// The `main` of a service: reads the command line and the environment, and does what they say.
pub fn run(service: Service) -> ExitCode {
    ExitCode::from(run_from(service, std::env::args_os()))
}

/// The same with this command line, whose first word is the program's name; the status to exit with.
pub fn run_from(
    service: Service,
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> u8 {
    let cli = match parse(&service, arguments) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let command = cli.command.unwrap_or(Command::Serve {
        until_stdin_closes: false,
    });
    let broker = service.brokers.driver();
    let outcome = carry_out(service, command);
    broker.wait_for_ends();
    match outcome {
        Ok(()) => 0,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}

fn parse(
    service: &Service,
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<Cli, clap::Error> {
    let command = Cli::command()
        .name(service.context)
        .bin_name(service.context)
        .version(service.version)
        .about(format!(
            "The service `{}` of {}",
            service.context, service.system
        ))
        .after_help(config::help(service.context, service.servers()));
    Cli::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

fn carry_out(service: Service, command: Command) -> Result<(), ServiceError> {
    let config = Config::from_env(service.context, service.port, service.servers())?;
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServiceError::Threads)?;
    threads.block_on(async {
        match command {
            Command::Serve { until_stdin_closes } => {
                serve::serve(service, &config, until_stdin_closes).await
            }
            Command::Migrate { status: true, .. } => migrations::status(&service, &config).await,
            Command::Migrate { reset: true, .. } => migrations::reset(&service, &config).await,
            Command::Migrate { .. } => migrations::migrate(&service, &config).await,
            Command::Replay {
                handler,
                re_execute,
            } => replay(&service, &config, &handler, re_execute).await,
            Command::Rebuild { handler } => rebuild(&service, &config, &handler).await,
            Command::DeadLetters(command) => dead_letters(&service, &config, command).await,
        }
    })
}

async fn replay(
    service: &Service,
    config: &Config,
    handler: &str,
    re_execute: bool,
) -> Result<(), ServiceError> {
    let (_stop, stopped) = watch::channel(false);
    let (runtime, _) = service.open(config, stopped).await?;
    service
        .handlers
        .replay(&runtime, handler, re_execute)
        .await?;
    println!("asked for; the running service carries it out");
    Ok(())
}

async fn rebuild(service: &Service, config: &Config, handler: &str) -> Result<(), ServiceError> {
    let (_stop, stopped) = watch::channel(false);
    let (runtime, _) = service.open(config, stopped).await?;
    service.handlers.rebuild(&runtime, handler).await?;
    println!("asked for; the running service carries it out");
    Ok(())
}

async fn dead_letters(
    service: &Service,
    config: &Config,
    command: DeadLetters,
) -> Result<(), ServiceError> {
    let (_stop, stopped) = watch::channel(false);
    let (runtime, _) = service.open(config, stopped).await?;
    let handlers = &service.handlers;
    let settled = match command {
        DeadLetters::List { handler } => {
            let letters = handlers.dead_letters(&runtime, handler.as_deref()).await?;
            for letter in &letters {
                let why = letter
                    .failure
                    .as_deref()
                    .unwrap_or("waits behind the one before");
                println!(
                    "{} {} #{} {} since {}, tried {} times: {why}",
                    letter.handler,
                    letter.key,
                    letter.position,
                    letter.kind,
                    letter.since,
                    letter.attempts,
                );
            }
            println!("{} dead letters", letters.len());
            return Ok(());
        }
        DeadLetters::Retry { handler, key } => handlers.retry(&runtime, &handler, key).await?,
        DeadLetters::Discard { handler, key } => handlers.discard(&runtime, &handler, key).await?,
    };
    match settled {
        QueueStatus::Empty => println!("done: the key is free"),
        QueueStatus::StillFailing(why) => println!("still failing: {why}"),
        QueueStatus::UnderWay => println!("done: the running service goes on with it"),
    }
    Ok(())
}
