//! Judgements that others make for the turn machine: whether a pause is an end, and what speech over the agent's is.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use agent_audio::Recent;
use agent_language::listening;
use agent_turn::{PauseId, Score, SpeakerId, State, UserFact, Verdict};
use providers_core::{
    BoxFuture, ChatMessage, InterruptionVerdict, Overlap, PauseContext, ProviderError, SampleRate,
    TurnVerdict,
};
use tracing::debug;

use super::{Call, people::Listener};
use crate::{Body, CallEvent, Component};

/// How much of what was heard last a judge of pauses is given.
const LOOKS_BACK: Duration = Duration::from_secs(8);
/// How much before the first voice of a turn belongs to it: a first consonant is no voice yet.
const LEAD: Duration = Duration::from_millis(500);
/// How many messages before the open turn.
const READS_BACK: usize = 6;
/// How late an echo may be at most: what the agent said longer before somebody began is not in their microphone.
const ECHO: Duration = Duration::from_secs(1);
/// What the agent says within so long a time counts as said before somebody began: the estimate of what was heard when
/// may be off by that.
const OFF: Duration = Duration::from_millis(200);

/// A pause that is being judged.
pub(super) struct Judging {
    pause: PauseId,
    verdict: BoxFuture<'static, Result<TurnVerdict, ProviderError>>,
}

impl Listener {
    /// A voice was noticed that began `lead` ago; if no turn was open, it begins one.
    pub(super) fn begin_turn(&mut self, lead: Duration) {
        let Some(recent) = &self.recent else { return };
        let before = SampleRate::HEARING.samples_in(lead + LEAD);
        self.turn_from.get_or_insert(recent.position().saturating_sub(before));
    }

    /// The turn is committed or forgotten; who speaks on meanwhile is in the next one.
    pub(super) fn end_turn(&mut self) {
        let now = self.recent.as_ref().map(Recent::position);
        self.turn_from = now.filter(|_| self.speaks_since.is_some());
    }

    /// What was said in the open turn, as far back as a judge of pauses is given it. Not what was before: with another
    /// sentence before it, a network judged 11 of 53 sentences otherwise than alone.
    fn heard_in_turn(&self) -> Vec<i16> {
        let Some(recent) = &self.recent else { return Vec::new() };
        let (older, newer) = recent.since(self.turn_from.unwrap_or_else(|| recent.position()));
        [older, newer].concat()
    }
}

impl<B: Body> Call<B> {
    /// Where what was heard last is kept, if anybody judges it.
    pub(super) fn recent(&self) -> Option<Recent> {
        self.judges.pauses.as_ref().map(|_| Recent::new(LOOKS_BACK))
    }

    /// Has a pause judged; a later one of the same speaker cancels it.
    pub(super) fn judge_pause(&mut self, speaker: SpeakerId, pause: PauseId) {
        let history = self.history.messages();
        let Some(listener) = self.people.get_mut(&speaker) else { return };
        let language = listener.hearing.language().map(str::to_owned);
        let judge = self.judges.pauses.as_ref();
        let judge = judge.filter(|judge| language.as_deref().is_none_or(|language| judge.supports(language)));
        let Some(judge) = judge else {
            listener.judging = None;
            return self.user(speaker, UserFact::JudgementFailed { pause });
        };
        let audio = listener.heard_in_turn();
        let text = listener.hearing.so_far();
        let context = PauseContext { audio, text, history: said(&history), language };
        listener.judging = Some(Judging { pause, verdict: judge.judge(context) });
    }

    pub(super) fn poll_judging(&mut self, cx: &mut Context<'_>) -> bool {
        let next = self.people.iter_mut().find_map(|(speaker, listener)| {
            let Judging { pause, verdict } = listener.judging.as_mut()?;
            let Poll::Ready(verdict) = verdict.as_mut().poll(cx) else { return None };
            let pause = *pause;
            listener.judging = None;
            Some((*speaker, pause, verdict))
        });
        let Some((speaker, pause, verdict)) = next else { return false };
        let fact = match verdict {
            Ok(TurnVerdict { complete_permille, threshold_permille }) => {
                UserFact::PauseJudged { pause, score: Score { complete_permille, threshold_permille } }
            }
            // Silence alone ends the turn then: nothing to count towards the end of the call.
            Err(error) => {
                debug!(%error, "a pause was not judged");
                let failed =
                    CallEvent::Failed { component: Component::Judge, kind: error.kind, is_final: false };
                self.tally.tell(self.now(), failed);
                UserFact::JudgementFailed { pause }
            }
        };
        self.user(speaker, fact);
        true
    }

