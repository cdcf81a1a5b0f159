//! The ear against real speech: the local voice's, and people's from Debian's `pocketsphinx-testdata`.

use std::{future::poll_fn, path::Path, time::Duration};

use providers_core::{
    ErrorKind, SampleRate, SpeechToText, SttEvent, SttOptions, SttStream, Transcript, VoiceEdge,
};
use providers_local::{EarConfig, EarMode, Intents, LocalEar};
use speech::{error_count, hear, heard, say, testdata};

mod speech;

#[tokio::test]
async fn the_grammar_hears_forty_nine_of_fifty_sentences_of_the_intents_file() {
    let intents = Intents::embedded();
    let ear = ear(EarMode::Grammar, 1);
    let mut wrong = Vec::new();
    for example in intents.examples() {
        let text = hear(&ear, &say(example).await).await.text;
        if text != example {
            wrong.push(format!("{example:?} was heard as {text:?}"));
        }
    }
    // The voice draws noise, so no two syntheses are alike: "who are you" is now and then heard as "how are you".
    assert!(wrong.len() * 50 <= intents.examples().count(), "{wrong:#?}");
}

#[tokio::test]
async fn both_together_hear_the_sentences_of_the_file_and_know_when_something_else_is_said() {
    let intents = Intents::embedded();
    let ear = ear(EarMode::Both, 1);
    let mut wrong = Vec::new();
    // A third of them: the language model takes 0.4 s of a core for each.
    for example in intents.examples().step_by(3) {
        let text = hear(&ear, &say(example).await).await.text;
        if text != example {
            wrong.push(format!("{example:?} was heard as {text:?}"));
        }
    }
    assert!(wrong.len() <= 1, "{wrong:#?}");
    for (audio, transcript) in testdata() {
        let text = hear(&ear, &audio).await.text;
        assert!(
            error_count(&transcript, &text) < transcript.split(' ').count(),
            "{transcript:?} was heard as {text:?}"
        );
    }
}

#[tokio::test]
async fn the_language_model_hears_two_words_of_three_of_an_old_novel() {
    let ear = ear(EarMode::Open, 1);
    let mut stream = ear.open(SttOptions::default());
    let (mut errors, mut words) = (0, 0);
    for (audio, transcript) in testdata() {
        stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
        audio.chunks(320).for_each(|frame| stream.push(frame));
        stream.voice(VoiceEdge::Stopped { silence: Duration::ZERO });
        errors += error_count(&transcript, &final_of(&mut *stream).await.text);
        words += transcript.split(' ').count();
    }
    assert!(errors * 3 <= words, "{errors} of {words} words wrong");
}

#[tokio::test]
async fn interim_words_come_before_the_final_and_words_have_their_times() {
    let ear = ear(EarMode::Grammar, 1);
    let audio = say("turn on the kitchen light").await;
    let events = heard(&ear, &audio).await;
    let interim: Vec<&str> = events.iter().filter_map(interim_text).collect();
    assert!(
        !interim.is_empty() && interim.iter().all(|text| "turn on the kitchen light".starts_with(text)),
        "{interim:?}"
    );
    let Some(SttEvent::Final(last)) = events.iter().find(|event| matches!(event, SttEvent::Final(_))) else {
        panic!("no final in {events:?}");
    };
    let words: Vec<&str> = last.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(words.join(" "), last.text);
    let length = SampleRate::HEARING.duration_of(audio.len() as u64);
    let mut before = Duration::ZERO;
    for word in &last.words {
        assert!(before <= word.start && word.start < word.end && word.end <= length, "{word:?}");
        before = word.end;
    }
    let usage = events.iter().filter(|event| matches!(event, SttEvent::Usage(_))).count();
    assert_eq!(usage, 1);
}

#[tokio::test]
async fn four_streams_at_once_do_not_mix() {
    let ear = ear(EarMode::Grammar, 4);
    let sentences =
        ["what time is it", "turn on the kitchen light", "my name is alice", "thank you very much"];
    let mut streams = Vec::new();
    for sentence in sentences {
        streams.push((sentence, say(sentence).await, ear.open(SttOptions::default())));
    }
    for (_, _, stream) in &mut streams {
        stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
    }
    let longest = streams.iter().map(|(_, audio, _)| audio.len()).max().unwrap_or(0);
    for start in (0..longest).step_by(320) {
        for (_, audio, stream) in &mut streams {
            if start < audio.len() {
                stream.push(&audio[start..audio.len().min(start + 320)]);
            }
        }
    }
    for (sentence, _, mut stream) in streams {
        stream.finish();
        assert_eq!(final_of(&mut *stream).await.text, sentence);
    }
}

#[tokio::test]
async fn a_dropped_stream_frees_its_decoder() {
    let ear = ear(EarMode::Grammar, 1);
    let mut left = ear.open(SttOptions::default());
    left.voice(VoiceEdge::Started { lead: Duration::ZERO });
    left.push(&[0; 960]);
    drop(left);
    assert_eq!(hear(&ear, &say("what time is it").await).await.text, "what time is it");
}

