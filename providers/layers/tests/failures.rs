//! What the layers make of a provider that fails, flaps, stalls or is too slow, by the minute of a virtual clock.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::StreamExt;
use providers_core::{
    ChatMessage, ChatRequest, ErrorKind, FinishReason, LanguageModel, LlmEvent, LlmStream, ProviderError,
    ProviderInfo, SampleRate, SpeechChunk, SpeechToText, SttEvent, SttOptions, SttStream, TextToSpeech,
    TtsCapabilities, TtsOptions, TtsStream, Usage, VoiceEdge,
};
use providers_fake::{
    Answer, FakeEar, FakeMind, FakeRecogniser, FakeVoice, Fault, Faults, Heard, Mishap, Sound, Speech, When,
};
use providers_layers::{
    EarTimeouts, MindTimeouts, RetryBudget, RetryPolicy, RetryingMind, SegmentRules, Segments, SentenceRules,
    Sentences, TimedEar, TimedMind, TimedRecogniser, TimedVoice, VoiceTimeouts, backoff,
};
use tokio::time::Instant;

const POLICY: RetryPolicy = RetryPolicy {
    attempts: 4,
    base: Duration::from_millis(100),
    cap: Duration::from_millis(300),
    longest_asked: Duration::from_secs(2),
};

const TIMEOUTS: MindTimeouts = MindTimeouts { first: millis(1_000), idle: millis(500), total: millis(3_000) };

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn error(after: usize, kind: ErrorKind) -> Option<Fault> {
    Some(Fault { after, what: Mishap::Error { kind, retry_after: None } })
}

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
        let (mind, retrying) = retrying(Faults::sequence([error(0, kind)]), 10);
        assert_eq!(answer(&retrying).await, "Hello! Stop");
        assert_eq!((mind.opened(), retrying.tally().retries), (2, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_without_its_mark_is_a_failure_like_others() {
    let (mind, retrying) = retrying(Faults::sequence([Some(Fault { after: 0, what: Mishap::End })]), 10);
    assert_eq!((answer(&retrying).await.as_str(), mind.opened()), ("Hello! Stop", 2));
}

#[tokio::test(start_paused = true)]
async fn a_persistent_failure_is_told_after_the_last_attempt() {
    let (mind, retrying) = retrying(Faults::always(error(0, ErrorKind::Overloaded).unwrap()), 10);
    assert_eq!((answer(&retrying).await.as_str(), mind.opened()), ("overloaded", 4));
    let tally = retrying.tally();
    assert_eq!((tally.answers, tally.failed_attempts, tally.retries), (1, 4, 3));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_succeed_is_not_tried_again() {
    for kind in [
        ErrorKind::Unauthorised,
        ErrorKind::BadRequest,
        ErrorKind::ContextTooLong,
        ErrorKind::ContentFiltered,
    ] {
        let (mind, retrying) = retrying(Faults::always(error(0, kind).unwrap()), 10);
        assert_eq!((answer(&retrying).await.as_str(), mind.opened()), (kind.name(), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tried_again_once_a_piece_was_given() {
    let (mind, retrying) = retrying(Faults::always(error(1, ErrorKind::StreamCut).unwrap()), 10);
    assert_eq!((answer(&retrying).await.as_str(), mind.opened()), ("Hel stream_cut", 1));
}

#[tokio::test(start_paused = true)]
async fn the_pause_that_is_asked_for_is_kept_or_too_long() {
    for (asked, attempts, waits) in [(1_500, 2, true), (2_500, 1, false)] {
        let kind = ErrorKind::RateLimited;
        let fault = Fault { after: 0, what: Mishap::Error { kind, retry_after: Some(millis(asked)) } };
        let (mind, retrying) = retrying(Faults::sequence([Some(fault)]), 10);
        let began = Instant::now();
        assert_eq!(answer(&retrying).await, if waits { "Hello! Stop" } else { "rate_limited" });
        assert_eq!((mind.opened(), began.elapsed() >= millis(asked)), (attempts, waits));
    }
}

#[tokio::test(start_paused = true)]
async fn a_flapping_provider_costs_no_more_than_its_share_of_retries() {
    let (mind, retrying) = retrying(Faults::always(error(0, ErrorKind::Overloaded).unwrap()), 5);
    for _ in 0..100 {
        assert_eq!(answer(&retrying).await, "overloaded");
    }
    let tally = retrying.tally();
    assert_eq!(mind.opened(), 100 + tally.retries);
    assert_eq!(tally.retries, 5 + 19, "the reserve, and a fifth of the answers that could save");
    assert!(tally.refused_by_budget > 70, "{tally:?}");

    let (_, flapping) = retrying_with(Faults::cycle([error(0, ErrorKind::Overloaded), None]), 200, 10);
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
    let retrying = RetryingMind::new(Arc::new(scripted), POLICY, RetryBudget::new(200, 10), 1);
    let events: Vec<_> = retrying.answer(ask()).map(Result::unwrap).collect().await;
    assert_eq!(
        events,
        [LlmEvent::Usage(used(80)), LlmEvent::Text("Hello!".into()), LlmEvent::Finished(FinishReason::Stop),]
    );
    assert_eq!(retrying.tally().wasted, used(70));
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

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_does_not_answer_is_given_up_and_the_next_utterance_is_heard() {
    let faults = Faults::sequence([Some(Fault { after: 0, what: Mishap::Stall })]);
    let recogniser = Arc::new(FakeRecogniser::new(Heard::Counted, millis(100)).with_faults(faults));
    let timed = Arc::new(TimedRecogniser::new(Arc::clone(&recogniser) as _, millis(2_000)));
    let ear = Segments::new(timed, SegmentRules::SPOKEN);
    let mut stream = ear.open(SttOptions::default());
    say(&mut *stream, 1_000);
    assert_eq!(next(&mut *stream).await, "total_timeout");
    say(&mut *stream, 1_000);
    assert_eq!(next(&mut *stream).await, "utterance 2");
    assert_eq!(recogniser.open_now(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_utterance_has_its_lead_and_its_tail_and_its_words_their_place() {
    let recogniser = Arc::new(FakeRecogniser::new(Heard::Counted, millis(100)).recording());
    let ear = Segments::new(Arc::clone(&recogniser) as _, SegmentRules::SPOKEN);
    let mut stream = ear.open(SttOptions::default());
    push(&mut *stream, 5_000);
    stream.voice(VoiceEdge::Started { lead: millis(100) });
    push(&mut *stream, 1_000);
    push(&mut *stream, 550);
    stream.voice(VoiceEdge::Stopped { silence: millis(550) });
    stream.finish();
    let Some(Ok(SttEvent::Final(heard))) = poll_fn(|cx| stream.poll_event(cx)).await else {
        panic!("no final")
    };
    // 100 ms of speech told late, 300 ms lead, 1000 ms speech, 300 ms tail.
    assert_eq!(recogniser.utterances(), [1_700 * 16]);
    assert_eq!((heard.words[0].start.as_millis(), heard.words[0].end.as_millis()), (4_600, 6_300));
    assert_eq!(next(&mut *stream).await, "1700 ms");
    assert_eq!(next(&mut *stream).await, "end");
}

#[tokio::test(start_paused = true)]
async fn speech_without_a_pause_is_cut_and_loses_nothing() {
    let recogniser = Arc::new(FakeRecogniser::new(Heard::Counted, millis(100)).recording());
    let ear = Segments::new(Arc::clone(&recogniser) as _, SegmentRules::SPOKEN);
    let mut stream = ear.open(SttOptions::default());
    stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
    push(&mut *stream, 70_000);
    stream.finish();
    for expected in ["utterance 1", "30000 ms", "utterance 2", "30000 ms", "utterance 3", "10000 ms", "end"] {
        assert_eq!(next(&mut *stream).await, expected);
    }
    assert_eq!(recogniser.utterances().iter().sum::<usize>(), 70_000 * 16);
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_slower_than_speech_loses_the_oldest_and_says_so() {
    let stall = Faults::always(Fault { after: 0, what: Mishap::Stall });
    let recogniser = Arc::new(FakeRecogniser::new(Heard::Counted, millis(0)).with_faults(stall));
    let ear = Segments::new(Arc::clone(&recogniser) as _, SegmentRules::SPOKEN);
    let mut stream = ear.open(SttOptions::default());
    for _ in 0..6 {
        say(&mut *stream, 1_000);
    }
    assert_eq!(recogniser.open_now(), 4);
    assert_eq!([next(&mut *stream).await, next(&mut *stream).await], ["overloaded", "overloaded"]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_ends_the_ear() {
    let faults = Faults::always(error(0, ErrorKind::Unauthorised).unwrap());
    let ear = Segments::new(
        Arc::new(FakeRecogniser::new(Heard::Counted, millis(100)).with_faults(faults)),
        SegmentRules::SPOKEN,
    );
    let mut stream = ear.open(SttOptions::default());
    say(&mut *stream, 1_000);
    say(&mut *stream, 1_000);
    assert_eq!([next(&mut *stream).await, next(&mut *stream).await], ["unauthorised", "end"]);
}

#[tokio::test(start_paused = true)]
async fn an_ear_asked_for_words_has_so_long_to_answer() {
    let stall = Faults::always(Fault { after: 0, what: Mishap::Stall });
    let ear = Arc::new(FakeEar::answering(Heard::Counted, millis(100)).with_faults(stall));
    let timed = TimedEar::new(Arc::clone(&ear) as _, EarTimeouts { answer: millis(2_000) });
    let mut stream = timed.open(SttOptions::default());
    stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
    let silent = tokio::time::timeout(Duration::from_secs(60), next(&mut *stream)).await;
    assert!(silent.is_err(), "an ear may be silent for as long as nothing was asked");
    let began = Instant::now();
    stream.flush();
    assert_eq!(next(&mut *stream).await, "first_byte_timeout");
    assert_eq!((began.elapsed().as_millis(), ear.open_now()), (2_000, 0));
    assert_eq!(next(&mut *stream).await, "end");
}

#[tokio::test(start_paused = true)]
async fn a_voice_has_so_long_to_begin_and_to_go_on() {
    for (after, expected, when) in [(0, "first_byte_timeout", 800), (1, "2400 idle_timeout", 500)] {
        let stall = Faults::always(Fault { after, what: Mishap::Stall });
        let voice = Arc::new(voice(1_000, 100, 100).with_faults(stall));
        let timeouts = VoiceTimeouts { first: millis(800), idle: millis(400), total: millis(9_000) };
        let timed = TimedVoice::new(Arc::clone(&voice) as _, timeouts);
        let mut stream = timed.open(TtsOptions::default());
        stream.push("Hello.");
        let silent = tokio::time::timeout(Duration::from_secs(60), speak(&mut *stream)).await;
        assert!(silent.is_err(), "a voice may be silent until it is asked to speak");
        let began = Instant::now();
        stream.finish();
        assert_eq!(speak(&mut *stream).await, expected);
        assert_eq!((began.elapsed().as_millis(), voice.open_now()), (when, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_trickles_is_given_up_in_the_end() {
    let voice = Arc::new(voice(1_000, 100, 5_000));
    let timeouts = VoiceTimeouts { first: millis(800), idle: millis(800), total: millis(2_000) };
    let timed = TimedVoice::new(voice, timeouts);
    let mut stream = timed.open(TtsOptions::default());
    stream.push("Hello.");
    stream.finish();
    let began = Instant::now();
    assert!(speak(&mut *stream).await.ends_with("total_timeout"));
    assert_eq!(began.elapsed().as_millis(), 2_000);
}

#[tokio::test(start_paused = true)]
async fn the_next_sentence_begins_while_one_is_spoken() {
    let voice = Arc::new(voice(1_000, 200, 1_000).recording());
    let sentences = Sentences::new(Arc::clone(&voice) as _, SentenceRules::SPOKEN);
    let mut stream = sentences.open(TtsOptions::default());
    let began = Instant::now();
    for piece in
        ["It is rai", "ning in Oslo today. It ", "is dry in Rome, as it often is. And ", "in Wien it snows."]
    {
        stream.push(piece);
    }
    assert_eq!(voice.opened(), 0, "a stream is opened when it is asked for audio");
    stream.finish();
    assert!(speak(&mut *stream).await.ends_with(" end"));
    let one_after_another = 3 * 1_000;
    assert!(began.elapsed() < millis(one_after_another - 500), "{:?}", began.elapsed());
    assert_eq!(
        voice.spoken(),
        ["It is raining in Oslo today.", "It is dry in Rome, as it often is.", "And in Wien it snows."]
    );
    assert_eq!(voice.open_now(), 0);
}

#[tokio::test(start_paused = true)]
async fn sentences_that_wait_together_are_said_as_one_and_grow_by_twice_at_most() {
    let voice = Arc::new(voice(1_000, 200, 1_000).recording());
    let sentences = Sentences::new(Arc::clone(&voice) as _, SentenceRules::SPOKEN);
    let mut stream = sentences.open(TtsOptions::default());
    stream.push(&"It is raining today. And it is dry. ".repeat(8));
    stream.finish();
    assert!(speak(&mut *stream).await.ends_with(" end"));
    let lengths: Vec<usize> = voice.spoken().iter().map(String::len).collect();
    assert_eq!(voice.spoken()[0], "It is raining today.", "the first comes at once");
    assert_eq!(voice.spoken().join(" ").split_whitespace().count(), 8 * 8, "nothing is lost");
    assert!(lengths.len() < 8, "{lengths:?}");
    assert!(lengths.windows(2).all(|pair| pair[1] <= pair[0] * 2 + 2), "{lengths:?}");
}

#[tokio::test(start_paused = true)]
async fn the_next_sentence_is_asked_for_even_of_a_voice_that_does_nothing_until_it_is_polled() {
    let sentences = Sentences::new(Arc::new(Lazy(voice(0, 0, 0))), SentenceRules::SPOKEN);
    let mut stream = sentences.open(TtsOptions::default());
    stream.push("It is raining in Oslo today. It is dry in Rome, as it often is.");
    stream.finish();
    let began = Instant::now();
    assert_eq!(speak(&mut *stream).await, "2 end");
    assert_eq!(began.elapsed().as_millis(), 200, "both were made at once");
}

#[tokio::test(start_paused = true)]
async fn a_sentence_that_fails_ends_the_speech_and_drops_the_next() {
    let voice =
        Arc::new(voice(1_000, 200, 1_000).with_faults(Faults::sequence([error(2, ErrorKind::StreamCut)])));
    let sentences = Sentences::new(Arc::clone(&voice) as _, SentenceRules::SPOKEN);
    let mut stream = sentences.open(TtsOptions::default());
    stream.push("It is raining in Oslo today. It is dry in Rome.");
    stream.finish();
    assert_eq!(speak(&mut *stream).await, "4800 stream_cut");
    assert_eq!(voice.open_now(), 0);
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

fn retrying(faults: Faults, reserve: u32) -> (Arc<FakeMind>, RetryingMind) {
    retrying_with(faults, 200, reserve)
}

fn retrying_with(faults: Faults, share: u16, reserve: u32) -> (Arc<FakeMind>, RetryingMind) {
    let mind = Arc::new(FakeMind::new(vec![canned("Hello!", 50, 100)]).with_faults(faults));
    let budget = RetryBudget::new(share, reserve);
    let retrying = RetryingMind::new(Arc::clone(&mind) as Arc<dyn LanguageModel>, POLICY, budget, 1);
    (mind, retrying)
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

fn push(stream: &mut dyn SttStream, length: u64) {
    for _ in 0..length / 10 {
        stream.push(&[1; 160]);
    }
}

fn say(stream: &mut dyn SttStream, length: u64) {
    stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
    push(stream, length);
    stream.voice(VoiceEdge::Stopped { silence: Duration::ZERO });
}

/// The next event but usage that is not asked for.
async fn next(stream: &mut dyn SttStream) -> String {
    match poll_fn(|cx| stream.poll_event(cx)).await {
        Some(Ok(SttEvent::Final(transcript))) => transcript.text,
        Some(Ok(SttEvent::Usage(usage))) => format!("{} ms", usage.audio_in_ms),
        Some(Ok(other)) => format!("{other:?}"),
        Some(Err(error)) => error.kind.name().to_owned(),
        None => "end".to_owned(),
    }
}

fn voice(length: u64, ttfb: u64, duration: u64) -> FakeVoice {
    let [length, ttfb, duration] = [length, ttfb, duration].map(millis);
    FakeVoice::new(
        SampleRate::VOICE,
        Sound::Silence,
        vec![Speech { when: When::Any, length, ttfb, duration }],
    )
}

/// A voice that gives one sample 200 ms after it is first polled.
struct Lazy(FakeVoice);

impl TextToSpeech for Lazy {
    fn info(&self) -> &ProviderInfo {
        self.0.info()
    }

    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities::default()
    }

    fn sample_rate(&self) -> SampleRate {
        SampleRate::VOICE
    }

    fn open(&self, _options: TtsOptions) -> Box<dyn TtsStream> {
        Box::new(LazyStream { making: None, spoke: false })
    }
}

struct LazyStream {
    making: Option<Pin<Box<tokio::time::Sleep>>>,
    spoke: bool,
}

impl TtsStream for LazyStream {
    fn push(&mut self, _text: &str) {}

    fn flush(&mut self) {}

    fn finish(&mut self) {}

    fn poll_audio(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        if self.spoke {
            return Poll::Ready(None);
        }
        let making = self.making.get_or_insert_with(|| Box::pin(tokio::time::sleep(millis(200))));
        std::task::ready!(making.as_mut().poll(cx));
        self.spoke = true;
        Poll::Ready(Some(Ok(SpeechChunk { samples: vec![1], ..SpeechChunk::default() })))
    }
}

/// How many samples came, then how it ended.
async fn speak(stream: &mut dyn TtsStream) -> String {
    let mut samples = 0;
    let end = loop {
        match poll_fn(|cx| stream.poll_audio(cx)).await {
            Some(Ok(chunk)) => samples += chunk.samples.len(),
            Some(Err(error)) => break error.kind.name(),
            None => break "end",
        }
    };
    if samples == 0 { end.to_owned() } else { format!("{samples} {end}") }
}
