//! The rules of voices.

use std::{future::poll_fn, sync::Arc};

use futures_util::future;
use providers_core::{ProviderError, SpeechChunk, TextToSpeech, TtsOptions, TtsStream, Usage, WordTiming};

use crate::{
    Chunking, Fault, Report,
    report::{Broken, Verdict, ensure},
    scene::{BUFFERED, MEASURES, NEVER, freed, judge_freed, opened, settled},
};

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceScene {
    /// The audio of every text.
    pub samples: Vec<i16>,
    /// How its bytes are cut.
    pub chunking: Chunking,
    /// What goes wrong.
    pub fault: Option<Fault>,
    /// The audio is sent again and again without end.
    pub endless: bool,
}

/// A voice on the bench.
pub trait VoiceBench {
    /// A voice whose every text sounds like `scene`; `None` when that cannot be staged.
    fn voice(&mut self, scene: &VoiceScene) -> Option<Arc<dyn TextToSpeech>>;

    /// A voice as it is, and a text of several words that it speaks.
    fn plain(&mut self) -> (Arc<dyn TextToSpeech>, String);

    /// Requests, or streams in process, that are open.
    fn open_requests(&self) -> u64;

    /// Bytes of audio that the server has sent, where it counts them.
    fn sent(&self) -> Option<u64> {
        None
    }

    /// The key, and whatever else must not be shown.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

const TEXT: &str = "A confidential sentence.";

/// Runs every rule of voices.
pub async fn check_voice(bench: &mut dyn VoiceBench) -> Report {
    let mut report = Report::default();
    report.run("a text becomes audio, and the stream ends", text_becomes_audio(bench)).await;
    report.run("characters are counted once, and audio as it is given", usage_is_counted_once(bench)).await;
    report.run("all words together are the text, at times in order", words_are_the_text(bench)).await;
    report.run("the pieces that a text comes in change nothing", pieces_change_nothing(bench)).await;
    report.run("a finish without text ends without audio", nothing_to_say(bench)).await;
    report.run("two streams at once both end", two_streams(bench)).await;
    report.run("no sample is lost or repeated at any chunking", samples_are_whole(bench)).await;
    report.run("a dropped stream frees its request within 50 ms", drop_frees(bench)).await;
    report.run("audio that does not come or stalls invents nothing", silence_invents_nothing(bench)).await;
    report.run("a slow beginning is waited for", slow_is_waited_for(bench)).await;
    report.run("each fault has its name and shows no secret", faults_are_named(bench)).await;
    report.run("memory is bounded when the reader is slow", slow_reader(bench)).await;
    report
}

fn scene() -> VoiceScene {
    VoiceScene { samples: ramp(5_000), chunking: Chunking::Events, fault: None, endless: false }
}

/// Samples of which no two neighbours are alike, both bytes in use.
fn ramp(length: usize) -> Vec<i16> {
    (0..length).map(|n| (n as i32 * 257 % 65_536 - 32_768) as i16).collect()
}

/// All of a speech.
#[derive(Debug, Default)]
struct Whole {
    samples: Vec<i16>,
    words: Vec<WordTiming>,
    usage: Usage,
    error: Option<ProviderError>,
    after_error: bool,
}

impl Whole {
    fn take(&mut self, chunk: SpeechChunk) {
        self.samples.extend(chunk.samples);
        self.words.extend(chunk.words);
        self.usage += chunk.usage.unwrap_or_default();
    }

