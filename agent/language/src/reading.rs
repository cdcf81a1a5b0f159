//! Reading aloud: what is written in digits and signs, said in words.
//!
//! ```text
//!  text ─► Reader (streaming) ─► recognise (what is it?) ─► Expression ─► Normaliser (how is it said?) ─► Said
//!              holds words back       by Conventions                          English, German
//! ```
//! What is recognised is a matter of a language's [`Conventions`], what is said of its [`Normaliser`]; the rest is
//! shared. The pieces that come out keep what was written beside what is said, so that captions and the history show
//! the one while the voice is given the other.

mod conventions;
mod english;
mod expression;
mod german;
mod reader;
mod recognise;
mod spelling;
mod words;

use std::sync::Arc;

pub use conventions::{Abbreviation, Conventions, DateOrder, Expands, OrdinalMark, Unit};
pub use english::English;
pub use expression::{Currency, Date, Expression, HalfDay, Number, Scale, TimeOfDay};
pub use german::German;
pub use reader::{Reader, Said};

/// How one language reads aloud what is not written as words. Implement it to bring a language.
pub trait Normaliser: Send + Sync {
    /// The language (BCP 47 tag).
    fn language(&self) -> &'static str;

    /// How it writes numbers, dates and the like.
    fn conventions(&self) -> &Conventions;

    /// Appends to `out` what is said. `before` is the word before, in lower case, or empty at a beginning.
    fn say(&self, what: &Expression, before: &str, out: &mut String);
}

/// What reads a language (BCP 47 tag) aloud, if this house knows it.
#[must_use]
pub fn normaliser(language: &str) -> Option<Arc<dyn Normaliser>> {
    let tag = language.to_ascii_lowercase().replace('_', "-");
    match (tag.as_str(), tag.split('-').next()) {
        ("en-gb" | "en-ie" | "en-au" | "en-nz" | "en-in" | "en-za", _) => Some(Arc::new(English::BRITISH)),
        (_, Some("en")) => Some(Arc::new(English::AMERICAN)),
        (_, Some("de")) => Some(Arc::new(German)),
        (_, Some(_) | None) => None,
    }
}
