//! The worker protocol as timelines: what happened on the left, what was ordered on the right.
//!
//! A line of input is `MILLISECONDS FACT`; a line of output `MILLISECONDS ORDER`. Jobs are numbers.

mod draining;
mod jobs;
mod links;
mod offers;

use std::time::Instant;

use agent_worker::protocol::{Config, Input, Machine, Output, ToServer};
use expect_test::expect;

use crate::line::{check, config, frame};

#[test]
fn a_worker_registers_and_tells_status_and_load_at_once_and_regularly() {
    check(
        config(),
        "   0 opened
          20 registered
        5100 end",
        expect![[r#"
            0     open link
            0     > register
            20    registered as AW_1 at 1.9.12
            20    > available, load 0.00, 0 jobs
            2520  > available, load 0.00, 0 jobs
            5020  > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn a_named_worker_says_its_name_everywhere() {
    let mut machine = Machine::new(Config { agent_name: "front-desk".into(), ..config() }, Instant::now());
    let now = Instant::now();
    machine.handle_input(now, Input::AgentsLoaded);
    machine.handle_input(now, Input::LinkOpened);
    machine.handle_input(now, Input::FrameReceived(frame("registered", "")));
    machine.handle_input(now, Input::FrameReceived(frame("availability", "1")));
    let mut sent = std::iter::from_fn(|| machine.poll_output()).filter_map(|output| match output {
        Output::Send(message) => message.message,
        _ => None,
    });
    let Some(ToServer::Register(register)) = sent.next() else { panic!("no registration") };
    assert_eq!(register.agent_name, "front-desk");
    assert_eq!(register.version, "1.2.3");
    let permissions = register.allowed_permissions.unwrap();
    assert!(permissions.can_publish && permissions.can_subscribe && !permissions.hidden);
    let answer = sent.find_map(|message| match message {
        ToServer::Availability(answer) => Some(answer),
        _ => None,
    });
    let answer = answer.unwrap();
    assert_eq!(answer.participant_identity, "agent-AJ_1");
    assert_eq!(answer.participant_attributes["lk.agent.name"], "front-desk");
    assert!(!answer.terminate);
}
