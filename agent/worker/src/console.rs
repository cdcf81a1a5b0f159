//! A call without a server: from a WAV file into a WAV file, or through microphone and speaker.

#[cfg(feature = "devices")]
mod devices;
mod files;

use std::{path::PathBuf, sync::Arc};

use agent_conversation::{
    CallReport, Conversation, ConversationConfig, Device, Parts, SoundBody, Speaker, Written,
};
use config_schema::Config;

use crate::{
    call::parts,
    cast::Cast,
    journals::{JournalsError, journals},
    metrics::Metrics,
    observing::CallObserver,
    protocol::{Job, JobId},
    providers::BuildError,
    wav::WavError,
    wiring,
};

/// Through what the user is heard and hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// A WAV file is heard, at the pace of speech, and what is said is written into another.
    Files {
        /// What the user says.
        input: PathBuf,
        /// What the user hears.
        output: PathBuf,
    },
    /// Microphone and speaker.
    Devices,
}

/// Why a call without a server cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// A file is no sound.
    #[error(transparent)]
    Read(#[from] WavError),
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: hound::Error,
    },
    /// There is no microphone, no speaker, or no access to them.
    #[error("{0}; give files: --in FILE.wav --out FILE.wav")]
    Devices(String),
    /// Its journal cannot be kept.
    #[error(transparent)]
    Journals(#[from] JournalsError),
    /// A provider cannot be had.
    #[error("a provider cannot be had: {0}")]
    Providers(#[from] BuildError),
}

/// Holds one conversation of the agents that `build` makes; `show` is given each line that was said. Ends when the input
/// has ended and the agent is silent; dropping it ends it at once.
pub async fn console(
    config: &Arc<Config>,
    build: impl FnOnce(&Arc<Config>) -> Result<Cast, BuildError> + Send + 'static,
    sound: Sound,
    show: impl FnMut(Speaker, &str) + 'static,
) -> Result<CallReport, ConsoleError> {
    let mut show = show;
    match sound {
        Sound::Files { input, output } => {
            let files = files::Files::open(&input, &output)?;
            let (device, written) = files.into_device(Box::new(move |who, text| show(who, text)));
            let report = converse(config, build, device).await?;
            written.finish().map_err(|source| ConsoleError::Write { path: output, source })?;
            Ok(report)
        }
        #[cfg(feature = "devices")]
        Sound::Devices => {
            converse(config, build, devices::Devices::open(Box::new(move |who, text| show(who, text)))?).await
        }
        #[cfg(not(feature = "devices"))]
        Sound::Devices => {
            drop(show);
            Err(ConsoleError::Devices(
                "this program was built without microphone and speaker (feature `devices`)".into(),
            ))
        }
    }
}

async fn converse(
    config: &Arc<Config>,
    build: impl FnOnce(&Arc<Config>) -> Result<Cast, BuildError> + Send + 'static,
    device: impl Device,
) -> Result<CallReport, ConsoleError> {
    let to_build = config.clone();
    let built = tokio::task::spawn_blocking(move || build(&to_build)).await;
    let cast = match built {
        Ok(cast) => cast?,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    };
    cast.prewarm();
    // Nobody has spoken for so long, and nothing that was said can still bring words or an answer.
    let patience = config.turn.endpointing_max_delay + config.turn.transcript_timeout;
    let body = SoundBody::new(device, wiring::detector(config), wiring::playout(config), patience);
    // A server that is asked to do something once must not take a later console for this one.
    let id = format!("console-{:016x}", fastrand::u64(..));
    let job =
        Job::by_hand(JobId::new(&id).expect("a word is not empty"), "", config.worker.agent_name.clone());
    let metrics = Arc::new(Metrics::new());
    let journals = journals(config, &metrics)?;
    let parts = Parts {
        journal: journals.as_ref().map(|journals| journals.of(&id)),
        ..parts(&cast, &job, None, Box::new(CallObserver::new(job.id.clone(), metrics)))
    };
    let speaks = config.audio.output;
    let config = ConversationConfig { id: id.into(), ..cast.entry().conversation.clone() };
    Ok(if speaks {
        Box::pin(Conversation::new(config, parts, body).run()).await
    } else {
        Box::pin(Conversation::new(config, parts, Written::new(body)).run()).await
    })
}
