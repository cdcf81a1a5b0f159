//! Listening: what a person's few words mean for whose turn it is. A listener's noise, a wish for the floor, a plea for
//! patience, a sentence that is not over; by word lists of each language, without a model.
//!
//! All of it is a guess from words and time, made to err on the side that costs the person less: what may be a wish to
//! speak is one, once it is more than a noise.

mod detector;
mod echo;
mod lexicon;
mod overlap;
mod phrases;

pub use detector::WordsDetector;
pub use lexicon::Lexicon;
pub use overlap::Listener;

/// Whether somebody asks to be waited for: "hold on", "let me see". Unknown languages: never.
#[must_use]
pub fn asks_for_patience(text: &str, language: &str) -> bool {
    Lexicon::of(language).is_some_and(|lexicon| lexicon.asks_for_patience(text))
}

/// Whether a text breaks off: after a conjunction, a preposition, an article, a filler, a comma or a dash. Unknown
/// languages: by the marks alone.
#[must_use]
pub fn seems_unfinished(text: &str, language: &str) -> bool {
    match Lexicon::of(language) {
        Some(lexicon) => lexicon.seems_unfinished(text),
        None => lexicon::breaks_off(text),
    }
}
