//! A turn of the user as a hook sees it: before it is in the history, and before it is answered.

/// A turn of the user that has just ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTurn {
    text: String,
    was_spoken: bool,
    name: Option<String>,
    notes: Vec<String>,
    answer: TurnAnswer,
    is_changed: bool,
}

/// What is to become of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TurnAnswer {
    Wanted,
    /// It enters the history and is not answered.
    Unwanted,
    /// It is as if it had not been said.
    Forgotten,
}

impl UserTurn {
    pub(crate) const fn new(text: String, was_spoken: bool, name: Option<String>) -> Self {
        Self { text, was_spoken, name, notes: Vec::new(), answer: TurnAnswer::Wanted, is_changed: false }
    }

    /// What the user said.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it was spoken, not written.
    #[must_use]
    pub const fn was_spoken(&self) -> bool {
        self.was_spoken
    }

    /// Who said it, where several are heard.
    #[must_use]
    pub fn speaker(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Takes these words for what the user said.
    pub fn set_text(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.is_changed |= text != self.text;
        self.text = text;
    }

    /// Lets the mind read this, before the user's words, from now on.
    pub fn add_context(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
        self.is_changed = true;
    }

    /// An answer begun before is not used: the mind would answer otherwise now.
    pub const fn answer_anew(&mut self) {
        self.is_changed = true;
    }

    /// The turn is kept in the history and not answered.
    pub const fn keep_silent(&mut self) {
        self.answer = TurnAnswer::Unwanted;
    }

    /// The turn is neither kept nor answered.
    pub const fn ignore(&mut self) {
        self.answer = TurnAnswer::Forgotten;
    }

    pub(crate) const fn answer(&self) -> TurnAnswer {
        self.answer
    }

    /// Whether the mind will read anything else than an answer begun before has read.
    pub(crate) const fn is_changed(&self) -> bool {
        self.is_changed
    }

    pub(crate) fn into_parts(self) -> (String, Vec<String>) {
        (self.text, self.notes)
    }
}
