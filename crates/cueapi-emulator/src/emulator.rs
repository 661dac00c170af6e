//! A running emulator, as its user holds it.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    Builder, SentDelivery, StartError,
    advance::Halt,
    engine::{AccountId, Email, Execution, Limits, Message},
    faults::{Fault, FiredFault},
    receivers::{self, Answer},
    shared::Shared,
};

/// A CueAPI server inside this process, with one account.
///
/// It listens on loopback until it is dropped. Several at a time do not know of each other.
///
/// ```
/// use cueapi_emulator::Emulator;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let emulator = Emulator::start().await?;
/// println!("export CUEAPI_BASE_URL={}", emulator.base_url());
/// println!("export CUEAPI_API_KEY={}", emulator.api_key());
/// # Ok::<(), cueapi_emulator::StartError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Emulator {
    shared: Arc<Shared>,
    account: AccountId,
    address: SocketAddr,
    stop: watch::Sender<()>,
    server: JoinHandle<()>,
    schedule: Option<JoinHandle<()>>,
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("base_url", &self.base_url())
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}

/// How long open connections may take to finish when the emulator is shut down.
const GRACE: Duration = Duration::from_secs(5);

impl Emulator {
    pub(crate) fn new(
        shared: Arc<Shared>,
        account: AccountId,
        address: SocketAddr,
        stop: watch::Sender<()>,
        server: JoinHandle<()>,
        schedule: Option<JoinHandle<()>>,
    ) -> Self {
        Self {
            shared,
            account,
            address,
            stop,
            server,
            schedule,
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn account(&self) -> AccountId {
        self.account
    }

    /// Starts with the defaults: a free port, the system's clock, the limits of a new account.
    ///
    /// # Errors
    ///
    /// When no port can be listened on.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Settings to start with.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The address for a client on this machine, such as `http://127.0.0.1:40123`, without `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}")
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The account's API key, as it is now.
    #[must_use]
    pub fn api_key(&self) -> String {
        self.shared
            .engine()
            .account(self.account)
            .map(|account| account.api_key.to_string())
            .unwrap_or_default()
    }

    /// The secret that webhooks are signed with, as it is now.
    #[must_use]
    pub fn webhook_secret(&self) -> String {
        self.shared
            .engine()
            .account(self.account)
            .map(|account| account.webhook_secret.to_string())
            .unwrap_or_default()
    }

    /// Opens another account and answers its API key: for tests of what one user may see of another.
    ///
    /// ```
    /// use cueapi_emulator::{Emulator, engine::Limits};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let emulator = Emulator::start().await?;
    /// let other = emulator.open_account("other@example.com", Limits::free());
    /// assert_ne!(other, emulator.api_key());
    /// # Ok::<(), cueapi_emulator::StartError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn open_account(&self, email: &str, limits: Limits) -> String {
        let opened = self.shared.change(|engine| {
            let id = engine.open_account(self.now(), email, limits);
            engine.account(id).map(|account| account.api_key.to_string())
        });
        opened.ok().flatten().unwrap_or_default()
    }

    /// The emulator's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The emulator's time for what else has to go by it, as the time since the Unix epoch; [`receiver`](Self::receiver)
    /// has an example.
    pub fn clock(&self) -> impl Fn() -> Duration + Clone + Send + Sync + 'static {
        let clock = self.shared.clock.clone();
        move || clock.now().as_duration().try_into().unwrap_or_default()
    }

    /// [`Builder::receiver`] for an emulator that runs: now its secret is known, and its clock can be gone by. Takes the
    /// place of an earlier receiver for the same origin.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cueapi_emulator::{Clock, Emulator};
    /// use cueapi_hyper::{HyperClient, ClientBuilder, types::{Callback, Schedule}};
    /// use cueapi_webhook::{CueDelivery, Verifier, Webhook};
    /// use http::StatusCode;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let emulator = Emulator::builder().clock(Clock::held("2026-03-02T08:00:00Z".parse()?)).start().await?;
    /// let webhook = Webhook::new(Verifier::new(emulator.webhook_secret())?).clock(emulator.clock());
    /// emulator.receiver("http://jobs.test", move |request| {
    ///     let delivery: Result<CueDelivery, _> = webhook.receive(request.headers(), request.body());
    ///     async move { delivery.map_or_else(|refused| refused.status(), |_| StatusCode::OK) }
    /// });
    ///
    /// let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url()).build()?;
    /// let cue = client.cues().create("job", Schedule::cron("0 * * * *"), Callback::new("http://jobs.test/hook")).await?;
    /// client.cues().fire(&cue.id).await?;
    /// emulator.run_until_idle().await;
    /// emulator.assert_delivered(&cue.id).times(1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`Builder::receiver`].
    #[track_caller]
    pub fn receiver<H, F, A>(&self, origin: &str, handler: H)
    where
        H: Fn(http::Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = A> + Send + 'static,
        A: Into<Answer>,
    {
        self.shared.sender.add_receiver(origin, receivers::handler(handler));
    }

    /// [`Builder::service`] for an emulator that runs.
    ///
    /// # Panics
    ///
    /// As [`Builder::receiver`].
    #[cfg(feature = "tower")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
    #[track_caller]
    pub fn service<S, B>(&self, origin: &str, service: S)
    where
        S: tower_service::Service<http::Request<http_body_util::Full<Bytes>>, Response = http::Response<B>>,
        S: Clone + Send + 'static,
        S::Future: Send,
        B: http_body::Body<Data: Send> + Send,
    {
        self.shared.sender.add_receiver(origin, receivers::service(service));
    }

    /// Moves a held clock forward. All that falls due on the way happens in order, deliveries included, before this
    /// returns; a receiver may call the API meanwhile.
    ///
    /// With the system's clock, waits that long. Dropping the future ends it: the clock stays where it is, and a delivery
    /// that is on its way comes to its end. It ends in the same way when the emulator is shut down.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cueapi_emulator::{Clock, Emulator};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let emulator = Emulator::builder().clock(Clock::held("2026-03-01T08:00:00Z".parse()?)).start().await?;
    /// emulator.advance(Duration::from_secs(3600)).await;
    /// assert_eq!(emulator.now().to_string(), "2026-03-01T09:00:00Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.advance_to(self.now().saturating_add(by).unwrap_or(Timestamp::MAX))
            .await;
    }

