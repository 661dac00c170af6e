//! How an emulator is set up.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use axum::middleware::from_fn_with_state;
use bytes::Bytes;
use jiff::SignedDuration;
use tokio::{net::TcpListener, sync::watch};
use url::Host;

#[cfg(feature = "sqlite")]
use crate::store;
use crate::{
    BlockingEmulator, Clock, Emulator,
    clock::RunningClock,
    delivery::Sender,
    engine::{Email, Engine, Limits},
    faults::{Fault, Orders},
    gate::{self, Cors, Gate},
    listener::{Ends, listen},
    mailbox::{EmailHook, Mailbox},
    page,
    receivers::{self, Answer, Receivers},
    server::serve,
    shared::{NotSaved, Parts, Save, Shared},
};

/// Settings of an emulator that is yet to start; [`Emulator::builder`] makes one.
#[derive(Clone)]
#[must_use = "an emulator runs once it is started"]
pub struct Builder {
    address: SocketAddr,
    clock: Clock,
    limits: Limits,
    api_key: Option<Box<str>>,
    seed: Option<u64>,
    check_urls: bool,
    cors: Cors,
    allowed_hosts: Vec<Host>,
    ends: Ends,
    catch_up: SignedDuration,
    delivery_timeout: Option<Duration>,
    #[cfg(feature = "sqlite")]
    data: Option<PathBuf>,
    receivers: Receivers,
    faults: Vec<Fault>,
    on_email: Option<EmailHook>,
    page: Option<bool>,
}

/// Why an emulator did not start.
#[derive(Debug)]
pub struct StartError(Cause);

#[derive(Debug)]
enum Cause {
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[cfg(feature = "sqlite")]
    Data {
        directory: PathBuf,
        source: store::OpenError,
    },
    /// The data belongs to a clock that was held, and the system's would make up for all the time since.
    #[cfg(feature = "sqlite")]
    HeldData {
        directory: PathBuf,
        stood: jiff::Timestamp,
    },
    NotSaved,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Listen { address, source } if source.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "cannot listen on {address}: the port is in use")
            }
            Cause::Listen { address, .. } => write!(f, "cannot listen on {address}"),
            #[cfg(feature = "sqlite")]
            Cause::Data { directory, .. } => write!(f, "cannot keep data in {}", directory.display()),
            #[cfg(feature = "sqlite")]
            Cause::HeldData { directory, stood } => write!(
                f,
                "the clock of the data in {} stands at {stood}: hold the clock to go on from there (--clock {stood})",
                directory.display()
            ),
            Cause::NotSaved => f.write_str("cannot write to the data directory"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Cause::Listen { source, .. } => Some(source),
            #[cfg(feature = "sqlite")]
            Cause::Data { source, .. } => Some(source),
            #[cfg(feature = "sqlite")]
            Cause::HeldData { .. } => None,
            Cause::NotSaved => None,
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("address", &self.address)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: Clock::system(),
            limits: Limits::free(),
            api_key: None,
            seed: None,
            check_urls: false,
            cors: Cors::default(),
            allowed_hosts: Vec::new(),
            ends: Ends {
                after_drop: Duration::from_millis(5),
                idle: Duration::from_secs(5),
            },
            catch_up: SignedDuration::from_hours(24),
            delivery_timeout: None,
            #[cfg(feature = "sqlite")]
            data: None,
            receivers: Receivers::default(),
            faults: Vec::new(),
            on_email: None,
            page: None,
        }
    }
}

impl Builder {
    /// Where to listen. The default is a free port on 127.0.0.1.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Where the time comes from. The default is [`Clock::system`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What the account may do, and those that are registered later. The default is [`Limits::free`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many requests may be made in any 60 seconds, or `None` for any number, without `X-RateLimit-*` headers.
    /// The default is 60.
    pub fn rate_limit(mut self, requests_per_minute: Option<u32>) -> Self {
        self.limits = self.limits.requests_per_minute(requests_per_minute);
        self
    }

