//! What a chain of providers makes of failures, by a virtual clock.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{future::poll_fn, sync::Arc, time::Duration};

use futures_util::StreamExt;
use providers_core::{
    BatchRecogniser, ChatRequest, ErrorKind, LanguageModel, LlmEvent, SampleRate, SpeechToText, SttEvent,
    SttOptions, SttStream, TextToSpeech, TtsOptions, VoiceEdge,
};
use providers_fake::{
    Answer, FakeEar, FakeMind, FakeRecogniser, FakeVoice, Fault, Faults, Heard, Mishap, Sound, Speech, When,
};
use providers_layers::{Chain, FallbackEar, FallbackMind, FallbackVoice, RestPolicy, SegmentRules, Segments};
use tokio::time::Instant;

const REST: RestPolicy = RestPolicy { first: Duration::from_secs(1), longest: Duration::from_secs(8) };

const fn fault(after: usize, kind: ErrorKind) -> Fault {
    Fault { after, what: Mishap::Error { kind, retry_after: None } }
}

fn mind(text: &str, faults: Faults) -> Arc<FakeMind> {
    let answer = Answer {
        when: When::Any,
        text: text.to_owned(),
        calls: Vec::new(),
        ttft: Duration::from_millis(20),
        duration: Duration::from_millis(40),
    };
    Arc::new(FakeMind::new(vec![answer]).with_faults(faults))
}

fn minds(first: &Arc<FakeMind>, second: &Arc<FakeMind>) -> Arc<Chain<dyn LanguageModel>> {
    Chain::new(Arc::clone(first) as Arc<dyn LanguageModel>, vec![Arc::clone(second) as _], REST)
}

/// The whole answer, and the kind of the error that ended it.
async fn answer(mind: &FallbackMind) -> String {
    let mut text = String::new();
    let mut stream = mind.answer(ChatRequest::default());
    while let Some(event) = stream.next().await {
        match event {
            Ok(LlmEvent::Text(piece)) => text.push_str(&piece),
            Ok(_) => {}
            Err(error) => text.push_str(error.kind.name()),
        }
    }
    text
}

#[tokio::test(start_paused = true)]
async fn the_next_mind_answers_and_the_call_stays_with_it() {
    let first = mind("one", Faults::sequence([Some(fault(0, ErrorKind::Overloaded))]));
    let second = mind("two", Faults::none());
    let chain = minds(&first, &second);
    let call = FallbackMind::new(Arc::clone(&chain));
    assert_eq!(answer(&call).await, "two");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(answer(&call).await, "two", "the person goes on talking with the same one");
    assert_eq!(answer(&FallbackMind::new(chain)).await, "one", "a new call begins with the first");
}

