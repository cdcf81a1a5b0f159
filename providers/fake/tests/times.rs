//! The fakes answer what the script says, when it says so, to the millisecond of a virtual clock.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{future::poll_fn, time::Duration};

use futures_util::StreamExt;
use providers_core::{
    ChatMessage, ChatRequest, FinishReason, LanguageModel, LlmEvent, SampleRate, SpeechToText, SttEvent,
    SttOptions, SttStream, TextToSpeech, ToolCall, TtsOptions, TtsStream, VoiceEdge,
};
use providers_fake::{
    Answer, Endpoints, FakeEar, FakeMind, FakeVoice, Fault, Faults, Heard, Mishap, Sound, Speech, Utterance,
    When,
};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn an_answer_is_spread_in_pieces_of_three_characters() {
    let mut answer = answer("Hello!", "ÄÖÜ12345", 100, 400);
    answer.calls = vec![ToolCall { id: "c".into(), name: "f".into(), arguments: "{}".into() }];
    let seen = events(&FakeMind::new(vec![answer]), &[user("Hello!")]).await;
    assert_eq!(seen, ["100 ÄÖÜ", "200 123", "300 45", "400 call f", "400 usage 2 2", "400 Calls"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_chosen_by_what_was_said_last() {
    let mind = FakeMind::new(vec![
        answer("hi", "to user", 0, 0),
        answer("sunny", "to tool", 0, 0),
        answer("greet the caller", "to instructions", 0, 0),
        answer("*", "to any", 0, 0),
    ]);
    let system = |text: &str| ChatMessage::System { text: text.into() };
    let tool = |output: &str| ChatMessage::Tool {
        call_id: "c".into(),
        name: "weather".into(),
        output: output.into(),
        is_error: false,
    };
    let assistant = ChatMessage::Assistant { text: "hi".into(), calls: vec![] };
    for (messages, expected) in [
        (vec![system("be kind"), user("hi")], "to user"),
        (vec![user("hi"), assistant.clone(), tool("sunny"), tool("else")], "to tool"),
        (vec![system("be kind"), user("hi"), system("greet the caller")], "to instructions"),
        (vec![system("greet the caller")], "to instructions"),
        (vec![user("hi"), assistant, user("other")], "to any"),
        (vec![], "to any"),
    ] {
        assert_eq!(text(&mind, &messages).await, expected, "{messages:?}");
    }
    assert_eq!(mind.opened(), 6);
    assert_eq!(mind.open_now(), 0);
    assert_eq!(text(&FakeMind::new(vec![]), &[user("hi")]).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_script_is_heard_at_its_times_from_any_stream() {
    let utterances = [utterance(500, 2_500, "Hello, how are you?", 200), utterance(3_000, 3_100, "", 200)];
    let ear = FakeEar::scripted(&utterances);
    let mut stream = ear.open(SttOptions::default());
    assert_eq!(hear(&mut *stream, 2).await, ["2600 … Hello, how", "2700 Hello, how are you?"]);

    let late = FakeEar::scripted_with_endpoints(&utterances, Endpoints::default());
    let _first = late.open(SttOptions::default());
    tokio::time::sleep(Duration::from_millis(2_650)).await;
    let mut second = late.open(SttOptions::default());
    assert_eq!(
        hear(&mut *second, 2).await,
        ["50 Hello, how are you?", "50 ended"],
        "what was before is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn a_finished_script_still_says_what_was_spoken_and_no_more() {
    let ear = FakeEar::scripted(&[
        utterance(0, 1_000, "said", 400),
        utterance(1_100, 2_000, "not said any more", 400),
    ]);
    let mut stream = ear.open(SttOptions::default());
    stream.push(&[0; 16_000]);
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    stream.finish();
    assert_eq!(hear(&mut *stream, 9).await, ["0 … said", "100 said", "100 1000 ms"]);
}

#[tokio::test(start_paused = true)]
async fn voice_is_understood_after_its_end() {
    let ear = FakeEar::answering(Heard::Counted, Duration::from_millis(150));
    let mut stream = ear.open(SttOptions::default());
    for _ in 0..2 {
        stream.voice(VoiceEdge::Started { lead: Duration::from_millis(60) });
        tokio::time::sleep(Duration::from_millis(700)).await;
        stream.voice(VoiceEdge::Stopped { silence: Duration::from_millis(550) });
        stream.voice(VoiceEdge::Stopped { silence: Duration::from_millis(550) });
    }
    assert_eq!(
        hear(&mut *stream, 4).await,
        ["0 … utterance 1", "0 utterance 1", "75 … utterance 2", "150 utterance 2",]
    );
}

#[tokio::test(start_paused = true)]
async fn a_voice_sounds_for_as_long_as_the_script_says() {
    let voice = voice("*", 250, 100, 300).recording();
    let mut stream = voice.open(TtsOptions::default());
    stream.push("One ");
    stream.push("two.");
    stream.flush();
    stream.push(" Three.");
    stream.finish();
    let chunks = speak(&mut *stream).await;
    assert_eq!(chunks, ["100 2400", "180 2400", "260 1200", "400 2400", "480 2400", "560 1200"]);
    assert_eq!(voice.spoken(), ["One two.", "Three."]);
}

#[tokio::test(start_paused = true)]
async fn a_tone_has_no_step_between_seconds() {
    let voice = voice("*", 3_000, 0, 0);
    let mut stream = voice.open(TtsOptions::default());
    stream.push("Tone");
    stream.finish();
    let mut samples = Vec::new();
    while let Some(chunk) = poll_fn(|cx| stream.poll_audio(cx)).await {
        samples.extend(chunk.unwrap().samples);
    }
    assert_eq!(samples.len(), 72_000);
    let steepest = samples.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max();
    assert!(steepest.unwrap() <= 930, "440 Hz at peak 8000 rises by at most 922 a sample: {steepest:?}");
}

#[tokio::test(start_paused = true)]
async fn failures_come_where_the_script_puts_them() {
    let fault = |after, what| Some(Fault { after, what });
    let faults = Faults::sequence([
        fault(1, Mishap::End),
        fault(1, Mishap::Pause(Duration::from_millis(500))),
        fault(0, Mishap::Stall),
    ]);
    let mind = FakeMind::new(vec![answer("*", "abcdef", 100, 100)]).with_faults(faults);
    assert_eq!(events(&mind, &[]).await, ["100 abc"]);
    assert_eq!(events(&mind, &[]).await, ["100 abc", "600 def", "600 usage 0 2", "600 Stop"]);
    let stalled = tokio::time::timeout(Duration::from_secs(3600), events(&mind, &[])).await;
    assert!(stalled.is_err());
    assert_eq!(mind.open_now(), 0);
    assert_eq!(events(&mind, &[]).await.len(), 4);
}

fn answer(when: &str, text: &str, ttft: u64, duration: u64) -> Answer {
    Answer {
        when: When::parse(when),
        text: text.to_owned(),
        calls: Vec::new(),
        ttft: Duration::from_millis(ttft),
        duration: Duration::from_millis(duration),
    }
}

fn utterance(start: u64, end: u64, text: &str, delay: u64) -> Utterance {
    let [start, end, delay] = [start, end, delay].map(Duration::from_millis);
    Utterance { start, end, text: text.to_owned(), delay, is_final: true }
}

fn voice(when: &str, length: u64, ttfb: u64, duration: u64) -> FakeVoice {
    let [length, ttfb, duration] = [length, ttfb, duration].map(Duration::from_millis);
    let speech = Speech { when: When::parse(when), length, ttfb, duration };
    FakeVoice::new(SampleRate::VOICE, Sound::Tone { hertz: 440, peak: 8_000 }, vec![speech])
}

fn user(text: &str) -> ChatMessage {
    ChatMessage::User { text: text.to_owned() }
}

async fn events(mind: &FakeMind, messages: &[ChatMessage]) -> Vec<String> {
    let began = Instant::now();
    let mut answer = mind.answer(ChatRequest { messages: messages.to_vec(), ..ChatRequest::default() });
    let mut seen = Vec::new();
    while let Some(event) = answer.next().await {
        let what = match event.unwrap() {
            LlmEvent::Text(text) => text,
            LlmEvent::Reasoning(text) => format!("reasoning {text}"),
            LlmEvent::Call(call) => format!("call {}", call.name),
            LlmEvent::Usage(usage) => format!("usage {} {}", usage.input_tokens, usage.output_tokens),
            LlmEvent::Finished(reason) => format!("{reason:?}"),
        };
        seen.push(format!("{} {what}", began.elapsed().as_millis()));
    }
    seen
}

async fn text(mind: &FakeMind, messages: &[ChatMessage]) -> String {
    let mut answer = mind.answer(ChatRequest { messages: messages.to_vec(), ..ChatRequest::default() });
    let mut text = String::new();
    while let Some(event) = answer.next().await {
        match event.unwrap() {
            LlmEvent::Text(piece) => text.push_str(&piece),
            LlmEvent::Finished(reason) => assert_eq!(reason, FinishReason::Stop),
            LlmEvent::Reasoning(_) | LlmEvent::Call(_) | LlmEvent::Usage(_) => {}
        }
    }
    text
}

/// The next events, at most so many, with their times.
async fn hear(stream: &mut dyn SttStream, most: usize) -> Vec<String> {
    let began = Instant::now();
    let mut seen = Vec::new();
    while seen.len() < most
        && let Some(event) = poll_fn(|cx| stream.poll_event(cx)).await
    {
        let what = match event.unwrap() {
            SttEvent::SpeechStarted => "started".to_owned(),
            SttEvent::Interim(transcript) => format!("… {}", transcript.text),
            SttEvent::Preflight(transcript) => format!("? {}", transcript.text),
            SttEvent::Final(transcript) => transcript.text,
            SttEvent::SpeechEnded => "ended".to_owned(),
            SttEvent::Usage(usage) => format!("{} ms", usage.audio_in_ms),
        };
        seen.push(format!("{} {what}", began.elapsed().as_millis()));
    }
    seen
}

async fn speak(stream: &mut dyn TtsStream) -> Vec<String> {
    let began = Instant::now();
    let mut seen = Vec::new();
    while let Some(chunk) = poll_fn(|cx| stream.poll_audio(cx)).await {
        seen.push(format!("{} {}", began.elapsed().as_millis(), chunk.unwrap().samples.len()));
    }
    seen
}
