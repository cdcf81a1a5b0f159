//! Requests made of arguments: where they stand, what they cannot do there, and what a file may not say.

use config_schema::{File, HttpToolSpec, Sources, load};
use expect_test::{Expect, expect};
use providers_core::{AgentName, ToolContext};
use serde_json::{Value, json};

use super::{Plan, encoded};

/// The one tool of a file, with a name and, unless it has one, an address.
fn spec(toml: &str) -> HttpToolSpec {
    let url = if toml.contains("url =") { "" } else { "url = \"https://api.example.com/\"\n" };
    let text = format!("[[tool]]\nname = \"t\"\n{url}{toml}");
    let sources = Sources { file: Some(File { name: "t.toml", text: &text }), ..Sources::default() };
    let loaded = load(&sources).unwrap_or_else(|errors| panic!("{errors}"));
    loaded.config.tools[0].clone()
}

fn context() -> ToolContext {
    ToolContext {
        call_id: "call-1".to_owned(),
        idempotency_key: "job-7".to_owned(),
        conversation: "job".into(),
        agent: AgentName("host".to_owned()),
    }
}

/// A request as text, or what the mind is told.
#[expect(
    clippy::needless_pass_by_value,
    reason = "`expect![]` and `json!()` are written where they are passed"
)]
fn check(toml: &str, arguments: Value, expected: Expect) {
    let mut faults = Vec::new();
    let plan = Plan::new(&spec(toml), &mut faults);
    assert_eq!(faults, []);
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    expected.assert_eq(&match plan.request(&arguments, &context()) {
        Ok(request) => {
            let headers =
                request.headers.iter().map(|(name, value)| format!("\n{name}: {}", value.to_str().unwrap()));
            let body = String::from_utf8(request.body).unwrap();
            format!("{} {}{}\n\n{body}", request.method, request.url, headers.collect::<String>())
        }
        Err(told) => told,
    });
}

