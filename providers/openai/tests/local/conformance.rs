//! The mind, the ear and the voice keep every rule of the suite, against a server on loopback.

use std::sync::Arc;

use providers_conformance::{
    MindBench, MindScene, RecogniserBench, RecogniserScene, VoiceBench, VoiceScene, check_mind,
    check_recogniser, check_voice,
};
use providers_core::{BatchRecogniser, LanguageModel, SampleRate, TextToSpeech};
use providers_openai::{EarConfig, MindConfig, OpenAi, TokenLimit, VoiceConfig};

use crate::server::{KEY, Scene, Server, account};

#[tokio::test]
async fn the_mind_keeps_every_rule_of_minds() {
    let report = check_mind(&mut Bench::new().await).await;
    assert!(report.is_clean() && report.not_staged.is_empty(), "{report}");
}

#[tokio::test]
async fn the_ear_keeps_every_rule_of_recognisers() {
    let report = check_recogniser(&mut Bench::new().await).await;
    assert!(report.is_clean() && report.not_staged.is_empty(), "{report}");
}

#[tokio::test]
async fn the_voice_keeps_every_rule_of_voices() {
    let report = check_voice(&mut Bench::new().await).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.not_staged, ["all words together are the text, at times in order"]);
}

struct Bench {
    server: Server,
    account: OpenAi,
}

impl Bench {
    async fn new() -> Self {
        let server = Server::start(Scene::Raw("")).await;
        let account = OpenAi::new(account(&server.base_url(), KEY)).unwrap();
        Self { server, account }
    }

    fn model(&self) -> Arc<dyn LanguageModel> {
        Arc::new(self.account.mind(MindConfig {
            model: "gpt-4o-mini".to_owned(),
            usage: true,
            token_limit: TokenLimit::MaxCompletionTokens,
            temperature: None,
            max_output_tokens: None,
            reasoning_effort: None,
        }))
    }

    fn speaker(&self) -> Arc<dyn TextToSpeech> {
        Arc::new(self.account.voice(VoiceConfig {
            model: "gpt-4o-mini-tts".to_owned(),
            voice: "alloy".to_owned(),
            speed: None,
            instructions: None,
            sample_rate: SampleRate::VOICE,
        }))
    }

    fn shown_never(&self) -> Vec<String> {
        vec![KEY.to_owned(), KEY[..8].to_owned(), KEY[KEY.len() - 8..].to_owned()]
    }
}

impl MindBench for Bench {
    fn mind(&mut self, scene: &MindScene) -> Option<Arc<dyn LanguageModel>> {
        self.server.stage(Scene::Mind(scene.clone()));
        Some(self.model())
    }

    fn plain(&mut self) -> (Arc<dyn LanguageModel>, String) {
        let question = "How are you?".to_owned();
        self.server.stage(Scene::Mind(MindScene {
            answers: vec![(question.clone(), "Fine, thank you.".to_owned())],
            calls: Vec::new(),
            usage: providers_core::Usage::default(),
            chunking: providers_conformance::Chunking::Events,
            fault: None,
            endless: false,
        }));
        (self.model(), question)
    }

    fn open_requests(&self) -> u64 {
        self.server.open()
    }

    fn sent(&self) -> Option<u64> {
        Some(self.server.sent())
    }

    fn secrets(&self) -> Vec<String> {
        self.shown_never()
    }
}

impl RecogniserBench for Bench {
    fn recogniser(&mut self, scene: &RecogniserScene) -> Option<Arc<dyn BatchRecogniser>> {
        self.server.stage(Scene::Recogniser(scene.clone()));
        let config =
            EarConfig { model: "gpt-4o-transcribe".to_owned(), word_times: false, temperature: None };
        Some(Arc::new(self.account.ear(config)))
    }

    fn open_requests(&self) -> u64 {
        self.server.open()
    }

    fn secrets(&self) -> Vec<String> {
        self.shown_never()
    }
}

impl VoiceBench for Bench {
    fn voice(&mut self, scene: &VoiceScene) -> Option<Arc<dyn TextToSpeech>> {
        self.server.stage(Scene::Voice(scene.clone()));
        Some(self.speaker())
    }

    fn plain(&mut self) -> (Arc<dyn TextToSpeech>, String) {
        self.server.stage(Scene::Voice(VoiceScene {
            samples: (0..24_000).map(|n| (n % 251 * 97) as i16).collect(),
            chunking: providers_conformance::Chunking::Events,
            fault: None,
            endless: false,
        }));
        (self.speaker(), "Good morning, what can I do for you?".to_owned())
    }

    fn open_requests(&self) -> u64 {
        self.server.open()
    }

    fn sent(&self) -> Option<u64> {
        Some(self.server.sent())
    }

    fn secrets(&self) -> Vec<String> {
        self.shown_never()
    }
}
