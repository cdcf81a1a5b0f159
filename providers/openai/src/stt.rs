//! Transcription of whole utterances.

use providers_core::{
    BatchRecogniser, BoxFuture, ProviderError, ProviderInfo, Recognition, SampleRate, SttOptions,
};
use providers_http::{Endpoint, broken, read_body};
use reqwest::multipart::{Form, Part};

use crate::{
    account::PROVIDER,
    error::not_the_json,
    wire::{TranscriptionAnswer, wav},
};

/// The API refuses audio shorter than 0.1 s; shorter utterances are lengthened with silence.
const SHORTEST: usize = 1_600;

/// Bytes that an answer may have.
const ANSWER: usize = 1024 * 1024;

/// Which model hears.
#[derive(Clone, Debug, PartialEq)]
pub struct EarConfig {
    /// The model as the server spells it.
    pub model: String,
    /// Ask for the times of words. Only Whisper models give them.
    pub word_times: bool,
    /// 0 to 1; `None` leaves it to the server.
    pub temperature: Option<f32>,
}

/// An ear behind `audio/transcriptions`.
#[derive(Clone, Debug)]
pub struct OpenAiEar {
    endpoint: Endpoint,
    config: EarConfig,
    info: ProviderInfo,
}

impl OpenAiEar {
    pub(crate) fn new(endpoint: Endpoint, config: EarConfig) -> Self {
        let info = ProviderInfo { provider: PROVIDER, model: config.model.clone() };
        Self { endpoint, config, info }
    }

    fn form(&self, mut utterance: Vec<i16>, options: &SttOptions) -> Form {
        if utterance.len() < SHORTEST {
            utterance.resize(SHORTEST, 0);
        }
        let file = Part::bytes(wav(SampleRate::HEARING, &utterance)).file_name("utterance.wav");
        let mut form = Form::new().part("file", file).text("model", self.config.model.clone());
        // The API wants the language alone, without region or script.
        if let Some(language) = options.language.as_deref().and_then(|tag| tag.split('-').next()) {
            form = form.text("language", language.to_owned());
        }
        if !options.keyterms.is_empty() {
            form = form.text("prompt", options.keyterms.join(", "));
        }
        if let Some(temperature) = self.config.temperature {
            form = form.text("temperature", temperature.to_string());
        }
        if self.config.word_times {
            return form.text("response_format", "verbose_json").text("timestamp_granularities[]", "word");
        }
        form.text("response_format", "json")
    }
}

impl BatchRecogniser for OpenAiEar {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn word_times(&self) -> bool {
        self.config.word_times
    }

    fn recognise(
        &self,
        utterance: Vec<i16>,
        options: &SttOptions,
    ) -> BoxFuture<'static, Result<Recognition, ProviderError>> {
        let heard = SampleRate::HEARING.duration_of(utterance.len() as u64);
        let endpoint = self.endpoint.clone();
        let post = endpoint.post("audio/transcriptions").multipart(self.form(utterance, options));
        Box::pin(async move {
            let body = read_body(PROVIDER, endpoint.send(post).await?, ANSWER).await?;
            let answer: TranscriptionAnswer = serde_json::from_slice(&body)
                .map_err(|error| not_the_json("the transcription is malformed", &error))?;
            let (transcript, mut usage) = answer.into_parts();
            usage.audio_in_ms =
                u64::try_from(heard.as_millis()).map_err(|_| broken(PROVIDER, "the utterance is endless"))?;
            Ok(Recognition { transcript, usage })
        })
    }

    fn prewarm(&self) {
        self.endpoint.prewarm();
    }
}
