//! The server under test: a client for it, what this run made on it, and how that is cleaned up.

use std::{
    error::Error,
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use cueapi_core::{
    ApiKey, Client, ClientBuilder, ErrorKind, RetryPolicy,
    http::{AttemptTimeout, HttpClient as _, Response},
    types::{Agent, AgentId, Cue, CueId, ExecutionId, IssuedKey, Schedule, Timestamp, Transport, VerificationMode},
};
use cueapi_hyper::{HyperClient, TlsConnector};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

use super::{
    Target,
    check::{Stop, fail},
};

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
    /// What the names of all that this run makes begin with.
    run: String,
    names: AtomicU32,
    /// The cues of the check that is running.
    scratch: Mutex<Vec<CueId>>,
    /// And its agents.
    agents: Mutex<Vec<AgentId>>,
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
            run: format!("contract-{:08x}", RandomState::new().hash_one(0) >> 32),
            names: AtomicU32::new(0),
            scratch: Mutex::default(),
            agents: Mutex::default(),
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
        format!("{}-{}", self.run, self.names.fetch_add(1, Ordering::Relaxed))
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
        self.agents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(agent.id.clone());
        Ok(agent)
    }

    /// Two of them.
    pub(super) async fn agents(&self) -> Result<(AgentId, AgentId), Stop> {
        Ok((self.agent().await?.id, self.agent().await?.id))
    }

    /// Remembers to delete a cue after this check.
    pub(super) fn keep(&self, cue: Cue) -> Cue {
        self.scratch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(cue.id.clone());
        cue
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
        loop {
            let response = self.http.send(request.clone()).await?;
            let wait = response
                .headers()
                .get(header::RETRY_AFTER)
                .and_then(|wait| wait.to_str().ok()?.parse().ok());
            match wait.filter(|_| response.status() == StatusCode::TOO_MANY_REQUESTS) {
                Some(seconds) => {
                    self.http
                        .sleep(Duration::from_secs(seconds) + Duration::from_secs(1))
                        .await
                }
                None => return Ok(response),
            }
        }
    }

    /// Deletes what the last check made. What cannot be deleted now is looked for again at the end.
    pub(super) async fn delete_scratch(&self) {
        let cues = std::mem::take(&mut *self.scratch.lock().unwrap_or_else(PoisonError::into_inner));
        for cue in cues {
            drop(self.client.cues().delete(cue).await);
        }
        let agents = std::mem::take(&mut *self.agents.lock().unwrap_or_else(PoisonError::into_inner));
        for agent in agents {
            drop(self.client.agents().delete(agent).await);
        }
    }

    /// Deletes all that this run made, found by its name, and answers what is still there.
    pub(super) async fn clean_up(&self) -> Vec<String> {
        let mut left = Vec::new();
        let client = &self.client;
        let mut cues = client.cues().list().limit(100).pager();
        let mut ours = Vec::new();
        // All pages before the first deletion, which would move them up.
        while let Some(cue) = cues.next().await {
            match cue {
                Ok(cue) if cue.name.as_deref().is_some_and(|name| name.starts_with(&self.run)) => ours.push(cue),
                Ok(_) => {}
                Err(error) => {
                    left.push(format!("cues, perhaps: {error}"));
                    break;
                }
            }
        }
        for cue in ours {
            if let Err(error) = gone(client.cues().delete(&cue.id).await) {
                left.push(format!("cue {} {:?}: {error}", cue.id, cue.name));
            }
        }
        let mut agents = client.agents().list().limit(100).pager();
        let mut ours = Vec::new();
        while let Some(agent) = agents.next().await {
            match agent {
                Ok(agent) if agent.slug.as_deref().is_some_and(|slug| slug.starts_with(&self.run)) => ours.push(agent),
                Ok(_) => {}
                Err(error) => {
                    left.push(format!("agents, perhaps: {error}"));
                    break;
                }
            }
        }
        for agent in ours {
            if let Err(error) = gone(client.agents().delete(&agent.id).await) {
                left.push(format!("agent {} {:?}: {error}", agent.id, agent.slug));
            }
        }
        match client.workers().list().await {
            Ok(list) => {
                for worker in list
                    .workers
                    .iter()
                    .filter(|worker| worker.worker_id.as_str().starts_with(&self.run))
                {
                    if let Err(error) = gone(client.workers().delete(&worker.worker_id).await) {
                        left.push(format!("worker {}: {error}", worker.worker_id));
                    }
                }
            }
            Err(error) => left.push(format!("workers, perhaps: {error}")),
        }
        left
    }
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

/// Whether it is not there any more, by our doing or another's.
fn gone(deleted: Result<(), cueapi_core::Error>) -> Result<(), cueapi_core::Error> {
    match deleted {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
