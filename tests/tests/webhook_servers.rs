//! The example servers, over real HTTP: what CueAPI sends gets in, once, and nothing else does.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "../../crates/cueapi-webhook/examples/actix.rs"]
mod actix_server;
#[path = "../../crates/cueapi-webhook/examples/axum.rs"]
#[expect(dead_code, reason = "`main` is for people")]
mod axum_server;
#[path = "webhook_servers/hang_up.rs"]
mod hang_up;
#[path = "../../crates/cueapi-webhook/examples/hyper.rs"]
#[expect(dead_code, reason = "`main` is for people")]
mod hyper_server;
#[path = "webhook_servers/layer.rs"]
mod layer;
#[path = "webhook_servers/server.rs"]
mod server;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use cueapi_emulator::{
    Clock, Emulator,
    engine::AttemptResult,
    faults::{DeliveryFault, Fault},
};
use cueapi_reqwest::types::{Callback, CallbackMethod, CueId, Retry, Schedule};
use cueapi_webhook::{Verifier, Webhook};
use serde_json::json;

use crate::server::{FRAMEWORKS, Request, Server, now};

const SECRET: &str = "whsec_0011223344556677";

const JOB: &str = r#"{"attempt": 1, "cue_id": "cue_1", "execution_id": "e1", "name": "n", "payload": {"account": "acme"}, "scheduled_for": "2026-11-23T20:30:00+00:00"}"#;

fn webhook() -> Webhook {
    Webhook::new(Verifier::new(SECRET).unwrap())
}

fn client(emulator: &Emulator) -> cueapi_reqwest::Client {
    cueapi_reqwest::builder(emulator.api_key())
        .base_url(emulator.base_url())
        .build()
        .unwrap()
}

/// Makes a cue that calls the server, and fires it.
async fn create_and_fire(emulator: &Emulator, name: &str, callback: Callback) -> CueId {
    let client = client(emulator);
    let cue = client
        .cues()
        .create(name, Schedule::cron("0 0 1 1 *"), callback)
        .payload(&json!({ "account": name }))
        .retry(Retry::new().max_attempts(3).backoff_minutes([1]))
        .await
        .unwrap();
    client.cues().fire(&cue.id).await.unwrap();
    cue.id
}

fn statuses(emulator: &Emulator) -> Vec<u16> {
    let status = |result| match result {
        AttemptResult::Status(status) => status,
        other => panic!("no answer: {other:?}"),
    };
    let deliveries = emulator.deliveries();
    deliveries.into_iter().map(|delivery| status(delivery.result)).collect()
}

#[tokio::test]
async fn deliveries_of_a_server_get_in_whatever_the_method_and_their_repetitions_are_not_run_again() {
    for framework in FRAMEWORKS {
        let emulator = Emulator::start().await.unwrap();
        let webhook = Webhook::new(Verifier::new(emulator.webhook_secret()).unwrap());
        let mut server = Server::start(framework, webhook);
        for method in [CallbackMethod::Post, CallbackMethod::Put, CallbackMethod::Patch] {
            let name = method.to_string();
            create_and_fire(&emulator, &name, Callback::new(server.url()).method(method)).await;
            assert_eq!(server.next_account().await, name, "{framework:?}");
        }
        emulator.run_until_idle().await;
        assert_eq!(statuses(&emulator), [204; 3], "{framework:?}");

        for delivery in emulator.deliveries() {
            let again = server.send(Request::captured(&delivery)).await;
            assert_eq!(again, (204, String::new()), "{framework:?}");
        }
        assert!(server.is_idle(), "{framework:?}");
    }
}

#[tokio::test]
async fn work_that_failed_is_run_again_when_the_server_tries_again() {
    for framework in FRAMEWORKS {
        let clock = Clock::held("2026-03-02T08:00:00Z".parse().unwrap());
        let emulator = Arc::new(Emulator::builder().clock(clock).start().await.unwrap());
        let time = emulator.clone();
        let webhook = Webhook::new(Verifier::new(emulator.webhook_secret()).unwrap())
            .clock(move || Duration::from_secs(time.now().as_second().unsigned_abs()));
        let mut server = Server::with_queue(framework, webhook, 1);

        create_and_fire(&emulator, "first", Callback::new(server.url())).await;
        create_and_fire(&emulator, "second", Callback::new(server.url())).await;
        emulator.advance(Duration::ZERO).await;
        let mut seen = statuses(&emulator);
        seen.sort_unstable();
        assert!(matches!(seen[..], [204, 500 | 503]), "{framework:?}: {seen:?}");

        let first = server.next_account().await;
        emulator.run_until_idle().await;
        assert_ne!(server.next_account().await, first, "{framework:?}");
        assert_eq!(statuses(&emulator).last(), Some(&204), "{framework:?}");
    }
}

