//! Who plays a scenario: the fakes' ear, mind and voice, as its file scripts them.

use std::{sync::Arc, time::Duration};

use providers_core::{SampleRate, ToolCall};
use providers_fake::{Answer, FakeEar, FakeMind, FakeVoice, Sound, Speech, Utterance, When};

use crate::{body::Cue, cues, scenario::Script, session::Detection};

/// The rate of the voice: what it gives is counted, not heard.
const RATE: u32 = 8_000;

/// Who plays a scenario.
pub(crate) struct Cast {
    /// Hears what the script says.
    pub(crate) ear: Arc<FakeEar>,
    /// Answers as the script says.
    pub(crate) mind: Arc<FakeMind>,
    /// Speaks as long as the script says.
    pub(crate) voice: Arc<FakeVoice>,
}

impl Cast {
    /// The cast of a script.
    #[must_use]
    pub(crate) fn of(script: &Script) -> Self {
        let rate = SampleRate::new(RATE).unwrap_or(SampleRate::HEARING);
        let utterances = utterances(script);
        let ear = match script.session.detection() {
            Detection::Stt => FakeEar::scripted_with_endpoints(&utterances, script.stt.endpoints()),
            Detection::Vad | Detection::Manual | Detection::Model => FakeEar::scripted(&utterances),
        };
        let mind = FakeMind::new(answers(script));
        let voice = FakeVoice::new(rate, Sound::Silence, speeches(script));
        Self { ear: Arc::new(ear), mind: Arc::new(mind), voice: Arc::new(voice) }
    }

    /// How many streams of providers are open.
    #[must_use]
    pub(crate) fn open_streams(&self) -> u64 {
        self.ear.open_now() + self.mind.open_now() + self.voice.open_now()
    }
}

/// What the user does, as a body reports it.
#[must_use]
pub(crate) fn cues(script: &Script) -> Vec<(Duration, Cue)> {
    let mut stretches: Vec<(Duration, Duration)> =
        script.user.iter().map(|said| (said.get_ref().start.0, said.get_ref().end.0)).collect();
    stretches.sort_unstable();
    let mut all = vec![(Duration::ZERO, Cue::Joined)];
    all.extend(cues::voice(stretches));
    all
}

fn utterances(script: &Script) -> Vec<Utterance> {
    let utterance = |said: &crate::scenario::Utterance| Utterance {
        start: said.start.0,
        end: said.end.0,
        text: said.text.clone(),
        delay: said.stt_delay.0,
        is_final: said.is_final,
    };
    script.user.iter().map(|said| utterance(said.get_ref())).collect()
}

fn answers(script: &Script) -> Vec<Answer> {
    let mut n_calls = 0;
    let mut answer = |answer: &crate::scenario::Answer| Answer {
        when: When::parse(&answer.when),
        text: answer.text.clone(),
        calls: answer
            .calls
            .iter()
            .map(|call| {
                n_calls += 1;
                let (name, arguments) = (call.name.clone(), call.arguments.clone());
                ToolCall { id: format!("call_{n_calls}"), name, arguments }
            })
            .collect(),
        ttft: answer.ttft.0,
        duration: answer.duration.0,
    };
    script.llm.iter().map(&mut answer).collect()
}

fn speeches(script: &Script) -> Vec<Speech> {
    let speech = |speech: &crate::scenario::Speech| Speech {
        when: When::parse(&speech.when),
        length: speech.seconds.0,
        ttfb: speech.ttfb.0,
        duration: speech.duration.0,
    };
    script.tts.iter().map(speech).collect()
}
