//! Reads a request's body up to a limit.

use std::pin::pin;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt as _;

use crate::{Rejection, Webhook};

/// The body, if its headers make it worth reading and it is not too long.
///
/// Into one buffer, because a body that comes in pieces of one byte would otherwise take many times its length.
pub(crate) async fn read(webhook: &Webhook, headers: &HeaderMap, body: impl Body) -> Result<Bytes, Rejection> {
    webhook.check_headers(headers)?;
    if usize::try_from(body.size_hint().lower()).map_or(true, |least| least > webhook.limit()) {
        return Err(webhook.too_large());
    }
    let mut body = pin!(body);
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|_| Rejection::Incomplete)?.into_data() {
            if data.remaining() > webhook.limit() - bytes.len() {
                return Err(webhook.too_large());
            }
            bytes.put(data);
        }
    }
    Ok(bytes.freeze())
}
