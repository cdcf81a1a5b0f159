//! Agents in files: read, built, and followed as they change.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use agent_worker::cast::{Cast, TeamSource, keep_current};
use config_schema::{RealtimeProvider, Sources, load};
use tokio::{sync::watch, time::timeout};

const FAKES: &str = "[stt]\nprovider = \"fake\"\n[llm]\nprovider = \"fake\"\n[tts]\nprovider = \"fake\"\n";

fn source(folder: &Path) -> TeamSource {
    TeamSource {
        folder: folder.to_owned(),
        entry: Some("host".to_owned()),
        file: Some(("worker.toml".to_owned(), FAKES.to_owned())),
        preferences: &[],
        environment: BTreeMap::new(),
        arguments: Vec::new(),
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

#[test]
fn a_folder_of_agents_is_read_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "host.toml", "[agent]\nhand_off = [\"kitchen\"]\n");
    write(folder.path(), "kitchen.toml", "");
    write(folder.path(), "notes.md", "nothing");
    let team = source(folder.path()).read().unwrap();
    assert_eq!(team.agents.keys().collect::<Vec<_>>(), ["host", "kitchen"]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = source(&missing).read().unwrap_err().to_string();
    assert!(error.contains("missing") && error.ends_with("(agents.folder)"), "{error}");
    write(folder.path(), "host.toml", "[agent]\nhand_off = [\"kitchn\"]\n");
    write(folder.path(), "kitchen.toml", "[conversation]\ngreting = \"\"\n");
    let error = source(folder.path()).read().unwrap_err().to_string();
    let lines: Vec<_> = error.lines().filter_map(|line| line.rsplit_once('/').map(|(_, end)| end)).collect();
    assert_eq!(
        lines,
        [
            "kitchen.toml:2: conversation.greting: no such key; did you mean greeting?",
            "host.toml:1: agent.hand_off: there is no agent kitchn; did you mean kitchen?",
        ]
    );
}

#[test]
fn an_agent_of_a_file_may_have_a_realtime_model_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "host.toml", "[realtime]\nprovider = \"fake\"\nturns = \"model\"\n");
    write(folder.path(), "kitchen.toml", "");
    let team = source(folder.path()).read().unwrap();
    let models = team.agents.values().map(|agent| agent.config.realtime.provider);
    assert_eq!(models.collect::<Vec<_>>(), [RealtimeProvider::Fake, RealtimeProvider::None]);
    let loaded = load(&Sources::default()).unwrap();
    Cast::build(&Arc::new(loaded.config), Some(&team), None).expect("the fakes are always there");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_takes_the_place_of_the_agent_and_a_wrong_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "host.toml", "[conversation]\ninstructions = \"first\"\n");
    let source = source(folder.path());
    let sources = Sources::default();
    let config = Arc::new(load(&sources).expect("defaults are right").config);
    let team = source.read().unwrap();
    let built = Arc::new(Cast::build(&config, Some(&team), None).unwrap());
    let (cast, mut seen) = watch::channel(Some(built.clone()));
    let change = async {
        for text in
            ["[conversation]\ninstruction = \"wrong\"\n", "[conversation]\ninstructions = \"second\"\n"]
        {
            tokio::time::sleep(Duration::from_millis(700)).await;
            write(folder.path(), "host.toml", text);
        }
        seen.changed().await.unwrap();
        seen.borrow_and_update().clone().unwrap()
    };
    let newer = tokio::select! {
        newer = timeout(Duration::from_secs(20), change) => newer.expect("a change is seen"),
        never = keep_current(source.clone(), config.clone(), &cast) => match never {},
    };
    assert_eq!(newer.instructions("host"), Some("second"));
    assert_eq!(built.instructions("host"), Some("first"), "a call that goes on holds what it has");
}