#[tokio::test]
async fn work_whose_answer_was_lost_is_not_run_again_and_a_replay_is() {
    for framework in FRAMEWORKS {
        let clock = Clock::held("2026-03-02T08:00:00Z".parse().unwrap());
        let emulator = Arc::new(Emulator::builder().clock(clock).start().await.unwrap());
        let time = emulator.clone();
        let webhook = Webhook::new(Verifier::new(emulator.webhook_secret()).unwrap())
            .clock(move || Duration::from_secs(time.now().as_second().unsigned_abs()));
        let mut server = Server::start(framework, webhook);

        emulator.inject(Fault::deliveries(DeliveryFault::AnswerLost));
        create_and_fire(&emulator, "lost", Callback::new(server.url())).await;
        emulator.run_until_idle().await;
        assert_eq!(server.next_account().await, "lost", "{framework:?}");
        let deliveries = emulator.deliveries();
        assert_eq!(deliveries.len(), 2, "{framework:?}: one, and its repetition");
        assert_ne!(deliveries[0].result, AttemptResult::Status(204), "{framework:?}");
        assert_eq!(deliveries[1].result, AttemptResult::Status(204), "{framework:?}");
        assert!(server.is_idle(), "{framework:?}: it was run twice");

        let client = client(&emulator);
        let executions = client.executions().list().await.unwrap();
        client.executions().replay(&executions.executions[0].id).await.unwrap();
        emulator.run_until_idle().await;
        assert_eq!(server.next_account().await, "lost", "{framework:?}");
        assert!(server.is_idle(), "{framework:?}");
    }
}

#[tokio::test]
async fn a_body_that_says_that_it_is_too_long_is_refused_before_it_comes() {
    for framework in FRAMEWORKS {
        let server = Server::start(framework, webhook());
        let head = Request::signed(SECRET, now(), JOB)
            .head()
            .replace(&format!("Content-Length: {}", JOB.len()), "Content-Length: 100000000");
        let answer = server.send_raw(head.into_bytes(), false).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{framework:?}: {answer}");
    }
}

