//! A realtime model in a call: one session, owned by the call and polled by it; opened again when it breaks.
//!
//! ```text
//! call ── what the person says ──► microphone ──► session ──► pieces of answers ──► book: of which reply ──► call
//!      ── answer, cut, add ──────────────────────►
//! ```
//! Nothing is decided here about turns; `agent-turn` does. What the model notices by itself is news for it.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use agent_turn::ReplyId;
use providers_core::{
    AnswerId, AnswerWish, ChatMessage, HeardId, ItemHeard, Realtime, RealtimeSession, RealtimeSetup,
    RealtimeUpdate, SampleRate,
};
use tokio::time::Sleep;

pub use self::{
    absent::Absent,
    model::{LiveModel, LiveTurns},
};
pub(crate) use self::{book::Piece, events::News, items::Taken};
use self::{
    book::{Book, Cause, Entry, Wanted},
    microphone::Microphone,
    words::Words,
};

mod absent;
mod book;
mod events;
mod items;
mod microphone;
mod model;
mod words;

/// Turns of which a transcript may still come; one for an older turn is lost.
const TRANSCRIBED_LATE: usize = 32;

/// A turn of the person that a realtime model has heard; numbered within the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UserAudio(u64);

/// A realtime model in a call.
pub(crate) struct Live {
    model: Arc<dyn Realtime>,
    turns: LiveTurns,
    /// What a session is told, without the conversation so far.
    setup: RealtimeSetup,
    session: Session,
    microphone: Microphone,
    book: Book,
    /// Pieces that came before their reply was begun.
    kept: VecDeque<(ReplyId, Piece)>,
    /// The turns that this session has heard, by its numbers.
    heard: BTreeMap<HeardId, UserAudio>,
    n_heard: u64,
    /// How many sessions were opened, and in which of them tools were called last.
    n_sessions: u64,
    called_in: u64,
    /// The last turn, while no answer has begun to it and nobody knows its words.
    unanswered: Option<UserAudio>,
    /// What turns said, as far as the model told.
    pub(crate) words: Words,
    /// The turn that the model has heard end and for which no reply was begun.
    ended: Option<HeardId>,
    backoff: Duration,
    /// Failures in a row.
    failures: u32,
}

enum Session {
    /// Nobody is there to be heard.
    Closed,
    /// To be opened by the call, which knows the conversation.
    Due,
    OpensLater(Pin<Box<Sleep>>),
    Open(Box<dyn RealtimeSession>),
}

impl Live {
    pub(crate) fn new(live: &LiveModel, setup: RealtimeSetup, backoff: Duration) -> Self {
        let turns = live.effective_turns();
        Self {
            model: live.model.clone(),
            turns,
            setup,
            session: Session::Closed,
            microphone: Microphone::new(live.model.hears_at(), turns == LiveTurns::Model),
            book: Book::default(),
            kept: VecDeque::new(),
            heard: BTreeMap::new(),
            n_heard: 0,
            n_sessions: 0,
            called_in: 0,
            unanswered: None,
            words: Words::default(),
            ended: None,
            backoff,
            failures: 0,
        }
    }

    pub(crate) const fn turns(&self) -> LiveTurns {
        self.turns
    }

    /// Whether its answers are audio.
    pub(crate) fn speaks(&self) -> bool {
        self.model.capabilities().audio
    }

    pub(crate) fn speaks_at(&self) -> SampleRate {
        self.model.speaks_at()
    }

    /// Whether it is told the answers of tools and goes on by itself.
    fn answers_tools(&self) -> bool {
        self.model.capabilities().answers_tools
    }

    /// Somebody is there to be heard.
    pub(crate) fn begin(&mut self) {
        if let Session::Closed = self.session {
            self.session = Session::Due;
        }
    }

