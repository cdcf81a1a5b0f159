//! `colloquy-agent`: reads configuration, builds values, passes them down, waits, drains.

mod cli;
mod commands;
mod failure;

use std::process::ExitCode;

use agent_conversation::Speaker;
use clap::Parser;
use config_schema::{File, Loaded, Sources, load};
use tokio::runtime::Builder;

use crate::{
    cli::{Cli, Command, Exit, Settings},
    failure::Failure,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            say_error(&failure.to_string());
            failure.exit().into()
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    let command = cli.command.as_ref();
    let loaded = read(&cli.settings, command)?;
    if cli.print_config {
        say(&loaded.effective.to_string());
        return Ok(());
    }
    let Some(command) = command else { return Ok(()) };
    agent_rtc::install_crypto();
    // One thread for the worker itself; calls have their own.
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    runtime.block_on(async {
        match command {
            Command::Start { fail_fast, supervised } => {
                commands::start(loaded, *fail_fast, *supervised).await
            }
            Command::Dev => commands::dev(&loaded, &cli.settings).await,
            Command::Connect { room, identity } => commands::connect(loaded, room, identity).await,
            Command::Console { input, output } => {
                let files = input.clone().zip(output.clone());
                let show = |who, text: &str| say(&line(who, text));
                commands::console(loaded, files, show).await
            }
            Command::CheckConfig => {
                commands::check_config(&loaded).map(|()| say("the configuration is fine"))
            }
            Command::Playground { bind, assets } => commands::playground(loaded, *bind, assets.clone()).await,
        }
    })
}

/// Reads the configuration: the one place where this program opens the file and the environment.
fn read(settings: &Settings, command: Option<&Command>) -> Result<Loaded, Failure> {
    let environment = config_schema::environment();
    let name = settings.config.as_ref().map(|path| path.display().to_string());
    let text = match &settings.config {
        Some(path) => Some(
            std::fs::read_to_string(path).map_err(|source| Failure::File { path: path.clone(), source })?,
        ),
        None => None,
    };
    let file = name.as_deref().zip(text.as_deref()).map(|(name, text)| File { name, text });
    let preferences = preferences(command);
    Ok(load(&Sources { preferences, file, environment: Some(&environment), arguments: &settings.set })?)
}

/// What a command prefers where nobody says otherwise.
fn preferences(command: Option<&Command>) -> &'static [(&'static str, &'static str)] {
    match command {
        // A person waits for the restart, and reads the log.
        Some(Command::Dev | Command::Start { supervised: true, .. }) => &[
            ("logging.filter", "info,agent_worker=debug,agent_conversation=debug"),
            ("worker.drain_timeout_ms", "0"),
        ],
        // The conversation itself is what is printed.
        Some(Command::Console { .. }) => &[("logging.filter", "warn")],
        Some(
            Command::Start { .. }
            | Command::Connect { .. }
            | Command::CheckConfig
            | Command::Playground { .. },
        )
        | None => &[],
    }
}

/// A line of a conversation.
fn line(who: Speaker, text: &str) -> String {
    match who {
        Speaker::User => format!("user:  {text}"),
        Speaker::Agent => format!("agent: {text}"),
    }
}

#[expect(clippy::print_stdout, reason = "what was asked for is printed; everything else is logged")]
fn say(text: &str) {
    println!("{}", text.trim_end());
}

#[expect(clippy::print_stderr, reason = "logging may not have begun, and a person waits for the reason")]
fn say_error(text: &str) {
    eprintln!("colloquy-agent: {text}");
}
