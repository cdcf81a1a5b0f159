//! The program around agents: reads configuration, builds values, passes them down, waits, drains.

mod cli;
mod commands;
mod failure;

use std::{collections::BTreeMap, fmt, path::PathBuf, process::ExitCode, sync::Arc};

use agent_conversation::{Agents, Speaker};
use clap::Parser;
use config_schema::{Config, File, Loaded, Sources, load};
use tokio::runtime::Builder;

use self::{
    cli::{Cli, Command, Exit, Settings},
    commands::Origin,
    failure::Failure,
};
use crate::{
    cast::TeamSource,
    protocol::{Answer, Job},
    worker::Consider,
};

/// Makes the agents of one call from its job, on the call's thread.
pub type MakeAgents = Arc<dyn Fn(&Job) -> Agents + Send + Sync>;

/// The program: reads the command line, the configuration and the environment, does what it is told, and says how it
/// ended. Its agents are those that the configuration describes.
#[must_use]
pub fn run() -> ExitCode {
    Program::new().run()
}

/// A program around agents of one's own: it has the command line, the configuration and all else of `colloquy-agent`.
#[derive(Clone, Default)]
pub struct Program {
    agents: Option<MakeAgents>,
    consider: Option<Consider>,
}

impl Program {
    /// A program whose agents are those that the configuration describes, and that takes each job it has a slot for.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with agents written in Rust, made for each call from its [`Job`]: what the dispatch said, whom it is
    /// about. What of an agent is left open is as the configuration says. Called on the call's thread.
    #[must_use]
    pub fn agents(self, make: impl Fn(&Job) -> Agents + Send + Sync + 'static) -> Self {
        Self { agents: Some(Arc::new(make)), ..self }
    }

    /// The same, and each job that is offered is looked at before it is answered: taken, and how the agent appears; left
    /// to another worker; or ended, so that nobody takes it. Asked only while a slot is free, which the job then holds.
    ///
    /// It is called on the worker's own thread: it may wait, for `worker.answer_timeout_ms` at most, and must not block.
    /// A job that it has not decided by then, or over which it panics, is left to another worker.
    #[must_use]
    pub fn on_request<F>(self, decide: impl Fn(Job) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self { consider: Some(Arc::new(move |job| Box::pin(decide(job)))), ..self }
    }

    /// Does what the command line says, and tells how it ended.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match perform(&Cli::parse(), self) {
            Ok(()) => Exit::Done.into(),
            Err(failure) => {
                say_error(&failure.to_string());
                failure.exit().into()
            }
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("agents", &self.agents.is_some())
            .field("on_request", &self.consider.is_some())
            .finish()
    }
}

fn perform(cli: &Cli, program: Program) -> Result<(), Failure> {
    let command = cli.command.as_ref();
    let environment = config_schema::environment();
    let (loaded, file) = read(&cli.settings, command, &environment)?;
    if cli.print_config {
        say(&loaded.effective.to_string());
        return Ok(());
    }
    let Some(command) = command else { return Ok(()) };
    let (agents_at, preferred) = (loaded.config.agents.clone(), preferences(Some(command)));
    let Program { agents, consider } = program;
    let origin = || match agents {
        Some(agents) => Ok(Origin::Program(agents)),
        None => read_team(&cli.settings, agents_at, file, preferred, environment.clone()),
    };
    agent_rtc::install_crypto();
    // One thread for the worker itself; calls have their own.
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    runtime.block_on(async {
        match command {
            Command::Start { fail_fast, supervised } => {
                let origin = origin()?;
                commands::start(loaded, origin, consider, *fail_fast, *supervised).await
            }
            Command::Dev => {
                commands::dev(&loaded, &cli.settings, || configs(&cli.settings, command, &environment)).await
            }
            Command::Connect { room, identity } => {
                let origin = origin()?;
                Box::pin(commands::connect(loaded, origin, room, identity)).await
            }
            Command::Console { input, output } => {
                let files = input.clone().zip(output.clone());
                let show = |who, text: &str| say(&line(who, text));
                let origin = origin()?;
                commands::console(loaded, origin, files, show).await
            }
            Command::Check => {
                let origin = origin()?;
                commands::check(loaded, &origin).map(|found| say(&found))
            }
            Command::Playground { bind, assets } => commands::playground(loaded, *bind, assets.clone()).await,
        }
    })
}

/// The configuration's file as it was read: name, text.
type ReadFile = Option<(String, String)>;

/// Reads the configuration.
fn read(
    settings: &Settings,
    command: Option<&Command>,
    environment: &BTreeMap<String, String>,
) -> Result<(Loaded, ReadFile), Failure> {
    let read = match &settings.config {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|source| Failure::File { path: path.clone(), source })?;
            Some((path.display().to_string(), text))
        }
        None => None,
    };
    let file = read.as_ref().map(|(name, text)| File { name, text });
    let preferences = preferences(command);
    let environment = Some(environment);
    let loaded = load(&Sources { preferences, file, environment, arguments: &settings.set })?;
    Ok((loaded, read))
}

/// The configurations that the files give now, the worker's own first and those of agents after it; nothing while they
/// are wrong.
fn configs(
    settings: &Settings,
    command: &Command,
    environment: &BTreeMap<String, String>,
) -> Option<Vec<Config>> {
    let (loaded, file) = read(settings, Some(command), environment).ok()?;
    let at = loaded.config.agents.clone();
    let origin = read_team(settings, at, file, preferences(Some(command)), environment.clone()).ok()?;
    let agents = match origin {
        Origin::Files { team, .. } => team.agents.into_values().map(|agent| agent.config).collect(),
        Origin::Configuration | Origin::Program(_) => Vec::new(),
    };
    Some(std::iter::once(loaded.config).chain(agents).collect())
}

/// Reads the agents' files, if the configuration names a folder of them.
fn read_team(
    settings: &Settings,
    agents: config_schema::Agents,
    file: ReadFile,
    preferences: &'static [(&'static str, &'static str)],
    environment: BTreeMap<String, String>,
) -> Result<Origin, Failure> {
    let Some(folder) = agents.folder else { return Ok(Origin::Configuration) };
    let source = TeamSource {
        folder: PathBuf::from(folder),
        entry: agents.entry,
        file,
        preferences,
        environment,
        arguments: settings.set.clone(),
    };
    let team = source.read()?;
    Ok(Origin::Files { source, team })
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
            Command::Start { .. } | Command::Connect { .. } | Command::Check | Command::Playground { .. },
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
