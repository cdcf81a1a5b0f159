//! Facts and orders as lines of text: a journal is written by a live call and decided again on a desk.
//!
//! A line is a moment in milliseconds since the call began, a fact, and its values. What follows `#` is a remark.
//!
//! ```text
//!    2700 user.final 4          # four words that will not change
//!    3000 user.stopped 2500     # noticed at 3000; the speech ended at 2500
//!    3200 reply.ready r1
//!    3500 timeout               # the shell asked whether a timer is due
//! ```
//!
//! | fact | values |
//! |---|---|
//! | `user.started` `user.lapsed` `user.stopped` | when it was, if that was not now |
//! | `user.revived` `user.typed` `user.left` | |
//! | `user.interim` `user.final` | how many words |
//! | `user.scored` | probability/threshold, in thousandths |
//! | `reply.ready` `reply.finished` `reply.silent` `reply.failed` `reply.called` `reply.returned` | the reply |
//! | `playout.started` · `playout.progressed` `playout.finished` | the reply · and how many ms were heard |
//! | `told.say` `told.generate` | the request, and `firm` if it is uninterruptible |
//! | `told.stop` | `force` if also what is uninterruptible |
//! | `told.close` | the reason |

use std::{fmt, str::SplitWhitespace, time::Duration};

use crate::{
    AgentState, CancelReason, CloseReason, Input, Moment, Output, PlayoutFact, ReplyCause, ReplyFact,
    ReplyId, RequestId, Score, SpeechKind, Suppression, Told, TurnEnd, TurnSource, UserFact, UserState,
};

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
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

