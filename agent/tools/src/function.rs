//! A Rust function as a tool.

use std::{fmt, sync::Arc, time::Duration};

use providers_core::{
    Arguments, BoxFuture, OnInterruption, OnRepeat, ResultRule, Tool, ToolContext, ToolOutcome, ToolRules,
    ToolSpec,
};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{IntoOutcome, Schema, ToolError};

/// A Rust function as a tool.
///
/// ```
/// use agent_tools::{Function, JsonSchema, ToolError};
///
/// #[derive(serde::Deserialize, JsonSchema)]
/// struct Booking {
///     /// How many people will come.
///     #[schemars(range(min = 1, max = 12))]
///     party: u32,
///     /// When, such as 19:30.
///     time: String,
/// }
///
/// let book = Function::typed("book_table", "Books a table.", |booking: Booking, _call| async move {
///     if booking.time > "22:00".to_owned() {
///         return Err(ToolError::told("The kitchen closes at 22:00. Offer an earlier time."));
///     }
///     Ok(format!("A table for {} at {} is booked.", booking.party, booking.time))
/// })
/// .filler("One moment, I am looking at the book.");
/// # let _ = book;
/// ```
#[derive(Clone)]
pub struct Function {
    spec: ToolSpec,
    rules: ToolRules,
    run: Run,
}

/// The arguments of a function that needs none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct NoArguments {}

type Run = Arc<dyn Fn(Arguments, ToolContext) -> BoxFuture<'static, ToolOutcome> + Send + Sync>;

impl Function {
    /// A tool with typed arguments; their schema is that of `A`, with the comments on its fields as descriptions.
    ///
    /// Arguments that do not fit are told to the mind and `run` is not called. Dropping the future that `run` returned
    /// cancels the call.
    pub fn typed<A, F, O>(
        name: impl Into<String>,
        description: impl Into<String>,
        run: impl Fn(A, ToolContext) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        F: Future<Output = Result<O, ToolError>> + Send + 'static,
        O: IntoOutcome,
    {
        let schema = Arc::new(Schema::of::<A>());
        let spec = ToolSpec {
            name: name.into(),
            description: description.into(),
            parameters: schema.value().clone(),
        };
        let tool: Arc<str> = spec.name.as_str().into();
        Self::raw(spec, move |arguments, context| {
            let started = read::<A>(&schema, arguments).map(|arguments| run(arguments, context));
            let tool = tool.clone();
            Box::pin(async move {
                let done = match started {
                    Ok(running) => running.await.and_then(IntoOutcome::into_outcome),
                    Err(error) => Err(error),
                };
                done.unwrap_or_else(|error| error.outcome(&tool))
            })
        })
    }

    /// A tool that reads its arguments, whatever they are, by itself.
    pub fn raw(
        spec: ToolSpec,
        run: impl Fn(Arguments, ToolContext) -> BoxFuture<'static, ToolOutcome> + Send + Sync + 'static,
    ) -> Self {
        Self { spec, rules: ToolRules::default(), run: Arc::new(run) }
    }

    /// The same function; one call may take so long.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.rules.deadline = Some(deadline);
        self
    }

    /// The same function; a call is cancelled when the user interrupts the reply that made it.
    #[must_use]
    pub fn cancelled_by_interruption(mut self) -> Self {
        self.rules.on_interruption = OnInterruption::Cancel;
        self
    }

    /// The same function; the same call made twice at a time runs twice.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.rules.on_repeat = OnRepeat::Run;
        self
    }

    /// The same function; the mind goes on while it runs, and is told of the result when it comes.
    #[must_use]
    pub fn in_background(mut self) -> Self {
        self.rules.result = ResultRule::Later;
        self
    }

    /// The same function; this is said while it is waited for, once that takes longer than `turn.filler_after_ms`.
    #[must_use]
    pub fn filler(mut self, words: impl Into<String>) -> Self {
        self.rules.filler = Some(words.into());
        self
    }
}

/// Checks the arguments against their schema, which tells faults better than a type does; then makes them that type.
fn read<A: DeserializeOwned>(schema: &Schema, arguments: Arguments) -> Result<A, ToolError> {
    let arguments = schema.read(arguments).map_err(|faults| ToolError::Told(faults.to_string()))?;
    serde_json::from_value(Value::Object(arguments))
        .map_err(|error| ToolError::told(format!("The arguments do not fit: {error}. Nothing was done.")))
}

impl Tool for Function {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn rules(&self) -> &ToolRules {
        &self.rules
    }

    fn call(&self, arguments: Arguments, context: ToolContext) -> BoxFuture<'static, ToolOutcome> {
        (self.run)(arguments, context)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("spec", &self.spec)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
