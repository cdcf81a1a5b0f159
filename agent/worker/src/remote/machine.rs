//! Decides what is answered to whom, and who is told what. Pure: bytes, events and time in, orders out.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    mem,
    time::Duration,
};

use agent_conversation::{AgentInfo, CallEvent, Moment, Role, SpeechEnd};
use agent_rtc::Identity;
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
    exchange::{Answer, Bounds, Fact, Order, Outcome, Question, Ticket},
    mirror::Mirror,
    wire,
};

/// The machine.
pub(super) struct Machine {
    bounds: Bounds,
    mirror: Mirror,
    allowance: Allowance,
    /// Who may ask, and is told.
    askers: BTreeSet<Identity>,
    /// Who is there besides.
    others: BTreeSet<Identity>,
    /// Requests of those of whom nothing is known yet: the server tells of somebody up to seconds after their first word.
    early: VecDeque<Early>,
    /// Questions that the conversation has not answered.
    open: BTreeMap<Ticket, Asked>,
    run: Option<Run>,
    next: u64,
    orders: VecDeque<Order>,
    /// News that nobody was told, until that is counted.
    lost_news: u64,
}

/// A request of somebody unknown.
struct Early {
    from: Identity,
    bytes: Vec<u8>,
    until: Moment,
}

/// A question of somebody.
struct Asked {
    by: Identity,
    request_id: String,
}

/// Words that were given in place of the user's, and what comes of them.
struct Run {
    ticket: Ticket,
    text: String,
    until: Moment,
    /// Whether the words are in the conversation: what is said before is not their answer.
    has_begun: bool,
    items: Vec<ChatItem>,
}

impl Machine {
    /// A conversation that began so long after the Unix epoch, of which nothing is known yet.
    pub(super) fn new(bounds: Bounds, began: Duration) -> Self {
        Self {
            bounds,
            mirror: Mirror::new(began),
            allowance: Allowance::new(bounds.per_second),
            askers: BTreeSet::new(),
            others: BTreeSet::new(),
            early: VecDeque::new(),
            open: BTreeMap::new(),
            run: None,
            next: 0,
            orders: VecDeque::new(),
            lost_news: 0,
        }
    }

    pub(super) fn handle_input(&mut self, now: Moment, fact: Fact<'_>) {
        match fact {
            Fact::Present { who, may_ask } => self.on_present(now, who, may_ask),
            Fact::Gone(who) => {
                self.dismiss(who);
                self.others.remove(who);
                self.take_early(who).for_each(|_| self.count(Outcome::Refused));
            }
            Fact::Received { from, bytes } => self.on_received(now, from, bytes),
            Fact::Unsent { to, bytes } => self.on_unsent(to, bytes),
            Fact::Told { at, event } => self.on_told(at, event),
            Fact::Answered(ticket, answer) => self.on_answered(ticket, answer),
        }
    }

