//! Load on a real LiveKit server and a real worker.
fn main() {}
