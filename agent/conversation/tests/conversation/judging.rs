//! Judges: of pauses, of speech over the agent's own, and of words that ask for patience.

use std::sync::Arc;

use agent_language::listening::Listener;
use expect_test::expect;
use providers_core::ErrorKind;
use providers_fake::{FakeDetector, Fault, Faults, Judgement, Mishap, When};

use crate::scene::{HELLO, Scene, seconds, story};

fn judge(words: &str, permille: u16) -> Arc<FakeDetector> {
    let judgement = Judgement { when: When::parse(words), complete_permille: permille };
    Arc::new(FakeDetector::new(vec![judgement], seconds(0.05)).recording())
}

/// When the first answer is heard.
fn first_answer(scene: Scene) -> String {
    let events = scene.play().events;
    events.lines().find_map(|line| line.strip_suffix(" play")).unwrap_or("never").to_owned()
}

fn asked() -> Scene {
    Scene::new()
        .with(|config| config.turn.endpoint.max_delay = seconds(3.0))
        .user(0.5, 2.5, HELLO, 0.2)
        .mind(HELLO, "Fine.", 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
}

#[test]
fn x7_whom_the_judge_finds_unfinished_has_more_time() {
    assert_eq!(first_answer(asked().pauses(judge(HELLO, 900))), "3.20");
    assert_eq!(first_answer(asked().pauses(judge(HELLO, 100))), "5.70");
}

#[test]
fn a_judge_is_given_what_was_said_and_heard_and_one_that_fails_is_not_waited_for() {
    let detector = judge(HELLO, 900);
    asked().pauses(detector.clone()).play();
    let pauses = detector.pauses();
    assert!(pauses.iter().any(|pause| pause.text == HELLO), "{pauses:?}");
    assert_eq!(detector.open_now(), 0);
    let fault = Fault { after: 0, what: Mishap::Error { kind: ErrorKind::Internal, retry_after: None } };
    let failing = FakeDetector::new(Vec::new(), seconds(0.05)).with_faults(Faults::always(fault));
    let events = asked().pauses(Arc::new(failing)).play().events;
    let told = events.lines().filter(|line| line.contains("failed") || line.ends_with("play"));
    assert_eq!(told.collect::<Vec<_>>(), ["2.75 failed Judge internal", "3.20 play"]);
}

#[test]
fn a_listeners_noise_stops_nothing_and_is_no_turn() {
    let played = story(10.0).overlaps(Listener::new("en")).user(5.0, 5.3, "mhm", 0.1).end(14.0).play();
    expect![[r#"
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
        5.35 interim "mhm"
        5.40 final "mhm"
        5.40 aside Backchannel "mhm"
        5.80 user Listening
        13.21 played 10.00
        13.21 message Assistant "Here is a long story for you, it begins."
        13.21 agent Listening
        14.00 closed user_left
    "#]]
    .assert_eq(&played.events);
}

#[test]
fn a_wish_to_speak_pauses_the_reply_before_its_speech_is_long_enough() {
    let with = story(10.0).overlaps(Listener::new("en")).user(5.0, 5.2, "stop stop stop", 0.1).end(9.0);
    let played = with.play();
    expect![[r#"
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
        5.25 interim "stop stop"
        5.25 pause
        5.25 agent Listening
        5.30 final "stop stop stop"
        5.30 played 2.05 cut
        5.30 message Assistant* "Here is a"
        5.70 user Listening
        5.70 message User "stop stop stop"
        5.70 speech Generate
        5.70 agent Thinking
        5.70 agent Listening
        9.00 closed user_left
    "#]]
    .assert_eq(&played.events);
}

#[test]
fn hold_on_makes_the_wait_longer() {
    let ask = |patience| {
        let scene = Scene::new()
            .with(|config| {
                config.turn.endpoint.max_delay = seconds(3.0);
                config.hearing.language = Some("en".to_owned());
                config.patience = patience;
            })
            .user(0.5, 2.5, "Hold on.", 0.2)
            .mind("Hold on.", "Take your time.", 0.1, 0.3)
            .voice("*", 1.0, 0.2, 0.3);
        first_answer(scene)
    };
    assert_eq!((ask(false).as_str(), ask(true).as_str()), ("3.20", "5.70"));
}
