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

use tokio::{net::TcpListener, sync::watch};

#[cfg(feature = "sqlite")]
use crate::store;
use crate::{
    BlockingEmulator, Clock, Emulator,
    clock::RunningClock,
    delivery::Sender,
    engine::{Engine, Limits},
    listener::{DroppingListener, Peer},
    server::{NotSaved, Save, Shared, serve},
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
    delivery_timeout: Option<Duration>,
    #[cfg(feature = "sqlite")]
    data: Option<PathBuf>,
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
            delivery_timeout: None,
            #[cfg(feature = "sqlite")]
            data: None,
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

    /// What the account may do. The default is [`Limits::free`].
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
        self.api_key = Some(key.into());
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

    /// How long a receiver may take, on the system's clock, whatever the emulator's clock says. The default is the
    /// server's: 30 seconds, and 10 for failure notices.
    pub fn delivery_timeout(mut self, timeout: Duration) -> Self {
        self.delivery_timeout = Some(timeout);
        self
    }

    /// A directory in which the state outlives the process, as an SQLite database; made when it is missing. Without it,
    /// everything is in memory.
    ///
    /// An emulator that finds a state there goes on with its account and key, and a held clock goes on where it stood, if
    /// that is later than its own start. What was acknowledged is never lost, however the process ended; a delivery whose
    /// answer had not been noted is sent again. One emulator at a time may use a directory.
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
        let Resumed { engine, store } = self.open_data(&clock)?;
        let mut engine = engine.unwrap_or_else(|| Engine::new(self.seed.unwrap_or_else(random)));
        engine.check_urls(self.check_urls);
        engine.limit_anonymous_requests(self.limits.requests_per_minute);
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
        let shared = Shared::new(engine, store, clock, Sender::new(self.delivery_timeout))
            .map_err(|NotSaved| StartError(Cause::NotSaved))?;
        let shared = Arc::new(shared);

        let (stop, mut stopped) = watch::channel(());
        let app = axum::Router::new().fallback(serve).with_state(shared.clone());
        let server = axum::serve(
            DroppingListener(listener),
            app.into_make_service_with_connect_info::<Peer>(),
        )
        .with_graceful_shutdown(async move { drop(stopped.changed().await) });
        let server = tokio::spawn(async move { drop(server.await) });
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
