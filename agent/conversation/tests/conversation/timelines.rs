//! Who says what when, as measured in `turn-taking.md` §5.2; numbers such as A1 are its.

use agent_conversation::{CloseReason, Generate, Say};
use agent_tools::{Function, NoArguments};
use agent_turn::journal;
use expect_test::expect;
use providers_core::ChatMessage;

use crate::{
    body::Cue,
    scene::{LEFT, Scene, seconds},
};

const HELLO: &str = "Hello, how are you?";
const FINE: &str = "I'm doing well, thank you!";
const STORY: &str = "Tell me a story.";
const LONG: &str = "Here is a long story for you, it begins.";

/// A scene in which the user asks for a story and is told one of so many seconds.
fn story(length: f64) -> Scene {
    Scene::new().user(0.5, 2.5, STORY, 0.2).mind(STORY, LONG, 0.1, 0.3).voice(LONG, length, 0.2, 0.3)
}

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
fn a9b_words_over_a_reply_cut_it_where_it_was_heard() {
    let played = story(10.0).user(5.0, 6.0, "Stop!", 0.2).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Tell me"
        2.70 final "Tell me a story."
        2.70 speech Generate
        3.00 user Listening
        3.00 message User "Tell me a story."
        3.00 agent Thinking
        3.20 play
        3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
        3.20 agent Speaking
        5.05 user Speaking
        5.50 pause
        5.50 agent Listening
        6.10 interim "Stop!"
        6.20 final "Stop!"
        6.20 played 2.30 cut
        6.20 message Assistant* "Here is a long"
        6.50 user Listening
        6.50 message User "Stop!"
        6.50 speech Generate
        6.50 agent Thinking
        6.50 agent Listening
        11.00 closed user_left
    "#]]);
    assert_eq!(played.report.interruptions, 1);
    let last = played.mind.requests().pop().unwrap();
    assert_eq!(
        last.messages,
        [
            ChatMessage::System { text: "Be brief.".to_owned() },
            ChatMessage::User { text: STORY.to_owned() },
            ChatMessage::Assistant { text: "Here is a long".to_owned(), calls: Vec::new() },
            ChatMessage::User { text: "Stop!".to_owned() },
        ]
    );
}

