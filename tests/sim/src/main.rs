//! `tests-sim`: plays scenario files, and says how fast.
#![expect(clippy::print_stderr, reason = "what it prints is what it is for")]

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use tests_sim::{Scenario, Stage, bench, read, story::Story};

/// Plays conversations under virtual time.
#[derive(Parser)]
#[command(name = "tests-sim")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays scenario files and prints what came out, a JSON object a line, with a verdict for each file.
    /// Exit status: 1 if one failed, 2 if one cannot be read.
    Run {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Prints only the verdicts.
        #[arg(long)]
        quiet: bool,
    },
    /// Plays scenario files again and again on one core and prints how many conversations that is in a second.
    Bench {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// How long each is played, in seconds of the wall's clock.
        #[arg(long, default_value_t = 0.5)]
        seconds: f64,
    },
    /// Plays a scenario file and prints the journal of its turn machine.
    Journal {
        /// The file.
        file: PathBuf,
    },
    /// Makes a scenario of a call from its journal: the same people at the same times, with other words.
    Retell {
        /// The journal.
        file: PathBuf,
        /// How much earlier or later than in the call things may come, in seconds.
        #[arg(long, default_value_t = 0.05)]
        within: f64,
    },
    /// Decides a call again from its journal and prints the orders of the turn machine.
    Replay {
        /// The journal.
        file: PathBuf,
    },
}

/// The exit status when a scenario failed.
const FAILED: u8 = 1;
/// The exit status when a file was not played.
const WRONG: u8 = 2;

fn main() -> ExitCode {
    match act(Arguments::parse().command) {
        Ok(status) => ExitCode::from(status),
        // Whoever reads the output has had enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(WRONG),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(WRONG)
        }
    }
}

fn act(command: Command) -> io::Result<u8> {
    let stage = Stage::new()?;
    let mut out = BufWriter::new(io::stdout().lock());
    let status = match command {
        Command::Run { files, quiet } => run(&stage, &files, quiet, &mut out),
        Command::Bench { files, seconds } => {
            measure(&stage, &files, Duration::try_from_secs_f64(seconds).unwrap_or_default(), &mut out)
        }
        Command::Journal { file } => journal(&stage, &file, &mut out),
        Command::Replay { file } => replay(&file, &mut out),
        Command::Retell { file, within } => {
            retell(&file, Duration::try_from_secs_f64(within).unwrap_or_default(), &mut out)
        }
    }?;
    out.flush()?;
    Ok(status)
}

fn run(stage: &Stage, files: &[PathBuf], quiet: bool, out: &mut impl Write) -> io::Result<u8> {
    let mut status = 0;
    for file in files {
        let Some(scenario) = open(file) else {
            status = WRONG;
            continue;
        };
        let (played, verdict) = stage.check(&scenario);
        let name = file.display().to_string();
        if !quiet {
            for event in &played.events {
                writeln!(out, "{}", event.to_json(&name))?;
            }
        }
        writeln!(out, "{}", verdict.to_json(&name))?;
        if !verdict.is_ok() {
            status = status.max(FAILED);
        }
    }
    Ok(status)
}

fn measure(stage: &Stage, files: &[PathBuf], span: Duration, out: &mut impl Write) -> io::Result<u8> {
    let mut status = 0;
    let (mut conversations, mut took) = (0, Duration::ZERO);
    writeln!(out, "{:<48} {:>8} {:>14} {:>12}", "scenario", "events", "conversations", "a second")?;
    for file in files {
        let Some(scenario) = open(file) else {
            status = WRONG;
            continue;
        };
        let measured = bench::measure(stage, &scenario, span);
        conversations += measured.conversations;
        took += measured.took;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let (events, n, rate) = (measured.events, measured.conversations, measured.rate());
        writeln!(out, "{name:<48} {events:>8} {n:>14} {rate:>12.0}")?;
    }
    if !took.is_zero() {
        let rate = f64::from(conversations) / took.as_secs_f64();
        writeln!(out, "{:<48} {:>8} {conversations:>14} {rate:>12.0}", "all, for the same time each", "")?;
    }
    Ok(status)
}

fn journal(stage: &Stage, file: &Path, out: &mut impl Write) -> io::Result<u8> {
    let Some(scenario) = open(file) else { return Ok(WRONG) };
    for line in stage.play(&scenario.script).journal {
        writeln!(out, "{line}")?;
    }
    Ok(0)
}

fn replay(file: &Path, out: &mut impl Write) -> io::Result<u8> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return Ok(refuse(file, &error)),
    };
    match agent_turn::journal::replay(text.lines()) {
        Ok(replay) => {
            for line in replay.lines() {
                writeln!(out, "{line}")?;
            }
            Ok(0)
        }
        Err(error) => Ok(refuse(file, &error)),
    }
}

fn retell(file: &Path, within: Duration, out: &mut impl Write) -> io::Result<u8> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return Ok(refuse(file, &error)),
    };
    match Story::read(text.lines()) {
        Ok(story) => {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            out.write_all(story.retell(&name, within).as_bytes())?;
            Ok(0)
        }
        Err(error) => Ok(refuse(file, &error)),
    }
}

fn refuse(file: &Path, error: &dyn std::error::Error) -> u8 {
    eprintln!("error: {}: {error}", file.display());
    WRONG
}

fn open(file: &Path) -> Option<Scenario> {
    read(file).inspect_err(|error| eprintln!("error: {error}")).ok()
}
