//! Where the server is: the URL of a link, with what a join request carries.

use agent_rtc_proto::{LinkFailure, LinkPurpose, LinkRequest, SignalPath};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use livekit_protocol::client_info::Sdk;
use livekit_protocol::wrapped_join_request::Compression;
use livekit_protocol::{ClientInfo, ConnectionSettings, JoinRequest, WrappedJoinRequest};
use prost::Message;
use url::Url;

/// The signalling protocol that is spoken here: reliable data is numbered, rooms can be moved. Above it data channels
/// are agreed on without a handshake.
const PROTOCOL: i32 = 16;
/// What other clients may send us: streams of one packet, remote procedures as streams.
const CLIENT_PROTOCOL: i32 = 2;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A server's address, checked.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    url: Url,
}

impl Address {
    /// Takes `ws`, `wss`, `http` and `https`, with or without a path before `/rtc`.
    pub(crate) fn parse(text: &str) -> Result<Self, LinkFailure> {
        let wrong = |why: &str| LinkFailure::Url(format!("{text:?} {why}"));
        let mut url = Url::parse(text).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
        let scheme = match url.scheme() {
            "ws" | "http" => "ws",
            "wss" | "https" => "wss",
            _ => return Err(wrong("should begin with ws:// or wss://")),
        };
        // `url` does not let one special scheme become another that is not special; all four are.
        url.set_scheme(scheme).map_err(|()| wrong("cannot be a WebSocket address"))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("names no host"));
        }
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { url })
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.url.scheme() == "wss"
    }

    /// For DNS and for certificates: without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        let host = self.url.host_str().unwrap_or_default();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// The address of the link that a request asks for.
    pub(crate) fn link(&self, request: &LinkRequest) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("rtc");
            if request.path == SignalPath::Single {
                segments.push("v1");
            }
        }
        match request.path {
            SignalPath::Single => {
                url.query_pairs_mut().append_pair("join_request", &join_request(&request.purpose));
            }
            SignalPath::Dual => append_parameters(&mut url, &request.purpose),
        }
        url
    }
}

/// On the single path everything is in one message.
fn join_request(purpose: &LinkPurpose) -> String {
    let client = ClientInfo {
        sdk: Sdk::Rust as i32,
        version: VERSION.into(),
        protocol: PROTOCOL,
        client_protocol: CLIENT_PROTOCOL,
        os: std::env::consts::OS.into(),
        ..ClientInfo::default()
    };
    let mut request = JoinRequest {
        client_info: Some(client),
        connection_settings: Some(ConnectionSettings {
            auto_subscribe: false,
            ..ConnectionSettings::default()
        }),
        ..JoinRequest::default()
    };
    match purpose {
        LinkPurpose::Join { offer } => request.publisher_offer.clone_from(offer),
        LinkPurpose::Resume { participant, reason } => {
            request.reconnect = true;
            request.reconnect_reason = *reason as i32;
            request.participant_sid = participant.as_str().into();
        }
    }
    let wrapped =
        WrappedJoinRequest { compression: Compression::None as i32, join_request: request.encode_to_vec() };
    URL_SAFE.encode(wrapped.encode_to_vec())
}

/// On the double path everything is a parameter.
fn append_parameters(url: &mut Url, purpose: &LinkPurpose) {
    let mut query = url.query_pairs_mut();
    query
        .append_pair("sdk", "rust")
        .append_pair("version", VERSION)
        .append_pair("os", std::env::consts::OS)
        .append_pair("protocol", &PROTOCOL.to_string())
        .append_pair("client_protocol", &CLIENT_PROTOCOL.to_string())
        .append_pair("auto_subscribe", "0")
        .append_pair("adaptive_stream", "0");
    match purpose {
        LinkPurpose::Join { .. } => {}
        LinkPurpose::Resume { participant, reason } => {
            query
                .append_pair("reconnect", "1")
                .append_pair("sid", participant.as_str())
                .append_pair("reconnect_reason", &(*reason as i32).to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use agent_rtc_proto::protocol::ReconnectReason;

    use super::*;

    fn link(base: &str, path: SignalPath, purpose: LinkPurpose) -> String {
        let request = LinkRequest { path, token: "secret".into(), purpose };
        Address::parse(base).unwrap().link(&request).to_string()
    }

    #[test]
    fn any_usual_way_to_write_an_address_leads_to_the_same_link() {
        for base in ["ws://h:7880", "http://h:7880/", "ws://h:7880?x=1#y"] {
            let link = link(base, SignalPath::Dual, LinkPurpose::Join { offer: None });
            assert!(link.starts_with("ws://h:7880/rtc?sdk=rust&version="), "{link}");
            assert!(link.contains("&auto_subscribe=0&"), "{link}");
        }
        let below = link("https://h/livekit/", SignalPath::Single, LinkPurpose::Join { offer: None });
        assert!(below.starts_with("wss://h/livekit/rtc/v1?join_request="), "{below}");
        assert!(!below.contains("secret"), "the token is no part of a URL");
    }

    #[test]
    fn a_resume_names_the_stay_on_both_paths() {
        let resume = || LinkPurpose::Resume {
            participant: "PA_me".into(),
            reason: ReconnectReason::RrSignalDisconnected,
        };
        let dual = link("ws://h", SignalPath::Dual, resume());
        assert!(dual.ends_with("&reconnect=1&sid=PA_me&reconnect_reason=1"), "{dual}");
        let single = link("ws://h", SignalPath::Single, resume());
        let parameter = single.split_once("join_request=").unwrap().1.replace("%3D", "=");
        let wrapped = WrappedJoinRequest::decode(URL_SAFE.decode(parameter).unwrap().as_slice()).unwrap();
        let request = JoinRequest::decode(wrapped.join_request.as_slice()).unwrap();
        assert_eq!(
            (request.participant_sid.as_str(), request.reconnect, request.reconnect_reason),
            ("PA_me", true, 1)
        );
    }

    #[test]
    fn a_wrong_address_is_said_to_be_one() {
        let told = |text: &str| Address::parse(text).unwrap_err().to_string();
        assert!(
            told("localhost:7880").contains("should begin with ws:// or wss://"),
            "{}",
            told("localhost:7880")
        );
        assert!(told("not a url").contains("is not a URL"));
        assert!(told("ftp://h").contains("should begin with"));
        assert_eq!(Address::parse("wss://[::1]:9").unwrap().host(), "::1");
    }
}
