//! The voice: all text, its times, its bounds, its end.

use std::{future::poll_fn, task::Poll, time::Duration};

use providers_core::{ErrorKind, SampleRate, SpeechChunk, TextToSpeech, TtsOptions, TtsStream, Usage};
use providers_local::{LocalVoice, VoiceConfig};

#[tokio::test]
async fn the_words_are_the_text_and_their_times_lie_in_the_audio() {
    let text = "Hello, (Bob)! It's 7:30 on Dr. Smith's clock; that costs $4.50. A second sentence — with a smile 😀 at the end.";
    let mut stream = voice().open(TtsOptions::default());
    for piece in text.split_inclusive(' ') {
        stream.push(piece);
    }
    stream.finish();
    let chunks = all(&mut *stream).await;
    let spoken: String =
        chunks.iter().flat_map(|chunk| &chunk.words).map(|word| word.text.as_str()).collect();
    assert_eq!(spoken, text);
    let (mut before, mut given) = (Duration::ZERO, 0);
    for chunk in &chunks {
        assert!(chunk.samples.len() <= 1_600, "a chunk of {} samples", chunk.samples.len());
        for word in &chunk.words {
            assert!(before <= word.start && word.start <= word.end, "{word:?} after {before:?}");
            before = word.end;
        }
        given += chunk.samples.len() as u64;
    }
    let length = SampleRate::HEARING.duration_of(given);
    assert!(before <= length && length < Duration::from_secs(20), "{before:?} {length:?}");
    assert!(length > Duration::from_secs(6), "{length:?}");
    let mut usage = Usage::default();
    chunks.iter().filter_map(|chunk| chunk.usage).for_each(|used| usage += used);
    assert_eq!(usage.characters, text.chars().count() as u64);
}

#[tokio::test]
async fn a_flush_speaks_what_was_pushed_and_the_stream_goes_on() {
    let mut stream = voice().open(TtsOptions::default());
    stream.push("One moment");
    stream.flush();
    let first = poll_fn(|cx| stream.poll_audio(cx)).await.expect("audio").expect("audio");
    assert!(!first.samples.is_empty());
    stream.push(" please");
    stream.finish();
    assert!(!all(&mut *stream).await.is_empty());
}

#[tokio::test]
async fn double_speed_takes_half_the_time() {
    let length = async |speed| {
        let mut stream = voice().open(TtsOptions { speed: Some(speed), ..TtsOptions::default() });
        stream.push("The quick brown fox jumps over the lazy dog.");
        stream.finish();
        all(&mut *stream).await.iter().map(|chunk| chunk.samples.len()).sum::<usize>() as f64
    };
    let ratio = length(1.0).await / length(2.0).await;
    assert!((1.8..2.2).contains(&ratio), "{ratio}");
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_back_its_stream_alone() {
    let config = VoiceConfig { ahead: Duration::from_millis(500), ..config() };
    let voice = LocalVoice::new(config).expect("installed by ./dev");
    let mut slow = voice.open(TtsOptions::default());
    let sentence = "This sentence is one of many that nobody reads. ";
    slow.push(&sentence.repeat(20));
    slow.finish();
    let mut quick = voice.open(TtsOptions::default());
    quick.push("Another speaks meanwhile.");
    quick.finish();
    assert!(!all(&mut *quick).await.is_empty());
    // One piece of the slow stream was spoken before the quick one's, and no second: it lasts longer than half a second.
    let mut ready = 0;
    while let Poll::Ready(Some(Ok(chunk))) = poll_fn(|cx| Poll::Ready(slow.poll_audio(cx))).await {
        ready += chunk.samples.len();
        if ready > 16_000 * 8 {
            break;
        }
    }
    assert!(ready > 0);
    let rest = all(&mut *slow).await;
    let words: usize = rest.iter().map(|chunk| chunk.words.len()).sum();
    assert!(words <= 200);
}

#[tokio::test]
async fn dropping_a_stream_ends_its_speech_and_the_next_one_speaks() {
    let voice = voice();
    let mut stream = voice.open(TtsOptions::default());
    stream.push(&"A long sentence that goes on and on without an end in sight. ".repeat(50));
    stream.finish();
    poll_fn(|cx| stream.poll_audio(cx)).await.expect("audio").expect("audio");
    drop(stream);
    let mut next = voice.open(TtsOptions::default());
    next.push("Next.");
    next.finish();
    assert!(!all(&mut *next).await.is_empty());
}

#[tokio::test]
async fn every_voice_of_the_package_speaks_and_another_is_refused() {
    let voice = voice();
    for name in ["slt", "rms", "awb", "kal16"] {
        let mut stream = voice.open(TtsOptions { voice: Some(name.to_owned()), ..TtsOptions::default() });
        stream.push("Hello.");
        stream.finish();
        let samples: usize = all(&mut *stream).await.iter().map(|chunk| chunk.samples.len()).sum();
        assert!(samples > 3_000, "{name}: {samples} samples");
    }
    let mut stream = voice.open(TtsOptions { voice: Some("nobody".to_owned()), ..TtsOptions::default() });
    stream.push("Hello.");
    stream.finish();
    let error = poll_fn(|cx| stream.poll_audio(cx)).await.expect("an error").expect_err("a refusal");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.message.contains("slt, rms, awb and kal16"), "{error}");
}

#[tokio::test]
async fn nothing_to_say_is_said_at_once() {
    for text in ["", " ", "😀", "\u{0}", "...", "-- \n --"] {
        let mut stream = voice().open(TtsOptions::default());
        stream.push(text);
        stream.finish();
        let chunks = all(&mut *stream).await;
        let spoken: String =
            chunks.iter().flat_map(|chunk| &chunk.words).map(|word| word.text.as_str()).collect();
        assert_eq!(spoken, text);
    }
}

fn config() -> VoiceConfig {
    VoiceConfig { voice: "slt".to_owned(), speed: 1.0, ahead: Duration::from_secs(4) }
}

fn voice() -> LocalVoice {
    LocalVoice::new(config()).expect("installed by ./dev")
}

async fn all(stream: &mut dyn TtsStream) -> Vec<SpeechChunk> {
    let mut chunks = Vec::new();
    while let Some(chunk) = poll_fn(|cx| stream.poll_audio(cx)).await {
        chunks.push(chunk.expect("the voice speaks"));
    }
    chunks
}
