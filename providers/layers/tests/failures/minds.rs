//! Minds: tried again, timed.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::StreamExt;
use providers_core::{
    ChatMessage, ChatRequest, ErrorKind, FinishReason, LanguageModel, LlmEvent, LlmStream, ProviderError,
    ProviderInfo, Usage,
};
use providers_fake::{Answer, FakeMind, Fault, Faults, Mishap, When};
use providers_layers::{MindTimeouts, Retries, RetryBudget, RetryingMind, TimedMind, backoff};
use tokio::time::Instant;

use crate::{POLICY, error, millis};

const TIMEOUTS: MindTimeouts = MindTimeouts { first: millis(1_000), idle: millis(500), total: millis(3_000) };

#[test]
fn pauses_are_random_grow_to_their_cap_and_are_never_shorter_than_asked() {
    let pause = |attempt, asked, fraction| backoff(&POLICY, attempt, asked, fraction).as_millis();
    assert_eq!(
        [1, 2, 3, 4, 40, u32::MAX].map(|attempt| pause(attempt, None, 1.0)),
        [100, 200, 300, 300, 300, 300]
    );
    assert_eq!([0.0, 0.25, 1.0, 9.0].map(|fraction| pause(1, None, fraction)), [0, 25, 100, 100]);
    assert_eq!(pause(1, Some(millis(750)), 0.5), 750);
    assert_eq!(pause(0, None, 1.0), 100);
}

