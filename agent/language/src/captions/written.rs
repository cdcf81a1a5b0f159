//! What was written beside what is spoken, and which place of the one is which of the other.

use std::borrow::Cow;

/// Two texts, piece by piece.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    text: String,
    /// What is spoken, where it is anything else than `text`.
    spoken: Option<String>,
    spans: Vec<Span>,
}

/// A piece of both texts; bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    written_end: usize,
    spoken_end: usize,
    /// Whether the two differ, so that no place within corresponds to any.
    is_read: bool,
}

impl Written {
    /// Text that is said as it is written.
    pub(super) fn push(&mut self, text: &str) {
        self.append(text, text, false);
    }

    /// Text that is said otherwise.
    pub(super) fn push_read(&mut self, written: &str, spoken: &str) {
        if self.spoken.is_none() {
            self.spoken = Some(self.text.clone());
        }
        self.append(written, spoken, true);
    }

    fn append(&mut self, written: &str, spoken: &str, is_read: bool) {
        self.text.push_str(written);
        if let Some(all) = &mut self.spoken {
            all.push_str(spoken);
        }
        let span = Span { written_end: self.text.len(), spoken_end: self.spoken().len(), is_read };
        match self.spans.last_mut() {
            Some(last) if !last.is_read && !is_read => *last = span,
            Some(_) | None => self.spans.push(span),
        }
    }

    /// What was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What is spoken.
    pub(super) fn spoken(&self) -> &str {
        self.spoken.as_deref().unwrap_or(&self.text)
    }

    /// How far the written text is said when the spoken one is said up to `spoken`.
    pub(super) fn place_of(&self, spoken: usize) -> usize {
        let at = self.spans.partition_point(|span| span.spoken_end < spoken);
        let from =
            at.checked_sub(1).map_or((0, 0), |n| (self.spans[n].written_end, self.spans[n].spoken_end));
        match self.spans.get(at) {
            None => self.text.len(),
            Some(span) if spoken == span.spoken_end => span.written_end,
            Some(span) if span.is_read => from.0,
            Some(_) => from.0 + (spoken - from.1),
        }
    }

    /// How far the spoken text goes when the written one goes up to `written`.
    pub(super) fn spoken_place_of(&self, written: usize) -> usize {
        if self.spoken.is_none() {
            return written;
        }
        let at = self.spans.partition_point(|span| span.written_end < written);
        let from =
            at.checked_sub(1).map_or((0, 0), |n| (self.spans[n].written_end, self.spans[n].spoken_end));
        match self.spans.get(at) {
            None => self.spoken().len(),
            Some(span) if written == span.written_end => span.spoken_end,
            Some(span) if span.is_read => from.1,
            Some(_) => from.1 + (written - from.0),
        }
    }

    /// What was written between two places, without what is not said at all.
    pub(super) fn said(&self, from: usize, to: usize) -> Cow<'_, str> {
        if self.spoken.is_none() {
            return Cow::Borrowed(&self.text[from..to]);
        }
        let mut said = String::with_capacity(to - from);
        let (mut written, mut spoken) = (0, 0);
        for span in &self.spans {
            let is_said = !span.is_read || span.spoken_end > spoken;
            let (start, end) = (written.max(from), span.written_end.min(to));
            if is_said && start < end {
                said.push_str(&self.text[start..end]);
            }
            (written, spoken) = (span.written_end, span.spoken_end);
        }
        Cow::Owned(said)
    }

    /// The piece that is said otherwise and covers the byte before `end`: where it ends, and what is said. Marks that
    /// are not said at all are no such piece.
    pub(super) fn read_before(&self, end: usize) -> Option<(usize, &str)> {
        let spoken = self.spoken.as_ref()?;
        let at = self.spans.partition_point(|span| span.written_end < end);
        let span = self.spans.get(at).filter(|span| span.is_read)?;
        let from = at.checked_sub(1).map_or(0, |n| self.spans[n].spoken_end);
        (span.spoken_end > from).then(|| (span.written_end, &spoken[from..span.spoken_end]))
    }
}

#[cfg(test)]
mod tests {
    use super::Written;

    #[test]
    fn a_place_in_what_is_spoken_is_a_place_in_what_was_written() {
        let mut written = Written::default();
        written.push("At ");
        written.push_read("5pm", "five PM");
        written.push(", yes");
        assert_eq!((written.text(), written.spoken()), ("At 5pm, yes", "At five PM, yes"));
        for (spoken, place) in [(0, 0), (2, 2), (3, 3), (7, 3), (10, 6), (11, 7), (15, 11), (99, 11)] {
            assert_eq!(written.place_of(spoken), place, "{spoken}");
        }
        assert_eq!(written.read_before(5), Some((6, "five PM")));
        assert_eq!(written.read_before(3), None);
    }
}
