//! HTTP, server-sent events, authentication and error texts for providers that are reached over the network.
