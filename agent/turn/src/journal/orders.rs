//! Orders and states as words of a line.

use std::fmt;

use super::Millis;
use crate::{
    AgentState, News, Output, Reply, ReplyCause, SpeakerId, State, TurnEnd, TurnSource, UserState,
    state::Wait,
};

/// An order as a line of a timeline shows it, without its moment. The linked speaker is not named.
impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommitTurn { turn, speaker, source, .. } => {
                let typed = match source {
                    TurnSource::Spoken => "",
                    TurnSource::Typed => " typed",
                };
                write!(f, "commit {turn}{}{typed}", Of(*speaker))
            }
            Self::EndTurn { turn, end } => write!(f, "end {turn} {}", Shown(end)),
            Self::BeginReply { reply, cause, speculative } => {
                write!(f, "begin {reply} {}{}", Shown(cause), if *speculative { " speculative" } else { "" })
            }
            Self::ConfirmReply { reply, turn } => write!(f, "confirm {reply} {turn}"),
            Self::CancelReply { reply, reason } => write!(f, "cancel {reply} {}", reason.name()),
            Self::RunFunctions { reply } => write!(f, "run {reply}"),
            Self::StartPlayout { reply, paused } => {
                write!(f, "start {reply}{}", if *paused { " paused" } else { "" })
            }
            Self::PausePlayout { reply } => write!(f, "pause {reply}"),
            Self::ResumePlayout { reply } => write!(f, "resume {reply}"),
            Self::StopPlayout { reply } => write!(f, "stop {reply}"),
            Self::TruncateReply { reply, heard } => write!(f, "truncate {reply} {}", Millis(*heard)),
            Self::JudgePause { speaker, pause } => write!(f, "judge {pause}{}", Of(*speaker)),
            Self::FlushVoice { speaker } => write!(f, "flush voice{}", Of(*speaker)),
            Self::SetAside { speaker, words, verdict } => {
                write!(f, "set aside {words} {}{}", verdict.name(), Of(*speaker))
            }
            Self::TakeBack { speaker } => write!(f, "take back{}", Of(*speaker)),
            Self::ForgetWords { speaker } => write!(f, "forget words{}", Of(*speaker)),
            Self::ShowAgent(state) => write!(f, "agent {}", Shown(state)),
            Self::ShowUser(state) => write!(f, "user {}", Shown(state)),
            Self::Tell(news) => write!(f, "news {}", Shown(news)),
            Self::Close { reason } => write!(f, "close {}", reason.name()),
        }
    }
}

/// A speaker, unless it is the linked one.
struct Of(SpeakerId);

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == SpeakerId::LINKED { Ok(()) } else { write!(f, " {}", self.0) }
    }
}

/// A value of an order, in the words of a timeline.
struct Shown<'a, T>(&'a T);

impl fmt::Display for Shown<'_, TurnEnd> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            TurnEnd::Replied(reply) => write!(f, "replied {reply}"),
            TurnEnd::Suppressed(suppression) => f.write_str(suppression.name()),
            TurnEnd::Closed => f.write_str("closed"),
        }
    }
}

impl fmt::Display for Shown<'_, ReplyCause> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ReplyCause::Turn { speaker } => write!(f, "turn{}", Of(*speaker)),
            ReplyCause::Functions { of, step } => write!(f, "functions {of} step {step}"),
            ReplyCause::Requested(request) => write!(f, "{request}"),
            ReplyCause::Filler { of } => write!(f, "filler {of}"),
        }
    }
}

impl fmt::Display for Shown<'_, News> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            News::TranscriptMissed { speaker, recovered } => {
                write!(f, "transcript missed {recovered}{}", Of(*speaker))
            }
            News::TurnTooLong { speaker, words, duration } => {
                write!(f, "turn too long {words} {}{}", Millis(*duration), Of(*speaker))
            }
            News::RequestDropped { request, reason } => write!(f, "dropped {request} {}", reason.name()),
        }
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

/// Whose floor it is, in one line, for those who look into a call.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening { since } => write!(f, "listening since {}", Millis(since.0)),
            Self::UserSpeaking => f.write_str("user speaking"),
            Self::Settling => f.write_str("settling"),
            Self::Thinking { reply, wait: Wait::Sample, .. } => write!(f, "thinking: {}", Shown(reply)),
            Self::Thinking { reply, wait: Wait::Functions, .. } => {
                write!(f, "waiting for functions: {}", Shown(reply))
            }
            Self::Speaking { reply, .. } => write!(f, "speaking: {}", Shown(reply)),
            Self::Yielding { reply, .. } => write!(f, "yielding: {}", Shown(reply)),
            Self::Closed => f.write_str("closed"),
        }
    }
}

impl fmt::Display for Shown<'_, Reply> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reply { id, cause, turn, calls, returned, .. } = self.0;
        write!(f, "{id} to {}", Shown(cause))?;
        if let Some(turn) = turn {
            write!(f, ", for {turn}")?;
        }
        if *calls > 0 { write!(f, ", {returned} of {calls} functions back") } else { Ok(()) }
    }
}
