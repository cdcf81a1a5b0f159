//! What is measured: one list of names with kind, labels and reason, and the values behind them.

mod inventory;
mod media;

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use agent_conversation::{CallReport, Component, Latency, Micros, ToolEnd};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Metric as Value, Registry},
};

use providers_core::{ErrorKind, Usage};

pub use inventory::Metric;
use media::Media;

use crate::{
    observing::turn_ends,
    protocol::{Declined, Outcome, Phase, Snapshot},
    providers::ProviderTally,
    remote,
    shards::ShardGauge,
};

type Labels = Vec<(&'static str, String)>;
type Ratio = Gauge<f64, std::sync::atomic::AtomicU64>;
/// A sum of seconds, or of money.
type Sum = Counter<f64, std::sync::atomic::AtomicU64>;
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// All values of this process. Written from any thread; each write is a few atomic operations, none of them per packet.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    registrations: Counter,
    link_failures: Counter,
    accepted: Counter,
    declined: Family<Labels, Counter>,
    unassigned: Counter,
    late_assignments: Counter,
    reports_lost: Counter,
    started: Counter,
    malformed: Counter,
    ended: Family<Labels, Counter>,
    registered: Gauge,
    slots_used: Gauge,
    load: Ratio,
    shard_calls: Family<Labels, Gauge>,
    shard_lag: Family<Labels, Ratio>,
    call_duration: Histogram,
    reply_latency: Histogram,
    reply_after_commit: Histogram,
    end_of_turn: Histogram,
    transcription: Histogram,
    llm_first_token: Histogram,
    tts_first_audio: Histogram,
    turns: Family<Labels, Counter>,
    interruptions: Family<Labels, Counter>,
    provider_failures: Family<Labels, Counter>,
    requests_failed: Family<Labels, Counter>,
    attempts_failed: Family<Labels, Counter>,
    retries: Family<Labels, Counter>,
    attempts_wasted: Family<Labels, Counter>,
    tokens: Family<Labels, Counter>,
    provider_audio: Family<Labels, Sum>,
    speculations: Family<Labels, Counter>,
    wasted_tokens: Family<Labels, Counter>,
    wasted_cost: Sum,
    tool_calls: Family<Labels, Counter>,
    tool_duration: Histograms,
    media: Media,
    journals_cut: Counter,
    remote_requests: Family<Labels, Counter>,
    remote_news_lost: Counter,
    breaches: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Everything at nothing.
    #[must_use]
    pub fn new() -> Self {
        let mut list = List(Registry::with_prefix("colloquy"));
        let metrics = Self {
            registrations: list.add(Metric::Registrations, Counter::default()),
            link_failures: list.add(Metric::LinkFailures, Counter::default()),
            accepted: list.add(Metric::JobsAccepted, Counter::default()),
            declined: list.add(Metric::JobsDeclined, Family::default()),
            unassigned: list.add(Metric::JobsUnassigned, Counter::default()),
            late_assignments: list.add(Metric::AssignmentsLate, Counter::default()),
            reports_lost: list.add(Metric::ReportsLost, Counter::default()),
            started: list.add(Metric::JobsStarted, Counter::default()),
            malformed: list.add(Metric::MessagesMalformed, Counter::default()),
            ended: list.add(Metric::JobsEnded, Family::default()),
            registered: list.add(Metric::Registered, Gauge::default()),
            slots_used: list.add(Metric::SlotsUsed, Gauge::default()),
            load: list.add(Metric::Load, Ratio::default()),
            shard_calls: list.add(Metric::ShardCalls, Family::default()),
            shard_lag: list.add(Metric::ShardLag, Family::default()),
            call_duration: list.add(Metric::CallDuration, Histogram::new(CALL_SECONDS)),
            reply_latency: list.add(Metric::ReplyLatency, Histogram::new(LATENCY_SECONDS)),
            reply_after_commit: list.add(Metric::ReplyAfterCommit, Histogram::new(LATENCY_SECONDS)),
            end_of_turn: list.add(Metric::EndOfTurn, Histogram::new(LATENCY_SECONDS)),
            transcription: list.add(Metric::Transcription, Histogram::new(LATENCY_SECONDS)),
            llm_first_token: list.add(Metric::LlmFirstToken, Histogram::new(LATENCY_SECONDS)),
            tts_first_audio: list.add(Metric::TtsFirstAudio, Histogram::new(LATENCY_SECONDS)),
            turns: list.add(Metric::Turns, Family::default()),
            interruptions: list.add(Metric::Interruptions, Family::default()),
            provider_failures: list.add(Metric::ProviderFailures, Family::default()),
            requests_failed: list.add(Metric::ProviderRequestsFailed, Family::default()),
            attempts_failed: list.add(Metric::ProviderAttemptsFailed, Family::default()),
            retries: list.add(Metric::ProviderRetries, Family::default()),
            attempts_wasted: list.add(Metric::ProviderWastedTokens, Family::default()),
            tokens: list.add(Metric::Tokens, Family::default()),
            provider_audio: list.add(Metric::ProviderAudio, Family::default()),
            speculations: list.add(Metric::Speculations, Family::default()),
            wasted_tokens: list.add(Metric::SpeculationWastedTokens, Family::default()),
            wasted_cost: list.add(Metric::SpeculationWastedCost, Sum::default()),
            tool_calls: list.add(Metric::ToolCalls, Family::default()),
            tool_duration: list.add(
                Metric::ToolDuration,
                Histograms::new_with_constructor(|| Histogram::new(LATENCY_SECONDS)),
            ),
            media: Media::new(&mut list),
            journals_cut: list.add(Metric::JournalsCut, Counter::default()),
            remote_requests: list.add(Metric::RemoteRequests, Family::default()),
            remote_news_lost: list.add(Metric::RemoteNewsLost, Counter::default()),
            breaches: list.add(Metric::InvariantBreaches, Counter::default()),
            registry: Registry::default(),
        };
        metrics.begin_all();
        Self { registry: list.0, ..metrics }
    }

    /// Begins every series of the counters at nothing: a rate over a series that appears with its first failure misses
    /// that failure.
    fn begin_all(&self) {
        begin(&self.ended, "status", [SUCCESS, FAILED]);
        begin(&self.declined, "reason", Declined::ALL.map(Declined::name));
        begin(&self.turns, "end", turn_ends());
        begin(&self.interruptions, "kind", [INTERRUPTED, RESUMED]);
        begin(&self.tokens, "direction", [READ, WRITTEN]);
        begin(&self.wasted_tokens, "direction", [READ, WRITTEN]);
        begin(&self.speculations, "outcome", [USED, DROPPED]);
        begin(&self.tool_calls, "outcome", ToolEnd::ALL.map(ToolEnd::name));
        begin(&self.remote_requests, "outcome", remote::Outcome::ALL.map(remote::Outcome::name));
        begin(&self.provider_audio, "component", Component::ALL.map(Component::name));
        for component in Component::ALL {
            for kind in ErrorKind::ALL {
                drop(self.provider_failures.get_or_create(&failure(component.name(), kind)));
            }
        }
    }

    /// A job's final report.
    pub(crate) fn job_ended(&self, outcome: &Outcome) {
        let status = match outcome {
            Outcome::Success => SUCCESS,
            Outcome::Failed(_) => FAILED,
        };
        self.ended.get_or_create(&label("status", status)).inc();
    }

    /// A job that was offered and is not taken.
    pub(crate) fn job_declined(&self, why: Declined) {
        self.declined.get_or_create(&label("reason", why.name())).inc();
    }

    pub(crate) fn interrupted(&self, is_true: bool) {
        let kind = if is_true { INTERRUPTED } else { RESUMED };
        self.interruptions.get_or_create(&label("kind", kind)).inc();
    }

    pub(crate) fn journal_cut(&self) {
        self.journals_cut.inc();
    }

    #[cfg(test)]
    pub(crate) fn journals_cut(&self) -> u64 {
        self.journals_cut.get()
    }

    pub(crate) fn turn_committed(&self, end_of_turn: Option<Duration>, transcription: Option<Duration>) {
        observe(&self.end_of_turn, end_of_turn);
        observe(&self.transcription, transcription);
    }

    pub(crate) fn turn_ended(&self, how: &'static str) {
        self.turns.get_or_create(&label("end", how)).inc();
    }

    pub(crate) fn replied(&self, latency: Latency) {
        observe(&self.reply_latency, latency.end_to_end);
        observe(&self.reply_after_commit, Some(latency.after_commit));
        observe(&self.llm_first_token, latency.llm_ttft);
        observe(&self.tts_first_audio, latency.tts_ttfb);
    }

    pub(crate) fn provider_failed(&self, component: &'static str, kind: ErrorKind) {
        self.provider_failures.get_or_create(&failure(component, kind)).inc();
    }

    pub(crate) fn speculation_used(&self) {
        self.speculations.get_or_create(&label("outcome", USED)).inc();
    }

    pub(crate) fn speculation_wasted(&self, usage: Usage, cost: Micros) {
        self.speculations.get_or_create(&label("outcome", DROPPED)).inc();
        count_tokens(&self.wasted_tokens, usage);
        self.wasted_cost.inc_by(cost.0 as f64 / 1e6);
    }

    pub(crate) fn tool_called(&self, end: ToolEnd, took: Duration) {
        let outcome = label("outcome", end.name());
        self.tool_calls.get_or_create(&outcome).inc();
        if end != ToolEnd::Refused {
            observe(&self.tool_duration.get_or_create(&outcome), Some(took));
        }
    }

    pub(crate) fn remote_asked(&self, outcome: remote::Outcome) {
        self.remote_requests.get_or_create(&label("outcome", outcome.name())).inc();
    }

    pub(crate) fn remote_news_lost(&self, count: u64) {
        self.remote_news_lost.inc_by(count);
    }

    pub(crate) fn used(&self, component: &'static str, usage: Usage) {
        count_tokens(&self.tokens, usage);
        let audio = usage.audio_in_ms + usage.audio_out_ms;
        if audio > 0 {
            self.provider_audio.get_or_create(&label("component", component)).inc_by(audio as f64 / 1_000.0);
        }
    }

    pub(crate) fn call_over(&self, report: &CallReport) {
        observe(&self.call_duration, Some(report.duration));
        self.breaches.inc_by(report.breaches);
    }

    /// All values as Prometheus reads them, those of the worker, its shards and its providers as they are now.
    #[must_use]
    pub(crate) fn text(
        &self,
        worker: &Snapshot,
        shards: &[Arc<ShardGauge>],
        providers: &BTreeMap<(&'static str, &'static str), ProviderTally>,
        now: Instant,
    ) -> String {
        let counters = worker.counters;
        for (counter, value) in [
            (&self.registrations, counters.registrations),
            (&self.link_failures, counters.link_failures),
            (&self.accepted, counters.accepted),
            (&self.unassigned, counters.unassigned),
            (&self.late_assignments, counters.late_assignments),
            (&self.reports_lost, counters.reports_lost),
            (&self.started, counters.started),
            (&self.malformed, counters.malformed + counters.unexpected),
        ] {
            counter.inner().store(value, Ordering::Relaxed);
        }
        self.registered.set(i64::from(worker.phase == Phase::Registered));
        self.slots_used.set(i64::from(worker.reserved) + i64::from(worker.running));
        self.load.set(f64::from(worker.load_permille) / 1_000.0);
        for (index, shard) in shards.iter().enumerate() {
            let label = label("shard", index.to_string());
            self.shard_calls.get_or_create(&label).set(i64::from(shard.calls()));
            self.shard_lag.get_or_create(&label).set(shard.lag(now).as_secs_f64());
        }
        for ((component, provider), tally) in providers {
            self.tell_provider(component, provider, tally);
        }
        let mut text = String::new();
        // Writing into a string fails only when formatting does, which the library's own types do not.
        if encode(&mut text, &self.registry).is_err() {
            text.push_str("# EOF\n");
        }
        text
    }
}

