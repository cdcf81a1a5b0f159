//! whisper.cpp: a better ear than `PocketSphinx` for those who name a weights file. It hears whole utterances.
//!
//! Each thread owns a state over the shared weights and hears one utterance at a time; the queue before them is
//! bounded. A dropped request stops the work at the next layer of the network.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use providers_core::{
    BatchRecogniser, BoxFuture, ErrorKind, ProviderError, ProviderInfo, Recognition, SampleRate, SttOptions,
    Transcript, Usage,
};
use tokio::sync::oneshot;
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
    install_logging_hooks,
};

use crate::{PROVIDER, error::LocalError, sys};

/// Frames of the encoder a second.
const FRAMES_A_SECOND: u64 = 50;
/// The encoder's window, and how small it may be made: below it the network repeats itself.
const FRAMES: std::ops::RangeInclusive<u64> = 512..=1500;
/// Words are cut beyond this many tokens a second of speech: nobody speaks so fast.
const TOKENS_A_SECOND: u64 = 8;
/// Tokens of the shortest utterance.
const TOKENS_AT_LEAST: u64 = 16;
/// whisper.cpp hears nothing in less than a second of audio: shorter utterances are filled up with silence.
const SHORTEST: usize = 17_600;

/// How whisper.cpp hears. Defaults live in `config/schema`; recommended values in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhisperConfig {
    /// The weights: a ggml file. `providers/local/tools/whisper_weights.py` makes `ggml-tiny.en.bin`.
    pub weights: PathBuf,
    /// Utterances heard at once, each by a thread of its own. Memory: 78 MB for tiny.en, and 60 to 140 MB each [1].
    pub recognisers: usize,
    /// Utterances that may wait; one more is refused with [`ErrorKind::Overloaded`] [8].
    pub waiting: usize,
}

/// The better offline ear.
pub struct WhisperEar {
    info: ProviderInfo,
    jobs: SyncSender<Job>,
}

/// An utterance to be heard.
struct Job {
    utterance: Vec<i16>,
    language: Option<String>,
    answer: oneshot::Sender<Result<Recognition, ProviderError>>,
}

impl WhisperEar {
    /// Loads the weights (0.1 s for tiny.en) and starts the threads; they end with the ear.
    ///
    /// # Errors
    /// When the weights cannot be read or are none.
    pub fn new(config: &WhisperConfig) -> Result<Self, ProviderError> {
        install_logging_hooks();
        if let Err(source) = std::fs::File::open(&config.weights) {
            let remedy = "name a ggml weights file; `./dev models` makes one".to_owned();
            return Err(LocalError::ModelMissing { path: config.weights.clone(), remedy, source }.into());
        }
        let weights = WhisperContext::new_with_params(&config.weights, WhisperContextParameters::default());
        let Ok(weights) = weights else {
            return Err(refused(format!("{}: it is no ggml weights file", config.weights.display())).into());
        };
        let (jobs, queue) = sync_channel(config.waiting);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..config.recognisers.max(1) {
            let Ok(state) = weights.create_state() else {
                return Err(refused("its own weights for lack of memory".to_owned()).into());
            };
            let (queue, english_only) = (Arc::clone(&queue), !weights.is_multilingual());
            let run = move || hear_all(&queue, state, english_only);
            if let Err(source) = thread::Builder::new().name("local-whisper".to_owned()).spawn(run) {
                return Err(LocalError::Thread { purpose: "whisper.cpp", source }.into());
            }
        }
        let model = config.weights.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { info: ProviderInfo { provider: PROVIDER, model }, jobs })
    }
}

impl BatchRecogniser for WhisperEar {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn recognise(
        &self,
        utterance: Vec<i16>,
        options: &SttOptions,
    ) -> BoxFuture<'static, Result<Recognition, ProviderError>> {
        let (answer, answered) = oneshot::channel();
        let language = options.language.clone();
        let sent = self.jobs.try_send(Job { utterance, language, answer });
        Box::pin(async move {
            match sent {
                Ok(()) => answered.await.unwrap_or_else(|_| Err(gone())),
                Err(TrySendError::Full(_)) => {
                    let message = "whisper.cpp is busy and too many utterances wait";
                    Err(ProviderError::new(PROVIDER, ErrorKind::Overloaded, message))
                }
                Err(TrySendError::Disconnected(_)) => Err(gone()),
            }
        })
    }
}

fn hear_all(queue: &Mutex<Receiver<Job>>, mut state: WhisperState, english_only: bool) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { utterance, language, answer }) = next else { return };
        if answer.is_closed() {
            continue;
        }
        let language = language.filter(|_| !english_only);
        let heard = hear(&mut state, &utterance, language.as_deref(), &|| answer.is_closed());
        // Nobody may be waiting any more.
        let _ = answer.send(heard);
    }
}

fn hear(
    state: &mut WhisperState,
    utterance: &[i16],
    language: Option<&str>,
    unwanted: &dyn Fn() -> bool,
) -> Result<Recognition, ProviderError> {
    let length = SampleRate::HEARING.duration_of(utterance.len() as u64);
    let seconds = length.as_secs() + 1;
    let primary = language.and_then(|tag| tag.split('-').next()).map(str::to_ascii_lowercase);
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(1);
    params.set_language(Some(primary.as_deref().unwrap_or("en")));
    params.set_no_context(true);
    params.set_single_segment(true);
    params.set_no_timestamps(true);
    params.set_suppress_nst(true);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    params.set_temperature_inc(0.0);
    params.set_audio_ctx((seconds * FRAMES_A_SECOND).clamp(*FRAMES.start(), *FRAMES.end()) as i32);
    params.set_max_tokens((TOKENS_AT_LEAST + seconds * TOKENS_A_SECOND) as i32);
    let mut audio: Vec<f32> = utterance.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
    audio.resize(audio.len().max(SHORTEST), 0.0);
    if sys::whisper::run(state, params, &audio, unwanted).is_err() {
        let message = "whisper.cpp could not hear an utterance";
        return Err(ProviderError::new(PROVIDER, ErrorKind::Internal, message));
    }
    let text: String = state
        .as_iter()
        .filter_map(|segment| segment.to_str_lossy().map(|text| text.into_owned()).ok())
        .collect();
    let usage = Usage { audio_in_ms: length.as_millis() as u64, ..Usage::default() };
    let language = Some(primary.unwrap_or_else(|| "en".to_owned()));
    let transcript = Transcript { text: spoken(&text), language, ..Transcript::default() };
    Ok(Recognition { transcript, usage })
}

/// What was said, without what the network writes for other sounds: `[BLANK_AUDIO]`, `(laughter)`.
fn spoken(text: &str) -> String {
    let mut depth = 0_usize;
    let mut said = String::new();
    for c in text.chars() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => said.push(c),
            _ => {}
        }
    }
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refused(what: String) -> LocalError {
    LocalError::Refused { library: "whisper.cpp", what }
}

fn gone() -> ProviderError {
    ProviderError::new(PROVIDER, ErrorKind::Internal, "the thread of whisper.cpp has ended")
}

#[cfg(test)]
mod tests {
    use super::spoken;

    #[test]
    fn sounds_that_are_no_words_are_left_out() {
        for (written, said) in [
            (" Hello there. ", "Hello there."),
            ("[BLANK_AUDIO]", ""),
            ("Yes (laughter) I do", "Yes I do"),
            ("unclosed (music", "unclosed"),
            ("stray) bracket", "stray bracket"),
        ] {
            assert_eq!(spoken(written), said);
        }
    }
}
