//! The rules of ears.

use std::{future::poll_fn, sync::Arc, time::Duration};

use futures_util::future;
use providers_core::{ProviderError, SampleRate, SpeechToText, SttEvent, SttOptions, SttStream, VoiceEdge};

use crate::{
    Fault, Report,
    report::{Broken, Verdict, ensure},
    scene::{MEASURES, NEVER, freed, judge_freed, opened},
};

/// Speech and what is said in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// 16 kHz mono, the speech alone.
    pub samples: Vec<i16>,
    /// The words.
    pub text: String,
}

/// An ear on the bench.
pub trait EarBench {
    /// An ear that hears `spoken`, in this order, in each of its streams; `None` when that cannot be staged.
    fn ear(&mut self, spoken: &[Spoken]) -> Option<Arc<dyn SpeechToText>>;

    /// At least two utterances that its ears understand.
    fn speech(&mut self) -> Vec<Spoken>;

    /// An ear whose streams fail so after the first utterance; `None` when that cannot be staged.
    fn failing(&mut self, fault: Fault) -> Option<Arc<dyn SpeechToText>>;

    /// Streams, or requests at a server, that are open.
    fn open_streams(&self) -> u64;

    /// The key, and whatever else must not be shown.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Silence around each utterance.
const PAUSE: Duration = Duration::from_millis(600);

/// Runs every rule of ears.
pub async fn check_ear(bench: &mut dyn EarBench) -> Report {
    let mut report = Report::default();
    report
        .run("each utterance has its words, interims before finals, then the end", words_arrive(bench))
        .await;
    report.run("the size of frames changes nothing", frames_change_nothing(bench)).await;
    report.run("two streams at once do not mix", streams_do_not_mix(bench)).await;
    report.run("audio is counted once", usage_is_counted_once(bench)).await;
    report.run("silence has no words, and a finish without audio ends", silence_has_no_words(bench)).await;
    report.run("a flush brings the words without an end of voice", flush_brings_words(bench)).await;
    report.run("a dropped stream frees what it held within 50 ms", drop_frees(bench)).await;
    report.run("each fault has its name and shows no secret", faults_are_named(bench)).await;
    report
}

/// All that a stream reports.
#[derive(Debug, Default)]
struct Whole {
    finals: Vec<String>,
    /// An interim or preflight came with no final after it.
    open_interim: bool,
    audio_in_ms: u64,
    error: Option<ProviderError>,
}

impl Whole {
    fn take(&mut self, event: SttEvent) {
        match event {
            SttEvent::Interim(_) | SttEvent::Preflight(_) => self.open_interim = true,
            SttEvent::Final(transcript) => {
                self.open_interim = false;
                if !transcript.text.trim().is_empty() {
                    self.finals.push(normal(&transcript.text));
                }
            }
            SttEvent::Usage(usage) => self.audio_in_ms += usage.audio_in_ms,
            SttEvent::SpeechStarted | SttEvent::SpeechEnded => {}
        }
    }

