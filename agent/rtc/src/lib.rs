//! The shell around one LiveKit room: WebSocket, UDP and TCP sockets, the clock.

pub mod data;