/// One line of a journal.
#[must_use]
pub fn write(at: Moment, entry: Entry) -> String {
    match entry {
        Entry::Fact(input) => format!("{} {}", Millis(at.0), Fact { at, input }),
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
    let entry = if name == "timeout" { Entry::Timeout } else { Entry::Fact(fact(name, at, &mut words)?) };
    match words.next() {
        Some(rest) => Err(LineError::TooMuch(rest.to_owned())),
        None => Ok(Some((at, entry))),
    }
}

fn fact(name: &str, now: Moment, words: &mut SplitWhitespace<'_>) -> Result<Input, LineError> {
    let wrong = || LineError::WrongValue(name.to_owned());
    let mut value = || words.next();
    let moment =
        |value: Option<&str>| value.map_or(Some(now), |text| Some(Moment(millis(text)?))).ok_or_else(wrong);
    let count = |value: Option<&str>| value.and_then(|text| text.parse::<u32>().ok()).ok_or_else(wrong);
    let reply = |value: Option<&str>| number(value, 'r').map(ReplyId).ok_or_else(wrong);
    let length = |value: Option<&str>| value.and_then(millis).ok_or_else(wrong);
    Ok(match name {
        "user.started" => Input::User(UserFact::SpeechStarted { at: moment(value())? }),
        "user.lapsed" => Input::User(UserFact::SpeechLapsed { at: moment(value())? }),
        "user.revived" => Input::User(UserFact::SpeechRevived),
        "user.stopped" => Input::User(UserFact::SpeechStopped { at: moment(value())? }),
        "user.interim" => Input::User(UserFact::InterimHeard { words: count(value())? }),
        "user.final" => Input::User(UserFact::FinalHeard { words: count(value())? }),
        "user.scored" => {
            Input::User(UserFact::EndOfTurnScored { score: value().and_then(score).ok_or_else(wrong)? })
        }
        "user.typed" => Input::User(UserFact::Typed),
        "user.left" => Input::User(UserFact::Left),
        "reply.ready" => Input::Reply(reply(value())?, ReplyFact::Ready),
        "reply.finished" => Input::Reply(reply(value())?, ReplyFact::Finished { audible: true }),
        "reply.silent" => Input::Reply(reply(value())?, ReplyFact::Finished { audible: false }),
        "reply.failed" => Input::Reply(reply(value())?, ReplyFact::Failed),
        "reply.called" => Input::Reply(reply(value())?, ReplyFact::FunctionStarted),
        "reply.returned" => Input::Reply(reply(value())?, ReplyFact::FunctionFinished),
        "playout.started" => Input::Playout(reply(value())?, PlayoutFact::Started),
        "playout.progressed" => {
            Input::Playout(reply(value())?, PlayoutFact::Progressed { heard: length(value())? })
        }
        "playout.finished" => {
            Input::Playout(reply(value())?, PlayoutFact::Finished { heard: length(value())? })
        }
        "told.say" | "told.generate" => {
            let request = RequestId(number(value(), 'q').ok_or_else(wrong)?);
            let kind = if name == "told.say" { SpeechKind::Said } else { SpeechKind::Generated };
            let interruptible = !flag(value(), "firm").ok_or_else(wrong)?;
            Input::Told(Told::Speak { request, kind, interruptible })
        }
        "told.stop" => Input::Told(Told::Stop { force: flag(value(), "force").ok_or_else(wrong)? }),
        "told.close" => {
            let reason = value().and_then(CloseReason::parse).ok_or_else(wrong)?;
            Input::Told(Told::Close { reason })
        }
        _ => return Err(LineError::UnknownFact(name.to_owned())),
    })
}

fn number(value: Option<&str>, letter: char) -> Option<u32> {
    value?.strip_prefix(letter)?.parse().ok()
}

fn flag(value: Option<&str>, name: &str) -> Option<bool> {
    value.map_or(Some(false), |text| (text == name).then_some(true))
}

fn score(text: &str) -> Option<Score> {
    let (complete, threshold) = text.split_once('/')?;
    Some(Score { complete_permille: complete.parse().ok()?, threshold_permille: threshold.parse().ok()? })
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
struct Millis(Duration);

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

/// A fact as it stands in a line of the moment `at`.
struct Fact {
    at: Moment,
    input: Input,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.input {
            Input::User(UserFact::SpeechStarted { at }) => self.dated(f, "user.started", at),
            Input::User(UserFact::SpeechLapsed { at }) => self.dated(f, "user.lapsed", at),
            Input::User(UserFact::SpeechRevived) => f.write_str("user.revived"),
            Input::User(UserFact::SpeechStopped { at }) => self.dated(f, "user.stopped", at),
            Input::User(UserFact::InterimHeard { words }) => write!(f, "user.interim {words}"),
            Input::User(UserFact::FinalHeard { words }) => write!(f, "user.final {words}"),
            Input::User(UserFact::EndOfTurnScored { score }) => {
                write!(f, "user.scored {}/{}", score.complete_permille, score.threshold_permille)
            }
            Input::User(UserFact::Typed) => f.write_str("user.typed"),
            Input::User(UserFact::Left) => f.write_str("user.left"),
            Input::Reply(reply, ReplyFact::Ready) => write!(f, "reply.ready {reply}"),
            Input::Reply(reply, ReplyFact::Finished { audible: true }) => write!(f, "reply.finished {reply}"),
            Input::Reply(reply, ReplyFact::Finished { audible: false }) => write!(f, "reply.silent {reply}"),
            Input::Reply(reply, ReplyFact::Failed) => write!(f, "reply.failed {reply}"),
            Input::Reply(reply, ReplyFact::FunctionStarted) => write!(f, "reply.called {reply}"),
            Input::Reply(reply, ReplyFact::FunctionFinished) => write!(f, "reply.returned {reply}"),
            Input::Playout(reply, PlayoutFact::Started) => write!(f, "playout.started {reply}"),
            Input::Playout(reply, PlayoutFact::Progressed { heard }) => {
                write!(f, "playout.progressed {reply} {}", Millis(heard))
            }
            Input::Playout(reply, PlayoutFact::Finished { heard }) => {
                write!(f, "playout.finished {reply} {}", Millis(heard))
            }
            Input::Told(Told::Speak { request, kind, interruptible }) => {
                let name = match kind {
                    SpeechKind::Said => "say",
                    SpeechKind::Generated => "generate",
                };
                write!(f, "told.{name} {request}{}", if interruptible { "" } else { " firm" })
            }
            Input::Told(Told::Stop { force }) => {
                f.write_str(if force { "told.stop force" } else { "told.stop" })
            }
            Input::Told(Told::Close { reason }) => write!(f, "told.close {}", reason.name()),
        }
    }
}

impl Fact {
    fn dated(&self, f: &mut fmt::Formatter<'_>, name: &str, at: Moment) -> fmt::Result {
        if at == self.at { f.write_str(name) } else { write!(f, "{name} {}", Millis(at.0)) }
    }
}

impl CloseReason {
    /// The name used in journals and metrics: lower case, underscores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserLeft => "user_left",
            Self::Completed => "completed",
            Self::Shutdown => "shutdown",
            Self::Disconnected => "disconnected",
            Self::Error => "error",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let all = [Self::UserLeft, Self::Completed, Self::Shutdown, Self::Disconnected, Self::Error];
        all.into_iter().find(|reason| reason.name() == name)
    }
}

/// An order as a line of a timeline shows it, without its moment.
impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommitTurn { turn, source: TurnSource::Spoken, .. } => write!(f, "commit {turn}"),
            Self::CommitTurn { turn, source: TurnSource::Typed, .. } => write!(f, "commit {turn} typed"),
            Self::EndTurn { turn, end } => write!(f, "end {turn} {}", Shown(end)),
            Self::BeginReply { reply, cause, speculative } => {
                write!(f, "begin {reply} {}{}", Shown(cause), if *speculative { " speculative" } else { "" })
            }
            Self::ConfirmReply { reply, turn } => write!(f, "confirm {reply} {turn}"),
            Self::CancelReply { reply, reason } => write!(f, "cancel {reply} {}", Shown(reason)),
            Self::StartPlayout { reply } => write!(f, "start {reply}"),
            Self::PausePlayout { reply } => write!(f, "pause {reply}"),
            Self::ResumePlayout { reply } => write!(f, "resume {reply}"),
            Self::StopPlayout { reply } => write!(f, "stop {reply}"),
            Self::TruncateReply { reply, heard } => write!(f, "truncate {reply} {}", Millis(*heard)),
            Self::ShowAgent(state) => write!(f, "agent {}", Shown(state)),
            Self::ShowUser(state) => write!(f, "user {}", Shown(state)),
            Self::Close { reason } => write!(f, "close {}", reason.name()),
        }
    }
}

