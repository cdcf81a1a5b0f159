//! Tools in files, and what minds call them with: a schema, templates and arguments, none of which leads elsewhere.
#![no_main]

use std::sync::OnceLock;

use agent_tools::{Arguments, Egress, HttpTool, ToolContext};
use config_schema::{File, Sources, load};
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|text: &str| {
    // What stands after a NUL are the arguments of a call.
    let (text, arguments) = text.split_once('\0').unwrap_or((text, "{}"));
    let file = Some(File { name: "fuzz.toml", text });
    let Ok(loaded) = load(&Sources { file, ..Sources::default() }) else { return };
    let arguments: Arguments = serde_json::from_str(arguments).unwrap_or_default();
    for spec in &loaded.config.tools {
        let tool = match HttpTool::from_spec(spec, egress()) {
            Ok(tool) => tool,
            Err(errors) => {
                assert!(!errors.to_string().is_empty(), "an error without a word");
                continue;
            }
        };
        match (tool.address(arguments.clone(), &context()), Url::parse(&spec.settings.url)) {
            (Ok(url), Ok(home)) => assert_eq!(url.origin(), home.origin(), "a call that goes elsewhere"),
            (Err(told), _) => assert!(!told.is_empty(), "a refusal without a word"),
            (Ok(_), Err(_)) => {}
        }
    }
});

fn egress() -> &'static Egress {
    static EGRESS: OnceLock<Egress> = OnceLock::new();
    EGRESS.get_or_init(|| {
        // Installed already: then that one does.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        Egress::new().expect("a crypto provider is installed")
    })
}

fn context() -> ToolContext {
    ToolContext {
        call_id: "call".to_owned(),
        idempotency_key: "job-1".to_owned(),
        conversation: "job".into(),
        agent: agent_tools::AgentName("host".to_owned()),
    }
}
