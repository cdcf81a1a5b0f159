//! A worker at a real LiveKit server: registered, dispatched by the server's own API, ended by it. Calls are scripted:
//! what they do in a room is tested in `agent/rtc` and `tests/e2e`.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write as _,
    net::{TcpListener, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use agent_worker::{
    Entry, Metrics, Request, Trust, Worker, WorkerError,
    protocol::{Assignment, Outcome, Phase, Snapshot, StopReason},
};
use config_schema::{Config, Sources, load};
use livekit_token::{AccessToken, VideoGrants};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

const SECRET: &str = "a secret that is at least 32 bytes long";

#[tokio::test]
async fn a_dispatched_job_is_assigned_and_ends_with_its_dispatch() {
    let server = Server::start();
    let mut worker = Running::start(&server.url(), &["worker.agent_name=desk", "worker.slots=2"]);
    worker.wait_for(|status| status.phase == Phase::Registered).await;
    let request = json!({ "agent_name": "desk", "room": "a-room", "metadata": "from a test" });
    let dispatch = server.call("AgentDispatchService/CreateDispatch", "a-room", &request).await;

    let assignment = within(worker.assignments.recv()).await.unwrap();
    let job = &assignment.job;
    assert_eq!((job.room.as_str(), job.agent_name.as_str()), ("a-room", "desk"));
    assert_eq!(job.metadata, "from a test");
    assert!(job.id.as_str().starts_with("AJ_") && job.dispatch.starts_with("AD_"));
    assert!(!assignment.token.is_empty());
    worker.wait_for(|status| status.running == 1).await;

    let request = json!({ "dispatch_id": dispatch["id"], "room": "a-room" });
    server.call("AgentDispatchService/DeleteDispatch", "a-room", &request).await;
    assert_eq!(within(worker.stops.recv()).await, Some(StopReason::Terminated));
    worker.wait_for(|status| status.running == 0).await;
    worker.end().await;
}

#[tokio::test]
async fn a_full_worker_leaves_the_job_to_another() {
    let server = Server::start();
    let settings = ["worker.agent_name=desk", "worker.slots=1"];
    let mut workers = [Running::start(&server.url(), &settings), Running::start(&server.url(), &settings)];
    for worker in &mut workers {
        worker.wait_for(|status| status.phase == Phase::Registered).await;
    }
    for room in ["one", "two"] {
        let request = json!({ "agent_name": "desk", "room": room });
        server.call("AgentDispatchService/CreateDispatch", room, &request).await;
    }
    for worker in &mut workers {
        worker.wait_for(|status| status.running == 1).await;
    }
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_worker_finds_its_server_again_after_a_restart() {
    let mut server = Server::start();
    let mut worker = Running::start(&server.url(), &["worker.reconnect_max_ms=500"]);
    worker.wait_for(|status| status.phase == Phase::Registered).await;
    server.stop();
    worker.wait_for(|status| status.phase == Phase::Connecting).await;
    server.restart();
    worker.wait_for(|status| status.counters.registrations == 2).await;
    worker.end().await;
}

#[tokio::test]
async fn a_wrong_secret_is_named() {
    let server = Server::start();
    let worker = worker(&server.url(), &["livekit.api_secret=another secret of at least 32 bytes"], &quick());
    let (_requests, inbox) = mpsc::channel(1);
    let error = within(worker.run(inbox)).await.unwrap_err().to_string();
    assert!(error.contains("401") && error.contains("LIVEKIT_API_SECRET"), "{error}");
}

// ------------------------------------------------------------------------------------------------- the scaffolding

struct Running {
    task: JoinHandle<Result<(), WorkerError>>,
    requests: mpsc::Sender<Request>,
    status: watch::Receiver<Snapshot>,
    assignments: mpsc::Receiver<Assignment>,
    stops: mpsc::Receiver<StopReason>,
}

impl Running {
    /// A worker whose calls last until they are told to end, and tell what they were given.
    fn start(url: &str, settings: &[&str]) -> Self {
        let (assigned, assignments) = mpsc::channel(100);
        let (stopped, stops) = mpsc::channel(100);
        let entry: Entry = Arc::new(move |assignment, mut seat| {
            let (assigned, stopped) = (assigned.clone(), stopped.clone());
            Box::pin(async move {
                assigned.send(assignment).await.unwrap();
                stopped.send(seat.stopped().await).await.unwrap();
                Outcome::Success
            })
        });
        let worker = worker(url, settings, &entry);
        let (requests, inbox) = mpsc::channel(4);
        requests.try_send(Request::TakeJobs).unwrap();
        Self { status: worker.status(), task: tokio::spawn(worker.run(inbox)), requests, assignments, stops }
    }

    async fn wait_for(&mut self, condition: impl FnMut(&Snapshot) -> bool) {
        within(self.status.wait_for(condition)).await.unwrap();
    }

    async fn end(self) {
        self.requests.send(Request::Drain).await.unwrap();
        within(self.task).await.unwrap().unwrap();
    }

    async fn stop(self) {
        self.requests.send(Request::Stop).await.unwrap();
        within(self.task).await.unwrap().unwrap();
    }
}

fn quick() -> Entry {
    Arc::new(|_, _| Box::pin(async { Outcome::Success }))
}

fn worker(url: &str, settings: &[&str], entry: &Entry) -> Worker {
    let mut arguments = vec![
        format!("livekit.url={url}"),
        "livekit.api_key=key".to_owned(),
        format!("livekit.api_secret={SECRET}"),
        "worker.load_threshold=1".to_owned(),
    ];
    arguments.extend(settings.iter().map(|setting| (*setting).to_owned()));
    let config: Config = load(&Sources { arguments: &arguments, ..Sources::default() }).unwrap().config;
    Worker::new(Arc::new(config), Trust::default(), false, entry, None, Arc::new(Metrics::new())).unwrap()
}

/// A livekit-server of the test's own; it dies with it.
struct Server {
    program: PathBuf,
    config: tempfile::NamedTempFile,
    port: u16,
    process: Child,
}

impl Server {
    fn start() -> Self {
        let program = program();
        let port = free_port();
        let mut config = tempfile::NamedTempFile::new().unwrap();
        write!(
            config,
            "port: {port}\nbind_addresses: [127.0.0.1]\nkeys: {{key: \"{SECRET}\"}}\n\
             rtc: {{node_ip: 127.0.0.1, tcp_port: {}, udp_port: {}, use_external_ip: false, enable_loopback_candidate: true}}\n",
            free_port(),
            UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port(),
        )
        .unwrap();
        let process = spawn(&program, &config);
        let server = Self { program, config, port, process };
        server.wait_until_there();
        server
    }

    fn restart(&mut self) {
        self.process = spawn(&self.program, &self.config);
        self.wait_until_there();
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// Tries until the port answers: there is nothing else to wait for.
    fn wait_until_there(&self) {
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(std::time::Instant::now() < deadline, "livekit-server does not start");
            std::thread::yield_now();
        }
    }

    /// One Twirp request, as JSON over plain HTTP.
    async fn call(&self, method: &str, room: &str, request: &Value) -> Value {
        let grants = VideoGrants { room_admin: true, room: room.to_owned(), ..VideoGrants::default() };
        let token = AccessToken::with_api_key("key", SECRET).with_grants(grants).to_jwt().unwrap();
        let body = request.to_string();
        let head = format!(
            "POST /twirp/livekit.{method} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        within(stream.read_to_string(&mut answer)).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn spawn(program: &PathBuf, config: &tempfile::NamedTempFile) -> Child {
    let mut command = Command::new(program);
    command.arg("--config").arg(config.path()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()))
}

/// `LIVEKIT_SERVER`, or where `./dev setup` puts it.
fn program() -> PathBuf {
    let environment = config_schema::environment();
    let program = environment.get("LIVEKIT_SERVER").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(environment.get("HOME").unwrap()).join(".cache/colloquy/bin/livekit-server")
    });
    assert!(
        program.exists(),
        "no livekit-server at {}: run ./dev setup, or set LIVEKIT_SERVER",
        program.display()
    );
    program
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), future).await.expect("this takes too long")
}