    /// The account's API key. The default is a made-up one.
    pub fn api_key(mut self, key: &str) -> Self {
        self.api_key = Some(key.trim().into());
        self
    }

    /// What ids, keys and secrets are drawn from: the same seed and the same requests give the same ones. The default is
    /// another seed each time.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Whether callback URLs into private networks are refused, as a public server does. The default is `false`: a
    /// receiver in a test lives on loopback.
    pub fn ssrf_checks(mut self, check: bool) -> Self {
        self.check_urls = check;
        self
    }

    /// Which web pages may call the API. The default is [`Cors::SameOrigin`]: only the emulator's own.
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = cors;
        self
    }

    /// Another name by which the emulator is called, such as the one that it has in a container's network.
    ///
    /// A request whose `Host` is not `localhost`, a loopback address, the address that the caller has connected to or one
    /// of these names is answered with 403. Its port does not matter.
    ///
    /// # Panics
    ///
    /// When `name` is not a host name or an address without a port.
    #[track_caller]
    pub fn allowed_host(mut self, name: &str) -> Self {
        match Host::parse(name) {
            Ok(host) => self.allowed_hosts.push(host),
            Err(_) => panic!("{name:?} is not the name of a host, such as emulator.test"),
        }
        self
    }

    /// How long after an answer with 304 or 500 the connection is closed, without a word, as uvicorn does. The default is 5
    /// milliseconds; 3 to 9 were measured.
    ///
    /// A request that comes meanwhile is not read.
    pub fn close_after(mut self, pause: Duration) -> Self {
        self.ends.after_drop = pause;
        self
    }

    /// How long a connection may be idle, or take to send the head of a request. Then it is closed without a word. The default
    /// is the server's, 5 seconds. A body may take six times as long.
    pub fn idle_limit(mut self, limit: Duration) -> Self {
        self.ends.idle = limit;
        self
    }

    /// How far back runs of recurring cues are made up for that were missed while the emulator, or the machine, was off. The
    /// default is a day. Nothing is missed on a held clock.
    ///
    /// They happen in order, a few at a time, so that requests are answered meanwhile; 100,000 at most, of all cues together.
    /// What is skipped is said on stderr. A real server makes up for all, one run per cue every 5 seconds.
    pub fn catch_up(mut self, back: Duration) -> Self {
        self.catch_up = SignedDuration::try_from(back).unwrap_or(SignedDuration::MAX);
        self
    }

    /// How long a receiver may be silent, on the system's clock, whatever the emulator's clock says: while it is connected to,
    /// and before each part of its answer. The default is the server's: 30 seconds, and 10 for failure notices and alerts. A
    /// receiver that sends its answer in parts may take longer in total; one in this process has this long for all.
    pub fn delivery_timeout(mut self, timeout: Duration) -> Self {
        self.delivery_timeout = Some(timeout);
        self
    }

    /// A directory in which the state outlives the process, as an SQLite database; made when it is missing. Without it,
    /// everything is in memory.
    ///
    /// An emulator that finds a state there goes on with its account and key, and a held clock goes on where it stood, if
    /// that is later than its own start; under the system's clock it would have to make up for all the time since, so that is
    /// refused. What was acknowledged is never lost, however the process ended; a delivery whose answer had not been noted is
    /// sent again. One emulator at a time may use a directory.
    ///
    /// The directory is made for its owner alone (0700), and so is an older one that holds nothing else; one that others can
    /// read and that holds more is refused.
    ///
    /// A change that cannot be written, on a full disk for instance, is answered with 500, and said on stderr once. It stays in
    /// memory, where reads, which need no disk, show it; and it is written with the next change that can be. So after such a
    /// 500 ask what has become of the call before you repeat it.
    ///
    /// ```
    /// use cueapi_emulator::Emulator;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # let directory = std::env::temp_dir().join(format!("cueapi-emulator-doc-{}", std::process::id()));
    /// let emulator = Emulator::builder().data(&directory).start().await?;
    /// let key = emulator.api_key();
    /// emulator.shutdown().await;
    ///
    /// let emulator = Emulator::builder().data(&directory).start().await?;
    /// assert_eq!(emulator.api_key(), key);
    /// # drop(emulator);
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn data(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data = Some(directory.into());
        self
    }

    /// Delivers what goes to this origin to a function in this process, without a socket: the real headers, the real
    /// signature, the real body. Other origins go over the network.
    ///
    /// The function answers with [`http::Response`] or [`StatusCode`](http::StatusCode). One that panics is a receiver that
    /// has cut the connection; [`SentDelivery::panic`](crate::SentDelivery::panic) says so. It may call the API; [`Emulator::advance`] waits for it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use bytes::Bytes;
    /// use cueapi_emulator::{Clock, Emulator};
    /// use cueapi_hyper::{HyperClient, ClientBuilder, types::{Callback, Delivery, Schedule}};
    /// use http::{Request, StatusCode};
    ///
    /// async fn on_delivery(request: Request<Bytes>) -> StatusCode {
    ///     match Delivery::from_body(request.body()) {
    ///         Ok(delivery) if delivery.name == "job" => StatusCode::NO_CONTENT,
    ///         _ => StatusCode::BAD_REQUEST,
    ///     }
    /// }
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let emulator = Emulator::builder()
    ///     .clock(Clock::held("2026-03-02T08:00:00Z".parse()?))
    ///     .receiver("http://jobs.test", on_delivery)
    ///     .start()
    ///     .await?;
    /// let client = ClientBuilder::new(emulator.api_key(), HyperClient::plain()).base_url(emulator.base_url()).build()?;
    /// let cue = client.cues().create("job", Schedule::cron("0 * * * *"), Callback::new("http://jobs.test/hook")).await?;
    /// emulator.advance(Duration::from_secs(24 * 60 * 60)).await;
    /// emulator.assert_delivered(&cue.id).times(24);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// When `origin` is not scheme, host and port of an http or https URL.
    #[track_caller]
    pub fn receiver<H, F, A>(mut self, origin: &str, handler: H) -> Self
    where
        H: Fn(http::Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = A> + Send + 'static,
        A: Into<Answer>,
    {
        self.receivers.add(origin, receivers::handler(handler));
        self
    }

    /// Like [`receiver`](Self::receiver), for a [`tower_service::Service`] such as an axum `Router`. An `Err` of the service
    /// or of its body is a cut connection.
    ///
    /// ```
    /// use axum::{Router, http::StatusCode, routing::post};
    /// use cueapi_emulator::Emulator;
    /// use cueapi_hyper::{HyperClient, ClientBuilder, types::{Callback, Schedule}};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let app = Router::new().route("/hook", post(async || StatusCode::NO_CONTENT));
    /// let emulator = Emulator::builder().service("http://jobs.test", app).start().await?;
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
    /// As [`receiver`](Self::receiver).
    #[cfg(feature = "tower")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
    #[track_caller]
    pub fn service<S, B>(mut self, origin: &str, service: S) -> Self
    where
        S: tower_service::Service<http::Request<http_body_util::Full<Bytes>>, Response = http::Response<B>>,
        S: Clone + Send + 'static,
        S::Future: Send,
        B: http_body::Body<Data: Send> + Send,
    {
        self.receivers.add(origin, receivers::service(service));
        self
    }

    /// Orders a fault from the start on; several are asked in the order in which they were ordered.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// What is told of each mail that a server would send: the link with which a user logs in. The emulator sends none;
    /// [`Emulator::emails`] has them, too.
    pub fn on_email(mut self, show: impl Fn(&Email) + Send + Sync + 'static) -> Self {
        self.on_email = Some(Arc::new(show));
        self
    }

    /// Whether there is a page at `/` that shows all that the emulator holds, and moves a held clock. It asks for no key,
    /// so the default is to serve it where only this machine can look: on a loopback address.
    pub fn page(mut self, page: bool) -> Self {
        self.page = Some(page);
        self
    }

    /// Starts the emulator on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or the [data](Self::data) cannot be read or written.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let failed = |source| {
            StartError(Cause::Listen {
                address: self.address,
                source,
            })
        };
        let listener = TcpListener::bind(self.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let clock = self.clock.run();
        let seed = self.seed.unwrap_or_else(random);
        let Resumed { engine, store } = self.open_data(&clock)?;
        let mut engine = engine.unwrap_or_else(|| {
            let mut engine = Engine::new(seed);
            if store.is_some() {
                engine.track_changes();
            }
            engine
        });
        engine.check_urls(self.check_urls);
        engine.limit_anonymous_requests(self.limits.requests_per_minute);
        engine.limit_new_accounts(self.limits);
        let account = match engine.first_account() {
            Some(account) => {
                engine.set_limits(account, self.limits);
                account
            }
            None => engine.open_account(clock.now(), "dev@example.com", self.limits),
        };
        if let Some(key) = &self.api_key {
            engine.set_api_key(account, key);
        }
        let held = clock.is_held();
        engine.catch_up((!held).then_some(self.catch_up));
        let (stop, stopped) = watch::channel(());
        let orders = Orders::new(seed, self.faults);
        let parts = Parts {
            clock: Arc::new(clock),
            sender: Sender::new(self.delivery_timeout, self.receivers),
            gate: Gate {
                cors: self.cors,
                allowed_hosts: self.allowed_hosts,
                token: format!("{:016x}{:016x}", random(), random()).into(),
            },
            ends: self.ends,
            mailbox: Mailbox::new(self.on_email),
            stopped,
        };
        let shared = Shared::new(engine, store, orders, parts).map_err(|NotSaved| StartError(Cause::NotSaved))?;
        let shared = Arc::new(shared);

        let mut app = axum::Router::new().fallback(serve);
        if self.page.unwrap_or(address.ip().is_loopback()) {
            app = app.merge(page::router(shared.clone()));
        }
        let app = app
            .layer(from_fn_with_state(shared.clone(), gate::admit))
            .with_state(shared.clone());
        let server = tokio::spawn(listen(listener, app, shared.clone()));
        let schedule = (!held).then(|| tokio::spawn(shared.clone().run_schedule()));
        Ok(Emulator::new(shared, account, address, stop, server, schedule))
    }

    /// Starts the emulator on a runtime of its own, for programs that have none.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or the runtime cannot be made.
    pub fn start_blocking(self) -> Result<BlockingEmulator, StartError> {
        let address = self.address;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("cueapi-emulator")
            .enable_all()
            .build()
            .map_err(|source| StartError(Cause::Listen { address, source }))?;
        let emulator = runtime.block_on(self.start())?;
        Ok(BlockingEmulator::new(emulator, runtime))
    }
}

/// What was kept from an earlier run, and where to keep what comes.
#[derive(Default)]
struct Resumed {
    engine: Option<Engine>,
    store: Option<Box<dyn Save>>,
}

impl Builder {
    #[cfg(feature = "sqlite")]
    fn open_data(&self, clock: &RunningClock) -> Result<Resumed, StartError> {
        let Some(directory) = &self.data else {
            return Ok(Resumed::default());
        };
        let opened = store::Store::open(directory).map_err(|source| {
            StartError(Cause::Data {
                directory: directory.clone(),
                source,
            })
        })?;
        if let Some(stood) = opened.clock {
            if !clock.is_held() {
                return Err(StartError(Cause::HeldData {
                    directory: directory.clone(),
                    stood,
                }));
            }
            clock.move_to(stood);
        }
        Ok(Resumed {
            engine: opened.engine,
            store: Some(Box::new(opened.store)),
        })
    }

    #[cfg(not(feature = "sqlite"))]
    fn open_data(&self, _: &RunningClock) -> Result<Resumed, StartError> {
        Ok(Resumed::default())
    }
}

/// The standard library seeds its hash maps from the system; so can we.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
