//! Who plays a scenario: the fakes' ear, mind and voice, as its file scripts them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use agent_conversation::{LiveModel, LiveTurns, Person, SpeakerId, Standing};
use providers_core::{SampleRate, ToolCall};
use providers_fake::{Answer, FakeEar, FakeMind, FakeRealtime, FakeVoice, Sound, Speech, Utterance, When};

use crate::{
    body::{Cue, Deed},
    cues,
    scenario::{self, Script, Speaker},
    session::Detection,
};

mod live;

/// What the mind calls the user where others are there, too.
const USER: &str = "user";
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
    /// Is all three, if the script has one.
    model: Option<(Arc<FakeRealtime>, LiveTurns)>,
}

impl Cast {
    /// The cast of a script.
    #[must_use]
    pub(crate) fn of(script: &Script) -> Self {
        let rate = SampleRate::new(RATE).unwrap_or(SampleRate::HEARING);
        let endpoints = match script.session.detection() {
            Detection::Stt => Some(script.stt.endpoints()),
            Detection::Vad | Detection::Manual | Detection::Model => None,
        };
        let ear = FakeEar::scripted_each(&utterances(script), endpoints);
        let mind = FakeMind::new(answers(script));
        let voice = FakeVoice::new(rate, Sound::Silence, speeches(script));
        let model = script.realtime.map(|realtime| live::model(&realtime, script));
        Self { ear: Arc::new(ear), mind: Arc::new(mind), voice: Arc::new(voice), model }
    }

    /// The realtime model as the conversation has it.
    pub(crate) fn live(&self) -> Option<LiveModel> {
        let (model, turns) = self.model.as_ref()?;
        Some(LiveModel { model: model.clone(), turns: *turns, voice: None })
    }

    /// How many streams of providers are open.
    #[must_use]
    pub(crate) fn open_streams(&self) -> u64 {
        let model = self.model.as_ref().map_or(0, |(model, _)| model.open_now());
        self.ear.open_now() + self.mind.open_now() + self.voice.open_now() + model
    }
}

/// What people do, as a body reports it.
#[must_use]
pub(crate) fn cues(script: &Script) -> Vec<Cue> {
    let user = match script.speaker.is_empty() {
        true => Person::alone(),
        false => Person { name: Some(USER.to_owned()), standing: Standing::Answered },
    };
    let mut all = vec![Cue::user(Duration::ZERO, Deed::Joined(user))];
    let hangover = script.vad.end_delay.0;
    all.extend(cues::voice(SpeakerId::LINKED, hangover, stretches(script, None)));
    for (who, other) in others(script) {
        let standing = match other.standing {
            scenario::Standing::Answered => Standing::Answered,
            scenario::Standing::HeardOnly => Standing::HeardOnly,
        };
        let person = Person { name: Some(other.name.clone()), standing };
        all.push(Cue { at: other.joins.0, who, what: Deed::Joined(person) });
        all.extend(cues::voice(who, hangover, stretches(script, Some(&other.name))));
        all.extend(other.leaves.map(|at| Cue { at: at.0, who, what: Deed::Left }));
    }
    all
}

/// Those who are there besides the user, in the order in which they come, with their numbers.
fn others(script: &Script) -> impl Iterator<Item = (SpeakerId, &Speaker)> {
    let mut others: Vec<&Speaker> = script.speaker.iter().map(toml::Spanned::get_ref).collect();
    others.sort_by_key(|other| other.joins);
    (SpeakerId::LINKED.0 + 1..).map(SpeakerId).zip(others)
}

/// The names of those who are there besides the user.
pub(crate) fn names(script: &Script) -> BTreeMap<SpeakerId, String> {
    others(script).map(|(who, other)| (who, other.name.clone())).collect()
}

/// What one of them says, in order; `None` is the user.
fn said_by<'a>(script: &'a Script, name: Option<&str>) -> Vec<&'a scenario::Utterance> {
    let said = script.user.iter().map(toml::Spanned::get_ref);
    let mut said: Vec<_> = said.filter(|said| said.speaker.as_deref() == name).collect();
    said.sort_by_key(|said| said.start);
    said
}

fn stretches(script: &Script, name: Option<&str>) -> Vec<(Duration, Duration)> {
    said_by(script, name).into_iter().map(|said| (said.start.0, said.end.0)).collect()
}

/// What is understood of each: of the user, then of the others in the order in which they come.
fn utterances(script: &Script) -> Vec<Vec<Utterance>> {
    let utterance = |said: &scenario::Utterance| Utterance {
        start: said.start.0,
        end: said.end.0,
        text: said.text.clone(),
        delay: said.stt_delay.0,
        is_final: said.is_final,
    };
    let of = |name| said_by(script, name).into_iter().map(utterance).collect();
    std::iter::once(None).chain(others(script).map(|(_, other)| Some(other.name.as_str()))).map(of).collect()
}

fn answers(script: &Script) -> Vec<Answer> {
    let mut n_calls = 0;
    let mut answer = |answer: &scenario::Answer| Answer {
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
    let speech = |speech: &scenario::Speech| Speech {
        when: When::parse(&speech.when),
        length: speech.seconds.0,
        ttfb: speech.ttfb.0,
        duration: speech.duration.0,
    };
    script.tts.iter().map(speech).collect()
}
