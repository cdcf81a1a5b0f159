//! What an agent can do: Rust functions and HTTP requests as tools of its mind.
//!
//! A [`Function`] is a Rust closure with typed arguments, whose JSON schema is derived from the type. An [`HttpTool`] is
//! a request that a file describes. What a mind gets wrong about arguments is told to it field by field. The port is
//! `providers_core::Tool`; deadlines, parallel calls and interruptions are the business of the conversation that calls it.
#![warn(missing_docs)]

mod error;
mod function;
mod http;
mod outcome;
mod schema;

pub use error::ToolError;
pub use function::{Function, NoArguments};
pub use http::{Egress, EgressError, HttpTool, http_tools};
pub use outcome::{IntoOutcome, Json};
pub use schema::Schema;

/// What tools are called with.
pub use providers_core::{AgentName, Arguments, ToolContext};
/// Derives the JSON schema of arguments.
pub use schemars::JsonSchema;
