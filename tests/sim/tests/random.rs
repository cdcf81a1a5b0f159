//! Conversations drawn at random, on the real core and the real shell: nothing that was understood is lost, and no turn is
//! left without an answer. Each is repeated by its seed alone; of those that fail the first is printed, as a scenario.

use std::{collections::BTreeMap, fmt::Write, fs};

use serde_json::Value;
use tests_sim::{Played, Scenario, Stage, event::Event, read};

/// How many conversations are drawn.
const CONVERSATIONS: u64 = 1500;

/// What can be said, and the answers to it.
const WORDS: [&str; 6] =
    ["Hello", "Stop!", "please wait a moment", "what about tomorrow", "book a table for two", "thanks"];

/// Numbers of one seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn draw(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.draw(all.len() as u64)).unwrap_or_default()]
    }

    /// So many times of a hundred.
    fn percent(&mut self, percent: u64) -> bool {
        self.draw(100) < percent
    }
}

/// Milliseconds as the seconds of a scenario.
fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// The conversation of this seed: what is said with which words, and the text of its scenario.
fn drawn(seed: u64) -> (Vec<&'static str>, String) {
    let mut dice = Dice(seed);
    let pausable = dice.percent(60);
    let mode = dice.of(&["vad", "vad", "stt", "model"]);
    let mut text = format!("session = {{ user_away_timeout = \"off\", turn_detection = \"{mode}\"");
    for (percent, key, values) in [
        (40, "min_endpointing_delay", &["0.2", "0.7", "1.4"][..]),
        // More would leave what is too short over a reply to the next turn.
        (20, "min_interruption_words", &["1"]),
        (20, "min_interruption_duration", &["0.2", "0.8"]),
        (20, "preemptive_generation", &["\"off\"", "\"llm_tts\""]),
        (15, "aec_warmup", &["2.0"]),
        (10, "allow_interruptions", &["false"]),
        (10, "min_consecutive_speech_delay", &["0.4"]),
        (10, "endpointing", &["\"dynamic\""]),
    ] {
        if dice.percent(percent) {
            let _ = write!(text, ", {key} = {}", dice.of(values));
        }
    }
    let _ = writeln!(text, " }}\nsink = {{ pausable = {pausable} }}");
    let (hook, delay) = (dice.percent(20), dice.of(&[0, 0, 0, 400, 1900]));
    let says = if hook { "hook_say = \"One second.\", " } else { "" };
    let _ = writeln!(text, "agent = {{ {says}hook_delay = {} }}", seconds(delay));
    let (said, end) = utterances(&mut dice, &mut text, pausable, mode == "model");
    answers(&mut dice, &mut text);
    if dice.percent(40) {
        let what = dice.of(&["say", "generate_reply", "text_input"]);
        let at = seconds(500 + dice.draw(end));
        let _ = writeln!(text, "action = [{{ at = {at}, do = \"{what}\", text = \"typed words\" }}]");
    }
    let _ = writeln!(text, "end = {}", seconds(end + 40_000));
    (said, text)
}

/// Noise is left out where it stops a reply for good.
fn utterances(
    dice: &mut Dice,
    text: &mut String,
    pausable: bool,
    is_judged: bool,
) -> (Vec<&'static str>, u64) {
    let mut said = Vec::new();
    let mut at = 300 + dice.draw(2500);
    text.push_str("user = [\n");
    for _ in 0..=dice.draw(4) {
        let end = at + dice.of(&[150, 400, 700, 1100, 2300]) + dice.draw(100);
        let _ = write!(text, "    {{ start = {}, end = {}", seconds(at), seconds(end));
        if !pausable || dice.percent(75) {
            let words = dice.of(&WORDS);
            said.push(words);
            let _ = write!(
                text,
                ", text = \"{words}\", stt_delay = {}",
                seconds(dice.of(&[0, 30, 200, 200, 370, 800, 1200, 2500]))
            );
        }
        if is_judged {
            let (probability, latency) = (dice.of(&["0.1", "0.9"]), dice.of(&[0, 50, 500, 2000]));
            let _ = write!(
                text,
                ", end_of_turn_probability = {probability}, end_of_turn_latency = {}",
                seconds(latency)
            );
        }
        text.push_str(" },\n");
        at = end + dice.of(&[60, 300, 600, 1000, 2000, 5000]) + dice.draw(100);
    }
    text.push_str("]\n");
    (said, at)
}

