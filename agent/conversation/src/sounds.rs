//! Sounds beside what the agent says: one behind everything, one while it thinks. They give way to its words.

use std::{sync::Arc, time::Duration};

use agent_audio::{Clip, Gain, Playout, SoundId};

/// A sound that is heard again and again.
#[derive(Clone, Debug)]
pub struct Recording {
    /// 24 kHz mono.
    pub samples: Arc<[i16]>,
    /// How loud it is.
    pub gain: Gain,
}

/// The sounds of a call.
#[derive(Clone, Debug, Default)]
pub struct Sounds {
    /// Behind everything, from when the first agent has the call.
    pub background: Option<Recording>,
    /// While the agent thinks.
    pub thinking: Option<Recording>,
}

/// Which of the sounds of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SoundSlot {
    /// Behind everything.
    Background,
    /// While the agent thinks.
    Thinking,
}

/// The sounds that a playout has in its slots.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    background: Option<SoundId>,
    thinking: Option<SoundId>,
}

impl Slots {
    /// Puts another sound, or none, in a slot; the one that was there fades out.
    pub(crate) fn set(&mut self, playout: &mut Playout, slot: SoundSlot, sound: Option<&Recording>) {
        let (place, fade) = match slot {
            SoundSlot::Background => (&mut self.background, BACKGROUND_FADE),
            SoundSlot::Thinking => (&mut self.thinking, THINKING_FADE),
        };
        if let Some(id) = place.take() {
            playout.remove_sound(id, fade);
        }
        *place = sound.map(|sound| {
            let clip = Clip::looped(sound.samples.clone());
            playout.add_sound(Box::new(clip), sound.gain, fade)
        });
    }
}

/// A background comes and goes like a door that is opened.
const BACKGROUND_FADE: Duration = Duration::from_millis(500);
/// So slow that a short thought is hardly heard.
const THINKING_FADE: Duration = Duration::from_millis(400);
