//! The server under test: a client for it, what this run made on it, and how that is cleaned up.

use std::{
    error::Error,
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use cueapi_core::{
    ApiKey, Client, ClientBuilder, ErrorKind, RetryPolicy,
    http::{AttemptTimeout, HttpClient as _, Response},
    types::{
        Agent, AgentId, Cue, CueId, DaemonId, ExecutionId, IssuedKey, Schedule, SubscriptionId, Timestamp, Transport,
        VerificationMode, WorkerId,
    },
};
use cueapi_hyper::{HyperClient, TlsConnector};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

use super::{
    Target,
    check::{Stop, fail},
};

/// How long a limiter can refuse: a window of a minute, and some more.
const WINDOW: Duration = Duration::from_secs(90);

pub(super) struct Subject {
    pub(super) client: Client,
    pub(super) kind: ServerKind,
    http: HyperClient<TlsConnector>,
    base_url: String,
    api_key: String,
    /// Whether what cannot be undone is to be checked.
    pub(super) destructive: bool,
    /// The key that has taken the place of `api_key`.
    pub(super) new_key: Mutex<Option<IssuedKey>>,
    /// What tells this run from all others.
    run: u32,
    names: AtomicU32,
    /// What the check that is running has made.
    scratch: Mutex<Vec<Made>>,
    /// What could not be deleted after its check.
    left: Mutex<Vec<Made>>,
}

/// Something that a check makes, as it is found again.
#[derive(Debug)]
pub(super) enum Made {
    Cue(CueId),
    Agent(AgentId),
    Worker(WorkerId),
    Subscription(AgentId, SubscriptionId),
    LiveSession(AgentId, String),
    Attachment(AgentId, Attached),
}

/// A session's token, and the daemon that attaches it.
#[derive(Debug, Clone)]
pub(super) struct Attached {
    pub(super) token: String,
    pub(super) daemon: DaemonId,
}

/// Where servers legitimately differ, by what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerKind {
    /// The hosted service: it has bulk deletion.
    Hosted,
    /// A server of one's own, or the emulator, which behaves like one.
    SelfHosted,
}

impl fmt::Display for ServerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hosted => "hosted",
            Self::SelfHosted => "self-hosted",
        })
    }
}

