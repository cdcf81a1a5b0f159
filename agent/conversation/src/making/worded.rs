//! What a mind wrote on its way to the voice: marks taken out, words replaced, numbers read aloud.
//!
//! The history keeps what the mind wrote, marks and emoji included. Captions show it without what is not said at all.

use std::sync::Arc;

use agent_language::{
    reading::Said,
    wording::{Chain, Transform, Wording},
};
use agent_turn::Moment;
use providers_core::{TextToSpeech, TtsOptions};

use crate::{pen::Pen, transcript::Transcript};

/// With what a reply is spoken, and how.
#[derive(Clone)]
pub(crate) struct Voicing {
    pub(crate) tts: Arc<dyn TextToSpeech>,
    pub(crate) options: TtsOptions,
    pub(crate) wording: Arc<Wording>,
    /// Whether it is read, not heard.
    pub(crate) is_written: bool,
}

impl Voicing {
    /// In this voice, in these words.
    pub(crate) fn spoken(tts: Arc<dyn TextToSpeech>, options: TtsOptions, wording: Wording) -> Self {
        Self { tts, options, wording: Arc::new(wording), is_written: false }
    }

    /// As the mind wrote it, without a voice.
    pub(crate) fn written(options: TtsOptions) -> Self {
        Self { tts: Arc::new(Pen::new()), options, wording: Arc::default(), is_written: true }
    }
}

/// The steps between the mind's text and the voice's.
pub(super) struct Worded {
    steps: Chain,
    /// Text that was not given to the voice.
    pub(super) waiting: String,
}

impl Worded {
    pub(super) fn new(wording: &Wording) -> Self {
        Self { steps: wording.chain(), waiting: String::new() }
    }

    /// More text; what is certain is appended to the transcript, and waits for the voice.
    pub(super) fn push(&mut self, text: &str, transcript: &mut Transcript, now: Moment) {
        let mut said = Vec::new();
        self.steps.push(text, &mut said);
        self.give(said, transcript, now);
    }

    /// No more text comes.
    pub(super) fn finish(&mut self, transcript: &mut Transcript, now: Moment) {
        let mut said = Vec::new();
        self.steps.finish(&mut said);
        self.give(said, transcript, now);
        transcript.end_text(now);
    }

    fn give(&mut self, said: Vec<Said>, transcript: &mut Transcript, now: Moment) {
        for piece in said {
            self.waiting.push_str(piece.spoken());
            transcript.push(now, &piece);
        }
    }
}
