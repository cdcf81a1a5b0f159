//! The port of tools: functions that the mind may call.

use std::sync::Arc;

use providers_core::{BoxFuture, ToolCall, ToolSpec};

/// Functions that the mind may call.
pub trait Tools: Send + Sync {
    /// What there is, as the mind is told.
    fn specs(&self) -> Vec<ToolSpec>;

    /// Starts a call. Names that are not in [`Tools::specs`] are answered before they come here. Dropping the future
    /// cancels the call.
    fn call(&self, call: &ToolCall) -> BoxFuture<'static, ToolOutput>;
}

/// What a tool returned, as the mind will read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolOutput {
    /// The output, or the error's text.
    pub text: String,
    /// Whether it failed.
    pub is_error: bool,
}

/// No tools.
#[derive(Clone, Copy, Debug)]
pub struct NoTools;

impl Tools for NoTools {
    fn specs(&self) -> Vec<ToolSpec> {
        Vec::new()
    }

    fn call(&self, call: &ToolCall) -> BoxFuture<'static, ToolOutput> {
        let output = unknown(call, &[]);
        Box::pin(async move { output })
    }
}

/// A Rust function as a tool.
pub struct Function {
    spec: ToolSpec,
    run: Arc<dyn Fn(ToolCall) -> BoxFuture<'static, ToolOutput> + Send + Sync>,
}

impl Function {
    /// A tool that runs `run` for each call.
    pub fn new<F>(spec: ToolSpec, run: impl Fn(ToolCall) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ToolOutput> + Send + 'static,
    {
        Self { spec, run: Arc::new(move |call| Box::pin(run(call))) }
    }
}

/// Several Rust functions.
#[derive(Default)]
pub struct Functions(Vec<Function>);

impl Functions {
    /// These, in this order.
    #[must_use]
    pub fn new(functions: Vec<Function>) -> Self {
        Self(functions)
    }
}

impl Tools for Functions {
    fn specs(&self) -> Vec<ToolSpec> {
        self.0.iter().map(|function| function.spec.clone()).collect()
    }

    fn call(&self, call: &ToolCall) -> BoxFuture<'static, ToolOutput> {
        match self.0.iter().find(|function| function.spec.name == call.name) {
            Some(function) => (function.run)(call.clone()),
            None => {
                let output = unknown(call, &self.specs());
                Box::pin(async move { output })
            }
        }
    }
}

/// What the mind reads when it calls a tool that does not exist.
pub(crate) fn unknown(call: &ToolCall, specs: &[ToolSpec]) -> ToolOutput {
    let mut names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    names.sort_unstable();
    let available = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    ToolOutput {
        text: format!("Unknown function: {} - available tools: {available}", call.name),
        is_error: true,
    }
}