/// There is an answer to everything, with words or by way of a tool.
fn answers(dice: &mut Dice, text: &mut String) {
    text.push_str("llm = [\n");
    for words in WORDS {
        let answer = dice.of(&["Yes.", "Here is a long story for you ... the end."]);
        let (answer, calls) = match dice.draw(6) {
            0 => (answer, "[{ name = \"look\" }]"),
            1 => ("", "[{ name = \"look\" }]"),
            _ => (answer, "[]"),
        };
        let first = dice.of(&["0.05", "0.1", "0.6"]);
        let _ = writeln!(
            text,
            "    {{ when = \"{words}\", text = \"{answer}\", ttft = {first}, duration = 0.7, calls = {calls} }},"
        );
    }
    text.push_str("    { when = \"*\", text = \"I found it.\" },\n]\n");
    let (length, first) = (500 + dice.draw(4500), dice.of(&["0.0", "0.2", "0.35"]));
    let _ = writeln!(text, "tts = [{{ when = \"*\", seconds = {}, ttfb = {first} }}]", seconds(length));
    let does = dice.of(&["", "", ", say = \"Looking.\"", ", generate_reply = \"tell them\""]);
    let takes = dice.of(&["0.0", "0.3", "1.7"]);
    let _ = writeln!(text, "tool = [{{ name = \"look\", output = \"found it\", takes = {takes}{does} }}]");
}

fn scenario(text: &str) -> Scenario {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.toml");
    fs::write(&file, text).expect("a file is written");
    read(&file).expect("what is drawn can be read")
}

fn field<'a>(event: &'a Event, name: &str) -> Option<&'a Value> {
    event.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value)
}

fn is_turn(event: &&Event) -> bool {
    event.name == "message" && field(event, "role").is_some_and(|role| role == "user")
}

/// What is wrong with what came out.
fn faults(said: &[&str], played: &Played) -> Vec<String> {
    let mut faults = Vec::new();
    match &played.report {
        None => faults.push("never closed".to_owned()),
        Some(report) if report.breaches > 0 => faults.push(format!("{} breaches", report.breaches)),
        Some(_) => {}
    }
    if played.left_open > 0 {
        faults.push(format!("{} streams left open", played.left_open));
    }
    let mut states = played.events.iter().filter(|event| event.name == "agent_state");
    if states.next_back().and_then(|event| field(event, "value")).is_none_or(|value| value != "listening") {
        faults.push("the agent does not listen at the end".to_owned());
    }
    let turns: Vec<&str> =
        played.events.iter().filter(is_turn).filter_map(|event| field(event, "text")?.as_str()).collect();
    let turns = turns.join(" ");
    let mut wanted = BTreeMap::new();
    for words in said {
        *wanted.entry(words).or_insert(0) += 1;
    }
    for (words, n) in wanted {
        if turns.matches(*words).count() < n {
            faults.push(format!("{words:?} is in less than {n} turns"));
        }
    }
    let last = played.events.iter().rposition(|event| is_turn(&event));
    let is_answered =
        last.is_none_or(|at| played.events[at..].iter().any(|event| event.name == "playout_started"));
    if !is_answered {
        faults.push("the last turn is not answered".to_owned());
    }
    faults
}

#[test]
fn no_word_is_lost_and_no_turn_left_without_an_answer() {
    let stage = Stage::new().expect("a stage");
    let mut found = Vec::new();
    for seed in 1..=CONVERSATIONS {
        let (said, text) = drawn(seed);
        let scenario = scenario(&text);
        let played = stage.play(&scenario.script);
        let mut faults = faults(&said, &played);
        if seed % 10 == 0 && stage.play(&scenario.script).events != played.events {
            faults.push("it comes out otherwise the second time".to_owned());
        }
        if !faults.is_empty() {
            found.push(format!("# seed {seed}: {}\n{text}", faults.join(", ")));
        }
    }
    assert!(found.is_empty(), "{} conversations; the first:\n{}", found.len(), found[0]);
}