impl Metrics {
    fn tell_provider(&self, component: &str, provider: &str, tally: &ProviderTally) {
        let ProviderTally { failures, failed_attempts, retries, refused, wasted } = *tally;
        let set = |family: &Family<Labels, Counter>, more: Option<(&'static str, &str)>, value: u64| {
            let mut labels = vec![("component", component.to_owned()), ("provider", provider.to_owned())];
            labels.extend(more.map(|(name, value)| (name, value.to_owned())));
            family.get_or_create(&labels).inner().store(value, Ordering::Relaxed);
        };
        set(&self.requests_failed, None, failures);
        set(&self.attempts_failed, None, failed_attempts);
        set(&self.retries, Some(("outcome", "made")), retries);
        set(&self.retries, Some(("outcome", "refused")), refused);
        set(&self.attempts_wasted, Some(("direction", "read")), wasted.input_tokens);
        set(&self.attempts_wasted, Some(("direction", "written")), wasted.output_tokens);
    }
}

/// Registers values under the names of the inventory.
struct List(Registry);

impl List {
    fn add<V: Value + Clone>(&mut self, metric: Metric, value: V) -> V {
        self.0.register(metric.name(), metric.reason(), value.clone());
        value
    }
}

fn observe(histogram: &Histogram, duration: Option<Duration>) {
    if let Some(duration) = duration {
        histogram.observe(duration.as_secs_f64());
    }
}

