//! The worker's own endpoints: `/healthz`, `/readyz`, `/worker`, `/metrics`. Read-only, and not guarded.

mod bounded;

use std::{io, net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use tokio::{net::TcpListener, sync::watch};

use self::bounded::Bounded;
use crate::{
    cast::Cast,
    metrics::Metrics,
    protocol::{JobKind, Phase, Snapshot},
    shards::ShardGauge,
};

/// What the endpoints show.
#[derive(Clone)]
pub struct Health {
    /// The agent's name.
    pub agent_name: String,
    /// For what the server asks.
    pub kind: JobKind,
    /// The worker at a glance.
    pub status: watch::Receiver<Snapshot>,
    /// Whether the agents are there, with their ears, minds and voices.
    pub cast: watch::Receiver<Option<Arc<Cast>>>,
    /// What each shard measures.
    pub shards: Vec<Arc<ShardGauge>>,
    /// Everything else that is measured.
    pub metrics: Arc<Metrics>,
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} (http.bind): {source}")]
pub struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

/// Listens; a port that is taken is an error at the start, not later.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| ListenError { address, source })
}

/// Serves until it is dropped, so many connections at once.
pub async fn serve(listener: TcpListener, max_connections: u32, health: Health) -> io::Result<()> {
    axum::serve(Bounded::new(listener, max_connections as usize), router(health)).await
}

fn router(health: Health) -> Router {
    Router::new()
        .route("/", get(healthz))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/worker", get(worker))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// Whether this process should go on living: its shards move. Says nothing of the server: a restart would not help.
async fn healthz(State(health): State<Health>) -> Response {
    let now = Instant::now();
    match health.shards.iter().position(|shard| !shard.is_alive(now)) {
        None => (StatusCode::OK, "ok").into_response(),
        Some(index) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("shard {index} does not move")).into_response()
        }
    }
}

/// Whether it takes part: registered, not draining, providers there. A worker that is full is ready.
async fn readyz(State(health): State<Health>) -> Response {
    let refusal = match health.status.borrow().phase {
        Phase::Registered if health.cast.borrow().is_some() => {
            return (StatusCode::OK, "ready").into_response();
        }
        Phase::Registered => "providers are not loaded yet",
        Phase::Connecting => "not registered with the LiveKit server",
        Phase::Draining => "draining",
        Phase::Ended => "ended",
    };
    (StatusCode::SERVICE_UNAVAILABLE, refusal).into_response()
}

/// The keys by which LiveKit's own agents describe a worker, and a few more.
#[derive(Serialize)]
struct WorkerInfo {
    agent_name: String,
    worker_type: &'static str,
    worker_load: f32,
    active_jobs: u32,
    sdk_version: &'static str,
    project_type: &'static str,
    worker_id: Option<String>,
    phase: &'static str,
    reserved_jobs: u32,
    takes_jobs: bool,
}

async fn worker(State(health): State<Health>) -> Json<WorkerInfo> {
    let status = health.status.borrow().clone();
    Json(WorkerInfo {
        agent_name: health.agent_name,
        worker_type: health.kind.to_wire().as_str_name(),
        worker_load: f32::from(status.load_permille) / 1_000.0,
        active_jobs: status.running,
        sdk_version: env!("CARGO_PKG_VERSION"),
        project_type: "rust",
        worker_id: status.worker,
        phase: match status.phase {
            Phase::Connecting => "connecting",
            Phase::Registered => "registered",
            Phase::Draining => "draining",
            Phase::Ended => "ended",
        },
        reserved_jobs: status.reserved,
        takes_jobs: status.takes_jobs,
    })
}

async fn metrics(State(health): State<Health>) -> Response {
    let tallies = health.cast.borrow().as_ref().map(|cast| cast.tallies()).unwrap_or_default();
    let text = health.metrics.text(&health.status.borrow(), &health.shards, &tallies, Instant::now());
    ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response()
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
