//! Load on a real LiveKit server and a real worker: CPU, memory, latency, gaps, barge-in, as a table.
//!
//! For each number of rooms a new server and a new worker are started, so that memory is counted from the same floor.
//! Every caller is a client of our own making in a room of its own, sends audio all the time, speaks, waits for the
//! answer, speaks over every third one and coughs over another third. What is measured is the worker's process and what
//! reaches the caller.
#![expect(clippy::print_stdout, reason = "the table is the product of this program")]

mod caller;
mod figures;
mod gaps;
mod servers;
mod speech;
mod splice;

use std::{path::PathBuf, process::ExitCode, rc::Rc, time::Duration};

use clap::Parser;
use providers_core::SampleRate;
use providers_fake::Sound;
use tokio::{task::LocalSet, time::Instant};

use crate::{
    caller::{CallPlan, CallResult},
    figures::{Percentiles, Row},
    servers::{LiveKit, Worker},
    speech::Speech,
    splice::Tape,
};

/// Load on a real LiveKit server and a real worker.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many rooms at once; one row of the table each.
    #[arg(default_values_t = [1, 10, 40])]
    rooms: Vec<usize>,
    /// The worker's binary, `colloquy-agent`.
    #[arg(long)]
    worker: PathBuf,
    /// The server's binary, `livekit-server`.
    #[arg(long)]
    livekit_server: PathBuf,
    /// The worker's configuration.
    #[arg(long, default_value = "config/examples/bench.toml")]
    config: PathBuf,
    /// How long each number of rooms is held, in seconds, once all are there.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// What configured waits and providers take of every answer, in milliseconds; the rest is ours. With bench.toml: voice
    /// activity 250, recogniser 150, mind 300 (it begins before the endpoint, at 500), voice 100.
    #[arg(long, default_value_t = 800)]
    expected_ms: u64,
    /// The configured least duration of an interruption, in milliseconds.
    #[arg(long, default_value_t = 500)]
    interruption_ms: u64,
    /// How long a reply lasts, in milliseconds.
    #[arg(long, default_value_t = 3_000)]
    reply_ms: u64,
    /// After how much silence an answer goes on that was interrupted without words, in milliseconds.
    #[arg(long, default_value_t = 2_000)]
    false_interruption_ms: u64,
    /// Print one JSON object a row instead of the table.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    agent_rtc::install_crypto();
    match LocalSet::new().run_until(run(&arguments)).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every caller was served as they should be, at each number of rooms.
async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let speech = Rc::new(Speech::spoken("what is the weather in tokyo tomorrow")?);
    let mut rows = Vec::new();
    for &rooms in &arguments.rooms {
        rows.push(stage(arguments, rooms, &speech).await?);
    }
    if arguments.json {
        rows.iter().for_each(|row| println!("{}", row.json()));
    } else {
        println!("{}", Row::table(&rows));
    }
    Ok(rows.iter().all(Row::is_whole))
}

