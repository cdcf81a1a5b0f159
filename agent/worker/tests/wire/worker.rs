//! A worker against an agent server on the wire: registration, bursts, panics, reconnects, drains. Calls are scripted.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::support::{AgentServer, WorkerLink, within};
use agent_worker::{
    Consider, Entry, LinkError, Metrics, Request, Trust, Worker, WorkerError, protocol::Outcome,
};
use config_schema::{Sources, load};
use livekit_protocol as proto;
use livekit_token::{Claims, TokenVerifier};
use proto::worker_message::Message as ToServer;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_tungstenite::tungstenite::{Message, http::StatusCode};

const SECRET: &str = "a secret that is at least 32 bytes long";

#[tokio::test]
async fn a_worker_shows_a_token_for_agents_and_registers() {
    let server = AgentServer::start().await;
    let running = Running::start(&server, &["worker.agent_name=desk"], &quick());
    let mut link = server.accept().await;
    let claims: Claims = TokenVerifier::with_api_key("key", SECRET).verify(&link.token).unwrap();
    assert!(claims.video.agent && !claims.video.room_join);
    let ToServer::Register(register) = link.receive().await else { panic!("a registration comes first") };
    assert_eq!(register.agent_name, "desk");
    link.register("AW_1").await;
    let ToServer::UpdateWorker(update) = link.receive().await else { panic!("a status follows") };
    assert_eq!((update.status(), update.job_count), (proto::WorkerStatus::WsAvailable, 0));
    running.end(&mut link).await;
}

#[tokio::test]
async fn a_call_is_reported_before_it_leaves() {
    let server = AgentServer::start().await;
    let (left, mut has_left) = watch::channel(false);
    let running = Running::start(
        &server,
        &[],
        &entry(move |seat| {
            let left = left.clone();
            async move {
                seat.report(Outcome::Success).await;
                left.send_replace(true);
                Outcome::Success
            }
        }),
    );
    let mut link = server.registered().await;
    assert!(link.give("AJ_1").await);
    within(has_left.wait_for(|left| *left)).await.unwrap();
    assert_eq!(link.report().await, ("AJ_1".into(), proto::JobStatus::JsSuccess, String::new()));
    running.end(&mut link).await;
}

#[tokio::test]
async fn of_a_burst_of_a_hundred_jobs_exactly_the_slots_are_taken() {
    let server = AgentServer::start().await;
    let running = Running::start(&server, &["worker.slots=7", "worker.load_threshold=1.0"], &until_stopped());
    let mut link = server.registered().await;
    for n in 0..100 {
        link.ask(&format!("AJ_{n}")).await;
    }
    let mut taken = Vec::new();
    for _ in 0..100 {
        let ToServer::Availability(answer) = link.receive_of_jobs().await else { panic!("no answer") };
        if answer.available {
            taken.push(answer.job_id);
        }
    }
    assert_eq!(taken, (0..7).map(|n| format!("AJ_{n}")).collect::<Vec<_>>());
    for job in &taken {
        link.assign(job).await;
        assert_eq!(link.report().await.1, proto::JobStatus::JsRunning);
    }
    assert!(!link.give("AJ_more").await);
    running.stop(&mut link, 7).await;
}

#[tokio::test]
async fn a_panic_ends_its_call_and_no_other() {
    let server = AgentServer::start().await;
    let entry: Entry = Arc::new(|assignment, mut seat| {
        // In the entry itself, and within its future.
        assert_ne!(assignment.job.id.as_str(), "AJ_entry", "nothing to see here");
        Box::pin(async move {
            assert_ne!(seat.job().as_str(), "AJ_future", "nor here");
            seat.stopped().await;
            Outcome::Success
        })
    });
    let running = Running::start(&server, &["worker.shards=1"], &entry);
    let mut link = server.registered().await;
    assert!(link.give("AJ_steady").await);
    for job in ["AJ_entry", "AJ_future"] {
        assert!(link.give(job).await);
        let (reported, status, reason) = link.report().await;
        assert_eq!((reported.as_str(), status), (job, proto::JobStatus::JsFailed));
        // Where, and nothing of what it says, which may be what people said.
        let place = reason.strip_prefix("panicked at ").unwrap_or_else(|| panic!("{reason}"));
        assert!(place.contains("tests/wire/worker.rs:") && !place.contains("nor here"), "{reason}");
    }
    running.stop(&mut link, 1).await;
}

#[tokio::test]
async fn the_server_may_end_a_call() {
    let server = AgentServer::start().await;
    let running = Running::start(&server, &[], &until_stopped());
    let mut link = server.registered().await;
    assert!(link.give("AJ_1").await);
    link.send(proto::server_message::Message::Termination(proto::JobTermination { job_id: "AJ_1".into() }))
        .await;
    assert_eq!(link.report().await, ("AJ_1".into(), proto::JobStatus::JsSuccess, String::new()));
    running.end(&mut link).await;
}

