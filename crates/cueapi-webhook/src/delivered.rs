//! A delivery that has been verified and decoded, as handlers get it.

use std::ops::Deref;

use cueapi_signing::Proof;
use cueapi_types::{AlertNotice, Delivery, EventBatch, Payload, PushedMessage};
use http::HeaderMap;

use crate::{DeliveryBody, Malformed};

/// A genuine execution of a cue; `P` is what its payload is decoded into. See [`Delivered`] and [`Delivery`].
pub type CueDelivery<P = Payload> = Delivered<Delivery<P>>;

/// A genuine alert. See [`Delivered`] and [`AlertNotice`].
pub type AlertDelivery = Delivered<AlertNotice>;

/// A genuine message to an agent. See [`Delivered`] and [`PushedMessage`].
pub type MessageDelivery = Delivered<PushedMessage>;

/// A genuine batch of events of a subscription. See [`Delivered`] and [`EventBatch`].
pub type EventDelivery = Delivered<EventBatch>;

/// A delivery that one of the secrets stands behind. It derefs to what was delivered.
///
/// It cannot be made in any other way than by verifying, so a function that takes one needs no check of its own. In a test, sign
/// a body with a [`Signer`](cueapi_signing::Signer) and [receive](crate::Webhook::receive) it.
///
/// ```
/// use cueapi_webhook::{CueDelivery, types::ExecutionId};
///
/// #[derive(serde::Deserialize)]
/// struct Job { account: String }
///
/// fn start(delivery: CueDelivery<Job>) -> (ExecutionId, Job) {
///     println!("attempt {} of {}", delivery.attempt, delivery.name);
///     let body = delivery.into_body();
///     (body.execution_id, body.payload)
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered<B: DeliveryBody> {
    body: B,
    headers: B::Headers,
    proof: Proof,
    ids_signed: bool,
}

impl<B: DeliveryBody> Delivered<B> {
    pub(crate) fn decode(signed: &[u8], proof: Proof, headers: &HeaderMap) -> Result<Self, Malformed> {
        let headers = headers.into();
        let (body, ids_signed) = B::decode(signed, &headers)?;
        Ok(Self {
            body,
            headers,
            proof,
            ids_signed,
        })
    }

    /// What was delivered, to keep.
    #[must_use]
    pub fn into_body(self) -> B {
        self.body
    }

    /// What the headers said. They are not signed: where the body says the same, believe the body.
    ///
    /// ```
    /// use cueapi_webhook::MessageDelivery;
    ///
    /// fn log(message: &MessageDelivery) {
    ///     println!("{} from {}, attempt {:?}", message.id, message.from.slug, message.headers().attempt);
    /// }
    /// ```
    #[must_use]
    pub const fn headers(&self) -> &B::Headers {
        &self.headers
    }

    /// How the delivery was proved: with which secret, and when it was signed.
    ///
    /// After a rotation, [`Proof::secret`] tells when nothing comes with the old secret any more.
    ///
    /// ```
    /// use cueapi_webhook::CueDelivery;
    ///
    /// fn with_the_old_secret(delivery: &CueDelivery) -> bool {
    ///     delivery.proof().secret() > 0
    /// }
    /// ```
    #[must_use]
    pub const fn proof(&self) -> Proof {
        self.proof
    }

    /// Whether the ids were part of what was signed. They were not when the body of a cue delivery was the bare payload: then
    /// they come from the headers, and whoever repeats a captured delivery could have chosen others.
    ///
    /// The self-hosted server sends the envelope: that is measured. The hosted service's documentation shows bare payloads; what it
    /// sends is not known.
    #[must_use]
    pub const fn ids_signed(&self) -> bool {
        self.ids_signed
    }
}

impl<B: DeliveryBody> Deref for Delivered<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.body
    }
}
