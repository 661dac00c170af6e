//! What a server does when a delivery fails: try again, and in the end tell somebody.

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

use crate::Open;

/// How often and how soon a failed webhook delivery is repeated.
///
/// What is not set stays at the server's default, also when a cue is updated: 3 attempts, 1, 5 and 15 minutes apart. The
/// hosted service's pages contradict one another and also name 1, 2 and 4, or 5, 10 and 20 minutes.
///
/// ```
/// use cueapi_types::Retry;
///
/// let retry = Retry::new().max_attempts(5).backoff_minutes([1, 2, 4, 8]);
/// assert_eq!(serde_json::to_string(&retry)?, r#"{"max_attempts":5,"backoff_minutes":[1,2,4,8]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Retry {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "not_empty")]
    backoff_minutes: Option<Vec<u32>>,
}

impl Retry {
    /// The server's defaults.
    ///
    /// ```
    /// use cueapi_types::Retry;
    ///
    /// assert_eq!(serde_json::to_string(&Retry::new())?, "{}");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of attempts in total, the first included. *Self-hosted:* 1 to 10, or the server answers 422.
    ///
    /// ```
    /// use cueapi_types::Retry;
    ///
    /// let never = Retry::new().max_attempts(1);
    /// ```
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// Minutes to wait after the first attempt, the second and so on; the last one serves for all that follow.
    ///
    /// There must be at least one: a server accepts an empty list and then fails to recover deliveries that got stuck,
    /// so a call with an empty list fails before it is sent.
    ///
    /// ```
    /// use cueapi_types::Retry;
    ///
    /// let retry = Retry::new().backoff_minutes([5]);
    /// ```
    #[must_use]
    pub fn backoff_minutes(mut self, minutes: impl IntoIterator<Item = u32>) -> Self {
        self.backoff_minutes = Some(minutes.into_iter().collect());
        self
    }
}

fn not_empty<S: Serializer>(minutes: &Option<Vec<u32>>, serializer: S) -> Result<S::Ok, S::Error> {
    match minutes {
        Some(minutes) if minutes.is_empty() => Err(ser::Error::custom(
            "retry.backoff_minutes needs at least one number: servers cannot work with an empty list",
        )),
        minutes => minutes.serialize(serializer),
    }
}

/// What happens when an execution has failed for good.
///
/// ```
/// use cueapi_types::OnFailure;
///
/// let on_failure = OnFailure::new().email(false).webhook("https://ops.example.com/hook").pause(true);
/// assert!(on_failure.pause);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OnFailure {
    /// Whether the account's owner gets an e-mail. *Hosted:* at most 10 an hour.
    #[serde(deserialize_with = "null_is_true")]
    pub email: bool,
    /// A URL that gets an unsigned POST.
    pub webhook: Option<String>,
    /// Whether a recurring cue is paused.
    #[serde(deserialize_with = "crate::open::null_is_default")]
    pub pause: bool,
    /// See [`OnFailure::after_attempts`].
    #[serde(skip_serializing_if = "Open::is_missing")]
    pub after_attempts: Open<u32>,
    /// See [`OnFailure::notify`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<String>,
}

fn null_is_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(true))
}

impl Default for OnFailure {
    fn default() -> Self {
        Self {
            email: true,
            webhook: None,
            pause: false,
            after_attempts: Open::Missing,
            notify: None,
        }
    }
}

impl OnFailure {
    /// The server's default: an e-mail, nothing else. All of it is sent, so an update that sets `on_failure` sets all of
    /// it as well.
    ///
    /// ```
    /// use cueapi_types::OnFailure;
    ///
    /// assert!(OnFailure::new().email);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the account's owner gets an e-mail.
    ///
    /// ```
    /// # use cueapi_types::OnFailure;
    /// let silent = OnFailure::new().email(false);
    /// ```
    #[must_use]
    pub fn email(mut self, email: bool) -> Self {
        self.email = email;
        self
    }

    /// A URL that gets a POST with the failure in it, once, without a signature; see
    /// [`FailureNotice`](crate::FailureNotice). The same addresses are allowed as for a callback.
    ///
    /// ```
    /// # use cueapi_types::OnFailure;
    /// let on_failure = OnFailure::new().webhook("https://ops.example.com/hook");
    /// ```
    #[must_use]
    pub fn webhook(mut self, url: impl Into<String>) -> Self {
        self.webhook = Some(url.into());
        self
    }

    /// Whether a recurring cue is paused after a delivery that failed for good.
    ///
    /// ```
    /// # use cueapi_types::OnFailure;
    /// let on_failure = OnFailure::new().pause(true);
    /// ```
    #[must_use]
    pub fn pause(mut self, pause: bool) -> Self {
        self.pause = pause;
        self
    }

    /// After how many attempts to act. Documented for the hosted service; self-hosted servers ignore it and do not
    /// store it.
    ///
    /// ```
    /// # use cueapi_types::OnFailure;
    /// let on_failure = OnFailure::new().after_attempts(3).notify("ops@example.com");
    /// ```
    #[must_use]
    pub fn after_attempts(mut self, attempts: u32) -> Self {
        self.after_attempts = attempts.into();
        self
    }

    /// Whom to notify. Documented for the hosted service; self-hosted servers ignore it and do not store it.
    ///
    /// ```
    /// # use cueapi_types::OnFailure;
    /// let on_failure = OnFailure::new().notify("ops@example.com");
    /// ```
    #[must_use]
    pub fn notify(mut self, address: impl Into<String>) -> Self {
        self.notify = Some(address.into());
        self
    }
}
