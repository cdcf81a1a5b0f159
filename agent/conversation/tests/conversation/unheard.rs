//! What becomes of words whose recogniser fails: they are taken as far as they came, heard by the next stream, or asked
//! for again.

use std::sync::Arc;

use agent_conversation::{Handle, Person, SpeakerId, Standing};
use expect_test::expect;
use providers_core::ErrorKind;
use providers_fake::{FakeEar, FakeRecogniser, Faults, Heard};
use providers_layers::{SegmentRules, Segments};
use tests_sim::body::Deed;

use crate::{
    failures::{error, question},
    scene::{Scene, seconds},
};

/// A scene in which the user speaks, heard by an ear of whole utterances that needs so many seconds, and of whose
/// requests the first fail so often.
fn batch(texts: &[&str], n_failing: usize, delay: f64) -> Scene {
    let faults = Faults::sequence(vec![Some(error(0, ErrorKind::Overloaded)); n_failing]);
    let heard = Heard::InTurn(texts.iter().map(|text| (*text).to_owned()).collect());
    let recogniser = FakeRecogniser::new(heard, seconds(delay)).with_faults(faults);
    question().ear(Segments::new(Arc::new(recogniser), SegmentRules::SPOKEN)).voiced(0.5, 2.5)
}

#[test]
fn an_utterance_that_was_not_recognised_is_apologised_for_and_the_next_is_heard() {
    batch(&["Hello?"], 1, 0.2).voiced(7.0, 8.0).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        3.00 user Listening
        3.20 failed Stt overloaded
        3.20 speech Say
        3.40 play
        3.40 agent Speaking
        4.41 played 1.00
        4.41 message Assistant "Sorry, say that again."
        4.41 agent Listening
        7.05 user Speaking
        8.50 user Listening
        8.70 final "Hello?"
        8.70 message User "Hello?"
        8.70 speech Generate
        8.70 agent Thinking
        9.20 play
        9.20 latency e2e 1.20 ttft 0.10 ttfb 0.20
        9.20 agent Speaking
        10.21 played 1.00
        10.21 message Assistant "I am here."
        10.21 agent Listening
        13.00 closed user_left
    "#]]);
}

#[test]
fn a_noise_of_which_nothing_was_understood_is_not_apologised_for() {
    batch(&[""], 0, 0.2).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        3.00 user Listening
        7.50 closed user_left
    "#]]);
}

#[test]
fn an_utterance_whose_failure_is_told_after_it_was_given_up_is_apologised_for_all_the_same() {
    batch(&["Hello?"], 1, 3.0).with(|config| config.turn.transcript.ceiling = seconds(1.0)).check(expect![[
        r#"
            0.00 agent Listening
            0.55 user Speaking
            3.00 user Listening
            3.50 missed, 0 words recovered
            6.00 failed Stt overloaded
            6.00 speech Say
            6.20 play
            6.20 agent Speaking
            7.21 played 1.00
            7.21 message Assistant "Sorry, say that again."
            7.21 agent Listening
            7.50 closed user_left
        "#
    ]]);
}

#[test]
fn of_two_utterances_of_which_one_is_lost_the_other_is_answered_all_the_same() {
    batch(&["Hello?"], 1, 1.5).voiced(3.2, 4.0).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        3.00 user Listening
        3.25 user Speaking
        4.50 user Listening
        4.50 failed Stt overloaded
        4.50 speech Say
        4.70 play
        4.70 agent Speaking
        5.71 played 1.00
        5.71 message Assistant "Sorry, say that again."
        5.71 agent Listening
        6.00 final "Hello?"
        6.00 message User "Hello?"
        6.00 speech Generate
        6.00 agent Thinking
        6.50 play
        6.50 latency e2e 2.50 ttft 0.10 ttfb 0.20
        6.50 agent Speaking
        7.51 played 1.00
        7.51 message Assistant "I am here."
        7.51 agent Listening
        9.00 closed user_left
    "#]]);
}

#[test]
fn somebody_who_is_not_answered_is_not_apologised_to() {
    let mut scene = batch(&["Hello?"], 1, 0.2);
    let person = Person { name: None, standing: Standing::HeardOnly };
    scene = scene.other(0.1, SpeakerId::LINKED, Deed::Joined(person));
    let played = scene.play();
    assert!(!played.events.contains("Sorry"), "{}", played.events);
}

#[test]
fn an_ear_that_fails_after_its_first_words_is_believed_as_far_as_it_came() {
    let mut scene = question();
    scene.faults.ear = Some(Faults::sequence([Some(error(1, ErrorKind::Unauthorised))]));
    scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello?"
        2.70 failed Stt unauthorised final
        3.00 user Listening
        3.00 final "Hello?"
        3.00 message User "Hello?"
        3.00 speech Generate
        3.00 agent Thinking
        3.50 play
        3.50 latency e2e 1.00 ttft 0.10 ttfb 0.20
        3.50 agent Speaking
        4.51 played 1.00
        4.51 message Assistant "I am here."
        4.51 agent Listening
        7.50 closed user_left
    "#]]);
}

#[test]
fn an_ear_that_is_opened_again_while_somebody_speaks_hears_the_rest() {
    let faults = Faults::sequence([Some(error(0, ErrorKind::StreamCut))]);
    // The first stream fails with the first words that it is to tell: at once.
    let ear = FakeEar::answering(Heard::InTurn(vec!["Hello?".to_owned()]), seconds(0.2)).with_faults(faults);
    let flush = |call: &Handle| assert_eq!(call.commit_user_turn(true, seconds(0.0)), Ok(()));
    question().ear(ear).voiced(0.5, 6.0).program(1.0, flush).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        1.10 failed Stt stream_cut
        6.50 user Listening
        6.60 interim "Hello?"
        6.70 final "Hello?"
        6.70 message User "Hello?"
        6.70 speech Generate
        6.70 agent Thinking
        7.20 play
        7.20 latency e2e 1.20 ttft 0.10 ttfb 0.20
        7.20 agent Speaking
        8.21 played 1.00
        8.21 message Assistant "I am here."
        8.21 agent Listening
        11.00 closed user_left
    "#]]);
}

#[test]
fn how_late_transcripts_come_is_reported_once_enough_have() {
    for (turns, found) in [(3_u32, None), (5, Some(seconds(0.2)))] {
        let mut scene = question();
        for start in (1..turns).map(|n| f64::from(n) * 6.0) {
            scene = scene.user(start, start + 1.0, "Hello?", 0.2);
        }
        assert_eq!(scene.play().report.transcript_delay, found, "{turns} turns");
    }
}
