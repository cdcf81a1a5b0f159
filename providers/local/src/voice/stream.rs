//! One reply's stream: text in, audio out.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use providers_core::{ErrorKind, ProviderError, SpeechChunk, TtsStream};

use super::{
    desk::{Desk, Manner},
    pieces::{self, Piece},
    speaker::Speaker,
};
use crate::PROVIDER;

pub(super) struct VoiceStream {
    speaker: Arc<Speaker>,
    desk: Arc<Desk>,
    /// Text that does not make a piece yet.
    text: String,
    /// Whether a piece was given to the voice.
    has_begun: bool,
}

impl VoiceStream {
    pub(super) fn new(speaker: Arc<Speaker>, manner: Manner, ahead: usize, language: Option<&str>) -> Self {
        let desk = speaker.desk(manner, ahead);
        if let Some(language) = language
            && !language.split('-').next().is_some_and(|tag| tag.eq_ignore_ascii_case("en"))
        {
            let message = format!("flite's voices speak English, not {language:?}");
            desk.fail(ProviderError::new(PROVIDER, ErrorKind::Unsupported, message));
        }
        Self { speaker, desk, text: String::new(), has_begun: false }
    }

    fn add(&mut self, piece: Piece) {
        self.has_begun = true;
        if self.desk.add(piece) {
            self.speaker.queue(Arc::clone(&self.desk));
        }
    }
}

impl TtsStream for VoiceStream {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        while let Some(piece) = pieces::take(&mut self.text) {
            self.add(piece);
        }
    }

    fn flush(&mut self) {
        if let Some(piece) = pieces::take_rest(&mut self.text) {
            self.add(piece);
        }
    }

    fn finish(&mut self) {
        self.flush();
        self.desk.finish();
    }

    fn has_begun(&self) -> bool {
        self.has_begun
    }

    fn poll_audio(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        let (audio, queue) = self.desk.poll(cx);
        if queue {
            self.speaker.queue(Arc::clone(&self.desk));
        }
        audio
    }
}

impl Drop for VoiceStream {
    fn drop(&mut self) {
        self.desk.abandon();
    }
}
