//! The topic `lk.agent.session`: programs in the room that may ask a call what it is, follow what it does, and have it
//! answer words that nobody said. LiveKit's own agents answer everybody there; here it is off, and who may ask is what
//! their token says ([`access`]). Frontends need none of it: what they show goes by other topics.
//!
//! ```text
//! room ─► RemoteService ─► machine ─► asks the conversation's Handle
//!              ▲              ▲  └──► answers, news ─► room
//!              └── CallEvent ─┘
//! ```
//! Both halves live on their call's thread, driven with the room: no task, no lock, and nothing that waits.

use std::{
    cell::{OnceCell, RefCell},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use agent_conversation::{CallEvent, Dispatch, Generate, Handle, Moment, Observer, Service};
use agent_rtc::{Identity, Participant, ParticipantSid};
use tokio::time::{Instant, Sleep, sleep_until};

use self::{
    access::Access,
    exchange::{Answer, Bounds, Fact, Order, Parcel, Question, Ticket},
    machine::Machine,
};
use crate::metrics::Metrics;

mod access;
mod allowance;
mod exchange;
mod items;
mod machine;
mod mirror;
mod stays;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use exchange::Outcome;

/// What both halves share, and the call that they are of.
pub(crate) struct Remote {
    access: Access,
    machine: RefCell<Machine>,
    /// Who sends what the machine orders; woken when an event has given it something to do.
    sender: RefCell<Option<Waker>>,
    call: OnceCell<Handle>,
    began: Instant,
}

impl Remote {
    /// The remote of a call that begins now; `None` where nobody may ask.
    pub(crate) fn new(settings: &config_schema::Remote) -> Option<Rc<Self>> {
        let access = Access(settings.attribute.clone()?);
        let bounds = Bounds {
            request: settings.max_request as usize,
            at_once: settings.at_once as usize,
            per_second: settings.per_second,
            run: settings.run_timeout,
        };
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Some(Rc::new(Self {
            access,
            machine: RefCell::new(Machine::new(bounds, unix)),
            sender: RefCell::new(None),
            call: OnceCell::new(),
            began: Instant::now(),
        }))
    }

    /// What serves the room of the call.
    pub(crate) fn service(self: &Rc<Self>, metrics: Arc<Metrics>) -> Box<dyn Service> {
        Box::new(RemoteService::new(self.clone(), metrics))
    }

    /// What follows the conversation of the call.
    pub(crate) fn follower(self: &Rc<Self>) -> impl Observer + use<> {
        Follower(self.clone())
    }

    /// The conversation that is asked.
    pub(crate) fn attach(&self, call: Handle) {
        // A call has one conversation; a second would change nothing.
        let _ = self.call.set(call);
    }

    fn feed(&self, fact: Fact<'_>) {
        self.machine.borrow_mut().handle_input(self.now(), fact);
    }

    fn now(&self) -> Moment {
        Moment(self.began.elapsed())
    }
}

/// The half that follows a conversation.
struct Follower(Rc<Remote>);

impl Observer for Follower {
    fn observe(&mut self, at: Moment, event: &CallEvent<'_>) {
        self.0.feed(Fact::Told { at, event });
        if self.0.machine.borrow().has_output()
            && let Some(sender) = self.0.sender.borrow_mut().take()
        {
            sender.wake();
        }
    }
}

/// A question that the conversation has not answered.
type Answering = Pin<Box<dyn Future<Output = Answer>>>;

/// The half that serves a room.
struct RemoteService {
    remote: Rc<Remote>,
    metrics: Arc<Metrics>,
    /// What the conversation is asked. No more than the machine allows.
    asking: Vec<(Ticket, Answering)>,
    alarm: Pin<Box<Sleep>>,
    /// What is being sent.
    sending: Option<Parcel>,
}

impl RemoteService {
    fn new(remote: Rc<Remote>, metrics: Arc<Metrics>) -> Self {
        let alarm = Box::pin(sleep_until(remote.began));
        Self { remote, metrics, asking: Vec::new(), alarm, sending: None }
    }

    fn ask(&mut self, ticket: Ticket, question: Question) {
        let Some(call) = self.remote.call.get().cloned() else {
            return self.remote.feed(Fact::Answered(ticket, Answer::Nothing));
        };
        let answer: Answering = match question {
            Question::Agent => {
                Box::pin(async move { call.agent().await.map_or(Answer::Nothing, Answer::Agent) })
            }
            Question::Run(text) => {
                call.interrupt(true);
                let reply = call.generate_reply(Generate::reply().user_text(text));
                Box::pin(async move { Answer::Ran(reply.await) })
            }
        };
        self.asking.push((ticket, answer));
    }

    fn poll_answers(&mut self, cx: &mut Context<'_>) {
        let remote = &self.remote;
        self.asking.retain_mut(|(ticket, answer)| match answer.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(answer) => {
                remote.feed(Fact::Answered(*ticket, answer));
                false
            }
        });
    }

    /// Handles the timer that is due, or sees to it that it is polled when one is.
    fn poll_time(&mut self, cx: &mut Context<'_>) {
        loop {
            let due = self.remote.machine.borrow().poll_timeout();
            let Some(due) = due.map(|due| self.remote.began + due.0) else { return };
            if self.alarm.deadline() != due {
                self.alarm.as_mut().reset(due);
            }
            if self.alarm.as_mut().poll(cx).is_pending() {
                return;
            }
            self.remote.machine.borrow_mut().handle_timeout(self.remote.now());
        }
    }
}

impl Service for RemoteService {
    fn topic(&self) -> &'static str {
        TOPIC
    }

    fn on_present(&mut self, participant: &Participant) {
        let may_ask = self.remote.access.admits(participant);
        let Participant { identity: who, sid: stay, .. } = participant;
        self.remote.feed(Fact::Present { who, stay, may_ask });
    }

    fn on_gone(&mut self, who: &Identity, stay: &ParticipantSid) {
        self.remote.feed(Fact::Gone { who, stay });
    }

    fn on_received(&mut self, from: &Identity, stay: &ParticipantSid, bytes: &[u8]) {
        self.remote.feed(Fact::Received { from, stay, bytes });
    }

    fn on_dispatched(&mut self, is_sent: bool) {
        let Some(parcel) = self.sending.take() else { return };
        self.remote.feed(if is_sent { Fact::Sent(parcel) } else { Fact::Unsent(parcel) });
    }

    fn on_closing(&mut self) {
        self.remote.feed(Fact::Closing);
    }

    fn poll_dispatch(&mut self, cx: &mut Context<'_>) -> Poll<Dispatch> {
        self.poll_time(cx);
        loop {
            self.poll_answers(cx);
            let order = self.remote.machine.borrow_mut().poll_output();
            match order {
                Some(Order::Send { to, bytes, parcel }) => {
                    let is_news = parcel == Parcel::News;
                    self.sending = Some(parcel);
                    return Poll::Ready(Dispatch { to, bytes, is_news });
                }
                Some(Order::Ask(ticket, question)) => self.ask(ticket, question),
                Some(Order::Forget(ticket)) => self.asking.retain(|(asked, _)| *asked != ticket),
                Some(Order::Count(outcome)) => self.metrics.remote_asked(outcome),
                Some(Order::CountLostNews(count)) => self.metrics.remote_news_lost(count),
                None => {
                    *self.remote.sender.borrow_mut() = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        }
    }
}

/// The topic of requests, answers and events.
const TOPIC: &str = "lk.agent.session";
