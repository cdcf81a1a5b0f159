//! Voices: timed, and given sentence by sentence.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use providers_core::{
    ErrorKind, ProviderError, ProviderInfo, SampleRate, SpeechChunk, TextToSpeech, TtsCapabilities,
    TtsOptions, TtsStream,
};
use providers_fake::{FakeVoice, Fault, Faults, Mishap, Sound, Speech, When};
use providers_layers::{
    Retries, RetryBudget, RetryingVoice, SentenceRules, Sentences, TimedVoice, VoiceTimeouts,
};
use tokio::time::Instant;

use crate::{POLICY, error, millis};

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

/// Sentences, each tried again by itself.
fn speaker(faults: Faults) -> (Arc<FakeVoice>, Arc<Retries>, Sentences) {
    let voice = Arc::new(voice(1_000, 50, 100).with_faults(faults).recording());
    let retries = Retries::new(POLICY, RetryBudget::new(200, 10), 1);
    let retrying = RetryingVoice::new(Arc::clone(&voice) as Arc<dyn TextToSpeech>, Arc::clone(&retries));
    (voice, retries, Sentences::new(Arc::new(retrying), SentenceRules::SPOKEN))
}

const TWO: [&str; 2] = ["It is raining in Oslo today.", "It is dry in Rome, as it often is."];

#[tokio::test(start_paused = true)]
async fn a_sentence_that_fails_before_its_first_sample_is_said_again_and_no_other() {
    for (plan, spoken) in [
        (vec![error(0, ErrorKind::RateLimited)], [TWO[0], TWO[1], TWO[0]]),
        (vec![None, error(0, ErrorKind::Overloaded)], [TWO[0], TWO[1], TWO[1]]),
    ] {
        let (voice, retries, sentences) = speaker(Faults::sequence(plan));
        let mut stream = sentences.open(TtsOptions::default());
        stream.push(&TWO.join(" "));
        stream.finish();
        assert_eq!(speak(&mut *stream).await, "48000 end", "a second for each, once");
        assert_eq!(voice.spoken(), spoken);
        assert_eq!((retries.tally().retries, voice.open_now()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_again_once_a_sample_was_given() {
    let (voice, retries, sentences) = speaker(Faults::always(error(2, ErrorKind::StreamCut).unwrap()));
    let mut stream = sentences.open(TtsOptions::default());
    stream.push(TWO[0]);
    stream.finish();
    assert_eq!(speak(&mut *stream).await, "4800 stream_cut");
    assert_eq!((voice.opened(), retries.tally().failed_attempts), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_said_while_a_voice_is_tried_again_is_not_lost() {
    let voice = Arc::new(
        voice(1_000, 50, 100).with_faults(Faults::sequence([error(0, ErrorKind::Unreachable)])).recording(),
    );
    let retries = Retries::new(POLICY, RetryBudget::new(200, 10), 1);
    let retrying = RetryingVoice::new(Arc::clone(&voice) as Arc<dyn TextToSpeech>, retries);
    let mut stream = retrying.open(TtsOptions::default());
    stream.push("One. ");
    stream.flush();
    let tried = tokio::time::timeout(millis(51), speak(&mut *stream)).await;
    assert!(tried.is_err(), "it pauses");
    stream.push("Two.");
    stream.finish();
    assert_eq!(speak(&mut *stream).await, "48000 end");
    assert_eq!(voice.spoken(), ["One.", "One.", "Two."]);
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