    fn judge(&self, spoken: &[Spoken]) -> Result<(), Broken> {
        if let Some(error) = &self.error {
            return Err(Broken(format!("hearing without a fault fails: {error}")));
        }
        let said: Vec<String> = spoken.iter().map(|spoken| normal(&spoken.text)).collect();
        ensure(self.finals.join(" ") == said.join(" "), || {
            format!("{said:?} is heard as {:?}", self.finals)
        })?;
        ensure(!self.open_interim, || "an interim is followed by no final".to_owned())
    }
}

/// Words alone, in small letters.
fn normal(text: &str) -> String {
    let letters: String =
        text.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace() || *c == '\'').collect();
    letters.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn next(stream: &mut dyn SttStream) -> Option<Result<SttEvent, ProviderError>> {
    poll_fn(|cx| stream.poll_event(cx)).await
}

/// Takes what is there without waiting.
async fn drain(stream: &mut dyn SttStream, whole: &mut Whole) {
    while let Ok(Some(event)) = tokio::time::timeout(Duration::ZERO, next(stream)).await {
        match event {
            Ok(event) => whole.take(event),
            Err(error) => whole.error = Some(error),
        }
    }
}

/// Pushes samples as a call does: frame by frame, as fast as the clock.
async fn push(stream: &mut dyn SttStream, samples: &[i16], frame: usize, whole: &mut Whole) {
    for frame in samples.chunks(frame) {
        stream.push(frame);
        tokio::time::sleep(SampleRate::HEARING.duration_of(frame.len() as u64)).await;
        drain(stream, whole).await;
    }
}

fn silence(length: Duration) -> Vec<i16> {
    vec![0; SampleRate::HEARING.samples_in(length) as usize]
}

/// Speaks one utterance with a pause around it and the edges that a detector would tell.
async fn speak(stream: &mut dyn SttStream, spoken: &Spoken, frame: usize, whole: &mut Whole) {
    let lead = Duration::from_millis(60);
    let told = SampleRate::HEARING.samples_in(lead) as usize;
    push(stream, &silence(PAUSE), frame, whole).await;
    let (first, rest) = spoken.samples.split_at(told.min(spoken.samples.len()));
    push(stream, first, frame, whole).await;
    stream.voice(VoiceEdge::Started { lead });
    push(stream, rest, frame, whole).await;
    push(stream, &silence(PAUSE), frame, whole).await;
    stream.voice(VoiceEdge::Stopped { silence: PAUSE });
}

async fn hear(ear: &dyn SpeechToText, spoken: &[Spoken], frame: usize) -> Whole {
    let mut stream = ear.open(SttOptions { language: Some("en".to_owned()), keyterms: Vec::new() });
    let mut whole = Whole::default();
    for spoken in spoken {
        speak(&mut *stream, spoken, frame, &mut whole).await;
    }
    stream.finish();
    while let Some(event) = next(&mut *stream).await {
        match event {
            Ok(event) => whole.take(event),
            Err(error) => whole.error = Some(error),
        }
    }
    whole
}

async fn words_arrive(bench: &mut dyn EarBench) -> Result<Verdict, Broken> {
    let spoken = bench.speech();
    let Some(ear) = bench.ear(&spoken) else { return Ok(Verdict::NotStaged) };
    hear(&*ear, &spoken, 320).await.judge(&spoken)?;
    Ok(Verdict::Holds)
}

async fn frames_change_nothing(bench: &mut dyn EarBench) -> Result<Verdict, Broken> {
    let spoken = bench.speech();
    for frame in [160, 960] {
        let Some(ear) = bench.ear(&spoken) else { return Ok(Verdict::NotStaged) };
        hear(&*ear, &spoken, frame).await.judge(&spoken)?;
    }
    Ok(Verdict::Holds)
}

async fn streams_do_not_mix(bench: &mut dyn EarBench) -> Result<Verdict, Broken> {
    let spoken = bench.speech();
    let (one, other) = (&spoken[..1], &spoken[1..2]);
    let (Some(first), Some(second)) = (bench.ear(one), bench.ear(other)) else {
        return Ok(Verdict::NotStaged);
    };
    let (first, second) = future::join(hear(&*first, one, 320), hear(&*second, other, 320)).await;
    first.judge(one)?;
    second.judge(other)?;
    Ok(Verdict::Holds)
}

async fn usage_is_counted_once(bench: &mut dyn EarBench) -> Result<Verdict, Broken> {
    let spoken = bench.speech();
    let Some(ear) = bench.ear(&spoken) else { return Ok(Verdict::NotStaged) };
    let heard = hear(&*ear, &spoken, 320).await;
    let speech: Duration =
        spoken.iter().map(|spoken| SampleRate::HEARING.duration_of(spoken.samples.len() as u64)).sum();
    let pushed = (speech + PAUSE * 2 * u32::try_from(spoken.len()).unwrap_or(u32::MAX)).as_millis();
    let counted = u128::from(heard.audio_in_ms);
    let right = counted <= pushed + 1 && counted * 10 >= speech.as_millis() * 9;
    ensure(right, || format!("{} ms of speech in {pushed} ms are counted as {counted}", speech.as_millis()))?;
    Ok(Verdict::Holds)
}

async fn silence_has_no_words(bench: &mut dyn EarBench) -> Result<Verdict, Broken> {
    let spoken = bench.speech();
    let Some(ear) = bench.ear(&spoken) else { return Ok(Verdict::NotStaged) };
    hear(&*ear, &[], 320).await.judge(&[])?;
    let mut stream = ear.open(SttOptions::default());
    let mut whole = Whole::default();
    push(&mut *stream, &silence(PAUSE), 320, &mut whole).await;
    stream.finish();
    while let Some(event) = next(&mut *stream).await {
        match event {
            Ok(event) => whole.take(event),
            Err(error) => whole.error = Some(error),
        }
    }
    whole.judge(&[])?;
    Ok(Verdict::Holds)
}

async fn flush_brings_words(bench: &mut dyn EarBench) -> Result<Verdict, Broken> {
    let spoken = bench.speech();
    let spoken = &spoken[..1];
    let Some(ear) = bench.ear(spoken) else { return Ok(Verdict::NotStaged) };
    if !ear.capabilities().flush {
        return Ok(Verdict::NotStaged);
    }
    let mut stream = ear.open(SttOptions::default());
    let mut whole = Whole::default();
    stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
    push(&mut *stream, &spoken[0].samples, 320, &mut whole).await;
    push(&mut *stream, &silence(PAUSE / 2), 320, &mut whole).await;
    stream.flush();
    while whole.finals.is_empty() && whole.error.is_none() {
        match next(&mut *stream).await {
            Some(Ok(event)) => whole.take(event),
            Some(Err(error)) => whole.error = Some(error),
            None => return Err(Broken("the stream ends after a flush".to_owned())),
        }
    }
    whole.judge(spoken)?;
    Ok(Verdict::Holds)
}

async fn drop_frees(bench: &mut dyn EarBench) -> Result<Verdict, Broken> {
    let spoken = bench.speech();
    let mut times = Vec::new();
    for _ in 0..MEASURES {
        let Some(ear) = bench.ear(&spoken) else { return Ok(Verdict::NotStaged) };
        let mut stream = ear.open(SttOptions::default());
        let mut whole = Whole::default();
        stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
        push(&mut *stream, &silence(NEVER), 320, &mut whole).await;
        opened(|| bench.open_streams()).await?;
        drop(stream);
        times.push(freed(|| bench.open_streams()).await?);
    }
    judge_freed(times)?;
    Ok(Verdict::Holds)
}

async fn faults_are_named(bench: &mut dyn EarBench) -> Result<Verdict, Broken> {
    let spoken = bench.speech();
    let besides = [Fault::NoEndMark, Fault::ContextTooLong, Fault::ContentFilter];
    for fault in Fault::FATAL.into_iter().filter(|fault| !besides.contains(fault)) {
        let Some(ear) = bench.failing(fault) else { return Ok(Verdict::NotStaged) };
        let heard = hear(&*ear, &spoken[..1], 320).await;
        let Some(error) = &heard.error else { return Err(Broken(format!("{fault:?} ends in success"))) };
        let secrets = bench.secrets();
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        fault.judge(error, &secrets)?;
    }
    Ok(Verdict::Holds)
}
