//! `dev`: runs `start` as a child, and again whenever the program, the configuration or a file that it names changes.
//! Agents' own files are followed by the child itself.
//!
//! The child is stopped by the end of its standard input, which it also sees when this process dies.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, SystemTime},
};

use crate::start_logging;
use config_schema::{Config, Loaded};
use tokio::{
    process::{Child, ChildStdin, Command},
    time::{sleep, timeout},
};
use tracing::{info, warn};

use super::signals::Signals;
use crate::program::{cli::Settings, failure::Failure};

/// `read` gives the configurations that the files have now, the worker's own first and those of agents after it; nothing
/// while they are wrong.
pub(in crate::program) async fn dev(
    loaded: &Loaded,
    settings: &Settings,
    read: impl Fn() -> Option<Vec<Config>>,
) -> Result<(), Failure> {
    loaded.require_credentials()?;
    start_logging(&loaded.config.logging)?;
    let program = std::env::current_exe().map_err(Failure::Child)?;
    let mut configs = vec![loaded.config.clone()];
    let mut signals = Signals::new(false)?;
    loop {
        configs = read().unwrap_or(configs);
        let patience = patience(&configs);
        let watched = Watched::new(&program, settings, &configs);
        let versions = watched.versions();
        let mut child = spawn(&program, settings).map_err(Failure::Child)?;
        // Held here: waiting for a child closes the input that is still its own.
        let supervision = child.stdin.take();
        tokio::select! {
            () = signals.next() => {
                stop(child, supervision, patience).await;
                return Ok(());
            }
            () = watched.changed(&versions) => {
                info!("changed; starting again");
                stop(child, supervision, patience).await;
            }
            ended = child.wait() => {
                warn!(status = ?ended.ok().and_then(|status| status.code()), "the agent ended; waiting for a change");
                tokio::select! {
                    () = signals.next() => return Ok(()),
                    () = watched.changed(&versions) => {}
                }
            }
        }
    }
}

fn spawn(program: &Path, settings: &Settings) -> io::Result<Child> {
    let mut command = Command::new(program);
    if let Some(config) = &settings.config {
        command.arg("--config").arg(config);
    }
    for setting in &settings.set {
        command.arg("--set").arg(setting);
    }
    command.args(["start", "--supervised"]).stdin(Stdio::piped()).kill_on_drop(true).spawn()
}

/// Asks a child to end, and ends it when it does not.
async fn stop(mut child: Child, supervision: Option<ChildStdin>, patience: Duration) {
    drop(supervision);
    if timeout(patience, child.wait()).await.is_err() {
        warn!(?patience, "the agent does not end; it is killed");
        // Dropping it kills it.
    }
}

/// How long a child may take to end: what its own configuration allows, and a little more.
fn patience(configs: &[Config]) -> Duration {
    let own = |config: &Config| config.worker.drain_timeout + config.worker.close_timeout;
    configs.first().map(own).unwrap_or_default() + LEEWAY
}

/// The files whose change is a reason to start again.
struct Watched {
    /// The program and its configuration: without them there is nothing to start.
    needed: Vec<PathBuf>,
    /// What the configuration names.
    named: Vec<PathBuf>,
}

/// When each file was last written; `None` while it is not there.
type Versions = Vec<Option<SystemTime>>;

impl Watched {
    fn new(program: &Path, settings: &Settings, configs: &[Config]) -> Self {
        Self {
            needed: std::iter::once(program.to_owned()).chain(settings.config.clone()).collect(),
            named: configs.iter().flat_map(named).collect(),
        }
    }

    fn versions(&self) -> Versions {
        let version = |path: &PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
        self.needed.iter().chain(&self.named).map(version).collect()
    }

    /// Resolves when a file is another than it was, and has stayed so for a moment: a program is not written at once.
    async fn changed(&self, before: &Versions) {
        let mut last = before.clone();
        loop {
            sleep(POLL).await;
            let now = self.versions();
            let is_whole = now.iter().take(self.needed.len()).all(Option::is_some);
            if is_whole && now == last && now != *before {
                return;
            }
            last = now;
        }
    }
}

/// The files that a configuration names, and that a worker reads once.
fn named(config: &Config) -> impl Iterator<Item = PathBuf> {
    let (audio, smart_turn) = (&config.audio, &config.turn.smart_turn);
    let files = [
        &config.livekit.ca_file,
        &config.llm.local.intents,
        &config.stt.local.whisper_weights,
        &audio.background,
        &audio.thinking,
        &smart_turn.model,
        &smart_turn.library,
    ];
    files.into_iter().flatten().map(PathBuf::from).collect::<Vec<_>>().into_iter()
}

/// How often files are looked at: quicker than a person's hand goes back to the browser.
const POLL: Duration = Duration::from_millis(300);
/// What a child may need besides its own bounds.
const LEEWAY: Duration = Duration::from_secs(3);