#[tokio::test]
async fn a_chunk_extension_without_an_end_is_refused() {
    for framework in FRAMEWORKS {
        let server = Server::start(framework, webhook());
        let head = Request::signed(SECRET, now(), JOB)
            .head()
            .replace(&format!("Content-Length: {}", JOB.len()), "Transfer-Encoding: chunked");
        let answer = server.send_raw(format!("{head}1;a=").into_bytes(), true).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{framework:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_a_gateway_has_re_encoded_gets_in() {
    for framework in FRAMEWORKS {
        let mut server = Server::start(framework, webhook());
        let re_encoded = JOB.replace(", ", ",").replace(": ", ":").replace("acme", "\\u0061cme");
        let request = Request::signed(SECRET, now(), JOB);
        assert_eq!(
            server.send(request.clone().body(re_encoded.clone())).await.0,
            204,
            "{framework:?}"
        );
        assert_eq!(server.next_account().await, "acme", "{framework:?}");
        let changed = re_encoded.replace("cme", "cne");
        assert_eq!(server.send(request.body(changed)).await.0, 401, "{framework:?}");
    }
}

#[tokio::test]
async fn get_callbacks_are_refused_with_the_reason() {
    for framework in FRAMEWORKS {
        let emulator = Emulator::start().await.unwrap();
        let webhook = Webhook::new(Verifier::new(emulator.webhook_secret()).unwrap());
        let server = Server::start(framework, webhook);
        create_and_fire(
            &emulator,
            "get",
            Callback::new(server.url()).method(CallbackMethod::Get),
        )
        .await;
        let delivery = server::until(|| emulator.deliveries().pop()).await;
        assert_eq!(delivery.result, AttemptResult::Status(401), "{framework:?}");

        let (status, reason) = server.send(Request::captured(&delivery)).await;
        assert_eq!(status, 401, "{framework:?}");
        assert_eq!(reason, "the body is empty, but a body was signed", "{framework:?}");
    }
}

#[tokio::test]
async fn what_is_not_genuine_is_refused_with_401() {
    for framework in FRAMEWORKS {
        let mut server = Server::start(framework, webhook());
        let genuine = || Request::signed(SECRET, now(), JOB);
        let refused = async |request, reason: &str| {
            let answer = server.send(request).await;
            assert_eq!(answer, (401, reason.to_owned()), "{framework:?}");
        };
        refused(
            Request::signed("whsec_other", now(), JOB),
            "the signature does not match",
        )
        .await;
        refused(
            genuine().body(JOB.replace("acme", "evil")),
            "the signature does not match",
        )
        .await;
        refused(
            Request::signed(SECRET, now() - 310, JOB),
            "the timestamp is outside the tolerance",
        )
        .await;
        refused(
            Request::signed(SECRET, now() + 310, JOB),
            "the timestamp is outside the tolerance",
        )
        .await;
        refused(
            genuine().without("X-CueAPI-Signature"),
            "the signature header is missing",
        )
        .await;
        refused(
            genuine().without("X-CueAPI-Timestamp"),
            "the timestamp header is missing",
        )
        .await;
        refused(
            genuine().header("X-CueAPI-Signature", "sha256=00"),
            "the signature header is not `v1=` and 64 hex digits",
        )
        .await;
        assert!(server.is_idle(), "{framework:?}");

        assert_eq!(server.send(genuine()).await.0, 204, "{framework:?}");
        assert_eq!(server.next_account().await, "acme", "{framework:?}");
    }
}

#[tokio::test]
async fn what_is_genuine_but_not_such_a_delivery_is_refused_with_400() {
    for framework in FRAMEWORKS {
        let mut server = Server::start(framework, webhook());
        for body in [
            "",
            " ",
            "{",
            "null",
            "[]",
            r#"{"account": 7}"#,
            &JOB.replace("account", "tenant"),
        ] {
            let (status, reason) = server.send(Request::signed(SECRET, now(), body)).await;
            assert_eq!(status, 400, "{framework:?}: {body}");
            assert!(reason.starts_with("the body is"), "{framework:?}: {reason}");
        }
        assert!(server.is_idle(), "{framework:?}");
    }
}

#[tokio::test]
async fn bodies_that_are_too_long_are_refused_with_413_whether_or_not_they_say_how_long_they_are() {
    for framework in FRAMEWORKS {
        let server = Server::start(framework, webhook().body_limit(JOB.len()));
        let longer = JOB.replace("acme", "acme2");
        let answer = (413, format!("the body is longer than {} bytes", JOB.len()));
        assert_eq!(
            server.send(Request::signed(SECRET, now(), &longer)).await,
            answer,
            "{framework:?}"
        );
        assert_eq!(
            server.send(Request::signed(SECRET, now(), &longer).chunked()).await,
            answer,
            "{framework:?}"
        );

        assert_eq!(
            server.send(Request::signed(SECRET, now(), JOB)).await.0,
            204,
            "{framework:?}"
        );
        assert_eq!(
            server.send(Request::signed(SECRET, now(), JOB).chunked()).await.0,
            204,
            "{framework:?}"
        );
    }
}

#[tokio::test]
async fn the_longest_payload_that_a_cue_can_have_gets_in() {
    for framework in FRAMEWORKS {
        let mut server = Server::start(framework, webhook());
        let account = "a".repeat(1024 * 1024);
        let body = JOB.replace("acme", &account);
        assert_eq!(
            server.send(Request::signed(SECRET, now(), &body)).await.0,
            204,
            "{framework:?}"
        );
        assert_eq!(server.next_account().await, account, "{framework:?}");
    }
}

#[tokio::test]
async fn headers_that_cannot_be_right_are_refused_before_the_body_has_come() {
    for framework in FRAMEWORKS {
        let server = Server::start(framework, webhook());
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "POST /cues HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n").unwrap();
        let answer = tokio::task::spawn_blocking(move || {
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).map(|()| answer)
        });
        assert_eq!(&answer.await.unwrap().unwrap(), b"HTTP/1.1 401", "{framework:?}");
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_disturb_the_next_one() {
    for framework in FRAMEWORKS {
        let mut server = Server::start(framework, webhook());
        let request = Request::signed(SECRET, now(), JOB);
        for length in [0, JOB.len() / 2] {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            stream.write_all(request.head().as_bytes()).unwrap();
            stream.write_all(&JOB.as_bytes()[..length]).unwrap();
        }
        assert_eq!(server.send(request).await.0, 204, "{framework:?}");
        assert_eq!(server.next_account().await, "acme", "{framework:?}");
        assert!(server.is_idle(), "{framework:?}");
    }
}

#[tokio::test]
async fn of_many_repetitions_at_the_same_time_one_is_run() {
    for framework in FRAMEWORKS {
        let mut server = Server::start(framework, webhook());
        let request = Request::signed(SECRET, now(), JOB);
        let mut sending = tokio::task::JoinSet::new();
        for _ in 0..20 {
            sending.spawn(server.sending(request.clone()));
        }
        for (status, _) in sending.join_all().await {
            assert!(matches!(status, 204 | 503), "{framework:?}: {status}");
        }
        assert_eq!(server.next_account().await, "acme", "{framework:?}");
        assert!(server.is_idle(), "{framework:?}");
    }
}
