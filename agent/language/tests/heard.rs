//! Which words count as heard at a moment, where the voice tells no word times: measured examples of the field's
//! best framework, word for word. A line says the text, the seconds of audio, when its end was known, the pauses, and
//! the moment of the interruption, all from the beginning of the playout.

use std::time::Duration;

use agent_language::Captions;
use serde_json::Value;

#[test]
fn the_same_words_are_kept_as_in_every_measured_example() {
    let mut faults = Vec::new();
    let mut rows = 0;
    for line in include_str!("data/heard.jsonl").lines() {
        let row: Value = serde_json::from_str(line).expect("a line is JSON");
        let kept = row["kept"].as_str().expect("text");
        let heard = heard(&row);
        if heard != kept {
            faults.push(format!("{line}\n  ours: {heard:?}"));
        }
        rows += 1;
    }
    assert!(faults.is_empty(), "{} of {rows}:\n{}", faults.len(), faults.join("\n"));
    assert!(rows >= 140);
}

/// What of the text counts as heard at the cut.
fn heard(row: &Value) -> String {
    let cut = seconds(&row["cut"]);
    let mut events = vec![(seconds(&row["known"]), Event::Known)];
    for pause in row["pauses"].as_array().expect("an array") {
        events.push((seconds(&pause[0]), Event::Pause));
        if !pause[1].is_null() {
            events.push((seconds(&pause[1]), Event::Resume));
        }
    }
    events.sort_by_key(|(at, _)| *at);
    let mut captions = Captions::default();
    captions.push(row["text"].as_str().expect("text"));
    captions.end_text();
    captions.voiced(seconds(&row["audio"]), &[]);
    if events[0] == (Duration::ZERO, Event::Known) {
        captions.complete();
    }
    captions.at(Duration::ZERO);
    for (at, event) in events.into_iter().filter(|(at, _)| *at <= cut) {
        match event {
            Event::Known => {
                captions.at(at);
                captions.complete();
            }
            Event::Pause => captions.pause(at),
            Event::Resume => captions.resume(at),
        }
    }
    captions.at(cut);
    captions.heard(seconds(&row["position"])).to_owned()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Known,
    Pause,
    Resume,
}

fn seconds(value: &Value) -> Duration {
    Duration::from_secs_f64(value.as_f64().unwrap_or(1e6))
}
