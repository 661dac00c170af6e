//! A response that is not a success, read once.

use std::time::Duration;

use ::http::{
    HeaderMap, HeaderName, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use bytes::Bytes;
use cueapi_types::ApiError;

use crate::{http::Response, retry};

/// How much of an error's body is kept and read. The longest errors of CueAPI, with a message for each field of a request,
/// have a few kilobytes.
pub(crate) const MAX_BYTES: usize = 64 << 10;

/// A response that a call fails with.
pub(crate) struct Refusal {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    api: Option<ApiError>,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// Reads an error response; what its body has beyond 64 KiB is dropped.
    pub(crate) fn read(response: Response) -> Self {
        let (parts, mut body) = response.into_parts();
        if let Some(start) = body.get(..MAX_BYTES).filter(|start| start.len() < body.len()) {
            // A copy, because a slice would keep the whole body in memory.
            body = Bytes::copy_from_slice(start);
        }
        let api = ApiError::from_body(&body);
        let retry_after = retry::after::wait(&parts.headers, api.as_ref());
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
            api,
            retry_after,
        }
    }

    /// A success that cannot be used: its body is not an error's.
    pub(super) fn unusable(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
            api: None,
            retry_after: None,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        text(&self.headers, name)
    }

    pub(crate) fn into_headers(self) -> HeaderMap {
        self.headers
    }

    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn api(&self) -> Option<&ApiError> {
        self.api.as_ref()
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns what came in place of an error body, without showing it.
    pub(super) fn explain(&self) -> String {
        if self.body.is_empty() {
            return "the response has no body".to_owned();
        }
        if let Some(coding) = coding(&self.headers) {
            return coding;
        }
        let kind = self.header(CONTENT_TYPE);
        let size = match self.body.len() {
            MAX_BYTES => format!("{MAX_BYTES} bytes or more"),
            size => format!("{size} bytes"),
        };
        format!(
            "the response is {} of {size}, not a CueAPI error: a proxy, or a base URL that is not CueAPI's?",
            kind.unwrap_or("a body without content type")
        )
    }
}

/// Explains a response whose body has a coding, although every request asks for none.
pub(crate) fn coding(headers: &HeaderMap) -> Option<String> {
    let mut codings = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let is_coded = |value: &&str| {
        let mut codings = value.split(',').map(str::trim);
        codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
    };
    let coding = codings.find(is_coded).filter(|coding| coding.len() <= 200)?.trim();
    Some(format!(
        "the response is encoded as {coding}, although the request accepts only identity: \
             turn off compression in the proxy before the server, or decode it in the HTTP client"
    ))
}

/// A header's value that is short enough to be shown.
pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= 200).then_some(value)
}