fn count_tokens(tokens: &Family<Labels, Counter>, usage: Usage) {
    for (direction, count) in [(READ, usage.input_tokens), (WRITTEN, usage.output_tokens)] {
        if count > 0 {
            tokens.get_or_create(&label("direction", direction)).inc_by(count);
        }
    }
}

/// Begins these series at nothing.
fn begin<C: Clone + Default>(
    family: &Family<Labels, C>,
    name: &'static str,
    values: impl IntoIterator<Item = &'static str>,
) {
    for value in values {
        drop(family.get_or_create(&label(name, value)));
    }
}

fn failure(component: &'static str, kind: ErrorKind) -> Labels {
    vec![("component", component.to_owned()), ("kind", kind.name().to_owned())]
}

fn label(name: &'static str, value: impl Into<String>) -> Labels {
    vec![(name, value.into())]
}

const SUCCESS: &str = "success";
const FAILED: &str = "failed";
const INTERRUPTED: &str = "true";
const RESUMED: &str = "false";
const READ: &str = "read";
const WRITTEN: &str = "written";
const USED: &str = "used";
const DROPPED: &str = "dropped";
/// From a frame to what nobody waits for. Fine around 500 ms, where an answer begins to feel late.
const LATENCY_SECONDS: [f64; 16] =
    [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0];
/// From a wrong number to a long consultation.
const CALL_SECONDS: [f64; 10] = [1.0, 5.0, 15.0, 30.0, 60.0, 180.0, 600.0, 1_800.0, 3_600.0, 14_400.0];
