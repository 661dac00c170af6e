//! The program: what it prints, how it stops, how it fails.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
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
    let lines = three_lines(&mut child);
    (child, lines)
}

fn three_lines(child: &mut Child) -> Vec<String> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.take(3).map(Result::unwrap).collect()
}

fn value<'a>(lines: &'a [String], name: &str) -> &'a str {
    let prefix = format!("export {name}=");
    lines.iter().find_map(|line| line.strip_prefix(&prefix)).unwrap()
}

fn get(address: &str, key: &str, path: &str) -> String {
    request(
        address,
        &format!("GET {path}"),
        &format!("authorization: Bearer {key}\r\n"),
        "",
    )
}

fn request(address: &str, what: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{what} HTTP/1.1\r\nhost: {address}\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
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
fn what_cannot_be_saved_is_not_called_done() {
    let folder = tempfile::tempdir().unwrap();
    // A file that may not grow is a full disk.
    let mut child = Command::new("sh")
        .args(["-c", r#"ulimit -f 150; trap '' XFSZ; exec "$0" "$@""#])
        .arg(env!("CARGO_BIN_EXE_cueapi-emulator"))
        .args(["--port", "0", "--clock", "2026-03-02T08:00:00Z", "--data"])
        .arg(folder.path())
        .env_remove("CUEAPI_API_KEY")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = three_lines(&mut child);
    let address = value(&lines, "CUEAPI_BASE_URL").strip_prefix("http://").unwrap();
    let key = format!("authorization: Bearer {}\r\n", value(&lines, "CUEAPI_API_KEY"));
    let advance = || request(address, "POST /emulator/advance", &key, r#"{"seconds":1}"#);
    assert!(advance().starts_with("HTTP/1.1 200"));
    let cue = format!(
        r#"{{"name":"n","schedule":{{"type":"once","at":"2027-01-01T00:00:00Z"}},"transport":"worker","payload":{{"text":"{}"}}}}"#,
        "x".repeat(100_000)
    );
    let answer = (0..10)
        .map(|_| request(address, "POST /v1/cues", &key, &cue))
        .find(|answer| !answer.starts_with("HTTP/1.1 201"));
    assert!(
        answer.as_ref().is_some_and(|answer| answer.starts_with("HTTP/1.1 500")),
        "{answer:?}"
    );
    let answer = advance();
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    // What only reads needs no disk, and shows what is in memory.
    for path in [
        "/v1/cues",
        "/v1/executions",
        "/v1/usage",
        "/health",
        "/v1/agents/roster",
    ] {
        let answer = get(address, value(&lines, "CUEAPI_API_KEY"), path);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    child.kill().unwrap();
    let told = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert_eq!(told.matches("cannot be saved").count(), 1, "{told}");
}

#[test]
fn only_the_flag_sets_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let key_of = |arguments: &[&str]| {
        let mut command = program();
        command
            .args(["--port", "0", "--clock", "2026-03-02T08:00:00Z", "--data", data])
            .args(arguments);
        let mut child = command.env("CUEAPI_API_KEY", "cue_sk_of_production").spawn().unwrap();
        let lines = three_lines(&mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        value(&lines, "CUEAPI_API_KEY").to_owned()
    };
    let made_up = key_of(&[]);
    assert_ne!(made_up, "cue_sk_of_production");
    assert_eq!(key_of(&[]), made_up, "kept data go on with theirs");
    assert_eq!(key_of(&["--api-key", "cue_sk_mine"]), "cue_sk_mine");
    assert_eq!(key_of(&[]), "cue_sk_mine");
    let kept: Vec<u8> = std::fs::read_dir(folder.path())
        .unwrap()
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    assert!(!kept.windows(20).any(|part| part == b"cue_sk_of_production"));
}

#[test]
fn it_listens_on_names_and_on_addresses_in_brackets() {
    for (host, printed) in [
        ("localhost", "http://127.0.0.1:"),
        ("[::1]", "http://[::1]:"),
        ("::1", "http://[::1]:"),
    ] {
        let (mut child, lines) = start(&["--host", host]);
        let base = value(&lines, "CUEAPI_BASE_URL");
        assert!(base.starts_with(printed), "{host}: {base}");
        let address = base.strip_prefix("http://").unwrap();
        assert!(get(address, "", "/status").starts_with("HTTP/1.1 200"));
        let page = request(address, "GET /", "accept: text/html\r\n", "");
        assert!(page.starts_with("HTTP/1.1 200"), "{host}: {page}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    for wrong in ["localhost:80", "a b", "http://localhost", "[::1"] {
        let refused = program().args(["--host", wrong]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn more_callers_than_there_is_room_for_only_wait() {
    let (mut child, lines) = start(&["--limits", "off"]);
    let address = value(&lines, "CUEAPI_BASE_URL").strip_prefix("http://").unwrap();
    let silent: Vec<_> = (0..950).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert!(get(address, "", "/status").starts_with("HTTP/1.1 200"));
    drop(silent);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_advance_ends_at_once_when_it_is_halted_or_the_program_is() {
    // A receiver that accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut child, lines) = start(&["--clock", "2026-03-02T08:00:00Z", "--limits", "off"]);
    let address = value(&lines, "CUEAPI_BASE_URL")
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    let key = format!("authorization: Bearer {}\r\n", value(&lines, "CUEAPI_API_KEY"));
    let cue = format!(
        r#"{{"name":"n","schedule":{{"type":"recurring","cron":"* * * * *"}},"callback":{{"url":"http://{}/"}}}}"#,
        silent.local_addr().unwrap()
    );
    assert!(request(&address, "POST /v1/cues", &key, &cue).starts_with("HTTP/1.1 201"));
    let advance = || {
        let (address, key) = (address.clone(), key.clone());
        thread::spawn(move || request(&address, "POST /emulator/advance", &key, r#"{"seconds":86400}"#))
    };
    let advancing = advance();
    drop(silent.accept().unwrap());
    let (mut delivery, _) = silent.accept().unwrap();
    let started = Instant::now();
    assert!(request(&address, "POST /emulator/advance/halt", &key, "").starts_with("HTTP/1.1 200"));
    let answer = advancing.join().unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("2026-03-02T08:0"),
        "{answer}"
    );
    // What is on its way comes to its end.
    delivery
        .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        .unwrap();

    let advancing = advance();
    drop(silent.accept().unwrap());
    let kill = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(advancing.join().unwrap().starts_with("HTTP/1.1 200"));
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn a_signal_does_not_wait_for_a_year_to_pass() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let arguments = ["--clock", "2026-03-02T08:00:00Z", "--limits", "off", "--data", data];
    let (mut child, lines) = start(&arguments);
    let address = value(&lines, "CUEAPI_BASE_URL")
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    let key = format!("authorization: Bearer {}\r\n", value(&lines, "CUEAPI_API_KEY"));
    let cue = r#"{"name":"n","schedule":{"type":"recurring","cron":"* * * * *"},"transport":"worker"}"#;
    let created = request(&address, "POST /v1/cues", &key, cue);
    assert!(created.starts_with("HTTP/1.1 201"), "{created}");
    let year = thread::spawn({
        let (address, key) = (address.clone(), key.clone());
        move || request(&address, "POST /emulator/advance", &key, r#"{"seconds":31536000}"#)
    });
    let has_begun = || !get(&address, "", "/health").contains("2026-03-02T08:00:00");
    while !has_begun() {
        thread::yield_now();
    }
    // It takes a while, and says so.
    let told = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .next()
        .unwrap()
        .unwrap();
    assert!(
        told.starts_with("cueapi-emulator: advancing to 2027-03-02T08:00:00Z, now at 2026-"),
        "{told}"
    );
    let kill = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let answer = year.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let (mut child, lines) = start(&arguments);
    let health = get(
        value(&lines, "CUEAPI_BASE_URL").strip_prefix("http://").unwrap(),
        "",
        "/health",
    );
    assert!(health.contains(r#""timestamp":"2026-"#), "{health}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_address_that_stands_for_all_is_printed_as_one_that_can_be_called() {
    let (mut child, lines) = start(&["--host", "0.0.0.0"]);
    let address = value(&lines, "CUEAPI_BASE_URL").strip_prefix("http://").unwrap();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    assert!(get(address, "", "/health").starts_with("HTTP/1.1 200"));
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
        &["--cors", "some"],
        &["--allowed-host", "emulator.test:8000"],
        &["--catch-up", "soon"],
        &["--catch-up", "-1h"],
        &["--nonsense"],
        &["--fault", "cues.shoot:refused"],
        &["--fault", "cues.fire:refused,times=0"],
        &["--fault", "cues.fire:refused,always,times=3"],
        &["--fault", "cues.fire:refused=3"],
        &["--fault", "cues.fire:refused,always=3"],
        &["--fault", "cues.fire:claimed-twice"],
        &["--fault", "deliveries:held-back=2"],
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
        "--cors",
        "--allowed-host",
        "--catch-up",
        "--fault",
        "--clock",
        "SIGTERM",
        "export",
    ] {
        assert!(text.contains(word) || word == "export", "{word}: {text}");
    }
}
