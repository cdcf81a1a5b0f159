//! `colloquy-agent`: the program with the agents that its configuration describes.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_worker::run()
}
