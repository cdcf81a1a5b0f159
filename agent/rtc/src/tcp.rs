//! The TCP connections of one room, for networks that let no UDP through: frames in and out (RFC 4571).

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use agent_rtc_proto::{FrameReader, FrameTooLarge, TcpId, frame_header};
use tokio::net::TcpStream;

/// What may wait for a slow network. Audio that has waited longer than this would be late anyway: whole frames go.
const BACKLOG_MAX: usize = 64 * 1024;
const READ_BUFFER: usize = 4096;

/// What a connection has to tell.
pub(crate) enum TcpEvent {
    /// It is open, from this address.
    Opened(SocketAddr),
    /// Bytes have come; take the frames.
    Readable,
    /// It is gone, or could not be opened.
    Closed,
}

/// One connection.
pub(crate) struct TcpLink {
    id: TcpId,
    remote: SocketAddr,
    state: State,
    reader: FrameReader,
    backlog: Vec<u8>,
}

enum State {
    Opening(Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>),
    Open { stream: TcpStream, local: SocketAddr },
    Closed,
}

impl TcpLink {
    /// Starts to open one.
    pub(crate) fn open(id: TcpId, remote: SocketAddr) -> Self {
        let opening = async move {
            let stream = TcpStream::connect(remote).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        Self {
            id,
            remote,
            state: State::Opening(Box::pin(opening)),
            reader: FrameReader::default(),
            backlog: Vec::new(),
        }
    }

    pub(crate) fn id(&self) -> TcpId {
        self.id
    }

    pub(crate) fn remote(&self) -> SocketAddr {
        self.remote
    }

    pub(crate) fn local(&self) -> Option<SocketAddr> {
        match &self.state {
            State::Open { local, .. } => Some(*local),
            State::Opening(_) | State::Closed => None,
        }
    }

    /// Sends a frame, or as much of it as goes now; the rest follows. `false`: dropped whole.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        let (State::Open { .. }, Some(header)) = (&self.state, frame_header(bytes.len())) else {
            return false;
        };
        if self.backlog.len() + bytes.len() > BACKLOG_MAX {
            return false;
        }
        self.backlog.extend_from_slice(&header);
        self.backlog.extend_from_slice(bytes);
        self.write();
        true
    }

    /// The next frame that has come. Wrong framing closes the connection: nothing can be found in it any longer.
    pub(crate) fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameTooLarge> {
        let frame = self.reader.next_frame();
        if frame.is_err() {
            self.state = State::Closed;
        }
        frame
    }

    /// Opens, writes and reads. After [`TcpEvent::Readable`] take the frames before the next poll.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<TcpEvent> {
        match &mut self.state {
            State::Opening(opening) => {
                let opened = std::task::ready!(opening.as_mut().poll(context));
                match opened.and_then(|stream| Ok((stream.local_addr()?, stream))) {
                    Ok((local, stream)) => {
                        self.state = State::Open { stream, local };
                        Poll::Ready(TcpEvent::Opened(local))
                    }
                    Err(_) => self.closed(),
                }
            }
            State::Open { .. } => self.poll_open(context),
            State::Closed => Poll::Ready(TcpEvent::Closed),
        }
    }

    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<TcpEvent> {
        loop {
            let State::Open { stream, .. } = &self.state else { return self.closed() };
            if !self.backlog.is_empty() && stream.poll_write_ready(context).is_ready() {
                let before = self.backlog.len();
                self.write();
                if self.backlog.len() < before {
                    continue;
                }
            }
            let State::Open { stream, .. } = &self.state else { return self.closed() };
            std::task::ready!(stream.poll_read_ready(context)).ok();
            let mut buffer = [0; READ_BUFFER];
            match stream.try_read(&mut buffer) {
                Ok(0) => return self.closed(),
                Ok(length) => {
                    self.reader.push(&buffer[..length]);
                    return Poll::Ready(TcpEvent::Readable);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return self.closed(),
            }
        }
    }

    fn write(&mut self) {
        let State::Open { stream, .. } = &self.state else { return };
        match stream.try_write(&self.backlog) {
            Ok(length) => drop(self.backlog.drain(..length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.state = State::Closed,
        }
    }

    fn closed(&mut self) -> Poll<TcpEvent> {
        self.state = State::Closed;
        Poll::Ready(TcpEvent::Closed)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::net::Ipv4Addr;

    use agent_rtc_proto::TcpId;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (TcpLink, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut link = TcpLink::open(TcpId::new(0), listener.local_addr().unwrap());
        let (accepted, opened) = tokio::join!(listener.accept(), poll_fn(|context| link.poll(context)));
        assert!(matches!(opened, TcpEvent::Opened(local) if Some(local) == link.local()));
        (link, accepted.unwrap().0)
    }

    #[tokio::test]
    async fn frames_go_both_ways_and_one_that_is_none_closes_the_connection_with_a_word() {
        let (mut link, mut server) = pair().await;
        assert!(link.send(b"ping"));
        let mut framed = [0; 6];
        server.read_exact(&mut framed).await.unwrap();
        assert_eq!(&framed, b"\0\x04ping");
        server.write_all(b"\0\x04pongHTTP").await.unwrap();
        assert!(matches!(poll_fn(|context| link.poll(context)).await, TcpEvent::Readable));
        assert_eq!(link.next_frame(), Ok(Some(b"pong".as_slice())));
        assert_eq!(link.next_frame(), Err(FrameTooLarge(0x4854)));
        assert!(matches!(poll_fn(|context| link.poll(context)).await, TcpEvent::Closed));
        assert!(!link.send(b"ping"));
    }
}
