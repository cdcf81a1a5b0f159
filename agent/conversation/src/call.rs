//! One call as it goes on: polls its parts, tells the turn machine what happened, and does what it orders.
//!
//! Time goes first, then what is being made, then what is heard: of two things that happen at the same moment, a reply
//! that is ready starts before speech that begins then.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::{
    CloseReason, Input, Machine, Moment, ReplyId, RequestId, SpeechKind, Told, TurnId,
    journal::{self, Entry},
};
use providers_core::{LanguageModel, TextToSpeech};
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep_until},
};

use crate::{
    Body, CallEvent, CallReport, ConversationConfig, Journal, Parts, Segment, Speech, SpeechSource,
    handle::Command, hearing::Hearing, history::History, making::Making, tally::Tally, toolbox::Toolbox,
};

mod facts;
mod orders;

/// How many times all parts are polled before other calls on the thread have their turn.
const ROUNDS: u32 = 64;

/// One call.
pub(crate) struct Call<B> {
    config: ConversationConfig,
    body: B,
    llm: Arc<dyn LanguageModel>,
    tts: Arc<dyn TextToSpeech>,
    hearing: Hearing,
    toolbox: Toolbox,
    history: History,
    tally: Tally,
    journal: Option<Box<dyn Journal>>,
    commands: mpsc::Receiver<Command>,
    machine: Machine,
    began: Instant,
    alarm: Pin<Box<Sleep>>,
    /// Facts that follow from orders; told once all orders are done.
    facts: VecDeque<Input>,
    /// Replies that are being made or played; at most the speculative one, the one that has the floor, and those that
    /// were told to stop in this moment.
    replies: Vec<Making>,
    /// The reply that was begun in the body.
    playing: Option<Playing>,
    /// What the program asked for, until it has the floor.
    requests: BTreeMap<RequestId, Speech>,
    n_requests: u32,
    /// What the user wrote, until the turn is committed.
    typed: Option<String>,
    /// Committed turns that have not ended.
    turns: BTreeMap<TurnId, OpenTurn>,
    n_segments: u32,
    is_greeted: bool,
    closing: Option<CloseReason>,
}

/// A reply in the body's mouth.
struct Playing {
    reply: ReplyId,
    segment: Segment,
    /// When the machine was last told of progress.
    told: Moment,
    /// Whether the program, not the user, had it stopped.
    is_dismissed: bool,
}

/// A committed turn that has not ended.
struct OpenTurn {
    committed: Moment,
    speech_end: Option<Moment>,
}

impl<B: Body> Call<B> {
    pub(crate) fn new(
        mut config: ConversationConfig,
        parts: Parts,
        body: B,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let Parts { stt, llm, tts, tools, observer, journal } = parts;
        if !body.can_pause() {
            config.turn.interruption.false_interruption = None;
        }
        let began = Instant::now();
        let hearing = Hearing::new(stt, config.hearing.clone(), config.errors.recogniser_backoff);
        let mut call = Self {
            machine: Machine::new(config.turn.clone(), Moment::START),
            toolbox: Toolbox::new(tools, config.tool_deadline),
            config,
            body,
            llm,
            tts,
            hearing,
            history: History::default(),
            tally: Tally::new(observer),
            journal,
            commands,
            began,
            alarm: Box::pin(sleep_until(began)),
            facts: VecDeque::new(),
            replies: Vec::new(),
            playing: None,
            requests: BTreeMap::new(),
            n_requests: 0,
            typed: None,
            turns: BTreeMap::new(),
            n_segments: 0,
            is_greeted: false,
            closing: None,
        };
        call.settle();
        call
    }

