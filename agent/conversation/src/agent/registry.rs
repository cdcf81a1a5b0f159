//! The agents of a call: who speaks first, and who can be handed over to by name.

use std::{any::Any, collections::BTreeMap, fmt, rc::Rc, sync::Arc};

use super::{Agent, AgentProfile, AnyAgent, PlainAgent};
use crate::Keep;

/// Makes an agent, anew each time that it is handed over to.
type Factory = Rc<dyn Fn() -> Rc<dyn AnyAgent>>;

/// The agents of a call.
#[derive(Clone)]
pub struct Agents {
    first: (String, Factory),
    /// Whether the configuration's greeting is the first agent's.
    pub(crate) greets_as_configured: bool,
    named: BTreeMap<String, Factory>,
    keeps: BTreeMap<String, Rc<dyn Fn() -> Keep>>,
    pub(crate) data: Option<Arc<dyn Any + Send + Sync>>,
}

impl Agents {
    /// A call in which this agent speaks first. Factories are called on the call's thread.
    #[must_use]
    pub fn new<A: Agent>(name: impl Into<String>, make: impl Fn() -> A + 'static) -> Self {
        let first = (name.into(), factory(make));
        Self {
            named: BTreeMap::from([first.clone()]),
            keeps: BTreeMap::new(),
            first,
            greets_as_configured: false,
            data: None,
        }
    }

    /// A call with the one agent that the configuration describes.
    #[must_use]
    pub fn configured() -> Self {
        let agents = Self::new(CONFIGURED, || PlainAgent(AgentProfile::default()));
        Self { greets_as_configured: true, ..agents }
    }

    /// The same with another agent, that can be handed over to by this name.
    #[must_use]
    pub fn with<A: Agent>(mut self, name: impl Into<String>, make: impl Fn() -> A + 'static) -> Self {
        self.named.insert(name.into(), factory(make));
        self
    }

    /// The same; the agent of this name reads so much of what was said before, when a tool's outcome hands over to it
    /// ([`crate::Then::HandOff`]). Otherwise it reads all.
    #[must_use]
    pub fn with_keep(mut self, name: impl Into<String>, keep: impl Fn() -> Keep + 'static) -> Self {
        self.keeps.insert(name.into(), Rc::new(keep));
        self
    }

    /// The same with data that hooks and tools find by [`crate::Handle::data`].
    #[must_use]
    pub fn with_data<T: Send + Sync + 'static>(mut self, data: Arc<T>) -> Self {
        self.data = Some(data);
        self
    }

    /// The names that can be handed over to, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.keys().map(String::as_str)
    }

    /// Who speaks first, and its name.
    pub(crate) fn first(&self) -> (Rc<dyn AnyAgent>, &str) {
        let (name, make) = &self.first;
        (make(), name)
    }

    /// What the agent of this name reads when a tool's outcome hands over to it.
    pub(crate) fn keep(&self, name: &str) -> Keep {
        self.keeps.get(name).map_or(Keep::All, |keep| keep())
    }

    pub(crate) fn make(&self, name: &str) -> Option<Rc<dyn AnyAgent>> {
        self.named.get(name).map(|make| make())
    }
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agents").field("first", &self.first.0).finish_non_exhaustive()
    }
}

fn factory<A: Agent>(make: impl Fn() -> A + 'static) -> Factory {
    Rc::new(move || Rc::new(make()))
}

/// The name of an agent that was not given one.
const CONFIGURED: &str = "agent";