    /// Like [`advance`](Self::advance), to a moment. One that has passed moves nothing, but what is due happens.
    pub async fn advance_to(&self, moment: Timestamp) {
        if !self.shared.clock.is_held() {
            let left = moment.duration_since(self.now());
            return tokio::time::sleep(left.try_into().unwrap_or_default()).await;
        }
        // What cannot be saved is said on stderr; everything has happened all the same.
        drop(self.shared.advance_to(moment, &Halt::new()).await);
    }

    /// Does what is due now, and then moves a held clock from one due thing to the next until every webhook that is on
    /// its way has been delivered or given up, retries included.
    ///
    /// Later runs of a schedule are not waited for, and neither are workers.
    pub async fn run_until_idle(&self) {
        self.shared.run_until_idle().await;
    }

    /// The requests that have been sent, in order, failed ones included; the last 10,000, or fewer where their bodies
    /// have more than 64 MiB.
    #[must_use]
    pub fn deliveries(&self) -> Vec<SentDelivery> {
        self.shared.sent().iter().cloned().collect()
    }

    /// Orders a fault, behind those that are ordered already. See [`faults`](crate::faults) for all there is.
    pub fn inject(&self, fault: Fault) {
        self.shared.orders().add(fault);
    }

    /// Takes back every fault that is ordered; those that have struck stay in [`faults`](Self::faults).
    pub fn clear_faults(&self) {
        self.shared.orders().clear();
    }

    /// The faults that have struck, in order; the last 10,000.
    ///
    /// ```
    /// use cueapi_emulator::{Emulator, faults::{CallFault, Fault, Target}};
    /// use cueapi_hyper::{HyperClient, ClientBuilder};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let emulator = Emulator::builder().fault(Fault::any_call(CallFault::Error(503)).after(1)).start().await?;
    /// let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url()).build()?;
    /// client.cues().list().await?;
    /// client.usage().get().await?; // The SDK tries again.
    ///
    /// let struck = emulator.faults();
    /// assert_eq!(struck[0].target, Target::Call { operation: "usage.get", path: "/v1/usage".into() });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn faults(&self) -> Vec<FiredFault> {
        self.shared.orders().fired().cloned().collect()
    }

    /// The emails that a server would have sent, oldest first; the last 1,000. A login is approved when the link in its mail
    /// is fetched.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use cueapi_emulator::Emulator;
    /// use cueapi_hyper::{ApiKey, ClientBuilder, HyperClient, http::HttpClient as _};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let emulator = Emulator::start().await?;
    /// let http = HyperClient::plain();
    /// let nobody = ClientBuilder::new(ApiKey::none(), http.clone()).base_url(emulator.base_url()).build()?;
    /// nobody.login().start("ABCD-EFGH").await?;
    /// nobody.login().submit_email("ABCD-EFGH", "dev@example.com").await?;
    ///
    /// http.send(http::Request::get(&*emulator.emails()[0].link).body(Bytes::new())?).await?;
    /// let key = nobody.login().poll("ABCD-EFGH").await?.api_key.unwrap();
    /// assert_eq!(key.expose(), emulator.api_key());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn emails(&self) -> Vec<Email> {
        self.shared.mailbox.all()
    }

    /// Every execution, oldest first, with what the API does not show: its outcome's evidence, who claimed it, when it is
    /// tried again.
    #[must_use]
    pub fn executions(&self) -> Vec<Execution> {
        self.shared.engine().executions().cloned().collect()
    }

    /// Every message, oldest first, as it stands: looking at it here delivers nothing, as reading an inbox does.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.shared.engine().messages().cloned().collect()
    }

    /// Stops listening, lets open requests finish for up to five seconds, and frees the port.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(());
        if tokio::time::timeout(GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
        if let Some(schedule) = self.schedule.take() {
            // Until it has ended it holds on to the data directory.
            schedule.abort();
            drop(schedule.await);
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.send_replace(());
        if let Some(schedule) = &self.schedule {
            schedule.abort();
        }
    }
}