    fn judge_end(&self) -> Result<(), Broken> {
        match &self.error {
            Some(error) => Err(Broken(format!("speech without a fault fails: {error}"))),
            None => Ok(()),
        }
    }
}

fn say(voice: &dyn TextToSpeech, text: &str) -> Box<dyn TtsStream> {
    let mut stream = voice.open(TtsOptions::default());
    stream.push(text);
    stream.finish();
    stream
}

async fn whole(mut stream: Box<dyn TtsStream>) -> Whole {
    let mut whole = Whole::default();
    while let Some(chunk) = next(&mut *stream).await {
        match chunk {
            Ok(_) if whole.error.is_some() => whole.after_error = true,
            Ok(chunk) => whole.take(chunk),
            Err(error) => {
                whole.after_error |= whole.error.is_some();
                whole.error = Some(error);
            }
        }
    }
    whole
}

async fn next(stream: &mut dyn TtsStream) -> Option<Result<SpeechChunk, ProviderError>> {
    poll_fn(|cx| stream.poll_audio(cx)).await
}

async fn text_becomes_audio(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    let (voice, text) = bench.plain();
    let speech = whole(say(&*voice, &text)).await;
    speech.judge_end()?;
    ensure(!speech.samples.is_empty(), || "there is no audio".to_owned())?;
    Ok(Verdict::Holds)
}

async fn usage_is_counted_once(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    let (voice, text) = bench.plain();
    let speech = whole(say(&*voice, &text)).await;
    let characters = text.chars().count() as u64;
    let counted = speech.usage.characters;
    ensure((characters * 9 / 10..=characters).contains(&counted), || {
        format!("{characters} characters are counted as {counted}")
    })?;
    let given = speech.samples.len() as u64 * 1000 / u64::from(voice.sample_rate().hertz());
    let told = speech.usage.audio_out_ms;
    ensure(told <= given && told * 10 >= given * 9, || format!("{given} ms of audio are counted as {told}"))?;
    Ok(Verdict::Holds)
}

async fn words_are_the_text(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    let (voice, text) = bench.plain();
    if !voice.capabilities().word_times {
        return Ok(Verdict::NotStaged);
    }
    let speech = whole(say(&*voice, &text)).await;
    let told: String = speech.words.iter().map(|word| word.text.as_str()).collect();
    ensure(told.trim() == text.trim(), || format!("the words together are {told:?}"))?;
    let in_order = speech.words.windows(2).all(|pair| pair[0].start <= pair[1].start);
    let length = voice.sample_rate().duration_of(speech.samples.len() as u64);
    let within = speech.words.iter().all(|word| word.start <= word.end && word.start <= length);
    ensure(in_order && within, || format!("the times are {:?}", speech.words))?;
    Ok(Verdict::Holds)
}

async fn pieces_change_nothing(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    let (voice, text) = bench.plain();
    let at_once = whole(say(&*voice, &text)).await;
    let mut stream = voice.open(TtsOptions::default());
    for letter in text.chars() {
        stream.push(letter.encode_utf8(&mut [0; 4]));
    }
    stream.finish();
    let in_letters = whole(stream).await;
    in_letters.judge_end()?;
    let (one, other) = (at_once.samples.len(), in_letters.samples.len());
    ensure(one.abs_diff(other) * 20 <= one, || {
        format!("the audio has {one} samples, or {other} in letters")
    })?;
    Ok(Verdict::Holds)
}

async fn nothing_to_say(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    for text in ["", "  \n "] {
        let (voice, _) = bench.plain();
        let speech = whole(say(&*voice, text)).await;
        speech.judge_end()?;
        ensure(speech.samples.is_empty(), || format!("{text:?} becomes audio"))?;
    }
    Ok(Verdict::Holds)
}

async fn two_streams(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    let (voice, text) = bench.plain();
    let (one, other) = future::join(whole(say(&*voice, &text)), whole(say(&*voice, &text))).await;
    one.judge_end()?;
    other.judge_end()?;
    let (one, other) = (one.samples.len(), other.samples.len());
    ensure(one > 0 && one.abs_diff(other) * 20 <= one, || {
        format!("the same text has {one} and {other} samples")
    })?;
    Ok(Verdict::Holds)
}

async fn samples_are_whole(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    for chunking in Chunking::ALL {
        let scene = VoiceScene { chunking, ..scene() };
        let Some(voice) = bench.voice(&scene) else { return Ok(Verdict::NotStaged) };
        let speech = whole(say(&*voice, TEXT)).await;
        speech.judge_end()?;
        ensure(speech.samples == scene.samples, || {
            format!("{chunking:?}: {} samples arrive, not those sent", speech.samples.len())
        })?;
    }
    Ok(Verdict::Holds)
}

async fn drop_frees(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    let mut times = Vec::new();
    for _ in 0..MEASURES {
        let (voice, text) = match bench.voice(&VoiceScene { fault: Some(Fault::Stalled), ..scene() }) {
            Some(voice) => (voice, TEXT.to_owned()),
            None => bench.plain(),
        };
        let mut stream = say(&*voice, &text);
        let first = next(&mut *stream).await;
        ensure(matches!(first, Some(Ok(_))), || format!("the first audio is {first:?}"))?;
        opened(|| bench.open_requests()).await?;
        drop(stream);
        times.push(freed(|| bench.open_requests()).await?);
    }
    judge_freed(times)?;
    Ok(Verdict::Holds)
}

async fn silence_invents_nothing(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    for fault in [Fault::NoResponse, Fault::Stalled] {
        let silent = VoiceScene { fault: Some(fault), ..scene() };
        let Some(voice) = bench.voice(&silent) else { return Ok(Verdict::NotStaged) };
        let mut stream = say(&*voice, TEXT);
        let mut given = Whole::default();
        while let Ok(chunk) = tokio::time::timeout(NEVER, next(&mut *stream)).await {
            match chunk {
                Some(Ok(chunk)) => given.take(chunk),
                other => return Err(Broken(format!("{fault:?} gives {other:?}"))),
            }
        }
        let part = silent.samples.starts_with(&given.samples) && given.samples.len() < silent.samples.len();
        ensure(part, || format!("{fault:?} gives {} samples", given.samples.len()))?;
        drop(stream);
        freed(|| bench.open_requests()).await?;
    }
    Ok(Verdict::Holds)
}

async fn slow_is_waited_for(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    let slow = VoiceScene { fault: Some(Fault::SlowFirst), ..scene() };
    let Some(voice) = bench.voice(&slow) else { return Ok(Verdict::NotStaged) };
    let speech = whole(say(&*voice, TEXT)).await;
    speech.judge_end()?;
    ensure(speech.samples == slow.samples, || format!("{} samples arrive", speech.samples.len()))?;
    Ok(Verdict::Holds)
}

async fn faults_are_named(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    // Samples have no form that could be malformed, no end mark but the body's end, and no context.
    let besides = [Fault::Malformed, Fault::NoEndMark, Fault::ContextTooLong];
    for fault in Fault::FATAL.into_iter().filter(|fault| !besides.contains(fault)) {
        let failing = VoiceScene { fault: Some(fault), ..scene() };
        let Some(voice) = bench.voice(&failing) else { return Ok(Verdict::NotStaged) };
        let speech = whole(say(&*voice, TEXT)).await;
        let Some(error) = &speech.error else { return Err(Broken(format!("{fault:?} ends in success"))) };
        ensure(!speech.after_error, || format!("{fault:?}: something comes after the error"))?;
        ensure(failing.samples.starts_with(&speech.samples), || {
            format!("{fault:?}: other samples before it")
        })?;
        let secrets = bench.secrets();
        let mut secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        secrets.push(TEXT);
        fault.judge(error, &secrets)?;
    }
    Ok(Verdict::Holds)
}

async fn slow_reader(bench: &mut dyn VoiceBench) -> Result<Verdict, Broken> {
    let endless = VoiceScene { endless: true, ..scene() };
    let Some(voice) = bench.voice(&endless) else { return Ok(Verdict::NotStaged) };
    let Some(before) = bench.sent() else { return Ok(Verdict::NotStaged) };
    let mut stream = say(&*voice, TEXT);
    let first = next(&mut *stream).await;
    ensure(matches!(first, Some(Ok(_))), || format!("the first audio is {first:?}"))?;
    let sent = settled(|| bench.sent().unwrap_or_default() - before).await?;
    ensure(sent <= BUFFERED, || format!("{sent} bytes were taken while nobody read"))?;
    drop(stream);
    freed(|| bench.open_requests()).await?;
    Ok(Verdict::Holds)
}
