//! Offline defaults: recogniser, intent engine and voice without a key or a network.
