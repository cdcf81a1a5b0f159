//! Tools in a conversation: what they return, what they want done, and what an interruption does to them.

use agent_conversation::{AgentName, AgentProfile, Agents, Keep, PlainAgent, Then, ToolOutcome};
use agent_tools::{Function, NoArguments};
use expect_test::expect;
use providers_core::ChatMessage;

use crate::scene::{Played, Scene, seconds};

const ASK: &str = "Book a table.";

/// A tool that takes so long and comes to this.
pub(crate) fn tool(name: &str, takes: f64, outcome: ToolOutcome) -> Function {
    Function::typed(name, "", move |_: NoArguments, _| {
        let outcome = outcome.clone();
        async move {
            tokio::time::sleep(seconds(takes)).await;
            Ok(outcome)
        }
    })
}

/// The user asks, and the mind says something of a second and calls these.
fn asked(says: &str, calls: &[&str]) -> Scene {
    let scene = Scene::new().user(0.5, 2.5, ASK, 0.2).mind_calls(ASK, says, calls, 0.1, 0.3);
    scene.voice("*", 1.0, 0.2, 0.3)
}

/// What the tools returned, as the mind reads it.
fn outputs(played: &Played) -> Vec<(&str, bool)> {
    let outputs = played.report.history.iter().filter_map(|message| match message {
        ChatMessage::Tool { output, is_error, .. } => Some((output.as_str(), *is_error)),
        ChatMessage::System { .. } | ChatMessage::User { .. } | ChatMessage::Assistant { .. } => None,
    });
    outputs.collect()
}

#[test]
fn a_silent_tool_is_not_spoken_about() {
    let played = asked("Noted.", &["note"])
        .tool(tool("note", 0.5, ToolOutcome::returned("written").silently()))
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Book a"
            2.70 final "Book a table."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Book a table."
            3.00 agent Thinking
            3.20 play
            3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
            3.20 agent Speaking
            4.21 played 1.00
            4.21 message Assistant "Noted."
            4.21 tools note errors 0
            4.21 agent Thinking
            4.21 agent Listening
            7.50 closed user_left
        "#]]);
    assert_eq!(outputs(&played), [("written", false)]);
}

#[test]
fn a_tool_that_ends_the_call_lets_the_mind_say_goodbye() {
    asked("", &["hang_up"])
        .tool(tool("hang_up", 0.0, ToolOutcome::returned("bye").then(Then::Close)))
        .mind("bye", "Goodbye!", 0.1, 0.3)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Book a"
            2.70 final "Book a table."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Book a table."
            3.00 agent Thinking
            3.00 tools hang_up errors 0
            3.00 speech Tool
            3.50 play
            3.50 latency e2e 1.00 ttft 0.10 ttfb 0.20
            3.50 agent Speaking
            4.51 played 1.00
            4.51 message Assistant "Goodbye!"
            4.51 agent Listening
            4.51 closed completed
        "#]]);
}

#[test]
fn a_tool_hands_over_by_name_once_the_mind_has_spoken_about_it() {
    let to = Then::HandOff(AgentName("kitchen".to_owned()));
    let kitchen = || PlainAgent(AgentProfile::new("", "You are the kitchen."));
    let played = asked("", &["transfer"])
        .tool(tool("transfer", 0.0, ToolOutcome::returned("transferring").then(to)))
        .mind("transferring", "One moment.", 0.1, 0.3)
        .user(6.0, 6.5, "Is it hot?", 0.2)
        .agents(Agents::configured().with("kitchen", kitchen).with_keep("kitchen", || Keep::Nothing))
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Book a"
            2.70 final "Book a table."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Book a table."
            3.00 agent Thinking
            3.00 tools transfer errors 0
            3.00 speech Tool
            3.50 play
            3.50 latency e2e 1.00 ttft 0.10 ttfb 0.20
            3.50 agent Speaking
            4.51 played 1.00
            4.51 message Assistant "One moment."
            4.51 agent Listening
            4.51 handoff agent to kitchen
            6.05 user Speaking
            6.60 interim "Is it"
            6.70 final "Is it hot?"
            6.70 speech Generate
            7.00 user Listening
            7.00 message User "Is it hot?"
            7.00 agent Thinking
            7.00 agent Listening
            11.50 closed user_left
        "#]]);
    let requests = played.mind.requests();
    let read = &requests.last().expect("the mind was asked").messages;
    let expected = [
        ChatMessage::System { text: "You are the kitchen.".to_owned() },
        ChatMessage::User { text: "Is it hot?".to_owned() },
    ];
    assert_eq!(read[..], expected, "it reads nothing of what was said before");
}

