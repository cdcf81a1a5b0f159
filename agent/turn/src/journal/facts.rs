//! Facts as words of a line.

use std::{fmt, str::SplitWhitespace};

use super::{LineError, Millis, PLAIN, flag, millis, number, settings, speaker_of, wrong};
use crate::{
    Answer, CloseReason, Input, Manner, Moment, PauseId, PlayoutFact, Priority, ReplyFact, ReplyId,
    RequestId, Score, SpeakerId, SpeechKind, Standing, Told, TurnId, UserFact, Verdict,
};

/// Reads the fact with this name, told at `now`.
pub(super) fn read(name: &str, now: Moment, words: &mut SplitWhitespace<'_>) -> Result<Input, LineError> {
    let unknown = || LineError::UnknownFact(name.to_owned());
    let read = if let Some((speaker, what)) = speaker_of(name) {
        user(what, now, words).ok_or_else(unknown)?.map(|fact| Input::User(speaker, fact))
    } else if let Some(what) = name.strip_prefix("reply.") {
        reply(what, words).ok_or_else(unknown)?
    } else if let Some(what) = name.strip_prefix("playout.") {
        playout(what, words).ok_or_else(unknown)?
    } else {
        let what = name.strip_prefix("told.").ok_or_else(unknown)?;
        told(what, words).ok_or_else(unknown)?.map(Input::Told)
    };
    read.ok_or_else(|| wrong(name))
}

/// The outer option: whether the fact is known; the inner one: whether its values are right.
type Known<T> = Option<Option<T>>;

fn user(what: &str, now: Moment, words: &mut SplitWhitespace<'_>) -> Known<UserFact> {
    if let Some((_, fact)) = PLAIN.iter().find(|(name, _)| *name == what) {
        return Some(Some(*fact));
    }
    let mut moment = || words.next().map_or(Some(now), |text| Some(Moment(millis(text)?)));
    Some(match what {
        "started" => moment().map(|at| UserFact::SpeechStarted { at }),
        "lapsed" => moment().map(|at| UserFact::SpeechLapsed { at }),
        "stopped" => moment().map(|at| UserFact::SpeechStopped { at }),
        "joined" => words.next().and_then(Standing::named).map(|standing| UserFact::Joined { standing }),
        "interim" => transcript(words).map(|(words, foreseen)| UserFact::InterimHeard { words, foreseen }),
        "preflight" => count(words).map(|words| UserFact::PreflightHeard { words }),
        "final" => transcript(words).map(|(words, foreseen)| UserFact::FinalHeard { words, foreseen }),
        "judged" => judgement(words),
        "overlap" => words.next().and_then(Verdict::named).map(|verdict| UserFact::OverlapJudged { verdict }),
        _ => return None,
    })
}

fn count(words: &mut SplitWhitespace<'_>) -> Option<u32> {
    words.next()?.parse().ok()
}

fn transcript(words: &mut SplitWhitespace<'_>) -> Option<(u32, bool)> {
    Some((count(words)?, flag(words, "foreseen")?))
}

fn judgement(words: &mut SplitWhitespace<'_>) -> Option<UserFact> {
    let pause = PauseId(number(words.next(), 'p')?);
    let text = words.next()?;
    if text == "failed" {
        return Some(UserFact::JudgementFailed { pause });
    }
    let (complete, threshold) = text.split_once('/')?;
    let score =
        Score { complete_permille: complete.parse().ok()?, threshold_permille: threshold.parse().ok()? };
    Some(UserFact::PauseJudged { pause, score })
}

fn reply(what: &str, words: &mut SplitWhitespace<'_>) -> Known<Input> {
    let fact = match what {
        "ready" => ReplyFact::Ready,
        "finished" => ReplyFact::Finished { audible: true },
        "silent" => ReplyFact::Finished { audible: false },
        "failed" => ReplyFact::Failed,
        "returned" => ReplyFact::FunctionFinished,
        "called" => {
            let id = number(words.next(), 'r').map(ReplyId);
            let functions = words.next().and_then(|n| n.parse().ok());
            return Some(
                id.zip(functions)
                    .map(|(id, functions)| Input::Reply(id, ReplyFact::FunctionsCalled { functions })),
            );
        }
        _ => return None,
    };
    Some(number(words.next(), 'r').map(|id| Input::Reply(ReplyId(id), fact)))
}

