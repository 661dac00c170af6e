//! The four kinds of delivery: how each is decoded, and what tells a repetition of it from a new one.

use cueapi_types::{AlertNotice, Delivery, EventBatch, PushedMessage};
use http::HeaderMap;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use crate::{AlertHeaders, CueHeaders, EventHeaders, Malformed, MessageHeaders};

/// What a delivery can be about: [`Delivery`], [`AlertNotice`], [`PushedMessage`] or [`EventBatch`].
///
/// A [`FailureNotice`](cueapi_types::FailureNotice) is none of them: nobody signs it, so it never comes out of this crate.
pub trait DeliveryBody: Sized + decode::Decode<Self::Headers> {
    /// The headers that go with it.
    type Headers: for<'a> From<&'a HeaderMap>;

    /// The same for every repetition of a delivery, and different for different ones.
    ///
    /// - `cue:<execution id>`: CueAPI repeats a delivery whose answer was lost as the next attempt of the same execution, and an
    ///   execution that is replayed is a new one.
    /// - `message:<message id>`, `alert:<alert id>`, `events:<delivery id>`: each the same for every attempt.
    fn seen_key(&self) -> String;
}

/// What [`DeliveryBody`] needs and nobody else should call.
pub(crate) mod decode {
    use super::Malformed;

    #[expect(unnameable_types, reason = "it seals `DeliveryBody`")]
    pub trait Decode<H>: Sized {
        /// Decodes what was signed, and says whether the ids were part of it.
        fn decode(signed: &[u8], headers: &H) -> Result<(Self, bool), Malformed>;
    }
}

impl<P: DeserializeOwned> DeliveryBody for Delivery<P> {
    type Headers = CueHeaders;

    fn seen_key(&self) -> String {
        format!("cue:{}", self.execution_id)
    }
}

impl<P: DeserializeOwned> decode::Decode<CueHeaders> for Delivery<P> {
    fn decode(signed: &[u8], headers: &CueHeaders) -> Result<(Self, bool), Malformed> {
        if is_envelope(signed)? {
            let envelope = object(signed, "the body is not a cue delivery with such a payload")?;
            return Ok((envelope, true));
        }
        let payload = serde_json::from_slice(signed)
            .map_err(|error| Malformed::json("the body is neither a cue delivery nor such a payload", &error))?;
        let CueHeaders {
            cue_id: Some(cue_id),
            execution_id: Some(execution_id),
            scheduled_for: Some(scheduled_for),
            attempt: Some(attempt),
        } = headers
        else {
            return Err(Malformed::new(
                "the body is not a cue delivery, nor do the headers say what a bare payload belongs to",
            ));
        };
        let delivery = Self::new(cue_id, execution_id, *attempt, *scheduled_for, payload);
        Ok((delivery, false))
    }
}

/// Whether the body names cue, execution and attempt, or leaves that to the headers.
fn is_envelope(body: &[u8]) -> Result<bool, Malformed> {
    #[derive(Deserialize)]
    struct Ids {
        attempt: Option<IgnoredAny>,
        cue_id: Option<IgnoredAny>,
        execution_id: Option<IgnoredAny>,
    }
    if !is_object(body) {
        return Ok(false);
    }
    let ids: Ids = object(body, "the body is not JSON")?;
    Ok(ids.attempt.is_some() && ids.cue_id.is_some() && ids.execution_id.is_some())
}

impl DeliveryBody for AlertNotice {
    type Headers = AlertHeaders;

    fn seen_key(&self) -> String {
        format!("alert:{}", self.alert_id)
    }
}

impl decode::Decode<AlertHeaders> for AlertNotice {
    fn decode(signed: &[u8], _: &AlertHeaders) -> Result<(Self, bool), Malformed> {
        Ok((object(signed, "the body is not an alert delivery")?, true))
    }
}

impl DeliveryBody for PushedMessage {
    type Headers = MessageHeaders;

    fn seen_key(&self) -> String {
        format!("message:{}", self.id)
    }
}

impl decode::Decode<MessageHeaders> for PushedMessage {
    fn decode(signed: &[u8], _: &MessageHeaders) -> Result<(Self, bool), Malformed> {
        Ok((object(signed, "the body is not a message delivery")?, true))
    }
}

impl DeliveryBody for EventBatch {
    type Headers = EventHeaders;

    fn seen_key(&self) -> String {
        format!("events:{}", self.delivery_id)
    }
}

impl decode::Decode<EventHeaders> for EventBatch {
    fn decode(signed: &[u8], _: &EventHeaders) -> Result<(Self, bool), Malformed> {
        Ok((object(signed, "the body is not an event delivery")?, true))
    }
}

/// Decodes a struct, and from an object only: serde would take an array as well.
fn object<T: DeserializeOwned>(body: &[u8], otherwise: &'static str) -> Result<T, Malformed> {
    if !is_object(body) {
        return Err(Malformed::new(otherwise));
    }
    serde_json::from_slice(body).map_err(|error| Malformed::json(otherwise, &error))
}

fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
}