impl Subject {
    pub(super) fn new(target: Target<'_>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let Target {
            base_url,
            api_key,
            destructive,
            only: _,
        } = target;
        let http = HyperClient::new()?;
        let base_url = base_url.trim_end_matches('/');
        Ok(Self {
            client: client(http.clone(), base_url, api_key)?,
            kind: ServerKind::SelfHosted,
            http,
            base_url: base_url.strip_suffix("/v1").unwrap_or(base_url).to_owned(),
            api_key: api_key.to_owned(),
            destructive,
            new_key: Mutex::default(),
            run: u32::try_from(RandomState::new().hash_one(0) >> 32)?,
            names: AtomicU32::new(0),
            scratch: Mutex::default(),
            left: Mutex::default(),
        })
    }

    /// Finds out what the server is: only the hosted service has bulk deletion, of which an empty one changes nothing.
    pub(super) async fn detect(mut self) -> Self {
        let nothing = self
            .request(Method::POST, "/v1/cues/bulk-delete", &[], r#"{"ids":[]}"#)
            .await;
        let absent = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        if nothing.is_ok_and(|response| !absent.contains(&response.status())) {
            self.kind = ServerKind::Hosted;
        }
        self
    }

    /// The server's address, without `/v1` and without a slash at the end.
    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A client with another token, or with none.
    pub(super) fn client_with(&self, key: impl Into<ApiKey>) -> Result<Client, cueapi_core::Error> {
        client(self.http.clone(), &self.base_url, key)
    }

    /// Goes on with the key that has taken the place of the old one, if one has.
    pub(super) fn adopt_new_key(&mut self) -> Option<IssuedKey> {
        let new = self.new_key.get_mut().unwrap_or_else(PoisonError::into_inner).take()?;
        if let Ok(client) = self.client_with(new.expose()) {
            self.client = client;
            new.expose().clone_into(&mut self.api_key);
        }
        Some(new)
    }

    /// A name that nothing else has, and that says whose it is.
    pub(super) fn name(&self) -> String {
        format!("{}{}", self.names_begin(), self.number())
    }

    /// What the names of all that this run makes begin with.
    fn names_begin(&self) -> String {
        format!("contract-{:08x}-", self.run)
    }

    fn number(&self) -> u32 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }

    /// A session's token that no run has used: servers take each once, for ever and over all accounts. And a daemon that has
    /// no other session: servers let it speak for all that it has, whoever's they are.
    pub(super) fn attached(&self) -> Attached {
        let (run, number) = (self.run, self.number());
        Attached {
            token: format!("0C{run:08X}{:08X}{number:08X}", RandomState::new().hash_one(run) >> 32),
            daemon: format!("{run:08x}-0000-4000-8000-{number:012x}").into(),
        }
    }

    /// A time that does not come while the suite runs.
    pub(super) fn later(&self) -> Timestamp {
        let later = SystemTime::now() + Duration::from_secs(400 * 24 * 60 * 60);
        // To the second: servers keep microseconds.
        let seconds = later
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Timestamp::from_second(i64::try_from(seconds).unwrap_or_default())
            .unwrap_or_else(|_| unreachable!("a date in this century"))
    }

    /// A cue for workers that does not fire by itself. Its task is its name, so that nobody else claims it.
    pub(super) async fn worker_cue(&self) -> Result<Cue, Stop> {
        self.worker_cue_with(VerificationMode::None).await
    }

    pub(super) async fn worker_cue_with(&self, verification: VerificationMode) -> Result<Cue, Stop> {
        let name = self.name();
        let create = self
            .client
            .cues()
            .create(&name, Schedule::cron("0 0 1 1 *"), Transport::Worker);
        let create = create
            .payload(&json!({"task": name, "n": 1}))
            .verification(verification);
        Ok(self.keep(create.await?))
    }

    /// An agent whose slug says whose it is, and whose messages stay in its inbox.
    pub(super) async fn agent(&self) -> Result<Agent, Stop> {
        let name = self.name();
        let agent = self.client.agents().create(&name).slug(&name).await?;
        self.made(Made::Agent(agent.id.clone()));
        Ok(agent)
    }

    /// The name of a worker, which its first heartbeat registers.
    pub(super) fn worker(&self) -> WorkerId {
        let worker = WorkerId::from(self.name());
        self.made(Made::Worker(worker.clone()));
        worker
    }

    /// Two agents.
    pub(super) async fn agents(&self) -> Result<(AgentId, AgentId), Stop> {
        Ok((self.agent().await?.id, self.agent().await?.id))
    }

    /// Remembers to delete a cue after this check.
    pub(super) fn keep(&self, cue: Cue) -> Cue {
        self.made(Made::Cue(cue.id.clone()));
        cue
    }

    /// Remembers to delete something after this check. What is to have a name or token of ours is remembered before it is made:
    /// an answer can get lost.
    pub(super) fn made(&self, made: Made) {
        locked(&self.scratch).push(made);
    }

    /// Makes a call again while the server's limiter refuses it, for as long as that can last.
    pub(super) async fn patiently<T>(
        &self,
        call: impl AsyncFn() -> Result<T, cueapi_core::Error>,
    ) -> Result<T, cueapi_core::Error> {
        let started = Instant::now();
        loop {
            match call().await {
                Err(error) if error.kind() == ErrorKind::RateLimited && started.elapsed() < WINDOW => {
                    self.http.sleep(Duration::from_secs(1)).await;
                }
                answer => return answer,
            }
        }
    }

    /// A cue and an execution of it that waits for a worker.
    pub(super) async fn pending(&self) -> Result<(Cue, ExecutionId), Stop> {
        let cue = self.worker_cue().await?;
        let fired = self.client.cues().fire(&cue.id).await?;
        Ok((cue, fired.id))
    }

    /// An execution that this worker has claimed.
    pub(super) async fn claimed(&self, worker: &str) -> Result<(Cue, ExecutionId), Stop> {
        let (cue, execution) = self.pending().await?;
        self.client.executions().claim(&execution, worker).await?;
        Ok((cue, execution))
    }

    /// A request as it is written here, for what the SDK would refuse to send. Waits out the rate limit.
    pub(super) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &'static str)],
        body: impl Into<Bytes>,
    ) -> Result<Response, Stop> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.api_key))
            .header(header::CONTENT_TYPE, "application/json")
            .extension(AttemptTimeout(Duration::from_secs(60)))
            .body(body.into())
            .map_err(|error| fail("a request", error.to_string()))?;
        for (name, value) in headers {
            // An empty value takes the header away.
            request.headers_mut().remove(*name);
            if !value.is_empty() {
                request.headers_mut().insert(*name, HeaderValue::from_static(value));
            }
        }
        let started = Instant::now();
        loop {
            let response = self.http.send(request.clone()).await?;
            if response.status() != StatusCode::TOO_MANY_REQUESTS || started.elapsed() > WINDOW {
                return Ok(response);
            }
            let wait = response.headers().get(header::RETRY_AFTER);
            let Some(seconds) = wait.and_then(|wait| wait.to_str().ok()?.parse().ok()) else {
                return Ok(response);
            };
            self.http
                .sleep(WINDOW.min(Duration::from_secs(seconds)) + Duration::from_secs(1))
                .await;
        }
    }

    /// Deletes what the last check made, the last first. What cannot be deleted now is tried again at the end.
    pub(super) async fn delete_scratch(&self) {
        let mut made = std::mem::take(&mut *locked(&self.scratch));
        while let Some(made) = made.pop() {
            if self.delete(&made).await.is_err() {
                locked(&self.left).push(made);
            }
        }
    }

    /// Deletes something. That it was gone already is as good.
    async fn delete(&self, made: &Made) -> Result<(), cueapi_core::Error> {
        let client = &self.client;
        let deleted = match made {
            Made::Cue(cue) => client.cues().delete(cue).await,
            Made::Agent(agent) => client.agents().delete(agent).await,
            Made::Worker(worker) => client.workers().delete(worker).await,
            Made::Subscription(agent, id) => client.subscriptions().delete(agent, id).await.map(drop),
            Made::LiveSession(agent, label) => client.live_sessions().detach(agent.as_str(), label).await.map(drop),
            Made::Attachment(agent, Attached { token, daemon }) => client
                .attachments()
                .detach(agent, token.as_str(), daemon)
                .await
                .map(drop),
        };
        match deleted {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Deletes all that this run made and that is still there, and answers what could not be deleted.
    pub(super) async fn clean_up(&self) -> Vec<String> {
        self.delete_scratch().await;
        let mut made = std::mem::take(&mut *locked(&self.left));
        let mut left = Vec::new();
        // What was made when the run was interrupted, and not remembered.
        made.extend(self.our_cues(&mut left).await);
        made.extend(self.our_agents(&mut left).await);
        made.extend(self.our_workers(&mut left).await);
        while let Some(made) = made.pop() {
            if let Err(error) = self.delete(&made).await {
                left.push(format!("{made:?}: {error}"));
            }
        }
        left
    }

    async fn our_cues(&self, left: &mut Vec<String>) -> Vec<Made> {
        let (name, mut ours) = (self.names_begin(), Vec::new());
        let mut cues = self.client.cues().list().limit(100).pager();
        while let Some(cue) = cues.next().await {
            match cue {
                Ok(cue) if cue.name.as_deref().is_some_and(|own| own.starts_with(&name)) => {
                    ours.push(Made::Cue(cue.id))
                }
                Ok(_) => {}
                Err(error) => left.push(format!("a cue, perhaps: {error}")),
            }
        }
        ours
    }

    /// Each before its subscriptions and sessions, so that these are deleted first.
    async fn our_agents(&self, left: &mut Vec<String>) -> Vec<Made> {
        let (name, mut ours) = (self.names_begin(), Vec::new());
        let mut agents = self.client.agents().list().limit(100).pager();
        while let Some(agent) = agents.next().await {
            match agent {
                Ok(agent) if agent.slug.as_deref().is_some_and(|slug| slug.starts_with(&name)) => {
                    let id = agent.id;
                    ours.push(Made::Agent(id.clone()));
                    match self.client.subscriptions().list(&id).await {
                        Ok(list) => ours.extend(
                            list.subscriptions
                                .into_iter()
                                .map(|row| Made::Subscription(id.clone(), row.id)),
                        ),
                        Err(error) => left.push(format!("a subscription, perhaps: {error}")),
                    }
                    match self.client.live_sessions().list(id.as_str()).await {
                        Ok(list) => ours.extend(list.into_iter().map(|row| Made::LiveSession(id.clone(), row.label))),
                        // A server without live sessions.
                        Err(error) if error.kind() == ErrorKind::NotFound => {}
                        Err(error) => left.push(format!("a live session, perhaps: {error}")),
                    }
                }
                Ok(_) => {}
                Err(error) => left.push(format!("an agent, perhaps: {error}")),
            }
        }
        ours
    }

    async fn our_workers(&self, left: &mut Vec<String>) -> Vec<Made> {
        let name = self.names_begin();
        match self.client.workers().list().await {
            Ok(list) => {
                let ours = list
                    .workers
                    .into_iter()
                    .filter(|worker| worker.worker_id.as_str().starts_with(&name));
                ours.map(|worker| Made::Worker(worker.worker_id)).collect()
            }
            Err(error) => {
                left.push(format!("a worker, perhaps: {error}"));
                Vec::new()
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn client(
    http: HyperClient<TlsConnector>,
    base_url: &str,
    key: impl Into<ApiKey>,
) -> Result<Client, cueapi_core::Error> {
    // Patient with the rate limit: the suite makes more than the 60 requests a minute that are the default.
    let patient = RetryPolicy::default()
        .max_attempts(5)
        .max_delay(Duration::from_secs(90))
        .max_total_delay(Duration::from_secs(240));
    ClientBuilder::new(key, http)
        .base_url(base_url)
        .retry(patient)
        .user_agent("cueapi-rust-contract")
        .build()
}
