//! Agents in Rust: their hooks, handing over, tasks, and what becomes of what they say.

use std::{cell::RefCell, rc::Rc};

use agent_conversation::{
    Agent, AgentProfile, Agents, CloseReason, Done, Generate, Handle, Keep, Say, SpeechEnd, Toolset, UserTurn,
};
use agent_tools::{Function, NoArguments};
use expect_test::expect;
use providers_core::ChatMessage;

use crate::scene::Scene;

const HELLO: &str = "Hello, how are you?";
const FINE: &str = "I'm doing well, thank you!";

fn tool(name: &str, run: impl Fn() + Send + Sync + 'static) -> Toolset {
    let text = format!("output of {name}");
    let tool = Function::typed(name, "", move |_: NoArguments, _| {
        run();
        let text = text.clone();
        async move { Ok(text) }
    });
    Toolset::new().with(tool).expect("the name is one")
}

/// Says hello when it enters; has the call handed to a specialist by a tool.
struct Front;

impl Agent for Front {
    fn profile(&self, call: &Handle) -> AgentProfile {
        let call = call.clone();
        AgentProfile::new("front", "You are the front desk.").with_tools(tool("transfer", move || {
            assert_eq!(call.hand_off(Specialist, Keep::All), Ok(()));
        }))
    }

    async fn on_exit(&self, call: &Handle) {
        assert_eq!(call.say("Bye from the front.").await, SpeechEnd::Played);
    }
}

struct Specialist;

impl Agent for Specialist {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::new("specialist", "You know everything.")
    }

    async fn on_enter(&self, call: &Handle) {
        let greeted = call.generate_reply(Generate::instructed("Greet.")).await;
        assert_eq!(greeted, SpeechEnd::Played);
        let history = call.history().await.expect("the call goes on");
        let texts = history.iter().map(|message| match message {
            ChatMessage::User { text } | ChatMessage::Assistant { text, .. } => text.as_str(),
            ChatMessage::System { .. } | ChatMessage::Tool { .. } => "?",
        });
        assert_eq!(
            texts.collect::<Vec<_>>(),
            ["Connect me.", "One moment.", "Done.", "Bye from the front.", "Here I am."],
            "the calls of another agent are not shown"
        );
    }
}