/// One row: a new server, a new worker, so many callers for so long.
async fn stage(arguments: &Arguments, rooms: usize, speech: &Rc<Speech>) -> Result<Row, Failure> {
    let folder = tempfile::tempdir()?;
    let livekit = LiveKit::start(&arguments.livekit_server, folder.path()).await?;
    let worker = Worker::start(&arguments.worker, &arguments.config, &livekit, folder.path()).await?;
    let idle = worker.usage()?;
    let plan = Rc::new(CallPlan {
        url: livekit.url(),
        agent: worker.agent().to_owned(),
        speech: Rc::clone(speech),
        reply: Duration::from_millis(arguments.reply_ms),
        false_interruption: Duration::from_millis(arguments.false_interruption_ms),
    });
    let until = Instant::now() + SETTLE + Duration::from_secs(arguments.seconds);
    let callers: Vec<_> = (0..rooms)
        .map(|number| tokio::task::spawn_local(caller::call(Rc::clone(&plan), number, until)))
        .collect();
    tokio::time::sleep(SETTLE).await;
    let (before, server_before) = (worker.usage()?, livekit.usage()?);
    let began = Instant::now();
    tokio::time::sleep_until(until - LAST_MOMENTS).await;
    let (after, server_after) = (worker.usage()?, livekit.usage()?);
    let wall = began.elapsed();
    let mut results: Vec<CallResult> = Vec::new();
    for caller in callers {
        results.push(caller.await.map_err(|error| Failure::Caller(error.to_string()))??);
    }
    let seen = worker.mean_reply_latency().await;
    let splices = Splices::of(results.iter().flat_map(|result| &result.coughed_over));
    let each = |pick: fn(&CallResult) -> &Vec<Duration>, expected: u64| {
        Percentiles::of(results.iter().flat_map(pick).copied(), Duration::from_millis(expected))
    };
    Ok(Row {
        rooms,
        agents: results.iter().filter(|result| result.subscribed.is_some()).count(),
        turns: results.iter().map(|result| result.turns).sum(),
        unanswered: results.iter().map(|result| result.unanswered).sum(),
        gaps: results.iter().map(|result| result.gaps).sum(),
        longest_gap: results.iter().map(|result| result.longest_gap).max().unwrap_or_default(),
        cpu_percent_a_room: after.cpu_since(&before) / wall.as_secs_f64() / rooms as f64 * 100.0,
        server_cpu_percent_a_room: server_after.cpu_since(&server_before) / wall.as_secs_f64() / rooms as f64
            * 100.0,
        rss_kib_a_room: after.rss_kib.saturating_sub(idle.rss_kib) / rooms as u64,
        idle_rss_kib: idle.rss_kib,
        registered: worker.registered_after(),
        subscribed: Percentiles::of(results.iter().filter_map(|result| result.subscribed), Duration::ZERO),
        answered: each(|result| &result.answered, 0),
        added_latency: each(|result| &result.answered, arguments.expected_ms),
        barge_in: each(|result| &result.silenced, arguments.interruption_ms),
        coughs: splices.coughs,
        resumed: splices.resumed,
        worst_splice_ms: splices.worst_ms,
        unseen_latency_ms: mean(results.iter().flat_map(|result| &result.answered))
            .zip(seen)
            .map(|(heard, seen)| (heard.as_secs_f64() - seen.as_secs_f64()) * 1_000.0),
    })
}

/// How answers went on after coughs.
#[derive(Default)]
struct Splices {
    coughs: usize,
    resumed: usize,
    worst_ms: f64,
}

impl Splices {
    fn of<'a>(tapes: impl Iterator<Item = &'a Tape>) -> Self {
        let rate = SampleRate::new(splice::RATE).unwrap_or(SampleRate::HEARING);
        let sweep = SWEEP.one_second(rate);
        let mut all = Self::default();
        for tape in tapes {
            all.coughs += 1;
            if let Some(splice) = tape.splice(&sweep) {
                all.resumed += 1;
                if splice.lost_ms.abs() > all.worst_ms.abs() {
                    all.worst_ms = splice.lost_ms;
                }
            }
        }
        all
    }
}

fn mean<'a>(values: impl Iterator<Item = &'a Duration>) -> Option<Duration> {
    let values: Vec<&Duration> = values.collect();
    let n = u32::try_from(values.len()).ok().filter(|n| *n > 0)?;
    Some(values.into_iter().sum::<Duration>() / n)
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{name} is not healthy after {limit:?}; its last lines:\n{log}")]
    Unhealthy { name: &'static str, limit: Duration, log: String },
    #[error("flite cannot speak the caller's words: {0} (apt-get install flite)")]
    Voice(String),
    #[error("the caller's codec: {0}")]
    Codec(#[from] opus::Error),
    #[error("the caller's WAV file: {0}")]
    Wav(#[from] hound::Error),
    #[error("the caller's token: {0}")]
    Token(#[from] livekit_token::AccessTokenError),
    #[error("a caller cannot join: {0}")]
    Join(#[from] agent_rtc::JoinError),
    #[error("a caller lost its room: {0}")]
    Lost(String),
    #[error("a caller ended early: {0}")]
    Caller(String),
}

/// What the worker's scripted voice says, with the pitch of bench.toml.
const SWEEP: Sound = Sound::Sweep { from: 440, to: 3_140, peak: 8_192 };

/// All callers are there and past their first turn when measuring begins.
const SETTLE: Duration = Duration::from_secs(18);

/// Measuring ends before the first caller leaves.
const LAST_MOMENTS: Duration = Duration::from_secs(2);
