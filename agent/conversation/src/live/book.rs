//! Which reply each answer of a realtime session is, also of answers that began before anybody wanted one. Pure.
//!
//! A reply wants an answer that it asked for, or one that the model begins by itself: to a turn that the model has heard
//! end, or to what tools returned. Either may be first, the reply or the answer; they find each other here, once. An
//! answer that nobody will want is cancelled.

use agent_turn::ReplyId;
use providers_core::{AnswerId, AnswerWish, HeardId, ItemId, ProviderError, ToolCall};

use super::items::Items;

/// Samples of an answer that began by itself and that no reply has taken yet: 20 s at 24 kHz, longer than any hook may
/// consider a turn. What comes beyond is not heard.
const UNCLAIMED: u64 = 480_000;

/// Answers and the replies that they are.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Replies that the session makes, in the order in which they were begun.
    entries: Vec<Entry>,
    /// An answer that began by itself, for a reply that is not begun yet.
    unclaimed: Option<Unclaimed>,
    /// The last turn heard by the model of which no answer is wanted, with all before it.
    declined: Option<HeardId>,
    /// Whether the next answer to what tools returned is not wanted.
    declines_tools: bool,
}

/// A reply that the session makes.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) reply: ReplyId,
    pub(crate) wanted: Wanted,
    /// Its answer, once there is one.
    pub(crate) answer: Option<AnswerId>,
    pub(crate) items: Items,
    /// Whether the session has said all.
    pub(crate) is_over: bool,
    /// Whether anything of it came.
    pub(crate) has_begun: bool,
}

/// The answer that a reply wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// One that is asked for.
    Asked(AnswerWish),
    /// One that begins by itself.
    Own(Cause),
}

/// Why a model answers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It has heard this turn end.
    Turn(HeardId),
    /// It was told what tools returned; or it has something to say.
    Tools,
}

/// An answer for which there is no reply yet.
#[derive(Debug)]
struct Unclaimed {
    answer: AnswerId,
    cause: Cause,
    pieces: Vec<Piece>,
    samples: u64,
}

/// A piece of an answer.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Audio of an item.
    Audio(ItemId, Vec<i16>),
    /// Text of an item.
    Text(ItemId, String),
    /// A tool is called.
    Call(ToolCall),
    /// It is complete.
    Finished,
    /// It could not be made, or not to its end.
    Failed(ProviderError),
}

/// What becomes of an answer that begins by itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// A reply has waited for it.
    Claimed,
    /// It waits for a reply; the answer that waited before is to be cancelled.
    Waits(Option<AnswerId>),
    /// Nobody wants it.
    Unwanted,
}

impl Book {
    /// A reply is begun whose answer is asked for; `answer` is its number where the session is open.
    pub(crate) fn ask(&mut self, reply: ReplyId, wish: AnswerWish, answer: Option<AnswerId>) {
        self.entries.push(Entry::new(reply, Wanted::Asked(wish), answer));
    }

    /// A reply is begun whose answer begins by itself. What has come of it is returned.
    pub(crate) fn expect(&mut self, reply: ReplyId, cause: Cause) -> Vec<Piece> {
        if cause == Cause::Tools {
            self.declines_tools = false;
        }
        let unclaimed = self.unclaimed.take_if(|unclaimed| unclaimed.cause == cause);
        let answer = unclaimed.as_ref().map(|unclaimed| unclaimed.answer);
        self.entries.push(Entry::new(reply, Wanted::Own(cause), answer));
        unclaimed.map(|unclaimed| unclaimed.pieces).unwrap_or_default()
    }

    /// An answer begins by itself.
    pub(crate) fn started(&mut self, answer: AnswerId, cause: Cause) -> Started {
        let is_declined = match cause {
            Cause::Turn(heard) => self.declined.is_some_and(|declined| heard <= declined),
            Cause::Tools => std::mem::take(&mut self.declines_tools),
        };
        if is_declined {
            return Started::Unwanted;
        }
        let waits = |entry: &&mut Entry| entry.answer.is_none() && entry.wanted == Wanted::Own(cause);
        if let Some(entry) = self.entries.iter_mut().find(waits) {
            entry.answer = Some(answer);
            return Started::Claimed;
        }
        let before = self.unclaimed.replace(Unclaimed { answer, cause, pieces: Vec::new(), samples: 0 });
        Started::Waits(before.map(|before| before.answer))
    }

