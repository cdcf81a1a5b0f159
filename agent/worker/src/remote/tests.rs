//! What is answered to whom: as lines of text, from requests as they stand on the wire; and a whole conversation that is
//! asked and followed under virtual time.

mod bounds;
mod conversation;
mod stays;

use std::{fmt::Write, time::Duration};

use agent_conversation::{
    AgentInfo, AgentState, CallEvent, Component, Moment, ReplyId, Role, SpeechEnd, ToolEnd,
};
use agent_rtc::{Identity, ParticipantSid};
use expect_test::{Expect, expect};
use livekit_protocol::agent::{
    AgentSessionMessage, AgentSessionUsage, SessionRequest, SessionResponse,
    agent_session_event::Event,
    agent_session_message::Message,
    chat_context::{ChatItem, chat_item::Item},
    chat_message::chat_content::Payload,
    model_usage,
    session_request::{self as request, Request},
    session_response::Response,
};
use prost::Message as _;
use providers_core::{ProviderInfo, ToolCall, Usage};

use super::{
    exchange::{Answer, Bounds, Fact, Order, Parcel, Question, Ticket},
    machine::Machine,
};

const BOUNDS: Bounds = Bounds { request: 1_000, at_once: 2, per_second: 4, run: Duration::from_secs(10) };

/// A request as it stands on the wire.
fn asked(id: &str, request: Option<Request>) -> Vec<u8> {
    let request = SessionRequest { request_id: id.to_owned(), request };
    AgentSessionMessage { message: Some(Message::Request(request)) }.encode_to_vec()
}

fn ping(id: &str) -> Vec<u8> {
    asked(id, Some(Request::Ping(request::Ping {})))
}

fn run(id: &str, text: &str) -> Vec<u8> {
    asked(id, Some(Request::RunInput(request::RunInput { text: text.to_owned() })))
}

fn agent_info(id: &str) -> Vec<u8> {
    asked(id, Some(Request::GetAgentInfo(request::GetAgentInfo {})))
}

/// A machine, and what it has ordered.
struct Play {
    machine: Machine,
    lines: String,
    /// Nothing can be sent while this is set.
    is_full: bool,
}

impl Play {
    /// A conversation of which the operator may ask.
    fn new() -> Self {
        let machine = Machine::new(BOUNDS, Duration::from_secs(1_000));
        let mut play = Self { machine, lines: String::new(), is_full: false };
        play.sees(0, "operator", true).sees(0, "caller", false);
        play
    }

    fn at(&mut self, ms: u64, fact: Fact<'_>) -> &mut Self {
        let now = Moment(Duration::from_millis(ms));
        self.machine.handle_input(now, fact);
        self.drain(ms)
    }

    fn timeout(&mut self, ms: u64) -> &mut Self {
        self.machine.handle_timeout(Moment(Duration::from_millis(ms)));
        self.drain(ms)
    }

    fn drain(&mut self, ms: u64) -> &mut Self {
        while let Some(order) = self.machine.poll_output() {
            let lost = if self.is_full { " (unsent)" } else { "" };
            let _ = writeln!(self.lines, "{ms} {}{lost}", told(&order));
            if let Order::Send { parcel, .. } = order {
                let fact = if self.is_full { Fact::Unsent(parcel) } else { Fact::Sent(parcel) };
                self.machine.handle_input(Moment(Duration::from_millis(ms)), fact);
            }
        }
        self
    }

    /// The server tells of somebody's only stay.
    fn sees(&mut self, ms: u64, who: &str, may_ask: bool) -> &mut Self {
        self.at(ms, Fact::Present { who: &who.into(), stay: &stay(who), may_ask })
    }

    fn loses(&mut self, ms: u64, who: &str) -> &mut Self {
        self.at(ms, Fact::Gone { who: &who.into(), stay: &stay(who) })
    }

    fn sends(&mut self, ms: u64, from: &str, bytes: &[u8]) -> &mut Self {
        self.at(ms, Fact::Received { from: &from.into(), stay: &stay(from), bytes })
    }

    fn hears(&mut self, ms: u64, event: &CallEvent<'_>) -> &mut Self {
        let at = Moment(Duration::from_millis(ms));
        self.at(ms, Fact::Told { at, event })
    }

    #[expect(clippy::needless_pass_by_value, reason = "`expect![]` is written where it is passed")]
    fn check(&self, expected: Expect) {
        expected.assert_eq(&self.lines);
    }
}

/// The stay of one who has only one.
fn stay(of: &str) -> ParticipantSid {
    format!("PA_{of}").into()
}