    /// A run takes too long: who asked is told so, and what is said goes on. Or somebody is not told of: they are refused.
    pub(super) fn handle_timeout(&mut self, now: Moment) {
        while self.early.pop_front_if(|early| early.until <= now).is_some() {
            self.count(Outcome::Refused);
        }
        if let Some(run) = self.run.take_if(|run| run.until <= now) {
            self.orders.push_back(Order::Forget(run.ticket));
            if let Some(asked) = self.open.remove(&run.ticket) {
                self.refuse(asked.by, asked.request_id, Outcome::Failed, "the run takes too long");
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
        let (run, early) =
            (self.run.as_ref().map(|run| run.until), self.early.front().map(|early| early.until));
        run.into_iter().chain(early).min()
    }

    fn on_present(&mut self, now: Moment, who: &Identity, may_ask: bool) {
        if may_ask {
            self.others.remove(who);
            self.askers.insert(who.clone());
        } else {
            self.dismiss(who);
            self.others.insert(who.clone());
        }
        for bytes in self.take_early(who) {
            self.on_received(now, who, &bytes);
        }
    }

    /// What somebody has sent before anything was known of them.
    fn take_early(&mut self, who: &Identity) -> impl Iterator<Item = Vec<u8>> + use<> {
        let (theirs, others) = mem::take(&mut self.early).into_iter().partition(|early| early.from == *who);
        self.early = others;
        let theirs: VecDeque<Early> = theirs;
        theirs.into_iter().map(|early| early.bytes)
    }

    /// Somebody may not ask any more: what they have asked is not answered.
    fn dismiss(&mut self, who: &Identity) {
        if !self.askers.remove(who) {
            return;
        }
        let forgotten: Vec<Ticket> =
            self.open.iter().filter(|(_, asked)| asked.by == *who).map(|(ticket, _)| *ticket).collect();
        for ticket in forgotten {
            self.open.remove(&ticket);
            self.run.take_if(|run| run.ticket == ticket);
            self.orders.push_back(Order::Forget(ticket));
        }
    }

    fn on_received(&mut self, now: Moment, from: &Identity, bytes: &[u8]) {
        if self.others.contains(from) {
            return self.count(Outcome::Refused);
        }
        if bytes.len() > self.bounds.request {
            return self.count(Outcome::Limited);
        }
        if !self.askers.contains(from) {
            return self.keep_early(now, from, bytes);
        }
        match AgentSessionMessage::decode(bytes).map(|message| message.message) {
            Ok(Some(Message::Request(request))) => self.on_request(now, from.clone(), request),
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

    fn keep_early(&mut self, now: Moment, from: &Identity, bytes: &[u8]) {
        if self.early.len() >= EARLY {
            return self.count(Outcome::Refused);
        }
        let (from, bytes) = (from.clone(), bytes.to_vec());
        self.early.push_back(Early { from, bytes, until: Moment(now.0 + EARLY_PATIENCE) });
    }

    fn on_request(&mut self, now: Moment, by: Identity, request: SessionRequest) {
        let SessionRequest { request_id: id, request } = request;
        if !self.allowance.take(now) {
            return self.refuse(by, id, Outcome::Limited, "too many requests in a second");
        }
        match request {
            Some(Request::Ping(_)) => self.answer(by, id, Response::Pong(response::Pong {})),
            Some(Request::GetChatHistory(_)) => {
                let items = self.mirror.items();
                self.answer(by, id, Response::GetChatHistory(response::GetChatHistoryResponse { items }));
            }
            Some(Request::GetSessionState(_)) => {
                let state = self.state();
                self.answer(by, id, Response::GetSessionState(state));
            }
            Some(Request::GetSessionUsage(_)) => {
                let usage = response::GetSessionUsageResponse {
                    usage: Some(wire::usage(&self.mirror.used)),
                    created_at: Some(wire::timestamp(self.mirror.unix(now))),
                };
                self.answer(by, id, Response::GetSessionUsage(usage));
            }
            Some(Request::GetFrameworkInfo(_)) => {
                let info = response::GetFrameworkInfoResponse {
                    sdk: SDK.to_owned(),
                    sdk_version: env!("CARGO_PKG_VERSION").to_owned(),
                };
                self.answer(by, id, Response::GetFrameworkInfo(info));
            }
            Some(Request::GetAgentInfo(_)) => {
                let _ = self.ask(by, id, Question::Agent);
            }
            Some(Request::RunInput(input)) => self.run(now, by, id, input.text),
            Some(Request::GetRtcStats(_) | Request::UpdateIo(_) | Request::FinalizeSimulation(_)) | None => {
                self.refuse(by, id, Outcome::Unsupported, "this request is not served");
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

    fn run(&mut self, now: Moment, by: Identity, request_id: String, text: String) {
        if text.trim().is_empty() {
            return self.refuse(by, request_id, Outcome::Failed, "there is nothing in the text of run_input");
        }
        if self.run.is_some() {
            return self.refuse(by, request_id, Outcome::Limited, "another run is not over");
        }
        if let Some(ticket) = self.ask(by, request_id, Question::Run(text.clone())) {
            let until = Moment(now.0 + self.bounds.run);
            self.run = Some(Run { ticket, text, until, has_begun: false, items: Vec::new() });
        }
    }

    /// Asks the conversation on behalf of somebody, unless too much is asked of it already.
    fn ask(&mut self, by: Identity, request_id: String, question: Question) -> Option<Ticket> {
        if self.open.len() >= self.bounds.at_once {
            self.refuse(by, request_id, Outcome::Limited, "too many requests wait for the conversation");
            return None;
        }
        self.next += 1;
        let ticket = Ticket(self.next);
        self.open.insert(ticket, Asked { by, request_id });
        self.orders.push_back(Order::Ask(ticket, question));
        Some(ticket)
    }

    fn on_answered(&mut self, ticket: Ticket, answer: Answer) {
        let run = self.run.take_if(|run| run.ticket == ticket);
        let Some(Asked { by, request_id }) = self.open.remove(&ticket) else { return };
        match answer {
            Answer::Agent(AgentInfo { name, instructions, tools, history }) => {
                let info = response::GetAgentInfoResponse {
                    id: name,
                    instructions: Some(instructions),
                    tools,
                    chat_ctx: wire::read(&history),
                };
                self.answer(by, request_id, Response::GetAgentInfo(info));
            }
            Answer::Ran(SpeechEnd::Played | SpeechEnd::Interrupted) => {
                let items = run.map(|run| run.items).unwrap_or_default();
                self.answer(by, request_id, Response::RunInput(response::RunInputResponse { items }));
            }
            Answer::Ran(SpeechEnd::Failed) => {
                self.refuse(by, request_id, Outcome::Failed, "the reply could not be made");
            }
            Answer::Ran(SpeechEnd::Dropped) | Answer::Nothing => {
                self.refuse(by, request_id, Outcome::Failed, "the conversation does not take the request");
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
            run.items.extend(told.iter().filter_map(answer_of_run));
        }
        if self.askers.is_empty() {
            return;
        }
        let at = self.mirror.unix(at);
        for event in told {
            if self.orders.len() >= ORDERS {
                self.lost_news += 1;
                continue;
            }
            let to = self.askers.iter().cloned().collect();
            self.orders.push_back(Order::Send { to, bytes: wire::event(at, event), is_news: true });
        }
    }

    /// Who waits for an answer that could not be sent is told so, once.
    fn on_unsent(&mut self, to: Vec<Identity>, bytes: &[u8]) {
        let Ok(Some(Message::Response(lost))) = AgentSessionMessage::decode(bytes).map(|m| m.message) else {
            self.lost_news += 1;
            return;
        };
        if lost.error.is_none() {
            to.into_iter().for_each(|by| {
                self.refuse(
                    by,
                    lost.request_id.clone(),
                    Outcome::Failed,
                    "the answer is too long to be sent",
                );
            });
        }
    }

    fn answer(&mut self, by: Identity, request_id: String, answer: Response) {
        let bytes = wire::answer(request_id, Ok(answer));
        self.orders.push_back(Order::Send { to: vec![by], bytes, is_news: false });
        self.count(Outcome::Answered);
    }

    fn refuse(&mut self, by: Identity, request_id: String, outcome: Outcome, why: &str) {
        let bytes = wire::answer(request_id, Err(why));
        self.orders.push_back(Order::Send { to: vec![by], bytes, is_news: false });
        self.count(outcome);
    }

    fn count(&mut self, outcome: Outcome) {
        self.orders.push_back(Order::Count(outcome));
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
/// Requests that may wait for the server to tell of who sent them; more are refused.
const EARLY: usize = 16;
/// How long they wait. A server gathers news of those who publish nothing for a second or so.
const EARLY_PATIENCE: Duration = Duration::from_secs(5);
/// Orders that may wait to be done; beyond it news is left out. They wait only for the next moment of their call.
const ORDERS: usize = 256;
