//! HTTP tools against a server that does what servers do, and what they should not.

mod server;

use std::{collections::BTreeMap, sync::Once};

use agent_tools::{Egress, HttpTool, http_tools};
use config_schema::{File, HttpToolSpec, Sources, load};
use expect_test::expect;
use providers_core::{AgentName, Arguments, Then, Tool, ToolContext, ToolOutcome};
use serde_json::{Value, json};

use self::server::{Act, Server, json as answer, status};

const KEY: &str = "sk-very-secret-0123";

fn spec(server: &Server, toml: &str) -> HttpToolSpec {
    let text = toml.replace("SERVER", &server.address.to_string());
    let text = format!("[[tool]]\nname = \"t\"\nallow_private = true\nsecret = \"{KEY}\"\n{text}");
    let sources = Sources { file: Some(File { name: "t.toml", text: &text }), ..Sources::default() };
    load(&sources).expect("the file is in order").config.tools[0].clone()
}

fn egress() -> Egress {
    static CRYPTO: Once = Once::new();
    CRYPTO.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
    Egress::new().expect("the process speaks TLS")
}

fn tool(server: &Server, toml: &str) -> HttpTool {
    HttpTool::from_spec(&spec(server, toml), &egress()).expect("the tool is in order")
}

async fn call(tool: &HttpTool, arguments: Value) -> ToolOutcome {
    let arguments = arguments.as_object().cloned().expect("arguments are an object");
    tool.call(arguments, context()).await
}

fn context() -> ToolContext {
    ToolContext {
        call_id: "call-1".to_owned(),
        idempotency_key: "job-7".to_owned(),
        conversation: "job".into(),
        agent: AgentName("host".to_owned()),
    }
}

/// What the mind is told, and how many requests it took.
async fn told(acts: Vec<Act>, toml: &str, expected: &str) -> Vec<String> {
    let server = Server::start(acts).await;
    let outcome = call(&tool(&server, toml), json!({})).await;
    let kind = if outcome.is_error { "error" } else { "ok" };
    let requests = server.requests();
    assert_eq!(format!("{kind} after {}: {}", requests.len(), outcome.output), expected);
    requests
}

const ASK: &str = "url = \"http://SERVER/tables\"";
const BOOK: &str = "method = \"POST\"\nurl = \"http://SERVER/tables\"\nbody = { a = 1 }";