fn told(order: &Order) -> String {
    match order {
        Order::Send { to, bytes, parcel } => {
            let to: Vec<&str> = to.iter().map(Identity::as_str).collect();
            let kind = if *parcel == Parcel::News { "news" } else { "answer" };
            format!("{kind} to {}: {}", to.join(" "), read(bytes))
        }
        Order::Ask(ticket, Question::Agent) => format!("ask {} for the agent", ticket.0),
        Order::Ask(ticket, Question::Run(text)) => format!("ask {} to run {text:?}", ticket.0),
        Order::Forget(ticket) => format!("forget {}", ticket.0),
        Order::Count(outcome) => format!("count {}", outcome.name()),
        Order::CountLostNews(count) => format!("count {count} lost"),
    }
}

/// A message of ours as a program reads it.
fn read(bytes: &[u8]) -> String {
    match AgentSessionMessage::decode(bytes).unwrap().message.unwrap() {
        Message::Response(SessionResponse { request_id, error: Some(error), response: None }) => {
            format!("{request_id} {error:?}")
        }
        Message::Response(SessionResponse { request_id, error: None, response: Some(response) }) => {
            format!("{request_id} {}", answer(response))
        }
        Message::Event(event) => {
            let at = event.created_at.unwrap();
            format!("at {}.{:03} {}", at.seconds, at.nanos / 1_000_000, news(event.event.unwrap()))
        }
        other => panic!("{other:?}"),
    }
}

fn answer(response: Response) -> String {
    match response {
        Response::Pong(_) => "pong".to_owned(),
        Response::GetChatHistory(history) => format!("history [{}]", items(&history.items)),
        Response::RunInput(run) => format!("ran [{}]", items(&run.items)),
        Response::GetAgentInfo(info) => format!(
            "agent {} {:?} tools {:?} reads [{}]",
            info.id,
            info.instructions(),
            info.tools,
            items(&info.chat_ctx)
        ),
        Response::GetSessionState(state) => {
            format!("{} has it, {:?}, {:?}", state.agent_id, state.agent_state(), state.user_state())
        }
        Response::GetSessionUsage(told) => format!("used by {}", models(&told.usage.unwrap())),
        Response::GetFrameworkInfo(info) => info.sdk,
        other => panic!("{other:?}"),
    }
}

fn news(event: Event) -> String {
    match event {
        Event::AgentStateChanged(change) => {
            format!("agent {:?} → {:?}", change.old_state(), change.new_state())
        }
        Event::UserStateChanged(change) => {
            format!("user {:?} → {:?}", change.old_state(), change.new_state())
        }
        Event::ConversationItemAdded(added) => items(&[added.item.unwrap()]),
        Event::UserInputTranscribed(heard) => {
            format!("heard {:?}, final {}", heard.transcript, heard.is_final)
        }
        Event::FunctionToolsExecuted(executed) => {
            let names: Vec<_> = executed.function_calls.iter().map(|call| call.name.as_str()).collect();
            let outputs: Vec<_> =
                executed.function_call_outputs.iter().map(|output| output.output.as_str()).collect();
            format!("executed {names:?} {outputs:?}")
        }
        Event::ToolExecutionUpdated(updated) => format!("{:?}", updated.update.unwrap())
            .split(['{', '('])
            .next()
            .unwrap_or_default()
            .to_lowercase(),
        Event::Error(error) => error.message,
        Event::OverlappingSpeech(overlap) => format!("overlap, interruption {}", overlap.is_interruption),
        Event::SessionUsageUpdated(told) => format!("used by {}", models(&told.usage.unwrap())),
        Event::AgentFalseInterruption(_) => "false interruption".to_owned(),
        other => panic!("{other:?}"),
    }
}

/// Of the mind, the only one in these tests that uses anything.
fn models(usage: &AgentSessionUsage) -> String {
    let names = usage.model_usage.iter().map(|model| match &model.usage {
        Some(model_usage::Usage::Llm(used)) => format!("{} {}", used.provider, used.model),
        other => panic!("{other:?}"),
    });
    names.collect::<Vec<_>>().join(", ")
}

