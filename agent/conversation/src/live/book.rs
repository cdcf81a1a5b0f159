//! Which reply each answer of a realtime session is, also of answers that began before anybody wanted one. Pure.
//!
//! A reply wants an answer that it asked for, or one that the model begins by itself: to a turn that the model has heard
//! end, or to what the tools of a reply returned. Either may be first, the reply or the answer; they find each other
//! here, once. An answer that nobody will want is cancelled.

use agent_turn::ReplyId;
use providers_core::{AnswerId, AnswerWish, HeardId, ItemId, ProviderError, ToolCall};

use super::{items::Items, rounds::Rounds};

/// Samples of an answer that began by itself and that no reply has taken yet: 20 s at 24 kHz, longer than any hook may
/// consider a turn. What comes beyond is not heard, and the answer ends before it.
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
    /// What its answers call.
    pub(crate) rounds: Rounds,
    /// Whether an answer begins with its first sound; else with its first word.
    is_audio: bool,
}

/// A reply that the session makes.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) reply: ReplyId,
    pub(crate) wanted: Wanted,
    /// Its answer, once there is one.
    pub(crate) answer: Option<AnswerId>,
    pub(crate) course: Course,
}

/// How far an answer has come.
#[derive(Debug, Default)]
pub(crate) struct Course {
    pub(crate) items: Items,
    /// Whether the session has said all.
    pub(crate) is_over: bool,
    /// Whether anything came of what the person is to hear, or to read.
    has_begun: bool,
    /// Whether some of it was dropped: nothing after that is heard.
    is_broken: bool,
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
    /// It was told what the tools of this reply returned.
    Tools(ReplyId),
}

/// An answer for which there is no reply.
#[derive(Debug)]
pub(crate) struct Unclaimed {
    pub(crate) answer: AnswerId,
    pub(crate) course: Course,
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
    /// There is more of it, which is not kept.
    Broken,
    /// It could not be made, or not to its end.
    Failed(ProviderError),
}

/// What becomes of an answer that begins by itself.
#[derive(Debug)]
pub(crate) enum Started {
    /// A reply has waited for it.
    Claimed,
    /// It waits for a reply; the answer that waited before is not wanted.
    Waits(Option<Unclaimed>),
    /// Nobody wants it.
    Unwanted,
}

impl Book {
    /// Of a model whose answers are heard, or read.
    pub(crate) fn new(is_audio: bool) -> Self {
        Self { is_audio, ..Self::default() }
    }

    /// A reply is begun whose answer is asked for; `answer` is its number where the session is open.
    pub(crate) fn ask(&mut self, reply: ReplyId, wish: AnswerWish, answer: Option<AnswerId>) {
        let course = Course::default();
        self.entries.push(Entry { reply, wanted: Wanted::Asked(wish), answer, course });
    }

    /// A reply is begun whose answer begins by itself. What has come of it is returned.
    pub(crate) fn expect(&mut self, reply: ReplyId, cause: Cause) -> Vec<Piece> {
        if let Cause::Tools(of) = cause {
            self.rounds.close(of);
        }
        let wanted = Wanted::Own(cause);
        let Some(found) = self.unclaimed.take_if(|unclaimed| unclaimed.cause == cause) else {
            self.entries.push(Entry { reply, wanted, answer: None, course: Course::default() });
            return Vec::new();
        };
        for call in found.calls() {
            self.rounds.call(Some(reply), call);
        }
        self.entries.push(Entry { reply, wanted, answer: Some(found.answer), course: found.course });
        found.pieces
    }

    /// The model answers a turn by itself.
    pub(crate) fn started(&mut self, answer: AnswerId, heard: HeardId) -> Started {
        if self.declined.is_some_and(|declined| heard <= declined) {
            return Started::Unwanted;
        }
        let cause = Cause::Turn(heard);
        if self.claim(answer, cause) { Started::Claimed } else { self.keep(answer, cause) }
    }

    /// The model goes on by itself, to the tools of which it was told first.
    pub(crate) fn went_on(&mut self, answer: AnswerId) -> Started {
        let Some(of) = self.rounds.went_on() else { return Started::Unwanted };
        let cause = Cause::Tools(of);
        if self.claim(answer, cause) {
            return Started::Claimed;
        }
        if self.rounds.is_open(of) { self.keep(answer, cause) } else { Started::Unwanted }
    }

    fn claim(&mut self, answer: AnswerId, cause: Cause) -> bool {
        let waits = |entry: &&mut Entry| entry.answer.is_none() && entry.wanted == Wanted::Own(cause);
        let entry = self.entries.iter_mut().find(waits);
        entry.map(|entry| entry.answer = Some(answer)).is_some()
    }

    fn keep(&mut self, answer: AnswerId, cause: Cause) -> Started {
        let (course, pieces) = (Course::default(), Vec::new());
        Started::Waits(self.unclaimed.replace(Unclaimed { answer, course, cause, pieces, samples: 0 }))
    }

