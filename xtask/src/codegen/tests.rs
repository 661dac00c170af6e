//! What codegen says about a description that is not right, and that a newcomer's stanza is all it takes.

use std::path::Path;

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
            "      enum: [active, paused, completed, failed]\n      x-open-enum:\n",
            "      enum: [unrecognized, active, paused, completed, failed]\n      x-open-enum:\n        unrecognized: None of these.\n",
            "components.schemas.CueStatus: the value unrecognized would be the variant Unrecognized",
        ),
        (
            "            cue_limit_exceeded: active",
            "            cue_limit_exeeded: active",
            "cue_limit_exeeded is no ErrorCode: add it to components.schemas.ErrorCode",
        ),
        (
            "    cues.create: \"{cues.create}\"",
            "    cues.create: \"{cues.make}\"",
            "x-python-sdk.methods.cues.create: there is no operation cues.make",
        ),
        (
            "x-rust-name: SendMessage\n      x-repeat: keyed",
            "x-rust-name: SendMessage\n      x-repeat: safe",
            "`x-repeat: keyed` and a parameter of the type IdempotencyKey belong together",
        ),
        (
            "          schema: { type: string, const: long }",
            "          schema: { type: string, example: long }",
            "x-hold-seconds is for a parameter with a `const`",
        ),
        (
            "                  x-clear: Takes",
            "                  pattern: Takes",
            "what can be null says with x-clear what null does",
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

/// What CONTRIBUTING.md asks for: one operation, and a schema for its new model.
const STANZA: &str = r##"
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
          description: How it took it.
          content:
            application/json:
              schema: { $ref: "#/components/schemas/Poke" }
"##;
const MODEL: &str = r##"
    Poke:
      x-group: cues
      description: How a cue took a poke.
      type: object
      required: [cue_id]
      properties:
        cue_id: { description: The cue., $ref: "#/components/schemas/CueId" }
        mood: { description: Its mood., type: string }
      example: { cue_id: cue_276dsykz592b, mood: calm }
"##;

/// The description with one operation more.
fn with_stanza() -> String {
    let description = description();
    let description = description.replacen("\ncomponents:\n", &format!("{STANZA}\ncomponents:\n"), 1);
    format!("{description}{MODEL}")
}

#[test]
fn a_new_operation_is_one_stanza() {
    let code = generated(&with_stanza(), "cueapi-core/src/generated/cues.rs");
    for expected in [
        "pub fn poke(&self, cue_id: impl Into<CueId>) -> Pending<C, PokeCue> {",
        "path.lit(\"v1/cues\").seg(&self.cue_id).lit(\"poke\");",
        "pub fn hard(mut self, hard: bool) -> Self {",
        "impl Endpoint for PokeCue {",
    ] {
        assert!(code.contains(expected), "{expected} is not in\n{code}");
    }
}

/// In a copy of the crates with a target folder of its own, which is kept from one run to the next. In the workspace's
/// target folder cargo would take what is built of the copy for what is built of the workspace.
#[test]
fn what_is_generated_of_a_new_stanza_compiles() {
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let copy = target.join("stanza");
    let manifest = std::fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let (before, rest) = manifest.split_once("members = [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let members = r#"members = ["crates/cueapi-types", "crates/cueapi-core"]"#;
    update(&copy.join("Cargo.toml"), format!("{before}{members}{after}").as_bytes());
    for item in ["Cargo.lock", "crates/cueapi-types", "crates/cueapi-core"] {
        mirror(&repository().join(item), &copy.join(item));
    }
    super::files::write(&copy, &generate(&with_stanza()).unwrap()).unwrap();

    let output = std::process::Command::new(std::env::var("CARGO").unwrap())
        .args(["build", "--offline", "--package", "cueapi-core", "--target-dir"])
        .arg(copy.join("target"))
        .current_dir(&copy)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Copies what is not generated.
fn mirror(from: &Path, to: &Path) {
    if from.is_file() {
        return update(to, &std::fs::read(from).unwrap());
    }
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "generated" {
            mirror(&entry.path(), &to.join(entry.file_name()));
        }
    }
}

/// Writes a file that is not like this yet; the others keep their time, and cargo what it has built.
fn update(path: &Path, content: &[u8]) {
    if std::fs::read(path).is_ok_and(|there| there == content) {
        return;
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

#[test]
fn the_generated_code_in_the_repository_is_up_to_date() {
    super::run(true).unwrap();
}
