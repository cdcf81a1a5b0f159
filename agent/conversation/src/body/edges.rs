//! Voice activity on the way from the detector to the conversation: its windows become edges.

use std::{collections::VecDeque, time::Duration};

use agent_audio::vad::{Detector, VoiceEvent};
use providers_core::{SampleRate, VoiceEdge};

use crate::{BodyEvent, SpeakerId, UserEvent};

/// Turns what a detector says of each window into the few events that a conversation needs.
pub(crate) struct Edges {
    speaker: SpeakerId,
    detector: Detector,
    heard: u64,
    lapsed: bool,
}

impl Edges {
    pub(crate) const fn new(speaker: SpeakerId, detector: Detector) -> Self {
        Self { speaker, detector, heard: 0, lapsed: false }
    }

    /// Audio was heard; appends what follows from it.
    pub(crate) fn handle_audio(&mut self, samples: &[i16], events: &mut VecDeque<BodyEvent<'static>>) {
        self.heard += samples.len() as u64;
        self.detector.handle_audio(samples);
        self.drain(events);
    }

    /// The stream was cut; what was being said has ended.
    pub(crate) fn handle_cut(&mut self, events: &mut VecDeque<BodyEvent<'static>>) {
        self.detector.handle_cut();
        self.drain(events);
    }

    /// What is being said counts as ended; nobody needs to be told.
    pub(crate) fn flush(&mut self) {
        self.detector.handle_cut();
        while self.detector.poll_event().is_some() {}
        self.lapsed = false;
    }

    fn drain(&mut self, events: &mut VecDeque<BodyEvent<'static>>) {
        let speaker = self.speaker;
        let mut tell = |event| events.push_back(BodyEvent::User(speaker, event));
        let ago = |at: u64| SampleRate::HEARING.duration_of(self.heard.saturating_sub(at));
        while let Some(event) = self.detector.poll_event() {
            match event {
                VoiceEvent::SpeechStarted { at, .. } => {
                    self.lapsed = false;
                    tell(UserEvent::Voice(VoiceEdge::Started { lead: ago(at) }));
                }
                VoiceEvent::Inference { speech_for, raw_silence_for, .. } => {
                    let lapsed = speech_for > Duration::ZERO && raw_silence_for > Duration::ZERO;
                    let in_speech = speech_for > Duration::ZERO;
                    if in_speech && lapsed != self.lapsed {
                        self.lapsed = lapsed;
                        tell(if lapsed {
                            UserEvent::VoiceLapsed { silence: raw_silence_for }
                        } else {
                            UserEvent::VoiceRevived
                        });
                    }
                }
                VoiceEvent::SpeechStopped { at, .. } => {
                    self.lapsed = false;
                    tell(UserEvent::Voice(VoiceEdge::Stopped { silence: ago(at) }));
                }
            }
        }
    }
}
