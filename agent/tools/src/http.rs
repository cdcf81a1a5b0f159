//! An HTTP request as a tool, as a file describes it: `[[tool]]`.
//!
//! ```text
//! arguments ─► schema ─► plan (templates) ─► egress (guard, attempts, redirects) ─► answer (select) ─► the mind
//! ```
//! All but the egress is pure. No argument leaves its place in the address; no name leads inside; the key goes to the
//! server that it is for, and into nothing that the mind or a log reads.

use std::{error::Error, sync::Arc, time::Duration};

use config_schema::{ConfigErrors, Fault, HttpToolSpec, ResultWhen, WhenInterrupted, WhenRepeated};
use providers_core::{
    AgentName, Arguments, BoxFuture, OnInterruption, OnRepeat, ResultRule, Then, Tool, ToolContext,
    ToolOutcome, ToolRules, ToolSpec, Toolset,
};
use providers_http::Secret;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use tracing::{debug, warn};
use url::Url;

use self::{
    answer::{Answer, refused},
    egress::{Lost, Reply, Way},
    guard::Guard,
    plan::{Plan, Request},
};
use crate::{Schema, error::chain};

mod answer;
mod egress;
mod guard;
mod plan;
mod template;

pub use egress::{Egress, EgressError};

/// An HTTP request as a tool.
#[derive(Clone, Debug)]
pub struct HttpTool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    spec: ToolSpec,
    rules: ToolRules,
    schema: Schema,
    plan: Plan,
    answer: Answer,
    way: Way,
    egress: Egress,
    timeout: Duration,
    /// What the mind must not read, though a server may say it back.
    secret: config_schema::Secret,
    speaks: bool,
    then: Then,
}

impl HttpTool {
    /// The tool that a file describes.
    ///
    /// # Errors
    /// All that is wrong with it: templates that use what there is not, schemas that are none, an address that no tool may
    /// reach. Each names its line.
    pub fn from_spec(spec: &HttpToolSpec, egress: &Egress) -> Result<Self, ConfigErrors> {
        let settings = &spec.settings;
        let mut faults = Vec::new();
        let schema = schema(spec, &mut faults);
        let plan = Plan::new(spec, &mut faults);
        let answer = Answer::new(spec, &mut faults);
        let guard = Guard { allow_private: settings.allow_private };
        let way = Way {
            guard,
            redirect_hosts: settings.redirect_hosts.clone(),
            attempts: settings.attempts,
            is_repeatable: plan.is_repeatable(),
            limit: settings.response_limit as usize,
            secret: secret(spec, &mut faults),
        };
        if settings.close && settings.hand_off.is_some() {
            faults.push(spec.fault("close", "the call cannot be over and handed to another agent"));
        }
        let (Some(schema), true) = (schema, faults.is_empty()) else { return Err(ConfigErrors(faults)) };
        Ok(Self(Arc::new(Inner {
            spec: ToolSpec {
                name: settings.name.clone(),
                description: settings.description.clone(),
                parameters: schema.value().clone(),
            },
            rules: rules(spec),
            schema,
            plan,
            answer,
            way,
            egress: egress.clone(),
            timeout: settings.timeout,
            secret: settings.secret.clone(),
            speaks: settings.speak,
            then: match &settings.hand_off {
                Some(agent) => Then::HandOff(AgentName(agent.clone())),
                None if settings.close => Then::Close,
                None => Then::GoOn,
            },
        })))
    }

    /// Where a call with these arguments would go, without going there; otherwise what the mind would be told.
    ///
    /// # Errors
    /// Arguments that do not fit, or that no request can be made of.
    pub fn address(&self, arguments: Arguments, context: &ToolContext) -> Result<Url, String> {
        self.0.request(arguments, context).map(|request| request.url)
    }
}

/// The tools that files describe, in their order.
///
/// # Errors
/// As [`HttpTool::from_spec`]; all that is wrong with all of them.
pub fn http_tools(specs: &[HttpToolSpec], egress: &Egress) -> Result<Toolset, ConfigErrors> {
    let (mut tools, mut faults) = (Toolset::new(), Vec::new());
    for spec in specs {
        match HttpTool::from_spec(spec, egress) {
            Ok(tool) => {
                let added = tools.add(Arc::new(tool));
                faults.extend(added.err().map(|error| spec.fault("name", error.to_string())));
            }
            Err(errors) => faults.extend(errors.0),
        }
    }
    if faults.is_empty() { Ok(tools) } else { Err(ConfigErrors(faults)) }
}

impl Tool for HttpTool {
    fn spec(&self) -> &ToolSpec {
        &self.0.spec
    }

    fn rules(&self) -> &ToolRules {
        &self.0.rules
    }

    fn call(&self, arguments: Arguments, context: ToolContext) -> BoxFuture<'static, ToolOutcome> {
        let inner = self.0.clone();
        Box::pin(async move {
            let told = match inner.request(arguments, &context) {
                Ok(request) => inner.ask(&request).await,
                Err(told) => Err(told),
            };
            match told {
                Ok(output) => {
                    let outcome = ToolOutcome::returned(inner.redacted(output)).then(inner.then.clone());
                    if inner.speaks { outcome } else { outcome.silently() }
                }
                Err(error) => ToolOutcome::failed(inner.redacted(error)),
            }
        })
    }
}