fn items(items: &[ChatItem]) -> String {
    let told = items.iter().map(|item| match item.item.clone().unwrap() {
        Item::Message(message) => {
            let Some(Payload::Text(text)) = message.content[0].payload.clone() else { panic!("no text") };
            let cut = if message.interrupted { "*" } else { "" };
            format!("{} {:?}{cut} {text:?}", message.id, message.role())
        }
        Item::FunctionCall(call) => format!("{} calls {}{}", call.id, call.name, call.arguments),
        Item::FunctionCallOutput(output) => format!("{} {} → {}", output.id, output.name, output.output),
        Item::AgentHandoff(handoff) => {
            format!("{} {:?} hands over to {}", handoff.id, handoff.old_agent_id, handoff.new_agent_id)
        }
        Item::AgentConfigUpdate(update) => panic!("{update:?}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

const fn says(role: Role, text: &str) -> CallEvent<'_> {
    CallEvent::Message { role, text, interrupted: false }
}

#[test]
fn who_may_ask_is_answered_and_who_may_not_is_told_nothing_at_all() {
    let mut play = Play::new();
    play.sends(0, "operator", &ping("a"))
        .sends(0, "caller", &ping("b"))
        .sends(0, "nobody", &ping("c"))
        .hears(10, &CallEvent::Agent(AgentState::Listening))
        .sees(20, "operator", false)
        .sends(30, "operator", &ping("d"))
        .hears(40, &CallEvent::Agent(AgentState::Speaking))
        .sees(50, "other", true)
        .hears(60, &CallEvent::Agent(AgentState::Listening))
        .loses(70, "other")
        .sends(80, "other", &ping("e"))
        .check(expect![[r#"
            0 answer to operator: a pong
            0 count answered
            0 count refused
            10 news to operator: at 1000.010 agent AsInitializing → AsListening
            30 count refused
            60 news to other: at 1000.060 agent AsSpeaking → AsListening
        "#]]);
}

#[test]
fn what_makes_no_sense_is_counted_and_what_is_not_served_is_answered_so() {
    let mut play = Play::new();
    let echo = AgentSessionMessage { message: Some(Message::Response(SessionResponse::default())) };
    play.sends(0, "operator", b"\xff\xff")
        .sends(0, "operator", b"")
        .sends(0, "operator", &echo.encode_to_vec())
        .sends(0, "operator", &vec![0; 1_001])
        .sends(0, "operator", &asked("a", None))
        .sends(0, "operator", &asked("b", Some(Request::UpdateIo(request::UpdateIo::default()))))
        .sends(0, "operator", &run("c", "  "))
        .check(expect![[r#"
            0 count malformed
            0 count malformed
            0 count malformed
            0 count limited
            0 answer to operator: a "this request is not served"
            0 count unsupported
            0 answer to operator: b "this request is not served"
            0 count unsupported
            0 answer to operator: c "there is nothing in the text of run_input"
            0 count failed
        "#]]);
}

#[test]
fn a_run_is_answered_with_what_came_of_it_and_nothing_else() {
    let mut play = Play::new();
    let call = ToolCall { id: "1".into(), name: "book".into(), arguments: "{}".into() };
    let (reply, end, took) = (ReplyId(2), ToolEnd::Returned, Duration::from_secs(1));
    play.hears(0, &CallEvent::HandedOff { from: None, to: "host" })
        .sends(0, "operator", &run("a", "A table!"))
        .sends(0, "operator", &run("b", "Two tables!"))
        .hears(10, &CallEvent::Message { role: Role::Assistant, text: "Good", interrupted: true })
        .hears(10, &says(Role::User, "A table!"))
        .hears(20, &CallEvent::ToolCalled { reply, call: &call })
        .hears(30, &CallEvent::ToolEnded { reply, call: "1", name: "book", end, output: "booked", took })
        .hears(30, &CallEvent::ToolsExecuted { reply, names: &[], errors: 0 })
        .hears(35, &says(Role::User, "mhm"))
        .hears(40, &says(Role::Assistant, "It is booked."))
        .at(40, Fact::Answered(Ticket(1), Answer::Ran(SpeechEnd::Played)))
        .hears(50, &says(Role::Assistant, "Anything else?"))
        .sends(60, "operator", &asked("c", Some(Request::GetChatHistory(request::GetChatHistory {}))))
        .check(expect![[r#"
            0 news to operator: at 1000.000 item_1 None hands over to host
            0 ask 1 to run "A table!"
            0 answer to operator: b "another run is not over"
            0 count limited
            10 news to operator: at 1000.010 item_2 Assistant* "Good"
            10 news to operator: at 1000.010 item_3 User "A table!"
            20 news to operator: at 1000.020 item_4 calls book{}
            20 news to operator: at 1000.020 started
            30 news to operator: at 1000.030 item_5 book → booked
            30 news to operator: at 1000.030 ended
            30 news to operator: at 1000.030 executed ["book"] ["booked"]
            35 news to operator: at 1000.035 item_6 User "mhm"
            40 news to operator: at 1000.040 item_7 Assistant "It is booked."
            40 answer to operator: a ran [item_4 calls book{}, item_5 book → booked, item_7 Assistant "It is booked."]
            40 count answered
            50 news to operator: at 1000.050 item_8 Assistant "Anything else?"
            60 answer to operator: c history [item_1 None hands over to host, item_2 Assistant* "Good", item_3 User "A table!", item_4 calls book{}, item_5 book → booked, item_6 User "mhm", item_7 Assistant "It is booked.", item_8 Assistant "Anything else?"]
            60 count answered
        "#]]);
}

#[test]
fn a_run_without_an_end_is_given_up_and_one_of_somebody_who_has_gone_is_forgotten() {
    let mut play = Play::new();
    play.sends(0, "operator", &run("a", "Hello?")).timeout(9_999);
    assert_eq!(play.machine.poll_timeout(), Some(Moment(Duration::from_secs(10))));
    play.timeout(10_000)
        .at(10_001, Fact::Answered(Ticket(1), Answer::Ran(SpeechEnd::Played)))
        .sends(11_000, "operator", &run("b", "Still there?"))
        .loses(11_500, "operator")
        .at(12_000, Fact::Answered(Ticket(2), Answer::Ran(SpeechEnd::Failed)));
    assert_eq!(play.machine.poll_timeout(), None);
    play.check(expect![[r#"
        0 ask 1 to run "Hello?"
        10000 forget 1
        10000 answer to operator: a "the run takes too long"
        10000 count failed
        11000 ask 2 to run "Still there?"
        11500 forget 2
    "#]]);
}

#[test]
fn the_agent_and_the_state_of_the_conversation_are_told() {
    let mut play = Play::new();
    let info = AgentInfo {
        name: "host".into(),
        instructions: "Be brief.".into(),
        tools: vec!["book".into()],
        history: vec![
            providers_core::ChatMessage::User { text: "Hi.".into() },
            providers_core::ChatMessage::Assistant {
                text: "Let me see.".into(),
                calls: vec![ToolCall { id: "1".into(), name: "book".into(), arguments: "{}".into() }],
            },
        ],
    };
    let provider = ProviderInfo { provider: "fake", model: "parrot".into() };
    let provider = Some(&provider);
    let used = CallEvent::Used { component: Component::Llm, provider, usage: Usage::default() };
    play.hears(0, &CallEvent::HandedOff { from: None, to: "host" })
        .hears(0, &CallEvent::Agent(AgentState::Listening))
        .hears(1, &used)
        .sends(10, "operator", &agent_info("a"))
        .at(20, Fact::Answered(Ticket(1), Answer::Agent(info)))
        .sends(30, "operator", &asked("b", Some(Request::GetSessionState(request::GetSessionState {}))))
        .sends(40, "operator", &asked("c", Some(Request::GetSessionUsage(request::GetSessionUsage {}))))
        .sends(50, "operator", &asked("d", Some(Request::GetFrameworkInfo(request::GetFrameworkInfo {}))))
        .check(expect![[r#"
            0 news to operator: at 1000.000 item_1 None hands over to host
            0 news to operator: at 1000.000 agent AsInitializing → AsListening
            1 news to operator: at 1000.001 used by fake parrot
            10 ask 1 for the agent
            20 answer to operator: a agent host "Be brief." tools ["book"] reads [read_1 User "Hi.", read_2 Assistant "Let me see.", read_3 calls book{}]
            20 count answered
            30 answer to operator: b host has it, AsListening, UsListening
            30 count answered
            40 answer to operator: c used by fake parrot
            40 count answered
            50 answer to operator: d colloquy
            50 count answered
        "#]]);
}

/// Requests with bytes changed, cut and added at random: each is counted as something, and none is a panic.
#[test]
fn no_bytes_take_a_call_down() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let whole = [ping("a"), run("b", "Hello?"), agent_info("c"), asked("d", None)];
    let mut machine = Machine::new(Bounds { per_second: 1_000, ..BOUNDS }, Duration::ZERO);
    let (operator, stay) = (Identity::from("operator"), stay("operator"));
    let present = Fact::Present { who: &operator, stay: &stay, may_ask: true };
    machine.handle_input(Moment::START, present);
    for n in 0..20_000 {
        let mut bytes = random.choice(&whole).cloned().unwrap_or_default();
        for _ in 0..random.usize(..4) {
            let at = random.usize(..=bytes.len());
            match random.u8(..3) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, random.u8(..)),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.u8(..)),
            }
        }
        let now = Moment(Duration::from_millis(n * 10));
        machine.handle_input(now, Fact::Received { from: &operator, stay: &stay, bytes: &bytes });
        machine.handle_timeout(now);
        let mut counted = 0;
        while let Some(order) = machine.poll_output() {
            match order {
                Order::Ask(ticket, _) => {
                    machine.handle_input(now, Fact::Answered(ticket, Answer::Nothing));
                }
                Order::Send { parcel, .. } => machine.handle_input(now, Fact::Sent(parcel)),
                Order::Count(_) => counted += 1,
                Order::Forget(_) | Order::CountLostNews(_) => {}
            }
        }
        assert_eq!(counted, 1, "seed {seed}, {n}: {bytes:?}");
    }
}