fn playout(what: &str, words: &mut SplitWhitespace<'_>) -> Known<Input> {
    let id = number(words.next(), 'r').map(ReplyId);
    let mut heard = || words.next().and_then(millis);
    let fact = match what {
        "started" => Some(PlayoutFact::Started),
        "progressed" => heard().map(|heard| PlayoutFact::Progressed { heard }),
        "finished" => heard().map(|heard| PlayoutFact::Finished { heard }),
        _ => return None,
    };
    Some(id.zip(fact).map(|(id, fact)| Input::Playout(id, fact)))
}

fn told(what: &str, words: &mut SplitWhitespace<'_>) -> Known<Told> {
    let request = |words: &mut SplitWhitespace<'_>| number(words.next(), 'q').map(RequestId);
    let speaker = |words: &mut SplitWhitespace<'_>| number(words.next(), 'u').map(SpeakerId);
    Some(match what {
        "say" | "generate" => {
            let kind = if what == "say" { SpeechKind::Said } else { SpeechKind::Generated };
            request(words).zip(manner(words)).map(|(request, manner)| Told::Speak { request, kind, manner })
        }
        "stop" => flag(words, "force").map(|force| Told::Stop { force }),
        "withdraw" => {
            request(words).zip(flag(words, "force")).map(|(request, force)| Told::Withdraw { request, force })
        }
        "commit" => commit(words),
        "clear" => speaker(words).map(|speaker| Told::ClearTurn { speaker }),
        "considered" => {
            let turn = number(words.next(), 't').map(TurnId);
            let answer = words.next().and_then(Answer::named);
            turn.zip(answer).map(|(turn, answer)| Told::Considered { turn, answer })
        }
        "profile" => settings::read_profile(words).ok().map(Told::Profile),
        "hold" => Some(Told::Hold),
        "release" => Some(Told::Release),
        "budget" => match words.next() {
            Some("left") => Some(Told::Budget { left: true }),
            Some("spent") => Some(Told::Budget { left: false }),
            Some(_) | None => None,
        },
        "drain" => words.next().and_then(CloseReason::named).map(|reason| Told::Drain { reason }),
        "close" => words.next().and_then(CloseReason::named).map(|reason| Told::Close { reason }),
        _ => return None,
    })
}

fn commit(words: &mut SplitWhitespace<'_>) -> Option<Told> {
    let speaker = SpeakerId(number(words.next(), 'u')?);
    let wait = millis(words.next()?)?;
    let answer = !flag(words, "unanswered")?;
    Some(Told::CommitTurn { speaker, answer, wait })
}

fn manner(words: &mut SplitWhitespace<'_>) -> Option<Manner> {
    let mut manner = Manner::normal(true);
    for word in words {
        match word.split_once('=') {
            Some(("min_duration", value)) => manner.min_duration = Some(millis(value)?),
            Some(("min_words", value)) => manner.min_words = Some(value.parse().ok()?),
            Some(_) => return None,
            None if word == "firm" => manner.interruptible = false,
            None => manner.priority = Priority::named(word)?,
        }
    }
    Some(manner)
}

/// A fact as it stands in a line of the moment `at`.
pub(super) struct Fact {
    pub(super) at: Moment,
    pub(super) input: Input,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.input {
            Input::User(speaker, fact) => {
                f.write_str("user")?;
                if speaker != SpeakerId::LINKED {
                    write!(f, "{}", speaker.0)?;
                }
                f.write_str(".")?;
                self.user(f, fact)
            }
            Input::Reply(reply, fact) => {
                let what = match fact {
                    ReplyFact::Ready => "ready",
                    ReplyFact::Finished { audible: true } => "finished",
                    ReplyFact::Finished { audible: false } => "silent",
                    ReplyFact::Failed => "failed",
                    ReplyFact::FunctionsCalled { functions } => {
                        return write!(f, "reply.called {reply} {functions}");
                    }
                    ReplyFact::FunctionFinished => "returned",
                };
                write!(f, "reply.{what} {reply}")
            }
            Input::Playout(reply, PlayoutFact::Started) => write!(f, "playout.started {reply}"),
            Input::Playout(reply, PlayoutFact::Progressed { heard }) => {
                write!(f, "playout.progressed {reply} {}", Millis(heard))
            }
            Input::Playout(reply, PlayoutFact::Finished { heard }) => {
                write!(f, "playout.finished {reply} {}", Millis(heard))
            }
            Input::Told(told) => write_told(f, told),
        }
    }
}

