//! A reply that a realtime model makes: its pieces are brought, not asked for. Text and audio come together; where the
//! model only writes, the voice speaks as for any other mind.

use std::time::Duration;

use agent_turn::{Moment, ReplyId};
use providers_core::{ErrorKind, SampleRate};

use super::{Making, News, Text, Voice, Voicing, Worded};
use crate::{Component, live::Piece, transcript::Transcript};

/// How long one answer may be: what a realtime model sends beyond it is not heard. Audio comes faster than it is played
/// and waits in the playout: 29 MB at 24 kHz.
const LONGEST: Duration = Duration::from_secs(600);

impl Making {
    /// A reply of which a realtime model brings the audio, at this rate; `None`: only the text. Of what is read only the
    /// text counts.
    pub(crate) fn fed(id: ReplyId, rate: Option<SampleRate>, voicing: Voicing, now: Moment) -> Self {
        let mut making = Self::new(id, Text::Fed, voicing, now);
        if let Some(rate) = rate.filter(|_| !making.voicing.is_written) {
            making.voice = Voice::Fed;
            making.rate = rate;
            making.brings_audio = true;
        }
        making.is_fed = true;
        making
    }

    /// More of it.
    pub(crate) fn feed(&mut self, piece: Piece, now: Moment) -> News {
        if self.is_thought() {
            // It was too long, and ended before its end.
            return News::More;
        }
        match piece {
            Piece::Text(_, text) => {
                self.times.first_piece.get_or_insert(now);
                self.push_text(&text, now);
                if matches!(self.voice, Voice::Fed) {
                    self.worded.waiting.clear();
                }
                News::More
            }
            Piece::Audio(_, samples) => self.on_fed_audio(samples, now),
            Piece::Call(call) => {
                self.times.first_piece.get_or_insert(now);
                self.calls.push(call);
                News::More
            }
            Piece::Finished => {
                self.end_feeding(true, now);
                News::Thought
            }
            Piece::Broken => self.cut_feeding(now),
            Piece::Failed(error) => self.break_feeding(error.kind, error.message, now),
        }
    }

    /// Nothing more of it comes. What has come is said; calls are not made.
    pub(crate) fn break_feeding(&mut self, kind: ErrorKind, message: String, now: Moment) -> News {
        self.calls.clear();
        self.end_feeding(false, now);
        let is_final = self.samples == 0 && (self.brings_audio || self.captions.is_empty());
        self.finished |= is_final;
        News::Failed { component: Component::Realtime, kind, message, is_final }
    }

    /// Another session is asked for it, of which nothing was heard: what had come is forgotten.
    pub(crate) fn feed_anew(&mut self) {
        self.captions = Transcript::new(self.voicing.is_written);
        self.worded = Worded::new(&self.voicing.wording);
        self.calls.clear();
        self.times.first_piece = None;
    }

    /// There is more of it, which is not heard: it ends where it is, and is not complete.
    fn cut_feeding(&mut self, now: Moment) -> News {
        self.calls.clear();
        self.end_feeding(false, now);
        News::More
    }

    fn on_fed_audio(&mut self, samples: Vec<i16>, now: Moment) -> News {
        self.times.first_piece.get_or_insert(now);
        let is_too_long = self.rate.duration_of(self.samples) >= LONGEST;
        if is_too_long {
            return self.cut_feeding(now);
        }
        if samples.is_empty() || !matches!(self.voice, Voice::Fed) {
            return News::More;
        }
        self.captions.voiced(self.rate.duration_of(samples.len() as u64), &[]);
        self.take_samples(samples, now)
    }

    fn end_feeding(&mut self, is_whole: bool, now: Moment) {
        self.end_text(now);
        if matches!(self.voice, Voice::Fed) {
            self.worded.waiting.clear();
            self.voice = Voice::Over;
            if is_whole {
                self.captions.complete(now);
            }
        }
    }
}
