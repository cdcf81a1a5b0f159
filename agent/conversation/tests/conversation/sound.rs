//! A conversation on a device: frames in, frames out, no room.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use agent_audio::{
    Gain, HEARD_FRAME, PlayoutConfig, SPOKEN_FRAME,
    vad::{Detector, DetectorConfig},
};
use agent_conversation::{
    CallReport, CloseReason, Conversation, Device, Parts, Recording, SoundBody, Sounds, Speaker,
};
use providers_core::{SampleRate, VAD_WINDOW, VoiceActivity};
use providers_fake::{Answer, FakeEar, FakeMind, FakeVoice, Heard, Sound, Speech, When};

use crate::scene::{config, runtime, seconds};

/// A second of silence, then a second of noise; then nothing.
struct Tape {
    frame: u32,
    said: Rc<RefCell<Said>>,
}

/// What came out of the device.
#[derive(Default)]
struct Said {
    /// Frames, and which of them are loud.
    frames: Vec<bool>,
    lines: Vec<(Speaker, String)>,
}

impl Device for Tape {
    fn read(&mut self, frame: &mut [i16; HEARD_FRAME]) -> bool {
        self.frame += 1;
        frame.fill(if self.frame > 50 { 5000 } else { 0 });
        self.frame <= 100
    }

    fn write(&mut self, frame: &[i16; SPOKEN_FRAME]) {
        self.said.borrow_mut().frames.push(frame.iter().any(|sample| sample.unsigned_abs() > 1000));
    }

    fn show(&mut self, who: Speaker, text: &str) {
        self.said.borrow_mut().lines.push((who, text.to_owned()));
    }
}

/// A loud window is speech.
struct Loudness;

impl VoiceActivity for Loudness {
    fn probability(&mut self, window: &[i16; VAD_WINDOW]) -> f32 {
        if window.iter().any(|sample| *sample > 1000) { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {}
}

/// The tape is answered "I hear you.", a second of a tone, by an agent that has these sounds.
fn answered(sounds: Sounds) -> (CallReport, Said) {
    let said = Rc::<RefCell<Said>>::default();
    let tape = Tape { frame: 0, said: said.clone() };
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
        let detector = Detector::new(Box::new(Loudness), detector);
        let body = SoundBody::new(tape, detector, playout, seconds(3.0));
        let (ttft, short) = (seconds(0.1), seconds(0.3));
        let answer = Answer {
            when: When::Any,
            text: "I hear you.".to_owned(),
            calls: Vec::new(),
            ttft,
            duration: short,
        };
        let speech = Speech { when: When::Any, length: seconds(1.0), ttfb: ttft, duration: short };
        let tone = Sound::Tone { hertz: 440, peak: 8000 };
        let parts = Parts::new(
            Arc::new(FakeEar::answering(Heard::InTurn(vec!["Hello".to_owned()]), seconds(0.1))),
            Arc::new(FakeMind::new(vec![answer])),
            Arc::new(FakeVoice::new(SampleRate::HEARING, tone, vec![speech])),
        );
        Conversation::new(config(), Parts { sounds, ..parts }, body).run().await
    });
    (report, said.take())
}

#[test]
fn a_file_is_answered_into_a_file_and_its_end_is_the_end_of_the_call() {
    let (report, said) = answered(Sounds::default());
    assert_eq!((report.reason, report.turns, report.replies), (CloseReason::UserLeft, 1, 1));
    assert_eq!(said.lines, [(Speaker::User, "Hello".to_owned()), (Speaker::Agent, "I hear you.".to_owned())]);
    let first = said.frames.iter().position(|loud| *loud).unwrap();
    let loud = said.frames.iter().filter(|loud| **loud).count();
    assert!((125..=150).contains(&first), "the answer begins at frame {first}");
    assert!((50..=52).contains(&loud), "{loud} frames are loud");
    let after = said.frames.iter().rev().position(|loud| *loud).unwrap();
    assert!((50..=60).contains(&after), "the call ends {after} frames after the answer");
}

/// A tone of 100 Hz, loud.
fn hum() -> Recording {
    let tone = (0..2400).map(|n| if n / 120 % 2 == 0 { 6000 } else { -6000 });
    Recording { samples: tone.collect(), gain: Gain::UNITY }
}

#[test]
fn a_background_is_heard_from_beginning_to_end_and_a_thinking_sound_while_the_agent_thinks() {
    let (_, with) = answered(Sounds { background: Some(hum()), thinking: None });
    assert!(with.frames[20..].iter().all(|loud| *loud), "half a second after the beginning it is there");

    let (_, without) = answered(Sounds::default());
    let (_, with) = answered(Sounds { background: None, thinking: Some(hum()) });
    let first = |said: &Said| said.frames.iter().position(|loud| *loud).unwrap();
    let (thinking, speaking) = (first(&with), first(&without));
    assert!((1..=20).contains(&(speaking - thinking)), "heard from {thinking}, the answer from {speaking}");
    let last = with.frames.iter().rev().position(|loud| *loud).unwrap();
    assert!(last >= 50, "nothing is heard after the answer");
}
