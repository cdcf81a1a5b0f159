//! The rules of batch recognisers.

use std::{sync::Arc, time::Duration};

use futures_util::future;
use providers_core::{BatchRecogniser, SampleRate, SttOptions};

use crate::{
    Chunking, Fault, Report,
    report::{Broken, Verdict, ensure},
    scene::{MEASURES, NEVER, freed, judge_freed, opened},
};

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecogniserScene {
    /// The texts by the utterance's length in samples.
    pub answers: Vec<(usize, String)>,
    /// How its bytes are cut.
    pub chunking: Chunking,
    /// What goes wrong.
    pub fault: Option<Fault>,
}

/// A recogniser on the bench.
pub trait RecogniserBench {
    /// A recogniser whose every answer is `scene`; `None` when that cannot be staged.
    fn recogniser(&mut self, scene: &RecogniserScene) -> Option<Arc<dyn BatchRecogniser>>;

    /// Requests that the server has read and neither answered wholly nor lost.
    fn open_requests(&self) -> u64;

    /// The key, and whatever else must not be shown.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

const TEXT: &str = "Grüß dich, \"世界\" 👩‍👩‍👧";
const KEYTERM: &str = "confidential name";

/// Runs every rule of batch recognisers.
pub async fn check_recogniser(bench: &mut dyn RecogniserBench) -> Report {
    let mut report = Report::default();
    report
        .run("no text is lost or repeated at any chunking, and usage is the audio's", text_is_whole(bench))
        .await;
    report.run("two utterances at once do not mix", utterances_do_not_mix(bench)).await;
    report.run("a dropped recognition frees its request within 50 ms", drop_frees(bench)).await;
    report.run("a slow answer is waited for", slow_is_waited_for(bench)).await;
    report.run("each fault has its name and shows no secret", faults_are_named(bench)).await;
    report
}

fn scene(answers: &[(usize, &str)]) -> RecogniserScene {
    let answers = answers.iter().map(|(length, text)| (*length, (*text).to_owned())).collect();
    RecogniserScene { answers, chunking: Chunking::Events, fault: None }
}

fn options() -> SttOptions {
    SttOptions { language: Some("en-GB".to_owned()), keyterms: vec![KEYTERM.to_owned()] }
}

/// Something that is not silence.
fn utterance(length: usize) -> Vec<i16> {
    (0..length).map(|n| ((n % 200) as i16 - 100) * 80).collect()
}

async fn text_is_whole(bench: &mut dyn RecogniserBench) -> Result<Verdict, Broken> {
    for chunking in Chunking::ALL {
        let scene = RecogniserScene { chunking, ..scene(&[(16_000, TEXT)]) };
        let Some(recogniser) = bench.recogniser(&scene) else { return Ok(Verdict::NotStaged) };
        let heard = recogniser.recognise(utterance(16_000), &options()).await;
        let heard = heard.map_err(|error| Broken(format!("{chunking:?}: fails: {error}")))?;
        ensure(heard.transcript.text == TEXT, || format!("{chunking:?}: heard {:?}", heard.transcript.text))?;
        ensure(heard.usage.audio_in_ms == 1000, || format!("{chunking:?}: the usage is {:?}", heard.usage))?;
        let length = SampleRate::HEARING.duration_of(16_000);
        let in_order = heard.transcript.words.windows(2).all(|pair| pair[0].start <= pair[1].start);
        let within = heard.transcript.words.iter().all(|word| word.start <= word.end && word.end <= length);
        ensure(in_order && within, || format!("{chunking:?}: the words are {:?}", heard.transcript.words))?;
    }
    Ok(Verdict::Holds)
}

async fn utterances_do_not_mix(bench: &mut dyn RecogniserBench) -> Result<Verdict, Broken> {
    let scene = scene(&[(16_000, "first"), (24_000, "second")]);
    let Some(recogniser) = bench.recogniser(&scene) else { return Ok(Verdict::NotStaged) };
    let (first, second) = future::join(
        recogniser.recognise(utterance(16_000), &options()),
        recogniser.recognise(utterance(24_000), &options()),
    )
    .await;
    let texts = [first, second].map(|heard| heard.map(|heard| heard.transcript.text).ok());
    ensure(texts == [Some("first".to_owned()), Some("second".to_owned())], || format!("heard {texts:?}"))?;
    Ok(Verdict::Holds)
}

async fn drop_frees(bench: &mut dyn RecogniserBench) -> Result<Verdict, Broken> {
    let silent = RecogniserScene { fault: Some(Fault::NoResponse), ..scene(&[(16_000, TEXT)]) };
    let mut times = Vec::new();
    for _ in 0..MEASURES {
        let Some(recogniser) = bench.recogniser(&silent) else { return Ok(Verdict::NotStaged) };
        let mut recognition = recogniser.recognise(utterance(16_000), &options());
        tokio::select! {
            heard = &mut recognition => return Err(Broken(format!("silence gives {heard:?}"))),
            seen = opened(|| bench.open_requests()) => seen?,
        }
        let invented = tokio::time::timeout(NEVER, &mut recognition).await;
        ensure(invented.is_err(), || "an answer that does not come is invented".to_owned())?;
        drop(recognition);
        times.push(freed(|| bench.open_requests()).await?);
    }
    judge_freed(times)?;
    Ok(Verdict::Holds)
}

async fn slow_is_waited_for(bench: &mut dyn RecogniserBench) -> Result<Verdict, Broken> {
    let slow = RecogniserScene { fault: Some(Fault::SlowFirst), ..scene(&[(16_000, TEXT)]) };
    let Some(recogniser) = bench.recogniser(&slow) else { return Ok(Verdict::NotStaged) };
    let began = tokio::time::Instant::now();
    let heard = recogniser.recognise(utterance(16_000), &options()).await;
    let heard = heard.map_err(|error| Broken(format!("fails: {error}")))?;
    ensure(heard.transcript.text == TEXT, || format!("heard {:?}", heard.transcript.text))?;
    ensure(began.elapsed() >= Duration::from_millis(70), || "the scene was not slow".to_owned())?;
    Ok(Verdict::Holds)
}

async fn faults_are_named(bench: &mut dyn RecogniserBench) -> Result<Verdict, Broken> {
    // A whole answer in one body has no end mark of its own, and no context.
    let besides = [Fault::NoEndMark, Fault::ContextTooLong];
    for fault in Fault::FATAL.into_iter().filter(|fault| !besides.contains(fault)) {
        let failing = RecogniserScene { fault: Some(fault), ..scene(&[(16_000, TEXT)]) };
        let Some(recogniser) = bench.recogniser(&failing) else { return Ok(Verdict::NotStaged) };
        let heard = recogniser.recognise(utterance(16_000), &options()).await;
        let Err(error) = heard else { return Err(Broken(format!("{fault:?} ends in success"))) };
        let secrets = bench.secrets();
        let mut secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        secrets.extend([TEXT, KEYTERM]);
        fault.judge(&error, &secrets)?;
    }
    Ok(Verdict::Holds)
}
