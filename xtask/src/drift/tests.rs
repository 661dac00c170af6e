//! What `drift` sees and what it lets pass, on documents small enough to read.

use anyhow::Result;

use super::{Report, document_url, server, surface};

const OURS: &str = r##"
openapi: 3.1.0
paths:
  /v1/cues:
    post:
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name, schedule]
              properties:
                name: { type: string }
                schedule: { $ref: "#/components/schemas/Schedule" }
                transport: { type: string, enum: [webhook, worker] }
                payload: { type: object, additionalProperties: true }
                catch_up: { type: string, x-availability: hosted }
      responses:
        "201": { content: { application/json: { schema: { $ref: "#/components/schemas/Cue" } } } }
  /v1/cues/{cue_id}:
    get:
      parameters:
        - { name: cue_id, in: path, required: true, schema: { type: string } }
        - { name: limit, in: query, schema: { type: integer } }
        - { name: X-Worker-Id, in: header, schema: { type: string } }
  /v1/cues/bulk-delete:
    post: { x-availability: hosted }
components:
  schemas:
    Schedule:
      type: object
      required: [type]
      properties:
        type: { type: string, enum: [once, recurring] }
        cron: { type: string }
    Cue:
      type: object
      required: [id]
      properties:
        id: { type: string }
        stats: { x-availability: hosted, type: object }
"##;

/// The same as a FastAPI server writes it.
const THEIRS: &str = r##"{
  "openapi": "3.1.0",
  "paths": {
    "/v1/cues": {"post": {
      "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CueCreate"}}}},
      "responses": {
        "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/CueResponse"}}}},
        "422": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}}}
      }
    }},
    "/v1/cues/{id}": {"get": {"parameters": [
      {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "title": "Id"}},
      {"name": "limit", "in": "query", "required": false,
       "schema": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "title": "Limit"}},
      {"name": "x-worker-id", "in": "header", "required": false,
       "schema": {"anyOf": [{"type": "string"}, {"type": "null"}]}}
    ]}}
  },
  "components": {"schemas": {
    "CueCreate": {"type": "object", "required": ["name", "schedule"], "properties": {
      "name": {"type": "string", "maxLength": 255, "title": "Name"},
      "schedule": {"$ref": "#/components/schemas/ScheduleIn"},
      "transport": {"$ref": "#/components/schemas/Transport", "default": "webhook"},
      "payload": {"anyOf": [{"type": "object", "additionalProperties": true}, {"type": "null"}], "default": {}}
    }},
    "ScheduleIn": {"type": "object", "required": ["type"], "properties": {
      "type": {"type": "string", "pattern": "^(once|recurring)$"},
      "cron": {"anyOf": [{"type": "string"}, {"type": "null"}]}
    }},
    "Transport": {"type": "string", "enum": ["webhook", "worker"]},
    "CueResponse": {"type": "object", "properties": {"id": {"type": "string"}}}
  }}
}"##;

fn report(ours: &str, theirs: &str, acknowledged: &str) -> Result<Report> {
    super::report(ours, &server(theirs)?, acknowledged)
}

/// The lines that are not acknowledged, for a server that says one thing otherwise.
fn drift(from: &str, to: &str) -> Vec<String> {
    assert!(from.is_empty() || THEIRS.contains(from), "{from}");
    let report = report(OURS, &THEIRS.replacen(from, to, 1), "[]").unwrap();
    let new = report.text.lines().filter_map(|line| line.strip_prefix("NEW   "));
    new.map(str::to_owned).collect()
}

#[test]
fn two_spellings_of_one_api_do_not_differ() {
    assert_eq!(drift("", ""), [""; 0]);
}

#[test]
fn a_route_that_came_is_seen() {
    let added = drift(
        r#""/v1/cues/{id}": {"#,
        r#""/v1/tags/{tag}": {"get": {}}, "/v1/cues/{id}": {"put": {}, "#,
    );
    assert_eq!(added, ["+ GET /v1/tags/{tag}", "+ PUT /v1/cues/{id}"]);
}