#[tokio::test]
async fn a_request_is_made_as_its_file_says_and_the_mind_is_told_what_it_selects() {
    let server = Server::start(vec![answer(r#"{"booking": {"id": 7, "at": "19:30"}}"#)]).await;
    let tool = tool(
        &server,
        r#"
        method = "POST"
        url = "http://SERVER/days/{day}/tables"
        query = { lang = "en" }
        idempotency_header = "Idempotency-Key"
        select = "/booking"
        answer = "Booked as number {/id} at {/at}."
        hand_off = "kitchen"
        speak = false
        body = { party = "{party}" }
        arguments = { day = { type = "string", format = "date" }, party = { type = "integer", maximum = 12 } }
        "#,
    );
    let outcome = call(&tool, json!({ "day": "2026-11-21", "party": "4" })).await;
    let expected = ToolOutcome::returned("Booked as number 7 at 19:30.").silently();
    assert_eq!(outcome, expected.then(Then::HandOff(AgentName("kitchen".to_owned()))));
    let request = server.requests()[0].replace(&server.address.to_string(), "SERVER");
    expect![[r#"
        POST /days/2026-11-21/tables?lang=en HTTP/1.1
        idempotency-key: job-7
        content-type: application/json
        authorization: Bearer sk-very-secret-0123
        accept: */*
        user-agent: colloquy/0.1.0
        host: SERVER
        content-length: 11

        {"party":4}"#]]
    .assert_eq(&request.replace("\r\n", "\n"));
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_and_nothing_is_sent() {
    let server = Server::start(vec![answer("{}")]).await;
    let tool = tool(
        &server,
        "url = \"http://SERVER/{n}\"\narguments = { n = { type = \"integer\", minimum = 1, description = \"How many.\" } }",
    );
    for (arguments, words) in [
        (json!({}), "n is missing; it must be a whole number, 1 or more (How many.)"),
        (json!({ "n": 0 }), "n is 0; it must be a whole number, 1 or more"),
        (json!({ "n": 1, "m": 2 }), "m is no argument; there are n"),
    ] {
        let outcome = call(&tool, arguments).await;
        assert!(outcome.is_error && outcome.output.contains(words), "{}", outcome.output);
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_request_is_sent_again_only_where_that_can_do_nothing_twice() {
    let failed = || vec![status("503 Service Unavailable"), answer("\"fine\"")];
    let told_off =
        "error after 1: The server failed (503 Service Unavailable). Try again later, or do without.";
    told(failed(), ASK, "ok after 2: fine").await;
    told(failed(), BOOK, told_off).await;
    told(failed(), &format!("{ASK}\nattempts = 1"), told_off).await;
    let keyed = format!("idempotency_header = \"Idempotency-Key\"\n{BOOK}");
    let requests = told(failed(), &keyed, "ok after 2: fine").await;
    assert_eq!(requests[0], requests[1], "the key of the call is the same in each attempt");
    let cut = || vec![Act::Cut("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n\"fi"), answer("\"fine\"")];
    told(cut(), ASK, "ok after 2: fine").await;
    told(
        cut(),
        BOOK,
        "error after 1: The connection to the server broke. It may or may not have done what was asked: say so, and do not assume either.",
    )
    .await;
    let busy = || vec![status("429 Too Many Requests"), answer("\"fine\"")];
    told(busy(), BOOK, "ok after 2: fine").await;
    let long = Act::Answer("429 Too Many Requests", "retry-after: 60\r\n".to_owned(), String::new());
    told(
        vec![long, answer("\"fine\"")],
        ASK,
        "error after 1: The server has too much to do (429 Too Many Requests). Try again in a moment.",
    )
    .await;
}

#[tokio::test]
async fn a_server_that_is_silent_or_gone_is_told_in_time() {
    let short = "timeout_ms = 100\n";
    told(
        vec![Act::Silence],
        &format!("{short}{ASK}"),
        "error after 1: The server did not answer within 0.1 s. Try again later, or do without.",
    )
    .await;
    told(
        vec![Act::Silence],
        &format!("{short}{BOOK}"),
        "error after 1: The server did not answer within 0.1 s. It may or may not have done what was asked: say so, and do not assume either.",
    )
    .await;
    let server = Server::start(vec![answer("{}")]).await;
    let gone = tool(&server, BOOK);
    drop(server);
    tokio::task::yield_now().await;
    let outcome = call(&gone, json!({})).await;
    assert_eq!(outcome, ToolOutcome::failed("The server cannot be reached. Try again later, or do without."));
}

#[tokio::test]
async fn an_answer_that_is_too_long_or_not_what_it_should_be_is_told() {
    let short = "response_limit_bytes = 256\n";
    told(
        vec![Act::Endless("200 OK")],
        &format!("{short}{ASK}"),
        "error after 1: The server's answer is longer than 256 bytes. Try again later, or do without.",
    )
    .await;
    told(
        vec![Act::Endless("404 Not Found")],
        &format!("{short}{ASK}"),
        &format!("error after 1: The server refused (404 Not Found): {}", "x".repeat(256)),
    )
    .await;
    for body in ["{\"a\": ", "<html>", "{\"b\": 1}"] {
        told(
            vec![answer(body)],
            &format!("select = \"/a\"\n{ASK}"),
            "error after 1: The server's answer is not what it should be. It may have done what was asked.",
        )
        .await;
    }
    told(
        vec![Act::Cut("garbage\r\n\r\n")],
        &format!("attempts = 1\n{ASK}"),
        r#"error after 1: The connection to the server broke. Try again later, or do without."#,
    )
    .await;
    told(vec![answer("{\"detail\": \"no table\"}")], ASK, r#"ok after 1: {"detail":"no table"}"#).await;
}

#[tokio::test]
async fn redirects_are_followed_within_the_hosts_that_are_allowed() {
    let to = |code, to: &str| status(code).redirecting(to);
    told(vec![to("302 Found", "/other"), answer("\"fine\"")], ASK, "ok after 2: fine").await;
    for elsewhere in [
        "http://169.254.169.254/latest",
        "http://localhost:1/",
        "//[::1]/",
        "https://example.com/",
        "file:///etc/passwd",
    ] {
        told(
            vec![to("302 Found", elsewhere)],
            ASK,
            "error after 1: The server sent the request elsewhere (302 Found), where it may not go.",
        )
        .await;
    }
    let elsewhere =
        "error after 1: The server sent the request elsewhere (301 Moved Permanently), where it may not go.";
    told(vec![to("301 Moved Permanently", "/other"), answer("1")], BOOK, elsewhere).await;
    let requests = told(vec![to("303 See Other", "/done"), answer("1")], BOOK, "ok after 2: 1").await;
    assert!(requests[1].starts_with("GET /done ") && requests[1].ends_with("\r\n\r\n"), "{}", requests[1]);
    let requests = told(vec![to("307 Temporary Redirect", "/x"), answer("1")], BOOK, "ok after 2: 1").await;
    assert!(requests[1].starts_with("POST /x ") && requests[1].ends_with("{\"a\":1}"), "{}", requests[1]);
    told(
        vec![to("302 Found", "/again")],
        ASK,
        "error after 4: The server sent the request elsewhere (302 Found), where it may not go.",
    )
    .await;
}

#[tokio::test]
async fn the_key_goes_to_its_own_server_only() {
    let other = Server::start(vec![answer("\"found\"")]).await;
    let away = format!("http://{}/there", other.address);
    let first = Server::start(vec![status("302 Found").redirecting(&away)]).await;
    let tool = tool(&first, &format!("redirect_hosts = [\"{}\"]\n{ASK}", other.address));
    assert_eq!(call(&tool, json!({})).await, ToolOutcome::returned("found"));
    assert!(first.requests()[0].contains(KEY) && !other.requests()[0].contains(KEY));
}

#[tokio::test]
async fn a_key_that_a_server_says_back_is_told_to_nobody() {
    let echo = format!("{{\"message\": \"you said {KEY}\"}}");
    told(vec![answer(&echo)], ASK, r#"ok after 1: {"message":"you said …"}"#).await;
    let refused = Act::Answer("400 Bad Request", String::new(), echo);
    told(vec![refused], ASK, "error after 1: The server refused (400 Bad Request): you said …").await;
    let server = Server::start(vec![answer("1")]).await;
    assert!(!format!("{:?}", tool(&server, ASK)).contains(KEY));
}

#[tokio::test]
async fn an_address_inside_is_not_reached_by_number_nor_by_name() {
    let server = Server::start(vec![answer("1")]).await;
    let port = server.address.port();
    for host in ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let toml = format!("url = \"https://{host}:{port}/\"");
        let mut spec = spec(&server, &toml);
        spec.settings.allow_private = false;
        let tool = HttpTool::from_spec(&spec, &egress()).expect("the tool is in order");
        let outcome = call(&tool, json!({})).await;
        let refused = "The address of this function may not be reached. It cannot be done.";
        assert_eq!(outcome, ToolOutcome::failed(refused), "{host}");
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn dropping_a_call_ends_its_request() {
    let server = Server::start(vec![Act::Silence]).await;
    let tool = tool(&server, ASK);
    let call = tokio::spawn(tool.call(Arguments::new(), context()));
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    call.abort();
    server.gone().await;
}

#[tokio::test]
async fn the_booking_example_is_in_order() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/examples/booking.toml");
    let text = std::fs::read_to_string(path).expect("the example is there");
    let environment = BTreeMap::from([("BOOKING_KEY".to_owned(), "secret".to_owned())]);
    let file = Some(File { name: "booking.toml", text: &text });
    let sources = Sources { file, environment: Some(&environment), ..Sources::default() };
    let config = load(&sources).expect("the file is in order").config;
    let tools = http_tools(&config.tools, &egress()).expect("the tools are in order");
    assert_eq!(format!("{tools:?}"), r#"["find_tables", "book_table", "cancel_booking"]"#);
}

#[tokio::test]
async fn what_is_wrong_with_a_tool_is_told_with_its_line() {
    let server = Server::start(vec![answer("1")]).await;
    let toml = r#"
url = "http://SERVER/{n}"
optional = ["m"]
answer = "{x}"
close = true
hand_off = "kitchen"
secret_header = "a b"
[tool.arguments]
n = { type = "integr" }
"#;
    let errors = HttpTool::from_spec(&spec(&server, toml), &egress()).err();
    expect![[r#"
        t.toml:7: tool t: optional: names m, which is not in arguments
        t.toml:13: tool t: arguments.n.type: must be null, boolean, integer, number, string, array or object, or a list of these
        t.toml:8: tool t: answer: uses x, which is no JSON pointer such as /tables/0/name
        t.toml:11: tool t: secret_header: is not the name of a header
        t.toml:9: tool t: close: the call cannot be over and handed to another agent"#]]
    .assert_eq(&errors.map_or_else(|| "fine".to_owned(), |errors| errors.to_string()));
}
