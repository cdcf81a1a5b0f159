//! What a person reads when a configuration is wrong: the whole text, for every kind of fault.

use std::collections::BTreeMap;

use config_schema::{File, Sources, load};
use expect_test::{Expect, expect};

/// The faults of a file, variables (`NAME=value`) and arguments.
#[expect(clippy::needless_pass_by_value, reason = "`expect![]` is written where it is passed")]
fn check(file: &str, variables: &[&str], arguments: &[&str], faults: Expect) {
    let environment: BTreeMap<_, _> = variables
        .iter()
        .filter_map(|variable| variable.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let sources = Sources {
        preferences: &[],
        file: Some(File { name: "agent.toml", text: file }),
        environment: Some(&environment),
        arguments: &arguments,
    };
    faults.assert_eq(&load(&sources).map_or_else(|errors| errors.to_string(), |_| "fine".to_owned()));
}

#[test]
fn a_file_that_is_not_toml_names_the_line() {
    check(
        "[worker]\nslots = \n",
        &[],
        &[],
        expect!["agent.toml:2: is not TOML: string values must be quoted, expected literal string"],
    );
    check("[worker]\nslots = 3\nslots = 4\n", &[], &[], expect!["agent.toml:3: is not TOML: duplicate key"]);
}

#[test]
fn an_unknown_key_names_the_one_that_was_meant() {
    check(
        "[worker]\nslot = 3\n",
        &[],
        &[],
        expect!["agent.toml:2: worker.slot: no such key; did you mean slots?"],
    );
    check(
        "[turn]\n\nmin_silence_ms = 3\n",
        &[],
        &[],
        expect!["agent.toml:3: turn.min_silence_ms: no such key; did you mean vad.min_silence_ms?"],
    );
    check(
        "[worker]\nxylophone = 3\n",
        &[],
        &[],
        expect![
            "agent.toml:2: worker.xylophone: no such key; [worker] has agent_name, answer_timeout_ms, assignment_timeout_ms, close_timeout_ms, drain_timeout_ms, job_kind, lag_limit_ms, load_threshold, permissions, ping_interval_ms, reconnect_max_ms, reconnect_min_ms, register_timeout_ms, shards, slots, update_interval_ms"
        ],
    );
    check(
        "[wroker]\nslots = 3\n",
        &[],
        &[],
        expect!["agent.toml:1: wroker: no such key; did you mean worker?"],
    );
    check(
        "[stt.opnai]\nmodel = \"x\"\n",
        &[],
        &[],
        expect!["agent.toml:1: stt.opnai: no such key; did you mean openai?"],
    );
    check("slots = 3\n", &[], &[], expect!["agent.toml:1: slots: no such key; did you mean worker.slots?"]);
    check(
        "",
        &["COLLOQUY__WORKER__SLOT=3"],
        &[],
        expect!["variable COLLOQUY__WORKER__SLOT: worker.slot: no such key; did you mean slots?"],
    );
    check(
        "",
        &[],
        &["worker.slot=3"],
        expect!["command line: worker.slot: no such key; did you mean slots?"],
    );
}

#[test]
fn a_value_that_is_not_allowed_names_what_is() {
    check(
        "[worker]\nslots = 0\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:2: worker.slots = 0: must be a whole number from 1 to 100000 calls, or "unlimited""#
        ]],
    );
    check(
        "[worker]\nslots = \"many\"\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:2: worker.slots = "many": must be a whole number from 1 to 100000 calls, or "unlimited""#
        ]],
    );
    check(
        "[worker]\nload_threshold = 1.5\n",
        &[],
        &[],
        expect!["agent.toml:2: worker.load_threshold = 1.5: must be a number from 0.05 to 1"],
    );
    check(
        "[worker]\nload_threshold = nan\n",
        &[],
        &[],
        expect!["agent.toml:2: worker.load_threshold = NaN: must be a number from 0.05 to 1"],
    );
    check(
        "[worker]\nslots = 99999999999999999999\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:2: worker.slots = too great a number: must be a whole number from 1 to 100000 calls, or "unlimited""#
        ]],
    );
    check(
        "[turn]\ninterruption = \"yes\"\n",
        &[],
        &[],
        expect![[r#"agent.toml:2: turn.interruption = "yes": must be true or false"#]],
    );
    check(
        "[turn]\nendpointing_min_delay_ms = 20_000\n",
        &[],
        &[],
        expect![
            "agent.toml:2: turn.endpointing_min_delay_ms = 20000: must be a whole number from 0 to 10000 ms"
        ],
    );
    check(
        "[turn]\nendpointing_min_delay_ms = [1]\n",
        &[],
        &[],
        expect![
            "agent.toml:2: turn.endpointing_min_delay_ms = an array: must be a whole number from 0 to 10000 ms"
        ],
    );
    check(
        "[stt]\nprovider = \"deepgram\"\n",
        &[],
        &[],
        expect![[r#"agent.toml:2: stt.provider = "deepgram": must be "local", "openai" or "fake""#]],
    );
    check(
        "[livekit]\nurl = \"localhost:7880\"\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:2: livekit.url = "localhost:7880": must be a URL without user and password that begins with ws://, wss://, http:// or https://"#
        ]],
    );
    check(
        "[http]\nbind = \"8081\"\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:2: http.bind = "8081": must be an address and a port such as 127.0.0.1:8081, or empty for none"#
        ]],
    );
    check(
        "[conversation]\nlanguage = \"english\"\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:2: conversation.language = "english": must be a language tag such as en or de-DE"#
        ]],
    );
    check(
        "[worker]\nagent_name = \"front desk\"\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:2: worker.agent_name = "front desk": must be at most 128 letters without white space or control characters"#
        ]],
    );
    check("worker = 3\n", &[], &[], expect!["agent.toml:1: worker: must be a table: [worker], not integer"]);
    check(
        "",
        &["COLLOQUY__WORKER__SLOTS=many"],
        &[],
        expect![[
            r#"variable COLLOQUY__WORKER__SLOTS: worker.slots = "many": must be a whole number from 1 to 100000 calls, or "unlimited""#
        ]],
    );
    check(
        "",
        &["LIVEKIT_URL=wss://me:hush@example.com"],
        &[],
        expect![[
            r#"variable LIVEKIT_URL: livekit.url = "***@example.com": must be a URL without user and password that begins with ws://, wss://, http:// or https://"#
        ]],
    );
    check(
        "",
        &["LIVEKIT_URL=example.com"],
        &[],
        expect![[
            r#"variable LIVEKIT_URL: livekit.url = "example.com": must be a URL without user and password that begins with ws://, wss://, http:// or https://"#
        ]],
    );
    check(
        "",
        &[],
        &["worker.slots=-1", "worker.slots", "worker=3"],
        expect![[r#"
        command line: worker.slots = -1: must be a whole number from 1 to 100000 calls, or "unlimited"
        command line: worker.slots: must be written as section.key=value
        command line: worker: is a table; name one of its keys"#]],
    );
}

#[test]
fn values_that_contradict_each_other_are_named_together() {
    check(
        "[turn]\nendpointing_min_delay_ms = 4000\n",
        &[],
        &[],
        expect![
            "agent.toml:2: turn.endpointing_min_delay_ms: is 4000, which is greater than turn.endpointing_max_delay_ms = 3000"
        ],
    );
    check(
        "[vad]\nactivation = 0.2\n",
        &[],
        &[],
        expect!["agent.toml:2: vad.deactivation: is 0.35, which is greater than vad.activation = 0.2"],
    );
}

#[test]
fn a_choice_that_needs_another_setting_says_so() {
    check(
        "[llm]\nprovider = \"openai\"\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:2: llm.openai.api_key: the variable OPENAI_API_KEY is not set; set it, or write api_key = "" for a server that needs no key"#
        ]],
    );
    check(
        "[llm]\nprovider = \"openai\"\n[llm.openai]\napi_key = \"env:MY_KEY\"\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:4: llm.openai.api_key: the variable MY_KEY is not set; set it, or write api_key = "" for a server that needs no key"#
        ]],
    );
    check("[llm]\nprovider = \"openai\"\n[llm.openai]\napi_key = \"\"\n", &[], &[], expect!["fine"]);
    check(
        "[stt.local]\nengine = \"whisper\"\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:2: stt.local.whisper_weights: is not set, and stt.local.engine = "whisper" needs it; ./dev models fetches a file"#
        ]],
    );
}

