//! From a request to a delivery: verify, then decode what was verified.

use std::time::Duration;

use cueapi_signing::{SignatureHeaders, Verified, Verifier};
use http::HeaderMap;

use crate::{Delivered, DeliveryBody, Rejection, clock::Clock};

/// The longest body that is taken when nothing else is said: 2 MiB. A cue's payload can have 1 MiB, and the rest of the body
/// little more.
pub const DEFAULT_BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Receives the webhooks that are signed with one account's, agent's, subscription's or alert webhook's secret.
///
/// Make one at start-up and share it; it is cheap to clone. Secrets of different kinds belong into different `Webhook`s, on
/// different routes, so that none of them vouches for what another one should.
///
/// ```
/// use cueapi_webhook::{CueDelivery, Rejection, Verifier, Webhook};
///
/// #[derive(serde::Deserialize)]
/// struct Job { account: String }
///
/// fn on_request(webhook: &Webhook, request: http::Request<Vec<u8>>) -> Result<(), Rejection> {
///     let delivery: CueDelivery<Job> = webhook.receive(request.headers(), request.body())?;
///     println!("execution {}: sync {}", delivery.execution_id, delivery.payload.account);
///     Ok(())
/// }
///
/// let webhook = Webhook::new(Verifier::new("whsec_0011223344556677")?);
/// let refused = on_request(&webhook, http::Request::new(Vec::new())).unwrap_err();
/// assert_eq!(refused.status(), 401);
/// # Ok::<(), cueapi_webhook::signing::SecretError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Webhook {
    verifier: Verifier,
    clock: Clock,
    body_limit: usize,
}

impl Webhook {
    /// Receives what `verifier` verifies, by the system's clock, and also what was re-encoded on its way.
    ///
    /// A body is tried as it was received and then, as by [`Verifier::canonical`], in the canonical form that CueAPI signs, with its
    /// characters escaped in either case. The self-hosted server sends what it signed, but for event subscriptions, whose characters it
    /// does not escape: that is measured. What the hosted service sends is not known: its own SDK makes the canonical form of every
    /// body before it verifies, so that is the only form that its documentation proves.
    ///
    /// ```
    /// use cueapi_webhook::{Verifier, Webhook};
    ///
    /// // Two secrets while a rotation is under way: deliveries that were queued before it keep the old one.
    /// let webhook = Webhook::new(Verifier::new("whsec_new")?.also("whsec_old")?);
    /// # Ok::<(), cueapi_webhook::signing::SecretError>(())
    /// ```
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self {
            verifier: verifier.canonical(),
            clock: Clock::default(),
            body_limit: DEFAULT_BODY_LIMIT,
        }
    }

    /// Takes the time from `now`, as the duration since the Unix epoch. For tests, and for platforms without a system clock.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cueapi_webhook::{Verifier, Webhook};
    ///
    /// let webhook = Webhook::new(Verifier::new("whsec_0011223344556677")?).clock(|| Duration::from_secs(1_700_000_000));
    /// # Ok::<(), cueapi_webhook::signing::SecretError>(())
    /// ```
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// Takes bodies of up to so many bytes ([`DEFAULT_BODY_LIMIT`]).
    ///
    /// How long a body may take to come is the server's to limit.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Verifies a request and decodes what was verified, from the very bytes that were signed.
    ///
    /// The headers are those of the request ([`http::request::Parts::headers`]), the body is as it was received.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cueapi_webhook::{CueDelivery, Verifier, Webhook, signing::Signer};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let body = br#"{"attempt": 1, "cue_id": "cue_276dsykz592b", "execution_id": "0241eb03-91dc-41fc-9e1e-ea8a07c902f8",
    ///     "name": "daily-sync", "payload": {"account": "acme"}, "scheduled_for": "2026-11-23T20:30:00+00:00"}"#;
    /// let signature = Signer::new("whsec_0011223344556677")?.sign(1_795_465_800, body).to_string();
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("X-CueAPI-Signature", signature.parse()?);
    /// headers.insert("X-CueAPI-Timestamp", "1795465800".parse()?);
    ///
    /// let webhook = Webhook::new(Verifier::new("whsec_0011223344556677")?).clock(|| Duration::from_secs(1_795_465_801));
    /// let delivery: CueDelivery = webhook.receive(&headers, body)?;
    /// assert_eq!(delivery.name, "daily-sync");
    /// assert_eq!(delivery.proof().secret(), 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What [`verify`](Self::verify) refuses, and [`Rejection::Malformed`] for a genuine body that is not what was asked for.
    pub fn receive<B: DeliveryBody>(
        &self,
        headers: &HeaderMap,
        body: impl AsRef<[u8]>,
    ) -> Result<Delivered<B>, Rejection> {
        let verified = self.verify(headers, body.as_ref())?;
        Ok(Delivered::decode(verified.bytes(), verified.proof(), headers)?)
    }

    /// Verifies a request without decoding it.
    ///
    /// ```
    /// use cueapi_webhook::{Rejection, Verifier, Webhook};
    ///
    /// let webhook = Webhook::new(Verifier::new("whsec_0011223344556677")?).body_limit(1000);
    /// let refused = webhook.verify(&http::HeaderMap::new(), &[b' '; 1001]).unwrap_err();
    /// assert_eq!(refused, Rejection::TooLarge { limit: 1000 });
    /// # Ok::<(), cueapi_webhook::signing::SecretError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Rejection::TooLarge`] and [`Rejection::Unverified`].
    pub fn verify<'a>(&self, headers: &HeaderMap, body: &'a [u8]) -> Result<Verified<'a>, Rejection> {
        if body.len() > self.body_limit {
            return Err(self.too_large());
        }
        let headers = SignatureHeaders::from_http(headers)?;
        Ok(self.verifier.verify(body, headers, self.clock.now())?)
    }

    /// Whether it is worth reading the body: the headers are well formed and of this time.
    #[cfg(any(feature = "actix-web", feature = "axum", feature = "tower"))]
    pub(crate) fn check_headers(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let headers = SignatureHeaders::from_http(headers)?;
        self.verifier.begin(headers, self.clock.now())?;
        Ok(())
    }

    #[cfg(any(feature = "actix-web", feature = "axum", feature = "tower"))]
    pub(crate) const fn limit(&self) -> usize {
        self.body_limit
    }

    pub(crate) const fn too_large(&self) -> Rejection {
        Rejection::TooLarge { limit: self.body_limit }
    }
}
