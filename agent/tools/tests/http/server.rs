//! A server on loopback that answers each request as the test says, byte by byte, and remembers what it was asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A whole answer: status line, headers, body.
    Answer(&'static str, String, String),
    /// These bytes, then the end of the connection.
    Cut(&'static str),
    /// The head of an endless answer with this status, then bytes until the client has gone.
    Endless(&'static str),
    /// Nothing, until the client has gone.
    Silence,
}

impl Act {
    /// The same answer, which redirects.
    pub(crate) fn redirecting(self, to: &str) -> Self {
        match self {
            Self::Answer(status, _, body) => {
                let headers = format!("location: {to}\r\n");
                Self::Answer(status, headers, body)
            }
            other => other,
        }
    }
}

/// A JSON answer of success.
pub(crate) fn json(body: &str) -> Act {
    Act::Answer("200 OK", "content-type: application/json\r\n".to_owned(), body.to_owned())
}

/// An answer of this status.
pub(crate) fn status(status: &'static str) -> Act {
    Act::Answer(status, String::new(), String::new())
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Default)]
struct Shared {
    /// What is done next; the last one is done again and again.
    acts: Mutex<Vec<Act>>,
    requests: Mutex<Vec<String>>,
    gone: tokio::sync::Notify,
}

impl Server {
    pub(crate) async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared { acts: Mutex::new(acts), ..Shared::default() });
        let task = tokio::spawn(serve(listener, shared.clone())).abort_handle();
        Self { address, shared, task }
    }

    /// The requests so far: head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().expect("no test panics with it").clone()
    }

    /// Waits until a client has gone that was not answered.
    pub(crate) async fn gone(&self) {
        let gone = tokio::time::timeout(Duration::from_secs(10), self.shared.gone.notified()).await;
        gone.expect("the client goes");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(answer(socket, shared.clone()));
    }
}

/// Answers the requests of a connection until it ends. What a client that has gone does not read is no matter.
async fn answer(mut socket: TcpStream, shared: Arc<Shared>) {
    while let Some(request) = request(&mut socket).await {
        let act = {
            shared.requests.lock().expect("no test panics with it").push(request);
            let mut acts = shared.acts.lock().expect("no test panics with it");
            if acts.len() > 1 { acts.remove(0) } else { acts[0].clone() }
        };
        match act {
            Act::Answer(status, headers, body) => {
                let length = body.len();
                let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
                drop(socket.write_all(text.as_bytes()).await);
            }
            Act::Cut(bytes) => {
                drop(socket.write_all(bytes.as_bytes()).await);
                return;
            }
            Act::Endless(status) => {
                let head = format!("HTTP/1.1 {status}\r\ntransfer-encoding: chunked\r\n\r\n");
                drop(socket.write_all(head.as_bytes()).await);
                let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
                while socket.write_all(chunk.as_bytes()).await.is_ok() {}
                return;
            }
            Act::Silence => {
                drop(socket.read(&mut [0; 1]).await);
                shared.gone.notify_one();
                return;
            }
        }
    }
}

/// The next request of a connection; `None` when there is none.
async fn request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
