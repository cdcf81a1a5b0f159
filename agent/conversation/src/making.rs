//! How one reply is made: the mind's pieces, made fit for speech, given to the voice, whose samples wait for the playout.
//!
//! A speculative reply is thought, and voiced if that is wanted; none of it is heard, and no tool is called, until it is
//! confirmed.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::{Moment, ReplyFact, ReplyId};
use providers_core::{
    ErrorKind, FinishReason, LlmEvent, LlmStream, SampleRate, SpeechChunk, ToolCall, TtsStream, Usage,
};
use tracing::debug;

pub(crate) use self::worded::Voicing;
use self::worded::Worded;
use crate::{Component, context::tokens_of, transcript::Transcript};

mod fed;
mod worded;

/// One reply, from its cause to its last sample.
pub(crate) struct Making {
    pub(crate) id: ReplyId,
    /// The tools it calls that do not run yet.
    pub(crate) calls: Vec<ToolCall>,
    /// Its text, and where it lies in the audio.
    pub(crate) captions: Transcript,
    /// Samples that were not given to the playout.
    pub(crate) audio: Vec<i16>,
    pub(crate) times: Times,
    /// Whether the mind was allowed to call tools.
    pub(crate) may_call: bool,
    /// Whether tools of it run, or ran.
    pub(crate) has_called: bool,
    /// Whether it stays out of the history.
    pub(crate) is_forgotten: bool,
    /// What it is while it is speculative.
    speculation: Option<Speculation>,
    /// What providers told was used: of the mind, of the voice.
    used: (Usage, Usage),
    /// How many characters the voice was given.
    n_voiced: u64,
    text: Text,
    /// With what it is spoken, and how.
    voicing: Voicing,
    worded: Worded,
    voice: Voice,
    rate: SampleRate,
    samples: u64,
    finished: bool,
    /// Whether a realtime model makes it, and whether that brings the audio too.
    is_fed: bool,
    brings_audio: bool,
}

/// When a reply got how far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) asked: Moment,
    pub(crate) first_piece: Option<Moment>,
    /// When the voice began on its first text.
    pub(crate) voice_began: Option<Moment>,
    pub(crate) first_sample: Option<Moment>,
}

impl Times {
    /// From the question to the mind's first piece.
    pub(crate) fn llm_ttft(&self) -> Option<Duration> {
        Some(self.first_piece?.since(self.asked))
    }

    /// From when the voice began on its first text to its first sample: what the voice itself takes, without the wait
    /// for a mind that has not written its first sentence.
    pub(crate) fn tts_ttfb(&self) -> Option<Duration> {
        Some(self.first_sample?.since(self.voice_began?))
    }
}

/// What a reply is that was begun before its turn was committed.
struct Speculation {
    /// Of what it was made from.
    revision: u64,
    /// How many tokens the mind read, by our estimate.
    read: u32,
    /// Whether the voice is asked before it is confirmed.
    is_voiced: bool,
}

enum Text {
    Coming(LlmStream),
    /// It is brought piece by piece.
    Fed,
    Whole,
}

enum Voice {
    Unopened,
    Speaking(Box<dyn TtsStream>),
    /// Its audio is brought piece by piece.
    Fed,
    /// It failed. More text would not be heard; what the mind calls is still awaited.
    Broken,
    Over,
}

/// News of a reply that is being made.
#[derive(Debug)]
pub(crate) enum News {
    /// The mind has said all; its calls are complete.
    Thought,
    /// There are samples in [`Making::audio`]. The first ones if `first`.
    Audio { first: bool },
    /// All of it is made.
    Finished { audible: bool },
    /// A provider failed. Unless `is_final`, what there is will be said and done.
    Failed { component: Component, kind: ErrorKind, message: String, is_final: bool },
    /// It is given up after a failure that was told: nothing came of it.
    GivenUp,
    /// A provider told what was used.
    Used { component: Component, usage: Usage },
    /// Nothing to report, but there may be more.
    More,
}

impl Making {
    /// A reply that a mind is thinking of, or of which a program gives the text piece by piece.
    pub(crate) fn coming(id: ReplyId, answer: LlmStream, voicing: Voicing, now: Moment) -> Self {
        Self::new(id, Text::Coming(answer), voicing, now)
    }