    /// Opens the session that is due, and has it hear again what was not answered.
    pub(crate) fn open(&mut self, history: Vec<ChatMessage>) {
        let mut session = self.model.open(RealtimeSetup { history, ..self.setup.clone() });
        self.heard.clear();
        self.n_sessions += 1;
        self.microphone.repeat(&mut *session);
        match (self.turns, self.unanswered) {
            // It finds the turn again, and what waits for the old answer gives way to it.
            (LiveTurns::Model, _) | (_, None) => {}
            (LiveTurns::Voice | LiveTurns::Words, Some(audio)) => {
                self.heard.insert(session.commit(), audio);
            }
        }
        for entry in self.book.unbegun() {
            match &entry.wanted {
                Wanted::Asked(wish) => entry.answer = Some(session.answer(wish.clone())),
                Wanted::Own(Cause::Turn(_)) => {}
                // The new session was told of them with the conversation so far, and does not go on by itself.
                Wanted::Own(Cause::Tools) => {
                    entry.wanted = Wanted::Asked(AnswerWish::default());
                    entry.answer = Some(session.answer(AnswerWish::default()));
                }
            }
        }
        self.session = Session::Open(session);
    }

    /// From now on the model is to be this; with `anew` it is to read the conversation as it is now. Where an open
    /// session cannot be told, another will be.
    pub(crate) fn become_another(&mut self, setup: RealtimeSetup, anew: bool) {
        let is_other = setup.voice != self.setup.voice
            || setup.language != self.setup.language
            || setup.generation != self.setup.generation;
        let is_same = setup == self.setup;
        let updates = self.model.capabilities().updates;
        self.setup = setup;
        match &mut self.session {
            Session::Open(session) if !anew && !is_other && updates => {
                if !is_same {
                    let RealtimeSetup { instructions, tools, tool_choice, .. } = self.setup.clone();
                    session.update(RealtimeUpdate { instructions, tools, tool_choice });
                }
            }
            Session::Open(_) if !anew && is_same => {}
            Session::Open(_) => {
                // What has come of a reply is said.
                let broken = self.book.lost().into_iter();
                self.kept.extend(broken.map(|reply| (reply, Piece::Finished)));
                self.session = Session::Due;
            }
            // It is told when it is opened.
            Session::Closed | Session::Due | Session::OpensLater(_) => {}
        }
    }

    /// Whether this model, with turns found in the same way, is what it is.
    pub(crate) fn is(&self, live: &LiveModel) -> bool {
        Arc::ptr_eq(&self.model, &live.model) && self.turns == live.effective_turns()
    }

    pub(crate) fn hear(&mut self, samples: &[i16]) {
        self.microphone.hear(samples, open(&mut self.session));
    }

    /// A voice was noticed that began `lead` ago.
    pub(crate) fn begin_turn(&mut self, lead: Duration) {
        self.microphone.begin(lead, open(&mut self.session));
    }

    /// What was said since the last turn was nothing. That turn is kept while it may have to be given again.
    pub(crate) fn forget_turn(&mut self) {
        match self.turns {
            LiveTurns::Model => {}
            LiveTurns::Voice | LiveTurns::Words => {
                match self.unanswered {
                    Some(_) => self.microphone.end(false),
                    None => self.microphone.forget(),
                }
                if let Session::Open(session) = &mut self.session {
                    session.clear();
                }
            }
        }
    }

    /// The person's turn is over; with `goes_on`, they speak on already. What it is called in the history.
    pub(crate) fn commit(&mut self, goes_on: bool) -> UserAudio {
        self.microphone.end(goes_on);
        self.n_heard += 1;
        let audio = UserAudio(self.n_heard);
        let noticed = self.ended.filter(|heard| !self.heard.contains_key(heard));
        let heard = match (noticed, &mut self.session) {
            (Some(heard), _) => Some(heard),
            (None, Session::Open(session)) => Some(session.commit()),
            (None, Session::Closed | Session::Due | Session::OpensLater(_)) => None,
        };
        if let Some(heard) = heard {
            self.heard.insert(heard, audio);
        }
        self.unanswered = Some(audio);
        if self.heard.len() > TRANSCRIBED_LATE {
            self.heard.pop_first();
        }
        audio
    }

    /// The turn that the model has heard end and that no reply has claimed.
    pub(crate) const fn ended(&self) -> Option<HeardId> {
        self.ended
    }

