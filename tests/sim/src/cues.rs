//! What a detector of voice activity says of what the user says: an inference each 50 ms, one stretch after the other.

use std::time::Duration;

use agent_conversation::SpeakerId;
use providers_core::VoiceEdge;

use crate::body::{Cue, Deed};

/// How long after its beginning speech is noticed; and how far inferences are apart.
const INFERENCE: Duration = Duration::from_millis(50);

/// What is reported, and when, by a detector that notices the end of speech `hangover` after it, of stretches of speech (from, to) that are in order and do not overlap. A stretch that
/// begins before the end of the one before it was noticed is noticed right after that.
pub fn voice(
    who: SpeakerId,
    hangover: Duration,
    stretches: impl IntoIterator<Item = (Duration, Duration)>,
) -> Vec<Cue> {
    let mut cues = Vec::new();
    let mut cue = |at, what| cues.push(Cue { at, who, what });
    let mut free = Duration::ZERO;
    for (start, end) in stretches {
        let noticed = free.max(start + INFERENCE);
        cue(noticed, Deed::Voice(VoiceEdge::Started { lead: noticed - start }));
        free = noticed.max(end + hangover);
        let silent = first_after(noticed, end);
        if silent < free {
            cue(silent, Deed::Lapsed(silent - end));
        }
        cue(free, Deed::Voice(VoiceEdge::Stopped { silence: free - end }));
    }
    cues
}

/// The first inference after `end`, when they are counted from `noticed`.
fn first_after(noticed: Duration, end: Duration) -> Duration {
    let mut at = noticed + INFERENCE;
    if at <= end {
        let more = (end - at).as_millis() / INFERENCE.as_millis() + 1;
        at += INFERENCE * u32::try_from(more).unwrap_or(u32::MAX);
    }
    at
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use agent_conversation::SpeakerId;
    use providers_core::VoiceEdge;

    use super::voice;
    use crate::body::Deed;

    fn shown(stretches: &[(u64, u64)]) -> Vec<(u128, String)> {
        let millis = Duration::from_millis;
        let stretches = stretches.iter().map(|(from, to)| (millis(*from), millis(*to)));
        let show = |what: Deed| match what {
            Deed::Voice(VoiceEdge::Started { lead }) => format!("started {}", lead.as_millis()),
            Deed::Voice(VoiceEdge::Stopped { silence }) => format!("stopped {}", silence.as_millis()),
            Deed::Lapsed(silence) => format!("lapsed {}", silence.as_millis()),
            Deed::Joined(_) | Deed::Heard | Deed::Typed(_) | Deed::Left => "something else".to_owned(),
        };
        let cues = voice(SpeakerId::LINKED, millis(500), stretches).into_iter();
        cues.map(|cue| (cue.at.as_millis(), show(cue.what))).collect()
    }

    #[test]
    fn speech_is_noticed_late_and_stamped_when_it_was() {
        let at = |at, what: &str| (at, what.to_owned());
        assert_eq!(
            shown(&[(500, 2500)]),
            [at(550, "started 50"), at(2550, "lapsed 50"), at(3000, "stopped 500")]
        );
        assert_eq!(shown(&[(500, 520)])[1..], [at(600, "lapsed 80"), at(1020, "stopped 500")]);
    }

    #[test]
    fn speech_right_after_speech_is_noticed_when_the_end_of_the_first_is() {
        let at = |at, what: &str| (at, what.to_owned());
        assert_eq!(
            shown(&[(0, 1000), (1200, 2000), (2100, 2150)])[3..],
            [
                at(1500, "started 300"),
                at(2050, "lapsed 50"),
                at(2500, "stopped 500"),
                at(2500, "started 400"),
                at(2550, "lapsed 400"),
                at(2650, "stopped 500"),
            ]
        );
    }
}
