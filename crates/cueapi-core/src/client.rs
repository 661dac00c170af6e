//! The async client and the builder of every client.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use crate::{
    auth::ApiKey,
    blocking::BlockingClient,
    config::{CallOptions, Config, DEFAULT_BASE_URL},
    endpoint::Endpoint,
    error::{BuildError, Error},
    http::{BlockingHttpClient, HttpClient, HttpError, LocalHttpClient, SharedHttpClient},
    pending::Pending,
    profile::{self, Profile},
    retry::RetryPolicy,
};

/// A CueAPI client on an async HTTP stack. Cheap to clone; clones share connections.
///
/// Users write plain `Client`. The type parameter is for code that must not pay for erasing the HTTP stack's type (one
/// allocation an exchange), and for stacks whose futures are not `Send`.
///
/// The adapters make one: `cueapi_reqwest::client(key)`, `cueapi_hyper::client(key)`. Any other HTTP stack takes a
/// [`ClientBuilder`].
pub struct Client<T = SharedHttpClient> {
    http: Arc<T>,
    config: Arc<Config>,
    options: CallOptions,
}

impl<T> Client<T> {
    /// A call of any endpoint, also of one that is not shipped with this crate.
    pub fn call<E: Endpoint>(&self, endpoint: E) -> Pending<Self, E> {
        Pending::new(self.clone(), endpoint)
    }

    pub(crate) fn http(&self) -> &T {
        &self.http
    }
}

/// Settings of a client; the same for the async, the `!Send` and the blocking one.
///
/// ```
/// use std::time::Duration;
/// use cueapi_core::{Client, ClientBuilder, RetryPolicy, testing::ReplayClient};
///
/// let http = ReplayClient::new([]);
/// let client: Client = ClientBuilder::new("cue_sk_your_key", http)
///     .base_url("http://localhost:8000")
///     .timeout(Duration::from_secs(10))
///     .retry(RetryPolicy::none())
///     .build()?;
/// # Ok::<(), cueapi_core::Error>(())
/// ```
#[must_use]
pub struct ClientBuilder<H> {
    key: Result<ApiKey, BuildError>,
    http: Result<H, HttpError>,
    base_url: String,
    user_agent: Option<String>,
    https_only: bool,
    options: CallOptions,
}

impl<H> ClientBuilder<H> {
    /// A client with this key on this HTTP stack.
    pub fn new(key: impl Into<ApiKey>, http: H) -> Self {
        Self::try_new(key, Ok(http))
    }

    /// The same for a stack whose making can fail; `build` reports it.
    pub fn try_new(key: impl Into<ApiKey>, http: Result<H, HttpError>) -> Self {
        Self::with_key(Ok(key.into()), http)
    }

    fn with_key(key: Result<ApiKey, BuildError>, http: Result<H, HttpError>) -> Self {
        Self {
            key,
            http,
            base_url: DEFAULT_BASE_URL.to_owned(),
            user_agent: None,
            https_only: false,
            options: CallOptions::default(),
        }
    }

