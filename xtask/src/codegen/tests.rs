//! What codegen says about a description that is not right, and that a newcomer's stanza is all it takes.

use super::{SPEC, generate, repository};

fn description() -> String {
    std::fs::read_to_string(repository().join(SPEC)).unwrap()
}

/// The error for the description with one change.
fn complaint(from: &str, to: &str) -> String {
    let description = description();
    assert!(description.contains(from), "the description no longer has {from:?}");
    let error = generate(&description.replacen(from, to, 1)).unwrap_err();
    format!("{error:#}")
}

fn generated(description: &str, file: &str) -> String {
    let files = generate(description).unwrap();
    files
        .into_iter()
        .find(|generated| generated.path.ends_with(file))
        .unwrap()
        .text
}

#[test]
fn an_operation_that_does_not_say_whether_it_can_be_repeated_is_refused() {
    let complaint = complaint(
        "      x-rust-name: CreateCue\n      x-repeat: unsafe\n",
        "      x-rust-name: CreateCue\n",
    );
    assert!(
        complaint.contains("paths./v1/cues.post: x-repeat is missing: say safe, keyed"),
        "{complaint}"
    );
}

#[test]
fn a_misspelt_key_is_refused_with_its_line() {
    let complaint = complaint("      x-rust-check: create_cue", "      x-rust-chek: create_cue");
    assert!(
        complaint.contains("x-rust-chek") && complaint.contains("line "),
        "{complaint}"
    );
}

#[test]
fn every_complaint_says_where_and_what_to_do() {
    for (from, to, expected) in [
        (
            "      x-rust-name: CreateCue\n",
            "",
            "paths./v1/cues.post: x-rust-name is missing: name the endpoint's type",
        ),
        (
            "required: [name, schedule, transport]",
            "required: [nam, schedule, transport]",
            "paths./v1/cues.post.requestBody: `required` names nam, which is no property",
        ),
        (
            "schema: { $ref: \"#/components/schemas/CueList\" }",
            "schema: { $ref: \"#/components/schemas/CueLists\" }",
            "#/components/schemas/CueLists does not exist: add it under components.schemas",
        ),
        (
            "x-pagination: { items: cues, key: id }",
            "x-pagination: { items: rows, key: id }",
            "CueList has no list rows",
        ),
        (
            "        - $ref: \"#/components/parameters/CueId\"\n        - name: execution_limit",
            "        - name: execution_limit",
            "paths./v1/cues/{cue_id}.get: a {parameter} of the path is not under `parameters`",
        ),
        (
            "          x-rust-name: worker\n",
            "          x-rust-name: send\n",
            "every call has a method of this name",
        ),
        (
            "          x-rust-name: worker\n",
            "          x-rust-name: type\n",
            "is a word of Rust: add an x-rust-name",
        ),
        (
            "      enum: [active, paused, completed, failed]",
            "      enum: [active, paused, completed]",
            "components.schemas.CueStatus: `enum` and x-open-enum do not have the same values",
        ),
        (
            "    CueStatus:\n      x-group: cues\n",
            "    CueStatus:\n",
            "components.schemas.CueStatus: x-group is missing",
        ),
    ] {
        let complaint = complaint(from, to);
        assert!(complaint.contains(expected), "{complaint}");
    }
}

#[test]
fn a_new_operation_is_one_stanza() {
    let stanza = r##"
  /v1/cues/{cue_id}/poke:
    post:
      operationId: cues.poke
      tags: [cues]
      summary: Pokes a cue.
      x-rust-name: PokeCue
      x-repeat: safe
      parameters:
        - $ref: "#/components/parameters/CueId"
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                hard: { description: Whether to poke hard., type: boolean }
      responses:
        "200":
          description: The cue.
          content:
            application/json:
              schema: { $ref: "#/components/schemas/Cue" }
"##;
    let description = description().replacen("\ncomponents:\n", &format!("{stanza}\ncomponents:\n"), 1);
    let code = generated(&description, "cueapi-core/src/generated/cues.rs");
    for expected in [
        "pub fn poke(&self, cue_id: impl Into<CueId>) -> Pending<C, PokeCue> {",
        "path.lit(\"v1/cues\").seg(&self.cue_id).lit(\"poke\");",
        "pub fn hard(mut self, hard: bool) -> Self {",
        "impl Endpoint for PokeCue {",
    ] {
        assert!(code.contains(expected), "{expected} is not in\n{code}");
    }
}

#[test]
fn the_generated_code_in_the_repository_is_up_to_date() {
    super::run(true).unwrap();
}
