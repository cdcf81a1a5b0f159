//! `dev`: runs `start` as a child, and again whenever the configuration or the program changes.
//!
//! The child is stopped by the end of its standard input, which it also sees when this process dies.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, SystemTime},
};

use crate::start_logging;
use config_schema::Loaded;
use tokio::{
    process::{Child, ChildStdin, Command},
    time::{sleep, timeout},
};
use tracing::{info, warn};

use super::signals::Signals;
use crate::program::{cli::Settings, failure::Failure};

pub(in crate::program) async fn dev(loaded: &Loaded, settings: &Settings) -> Result<(), Failure> {
    loaded.require_credentials()?;
    start_logging(&loaded.config.logging)?;
    let program = std::env::current_exe().map_err(Failure::Child)?;
    let patience = loaded.config.worker.drain_timeout + loaded.config.worker.close_timeout + LEEWAY;
    let watched: Vec<PathBuf> = std::iter::once(program.clone()).chain(settings.config.clone()).collect();
    let mut signals = Signals::new(false)?;
    loop {
        let versions = versions(&watched);
        let mut child = spawn(&program, settings).map_err(Failure::Child)?;
        // Held here: waiting for a child closes the input that is still its own.
        let supervision = child.stdin.take();
        tokio::select! {
            () = signals.next() => {
                stop(child, supervision, patience).await;
                return Ok(());
            }
            () = changed(&watched, &versions) => {
                info!("changed; starting again");
                stop(child, supervision, patience).await;
            }
            ended = child.wait() => {
                warn!(status = ?ended.ok().and_then(|status| status.code()), "the agent ended; waiting for a change");
                tokio::select! {
                    () = signals.next() => return Ok(()),
                    () = changed(&watched, &versions) => {}
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

/// Resolves when a watched file is another than it was, and has stayed so for a moment: a program is not written at
/// once.
async fn changed(watched: &[PathBuf], before: &[Option<SystemTime>]) {
    let mut last = before.to_vec();
    loop {
        sleep(POLL).await;
        let now = versions(watched);
        let is_settled = now == last && now.iter().all(Option::is_some);
        if is_settled && now != before {
            return;
        }
        last = now;
    }
}

/// When each file was last written; `None` while it is not there.
fn versions(watched: &[PathBuf]) -> Vec<Option<SystemTime>> {
    watched.iter().map(|path| fs::metadata(path).and_then(|file| file.modified()).ok()).collect()
}

/// How often files are looked at: quicker than a person's hand goes back to the browser.
const POLL: Duration = Duration::from_millis(300);
/// What a child may need besides its own bounds.
const LEEWAY: Duration = Duration::from_secs(3);
