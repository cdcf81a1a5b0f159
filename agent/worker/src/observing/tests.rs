//! A conversation under virtual time, and what a scrape says of it.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use agent_conversation::{Conversation, Micros, Parts, Person, Prices, SpeakerId, Toolset};
use agent_tools::{Function, NoArguments, ToolError};
use providers_core::{SampleRate, ToolCall, Usage};
use providers_fake::{Answer, FakeEar, FakeMind, FakeVoice, Sound, Speech, Utterance, When};
use tests_sim::{
    body::{Cue, Deed, ScriptedBody},
    scenario::Vad,
    session::Session,
    voice_cues,
};

use super::{CallObserver, reported};
use crate::{
    metrics::Metrics,
    protocol::{Counters, JobId, Phase, Snapshot},
    providers::ProviderTally,
};

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// "I would like to … book a table": the answer to the first half is begun in vain, that to the whole is used, and calls
/// a tool that fails.
async fn converse(metrics: &Arc<Metrics>) {
    let job = JobId::new("AJ_1").expect("it is not empty");
    let said = |start, end, text: &str| Utterance {
        start: ms(start),
        end: ms(end),
        text: text.to_owned(),
        delay: ms(200),
        is_final: true,
    };
    let said = [said(500, 1_500, "I would like to"), said(2_200, 3_000, "book a table")];
    let call = ToolCall { id: "1".into(), name: "book".into(), arguments: "{}".into() };
    let answer = |when: &str, text: &str, calls: Vec<ToolCall>| Answer {
        when: When::parse(when),
        text: text.to_owned(),
        calls,
        ttft: ms(100),
        duration: ms(300),
    };
    let mind = FakeMind::new(vec![
        answer("I would like to book a table", "", vec![call]),
        answer("*", "There is none.", Vec::new()),
    ]);
    let speech = Speech { when: When::parse("*"), length: ms(1_000), ttfb: ms(200), duration: ms(300) };
    let voice = FakeVoice::new(SampleRate::HEARING, Sound::Silence, vec![speech]);
    let book = Function::typed("book", "", |_: NoArguments, _| async {
        tokio::time::sleep(ms(1_500)).await;
        Err::<&str, _>(ToolError::told("The book is gone."))
    });
    let parts = Parts {
        tools: Toolset::new().with(book).expect("the only tool has a name of its own"),
        observer: Box::new(CallObserver::new(job.clone(), metrics.clone())),
        ..Parts::new(Arc::new(FakeEar::scripted(&said)), Arc::new(mind), Arc::new(voice))
    };
    let mut config = Session::default().config();
    config.turn.endpoint.min_delay = ms(1_000);
    config.prices = Prices { llm_input: Micros(1_000_000), ..Prices::default() };
    let mut cues = vec![Cue::user(Duration::ZERO, Deed::Joined(Person::alone()))];
    cues.extend(voice_cues(
        SpeakerId::LINKED,
        Vad::default().end_delay.0,
        said.iter().map(|said| (said.start, said.end)),
    ));
    cues.push(Cue::user(ms(9_000), Deed::Left));
    let report = Conversation::new(config, parts, ScriptedBody::new(cues, true, ())).run().await;
    reported(&job, &report, metrics);
}

/// What a scrape says of these metrics, in a worker that does nothing else.
pub(crate) fn scrape(metrics: &Metrics) -> String {
    metrics.text(&idle(), &[], &BTreeMap::new(), Instant::now())
}

fn idle() -> Snapshot {
    Snapshot {
        phase: Phase::Registered,
        worker: None,
        takes_jobs: true,
        reserved: 0,
        running: 1,
        load_permille: 0,
        counters: Counters::default(),
    }
}

#[test]
fn a_scrape_tells_of_each_provider_what_it_failed_at_and_what_that_used() {
    let wasted = Usage { input_tokens: 70, ..Usage::default() };
    let tally = ProviderTally { failures: 1, failed_attempts: 3, retries: 2, refused: 0, wasted };
    let providers =
        BTreeMap::from([(("llm", "openai"), tally), (("tts", "openai"), ProviderTally::default())]);
    let text = Metrics::new().text(&idle(), &[], &providers, Instant::now());
    for series in [
        "requests_failed_total{component=\"llm\",provider=\"openai\"} 1",
        "requests_failed_total{component=\"tts\",provider=\"openai\"} 0",
        "attempts_failed_total{component=\"llm\",provider=\"openai\"} 3",
        "retries_total{component=\"llm\",provider=\"openai\",outcome=\"made\"} 2",
        "retries_total{component=\"llm\",provider=\"openai\",outcome=\"refused\"} 0",
        "wasted_tokens_total{component=\"llm\",provider=\"openai\",direction=\"read\"} 70",
    ] {
        assert!(text.contains(&format!("colloquy_provider_{series}\n")), "{series}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_scrape_tells_of_speculation_and_of_tools_and_of_nothing_that_was_said() {
    let metrics = Arc::new(Metrics::new());
    let before = scrape(&metrics);
    for series in ["speculations_total{outcome=\"used\"} 0", "tool_calls_total{outcome=\"timed_out\"} 0"] {
        assert!(
            before.contains(&format!("colloquy_{series}\n")),
            "{series} is there from the start: {before}"
        );
    }
    converse(&metrics).await;
    let text = scrape(&metrics);
    for series in [
        "speculations_total{outcome=\"used\"} 1",
        "speculations_total{outcome=\"dropped\"} 1",
        "tool_calls_total{outcome=\"failed\"} 1",
        "tool_calls_total{outcome=\"returned\"} 0",
        "tool_duration_seconds_count{outcome=\"failed\"} 1",
        "tool_duration_seconds_bucket{le=\"1.25\",outcome=\"failed\"} 0",
        "tool_duration_seconds_bucket{le=\"2.0\",outcome=\"failed\"} 1",
    ] {
        assert!(text.contains(&format!("colloquy_{series}\n")), "{series}: {text}");
    }
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("colloquy_{name} ")));
        line.and_then(|value| value.parse::<f64>().ok()).unwrap_or_else(|| panic!("{name}: {text}"))
    };
    let tokens = value("speculation_wasted_tokens_total{direction=\"read\"}");
    assert!(tokens > 0.0);
    let cost = value("speculation_wasted_cost_total");
    assert!((cost - tokens / 1e6).abs() < 1e-9, "a token costs a millionth: {cost} for {tokens}");
    for private in ["table", "book", "gone", "AJ_1"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
}
