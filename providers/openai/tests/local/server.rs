//! A server of this API on loopback, faithful on the wire and faulty to order.
//!
//! It speaks HTTP/1.1 on the socket itself, so that every byte, chunk, pause, cut and reset is the scene's own.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use providers_conformance::{MindScene, RecogniserScene, VoiceScene};
use providers_http::{HttpOptions, Secret};
use providers_openai::OpenAiConfig;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

use self::answers::{Answer, Step};

mod answers;

/// The key that the server accepts.
pub(crate) const KEY: &str = "sk-test-0123456789abcdef0123456789";

/// What the server does with each request.
#[derive(Clone, Debug)]
pub(crate) enum Scene {
    Mind(MindScene),
    Recogniser(RecogniserScene),
    Voice(VoiceScene),
    /// The same, whose body ends some time after its end mark.
    LateEnd(MindScene),
    /// These bytes, then the end of the connection.
    Raw(&'static str),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    scene: Mutex<Scene>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicU64,
    open: AtomicU64,
    sent: AtomicU64,
}

impl Server {
    pub(crate) async fn start(scene: Scene) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            scene: Mutex::new(scene),
            requests: Mutex::default(),
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared))).abort_handle();
        Self { address, shared, task }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn stage(&self, scene: Scene) {
        *self.shared.scene.lock().unwrap() = scene;
    }

    /// Requests read and not yet answered wholly, of which the client is still there.
    pub(crate) fn open(&self) -> u64 {
        self.shared.open.load(SeqCst)
    }

    /// Bytes of bodies written to the socket.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(SeqCst)
    }

    /// Connections since the beginning.
    pub(crate) fn connections(&self) -> u64 {
        self.shared.connections.load(SeqCst)
    }

    /// Requests since the beginning.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    pub(crate) fn last_request(&self) -> Option<Request> {
        self.shared.requests.lock().unwrap().last().cloned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (socket, _) = accepted.unwrap();
                socket.set_nodelay(true).unwrap();
                shared.connections.fetch_add(1, SeqCst);
                connections.spawn(converse(socket, Arc::clone(&shared)));
            }
            Some(done) = connections.join_next() => done.unwrap(),
        }
    }
}

/// One connection: requests and answers in turn, until either side ends it.
async fn converse(mut socket: TcpStream, shared: Arc<Shared>) {
    let mut read = Vec::new();
    while let Some(request) = read_request(&mut socket, &mut read).await {
        let scene = shared.scene.lock().unwrap().clone();
        let answer = Answer::to(&request, &scene);
        shared.requests.lock().unwrap().push(request);
        let open = Open::count(&shared);
        let goes_on = give(&mut socket, answer, &shared).await;
        drop(open);
        if !goes_on {
            return;
        }
    }
}

struct Open(Arc<Shared>);

impl Open {
    fn count(shared: &Arc<Shared>) -> Self {
        shared.open.fetch_add(1, SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, SeqCst);
    }
}

async fn read_request(socket: &mut TcpStream, read: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(at) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
        if socket.read_buf(read).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(read.drain(..end).collect()).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    let length = length.unwrap_or_default();
    while read.len() < length {
        if socket.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { head, body: read.drain(..length).collect() })
}

/// Gives an answer; false when the connection is over.
async fn give(socket: &mut TcpStream, answer: Answer, shared: &Shared) -> bool {
    if answer.reset {
        socket.set_zero_linger().unwrap();
        return false;
    }
    let (mut from_client, mut to_client) = socket.split();
    let giving = async {
        tokio::time::sleep(answer.delay).await;
        to_client.write_all(answer.head.as_bytes()).await.ok()?;
        for step in answer.steps {
            match step {
                Step::Bytes(bytes) => {
                    to_client.write_all(&bytes).await.ok()?;
                    shared.sent.fetch_add(bytes.len() as u64, SeqCst);
                }
                Step::Endless(bytes) => loop {
                    to_client.write_all(&bytes).await.ok()?;
                    shared.sent.fetch_add(bytes.len() as u64, SeqCst);
                },
                Step::Stall => std::future::pending().await,
                Step::Pause(pause) => tokio::time::sleep(pause).await,
                Step::Close => return None,
            }
        }
        Some(())
    };
    let mut nothing = [0];
    tokio::select! {
        given = giving => given.is_some(),
        // A client sends nothing while it waits: whatever is read is its end.
        _end = from_client.read(&mut nothing) => false,
    }
}

/// Long enough to be seen as slow, short enough to be waited for.
pub(crate) const SLOW: Duration = Duration::from_millis(80);

/// An account at the server with that address.
pub(crate) fn account(base_url: &str, key: &str) -> OpenAiConfig {
    // Another test of this process may have been first.
    let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = HttpOptions {
        connect_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(30),
        idle_connections: 4,
    };
    OpenAiConfig {
        base_url: base_url.to_owned(),
        api_key: Secret::new(key),
        organisation: None,
        project: None,
        http,
    }
}
