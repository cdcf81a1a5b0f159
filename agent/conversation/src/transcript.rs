//! The text of one reply on the call's clock: which of its words were heard by now.

use std::{borrow::Cow, time::Duration};

use agent_language::{Captions, reading::Said};
use agent_turn::Moment;
use providers_core::WordTiming;

/// A reply's text, and when its playout began.
#[derive(Debug)]
pub(crate) struct Transcript {
    captions: Captions,
    /// Whether it is read, not heard: then all of it is there at once.
    is_written: bool,
    began: Option<Moment>,
    /// When the voice had said all.
    voiced: Option<Moment>,
}

impl Transcript {
    pub(crate) fn new(is_written: bool) -> Self {
        Self { captions: Captions::default(), is_written, began: None, voiced: None }
    }

    /// More text is given to the voice.
    pub(crate) fn push(&mut self, now: Moment, said: &Said) {
        self.keep(now);
        self.captions.push_said(said);
    }

    /// No more text comes.
    pub(crate) fn end_text(&mut self, now: Moment) {
        self.keep(now);
        self.captions.end_text();
    }

    /// The voice made more audio, and told when these words are spoken.
    pub(crate) fn voiced(&mut self, audio: Duration, words: &[WordTiming]) {
        self.captions.voiced(audio, words);
    }

    /// The voice has said all.
    pub(crate) fn complete(&mut self, now: Moment) {
        self.keep(now);
        self.voiced = Some(now);
        self.captions.complete();
    }

    /// The playout begins.
    pub(crate) fn begin(&mut self, now: Moment) {
        self.began = Some(now);
        self.captions.begin(self.voiced.is_some_and(|voiced| voiced < now));
    }

    /// The playout pauses.
    pub(crate) fn pause(&mut self, now: Moment) {
        if let Some(began) = self.began {
            self.captions.pause(now.since(began));
        }
    }

    /// The playout goes on.
    pub(crate) fn resume(&mut self, now: Moment) {
        if let Some(began) = self.began {
            self.captions.resume(now.since(began));
        }
    }

    /// What is to be shown next, when so much audio was heard.
    pub(crate) fn advance(&mut self, now: Moment, heard: Duration) -> Cow<'_, str> {
        self.keep(now);
        if self.is_written {
            return self.captions.rest();
        }
        self.captions.advance(heard)
    }

    /// All that was not shown yet.
    pub(crate) fn rest(&mut self) -> Cow<'_, str> {
        self.captions.rest()
    }

    /// What was heard, when so much audio was.
    pub(crate) fn heard(&mut self, now: Moment, heard: Duration) -> &str {
        self.keep(now);
        if self.is_written {
            return self.captions.all();
        }
        self.captions.heard(heard)
    }

    /// The same as it was spoken.
    pub(crate) fn heard_spoken(&mut self, now: Moment, heard: Duration) -> &str {
        self.keep(now);
        if self.is_written {
            return self.captions.all();
        }
        self.captions.heard_spoken(heard)
    }

    /// All of the text.
    pub(crate) fn all(&self) -> &str {
        self.captions.all()
    }

    /// Whether there is any text.
    pub(crate) fn is_empty(&self) -> bool {
        self.captions.is_empty()
    }

    /// Whether all text has its audio.
    pub(crate) const fn is_complete(&self) -> bool {
        self.captions.is_complete()
    }

    fn keep(&mut self, now: Moment) {
        if let Some(began) = self.began {
            self.captions.at(now.since(began));
        }
    }
}
