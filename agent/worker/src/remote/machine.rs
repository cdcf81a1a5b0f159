//! Decides what is answered to whom, and who is told what. Pure: bytes, events and time in, orders out.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    time::Duration,
};

use agent_conversation::{AgentInfo, CallEvent, Moment, Role, SpeechEnd};
use agent_rtc::{Identity, ParticipantSid};
use livekit_protocol::agent::{
    AgentSessionMessage, SessionRequest,
    agent_session_event::Event,
    agent_session_message::Message,
    chat_context::{ChatItem, chat_item::Item},
    session_request::Request,
    session_response as response,
    session_response::Response,
};
use prost::Message as _;

use super::{
    allowance::Allowance,
    exchange::{Answer, Asked, Bounds, Fact, Order, Outcome, Parcel, Question, Ticket},
    items::Items,
    mirror::Mirror,
    stays::Stays,
    wire,
};

/// The machine.
pub(super) struct Machine {
    bounds: Bounds,
    mirror: Mirror,
    allowance: Allowance,
    stays: Stays,
    /// Questions that the conversation has not answered.
    open: BTreeMap<Ticket, Asked>,
    run: Option<Run>,
    next: u64,
    orders: VecDeque<Order>,
    /// News that nobody was told, until that is counted.
    lost_news: u64,
}

/// Words that were given in place of the user's, and what comes of them.
struct Run {
    ticket: Ticket,
    text: String,
    until: Moment,
    /// Whether the words are in the conversation: what is said before is not their answer.
    has_begun: bool,
    items: Items,
}

impl Machine {
    /// A conversation that began so long after the Unix epoch, of which nothing is known yet.
    pub(super) fn new(bounds: Bounds, began: Duration) -> Self {
        Self {
            bounds,
            mirror: Mirror::new(began),
            allowance: Allowance::new(bounds.per_second),
            stays: Stays::default(),
            open: BTreeMap::new(),
            run: None,
            next: 0,
            orders: VecDeque::new(),
            lost_news: 0,
        }
    }

    pub(super) fn handle_input(&mut self, now: Moment, fact: Fact<'_>) {
        match fact {
            Fact::Present { who, stay, may_ask } => self.on_present(now, who, stay, may_ask),
            Fact::Gone { who, stay } => self.on_gone(who, stay),
            Fact::Received { from, stay, bytes } => self.on_received(now, from, stay, bytes),
            Fact::Sent(Parcel::News) => {}
            Fact::Sent(Parcel::Answer(_, outcome)) => self.count(outcome),
            Fact::Unsent(parcel) => self.on_unsent(parcel),
            Fact::Told { at, event } => self.on_told(at, event),
            Fact::Answered(ticket, answer) => self.on_answered(ticket, answer),
            Fact::Closing => self.on_closing(),
        }
    }

