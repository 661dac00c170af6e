//! How an execution reaches its code: a webhook call, or a worker that pulls it.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize, Serializer, ser};

use crate::{CueCallback, open_enum::open_enum};

/// How the executions of a new cue reach their code.
///
/// A [`Callback`] converts into it, so that a cue with a webhook cannot lack its URL. The transport of a cue cannot be
/// changed later.
///
/// ```
/// use cueapi_types::{Callback, Transport};
///
/// let webhook: Transport = Callback::new("https://api.example.com/sync").into();
/// let worker = Transport::Worker;
/// assert_eq!(serde_json::to_string(&worker)?, r#"{"transport":"worker"}"#);
/// # let _ = webhook;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "transport", content = "callback", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Transport {
    /// The server keeps executions for workers, which ask for them and claim them.
    Worker,
    /// The server calls a URL, with a signature.
    Webhook(Callback),
}

impl From<Callback> for Transport {
    fn from(callback: Callback) -> Self {
        Self::Webhook(callback)
    }
}

/// The HTTP request that delivers an execution.
///
/// `Debug` shows the names of its headers and not their values, which may be secrets.
///
/// ```
/// use cueapi_types::{Callback, CallbackMethod};
///
/// let callback = Callback::new("https://api.example.com/sync")
///     .method(CallbackMethod::Put)
///     .header("Authorization", "Bearer token");
/// assert!(!format!("{callback:?}").contains("token"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Callback {
    url: String,
    #[serde(serialize_with = "only_known")]
    method: CallbackMethod,
    #[serde(skip_serializing_if = "CallbackHeaders::is_empty")]
    headers: CallbackHeaders,
}

impl Callback {
    /// A POST to a URL.
    ///
    /// Servers accept `https` URLs whose host resolves to public addresses only (a development server also `http`),
    /// without a user name in them, and answer others with the code `invalid_callback_url`. They normalise the URL:
    /// `https://Example.com` comes back as `https://example.com/`.
    ///
    /// ```
    /// use cueapi_types::Callback;
    ///
    /// let callback = Callback::new("https://api.example.com/sync");
    /// ```
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: CallbackMethod::Post,
            headers: CallbackHeaders::default(),
        }
    }

    /// Calls another URL.
    ///
    /// ```
    /// # use cueapi_types::Callback;
    /// let callback = Callback::new("https://api.example.com/sync").url("https://api.example.com/v2/sync");
    /// ```
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// Calls with another method. A `GET` carries no body, so its signature cannot be verified.
    ///
    /// ```
    /// use cueapi_types::{Callback, CallbackMethod};
    ///
    /// let callback = Callback::new("https://api.example.com/sync").method(CallbackMethod::Patch);
    /// ```
    #[must_use]
    pub fn method(mut self, method: CallbackMethod) -> Self {
        self.method = method;
        self
    }

    /// Sends a header along. It replaces what the server would send under that name, the signature included.
    ///
    /// ```
    /// use cueapi_types::Callback;
    ///
    /// let callback = Callback::new("https://api.example.com/sync").header("X-Team", "billing");
    /// ```
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.0.insert(name.into(), value.into());
        self
    }
}

impl CueCallback {
    /// The same callback, to be changed and sent in an update, which replaces all of it (a POST where the server shows no
    /// method); `None` where there is no URL, as
    /// with a worker's cue.
    ///
    /// ```
    /// use cueapi_types::CueCallback;
    ///
    /// let shown: CueCallback =
    ///     serde_json::from_str(r#"{"url":"https://api.example.com/sync","method":"PUT","headers":{"X-Team":"billing"}}"#)?;
    /// let moved = shown.to_request().map(|callback| callback.url("https://api.example.com/v2/sync"));
    /// assert!(format!("{moved:?}").contains("X-Team"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn to_request(&self) -> Option<Callback> {
        Some(Callback {
            url: self.url.clone()?,
            method: self.method.clone().unwrap_or(CallbackMethod::Post),
            headers: self.headers.clone(),
        })
    }
}

/// A server answers another method with the misleading code `duplicate_cue_name`, or 500: so it is not sent.
fn only_known<S: Serializer>(method: &CallbackMethod, serializer: S) -> Result<S::Ok, S::Error> {
    match method {
        CallbackMethod::Unrecognized(_) => Err(ser::Error::custom(
            "the method of a callback is one of POST, GET, PUT and PATCH",
        )),
        known => known.serialize(serializer),
    }
}

open_enum! {
    /// The HTTP method of a callback. Only the four that have a name here can be sent.
    ///
    /// ```
    /// use cueapi_types::CallbackMethod;
    ///
    /// assert_eq!(CallbackMethod::Put.as_str(), "PUT");
    /// ```
    pub enum CallbackMethod {
        /// The default.
        Post = "POST",
        /// Carries no body: the signature of such a delivery cannot be verified.
        Get = "GET",
        /// With the same body as a POST.
        Put = "PUT",
        /// With the same body as a POST.
        Patch = "PATCH",
    }
}

/// Headers that go along with a delivery, by name.
///
/// `Debug` shows the names only: the values may be secrets.
///
/// ```
/// use cueapi_types::CallbackHeaders;
///
/// let headers: CallbackHeaders = serde_json::from_str(r#"{"Authorization":"Bearer t"}"#)?;
/// assert_eq!(headers.get("Authorization"), Some("Bearer t"));
/// assert_eq!(format!("{headers:?}"), r#"{"Authorization"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallbackHeaders(BTreeMap<String, String>);

impl CallbackHeaders {
    /// The value of a header. Servers keep names as they were given and tell upper from lower case.
    ///
    /// ```
    /// # use cueapi_types::CallbackHeaders;
    /// assert_eq!(CallbackHeaders::default().get("X-Team"), None);
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All headers, in the order of their names.
    ///
    /// ```
    /// # use cueapi_types::CallbackHeaders;
    /// assert_eq!(CallbackHeaders::default().iter().count(), 0);
    /// ```
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    ///
    /// ```
    /// # use cueapi_types::CallbackHeaders;
    /// assert!(CallbackHeaders::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for CallbackHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