#[tokio::test]
async fn when_all_decoders_are_busy_an_utterance_is_refused_and_the_stream_goes_on() {
    let config = EarConfig { waiting: 0, ..config(EarMode::Grammar, 1) };
    let ear = LocalEar::new(config, &Intents::embedded()).expect("installed by ./dev");
    let audio = say("stop").await;
    let mut busy = ear.open(SttOptions::default());
    busy.voice(VoiceEdge::Started { lead: Duration::ZERO });
    let mut refused = ear.open(SttOptions::default());
    refused.voice(VoiceEdge::Started { lead: Duration::ZERO });
    let error = poll_fn(|cx| refused.poll_event(cx)).await.expect("an event").expect_err("a refusal");
    assert_eq!(error.kind, ErrorKind::Overloaded, "{error}");
    busy.push(&audio);
    busy.voice(VoiceEdge::Stopped { silence: Duration::ZERO });
    assert_eq!(final_of(&mut *busy).await.text, "stop");
    refused.voice(VoiceEdge::Stopped { silence: Duration::ZERO });
    assert_eq!(final_of(&mut *refused).await.text, "", "nothing more comes of the one that was refused");
    refused.voice(VoiceEdge::Started { lead: Duration::ZERO });
    refused.push(&audio);
    refused.voice(VoiceEdge::Stopped { silence: Duration::ZERO });
    assert_eq!(final_of(&mut *refused).await.text, "stop");
}

#[tokio::test]
async fn audio_that_no_decoder_could_hear_in_time_is_counted_and_told() {
    let config = EarConfig { tape: Duration::from_millis(500), ..config(EarMode::Grammar, 1) };
    let ear = LocalEar::new(config, &Intents::embedded()).expect("installed by ./dev");
    let mut busy = ear.open(SttOptions::default());
    busy.voice(VoiceEdge::Started { lead: Duration::ZERO });
    let mut late = ear.open(SttOptions::default());
    late.voice(VoiceEdge::Started { lead: Duration::ZERO });
    late.push(&[0; 24_000]);
    late.voice(VoiceEdge::Stopped { silence: Duration::ZERO });
    drop(busy);
    let error = poll_fn(|cx| late.poll_event(cx)).await.expect("an event").expect_err("a loss");
    assert_eq!(error.kind, ErrorKind::Overloaded);
    assert!(error.message.contains("1000 ms"), "{error}");
    final_of(&mut *late).await;
}

#[tokio::test]
async fn a_flush_is_answered_with_or_without_speech() {
    let ear = ear(EarMode::Grammar, 1);
    let mut stream = ear.open(SttOptions::default());
    stream.flush();
    assert_eq!(final_of(&mut *stream).await, Transcript::default());
    stream.push(&say("stop").await);
    stream.flush();
    assert_eq!(final_of(&mut *stream).await.text, "stop");
    stream.finish();
    while let Some(event) = poll_fn(|cx| stream.poll_event(cx)).await {
        assert!(matches!(event, Ok(SttEvent::Usage(_))), "{event:?}");
    }
}

#[tokio::test]
async fn another_language_is_refused() {
    let ear = ear(EarMode::Grammar, 1);
    let mut stream = ear.open(SttOptions { language: Some("de-DE".to_owned()), ..SttOptions::default() });
    let error = poll_fn(|cx| stream.poll_event(cx)).await.expect("an event").expect_err("a refusal");
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(poll_fn(|cx| stream.poll_event(cx)).await.is_none());
}

#[test]
fn a_missing_model_is_told_with_the_package_to_install() {
    for mode in [EarMode::Open, EarMode::Grammar, EarMode::Both] {
        let config = EarConfig { model: Path::new("/nowhere").to_owned(), ..config(mode, 1) };
        let error = LocalEar::new(config, &Intents::embedded()).err().expect("no model there").to_string();
        assert!(
            error.contains("/nowhere") && error.contains("apt-get install pocketsphinx-en-us"),
            "{error}"
        );
    }
}

#[test]
fn a_word_that_nobody_can_pronounce_is_told() {
    let file = include_str!("../intents/default.toml").replace("make me laugh", "make me zyzzyx");
    let intents = Intents::parse("mine.toml", &file).expect("well formed");
    let error = LocalEar::new(config(EarMode::Grammar, 1), &intents).err().expect("refused").to_string();
    assert!(error.contains("mine.toml: give [pronunciations]") && error.contains("zyzzyx"), "{error}");
}

fn config(mode: EarMode, decoders: usize) -> EarConfig {
    EarConfig {
        mode,
        model: EarConfig::DEBIAN_MODEL.into(),
        decoders,
        waiting: 8,
        tape: Duration::from_secs(20),
        interim_every: Duration::from_millis(200),
        stable_after: 2,
        margin: EarConfig::MARGIN,
    }
}

fn ear(mode: EarMode, decoders: usize) -> LocalEar {
    LocalEar::new(config(mode, decoders), &Intents::embedded()).expect("installed by ./dev")
}

fn interim_text(event: &SttEvent) -> Option<&str> {
    if let SttEvent::Interim(words) = event { Some(&words.text) } else { None }
}

async fn final_of(stream: &mut dyn SttStream) -> Transcript {
    loop {
        let event = poll_fn(|cx| stream.poll_event(cx)).await.expect("the stream goes on");
        if let SttEvent::Final(words) = event.expect("the ear hears") {
            return words;
        }
    }
}