    /// A run takes too long: who asked is told so, and what is said goes on. Or somebody is not told of: they are refused.
    pub(super) fn handle_timeout(&mut self, now: Moment) {
        let n_late = self.stays.drop_late(now);
        self.count_refused(n_late);
        if let Some(run) = self.run.take_if(|run| run.until <= now) {
            self.orders.push_back(Order::Forget(run.ticket));
            if let Some(asked) = self.open.remove(&run.ticket) {
                self.refuse(asked, Outcome::Failed, "the run takes too long");
            }
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Order> {
        if self.lost_news > 0 {
            return Some(Order::CountLostNews(mem::take(&mut self.lost_news)));
        }
        self.orders.pop_front()
    }

    /// Whether there is anything to be done.
    pub(super) fn has_output(&self) -> bool {
        self.lost_news > 0 || !self.orders.is_empty()
    }

    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        let run = self.run.as_ref().map(|run| run.until);
        run.into_iter().chain(self.stays.deadline()).min()
    }

    fn on_present(&mut self, now: Moment, who: &Identity, stay: &ParticipantSid, may_ask: bool) {
        if !self.stays.see(who, stay, may_ask) {
            self.dismiss(who);
        }
        for bytes in self.stays.take_kept(who, stay) {
            self.on_received(now, who, stay, &bytes);
        }
    }

    fn on_gone(&mut self, who: &Identity, stay: &ParticipantSid) {
        self.stays.forget(who, stay);
        self.dismiss(who);
        let n_early = self.stays.take_kept(who, stay).len();
        self.count_refused(n_early);
    }

    /// Somebody may not ask any more, or another has their name: what they have asked is not answered.
    fn dismiss(&mut self, who: &Identity) {
        for (ticket, _) in self.open.extract_if(.., |_, asked| asked.by == *who) {
            self.run.take_if(|run| run.ticket == ticket);
            self.orders.push_back(Order::Forget(ticket));
        }
    }

    /// The call comes to its end: nobody is left waiting for what the conversation will not answer.
    fn on_closing(&mut self) {
        self.run = None;
        for (ticket, asked) in mem::take(&mut self.open) {
            self.orders.push_back(Order::Forget(ticket));
            self.refuse(asked, Outcome::Failed, "the call is over");
        }
        let n_early = self.stays.drop_kept();
        self.count_refused(n_early);
    }

    fn on_received(&mut self, now: Moment, from: &Identity, stay: &ParticipantSid, bytes: &[u8]) {
        let may_ask = self.stays.may_ask(from, stay);
        // Who is hidden has no name, and an old server does not say in which stay somebody sends.
        if may_ask == Some(false) || from.as_str().is_empty() || stay.as_str().is_empty() {
            return self.count(Outcome::Refused);
        }
        if bytes.len() > self.bounds.request {
            return self.count(Outcome::Limited);
        }
        if may_ask.is_none() {
            if !self.stays.keep(now, from, stay, bytes) {
                self.count(Outcome::Refused);
            }
            return;
        }
        match AgentSessionMessage::decode(bytes).map(|message| message.message) {
            Ok(Some(Message::Request(request))) => self.on_request(now, from, request),
            // The rest is what a call tells programs, or what a console without a room tells a call.
            Ok(
                Some(
                    Message::AudioInput(_)
                    | Message::AudioOutput(_)
                    | Message::Event(_)
                    | Message::Response(_)
                    | Message::AudioPlaybackFlush(_)
                    | Message::AudioPlaybackClear(_)
                    | Message::AudioPlaybackFinished(_),
                )
                | None,
            )
            | Err(_) => self.count(Outcome::Malformed),
        }
    }

    fn on_request(&mut self, now: Moment, by: &Identity, request: SessionRequest) {
        let SessionRequest { request_id, request } = request;
        let asked = Asked { by: by.clone(), request_id };
        if !self.allowance.take(now) {
            return self.refuse(asked, Outcome::Limited, "too many requests in a second");
        }
        match request {
            Some(Request::Ping(_)) => self.answer(asked, Response::Pong(response::Pong {})),
            Some(Request::GetChatHistory(_)) => {
                let bytes = wire::history(asked.request_id.clone(), &mut self.mirror.items);
                self.send(asked, Outcome::Answered, bytes);
            }
            Some(Request::GetSessionState(_)) => {
                let state = self.state();
                self.answer(asked, Response::GetSessionState(state));
            }
            Some(Request::GetSessionUsage(_)) => {
                let usage = response::GetSessionUsageResponse {
                    usage: Some(wire::usage(&self.mirror.used)),
                    created_at: Some(wire::timestamp(self.mirror.unix(now))),
                };
                self.answer(asked, Response::GetSessionUsage(usage));
            }
            Some(Request::GetFrameworkInfo(_)) => {
                let info = response::GetFrameworkInfoResponse {
                    sdk: SDK.to_owned(),
                    sdk_version: env!("CARGO_PKG_VERSION").to_owned(),
                };
                self.answer(asked, Response::GetFrameworkInfo(info));
            }
            Some(Request::GetAgentInfo(_)) => {
                let _ = self.ask(asked, Question::Agent);
            }
            Some(Request::RunInput(input)) => self.run(now, asked, input.text),
            Some(Request::GetRtcStats(_) | Request::UpdateIo(_) | Request::FinalizeSimulation(_)) | None => {
                self.refuse(asked, Outcome::Unsupported, "this request is not served");
            }
        }
    }

    fn state(&self) -> response::GetSessionStateResponse {
        response::GetSessionStateResponse {
            agent_state: self.mirror.agent_state.into(),
            user_state: self.mirror.user_state.into(),
            agent_id: self.mirror.agent.clone(),
            options: Default::default(),
            created_at: Some(wire::timestamp(self.mirror.unix(Moment::START))),
        }
    }

    fn run(&mut self, now: Moment, asked: Asked, text: String) {
        if text.trim().is_empty() {
            return self.refuse(asked, Outcome::Failed, "there is nothing in the text of run_input");
        }
        if self.run.is_some() {
            return self.refuse(asked, Outcome::Limited, "another run is not over");
        }
        if let Some(ticket) = self.ask(asked, Question::Run(text.clone())) {
            let until = Moment(now.0 + self.bounds.run);
            self.run = Some(Run { ticket, text, until, has_begun: false, items: Items::default() });
        }
    }

    /// Asks the conversation on behalf of somebody, unless too much is asked of it already.
    fn ask(&mut self, asked: Asked, question: Question) -> Option<Ticket> {
        if self.open.len() >= self.bounds.at_once {
            self.refuse(asked, Outcome::Limited, "too many requests wait for the conversation");
            return None;
        }
        self.next += 1;
        let ticket = Ticket(self.next);
        self.open.insert(ticket, asked);
        self.orders.push_back(Order::Ask(ticket, question));
        Some(ticket)
    }

    fn on_answered(&mut self, ticket: Ticket, answer: Answer) {
        let run = self.run.take_if(|run| run.ticket == ticket);
        let Some(asked) = self.open.remove(&ticket) else { return };
        match answer {
            Answer::Agent(AgentInfo { name, instructions, tools, history }) => {
                let info = response::GetAgentInfoResponse {
                    id: name,
                    instructions: Some(instructions),
                    tools,
                    chat_ctx: wire::read(history).into_vec(),
                };
                self.answer(asked, Response::GetAgentInfo(info));
            }
            Answer::Ran(SpeechEnd::Played | SpeechEnd::Interrupted) => {
                let items = run.map(|run| run.items.into_vec()).unwrap_or_default();
                self.answer(asked, Response::RunInput(response::RunInputResponse { items }));
            }
            Answer::Ran(SpeechEnd::Failed) => {
                self.refuse(asked, Outcome::Failed, "the reply could not be made");
            }
            Answer::Ran(SpeechEnd::Dropped) | Answer::Nothing => {
                self.refuse(asked, Outcome::Failed, "the conversation does not take the request");
            }
        }
    }

    fn on_told(&mut self, at: Moment, event: &CallEvent<'_>) {
        let mut told = Vec::new();
        self.mirror.observe(at, event, &mut told);
        if let (Some(run), CallEvent::Message { role: Role::User, text, .. }) = (&mut self.run, event)
            && !run.has_begun
            && run.text == *text
        {
            run.has_begun = true;
        } else if let Some(run) = self.run.as_mut().filter(|run| run.has_begun) {
            told.iter().filter_map(answer_of_run).for_each(|item| run.items.push(item));
        }
        let askers = self.stays.askers();
        if askers.is_empty() {
            return;
        }
        let at = self.mirror.unix(at);
        for event in told {
            if self.orders.len() >= ORDERS {
                self.lost_news += 1;
                continue;
            }
            let (to, bytes) = (askers.clone(), wire::event(at, event));
            self.orders.push_back(Order::Send { to, bytes, parcel: Parcel::News });
        }
    }

    /// Who waits for an answer that could not be sent is told so, once.
    fn on_unsent(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::News => self.lost_news += 1,
            Parcel::Answer(asked, Outcome::Answered) => {
                self.refuse(asked, Outcome::Failed, "the answer cannot be sent: the data channel is full");
            }
            Parcel::Answer(
                _,
                outcome @ (Outcome::Refused
                | Outcome::Malformed
                | Outcome::Limited
                | Outcome::Unsupported
                | Outcome::Failed),
            ) => self.count(outcome),
        }
    }