    /// A reply of given words.
    pub(crate) fn given(id: ReplyId, words: &str, voicing: Voicing, now: Moment) -> Self {
        let mut making = Self::new(id, Text::Whole, voicing, now);
        making.worded.push(words, &mut making.captions, now);
        making.worded.finish(&mut making.captions, now);
        making
    }

    fn new(id: ReplyId, text: Text, voicing: Voicing, now: Moment) -> Self {
        Self {
            id,
            calls: Vec::new(),
            captions: Transcript::new(voicing.is_written),
            audio: Vec::new(),
            times: Times { asked: now, ..Times::default() },
            may_call: true,
            has_called: false,
            is_forgotten: false,
            speculation: None,
            used: (Usage::default(), Usage::default()),
            n_voiced: 0,
            text,
            worded: Worded::new(&voicing.wording),
            voicing,
            voice: Voice::Unopened,
            rate: SampleRate::VOICE,
            samples: 0,
            finished: false,
            is_fed: false,
            brings_audio: false,
        }
    }

    /// The same, spoken even if there are no words: by a recording.
    pub(crate) fn spoken_at_once(mut self) -> Self {
        self.open_voice();
        self
    }

    /// The same, silent until it is confirmed; made from what has this revision, by a mind that read so many tokens.
    /// With `is_voiced` the voice is asked at once, else when it is confirmed.
    pub(crate) const fn speculative(mut self, revision: u64, read: u32, is_voiced: bool) -> Self {
        self.speculation = Some(Speculation { revision, read, is_voiced });
        self
    }

    /// The reply is one.
    pub(crate) const fn confirm(&mut self) {
        self.speculation = None;
    }

    /// Whether it waits for confirmation.
    pub(crate) const fn is_speculative(&self) -> bool {
        self.speculation.is_some()
    }

    /// Whether it was made from what has this revision.
    pub(crate) fn is_made_from(&self, revision: u64) -> bool {
        self.speculation.as_ref().is_some_and(|speculation| speculation.revision == revision)
    }

    /// What the mind has used for it, estimated where the provider has not said.
    pub(crate) fn thinking_cost(&self) -> Usage {
        let (used, _) = self.used;
        if used != Usage::default() {
            return used;
        }
        let read = self.speculation.as_ref().map_or(0, |speculation| speculation.read);
        let output_tokens = u64::from(tokens_of(self.captions.all()));
        Usage { input_tokens: u64::from(read), output_tokens, ..Usage::default() }
    }

    /// What the voice has used for it, estimated where the provider has not said.
    pub(crate) fn speaking_cost(&self) -> Usage {
        let (_, used) = self.used;
        if used != Usage::default() {
            return used;
        }
        let audio_out_ms = u64::try_from(self.rate.duration_of(self.samples).as_millis()).unwrap_or(u64::MAX);
        Usage { characters: self.n_voiced, audio_out_ms, ..Usage::default() }
    }

    /// Whether the mind has said all.
    pub(crate) const fn is_thought(&self) -> bool {
        matches!(self.text, Text::Whole)
    }

    /// How far it is made, in the order in which that came about.
    pub(crate) fn progress(&self) -> impl Iterator<Item = ReplyFact> + use<> {
        let audible = self.samples > 0;
        let ready = audible.then_some(ReplyFact::Ready);
        let finished = self.finished.then_some(ReplyFact::Finished { audible });
        [self.calls_known(), ready, finished].into_iter().flatten()
    }

    /// That it calls tools, once all calls are known.
    pub(crate) fn calls_known(&self) -> Option<ReplyFact> {
        let functions = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        (self.is_thought() && functions > 0).then_some(ReplyFact::FunctionsCalled { functions })
    }

    /// Whether all of it is made, nothing of it can be heard and nothing that it calls waits to run.
    pub(crate) const fn is_over_unheard(&self) -> bool {
        self.finished && self.samples == 0 && self.calls.is_empty() && !self.is_speculative()
    }

    /// Whether a realtime model makes it.
    pub(crate) const fn is_fed(&self) -> bool {
        self.is_fed
    }