impl Inner {
    fn request(&self, arguments: Arguments, context: &ToolContext) -> Result<Request, String> {
        let arguments = self.schema.read(arguments).map_err(|faults| faults.to_string())?;
        self.plan.request(&arguments, context).map_err(|why| format!("{why} Nothing was done."))
    }

    /// Sends the request; what the mind is told, as a success or as an error.
    async fn ask(&self, request: &Request) -> Result<String, String> {
        let tool = self.spec.name.as_str();
        let sent = tokio::time::timeout(self.timeout, self.egress.send(request, &self.way)).await;
        let Reply { status, body } = match sent {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => return Err(self.lost(&error)),
            Err(_) => {
                let seconds = self.timeout.as_secs_f32();
                warn!(tool, seconds, "a tool's server did not answer in time");
                return Err(format!("The server did not answer within {seconds} s. {}", self.unsure()));
            }
        };
        debug!(tool, status = status.as_u16(), bytes = body.len(), "a tool's server answered");
        if !status.is_success() {
            if !status.is_client_error() || matches!(status.as_u16(), 401 | 403 | 407) {
                warn!(tool, status = status.as_u16(), "a tool's server refused");
            }
            return Err(refused(status, &body));
        }
        self.answer.read(&body).map_err(|unexpected| {
            warn!(tool, %unexpected, "a tool's server answered what its description does not say");
            "The server's answer is not what it should be. It may have done what was asked.".to_owned()
        })
    }

    fn lost(&self, error: &Lost) -> String {
        warn!(
            tool = self.spec.name,
            error = chain(error as &(dyn Error + 'static)),
            "a tool's request was lost"
        );
        match error {
            Lost::Inside(_) => {
                "The address of this function may not be reached. It cannot be done.".to_owned()
            }
            Lost::Unreachable(_) => {
                "The server cannot be reached. Try again later, or do without.".to_owned()
            }
            Lost::Broken(_) => format!("The connection to the server broke. {}", self.unsure()),
            Lost::TooLong(limit) => {
                format!("The server's answer is longer than {limit} bytes. {}", self.unsure())
            }
        }
    }

    /// What the mind must know when no answer came.
    fn unsure(&self) -> &'static str {
        if self.plan.only_asks() {
            "Try again later, or do without."
        } else {
            "It may or may not have done what was asked: say so, and do not assume either."
        }
    }

    fn redacted(&self, text: String) -> String {
        let secret = self.secret.expose().trim();
        if !secret.is_empty() && text.contains(secret) { text.replace(secret, "…") } else { text }
    }
}

/// The schema of the arguments: those of the file, all of them required but those that may be left out, and no others.
fn schema(spec: &HttpToolSpec, faults: &mut Vec<Fault>) -> Option<Schema> {
    let optional = &spec.settings.optional;
    for name in optional.iter().filter(|name| !spec.arguments.contains_key(*name)) {
        faults.push(spec.fault("optional", format!("names {name}, which is not in arguments")));
    }
    let required: Vec<&String> = spec.arguments.keys().filter(|name| !optional.contains(name)).collect();
    let mut value = Map::new();
    value.insert("type".to_owned(), json!("object"));
    value.insert("properties".to_owned(), Value::Object(spec.arguments.clone()));
    value.insert("required".to_owned(), json!(required));
    value.insert("additionalProperties".to_owned(), json!(false));
    match Schema::parse(Value::Object(value)) {
        Ok(schema) => Some(schema),
        Err(found) => {
            faults.extend(found.into_iter().map(|fault| {
                let path = fault.path.strip_prefix("properties").unwrap_or(&fault.path);
                spec.fault(&format!("arguments{path}"), fault.problem)
            }));
            None
        }
    }
}

/// The header that carries the key.
fn secret(spec: &HttpToolSpec, faults: &mut Vec<Fault>) -> Option<(HeaderName, HeaderValue)> {
    let settings = &spec.settings;
    let secret = Secret::new(settings.secret.expose())?;
    let Ok(name) = settings.secret_header.parse::<HeaderName>() else {
        faults.push(spec.fault("secret_header", "is not the name of a header"));
        return None;
    };
    if spec.headers.keys().any(|other| other.eq_ignore_ascii_case(name.as_str())) {
        faults.push(spec.fault("secret_header", "is also in headers"));
    }
    let prefix = settings.secret_scheme.as_ref().map_or_else(String::new, |scheme| format!("{scheme} "));
    let value = secret.header(&prefix).ok();
    if value.is_none() {
        faults.push(spec.fault("secret", "has characters that no header may carry"));
    }
    Some((name, value?))
}

fn rules(spec: &HttpToolSpec) -> ToolRules {
    let settings = &spec.settings;
    ToolRules {
        // Its own timeout tells the mind more than the conversation's could.
        deadline: None,
        on_interruption: match settings.when_interrupted {
            WhenInterrupted::Finish => OnInterruption::Finish,
            WhenInterrupted::Cancel => OnInterruption::Cancel,
        },
        on_repeat: match settings.when_repeated {
            WhenRepeated::Share => OnRepeat::Share,
            WhenRepeated::Run => OnRepeat::Run,
        },
        result: match settings.result {
            ResultWhen::Awaited => ResultRule::Awaited,
            ResultWhen::Later => ResultRule::Later,
        },
        filler: settings.filler.clone(),
    }
}
