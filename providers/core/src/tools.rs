//! Tools: functions that a mind may call, and what becomes of a conversation when they return.
//!
//! A tool says what it is ([`ToolSpec`], for the mind) and how its calls are to be treated ([`ToolRules`], for the shell).
//! It is given arguments that are a JSON object; who calls it answers for that, for its deadline, for calls of names that
//! do not exist, and for the length of what it returns.

use std::{fmt, sync::Arc, time::Duration};

use crate::{BoxFuture, ToolSpec};

/// A function that a mind may call.
pub trait Tool: Send + Sync {
    /// What it is, as the mind is told.
    fn spec(&self) -> &ToolSpec;

    /// How its calls are to be treated.
    fn rules(&self) -> &ToolRules;

    /// Starts a call. Dropping the future cancels it: what has not been sent by then must not be sent any more.
    fn call(&self, arguments: Arguments, context: ToolContext) -> BoxFuture<'static, ToolOutcome>;
}

/// The arguments of a call: a JSON object.
pub type Arguments = serde_json::Map<String, serde_json::Value>;

/// How the calls of a tool are to be treated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolRules {
    /// How long one call may take; `None`, or longer than the conversation allows any tool: as long as that.
    pub deadline: Option<Duration>,
    /// What becomes of a call when the user interrupts the reply that made it.
    pub on_interruption: OnInterruption,
    /// What becomes of a call that is made again with the same arguments while the first one runs.
    pub on_repeat: OnRepeat,
    /// Whether the mind waits for what it returns.
    pub result: ResultRule,
    /// What is said while it is waited for, once that takes longer than the conversation lets anybody wait in silence;
    /// `None`: what the conversation has for that.
    pub filler: Option<String>,
}

/// What becomes of a call when the user interrupts the reply that made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnInterruption {
    /// It goes on, and what it returns is kept: for whatever changes the world.
    #[default]
    Finish,
    /// It is cancelled: for questions that nobody asks any more.
    Cancel,
}

/// What becomes of a call that is made again with the same arguments while the first one runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnRepeat {
    /// It runs once, and both calls are given what it returns: nothing is booked twice by a stutter.
    #[default]
    Share,
    /// Each call runs: for what is different each time, such as dice.
    Run,
}

/// Whether the mind waits for what a tool returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ResultRule {
    /// The mind goes on once it has returned.
    #[default]
    Awaited,
    /// The mind goes on at once, and is told when it has returned.
    Later,
}

/// Who calls a tool, and which call it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolContext {
    /// The mind's id of the call; unique within one answer at least.
    pub call_id: String,
    /// Names this call among all calls of all conversations, the same for each attempt at it: at most 255 characters
    /// of visible ASCII when the conversation's id is.
    pub idempotency_key: String,
    /// The conversation that it belongs to.
    pub conversation: Arc<str>,
    /// The agent that called it.
    pub agent: AgentName,
}

/// The name of an agent within its program.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentName(pub String);

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a tool returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolOutcome {
    /// The output, or the error, as the mind will read it.
    pub output: String,
    /// Whether it failed.
    pub is_error: bool,
    /// Whether the mind is to speak about it. One tool of a step that wants it is enough.
    pub reply: bool,
    /// What becomes of the conversation then.
    pub then: Then,
}

/// What becomes of a conversation after a tool, and after what is said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    #[default]
    GoOn,
    /// Another agent takes over.
    HandOff(AgentName),
    /// It is over.
    Close,
}

impl ToolOutcome {
    /// It succeeded, and the mind is to speak about it.
    #[must_use]
    pub fn returned(output: impl Into<String>) -> Self {
        Self { output: output.into(), is_error: false, reply: true, then: Then::GoOn }
    }

    /// It failed, and the mind is to speak about it. The text is for the mind: what to do about it, nothing secret.
    #[must_use]
    pub fn failed(error: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::returned(error) }
    }

    /// The same, about which the mind is not to speak.
    #[must_use]
    pub fn silently(mut self) -> Self {
        self.reply = false;
        self
    }

    /// The same, after which this becomes of the conversation.
    #[must_use]
    pub fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }
}