#[tokio::test(start_paused = true)]
async fn one_failure_is_not_noticed() {
    for kind in [ErrorKind::Overloaded, ErrorKind::RateLimited, ErrorKind::StreamCut, ErrorKind::Unreachable]
    {
        let (mind, retries, retrying) = retrying(Faults::sequence([error(0, kind)]), 10);
        assert_eq!(answer(&retrying).await, "Hello! Stop");
        assert_eq!((mind.opened(), retries.tally().retries), (2, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_without_its_mark_is_a_failure_like_others() {
    let (mind, _, retrying) = retrying(Faults::sequence([Some(Fault { after: 0, what: Mishap::End })]), 10);
    assert_eq!((answer(&retrying).await.as_str(), mind.opened()), ("Hello! Stop", 2));
}

#[tokio::test(start_paused = true)]
async fn a_persistent_failure_is_told_after_the_last_attempt() {
    let (mind, retries, retrying) = retrying(Faults::always(error(0, ErrorKind::Overloaded).unwrap()), 10);
    assert_eq!((answer(&retrying).await.as_str(), mind.opened()), ("overloaded", 4));
    let tally = retries.tally();
    assert_eq!((tally.requests, tally.failed_attempts, tally.retries), (1, 4, 3));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_succeed_is_not_tried_again() {
    for kind in [
        ErrorKind::Unauthorised,
        ErrorKind::BadRequest,
        ErrorKind::ContextTooLong,
        ErrorKind::ContentFiltered,
    ] {
        let (mind, _, retrying) = retrying(Faults::always(error(0, kind).unwrap()), 10);
        assert_eq!((answer(&retrying).await.as_str(), mind.opened()), (kind.name(), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tried_again_once_a_piece_was_given() {
    let (mind, _, retrying) = retrying(Faults::always(error(1, ErrorKind::StreamCut).unwrap()), 10);
    assert_eq!((answer(&retrying).await.as_str(), mind.opened()), ("Hel stream_cut", 1));
}

#[tokio::test(start_paused = true)]
async fn the_pause_that_is_asked_for_is_kept_or_too_long() {
    for (asked, attempts, waits) in [(1_500, 2, true), (2_500, 1, false)] {
        let kind = ErrorKind::RateLimited;
        let fault = Fault { after: 0, what: Mishap::Error { kind, retry_after: Some(millis(asked)) } };
        let (mind, _, retrying) = retrying(Faults::sequence([Some(fault)]), 10);
        let began = Instant::now();
        assert_eq!(answer(&retrying).await, if waits { "Hello! Stop" } else { "rate_limited" });
        assert_eq!((mind.opened(), began.elapsed() >= millis(asked)), (attempts, waits));
    }
}

#[tokio::test(start_paused = true)]
async fn a_flapping_provider_costs_no_more_than_its_share_of_retries() {
    let (mind, retries, retrying) = retrying(Faults::always(error(0, ErrorKind::Overloaded).unwrap()), 5);
    for _ in 0..100 {
        assert_eq!(answer(&retrying).await, "overloaded");
    }
    let tally = retries.tally();
    assert_eq!(mind.opened(), 100 + tally.retries);
    assert_eq!(tally.retries, 5 + 19, "the reserve, and a fifth of the answers that could save");
    assert!(tally.refused_by_budget > 70, "{tally:?}");

    let (_, _, flapping) = retrying_with(Faults::cycle([error(0, ErrorKind::Overloaded), None]), 200, 10);
    for _ in 0..10 {
        assert_eq!(answer(&flapping).await, "Hello! Stop");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_attempt_used_is_recorded_and_is_not_the_answers() {
    let used = |input_tokens| Usage { input_tokens, ..Usage::default() };
    let failed = ProviderError::new("scripted", ErrorKind::Overloaded, "failed after reading");
    let attempts = [
        vec![Ok(LlmEvent::Usage(used(70))), Err(failed)],
        vec![
            Ok(LlmEvent::Usage(used(80))),
            Ok(LlmEvent::Text("Hello!".into())),
            Ok(LlmEvent::Finished(FinishReason::Stop)),
        ],
    ];
    let scripted = Scripted {
        info: ProviderInfo { provider: "scripted", model: String::new() },
        attempts: Mutex::new(attempts.into()),
    };
    let retries = Retries::new(POLICY, RetryBudget::new(200, 10), 1);
    let retrying = RetryingMind::new(Arc::new(scripted), Arc::clone(&retries));
    let events: Vec<_> = retrying.answer(ask()).map(Result::unwrap).collect().await;
    assert_eq!(
        events,
        [LlmEvent::Usage(used(80)), LlmEvent::Text("Hello!".into()), LlmEvent::Finished(FinishReason::Stop),]
    );
    assert_eq!(retries.tally().wasted, used(70));
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_so_long_to_begin_to_go_on_and_to_end() {
    let at = |after, what| Faults::always(Fault { after, what });
    for (faults, text, ttft, duration, expected, when) in [
        (at(0, Mishap::Stall), "Hello!", 100, 100, "first_byte_timeout", 1_000),
        (at(1, Mishap::Stall), "Hello!", 100, 100, "Hel idle_timeout", 600),
        (at(1, Mishap::Pause(millis(450))), "Hello!", 100, 100, "Hello! Stop", 550),
        (Faults::none(), "0123456789abcdefghijklmnopqr", 900, 4_900, "0123456789abcdef total_timeout", 3_000),
    ] {
        let mind = Arc::new(FakeMind::new(vec![canned(text, ttft, duration)]).with_faults(faults));
        let timed = TimedMind::new(Arc::clone(&mind) as Arc<dyn LanguageModel>, TIMEOUTS);
        let began = Instant::now();
        let answered = answer(&timed).await;
        let close =
            answered.starts_with(&expected[..3]) && answered.ends_with(expected.rsplit(' ').next().unwrap());
        assert!(close, "{answered} is not {expected}");
        assert_eq!((began.elapsed().as_millis(), mind.open_now()), (when, 0), "{expected}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_holds_back_is_not_a_provider_that_is_late() {
    let mind = Arc::new(FakeMind::new(vec![canned("Hello!", 100, 200)]));
    let timed = TimedMind::new(mind, MindTimeouts { total: millis(60_000), ..TIMEOUTS });
    let mut events = timed.answer(ask());
    let mut seen = 0;
    while let Some(event) = events.next().await {
        event.unwrap();
        seen += 1;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    assert_eq!(seen, 4);
}

/// A mind that gives these events, attempt by attempt.
struct Scripted {
    info: ProviderInfo,
    attempts: Mutex<VecDeque<Vec<Result<LlmEvent, ProviderError>>>>,
}

impl LanguageModel for Scripted {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn answer(&self, _request: ChatRequest) -> LlmStream {
        Box::pin(futures_util::stream::iter(self.attempts.lock().unwrap().pop_front().unwrap()))
    }
}

fn canned(text: &str, ttft: u64, duration: u64) -> Answer {
    let (ttft, duration) = (millis(ttft), millis(duration));
    Answer { when: When::Any, text: text.to_owned(), calls: Vec::new(), ttft, duration }
}

fn retrying(faults: Faults, reserve: u32) -> (Arc<FakeMind>, Arc<Retries>, RetryingMind) {
    retrying_with(faults, 200, reserve)
}

fn retrying_with(faults: Faults, share: u16, reserve: u32) -> (Arc<FakeMind>, Arc<Retries>, RetryingMind) {
    let mind = Arc::new(FakeMind::new(vec![canned("Hello!", 50, 100)]).with_faults(faults));
    let retries = Retries::new(POLICY, RetryBudget::new(share, reserve), 1);
    let retrying = RetryingMind::new(Arc::clone(&mind) as Arc<dyn LanguageModel>, Arc::clone(&retries));
    (mind, retries, retrying)
}

fn ask() -> ChatRequest {
    ChatRequest { messages: vec![ChatMessage::User { text: "hi".into() }], ..ChatRequest::default() }
}

/// The text, then how it ended.
async fn answer(mind: &dyn LanguageModel) -> String {
    let mut answer = mind.answer(ask());
    let mut said = String::new();
    let mut ends = Vec::new();
    while let Some(event) = answer.next().await {
        match event {
            Ok(LlmEvent::Text(text)) => said.push_str(&text),
            Ok(LlmEvent::Finished(reason)) => ends.push(format!("{reason:?}")),
            Ok(LlmEvent::Reasoning(_) | LlmEvent::Call(_) | LlmEvent::Usage(_)) => {}
            Err(error) => ends.push(error.kind.name().to_owned()),
        }
    }
    format!("{said} {}", ends.join(" ")).trim().to_owned()
}