    /// Goes on with the call; ready when it is over and the body has closed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        for _ in 0..ROUNDS {
            if let Some(reason) = self.closing {
                std::task::ready!(self.body.poll_close(cx, reason));
                self.tally.tell(self.now(), CallEvent::Closed { reason });
                return Poll::Ready(reason);
            }
            self.settle();
            let mut has_moved = self.poll_time(cx);
            has_moved |= self.poll_replies(cx);
            has_moved |= self.poll_body(cx);
            has_moved |= self.poll_hearing(cx);
            has_moved |= self.poll_tools(cx);
            has_moved |= self.poll_commands(cx);
            if !has_moved {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The sum of the call, once it is over.
    pub(crate) fn report(self, reason: CloseReason) -> CallReport {
        let (duration, breaches) = (self.now().0, self.machine.counters().breaches);
        self.tally.report(reason, duration, breaches, self.history.messages())
    }

    fn now(&self) -> Moment {
        Moment(self.began.elapsed())
    }

    /// Handles the timer that is due, or sees to it that the call is polled when one is.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((due, _)) = self.machine.poll_timeout() else { return false };
        let now = self.now();
        if now >= due {
            self.write(now, Entry::Timeout);
            self.machine.handle_timeout(now);
            self.settle();
            return true;
        }
        let due = self.began + due.0;
        if self.alarm.deadline() != due {
            self.alarm.as_mut().reset(due);
        }
        self.alarm.as_mut().poll(cx).is_ready()
    }

    /// Tells the machine a fact, and does what it orders.
    fn tell(&mut self, fact: Input) {
        self.facts.push_back(fact);
        self.settle();
    }

    /// Does what the machine has ordered; then tells it what follows from that, one fact at a time.
    fn settle(&mut self) {
        loop {
            while let Some(order) = self.machine.poll_output() {
                self.obey(order);
            }
            let Some(fact) = self.facts.pop_front() else { return };
            let now = self.now();
            self.write(now, Entry::Fact(fact));
            self.machine.handle_input(now, fact);
        }
    }

    fn write(&mut self, at: Moment, entry: Entry) {
        if let Some(journal) = &mut self.journal {
            journal.line(&journal::write(at, entry));
        }
    }

    fn poll_commands(&mut self, cx: &mut Context<'_>) -> bool {
        let Poll::Ready(Some(command)) = self.commands.poll_recv(cx) else { return false };
        match command {
            Command::Speak { speech, interruptible } => self.ask_to_speak(speech, interruptible),
            Command::Type(text) => self.on_typed(text),
            Command::Interrupt { force } => self.tell_dismissal(Input::Told(Told::Stop { force })),
            Command::Close(reason) => self.close(reason),
        }
        true
    }

    /// Has something said when the floor is free. Told to the machine when it is settled next.
    fn ask_to_speak(&mut self, speech: Speech, interruptible: bool) {
        let (kind, source) = match speech {
            Speech::Words(_) => (SpeechKind::Said, SpeechSource::Say),
            Speech::Instructed(_) => (SpeechKind::Generated, SpeechSource::Generate),
        };
        self.n_requests += 1;
        let request = RequestId(self.n_requests);
        self.requests.insert(request, speech);
        self.tally.tell(self.now(), CallEvent::SpeechCreated { source });
        self.facts.push_back(Input::Told(Told::Speak { request, kind, interruptible }));
    }

    fn close(&mut self, reason: CloseReason) {
        self.tell_dismissal(Input::Told(Told::Close { reason }));
    }

    /// Tells a fact that may stop the reply without anybody having spoken over it.
    fn tell_dismissal(&mut self, fact: Input) {
        if let Some(playing) = &mut self.playing {
            playing.is_dismissed = true;
        }
        self.tell(fact);
        if let Some(playing) = &mut self.playing {
            playing.is_dismissed = false;
        }
    }

    fn next_segment(&mut self) -> Segment {
        self.n_segments += 1;
        Segment(self.n_segments)
    }

    fn reply(&mut self, id: ReplyId) -> Option<&mut Making> {
        self.replies.iter_mut().find(|making| making.id == id)
    }
}

/// How long after `earlier` it was; `None` when it was before.
fn between(earlier: Moment, later: Moment) -> Option<Duration> {
    (later >= earlier).then(|| later.since(earlier))
}
