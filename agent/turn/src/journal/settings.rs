//! The configuration as words of a line: `name=value`, each once, in any order.

use std::{collections::BTreeMap, fmt, str::SplitWhitespace, time::Duration};

use super::{Millis, millis};
use crate::{
    Config, Deadlines, Detection, EndpointConfig, InterruptionConfig, JudgeConfig, Keep, Pace, Profile,
    SpeakingConfig, SpeculationConfig, TranscriptConfig, TurnLimits,
};

/// All of it.
pub(super) struct All<'a>(pub(super) &'a Config);

/// What can be changed while a call goes on.
pub(super) struct Changeable<'a>(pub(super) &'a Profile);

/// None is `off`.
struct Off<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for Off<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl fmt::Display for Changeable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Profile { detection, endpoint, interruption, considers_turns } = self.0;
        let keep = match endpoint.pace {
            Pace::Fixed => None,
            Pace::Learned { keep } => Some(keep.permille()),
        };
        let ms = Millis;
        write!(f, "detection={} considers_turns={considers_turns}", detection.name())?;
        write!(f, " min_delay={} max_delay={}", ms(endpoint.min_delay), ms(endpoint.max_delay))?;
        write!(f, " pace_keep={} interruption={}", Off(keep), interruption.enabled)?;
        write!(f, " min_duration={}", ms(interruption.min_duration))?;
        write!(f, " min_words={}", interruption.min_words)?;
        write!(f, " false_interruption={}", Off(interruption.false_interruption.map(ms)))?;
        write!(f, " aec_warmup={}", ms(interruption.aec_warmup))?;
        write!(f, " backchannel_boundary={}", ms(interruption.backchannel_boundary))
    }
}

impl fmt::Display for All<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config {
            judge,
            transcript,
            limits,
            speculation,
            speaking,
            deadlines,
            user_away,
            max_speakers,
            ..
        } = self.0;
        let ms = Millis;
        write!(f, "{}", Changeable(&self.0.profile()))?;
        write!(f, " judge_silence={} judge_deadline={}", ms(judge.silence), ms(judge.deadline))?;
        write!(f, " judge_reads_words={}", judge.reads_words)?;
        write!(f, " transcript_floor={}", ms(transcript.floor))?;
        write!(f, " transcript_ceiling={}", ms(transcript.ceiling))?;
        write!(f, " transcript_known={}", Off(transcript.known.map(ms)))?;
        write!(f, " longest_speech={}", ms(limits.longest_speech))?;
        write!(f, " turn_max_words={}", Off(limits.max_words))?;
        write!(f, " turn_max_duration={}", Off(limits.max_duration.map(ms)))?;
        write!(f, " speculation={}", speculation.enabled)?;
        write!(f, " speculation_attempts={}", speculation.max_attempts)?;
        write!(f, " speculation_speech={}", ms(speculation.max_speech))?;
        write!(f, " min_gap={} filler_after={}", ms(speaking.min_gap), Off(speaking.filler_after.map(ms)))?;
        write!(f, " reply_deadline={}", ms(deadlines.reply))?;
        write!(f, " function_deadline={}", ms(deadlines.functions))?;
        write!(f, " stall_deadline={}", ms(deadlines.stall))?;
        write!(f, " consider_deadline={}", ms(deadlines.consider))?;
        write!(f, " hold_deadline={} close_deadline={}", ms(deadlines.hold), ms(deadlines.close))?;
        write!(f, " user_away={} max_speakers={max_speakers}", Off(user_away.map(ms)))
    }
}

/// The name of the value that is missing, unknown, doubled or wrong.
pub(super) type WrongKey = String;

