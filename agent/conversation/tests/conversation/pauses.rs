//! What a judge of pauses is given, and what its judgement does, with sound from a device.

use std::{sync::Arc, time::Duration};

use agent_audio::{
    Gain, HEARD_FRAME, PlayoutConfig, SPOKEN_FRAME,
    vad::{Detector, DetectorConfig},
};
use agent_conversation::{CallReport, Conversation, Device, Parts, SoundBody, Speaker};
use agent_turn::Detection;
use providers_core::{PauseContext, SampleRate, VAD_WINDOW, VoiceActivity};
use providers_fake::{
    Answer, FakeDetector, FakeEar, FakeMind, FakeVoice, Heard, Judgement, Sound, Speech, When,
};

use crate::scene::{config, runtime, seconds};

/// Somebody who speaks in these stretches, in frames of 20 ms.
struct Tape {
    frame: u32,
    speech: Vec<std::ops::Range<u32>>,
}

impl Device for Tape {
    fn read(&mut self, frame: &mut [i16; HEARD_FRAME]) -> bool {
        let speaks = self.speech.iter().any(|stretch| stretch.contains(&self.frame));
        frame.fill(if speaks { 5_000 } else { 0 });
        self.frame += 1;
        self.speech.last().is_some_and(|last| self.frame <= last.end)
    }

    fn write(&mut self, _frame: &[i16; SPOKEN_FRAME]) {}

    fn show(&mut self, _who: Speaker, _text: &str) {}
}

/// A loud window is speech.
struct Loudness;

impl VoiceActivity for Loudness {
    fn probability(&mut self, window: &[i16; VAD_WINDOW]) -> f32 {
        if window.iter().any(|sample| *sample > 1_000) { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {}
}

/// Plays a tape to a judge that finds every turn complete; what it was asked.
fn play(speech: &[std::ops::Range<u32>]) -> (CallReport, Vec<PauseContext>) {
    let judge = Arc::new(
        FakeDetector::new(vec![Judgement { when: When::Any, complete_permille: 900 }], seconds(0.05))
            .recording(),
    );
    let asked = Arc::clone(&judge);
    let tape = Tape { frame: 0, speech: speech.to_vec() };
    let report = runtime().block_on(async {
        let detector = DetectorConfig {
            activation: 0.5,
            deactivation: 0.35,
            min_speech: seconds(0.05),
            min_silence: seconds(0.25),
        };
        let playout = PlayoutConfig {
            fade: seconds(0.005),
            lead: Duration::ZERO,
            duck: Gain::UNITY,
            duck_fade: seconds(0.1),
        };
        let body = SoundBody::new(tape, Detector::new(Box::new(Loudness), detector), playout, seconds(3.0));
        let (ttft, short) = (seconds(0.1), seconds(0.2));
        let answer =
            Answer { when: When::Any, text: "Yes.".to_owned(), calls: Vec::new(), ttft, duration: short };
        let voice = Speech { when: When::Any, length: seconds(0.3), ttfb: ttft, duration: short };
        let parts = Parts {
            pauses: Some(judge),
            ..Parts::new(
                Arc::new(FakeEar::answering(Heard::Counted, seconds(0.1))),
                Arc::new(FakeMind::new(vec![answer])),
                Arc::new(FakeVoice::new(SampleRate::HEARING, Sound::Silence, vec![voice])),
            )
        };
        let mut config = config();
        config.turn.detection = Detection::Model;
        Conversation::new(config, parts, body).run().await
    });
    (report, asked.pauses())
}

/// How long the audio of a pause is, and how much of it is loud, in frames.
fn frames(pause: &PauseContext) -> (usize, usize) {
    let loud = pause.audio.iter().filter(|sample| **sample > 1_000).count();
    (pause.audio.len() / HEARD_FRAME, loud / HEARD_FRAME)
}

#[test]
fn a_judge_is_given_the_open_turn_and_nothing_before_it() {
    // [1 s] speech 2 s [4 s, answered] speech 1 s
    let (report, asked) = play(&[50..150, 350..400]);
    assert_eq!(report.turns, 2);
    let [first, second] = [&asked[0], asked.last().expect("two pauses")].map(frames);
    // Half a second before the voice, and the silence in which the judge is asked: 0.2 s, to a window.
    assert!((133..=139).contains(&first.0) && first.1 == 100, "{first:?} frames of the first turn");
    assert!((83..=89).contains(&second.0) && second.1 == 50, "{second:?} frames of the second turn");
    assert_eq!((asked[0].text.as_str(), asked[0].history.len()), ("", 0));
    let history = &asked.last().expect("two pauses").history;
    assert_eq!(history.iter().map(|(role, _)| *role).collect::<Vec<_>>(), ["user", "assistant"]);
}

#[test]
fn a_turn_in_pieces_is_judged_as_one() {
    // Speech 1 s [0.3 s: too short to be answered] speech 1 s
    let (report, asked) = play(&[50..100, 115..165]);
    assert_eq!(report.turns, 1);
    let loud: Vec<usize> = asked.iter().map(|pause| frames(pause).1).collect();
    assert_eq!((loud.first(), loud.last()), (Some(&50), Some(&100)), "{loud:?}");
}

#[test]
fn of_a_long_turn_the_last_eight_seconds_are_given() {
    let (_, asked) = play(std::slice::from_ref(&(50..1_050)));
    let longest = asked.iter().map(|pause| pause.audio.len()).max();
    assert_eq!(longest, Some(128_000));
}