    /// Judges speech over the agent's as it stands now, and tells when the judgement has changed. Words that come when
    /// the agent has said all are judged too, if they were begun before.
    pub(super) fn judge_overlap(&mut self, speaker: SpeakerId) {
        let now = self.now();
        let plays = matches!(
            self.machine.state(),
            State::Speaking { heard: true, .. } | State::Yielding { heard: true, .. }
        );
        let Some(judge) = &mut self.judges.overlaps else { return };
        let Some(listener) = self.people.get_mut(&speaker) else { return };
        let began = listener.spoke_from.unwrap_or(now);
        if !plays && self.lately.until().is_none_or(|until| until < began) {
            return;
        }
        let playing = self.playing.as_ref();
        if let Some(making) = playing
            .filter(|playing| plays && playing.began.is_some())
            .and_then(|playing| self.replies.iter_mut().find(|making| making.id == playing.reply))
        {
            self.lately.hear(now, making.id, making.captions.heard_spoken(now, self.body.heard()));
        }
        let (said_before, said_since) = self.lately.around(began.before(ECHO), began + OFF);
        let verdict = judge.judge(&Overlap {
            speech: listener.speech(now),
            since_agent_start: now.since(playing.and_then(|playing| playing.began).unwrap_or(now)),
            words: &listener.said,
            said_before,
            said_since,
            language: listener.hearing.language(),
        });
        let verdict = match verdict {
            InterruptionVerdict::Undecided => Verdict::Undecided,
            InterruptionVerdict::Interruption => Verdict::Interruption,
            InterruptionVerdict::Backchannel => Verdict::Backchannel,
            InterruptionVerdict::Echo => Verdict::Echo,
            InterruptionVerdict::Repetition => Verdict::Repetition,
        };
        let verdict = if plays { verdict } else { once_silent(verdict, listener.verdict) };
        if listener.verdict != verdict {
            listener.verdict = verdict;
            self.user(speaker, UserFact::OverlapJudged { verdict });
        }
    }

    /// Somebody's last words may ask for more time.
    pub(super) fn hear_patience(&mut self, speaker: SpeakerId, text: &str) {
        let Some(listener) = self.people.get(&speaker) else { return };
        let asks = |language| listening::asks_for_patience(text, language);
        if self.config.patience && listener.hearing.language().is_some_and(asks) {
            self.user(speaker, UserFact::PatienceAsked);
        }
    }

    /// The same for all who speak now: time alone may settle what they are doing.
    pub(super) fn judge_overlaps(&mut self) {
        if self.judges.overlaps.is_none() {
            return;
        }
        let speaking: Vec<SpeakerId> = self
            .people
            .iter()
            .filter(|(_, l)| l.speaks_since.is_some())
            .map(|(speaker, _)| *speaker)
            .collect();
        for speaker in speaking {
            self.judge_overlap(speaker);
        }
    }
}

/// The last messages of people and agent, as a judge of pauses reads them.
fn said(messages: &[ChatMessage]) -> Vec<(&'static str, String)> {
    let said = messages.iter().filter_map(|message| match message {
        ChatMessage::User { text } => Some(("user", text.clone())),
        ChatMessage::Assistant { text, .. } if !text.is_empty() => Some(("assistant", text.clone())),
        ChatMessage::Assistant { .. } | ChatMessage::System { .. } | ChatMessage::Tool { .. } => None,
    });
    let mut said: Vec<_> = said.collect();
    said.split_off(said.len().saturating_sub(READS_BACK))
}

/// A judgement that comes when the agent has said all: only whose words they are matters then, and that they are a
/// person's matters only where another was `told`.
const fn once_silent(verdict: Verdict, told: Verdict) -> Verdict {
    match (verdict, told) {
        (Verdict::Echo | Verdict::Repetition, _) => verdict,
        (
            Verdict::Undecided | Verdict::Interruption | Verdict::Backchannel | Verdict::SideSpeech,
            Verdict::Echo | Verdict::Repetition | Verdict::Backchannel,
        ) => Verdict::Undecided,
        (
            Verdict::Undecided | Verdict::Interruption | Verdict::Backchannel | Verdict::SideSpeech,
            Verdict::Undecided | Verdict::Interruption | Verdict::SideSpeech,
        ) => told,
    }
}
