//! Which source wins, and what `--print-config` says of it.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use config_schema::{File, Loaded, Place, Sources, keys, load};
use expect_test::expect;
use proptest::prelude::*;

fn loaded(
    preferences: &[(&str, &str)],
    file: &str,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> Loaded {
    let environment: BTreeMap<_, _> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let sources = Sources {
        preferences,
        file: Some(File { name: "agent.toml", text: file }),
        environment: Some(&environment),
        arguments: &arguments,
    };
    load(&sources).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn the_later_source_wins() {
    let preference = [("worker.slots", "1")];
    let file = "[worker]\nslots = 2\n";
    let variable = [("COLLOQUY__WORKER__SLOTS", "3")];
    let argument = ["worker.slots=4"];
    let slots = |loaded: Loaded| loaded.config.worker.slots;
    assert_eq!(slots(loaded(&[], "", &[], &[])), Some(100));
    assert_eq!(slots(loaded(&preference, "", &[], &[])), Some(1));
    assert_eq!(slots(loaded(&preference, file, &[], &[])), Some(2));
    assert_eq!(slots(loaded(&preference, file, &variable, &[])), Some(3));
    assert_eq!(slots(loaded(&preference, file, &variable, &argument)), Some(4));
}

#[test]
fn the_long_name_of_a_variable_wins_over_the_usual_one() {
    let variables = [("LIVEKIT_API_KEY", "usual"), ("COLLOQUY__LIVEKIT__API_KEY", "long")];
    assert_eq!(loaded(&[], "", &variables, &[]).config.livekit.api_key, "long");
}

#[test]
fn an_empty_usual_variable_is_none() {
    let loaded = loaded(&[], "[livekit]\napi_key = \"key\"\n", &[("LIVEKIT_API_KEY", "")], &[]);
    assert_eq!(loaded.config.livekit.api_key, "key");
}

#[test]
fn the_effective_configuration_tells_where_values_came_from_and_masks_secrets() {
    let loaded = loaded(
        &[("logging.filter", "debug")],
        "[worker]\nslots = \"unlimited\"\n",
        &[("LIVEKIT_API_SECRET", "hush"), ("OPENAI_API_KEY", "hush")],
        &["livekit.api_key=devkey"],
    );
    let text = loaded.effective.to_string();
    assert!(!text.contains("hush"), "{text}");
    let interesting = ["url", "api_key", "api_secret", "slots", "shards", "filter", "base_url"];
    let shown: String = text
        .lines()
        .filter(|line| interesting.iter().any(|key| line.starts_with(&format!("{key} ="))))
        .map(|line| format!("{line}\n"))
        .collect();
    expect![[r#"
        url = "ws://127.0.0.1:7880"                   # default
        api_key = "devkey"                            # command line
        api_secret = "***"                            # variable LIVEKIT_API_SECRET
        slots = "unlimited"                           # agent.toml:2
        shards = "auto"                               # default
        filter = "debug"                              # this command's default
        base_url = "https://api.openai.com/v1"        # default
        api_key = "***"                               # default, read from the variable OPENAI_API_KEY
        base_url = "https://api.openai.com/v1"        # default
        api_key = "***"                               # default, read from the variable OPENAI_API_KEY
        base_url = "https://api.openai.com/v1"        # default
        api_key = "***"                               # default, read from the variable OPENAI_API_KEY
    "#]]
    .assert_eq(&shown);
    let back: BTreeMap<_, _> = loaded.effective.entries.iter().map(|entry| (entry.path, entry)).collect();
    assert_eq!(back["worker.shards"].origin.place, Place::Default);
}

#[test]
fn the_effective_configuration_is_toml_that_loads_to_the_same_values() {
    let first = loaded(
        &[],
        "[turn]\nuser_away_timeout_ms = \"off\"\n[conversation]\ngreeting = \"a \\\"b\\\"\\n\\u0007\"\n",
        &[],
        &[],
    );
    let second = loaded(&[], &first.effective.to_string(), &[], &[]);
    assert_eq!(first.config, second.config);
}

#[test]
fn every_setting_has_a_reason_and_a_path_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for key in keys() {
        assert!(key.reason.len() > 10 && key.reason.ends_with('.'), "{}: {:?}", key.path, key.reason);
        assert!(seen.insert(key.path), "{} stands twice", key.path);
    }
    assert!(seen.len() > 80, "{}", seen.len());
}

proptest! {
    #[test]
    fn no_text_panics(text in "(\\[[a-z.]{0,12}\\]\n|[a-z_.\"]{0,16} ?= ?[-0-9a-z\"\\[\\]{}.]{0,8}\n|.{0,20}){0,8}") {
        let _: Result<_, _> = load(&Sources { file: Some(File { name: "any", text: &text }), ..Sources::default() });
    }
}
