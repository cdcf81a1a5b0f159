//! What a mind wrote on its way to the voice: marks taken out, words replaced, numbers read aloud.
//!
//! Marks of Markdown and emoji are nowhere shown; of what is only said otherwise, captions and history keep what was
//! written.

use std::sync::Arc;

use agent_language::{
    reading::Said,
    wording::{Chain, Markup, Transform, Wording},
};
use agent_turn::Moment;
use providers_core::{TextToSpeech, TtsOptions};

use crate::transcript::Transcript;

/// With what a reply is spoken, and how.
#[derive(Clone)]
pub(crate) struct Voicing {
    pub(crate) tts: Arc<dyn TextToSpeech>,
    pub(crate) options: TtsOptions,
    pub(crate) wording: Arc<Wording>,
}

/// The steps between the mind's text and the voice's.
pub(super) struct Worded {
    markup: Markup,
    steps: Chain,
    /// Text that was not given to the voice.
    pub(super) waiting: String,
}

impl Worded {
    pub(super) fn new(wording: &Wording) -> Self {
        let steps = Wording { markdown: false, emoji: false, ..wording.clone() }.chain();
        Self { markup: Markup::new(wording.markdown, wording.emoji), steps, waiting: String::new() }
    }

    /// More text; what is certain is appended to the transcript, and waits for the voice.
    pub(super) fn push(&mut self, text: &str, transcript: &mut Transcript, now: Moment) {
        let mut shown = Vec::new();
        self.markup.push(text, &mut shown);
        self.word(&shown, false, transcript, now);
    }

    /// No more text comes.
    pub(super) fn finish(&mut self, transcript: &mut Transcript, now: Moment) {
        let mut shown = Vec::new();
        self.markup.finish(&mut shown);
        self.word(&shown, true, transcript, now);
        transcript.end_text(now);
    }

    fn word(&mut self, shown: &[Said], is_end: bool, transcript: &mut Transcript, now: Moment) {
        let mut said = Vec::new();
        for piece in shown {
            self.steps.push(piece.spoken(), &mut said);
        }
        if is_end {
            self.steps.finish(&mut said);
        }
        for piece in said {
            self.waiting.push_str(piece.spoken());
            transcript.push(now, &piece);
        }
    }
}
