//! Questions and their answers, as measured in `turn-taking.md` §5.2; numbers such as A1 are its.

use agent_tools::{Function, NoArguments};
use expect_test::expect;
use providers_core::ChatMessage;

use crate::scene::{FINE, HELLO, LEFT, Scene, seconds};

#[test]
fn a1_a_question_is_answered() {
    let played =
        Scene::new().user(0.5, 2.5, HELLO, 0.2).mind(HELLO, FINE, 0.1, 0.3).voice("*", 2.0, 0.2, 0.3).check(
            expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Hello, how"
            2.70 final "Hello, how are you?"
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Hello, how are you?"
            3.00 agent Thinking
            3.20 play
            3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
            3.20 agent Speaking
            5.21 played 2.00
            5.21 message Assistant "I'm doing well, thank you!"
            5.21 agent Listening
            7.50 closed user_left
        "#]],
        );
    assert_eq!(played.report.reason, LEFT);
    assert_eq!((played.report.turns, played.report.replies, played.report.speculations), (1, 1, (1, 1)));
}

#[test]
fn the_transcripts_of_both_sides_are_shown_in_segments() {
    let played =
        Scene::new().user(0.5, 2.5, HELLO, 0.2).mind(HELLO, FINE, 0.1, 0.3).voice("*", 2.0, 0.2, 0.3).play();
    expect![[r#"
        user 1 Hello, how
        user 1 final Hello, how are you?
        agent 2 +I'm
        agent 2 + doing
        agent 2 + well,
        agent 2 + thank
        agent 2 + you!
        agent 2 end"#]]
    .assert_eq(&played.shown.join("\n"));
}

#[test]
fn a4_tools_are_called_and_their_output_is_told() {
    let weather =
        Function::typed("get_weather", "The weather now.", |_: NoArguments, _| async { Ok("sunny") });
    let played = Scene::new()
        .user(0.5, 2.5, "What's the weather?", 0.2)
        .mind_calls("What's the weather?", "Let me check the weather for you.", &["get_weather"], 0.1, 0.3)
        .mind("sunny", "It is sunny today.", 0.1, 0.3)
        .voice("Let me check the weather for you.", 2.0, 0.2, 0.3)
        .voice("It is sunny today.", 3.0, 0.2, 0.3)
        .tool(weather)
        .end(12.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "What's the"
            2.70 final "What's the weather?"
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "What's the weather?"
            3.00 agent Thinking
            3.20 play
            3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
            3.20 agent Speaking
            5.21 played 2.00
            5.21 message Assistant "Let me check the weather for you."
            5.21 tools get_weather errors 0
            5.21 speech Tool
            5.21 agent Thinking
            5.71 play
            5.71 agent Speaking
            8.72 played 3.00
            8.72 message Assistant "It is sunny today."
            8.72 agent Listening
            12.00 closed user_left
        "#]]);
    let shapes: Vec<&str> = played
        .report
        .history
        .iter()
        .map(|message| match message {
            ChatMessage::System { .. } => "system",
            ChatMessage::User { .. } => "user",
            ChatMessage::Assistant { .. } => "assistant",
            ChatMessage::Tool { .. } => "tool",
        })
        .collect();
    assert_eq!(shapes, ["user", "assistant", "tool", "assistant"]);
}

#[test]
fn a20_an_unknown_tool_is_told_to_the_mind() {
    let played = Scene::new()
        .user(0.5, 2.5, HELLO, 0.2)
        .mind_calls(HELLO, "", &["nonexistent_tool"], 0.1, 0.3)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Hello, how"
            2.70 final "Hello, how are you?"
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Hello, how are you?"
            3.00 agent Thinking
            3.00 tools nonexistent_tool errors 1
            3.00 speech Tool
            3.00 agent Listening
            7.50 closed user_left
        "#]]);
    let output = played.report.history.iter().find_map(|message| match message {
        ChatMessage::Tool { output, is_error, .. } => Some((output.as_str(), *is_error)),
        ChatMessage::System { .. } | ChatMessage::User { .. } | ChatMessage::Assistant { .. } => None,
    });
    assert_eq!(output, Some(("Unknown function: nonexistent_tool - available tools: none", true)));
}

#[test]
fn a18_without_speculation_the_answer_comes_later() {
    let scene = || {
        Scene::new().user(0.5, 2.0, HELLO, 0.1).mind(HELLO, FINE, 0.1, 0.3).voice("*", 3.0, 0.3, 0.3).end(4.0)
    };
    let first_sample = |scene: Scene| {
        let events = scene.play().events;
        events.lines().find_map(|line| line.strip_suffix(" play").map(str::to_owned))
    };
    assert_eq!(first_sample(scene()).as_deref(), Some("2.80"));
    let without = scene().with(|config| config.turn.speculation.enabled = false);
    assert_eq!(first_sample(without).as_deref(), Some("3.10"));
}

#[test]
fn x4_two_utterances_are_one_turn() {
    let whole = "I would like to book a table";
    Scene::new()
        .with(|config| config.turn.endpoint.min_delay = seconds(1.0))
        .user(0.5, 1.5, "I would like to", 0.2)
        .user(2.2, 3.0, "book a table", 0.2)
        .mind(whole, "For how many?", 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            1.60 interim "I would"
            1.70 final "I would like to"
            1.70 speech Generate
            2.00 user Listening
            2.25 user Speaking
            3.10 interim "book a"
            3.20 final "book a table"
            3.20 speech Generate
            3.50 user Listening
            4.00 message User "I would like to book a table"
            4.00 agent Thinking
            4.20 play
            4.20 latency e2e 1.20 ttft 0.10 ttfb 0.20
            4.20 agent Speaking
            5.21 played 1.00
            5.21 message Assistant "For how many?"
            5.21 agent Listening
            8.00 closed user_left
        "#]]);
}

#[test]
fn x5_a_late_transcript_is_answered_at_once() {
    Scene::new().user(0.5, 1.5, "hello", 1.2).mind("hello", FINE, 0.1, 0.2).voice("*", 1.0, 0.2, 0.3).check(
        expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.00 user Listening
            2.10 interim "hello"
            2.70 final "hello"
            2.70 message User "hello"
            2.70 speech Generate
            2.70 agent Thinking
            3.10 play
            3.10 latency e2e 1.60 ttft 0.10 ttfb 0.20
            3.10 agent Speaking
            4.11 played 1.00
            4.11 message Assistant "I'm doing well, thank you!"
            4.11 agent Listening
            6.50 closed user_left
        "#]],
    );
}

#[test]
fn x6_a_silent_user_is_away() {
    Scene::new()
        .with(|config| config.turn.user_away = Some(seconds(3.0)))
        .greeting("Hi.", true)
        .voice("Hi.", 2.0, 0.2, 0.3)
        .end(7.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.00 speech Say
            0.20 play
            0.20 agent Speaking
            2.21 played 2.00
            2.21 message Assistant "Hi."
            2.21 agent Listening
            5.21 user Away
            7.00 closed user_left
        "#]]);
}

#[test]
fn x17_noise_is_not_answered() {
    Scene::new().user(0.5, 2.5, "", 0.2).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        3.00 user Listening
        7.50 closed user_left
    "#]]);
}
