//! Wording: the steps between what the mind wrote and what the voice is given.
//!
//! ```text
//!  mind ─► Markup (Markdown, emoji) ─► Replace (words) ─► Replace (pronunciation) ─► a Normaliser's Reader ─► voice
//!                                       each piece keeps what was written for it ─► captions, history
//! ```

mod chain;
mod markup;
mod replace;
mod spoken;

use std::sync::Arc;

pub use chain::Chain;
pub use markup::Markup;
pub use replace::Replace;
pub use spoken::Spoken;

use crate::reading::{Normaliser, Reader, Said};

/// A step between what was written and what is said: text in pieces of any size, out piece by piece. All that it
/// gives was `written` together is what was pushed, in order; what is `spoken` is up to it. It is the same at any
/// chunking, and what it holds back is bounded.
pub trait Transform: Send {
    /// More text; what is certain is appended to `out`.
    fn push(&mut self, text: &str, out: &mut Vec<Said>);

    /// No more text comes: what is held back is appended to `out`. The next push begins a new text.
    fn finish(&mut self, out: &mut Vec<Said>);
}

impl Transform for Reader {
    fn push(&mut self, text: &str, out: &mut Vec<Said>) {
        Self::push(self, text, out);
    }

    fn finish(&mut self, out: &mut Vec<Said>) {
        Self::finish(self, out);
    }
}

/// How what a mind writes is worded for a voice.
#[derive(Clone, Default)]
pub struct Wording {
    /// Whether Markdown's marks are left out.
    pub markdown: bool,
    /// Whether emoji are left out.
    pub emoji: bool,
    /// Words and what is said in their place.
    pub replacements: Vec<(String, String)>,
    /// Words and how they are pronounced, spelled as the voice reads it.
    pub pronunciations: Vec<(String, String)>,
    /// What reads numbers and signs aloud, where the voice does not.
    pub normaliser: Option<Arc<dyn Normaliser>>,
}

impl Wording {
    /// The steps, for one text. What is pronounced in its own way is not read as a number any more.
    #[must_use]
    pub fn chain(&self) -> Chain {
        let mut steps: Vec<Box<dyn Transform>> = Vec::new();
        if self.markdown || self.emoji {
            steps.push(Box::new(Markup::new(self.markdown, self.emoji)));
        }
        for list in [&self.replacements, &self.pronunciations] {
            if !list.is_empty() {
                steps.push(Box::new(Replace::new(list)));
            }
        }
        if let Some(normaliser) = &self.normaliser {
            steps.push(Box::new(Reader::new(Arc::clone(normaliser))));
        }
        Chain::new(steps)
    }
}

impl std::fmt::Debug for Wording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wording")
            .field("markdown", &self.markdown)
            .field("emoji", &self.emoji)
            .field("replacements", &self.replacements.len())
            .field("pronunciations", &self.pronunciations.len())
            .field("normaliser", &self.normaliser.as_ref().map(|one| one.language()))
            .finish()
    }
}

/// Appends text that is said as it is written.
fn plain(out: &mut Vec<Said>, text: &str) {
    match out.last_mut() {
        _ if text.is_empty() => {}
        Some(Said::Plain(last)) => last.push_str(text),
        Some(Said::Read { .. }) | None => out.push(Said::Plain(text.to_owned())),
    }
}