#[test]
fn what_nobody_waits_for_is_told_when_it_comes() {
    let played = asked("I am on it.", &["ship"])
        .tool(tool("ship", 6.0, ToolOutcome::returned("shipped")).in_background())
        .mind(
            "The function is running. What it returns will be told later.",
            "It will take a while.",
            0.1,
            0.3,
        )
        .mind("*", "It is on its way.", 0.1, 0.3)
        .end(14.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Book a"
            2.70 final "Book a table."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Book a table."
            3.00 agent Thinking
            3.20 play
            3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
            3.20 agent Speaking
            4.21 played 1.00
            4.21 message Assistant "I am on it."
            4.21 tools ship errors 0
            4.21 speech Tool
            4.21 agent Thinking
            4.71 play
            4.71 agent Speaking
            5.72 played 1.00
            5.72 message Assistant "It will take a while."
            5.72 agent Listening
            9.00 speech Generate
            9.00 agent Thinking
            9.50 play
            9.50 agent Speaking
            10.51 played 1.00
            10.51 message Assistant "It is on its way."
            10.51 agent Listening
            14.00 closed user_left
        "#]]);
    assert_eq!(outputs(&played), [("shipped", false)]);
}

#[test]
fn a_mind_that_calls_tools_though_it_may_not_is_not_obeyed() {
    let mut scene = asked("", &["look"]).tool(tool("look", 0.0, ToolOutcome::returned("again"))).mind_calls(
        "again",
        "I found it.",
        &["look"],
        0.1,
        0.3,
    );
    scene.config.max_tool_steps = 0;
    let played = scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Book a"
        2.70 final "Book a table."
        2.70 speech Generate
        3.00 user Listening
        3.00 message User "Book a table."
        3.00 agent Thinking
        3.00 tools look errors 0
        3.00 speech Tool
        3.50 play
        3.50 latency e2e 1.00 ttft 0.10 ttfb 0.20
        3.50 agent Speaking
        4.51 played 1.00
        4.51 message Assistant "I found it."
        4.51 agent Listening
        7.50 closed user_left
    "#]]);
    assert_eq!(outputs(&played), [("again", false)]);
}

#[test]
fn an_interrupted_reply_keeps_what_its_tools_return_and_cancels_what_it_may() {
    let played = asked("Let me see, let me see.", &["book", "look"])
        .tool(tool("book", 4.0, ToolOutcome::returned("booked")))
        .tool(tool("look", 4.0, ToolOutcome::returned("seen")).cancelled_by_interruption())
        .user(3.5, 5.0, "Hurry up!", 0.2)
        .mind("Hurry up!", "I am sorry.", 0.1, 0.3)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Book a"
            2.70 final "Book a table."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Book a table."
            3.00 agent Thinking
            3.20 play
            3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
            3.20 agent Speaking
            3.55 user Speaking
            4.00 pause
            4.00 agent Listening
            5.10 interim "Hurry up!"
            5.20 final "Hurry up!"
            5.20 played 0.80 cut
            5.20 message Assistant* "Let me see, let me"
            5.50 user Listening
            5.50 message User "Hurry up!"
            5.50 speech Generate
            5.50 agent Thinking
            6.00 play
            6.00 latency e2e 1.00 ttft 0.10 ttfb 0.20
            6.00 agent Speaking
            7.00 tools book look errors 1
            7.01 played 1.00
            7.01 message Assistant "I am sorry."
            7.01 agent Listening
            10.00 closed user_left
        "#]]);
    assert_eq!(
        outputs(&played),
        [
            ("booked", false),
            ("The user interrupted, and the function was cancelled before it returned.", true)
        ]
    );
}
