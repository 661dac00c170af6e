//! A client from a profile in the credentials file of CueAPI's own tools: real files, in a folder of the test's own.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::{fs, path::PathBuf};

use cueapi_core::{
    ClientBuilder, ErrorKind,
    testing::{self, ReplayClient, json},
};
use tempfile::TempDir;

const KEY: &str = "cue_sk_0123456789abcdef0123456789abcdef";

/// A file that only its owner can read.
fn credentials(folder: &TempDir, content: &[u8]) -> PathBuf {
    let path = folder.path().join("credentials.json");
    fs::write(&path, content).unwrap();
    #[cfg(unix)]
    mode(&path, 0o600);
    path
}

#[cfg(unix)]
fn mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The URL and the key of a call by a client of this profile.
fn call(path: &PathBuf, profile: &str) -> Result<(String, String), String> {
    let replay = ReplayClient::new([json(404, "{}")]);
    let client = ClientBuilder::from_credentials(path, profile, Ok(replay.clone()))
        .build()
        .map_err(|error| {
            assert_eq!(error.kind(), ErrorKind::Build);
            assert!(!format!("{error} {error:?}").contains("0123456789abcdef"), "{error:?}");
            error.to_string()
        })?;
    let _ = testing::run(client.account().get().send());
    let request = &replay.raw_requests()[0];
    let key = request.headers()["authorization"].to_str().unwrap().to_owned();
    Ok((request.uri().to_string(), key))
}

#[test]
fn a_profile_has_the_key_and_the_server_with_or_without_v1() {
    let folder = TempDir::new().unwrap();
    let content = format!(
        r#"{{
            "default": {{"api_key": "{KEY}", "email": "ada@example.com", "api_base": "https://api.cueapi.ai/v1"}},
            "local": {{"api_key": "{KEY}\n", "api_base": "http://localhost:8000/"}},
            "bare": {{"api_key": "{KEY}", "api_base": "", "added_next_year": [1]}},
            "null": {{"api_key": "{KEY}", "api_base": null}},
            "broken": 7
        }}"#
    );
    let path = credentials(&folder, content.as_bytes());
    for (profile, url) in [
        ("default", "https://api.cueapi.ai/v1/auth/me"),
        ("local", "http://localhost:8000/v1/auth/me"),
        ("bare", "https://api.cueapi.ai/v1/auth/me"),
        ("null", "https://api.cueapi.ai/v1/auth/me"),
    ] {
        assert_eq!(
            call(&path, profile).unwrap(),
            (url.to_owned(), format!("Bearer {KEY}")),
            "{profile}"
        );
    }
    assert_eq!(fs::read(&path).unwrap(), content.as_bytes(), "it is not written");
}

#[test]
fn a_file_with_a_byte_order_mark_is_read() {
    let folder = TempDir::new().unwrap();
    let path = credentials(
        &folder,
        format!("\u{feff}{{\"default\":{{\"api_key\":\"{KEY}\"}}}}").as_bytes(),
    );
    call(&path, "default").unwrap();
}

#[test]
fn a_file_that_is_not_one_of_credentials_says_what_to_do_and_shows_no_key() {
    let folder = TempDir::new().unwrap();
    let long = format!("{KEY}{}", " ".repeat(1 << 20));
    for (content, says) in [
        (
            format!(r#"{{"default": {{"api_key": "{KEY}""#),
            "is not a JSON object of profiles (line 1 column",
        ),
        (format!(r#"["{KEY}"]"#), "is not a JSON object of profiles"),
        (format!(r#"{{"default": "{KEY}"}}"#), "has no api_key"),
        (
            format!(r#"{{"default": {{"api_key": ["{KEY}"]}}}}"#),
            "the api_key of the profile \"default\" is not a text",
        ),
        (format!(r#"{{"default": {{"api_key": "{KEY} {KEY}"}}}}"#), "the API key"),
        (
            format!(r#"{{"default": {{"api_key": "{KEY}", "api_base": 1}}}}"#),
            "api_base",
        ),
        (
            format!(r#"{{"default": {{"api_key": "{KEY}", "api_base": "api.cueapi.ai/{KEY}"}}}}"#),
            "the base URL is not",
        ),
        (
            r#"{"default": {"api_key": " "}}"#.to_owned(),
            "make one with `cueapi login`",
        ),
        (
            format!(r#"{{"other": {{"api_key": "{KEY}"}}}}"#),
            "does not have the profile \"default\"",
        ),
        (long, "has more than 1048576 bytes"),
        (String::new(), "is not a JSON object of profiles"),
    ] {
        let path = credentials(&folder, content.as_bytes());
        let error = call(&path, "default").unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    let path = credentials(&folder, b"\xff\xfe{");
    assert!(call(&path, "default").unwrap_err().contains("is not UTF-8"));
}

#[test]
fn a_key_in_the_place_of_a_profile_s_name_is_not_shown() {
    let folder = TempDir::new().unwrap();
    let path = credentials(&folder, b"{}");
    let error = call(&path, KEY).unwrap_err();
    assert!(error.contains("pass the name of a profile"), "{error}");
}

#[test]
fn a_file_that_is_not_there_and_a_folder_are_refused() {
    let folder = TempDir::new().unwrap();
    let error = call(&folder.path().join("none.json"), "default").unwrap_err();
    assert!(
        error.contains("there is no credentials file") && error.contains("cueapi login"),
        "{error}"
    );
    let error = call(&folder.path().to_owned(), "default").unwrap_err();
    assert!(error.contains("is not a file"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_or_change_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = credentials(&folder, format!(r#"{{"default":{{"api_key":"{KEY}"}}}}"#).as_bytes());
    for open in [0o644, 0o640, 0o604, 0o620, 0o602, 0o666] {
        mode(&path, open);
        let error = call(&path, "default").unwrap_err();
        assert!(error.contains("chmod 600"), "{open:o}: {error}");
    }
    for owned in [0o600, 0o400, 0o700] {
        mode(&path, owned);
        call(&path, "default").unwrap();
    }
}
