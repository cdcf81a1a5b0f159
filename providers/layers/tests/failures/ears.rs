//! Ears: timed, and made of recognisers, which are asked again.

use std::{future::poll_fn, sync::Arc, time::Duration};

use providers_core::{BatchRecogniser, ErrorKind, SpeechToText, SttEvent, SttOptions, SttStream, VoiceEdge};
use providers_fake::{FakeEar, FakeRecogniser, Fault, Faults, Heard, Mishap};
use providers_layers::{
    EarTimeouts, Retries, RetryBudget, RetryingRecogniser, SegmentRules, Segments, TimedEar, TimedRecogniser,
};
use tokio::time::Instant;

use crate::{POLICY, error, millis};

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_does_not_answer_is_given_up_and_the_next_utterance_is_heard() {
    let faults = Faults::sequence([Some(Fault { after: 0, what: Mishap::Stall })]);
    let recogniser = Arc::new(FakeRecogniser::new(Heard::Counted, millis(100)).with_faults(faults));
    let timed = Arc::new(TimedRecogniser::new(Arc::clone(&recogniser) as _, millis(2_000)));
    let ear = Segments::new(timed, SegmentRules::SPOKEN);
    let mut stream = ear.open(SttOptions::default());
    say(&mut *stream, 1_000);
    assert_eq!([next(&mut *stream).await, next(&mut *stream).await], ["total_timeout", ""]);
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
    for expected in ["overloaded", "", "overloaded", ""] {
        assert_eq!(next(&mut *stream).await, expected);
    }
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

/// An ear over a recogniser that is asked again.
fn ear(faults: Faults) -> (Arc<FakeRecogniser>, Arc<Retries>, Segments) {
    let recogniser =
        Arc::new(FakeRecogniser::new(Heard::Counted, millis(100)).with_faults(faults).recording());
    let retries = Retries::new(POLICY, RetryBudget::new(200, 10), 1);
    let port = Arc::clone(&recogniser) as Arc<dyn BatchRecogniser>;
    let retrying = RetryingRecogniser::new(port, Arc::clone(&retries));
    (recogniser, retries, Segments::new(Arc::new(retrying), SegmentRules::SPOKEN))
}

#[tokio::test(start_paused = true)]
async fn an_utterance_is_sent_again_as_a_whole() {
    let cut = Some(Fault { after: 0, what: Mishap::End });
    let (recogniser, retries, ear) = ear(Faults::sequence([error(0, ErrorKind::Overloaded), cut]));
    let mut stream = ear.open(SttOptions::default());
    say(&mut *stream, 1_000);
    let began = Instant::now();
    assert_eq!(next(&mut *stream).await, "utterance 3", "as the recogniser counts its requests");
    assert!(began.elapsed() <= millis(3 * 100 + 100 + 200), "{:?}", began.elapsed());
    assert_eq!(recogniser.utterances(), [16_000; 3]);
    assert_eq!((retries.tally().retries, recogniser.open_now()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_utterance_that_cannot_be_recognised_is_told_and_awaited_no_longer() {
    let (recogniser, retries, ear) = ear(Faults::sequence([error(0, ErrorKind::Overloaded); 4]));
    let mut stream = ear.open(SttOptions::default());
    say(&mut *stream, 1_000);
    assert_eq!([next(&mut *stream).await, next(&mut *stream).await], ["overloaded", ""]);
    assert_eq!((recogniser.utterances().len(), retries.tally().failed_attempts), (4, 4));
    say(&mut *stream, 1_000);
    assert_eq!(next(&mut *stream).await, "utterance 5", "the next is heard");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_sends_nothing_again() {
    let (recogniser, _, ear) = ear(Faults::always(error(0, ErrorKind::Overloaded).unwrap()));
    let mut stream = ear.open(SttOptions::default());
    say(&mut *stream, 1_000);
    let given_up = tokio::time::timeout(millis(50), next(&mut *stream)).await;
    assert!(given_up.is_err() && recogniser.open_now() == 1);
    drop(stream);
    tokio::time::sleep(millis(5_000)).await;
    assert_eq!((recogniser.open_now(), recogniser.utterances().len()), (0, 1));
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
