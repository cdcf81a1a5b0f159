//! The invariants, checked on every fact and every order, in tests and in production.

use std::{collections::BTreeSet, time::Duration};

use crate::{Input, Output, PlayoutFact, ReplyId, TurnId};

/// Which invariant was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Breach {
    /// T1: a second reply was started while one was audible.
    TwoAudible,
    /// T2: a turn ended twice, or without having been committed, or not at all.
    TurnNotEndedOnce,
    /// T3: a reply was to play after it was stopped, cancelled or over.
    PlayedAfterStop,
    /// T4: a reply was cut at another position than the one heard.
    CutElsewhere,
    /// T5: a speculative reply was to be heard, or its functions were to run.
    HeardUnconfirmed,
    /// T6: handling what was due did not make progress.
    NoProgress,
    /// T8: something was ordered after the close.
    AfterClose,
}

/// Watches the facts and orders of one call and says when an invariant is broken. Its memory does not grow with the
/// length of the call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Watch {
    audible: Option<ReplyId>,
    /// Told to pause, and neither resumed nor over.
    paused: Option<ReplyId>,
    /// Begun, and neither confirmed nor cancelled.
    speculative: BTreeSet<ReplyId>,
    /// Begun or confirmed, and neither started nor over.
    silent: BTreeSet<ReplyId>,
    /// Told to stop; the position is not known.
    stopping: BTreeSet<ReplyId>,
    /// The last position reported for a stopped reply, until the reply is cut there.
    heard: Option<(ReplyId, Duration)>,
    /// The last position reported for replies that are audible or were told to stop.
    progress: Vec<(ReplyId, Duration)>,
    open: BTreeSet<TurnId>,
    closed: bool,
}

impl Watch {
    /// A fact is about to be handled.
    pub fn on_input(&mut self, input: &Input) {
        let (reply, heard) = match *input {
            Input::Playout(reply, PlayoutFact::Finished { heard }) => (reply, heard),
            Input::Playout(reply, PlayoutFact::Progressed { heard }) => {
                return self.on_progress(reply, heard);
            }
            Input::Playout(_, PlayoutFact::Started) | Input::User(..) | Input::Reply(..) | Input::Told(_) => {
                return;
            }
        };
        if self.audible.take_if(|audible| *audible == reply).is_some() {
            self.paused = None;
        }
        self.progress.retain(|(of, _)| *of != reply);
        if self.stopping.remove(&reply) {
            self.heard = Some((reply, heard));
        }
    }

    fn on_progress(&mut self, reply: ReplyId, heard: Duration) {
        if self.audible == Some(reply) || self.stopping.contains(&reply) {
            self.progress.retain(|(of, _)| *of != reply);
            self.progress.push((reply, heard));
        }
    }

    /// A stopped reply is cut where its playout ended, or, when that is never told, where it was last known to be.
    fn on_cut(&mut self, reply: ReplyId, heard: Duration) -> Option<Breach> {
        let known = self.progress.iter().find(|(of, _)| *of == reply).map(|(_, heard)| *heard);
        self.progress.retain(|(of, _)| *of != reply);
        if self.stopping.remove(&reply) {
            return (known.unwrap_or_default() != heard).then_some(Breach::CutElsewhere);
        }
        (self.heard.take() != Some((reply, heard))).then_some(Breach::CutElsewhere)
    }

    /// An order is given.
    pub fn on_output(&mut self, output: &Output) -> Option<Breach> {
        if self.closed {
            return Some(Breach::AfterClose);
        }
        match *output {
            Output::CommitTurn { turn, .. } => (!self.open.insert(turn)).then_some(Breach::TurnNotEndedOnce),
            Output::EndTurn { turn, .. } => (!self.open.remove(&turn)).then_some(Breach::TurnNotEndedOnce),
            Output::BeginReply { reply, speculative, .. } => {
                if speculative {
                    self.speculative.insert(reply)
                } else {
                    self.silent.insert(reply)
                };
                None
            }
            Output::ConfirmReply { reply, .. } => {
                let was_speculative = self.speculative.remove(&reply);
                self.silent.insert(reply);
                (!was_speculative).then_some(Breach::HeardUnconfirmed)
            }
            Output::CancelReply { reply, .. } => {
                self.speculative.remove(&reply);
                self.silent.remove(&reply);
                self.paused.take_if(|paused| *paused == reply);
                None
            }
            Output::RunFunctions { reply } => {
                self.speculative.contains(&reply).then_some(Breach::HeardUnconfirmed)
            }
            Output::StartPlayout { reply, .. } => self.on_start(reply),
            Output::PausePlayout { reply } => {
                self.paused = Some(reply);
                None
            }
            Output::ResumePlayout { reply } => {
                (self.paused.take() != Some(reply)).then_some(Breach::PlayedAfterStop)
            }
            Output::StopPlayout { reply } => {
                self.stopping.insert(reply);
                self.paused.take_if(|paused| *paused == reply);
                (self.audible.take() != Some(reply)).then_some(Breach::PlayedAfterStop)
            }
            Output::TruncateReply { reply, heard } => self.on_cut(reply, heard),
            Output::ShowAgent(_)
            | Output::ShowUser(_)
            | Output::JudgePause { .. }
            | Output::FlushVoice { .. }
            | Output::SetAside { .. }
            | Output::TakeBack { .. }
            | Output::ForgetWords { .. }
            | Output::Tell(_) => None,
            Output::Close { .. } => {
                self.closed = true;
                (!self.open.is_empty()).then_some(Breach::TurnNotEndedOnce)
            }
        }
    }