    /// Takes the key from `CUEAPI_API_KEY` and, where it is set, the base URL from `CUEAPI_BASE_URL`.
    ///
    /// A variable that is missing, empty or not UTF-8 counts as not set; without a key, `build` says so.
    pub fn from_env(http: Result<H, HttpError>) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let key = ApiKey::from_text(variable("CUEAPI_API_KEY").unwrap_or_default());
        let builder = Self::with_key(Ok(key), http);
        match variable("CUEAPI_BASE_URL") {
            Some(url) => builder.base_url(url),
            None => builder,
        }
    }

    /// Takes the key and the server of a profile from the credentials file of CueAPI's command line tool and worker.
    ///
    /// The file is `cueapi/credentials.json` in `$XDG_CONFIG_HOME` or `~/.config`, on Windows in `%APPDATA%`; `cueapi login`
    /// writes it. Its profile `default` is the one that the tools use unless they are told another. The file is read
    /// once and never written. Environment variables with keys or profiles are not looked at.
    ///
    /// On Unix, a file that the group or others can read or write is refused. A file that cannot be read, a profile that
    /// is not there and one without a key are reported by `build`; the error does not show any key.
    pub fn from_profile(name: &str, http: Result<H, HttpError>) -> Self {
        match profile::default_path(|name| std::env::var_os(name), cfg!(windows)) {
            Ok(path) => Self::from_credentials(path, name, http),
            Err(error) => Self::with_key(Err(error), http),
        }
    }

    /// The same from a file of your choice: a JSON object that has `{"api_key": …, "api_base": …}` under the name of each
    /// profile.
    ///
    /// ```
    /// use cueapi_core::{ClientBuilder, ErrorKind, testing::ReplayClient};
    ///
    /// let http = ReplayClient::new([]);
    /// let error = ClientBuilder::from_credentials("/no/such/file", "default", Ok(http)).build().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Build);
    /// assert!(error.to_string().contains("there is no credentials file /no/such/file"));
    /// ```
    pub fn from_credentials(path: impl AsRef<Path>, name: &str, http: Result<H, HttpError>) -> Self {
        match profile::read(path.as_ref(), name) {
            Ok(Profile { key, base_url: None }) => Self::try_new(key, http),
            Ok(Profile {
                key,
                base_url: Some(url),
            }) => Self::try_new(key, http).base_url(url),
            Err(error) => Self::with_key(Err(error), http),
        }
    }

    /// The server, absolute, with or without `/v1`. Default `https://api.cueapi.ai`.
    ///
    /// `http://` is accepted for every host, because servers inside a private network are reached that way. The API key and
    /// every payload then cross the network in the clear: use it on loopback and in networks that you trust, and
    /// [`https_only`](Self::https_only) everywhere else.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Whether to refuse a base URL that is not `https://`, also one from `CUEAPI_BASE_URL`. Default `false`.
    ///
    /// ```
    /// use cueapi_core::{ClientBuilder, ErrorKind, testing::ReplayClient};
    ///
    /// let builder = ClientBuilder::new("cue_sk_your_key", ReplayClient::default()).https_only(true);
    /// let error = builder.base_url("http://cueapi.internal:8000").build().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Build);
    /// ```
    pub fn https_only(mut self, only: bool) -> Self {
        self.https_only = only;
        self
    }

    /// How long one attempt may take, from connecting to the last byte of the response. Default 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.attempt_timeout = timeout;
        self
    }

    /// How long a call may take altogether, attempts and waits. Default: as long as the retry policy allows.
    ///
    /// An attempt gets at most what is left, and no wait starts that would pass the end: the call then fails with what the
    /// last attempt failed with. The time is that of the HTTP stack's clock
    /// ([`HttpClient::now`](crate::http::HttpClient::now)); without a clock, the waits and the full time limits of the
    /// attempts are added up.
    ///
    /// The read-back after a refused report is part of its call. Of a pager, the requests of each page are one call. Under
    /// `handle`, the report is one call, and the work is not bounded. A `claim_next` is one call.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.options.total_timeout = Some(timeout);
        self
    }

    /// How often a call is repeated and how long it waits. Default [`RetryPolicy::default`], which does not wait longer than
    /// 8 s even where the server asks for it. Outcomes have a policy of their own, [`report_retry`](Self::report_retry).
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = policy;
        self
    }

    /// How often the report of an outcome is repeated and how long it waits, by `report_outcome` and by `handle`. Default
    /// [`RetryPolicy::reports`].
    pub fn report_retry(mut self, policy: RetryPolicy) -> Self {
        self.options.report_retry = policy;
        self
    }

    /// The largest response to accept, in bytes. Default 128 MiB, which is more than a page of a hundred cues can be.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.options.max_response_bytes = bytes;
        self
    }

    /// Replaces the `User-Agent`, `cueapi-rust/<version>`.
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = Some(text.into());
        self
    }

    /// The client that most programs want.
    ///
    /// # Errors
    ///
    /// [`Build`](crate::ErrorKind::Build) for a key, a base URL or an HTTP stack that cannot work.
    pub fn build(self) -> Result<Client, Error>
    where
        H: HttpClient,
    {
        self.finish().map(|(http, config, options)| Client {
            http: Arc::new(SharedHttpClient::new(http)),
            config,
            options,
        })
    }

    /// A client that keeps the type of its HTTP stack; the only one for a [`LocalHttpClient`].
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_generic(self) -> Result<Client<H>, Error>
    where
        H: LocalHttpClient,
    {
        self.finish().map(|(http, config, options)| Client {
            http: Arc::new(http),
            config,
            options,
        })
    }

    /// A client without a runtime.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_blocking(self) -> Result<BlockingClient<H>, Error>
    where
        H: BlockingHttpClient,
    {
        self.finish()
            .map(|(http, config, options)| BlockingClient::new(http, config, options))
    }

    fn finish(self) -> Result<(H, Arc<Config>, CallOptions), Error> {
        let config = self
            .key
            .and_then(|key| Config::new(&key, &self.base_url, self.user_agent.as_deref(), self.https_only));
        let http = self.http.map_err(|error| {
            BuildError::new(format!("the HTTP client cannot be made{}", error.cause())).with_source(error)
        });
        config
            .and_then(|config| Ok((http?, Arc::new(config), self.options)))
            .map_err(|error| Error::build("client.build", error))
    }
}

impl<T> Client<T> {
    pub(crate) fn config(&self) -> (Arc<Config>, CallOptions) {
        (Arc::clone(&self.config), self.options)
    }
}

impl<T> Clone for Client<T> {
    fn clone(&self) -> Self {
        Self {
            http: Arc::clone(&self.http),
            config: Arc::clone(&self.config),
            options: self.options,
        }
    }
}

impl<T> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.config)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<H> fmt::Debug for ClientBuilder<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("key", &self.key)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