    /// Whether the next piece of this answer is the first of its reply.
    pub(crate) fn is_beginning(&self, answer: AnswerId) -> bool {
        self.entries.iter().any(|entry| entry.answer == Some(answer) && !entry.has_begun)
    }

    /// A piece came. With the reply that it is of; `None` when it waits, or nobody wants it.
    pub(crate) fn piece(&mut self, answer: AnswerId, piece: Piece) -> Option<(ReplyId, Piece)> {
        if let Some(unclaimed) = self.unclaimed.as_mut().filter(|unclaimed| unclaimed.answer == answer) {
            unclaimed.keep(piece);
            return None;
        }
        let entry = self.entries.iter_mut().find(|entry| entry.answer == Some(answer))?;
        if entry.is_over {
            return None;
        }
        entry.note(&piece);
        Some((entry.reply, piece))
    }

    /// Takes note of a piece that was kept until its reply was begun.
    pub(crate) fn note(&mut self, reply: ReplyId, piece: &Piece) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.reply == reply) {
            entry.note(piece);
        }
    }

    /// No reply will want the answer to this turn of the model's, nor to one before. The answer to be cancelled, if it
    /// has begun.
    pub(crate) fn decline(&mut self, heard: HeardId) -> Option<AnswerId> {
        self.declined = self.declined.max(Some(heard));
        let is_it = |unclaimed: &mut Unclaimed| matches!(unclaimed.cause, Cause::Turn(of) if of <= heard);
        self.unclaimed.take_if(is_it).map(|unclaimed| unclaimed.answer)
    }

    /// No reply will want the answer to what tools have returned. The answer to be cancelled, if it has begun.
    pub(crate) fn decline_tools(&mut self) -> Option<AnswerId> {
        let unclaimed = self.unclaimed.take_if(|unclaimed| unclaimed.cause == Cause::Tools);
        self.declines_tools = unclaimed.is_none();
        unclaimed.map(|unclaimed| unclaimed.answer)
    }

    /// The reply is over for the session: heard to its end, stopped or cancelled.
    pub(crate) fn take(&mut self, reply: ReplyId) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.reply == reply)?;
        Some(self.entries.remove(at))
    }

    /// Those replies of which `is_there` says no are over for the session.
    pub(crate) fn take_gone(&mut self, is_there: impl Fn(ReplyId) -> bool) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| !is_there(entry.reply))?;
        Some(self.entries.remove(at))
    }

    /// The session is gone. Replies that have begun and are not complete are returned: they end where they are. The
    /// others are asked for again when there is another session, also those that the model was to begin by itself.
    pub(crate) fn lost(&mut self) -> Vec<ReplyId> {
        self.unclaimed = None;
        self.declined = None;
        self.declines_tools = false;
        let broken = self.entries.extract_if(.., |entry| entry.has_begun && !entry.is_over);
        let broken = broken.map(|entry| entry.reply).collect();
        self.entries.retain(|entry| !entry.is_over);
        for entry in &mut self.entries {
            entry.answer = None;
        }
        broken
    }

    /// The replies whose answers have not begun, for a new session to be asked.
    pub(crate) fn unbegun(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().filter(|entry| entry.answer.is_none())
    }
}

impl Entry {
    fn new(reply: ReplyId, wanted: Wanted, answer: Option<AnswerId>) -> Self {
        Self { reply, wanted, answer, items: Items::default(), is_over: false, has_begun: false }
    }

    fn note(&mut self, piece: &Piece) {
        self.has_begun = true;
        match piece {
            Piece::Audio(item, samples) => self.items.audio(item, samples.len() as u64),
            Piece::Text(item, text) => self.items.text(item, text.len()),
            Piece::Call(_) => {}
            Piece::Finished | Piece::Failed(_) => self.is_over = true,
        }
    }
}