    /// Whether its words are given to a voice, or only shown: it has no audio of its own.
    pub(crate) const fn has_voice(&self) -> bool {
        !self.brings_audio
    }

    /// The rate of its samples.
    pub(crate) const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Whether all its samples are made.
    pub(crate) const fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether all of its text was voiced.
    pub(crate) const fn is_whole(&self) -> bool {
        self.finished && self.captions.is_complete()
    }

    /// Goes on making it. The voice is asked for more only if there is room for more audio.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, now: Moment, has_room: bool) -> Poll<News> {
        if let Text::Coming(answer) = &mut self.text {
            match answer.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => return Poll::Ready(self.on_piece(event, now)),
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(self.on_broken_text(error.kind, error.message, now));
                }
                Poll::Ready(None) => {
                    return Poll::Ready(self.on_broken_text(
                        ErrorKind::StreamCut,
                        "the answer has no end".to_owned(),
                        now,
                    ));
                }
                Poll::Pending => {}
            }
        }
        if self.speculation.as_ref().is_some_and(|speculation| !speculation.is_voiced) {
            return Poll::Pending;
        }
        self.give_text();
        if has_room && let Some(news) = self.poll_voice(cx, now) {
            return Poll::Ready(news);
        }
        match (&self.text, &self.voice) {
            (Text::Whole, Voice::Unopened | Voice::Over | Voice::Broken) if !self.finished => {
                self.finished = true;
                if matches!(self.voice, Voice::Broken) && self.is_in_vain() {
                    return Poll::Ready(News::GivenUp);
                }
                Poll::Ready(News::Finished { audible: self.samples > 0 })
            }
            (
                Text::Whole | Text::Coming(_) | Text::Fed,
                Voice::Unopened | Voice::Over | Voice::Speaking(_) | Voice::Fed | Voice::Broken,
            ) => Poll::Pending,
        }
    }

    fn poll_voice(&mut self, cx: &mut Context<'_>, now: Moment) -> Option<News> {
        let Voice::Speaking(voice) = &mut self.voice else { return None };
        let answer = voice.poll_audio(cx);
        if !self.voicing.is_written && voice.has_begun() {
            self.times.voice_began.get_or_insert(now);
        }
        match answer {
            Poll::Ready(Some(Ok(chunk))) => Some(self.on_chunk(chunk, now)),
            Poll::Ready(Some(Err(error))) => Some(self.on_broken_voice(error.kind, error.message)),
            Poll::Ready(None) if matches!(self.text, Text::Whole) => {
                self.voice = Voice::Over;
                self.captions.complete(now);
                None
            }
            Poll::Ready(None) => {
                Some(self.on_broken_voice(ErrorKind::StreamCut, "the speech was cut".to_owned()))
            }
            Poll::Pending => None,
        }
    }

    fn on_piece(&mut self, event: LlmEvent, now: Moment) -> News {
        match event {
            LlmEvent::Text(text) => {
                self.times.first_piece.get_or_insert(now);
                self.push_text(&text, now);
                News::More
            }
            LlmEvent::Reasoning(_) => News::More,
            LlmEvent::Call(call) => {
                self.times.first_piece.get_or_insert(now);
                self.calls.push(call);
                News::More
            }
            LlmEvent::Usage(usage) => {
                self.used.0 += usage;
                News::Used { component: Component::Llm, usage }
            }
            LlmEvent::Finished(reason) => {
                self.end_text(now);
                let Some((kind, message)) = self.withheld(reason) else { return News::Thought };
                self.finished = true;
                News::Failed { component: Component::Llm, kind, message: message.to_owned(), is_final: true }
            }
        }
    }

    /// Why there is nothing of an answer that ended like this; `None` if there is something, or nothing was to be said.
    fn withheld(&self, reason: FinishReason) -> Option<(ErrorKind, &'static str)> {
        let is_empty = self.captions.all().trim().is_empty() && self.calls.is_empty();
        match reason {
            FinishReason::Length if is_empty => {
                Some((ErrorKind::OutputLimit, "the limit of tokens was reached before the first word"))
            }
            FinishReason::ContentFilter if is_empty => {
                Some((ErrorKind::ContentFiltered, "the provider withheld the answer"))
            }
            FinishReason::Stop | FinishReason::Calls | FinishReason::Length | FinishReason::ContentFilter => {
                None
            }
        }
    }

    /// More text to say, if there is a voice to say it.
    fn push_text(&mut self, text: &str, now: Moment) {
        if !matches!(self.voice, Voice::Broken) {
            self.worded.push(text, &mut self.captions, now);
        }
    }

    /// What was thought before the failure is said, if it is anything; calls are not made.
    fn on_broken_text(&mut self, kind: ErrorKind, message: String, now: Moment) -> News {
        self.calls.clear();
        self.end_text(now);
        let is_final = self.captions.is_empty();
        self.finished |= is_final;
        News::Failed { component: Component::Llm, kind, message, is_final }
    }

    fn end_text(&mut self, now: Moment) {
        if !self.may_call && !self.calls.is_empty() {
            let n_calls = self.calls.len();
            debug!(n_calls, "the mind calls tools though it was told not to: they are not run");
            self.calls.clear();
        }
        self.text = Text::Whole;
        if matches!(self.voice, Voice::Broken) {
            return;
        }
        self.worded.finish(&mut self.captions, now);
        if let Voice::Speaking(voice) = &mut self.voice {
            voice.push(&self.worded.waiting);
            voice.finish();
            self.note_given();
        }
    }

    /// Gives the voice what waits; opens it with the first words.
    fn give_text(&mut self) {
        match &mut self.voice {
            Voice::Unopened if !self.worded.waiting.trim().is_empty() => self.open_voice(),
            Voice::Speaking(voice) if !self.worded.waiting.is_empty() => {
                voice.push(&self.worded.waiting);
                self.note_given();
            }
            Voice::Unopened | Voice::Speaking(_) | Voice::Over | Voice::Fed | Voice::Broken => {}
        }
    }

    /// The voice was given what waited. What is written is given to none.
    fn note_given(&mut self) {
        if !self.voicing.is_written {
            self.n_voiced += self.worded.waiting.chars().count() as u64;
        }
        self.worded.waiting.clear();
    }

    fn open_voice(&mut self) {
        let mut voice = self.voicing.tts.open(self.voicing.options.clone());
        self.rate = self.voicing.tts.sample_rate();
        voice.push(&self.worded.waiting);
        self.note_given();
        if matches!(self.text, Text::Whole) {
            voice.finish();
        }
        self.voice = Voice::Speaking(voice);
    }

    fn on_chunk(&mut self, chunk: SpeechChunk, now: Moment) -> News {
        self.used.1 += chunk.usage.unwrap_or_default();
        let length = chunk.samples.len() as u64;
        if self.samples == 0
            && let Voice::Speaking(voice) = &self.voice
            && let Some(rate) = voice.sample_rate()
        {
            self.rate = rate;
        }
        self.captions.voiced(self.rate.duration_of(length), &chunk.words);
        if length == 0 {
            return chunk.usage.map_or(News::More, |usage| News::Used { component: Component::Tts, usage });
        }
        self.take_samples(chunk.samples, now)
    }

    fn take_samples(&mut self, samples: Vec<i16>, now: Moment) -> News {
        let first = self.samples == 0;
        self.samples += samples.len() as u64;
        if first {
            self.times.first_sample = Some(now);
        }
        if self.audio.is_empty() {
            self.audio = samples;
        } else {
            self.audio.extend_from_slice(&samples);
        }
        News::Audio { first }
    }

    /// What was voiced before the failure is played. A mind that still thinks is heard to its end, for it may call tools.
    fn on_broken_voice(&mut self, kind: ErrorKind, message: String) -> News {
        self.voice = Voice::Broken;
        self.worded.waiting.clear();
        let is_final = self.is_thought() && self.is_in_vain();
        self.finished |= is_final;
        News::Failed { component: Component::Tts, kind, message, is_final }
    }

    /// Whether nothing of it was made, and it calls nothing.
    const fn is_in_vain(&self) -> bool {
        self.samples == 0 && self.calls.is_empty() && !self.has_called
    }
}
