//! Errors as they stand on the wire, provoked by requests that the SDK would not send.

use cueapi_core::{http::Response, types::ApiError};
use http::Method;
use serde_json::Value;

use super::{
    Row, ServerKind, Suite,
    check::{Stop, fail, holds, refused, same},
};

/// What a raw request should be answered with.
struct Refused {
    statement: &'static str,
    request: (Method, &'static str, &'static str),
    headers: &'static [(&'static str, &'static str)],
    answer: (u16, &'static str),
}

const TYPE: (&str, &str) = ("content-type", "text/plain");

const REFUSED: &[Refused] = &[
    Refused {
        statement: "a request without a key is refused",
        request: (Method::GET, "/v1/cues", ""),
        headers: &[("authorization", "")],
        answer: (401, "invalid_api_key"),
    },
    Refused {
        statement: "a body that is not JSON is refused",
        request: (Method::POST, "/v1/cues", "{"),
        headers: &[],
        answer: (400, "invalid_json"),
    },
    Refused {
        statement: "a body that is missing is refused",
        request: (Method::POST, "/v1/cues", ""),
        headers: &[],
        answer: (422, "validation_error"),
    },
    Refused {
        statement: "a body of another type is refused",
        request: (Method::POST, "/v1/cues", r#"{"name":"x"}"#),
        headers: &[TYPE],
        answer: (422, "validation_error"),
    },
    Refused {
        statement: "a field that is missing is named",
        request: (Method::POST, "/v1/cues", r#"{"name":"x"}"#),
        headers: &[],
        answer: (422, "validation_error"),
    },
    Refused {
        statement: "a route that is none is not found",
        request: (Method::GET, "/v1/no-such-route", ""),
        headers: &[],
        answer: (404, "http_error"),
    },
    Refused {
        statement: "a method that a route has not is refused",
        request: (Method::DELETE, "/v1/cues", ""),
        headers: &[],
        answer: (405, "http_error"),
    },
    Refused {
        statement: "what destroys needs a confirmation",
        request: (Method::POST, "/v1/auth/webhook-secret/regenerate", ""),
        headers: &[],
        answer: (400, "confirmation_required"),
    },
    Refused {
        statement: "a confirmation is the exact word",
        request: (Method::POST, "/v1/auth/webhook-secret/regenerate", ""),
        headers: &[("x-confirm-destructive", "True")],
        answer: (400, "confirmation_required"),
    },
];

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn wire(&mut self) {
        let area = "errors";
        self.check(area, "a key that nobody has is refused", async |s| {
            let nobody = s.client_with("cue_sk_00000000000000000000000000000000")?;
            refused(nobody.cues().list().limit(1).await, 401, "invalid_api_key")
        })
        .await;
        for case in REFUSED {
            self.check(area, case.statement, async |s| {
                let (method, path, body) = case.request.clone();
                let response = s.request(method, path, case.headers, body).await?;
                let error = error(&response)?;
                let expected = format!("{} {}", case.answer.0, case.answer.1);
                let seen = format!("{} {}", response.status().as_u16(), error.code.as_str());
                same("answer", &expected, &seen)?;
                let detailed = response.status() != 422 || !error.details.is_empty();
                holds(detailed, "the fields that were refused", &error.details)?;
                Ok(seen)
            })
            .await;
        }
        self.check(area, "a body over 1 MiB is refused", async |s| {
            let response = s.request(Method::POST, "/v1/cues", &[], vec![b' '; 1_048_577]).await?;
            same("status", 413, response.status().as_u16())?;
            same("code", "request_too_large", error(&response)?.code.as_str())?;
            Ok("413 request_too_large".to_owned())
        })
        .await;
        self.check(area, "an update with a field that is none is refused", async |s| {
            if s.kind == ServerKind::Hosted {
                return Err(Stop::Skip("known of self-hosted servers only".to_owned()));
            }
            let cue = s.worker_cue().await?;
            let path = format!("/v1/cues/{}", cue.id);
            let response = s.request(Method::PATCH, &path, &[], r#"{"no_such_field":1}"#).await?;
            same("status", 422, response.status().as_u16())?;
            same(
                "field",
                Some("body.no_such_field"),
                error(&response)?.details.first().map(|d| d.field.as_str()),
            )?;
            Ok("422 body.no_such_field".to_owned())
        })
        .await;
        self.check(area, "a slash at the end is redirected", async |s| {
            if s.kind == ServerKind::Hosted {
                return Err(Stop::Skip("known of self-hosted servers only".to_owned()));
            }
            let response = s.request(Method::GET, "/v1/cues/", &[], "").await?;
            same("status", 307, response.status().as_u16())?;
            Ok("307".to_owned())
        })
        .await;
        self.check(
            "echo",
            "a server repeats what it received when it is asked to",
            async |s| {
                let cue = s.worker_cue().await?;
                let path = format!("/v1/cues/{}", cue.id);
                let echo = [("x-cueapi-verify-echo", "true")];
                let response = s.request(Method::PATCH, &path, &echo, r#"{"description":"é"}"#).await?;
                let body: Value = serde_json::from_slice(response.body())?;
                same(
                    "body_received",
                    &serde_json::json!({"description": "é"}),
                    &body["body_received"],
                )?;
                let digest = body["body_received_sha256"].as_str().unwrap_or_default();
                same("digits of body_received_sha256", 64, digest.len())?;
                Ok("body and digest".to_owned())
            },
        )
        .await;
    }
}

/// The error that an answer carries.
pub(super) fn error(response: &Response) -> Result<ApiError, Stop> {
    ApiError::from_body(response.body()).ok_or_else(|| {
        fail(
            "an error body",
            format!("{} with {} bytes", response.status(), response.body().len()),
        )
    })
}
