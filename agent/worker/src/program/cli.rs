//! The command line: what may be asked of this program, and with what exit codes it answers.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

/// A voice agent for LiveKit rooms: registers with a server, takes jobs, joins rooms, listens and answers aloud.
#[derive(Debug, Parser)]
#[command(name = "colloquy-agent", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(in crate::program) struct Cli {
    #[command(flatten)]
    pub(in crate::program) settings: Settings,
    /// Print every setting in effect with where it came from, secrets masked, and end
    #[arg(long, global = true)]
    pub(in crate::program) print_config: bool,
    #[command(subcommand)]
    pub(in crate::program) command: Option<Command>,
}

/// Where settings come from, besides the environment.
#[derive(Clone, Debug, Args)]
pub(in crate::program) struct Settings {
    /// A configuration file (TOML); config/default.toml shows every setting
    #[arg(long, global = true, value_name = "FILE")]
    pub(in crate::program) config: Option<PathBuf>,
    /// One setting, over file and environment; may be repeated
    #[arg(long, global = true, value_name = "SECTION.KEY=VALUE")]
    pub(in crate::program) set: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::program) enum Command {
    /// Register with the server and take jobs until told to stop
    Start {
        /// End when the first registration fails, instead of trying until the server is there
        #[arg(long)]
        fail_fast: bool,
        /// Stop when standard input ends: how `dev` stops what it started
        #[arg(long, hide = true)]
        supervised: bool,
    },
    /// As start, with debug logs, and again from the beginning whenever the configuration or the program changes
    Dev,
    /// Join one room without having been asked by the server
    Connect {
        /// The room's name
        #[arg(long)]
        room: String,
        /// The name by which the others see the agent
        #[arg(long, default_value = "agent")]
        identity: String,
    },
    /// Talk without any server: through microphone and speaker, or from a file into a file
    Console {
        /// A WAV file that is heard in place of the microphone
        #[arg(long = "in", value_name = "FILE.wav", requires = "output")]
        input: Option<PathBuf>,
        /// A WAV file for what is said; needs --in
        #[arg(long = "out", value_name = "FILE.wav", requires = "input")]
        output: Option<PathBuf>,
    },
    /// Check configuration, agents and providers, and end: what would be found wrong only in a call is found here
    #[command(alias = "check-config")]
    Check,
    /// Serve a page on this machine for a first call from a browser
    Playground {
        /// Where the page is served; loopback addresses only
        #[arg(long, default_value = "127.0.0.1:8080")]
        bind: SocketAddr,
        /// The folder with livekit-client.umd.js
        #[arg(long, default_value = "backend/web/node_modules/livekit-client/dist")]
        assets: PathBuf,
    },
}

/// How this program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::program) enum Exit {
    /// All is done.
    Done = 0,
    /// It failed while it ran.
    Failed = 1,
    /// The configuration, or what it names, is wrong. (2 is clap's, for a wrong command line.)
    Configuration = 3,
    /// The server could not be reached, or refused.
    Server = 4,
    /// An address cannot be listened on.
    Listen = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done: drained, or the call is over
  1  failed while running
  2  wrong command line
  3  wrong configuration, or a provider that cannot be had
  4  the LiveKit server was not reached (with --fail-fast), or refused the key
  5  an address cannot be listened on (taken?)

Stopping: SIGTERM or Ctrl-C drains (no more jobs, running calls end by themselves within worker.drain_timeout_ms);
a second one ends the calls; a third one ends at once.";