#[test]
fn a10a_too_few_words_do_not_interrupt() {
    story(5.0)
        .with(|config| config.turn.interruption.min_words = 3)
        .user(5.0, 6.0, "Stop!", 0.2)
        .user(6.5, 7.5, "ok, stop!", 0.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Tell me"
            2.70 final "Tell me a story."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Tell me a story."
            3.00 agent Thinking
            3.20 play
            3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
            3.20 agent Speaking
            5.05 user Speaking
            6.10 interim "Stop!"
            6.20 final "Stop!"
            6.50 user Listening
            6.55 user Speaking
            7.50 interim "ok, stop!"
            7.50 pause
            7.50 agent Listening
            7.50 final "ok, stop!"
            7.50 played 4.30 cut
            7.50 message Assistant* "Here is a long story for you, it"
            8.00 user Listening
            8.00 message User "Stop! ok, stop!"
            8.00 speech Generate
            8.00 agent Thinking
            8.00 agent Listening
            12.50 closed user_left
        "#]]);
}

#[test]
fn a11_what_the_user_writes_stops_the_reply_and_is_answered() {
    story(15.0)
        .cue(5.0, Cue::Typed("stop from text input"))
        .mind("stop from text input", "I will.", 0.1, 0.3)
        .voice("I will.", 2.0, 0.2, 0.3)
        .end(9.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Tell me"
            2.70 final "Tell me a story."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Tell me a story."
            3.00 agent Thinking
            3.20 play
            3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
            3.20 agent Speaking
            5.00 message User "stop from text input"
            5.00 played 1.80 cut
            5.00 message Assistant* "Here is"
            5.00 speech Generate
            5.00 agent Thinking
            5.50 play
            5.50 latency e2e - ttft 0.10 ttfb 0.20
            5.50 agent Speaking
            7.51 played 2.00
            7.51 message Assistant "I will."
            7.51 agent Listening
            9.00 closed user_left
        "#]]);
}

#[test]
fn a12b_words_before_the_first_sample_cancel_the_reply() {
    Scene::new()
        .user(0.5, 2.5, STORY, 0.2)
        .mind(STORY, LONG, 0.1, 1.0)
        .voice(LONG, 10.0, 0.2, 0.3)
        .user(3.0, 4.0, "Stop!", 0.2)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Tell me"
            2.70 final "Tell me a story."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Tell me a story."
            3.00 agent Thinking
            3.05 user Speaking
            3.05 pause
            3.50 agent Listening
            4.10 interim "Stop!"
            4.20 final "Stop!"
            4.20 played 0.00 cut
            4.50 user Listening
            4.50 message User "Stop!"
            4.50 speech Generate
            4.50 agent Thinking
            4.50 agent Listening
            9.00 closed user_left
        "#]]);
}

#[test]
fn a14_a_noise_at_the_moment_of_the_first_sample_changes_nothing() {
    Scene::new()
        .user(0.5, 2.5, HELLO, 0.2)
        .mind(HELLO, FINE, 0.1, 0.3)
        .voice("*", 5.0, 0.05, 0.3)
        .user(3.0, 3.3, "", 0.2)
        .end(9.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Hello, how"
            2.70 final "Hello, how are you?"
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Hello, how are you?"
            3.00 agent Thinking
            3.05 play
            3.05 latency e2e 0.55 ttft 0.10 ttfb 0.05
            3.05 agent Speaking
            3.05 user Speaking
            3.80 user Listening
            8.06 played 5.00
            8.06 message Assistant "I'm doing well, thank you!"
            8.06 agent Listening
            8.30 missed, 0 words recovered
            9.00 closed user_left
        "#]]);
}

#[test]
fn a15_a_greeting_is_said_first_and_may_be_firm() {
    Scene::new()
        .greeting("Good morning!", false)
        .voice("Good morning!", 3.0, 0.2, 0.3)
        .user(1.0, 2.0, HELLO, 0.2)
        .mind(HELLO, FINE, 0.1, 0.3)
        .voice(FINE, 1.0, 0.2, 0.3)
        .check(expect![[r#"
            0.00 agent Listening
            0.00 speech Say
            0.20 play
            0.20 agent Speaking
            1.05 user Speaking
            2.10 interim "Hello, how"
            2.20 final "Hello, how are you?"
            2.50 user Listening
            2.50 message User "Hello, how are you?"
            3.21 played 3.00
            3.21 message Assistant "Good morning!"
            3.21 speech Generate
            3.21 agent Thinking
            3.71 play
            3.71 latency e2e 1.71 ttft 0.10 ttfb 0.20
            3.71 agent Speaking
            4.72 played 1.00
            4.72 message Assistant "I'm doing well, thank you!"
            4.72 agent Listening
            7.00 closed user_left
        "#]]);
}

#[test]
fn a16_during_the_warm_up_only_a_committed_turn_interrupts() {
    story(15.0)
        .with(|config| config.turn.interruption.aec_warmup = seconds(3.0))
        .user(4.0, 5.0, "Stop!", 0.2)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Tell me"
            2.70 final "Tell me a story."
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Tell me a story."
            3.00 agent Thinking
            3.20 play
            3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
            3.20 agent Speaking
            4.05 user Speaking
            5.10 interim "Stop!"
            5.20 final "Stop!"
            5.50 user Listening
            5.50 message User "Stop!"
            5.50 played 2.30 cut
            5.50 message Assistant* "Here is"
            5.50 agent Listening
            5.50 speech Generate
            5.50 agent Thinking
            5.50 agent Listening
            10.00 closed user_left
        "#]]);
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
fn x1_a_false_interruption_is_resumed_without_a_lost_sample() {
    let played = story(10.0).user(5.0, 6.0, "", 0.2).end(17.0).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Tell me"
        2.70 final "Tell me a story."
        2.70 speech Generate
        3.00 user Listening
        3.00 message User "Tell me a story."
        3.00 agent Thinking
        3.20 play
        3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
        3.20 agent Speaking
        5.05 user Speaking
        5.50 pause
        5.50 agent Listening
        6.50 user Listening
        8.50 resume
        8.50 agent Speaking
        11.00 missed, 0 words recovered
        16.21 played 10.00
        16.21 message Assistant "Here is a long story for you, it begins."
        16.21 agent Listening
        17.00 closed user_left
    "#]]);
    assert_eq!(played.report.false_interruptions, 1);
}

#[test]
fn a_sink_that_cannot_pause_is_stopped() {
    let mut scene = story(10.0).user(5.0, 6.0, "", 0.2).end(8.0);
    scene.pausable = false;
    scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Tell me"
        2.70 final "Tell me a story."
        2.70 speech Generate
        3.00 user Listening
        3.00 message User "Tell me a story."
        3.00 agent Thinking
        3.20 play
        3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
        3.20 agent Speaking
        5.05 user Speaking
        5.50 played 2.30 cut
        5.50 message Assistant* "Here is a"
        5.50 agent Listening
        6.50 user Listening
        8.00 closed user_left
    "#]]);
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
fn x13_what_waits_behind_an_interrupted_speech_is_said() {
    let mut scene = Scene::new().end(5.0);
    for (words, interruptible) in [("one", true), ("two", false), ("three", true)] {
        scene = scene.voice(words, 1.0, 0.1, 0.1).program(0.2, move |handle| {
            drop(handle.say(Say::words(words).interruptible(interruptible)));
        });
    }
    scene.program(0.8, |handle| assert!(handle.interrupt(false))).check(expect![[r#"
        0.00 agent Listening
        0.20 speech Say
        0.20 speech Say
        0.20 speech Say
        0.30 play
        0.30 agent Speaking
        0.80 played 0.50 cut
        0.80 message Assistant* "one"
        0.80 agent Listening
        0.90 play
        0.90 agent Speaking
        1.91 played 1.00
        1.91 message Assistant "two"
        1.91 agent Listening
        2.01 play
        2.01 agent Speaking
        3.02 played 1.00
        3.02 message Assistant "three"
        3.02 agent Listening
        5.00 closed user_left
    "#]]);
}

#[test]
fn x17_noise_is_not_answered() {
    Scene::new().user(0.5, 2.5, "", 0.2).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        3.00 user Listening
        7.50 missed, 0 words recovered
        7.50 closed user_left
    "#]]);
}

#[test]
fn a_program_may_instruct_the_mind_and_close_the_call() {
    let played = Scene::new()
        .mind("Say goodbye.", "Goodbye, **friend**! 👋", 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
        .program(1.0, |handle| drop(handle.generate_reply(Generate::instructed("Say goodbye."))))
        .program(4.0, |handle| assert!(handle.close(CloseReason::Completed)))
        .end(9.0)
        .check(expect![[r#"
            0.00 agent Listening
            1.00 speech Generate
            1.00 agent Thinking
            1.50 play
            1.50 agent Speaking
            2.51 played 1.00
            2.51 message Assistant "Goodbye, **friend**! 👋"
            2.51 agent Listening
            4.00 closed completed
        "#]]);
    assert_eq!(played.report.reason, CloseReason::Completed);
    assert_eq!(played.report.duration, seconds(4.0));
}

#[test]
fn a_call_decided_again_from_its_journal_gives_the_same_state() {
    let played = story(10.0).user(5.0, 6.0, "Stop!", 0.2).play();
    let replay = journal::replay(played.journal.iter().map(String::as_str));
    let journal::Replay { machine, orders } = replay.expect("a journal is read as it was written");
    let orders = orders.len();
    assert!(orders > 20, "{orders} orders");
    assert_eq!(machine.state(), &agent_turn::State::Closed);
    assert_eq!(machine.counters().ignored, 0);
}