impl Unclaimed {
    fn keep(&mut self, piece: Piece) {
        let samples = match &piece {
            Piece::Audio(_, samples) => samples.len() as u64,
            Piece::Text(..) | Piece::Call(_) | Piece::Finished | Piece::Failed(_) => 0,
        };
        if self.samples + samples <= UNCLAIMED {
            self.samples += samples;
            self.pieces.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use agent_turn::ReplyId;
    use providers_core::{AnswerId, AnswerWish, HeardId, ItemId};

    use super::{Book, Cause, Piece, Started};

    const TURN: Cause = Cause::Turn(HeardId(1));

    fn audio() -> Piece {
        Piece::Audio(ItemId("a".into()), vec![0; 240])
    }

    fn end() -> Piece {
        Piece::Finished
    }

    #[test]
    fn a_reply_and_an_answer_that_begins_by_itself_find_each_other_whoever_is_first() {
        let mut book = Book::default();
        assert!(book.expect(ReplyId(1), TURN).is_empty());
        assert_eq!(book.started(AnswerId(7), TURN), Started::Claimed);
        assert!(matches!(book.piece(AnswerId(7), audio()), Some((ReplyId(1), Piece::Audio(..)))));

        assert_eq!(book.started(AnswerId(8), Cause::Turn(HeardId(2))), Started::Waits(None));
        assert!(book.piece(AnswerId(8), audio()).is_none());
        assert!(book.expect(ReplyId(2), Cause::Tools).is_empty(), "it is not an answer to that");
        assert_eq!(book.expect(ReplyId(3), Cause::Turn(HeardId(2))).len(), 1);
        assert!(matches!(book.piece(AnswerId(8), audio()), Some((ReplyId(3), _))));
    }

    #[test]
    fn of_two_answers_for_which_there_is_no_reply_the_later_waits() {
        let mut book = Book::default();
        assert_eq!(book.started(AnswerId(1), TURN), Started::Waits(None));
        assert_eq!(book.started(AnswerId(2), Cause::Turn(HeardId(2))), Started::Waits(Some(AnswerId(1))));
        assert!(book.piece(AnswerId(1), audio()).is_none());
        assert!(book.expect(ReplyId(1), TURN).is_empty());
    }

    #[test]
    fn an_answer_that_was_declined_is_unwanted_before_and_after_it_begins() {
        let mut book = Book::default();
        assert_eq!(book.decline(HeardId(1)), None);
        assert_eq!(book.started(AnswerId(1), TURN), Started::Unwanted);
        assert_eq!(book.started(AnswerId(2), Cause::Turn(HeardId(2))), Started::Waits(None));
        assert_eq!(book.decline(HeardId(2)), Some(AnswerId(2)));
        assert_eq!(book.decline_tools(), None);
        assert_eq!(book.started(AnswerId(3), Cause::Tools), Started::Unwanted);
        assert_eq!(book.started(AnswerId(4), Cause::Tools), Started::Waits(None), "it was declined once");
    }

    #[test]
    fn nothing_of_an_answer_counts_after_its_end_or_once_its_reply_is_over() {
        let mut book = Book::default();
        book.ask(ReplyId(1), AnswerWish::default(), Some(AnswerId(1)));
        assert!(book.piece(AnswerId(1), end()).is_some());
        assert!(book.piece(AnswerId(1), audio()).is_none());
        book.ask(ReplyId(2), AnswerWish::default(), Some(AnswerId(2)));
        assert!(book.take(ReplyId(2)).is_some());
        assert!(book.piece(AnswerId(2), audio()).is_none());
        assert!(book.take(ReplyId(2)).is_none());
        assert_eq!(book.take_gone(|_| false).map(|entry| entry.reply), Some(ReplyId(1)));
    }

    #[test]
    fn when_the_session_is_lost_what_has_begun_ends_and_the_rest_is_asked_for_again() {
        let mut book = Book::default();
        for n in 1..=3 {
            book.ask(ReplyId(n), AnswerWish::default(), Some(AnswerId(n.into())));
        }
        book.piece(AnswerId(1), end());
        book.piece(AnswerId(2), audio());
        assert_eq!(book.lost(), [ReplyId(2)]);
        assert_eq!(book.unbegun().map(|entry| entry.reply).collect::<Vec<_>>(), [ReplyId(3)]);
        assert!(book.piece(AnswerId(3), audio()).is_none(), "numbers of the old session mean nothing");
    }

    #[test]
    fn what_nobody_takes_is_bounded() {
        let mut book = Book::default();
        book.started(AnswerId(1), TURN);
        for _ in 0..10_000 {
            book.piece(AnswerId(1), audio());
        }
        let kept = book.expect(ReplyId(1), TURN);
        assert_eq!(kept.len(), 2_000, "20 s in pieces of 10 ms");
    }
}
