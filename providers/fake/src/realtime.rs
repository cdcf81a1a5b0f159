//! A realtime model with canned answers, which are a tone, or silence, with their text.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use providers_core::{
    AnswerId, AnswerWish, ChatMessage, HeardId, HearingRate, ItemId, ProviderInfo, Realtime,
    RealtimeCapabilities, RealtimeSession, RealtimeSetup, RealtimeUpdate, SampleRate, ToolCall,
};
use tokio::time::Instant;

use self::{known::Known, session::Session};
use crate::{
    Faults, Heard, Sound, When,
    record::{Open, PROVIDER, Record},
};

mod known;
mod planned;
mod session;

/// What a realtime model hears, and what it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct RealtimeScript {
    /// What its sessions can do.
    pub capabilities: RealtimeCapabilities,
    /// The rate of the audio that it wants.
    pub hears_at: HearingRate,
    /// The rate of the audio that it gives.
    pub speaks_at: SampleRate,
    /// What that audio is.
    pub sound: Sound,
    /// What the turns say, in the order in which they end, over all sessions.
    pub heard: Heard,
    /// How long after the end of a turn its transcript comes; `None` never.
    pub transcript: Option<Duration>,
    /// What it answers; of two for the same text the first is taken. To what it has no answer for it says nothing.
    pub answers: Vec<SpokenAnswer>,
    /// How it finds turns where it is to find them itself.
    pub turns: OwnTurns,
    /// How many chunks of an answer still come after it was cancelled, as no provider may: they were under way.
    pub late_chunks: usize,
}

/// One canned answer.
#[derive(Clone, Debug, PartialEq)]
pub struct SpokenAnswer {
    /// What it answers: the last of what the person said or wrote, what a tool returned, and what the answer was
    /// instructed.
    pub when: When,
    /// What it says, in step with its audio.
    pub text: String,
    /// The tools it calls, at its end. No two calls of a model have the same id: from the second on they are numbered.
    pub calls: Vec<ToolCall>,
    /// How long its audio lasts, in chunks of 100 ms; without audio it is only text.
    pub length: Duration,
    /// From the wish, or the end of the turn, to the first chunk.
    pub first: Duration,
    /// From there to its end; not before `first`.
    pub duration: Duration,
}

/// How a model finds turns itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnTurns {
    /// At these times (beginning, end), whatever audio it is given; they count from the first session that was opened.
    At(Vec<(Duration, Duration)>),
    /// By the audio: a sample this loud is speech, which ends after so much silence.
    Level {
        /// As a sample's value.
        peak: i16,
        /// Without any such sample.
        silence: Duration,
    },
}

/// Something that a session was told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// It was opened.
    Opened(RealtimeSetup),
    /// A turn was over.
    Committed(HeardId),
    /// What was said was nothing.
    Cleared,
    /// Something to know.
    Added(ChatMessage),
    /// To answer.
    Asked(AnswerId, AnswerWish),
    /// Not to.
    Cancelled(AnswerId),
    /// How much of an item was heard.
    Truncated {
        /// The item: `item` and the number of its answer.
        item: ItemId,
        /// Of its audio.
        audio: Duration,
        /// Of its text.
        text: String,
    },
    /// To be something else.
    Updated(RealtimeUpdate),
}

/// A realtime model with canned answers.
pub struct FakeRealtime {
    info: ProviderInfo,
    script: Arc<RealtimeScript>,
    /// One second of the sound, which then begins again.
    sound: Arc<[i16]>,
    faults: Faults,
    shared: Arc<Shared>,
    record: Arc<Record<Told>>,
}

/// What the sessions of a model have in common.
#[derive(Debug, Default)]
struct Shared {
    began: OnceLock<Instant>,
    turns: AtomicU64,
    samples: AtomicU64,
    calls: AtomicU64,
    known: Mutex<Known>,
}

impl Shared {
    /// What the model knows in the session that was opened last.
    fn known<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl FakeRealtime {
    /// A model with this script.
    #[must_use]
    pub fn new(script: RealtimeScript) -> Self {
        Self {
            info: ProviderInfo { provider: PROVIDER, model: "canned".to_owned() },
            sound: script.sound.one_second(script.speaks_at),
            script: Arc::new(script),
            faults: Faults::none(),
            shared: Arc::default(),
            record: Record::new(false),
        }
    }

    /// The same model with failures, counted by session; the pieces before one are its events.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The same model, which keeps what its sessions were told (4096 at most).
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.record = Record::new(true);
        self
    }

    /// How many sessions were opened.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.record.opened()
    }

    /// How many sessions live now.
    #[must_use]
    pub fn open_now(&self) -> u64 {
        self.record.open()
    }

    /// What its sessions were told, in order; empty unless [`FakeRealtime::recording`].
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.record.requests()
    }

    /// What it knows in the session that was opened last: what that was told, what it heard, and what it said as far as
    /// it was not cut.
    #[must_use]
    pub fn known(&self) -> Vec<ChatMessage> {
        self.shared.known(|known| known.messages())
    }

    /// How many samples its sessions were given.
    #[must_use]
    pub fn samples_heard(&self) -> u64 {
        self.shared.samples.load(Relaxed)
    }
}

impl Realtime for FakeRealtime {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn capabilities(&self) -> RealtimeCapabilities {
        self.script.capabilities
    }

    fn hears_at(&self) -> HearingRate {
        self.script.hears_at
    }

    fn speaks_at(&self) -> SampleRate {
        self.script.speaks_at
    }

    fn open(&self, setup: RealtimeSetup) -> Box<dyn RealtimeSession> {
        let (open, number) = Open::count(&self.record);
        let detects = setup.turn_detection && self.script.capabilities.turn_detection;
        let last = setup.history.iter().rev().find_map(answerable).unwrap_or_default().to_owned();
        self.shared.known(|known| known.begin(&setup.history));
        open.record().keep(|| Told::Opened(setup));
        Box::new(Session::new(
            Arc::clone(&self.script),
            Arc::clone(&self.sound),
            Arc::clone(&self.shared),
            self.faults.of_request(number),
            (detects, last),
            open,
        ))
    }
}

/// The text of a message if it can be answered.
fn answerable(message: &ChatMessage) -> Option<&str> {
    match message {
        ChatMessage::User { text } => Some(text),
        ChatMessage::Tool { output, .. } => Some(output),
        ChatMessage::System { .. } | ChatMessage::Assistant { .. } => None,
    }
}