/// The tools of an agent, in the order in which the mind is told of them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Toolset(Arc<Vec<Arc<dyn Tool>>>);

impl Toolset {
    /// No tools.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same tools and one more.
    ///
    /// # Errors
    /// [`ToolsetError`] when a mind could not call it by its name.
    pub fn with(mut self, tool: impl Tool + 'static) -> Result<Self, ToolsetError> {
        self.add(Arc::new(tool))?;
        Ok(self)
    }

    /// Adds a tool.
    ///
    /// # Errors
    /// As [`Toolset::with`]; the set is then as before.
    pub fn add(&mut self, tool: Arc<dyn Tool>) -> Result<(), ToolsetError> {
        let name = &tool.spec().name;
        if !is_tool_name(name) {
            return Err(ToolsetError::Name(name.clone()));
        }
        if self.find(name).is_some() {
            return Err(ToolsetError::Twice(name.clone()));
        }
        Arc::make_mut(&mut self.0).push(tool);
        Ok(())
    }

    /// The tool of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.iter().find(|tool| tool.spec().name == name)
    }

    /// The tools, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Tool>> {
        self.0.iter()
    }

    /// What the mind is told of them, in order.
    #[must_use]
    pub fn specs(&self) -> Vec<ToolSpec> {
        self.iter().map(|tool| tool.spec().clone()).collect()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Toolset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|tool| &tool.spec().name)).finish()
    }
}

/// Why a tool cannot be one of a set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolsetError {
    /// Minds accept other names only.
    #[error("the tool name {0:?} is not 1 to 64 letters, digits, _ or -")]
    Name(String),
    /// There is one of this name.
    #[error("there are two tools of the name {0}")]
    Twice(String),
}

/// Whether every mind accepts this as the name of a tool: 1 to 64 ASCII letters, digits, `_` and `-`.
#[must_use]
pub fn is_tool_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Tool, ToolContext, ToolOutcome, ToolRules, Toolset, ToolsetError};
    use crate::{BoxFuture, ToolSpec};

    struct Named(ToolSpec, ToolRules);

    impl Tool for Named {
        fn spec(&self) -> &ToolSpec {
            &self.0
        }

        fn rules(&self) -> &ToolRules {
            &self.1
        }

        fn call(&self, _: Arguments, _: ToolContext) -> BoxFuture<'static, ToolOutcome> {
            Box::pin(async { ToolOutcome::returned("") })
        }
    }

    fn named(name: &str) -> Named {
        let parameters = serde_json::json!({});
        let spec = ToolSpec { name: name.to_owned(), description: String::new(), parameters };
        Named(spec, ToolRules::default())
    }

    #[test]
    fn a_set_keeps_its_order_and_takes_each_name_once() {
        let set = Toolset::new().with(named("b")).and_then(|set| set.with(named("a"))).unwrap();
        assert_eq!(format!("{set:?}"), r#"["b", "a"]"#);
        let mut larger = set.clone();
        assert_eq!(larger.add(std::sync::Arc::new(named("a"))), Err(ToolsetError::Twice("a".to_owned())));
        larger.add(std::sync::Arc::new(named("c"))).unwrap();
        assert_eq!((set.specs().len(), larger.specs().len()), (2, 3), "a clone is a set of its own");
        assert!(set.find("a").is_some() && set.find("c").is_none());
    }

    #[test]
    fn a_name_that_a_mind_may_refuse_is_refused_here() {
        let long = "x".repeat(65);
        for name in ["", "two words", "größe", "a.b", &long] {
            let refused = Toolset::new().with(named(name)).unwrap_err();
            assert_eq!(refused, ToolsetError::Name(name.to_owned()));
        }
        assert!(Toolset::new().with(named("get-Weather_2")).is_ok());
    }
}
