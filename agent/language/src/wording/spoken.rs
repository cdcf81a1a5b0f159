//! Text as it may be shown or spoken: without Markdown and emoji, for who does not need to know what was written.

use super::{Markup, Transform};
use crate::reading::Said;

/// Takes Markdown and emoji out of a stream of text.
#[derive(Clone, Debug)]
pub struct Spoken(Markup);

impl Default for Spoken {
    fn default() -> Self {
        Self(Markup::new(true, true))
    }
}

impl Spoken {
    /// More text; what can be said is appended to `out`.
    pub fn push(&mut self, text: &str, out: &mut String) {
        let mut said = Vec::new();
        self.0.push(text, &mut said);
        out.extend(said.iter().map(Said::spoken));
    }

    /// No more text comes.
    pub fn finish(&mut self, out: &mut String) {
        let mut said = Vec::new();
        self.0.finish(&mut said);
        out.extend(said.iter().map(Said::spoken));
    }
}
