//! One session of the scripted realtime model.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll},
};

use providers_core::{
    AnswerId, AnswerWish, ChatMessage, FinishReason, HeardId, ItemHeard, ItemId, ProviderError,
    RealtimeEvent, RealtimeSession, RealtimeUpdate, ToolChoice,
};
use tokio::time::Instant;

use super::{
    OwnTurns, RealtimeScript, Shared, Told, answerable,
    planned::{Plan, Planned, item},
};
use crate::{
    Fault, When,
    fault::{Mishaps, Step},
    record::Open,
    timeline::Alarm,
};

/// One session.
pub(super) struct Session {
    script: Arc<RealtimeScript>,
    sound: Arc<[i16]>,
    shared: Arc<Shared>,
    plan: Plan,
    /// The last of what it was told that can be answered.
    last: String,
    /// Calls of tools of which it was not told the output, when it goes on by itself.
    calls_out: BTreeSet<(AnswerId, String)>,
    n_heard: u64,
    n_answers: u64,
    detects: bool,
    /// Samples given.
    samples: u64,
    /// Where the last loud one was, while speech lasts.
    loud: Option<u64>,
    is_over: bool,
    mishaps: Mishaps,
    alarm: Alarm,
    open: Open<Told>,
}

impl Session {
    pub(super) fn new(
        script: Arc<RealtimeScript>,
        sound: Arc<[i16]>,
        shared: Arc<Shared>,
        fault: Option<Fault>,
        (detects, last): (bool, String),
        open: Open<Told>,
    ) -> Self {
        let now = Instant::now();
        let began = *shared.began.get_or_init(|| now);
        let mut plan = Plan::default();
        if let (OwnTurns::At(times), true) = (&script.turns, detects) {
            for (from, until) in times.iter().filter(|(from, _)| began + *from >= now) {
                plan.add(began + *from, Planned::SpeechStarted);
                plan.add(began + *until, Planned::SpeechEnded);
            }
        }
        Self {
            script,
            sound,
            shared,
            plan,
            last,
            calls_out: BTreeSet::new(),
            n_heard: 0,
            n_answers: 0,
            detects,
            samples: 0,
            loud: None,
            is_over: false,
            mishaps: Mishaps::new(fault),
            alarm: Alarm::default(),
            open,
        }
    }

    fn tell(&self, told: impl FnOnce() -> Told) {
        self.open.record().keep(told);
    }

    fn plan(&mut self, at: Instant, planned: Planned) {
        self.plan.add(at, planned);
        self.alarm.wake();
    }

    /// A turn is over: what it said, which may be told later.
    fn hear_turn(&mut self) -> HeardId {
        self.n_heard += 1;
        let heard = HeardId(self.n_heard);
        let number = usize::try_from(self.shared.turns.fetch_add(1, Relaxed)).unwrap_or(usize::MAX);
        let text = self.script.heard.text(number).unwrap_or_default();
        self.last.clone_from(&text);
        self.shared.known(|known| known.tell(ChatMessage::User { text: text.clone() }));
        if let Some(delay) = self.script.transcript.filter(|_| !text.is_empty()) {
            self.plan(Instant::now() + delay, Planned::Transcript(heard, text));
        }
        heard
    }

    fn next_answer(&mut self) -> AnswerId {
        self.n_answers += 1;
        AnswerId(self.n_answers)
    }

    /// Plans the answer to the last that was told.
    fn begin(&mut self, answer: AnswerId, wish: &AnswerWish) {
        let to = wish.instructions.as_deref().unwrap_or(&self.last);
        let script = Arc::clone(&self.script);
        let now = Instant::now();
        match When::choose(&script.answers, |canned| &canned.when, to) {
            Some(canned) => {
                let mut canned = canned.clone();
                if wish.tool_choice == ToolChoice::None {
                    canned.calls.clear();
                }
                for call in &mut canned.calls {
                    let before = self.shared.calls.fetch_add(1, Relaxed);
                    if before > 0 {
                        call.id = format!("{} ({})", call.id, before + 1);
                    }
                }
                self.plan.answer(answer, &canned, script.capabilities.audio, now);
            }
            None => self.plan.add(now, Planned::Finished(answer, FinishReason::Stop)),
        }
        self.alarm.wake();
    }

    /// A tool has returned. With the last that an answer called, the model goes on.
    fn hear_output(&mut self, call_id: &str) {
        let Some(call) = self.calls_out.iter().find(|(_, id)| id == call_id).cloned() else { return };
        self.calls_out.remove(&call);
        if self.calls_out.iter().all(|(answer, _)| *answer != call.0) {
            self.begin_by_itself(None);
        }
    }

    fn begin_by_itself(&mut self, to: Option<HeardId>) {
        let answer = self.next_answer();
        self.plan.add(Instant::now(), Planned::Started(answer, to));
        self.begin(answer, &AnswerWish::default());
    }