    /// A piece came. With the reply that it is of; `None` when it waits, or nobody wants it.
    pub(crate) fn piece(&mut self, answer: AnswerId, piece: Piece) -> Option<(ReplyId, Piece)> {
        let is_audio = self.is_audio;
        if let Some(unclaimed) = self.unclaimed.as_mut().filter(|unclaimed| unclaimed.answer == answer) {
            unclaimed.keep(piece, is_audio);
            return None;
        }
        let entry = self.entries.iter_mut().find(|entry| entry.answer == Some(answer))?;
        if entry.course.is_over {
            return None;
        }
        entry.course.note(&piece, is_audio);
        let (reply, is_heard) = (entry.reply, !entry.course.is_broken);
        if let Piece::Call(call) = &piece {
            self.rounds.call(Some(reply), call);
        }
        is_heard.then_some((reply, piece))
    }

    /// Whether the person is to take in anything of the answer that is this one's, or that it is complete.
    pub(crate) fn has_begun(&self, answer: AnswerId) -> bool {
        let begun = |course: &Course| course.has_begun || course.is_over;
        self.entries.iter().any(|entry| entry.answer == Some(answer) && begun(&entry.course))
    }

    /// Whether the session has an answer that is this reply.
    pub(crate) fn knows(&self, reply: ReplyId) -> bool {
        self.entries.iter().any(|entry| entry.reply == reply && entry.answer.is_some())
    }

    /// Whether no reply would be cut short if the session were gone.
    pub(crate) fn is_idle(&self) -> bool {
        self.entries.iter().all(|entry| !entry.course.is_coming())
    }

    /// No reply will want the answer to this turn of the model's, nor to one before. That answer, if it has begun.
    pub(crate) fn decline(&mut self, heard: HeardId) -> Option<Unclaimed> {
        self.declined = self.declined.max(Some(heard));
        self.unclaimed.take_if(|unclaimed| matches!(unclaimed.cause, Cause::Turn(of) if of <= heard))
    }

    /// No reply will want the answer to what this one's tools have returned. That answer, if it has begun.
    pub(crate) fn decline_tools(&mut self, of: ReplyId) -> Option<Unclaimed> {
        self.rounds.close(of);
        self.unclaimed.take_if(|unclaimed| unclaimed.cause == Cause::Tools(of))
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
        self.rounds = Rounds::default();
        let broken = self.entries.extract_if(.., |entry| entry.course.is_coming());
        let broken = broken.map(|entry| entry.reply).collect();
        self.entries.retain(|entry| !entry.course.is_over);
        for entry in &mut self.entries {
            (entry.answer, entry.course) = (None, Course::default());
        }
        broken
    }

    /// The replies whose answers have not begun, for a new session to be asked.
    pub(crate) fn unbegun(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().filter(|entry| entry.answer.is_none())
    }
}

impl Course {
    const fn is_coming(&self) -> bool {
        self.has_begun && !self.is_over
    }

    fn note(&mut self, piece: &Piece, is_audio: bool) {
        match piece {
            Piece::Audio(item, samples) => {
                self.has_begun |= !samples.is_empty();
                self.items.audio(item, samples.len() as u64);
            }
            Piece::Text(item, text) => {
                self.has_begun |= !is_audio;
                self.items.text(item, text.len());
            }
            Piece::Call(_) => {}
            Piece::Broken => self.is_broken = true,
            Piece::Finished | Piece::Failed(_) => self.is_over = true,
        }
    }
}

impl Unclaimed {
    /// Keeps a piece. After the first that is too much for what is kept there are no more, though all are counted.
    fn keep(&mut self, piece: Piece, is_audio: bool) {
        self.course.note(&piece, is_audio);
        if self.course.is_broken {
            return;
        }
        if let Piece::Audio(_, samples) = &piece {
            self.samples += samples.len() as u64;
        }
        if self.samples > UNCLAIMED {
            self.course.is_broken = true;
            self.pieces.push(Piece::Broken);
        } else {
            self.pieces.push(piece);
        }
    }