#[test]
fn a_route_that_went_is_seen_unless_only_the_hosted_service_has_it() {
    assert_eq!(
        drift(r#""/v1/cues/{id}": {"get""#, r#""/v1/cues/{id}": {"head""#),
        ["- GET /v1/cues/{cue_id}"]
    );
}

#[test]
fn a_parameter_that_changed_is_seen() {
    let gone = drift(r#""name": "limit""#, r#""name": "page_size""#);
    assert_eq!(
        gone,
        [
            "+ GET /v1/cues/{cue_id}: query page_size",
            "- GET /v1/cues/{cue_id}: query limit"
        ]
    );
    let required = drift(
        r#""in": "query", "required": false"#,
        r#""in": "query", "required": true"#,
    );
    assert_eq!(
        required,
        ["~ GET /v1/cues/{cue_id}: query limit: optional here, required there"]
    );
    let text = drift(r#"{"type": "integer", "minimum": 1}"#, r#"{"type": "string"}"#);
    assert_eq!(
        text,
        ["~ GET /v1/cues/{cue_id}: query limit: integer here, string there"]
    );
}

#[test]
fn a_field_that_came_is_seen_once_with_all_that_is_in_it() {
    let added = drift(
        r#""name": {"type""#,
        r##""window": {"$ref": "#/components/schemas/ScheduleIn"}, "name": {"type""##,
    );
    assert_eq!(added, ["+ POST /v1/cues: body window"]);
}

#[test]
fn a_field_that_went_is_seen_unless_only_the_hosted_service_has_it() {
    let gone = drift(r#""cron": {"anyOf""#, r#""crontab": {"anyOf""#);
    assert_eq!(
        gone,
        [
            "+ POST /v1/cues: body schedule.crontab",
            "- POST /v1/cues: body schedule.cron"
        ]
    );
}

#[test]
fn a_field_that_must_be_sent_now_is_seen() {
    let required = drift(
        r#""required": ["name", "schedule"]"#,
        r#""required": ["name", "schedule", "transport"]"#,
    );
    assert_eq!(
        required,
        ["~ POST /v1/cues: body transport: optional here, required there"]
    );
}

#[test]
fn values_that_came_and_went_are_seen() {
    let more = drift(r#"["webhook", "worker"]"#, r#"["webhook", "worker", "ipc"]"#);
    assert_eq!(more, ["~ POST /v1/cues: body transport: also ipc"]);
    let less = drift("^(once|recurring)$", "^(recurring|yearly)$");
    assert_eq!(
        less,
        [
            "~ POST /v1/cues: body schedule.type: also yearly",
            "~ POST /v1/cues: body schedule.type: no longer once"
        ]
    );
    let constant = drift(r#""enum": ["webhook", "worker"]"#, r#""const": "webhook""#);
    assert_eq!(constant, ["~ POST /v1/cues: body transport: no longer worker"]);
}

#[test]
fn a_field_of_a_response_that_came_is_seen() {
    let added = drift(
        r#""properties": {"id""#,
        r#""properties": {"owner": {"type": "string"}, "id""#,
    );
    assert_eq!(added, ["+ POST /v1/cues: response owner"]);
}

#[test]
fn what_a_server_leaves_open_does_not_differ() {
    assert_eq!(
        drift(
            r##"{"$ref": "#/components/schemas/ScheduleIn"}"##,
            r#"{"type": "object"}"#
        ),
        [""; 0]
    );
    assert_eq!(
        drift(
            r##"{"$ref": "#/components/schemas/Transport", "default": "webhook"}"##,
            "{}"
        ),
        [""; 0]
    );
    assert_eq!(
        drift(
            r##"{"$ref": "#/components/schemas/CueCreate"}"##,
            r#"{"type": "object"}"#
        ),
        [""; 0]
    );
}

#[test]
fn a_schema_that_contains_itself_ends() {
    let added = drift(
        r#""CueResponse": {"#,
        r##""Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}},
           "Loop": {"$ref": "#/components/schemas/Loop"},
           "CueResponse": {"allOf": [{"$ref": "#/components/schemas/Loop"}, {"$ref": "#/components/schemas/Tree"}]},
           "Tree": {"properties": {"root": {"$ref": "#/components/schemas/Node"}}}, "Old": {"##,
    );
    assert_eq!(
        added,
        ["+ POST /v1/cues: response root", "- POST /v1/cues: response id"]
    );
}

#[test]
fn a_difference_that_is_listed_with_a_reason_is_known() {
    let theirs = THEIRS.replacen(
        r#""/v1/cues/{id}": {"#,
        r#""/v1/blog/{slug}": {"get": {}}, "/v1/cues/{id}": {"#,
        1,
    );
    let list = "- { difference: + GET /v1/blog/*, reason: The blog is not for programs. }\n\
                - { difference: + GET /v1/support, reason: Neither is support. }\n";
    let report = report(OURS, &theirs, list).unwrap();
    assert_eq!((report.unknown, report.stale), (0, 1), "{}", report.text);
    assert_eq!(
        report.text,
        "known + GET /v1/blog/{slug}\n          The blog is not for programs.\n\
         STALE + GET /v1/support\n\
         1 differences, 1 of them known (+ only there, - only here, ~ other)\n"
    );
}

#[test]
fn a_listed_difference_needs_a_reason() {
    for list in ["- { difference: a, reason: ' ' }", "- { difference: a }"] {
        assert!(report(OURS, THEIRS, list).is_err(), "{list}");
    }
}

#[test]
fn what_is_no_description_is_refused() {
    assert!(report(OURS, "<html>", "[]").is_err());
    assert!(report(OURS, "{}", "[]").is_err());
}

#[test]
fn our_own_description_does_not_differ_from_itself() {
    let ours = include_str!("../../spec/openapi.yaml");
    let theirs: serde_json::Value = serde_saphyr::from_str(ours).unwrap();
    let report = report(ours, &theirs.to_string(), include_str!("../../spec/drift.yaml")).unwrap();
    assert_eq!(report.unknown, 0, "{}", report.text);
}

#[test]
fn a_list_with_commas_is_a_text_for_the_server() {
    let ours = OURS.replace(
        "{ name: limit, in: query, schema: { type: integer } }",
        "{ name: limit, in: query, explode: false, schema: { type: array, items: { type: integer } } }",
    );
    let theirs = THEIRS.replace(r#"{"type": "integer", "minimum": 1}"#, r#"{"type": "string"}"#);
    assert_eq!(report(&ours, &theirs, "[]").unwrap().unknown, 0);
    let report = report(&ours, THEIRS, "[]").unwrap();
    assert!(
        report.text.contains("query limit: string here, integer there"),
        "{}",
        report.text
    );
}

#[test]
fn what_tells_the_variants_of_a_route_apart_is_one_of_its_optional_parameters() {
    let ours = OURS.replace(
        "  /v1/cues/bulk-delete:",
        "      x-variants:\n        - parameters:\n            \
         - { name: count_only, in: query, required: true, schema: { type: boolean, const: true } }\n  \
         /v1/cues/bulk-delete:",
    );
    let theirs = |schema: &str| {
        let more = format!(r#"{{"name": "count_only", "in": "query", "required": false, "schema": {schema}}}, "#);
        THEIRS.replacen(r#"{"name": "limit""#, &(more + r#"{"name": "limit""#), 1)
    };
    assert_eq!(
        report(&ours, &theirs(r#"{"type": "boolean"}"#), "[]").unwrap().unknown,
        0
    );
    let report = report(&ours, &theirs(r#"{"type": "string"}"#), "[]").unwrap();
    assert!(
        report.text.contains("query count_only: boolean here, string there"),
        "{}",
        report.text
    );
}

#[test]
fn the_copy_of_a_surface_says_what_the_document_said_and_no_more() {
    let with_prose = THEIRS.replace(r#""title": "Limit""#, r#""description": "Somebody else's words.""#);
    let surface = server(&with_prose).unwrap();
    let copy = surface::write(&surface).unwrap();
    assert_eq!(server(&copy).unwrap(), surface);
    assert!(!copy.contains("Somebody"), "{copy}");
    assert!(
        copy.contains(r#""schedule.type": "required string once|recurring""#),
        "{copy}"
    );
    assert!(copy.contains(r#""schedule": "required object with members""#), "{copy}");
    for (whole, broken) in [("required string", "needed string"), ("title", "name")] {
        assert!(server(&copy.replace(whole, broken)).is_err(), "{broken}");
    }
}

#[test]
fn a_server_is_named_by_its_base_url_or_its_document() {
    for url in [
        "http://localhost:8000",
        "http://localhost:8000/",
        "http://localhost:8000/v1/",
    ] {
        assert_eq!(document_url(url), "http://localhost:8000/openapi.json");
    }
    assert_eq!(
        document_url("https://example.com/spec.json"),
        "https://example.com/spec.json"
    );
}
