//! Speech for tests: the local voice's, people's, and the count of words heard wrong.

use std::{future::poll_fn, path::Path, time::Duration};

use providers_core::{SpeechToText, SttEvent, SttOptions, TextToSpeech, Transcript, TtsOptions, VoiceEdge};
use providers_local::{LocalEar, LocalVoice, VoiceConfig};

const SILENCE: usize = 4_800;

/// A sentence as the default voice says it, in some silence.
pub(crate) async fn say(text: &str) -> Vec<i16> {
    let config = VoiceConfig { voice: "slt".to_owned(), speed: 1.0, ahead: Duration::from_secs(60) };
    let voice = LocalVoice::new(config).expect("installed by ./dev");
    let mut stream = voice.open(TtsOptions::default());
    stream.push(text);
    stream.finish();
    let mut audio = vec![0; SILENCE];
    while let Some(chunk) = poll_fn(|cx| stream.poll_audio(cx)).await {
        audio.extend(chunk.expect("the voice speaks").samples);
    }
    audio.extend([0; SILENCE]);
    audio
}

/// What an ear makes of an utterance that goes on until the first interim words come, and then ends.
pub(crate) async fn heard(ear: &LocalEar, audio: &[i16]) -> Vec<SttEvent> {
    let mut stream = ear.open(SttOptions::default());
    stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
    audio.chunks(320).for_each(|frame| stream.push(frame));
    let first = poll_fn(|cx| stream.poll_event(cx)).await.expect("the stream goes on");
    let mut events = vec![first.expect("the ear hears")];
    stream.voice(VoiceEdge::Stopped { silence: Duration::ZERO });
    stream.finish();
    while let Some(event) = poll_fn(|cx| stream.poll_event(cx)).await {
        events.push(event.expect("the ear hears"));
    }
    events
}

/// The final words of an utterance.
pub(crate) async fn hear(ear: &LocalEar, audio: &[i16]) -> Transcript {
    let mut stream = ear.open(SttOptions::default());
    audio.chunks(320).for_each(|frame| stream.push(frame));
    stream.finish();
    let mut words = Transcript::default();
    while let Some(event) = poll_fn(|cx| stream.poll_event(cx)).await {
        if let SttEvent::Final(last) = event.expect("the ear hears") {
            words = last;
        }
    }
    words
}

/// Sentences of an audio book: five people's recordings with their words.
pub(crate) fn testdata() -> Vec<(Vec<i16>, String)> {
    let folder = Path::new("/usr/share/pocketsphinx/test/data/librivox");
    let read = |file: &str| {
        std::fs::read_to_string(folder.join(file)).expect("run `apt-get install pocketsphinx-testdata`")
    };
    let (files, transcripts) = (read("fileids"), read("transcription"));
    let sentence = |(file, transcript): (&str, &str)| {
        let path = folder.join(file.trim()).with_extension("wav");
        let mut wave = hound::WavReader::open(path).expect("a wave file");
        let audio = wave.samples::<i16>().map(|sample| sample.expect("16 bits")).collect();
        let words = transcript.split(" (").next().unwrap_or_default().replace("<s>", "").replace("</s>", "");
        (audio, words.trim().to_lowercase())
    };
    files.lines().zip(transcripts.lines()).map(sentence).collect()
}

/// Words inserted, left out or wrong.
pub(crate) fn error_count(said: &str, heard: &str) -> usize {
    let heard: Vec<&str> = heard.split_whitespace().collect();
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (place, word) in said.split_whitespace().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], place + 1);
        for (column, other) in heard.iter().enumerate() {
            let best = (diagonal + usize::from(word != *other)).min(row[column] + 1).min(row[column + 1] + 1);
            diagonal = std::mem::replace(&mut row[column + 1], best);
        }
    }
    row[heard.len()]
}
