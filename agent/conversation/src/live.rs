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
    book::{Book, Cause, Entry, Unclaimed, Wanted},
    items::Items,
    microphone::Microphone,
    words::Words,
};

mod absent;
mod book;
mod events;
mod items;
mod microphone;
mod model;
mod rounds;
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
    /// The last turn, while no answer has begun to it and nobody knows its words.
    unanswered: Option<UserAudio>,
    /// What turns said, as far as the model told.
    pub(crate) words: Words,
    /// The turn that the model has heard end and for which no reply was begun.
    ended: Option<HeardId>,
    /// The revision of what the model knew when it heard that end.
    ended_at: u64,
    /// Whether the model hears somebody speak, and whether a session was gone while it did.
    hears_speech: bool,
    lost_speech: bool,
    /// Whether the session cannot be told what the model is to be. Another is opened as soon as no answer would be cut.
    is_outdated: bool,
    /// Whether its answers are heard, not read.
    speaks: bool,
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
    /// With `is_heard`, people hear what it says, if it can speak.
    pub(crate) fn new(live: &LiveModel, setup: RealtimeSetup, is_heard: bool, backoff: Duration) -> Self {
        let speaks = live.model.capabilities().audio && is_heard;
        let turns = live.effective_turns();
        Self {
            model: live.model.clone(),
            turns,
            setup,
            session: Session::Closed,
            microphone: Microphone::new(live.model.hears_at(), turns == LiveTurns::Model),
            book: Book::new(speaks),
            kept: VecDeque::new(),
            heard: BTreeMap::new(),
            n_heard: 0,
            unanswered: None,
            words: Words::default(),
            ended: None,
            ended_at: 0,
            hears_speech: false,
            lost_speech: false,
            is_outdated: false,
            speaks,
            backoff,
            failures: 0,
        }
    }

    pub(crate) const fn turns(&self) -> LiveTurns {
        self.turns
    }

    /// Whether its answers are heard.
    pub(crate) const fn speaks(&self) -> bool {
        self.speaks
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
        self.is_outdated = false;
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
                // It finds the turn again.
                Wanted::Own(Cause::Turn(_)) if self.unanswered.is_some() => {}
                // The new session was told of it with the conversation so far, and does not go on by itself.
                Wanted::Own(Cause::Turn(_) | Cause::Tools(_)) => {
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
                self.is_outdated = true;
                self.replace_if_idle();
            }
            // It is told when it is opened.
            Session::Closed | Session::Due | Session::OpensLater(_) => {}
        }
    }

    /// The session is closed, and not opened again.
    pub(crate) fn close(&mut self) {
        self.lose_session();
        self.session = Session::Closed;
    }

    /// Replaces a session that is outdated, unless an answer comes that would be cut short.
    fn replace_if_idle(&mut self) {
        if self.is_outdated && self.book.is_idle() && open(&mut self.session).is_some() {
            self.lose_session();
            self.session = Session::Due;
        }
    }

    /// What was in the session is gone. The replies that end where they are.
    fn lose_session(&mut self) -> Vec<ReplyId> {
        self.is_outdated = false;
        self.ended = None;
        self.lost_speech |= std::mem::take(&mut self.hears_speech);
        let broken = self.book.lost();
        for entry in self.book.unbegun() {
            self.kept.retain(|(reply, _)| *reply != entry.reply);
        }
        broken
    }

    /// Whether a session was gone while the model heard somebody speak: nobody will say that they have ended.
    pub(crate) const fn take_lost_speech(&mut self) -> bool {
        std::mem::replace(&mut self.lost_speech, false)
    }

    /// The replies that the next session is asked for.
    pub(crate) fn unbegun(&mut self) -> Vec<ReplyId> {
        self.book.unbegun().map(|entry| entry.reply).collect()
    }

    /// Whether the model has said this reply in the present session, and so knows it.
    pub(crate) fn knows(&self, reply: ReplyId) -> bool {
        self.book.knows(reply)
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
            LiveTurns::Model => {
                if let Some(heard) = self.ended.filter(|heard| !self.heard.contains_key(heard)) {
                    self.decline_turn(heard);
                }
            }
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

    /// The model has heard a turn end, and knew what has this revision.
    pub(crate) const fn note_end(&mut self, revision: u64) {
        self.ended_at = revision;
    }

    /// What a turn said is in the history: another session reads it there.
    pub(crate) fn turn_is_told(&mut self, audio: UserAudio) {
        if self.unanswered.take_if(|unanswered| *unanswered == audio).is_some() {
            self.microphone.answered();
        }
    }

    /// Adds to what the model knows. A session that is not open is told when it is.
    pub(crate) fn add(&mut self, message: ChatMessage) {
        let goes_on = self.answers_tools();
        if let Session::Open(session) = &mut self.session {
            if let ChatMessage::Tool { call_id, .. } = &message {
                self.book.rounds.told(call_id, goes_on);
            }
            session.add(message);
        }
    }

    /// A reply to a turn is begun: the model answers by itself if it has heard it end and knew then what has this
    /// revision, else it is asked.
    pub(crate) fn answer_turn(&mut self, reply: ReplyId, wish: AnswerWish, revision: u64) {
        let heard = &self.heard;
        match self.ended.take_if(|ended| heard.contains_key(ended)) {
            Some(heard) if self.ended_at == revision => self.expect(reply, Cause::Turn(heard)),
            Some(heard) => {
                self.decline_turn(heard);
                self.answer(reply, wish);
            }
            None => self.answer(reply, wish),
        }
    }

    /// A reply is begun that is asked for.
    pub(crate) fn answer(&mut self, reply: ReplyId, wish: AnswerWish) {
        let session = open(&mut self.session).filter(|_| !self.is_outdated);
        let answer = session.map(|session| session.answer(wish.clone()));
        self.book.ask(reply, wish, answer);
    }

    /// The tools that a reply calls run.
    pub(crate) fn runs_tools(&mut self, reply: ReplyId) {
        self.book.rounds.run(reply);
    }

    /// A reply is begun to what the tools of another returned: the model gives it by itself if it does and called them
    /// in this session, else it is asked.
    pub(crate) fn answer_tools(&mut self, reply: ReplyId, of: ReplyId, wish: AnswerWish) {
        if self.answers_tools() && self.book.rounds.is_open(of) {
            self.expect(reply, Cause::Tools(of));
        } else {
            self.answer(reply, wish);
        }
    }

    fn expect(&mut self, reply: ReplyId, cause: Cause) {
        let pieces = self.book.expect(reply, cause);
        self.kept.extend(pieces.into_iter().map(|piece| (reply, piece)));
        if !self.book.is_idle() {
            self.turn_is_answered();
        }
    }

    /// An answer has begun to all that was said, or none will.
    fn turn_is_answered(&mut self) {
        self.unanswered = None;
        self.microphone.answered();
    }

    /// A turn that the model has heard end is not to be answered.
    pub(crate) fn decline_turn(&mut self, heard: HeardId) {
        self.ended.take_if(|ended| *ended == heard);
        let declined = self.book.decline(heard);
        self.discard(declined);
    }

    /// A turn that the model has heard is over without an answer: another session is not to find it again.
    pub(crate) fn end_turn(&mut self, heard: HeardId) {
        self.decline_turn(heard);
        if !self.hears_speech && self.heard.get(&heard).copied() == self.unanswered {
            self.turn_is_answered();
        }
    }

    /// Nobody wants the model's answer to what the tools of this reply have returned.
    pub(crate) fn decline_tools(&mut self, of: ReplyId) {
        let declined = self.book.decline_tools(of);
        self.discard(declined);
    }

    /// Nothing of this answer was heard, and nothing will be.
    fn discard(&mut self, unclaimed: Option<Unclaimed>) {
        let Some(unclaimed) = unclaimed else { return };
        if !unclaimed.course.is_over {
            self.cancel(unclaimed.answer);
        }
        self.truncate(&unclaimed.course.items, Taken::NOTHING);
        for call in unclaimed.calls() {
            self.book.rounds.call(None, call);
            self.add(not_run(&call.id, &call.name));
        }
    }

    /// A reply was stopped after so much of it was taken in.
    pub(crate) fn cut(&mut self, reply: ReplyId, taken: Taken<'_>) {
        let Some(entry) = self.book.take(reply) else { return };
        self.give_up(&entry);
        if entry.answer.is_some() {
            self.truncate(&entry.course.items, taken);
        }
    }

    fn truncate(&mut self, items: &Items, taken: Taken<'_>) {
        let rate = self.model.speaks_at();
        let truncates = self.model.capabilities().truncation;
        if let Some(session) = open(&mut self.session).filter(|_| truncates) {
            for cut in items.cut(rate, taken) {
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
            (Some(answer), _) if !entry.course.is_over => self.cancel(answer),
            (None, Wanted::Own(Cause::Turn(heard))) => self.decline_turn(*heard),
            (None, Wanted::Own(Cause::Tools(of))) => self.decline_tools(*of),
            (Some(_), _) | (None, Wanted::Asked(_)) => {}
        }
        while open(&mut self.session).is_some()
            && let Some(call) = self.book.rounds.idle(entry.reply)
        {
            let message = not_run(&call.id, &call.name);
            self.decline_tools(entry.reply);
            self.add(message);
        }
    }

    fn cancel(&mut self, answer: AnswerId) {
        if let Session::Open(session) = &mut self.session {
            session.cancel(answer);
        }
    }
}

/// What a model is told of a call that it made and that is not run.
fn not_run(call_id: &str, name: &str) -> ChatMessage {
    let output = "The user went on before the function was run. Nothing was done.".to_owned();
    ChatMessage::Tool { call_id: call_id.to_owned(), name: name.to_owned(), output, is_error: true }
}

/// The session, if it is open.
fn open(session: &mut Session) -> Option<&mut (dyn RealtimeSession + 'static)> {
    match session {
        Session::Open(session) => Some(&mut **session),
        Session::Closed | Session::Due | Session::OpensLater(_) => None,
    }
}