/// A value of an order, in the words of a timeline.
struct Shown<'a, T>(&'a T);

impl fmt::Display for Shown<'_, TurnEnd> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            TurnEnd::Replied(reply) => write!(f, "replied {reply}"),
            TurnEnd::Suppressed(Suppression::Superseded) => f.write_str("superseded"),
            TurnEnd::Suppressed(Suppression::Stopped) => f.write_str("stopped"),
            TurnEnd::Suppressed(Suppression::Failed) => f.write_str("failed"),
            TurnEnd::Suppressed(Suppression::TimedOut) => f.write_str("timed_out"),
            TurnEnd::Suppressed(Suppression::Empty) => f.write_str("empty"),
            TurnEnd::Closed => f.write_str("closed"),
        }
    }
}

impl fmt::Display for Shown<'_, ReplyCause> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ReplyCause::Turn => f.write_str("turn"),
            ReplyCause::Functions { of, step } => write!(f, "functions {of} step {step}"),
            ReplyCause::Requested(request) => write!(f, "{request}"),
        }
    }
}

impl fmt::Display for Shown<'_, CancelReason> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            CancelReason::Outdated => "outdated",
            CancelReason::Interrupted => "interrupted",
            CancelReason::Stopped => "stopped",
            CancelReason::TimedOut => "timed_out",
            CancelReason::Closed => "closed",
        })
    }
}

impl fmt::Display for Shown<'_, AgentState> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            AgentState::Listening => "listening",
            AgentState::Thinking => "thinking",
            AgentState::Speaking => "speaking",
        })
    }
}

impl fmt::Display for Shown<'_, UserState> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            UserState::Listening => "listening",
            UserState::Speaking => "speaking",
            UserState::Away => "away",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, LineError, parse, write};

    #[test]
    fn a_line_that_is_written_is_read_as_it_was() {
        for line in [
            "0 user.started",
            "1050 user.started 1000",
            "1450.5 user.lapsed 1400.000001",
            "1600 user.revived",
            "2000 user.stopped 1750",
            "2100 user.interim 2",
            "2200 user.final 0",
            "2210 user.scored 100/500",
            "2300 user.typed",
            "2400 user.left",
            "2500 reply.ready r1",
            "2500 reply.finished r1",
            "2500 reply.silent r12",
            "2500 reply.failed r1",
            "2500 reply.called r1",
            "2500 reply.returned r1",
            "2600 playout.started r1",
            "2700 playout.progressed r1 100",
            "2800.25 playout.finished r1 200.25",
            "2900 told.say q1",
            "2900 told.say q1 firm",
            "2900 told.generate q2",
            "3000 told.stop",
            "3000 told.stop force",
            "3100 told.close shutdown",
            "3200 timeout",
        ] {
            let (at, entry) = parse(line).unwrap().unwrap();
            assert_eq!(write(at, entry), line);
        }
    }

    #[test]
    fn remarks_and_empty_lines_say_nothing() {
        for line in ["", "   ", "# a call", "  # 12 user.left"] {
            assert_eq!(parse(line), Ok(None), "{line:?}");
        }
        assert!(matches!(parse("12 timeout # late"), Ok(Some((_, Entry::Timeout)))));
    }

    #[test]
    fn a_line_that_cannot_be_read_says_why() {
        let wrong = |fact: &str| LineError::WrongValue(fact.to_owned());
        for (line, expected) in [
            ("user.left", LineError::NoMoment),
            ("-1 user.left", LineError::NoMoment),
            ("1.0000001 user.left", LineError::NoMoment),
            ("99999999999999999999999 user.left", LineError::NoMoment),
            ("1", LineError::UnknownFact(String::new())),
            ("1 user.sang", LineError::UnknownFact("user.sang".to_owned())),
            ("1 user.final", wrong("user.final")),
            ("1 user.final -2", wrong("user.final")),
            ("1 reply.ready 1", wrong("reply.ready")),
            ("1 playout.finished r1", wrong("playout.finished")),
            ("1 told.say q1 loud", wrong("told.say")),
            ("1 told.close whim", wrong("told.close")),
            ("1 user.left now", LineError::TooMuch("now".to_owned())),
        ] {
            assert_eq!(parse(line), Err(expected), "{line:?}");
        }
    }
}