/// What is wrong with a file.
#[expect(clippy::needless_pass_by_value, reason = "`expect![]` is written where it is passed")]
fn wrong(toml: &str, expected: Expect) {
    let mut faults = Vec::new();
    Plan::new(&spec(toml), &mut faults);
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

const CITY: &str =
    "url = \"https://api.example.com/v1/{city}/now?unit={unit}\"\narguments = { city = {}, unit = {} }";

#[test]
fn an_argument_cannot_leave_its_place_in_the_address() {
    check(
        CITY,
        json!({ "city": "São Paulo/../x?y=1#z", "unit": "a&b=c%20" }),
        expect![[r#"
            GET https://api.example.com/v1/S%C3%A3o%20Paulo%2F..%2Fx%3Fy%3D1%23z/now?unit=a%26b%3Dc%2520

        "#]],
    );
    check(CITY, json!({ "city": "..", "unit": "" }), expect!["unit is empty; it must not be."]);
    check(
        CITY,
        json!({ "city": "..", "unit": "C" }),
        expect!["An argument is . or .., which names nothing here."],
    );
    check(CITY, json!({ "city": "", "unit": "C" }), expect!["city is empty; it must not be."]);
    check(
        CITY,
        json!({ "city": 7.5, "unit": true }),
        expect![[r#"
        GET https://api.example.com/v1/7.5/now?unit=true

    "#]],
    );
}

#[test]
fn what_is_left_out_is_left_out_everywhere() {
    let toml = r#"
        method = "POST"
        idempotency_header = "Idempotency-Key"
        optional = ["notes", "tags", "seats"]
        query = { lang = "en", notes = "{notes}", tag = "{tags}" }
        headers = { "x-notes" = "note: {notes}", "x-call" = "{call.agent}/{call.id}/{call.conversation}" }
        arguments = { party = {}, notes = {}, tags = {}, seats = {} }
        [tool.body]
        party = "{party}"
        text = "for {party}: {notes}"
        wishes = ["{notes}", { seats = "{seats}" }, 3, "{{literal}}"]
        tags = "{tags}"
    "#;
    check(
        toml,
        json!({ "party": 4, "notes": "a window", "tags": ["a b", 2], "seats": null }),
        expect![[r#"
            POST https://api.example.com/?lang=en&notes=a+window&tag=a+b&tag=2
            idempotency-key: job-7
            content-type: application/json
            x-call: host/call-1/job
            x-notes: note: a window

            {"party":4,"tags":["a b",2],"text":"for 4: a window","wishes":["a window",{"seats":null},3,"{literal}"]}"#]],
    );
    check(
        toml,
        json!({ "party": 4 }),
        expect![[r#"
            POST https://api.example.com/?lang=en
            idempotency-key: job-7
            content-type: application/json
            x-call: host/call-1/job

            {"party":4,"wishes":[{},3,"{literal}"]}"#]],
    );
}

#[test]
fn a_text_is_a_body_of_text_and_a_header_carries_one_line() {
    let toml = "method = \"PUT\"\nbody = \"say {what}\"\nheaders = { x-what = \"{what}\" }\narguments = { what = {} }";
    check(
        toml,
        json!({ "what": "hello" }),
        expect![[r#"
            PUT https://api.example.com/
            content-type: text/plain; charset=utf-8
            x-what: hello

            say hello"#]],
    );
    for what in ["two\r\nx-evil: 1", "größe", "\0"] {
        check(
            toml,
            json!({ "what": what }),
            expect![
                "The header x-what can carry only plain letters; write it without accents and line breaks."
            ],
        );
    }
}

#[test]
fn what_a_file_may_not_say_is_told_with_its_line() {
    for (url, problem) in [
        ("api.example.com/x", "is not an address: relative URL without a base"),
        ("ftp://example.com/", "must begin with https:// or http://"),
        ("http://example.com/", "must begin with https://; http:// needs allow_private = true"),
        (
            "https://key@example.com/",
            "has a user name or password in it; a key has a place of its own: secret",
        ),
        ("https://example.com/#x", "has a #, after which nothing is sent"),
        ("https://{call.agent}/x", "must name its host: places may stand after it only"),
        ("https://api.{call.agent}.com/x", "must name its host: places may stand after it only"),
        ("https://example.com{call.agent}", "must name its host: places may stand after it only"),
        ("https://example.com:{call.agent}/", "is not an address: invalid port number"),
        ("{call.agent}://example.com/", "must begin with https:// or http://"),
        ("https://example.com/{", "has a { without its }; write {{ for a brace"),
    ] {
        let mut faults = Vec::new();
        Plan::new(&spec(&format!("url = \"{url}\"")), &mut faults);
        assert!(
            faults.iter().any(|fault| fault.to_string() == format!("t.toml:3: tool t: url: {problem}")),
            "{url}: {faults:?}"
        );
    }
    wrong(
        "optional = [\"day\"]\nquery = { a = \"{dya}\" }\nurl = \"https://a.example/{day}\"\narguments = { day = {}, idle = {} }",
        expect![[r#"
            t.toml:5: tool t: url: uses day, which may be left out
            t.toml:4: tool t: query.a: uses dya, which is neither an argument nor one of call.id, call.key, call.conversation, call.agent
            t.toml:6: tool t: arguments.idle: is used nowhere: neither in url nor query, headers or body"#]],
    );
    wrong(
        "headers = { Host = \"x\", \"a b\" = \"\" }\nbody = {}\nidempotency_header = \"ü\"",
        expect![[r#"
            t.toml:4: tool t: headers.Host: is written by the connection itself
            t.toml:4: tool t: headers.a b: is not the name of a header
            t.toml:5: tool t: body: a GET request has none
            t.toml:6: tool t: idempotency_header: is not the name of a header"#]],
    );
}

/// Random arguments in an address: they come out of it as they went in, and everything else stays where it was.
#[test]
fn whatever_an_argument_says_the_server_reads_it_whole() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut faults = Vec::new();
    let plan = Plan::new(&spec(CITY), &mut faults);
    for _ in 0..5_000 {
        let mut text = || -> String {
            (0..random.usize(1..8))
                .map(|_| {
                    ["/", "..", ".", "%2e", "?", "#", "&", "=", "@", ":", "\\", "\n", "é", "a", " ", "\0"]
                        [random.usize(..16)]
                })
                .collect()
        };
        let (city, unit) = (text(), text());
        let arguments = json!({ "city": city, "unit": unit });
        let Value::Object(arguments) = arguments else { continue };
        let Ok(request) = plan.request(&arguments, &context()) else {
            assert!(matches!(city.as_str(), "." | ".."), "seed {seed}: {city:?}");
            continue;
        };
        assert_eq!(request.url.host_str(), Some("api.example.com"), "seed {seed}");
        let path = format!("/v1/{}/now", encoded(&city));
        assert_eq!(request.url.path(), path, "seed {seed}: {city:?}");
        let pairs: Vec<_> = request.url.query_pairs().collect();
        assert_eq!(pairs, [("unit".into(), unit.as_str().into())], "seed {seed}: {unit:?}");
    }
}