    fn answer(&mut self, asked: Asked, answer: Response) {
        let bytes = wire::answer(asked.request_id.clone(), Ok(answer));
        self.send(asked, Outcome::Answered, bytes);
    }

    fn refuse(&mut self, asked: Asked, outcome: Outcome, why: &str) {
        let bytes = wire::answer(asked.request_id.clone(), Err(why));
        self.send(asked, outcome, bytes);
    }

    /// Sends what ends a request, which is counted when that is known to be on its way.
    fn send(&mut self, asked: Asked, outcome: Outcome, bytes: Vec<u8>) {
        let to = vec![asked.by.clone()];
        self.orders.push_back(Order::Send { to, bytes, parcel: Parcel::Answer(asked, outcome) });
    }

    fn count(&mut self, outcome: Outcome) {
        self.orders.push_back(Order::Count(outcome));
    }

    fn count_refused(&mut self, n: usize) {
        (0..n).for_each(|_| self.count(Outcome::Refused));
    }
}

/// What came of a run, by the event that tells of it: what the user says meanwhile did not.
fn answer_of_run(event: &Event) -> Option<ChatItem> {
    let Event::ConversationItemAdded(added) = event else { return None };
    let item = added.item.as_ref()?;
    let is_of_user = match item.item.as_ref()? {
        Item::Message(message) => message.role() == livekit_protocol::agent::ChatRole::User,
        Item::FunctionCall(_)
        | Item::FunctionCallOutput(_)
        | Item::AgentHandoff(_)
        | Item::AgentConfigUpdate(_) => false,
    };
    (!is_of_user).then(|| item.clone())
}

/// By what name programs know this framework.
const SDK: &str = "colloquy";
/// Orders that may wait to be done; beyond it news is left out. They wait only for the next moment of their call.
const ORDERS: usize = 256;
