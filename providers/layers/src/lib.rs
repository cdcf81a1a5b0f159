//! A port made of ports: cut on voice activity, cut at sentences, time out.