#[tokio::test]
async fn a_call_that_does_not_end_when_told_is_dropped_and_reported() {
    let server = AgentServer::start().await;
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = dropped.clone();
    let running = Running::start(
        &server,
        &["worker.close_timeout_ms=100"],
        &entry(move |_| {
            let guard = CountOnDrop(count.clone());
            async move {
                let _guard = guard;
                std::future::pending().await
            }
        }),
    );
    let mut link = server.registered().await;
    assert!(link.give("AJ_1").await);
    link.send(proto::server_message::Message::Termination(proto::JobTermination { job_id: "AJ_1".into() }))
        .await;
    let (_, status, reason) = link.report().await;
    assert_eq!(
        (status, reason.as_str()),
        (proto::JobStatus::JsFailed, "did not end within 100ms of being told to")
    );
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    running.end(&mut link).await;
}

#[tokio::test]
async fn a_drain_cuts_no_call_and_declines_all_others() {
    let server = AgentServer::start().await;
    let (finish, finished) = watch::channel(false);
    let running = Running::start(
        &server,
        &[],
        &entry(move |_| {
            let mut finished = finished.clone();
            async move {
                finished.wait_for(|finished| *finished).await.unwrap();
                Outcome::Success
            }
        }),
    );
    let mut link = server.registered().await;
    for n in 0..5 {
        assert!(link.give(&format!("AJ_{n}")).await);
    }
    running.requests.send(Request::Drain).await.unwrap();
    let update = loop {
        if let ToServer::UpdateWorker(update) = link.receive().await
            && update.draining
        {
            break update;
        }
    };
    assert_eq!((update.status(), update.job_count), (proto::WorkerStatus::WsFull, 5));
    assert!(!link.give("AJ_late").await);
    finish.send_replace(true);
    for _ in 0..5 {
        assert_eq!(link.report().await.1, proto::JobStatus::JsSuccess);
    }
    link.closed().await;
    within(running.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_drain_ends_calls_that_exceed_its_bound() {
    let server = AgentServer::start().await;
    let running = Running::start(&server, &["worker.drain_timeout_ms=50"], &until_stopped());
    let mut link = server.registered().await;
    assert!(link.give("AJ_1").await);
    running.requests.send(Request::Drain).await.unwrap();
    assert_eq!(link.report().await.1, proto::JobStatus::JsSuccess);
    link.closed().await;
    within(running.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn calls_outlive_the_link_and_are_reported_over_the_next() {
    let server = AgentServer::start().await;
    let (finish, finished) = watch::channel(false);
    let running = Running::start(
        &server,
        &["worker.reconnect_min_ms=10"],
        &entry(move |_| {
            let mut finished = finished.clone();
            async move {
                finished.wait_for(|finished| *finished).await.unwrap();
                Outcome::Failed("the line was bad".into())
            }
        }),
    );
    let mut link = server.registered().await;
    assert!(link.give("AJ_1").await);
    drop(link);
    let mut link = server.registered().await;
    let ToServer::MigrateJob(claim) = link.receive().await else { panic!("running jobs are claimed") };
    assert_eq!(claim.job_ids, ["AJ_1"]);
    finish.send_replace(true);
    assert_eq!(link.report().await, ("AJ_1".into(), proto::JobStatus::JsFailed, "the line was bad".into()));
    running.end(&mut link).await;
}

#[tokio::test]
async fn a_server_that_talks_nonsense_is_borne() {
    let server = AgentServer::start().await;
    let running = Running::start(&server, &[], &quick());
    let mut link = server.registered().await;
    for nonsense in [
        Message::Binary(vec![0xff; 100].into()),
        Message::Binary(Vec::new().into()),
        Message::Text("{}".into()),
        Message::Ping(vec![1].into()),
    ] {
        link.send_raw(nonsense).await;
    }
    assert!(link.give("AJ_1").await);
    assert_eq!(link.report().await.1, proto::JobStatus::JsSuccess);
    running.end(&mut link).await;
}

#[tokio::test]
async fn a_refused_key_and_a_wrong_path_end_a_new_worker_with_their_reason() {
    for (status, said) in [
        (StatusCode::UNAUTHORIZED, "refused the key (401): check LIVEKIT_API_KEY"),
        (StatusCode::OK, "answered 200 OK: check LIVEKIT_URL; is this a LiveKit server?"),
        (StatusCode::MOVED_PERMANENTLY, "answered 301 Moved Permanently: check LIVEKIT_URL"),
        (StatusCode::BAD_REQUEST, "answered 400 Bad Request: check LIVEKIT_URL"),
        (StatusCode::NOT_FOUND, "has no such endpoint (404): check LIVEKIT_URL"),
    ] {
        let server = AgentServer::start().await;
        let running = Running::start(&server, &[], &quick());
        server.refuse(status).await;
        let error = within(running.task).await.unwrap().unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(&server.url()), "{error}");
    }
}

#[tokio::test]
async fn a_busy_server_and_one_that_closes_before_it_answers_are_asked_again() {
    let server = AgentServer::start().await;
    let settings = ["worker.reconnect_min_ms=10", "worker.reconnect_max_ms=10"];
    let running = Running::start(&server, &settings, &quick());
    for status in [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::BAD_GATEWAY,
        StatusCode::GATEWAY_TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        server.refuse(status).await;
    }
    server.hang_up().await;
    let mut link = server.registered().await;
    running.end(&mut link).await;
}

#[tokio::test]
async fn what_does_not_speak_tls_is_named() {
    agent_rtc::install_crypto();
    let server = AgentServer::start().await;
    let url = server.url().replace("ws://", "wss://");
    let running = tokio::spawn({
        let worker = worker(&url, &[], false, &quick(), None);
        let (_requests, inbox) = mpsc::channel(4);
        worker.run(inbox)
    });
    server.say(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let error = within(running).await.unwrap().unwrap_err().to_string();
    assert!(error.contains("does not speak TLS") && error.contains("check LIVEKIT_URL"), "{error}");
}

#[tokio::test]
async fn with_fail_fast_a_server_that_is_down_is_named() {
    let server = AgentServer::start().await;
    let url = server.url();
    drop(server);
    let worker = worker(&url, &[], true, &quick(), None);
    let (_requests, inbox) = mpsc::channel(1);
    let error = within(worker.run(inbox)).await.unwrap_err();
    assert!(matches!(error, WorkerError::Link(LinkError::Unreachable { .. })), "{error:?}");
    assert!(error.to_string().contains(&url) && error.to_string().contains("refused"), "{error}");
}

// ------------------------------------------------------------------------------------------------- the scaffolding

pub(crate) struct Running {
    pub(crate) task: JoinHandle<Result<(), WorkerError>>,
    pub(crate) requests: mpsc::Sender<Request>,
}

impl Running {
    fn start(server: &AgentServer, settings: &[&str], entry: &Entry) -> Self {
        let running = Self::loading(server, settings, entry, None);
        running.requests.try_send(Request::TakeJobs).unwrap();
        running
    }

    /// One whose calls cannot begin yet.
    pub(crate) fn loading(
        server: &AgentServer,
        settings: &[&str],
        entry: &Entry,
        consider: Option<Consider>,
    ) -> Self {
        let worker = worker(&server.url(), settings, false, entry, consider);
        let (requests, inbox) = mpsc::channel(4);
        Self { task: tokio::spawn(worker.run(inbox)), requests }
    }

    /// Drains a worker without calls.
    pub(crate) async fn end(self, link: &mut WorkerLink) {
        self.requests.send(Request::Drain).await.unwrap();
        link.closed().await;
        within(self.task).await.unwrap().unwrap();
    }

    /// Ends a worker with so many calls.
    async fn stop(self, link: &mut WorkerLink, calls: usize) {
        self.requests.send(Request::Stop).await.unwrap();
        let mut reported = BTreeMap::new();
        for _ in 0..calls {
            let (job, status, reason) = link.report().await;
            reported.insert(job, (status, reason));
        }
        assert_eq!(reported.len(), calls);
        link.closed().await;
        within(self.task).await.unwrap().unwrap();
    }
}

fn worker(
    url: &str,
    settings: &[&str],
    fail_fast: bool,
    entry: &Entry,
    consider: Option<Consider>,
) -> Worker {
    let mut arguments: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
    arguments.extend([
        format!("livekit.url={url}"),
        "livekit.api_key=key".to_owned(),
        format!("livekit.api_secret={SECRET}"),
    ]);
    let config = load(&Sources { arguments: &arguments, ..Sources::default() }).unwrap().config;
    Worker::new(Arc::new(config), Trust::default(), fail_fast, entry, consider, Arc::new(Metrics::new()))
        .unwrap()
}

fn entry<F: Future<Output = Outcome> + 'static>(
    run: impl Fn(agent_worker::Seat) -> F + Send + Sync + 'static,
) -> Entry {
    Arc::new(move |_, seat| Box::pin(run(seat)))
}

/// Calls that end at once.
pub(crate) fn quick() -> Entry {
    entry(|_| async { Outcome::Success })
}

/// Calls that last until they are told to end.
fn until_stopped() -> Entry {
    entry(|mut seat| async move {
        seat.stopped().await;
        Outcome::Success
    })
}

struct CountOnDrop(Arc<AtomicUsize>);

impl Drop for CountOnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