    /// What it calls.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Call(call) => Some(call),
            Piece::Audio(..) | Piece::Text(..) | Piece::Finished | Piece::Broken | Piece::Failed(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use agent_turn::ReplyId;
    use providers_core::{AnswerId, AnswerWish, HeardId, ItemId, ToolCall};

    use super::{Book, Cause, Piece, Started};

    const TURN: Cause = Cause::Turn(HeardId(1));

    fn audio() -> Piece {
        Piece::Audio(ItemId("a".into()), vec![0; 240])
    }

    fn call(id: &str) -> Piece {
        Piece::Call(ToolCall { id: id.to_owned(), name: "look".to_owned(), arguments: String::new() })
    }

    fn waits(started: &Started) -> Option<Option<AnswerId>> {
        match started {
            Started::Waits(before) => Some(before.as_ref().map(|before| before.answer)),
            Started::Claimed | Started::Unwanted => None,
        }
    }

    #[test]
    fn a_reply_and_an_answer_that_begins_by_itself_find_each_other_whoever_is_first() {
        let mut book = Book::new(true);
        assert!(book.expect(ReplyId(1), TURN).is_empty());
        assert!(matches!(book.started(AnswerId(7), HeardId(1)), Started::Claimed));
        assert!(matches!(book.piece(AnswerId(7), audio()), Some((ReplyId(1), Piece::Audio(..)))));

        assert_eq!(waits(&book.started(AnswerId(8), HeardId(2))), Some(None));
        assert!(book.piece(AnswerId(8), audio()).is_none());
        assert!(book.expect(ReplyId(2), Cause::Tools(ReplyId(1))).is_empty(), "it is not an answer to that");
        assert_eq!(book.expect(ReplyId(3), Cause::Turn(HeardId(2))).len(), 1);
        assert!(matches!(book.piece(AnswerId(8), audio()), Some((ReplyId(3), _))));
    }

    #[test]
    fn of_two_answers_for_which_there_is_no_reply_the_later_waits() {
        let mut book = Book::new(true);
        assert_eq!(waits(&book.started(AnswerId(1), HeardId(1))), Some(None));
        assert_eq!(waits(&book.started(AnswerId(2), HeardId(2))), Some(Some(AnswerId(1))));
        assert!(book.piece(AnswerId(1), audio()).is_none());
        assert!(book.expect(ReplyId(1), TURN).is_empty());
    }

    #[test]
    fn an_answer_that_was_declined_is_unwanted_before_and_after_it_begins() {
        let mut book = Book::new(true);
        assert!(book.decline(HeardId(1)).is_none());
        assert!(matches!(book.started(AnswerId(1), HeardId(1)), Started::Unwanted));
        assert_eq!(waits(&book.started(AnswerId(2), HeardId(2))), Some(None));
        assert_eq!(book.decline(HeardId(2)).map(|declined| declined.answer), Some(AnswerId(2)));
    }

    #[test]
    fn of_two_rounds_of_tools_only_the_one_that_was_declined_is_not_spoken_about() {
        let mut book = Book::new(true);
        for n in 1..=2 {
            book.ask(ReplyId(n), AnswerWish::default(), Some(AnswerId(n.into())));
            book.piece(AnswerId(n.into()), call(&format!("call {n}")));
        }
        assert!(matches!(book.went_on(AnswerId(3)), Started::Unwanted), "nothing was told");
        assert!(book.decline_tools(ReplyId(1)).is_none());
        for id in ["call 2", "call 1"] {
            book.rounds.told(id, true);
        }
        assert_eq!(waits(&book.went_on(AnswerId(4))), Some(None), "it goes on to what it was told first");
        assert!(matches!(book.went_on(AnswerId(5)), Started::Unwanted));
        assert!(book.rounds.is_open(ReplyId(2)) && !book.rounds.is_open(ReplyId(1)));
        book.piece(AnswerId(4), audio());
        assert_eq!(book.expect(ReplyId(3), Cause::Tools(ReplyId(2))).len(), 1);
    }

    #[test]
    fn nothing_of_an_answer_counts_after_its_end_or_once_its_reply_is_over() {
        let mut book = Book::new(true);
        book.ask(ReplyId(1), AnswerWish::default(), Some(AnswerId(1)));
        assert!(book.piece(AnswerId(1), Piece::Finished).is_some());
        assert!(book.piece(AnswerId(1), audio()).is_none());
        book.ask(ReplyId(2), AnswerWish::default(), Some(AnswerId(2)));
        assert!(book.take(ReplyId(2)).is_some());
        assert!(book.piece(AnswerId(2), audio()).is_none());
        assert!(book.take(ReplyId(2)).is_none());
        assert_eq!(book.take_gone(|_| false).map(|entry| entry.reply), Some(ReplyId(1)));
    }

    #[test]
    fn when_the_session_is_lost_what_is_heard_ends_and_the_rest_is_asked_for_again() {
        let mut book = Book::new(true);
        for n in 1..=3 {
            book.ask(ReplyId(n), AnswerWish::default(), Some(AnswerId(n.into())));
        }
        book.piece(AnswerId(1), Piece::Finished);
        book.piece(AnswerId(2), audio());
        book.piece(AnswerId(3), Piece::Text(ItemId("b".into()), "Words before any sound".to_owned()));
        assert!(book.knows(ReplyId(1)) && !book.is_idle());
        assert_eq!(book.lost(), [ReplyId(2)]);
        assert!(book.is_idle() && !book.knows(ReplyId(1)) && !book.knows(ReplyId(3)));
        assert_eq!(book.unbegun().map(|entry| entry.reply).collect::<Vec<_>>(), [ReplyId(3)]);
        assert!(book.piece(AnswerId(3), audio()).is_none(), "numbers of the old session mean nothing");
    }

    #[test]
    fn what_nobody_takes_is_bounded_and_ends_where_something_is_missing() {
        let mut book = Book::new(true);
        book.started(AnswerId(1), HeardId(1));
        for _ in 0..10_000 {
            book.piece(AnswerId(1), audio());
        }
        book.piece(AnswerId(1), Piece::Finished);
        let kept = book.expect(ReplyId(1), TURN);
        assert_eq!(kept.len(), 2_001, "20 s in pieces of 10 ms, and that there is more");
        assert!(matches!(kept.last(), Some(Piece::Broken)));
        assert!(book.piece(AnswerId(1), audio()).is_none());
    }
}
