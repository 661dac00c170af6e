//! The program: what it prints, how it stops, how it fails.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cueapi-emulator"));
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_remove("CUEAPI_API_KEY");
    command
}

/// Starts it and reads its three lines.
fn start(arguments: &[&str]) -> (Child, Vec<String>) {
    let mut child = program().args(["--port", "0"]).args(arguments).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .take(3)
        .map(Result::unwrap)
        .collect();
    (child, lines)
}

fn value<'a>(lines: &'a [String], name: &str) -> &'a str {
    let prefix = format!("export {name}=");
    lines.iter().find_map(|line| line.strip_prefix(&prefix)).unwrap()
}

fn get(address: &str, key: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn it_prints_lines_for_a_shell_serves_and_stops_cleanly_on_both_signals() {
    for signal in ["-INT", "-TERM"] {
        let (mut child, lines) = start(&[]);
        let address = value(&lines, "CUEAPI_BASE_URL")
            .strip_prefix("http://")
            .unwrap()
            .to_owned();
        let key = value(&lines, "CUEAPI_API_KEY");
        assert!(value(&lines, "CUEAPI_WEBHOOK_SECRET").starts_with("whsec_"));
        assert!(get(&address, key, "/v1/cues").starts_with("HTTP/1.1 200"));
        // A connection that is kept open does not hold it up.
        let kept = TcpStream::connect(&address).unwrap();
        let kill = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
        drop(kept);
        assert!(TcpStream::connect(&address).is_err(), "the port is free again");
    }
}

#[test]
fn key_limit_and_clock_can_be_given() {
    let (mut child, lines) = start(&[
        "--api-key",
        "cue_sk_mine",
        "--rate-limit",
        "off",
        "--clock",
        "2026-03-02T08:00:00Z",
    ]);
    let address = value(&lines, "CUEAPI_BASE_URL").strip_prefix("http://").unwrap();
    let answer = get(address, "cue_sk_mine", "/health");
    assert!(
        answer.contains(r#""timestamp":"2026-03-02T08:00:00+00:00""#),
        "{answer}"
    );
    assert!(!get(address, "cue_sk_mine", "/v1/cues").contains("x-ratelimit"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn faults_can_be_ordered() {
    let (mut child, lines) = start(&[
        "--fault",
        "service.health:error=503",
        "--fault",
        "service.status:answer-lost",
    ]);
    let address = value(&lines, "CUEAPI_BASE_URL").strip_prefix("http://").unwrap();
    assert!(get(address, "", "/health").starts_with("HTTP/1.1 503"));
    assert!(get(address, "", "/health").starts_with("HTTP/1.1 200"));
    assert_eq!(get(address, "", "/status"), "");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_port_in_use_and_wrong_arguments_are_told_apart() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = |arguments: &[&str]| -> Output { program().args(arguments).output().unwrap() };
    let refused = run(&["--port", &port]);
    assert_eq!(refused.status.code(), Some(1));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(
        message.starts_with(&format!(
            "cueapi-emulator: cannot listen on 127.0.0.1:{port}: the port is in use"
        )),
        "{message}"
    );
    for wrong in [
        &["--rate-limit", "many"][..],
        &["--clock", "noon"],
        &["--api-key", "hello"],
        &["--api-key", "cue_sk_a'b; c"],
        &["--fault", "cues.fire:error=42"],
        &["--port", "70000"],
        &["--nonsense"],
        &["--fault", "cues.shoot:refused"],
    ] {
        let refused = run(wrong);
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}");
        assert!(refused.stdout.is_empty() && !refused.stderr.is_empty());
    }
}

#[test]
fn help_says_how_to_use_it() {
    let output = program().arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for word in [
        "--port",
        "--host",
        "--api-key",
        "--rate-limit",
        "--limits",
        "--data",
        "--fault",
        "--clock",
        "SIGTERM",
        "export",
    ] {
        assert!(text.contains(word) || word == "export", "{word}: {text}");
    }
}
