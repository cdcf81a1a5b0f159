//! How much is taken, kept and sent; and what becomes of what is not.

use expect_test::expect;
use providers_core::ChatMessage;

use super::*;
use crate::remote::items::BYTES;

#[test]
fn no_more_is_taken_than_the_bounds_allow() {
    let mut play = Play::new();
    for id in ["a", "b", "c"] {
        play.sends(0, "operator", &agent_info(id));
    }
    play.at(100, Fact::Answered(Ticket(1), Answer::Nothing))
        .sends(100, "operator", &ping("d"))
        .sends(100, "operator", &ping("e"))
        .sends(400, "operator", &ping("f"))
        .check(expect![[r#"
            0 ask 1 for the agent
            0 ask 2 for the agent
            0 answer to operator: c "too many requests wait for the conversation"
            0 count limited
            100 answer to operator: a "the conversation does not take the request"
            100 count failed
            100 answer to operator: d pong
            100 count answered
            100 answer to operator: e "too many requests in a second"
            100 count limited
            400 answer to operator: f pong
            400 count answered
        "#]]);
}

#[test]
fn a_request_is_counted_once_whatever_becomes_of_its_answer() {
    let mut play = Play::new();
    play.is_full = true;
    play.sends(0, "operator", &ping("a"))
        .sends(0, "operator", &run("b", " "))
        .hears(10, &CallEvent::Agent(AgentState::Listening))
        .is_full = false;
    play.sends(20, "operator", &ping("c")).check(expect![[r#"
        0 answer to operator: a pong (unsent)
        0 answer to operator: a "the answer cannot be sent: the data channel is full" (unsent)
        0 count failed (unsent)
        0 answer to operator: b "there is nothing in the text of run_input" (unsent)
        0 count failed (unsent)
        10 news to operator: at 1000.010 agent AsInitializing → AsListening (unsent)
        10 count 1 lost (unsent)
        20 answer to operator: c pong
        20 count answered
    "#]]);
}

#[test]
fn who_waits_at_the_end_of_a_call_is_told_so_and_counted() {
    let mut play = Play::new();
    play.sends(0, "operator", &agent_info("a"))
        .sends(0, "operator", &run("b", "Hello?"))
        .sends(0, "early", &ping("c"))
        .at(10, Fact::Closing)
        .at(20, Fact::Answered(Ticket(2), Answer::Ran(SpeechEnd::Played)))
        .check(expect![[r#"
            0 ask 1 for the agent
            0 ask 2 to run "Hello?"
            10 forget 1
            10 answer to operator: a "the call is over"
            10 forget 2
            10 answer to operator: b "the call is over"
            10 count refused
            10 count failed
            10 count failed
        "#]]);
    assert_eq!(play.machine.poll_timeout(), None);
}

fn history() -> Vec<u8> {
    asked("h", Some(Request::GetChatHistory(request::GetChatHistory {})))
}

/// The one answer that is sent for a request, at the end of a second.
fn answer_to(machine: &mut Machine, now: Moment, bytes: &[u8]) -> (usize, Response) {
    let (from, stay) = ("operator".into(), stay("operator"));
    machine.handle_input(now, Fact::Received { from: &from, stay: &stay, bytes });
    let mut answers = Vec::new();
    while let Some(order) = machine.poll_output() {
        match order {
            Order::Send { bytes, parcel: Parcel::Answer(..), .. } => answers.push(bytes),
            Order::Ask(ticket, Question::Agent) => {
                let read = |n: usize| ChatMessage::User { text: format!("{n} {}", "x".repeat(10_000)) };
                let info = AgentInfo {
                    name: String::new(),
                    instructions: String::new(),
                    tools: Vec::new(),
                    history: (0..100).map(read).collect(),
                };
                machine.handle_input(now, Fact::Answered(ticket, Answer::Agent(info)));
            }
            Order::Send { .. }
            | Order::Ask(..)
            | Order::Forget(_)
            | Order::Count(_)
            | Order::CountLostNews(_) => {}
        }
    }
    let [bytes] = answers.as_slice() else { panic!("{} answers", answers.len()) };
    let Some(Message::Response(answer)) = AgentSessionMessage::decode(&**bytes).unwrap().message else {
        panic!("no answer")
    };
    (bytes.len(), answer.response.unwrap())
}

#[test]
fn of_a_long_conversation_the_last_is_told_in_no_more_than_an_answer_may_hold() {
    let Play { mut machine, .. } = Play::new();
    let long = "x".repeat(10_000);
    for n in 0..100 {
        let text = format!("{n} {long}");
        let event = says(Role::User, &text);
        machine.handle_input(Moment::START, Fact::Told { at: Moment::START, event: &event });
        while machine.poll_output().is_some() {}
    }
    let too_long = "y".repeat(BYTES);
    let event = says(Role::User, &too_long);
    machine.handle_input(Moment::START, Fact::Told { at: Moment::START, event: &event });
    for second in 1..3 {
        let now = Moment(Duration::from_secs(second));
        let (length, answer) = answer_to(&mut machine, now, &history());
        let Response::GetChatHistory(history) = answer else { panic!("{answer:?}") };
        let ids: Vec<u32> = history
            .items
            .iter()
            .map(|item| items(std::slice::from_ref(item))[5..].split(' ').next().unwrap().parse().unwrap())
            .collect();
        assert!(length < BYTES + 100, "{length} bytes");
        assert!(ids.len() > 50, "{} items", ids.len());
        assert!(
            ids.iter().copied().eq(101 - ids.len() as u32..=100),
            "the newest, but the one too long: {ids:?}"
        );

        let (length, answer) = answer_to(&mut machine, now, &agent_info("i"));
        let Response::GetAgentInfo(info) = answer else { panic!("{answer:?}") };
        assert!(length < BYTES + 100, "{length} bytes");
        assert!(items(&info.chat_ctx).starts_with("read_"), "what a mind reads has its own names");
        assert!(info.chat_ctx.len() > 50, "{} items", info.chat_ctx.len());
    }
}
