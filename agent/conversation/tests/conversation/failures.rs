//! What a call does when its providers fail: it goes on, until too much has failed.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use agent_conversation::{CloseReason, Component};
use agent_tools::{Function, NoArguments};
use expect_test::expect;
use futures_core::Stream;
use providers_core::{
    ChatRequest, ErrorKind, FinishReason, LanguageModel, LlmEvent, LlmStream, ProviderError, ProviderInfo,
};
use providers_fake::{Fault, Faults, Mishap};

use crate::scene::{Scene, seconds};

pub(crate) const fn error(after: usize, kind: ErrorKind) -> Fault {
    Fault { after, what: Mishap::Error { kind, retry_after: None } }
}

pub(crate) fn question() -> Scene {
    Scene::new()
        .user(0.5, 2.5, "Hello?", 0.2)
        .mind("Hello?", "I am here.", 0.1, 0.3)
        .voice("I am here.", 1.0, 0.2, 0.3)
        .with(|config| config.errors.apology = Some("Sorry, say that again.".to_owned()))
        .voice("Sorry, say that again.", 1.0, 0.2, 0.3)
}

#[test]
fn a_speculative_answer_that_fails_is_asked_for_again() {
    let mut scene = question();
    scene.faults.mind = Some(Faults::sequence([Some(error(0, ErrorKind::Overloaded))]));
    scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello?"
        2.70 final "Hello?"
        2.70 speech Generate
        2.80 failed Llm overloaded final
        3.00 user Listening
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
fn an_answer_that_fails_is_apologised_for_and_the_call_goes_on() {
    let mut scene = question().with(|config| config.turn.speculation.enabled = false);
    scene.faults.mind = Some(Faults::sequence([Some(error(0, ErrorKind::Overloaded))]));
    let played = scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello?"
        2.70 final "Hello?"
        3.00 user Listening
        3.00 message User "Hello?"
        3.00 speech Generate
        3.00 agent Thinking
        3.10 failed Llm overloaded final
        3.10 speech Say
        3.10 agent Listening
        3.30 play
        3.30 agent Speaking
        4.31 played 1.00
        4.31 message Assistant "Sorry, say that again."
        4.31 agent Listening
        7.50 closed user_left
    "#]]);
    assert_eq!(played.report.failures[&Component::Llm], 1);
}

#[test]
fn an_answer_that_breaks_off_is_said_as_far_as_it_came() {
    let mut scene =
        question().voice("*", 1.0, 0.2, 0.3).with(|config| config.turn.speculation.enabled = false);
    scene.faults.mind = Some(Faults::always(Fault { after: 2, what: Mishap::End }));
    scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello?"
        2.70 final "Hello?"
        3.00 user Listening
        3.00 message User "Hello?"
        3.00 speech Generate
        3.00 agent Thinking
        3.20 failed Llm stream_cut
        3.40 play
        3.40 latency e2e 0.90 ttft 0.10 ttfb 0.20
        3.40 agent Speaking
        4.41 played 1.00
        4.41 message Assistant "I am h"
        4.41 agent Listening
        7.50 closed user_left
    "#]]);
}

#[test]
fn an_answer_that_never_comes_is_given_up() {
    let mut scene = question().end(30.0);
    scene.faults.mind = Some(Faults::always(Fault { after: 0, what: Mishap::Stall }));
    scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello?"
        2.70 final "Hello?"
        2.70 speech Generate
        3.00 user Listening
        3.00 message User "Hello?"
        3.00 agent Thinking
        23.00 speech Say
        23.00 agent Listening
        23.20 play
        23.20 agent Speaking
        24.21 played 1.00
        24.21 message Assistant "Sorry, say that again."
        24.21 agent Listening
        30.00 closed user_left
    "#]]);
}

#[test]
fn a_voice_that_fails_loses_its_turn_only() {
    let mut scene = question();
    scene.faults.voice = Some(Faults::sequence([Some(error(0, ErrorKind::Unreachable))]));
    scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello?"
        2.70 final "Hello?"
        2.70 speech Generate
        3.00 user Listening
        3.00 message User "Hello?"
        3.00 agent Thinking
        3.20 failed Tts unreachable final
        3.20 speech Say
        3.20 agent Listening
        3.40 play
        3.40 agent Speaking
        4.41 played 1.00
        4.41 message Assistant "Sorry, say that again."
        4.41 agent Listening
        7.50 closed user_left
    "#]]);
}

#[test]
fn a_voice_that_breaks_off_is_remembered_as_far_as_it_came() {
    let mut scene = question().with(|config| config.errors.apology = None);
    scene.faults.voice = Some(Faults::always(error(3, ErrorKind::StreamCut)));
    scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello?"
        2.70 final "Hello?"
        2.70 speech Generate
        3.00 user Listening
        3.00 message User "Hello?"
        3.00 agent Thinking
        3.20 play
        3.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
        3.20 agent Speaking
        3.23 failed Tts stream_cut
        3.51 played 0.30 cut
        3.51 message Assistant* "I"
        3.51 agent Listening
        7.50 closed user_left
    "#]]);
}

#[test]
fn interim_words_whose_final_never_comes_are_answered_and_shown_as_final() {
    let mut scene = question().with(|config| config.turn.transcript.ceiling = seconds(1.0));
    scene.faults.ear = Some(Faults::always(Fault { after: 1, what: Mishap::Stall }));
    let played = scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello?"
        3.00 user Listening
        3.50 missed, 1 words recovered
        3.50 final "Hello?"
        3.50 message User "Hello?"
        3.50 speech Generate
        3.50 agent Thinking
        4.00 play
        4.00 latency e2e 1.50 ttft 0.10 ttfb 0.20
        4.00 agent Speaking
        5.01 played 1.00
        5.01 message Assistant "I am here."
        5.01 agent Listening
        7.50 closed user_left
    "#]]);
    expect![[r#"
        user 1 Hello?
        user 1 final Hello?
        agent 2 +I
        agent 2 + am
        agent 2 + here.
        agent 2 end"#]]
    .assert_eq(&played.shown.join("\n"));
}

#[test]
fn a_recogniser_that_fails_is_opened_again() {
    let mut scene = question();
    scene.faults.ear = Some(Faults::sequence([Some(error(0, ErrorKind::StreamCut))]));
    scene = scene.user(6.0, 7.0, "Hello?", 0.2);
    scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 failed Stt stream_cut
        3.00 user Listening
        3.00 speech Say
        3.20 play
        3.20 agent Speaking
        4.21 played 1.00
        4.21 message Assistant "Sorry, say that again."
        4.21 agent Listening
        6.05 user Speaking
        7.10 interim "Hello?"
        7.20 final "Hello?"
        7.20 speech Generate
        7.50 user Listening
        7.50 message User "Hello?"
        7.50 agent Thinking
        7.70 play
        7.70 latency e2e 0.70 ttft 0.10 ttfb 0.20
        7.70 agent Speaking
        8.71 played 1.00
        8.71 message Assistant "I am here."
        8.71 agent Listening
        12.00 closed user_left
    "#]]);
}

#[test]
fn what_the_mind_calls_is_done_although_the_voice_has_failed() {
    let look = Function::typed("look", "", |_: NoArguments, _| async { Ok("seen") });
    let mut scene = Scene::new()
        .with(|config| config.turn.speculation.enabled = false)
        .user(0.5, 2.5, "Hello?", 0.2)
        .mind_calls("Hello?", "One moment. I look for it.", &["look"], 0.1, 2.0)
        .mind("seen", "There it is.", 0.1, 0.2)
        .voice("*", 1.0, 0.2, 0.3)
        .tool(look);
    scene.others.has_sentences = true;
    scene.faults.voice = Some(Faults::sequence([Some(error(0, ErrorKind::Overloaded))]));
    scene.check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        2.60 interim "Hello?"
        2.70 final "Hello?"
        3.00 user Listening
        3.00 message User "Hello?"
        3.00 speech Generate
        3.00 agent Thinking
        4.14 failed Tts overloaded
        5.00 tools look errors 0
        5.00 speech Tool
        5.40 play
        5.40 latency e2e 2.90 ttft 0.10 ttfb 0.20
        5.40 agent Speaking
        6.41 played 1.00
        6.41 message Assistant "There it is."
        6.41 agent Listening
        7.50 closed user_left
    "#]]);
}

/// A mind that ends without a word.
struct Wordless(ProviderInfo, FinishReason);

impl LanguageModel for Wordless {
    fn info(&self) -> &ProviderInfo {
        &self.0
    }

    fn answer(&self, _request: ChatRequest) -> LlmStream {
        Box::pin(End(Some(self.1)))
    }
}

/// An answer that is over, for this reason.
struct End(Option<FinishReason>);

impl Stream for End {
    type Item = Result<LlmEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(|reason| Ok(LlmEvent::Finished(reason))))
    }
}

#[test]
fn an_answer_without_a_word_is_a_failure_unless_the_mind_has_nothing_to_say() {
    for (reason, failed) in [
        (FinishReason::Length, Some("output_limit")),
        (FinishReason::ContentFilter, Some("content_filtered")),
        (FinishReason::Stop, None),
    ] {
        let mut scene = question().with(|config| config.turn.speculation.enabled = false);
        let info = ProviderInfo { provider: "wordless", model: String::new() };
        scene.others.mind = Some(Arc::new(Wordless(info, reason)));
        let played = scene.play();
        let expected = failed.map(|kind| format!("failed Llm {kind} final"));
        let told = played.events.lines().find_map(|line| {
            line.split_once(" ").map(|(_, event)| event).filter(|event| event.starts_with("failed"))
        });
        assert_eq!(told.map(str::to_owned), expected, "{reason:?}");
        assert_eq!(played.events.contains("Sorry, say that again."), failed.is_some(), "{reason:?}");
    }
}

#[test]
fn too_many_failures_in_a_row_close_the_call() {
    let mut scene = question().with(|config| config.turn.speculation.enabled = false);
    for start in [6.0, 11.0, 16.0] {
        scene = scene.user(start, start + 1.0, "Hello?", 0.2);
    }
    scene.faults.mind = Some(Faults::always(error(0, ErrorKind::Unauthorised)));
    let played = scene.play();
    assert_eq!(played.report.reason, CloseReason::Error);
    assert_eq!(played.report.failures[&Component::Llm], 4);
    assert_eq!(played.report.duration, seconds(17.6));
}

#[test]
fn answers_begun_in_advance_do_not_bring_the_end_of_the_call_nearer() {
    let mut scene = question();
    for start in [6.0, 11.0, 16.0] {
        scene = scene.user(start, start + 1.0, "Hello?", 0.2);
    }
    scene.faults.mind = Some(Faults::always(error(0, ErrorKind::Unauthorised)));
    let played = scene.play();
    assert_eq!((played.report.reason, played.report.turns), (CloseReason::Error, 4));
    assert_eq!(played.report.failures[&Component::Llm], 8, "each turn fails in advance and in earnest");
}

#[test]
fn a_call_that_is_dropped_leaves_nothing_behind() {
    for (at, open) in [(0.1, 1), (2.8, 2), (3.1, 2), (3.25, 2), (4.0, 1)] {
        let (before, after) = question().drop_at(at);
        assert_eq!((before, after), (open, 0), "dropped at {at}");
    }
}