#[test]
fn a_chain_follows_instructions_when_each_of_it_does() {
    let rules = Arc::new(FakeMind::new(Vec::new()).by_rules());
    let (one, two) = (mind("one", Faults::none()), mind("two", Faults::none()));
    assert!(FallbackMind::new(minds(&one, &two)).follows_instructions());
    assert!(!FallbackMind::new(minds(&one, &rules)).follows_instructions());
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_rests_longer_each_time_and_spares_other_calls() {
    let first = mind("one", Faults::always(fault(0, ErrorKind::Unreachable)));
    let second = mind("two", Faults::none());
    let chain = minds(&first, &second);
    let (mut asked, step) = (Vec::new(), Duration::from_millis(100));
    while asked.len() < 6 {
        let before = first.opened();
        let at = Instant::now();
        assert_eq!(answer(&FallbackMind::new(Arc::clone(&chain))).await, "two");
        if first.opened() > before {
            asked.push(at);
        }
        tokio::time::advance(step).await;
    }
    for (pause, rest) in asked.windows(2).map(|pair| pair[1] - pair[0]).zip([1, 2, 4, 8, 8]) {
        let rest = Duration::from_secs(rest);
        assert!(pause >= rest && pause <= rest + 3 * step, "{pause:?} for a rest of {rest:?}");
    }
    let failures: Vec<_> = chain.tally().iter().map(|tally| tally.failures).collect();
    assert_eq!(failures, [6, 0]);
}

#[tokio::test(start_paused = true)]
async fn when_all_rest_they_are_asked_all_the_same_and_the_last_error_is_told() {
    let first = mind("one", Faults::always(fault(0, ErrorKind::Overloaded)));
    let second = mind("two", Faults::always(fault(0, ErrorKind::RateLimited)));
    let call = FallbackMind::new(minds(&first, &second));
    for round in 1..4 {
        assert_eq!(answer(&call).await, "rate_limited");
        assert_eq!((first.opened(), second.opened()), (round, round));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_wrong_for_one_goes_to_another_without_a_rest() {
    let first = mind("one", Faults::sequence([Some(fault(0, ErrorKind::ContextTooLong))]));
    let second = mind("two", Faults::none());
    let chain = minds(&first, &second);
    assert_eq!(answer(&FallbackMind::new(Arc::clone(&chain))).await, "two");
    assert_eq!(answer(&FallbackMind::new(chain)).await, "one");
}

#[tokio::test(start_paused = true)]
async fn what_was_filtered_or_begun_is_not_asked_again() {
    for (fault, told) in [
        (fault(0, ErrorKind::ContentFiltered), "content_filtered"),
        (fault(1, ErrorKind::StreamCut), "onestream_cut"),
    ] {
        let (first, second) = (mind("one two", Faults::always(fault)), mind("two", Faults::none()));
        assert_eq!(answer(&FallbackMind::new(minds(&first, &second))).await, told);
        assert_eq!(second.opened(), 0);
    }
}

fn voice(hertz: u32, faults: Faults) -> Arc<FakeVoice> {
    let speech = Speech {
        when: When::Any,
        length: Duration::from_secs(1),
        ttfb: Duration::from_millis(50),
        duration: Duration::from_millis(100),
    };
    let rate = SampleRate::new(hertz).unwrap();
    let voice = FakeVoice::new(rate, Sound::Tone { hertz: 440, peak: 8_000 }, vec![speech]);
    Arc::new(voice.with_faults(faults).recording())
}

/// The rate, the samples, and the kind of the error that ended it.
async fn speak(voice: &FallbackVoice) -> (Option<SampleRate>, usize, Option<ErrorKind>) {
    let mut stream = voice.open(TtsOptions::default());
    stream.push("Hello ");
    stream.flush();
    stream.push("there.");
    stream.finish();
    let mut samples = 0;
    loop {
        match poll_fn(|cx| stream.poll_audio(cx)).await {
            Some(Ok(chunk)) => samples += chunk.samples.len(),
            Some(Err(error)) => return (stream.sample_rate(), samples, Some(error.kind)),
            None => return (stream.sample_rate(), samples, None),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_voice_says_all_of_it_at_its_own_rate() {
    let first = voice(24_000, Faults::sequence([Some(fault(0, ErrorKind::Overloaded))]));
    let second = voice(16_000, Faults::none());
    let chain = Chain::new(Arc::clone(&first) as Arc<dyn TextToSpeech>, vec![Arc::clone(&second) as _], REST);
    let call = FallbackVoice::new(chain);
    assert_eq!(call.sample_rate(), SampleRate::VOICE);
    assert_eq!(speak(&call).await, (Some(SampleRate::HEARING), 32_000, None));
    assert_eq!(second.spoken(), ["Hello", "there."], "what was flushed is not waited with");
    assert_eq!(call.sample_rate(), SampleRate::HEARING, "the call keeps the voice");
    assert_eq!(speak(&call).await, (Some(SampleRate::HEARING), 32_000, None));
    assert_eq!((first.opened(), second.opened()), (1, 2));
    assert_eq!((first.open_now(), second.open_now()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_breaks_off_is_not_said_again() {
    let first = voice(24_000, Faults::always(fault(1, ErrorKind::StreamCut)));
    let second = voice(24_000, Faults::none());
    let chain = Chain::new(Arc::clone(&first) as Arc<dyn TextToSpeech>, vec![Arc::clone(&second) as _], REST);
    let (_, samples, error) = speak(&FallbackVoice::new(chain)).await;
    assert!(samples > 0 && samples < 24_000, "{samples}");
    assert_eq!((error, second.opened()), (Some(ErrorKind::StreamCut), 0));
}

#[tokio::test(start_paused = true)]
async fn the_next_ear_hears_the_utterance_that_was_under_way() {
    let heard = |text: &str| Heard::InTurn(vec![text.to_owned()]);
    let delay = Duration::from_millis(100);
    let first = FakeEar::answering(heard("by the first"), delay)
        .with_faults(Faults::sequence([Some(fault(0, ErrorKind::StreamCut))]));
    let (first, second) = (Arc::new(first), Arc::new(FakeEar::answering(heard("by the second"), delay)));
    let chain = Chain::new(Arc::clone(&first) as Arc<dyn SpeechToText>, vec![Arc::clone(&second) as _], REST);
    let call = FallbackEar::new(chain, Duration::from_secs(10));
    let mut stream = call.open(SttOptions::default());
    let frame = [0_i16; 320];
    for n in 0..100 {
        match n {
            20 => stream.voice(VoiceEdge::Started { lead: Duration::from_millis(40) }),
            80 => stream.voice(VoiceEdge::Stopped { silence: Duration::from_millis(200) }),
            _ => {}
        }
        stream.push(&frame);
        tokio::time::advance(Duration::from_millis(20)).await;
    }
    stream.finish();
    let mut words = Vec::new();
    while let Some(event) = poll_fn(|cx| stream.poll_event(cx)).await {
        if let SttEvent::Final(transcript) = event.unwrap() {
            words.push(transcript.text);
        }
    }
    assert_eq!(words, ["by the second"]);
    assert_eq!((first.opened(), second.opened()), (1, 1));
    drop(stream);
    assert_eq!((first.open_now(), second.open_now()), (0, 0));
}

/// An ear of whole utterances, and the lengths that it is given, in milliseconds.
fn batch(delay: u64, faults: Faults) -> (Arc<FakeRecogniser>, Arc<dyn SpeechToText>) {
    let recogniser = FakeRecogniser::new(Heard::Counted, Duration::from_millis(delay));
    let recogniser = Arc::new(recogniser.with_faults(faults).recording());
    let port = Arc::clone(&recogniser) as Arc<dyn BatchRecogniser>;
    (recogniser, Arc::new(Segments::new(port, SegmentRules::SPOKEN)))
}

async fn push(stream: &mut dyn SttStream, milliseconds: u64) {
    for _ in 0..milliseconds / 20 {
        stream.push(&[1; 320]);
        tokio::time::advance(Duration::from_millis(20)).await;
    }
}

async fn words(stream: &mut dyn SttStream) -> String {
    loop {
        match poll_fn(|cx| stream.poll_event(cx)).await.unwrap().unwrap() {
            SttEvent::Final(transcript) => return transcript.text,
            _ => continue,
        }
    }
}

const STARTED: VoiceEdge = VoiceEdge::Started { lead: Duration::ZERO };
const STOPPED: VoiceEdge = VoiceEdge::Stopped { silence: Duration::ZERO };

#[tokio::test(start_paused = true)]
async fn words_of_one_utterance_do_not_take_the_next_from_the_next_ear() {
    let (_, first) = batch(500, Faults::sequence([None, Some(fault(0, ErrorKind::Unauthorised))]));
    let (second_heard, second) = batch(100, Faults::none());
    let chain = Chain::new(first, vec![second], REST);
    let mut stream = FallbackEar::new(chain, Duration::from_secs(10)).open(SttOptions::default());
    push(&mut *stream, 1_000).await;
    stream.voice(STARTED);
    push(&mut *stream, 1_000).await;
    stream.voice(STOPPED);
    // They go on before the words of it have come.
    push(&mut *stream, 100).await;
    stream.voice(STARTED);
    push(&mut *stream, 200).await;
    assert_eq!(words(&mut *stream).await, "utterance 1");
    push(&mut *stream, 1_800).await;
    stream.voice(STOPPED);
    assert_eq!(words(&mut *stream).await, "utterance 1", "the first of the second ear");
    let lead = 100;
    assert_eq!(
        second_heard.utterances(),
        [(lead + 2_000) * 16],
        "the whole of what it began to hear too late"
    );
}

#[tokio::test(start_paused = true)]
async fn of_speech_longer_than_the_tape_its_end_is_heard_again() {
    let (_, first) = batch(100, Faults::always(fault(0, ErrorKind::Unauthorised)));
    let (second_heard, second) = batch(100, Faults::none());
    let chain = Chain::new(first, vec![second], REST);
    let mut stream = FallbackEar::new(chain, Duration::from_secs(2)).open(SttOptions::default());
    stream.voice(STARTED);
    push(&mut *stream, 5_000).await;
    stream.voice(STOPPED);
    assert_eq!(words(&mut *stream).await, "utterance 1");
    assert_eq!(second_heard.utterances(), [2_000 * 16]);
}

#[tokio::test(start_paused = true)]
async fn an_ear_that_is_alone_tells_its_failure() {
    let ear = FakeEar::answering(Heard::Counted, Duration::from_millis(100))
        .with_faults(Faults::always(fault(0, ErrorKind::Unauthorised)));
    let chain = Chain::new(Arc::new(ear) as Arc<dyn SpeechToText>, Vec::new(), REST);
    let mut stream = FallbackEar::new(chain, Duration::from_secs(1)).open(SttOptions::default());
    stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
    stream.voice(VoiceEdge::Stopped { silence: Duration::ZERO });
    let error = poll_fn(|cx| stream.poll_event(cx)).await.unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorised);
    assert!(poll_fn(|cx| stream.poll_event(cx)).await.is_none());
}
