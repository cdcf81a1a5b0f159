//! A LiveKit agent server for tests: on the wire, scripted by the test, without rooms.

use std::time::Duration;

use agent_worker::protocol::{ServerMessage, WorkerMessage};
use futures_util::{SinkExt, StreamExt};
use livekit_protocol as proto;
use prost::Message as _;
use proto::{server_message::Message as FromServer, worker_message::Message as ToServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::{StatusCode, header::AUTHORIZATION},
    },
};

/// Waits for workers at a port of its own.
pub(crate) struct AgentServer {
    listener: TcpListener,
}

/// The server's end of one worker's link.
pub(crate) struct WorkerLink {
    socket: WebSocketStream<TcpStream>,
    /// The bearer token that the worker showed.
    pub(crate) token: String,
}

impl AgentServer {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.listener.local_addr().unwrap())
    }

    /// The next worker, or the next attempt that `status` refuses.
    pub(crate) async fn accept(&self) -> WorkerLink {
        let (stream, _) = within(self.listener.accept()).await.unwrap();
        let mut token = String::new();
        let socket = accept_hdr_async(stream, read_token(&mut token)).await.unwrap();
        WorkerLink { socket, token }
    }

    pub(crate) async fn refuse(&self, status: StatusCode) {
        self.say(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await;
    }

    /// The next attempt is read, and closed without an answer.
    pub(crate) async fn hang_up(&self) {
        let (mut stream, _) = within(self.listener.accept()).await.unwrap();
        let _ = stream.read(&mut [0; 16]).await.unwrap();
    }

    /// The next attempt is answered with these bytes.
    pub(crate) async fn say(&self, bytes: &[u8]) {
        let (mut stream, _) = within(self.listener.accept()).await.unwrap();
        let _ = stream.read(&mut [0; 16]).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        // Until the other side has read them and gone.
        drop(stream.read_to_end(&mut Vec::new()).await);
    }

    /// The next worker, registered, with its first status read.
    pub(crate) async fn registered(&self) -> WorkerLink {
        let mut link = self.accept().await;
        let ToServer::Register(_) = link.receive().await else { panic!("a registration comes first") };
        link.register("AW_1").await;
        let ToServer::UpdateWorker(_) = link.receive().await else {
            panic!("status follows a registration at once")
        };
        link
    }
}

fn read_token(
    token: &mut String,
) -> impl FnOnce(&Request, Response) -> Result<Response, ErrorResponse> + Unpin + '_ {
    move |request: &Request, response: Response| {
        assert_eq!(request.uri().path(), "/agent");
        let header =
            request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        *token = header.strip_prefix("Bearer ").unwrap_or_default().to_owned();
        Ok(response)
    }
}

impl WorkerLink {
    pub(crate) async fn receive(&mut self) -> ToServer {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Binary(bytes))) => {
                    return WorkerMessage::decode(bytes).unwrap().message.unwrap();
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("the worker sent {other:?}"),
            }
        }
    }

    /// The next message that is no status of the worker.
    pub(crate) async fn receive_of_jobs(&mut self) -> ToServer {
        loop {
            match self.receive().await {
                ToServer::UpdateWorker(_) => {}
                other => return other,
            }
        }
    }

    /// The next report on a job: its status and its reason.
    pub(crate) async fn report(&mut self) -> (String, proto::JobStatus, String) {
        match self.receive_of_jobs().await {
            ToServer::UpdateJob(report) => (report.job_id.clone(), report.status(), report.error),
            other => panic!("not a report: {other:?}"),
        }
    }

    pub(crate) async fn closed(&mut self) {
        loop {
            match within(self.socket.next()).await {
                None | Some(Err(_)) => return,
                Some(Ok(_)) => {}
            }
        }
    }

    pub(crate) async fn send(&mut self, message: FromServer) {
        let bytes = ServerMessage { message: Some(message) }.encode_to_vec();
        within(self.socket.send(Message::Binary(bytes.into()))).await.unwrap();
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        within(self.socket.send(message)).await.unwrap();
    }

    pub(crate) async fn register(&mut self, worker: &str) {
        let response = proto::RegisterWorkerResponse { worker_id: worker.to_owned(), ..Default::default() };
        self.send(FromServer::Register(response)).await;
    }

    pub(crate) async fn ask(&mut self, id: &str) {
        self.send(FromServer::Availability(proto::AvailabilityRequest {
            job: Some(job(id)),
            resuming: false,
        }))
        .await;
    }

    pub(crate) async fn assign(&mut self, id: &str) {
        self.send(FromServer::Assignment(proto::JobAssignment {
            job: Some(job(id)),
            url: None,
            token: "token".into(),
        }))
        .await;
    }

    /// Asks, and reads the answer.
    pub(crate) async fn offer(&mut self, job: proto::Job) -> proto::AvailabilityResponse {
        let request = proto::AvailabilityRequest { job: Some(job), resuming: false };
        self.send(FromServer::Availability(request)).await;
        self.answer().await
    }

    /// The next answer to an offer.
    pub(crate) async fn answer(&mut self) -> proto::AvailabilityResponse {
        match self.receive_of_jobs().await {
            ToServer::Availability(answer) => answer,
            other => panic!("not an answer: {other:?}"),
        }
    }

    /// Asks, reads the answer, assigns if it was yes, and reads that the job runs. Whether it was yes.
    pub(crate) async fn give(&mut self, id: &str) -> bool {
        self.ask(id).await;
        let answer = self.answer().await;
        assert_eq!(answer.job_id, id);
        if answer.available {
            self.assign(id).await;
            assert_eq!(self.report().await, (id.to_owned(), proto::JobStatus::JsRunning, String::new()));
        }
        answer.available
    }
}

pub(crate) fn job(id: &str) -> proto::Job {
    proto::Job {
        id: id.to_owned(),
        room: Some(proto::Room { name: format!("room of {id}"), ..Default::default() }),
        ..Default::default()
    }
}

/// Within a time that only a fault exceeds.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.expect("this takes too long")
}