/// The values of a line, each taken once.
struct Values<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Values<'a> {
    fn of(words: &mut SplitWhitespace<'a>) -> Result<Self, WrongKey> {
        let mut values = BTreeMap::new();
        for word in words {
            let (key, value) = word.split_once('=').ok_or(word)?;
            if values.insert(key, value).is_some() {
                return Err(key.to_owned());
            }
        }
        Ok(Self(values))
    }

    fn take<T>(&mut self, key: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, WrongKey> {
        self.0.remove(key).and_then(read).ok_or_else(|| key.to_owned())
    }

    fn time(&mut self, key: &str) -> Result<Duration, WrongKey> {
        self.take(key, millis)
    }

    fn time_or_off(&mut self, key: &str) -> Result<Option<Duration>, WrongKey> {
        self.take(key, |text| or_off(text, millis))
    }

    fn count(&mut self, key: &str) -> Result<u32, WrongKey> {
        self.take(key, |text| text.parse().ok())
    }

    fn flag(&mut self, key: &str) -> Result<bool, WrongKey> {
        self.take(key, |text| text.parse().ok())
    }

    fn end(self) -> Result<(), WrongKey> {
        self.0.into_keys().next().map_or(Ok(()), |key| Err(key.to_owned()))
    }
}

fn or_off<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if text == "off" { Some(None) } else { read(text).map(Some) }
}

fn pace(text: &str) -> Option<Pace> {
    let keep = or_off(text, |text| Keep::from_permille(text.parse().ok()?))?;
    Some(keep.map_or(Pace::Fixed, |keep| Pace::Learned { keep }))
}

fn profile(values: &mut Values<'_>) -> Result<Profile, WrongKey> {
    Ok(Profile {
        detection: values.take("detection", Detection::named)?,
        considers_turns: values.flag("considers_turns")?,
        endpoint: EndpointConfig {
            min_delay: values.time("min_delay")?,
            max_delay: values.time("max_delay")?,
            pace: values.take("pace_keep", pace)?,
        },
        interruption: InterruptionConfig {
            enabled: values.flag("interruption")?,
            min_duration: values.time("min_duration")?,
            min_words: values.count("min_words")?,
            false_interruption: values.time_or_off("false_interruption")?,
            aec_warmup: values.time("aec_warmup")?,
            backchannel_boundary: values.time("backchannel_boundary")?,
        },
    })
}

/// Reads what can be changed while a call goes on.
pub(super) fn read_profile(words: &mut SplitWhitespace<'_>) -> Result<Profile, WrongKey> {
    let mut values = Values::of(words)?;
    let profile = profile(&mut values)?;
    values.end()?;
    Ok(profile)
}

/// Reads all of it.
pub(super) fn read_all(words: &mut SplitWhitespace<'_>) -> Result<Config, WrongKey> {
    let mut values = Values::of(words)?;
    let Profile { detection, endpoint, interruption, considers_turns } = profile(&mut values)?;
    let config = Config {
        detection,
        endpoint,
        interruption,
        considers_turns,
        judge: JudgeConfig {
            silence: values.time("judge_silence")?,
            deadline: values.time("judge_deadline")?,
            reads_words: values.flag("judge_reads_words")?,
        },
        transcript: TranscriptConfig {
            floor: values.time("transcript_floor")?,
            ceiling: values.time("transcript_ceiling")?,
            known: values.time_or_off("transcript_known")?,
        },
        limits: TurnLimits {
            longest_speech: values.time("longest_speech")?,
            max_words: values.take("turn_max_words", |text| or_off(text, |text| text.parse().ok()))?,
            max_duration: values.time_or_off("turn_max_duration")?,
        },
        speculation: SpeculationConfig {
            enabled: values.flag("speculation")?,
            max_attempts: values.count("speculation_attempts")?,
            max_speech: values.time("speculation_speech")?,
        },
        speaking: SpeakingConfig {
            min_gap: values.time("min_gap")?,
            filler_after: values.time_or_off("filler_after")?,
        },
        deadlines: Deadlines {
            reply: values.time("reply_deadline")?,
            functions: values.time("function_deadline")?,
            stall: values.time("stall_deadline")?,
            consider: values.time("consider_deadline")?,
            hold: values.time("hold_deadline")?,
            close: values.time("close_deadline")?,
        },
        user_away: values.time_or_off("user_away")?,
        max_speakers: values.count("max_speakers")?,
    };
    values.end()?;
    Ok(config)
}
