//! Speech and writing over a reply, as measured in `turn-taking.md` §5.2; numbers such as A9b are its.

use expect_test::expect;
use providers_core::ChatMessage;

use crate::scene::{FINE, HELLO, LONG, STORY, Scene, seconds, story};

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
        .typed(5.0, "stop from text input")
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