#[test]
fn words_that_nobody_can_say_are_a_fault_and_what_a_realtime_model_spares_needs_nothing() {
    check(
        "[realtime]\nprovider = \"fake\"\ntts = false\n[conversation]\ngreeting = \"Hello!\"\napology = \"\"\n",
        &[],
        &[],
        expect![[
            r#"agent.toml:5: conversation.greeting: nobody can say it; set realtime.tts = true, or greeting = """#
        ]],
    );
    let spares = "[realtime]\nprovider = \"fake\"\n[stt.local]\nengine = \"whisper\"\n";
    check(spares, &[], &[], expect!["fine"]);
    check(
        "[realtime]\nprovider = \"nobody\"\n",
        &[],
        &[],
        expect![[r#"agent.toml:2: realtime.provider = "nobody": must be "none" or "fake""#]],
    );
}

#[test]
fn all_faults_are_reported_and_no_secret_is_shown() {
    check(
        "[livekit]\napi_secret = 12345\n[worker]\nslot = 1\nshards = 0\n",
        &["COLLOQUY__VAD__KIND=best"],
        &[],
        expect![[r#"
            agent.toml:2: livekit.api_secret: must be a text, or env: and the name of a variable
            agent.toml:4: worker.slot: no such key; did you mean slots?
            agent.toml:5: worker.shards = 0: must be a whole number from 1 to 1024 threads, or "auto"
            variable COLLOQUY__VAD__KIND: vad.kind = "best": must be "silero", "earshot" or "webrtc""#]],
    );
}

#[test]
fn a_missing_key_is_a_fault_only_where_a_server_is_needed() {
    let loaded = load(&Sources::default()).unwrap();
    expect![[r#"
        default: livekit.api_key: is not set; set the variable LIVEKIT_API_KEY, or the key in the [livekit] table
        default: livekit.api_secret: is not set; set the variable LIVEKIT_API_SECRET, or the key in the [livekit] table"#]].assert_eq(&loaded.require_credentials().unwrap_err().to_string());
}