    fn on_start(&mut self, reply: ReplyId) -> Option<Breach> {
        if self.speculative.contains(&reply) {
            return Some(Breach::HeardUnconfirmed);
        }
        if !self.silent.remove(&reply) {
            return Some(Breach::PlayedAfterStop);
        }
        let others = self.audible.replace(reply).is_some() || !self.stopping.is_empty();
        others.then_some(Breach::TwoAudible)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Breach, Watch};
    use crate::{
        CloseReason, Input, Moment, Output, PlayoutFact, ReplyCause, ReplyId, SpeakerId, TurnId, TurnSource,
    };

    const R1: ReplyId = ReplyId(1);
    const R2: ReplyId = ReplyId(2);

    fn begin(reply: ReplyId, speculative: bool) -> Output {
        let cause = ReplyCause::Turn { speaker: SpeakerId::LINKED };
        Output::BeginReply { reply, cause, speculative }
    }

    fn commit(turn: u32) -> Output {
        let (speech_end, last_final) = (Some(Moment::START), None);
        let (speaker, source) = (SpeakerId::LINKED, TurnSource::Spoken);
        Output::CommitTurn { turn: TurnId(turn), speaker, source, speech_end, last_final }
    }

    #[test]
    fn each_breach_is_seen() {
        let start = |reply| Output::StartPlayout { reply, paused: false };
        let close = Output::Close { reason: CloseReason::Completed };
        for (outputs, expected) in [
            (vec![begin(R1, false), begin(R2, false), start(R1), start(R2)], Breach::TwoAudible),
            (vec![commit(1), commit(1)], Breach::TurnNotEndedOnce),
            (vec![commit(1), close], Breach::TurnNotEndedOnce),
            (
                vec![begin(R1, false), start(R1), Output::StopPlayout { reply: R1 }, start(R1)],
                Breach::PlayedAfterStop,
            ),
            (vec![Output::TruncateReply { reply: R1, heard: Duration::ZERO }], Breach::CutElsewhere),
            (vec![begin(R1, true), start(R1)], Breach::HeardUnconfirmed),
            (vec![begin(R1, true), Output::RunFunctions { reply: R1 }], Breach::HeardUnconfirmed),
            (vec![begin(R1, false), start(R1), Output::ResumePlayout { reply: R1 }], Breach::PlayedAfterStop),
            (vec![close, close], Breach::AfterClose),
        ] {
            let mut watch = Watch::default();
            let (last, before) = outputs.split_last().unwrap();
            assert!(before.iter().all(|output| watch.on_output(output).is_none()), "{outputs:?}");
            assert_eq!(watch.on_output(last), Some(expected), "{outputs:?}");
        }
    }

    #[test]
    fn a_reply_may_start_when_the_stopped_one_has_said_its_position() {
        let mut watch = Watch::default();
        let heard = Duration::from_millis(700);
        for output in [
            begin(R1, false),
            Output::StartPlayout { reply: R1, paused: false },
            Output::StopPlayout { reply: R1 },
        ] {
            assert_eq!(watch.on_output(&output), None);
        }
        watch.on_input(&Input::Playout(R1, PlayoutFact::Finished { heard }));
        for output in [
            Output::TruncateReply { reply: R1, heard },
            begin(R2, true),
            Output::ConfirmReply { reply: R2, turn: TurnId(1) },
            Output::StartPlayout { reply: R2, paused: false },
        ] {
            assert_eq!(watch.on_output(&output), None);
        }
    }
}