impl Fact {
    fn user(&self, f: &mut fmt::Formatter<'_>, fact: UserFact) -> fmt::Result {
        let foreseen = |foreseen| if foreseen { " foreseen" } else { "" };
        match fact {
            UserFact::SpeechStarted { at } => self.dated(f, "started", at),
            UserFact::SpeechLapsed { at } => self.dated(f, "lapsed", at),
            UserFact::SpeechStopped { at } => self.dated(f, "stopped", at),
            UserFact::Joined { standing } => write!(f, "joined {}", standing.name()),
            UserFact::InterimHeard { words, foreseen: says_so } => {
                write!(f, "interim {words}{}", foreseen(says_so))
            }
            UserFact::PreflightHeard { words } => write!(f, "preflight {words}"),
            UserFact::FinalHeard { words, foreseen: says_so } => {
                write!(f, "final {words}{}", foreseen(says_so))
            }
            UserFact::PauseJudged { pause, score } => {
                write!(f, "judged {pause} {}/{}", score.complete_permille, score.threshold_permille)
            }
            UserFact::JudgementFailed { pause } => write!(f, "judged {pause} failed"),
            UserFact::OverlapJudged { verdict } => write!(f, "overlap {}", verdict.name()),
            UserFact::SpeechRevived
            | UserFact::RecogniserStarted
            | UserFact::RecogniserStopped
            | UserFact::PatienceAsked
            | UserFact::Typed
            | UserFact::Left => {
                let plain = PLAIN.iter().find(|(_, plain)| *plain == fact);
                f.write_str(plain.map_or("", |(name, _)| name))
            }
        }
    }

    fn dated(&self, f: &mut fmt::Formatter<'_>, name: &str, at: Moment) -> fmt::Result {
        if at == self.at { f.write_str(name) } else { write!(f, "{name} {}", Millis(at.0)) }
    }
}

fn write_told(f: &mut fmt::Formatter<'_>, told: Told) -> fmt::Result {
    let forced = |force| if force { " force" } else { "" };
    match told {
        Told::Speak { request, kind, manner } => {
            let name = match kind {
                SpeechKind::Said => "say",
                SpeechKind::Generated => "generate",
            };
            write!(f, "told.{name} {request}")?;
            write_manner(f, &manner)
        }
        Told::Stop { force } => write!(f, "told.stop{}", forced(force)),
        Told::Withdraw { request, force } => write!(f, "told.withdraw {request}{}", forced(force)),
        Told::CommitTurn { speaker, answer, wait } => {
            let unanswered = if answer { "" } else { " unanswered" };
            write!(f, "told.commit {speaker} {}{unanswered}", Millis(wait))
        }
        Told::ClearTurn { speaker } => write!(f, "told.clear {speaker}"),
        Told::Considered { turn, answer } => write!(f, "told.considered {turn} {}", answer.name()),
        Told::Profile(profile) => write!(f, "told.profile {}", settings::Changeable(&profile)),
        Told::Hold => f.write_str("told.hold"),
        Told::Release => f.write_str("told.release"),
        Told::Budget { left } => write!(f, "told.budget {}", if left { "left" } else { "spent" }),
        Told::Drain { reason } => write!(f, "told.drain {}", reason.name()),
        Told::Close { reason } => write!(f, "told.close {}", reason.name()),
    }
}

fn write_manner(f: &mut fmt::Formatter<'_>, manner: &Manner) -> fmt::Result {
    if !manner.interruptible {
        f.write_str(" firm")?;
    }
    if manner.priority != Priority::Normal {
        write!(f, " {}", manner.priority.name())?;
    }
    if let Some(duration) = manner.min_duration {
        write!(f, " min_duration={}", Millis(duration))?;
    }
    if let Some(words) = manner.min_words {
        write!(f, " min_words={words}")?;
    }
    Ok(())
}
