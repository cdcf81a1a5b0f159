//! Facts and orders as lines of text: a journal is written by a live call and decided again on a desk.
//!
//! A line is a moment in milliseconds since the call began, a fact, and its values. What follows `#` is a remark. The
//! first line of a journal is the configuration; [`replay`] decides the call again from the lines alone.
//!
//! ```text
//!       0 config detection=voice min_delay=500 …
//!    2700 user.final 4          # four words that will not change
//!    3000 user.stopped 2500     # noticed at 3000; the speech ended at 2500
//!    3100 user2.started 3050    # somebody else than the linked speaker
//!    3200 reply.ready r1
//!    3500 timeout               # the shell asked whether a timer is due
//! ```
//!
//! | fact | values |
//! |---|---|
//! | `config` | all of it, each as `name=value`; times in ms, `off` for none |
//! | `user.joined` | `answered` or `heard_only` |
//! | `user.started` `user.lapsed` `user.stopped` | when it was, if that was not now |
//! | `user.revived` `user.recogniser_started` `user.recogniser_stopped` `user.patience` `user.typed` `user.left` | |
//! | `user.interim` `user.final` | how many words, and `foreseen` if a preflight transcript has said them |
//! | `user.preflight` | how many words |
//! | `user.judged` | the pause, and probability/threshold in thousandths, or `failed` |
//! | `user.overlap` | `undecided`, `interruption`, `backchannel`, `echo` or `side_speech` |
//! | `reply.ready` `reply.finished` `reply.silent` `reply.failed` `reply.returned` | the reply |
//! | `reply.called` | the reply, and how many functions |
//! | `playout.started` · `playout.progressed` `playout.finished` | the reply · and how many ms were heard |
//! | `told.say` `told.generate` | the request; `firm` if it is uninterruptible, `low` or `high`, `min_duration=`, `min_words=` |
//! | `told.stop` | `force` if also what is uninterruptible |
//! | `told.withdraw` | the request, and `force` |
//! | `told.commit` | the speaker, for how many ms a final transcript is awaited, and `unanswered` |
//! | `told.clear` | the speaker |
//! | `told.considered` | the turn, and `as_is`, `anew` or `not` |
//! | `told.profile` | as in `config` |
//! | `told.hold` `told.release` | |
//! | `told.budget` | `left` or `spent` |
//! | `told.drain` `told.close` | the reason |

use std::{fmt, str::SplitWhitespace, time::Duration};

use crate::{Config, Input, Moment, SpeakerId, UserFact};

mod facts;
mod names;
mod orders;
mod replaying;
mod settings;

pub use replaying::{Replay, ReplayError, replay};

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// The call began with this configuration.
    Began(Box<Config>),
    /// A fact was handled.
    Fact(Input),
    /// `handle_timeout` was called.
    Timeout,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineError {
    /// It does not begin with a moment.
    NoMoment,
    /// It names no fact that is known.
    UnknownFact(String),
    /// A value is missing, or is not of the fact's kind.
    WrongValue(String),
    /// There is more after the last value.
    TooMuch(String),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMoment => f.write_str("the line does not begin with a moment in milliseconds"),
            Self::UnknownFact(fact) => write!(f, "unknown fact `{fact}`"),
            Self::WrongValue(fact) => write!(f, "a value of `{fact}` is missing or wrong"),
            Self::TooMuch(rest) => write!(f, "`{rest}` is more than the fact has"),
        }
    }
}

impl std::error::Error for LineError {}

/// One line, without its end.
#[must_use]
pub fn write(at: Moment, entry: Entry) -> String {
    match entry {
        Entry::Began(config) => format!("{} config {}", Millis(at.0), settings::All(&config)),
        Entry::Fact(input) => format!("{} {}", Millis(at.0), facts::Fact { at, input }),
        Entry::Timeout => format!("{} timeout", Millis(at.0)),
    }
}

/// Reads one line; `None` when it is empty or only a remark.
pub fn parse(line: &str) -> Result<Option<(Moment, Entry)>, LineError> {
    let text = line.split('#').next().unwrap_or_default();
    let mut words = text.split_whitespace();
    let Some(moment) = words.next() else { return Ok(None) };
    let at = Moment(millis(moment).ok_or(LineError::NoMoment)?);
    let name = words.next().ok_or_else(|| LineError::UnknownFact(String::new()))?;
    let entry = match name {
        "timeout" => Entry::Timeout,
        "config" => {
            let config = settings::read_all(&mut words).map_err(|key| wrong(&format!("config {key}")))?;
            Entry::Began(Box::new(config))
        }
        _ => Entry::Fact(facts::read(name, at, &mut words)?),
    };
    match words.next() {
        Some(rest) => Err(LineError::TooMuch(rest.to_owned())),
        None => Ok(Some((at, entry))),
    }
}

fn wrong(name: &str) -> LineError {
    LineError::WrongValue(name.to_owned())
}

/// Milliseconds with up to six decimals, exact to the nanosecond.
fn millis(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let nanos: u64 = format!("{fraction:0<6}").parse().ok()?;
    Duration::from_millis(whole.parse().ok()?).checked_add(Duration::from_nanos(nanos))
}

/// A duration as milliseconds, with as many decimals as it needs.
pub(crate) struct Millis(pub(crate) Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.subsec_nanos() % 1_000_000;
        let text = if nanos == 0 {
            self.0.as_millis().to_string()
        } else {
            let decimals = format!("{nanos:06}");
            format!("{}.{}", self.0.as_millis(), decimals.trim_end_matches('0'))
        };
        f.pad(&text)
    }
}

/// The name of a fact about a speaker: `user.` for the linked one, `user2.` and so on for others.
fn speaker_of(name: &str) -> Option<(SpeakerId, &str)> {
    let (who, what) = name.strip_prefix("user")?.split_once('.')?;
    match who {
        "" => Some((SpeakerId::LINKED, what)),
        // One way to write each: no sign, no leading zero, and not 1.
        _ if who.starts_with(['0', '+']) || who == "1" => None,
        _ => Some((SpeakerId(who.parse().ok()?), what)),
    }
}

/// The next value as a number after its letter, as in `r12`.
fn number(value: Option<&str>, letter: char) -> Option<u32> {
    let digits = value?.strip_prefix(letter)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Whether the last value is this word; `None` when it is another.
fn flag(words: &mut SplitWhitespace<'_>, name: &str) -> Option<bool> {
    words.next().map_or(Some(false), |text| (text == name).then_some(true))
}

/// The words of facts that carry nothing.
const PLAIN: [(&str, UserFact); 6] = [
    ("revived", UserFact::SpeechRevived),
    ("recogniser_started", UserFact::RecogniserStarted),
    ("recogniser_stopped", UserFact::RecogniserStopped),
    ("patience", UserFact::PatienceAsked),
    ("typed", UserFact::Typed),
    ("left", UserFact::Left),
];

#[cfg(test)]
mod tests;