    /// What a turn said is in the history: another session reads it there.
    pub(crate) fn turn_is_told(&mut self, audio: UserAudio) {
        if self.unanswered.take_if(|unanswered| *unanswered == audio).is_some() {
            self.microphone.answered();
        }
    }

    /// Adds to what the model knows. A session that is not open is told when it is.
    pub(crate) fn add(&mut self, message: ChatMessage) {
        if let Session::Open(session) = &mut self.session {
            session.add(message);
        }
    }

    /// A reply to a turn is begun: the model answers by itself if it has heard it end, else it is asked.
    pub(crate) fn answer_turn(&mut self, reply: ReplyId, wish: AnswerWish) {
        match self.ended.take() {
            Some(heard) => self.expect(reply, Cause::Turn(heard)),
            None => self.answer(reply, wish),
        }
    }

    /// A reply is begun that is asked for.
    pub(crate) fn answer(&mut self, reply: ReplyId, wish: AnswerWish) {
        let answer = open(&mut self.session).map(|session| session.answer(wish.clone()));
        self.book.ask(reply, wish, answer);
    }

    /// A reply is begun to what tools returned: the model gives it by itself if it does and called them in this session,
    /// else it is asked.
    pub(crate) fn answer_tools(&mut self, reply: ReplyId, wish: AnswerWish) {
        if self.answers_tools() && self.called_in == self.n_sessions {
            self.expect(reply, Cause::Tools);
        } else {
            self.answer(reply, wish);
        }
    }

    fn expect(&mut self, reply: ReplyId, cause: Cause) {
        for piece in self.book.expect(reply, cause) {
            self.book.note(reply, &piece);
            self.kept.push_back((reply, piece));
        }
    }

    /// A turn that the model has heard end is not to be answered.
    pub(crate) fn decline_turn(&mut self, heard: HeardId) {
        self.ended.take_if(|ended| *ended == heard);
        if let Some(answer) = self.book.decline(heard) {
            self.cancel(answer);
        }
    }

    /// Nobody wants the model's answer to what tools have returned.
    pub(crate) fn decline_tools(&mut self) {
        if self.answers_tools()
            && let Some(answer) = self.book.decline_tools()
        {
            self.cancel(answer);
        }
    }

    /// A reply was stopped after so much of it was taken in.
    pub(crate) fn cut(&mut self, reply: ReplyId, taken: Taken<'_>) {
        let Some(entry) = self.book.take(reply) else { return };
        let rate = self.model.speaks_at();
        let truncates = self.model.capabilities().truncation;
        self.give_up(&entry);
        let Session::Open(session) = &mut self.session else { return };
        if truncates && entry.answer.is_some() {
            for cut in entry.items.cut(rate, taken) {
                session.truncate(&cut.item, ItemHeard { audio: cut.audio, text: &cut.text });
            }
        }
    }

    /// Replies of which `is_there` says no are over.
    pub(crate) fn keep_only(&mut self, is_there: impl Fn(ReplyId) -> bool) {
        while let Some(entry) = self.book.take_gone(&is_there) {
            self.give_up(&entry);
        }
    }

    /// Nobody wants more of this reply.
    fn give_up(&mut self, entry: &Entry) {
        self.kept.retain(|(reply, _)| *reply != entry.reply);
        match (entry.answer, &entry.wanted) {
            (Some(answer), _) if !entry.is_over => self.cancel(answer),
            (None, Wanted::Own(Cause::Turn(heard))) => {
                if let Some(answer) = self.book.decline(*heard) {
                    self.cancel(answer);
                }
            }
            (None, Wanted::Own(Cause::Tools)) => self.decline_tools(),
            (Some(_), _) | (None, Wanted::Asked(_)) => {}
        }
    }

    fn cancel(&mut self, answer: AnswerId) {
        if let Session::Open(session) = &mut self.session {
            session.cancel(answer);
        }
    }
}

/// The session, if it is open.
fn open(session: &mut Session) -> Option<&mut (dyn RealtimeSession + 'static)> {
    match session {
        Session::Open(session) => Some(&mut **session),
        Session::Closed | Session::Due | Session::OpensLater(_) => None,
    }
}
