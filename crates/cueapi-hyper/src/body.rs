//! Reads the body of a response, as much of it as the request allows.

use cueapi_core::http::{HttpError, MaxErrorBytes, MaxResponseBytes, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::error;

/// How large a body may be.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// What is larger is a failure.
    all: usize,
    /// Of a response that is not a success, what is longer is cut.
    error: usize,
}

impl Limits {
    pub(crate) fn of(request: &Request) -> Self {
        let extensions = request.extensions();
        Self {
            all: extensions.get::<MaxResponseBytes>().map_or(usize::MAX, |limit| limit.0),
            error: extensions.get::<MaxErrorBytes>().map_or(usize::MAX, |limit| limit.0),
        }
    }
}

/// Reads a response, and returns whether that is all of it.
pub(crate) async fn read(response: ::http::Response<Incoming>, limits: Limits) -> Result<(Response, bool), HttpError> {
    let (head, mut body) = response.into_parts();
    if head.status.is_success() || limits.error >= limits.all {
        let body = Limited::new(body, limits.all)
            .collect()
            .await
            .map_err(error::from_body)?;
        return Ok((Response::from_parts(head, body.to_bytes()), true));
    }
    let mut start = Vec::new();
    let mut is_whole = false;
    while !is_whole && start.len() <= limits.error {
        match body.frame().await {
            None => is_whole = true,
            Some(frame) => {
                if let Ok(data) = frame.map_err(|error| error::from_body(error.into()))?.into_data() {
                    start.extend_from_slice(&data);
                }
            }
        }
    }
    start.truncate(limits.error);
    Ok((Response::from_parts(head, start.into()), is_whole))
}
