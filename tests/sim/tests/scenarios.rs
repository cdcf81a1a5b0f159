//! Every scenario of the house comes out as its file says; a wrong file, and a wrong expectation, are found out.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use tests_sim::{Error, Scenario, Stage, read, story::Story};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let entries = fs::read_dir(folder).expect("the scenarios lie beside the runner");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(!files.is_empty(), "there are scenarios");
    files
}

/// A scenario of this text, by way of a file.
fn scenario(text: &str) -> Result<Scenario, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.toml");
    fs::write(&file, text).expect("a file is written");
    read(&file)
}

const HELLO: &str = r#"
[[user]]
start = 0.5
end = 2.5
text = "Hello, how are you?"

[[llm]]
when = "Hello, how are you?"
text = "I'm doing well, thank you!"

[[tts]]
when = "*"
seconds = 2.0
"#;

fn verdict(expectations: &str) -> tests_sim::judge::Verdict {
    let scenario = scenario(&format!("{expectations}\n{HELLO}")).expect("a scenario");
    Stage::new().expect("a stage").check(&scenario).1
}

#[test]
fn every_scenario_comes_out_as_its_file_says() {
    let stage = Stage::new().expect("a stage");
    let mut failed = Vec::new();
    for file in files() {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let scenario = read(&file).unwrap_or_else(|error| panic!("{error}"));
        assert!(!scenario.expected.is_empty(), "{name} expects nothing");
        let (_, verdict) = stage.check(&scenario);
        if !verdict.is_ok() {
            failed.push(verdict.to_json(&name));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_scenario_played_again_comes_out_the_same() {
    let (one, other) = (Stage::new().expect("a stage"), Stage::new().expect("a stage"));
    for file in files() {
        let scenario = read(&file).unwrap_or_else(|error| panic!("{error}"));
        let (first, again) = (one.play(&scenario.script), other.play(&scenario.script));
        assert_eq!(first.events, again.events, "{}", file.display());
        assert_eq!(first.journal, again.journal, "{}", file.display());
        assert_eq!(one.play(&scenario.script).events, first.events, "{}: on a used stage", file.display());
    }
}

#[test]
fn the_journal_of_a_scenario_decides_it_again() {
    let stage = Stage::new().expect("a stage");
    for file in files() {
        let scenario = read(&file).unwrap_or_else(|error| panic!("{error}"));
        let played = stage.play(&scenario.script);
        let replay = agent_turn::journal::replay(played.journal.iter().map(String::as_str));
        let replay = replay.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let states = played.events.iter().filter(|event| event.name.ends_with("_state")).skip(1);
        let states: Vec<String> = states
            .map(|event| {
                let who = event.name.trim_end_matches("_state");
                format!("{} {who} {}", event.at.as_millis(), event.fields[0].1.as_str().unwrap_or_default())
            })
            .collect();
        let is_state = |line: &String| line.contains(" agent ") || line.contains(" user ");
        let decided: Vec<String> = replay.lines().filter(is_state).collect();
        assert_eq!(decided, states, "{}", file.display());
    }
}

#[test]
fn a_wrong_expectation_fails() {
    for (expectation, ok) in [
        ("at = 3.2\nevent = \"playout_started\"", true),
        ("at = 3.3\nevent = \"playout_started\"", false),
        ("at = 3.1\nevent = \"playout_started\"", false),
        ("at = 3.3\nwithin = 0.1\nevent = \"playout_started\"", true),
        ("at = 5.21\nevent = \"playout_finished\"\nposition = 2.01\ninterrupted = false", true),
        ("at = 5.21\nevent = \"playout_finished\"\nposition = 1.9", false),
        ("at = 5.21\nevent = \"playout_finished\"\ninterrupted = true", false),
        ("at = 3\nevent = \"message\"\nrole = \"user\"\ntext = \"Hello, how are you?\"", true),
        ("at = 3\nevent = \"message\"\nrole = \"user\"\ntext = \"Hello\"", false),
        ("at = 3\nevent = \"message\"\nrole = \"assistant\"", false),
        ("at = 3\nevent = \"false_interruption\"", false),
        ("event = \"closed\"", true),
    ] {
        assert_eq!(verdict(&format!("[[expect]]\n{expectation}")).is_ok(), ok, "{expectation}");
    }
}

#[test]
fn one_event_does_not_meet_two_expectations() {
    let once = "[[expect]]\nat = 3.2\nevent = \"playout_started\"\n";
    assert!(verdict(once).is_ok());
    assert_eq!(verdict(&once.repeat(2)).missing.len(), 1);
}

#[test]
fn a_strict_scenario_lists_what_nobody_expects() {
    let strict = verdict("strict = true\n[[expect]]\nat = 3.2\nevent = \"playout_started\"\n");
    assert!(strict.missing.is_empty());
    assert!(strict.unexpected.len() > 5, "{:?}", strict.unexpected);
    assert!(strict.unexpected.iter().all(|event| event["event"] != "playout_started"));
}

#[test]
fn a_wrong_file_is_named_with_line_and_key() {
    let wrong = scenario("[session]\nmin_endpointing_delai = 1").expect_err("no such key").to_string();
    assert!(wrong.contains("a.toml:2: unknown key `min_endpointing_delai`"), "{wrong}");
    let missing = read(Path::new("no/such/file.toml")).expect_err("no such file").to_string();
    assert!(missing.contains("no/such/file.toml: cannot be read"), "{missing}");
}

#[test]
fn a_journal_becomes_a_scenario_in_which_the_same_happens() {
    let stage = Stage::new().expect("a stage");
    for file in files() {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let original = read(&file).unwrap_or_else(|error| panic!("{error}"));
        let played = stage.play(&original.script);
        let story = Story::read(played.journal.iter().map(String::as_str));
        let story = story.unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = story.retell(&name, Duration::from_millis(50));
        let retold = scenario(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        let (_, verdict) = stage.check(&retold);
        // The measured ones are told whole, unless they say themselves what they leave out.
        let is_whole =
            name.starts_with(['a', 'x']) && name.as_bytes()[1].is_ascii_digit() && !text.starts_with('#');
        assert!(verdict.is_ok() || !is_whole, "{}\n{text}", verdict.to_json(&name));
    }
}
