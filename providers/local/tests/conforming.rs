//! The suite that every provider passes, as far as it can be staged without a vendor's server.

use std::{sync::Arc, time::Duration};

use providers_conformance::{
    EarBench, Fault, MindBench, MindScene, Spoken, VoiceBench, VoiceScene, check_ear, check_mind, check_voice,
};
use providers_core::{LanguageModel, SpeechToText, TextToSpeech};
use providers_local::{
    EarConfig, EarMode, Intents, LocalEar, LocalMind, LocalVoice, MindConfig, VoiceConfig, WallClock,
};
use speech::say;

#[expect(dead_code, reason = "the other tests use the rest of it")]
mod speech;

#[tokio::test]
async fn the_ear_keeps_the_rules() {
    let mut speech = Vec::new();
    for text in ["turn on the kitchen light", "my name is alice"] {
        speech.push(Spoken { samples: say(text).await, text: text.to_owned() });
    }
    let config = EarConfig {
        mode: EarMode::Grammar,
        model: EarConfig::DEBIAN_MODEL.into(),
        decoders: 4,
        waiting: 8,
        tape: Duration::from_secs(20),
        interim_every: Duration::from_millis(200),
        stable_after: 2,
        margin: EarConfig::MARGIN,
    };
    let ear = Arc::new(LocalEar::new(config, &Intents::embedded()).expect("installed by ./dev"));
    ear.prewarm();
    let report = check_ear(&mut Bench { ear: Some(ear), speech, voice: None }).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.not_staged, ["each fault has its name and shows no secret"]);
}

#[tokio::test]
async fn the_mind_keeps_the_rules() {
    let report = check_mind(&mut Bench { ear: None, speech: Vec::new(), voice: None }).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn the_voice_keeps_the_rules() {
    let report = check_voice(&mut Bench { ear: None, speech: Vec::new(), voice: None }).await;
    assert!(report.is_clean(), "{report}");
}

struct Bench {
    ear: Option<Arc<LocalEar>>,
    speech: Vec<Spoken>,
    voice: Option<Arc<LocalVoice>>,
}

impl EarBench for Bench {
    fn ear(&mut self, _spoken: &[Spoken]) -> Option<Arc<dyn SpeechToText>> {
        self.ear.clone().map(|ear| ear as Arc<dyn SpeechToText>)
    }

    fn speech(&mut self) -> Vec<Spoken> {
        self.speech.clone()
    }

    fn failing(&mut self, _fault: Fault) -> Option<Arc<dyn SpeechToText>> {
        None
    }

    fn open_streams(&self) -> u64 {
        self.ear.as_ref().map_or(0, |ear| ear.busy() as u64)
    }
}

impl MindBench for Bench {
    fn mind(&mut self, _scene: &MindScene) -> Option<Arc<dyn LanguageModel>> {
        None
    }

    fn plain(&mut self) -> (Arc<dyn LanguageModel>, String) {
        let config = MindConfig { intents: Arc::new(Intents::embedded()), clock: WallClock::machine() };
        (Arc::new(LocalMind::new(config)), "what time is it".to_owned())
    }

    fn open_requests(&self) -> u64 {
        0
    }
}

impl VoiceBench for Bench {
    fn voice(&mut self, _scene: &VoiceScene) -> Option<Arc<dyn TextToSpeech>> {
        None
    }

    fn plain(&mut self) -> (Arc<dyn TextToSpeech>, String) {
        let config = VoiceConfig { voice: "slt".to_owned(), speed: 1.0, ahead: Duration::from_secs(4) };
        let voice = Arc::new(LocalVoice::new(config).expect("installed by ./dev"));
        self.voice = Some(Arc::clone(&voice));
        (voice, "It is ten minutes past three in the afternoon.".to_owned())
    }

    fn open_requests(&self) -> u64 {
        self.voice.as_ref().map_or(0, |voice| voice.busy() as u64)
    }
}