    /// Looks for speech in what was just given.
    fn listen(&mut self, samples: &[i16]) {
        let OwnTurns::Level { peak, silence } = self.script.turns else { return };
        let silence = self.script.hears_at.rate().samples_in(silence);
        let from = self.samples - samples.len() as u64;
        for (n, sample) in samples.iter().enumerate() {
            let at = from + n as u64;
            if sample.saturating_abs() >= peak {
                if self.loud.replace(at).is_none() {
                    self.plan(Instant::now(), Planned::SpeechStarted);
                }
            } else if self.loud.take_if(|loud| at - *loud >= silence).is_some() {
                self.plan(Instant::now(), Planned::SpeechEnded);
            }
        }
    }

    /// What is reported of something that is due.
    fn report(&mut self, planned: Planned) -> RealtimeEvent {
        match planned {
            // Its own answers end where the person begins to speak.
            Planned::SpeechStarted => {
                for answer in self.plan.answers() {
                    self.plan.cancel(answer, 0);
                    self.plan.add(Instant::now(), Planned::Finished(answer, FinishReason::Stop));
                }
                RealtimeEvent::SpeechStarted
            }
            Planned::SpeechEnded => {
                let heard = self.hear_turn();
                self.begin_by_itself(Some(heard));
                RealtimeEvent::SpeechEnded { heard }
            }
            Planned::Transcript(heard, text) => RealtimeEvent::UserTranscript { heard, text, is_final: true },
            Planned::Started(answer, to) => RealtimeEvent::AnswerStarted { answer, to },
            Planned::Text(answer, text) => {
                self.shared.known(|known| known.say(answer, &text));
                RealtimeEvent::Text { answer, item: item(answer), text }
            }
            Planned::Audio(answer, from, until) => {
                let rate = self.script.speaks_at;
                let samples = chunk(&self.sound, rate.samples_in(from), rate.samples_in(until));
                RealtimeEvent::Audio { answer, item: item(answer), samples }
            }
            Planned::Call(answer, call) => {
                if self.script.capabilities.answers_tools {
                    self.calls_out.insert((answer, call.id.clone()));
                }
                RealtimeEvent::Call { answer, call }
            }
            Planned::Usage(_, usage) => RealtimeEvent::Usage(usage),
            Planned::Finished(answer, reason) => RealtimeEvent::AnswerFinished { answer, reason },
        }
    }
}

/// The samples of a sound, of which one second is given, from one place to another.
fn chunk(second: &[i16], from: u64, until: u64) -> Vec<i16> {
    let begin = usize::try_from(from).unwrap_or(usize::MAX) % second.len().max(1);
    let n_samples = usize::try_from(until - from).unwrap_or(usize::MAX);
    second.iter().cycle().skip(begin).take(n_samples).copied().collect()
}

impl RealtimeSession for Session {
    fn push(&mut self, samples: &[i16]) {
        self.samples += samples.len() as u64;
        self.shared.samples.fetch_add(samples.len() as u64, Relaxed);
        if self.detects {
            self.listen(samples);
        }
    }

    fn commit(&mut self) -> HeardId {
        let heard = self.hear_turn();
        self.tell(|| Told::Committed(heard));
        heard
    }

    fn clear(&mut self) {
        self.tell(|| Told::Cleared);
    }

    fn add(&mut self, message: ChatMessage) {
        if let Some(text) = answerable(&message) {
            text.clone_into(&mut self.last);
        }
        self.shared.known(|known| known.tell(message.clone()));
        if let ChatMessage::Tool { call_id, .. } = &message {
            self.hear_output(call_id);
        }
        self.tell(|| Told::Added(message));
    }

    fn answer(&mut self, wish: AnswerWish) -> AnswerId {
        let answer = self.next_answer();
        self.begin(answer, &wish);
        self.tell(|| Told::Asked(answer, wish));
        answer
    }

    fn cancel(&mut self, answer: AnswerId) {
        if self.plan.has(answer) {
            self.plan.cancel(answer, self.script.late_chunks);
        }
        self.tell(|| Told::Cancelled(answer));
    }

    fn truncate(&mut self, item: &ItemId, heard: ItemHeard<'_>) {
        if self.script.capabilities.truncation {
            self.shared.known(|known| known.cut(item, heard.text));
        }
        self.tell(|| Told::Truncated { item: item.clone(), audio: heard.audio, text: heard.text.to_owned() });
    }

    fn update(&mut self, update: RealtimeUpdate) {
        self.tell(|| Told::Updated(update));
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RealtimeEvent, ProviderError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let Some(due) = self.plan.next() else { return self.alarm.park(cx) };
        std::task::ready!(self.alarm.poll_until(cx, due));
        match std::task::ready!(self.mishaps.poll_step(cx, &mut self.alarm)) {
            Step::Go => {
                let planned = self.plan.take();
                Poll::Ready(planned.map(|planned| Ok(self.report(planned))))
            }
            Step::Fail(error) => {
                self.is_over = true;
                Poll::Ready(Some(Err(error)))
            }
            Step::End => {
                self.is_over = true;
                Poll::Ready(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::chunk;

    #[test]
    fn a_sound_of_a_second_begins_again() {
        assert_eq!(chunk(&[1, 2, 3, 4], 3, 6), [4, 1, 2]);
        assert!(chunk(&[1, 2, 3, 4], 8, 8).is_empty());
    }
}
