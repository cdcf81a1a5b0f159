//! The files of `config/`: the default document is what the code says, and the examples load.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, path::Path, time::Duration};

use config_schema::{Config, File, Loaded, Provider, Sources, document, load};
use expect_test::expect_file;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn loaded(name: &str, environment: &[(&str, &str)]) -> Loaded {
    let environment: BTreeMap<_, _> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let text = read(name);
    let sources = Sources {
        file: Some(File { name, text: &text }),
        environment: Some(&environment),
        ..Sources::default()
    };
    load(&sources).unwrap_or_else(|errors| panic!("{errors}"))
}

fn defaults() -> Config {
    load(&Sources::default()).unwrap_or_else(|errors| panic!("{errors}")).config
}

#[test]
fn the_default_document_is_what_the_code_says() {
    expect_file!["../../default.toml"].assert_eq(&document());
}

#[test]
fn the_default_document_changes_nothing() {
    assert_eq!(loaded("default.toml", &[]).config, defaults());
}

#[test]
fn a_request_that_hangs_is_made_again_within_the_time_that_an_answer_may_take() {
    let config = defaults();
    let (mind, voice) = (config.llm.openai, config.tts.openai);
    let hanging = 2 * (mind.first_token_timeout + voice.first_audio_timeout);
    assert!(hanging <= config.turn.reply_timeout, "{hanging:?}");
    assert!(2 * voice.first_audio_timeout <= config.turn.stall_timeout, "between two sentences");
    assert!(config.stt.openai.timeout <= config.turn.transcript_timeout);
    assert!(
        [config.stt.openai.attempts, mind.attempts, voice.attempts].iter().all(|attempts| *attempts >= 2)
    );
}

#[test]
fn the_bench_example_says_what_the_benchmark_asks() {
    let config = loaded("examples/bench.toml", &[]).config;
    assert_eq!(config.worker.slots, None);
    assert_eq!(config.turn.endpointing_min_delay, Duration::from_millis(500));
    assert_eq!([config.stt.provider, config.llm.provider, config.tts.provider], [Provider::Fake; 3]);
    assert_eq!(config.stt.fake.final_delay, Duration::from_millis(150));
    assert_eq!(config.llm.fake.first_token, Duration::from_millis(300));
    assert_eq!(config.tts.fake.first_frame, Duration::from_millis(100));
    assert_eq!(config.tts.fake.length, Duration::from_secs(3));
}

#[test]
fn the_usual_variables_take_the_place_of_the_keys_in_an_example() {
    let environment = [("LIVEKIT_URL", "wss://rooms.example"), ("LIVEKIT_API_SECRET", "other")];
    let config = loaded("examples/bench.toml", &environment).config;
    assert_eq!(config.livekit.url.as_str(), "wss://rooms.example/");
    assert_eq!(config.livekit.api_key, "devkey");
    assert_eq!(config.livekit.api_secret.expose(), "other");
}

#[test]
fn the_booking_example_has_its_tools_and_their_key() {
    let config = loaded("examples/booking.toml", &[("BOOKING_KEY", "secret")]).config;
    let names: Vec<_> = config.tools.iter().map(|tool| tool.settings.name.as_str()).collect();
    assert_eq!(names, ["find_tables", "book_table", "cancel_booking"]);
    assert!(config.tools.iter().all(|tool| tool.settings.secret.expose() == "secret"));
}

#[test]
fn the_openai_example_reads_its_key_from_the_environment() {
    let config = loaded("examples/openai.toml", &[("OPENAI_API_KEY", "sk-test")]).config;
    assert_eq!(config.llm.openai.api_key.expose(), "sk-test");
    assert_eq!(format!("{:?}", config.llm.openai.api_key), "Secret(***)");
}