#[test]
fn x12_a_tool_hands_over_when_what_is_said_is_over() {
    let played = Scene::new()
        .agents(Agents::new("front", || Front))
        .user(0.5, 2.5, "Connect me.", 0.2)
        .mind_calls("Connect me.", "One moment.", &["transfer"], 0.1, 0.3)
        .mind("output of transfer", "Done.", 0.1, 0.3)
        .mind("Greet.", "Here I am.", 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
        .end(12.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Connect me."
            2.70 final "Connect me."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Connect me."
            3.00 agent Thinking
            3.20 play
            3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
            3.20 agent Speaking
            4.21 played 1.00
            4.21 message Assistant "One moment."
            4.21 tools transfer errors 0
            4.21 speech Tool
            4.21 agent Thinking
            4.71 play
            4.71 agent Speaking
            5.72 played 1.00
            5.72 message Assistant "Done."
            5.72 agent Listening
            5.72 speech Say
            5.92 play
            5.92 agent Speaking
            6.93 played 1.00
            6.93 message Assistant "Bye from the front."
            6.93 agent Listening
            6.93 handoff front to specialist
            6.93 speech Generate
            6.93 agent Thinking
            7.43 play
            7.43 agent Speaking
            8.44 played 1.00
            8.44 message Assistant "Here I am."
            8.44 agent Listening
            12.00 closed user_left
        "#]]);
    let requests = played.mind.requests();
    let instructions = |n: usize| requests[n].messages.first().cloned();
    let system = |text: &str| Some(ChatMessage::System { text: text.to_owned() });
    assert_eq!(instructions(0), system("You are the front desk."));
    assert_eq!(instructions(2), system("You know everything."));
    assert!(requests[2].tools.is_empty(), "the tools of another agent are not offered");
}

#[test]
fn who_is_registered_can_be_handed_over_to_by_name_and_who_is_not_is_not() {
    for (name, keep, expected) in [
        (
            "specialist",
            Keep::Nothing,
            expect![[r#"
                0.00 agent Listening
                1.00 handoff agent to specialist
                2.00 closed user_left
            "#]],
        ),
        (
            "nobody",
            Keep::All,
            expect![[r#"
                0.00 agent Listening
                2.00 closed user_left
            "#]],
        ),
    ] {
        let keep = RefCell::new(Some(keep));
        Scene::new()
            .agents(Agents::configured().with("specialist", || Quiet))
            .program(1.0, move |handle| {
                assert_eq!(handle.hand_off_to(name, keep.take().unwrap_or_default()), Ok(()));
            })
            .end(2.0)
            .check(expected);
    }
}

struct Quiet;

impl Agent for Quiet {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::default()
    }
}

/// What a hook does with a turn.
struct Considering(fn(&mut UserTurn));

impl Agent for Considering {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::default()
    }

    async fn on_user_turn_completed(&self, _call: &Handle, turn: &mut UserTurn) {
        assert!(turn.was_spoken());
        assert_eq!(turn.text(), HELLO);
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        (self.0)(turn);
    }
}

fn considered(hook: fn(&mut UserTurn)) -> Scene {
    Scene::new()
        .agents(Agents::new("agent", move || Considering(hook)))
        .user(0.5, 2.5, HELLO, 0.2)
        .mind(HELLO, FINE, 0.1, 0.3)
        .mind("Bonjour", "Ça va.", 0.1, 0.3)
        .voice("*", 2.0, 0.2, 0.3)
}

#[test]
fn a_hook_that_changes_nothing_lets_the_answer_that_was_begun_be_heard() {
    let played = considered(|_| {}).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello, how"
        2.70 final "Hello, how are you?"
        2.70 speech Generate
        3.00 user Listening
        3.25 message User "Hello, how are you?"
        3.25 agent Thinking
        3.45 play
        3.45 latency e2e 0.95 ttft 0.10 ttfb 0.20
        3.45 agent Speaking
        5.46 played 2.00
        5.46 message Assistant "I'm doing well, thank you!"
        5.46 agent Listening
        7.50 closed user_left
    "#]]);
    assert_eq!(played.report.speculations, (1, 1));
}

#[test]
fn a_hook_may_change_what_was_said_and_the_answer_is_thought_of_anew() {
    let played = considered(|turn| {
        turn.set_text("Bonjour");
        turn.add_context("The user speaks French.");
    })
    .check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello, how"
        2.70 final "Hello, how are you?"
        2.70 speech Generate
        3.00 user Listening
        3.25 message User "Bonjour"
        3.25 speech Generate
        3.25 agent Thinking
        3.75 play
        3.75 latency e2e 1.25 ttft 0.10 ttfb 0.20
        3.75 agent Speaking
        5.76 played 2.00
        5.76 message Assistant "Ça va."
        5.76 agent Listening
        7.50 closed user_left
    "#]]);
    assert_eq!(played.report.speculations, (1, 0));
    assert_eq!(
        played.report.history[..2],
        [
            ChatMessage::System { text: "The user speaks French.".to_owned() },
            ChatMessage::User { text: "Bonjour".to_owned() }
        ]
    );
}

#[test]
fn a_hook_may_leave_a_turn_unanswered_or_forget_it() {
    let played = considered(UserTurn::keep_silent).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello, how"
        2.70 final "Hello, how are you?"
        2.70 speech Generate
        3.00 user Listening
        3.25 message User "Hello, how are you?"
        7.50 closed user_left
    "#]]);
    assert_eq!(played.report.history, [ChatMessage::User { text: HELLO.to_owned() }]);
    let played = considered(UserTurn::ignore).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello, how"
        2.70 final "Hello, how are you?"
        2.70 speech Generate
        3.00 user Listening
        7.50 closed user_left
    "#]]);
    assert_eq!(played.report.history, []);
}

/// Asks for a number by a task as soon as it enters, and says it.
struct Caller;

impl Agent for Caller {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::new("caller", "Ask.")
    }

    async fn on_enter(&self, call: &Handle) {
        let number = call.run_task(|done| Asking { done }).await;
        assert_eq!(number, Ok(42));
        call.say("Thank you.").await;
        call.close(CloseReason::Completed);
    }
}

struct Asking {
    done: Done<u32>,
}

impl Agent for Asking {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        let done = self.done.clone();
        AgentProfile::new("asking", "Ask for a number.").with_tools(tool("note", move || done.complete(42)))
    }

    async fn on_enter(&self, call: &Handle) {
        call.say("Which number?").await;
    }
}

#[test]
fn a_task_holds_the_call_until_it_gives_its_value() {
    Scene::new()
        .agents(Agents::new("caller", || Caller))
        .user(1.5, 2.5, "Forty-two.", 0.2)
        .mind_calls("Forty-two.", "", &["note"], 0.1, 0.3)
        .mind("output of note", "Noted.", 0.1, 0.3)
        .voice("*", 1.0, 0.1, 0.2)
        .end(12.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.00 handoff caller to asking
            0.00 speech Say
            0.10 play
            0.10 agent Speaking
            1.11 played 1.00
            1.11 message Assistant "Which number?"
            1.11 agent Listening
            1.55 user Speaking
            2.60 interim "Forty-two."
            2.70 final "Forty-two."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Forty-two."
            3.00 agent Thinking
            3.00 tools note errors 0
            3.00 speech Tool
            3.40 play
            3.40 latency e2e 0.90 ttft 0.10 ttfb 0.10
            3.40 agent Speaking
            4.41 played 1.00
            4.41 message Assistant "Noted."
            4.41 agent Listening
            4.41 handoff asking to caller
            12.00 closed user_left
        "#]]);
}

#[test]
fn an_asker_is_told_what_became_of_each_speech() {
    let ends = Rc::<RefCell<Vec<(&str, SpeechEnd)>>>::default();
    let told = ends.clone();
    let late = Rc::<RefCell<Option<Handle>>>::default();
    let kept = late.clone();
    let asked = move |handle: &Handle| {
        kept.replace(Some(handle.clone()));
        let (handle, told) = (handle.clone(), told.clone());
        tokio::task::spawn_local(async move {
            let (one, two, three) = (handle.say("one"), handle.say("two"), handle.say("three"));
            let four = handle.say(Say::words("four").interruptible(false).forgotten());
            let failing = handle.generate_reply(Generate::instructed("Nobody answers this."));
            assert!(two.interrupt(false), "taken back while it waits");
            let end = two.await;
            told.borrow_mut().push(("two", end));
            let end = one.await;
            told.borrow_mut().push(("one", end));
            let end = three.await;
            told.borrow_mut().push(("three", end));
            let end = four.await;
            told.borrow_mut().push(("four", end));
            let end = failing.await;
            told.borrow_mut().push(("nothing to say", end));
        });
    };
    let played = Scene::new()
        .voice("*", 1.0, 0.1, 0.1)
        .program(0.2, asked)
        .program(1.8, |handle| assert!(handle.interrupt(false)))
        .end(9.0)
        .play();
    expect![[r#"
        0.00 agent Listening
        0.20 speech Say
        0.20 speech Say
        0.20 speech Say
        0.20 speech Say
        0.20 speech Generate
        0.20 agent Thinking
        0.30 play
        0.30 agent Speaking
        1.31 played 1.00
        1.31 message Assistant "one"
        1.31 agent Listening
        1.31 agent Thinking
        1.41 play
        1.41 agent Speaking
        1.80 played 0.39 cut
        1.80 message Assistant* "three"
        1.80 agent Thinking
        1.90 play
        1.90 agent Speaking
        2.91 played 1.00
        2.91 agent Listening
        9.00 closed user_left
    "#]]
    .assert_eq(&played.events);
    assert_eq!(
        *ends.borrow(),
        [
            ("two", SpeechEnd::Dropped),
            ("one", SpeechEnd::Played),
            ("three", SpeechEnd::Interrupted),
            ("four", SpeechEnd::Played),
            ("nothing to say", SpeechEnd::Played),
        ]
    );
    let late = late.take().map(|handle| handle.say("too late").end());
    assert_eq!(late, Some(Some(SpeechEnd::Dropped)));
}
