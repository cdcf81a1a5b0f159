//! A story as a scenario: the same people at the same times, with words that stand for those that were said.

use std::{fmt::Write, time::Duration};

use agent_turn::{Detection, Moment, Pace, ReplyId};
use serde_json::Value;

use super::{
    Story,
    reading::{after, output},
};
use crate::event::{Event, seconds};

/// How long the rest is taken to be of what was not heard to its end.
const UNHEARD: Duration = Duration::from_secs(5);

impl Story {
    /// The scenario's file. What it expects is met within `within`, as far as fakes can do what providers did.
    #[must_use]
    pub fn retell(&self, name: &str, within: Duration) -> String {
        let mut text = String::new();
        for what in &self.untold {
            let _ = writeln!(text, "# Not told here: {what}.");
        }
        let _ = writeln!(text, "name = {}", Value::from(name));
        let _ = writeln!(text, "end = {}", seconds(self.end.0));
        let _ = writeln!(text, "session = {{ {} }}", self.session().join(", "));
        let pausable = self.config.interruption.false_interruption.is_some();
        let _ = writeln!(text, "sink = {{ pausable = {pausable} }}");
        if let Some(hangover) = self.hangover {
            let _ = writeln!(text, "vad = {{ end_delay = {} }}", seconds(hangover));
        }
        list(&mut text, "user", self.utterances());
        list(&mut text, "llm", self.answers());
        list(&mut text, "tts", self.speeches());
        list(&mut text, "tool", self.tools());
        list(
            &mut text,
            "action",
            self.deeds.iter().map(|(at, deed)| format!("at = {}, {deed}", moment(*at))),
        );
        list(&mut text, "expect", self.events.iter().map(|event| expectation(event, within)));
        text
    }

    fn session(&self) -> Vec<String> {
        let config = &self.config;
        let limit =
            |span: Option<Duration>| span.map_or("\"off\"".to_owned(), |span| seconds(span).to_string());
        let detection = match config.detection {
            Detection::Voice => "vad",
            Detection::Recogniser => "stt",
            Detection::Manual => "manual",
            Detection::Model => "model",
        };
        let interruption = &config.interruption;
        let mut keys = vec![
            format!("turn_detection = \"{detection}\""),
            format!("min_endpointing_delay = {}", seconds(config.endpoint.min_delay)),
            format!("max_endpointing_delay = {}", seconds(config.endpoint.max_delay)),
            format!("allow_interruptions = {}", interruption.enabled),
            format!("min_interruption_duration = {}", seconds(interruption.min_duration)),
            format!("min_interruption_words = {}", interruption.min_words),
            format!("false_interruption_timeout = {}", limit(interruption.false_interruption)),
            format!("aec_warmup = {}", seconds(interruption.aec_warmup)),
            format!("preemptive_generation = \"{}\"", if config.speculation.enabled { "llm" } else { "off" }),
            format!("preemptive_max_retries = {}", config.speculation.max_attempts),
            format!("preemptive_max_speech_duration = {}", seconds(config.speculation.max_speech)),
            format!("min_consecutive_speech_delay = {}", seconds(config.speaking.min_gap)),
            format!("user_away_timeout = {}", limit(config.user_away)),
        ];
        if let Pace::Learned { keep } = config.endpoint.pace {
            let alpha = f64::from(keep.permille()) / 1000.0;
            keys.push(format!("endpointing = \"dynamic\", endpointing_alpha = {alpha}"));
        }
        keys
    }

    fn utterances(&self) -> impl Iterator<Item = String> {
        self.said.iter().map(|said| {
            let end = said.end.unwrap_or(self.end).max(said.start);
            let delay = said.understood.map_or(Duration::ZERO, |at| after(end, at));
            let mut row = format!(
                "start = {}, end = {}, text = \"{}\", stt_delay = {}",
                moment(said.start),
                moment(end),
                said.text(),
                seconds(delay)
            );
            if !said.is_final() {
                row.push_str(", final = false");
            }
            if let Some((permille, latency)) = said.judged {
                let (probability, latency) = (f64::from(permille) / 1000.0, seconds(latency));
                let _ =
                    write!(row, ", end_of_turn_probability = {probability}, end_of_turn_latency = {latency}");
            }
            row
        })
    }

    /// A reply that was voiced took its time in the voice, another in the mind. Of several to the same words, one that
    /// was voiced comes first: the fake mind gives the first.
    fn answers(&self) -> impl Iterator<Item = String> {
        let mut answers: Vec<_> = self.replies.iter().filter(|(_, made)| !made.is_given).collect();
        answers.sort_by_key(|(_, made)| made.ready.is_none());
        answers.into_iter().map(|(id, made)| {
            let thought = match made.ready {
                Some(_) => Duration::ZERO,
                None => made.called.or(made.finished).map_or(UNHEARD, |at| after(made.begun, at)),
            };
            let calls: Vec<String> =
                (1..=made.calls).map(|n| format!("{{ name = \"{}\" }}", function(*id, n))).collect();
            let text = if made.ready.is_some() { id.to_string() } else { String::new() };
            format!(
                "when = \"{}\", text = \"{text}\", ttft = {thought}, duration = {thought}, calls = [{}]",
                made.to,
                calls.join(", "),
                thought = seconds(thought)
            )
        })
    }

    fn speeches(&self) -> impl Iterator<Item = String> {
        let voiced = self.replies.iter().filter_map(|(id, made)| Some((id, made, made.ready?)));
        voiced.map(|(id, made, ready)| {
            let heard = made.heard.unwrap_or_default();
            let length = if made.is_stopped || made.heard.is_none() { heard + UNHEARD } else { heard };
            let took = seconds(after(made.confirmed.unwrap_or(made.begun), ready));
            let text = if made.is_given { made.to.clone() } else { id.to_string() };
            format!("when = \"{text}\", seconds = {}, ttfb = {took}, duration = {took}", seconds(length))
        })
    }

    fn tools(&self) -> impl Iterator<Item = String> {
        let calls = self
            .replies
            .iter()
            .flat_map(|(id, made)| made.took.iter().enumerate().map(move |(n, took)| (*id, n + 1, *took)));
        calls.map(|(id, n, took)| {
            format!(
                "name = \"{}\", output = \"{}\", takes = {}",
                function(id, n),
                output(id, n),
                seconds(took)
            )
        })
    }
}

fn function(reply: ReplyId, number: usize) -> String {
    format!("function_{number}_of_{reply}")
}

fn moment(at: Moment) -> Value {
    seconds(at.0)
}

fn expectation(event: &Event, within: Duration) -> String {
    let fields = event.fields.iter().map(|(name, value)| format!(", {name} = {value}"));
    let (at, name) = (seconds(event.at), event.name);
    format!("at = {at}, within = {}, event = \"{name}\"{}", seconds(within), fields.collect::<String>())
}

fn list(text: &mut String, name: &str, rows: impl Iterator<Item = String>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "{name} = [");
    for row in rows {
        let _ = writeln!(text, "    {{ {row} }},");
    }
    text.push_str("]\n");
}
