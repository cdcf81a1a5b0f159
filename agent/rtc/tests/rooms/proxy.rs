//! A TCP proxy in front of a server, to be cut by a test; with TLS if wanted.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Runs until it is dropped.
pub(crate) struct Proxy {
    local: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Connections of this generation live.
    Open(u32),
    /// None is taken.
    Shut,
}

impl Proxy {
    pub(crate) async fn start(server: SocketAddr, tls: Option<TlsAcceptor>) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), server, tls).await
    }

    pub(crate) async fn start_at(at: IpAddr, server: SocketAddr, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((at, 0)).await.unwrap();
        let local = listener.local_addr().unwrap();
        let (state, watched) = watch::channel(State::Open(0));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, tls.clone(), watched.clone()));
            }
        });
        Self { local, state, accepting }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.local
    }

    /// Ends all connections; new ones are taken.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| {
            *state = match *state {
                State::Open(generation) => State::Open(generation + 1),
                State::Shut => State::Open(0),
            };
        });
    }

    /// Ends all connections and takes none until [`Proxy::cut`].
    pub(crate) fn shut(&self) {
        self.state.send_replace(State::Shut);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.send_replace(State::Shut);
        self.accepting.abort();
    }
}

async fn carry(
    client: TcpStream,
    server: SocketAddr,
    tls: Option<TlsAcceptor>,
    mut state: watch::Receiver<State>,
) {
    let now = *state.borrow_and_update();
    if now == State::Shut {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let carried = async {
        match tls {
            None => copy(client, server).await,
            Some(tls) => {
                if let Ok(client) = tls.accept(client).await {
                    copy(client, server).await;
                }
            }
        }
    };
    tokio::select! {
        () = carried => {}
        _ = state.wait_for(|state| *state != now) => {}
    }
}

async fn copy(mut client: impl AsyncRead + AsyncWrite + Unpin, mut server: TcpStream) {
    // Either side may end it as it likes.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

/// An authority of this test, and what it signs.
pub(crate) struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { issuer: rcgen::Issuer::new(params, key), certificate }
    }

    /// A server's side of TLS with a certificate for `name`, valid until the year `until`.
    pub(crate) fn acceptor(&self, name: &str, until: i32) -> TlsAcceptor {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// A client's side that trusts this authority and no other.
    pub(crate) fn trusting(&self) -> Arc<rustls::ClientConfig> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        Arc::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    }
}
