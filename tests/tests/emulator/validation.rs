//! Wrong requests: the emulator against FastAPI and pydantic, word for word.

use cueapi_emulator::{Emulator, engine::Limits, json::Json};

use crate::wire::{Answer, Connection};

/// Writes a text in some encoding.
type Encode = fn(&str) -> Vec<u8>;

/// Made by `fixtures/pydantic/fastapi_answers.py`. Point `FASTAPI_ANSWERS` at a larger file to compare more.
const SAMPLE: &str = include_str!("../../fixtures/pydantic/answers.jsonl");

async fn ask(emulator: &Emulator, method: &str, target: &str, kind: Option<&str>, body: &str) -> Answer {
    let authorization = format!("Bearer {}", emulator.api_key());
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(kind.map(|kind| ("content-type", kind)));
    Connection::open(emulator.address())
        .await
        .exchange(method, target, &headers, body.as_bytes())
        .await
}

#[tokio::test]
async fn wrong_requests_are_refused_in_the_words_of_fastapi_and_pydantic() {
    let larger = std::env::var_os("FASTAPI_ANSWERS").map(|path| std::fs::read_to_string(path).unwrap());
    let emulator = Emulator::builder().limits(Limits::unlimited()).start().await.unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for line in larger.as_deref().unwrap_or(SAMPLE).lines() {
        let Ok(Json::Array(row)) = Json::parse(line.as_bytes()) else {
            panic!("{line}")
        };
        let [method, target, kind, body, _, refused] = &row[..] else {
            panic!("{line}")
        };
        let (method, target, body) = (
            method.as_str().unwrap(),
            target.as_str().unwrap(),
            body.as_str().unwrap(),
        );
        let got = ask(&emulator, method, target, kind.as_str(), body).await;
        // What pydantic lets pass may be refused later, in other words.
        let same = match refused.as_str() {
            Some(refused) => got.body == refused,
            None => !got.body.contains("validation_error") || got.body.contains("Value error"),
        };
        compared += 1;
        if !same {
            wrong.push(format!(
                "{method} {target} {body}\n    {}\n    instead of {}",
                got.body,
                refused.to_compact()
            ));
        }
    }
    assert!(compared > 500, "the sample is not empty");
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

#[tokio::test]
async fn bodies_in_utf_16_and_utf_32_are_read_with_a_byte_order_mark_and_without() {
    let emulator = Emulator::builder().limits(Limits::unlimited()).start().await.unwrap();
    let encodings: [(&str, Encode); 4] = [
        ("utf-16-le", |text| {
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        }),
        ("utf-16-be", |text| {
            text.encode_utf16().flat_map(u16::to_be_bytes).collect()
        }),
        ("utf-32-le", |text| {
            text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()
        }),
        ("utf-32-be", |text| {
            text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()
        }),
    ];
    let authorization = format!("Bearer {}", emulator.api_key());
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    for (encoding, encode) in encodings {
        for mark in ["", "\u{feff}"] {
            let name = format!("é😀 {encoding} {}", mark.len());
            let body = format!(
                r#"{mark}{{"name":"{name}","transport":"worker","schedule":{{"type":"recurring","cron":"0 9 * * *"}}}}"#
            );
            let mut connection = Connection::open(emulator.address()).await;
            let answer = connection.exchange("POST", "/v1/cues", &headers, &encode(&body)).await;
            assert_eq!((answer.status, answer.text("name")), (201, name), "{}", answer.body);
        }
    }
    let mut cut = encodings[0].1("{}");
    cut.pop();
    let mut connection = Connection::open(emulator.address()).await;
    let answer = connection.exchange("POST", "/v1/cues", &headers, &cut).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
}
